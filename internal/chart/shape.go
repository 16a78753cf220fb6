package chart

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// mostMarks is how many marks a chart has at most: beyond it rows are put
// together, and the chart says so.
const mostMarks = 2000

// datum is a drawn value: its place on the axis, its series, its panel and its
// amounts.
type datum struct {
	x, color, facet string
	sum             []float64 // of each amount
	has             []int     // how many values are in it
	rows            int
}

func newDatum(x, color, facet string, amounts int) datum {
	return datum{x: x, color: color, facet: facet, sum: make([]float64, amounts), has: make([]int, amounts)}
}

func (d *datum) add(o datum) {
	d.rows += o.rows
	for j := range o.sum {
		d.sum[j], d.has[j] = d.sum[j]+o.sum[j], d.has[j]+o.has[j]
	}
}

// shaped is a candidate with its data.
type shaped struct {
	*candidate
	amounts []*field // y, or ys; nil amounts[0] counts rows
	how     string   // "", "sum", "mean" or "count": how rows were put together
	data    []datum
	xs      []string // the levels, in order
	colors  []string
	facets  []string
	grain   grain // of x, after it was made coarser
	other   bool  // the last level of xs or colors is what was put together
	notes   []string
}

const otherName = "Other"

// shape groups the rows by what the chart has axes for, and keeps the chart
// readable: the largest categories, the coarser time.
func shape(p *table, c *candidate) *shaped {
	s := &shaped{candidate: c, amounts: c.ys}
	if len(c.ys) == 0 {
		s.amounts = []*field{c.y}
	}
	if c.x != nil {
		s.grain = c.x.grain
	}
	s.group(p)
	if c.x != nil && c.x.class == moment {
		s.coarsen()
	}
	s.levels(p)
	return s
}

func key(f *field, i int) (string, bool) {
	if f == nil {
		return "", true
	}
	c := f.cells[i]
	if c.null && f.class == moment {
		return "", false
	}
	return f.textOf(c), true
}

// group puts the rows of one place together.
func (s *shaped) group(p *table) {
	place := map[[3]string]int{}
	dropped := 0
	for i := range p.rows {
		x, okX := key(s.x, i)
		c, okC := key(s.color, i)
		f, _ := key(s.facet, i)
		if !okX || !okC {
			dropped++
			continue
		}
		at, seen := place[[3]string{x, c, f}]
		if !seen {
			at = len(s.data)
			place[[3]string{x, c, f}] = at
			d := newDatum(x, c, f, len(s.amounts))
			s.data = append(s.data, d)
		}
		s.add(&s.data[at], i)
	}
	if dropped > 0 {
		s.note(plural(dropped, "row") + " without a date " + pick(dropped == 1, "is", "are") + " left out.")
	}
}

func (s *shaped) note(n string) { s.notes = append(s.notes, n) }

