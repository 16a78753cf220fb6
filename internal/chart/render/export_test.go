package render

import (
	"context"
	"time"
)

// Measure is the script that gives Vega the widths of letters, for another
// host of Vega to be compared with.
func Measure() ([]byte, error) {
	w, err := widths()
	return append(w, measureJS...), err
}

// Config is the Vega-Lite config of a theme.
func Config(theme string) []byte { return config(theme) }

// Legal is what is done to an SVG for characters that XML has not.
func Legal(svg string) []byte { return legal([]byte(svg)) }

// Raster draws an SVG as a picture in the time given.
func (e *Engine) Raster(ctx context.Context, svg string, most time.Duration) ([]byte, error) {
	return e.raster.png(ctx, []byte(svg), 1, most)
}

// Stoppable gives a WebAssembly module that can be stopped.
func Stoppable(wasm []byte) ([]byte, error) { return stoppable(wasm) }

// Harmless refuses an SVG that is more than a picture.
func Harmless(svg string) error { return harmless([]byte(svg)) }
