package exact

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

var compareOps = map[string]semantic.CompareOp{"gt": semantic.Gt, "lt": semantic.Lt, "ge": semantic.Ge, "le": semantic.Le, "eq": semantic.Eq, "ne": semantic.Ne}

// amount is a number with its unit.
type amount struct {
	num  string
	unit unit
	text string
}

// amount reads a number and its unit from piece i.
func (p *parser) amount(i int) (a amount, n int) {
	if m := p.piece(i); m.text == "-" || m.text == "−" || m.lower == "minus" {
		if a, n := p.amount(i + 1); n > 0 && !strings.HasPrefix(a.num, "-") {
			a.num, a.text = "-"+a.num, "-"+a.text
			return a, n + 1
		}
		return a, 0
	}
	s := p.piece(i)
	t, ok := s.as(kNumber)
	if !ok {
		return a, 0
	}
	a = amount{num: t.arg, unit: t.unit, text: s.text}
	if u, ok := p.piece(i + 1).as(kUnit); ok {
		a.unit, a.text = u.unit, a.text+" "+p.piece(i+1).text
		return a, 2
	}
	return a, 1
}

// compared reads comparisons with a number: had a delay of more than 60
// minutes, more than 500 miles, longer than the average distance, with more
// than 10 flights.
func (p *parser) compared() bool {
	i := p.at
	var cols []term
	var of *quantity
	if q, n := p.quantity(i); n > 0 && !p.s[i].is(kCount) && len(q.conds) == 0 {
		j := p.next(i+n, kFill, kPrep, kHave)
		if c := p.piece(j); c.is(kCompare, kBetween) && (len(q.columns) > 0 && p.anyNumeric(q.columns) || q.aggregated() && len(q.rows) == 0) && !(p.asking && len(p.f.outs)+len(p.f.shown) == 0) {
			i = j
			if q.aggregated() && len(q.rows) == 0 {
				of = &q
			} else {
				cols = q.columns
			}
		} else if !p.s[i].is(kCompare) {
			return false
		}
	}
	s := p.piece(i)
	switch {
	case s.is(kBetween):
		return p.between(i, cols, of)
	case s.is(kCompare):
		return p.than(i, cols, of)
	}
	return false
}

func (p *parser) between(i int, cols []term, of *quantity) bool {
	lo, n := p.amount(p.next(i+1, kFill))
	if n == 0 {
		return false
	}
	j := p.next(i+1, kFill) + n
	if !p.piece(j).is(kAnd) && p.piece(j).lower != "to" {
		return false
	}
	hi, m := p.amount(p.next(j+1, kFill))
	if m == 0 {
		return false
	}
	j = p.next(j+1, kFill) + m
	if lo.unit.base == "" {
		lo.unit = hi.unit
	}
	if len(cols) == 0 && of == nil {
		if k := p.next(j, kFill, kPrep); p.piece(k).is(kColumn) {
			cols, j = p.piece(k).all(kColumn), k+1
		}
	}
	return p.bound(condition{op: "between", quantity: of, via: -1}, cols, lo, &hi, "", j)
}

// than reads the comparison at piece i.
func (p *parser) than(i int, cols []term, of *quantity) bool {
	t, _ := p.piece(i).as(kCompare)
	arg, idea, _ := strings.Cut(t.arg, ":")
	op := compareOps[arg]
	j := p.next(i+1, kFill)
	if p.piece(j).lower == "than" {
		j = p.next(j+1, kFill)
	}
	if a, ok := p.piece(j).as(kAgg); ok && a.arg == "avg" || p.piece(j).is(kMeasure) && strings.HasPrefix(p.piece(j).lower, "average ") {
		return p.nested(j, op, cols)
	}
	num, n := p.amount(j)
	if n == 0 {
		return false
	}
	j += n
	if suffix := p.piece(j); suffix.is(kCompare) && strings.HasPrefix(suffix.lower, "or ") {
		j++
		t, _ := suffix.as(kCompare)
		op = compareOps[t.arg]
	}
	if len(cols) > 0 && p.piece(j).is(kTable, kMeasure) && !p.piece(j).is(kColumn, kUnit) {
		if !p.s[p.at].is(kVerb) {
			return false
		}
		cols = nil // built more than 100 planes
	}
	if len(cols) == 0 && of == nil {
		k := p.next(j, kFill, kPrep)
		s := p.piece(k)
		if q, n := p.quantity(k); n > 0 && !p.piece(k).is(kCount) && !(s.is(kColumn) && !p.grouping() && !q.aggregated()) {
			if q.aggregated() || p.grouping() && p.anyNumeric(q.columns) {
				p.f.conds = append(p.f.conds, q.conds...)
				return p.bound(condition{op: op, quantity: &q, via: -1}, nil, num, nil, "", k+n)
			}
		}
		if s.is(kColumn) {
			cols, j = s.all(kColumn), k+1
		}
	}
	return p.bound(condition{op: op, quantity: of, via: -1}, cols, num, nil, idea, j)
}

