package render

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/wasilibs/wazero-helpers/allocator"

	"github.com/postern/postern/internal/fault"
)

//go:embed resvg/resvg.wasm
var resvgWasm []byte

const (
	rasterPages = 4096     // of 64 KiB: 256 MiB for one picture
	mostPixels  = 24 << 20 // what a picture of four bytes a pixel fits into that with
)

// raster turns SVG into PNG by resvg, which runs as WebAssembly: it has its
// own memory, no files and no network, and an instance draws one picture.
type raster struct {
	runtime wazero.Runtime
	cache   wazero.CompilationCache
	module  wazero.CompiledModule
	asked   func()        // a picture is wanted: compile now
	ready   chan struct{} // closed when module or err is set
	err     error
	fonts   [][]byte      // the first that has a letter draws it
	slots   chan struct{} // pictures that may be drawn at once
	stop    context.CancelFunc
	wait    sync.WaitGroup
}

// compileAfter is when resvg is compiled if no picture was wanted before.
const compileAfter = 5 * time.Second

// newRaster compiles resvg in the background, or reads what was compiled
// before from the folder.
func newRaster(o Options) *raster {
	ctx, stop := context.WithCancel(context.Background())
	r := &raster{ready: make(chan struct{}), fonts: fonts(o), slots: make(chan struct{}, o.Warm), stop: stop}
	r.open(ctx, o)
	asked := make(chan struct{})
	r.asked = sync.OnceFunc(func() { close(asked) })
	r.wait.Go(func() {
		defer close(r.ready)
		// Charts are first seen as SVG: some seconds of processor are not taken
		// from those who wait for these.
		select {
		case <-asked:
		case <-time.After(compileAfter):
		case <-ctx.Done():
		}
		if r.module, r.err = r.compile(ctx); r.err != nil && r.cache != nil && ctx.Err() == nil {
			r.anew(ctx, o)
		}
	})
	return r
}

// open makes the runtime, over what was compiled before.
func (r *raster) open(ctx context.Context, o Options) {
	conf := wazero.NewRuntimeConfig().WithMemoryLimitPages(rasterPages)
	if o.CacheDir != "" {
		if c, err := wazero.NewCompilationCacheWithDir(o.CacheDir); err != nil {
			o.Log.Warn("charts: compiled WebAssembly is not kept", "error", err)
		} else {
			r.cache, conf = c, conf.WithCompilationCache(c)
		}
	}
	r.runtime = wazero.NewRuntimeWithConfig(ctx, conf)
}

// anew throws away what was compiled before and compiles again: a machine that
// lost power leaves a file that is not whole, and wazero never mends one.
func (r *raster) anew(ctx context.Context, o Options) {
	o.Log.Warn("charts: compiled WebAssembly was not good and is made anew", "error", r.err)
	err := errors.Join(r.runtime.Close(ctx), r.cache.Close(ctx), os.RemoveAll(o.CacheDir))
	if r.cache = nil; err != nil {
		r.err = errors.Join(r.err, err)
		return
	}
	r.open(ctx, o)
	r.module, r.err = r.compile(ctx)
}

func (r *raster) compile(ctx context.Context) (wazero.CompiledModule, error) {
	if _, err := hostModule(r.runtime).Instantiate(ctx); err != nil {
		return nil, fmt.Errorf("make resvg's host: %w", err)
	}
	wasm, err := stoppable(resvgWasm)
	if err != nil {
		return nil, err
	}
	m, err := r.runtime.CompileModule(ctx, wasm)
	if err != nil {
		return nil, fmt.Errorf("compile resvg: %w", err)
	}
	return m, nil
}

func (r *raster) close() error {
	r.stop()
	r.wait.Wait()
	err := r.runtime.Close(context.Background())
	if r.cache != nil {
		err = errors.Join(err, r.cache.Close(context.Background()))
	}
	return err
}

