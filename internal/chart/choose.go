package chart

import (
	"slices"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/fault"
)

// candidate is one way to draw the table.
type candidate struct {
	kind  Kind
	x     *field   // along the axis of categories or time; the first quantity of a scatter
	y     *field   // the amount; nil counts rows
	color *field   // the series; the other axis of a heat map
	size  *field   // of a bubble
	facet *field   // a panel for each value
	ys    []*field // several amounts in the place of y
	// smallest says that the question asks for the small ones first.
	smallest bool
	cost     int
}

func (c *candidate) fields() []*field {
	var out []*field
	for _, f := range append([]*field{c.x, c.y, c.color, c.size, c.facet}, c.ys...) {
		if f != nil {
			out = append(out, f)
		}
	}
	return out
}

func (c *candidate) uses(f *field) bool { return slices.Contains(c.fields(), f) }

// sums says whether the amounts may be added up.
func (c *candidate) sums() bool {
	if len(c.ys) > 0 {
		return !slices.ContainsFunc(c.ys, func(f *field) bool { return !f.sums })
	}
	return c.y == nil || c.y.sums
}

func (c *candidate) negative() bool {
	for _, f := range append(slices.Clone(c.ys), c.y) {
		if f != nil && f.class == quantity && f.min < 0 {
			return true
		}
	}
	return false
}

// mostFields bounds the search: the columns after it are not drawn.
const mostFields = 8

// choose gives the cheapest candidate that no hard rule forbids. Of two that
// cost the same it is the one listed first.
func choose(p *table, a *request) (*candidate, error) {
	s := &search{p: p, a: a, pairs: map[[2]*field]relationOf{}}
	var best *candidate
	refused := map[Kind]string{}
	for _, c := range s.list() {
		if why := s.forbids(c); why != "" {
			if _, told := refused[c.kind]; !told {
				refused[c.kind] = why
			}
			continue
		}
		c.cost = s.price(c)
		if best == nil || c.cost < best.cost {
			best = c
		}
	}
	if best == nil {
		if a.intent != (Intent{}) {
			return nil, s.unfit(refused)
		}
		return nil, errNothing
	}
	best.smallest = a.smallest
	if a.kind != "" && !kin(a.kind, best.kind) {
		why := refused[a.kind]
		if why == "" {
			why = "the columns are not of the kind that it takes"
		}
		p.notes = append(p.notes, "A "+spoken(a.kind)+" was asked for, but "+why+".")
	}
	return best, nil
}

func (s *search) unfit(refused map[Kind]string) error {
	why := refused[s.a.kind]
	if why == "" {
		why = "no chart takes these columns together"
	}
	return fault.BadField("chart_grammar", "no_chart", "%s; the columns are: %s", why, strings.Join(s.p.names(), ", "))
}

// kin says whether a kind answers the wish for another: what has one series is
// a line, what has several is a multi-line.
func kin(want, got Kind) bool {
	if want == got {
		return true
	}
	groups := [][]Kind{{Bar, GroupedBar, StackedBar}, {Line, MultiLine}, {Scatter, Bubble}}
	for _, g := range groups {
		if slices.Contains(g, want) && slices.Contains(g, got) {
			return true
		}
	}
	return false
}

func spoken(k Kind) string {
	switch k {
	case Bar, Line, Area, Bubble, MultiLine:
		return strings.ReplaceAll(string(k), "_", "-") + " chart"
	case GroupedBar, StackedBar:
		return strings.ReplaceAll(string(k), "_", " ") + " chart"
	case Scatter, Box:
		return string(k) + " plot"
	case Facet:
		return "chart of small multiples"
	}
	return strings.ReplaceAll(string(k), "_", " ")
}

// search is one choice under way.
type search struct {
	p     *table
	a     *request
	pairs map[[2]*field]relationOf
}

// relationOf says how the values of two columns go together.
type relationOf struct {
	pairs   int  // distinct pairs
	single  bool // each value of the first has one of the second
	repeats bool // a pair comes in several rows
}

// mostRelated is how many rows are looked at to see how two columns go
// together: which chart fits shows early, and there are many pairs.
const mostRelated = 20_000

