package render

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"modernc.org/quickjs"

	"github.com/postern/postern/internal/chart/script"
	"github.com/postern/postern/internal/fault"
)

//go:embed js/utc.js
var utcJS []byte

//go:embed js/math.js
var mathJS []byte

//go:embed js/host.js
var hostJS []byte

//go:embed js/measure.js
var measureJS []byte

//go:embed js/expr.js
var exprJS []byte

//go:embed js/draw.js
var drawJS []byte

// program is everything an engine runs, in order.
func program() (string, error) {
	w, err := widths()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, s := range [][]byte{utcJS, mathJS, hostJS, script.Vega(), script.VegaLite(), w, measureJS, exprJS, drawJS} {
		b.Write(s)
		b.WriteString("\n;")
	}
	return b.String(), nil
}

// compile gives the program as bytecode, from which an engine starts in a
// tenth of the time. It stays in memory: bytecode is run unchecked.
func compile() ([]byte, error) {
	src, err := program()
	if err != nil {
		return nil, err
	}
	vm, err := quickjs.NewVM()
	if err != nil {
		return nil, err
	}
	defer end(vm)
	return vm.Compile(src, quickjs.EvalGlobal)
}

// limits are what one chart may take.
type limits struct {
	memory  int64
	timeout time.Duration
}

// boot starts an engine, which draws one chart and is thrown away: nothing a
// spec does to it can meet another chart.
func boot(code []byte, l limits) (*quickjs.VM, error) {
	vm, err := quickjs.NewVM()
	if err != nil {
		return nil, err
	}
	vm.SetMemoryLimit(uintptr(l.memory))
	vm.SetMaxStackSize(stackSlots)
	// What only refers to itself is not collected: the engine is thrown away
	// after one chart, and a collection of much memory is not interrupted.
	vm.SetGCThreshold(^uintptr(0))
	if _, err := vm.EvalBytecode(code); err != nil {
		end(vm)
		return nil, fmt.Errorf("start the chart engine: %w", err)
	}
	return vm, nil
}

// end takes an engine down; its error says only that C's memory is gone, which
// the next engine will say as well.
func end(vm *quickjs.VM) { _ = vm.Close() }

// stackSlots is QuickJS's own default, said here since the depth that
// chart.Check allows has to fit into it.
const stackSlots = 5000

// options is what js/draw.js takes beside the spec.
type options struct {
	Config json.RawMessage `json:"config"`
}

// draw runs one chart in a fresh engine and gives its SVG or Vega JSON.
func draw(ctx context.Context, vm *quickjs.VM, kind string, spec []byte, o options, l limits) (out []byte, err error) {
	defer func() {
		// The engine is C translated to Go: what it does after its memory ran
		// out may end in a panic, which is this chart's and nobody else's.
		if p := recover(); p != nil {
			out, err = nil, fault.Because(fmt.Errorf("panic: %v", p), fault.Invalid, "the chart cannot be drawn: the engine failed on it")
		}
	}()
	opts, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	var late atomic.Bool
	timer := time.AfterFunc(l.timeout, func() { late.Store(true); vm.Interrupt() })
	defer timer.Stop()
	stop := context.AfterFunc(ctx, vm.Interrupt)
	defer stop()
	over := func() bool { return late.Load() || ctx.Err() != nil }

	text, jerr := converse(vm, kind, string(spec), string(opts), over)
	switch {
	case late.Load():
		return nil, fault.New(fault.Timeout, "the chart took longer than the %s that one may take to draw", l.timeout)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case jerr != nil:
		return nil, blame(jerr.Error(), l)
	}
	return []byte(text), nil
}

// converse has the engine draw and fetches what came of it.
func converse(vm *quickjs.VM, kind, spec, opts string, over func() bool) (string, error) {
	if _, err := vm.Call("posternDraw", kind, spec, opts); err != nil {
		return "", err
	}
	for {
		if over() {
			return "", errors.New("interrupted")
		}
		if _, err := vm.ExecutePendingJobs(); err != nil {
			return "", err
		}
		done, err := vm.Call("posternDone")
		if err != nil {
			return "", err
		}
		if done == true {
			break
		}
		if n, err := vm.Call("posternTimers"); err != nil {
			return "", err
		} else if n == 0 {
			return "", errors.New("draw: the chart was never finished")
		}
	}
	msg, err := vm.Call("posternError")
	if err != nil {
		return "", err
	}
	if s, _ := msg.(string); s != "" {
		return "", errors.New(s)
	}
	out, err := vm.Call("posternResult")
	if err != nil {
		return "", err
	}
	s, _ := out.(string)
	if s == "" {
		return "", errors.New("draw: nothing was drawn")
	}
	return s, nil
}

// blame turns what the engine said into the caller's fault: by now the spec
// has passed every check, so what is left is what it asks of the engine.
func blame(msg string, l limits) error {
	switch {
	case strings.Contains(msg, "out of memory"):
		return fault.New(fault.Invalid, "the chart needs more than the %d MiB of memory that one may take", l.memory>>20)
	case strings.Contains(msg, "stack overflow"):
		return fault.New(fault.Invalid, "the chart is nested deeper than can be drawn")
	}
	for _, step := range []string{"compile: ", "draw: "} {
		msg = strings.TrimPrefix(msg, step)
	}
	return fault.New(fault.Invalid, "the chart cannot be drawn: %s", shorten(msg))
}

// shorten keeps a message from carrying the spec back.
func shorten(s string) string {
	const most = 300
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
