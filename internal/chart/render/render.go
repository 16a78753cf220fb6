// Package render draws Vega-Lite specs: to SVG, PNG, compiled Vega and a
// self-contained page, without a browser and without cgo. Vega runs in
// QuickJS translated to Go, resvg as WebAssembly in wazero; neither reaches a
// file, a network or a clock.
//
// DESIGN.md has the invariants and the traps.
package render

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/singleflight"
	"modernc.org/quickjs"

	"github.com/postern/postern/internal/chart"
	"github.com/postern/postern/internal/fault"
)

// Options say how much charts may take.
type Options struct {
	CacheDir string        // where compiled WebAssembly is kept; empty keeps none
	FontDir  string        // fonts for PNGs beside the embedded ones, read once; need not exist
	Warm     int           // engines kept ready, and charts drawn at once; 0 is 2
	Memory   int64         // bytes of one engine; 0 is 256 MiB
	Timeout  time.Duration // of one chart; 0 is 2 s
	Log      *slog.Logger
}

// Size is how large a chart is drawn, and in which colours.
type Size struct {
	Width, Height int     // of the whole chart in pixels, where the spec names none; 0 is Vega-Lite's own
	Theme         string  // "light" (also "") or "dark"
	Scale         float64 // pixels of a PNG for one of the chart; 0 is 2
}

// Engine draws charts. Its methods may be called concurrently.
type Engine struct {
	o      Options
	pool   *pool
	raster *raster
	kept   *kept
	flight singleflight.Group
}

// New gives an engine and returns at once; what is slow to start does so in
// the background.
func New(o Options) *Engine {
	o.Warm = cmp.Or(o.Warm, 2)
	o.Memory = cmp.Or(o.Memory, 256<<20)
	o.Timeout = cmp.Or(o.Timeout, 2*time.Second)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	e := &Engine{o: o, pool: newPool(o.Warm, o.limits()), raster: newRaster(o), kept: newKept(keptBytes)}
	// The first check reads Vega-Lite's schema, which nobody should wait for.
	e.pool.wait.Go(func() { _ = chart.Check([]byte("{}")) })
	return e
}

func (o Options) limits() limits { return limits{memory: o.Memory, timeout: o.Timeout} }

// SVG draws a Vega-Lite 6 spec with its data inline. The same spec and size
// give the same bytes. Errors are faults.
func (e *Engine) SVG(ctx context.Context, spec []byte, s Size) ([]byte, error) {
	spec, err := prepare(spec, s)
	if err != nil {
		return nil, err
	}
	return e.svg(ctx, spec, s, new(time.Duration))
}

// svg draws a spec that was prepared, and says how long that took if it did.
func (e *Engine) svg(ctx context.Context, spec []byte, s Size, took *time.Duration) ([]byte, error) {
	return e.once(ctx, key("svg", s.Theme, spec), func(ctx context.Context) ([]byte, error) {
		out, err := e.run(ctx, "svg", spec, s.Theme, took)
		if err != nil {
			return nil, err
		}
		out = legal(out)
		return out, harmless(out)
	})
}

// PNG draws a spec as SVG does, to an image.
func (e *Engine) PNG(ctx context.Context, spec []byte, s Size) ([]byte, error) {
	spec, err := prepare(spec, s)
	if err != nil {
		return nil, err
	}
	s.Scale = cmp.Or(s.Scale, 2)
	if s.Scale < 0.25 || s.Scale > 4 {
		return nil, fault.BadField("scale", "range", "from 0.25 to 4")
	}
	return e.once(ctx, key("png", fmt.Sprint(s.Theme, s.Scale), spec), func(ctx context.Context) ([]byte, error) {
		var took time.Duration
		svg, err := e.svg(ctx, spec, s, &took)
		if err != nil {
			return nil, err
		}
		// Both steps together stay within 5/4 of what one may take.
		return e.raster.png(ctx, svg, s.Scale, e.o.Timeout*5/4-took)
	})
}

// Vega gives the Vega JSON that a Vega-Lite spec compiles to.
func (e *Engine) Vega(ctx context.Context, spec []byte) ([]byte, error) {
	spec, err := prepare(spec, Size{})
	if err != nil {
		return nil, err
	}
	return e.once(ctx, key("vega", "", spec), func(ctx context.Context) ([]byte, error) {
		return e.run(ctx, "vega", spec, "", new(time.Duration))
	})
}

