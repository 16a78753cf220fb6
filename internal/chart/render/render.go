// Package render draws Vega-Lite specs: to SVG, PNG, compiled Vega and a
// self-contained page, without a browser and without cgo. Vega runs in
// QuickJS translated to Go, resvg as WebAssembly in wazero; neither reaches a
// file, a network or a clock.
//
// DESIGN.md has the invariants and the traps.
package render

import (
	"context"
	"log/slog"
	"time"

	"github.com/postern/postern/internal/chart"
	"github.com/postern/postern/internal/fault"
)

// Options say how much charts may take.
type Options struct {
	CacheDir string        // where compiled WebAssembly is kept; empty keeps none
	Warm     int           // engines kept ready; 0 is 2
	Memory   int64         // bytes of one engine; 0 is 256 MiB
	Timeout  time.Duration // of one chart; 0 is 2 s
	Log      *slog.Logger
}

// Size is how large a chart is drawn, and in which colours.
type Size struct {
	Width, Height int     // of one view in pixels, where the spec says none; 0 is Vega-Lite's own
	Theme         string  // "light" (also "") or "dark"
	Scale         float64 // pixels of a PNG for one of the chart; 0 is 2
}

// Engine draws charts. Its methods may be called concurrently.
type Engine struct {
	o Options
}

// New gives an engine and returns at once; what is slow to start does so in
// the background.
func New(o Options) *Engine { return &Engine{o: o} }

// SVG draws a Vega-Lite 6 spec with its data inline. Errors are faults.
func (e *Engine) SVG(ctx context.Context, spec []byte, s Size) ([]byte, error) {
	return nil, e.refuse(spec)
}

// PNG draws a spec as SVG does, to an image.
func (e *Engine) PNG(ctx context.Context, spec []byte, s Size) ([]byte, error) {
	return nil, e.refuse(spec)
}

// Vega gives the Vega JSON that a Vega-Lite spec compiles to.
func (e *Engine) Vega(ctx context.Context, spec []byte) ([]byte, error) {
	return nil, e.refuse(spec)
}

// HTML gives a page that shows the chart with tooltips and zoom and needs
// nothing from the network.
func (e *Engine) HTML(ctx context.Context, spec []byte, title string) ([]byte, error) {
	return nil, e.refuse(spec)
}

// Close ends the engines. Charts being drawn fail.
func (e *Engine) Close() error { return nil }

func (e *Engine) refuse(spec []byte) error {
	if err := chart.Check(spec); err != nil {
		return err
	}
	return fault.New(fault.Unavailable, "charts cannot be drawn yet")
}
