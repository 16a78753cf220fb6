package chart

import (
	"math"
	"slices"
	"strconv"
)

// bigNumbers writes the few numbers of one row.
func (d *drawing) bigNumbers() {
	var layers []obj
	wide := 0.0
	size := 46.0
	texts := make([]string, len(d.ys))
	for i, f := range d.ys {
		texts[i] = "no value"
		if c := f.cells[0]; !c.null {
			texts[i] = f.unit.exact(c.num)
			if len(texts[i]) > 15 {
				texts[i] = f.unit.write(c.num)
			}
		}
		wide = max(wide, textWidth(texts[i], size)+24, min(textWidth(withUnit(f.title, f.unit), 13)+24, 300))
	}
	row := obj{}
	for i, f := range d.ys {
		x := obj{"value": int(wide) * i}
		key := d.free("text" + strconv.Itoa(i+1))
		row[key], row[f.key] = texts[i], nil
		if c := f.cells[0]; !c.null {
			row[f.key] = c.num
		}
		name := wrap(withUnit(f.title, f.unit), 13, wide-16, 2)
		layers = append(layers,
			obj{"mark": obj{"type": "text", "align": "left", "baseline": "alphabetic", "fontSize": size, "fontWeight": 600, "color": light.series[0]},
				"encoding": obj{"x": x, "y": obj{"value": 46}, "text": obj{"field": key, "type": "nominal", "title": f.title}}},
			obj{"mark": obj{"type": "text", "align": "left", "baseline": "top", "fontSize": 13, "text": name, "aria": false, "lineHeight": 16}, "encoding": obj{"x": x, "y": obj{"value": 60}}},
		)
	}
	for _, f := range d.p.of(named, ordered, moment) {
		if c := f.cells[0]; !c.null && !d.uses(f) {
			d.note(f.title + ": " + pick(f.class == moment, momentLabelOf(c, f), c.text) + ".")
		}
	}
	d.rows, d.marks = []obj{row}, len(d.ys)
	d.view = obj{"width": max(260, int(wide)*len(d.ys)), "height": 84, "layer": layers}
}

func momentLabelOf(c cell, f *field) string { return momentLabel(c.text, f.grain) }

// histogram counts an amount's values in bins.
func (d *drawing) histogram() {
	f := d.x
	var values []float64
	for _, c := range f.cells {
		if !c.null {
			values = append(values, c.num)
		}
	}
	d.how = ""
	if len(values) == 0 {
		values = []float64{0}
	}
	b := bin(values, f.whole, 30)
	from, to, n := d.free("from"), d.free("to"), d.free("rows")
	most, half := 0, 0.0
	if f.whole && b.step == 1 { // each bar is one number, and stands on it
		half = 0.5
	}
	for i, count := range b.counts {
		d.rows = append(d.rows, obj{from: b.edge(i) - half, to: b.edge(i+1) - half, n: count})
		most = max(most, count)
	}
	if f.min == f.max {
		d.note("All values are " + f.unit.exact(f.min) + ".")
	}
	d.marks = len(d.rows)
	axis := obj{"title": withUnit(f.title, f.unit), "labelExpr": f.unit.labelExpr(max(f.max, -f.min)), "grid": false, "titleAnchor": "start", "domain": true, "ticks": true, "labelOverlap": true}
	x := obj{"field": from, "type": "quantitative", "bin": obj{"binned": true, "step": b.step}, "axis": axis, "title": "From"}
	if half > 0 {
		axis["values"] = ticks(f.min, f.max, 16, true)
	}
	if f.min == f.max {
		axis["values"], x["scale"] = []float64{f.min}, obj{"domain": []float64{b.edge(0) - half - 3, b.edge(0) - half + 4}}
	}
	d.view = obj{"width": plotWidth, "height": plotHeight, "mark": obj{"type": "bar", "tooltip": true, "binSpacing": 1}, "encoding": obj{
		"x":  x,
		"x2": obj{"field": to},
		"y":  obj{"field": n, "type": "quantitative", "title": "Number of rows", "axis": merged(above, obj{"title": "Number of rows", "labelExpr": unit{}.labelExpr(float64(most)), "tickMinStep": 1})},
	}}
}

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

// mostOutliers is how many points beyond whiskers are drawn.
const mostOutliers = 500

