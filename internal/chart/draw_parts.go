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
	d.nameMoments()
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
		"y": obj{"field": rowKey, "type": "nominal", "scale": obj{"domain": rows}, "sort": nil, "title": rowTitle, "axis": merged(beside, obj{"title": rowTitle, "labelLimit": 240, "labelOverlap": false})},
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
