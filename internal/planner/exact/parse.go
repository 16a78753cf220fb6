package exact

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// parser goes through the pieces of a question from left to right.
type parser struct {
	r  *Reader
	s  []piece
	f  frame
	at int

	asking    bool // what is named here is to be shown
	not       bool // said before what follows
	ever      bool // it was said as never
	which     bool
	listing   bool   // it says show, or list
	verbRoles []term // joins that a verb speaks of
	verbAt    int    // the piece behind it
	verb      string // the last one, which may say of what a condition is
}

// parses reads pieces as a frame.
func (r *Reader) parses(way []piece) []frame {
	p := &parser{r: r, s: way, asking: true}
	for _, s := range way {
		p.f.own = p.f.own || s.is(kMeasure, kFilter, kPeriod, kRelative, kUnit, kShare, kChange)
	}
	for p.at < len(p.s) && p.f.why == "" {
		was := p.at
		if !p.step() && p.f.why == "" {
			stuck := p.s[min(p.at, len(p.s)-1)].text // a step may give up behind the last piece
			p.f.unplaced = append(p.f.unplaced, stuck)
			p.f.fail("these words have no place in what was read: " + stuck)
		}
		if p.at == was && p.f.why == "" {
			p.f.fail("it could not be read")
		}
	}
	if p.f.why == "" && p.not {
		p.f.fail("it is not clear what is denied")
	}
	p.f.reached, p.f.which = p.piece(p.at).start, p.which && strings.HasPrefix(way[0].lower, "which")
	if p.at >= len(p.s) {
		p.f.reached = maxWords
	}
	return []frame{p.f}
}

func (p *parser) piece(i int) piece {
	if i >= 0 && i < len(p.s) {
		return p.s[i]
	}
	return piece{}
}

// next is the first piece from i that says something: fillers, prepositions
// and such are passed over when skip allows their kinds.
func (p *parser) next(i int, skip ...kind) int {
	for i < len(p.s) && p.s[i].is(skip...) && !p.content(p.s[i]) {
		i++
	}
	return i
}

// content tells pieces that name something of the model or a quantity.
func (p *parser) content(s piece) bool {
	return s.is(kMeasure, kFilter, kColumn, kTable, kValue, kNumber, kPeriod, kCompare, kSuper, kMost, kText)
}

// step takes what begins at the piece where the parser is.
func (p *parser) step() bool {
	s := p.s[p.at]
	switch {
	case s.is(kRelative):
		p.f.fail("“" + s.text + "” counts from today; name the dates")
		return false
	case s.is(kMark):
		p.at++
	case s.is(kShare) && len(p.f.outs) == 0:
		t, _ := s.as(kShare)
		p.f.share = t.arg
		p.at++
	case s.is(kChange):
		t, _ := s.as(kChange)
		if t.arg != "" {
			p.f.change = semantic.Grain(t.arg)
		}
		p.f.diff = true
		p.at++
	case s.is(kOver):
		p.f.over = true
		p.at++
	case s.is(kNot) && !s.is(kFilter):
		p.not = !p.not
		p.ever = strings.Contains(s.lower, "never")
		p.at++
	case p.not && p.ever && p.next(p.at+1, kFill, kMark) >= len(p.s) && p.never(s):
		p.at++
	default:
		return p.clause(s)
	}
	return true
}

func (p *parser) clause(s piece) bool {
	for _, try := range []func() bool{p.periods, p.grouped, p.top, p.ranked, p.compared, p.numbered, p.valued, p.quantified, p.filtered, p.named} {
		if was := p.at; try() {
			return p.at > was
		}
		if p.f.why != "" {
			return false
		}
	}
	switch {
	case s.is(kJoin):
		p.f.roles = append(p.f.roles, s.all(kJoin)...)
	case s.is(kVerb):
		return p.linking(s)
	case s.is(kWhich):
		if len(p.f.outs)+len(p.f.shown) > 0 && s.lower != "that" {
			return false // another question
		}
		p.which = true
	case s.is(kDistinct):
		p.f.distinct = true
	case s.is(kAsk):
		p.listing = true
	case s.is(kBy) && p.piece(p.next(p.at+1, kFill)).is(kValue):
	case s.is(kFill, kPrep, kHave, kAnd):
	default:
		return false
	}
	p.at++
	return true
}

