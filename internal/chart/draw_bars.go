package chart

import (
	"math"
)

// labelOf is the field that holds the text beside a mark.
const labelKey = "label"

// amountKey is the amount's name in the data.
func (d *drawing) amountKey(j int) string {
	if f := d.amounts[j]; f != nil {
		return f.key
	}
	return d.free("rows")
}

func (d *drawing) amountUnit(j int) unit {
	if f := d.amounts[j]; f != nil {
		return f.unit
	}
	return unit{}
}

// top is the largest amount there is, in size.
func (d *drawing) top() float64 {
	most := 0.0
	for _, x := range d.data {
		for j := range d.amounts {
			if v, ok := d.value(x, j); ok {
				most = max(most, math.Abs(v))
			}
		}
	}
	return most
}

// amount is the encoding of an amount on an axis.
func (d *drawing) amount(j int, axis obj) obj {
	u := d.amountUnit(j)
	a := obj{"title": d.amountTitle(d.amounts[j]), "labelExpr": u.labelExpr(d.top())}
	for k, v := range axis {
		a[k] = v
	}
	if f := d.amounts[j]; (f == nil || f.whole) && d.how != "mean" && d.amountUnit(j).scale() == 1 {
		a["tickMinStep"] = 1
	}
	e := obj{"field": d.amountKey(j), "type": "quantitative", "axis": a, "title": a["title"]}
	switch {
	case d.top() == 0: // all zero: an axis that has zero at its foot
		e["scale"] = obj{"domain": []int{0, 1}}
	case d.negative() && len(d.amounts) == 1 && d.kind == Bar:
		e["scale"] = obj{"padding": 46} // room for what is written at the ends
	}
	return e
}

// above puts an axis's title over it, lying, where it is read first.
var above = obj{"titleAngle": 0, "titleAlign": "left", "titleAnchor": "end", "titleX": -8, "titleY": -20, "titleBaseline": "bottom"}

// beside puts the title of an axis of names over the names.
var beside = obj{"titleAngle": 0, "titleAlign": "right", "titleAnchor": "end", "titleX": -6, "titleY": -6, "titleBaseline": "bottom"}

// lying reports whether bars of these names lie: names that are long or many
// do not fit under standing ones.
func lying(f *field, levels []string, width float64) bool {
	if f.class == moment {
		return false
	}
	if f.class == ordered && f.cyclic && len(levels) <= 31 {
		return false
	}
	if len(levels) > 12 {
		return f.class == named || widest(levels, labelSize) > width/float64(len(levels))-6
	}
	return widest(levels, labelSize) > width/float64(max(1, len(levels)))-8
}

// category is the encoding of names on an axis.
func (d *drawing) category(f *field, levels []string, axis obj) obj {
	a := obj{"title": f.title, "labelOverlap": false}
	for k, v := range axis {
		a[k] = v
	}
	return obj{"field": f.key, "type": "nominal", "scale": obj{"domain": levels}, "sort": nil, "axis": a, "title": f.title}
}

// standing is how names stand under an axis that is so wide.
func standing(levels []string, width float64) obj {
	if room := width / float64(max(1, len(levels))); widest(levels, labelSize) > room-4 {
		return obj{"labelAngle": -45, "labelAlign": "right", "labelBaseline": "top", "labelLimit": 160}
	}
	return obj{"labelAngle": 0}
}

func (d *drawing) datumRows(labels bool) {
	for _, x := range d.data {
		o := obj{}
		if d.x != nil {
			o[d.x.key] = x.x
		}
		if d.color != nil {
			o[d.color.key] = x.color
		}
		if d.facet != nil {
			o[d.facet.key] = x.facet
		}
		for j := range d.amounts {
			v, ok := d.value(x, j)
			if !ok {
				o[d.amountKey(j)] = nil
				continue
			}
			o[d.amountKey(j)] = v
			if labels {
				o[d.free(labelKey)] = d.amountUnit(j).write(v)
			}
		}
		d.rows = append(d.rows, o)
	}
	d.marks = len(d.rows) * max(1, len(d.amounts))
}

