package chart

import (
	"regexp"
	"slices"
)

// The rules, in the manner of Draco: a hard one forbids a candidate and says
// why, a soft one makes it dearer (or cheaper) by its weight.

// hardRule gives the reason why not, "" for none.
type hardRule func(s *search, c *candidate) string

var hardRules = []hardRule{askedColumns, fitsIntent, needsAmount, axisReads, seriesRead, piesRead, stacksAdd, heatIsDense, boxHasRows, cloudHasPoints, panelsFit, foldsShare}

func (s *search) forbids(c *candidate) string {
	for _, r := range hardRules {
		if why := r(s, c); why != "" {
			return why
		}
	}
	return ""
}

// askedColumns keeps to the columns that the caller named.
func askedColumns(s *search, c *candidate) string {
	for _, f := range []*field{s.a.x, s.a.y, s.a.color} {
		if f != nil && !c.uses(f) {
			return "the chart does not use " + f.name
		}
	}
	if s.a.x == nil || s.a.y == nil && c.y != nil && c.kind != Histogram {
		return ""
	}
	for _, f := range c.fields() {
		if f != s.a.x && f != s.a.y && f != s.a.color && (s.a.y != nil || f != c.y) && (c.kind != HeatMap || s.a.color != nil) {
			return "the chart uses " + f.name + " too"
		}
	}
	return ""
}

// fitsIntent keeps channels where the caller put them: x and y may change
// places where one is an amount (lying bars), the colour stays the colour.
func fitsIntent(s *search, c *candidate) string {
	a := s.a
	switch {
	case a.color != nil && c.kind != HeatMap && c.color != a.color && c.facet != a.color && c.size != a.color && c.x != a.color:
		return a.color.name + " cannot be the colour"
	case c.kind == HeatMap && a.x != nil && a.x.class != quantity && c.x != a.x && a.x != c.color:
		return a.x.name + " cannot be an axis"
	case (c.kind == Scatter || c.kind == Bubble) && a.x != nil && a.y != nil && c.x != a.x:
		return "x and y are the other way round"
	}
	return ""
}

func needsAmount(s *search, c *candidate) string {
	if c.x != nil && c.x.class != quantity && c.y == nil && len(c.ys) == 0 && s.p.rows > 1 {
		by := c.color
		if by == nil {
			by = c.facet
		}
		if !s.relation(c.x, by).repeats {
			return "each value comes once, so there is nothing to count"
		}
	}
	if c.y != nil && c.y.class == quantity && c.y.nulls == len(c.y.cells) {
		return c.y.name + " has no values"
	}
	return ""
}

// axisReads is about the axis of categories or time.
func axisReads(s *search, c *candidate) string {
	if c.x == nil {
		return ""
	}
	switch c.kind {
	case Line, MultiLine, Area:
		if c.x.class == named {
			return "a line needs an axis with an order, and " + c.x.name + " has none"
		}
		if c.x.distinct < 2 {
			return "a line needs two points"
		}
	case Facet:
		if c.x.class == named && c.x.distinct > 12 && !s.label(c.x) {
			return "the panels would have too many bars"
		}
	case GroupedBar, StackedBar:
		if c.x.distinct > 40 {
			return "there would be too many groups of bars"
		}
	}
	return ""
}

func seriesRead(s *search, c *candidate) string {
	if c.color == nil || c.kind == HeatMap {
		return ""
	}
	switch {
	case c.color.distinct < 2:
		return c.color.name + " has one value"
	case c.kind == Scatter || c.kind == Bubble:
		if c.color.distinct > 10 || s.label(c.color) {
			return "there would be too many colours"
		}
	case s.relation(c.x, c.color).single:
		return "each " + c.x.name + " has one " + c.color.name
	case c.color.distinct > 40 || s.label(c.color):
		return "there would be too many series"
	}
	return ""
}

// piesRead allows a pie only of few parts of a whole.
func piesRead(s *search, c *candidate) string {
	if c.kind != Pie {
		return ""
	}
	switch {
	case c.x.class == moment:
		return "parts of a pie have no place in time"
	case c.x.distinct < 2:
		return "a pie needs two parts"
	case c.x.distinct > 6:
		return plural(c.x.distinct, "part") + " are too many for a pie"
	case c.negative():
		return "a pie has no negative parts"
	case !s.parts(c) && !(s.a.kind == Pie && c.y.unit.after == "%"):
		return "the values of " + c.y.name + " are not known to add up to a whole"
	case c.y != nil && c.y.max <= 0:
		return "the parts add up to nothing"
	}
	return ""
}

