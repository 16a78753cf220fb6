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
			p.f.unplaced = append(p.f.unplaced, p.s[p.at].text)
			p.f.fail("these words have no place in what was read: " + p.s[p.at].text)
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
func (p *parser) linking(s piece) bool {
	p.verb = s.lower
	p.at++
	last := p.next(p.at, kFill, kMark) >= len(p.s)
	for i := range p.r.m.Joins {
		j := &p.r.m.Joins[i]
		if p.says(s, append([]string{j.Label}, j.Synonyms...)...) {
			p.f.verbs = append(p.f.verbs, term{kind: kJoin, n: i})
			p.verbRoles, p.verbAt = append(p.verbRoles, term{kind: kJoin, n: i}), p.at
		}
	}
	switch {
	case bland[s.lower] || !p.verbSays(s):
		return bland[s.lower]
	case last:
		return len(p.f.verbs) > 0 || p.said(s)
	}
	return true
}

// says tells that a verb's stem is in one of the names.
func (p *parser) says(s piece, names ...string) bool {
	stem := stemmed(fixed([]string{lexicon.Lemma(s.lower)}))
	return slices.ContainsFunc(names, func(n string) bool {
		return slices.ContainsFunc(words(n), func(w string) bool {
			return len(w) > 1 && stemmed(fixed([]string{strings.Trim(w, ",;.")})) == stem
		})
	})
}

// verbSays tells that the model uses a verb, wherever.
func (p *parser) verbSays(s piece) bool {
	m := p.r.m
	for i := range m.Tables {
		t := &m.Tables[i]
		if p.says(s, append([]string{t.Name, t.Label, t.Description}, t.Synonyms...)...) {
			return true
		}
		for j := range t.Columns {
			if c := &t.Columns[j]; p.says(s, append([]string{c.Name, c.Label, c.Description}, c.Synonyms...)...) {
				return true
			}
		}
	}
	return len(p.f.verbs) > 0 && slices.ContainsFunc(p.f.verbs, func(v term) bool {
		return p.says(s, append([]string{m.Joins[v.n].Label}, m.Joins[v.n].Synonyms...)...)
	})
}

// bland verbs hold of every row there is.
var bland = map[string]bool{"made": true, "recorded": true, "observed": true, "measured": true, "reported": true, "registered": true, "happen": true, "happened": true, "occur": true,
	"occurred": true, "take place": true, "took place": true, "seen": true, "have": true, "go": true, "went": true, "fell": true, "fall": true, "got": true, "get": true, "been": true, "exist": true, "exists": true}

// said tells that a verb's stem is in the names of what the question uses.
func (p *parser) said(s piece) bool {
	stem := lexicon.Stem(s.lower)
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool {
			return slices.ContainsFunc(words(n), func(w string) bool { return lexicon.Stem(w) == stem })
		})
	}
	for _, g := range slices.Concat(p.f.groups, p.f.shown) {
		for _, t := range g.terms {
			if t.kind == kColumn && has(append([]string{p.r.column(t).Name}, p.r.column(t).Synonyms...)...) {
				return true
			}
		}
	}
	return false
}

// never reads "have never flown": no row by the join whose words hold the
// verb.
func (p *parser) never(s piece) bool {
	stem := lexicon.Stem(s.lower)
	for i := range p.r.m.Joins {
		j := &p.r.m.Joins[i]
		if !slices.Contains(p.spoken(), p.r.tableAt(j.To)) {
			continue
		}
		for _, name := range append([]string{j.Label}, j.Synonyms...) {
			if slices.ContainsFunc(words(name), func(w string) bool { return lexicon.Stem(w) == stem }) {
				p.f.conds = append(p.f.conds, condition{without: []term{{kind: kTable, table: p.r.tableAt(j.From), column: -1}}, via: i})
				p.not = false
				return true
			}
		}
	}
	return false
}

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
func (p *parser) top() bool {
	i := p.at
	said := p.s[i].is(kTop) || p.s[i].lower == "top" || p.s[i].lower == "first" || p.s[i].lower == "bottom"
	low := p.s[i].lower == "bottom"
	if said {
		i = p.next(i+1, kFill)
	}
	n, ok := p.piece(i).as(kNumber)
	count := number(n.arg)
	if !ok || count <= 0 || !p.asking || len(p.f.outs) > 0 || len(p.f.shown) > 0 {
		return false
	}
	j := i + 1
	next := p.piece(p.next(j, kFill))
	if next.is(kUnit) && !(p.which && next.is(kGrain)) || !next.is(kColumn, kTable, kSuper, kMeasure, kGrain, kFilter, kJoin) {
		return false
	}
	p.f.limit = count
	if said {
		p.f.rank = &ranking{desc: !low}
	}
	p.at = j
	return true
}