// bars draws one bar for each value.
func (d *drawing) bars() {
	if d.x.class == moment {
		d.timeBars()
		return
	}
	n := len(d.xs)
	flat := lying(d.x, d.xs, plotWidth)
	labels := n <= 30
	d.datumRows(labels)
	mark := obj{"type": "bar", "cornerRadiusEnd": 2, "tooltip": true}
	if n == 1 {
		flat = true
	}
	enc := obj{}
	if d.other {
		enc["color"] = obj{"condition": obj{"test": "datum[" + quoted(d.x.key) + "]===" + quoted(d.xs[n-1]), "value": light.series[7]}, "value": light.series[0]}
	}
	text := obj{"field": d.free(labelKey), "type": "nominal"}
	if flat {
		enc["y"] = d.category(d.x, d.xs, merged(beside, obj{"labelLimit": 300, "minExtent": 20}))
		enc["x"] = d.amount(0, obj{"titleAnchor": "start", "grid": !labels, "labels": !labels || d.negative(), "tickCount": 5})
		d.view = obj{"width": plotWidth - 60, "height": obj{"step": 24}}
		d.layer(mark, enc, labels, text, obj{"align": "left", "dx": 5, "baseline": "middle"}, obj{"align": "right", "dx": -5, "baseline": "middle"})
		return
	}
	width := min(plotWidth, max(220, max(70, int(widest(d.xs, labelSize))+16)*n))
	labels = labels && d.labelsFit(float64(width)/float64(n))
	enc["x"] = d.category(d.x, d.xs, standing(d.xs, float64(width)))
	enc["y"] = d.amount(0, merged(above, obj{"grid": true}))
	d.view = obj{"width": width, "height": plotHeight}
	d.layer(mark, enc, labels, text, obj{"baseline": "bottom", "dy": -4}, obj{"baseline": "top", "dy": 4})
}

func merged(objs ...obj) obj {
	m := obj{}
	for _, o := range objs {
		for k, v := range o {
			m[k] = v
		}
	}
	return m
}

func (d *drawing) labelsFit(room float64) bool {
	for _, x := range d.data {
		if v, ok := d.value(x, 0); ok && textWidth(d.amountUnit(0).write(v), labelSize) > room-2 {
			return false
		}
	}
	return true
}

// layer is bars, with their amounts written at their ends: at the far end of
// those below zero.
func (d *drawing) layer(mark, enc obj, labels bool, text, pos, neg obj) {
	if !labels {
		d.view["mark"], d.view["encoding"] = mark, enc
		return
	}
	shared := obj{}
	for _, k := range []string{"x", "y"} {
		shared[k] = enc[k]
		delete(enc, k)
	}
	mark["aria"] = true
	say := func(place obj, filter string) obj {
		l := obj{"mark": merged(obj{"type": "text", "aria": false}, place), "encoding": obj{"text": text}}
		if filter != "" {
			l["transform"] = []obj{{"filter": filter}}
		}
		return l
	}
	layers := []obj{{"mark": mark, "encoding": enc}}
	v := "datum[" + quoted(d.amountKey(0)) + "]"
	if d.negative() {
		layers = append(layers, say(pos, v+">=0"), say(neg, v+"<0"))
	} else {
		layers = append(layers, say(pos, "isValid("+v+")"))
	}
	d.view["encoding"], d.view["layer"] = shared, layers
}

// timeBars stand at their time.
func (d *drawing) timeBars() {
	if len(d.xs) > 40 {
		d.kind = Line
		d.lines()
		return
	}
	d.nameMoments()
	n := len(d.xs)
	width := min(plotWidth, max(220, 60*n))
	labels := d.labelsFit(float64(width) / float64(n))
	d.datumRows(labels)
	enc := obj{"x": d.category(d.x, d.xs, standing(d.xs, float64(width))), "y": d.amount(0, merged(above, obj{"grid": true}))}
	d.view = obj{"width": width, "height": plotHeight}
	d.layer(obj{"type": "bar", "cornerRadiusEnd": 2, "tooltip": true}, enc, labels, obj{"field": d.free(labelKey), "type": "nominal"},
		obj{"baseline": "bottom", "dy": -4}, obj{"baseline": "top", "dy": 4})
}

// momentLabel writes a moment on an axis of names.
func momentLabel(x string, g grain) string {
	t := parseMoment(x)
	switch g {
	case yearly:
		return t.Format("2006")
	case quarterly:
		return t.Format("2006") + " Q" + string('1'+rune((t.Month()-1)/3))
	case monthly:
		return t.Format("Jan 2006")
	case daily:
		return t.Format("2006-01-02")
	case timed:
	}
	return t.Format("2006-01-02 15:04:05")
}

// seriesColor is the encoding of series by colour, with the legend where it
// has room: above in one row, or at the right.
func (d *drawing) seriesColor(key, title string, levels []string) obj {
	colors := make([]string, len(levels))
	for i := range levels {
		colors[i] = light.series[i%len(light.series)]
	}
	if d.other && len(levels) > 1 && d.color != nil {
		colors[len(levels)-1] = light.series[7]
	}
	return obj{
		"field": key, "type": "nominal", "scale": obj{"domain": levels, "range": colors}, "sort": nil, "title": title,
		"legend": merged(obj{"title": title}, legendPlace(title, levels)),
	}
}

// legendRow is how wide a legend in one row is.
func legendRow(title string, levels []string) float64 {
	row := textWidth(title, 12) + 20
	for _, l := range levels {
		row += textWidth(l, labelSize)*1.35 + 30
	}
	return row
}