// boxes draws quartiles for each value.
func (d *drawing) boxes() {
	values := map[string][]float64{}
	for i := range d.p.rows {
		x, ok := key(d.x, i)
		if c := d.y.cells[i]; ok && !c.null {
			values[x] = append(values[x], c.num)
		}
	}
	levels := slices.DeleteFunc(slices.Clone(d.x.levels), func(l string) bool { return len(values[l]) == 0 })
	if d.x.class == named {
		slices.SortStableFunc(levels, func(a, b string) int { return cmpFloat(boxOf(values[b]).median, boxOf(values[a]).median) })
	}
	keys := [5]string{d.free("low"), d.free("q1"), d.free("median"), d.free("q3"), d.free("high")}
	out, outliers := d.free("outlier"), 0
	for _, l := range levels {
		q := boxOf(values[l])
		d.rows = append(d.rows, obj{d.x.key: l, keys[0]: q.low, keys[1]: q.q1, keys[2]: q.median, keys[3]: q.q3, keys[4]: q.high, d.free("rows"): q.n})
		outliers += len(q.out)
	}
	d.marks = len(levels)
	if outliers > mostOutliers {
		d.note(grouped(strconv.Itoa(outliers)) + " values beyond the whiskers are not drawn.")
	} else {
		for _, l := range levels {
			for _, v := range boxOf(values[l]).out {
				d.rows = append(d.rows, obj{d.x.key: l, out: v})
			}
		}
		d.marks += outliers
	}
	d.note("The box holds the middle half of the rows, the line is the median; whiskers reach 1.5 times the box.")
	d.boxView(levels, keys, out)
}

func cmpFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (d *drawing) boxView(levels []string, keys [5]string, out string) {
	flat := lying(d.x, levels, plotWidth)
	amount, cat := "y", "x"
	if flat {
		amount, cat = "x", "y"
	}
	axis := d.numberAxis(d.y, pickObj(flat, obj{"grid": true, "titleAnchor": "start"}, merged(above, obj{"grid": true})))
	of := func(key, title string) obj {
		e := merged(axis, obj{"field": key, "title": title})
		return e
	}
	catAxis := standing(levels, plotWidth)
	if flat {
		catAxis = obj{"labelLimit": 300, "titleAngle": 0, "titleAlign": "right", "titleAnchor": "end", "titleX": -6, "titleY": -6, "titleBaseline": "bottom"}
	}
	shared := obj{cat: d.category(d.x, levels, catAxis)}
	box := obj{"filter": "isValid(datum[" + quoted(keys[2]) + "])"}
	layers := []obj{
		{"transform": []obj{box}, "mark": obj{"type": "rule", "tooltip": true}, "encoding": obj{amount: of(keys[0], "Low"), amount + "2": obj{"field": keys[4], "title": "High"}}},
		{"transform": []obj{box}, "mark": obj{"type": "bar", "size": 22, "tooltip": true}, "encoding": obj{amount: of(keys[1], "First quartile"), amount + "2": obj{"field": keys[3], "title": "Third quartile"}}},
		{"transform": []obj{box}, "mark": obj{"type": "tick", "size": 22, "thickness": 2, "color": light.back, "tooltip": true}, "encoding": obj{amount: of(keys[2], "Median")}},
		{"transform": []obj{{"filter": "isValid(datum[" + quoted(out) + "])"}}, "mark": obj{"type": "point", "size": 14, "opacity": 0.5, "tooltip": true}, "encoding": obj{amount: of(out, d.y.title)}},
	}
	if !slices.ContainsFunc(d.rows, func(o obj) bool { _, has := o[out]; return has }) {
		layers = layers[:3]
	}
	d.view = obj{"encoding": shared, "layer": layers, "width": plotWidth, "height": plotHeight}
	if flat {
		d.view["width"], d.view["height"] = plotWidth-60, 34*len(levels)
	} else {
		d.view["width"] = min(plotWidth, max(240, 64*len(levels)))
	}
}

func pickObj(is bool, yes, no obj) obj {
	if is {
		return yes
	}
	return no
}

// pie draws the parts of a whole, with what each is of it.
func (d *drawing) pie() {
	if d.x.class == named {
		slices.SortStableFunc(d.data, func(a, b datum) int {
			va, _ := d.value(a, 0)
			vb, _ := d.value(b, 0)
			return cmpFloat(vb, va)
		})
		d.xs = nil
		for _, x := range d.data {
			d.xs = append(d.xs, x.x)
		}
	}
	d.datumRows(false)
	whole := 0.0
	for _, x := range d.data {
		v, _ := d.value(x, 0)
		whole += v
	}
	part, order := d.free("part"), d.free("order")
	for i, x := range d.data {
		v, _ := d.value(x, 0)
		d.rows[i][part], d.rows[i][order] = trimZeros(strconv.FormatFloat(100*v/whole, 'f', 1, 64))+"%", i
	}
	amount := obj{"field": d.amountKey(0), "type": "quantitative", "stack": true, "title": d.amountTitle(d.amounts[0])}
	color := d.seriesColor(d.x.key, d.x.title, d.xs)
	color["legend"] = obj{"title": d.x.title, "orient": "right", "direction": "vertical", "offset": 24}
	d.view = obj{
		"width": 320, "height": 300,
		"encoding": obj{"theta": amount, "order": obj{"field": order, "type": "quantitative"}},
		"layer": []obj{
			{"mark": obj{"type": "arc", "innerRadius": 58, "outerRadius": 120, "tooltip": true}, "encoding": obj{"color": color}},
			{"mark": obj{"type": "text", "radius": 140, "fontSize": 12, "aria": false}, "encoding": obj{"text": obj{"field": part, "type": "nominal"}}},
		},
	}
}