func (s *search) relation(f, g *field) relationOf {
	if r, ok := s.pairs[[2]*field{f, g}]; ok {
		return r
	}
	of, seen := map[string]string{}, map[[2]string]bool{}
	r := relationOf{single: true}
	for i := range min(s.p.rows, mostRelated) {
		a, b := f.textOf(f.cells[i]), ""
		if g != nil {
			b = g.textOf(g.cells[i])
		}
		r.repeats = r.repeats || seen[[2]string{a, b}]
		seen[[2]string{a, b}] = true
		if prev, ok := of[a]; ok && prev != b {
			r.single = false
		}
		of[a] = b
	}
	r.pairs = len(seen)
	s.pairs[[2]*field{f, g}] = r
	return r
}

// list gives every candidate, in a fixed order.
func (s *search) list() (out []*candidate) {
	fields := s.p.fields
	if len(fields) > mostFields && s.a.intent == (Intent{}) {
		fields = fields[:mostFields]
	}
	var dims, cats, qs []*field
	for _, f := range fields {
		switch f.class {
		case quantity:
			qs = append(qs, f)
		case moment:
			dims = append(dims, f)
		default:
			dims, cats = append(dims, f), append(cats, f)
		}
	}
	amounts := qs
	if len(qs) == 0 {
		amounts = []*field{nil}
	}
	if s.p.rows == 1 && len(qs) > 0 {
		out = append(out, &candidate{kind: BigNumber, ys: qs[:min(4, len(qs))]})
	}
	for _, y := range amounts {
		for _, x := range dims {
			out = append(out, oneDim(x, y)...)
			for _, c := range cats {
				if c != x {
					out = append(out, twoDims(x, y, c, cats)...)
				}
			}
		}
	}
	out = append(out, folded(dims, qs)...)
	return append(out, clouds(qs, cats)...)
}

func oneDim(x, y *field) []*candidate {
	var out []*candidate
	for _, k := range []Kind{Bar, Line, Area, Pie} {
		out = append(out, &candidate{kind: k, x: x, y: y})
	}
	if y != nil {
		out = append(out, &candidate{kind: Box, x: x, y: y})
	}
	return out
}

func twoDims(x, y, c *field, cats []*field) []*candidate {
	var out []*candidate
	for _, k := range []Kind{GroupedBar, StackedBar, MultiLine, Area, HeatMap} {
		out = append(out, &candidate{kind: k, x: x, y: y, color: c})
	}
	out = append(out, &candidate{kind: Facet, x: x, y: y, facet: c})
	for _, f := range cats {
		if f != x && f != c {
			out = append(out, &candidate{kind: Facet, x: x, y: y, color: c, facet: f})
		}
	}
	return out
}

// folded draws several amounts side by side.
func folded(dims, qs []*field) []*candidate {
	var out []*candidate
	if len(qs) < 2 || len(qs) > 6 {
		return nil
	}
	for _, x := range dims {
		for _, k := range []Kind{GroupedBar, MultiLine, StackedBar, HeatMap} {
			out = append(out, &candidate{kind: k, x: x, ys: qs})
		}
		if len(qs) <= 4 {
			out = append(out, &candidate{kind: Facet, x: x, ys: qs})
		}
	}
	return out
}

// clouds are the charts of amounts alone.
func clouds(qs, cats []*field) []*candidate {
	var out []*candidate
	colors := append([]*field{nil}, cats...)
	for i, x := range qs {
		out = append(out, &candidate{kind: Histogram, x: x})
		for j, y := range qs {
			if i == j {
				continue
			}
			for _, c := range colors {
				out = append(out, &candidate{kind: Scatter, x: x, y: y, color: c})
				for k, z := range qs {
					if k != i && k != j {
						out = append(out, &candidate{kind: Bubble, x: x, y: y, color: c, size: z})
					}
				}
			}
		}
	}
	return out
}

// label is a column that names the rows: each has its own.
func (s *search) label(f *field) bool {
	return f.class != quantity && f.distinct == s.p.rows && s.p.rows > 1
}

func plural(n int, one string) string {
	switch {
	case n == 1:
		return "1 " + one
	case strings.HasSuffix(one, "y") && !strings.HasSuffix(one, "ay"):
		return grouped(strconv.Itoa(n)) + " " + one[:len(one)-1] + "ies"
	}
	return grouped(strconv.Itoa(n)) + " " + one + "s"
}