func stacksAdd(s *search, c *candidate) string {
	stacked := c.kind == StackedBar || c.kind == Area && c.color != nil
	switch {
	case c.kind == Area && c.negative():
		return "an area begins at zero and has no negative values"
	case !stacked:
		return ""
	case c.negative():
		return "what is stacked cannot be negative"
	case !s.parts(c):
		return "values that do not add up cannot be stacked (averages and rates do not)"
	}
	return ""
}

// parts says whether the amounts are parts of a whole: they add up, or they
// are whole numbers and shares or such a chart were asked for.
func (s *search) parts(c *candidate) bool {
	return c.sums() || len(c.ys) == 0 && c.y.counts && (s.a.tasks[share] || s.a.kind == c.kind)
}

func heatIsDense(s *search, c *candidate) string {
	if c.kind != HeatMap {
		return ""
	}
	if len(c.ys) > 0 {
		if c.x.distinct < 2 || c.x.distinct > 60 || len(c.ys) < 3 {
			return "a heat map needs two axes"
		}
		return ""
	}
	if c.x.distinct < 2 || c.color.distinct < 2 {
		return "a heat map needs two axes with two values each"
	}
	if s.relation(c.x, c.color).pairs*5 < min(c.x.distinct, 60)*min(c.color.distinct, 60) {
		return "most cells of the heat map would be empty"
	}
	return ""
}

func boxHasRows(s *search, c *candidate) string {
	if c.kind == Box && (c.x.distinct > 30 || s.p.rows < 5*max(1, c.x.distinct) || c.x.class == moment) {
		return "a box plot needs five rows for each box, and 30 boxes at most"
	}
	if c.kind == Histogram && s.p.rows < 8 && (s.a.kind != Histogram || s.p.rows < 2) {
		return "a histogram needs eight rows"
	}
	return ""
}

func cloudHasPoints(s *search, c *candidate) string {
	switch {
	case c.kind != Scatter && c.kind != Bubble:
		return ""
	case s.p.rows < 3:
		return "a scatter plot needs three points"
	case c.kind == Bubble && (s.p.rows > 200 || c.size.min < 0):
		return "bubbles need a size that is not negative, and 200 rows at most"
	}
	return ""
}

func panelsFit(s *search, c *candidate) string {
	if c.kind != Facet || c.facet == nil {
		return ""
	}
	switch {
	case c.facet.distinct < 2 || c.facet.distinct > 12:
		return "small multiples need 2 to 12 panels"
	case s.relation(c.x, c.facet).single:
		return "each " + c.x.name + " has one " + c.facet.name
	case c.color != nil && (s.relation(c.color, c.facet).single || s.relation(c.facet, c.color).single || c.color.distinct > 8):
		return "the series are not the same in each panel"
	}
	return ""
}

// foldsShare: amounts share an axis when they have one unit and one order of
// magnitude.
func foldsShare(s *search, c *candidate) string {
	if len(c.ys) == 0 || c.kind == BigNumber || c.kind == Facet {
		return ""
	}
	return apart(s, c)
}

func unlike(s *search, c *candidate) bool { return apart(s, c) != "" }

// apart says why amounts cannot share an axis.
func apart(s *search, c *candidate) string {
	if s.relation(c.x, nil).repeats {
		return "each value of " + c.x.name + " must have one row"
	}
	most, least := 0.0, 0.0
	for _, f := range c.ys {
		if !f.unit.same(c.ys[0].unit) || f.sums != c.ys[0].sums {
			return "the amounts are not of one unit"
		}
		m := max(f.max, -f.min)
		if most == 0 {
			most, least = m, m
		}
		most, least = max(most, m), min(least, m)
	}
	if most > 15*max(least, 1e-300) {
		return "the amounts are too far apart for one axis"
	}
	return ""
}

// softRule is what a candidate costs more (or less) where it holds.
type softRule struct {
	cost  int
	holds func(s *search, c *candidate) bool
}

// base is what each kind costs by itself: the plain ones are cheap.
var base = map[Kind]int{
	BigNumber: -30, Bar: 0, Line: 2, Area: 8, Pie: 8, Box: 4, GroupedBar: 4, StackedBar: 6, MultiLine: 3, HeatMap: 8, Facet: 9,
	Scatter: 6, Bubble: 9, Histogram: 4,
}

func is(kinds ...Kind) func(*search, *candidate) bool {
	return func(_ *search, c *candidate) bool { return slices.Contains(kinds, c.kind) }
}