func legendPlace(title string, levels []string) obj {
	if legendRow(title, levels) <= plotWidth && len(levels) <= 8 {
		return obj{"orient": "top", "direction": "horizontal", "titleOrient": "left", "offset": 42, "columns": len(levels), "columnPadding": 14}
	}
	return obj{"orient": "right", "direction": "vertical", "offset": 18}
}

// unfold gives several amounts a row each, with the amount's name as series.
func (d *drawing) unfold() (series, value string, names []string) {
	series, value = d.free("measure"), d.free("value")
	for _, f := range d.amounts {
		names = append(names, f.title)
	}
	for _, x := range d.data {
		for j := range d.amounts {
			o := obj{d.x.key: x.x, series: names[j]}
			if v, ok := d.value(x, j); ok {
				o[value] = v
			} else {
				o[value] = nil
			}
			d.rows = append(d.rows, o)
		}
	}
	d.marks = len(d.rows)
	return series, value, names
}

// sharedAmount is the axis of several amounts.
func (d *drawing) sharedAmount(value string, axis obj) obj {
	u := d.amounts[0].unit
	a := merged(obj{"title": pick(u.said == "", "", capital(u.said)), "labelExpr": u.labelExpr(d.top())}, axis)
	if a["title"] == "" {
		a["title"] = nil
	}
	return obj{"field": value, "type": "quantitative", "axis": a}
}

// untitled is a legend of amounts, which say themselves what they are.
func (d *drawing) untitled(color obj) {
	legend := color["legend"].(obj)
	color["title"], legend["title"] = nil, nil
	if d.amounts[0].unit.said == "" && legend["orient"] == "top" {
		legend["offset"] = 16 // no axis title is between
	}
}

// manyBars draws bars in groups, or one on the other.
func (d *drawing) manyBars() {
	d.nameMoments()
	g := d.groups()
	n := len(d.xs)
	width := max(n*max(44, 20*pick2(d.kind == GroupedBar, len(g.levels), 2)), n*(int(widest(d.xs, labelSize))+16), 240)
	if row := legendRow(g.title, g.levels); row <= plotWidth {
		width = max(width, int(row)-20)
	}
	width = min(width, plotWidth+60)
	enc := obj{"color": g.color}
	amount, offset := g.amount(merged(above, obj{"grid": true})), "xOffset"
	if lying(d.x, d.xs, float64(width)) {
		amount, offset = g.amount(obj{"grid": true, "titleAnchor": "start", "tickCount": 5}), "yOffset"
		enc["y"], enc["x"] = d.category(d.x, d.xs, merged(beside, obj{"labelLimit": 300})), amount
		d.view = obj{"width": plotWidth - 60, "height": n * pick2(d.kind == GroupedBar, 12*len(g.levels)+10, 24)}
	} else {
		enc["x"], enc["y"] = d.category(d.x, d.xs, standing(d.xs, float64(width))), amount
		d.view = obj{"width": width, "height": plotHeight}
	}
	if d.kind == GroupedBar {
		enc[offset] = obj{"field": g.key, "type": "nominal", "scale": obj{"domain": g.levels}, "sort": nil}
	} else {
		amount["stack"] = "zero"
		enc["order"] = d.stackOrder(g.key, g.levels)
	}
	d.view["mark"], d.view["encoding"] = obj{"type": "bar", "tooltip": true}, enc
}

// nameMoments writes moments as names, for axes of names.
func (d *drawing) nameMoments() {
	if d.x.class != moment {
		return
	}
	for i := range d.data {
		d.data[i].x = momentLabel(d.data[i].x, d.grain)
	}
	for i := range d.xs {
		d.xs[i] = momentLabel(d.xs[i], d.grain)
	}
}

// groups are the series of bars: of a column, or of several amounts.
type groups struct {
	key, title string
	levels     []string
	color      obj
	amount     func(axis obj) obj
}

func (d *drawing) groups() groups {
	if len(d.ys) > 0 {
		key, value, names := d.unfold()
		g := groups{key: key, levels: names, color: d.seriesColor(key, "", names), amount: func(axis obj) obj { return d.sharedAmount(value, axis) }}
		d.untitled(g.color)
		return g
	}
	d.datumRows(false)
	return groups{
		key: d.color.key, title: d.color.title, levels: d.colors, color: d.seriesColor(d.color.key, d.color.title, d.colors),
		amount: func(axis obj) obj { return d.amount(0, axis) },
	}
}

// stackOrder has series lie on each other in the order of their levels.
func (d *drawing) stackOrder(key string, levels []string) obj {
	rank := map[string]int{}
	for i, l := range levels {
		rank[l] = i
	}
	place := d.free("stack")
	for _, r := range d.rows {
		r[place] = rank[r[key].(string)]
	}
	return obj{"field": place, "type": "quantitative"}
}
