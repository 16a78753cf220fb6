package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"

	"github.com/postern/postern/internal/chart"
	"github.com/postern/postern/internal/chart/render"
	"github.com/postern/postern/internal/tool"
)

// drawer draws charts with chart/render, whose engines it starts when serving
// begins or at the first chart: a node that only looks at its store, and most
// of those in tests, need none.
type drawer struct {
	engine func() *render.Engine
	mu     sync.Mutex
	begun  *render.Engine
}

func newDrawer(dataDir string, log *slog.Logger) *drawer {
	d := &drawer{}
	d.engine = sync.OnceValue(func() *render.Engine {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.begun = render.New(render.Options{CacheDir: filepath.Join(dataDir, "cache", "wasm"), FontDir: filepath.Join(dataDir, "fonts"), Log: log})
		return d.begun
	})
	return d
}

// warm begins to start the engines.
func (d *drawer) warm() { d.engine() }

func (d *drawer) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.begun == nil {
		return nil
	}
	return d.begun.Close()
}

// dressed is the spec in the look's colours.
func dressed(spec []byte, l tool.Look) ([]byte, render.Size, error) {
	s := render.Size{Scale: l.Scale}
	if !l.Dark {
		return spec, s, nil
	}
	s.Theme = "dark"
	spec, err := chart.Dark(spec)
	return spec, s, err
}

// SVG implements tool.Drawer.
func (d *drawer) SVG(ctx context.Context, spec []byte, l tool.Look) ([]byte, error) {
	spec, size, err := dressed(spec, l)
	if err != nil {
		return nil, err
	}
	return d.engine().SVG(ctx, spec, size)
}

// PNG implements tool.Drawer.
func (d *drawer) PNG(ctx context.Context, spec []byte, l tool.Look) ([]byte, error) {
	spec, size, err := dressed(spec, l)
	if err != nil {
		return nil, err
	}
	return d.engine().PNG(ctx, spec, size)
}

// Vega implements tool.Drawer.
func (d *drawer) Vega(ctx context.Context, spec []byte) ([]byte, error) {
	return d.engine().Vega(ctx, spec)
}

// HTML implements tool.Drawer.
func (d *drawer) HTML(ctx context.Context, spec []byte, title string) ([]byte, error) {
	return d.engine().HTML(ctx, spec, title)
}
