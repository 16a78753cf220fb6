package chart

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const schemaURL = "https://vega.github.io/schema/vega-lite/v6.json"

// DataName is the name under which a table's rows are in a spec.
const DataName = "table"

// drawing is a spec being made.
type drawing struct {
	*shaped
	p     *table
	kind  Kind
	rows  []obj
	view  obj // what differs by kind: mark, encoding, layer, width, height
	marks int
	title string
}

// draw makes the spec of a chosen candidate.
func draw(p *table, a *request, c *candidate, h Hints) (Chart, error) {
	d := &drawing{p: p, kind: c.kind, shaped: &shaped{candidate: c}}
	switch c.kind {
	case BigNumber:
		d.bigNumbers()
	case Histogram:
		d.histogram()
	case Scatter, Bubble:
		d.cloud()
	case Box:
		d.boxes()
	default:
		d.shaped = shape(p, c)
		d.grouped()
	}
	d.sayLeftOut()
	d.title = firstOf(h.Intent.Title, h.Title, d.ownTitle())
	return d.finish(h)
}

func firstOf(s ...string) string {
	for _, t := range s {
		if t = strings.Join(strings.Fields(printable(t)), " "); t != "" {
			return t
		}
	}
	return ""
}

// grouped draws the kinds that have one mark for each group of rows.
func (d *drawing) grouped() {
	switch d.kind {
	case Bar:
		d.bars()
	case GroupedBar, StackedBar:
		d.manyBars()
	case Line, MultiLine, Area:
		d.lines()
	case Pie:
		d.pie()
	case HeatMap:
		d.heat()
	case Facet:
		d.panels()
	}
}

// sayLeftOut notes the nulls of amounts.
func (d *drawing) sayLeftOut() {
	for _, f := range d.fields() {
		if f.class != quantity || f.nulls == 0 || d.kind == BigNumber {
			continue
		}
		d.note(plural(f.nulls, "row") + " without " + lowerFirst(f.title) + " " + pick(f.nulls == 1, "is", "are") + " not drawn.")
	}
}

// finish puts the spec together.
func (d *drawing) finish(h Hints) (Chart, error) {
	notes := slices.Concat(d.p.notes, d.notes)
	if d.p.partial != "" {
		notes = append(notes, sentence(d.p.partial))
	}
	ch := Chart{Kind: d.kind, Title: d.title, Notes: notes, Marks: d.marks}
	ch.Alt = d.alt(notes)
	spec := obj{
		"$schema": schemaURL, "description": ch.Alt, "title": titleObject(d.title, notes, d.titleWidth()),
		"data": obj{"name": DataName, "values": d.rows}, "config": d.config(),
		"usermeta": obj{"postern": obj{"kind": d.kind, "notes": listed(notes)}},
	}
	for k, v := range d.view {
		spec[k] = v
	}
	var err error
	if ch.Spec, err = encode(spec); err == nil && h.Dark {
		ch.Spec, err = Dark(ch.Spec)
	}
	return ch, err
}

func listed(notes []string) []string {
	if notes == nil {
		return []string{}
	}
	return notes
}

// encode writes a spec as JSON, with < and > as they are.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode spec: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

func (d *drawing) config() obj {
	c := config()
	if d.x != nil && d.x.class == moment {
		c["timeFormat"] = timeFormat(d.grain)
	}
	return c
}

// timeFormat is how a moment is written where it must be exact.
func timeFormat(g grain) string {
	return map[grain]string{yearly: "%Y", quarterly: "%Y Q%q", monthly: "%b %Y", daily: "%Y-%m-%d", timed: "%Y-%m-%d %H:%M:%S"}[g]
}

func (d *drawing) titleWidth() float64 {
	w, _ := d.view["width"].(int)
	return max(float64(w), 420) + 60
}

func titleObject(title string, notes []string, width float64) obj {
	t := obj{"text": wrap(title, titleSize, width, 3)}
	var lines []string
	for _, n := range notes {
		lines = append(lines, wrap(n, noteSize, width, 3)...)
	}
	if len(lines) > 0 {
		t["subtitle"] = lines
	}
	return t
}

func sentence(s string) string {
	s = strings.TrimRight(strings.TrimSpace(s), ".")
	if s == "" {
		return ""
	}
	return capital(s) + "."
}

