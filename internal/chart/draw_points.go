package chart

import (
	"math"
	"slices"
)

// point is a row of a cloud.
type point struct {
	x, y, size float64
	color, say string
}

func (d *drawing) points() (out []point) {
	var name *field
	for _, f := range d.p.fields {
		if f.class != quantity && f.distinct == d.p.rows && name == nil && !uuidLike(f.levels) {
			name = f
		}
	}
	for i := range d.p.rows {
		x, y := d.x.cells[i], d.y.cells[i]
		if x.null || y.null || d.size != nil && d.size.cells[i].null {
			continue
		}
		p := point{x: x.num, y: y.num}
		if d.size != nil {
			p.size = d.size.cells[i].num
		}
		if d.color != nil {
			p.color, _ = key(d.color, i)
		}
		if name != nil {
			p.say = name.cells[i].text
		}
		out = append(out, p)
	}
	return out
}

// cloud draws a point for each row, or bins of many.
func (d *drawing) cloud() {
	points := d.points()
	x, y := d.numberAxis(d.x, obj{"titleAnchor": "start", "grid": true}), d.numberAxis(d.y, merged(above, obj{"grid": true}))
	if len(points) > mostMarks {
		d.density(points, x, y)
		return
	}
	name := d.free("name")
	for _, p := range points {
		o := obj{d.x.key: p.x, d.y.key: p.y}
		if d.color != nil {
			o[d.color.key] = p.color
		}
		if d.size != nil {
			o[d.size.key] = p.size
		}
		if p.say != "" {
			o[name] = p.say
		}
		d.rows = append(d.rows, o)
	}
	d.marks = len(d.rows)
	mark := obj{"type": "point", "filled": true, "tooltip": true, "opacity": pick3(len(points) > 300, 0.45, 0.75), "size": pick2(len(points) > 300, 22, 48)}
	enc := obj{"x": x, "y": y}
	if d.size != nil {
		delete(mark, "size")
		mark["opacity"], mark["stroke"] = 0.6, light.back
		enc["size"] = obj{"field": d.size.key, "type": "quantitative", "title": withUnit(d.size.title, d.size.unit), "scale": obj{"range": []int{16, 900}, "zero": true},
			"legend": obj{"labelExpr": d.size.unit.labelExpr(d.size.max), "symbolType": "circle", "tickCount": 4, "orient": "right", "offset": 18}}
	}
	if d.color != nil {
		d.colors = keepSeen(d.color.levels, d.rows, d.color.key)
		enc["color"] = d.seriesColor(d.color.key, d.color.title, d.colors)
		enc["color"].(obj)["legend"].(obj)["symbolType"] = "circle"
	}
	d.view = obj{"width": plotWidth, "height": plotHeight + 40}
	if len(points) > 0 && points[0].say != "" && d.namesFit(points) {
		shared := obj{"x": x, "y": y}
		delete(enc, "x")
		delete(enc, "y")
		d.view["encoding"] = shared
		text := func(dx int) obj {
			return obj{"mark": obj{"type": "text", "align": "left", "dx": dx, "aria": false}, "encoding": obj{"text": obj{"field": name, "type": "nominal"}}}
		}
		layers := []obj{{"mark": mark, "encoding": enc}, text(7)}
		if d.size != nil {
			large := "datum[" + quoted(d.size.key) + "]>" + plainNumber(d.size.max/5)
			small, big := text(10), text(19)
			small["transform"], big["transform"] = []obj{{"filter": "!(" + large + ")"}}, []obj{{"filter": large}}
			layers = []obj{layers[0], small, big}
		}
		d.view["layer"] = layers
		return
	}
	d.view["mark"], d.view["encoding"] = mark, enc
}

func pick3(is bool, yes, no float64) float64 {
	if is {
		return yes
	}
	return no
}

func keepSeen(levels []string, rows []obj, key string) []string {
	seen := map[string]bool{}
	for _, r := range rows {
		s, _ := r[key].(string)
		seen[s] = true
	}
	return slices.DeleteFunc(slices.Clone(levels), func(l string) bool { return !seen[l] })
}