// HTML gives a page that shows the chart, with tooltips and a menu to save it,
// in the colours the reader's system asks for. It needs nothing from the
// network. The chart is drawn once to know that it can be.
func (e *Engine) HTML(ctx context.Context, spec []byte, title string) ([]byte, error) {
	spec, err := prepare(spec, Size{})
	if err != nil {
		return nil, err
	}
	if _, err := e.svg(ctx, spec, Size{}, new(time.Duration)); err != nil {
		return nil, err
	}
	return page(spec, title)
}

// Close ends the engines. Charts that wait for one fail.
func (e *Engine) Close() error {
	e.pool.stop()
	return e.raster.close()
}

// run draws in an engine of its own.
func (e *Engine) run(ctx context.Context, kind string, spec []byte, theme string, took *time.Duration) ([]byte, error) {
	return e.pool.with(ctx, func(vm *quickjs.VM) ([]byte, error) {
		start := time.Now()
		defer func() { *took = time.Since(start) }()
		return draw(ctx, vm, kind, spec, options{Config: config(theme)}, e.o.limits())
	})
}

// once answers from what is kept, or has one caller make it for all that
// ask. The making goes on when its first caller goes away: others wait for it.
func (e *Engine) once(ctx context.Context, k string, f func(context.Context) ([]byte, error)) ([]byte, error) {
	if b, ok := e.kept.get(k); ok {
		return b, nil
	}
	c := e.flight.DoChan(k, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		b, err := f(ctx)
		if err == nil {
			e.kept.put(k, b)
		}
		return b, err
	})
	select {
	case r := <-c:
		if r.Err != nil {
			return nil, asFault(r.Err)
		}
		return r.Val.([]byte), nil
	case <-ctx.Done():
		return nil, asFault(ctx.Err())
	}
}

// patience is how long a chart may wait for its turn and be drawn.
const patience = 20 * time.Second

// asFault makes sure that a caller is told something it may read.
func asFault(err error) error {
	if fault.As(err) != nil {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault.Because(err, fault.Timeout, "the chart was not drawn in time: the server is drawing others")
	}
	return fault.Because(err, fault.Internal, "the chart could not be drawn")
}

func key(kind, how string, spec []byte) string {
	return fmt.Sprintf("%s %s %x", kind, how, sha256.Sum256(spec))
}

// prepare checks a spec and puts the size into it where it names none.
func prepare(spec []byte, s Size) ([]byte, error) {
	if s.Theme != "" && s.Theme != "light" && s.Theme != "dark" {
		return nil, fault.BadField("theme", "enum", `"light" or "dark"`)
	}
	if err := chart.Check(spec); err != nil {
		return nil, err
	}
	if s.Width == 0 && s.Height == 0 {
		return spec, nil
	}
	return sized(spec, s)
}

// sized sets width and height on a chart of one view. The others arrange
// their views themselves.
func sized(spec []byte, s Size) ([]byte, error) {
	const least, most = 40, 4000
	for name, n := range map[string]int{"width": s.Width, "height": s.Height} {
		if n != 0 && (n < least || n > most) {
			return nil, fault.BadField(name, "range", "from %d to %d pixels", least, most)
		}
	}
	var v map[string]json.RawMessage
	if err := json.Unmarshal(spec, &v); err != nil {
		return nil, fault.Because(err, fault.Invalid, "the spec is not a JSON object")
	}
	if v["mark"] == nil && v["layer"] == nil || faceted(v["encoding"]) {
		return spec, nil
	}
	set := func(k string, val any) {
		if v[k] == nil {
			v[k], _ = json.Marshal(val)
		}
	}
	if s.Width != 0 {
		set("width", s.Width)
	}
	if s.Height != 0 {
		set("height", s.Height)
	}
	set("autosize", object{"type": "fit", "contains": "padding"})
	return json.Marshal(v)
}

func faceted(encoding json.RawMessage) bool {
	var e map[string]json.RawMessage
	if json.Unmarshal(encoding, &e) != nil {
		return false
	}
	return e["facet"] != nil || e["row"] != nil || e["column"] != nil
}