// axisTitle is the amount's title with its unit, as the axis says it.
func (d *drawing) amountTitle(f *field) string {
	if f == nil {
		return "Number of rows"
	}
	t := f.title
	switch d.how {
	case "mean":
		if !meanName.MatchString(f.name) || !strings.Contains(strings.ToLower(f.title), "average") {
			t = "Mean of " + lowerFirst(t)
		}
	case "sum":
		if !strings.Contains(strings.ToLower(t), "total") && !strings.Contains(strings.ToLower(t), "number of") {
			t = "Sum of " + lowerFirst(t)
		}
	}
	return withUnit(t, f.unit)
}

func withUnit(t string, u unit) string {
	if u.said == "" || strings.Contains(strings.ToLower(t), strings.ToLower(u.said)) {
		return t
	}
	return t + " (" + u.said + ")"
}

// lowerFirst takes the capital off, unless the word is an abbreviation.
func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if next, _ := utf8.DecodeRuneInString(s[n:]); unicode.IsUpper(next) {
		return s
	}
	return string(unicode.ToLower(r)) + s[n:]
}

// ownTitle says what the chart shows, from its columns.
func (d *drawing) ownTitle() string {
	name := func(f *field) string {
		if f == nil {
			return "Number of rows"
		}
		return f.title
	}
	switch d.kind {
	case BigNumber:
		names := make([]string, len(d.ys))
		for i, f := range d.ys {
			names[i] = pick(i == 0, name(f), lowerFirst(name(f)))
		}
		return join(names)
	case Histogram:
		return "Distribution of " + lowerFirst(d.x.title)
	case Scatter, Bubble:
		return d.y.title + " and " + lowerFirst(d.x.title)
	}
	t := name(d.y)
	if len(d.ys) > 0 {
		names := make([]string, len(d.ys))
		for i, f := range d.ys {
			names[i] = pick(i == 0, name(f), lowerFirst(name(f)))
		}
		t = join(names)
	}
	if d.x.class == moment && d.x.grain == timed {
		t += " over time"
	} else {
		t += " by " + lowerFirst(d.x.title)
	}
	for _, f := range []*field{d.color, d.facet} {
		if f != nil {
			t += " and " + lowerFirst(f.title)
		}
	}
	return t
}

func join(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// alt is what a reader who does not see the chart is told.
func (d *drawing) alt(notes []string) string {
	k := spoken(d.kind)
	s := capital(k) + ": " + ended(d.title)
	if d.marks > 0 && d.kind != BigNumber {
		s += " " + plural(d.marks, "mark") + "."
	}
	if lo, hi, ok := d.extremes(); ok {
		s += " " + capital(lo) + "; " + hi + "."
	}
	if len(notes) > 0 {
		s += " " + strings.Join(notes, " ")
	}
	return s
}

// ended ends a title as a sentence, if it does not end as one.
func ended(s string) string {
	if strings.HasSuffix(s, "?") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}

// extremes are the largest and the smallest of a plain chart's marks.
func (d *drawing) extremes() (most, least string, ok bool) {
	if len(d.amounts) != 1 || len(d.data) < 2 || d.color != nil || d.facet != nil {
		return "", "", false
	}
	var u unit
	if f := d.amounts[0]; f != nil {
		u = f.unit
	}
	hi, lo, found := 0, 0, false
	top, low := 0.0, 0.0
	for i, x := range d.data {
		v, has := d.value(x, 0)
		if !has {
			continue
		}
		if !found || v > top {
			hi, top = i, v
		}
		if !found || v < low {
			lo, low = i, v
		}
		found = true
	}
	if !found {
		return "", "", false
	}
	return "largest: " + d.data[hi].x + ", " + u.exact(top), "smallest: " + d.data[lo].x + ", " + u.exact(low), true
}

// key names of what is not a column of the table.
func (d *drawing) free(name string) string {
	for n := 2; ; n++ {
		taken := slices.ContainsFunc(d.p.fields, func(f *field) bool { return f.key == name })
		if !taken {
			return name
		}
		name = strings.TrimRight(name, "0123456789_") + "_" + strconv.Itoa(n)
	}
}
