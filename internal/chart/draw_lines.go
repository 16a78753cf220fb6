package chart

import (
	"math"
	"slices"
	"strings"
)

// timeAxis is the encoding of moments. They are UTC on the scale, so that the
// server's own zone moves nothing.
func (d *drawing) timeAxis(f *field, width int) obj {
	a := obj{"title": nil, "labelOverlap": "greedy", "labelFlush": false, "tickCount": max(3, width/90)}
	n := len(d.xs)
	if d.grain != timed && (n <= width/64 || d.grain == yearly && n <= width/40) {
		a["values"], a["format"] = d.xs, timeFormat(d.grain) // each has a label
	}
	if strings.Contains(f.title, " ") {
		a["title"] = f.title // "Order date"; a plain "Date" says nothing
	}
	if d.grain == quarterly && n > width/64 {
		a["labelExpr"], a["tickCount"] = "utcFormat(datum.value,'%Y')", obj{"interval": "year", "step": 1}
	}
	return obj{"field": f.key, "type": "temporal", "scale": obj{"type": "utc", "padding": 4}, "axis": a, "title": f.title}
}

// zero reports whether the amounts' axis begins at zero: it does unless the
// line would be flat.
func (d *drawing) zero(j int) bool {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, x := range d.data {
		for k := range d.amounts {
			if v, ok := d.value(x, k); ok && (k == j || j < 0) {
				lo, hi = min(lo, v), max(hi, v)
			}
		}
	}
	return !(lo > 0 && lo > 0.6*hi || hi < 0 && hi < 0.6*lo)
}

// position is the x of a line: time, or names in an order.
func (d *drawing) position(width int) obj {
	if d.x.class == moment {
		return d.timeAxis(d.x, width)
	}
	e := d.category(d.x, d.xs, standing(d.xs, float64(width)))
	e["type"] = "ordinal"
	return e
}

// lines draws one line, several, or areas.
func (d *drawing) lines() {
	width := plotWidth
	mark := obj{"type": "line", "tooltip": true}
	if len(d.xs) <= 40 {
		mark["point"] = obj{"size": 36, "filled": true}
	}
	enc := obj{}
	if len(d.ys) > 0 {
		s, v, names := d.unfold()
		color := d.seriesColor(s, "", names)
		d.untitled(color)
		color["legend"].(obj)["symbolType"] = "stroke"
		color["legend"].(obj)["symbolStrokeWidth"] = 3
		enc["color"], enc["y"] = color, d.sharedAmount(v, above)
		enc["y"].(obj)["scale"] = obj{"zero": d.zero(-1)}
	} else {
		if d.color != nil {
			d.byLast()
			enc["color"] = d.seriesColor(d.color.key, d.color.title, d.colors)
			if d.kind != Area {
				legend := enc["color"].(obj)["legend"].(obj)
				legend["symbolType"], legend["symbolStrokeWidth"] = "stroke", 3
			}
		}
		d.datumRows(false)
		enc["y"] = d.amount(0, above)
		enc["y"].(obj)["scale"] = obj{"zero": d.zero(0)}
	}
	enc["x"] = d.position(width)
	if d.kind == Area {
		mark = obj{"type": "area", "tooltip": true, "opacity": 0.85}
		if d.color == nil {
			mark["opacity"], mark["line"] = 0.3, true
		} else {
			d.fillGaps()
			enc["order"] = d.stackOrder(d.color.key, d.colors)
		}
		enc["y"].(obj)["scale"] = obj{"zero": true}
	}
	d.view = obj{"width": width, "height": plotHeight, "mark": mark, "encoding": enc}
}

// byLast orders series by where they end, so that the legend stands in the
// order of the lines' ends.
func (d *drawing) byLast() {
	if d.color.class != named || d.kind == Area {
		return
	}
	last := map[string]float64{}
	for _, x := range d.data {
		if v, ok := d.value(x, 0); ok {
			last[x.color] = v // the data is in the order of the axis
		}
	}
	keep := d.colors
	if d.other {
		keep = keep[:len(keep)-1]
	}
	slices.SortStableFunc(keep, func(a, b string) int {
		switch {
		case last[a] > last[b]:
			return -1
		case last[a] < last[b]:
			return 1
		}
		return 0
	})
	d.sortData()
}

// fillGaps gives each series of stacked areas a zero where it has no row:
// without it the ones above it would hang in the air. The largest lies below.
func (d *drawing) fillGaps() {
	have := map[[2]string]bool{}
	for _, x := range d.data {
		have[[2]string{x.x, x.color}] = true
	}
	filled := 0
	for _, c := range d.colors {
		for _, x := range d.xs {
			if !have[[2]string{x, c}] {
				d.rows = append(d.rows, obj{d.x.key: x, d.color.key: c, d.amountKey(0): 0})
				filled++
			}
		}
	}
	if filled > 0 {
		d.note("Where there is no row the area is drawn as zero.")
	}
	for _, r := range d.rows {
		if r[d.amountKey(0)] == nil {
			r[d.amountKey(0)] = 0
		}
	}
	d.marks = len(d.rows)
}