func pick(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

func (s *shaped) add(d *datum, row int) {
	if d.rows++; d.rows > 1 {
		s.together()
	}
	for j, f := range s.amounts {
		switch {
		case f == nil:
			s.how = "count"
			d.sum[j]++
			d.has[j]++
		case !f.cells[row].null:
			d.sum[j] += f.cells[row].num
			d.has[j]++
		}
	}
}

// together says that several rows are one mark.
func (s *shaped) together() {
	if s.how == "" {
		s.how = pick(s.sums(), "sum", "mean")
	}
}

// value is an amount of a datum; ok is false where there is none.
func (s *shaped) value(d datum, j int) (v float64, ok bool) {
	if d.has[j] == 0 {
		return 0, false
	}
	if s.how == "mean" {
		return d.sum[j] / float64(d.has[j]), true
	}
	return d.sum[j], true
}

// coarsen puts days into months and so on until the line is readable.
func (s *shaped) coarsen() {
	was, rows := s.grain, len(s.data)
	for len(s.data) > mostMarks && s.grain > yearly {
		next := map[grain]grain{timed: daily, daily: monthly, monthly: quarterly, quarterly: yearly}[s.grain]
		s.merge(func(x string) string { return momentText(floor(parseMoment(x), next), next) })
		s.grain = next
	}
	if was != s.grain {
		per := map[grain]string{daily: "day", monthly: "month", quarterly: "quarter", yearly: "year"}[s.grain]
		s.note(plural(rows, "row") + " are put together by " + per + ": the " + s.how + " is drawn.")
	}
}

func floor(t time.Time, g grain) time.Time {
	y, m, d := t.Date()
	switch g {
	case yearly:
		m, d = 1, 1
	case quarterly:
		m, d = (m-1)/3*3+1, 1
	case monthly:
		d = 1
	case daily, timed:
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// merge renames places on the axis and puts those of one name together.
func (s *shaped) merge(rename func(string) string) {
	place := map[[3]string]int{}
	var out []datum
	for _, d := range s.data {
		d.x = rename(d.x)
		k := [3]string{d.x, d.color, d.facet}
		at, seen := place[k]
		if !seen {
			at = len(out)
			place[k] = at
			out = append(out, newDatum(d.x, d.color, d.facet, len(d.sum)))
		}
		out[at].add(d)
	}
	if len(out) < len(s.data) {
		s.together()
	}
	s.data = out
}

// How many levels are drawn before the rest is put together or left out.
var mostLevels = map[Kind]int{Bar: 25, GroupedBar: 15, StackedBar: 20, HeatMap: 40, Facet: 12, Box: 30, Line: mostMarks, MultiLine: mostMarks, Area: mostMarks, Pie: 6}

func mostColors(k Kind) int {
	if k == HeatMap {
		return 40
	}
	return 8
}

// levels orders the axes and cuts them to what can be read.
func (s *shaped) levels(p *table) {
	if s.x != nil {
		s.xs = s.order(s.x, func(d datum) string { return d.x })
		s.xs = s.trim(s.x, s.xs, mostLevels[s.kind], func(d *datum) *string { return &d.x })
	}
	if s.color != nil {
		s.colors = s.order(s.color, func(d datum) string { return d.color })
		s.colors = s.trim(s.color, s.colors, mostColors(s.kind), func(d *datum) *string { return &d.color })
	}
	if s.facet != nil {
		s.facets = s.order(s.facet, func(d datum) string { return d.facet })
	}
	s.sortData()
}

// weight is how much of the chart a datum is.
func (s *shaped) weight(d datum) float64 {
	n := 0.0
	for j := range d.sum {
		v, _ := s.value(d, j)
		n += v
	}
	return n
}

// order gives the levels of an axis: in their own order, in the table's where
// it is sorted by the amount, or the largest first.
func (s *shaped) order(f *field, of func(datum) string) []string {
	size, seen := map[string]float64{}, []string{}
	rows := map[string]float64{}
	for _, d := range s.data {
		if _, ok := size[of(d)]; !ok {
			seen = append(seen, of(d))
		}
		size[of(d)] += s.weight(d)
		rows[of(d)]++
	}
	switch f.class {
	case ordered:
		return keep(f.levels, seen)
	case moment:
		slices.Sort(seen)
		return seen
	case named, quantity:
	}
	if !s.sums() {
		for l := range size {
			size[l] /= rows[l]
		}
	}
	if f == s.x && s.color == nil && s.how == "" && s.sorted() {
		return seen
	}
	slices.SortStableFunc(seen, func(a, b string) int {
		switch {
		case (a == noValue) != (b == noValue):
			return pick2(a == noValue, 1, -1)
		case size[a] > size[b]:
			return -1
		case size[a] < size[b]:
			return 1
		}
		return strings.Compare(a, b)
	})
	return seen
}

func pick2(is bool, yes, no int) int {
	if is {
		return yes
	}
	return no
}

func keep(levels, seen []string) (out []string) {
	for _, l := range levels {
		if slices.Contains(seen, l) {
			out = append(out, l)
		}
	}
	return out
}

// sorted reports whether the table comes in the order of its amounts: the
// smallest first only where that was asked for, or is no accident of few rows.
func (s *shaped) sorted() bool {
	up, down := true, true
	for i := 1; i < len(s.data); i++ {
		a, b := s.weight(s.data[i-1]), s.weight(s.data[i])
		up, down = up && a <= b, down && a >= b
	}
	return down || up && (s.smallest || len(s.data) >= 5)
}

// trim keeps the first levels. Of amounts that add up the rest becomes one
// level; all else is left out, and said so.
func (s *shaped) trim(f *field, levels []string, most int, at func(*datum) *string) []string {
	if len(levels) <= most || f.class == moment {
		return levels
	}
	what := strings.ToLower(f.title)
	kept := slices.Clone(levels[:most])
	fold := s.sums() && !s.negative() && f.class == named && s.kind != HeatMap && s.kind != Box && s.kind != Scatter
	if fold {
		kept = kept[:most-1]
	}
	in := map[string]bool{}
	for _, l := range kept {
		in[l] = true
	}
	if !fold {
		s.data = slices.DeleteFunc(s.data, func(d datum) bool { return !in[*at(&d)] })
		s.note("The " + pick(f.class == named, "", "first ") + strconv.Itoa(len(kept)) + " " + pick(f.class == named, "largest ", "") + "of " + grouped(strconv.Itoa(len(levels))) + " values of " + what + " are shown.")
		return kept
	}
	s.note("The " + strconv.Itoa(len(kept)) + " largest of " + grouped(strconv.Itoa(len(levels))) + " values of " + what + " are shown; " + strconv.Itoa(len(levels)-len(kept)) + " are put together as " + otherName + ".")
	name := otherName
	for in[name] {
		name = "(" + name + ")"
	}
	s.other = true
	for i := range s.data {
		if l := at(&s.data[i]); !in[*l] {
			*l = name
		}
	}
	s.merge(func(x string) string { return x })
	return append(kept, name)
}

// sortData puts the data into the order of the axes.
func (s *shaped) sortData() {
	rank := func(levels []string) map[string]int {
		m := make(map[string]int, len(levels))
		for i, l := range levels {
			m[l] = i
		}
		return m
	}
	fs, cs, xs := rank(s.facets), rank(s.colors), rank(s.xs)
	slices.SortStableFunc(s.data, func(a, b datum) int {
		if d := fs[a.facet] - fs[b.facet]; d != 0 {
			return d
		}
		if d := cs[a.color] - cs[b.color]; d != 0 {
			return d
		}
		return xs[a.x] - xs[b.x]
	})
}

// bins are the bars of a histogram: from start, each a step wide.
type bins struct {
	start, step float64
	counts      []int
}

// bin counts values in bins of a round width: about as many as the square root
// of the number of values asks for.
func bin(values []float64, whole bool, most int) bins {
	lo, hi := slices.Min(values), slices.Max(values)
	if lo == hi {
		return bins{start: lo - 0.5, step: 1, counts: []int{len(values)}}
	}
	want := min(float64(most), max(6, math.Ceil(math.Sqrt(float64(len(values))))))
	step := roundStep((hi - lo) / want)
	if whole {
		step = max(1, math.Round(step))
		if hi-lo <= 30 {
			step = 1
		}
	}
	b := bins{start: math.Floor(lo/step) * step, step: step}
	n := int(math.Floor((hi-b.start)/step+1e-9)) + 1
	b.counts = make([]int, n)
	for _, v := range values {
		b.counts[min(n-1, max(0, int(math.Floor((v-b.start)/step+1e-9))))]++
	}
	return b
}

// edge is where a bin begins, without the noise of adding up steps.
func (b bins) edge(i int) float64 {
	e := b.start + float64(i)*b.step
	p := math.Pow(10, 3-math.Floor(math.Log10(b.step)))
	return math.Round(e*p) / p
}

// roundStep is the next of 1, 2, 2.5, 5 and 10 times a power of ten.
func roundStep(x float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if x <= m*p*(1+1e-9) {
			return m * p
		}
	}
	return 10 * p
}

// quartiles are a box: the whiskers reach to the last value within 1.5 times
// its height.
type quartiles struct {
	low, q1, median, q3, high float64
	out                       []float64
	n                         int
}

func boxOf(values []float64) quartiles {
	v := slices.Sorted(slices.Values(values))
	q := quartiles{q1: quantile(v, 0.25), median: quantile(v, 0.5), q3: quantile(v, 0.75), n: len(v)}
	reach := 1.5 * (q.q3 - q.q1)
	q.low, q.high = math.Inf(1), math.Inf(-1)
	for _, x := range v {
		if x < q.q1-reach || x > q.q3+reach {
			q.out = append(q.out, x)
			continue
		}
		q.low, q.high = min(q.low, x), max(q.high, x)
	}
	return q
}

// quantile interpolates between the values beside it, as R does by default.
func quantile(sorted []float64, p float64) float64 {
	h := p * float64(len(sorted)-1)
	i := int(math.Floor(h))
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (h-float64(i))*(sorted[i+1]-sorted[i])
}