// linking takes a verb: it says nothing that matters, or something that the
// model speaks of. One that a join is called by says of what the next value is.
// says tells that a verb's stem is in one of the names.
// verbSays tells that the model uses a verb, wherever.
// said tells that a verb's stem is in the names of what the question uses.
// never reads "have never flown": no row by the join whose words hold the
// verb.
// periods reads dates: in March, between 2019 and 2021, before 2013-02-01.
func (p *parser) periods() bool {
	i := p.at
	op := ""
	switch l := p.s[i].lower; {
	case l == "before" || l == "after" || l == "since" || l == "until" || l == "on or after" || l == "on or before" || l == "from" || l == "till" || l == "through" || l == "by":
		op = l
		i++
	case p.s[i].is(kBetween):
		op = "between"
		i++
	case p.s[i].is(kPrep):
		op = "in"
		i++
	}
	i = p.next(i, kFill)
	first, ok := p.period(i, op != "")
	if !ok || op == "by" {
		return false
	}
	i++
	c := condition{period: &first, dated: p.dated()}
	switch j := p.next(i, kFill); {
	case op == "between" || op == "from" || op == "in" && p.piece(j).lower == "to":
		if second, ok := p.period(p.next(j+1, kFill), true); ok && (p.piece(j).is(kAnd) || p.piece(j).lower == "to" || p.piece(j).lower == "until" || p.piece(j).lower == "through") {
			both, ok := first.through(second)
			if !ok {
				p.f.fail("it is not clear which time is meant")
				return false
			}
			c.period, i = &both, p.next(j+1, kFill)+1
		} else if op == "between" {
			return false
		} else if op == "from" {
			c.timeOp = "since"
		}
	case op == "before" || op == "after" || op == "since" || op == "until" || op == "on or after" || op == "on or before" || op == "through" || op == "till":
		c.timeOp = op
	}
	c.not, p.not = p.not, false
	p.f.conds = append(p.f.conds, c)
	p.asking = p.asking && len(p.f.outs) == 0 && len(p.f.shown) == 0
	p.at = i
	return true
}

// period is the one at a piece; a bare year is one after a preposition.
func (p *parser) period(i int, said bool) (period, bool) {
	s := p.piece(i)
	if t, ok := s.as(kPeriod); ok {
		return t.period, true
	}
	if n, ok := s.as(kNumber); ok && said && len(n.arg) == 4 && s.text == n.arg {
		if y, ok := yearOf(lexicon.Token{Lower: n.arg}); ok && !p.piece(i+1).is(kUnit) {
			if j := p.piece(i + 1); j.is(kColumn, kTable, kMeasure) && !j.is(kGrain) {
				return period{}, false
			}
			return days(y, 1, 1, 1, 0, 0, n.arg), true
		}
	}
	return period{}, false
}

// dated is the date column that was named just before.
func (p *parser) dated() *term {
	for i := p.at - 1; i >= 0 && i >= p.at-3; i-- {
		for _, t := range p.s[i].all(kColumn) {
			if !t.weak && p.r.column(t).Class == semantic.Date && !p.s[i].is(kGrain, kTable, kMeasure) {
				return &t
			}
		}
		if !p.s[i].is(kFill, kPrep) {
			break
		}
	}
	return nil
}

// grouped reads by, per, each and what follows.
func (p *parser) grouped() bool {
	s := p.s[p.at]
	if t, ok := s.as(kGrain); ok && strings.HasSuffix(s.lower, "ly") {
		p.f.groups = append(p.f.groups, group{grain: semantic.Grain(t.arg)})
		p.at++
		return true
	}
	if !s.is(kBy, kEach) || s.is(kJoin) {
		return false
	}
	if s.is(kBy) && p.at > 0 && (p.piece(p.at-1).is(kVerb) || strings.HasSuffix(p.piece(p.at-1).lower, "ed") && !p.piece(p.at-1).is(kColumn, kTable, kMeasure)) {
		return false // produced by, which groups nothing
	}
	i := p.next(p.at+1, kFill, kDistinct)
	if s.is(kBy) && (p.f.limit > 0 || p.f.rank != nil && len(p.f.rank.by.columns) == 0 && !p.f.rank.by.aggregated()) {
		if q, n := p.quantity(i); n > 0 && (q.aggregated() || len(q.columns) > 0 && p.anyNumeric(q.columns)) {
			if p.f.rank == nil {
				p.f.rank = &ranking{desc: true}
			}
			p.f.rank.by = q
			p.f.conds = append(p.f.conds, q.conds...)
			p.at = i + n
			return true
		}
	}
	var gs []group
	for {
		g, ok := p.group(i)
		if !ok {
			break
		}
		gs = append(gs, g)
		i++
		j := p.next(i, kAnd, kFill, kBy, kEach)
		if j == i || !slices.ContainsFunc(p.s[i:j], func(s piece) bool { return s.is(kAnd, kBy, kEach) }) {
			break
		}
		if _, ok := p.group(j); !ok || p.piece(j+1).is(kCompare) {
			break
		}
		i = j
	}
	if len(gs) == 0 {
		return false
	}
	p.f.groups = append(p.f.groups, gs...)
	p.asking = p.asking && len(p.f.outs) == 0
	p.at = i
	return true
}