// grouping tells that what is shown stands for many rows each.
func (p *parser) grouping() bool {
	return len(p.f.outs) == 0 && len(p.f.shown) > 0
}

// bound finishes a comparison. Without a column, the unit and the adjective
// say which.
func (p *parser) bound(c condition, cols []term, lo amount, hi *amount, idea string, next int) bool {
	if c.quantity == nil && len(cols) == 0 {
		cols = p.byUnit(lo.unit, idea, next)
		if len(cols) == 0 {
			p.f.fail("it is not clear what is compared with " + lo.text)
			return false
		}
	}
	c.num = lo.num
	if hi != nil {
		c.hi = hi.num
	}
	if c.quantity != nil {
		p.convertQuantity(&c, lo, hi)
	} else {
		cols = p.convertColumns(&c, cols, lo, hi)
	}
	if p.f.why != "" {
		return false
	}
	c.columns = cols
	c.not, p.not = p.not, false
	p.f.conds = append(p.f.conds, c)
	p.asking = p.asking && len(p.f.outs) == 0 && len(p.f.shown) == 0
	p.at = next
	return true
}

// convertColumns keeps the columns whose unit the number can be written in.
func (p *parser) convertColumns(c *condition, cols []term, lo amount, hi *amount) (out []term) {
	for _, t := range cols {
		if !p.r.numeric(t) && p.r.column(t).Class != semantic.Numeric {
			continue
		}
		num, high, ok := converted(lo, hi, p.r.column(t).Unit)
		if !ok || len(out) > 0 && num != c.num {
			continue
		}
		c.num, c.hi = num, high
		out = append(out, t)
	}
	if len(out) == 0 {
		p.f.fail("“" + lo.text + "” is not in a unit of what it is compared with")
	}
	return out
}

func converted(lo amount, hi *amount, unitText string) (num, high string, ok bool) {
	num, ok = lo.num, true
	if hi != nil {
		high = hi.num
	}
	if lo.unit.base == "" {
		return num, high, true
	}
	to, known := unitOf(unitText)
	if !known {
		return num, high, false
	}
	if num, ok = convert(lo.num, lo.unit, to); ok && hi != nil {
		high, ok = convert(hi.num, cmpUnit(hi.unit, lo.unit), to)
	}
	return num, high, ok
}

func cmpUnit(u, other unit) unit {
	if u.base == "" {
		return other
	}
	return u
}

func (p *parser) convertQuantity(c *condition, lo amount, hi *amount) {
	text := ""
	switch q := c.quantity; {
	case len(q.measures) > 0:
		text = p.r.m.Measures[q.measures[0].n].Unit
	case len(q.columns) > 0 && len(q.rows) == 0 && q.op != semantic.Count:
		text = p.r.column(q.columns[0]).Unit
	}
	num, high, ok := converted(lo, hi, text)
	if !ok {
		p.f.fail("“" + lo.text + "” is not in a unit of what it is compared with")
	}
	c.num, c.hi = num, high
}