// heat draws a cell for each pair, coloured by the amount.
func (d *drawing) heat() {
	var rows []string
	var value, rowKey, rowTitle string
	u := unit{}
	title := ""
	if len(d.ys) > 0 {
		rowKey, value, rows = d.unfold()
		u = d.amounts[0].unit
	} else {
		d.datumRows(false)
		rowKey, rowTitle, value, rows = d.color.key, d.color.title, d.amountKey(0), d.colors
		u, title = d.amountUnit(0), d.amountTitle(d.amounts[0])
	}
	if d.x.class == moment {
		for _, r := range d.rows {
			r[d.x.key] = momentLabel(r[d.x.key].(string), d.grain)
		}
		for i := range d.xs {
			d.xs[i] = momentLabel(d.xs[i], d.grain)
		}
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	text := d.free("label")
	longest := 0.0
	for _, r := range d.rows {
		if v, ok := r[value].(float64); ok {
			lo, hi = min(lo, v), max(hi, v)
			r[text] = u.write(v)
			longest = max(longest, textWidth(u.write(v), 10))
		}
	}
	width := min(640, max(220, 46*len(d.xs)))
	height := max(90, min(560, pick2(len(rows) > 20, 18, 26)*len(rows)))
	scale, strong := gradient(lo, hi)
	enc := obj{
		"x": d.category(d.x, d.xs, standing(d.xs, float64(width))),
		"y": obj{"field": rowKey, "type": "nominal", "scale": obj{"domain": rows}, "sort": nil, "title": rowTitle, "axis": obj{"title": pick(rowTitle == "", "", rowTitle), "labelLimit": 240, "labelOverlap": false,
			"titleAngle": 0, "titleAlign": "right", "titleAnchor": "end", "titleX": -6, "titleY": -6, "titleBaseline": "bottom"}},
	}
	if len(d.xs) > 24 {
		thin(enc["x"].(obj), d.xs, float64(width))
	}
	rect := obj{"mark": obj{"type": "rect", "tooltip": true, "stroke": light.back, "strokeWidth": 1}, "encoding": obj{"color": obj{
		"field": value, "type": "quantitative", "title": pick(title == "", "Value", title), "scale": scale,
		"legend": obj{"labelExpr": u.labelExpr(max(math.Abs(lo), math.Abs(hi))), "title": wrap(pick(title == "", "Value", title), 12, 130, 3), "tickCount": 4, "gradientLength": max(110, min(200, height-40))},
	}}}
	layers := []obj{rect}
	if longest < float64(width)/float64(len(d.xs))-4 && height/len(rows) >= 15 {
		layers = append(layers, obj{"mark": obj{"type": "text", "fontSize": 10, "aria": false}, "encoding": obj{
			"text":  obj{"field": text, "type": "nominal"},
			"color": obj{"condition": obj{"test": "isValid(datum[" + quoted(value) + "]) && (" + strong(value) + ")", "value": light.back}, "value": light.text},
		}})
	}
	d.view = obj{"width": width, "height": height, "encoding": enc, "layer": layers}
}

// gradient is the colours of a heat map, and the test for cells that are too
// strong for the text of the others. (In the dark theme both are turned round.)
func gradient(lo, hi float64) (obj, func(value string) string) {
	if lo < 0 && hi > 0 {
		m := max(-lo, hi)
		return obj{"type": "linear", "domain": []float64{-m, 0, m}, "range": []string{light.minus, light.middle, light.plus}, "interpolate": "lab"},
			func(v string) string { return "abs(datum[" + quoted(v) + "])>" + plainNumber(m*0.55) }
	}
	from, to := light.low, light.high
	if hi <= 0 {
		from, to = to, from
	}
	edge := lo + (hi-lo)*0.5
	return obj{"type": "linear", "domain": []float64{lo, hi}, "range": []string{from, to}, "interpolate": "lab"},
		func(v string) string { return "datum[" + quoted(v) + "]" + pick(hi <= 0, "<", ">") + plainNumber(edge) }
}