func (p *parser) group(i int) (group, bool) {
	s := p.piece(i)
	if t, ok := s.as(kPart); ok {
		return group{part: semantic.DateUnit(t.arg)}, true
	}
	if t, ok := s.as(kGrain); ok && !s.is(kTable) {
		g := group{grain: semantic.Grain(t.arg)}
		for _, c := range s.all(kColumn) {
			if p.r.column(c).Class != semantic.Date {
				return group{terms: s.all(kColumn)}, true
			}
		}
		return g, true
	}
	g := group{terms: slices.Concat(s.all(kColumn), s.all(kTable), s.all(kJoin))}
	return g, len(g.terms) > 0 && (s.is(kColumn, kTable) || len(s.all(kJoin)) == len(s.terms))
}

// top reads the top 5, 3 airports.
// ranked reads superlatives.
// quantity reads a quantity from piece i; n is how many pieces it takes, 0
// for none. Filters and values inside become conditions.
// totalled passes over "in total".
// count reads how many and what is counted. Conditions may stand before it.
// named tells that a table of the piece is called so itself.
// counts gives the measures of a piece that count.
func (p *parser) filter(s piece) condition {
	t, _ := s.as(kFilter)
	c := condition{filter: t.n + 1, not: p.not, via: -1}
	p.not = false
	return c
}

// quantified reads what is asked for: measures, counts, aggregates.
// later tells that a piece of a kind is still to come.
// much reads how much rain: a measure, or a column's sum.
// filtered reads named filters.
func (p *parser) filtered() bool {
	s := p.s[p.at]
	if !s.is(kFilter) {
		return false
	}
	if s.is(kMeasure, kTable, kColumn) && p.asking && len(p.f.outs) == 0 && !s.is(kFilter) {
		return false
	}
	p.f.conds = append(p.f.conds, p.filter(s))
	p.at++
	return true
}

// named reads columns and tables that stand by themselves.
func (p *parser) named() bool {
	s := p.s[p.at]
	if s.is(kGrain, kPart) && p.which && p.asking && len(p.f.shown) == 0 && !s.is(kTable) && !strings.HasPrefix(s.lower, "date") {
		g, _ := p.group(p.at)
		p.f.shown, p.asking = append(p.f.shown, g), false
		p.at++
		return true
	}
	if !s.is(kColumn, kTable) {
		return false
	}
	if p.not {
		return p.absent(s)
	}
	if p.bool(s) {
		return true
	}
	separate := p.piece(p.at-1).is(kAnd) && len(p.f.shown) > 0 && len(p.f.outs) == 0 && len(p.f.conds) == 0
	if p.asking && len(p.f.outs) == 0 && (len(p.f.shown) == 0 || separate) {
		p.f.shown = append(p.f.shown, group{terms: slices.Concat(s.all(kColumn), s.all(kTable), s.all(kJoin))})
		if s.is(kTable) {
			p.f.mention(p.only(s))
		}
		p.at++
		return true
	}
	if p.asking && separate {
		return false
	}
	if s.is(kTable) {
		p.f.mention(s.all(kTable))
		p.asking = false
		p.at++
		return true
	}
	return p.piece(p.at - 1).is(kJoin) // leaving from an airport
}

// only gives the tables of a piece that is no column.
func (p *parser) only(s piece) []term {
	if s.is(kColumn) {
		return nil
	}
	return s.all(kTable)
}

// bool reads a boolean column as what it says.
func (p *parser) bool(s piece) bool {
	var cs []term
	for _, t := range s.all(kColumn) {
		if p.r.column(t).Class == semantic.Boolean && !t.weak {
			cs = append(cs, t)
		}
	}
	if len(cs) == 0 || p.asking && len(p.f.outs)+len(p.f.shown) == 0 && !p.piece(p.at+1).is(kTable, kMeasure) {
		return false
	}
	p.f.conds = append(p.f.conds, condition{columns: cs, op: semantic.Eq, num: "true", not: p.not, via: -1})
	p.not = false
	p.at++
	return true
}

// absent reads what rows are without: a value, or rows of another table.
func (p *parser) absent(s piece) bool {
	p.not = false
	if s.is(kTable) && (s.is(kVerb) || !s.is(kColumn) || p.r.named(s)) {
		p.f.conds = append(p.f.conds, condition{without: s.all(kTable), via: -1})
	} else {
		for _, t := range s.all(kColumn) {
			if p.r.column(t).Class == semantic.Text && slices.ContainsFunc(p.r.column(t).Values, func(v string) bool { return denials[strings.ToLower(v)] }) {
				return false // no wifi is a value there
			}
		}
		p.f.conds = append(p.f.conds, condition{columns: s.all(kColumn), null: true, via: -1})
	}
	p.at++
	return true
}

// denials are values that say no.
var denials = map[string]bool{"no": true, "n": true, "false": true, "f": true, "none": true, "never": true, "0": true}