// numberAxis is the encoding of an amount that is no height of a bar.
func (d *drawing) numberAxis(f *field, axis obj) obj {
	a := merged(obj{"title": withUnit(f.title, f.unit), "labelExpr": f.unit.labelExpr(max(math.Abs(f.max), math.Abs(f.min)))}, axis)
	zero := !(f.min > 0 && f.min > 0.3*f.max || f.max < 0 && f.max < 0.3*f.min)
	return obj{"field": f.key, "type": "quantitative", "axis": a, "title": f.title, "scale": obj{"zero": zero, "nice": true}}
}

// namesFit says whether the names beside the points would lie free of each
// other and inside.
func (d *drawing) namesFit(points []point) bool {
	if len(points) > 40 {
		return false
	}
	type place struct{ x0, x1, y float64 }
	var taken []place
	low := func(f *field) float64 {
		if f.min > 0 && f.min > 0.3*f.max {
			return f.min
		}
		return min(0, f.min)
	}
	for _, p := range points {
		x := (p.x - low(d.x)) / max(d.x.max-low(d.x), 1e-300) * plotWidth
		y := (p.y - low(d.y)) / max(d.y.max-low(d.y), 1e-300) * (plotHeight + 40)
		t := place{x - 5, x + 9 + textWidth(p.say, labelSize), y}
		if textWidth(p.say, labelSize) > 150 {
			return false
		}
		for _, o := range taken {
			if math.Abs(o.y-t.y) < 12 && t.x0 < o.x1 && o.x0 < t.x1 {
				return false
			}
		}
		taken = append(taken, t)
	}
	return true
}

// density counts points in cells.
func (d *drawing) density(points []point, x, y obj) {
	xs, ys := make([]float64, len(points)), make([]float64, len(points))
	for i, p := range points {
		xs[i], ys[i] = p.x, p.y
	}
	bx, by := bin(xs, d.x.whole, 40), bin(ys, d.y.whole, 30)
	cells := map[[2]int]int{}
	most := 0
	for i := range points {
		at := [2]int{bx.of(xs[i]), by.of(ys[i])}
		cells[at]++
		most = max(most, cells[at])
	}
	x0, x1, y0, y1, n := d.x.key, d.free("x_to"), d.y.key, d.free("y_to"), d.free("rows")
	for i := range bx.counts {
		for j := range by.counts {
			if c := cells[[2]int{i, j}]; c > 0 {
				d.rows = append(d.rows, obj{x0: bx.edge(i), x1: bx.edge(i + 1), y0: by.edge(j), y1: by.edge(j + 1), n: c})
			}
		}
	}
	d.marks = len(d.rows)
	d.note(plural(len(points), "row") + " are too many to draw each: the colour says how many lie in a cell.")
	x["axis"].(obj)["values"], y["axis"].(obj)["values"] = ticks(d.x.min, d.x.max, 7, d.x.whole), ticks(d.y.min, d.y.max, 7, d.y.whole)
	x["bin"], y["bin"] = obj{"binned": true, "step": bx.step}, obj{"binned": true, "step": by.step}
	d.view = obj{"width": plotWidth - 40, "height": plotHeight + 40, "mark": obj{"type": "rect", "tooltip": true}, "encoding": obj{
		"x": x, "x2": obj{"field": x1}, "y": y, "y2": obj{"field": y1},
		"color": obj{"field": n, "type": "quantitative", "title": "Rows", "scale": obj{"type": "sqrt", "range": []string{light.low, light.high}, "domain": []int{0, most}, "interpolate": "lab"},
			"legend": obj{"labelExpr": unit{}.labelExpr(float64(most)), "tickCount": 4}},
	}}
}

// ticks are round numbers between two, so many at most.
func ticks(lo, hi float64, most int, whole bool) (out []float64) {
	if lo == hi {
		return []float64{lo}
	}
	step := roundStep((hi - lo) / float64(most))
	if whole {
		step = max(1, math.Round(step))
	}
	for i := math.Ceil(lo/step - 1e-9); i*step <= hi+1e-9*step; i++ {
		out = append(out, bins{step: step}.edge(int(i)))
	}
	return out
}

func (b bins) of(v float64) int {
	return min(len(b.counts)-1, max(0, int(math.Floor((v-b.start)/b.step+1e-9))))
}
