package chart

import (
	"slices"
	"strconv"
)

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
		catAxis = merged(beside, obj{"labelLimit": 300})
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