// byUnit gives the columns of a unit; where there are several, those that the
// adjective, or the words around, speak of.
func (p *parser) byUnit(u unit, idea string, next int) (out []term) {
	if u.base == "" && idea == "" {
		return nil
	}
	near := p.spoken()
	best := 0
	for t := range p.r.m.Tables {
		for c := range p.r.m.Tables[t].Columns {
			x := term{kind: kColumn, table: t, column: c}
			to, ok := unitOf(p.r.column(x).Unit)
			if !p.r.numeric(x) || u.base != "" && (!ok || to.base != u.base) || len(near) > 0 && !slices.Contains(near, t) {
				continue
			}
			score := 1
			if idea != "" {
				if !p.about(x, idea) {
					continue
				}
			} else {
				score += p.overlap(x, next)
			}
			if score > best {
				best, out = score, nil
			}
			if score == best {
				out = append(out, x)
			}
		}
	}
	return out
}

// about tells that a column's names say what an adjective measures.
func (p *parser) about(x term, idea string) bool {
	stem := lexicon.Stem(idea)
	for _, name := range append([]string{p.r.column(x).Name, p.r.column(x).Label}, p.r.column(x).Synonyms...) {
		for _, w := range words(name) {
			if lexicon.Stem(w) == stem || slices.Contains(lexicon.Ideas[idea], w) {
				return true
			}
		}
	}
	return false
}

// overlap counts the verbs and adverbs around a comparison that a column's
// names or description hold: arrived more than 30 minutes late.
func (p *parser) overlap(x term, next int) (n int) {
	c := p.r.column(x)
	has := map[string]bool{}
	for _, name := range append([]string{c.Name, c.Label, c.Description}, c.Synonyms...) {
		for _, w := range words(strings.Trim(name, ".,;")) {
			has[lexicon.Stem(strings.Trim(w, ".,;"))] = true
		}
	}
	if p.verb != "" && has[lexicon.Stem(p.verb)] {
		n++
	}
	if before := p.piece(p.at - 1); before.is(kFilter, kVerb) { // delayed more than an hour
		for _, name := range append([]string{c.Name, c.Label}, c.Synonyms...) {
			if stemmed(words(name)) == stemmed(words(before.lower)) {
				n += 3
			}
		}
	}
	if next < len(p.s) && has[lexicon.Stem(p.s[next].lower)] {
		n++
	}
	return n
}

// spoken are the tables that are named so far.
func (p *parser) spoken() (out []int) {
	for _, q := range p.f.outs {
		for _, t := range q.rows {
			out = append(out, t.table)
		}
		for _, t := range q.measures {
			out = append(out, p.r.tableAt(p.r.m.Measures[t.n].Table))
		}
	}
	for _, t := range p.f.tables {
		out = append(out, t.table)
	}
	for _, g := range p.f.shown {
		for _, t := range g.terms {
			if t.kind != kJoin {
				out = append(out, t.table)
			}
		}
	}
	return out
}

// nested reads than the average distance.
func (p *parser) nested(j int, op semantic.CompareOp, cols []term) bool {
	n := 1
	if s := p.piece(j); s.is(kMeasure) {
		t, _ := s.as(kMeasure)
		a, ok := p.r.m.Measures[t.n].Expr.(semantic.Aggregate)
		ref, isRef := a.Of.(semantic.Ref)
		if !ok || !isRef || a.Op != semantic.Avg || a.Where != nil {
			return false
		}
		if len(cols) == 0 {
			c, ok := p.r.columnAt(ref.Set, ref.Column)
			if !ok {
				return false
			}
			cols = []term{c}
		}
	} else if k := p.next(j+1, kFill, kPrep); len(cols) == 0 {
		cols, n = p.piece(k).all(kColumn), k+1-j
	}
	if len(cols) == 0 {
		return false
	}
	p.f.conds = append(p.f.conds, condition{columns: cols, op: op, nestedOp: semantic.Avg, not: p.not, via: -1})
	p.not = false
	p.at = j + n
	return true
}