// png draws an SVG that came from js/draw.js, in the time it is given once it
// is its turn.
func (r *raster) png(ctx context.Context, svg []byte, scale float64, most time.Duration) ([]byte, error) {
	w, h, err := extent(svg)
	if err != nil {
		return nil, err
	}
	if px := float64(w) * float64(h) * scale * scale; px > mostPixels {
		return nil, fault.New(fault.Invalid, "the chart is %d × %d pixels, at scale %g more than the %d million of one picture", w, h, scale, mostPixels>>20)
	}
	r.asked()
	select {
	case <-r.ready:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if r.err != nil {
		return nil, fault.Because(r.err, fault.Internal, "charts cannot be drawn as PNG")
	}
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	img, err := r.resvg(ctx, svg, scale)
	switch {
	case ctx.Err() == context.DeadlineExceeded:
		return nil, fault.New(fault.Timeout, "the chart took longer than the %s that one may take to become a PNG", most.Round(time.Millisecond))
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, fault.Because(err, fault.Invalid, "the chart cannot be drawn as PNG")
	}
	var out bytes.Buffer
	// resvg's own encoder takes ten times as long.
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&out, img); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// resvg runs one instance of the module on one picture.
func (r *raster) resvg(ctx context.Context, svg []byte, scale float64) (*image.RGBA, error) {
	b := newBindings()
	ctx = context.WithValue(ctx, bindingsKey{}, b)
	ctx = experimental.WithMemoryAllocator(ctx, allocator.NewNonMoving())
	m, err := r.runtime.InstantiateModule(ctx, r.module, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		return nil, err
	}
	defer func() { _ = m.Close(context.WithoutCancel(ctx)) }() // the picture was taken, or there is none
	halt, err := stopper(m)
	if err != nil {
		return nil, err
	}
	// Once halt may be running, its memory must stay until it has.
	halted := make(chan struct{})
	undo := context.AfterFunc(ctx, func() { halt(); close(halted) })
	defer func() {
		if !undo() {
			<-halted
		}
	}()
	opts, err := json.Marshal(object{"font": fontOptions, "fitTo": object{"mode": "zoom", "value": scale}})
	if err != nil {
		return nil, err
	}
	c := &caller{m: m, b: b}
	return c.picture(ctx, string(svg), string(opts), r.fonts)
}

// fontOptions name the font for every family, since there is no other.
var fontOptions = object{
	"loadSystemFonts": false, "defaultFontFamily": "Liberation Sans", "sansSerifFamily": "Liberation Sans", "serifFamily": "Liberation Sans",
	"monospaceFamily": "Liberation Sans", "cursiveFamily": "Liberation Sans", "fantasyFamily": "Liberation Sans",
}

// caller makes the calls that wasm-bindgen's JavaScript would.
type caller struct {
	m api.Module
	b *bindings
}

// picture is new Resvg(svg, options, fonts).render().pixels.
func (c *caller) picture(ctx context.Context, svg, opts string, ttf [][]byte) (*image.RGBA, error) {
	ptr, err := c.pass(ctx, opts)
	if err != nil {
		return nil, err
	}
	fonts := &array{}
	for _, f := range ttf {
		fonts.items = append(fonts.items, bytesOf(f))
	}
	tree, err := c.result(ctx, "resvg_new", uint64(c.b.add(svg)), uint64(ptr), uint64(len(opts)), uint64(c.b.add(fonts)))
	if err != nil {
		return nil, err
	}
	picture, err := c.result(ctx, "resvg_render", uint64(tree))
	if err != nil {
		return nil, err
	}
	var w, h, pixels uint32
	for name, to := range map[string]*uint32{"renderedimage_width": &w, "renderedimage_height": &h, "renderedimage_pixels": &pixels} {
		r, err := c.m.ExportedFunction(name).Call(ctx, uint64(picture))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		*to = uint32(r[0])
	}
	data, ok := c.b.take(pixels).(*byteArray)
	if !ok || len(data.bytes()) != int(w)*int(h)*4 {
		return nil, errors.New("resvg gave no picture")
	}
	return &image.RGBA{Pix: data.bytes(), Stride: int(w) * 4, Rect: image.Rect(0, 0, int(w), int(h))}, nil
}

// result calls a function that returns Result<number> by a place on the stack.
func (c *caller) result(ctx context.Context, name string, args ...uint64) (uint32, error) {
	const frame = 16
	sp, err := c.m.ExportedFunction("__wbindgen_add_to_stack_pointer").Call(ctx, api.EncodeI32(-frame))
	if err != nil {
		return 0, err
	}
	if _, err := c.m.ExportedFunction(name).Call(ctx, append([]uint64{sp[0]}, args...)...); err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	mem, at := c.m.Memory(), uint32(sp[0])
	value, _ := mem.ReadUint32Le(at)
	second, _ := mem.ReadUint32Le(at + 4)
	third, _ := mem.ReadUint32Le(at + 8)
	if _, err := c.m.ExportedFunction("__wbindgen_add_to_stack_pointer").Call(ctx, frame); err != nil {
		return 0, err
	}
	if third != 0 {
		return 0, fmt.Errorf("%s: %v", name, c.b.take(second))
	}
	return value, nil
}

// pass copies a string into the module's memory, which the callee frees.
func (c *caller) pass(ctx context.Context, s string) (uint32, error) {
	r, err := c.m.ExportedFunction("__wbindgen_malloc").Call(ctx, uint64(len(s)), 1)
	if err != nil {
		return 0, err
	}
	ptr := uint32(r[0])
	if !c.m.Memory().WriteString(ptr, s) {
		return 0, errors.New("resvg gave memory outside of its own")
	}
	return ptr, nil
}