// when is a rule for some kinds.
func when(cost int, holds func(s *search, c *candidate) bool, kinds ...Kind) softRule {
	in := is(kinds...)
	return softRule{cost, func(s *search, c *candidate) bool { return in(s, c) && holds(s, c) }}
}

// after is a rule for a task of the question.
func after(cost int, t task, kinds ...Kind) softRule {
	return when(cost, func(s *search, _ *candidate) bool { return s.a.tasks[t] }, kinds...)
}

func wide(n int) func(*search, *candidate) bool {
	return func(_ *search, c *candidate) bool { return c.x.distinct > n }
}

func series(n int) func(*search, *candidate) bool {
	return func(_ *search, c *candidate) bool { return c.color != nil && c.color.distinct > n || len(c.ys) > n }
}

func onTime(_ *search, c *candidate) bool { return c.x != nil && c.x.class == moment }

func inOrder(_ *search, c *candidate) bool { return c.x != nil && c.x.class == ordered && c.x.cyclic }

func unordered(s *search, c *candidate) bool { return !onTime(s, c) && !inOrder(s, c) }

func repeats(s *search, c *candidate) bool {
	return c.x != nil && c.color == nil && c.facet == nil && len(c.ys) == 0 && s.relation(c.x, nil).repeats
}

var softRules = []softRule{
	// Time goes on a line, unless there is hardly any of it.
	when(7, onTime, Bar, GroupedBar, Box),
	when(5, onTime, StackedBar),
	when(12, func(s *search, c *candidate) bool { return onTime(s, c) && c.x.distinct <= 3 }, Line, MultiLine, Area),
	when(6, func(_ *search, c *candidate) bool { return c.x.class == ordered && !c.x.cyclic }, Line, MultiLine, Area),
	when(3, func(_ *search, c *candidate) bool { return inOrder(nil, c) && c.x.distinct <= 7 }, Line),
	when(3, func(_ *search, c *candidate) bool { return inOrder(nil, c) && c.x.distinct > 7 }, Bar),
	when(5, func(_ *search, c *candidate) bool { return c.x.class == ordered && c.x.distinct <= 5 }, Line, MultiLine),
	when(4, func(_ *search, c *candidate) bool { return c.x.class == ordered && c.x.distinct > 14 }, Bar),
	after(-4, trend, Line, MultiLine, Area), when(6, func(s *search, c *candidate) bool {
		return s.a.tasks[trend] && (c.color == nil || c.color.class == named)
	}, HeatMap),
	after(-6, total, Area),
	// Comparing is what bars are for; many of them are hard to read.
	after(-2, ranking, Bar), after(-3, comparison, GroupedBar),
	when(3, wide(25), Bar), when(4, wide(12), GroupedBar, StackedBar), when(6, wide(20), GroupedBar, StackedBar),
	when(7, series(5), GroupedBar), when(3, series(3), GroupedBar), when(4, series(8), StackedBar, MultiLine, Area), when(8, series(12), MultiLine, StackedBar, GroupedBar, Facet, Area),
	when(2, func(_ *search, c *candidate) bool { return c.color != nil && c.color.distinct > c.x.distinct }, GroupedBar, StackedBar),
	when(-2, func(_ *search, c *candidate) bool { return c.color != nil && c.color.class == ordered }, StackedBar, GroupedBar),
	when(8, func(s *search, c *candidate) bool {
		return c.color != nil && (c.color.class == moment || c.color.cyclic && c.x.class == named)
	}, GroupedBar, StackedBar, MultiLine, Facet),
	when(9, func(_ *search, c *candidate) bool { return c.color != nil && c.color.cyclic && c.color.distinct > 5 }, MultiLine, Area),
	// Parts of a whole.
	after(-12, share, Pie), after(-9, share, StackedBar), after(-9, share, Area),
	when(5, inOrder, Pie), when(3, func(_ *search, c *candidate) bool { return c.x.class == ordered }, Pie),
	// Matrices.
	when(-9, func(_ *search, c *candidate) bool {
		return c.color != nil && c.x.distinct > 8 && c.color.distinct > 5 && c.x.class != moment
	}, HeatMap),
	when(-4, func(_ *search, c *candidate) bool {
		return c.color != nil && c.x.class != named && c.color.class == ordered
	}, HeatMap),
	when(-3, func(_ *search, c *candidate) bool {
		return c.color != nil && c.x.class != named && c.color.distinct > 10
	}, HeatMap),
	when(4, func(_ *search, c *candidate) bool {
		return c.color != nil && c.x.class == named && c.color.class != named
	}, HeatMap),
	when(6, func(_ *search, c *candidate) bool { return len(c.ys) > 0 }, HeatMap, StackedBar),
	// Distributions.
	after(-10, distribution, Histogram, Box), after(-10, relation, Scatter, Bubble),
	when(7, repeats, Bar, Line, Area, Pie), when(4, wide(15), Box),
	when(-4, func(s *search, _ *candidate) bool { return s.p.rows > 40 }, Histogram, Scatter),
	// Points need to be many, or the rows to have no better axis.
	when(10, func(s *search, _ *candidate) bool { return s.p.rows < 8 }, Scatter, Bubble),
	when(6, func(s *search, c *candidate) bool { return s.p.hasTime() }, Scatter, Bubble, Histogram),
	when(2, func(_ *search, c *candidate) bool { return c.y != nil && c.x.col > c.y.col }, Scatter, Bubble),
	when(2, func(_ *search, c *candidate) bool { return c.size != nil && c.size.col < max(c.x.col, c.y.col) }, Bubble),
	when(5, func(_ *search, c *candidate) bool { return c.x.distinct <= 4 || c.y.distinct <= 4 }, Scatter, Bubble),
	when(3, func(_ *search, c *candidate) bool {
		return latitude.MatchString(c.x.name) && longitude.MatchString(c.y.name)
	}, Scatter, Bubble),
	// Panels.
	when(-4, func(_ *search, c *candidate) bool { return c.color != nil }, Facet),
	when(3, func(_ *search, c *candidate) bool { return len(c.ys) > 0 && c.x.class == named && c.x.distinct > 12 }, Facet),
	when(4, func(_ *search, c *candidate) bool { return len(c.ys) > 0 && unordered(nil, c) }, Facet),
	when(-7, func(s *search, c *candidate) bool { return len(c.ys) > 0 && !unordered(s, c) && unlike(s, c) }, Facet),
	// A folded table says all of its amounts.
	when(-1, func(_ *search, c *candidate) bool { return len(c.ys) > 0 }, GroupedBar, MultiLine),
	// Identifiers are no categories.
	{6, func(s *search, c *candidate) bool {
		return c.x != nil && c.x.id && c.x.class != quantity || c.color != nil && c.color.id
	}},
	// People know things by their names.
	{-1, func(_ *search, c *candidate) bool {
		return c.x != nil && c.x.class == named && nameName.MatchString(c.x.name)
	}},
	// One value is no axis.
	{9, func(_ *search, c *candidate) bool { return c.x != nil && c.x.class != quantity && c.x.distinct < 2 }},
}