// numbered reads numbers beside a column: 2 engines, flight number 15, built
// in 2004.
func (p *parser) numbered() bool {
	i := p.at
	if n, ok := p.s[i].as(kNumber); ok {
		if c := p.piece(i + 1).all(kColumn); len(c) > 0 && p.anyNumeric(c) && (len(p.f.outs)+len(p.f.shown) > 0) {
			return p.bound(condition{op: semantic.Eq, via: -1}, c, amount{num: n.arg, text: p.s[i].text}, nil, "", i+2)
		}
		return false
	}
	cols := p.s[i].all(kColumn)
	if len(cols) == 0 || p.asking && len(p.f.outs)+len(p.f.shown) == 0 {
		return false
	}
	j := p.next(i+1, kFill)
	if p.piece(j).lower == "of" || p.piece(j).is(kPrep) && slices.ContainsFunc(cols, func(t term) bool { return !t.weak && p.r.column(t).Role == semantic.Time }) {
		j = p.next(j+1, kFill)
	}
	if l, ok := p.piece(j).as(kLike); ok {
		return p.like(j, cols, l.arg)
	}
	if p.piece(j+1).is(kTable, kColumn, kMeasure) && !p.piece(j+1).is(kUnit) {
		return false
	}
	if n, m := p.amount(j); m > 0 && slices.ContainsFunc(cols, func(t term) bool { return p.r.column(t).Class == semantic.Numeric }) {
		return p.bound(condition{op: semantic.Eq, via: -1}, cols, n, nil, "", j+m)
	}
	return false
}

// like reads names that contain a text.
func (p *parser) like(j int, cols []term, kind string) bool {
	k := p.next(j+1, kFill)
	s := p.piece(k)
	if !s.is(kText, kValue) {
		return false
	}
	p.f.conds = append(p.f.conds, condition{columns: cols, match: semantic.MatchKind(kind), text: s.text, not: p.not, via: -1})
	p.not = false
	p.at = k + 1
	return true
}

// valued reads values of the data, by themselves or behind what they are of.
func (p *parser) valued() bool {
	i := p.at
	c := condition{via: -1}
	s := p.s[i]
	if s.is(kColumn, kJoin) && !s.is(kValue) || s.is(kJoin) {
		j := i + 1
		for p.piece(j).is(kFill, kPrep, kVerb, kTable) && !p.piece(j).is(kJoin, kValue) {
			j++
		}
		if first := p.asking && len(p.f.outs)+len(p.f.shown) == 0; !(first && s.is(kTable)) && p.piece(j).is(kValue) && (s.is(kJoin) || !(p.asking && len(p.f.outs)+len(p.f.shown) == 0 && p.piece(i+1).is(kPrep))) {
			if cols := p.holding(s.all(kColumn), p.piece(j)); len(cols) > 0 {
				c.columns = cols
			}
			if c.roles = s.all(kJoin); len(c.roles) > 0 || len(c.columns) > 0 {
				p.f.mention(s.all(kTable))
				i = j
			}
		}
	}
	if len(c.roles) == 0 && len(c.columns) == 0 && len(p.verbRoles) > 0 && i == p.at && p.next(p.verbAt, kFill, kPrep) == i {
		c.roles, c.hinted = p.verbRoles, true
	}
	p.verbRoles = nil
	v, ok := p.piece(i).as(kValue)
	if !ok || p.piece(i).is(kMeasure, kCount, kAgg) {
		return false
	}
	c.values = []term{v}
	for i++; i < len(p.s); {
		j := p.next(i, kOr, kAnd, kFill, kPrep)
		if j == i || !slices.ContainsFunc(p.s[i:j], func(s piece) bool { return s.is(kOr, kAnd) }) || slices.ContainsFunc(p.s[i:j], func(s piece) bool { return s.is(kJoin) }) {
			break
		}
		next, ok := p.piece(j).as(kValue)
		if !ok {
			break
		}
		c.both = c.both || !slices.ContainsFunc(p.s[i:j], func(s piece) bool { return s.is(kOr) })
		c.values, i = append(c.values, next), j+1
	}
	c.not, p.not = p.not, false
	p.f.conds = append(p.f.conds, c)
	p.asking = p.asking && len(p.f.outs)+len(p.f.shown) == 0
	p.at = i
	return true
}

// holding keeps the columns that hold a value.
func (p *parser) holding(cols []term, v piece) (out []term) {
	t, _ := v.as(kValue)
	for _, c := range cols {
		if slices.ContainsFunc(t.hits, func(h Hit) bool {
			return strings.EqualFold(h.Table, p.r.table(c).Name) && strings.EqualFold(h.Column, p.r.column(c).Name)
		}) {
			out = append(out, c)
		}
	}
	return out
}