// panels draws a small chart for each value, or for each amount.
func (d *drawing) panels() {
	if len(d.ys) > 0 {
		d.rowsOfCharts()
		return
	}
	n := len(d.facets)
	columns := pick2(n <= 4, min(n, 2), pick2(n == 5 || n == 6 || n == 9, 3, 4))
	width, height := 600/columns-20, pick2(columns == 2, 170, 130)
	d.datumRows(false)
	enc := obj{}
	mark := obj{"type": "bar", "tooltip": true}
	overTime := d.x.class == moment || d.x.class == ordered && d.x.cyclic
	if overTime {
		mark = obj{"type": "line", "tooltip": true}
		if len(d.xs) <= 16 {
			mark["point"] = obj{"size": 20, "filled": true}
		}
	}
	flat := !overTime && lying(d.x, d.xs, float64(width))
	amount := d.amount(0, obj{"tickCount": 4, "grid": true, "title": pick(flat, d.amountTitle(d.amounts[0]), d.amountTitle(d.amounts[0]))})
	amount["axis"].(obj)["titleAnchor"] = "middle"
	if flat {
		enc["y"], enc["x"] = d.category(d.x, d.xs, obj{"labelLimit": 160, "title": nil}), amount
		height = max(60, 18*len(d.xs))
	} else {
		enc["x"], enc["y"] = d.position(width), amount
		enc["x"].(obj)["axis"].(obj)["title"] = pick(overTime && d.x.class == moment, "", d.x.title)
		if overTime && d.x.class == ordered {
			thin(enc["x"].(obj), d.xs, float64(width))
		}
	}
	if overTime {
		enc["y"].(obj)["scale"] = obj{"zero": d.zero(0)}
	}
	if d.color != nil {
		enc["color"] = d.seriesColor(d.color.key, d.color.title, d.colors)
		if legend := enc["color"].(obj)["legend"].(obj); legend["orient"] == "top" {
			legend["offset"] = 6 // the panels' names are between, and no axis title
		}
		if !overTime && !flat {
			enc["xOffset"] = obj{"field": d.color.key, "type": "nominal", "scale": obj{"domain": d.colors}, "sort": nil}
		} else if flat {
			enc["yOffset"] = obj{"field": d.color.key, "type": "nominal", "scale": obj{"domain": d.colors}, "sort": nil}
			height = max(60, (8*len(d.colors)+8)*len(d.xs))
		}
	}
	d.view = obj{
		"facet": obj{"field": d.facet.key, "type": "nominal", "sort": d.facets, "title": nil, "header": obj{"title": nil}}, "columns": columns, "spacing": obj{"row": 16, "column": 18},
		"spec": obj{"width": width, "height": height, "mark": mark, "encoding": enc},
	}
}

// thin keeps as many labels of an axis as it has room for.
func thin(enc obj, levels []string, width float64) {
	axis := enc["axis"].(obj)
	each := int(math.Ceil(float64(len(levels)) * (widest(levels, labelSize) + 8) / width))
	if each <= 1 {
		axis["labelAngle"] = 0
		return
	}
	var some []string
	for i := 0; i < len(levels); i += each {
		some = append(some, levels[i])
	}
	axis["values"], axis["labelAngle"] = some, 0
	delete(axis, "labelAlign")
	delete(axis, "labelBaseline")
}

// rowsOfCharts puts amounts of different units under each other, over one axis.
func (d *drawing) rowsOfCharts() {
	d.datumRows(false)
	overTime := d.x.class != named
	flat := !overTime && lying(d.x, d.xs, plotWidth)
	var views []obj
	for j := range d.amounts {
		mark := obj{"type": "bar", "tooltip": true, "color": light.series[j]}
		if overTime {
			mark = obj{"type": "line", "tooltip": true, "color": light.series[j]}
			if len(d.xs) <= 40 {
				mark["point"] = obj{"size": 30, "filled": true, "color": light.series[j]}
			}
		}
		amount := d.amount(j, merged(above, obj{"grid": true, "tickCount": 4}))
		if flat {
			amount = d.amount(j, obj{"grid": true, "tickCount": 3, "titleAnchor": "start"})
		}
		amount["axis"].(obj)["labelExpr"] = d.amounts[j].unit.labelExpr(max(d.amounts[j].max, -d.amounts[j].min))
		v := obj{"width": plotWidth, "height": 130, "mark": mark}
		if flat {
			w := 560/len(d.amounts) - 16
			cat := d.category(d.x, d.xs, obj{"labelLimit": 240, "title": nil})
			if j > 0 {
				cat["axis"] = obj{"labels": false, "title": nil}
			}
			v["width"], v["height"] = w, 20*len(d.xs)
			v["encoding"] = obj{"y": cat, "x": amount}
		} else {
			x := d.position(plotWidth)
			if j < len(d.amounts)-1 {
				x["axis"].(obj)["title"] = nil
			}
			if overTime {
				amount["scale"] = obj{"zero": d.zero(j)}
			}
			v["encoding"] = obj{"x": x, "y": amount}
		}
		views = append(views, v)
	}
	d.view = obj{pick(flat, "hconcat", "vconcat"): views, "spacing": pick2(flat, 16, 34)}
	d.marks = len(d.rows) * len(d.amounts)
}