var (
	latitude  = regexp.MustCompile(`(?i)^lat(itude)?$|_lat$`)
	longitude = regexp.MustCompile(`(?i)^(lon|lng|longitude)$|_(lon|lng)$`)
	nameName  = regexp.MustCompile(`(?i)(^|[_ ])(name|label|title)$|Name$`)
)

func (t *table) hasTime() bool {
	return slices.ContainsFunc(t.fields, func(f *field) bool { return f.class == moment && f.distinct > 3 })
}

func (s *search) price(c *candidate) int {
	cost := base[c.kind]
	for _, r := range softRules {
		if r.holds(s, c) {
			cost += r.cost
		}
	}
	if s.a.kind != "" {
		switch {
		case c.kind == s.a.kind:
			cost -= 60
		case kin(s.a.kind, c.kind):
			cost -= 50
		}
	}
	return cost + s.unused(c) + s.moved(c)
}

// unused is what the columns cost that the chart does not show.
func (s *search) unused(c *candidate) (cost int) {
	for i, f := range s.p.fields {
		if c.uses(f) || i >= mostFields || f.nulls == s.p.rows {
			continue
		}
		if s.a.names(f) {
			cost += 3
		}
		switch {
		case f.class == quantity:
			cost += 5
		case f.class == moment:
			cost += 8
		case f.distinct < 2 || f.id:
			cost++
		case c.x != nil && c.x.class != quantity && s.relation(c.x, f).single:
			cost += 2 // each bar has one of it: another name of the same
		case c.kind == Scatter && s.label(f):
			cost++
		default:
			cost += 7
		}
	}
	// The amount that comes first in the table is the one that was asked for.
	if c.y != nil && c.kind != Scatter && c.kind != Bubble {
		for _, f := range s.p.fields {
			if f == c.y {
				break
			}
			if f.class == quantity {
				cost++
			}
		}
	}
	return cost
}

// moved makes a caller's x and y dearer where they changed places for no need.
func (s *search) moved(c *candidate) int {
	if s.a.x != nil && s.a.x.class != quantity && c.x != s.a.x {
		return 6
	}
	return 0
}