func number(s string) int {
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' || n > 1e6 {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// ranked reads superlatives.
func (p *parser) ranked() bool {
	s := p.s[p.at]
	if s.is(kMeasure) && p.f.limit == 0 {
		return false
	}
	t, ok := s.as(kMost)
	if !ok {
		t, ok = s.as(kSuper)
	}
	if !ok {
		return false
	}
	op, idea, _ := strings.Cut(t.arg, ":")
	desc := op == "max"
	i := p.next(p.at+1, kFill)
	q, n := p.quantity(i)
	if !s.is(kMost) && len(q.rows) > 0 { // the cheapest product is no count of them
		q, n = quantity{}, 0
	}
	entity := len(p.f.shown) > 0 || p.which && !p.asking
	switch {
	case n > 0 && entity && (q.aggregated() || p.anyNumeric(q.columns) || p.anyDate(q.columns)):
		p.f.rank = &ranking{by: q, desc: desc, most: s.is(kMost)}
		p.f.conds = append(p.f.conds, q.conds...)
	case n > 0 && !entity && !s.is(kMost) && len(q.columns) > 0 && !q.aggregated() && (p.anyNumeric(q.columns) || p.anyDate(q.columns)):
		if p.f.limit > 1 {
			p.f.shown = append(p.f.shown, group{terms: q.columns})
			p.f.rank = &ranking{by: q, desc: desc}
		} else {
			q.op = map[bool]semantic.AggOp{true: semantic.Max, false: semantic.Min}[desc]
			p.f.outs = append(p.f.outs, q)
		}
		p.asking = false
	case entity && n == 0 && p.f.rank == nil:
		p.f.rank, i = &ranking{desc: desc, idea: ideaOf(s.lower, idea)}, p.at+1
	case !entity && p.asking && (p.piece(i).is(kTable, kGrain)) && !s.is(kMost):
		p.f.rank, n = &ranking{desc: desc, idea: ideaOf(s.lower, idea)}, 0
	default:
		return false
	}
	p.at = i + n
	return true
}

func ideaOf(word, idea string) string {
	if idea != "" {
		return idea
	}
	switch word {
	case "highest":
		return "high"
	case "lowest":
		return "high"
	case "biggest", "largest", "smallest":
		return "big"
	}
	return word
}

func (p *parser) anyNumeric(ts []term) bool {
	return slices.ContainsFunc(ts, func(t term) bool { return t.kind == kColumn && p.r.numeric(t) })
}

func (p *parser) anyDate(ts []term) bool {
	return slices.ContainsFunc(ts, func(t term) bool { return t.kind == kColumn && p.r.column(t).Class == semantic.Date })
}

// quantity reads a quantity from piece i; n is how many pieces it takes, 0
// for none. Filters and values inside become conditions.
func (p *parser) quantity(i int) (q quantity, n int) {
	from := i
	s := p.piece(i)
	if m := s.all(kMeasure); len(m) > 0 && !p.piece(i).is(kValue) {
		return quantity{measures: m}, p.totalled(i+1) - from
	}
	if s.is(kCount) {
		return p.count(i)
	}
	if a, ok := s.as(kAgg); ok && a.arg != "much" {
		j := p.next(i+1, kFill, kPrep)
		if m := p.piece(j).all(kMeasure); len(m) > 0 && len(p.piece(j).all(kColumn)) == 0 {
			if a.arg == "sum" {
				return quantity{measures: m}, j + 1 - from
			}
			return q, 0
		}
		if c := p.piece(j); c.is(kColumn) {
			return quantity{op: semantic.AggOp(a.arg), columns: c.all(kColumn)}, j + 1 - from
		}
		if c := p.piece(j); c.is(kCount) && a.arg == "sum" {
			return p.count(j)
		}
		return q, 0
	}
	if c := s.all(kColumn); len(c) > 0 && !s.is(kTable) {
		q = quantity{columns: c}
		if j := p.totalled(i + 1); j > i+1 {
			q.op = semantic.Sum
			return q, j - from
		}
		return q, 1
	}
	if s.is(kTable) {
		return quantity{rows: s.all(kTable), columns: s.all(kColumn)}, 1
	}
	return q, 0
}

// totalled passes over "in total".
func (p *parser) totalled(i int) int {
	if a, ok := p.piece(i).as(kAgg); ok && a.arg == "sum" && strings.HasPrefix(p.piece(i).lower, "in ") {
		return i + 1
	}
	return i
}

// count reads how many and what is counted. Conditions may stand before it.
func (p *parser) count(i int) (q quantity, n int) {
	from := i
	for i++; i < len(p.s); i++ {
		s := p.s[i]
		n := i + 1 - from
		switch {
		case s.is(kDistinct):
			q.distinct = true
			continue
		case s.is(kMeasure) && !q.distinct && len(p.counts(s)) > 0:
			if t := s.all(kTable); len(t) > 0 {
				return quantity{rows: t, conds: q.conds}, n
			}
			return quantity{measures: p.counts(s), conds: q.conds}, n
		case s.is(kFilter) && !s.is(kTable):
			t, _ := s.as(kFilter)
			q.conds = append(q.conds, condition{filter: t.n + 1, via: -1})
			continue
		case s.is(kTable) && !(q.distinct && s.is(kColumn) && !p.r.named(s)):
			return quantity{rows: s.all(kTable), conds: q.conds}, n
		case s.is(kColumn) && !s.is(kGrain) && !p.anyNumeric(s.all(kColumn)): // a number of points may be a count or a sum
			return quantity{columns: s.all(kColumn), op: semantic.Count, distinct: true, conds: q.conds}, n
		case s.is(kValue):
			q.conds = append(q.conds, condition{values: s.all(kValue), via: -1})
			continue
		case s.is(kFill, kPrep):
			continue
		}
		break
	}
	return quantity{}, 0
}

// named tells that a table of the piece is called so itself.
func (r *Reader) named(s piece) bool {
	return slices.ContainsFunc(s.all(kTable), func(t term) bool {
		return strings.Join(words(r.table(t).Name), " ") == strings.Join(words(s.lower), " ")
	})
}

// counts gives the measures of a piece that count.
func (p *parser) counts(s piece) (out []term) {
	for _, t := range s.all(kMeasure) {
		if a, ok := p.r.m.Measures[t.n].Expr.(semantic.Aggregate); ok && a.Op == semantic.Count {
			out = append(out, t)
		}
	}
	return out
}

func (p *parser) filter(s piece) condition {
	t, _ := s.as(kFilter)
	c := condition{filter: t.n + 1, not: p.not, via: -1}
	p.not = false
	return c
}

// quantified reads what is asked for: measures, counts, aggregates.
func (p *parser) quantified() bool {
	s := p.s[p.at]
	if a, ok := s.as(kAgg); ok && strings.HasPrefix(s.lower, "in ") && len(p.f.outs) > 0 && a.arg == "sum" {
		p.at++
		return true
	}
	if a, ok := s.as(kAgg); ok && a.arg == "much" {
		return p.much()
	}
	if !s.is(kMeasure, kCount, kAgg) && !(p.f.share != "" && len(p.f.outs) == 0 && s.is(kTable)) || p.not {
		return false
	}
	if s.is(kMeasure) && s.is(kTable, kColumn, kFilter) && !p.asking {
		return false
	}
	if s.is(kMeasure) && s.is(kTable) && p.f.share == "" && (p.which || p.listing || p.f.rank != nil || p.f.limit > 0) && !p.later(kBy, kEach, kOver, kChange) {
		return false // which planes, and not how many
	}
	if before := p.piece(p.at - 1); s.is(kCount) && before.is(kColumn, kTable) && !before.is(kAnd) {
		return false // the phone number of
	}
	q, n := p.quantity(p.at)
	if n == 0 || !q.aggregated() {
		return false
	}
	if !p.asking && len(p.f.outs) > 0 && !p.piece(p.at-1).is(kAnd) {
		return false
	}
	if p.which && len(p.f.outs) == 0 && len(p.f.shown) > 0 && !p.piece(p.at-1).is(kAnd) {
		return false
	}
	if len(p.f.shown) > 0 && len(p.f.outs) == 0 && s.is(kMeasure) && s.is(kTable) {
		return false
	}
	p.f.outs, p.f.conds = append(p.f.outs, q), append(p.f.conds, q.conds...)
	p.at += n
	for { // the average temperature and humidity
		j := p.at
		if !p.piece(j).is(kAnd) || q.op == "" || q.op == semantic.Count {
			break
		}
		j = p.next(j+1, kFill)
		c := p.piece(j).all(kColumn)
		if len(c) == 0 || !p.anyNumeric(c) || p.piece(j+1).is(kCompare) {
			break
		}
		p.f.outs = append(p.f.outs, quantity{op: q.op, columns: c})
		p.at = j + 1
	}
	p.asking = false
	return true
}

// later tells that a piece of a kind is still to come.
func (p *parser) later(ks ...kind) bool {
	return slices.ContainsFunc(p.s[p.at:], func(s piece) bool { return s.is(ks...) })
}

// much reads how much rain: a measure, or a column's sum.
func (p *parser) much() bool {
	j := p.next(p.at+1, kFill, kPrep)
	s := p.piece(j)
	if m := s.all(kMeasure); len(m) > 0 {
		p.f.outs = append(p.f.outs, quantity{measures: m})
	} else if c := s.all(kColumn); len(c) > 0 && p.anyNumeric(c) {
		p.f.outs = append(p.f.outs, quantity{op: semantic.Sum, columns: c})
	} else {
		return false
	}
	p.at, p.asking = j+1, false
	return true
}

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
			if slices.ContainsFunc(p.r.column(t).Values, func(v string) bool { return denials[strings.ToLower(v)] }) {
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
