package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/postern/postern/internal/chart/render"
)

// drawing is charts of up to 500 marks, drawn one after the other.
type drawing struct {
	engine *render.Engine
	drawn  int
}

// charts are the figures of drawing: 95 in 100 charts take no longer.
func (b *bench) charts() []*figure {
	d := &drawing{}
	once := func() error { return d.warm(filepath.Join(b.dir, "wasm")) }
	svg := &figure{name: "chart of up to 500 marks to SVG, 95 in 100", unit: "s", goal: .3, limit: true, once: once, gate: func() (float64, error) { return d.each(d.engine.SVG) }}
	if bare := nodesVega(); bare != nil {
		svg.floor, svg.above = bare, "Vega in Node"
	}
	png := &figure{name: "chart of up to 500 marks to PNG, 95 in 100", unit: "s", goal: .6, limit: true, once: once, gate: func() (float64, error) { return d.each(d.engine.PNG) }}
	png.after = func() error { return d.engine.Close() }
	return []*figure{svg, png}
}

// warm waits until an engine has drawn a picture.
func (d *drawing) warm(dir string) error {
	if d.engine == nil {
		d.engine = render.New(render.Options{CacheDir: dir, Timeout: 20 * time.Second})
	}
	_, err := d.engine.PNG(context.Background(), chartSpecs()[0], render.Size{})
	return err
}

// each draws every chart as one that was not drawn before.
func (d *drawing) each(draw func(context.Context, []byte, render.Size) ([]byte, error)) (float64, error) {
	var took []float64
	for _, spec := range chartSpecs() {
		d.drawn++
		spec = append(spec, strings.Repeat(" ", d.drawn)...)
		began := time.Now()
		if _, err := draw(context.Background(), spec, render.Size{}); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began).Seconds())
	}
	return p95(took), nil
}

func p95(all []float64) float64 {
	slices.Sort(all)
	return all[(len(all)*95-1)/100]
}

// nodesVega draws the same charts by Vega under Node, as test/integration
// installs it; nil where either is missing.
func nodesVega() func() (float64, error) {
	modules := ".cache/compat/npm/node_modules"
	if _, err := os.Stat(filepath.Join(modules, "vega")); err != nil {
		return nil
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return nil
	}
	return func() (float64, error) {
		var in bytes.Buffer
		for range 2 { // the first round warms Node
			for _, s := range chartSpecs() {
				fmt.Fprintf(&in, `{"spec":%s}`+"\n", s)
			}
		}
		cmd := exec.Command(node, "internal/chart/render/testdata/node.mjs", modules)
		cmd.Stdin, cmd.Stderr = &in, os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return 0, fmt.Errorf("draw by Node: %w", err)
		}
		var took []float64
		for line := range strings.Lines(string(out)) {
			var c struct {
				MS    float64
				Error string
			}
			if err := json.Unmarshal([]byte(line), &c); err != nil || c.Error != "" {
				return 0, fmt.Errorf("draw by Node: %s %w", c.Error, err)
			}
			took = append(took, c.MS/1000)
		}
		return p95(took[len(took)/2:]), nil
	}
}

// chartSpecs are charts as people ask for them, on 480 rows.
func chartSpecs() [][]byte {
	type obj = map[string]any
	var rows, few []obj
	for i := range 480 {
		r := obj{"day": time.Date(2024, 1, 1+i/4, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), "region": fmt.Sprint("region ", i%4), "product": fmt.Sprint("product ", i%12), "revenue": 1000 + (i*7919)%613, "units": (i * 104729) % 97}
		if rows = append(rows, r); i < 24 {
			few = append(few, r)
		}
	}
	q := func(f string) obj { return obj{"field": f, "type": "quantitative"} }
	n := func(f string) obj { return obj{"field": f, "type": "nominal"} }
	t := obj{"field": "day", "type": "temporal"}
	sum := obj{"field": "revenue", "aggregate": "sum", "type": "quantitative"}
	var out [][]byte
	for _, c := range []struct {
		mark     any
		rows     []obj
		encoding obj
	}{
		{"bar", few, obj{"x": n("product"), "y": q("revenue")}},
		{"bar", rows, obj{"x": n("product"), "y": sum, "color": n("region")}},
		{"bar", rows, obj{"x": n("region"), "xOffset": n("product"), "y": sum, "color": n("product")}},
		{"bar", rows, obj{"x": obj{"field": "revenue", "bin": true}, "y": obj{"aggregate": "count"}}},
		{"line", rows, obj{"x": t, "y": q("revenue"), "color": n("region")}},
		{"line", rows, obj{"x": t, "y": sum}},
		{"area", rows, obj{"x": t, "y": sum, "color": n("region")}},
		{"point", rows, obj{"x": q("units"), "y": q("revenue"), "color": n("region")}},
		{"circle", rows, obj{"x": q("units"), "y": q("revenue"), "size": q("units")}},
		{"boxplot", rows, obj{"x": n("region"), "y": q("revenue")}},
		{"rect", rows, obj{"x": obj{"field": "day", "type": "ordinal", "timeUnit": "yearmonthdate"}, "y": n("region"), "color": sum}},
		{obj{"type": "arc", "innerRadius": 50}, rows, obj{"theta": sum, "color": n("region")}},
		{"line", rows, obj{"x": t, "y": q("revenue"), "facet": obj{"field": "region", "columns": 2}}},
		{obj{"type": "line", "point": true}, rows, obj{"x": obj{"field": "day", "timeUnit": "yearweek", "type": "temporal"}, "y": sum, "color": n("region")}},
		{"text", few, obj{"y": n("product"), "text": q("revenue")}},
		{"tick", rows, obj{"x": q("revenue"), "y": n("product")}},
	} {
		b, err := json.Marshal(obj{"data": obj{"values": c.rows}, "mark": c.mark, "encoding": c.encoding})
		if err != nil {
			panic(err)
		}
		out = append(out, b)
	}
	return out
}
