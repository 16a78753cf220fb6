package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

func columnCompare(ps *parse, m []item) ([]item, bool) {
	cmp, _ := first(m, ">")
	num, _ := first(m, "N")
	col, _ := first(m, "CT")
	op, idea := compareOp(cmp.arg)
	s := columnOf(col, orderable)
	if s == nil || col.kind == kTable && col.tabs[0].score >= s.opts[0].score {
		return nil, false
	}
	if w := strings.ToLower(num.text); w == "once" || w == "twice" || w == "thrice" {
		return nil, false
	}
	if !slices.ContainsFunc(s.opts, func(o cand) bool {
		c := ps.p.index.column(o.ref)
		return o.score >= s.opts[0].score-0.3 && (c.Class != semantic.Text || c.NumericText)
	}) {
		return nil, false // no text is above a number
	}
	if idea == "time" && len(only(m, "pv")) > 0 && !ps.p.index.isMoment(s.opts[0].ref) && !ps.p.index.isYear(s.opts[0].ref) {
		return nil, false // the highest gross in 2000 or before
	}
	if role := ps.p.index.column(s.opts[0].ref).Role; idea == "time" && year(num.arg) && (role == semantic.Key || role == semantic.Foreign) && !ps.p.index.isMoment(s.opts[0].ref) {
		return nil, false // those that were a host city after 2010
	}
	if s.opts[0].score < 0.7 && ps.p.index.column(s.opts[0].ref).Role == semantic.Key {
		return nil, false // a plant below 30 is none with a key below
	}
	if a := ps.after(); (a == kTable || a == kColumn) && (len(only(m, "w")) > 0 || a == kColumn && col.kind == kTable && ps.items[ps.hi].start == num.end) {
		return nil, false // rooms with more than 50 places
	}
	if idea == "age" && !strings.Contains(strings.ToLower(col.text), "age") {
		return nil, false
	}
	f := one(kPred, &pred{kind: compare, slot: s, op: op, values: []string{num.arg}, neg: hasNot(m), at: m[0].start}, m)
	if col.kind == kTable && ps.before() == byte(lexicon.Count) {
		return append([]item{col}, f...), true // how many budgets are above 3000
	}
	return f, true
}

func columnBetween(ps *parse, m []item) ([]item, bool) {
	col, _ := first(m, "CT")
	s := columnOf(col, orderable)
	n := only(m, "N")
	if s == nil || len(n) != 2 {
		return nil, false
	}
	return one(kPred, &pred{kind: between, slot: s, values: []string{n[0].arg, n[1].arg}, neg: hasNot(m), at: m[0].start}, m), true
}

// columnFromTo: aged 20 to 25; salary from 1000 to 2000.
func columnFromTo(ps *parse, m []item) ([]item, bool) {
	to := m[len(m)-2]
	if w := strings.ToLower(to.text); w != "to" && w != "until" && w != "through" || ps.after() == kTable || ps.after() == kColumn {
		return nil, false
	}
	col, _ := first(m, "CT")
	if s := columnOf(col, orderable); s == nil || !ps.p.index.isNumber(s.opts[0].ref) && !ps.p.index.isMoment(s.opts[0].ref) || col.kind == kTable {
		return nil, false
	}
	return columnBetween(ps, m)
}

// ageIs: who are 18 years old.
func ageIs(ps *parse, m []item) ([]item, bool) {
	c, n := m[len(m)-1], m[len(m)-2]
	s := columnOf(c, number)
	if s == nil || !strings.HasPrefix(strings.ToLower(c.text), "year") || !ps.p.index.isNumber(s.opts[0].ref) || c.end < c.start+2 {
		return nil, false
	}
	out := one(kPred, &pred{kind: compare, op: semantic.Eq, slot: s, values: []string{n.arg}, at: n.start}, m[len(m)-2:])
	return append(m[:len(m)-2:len(m)-2], out...), true
}

// reaching are verbs of a number that comes up to another.
var reaching = map[string]bool{"reach": true, "hit": true, "attain": true}

// reachCompare: the temperature reached 80.
func reachCompare(ps *parse, m []item) ([]item, bool) {
	v, n := m[len(m)-2], m[len(m)-1]
	s := columnOf(m[0], number)
	if s == nil || m[0].kind == kTable || !reaching[lexicon.Stem(strings.ToLower(v.text))] || !ps.p.index.isNumber(s.opts[0].ref) {
		return nil, false
	}
	return one(kPred, &pred{kind: compare, slot: s, op: semantic.Ge, values: []string{n.arg}, neg: hasNot(m), at: m[0].start}, m), true
}

// rowsTimes: booked for 3 times.
func rowsTimes(ps *parse, m []item) ([]item, bool) {
	n := atoi(m[len(m)-2].arg)
	if n < 1 || len(only(ps.items[:ps.lo], "CTK")) == 0 {
		return nil, false
	}
	return one(kPred, &pred{kind: compare, rows: true, op: semantic.Eq, count: n, at: m[0].start}, m), true
}

// rowsCompare: more than 2 orders; 3 times or more.
func rowsCompare(ps *parse, m []item) ([]item, bool) {
	cmp, _ := first(m, ">")
	num, _ := first(m, "N")
	op, idea := compareOp(cmp.arg)
	p := &pred{kind: compare, rows: true, op: op, count: atoi(num.arg), at: m[0].start}
	if a := ps.after(); m[0].kind == '#' && (a == kColumn || a == kTable) {
		return nil, false
	}
	if p.count < 0 || idea != "" {
		return nil, false
	}
	if w, ok := first(m, "t"); ok && rowWord[strings.ToLower(w.text)] { // parties with 2 records: of their own
		for _, it := range ps.items[:ps.lo] {
			if it.kind == kTable {
				p.slot = tableOf(it)
			}
		}
	}
	if t, ok := first(m, "T"); ok {
		if s := ps.tally(t); s != nil {
			return one(kPred, &pred{kind: compare, slot: s, op: op, values: []string{num.arg}, at: m[0].start}, m), true
		}
		if p.slot = tableOf(t); p.slot == nil {
			return nil, false
		}
		if c := columnOf(t, orderable); c != nil && c.opts[0].score > p.slot.opts[0].score-0.15 && ps.p.index.isNumber(c.opts[0].ref) {
			return nil, false
		}
	}
	return one(kPred, p, m), true
}

// ideaCompare: older than 30, before 1990.
func ideaCompare(ps *parse, m []item) ([]item, bool) {
	cmp, _ := first(m, ">")
	num, _ := first(m, "N")
	op, idea := compareOp(cmp.arg)
	if idea == "" {
		return nil, false
	}
	if inner, ok := strings.CutPrefix(strings.ToLower(cmp.text), "or "); ok && m[0].kind == '>' && cmp.arg != "" { // or after 2010
		ph, _ := lexicon.Lookup(inner)
		cmp.arg, cmp.text = ph.Arg, inner
		f, ok := ideaCompare(ps, []item{cmp, num})
		return append([]item{{kind: byte(lexicon.Or), text: "or", start: cmp.start, end: cmp.start}}, f...), ok
	}
	s := ps.ideaSlot(idea, cmp)
	if n := ps.lo - 2; n >= 0 && idea == "time" && strings.IndexByte("|&", ps.items[n+1].kind) >= 0 && ps.items[n].kind == kPred { // took office after 1961 or before 1959
		if p := ps.items[n].node.(*pred); p.kind == compare && !p.rows && !p.slot.soft && p.op != semantic.Eq && year(p.values[0]) && year(num.arg) {
			return one(kPred, &pred{kind: compare, slot: p.slot, op: op, values: []string{num.arg}, at: m[0].start}, m), true
		}
	}
	if s == nil {
		return nil, false
	}
	if idea == "time" {
		s.want = moment
		ps.nearVerb(s)
	}
	if idea == "age" {
		s.opts = slices.DeleteFunc(s.opts, func(c cand) bool { return s.flip[c.ref] })
	}
	return one(kPred, &pred{kind: compare, slot: s, op: op, values: []string{num.arg}, at: m[0].start}, m), true
}

// timesCompare: at least twice, only once.
func timesCompare(ps *parse, m []item) ([]item, bool) {
	op, idea := compareOp(m[0].arg)
	if w := strings.ToLower(m[1].text); w != "once" && w != "twice" && w != "thrice" || idea != "" {
		return nil, false
	}
	return one(kPred, &pred{kind: compare, rows: true, op: op, count: atoi(m[1].arg), at: m[0].start}, m), true
}

// bareAge: learners under 20. Where no column is named, such a number is an
// age.
func bareAge(ps *parse, m []item) ([]item, bool) {
	op, idea := compareOp(m[0].arg)
	n := atoi(m[1].arg)
	if a := ps.after(); idea != "" || n < 1 || n > 120 || !ageBound[strings.ToLower(m[0].text)] || a == kTable || a == kColumn || a == byte(lexicon.Times) || strings.IndexByte("T&wbF", ps.before()) < 0 {
		return nil, false
	}
	s := ps.ideaSlot("age", m[0])
	if s == nil {
		return nil, false
	}
	s.opts = slices.DeleteFunc(s.opts, func(c cand) bool { return s.flip[c.ref] || c.score < 0.7 })
	return one(kPred, &pred{kind: compare, slot: s, op: op, values: []string{m[1].arg}, at: m[0].start}, m), len(s.opts) > 0
}

var ageBound = map[string]bool{"under": true, "over": true, "above": true, "below": true}

// verbIdeas are what some verbs measure: who earn below 6000.
var verbIdeas = map[string]string{"earn": "pay", "mak": "pay", "paid": "pay", "pay": "pay", "get": "pay", "cost": "price", "weigh": "weight", "last": "length"}

func verbCompare(ps *parse, m []item) ([]item, bool) {
	idea, ok := verbIdeas[lexicon.Stem(strings.ToLower(m[0].text))]
	op, other := compareOp(m[1].arg)
	if a := ps.after(); !ok || other != "" || a == kTable || a == kColumn {
		return nil, false
	}
	s := ps.ideaSlot(idea, m[0])
	if s == nil {
		return nil, false
	}
	return one(kPred, &pred{kind: compare, slot: s, op: op, values: []string{m[len(m)-1].arg}, at: m[0].start}, m), true
}

// holding are verbs of what has room.
var holding = func() map[string]bool {
	m := map[string]bool{}
	for v := range strings.FieldsSeq("accommodate accomodate hold sit seat fit house carry sleep") {
		m[lexicon.Stem(v)] = true
	}
	return m
}()

// holdsCompare: rooms that can accommodate more than 2 people.
func holdsCompare(ps *parse, m []item) ([]item, bool) {
	s := ps.holds(m[0], m[len(m)-1])
	op, idea := compareOp(m[1].arg)
	if s == nil || idea != "" || len(m) == 3 && (ps.after() == kTable || ps.after() == kColumn) {
		return nil, false
	}
	return one(kPred, &pred{kind: compare, slot: s, op: op, values: []string{m[2].arg}, at: m[0].start}, m), true
}

// hasRows tells a table of which those named before have several rows: the
// hall that held the most showings, not the one with room for them.
func (ps *parse) hasRows(what item) bool {
	return what.kind == kTable && slices.ContainsFunc(ps.items[:ps.lo], func(it item) bool {
		return it.kind == kTable && slices.ContainsFunc(ps.p.index.edges[it.tabs[0].table], func(e edge) bool { return e.many && e.to == what.tabs[0].table })
	})
}

// holdsBetween: rooms which can seat between 50 and 100 students.
func holdsBetween(ps *parse, m []item) ([]item, bool) {
	n := only(m, "N")
	s := ps.holds(m[0], m[len(m)-1])
	if s == nil {
		return nil, false
	}
	return one(kPred, &pred{kind: between, slot: s, values: []string{n[0].arg, n[1].arg}, at: m[0].start}, m), true
}

// holdsMost: the room that can accommodate the most people.
func holdsMost(ps *parse, m []item) ([]item, bool) {
	s := ps.holds(m[0], m[2])
	desc, idea := direction(m[1].arg)
	if s == nil || idea != "" {
		return nil, false
	}
	return one(kSuper, &super{slot: s, desc: desc, n: 1, at: m[0].start}, m), true
}

// holds gives the columns that say how many there is room for: of the table
// before, where what is held is no table of its own.
func (ps *parse) holds(verb, what item) *slot {
	if !holding[lexicon.Stem(strings.ToLower(verb.text))] || what.kind == kUnknown && !people[lexicon.Lemma(strings.ToLower(what.text))] && !ps.p.index.vocabulary[lexicon.Lemma(strings.ToLower(what.text))] {
		return nil
	}
	if what.kind == kTable && ps.rowsBeside(what.tabs[0].table) {
		return nil // the hall that held the most concerts
	}
	s := ps.ideaSlot("capacity", verb)
	if s == nil || ps.hasRows(what) {
		return nil
	}
	s.opts = slices.DeleteFunc(s.opts, func(c cand) bool {
		return c.score < 0.4 || !ps.p.index.isNumber(c.ref) || !slices.ContainsFunc(ps.items[:ps.lo], func(it item) bool {
			return slices.ContainsFunc(it.tabs, func(t cand) bool { return t.table == c.table && t.score > 0.7 })
		})
	})
	if len(s.opts) == 0 {
		return nil
	}
	return s
}

func ideaBetween(ps *parse, m []item) ([]item, bool) {
	n := only(m, "N")
	whole := lexicon.IsDate(n[0].arg) && lexicon.IsDate(n[1].arg)
	if !whole && (!dated(n[0].arg) || !dated(n[1].arg)) {
		return nil, false
	}
	s := &slot{text: n[0].text, at: n[0].start, want: moment, soft: true}
	ps.dates(s)
	return one(kPred, &pred{kind: between, slot: s, values: []string{n[0].arg, n[1].arg}, at: m[0].start}, m), true
}

// nearVerb prefers the date that the verb before names: opened in 2014, by
// the opening year.
func (ps *parse) nearVerb(s *slot) {
	for i := ps.lo - 1; i >= 0 && i >= ps.lo-2; i-- {
		if ps.items[i].kind != byte(lexicon.Verb) {
			continue
		}
		for _, c := range ps.p.index.find([]string{lexicon.Lemma(strings.ToLower(ps.items[i].text))}) {
			for k := range s.opts {
				if s.opts[k].ref == c.ref {
					s.opts[k].score += 0.35
				}
			}
		}
	}
}

// dated tells a year or a month of one.
func dated(s string) bool { return year(s) || monthly(s) }

func year(s string) bool { return len(s) == 4 && (s[0] == '1' || s[0] == '2') && atoi(s) > 0 }

// sameColumn: above 100 or below 50.
func sameColumn(ps *parse, m []item) ([]item, bool) {
	p := m[0].node.(*pred)
	cmp, _ := first(m, ">")
	num, _ := first(m, "N")
	op, idea := compareOp(cmp.arg)
	_, or := first(m, "|")
	if inner, ok := strings.CutPrefix(strings.ToLower(cmp.text), "or "); ok {
		ph, _ := lexicon.Lookup(inner)
		op, idea = compareOp(ph.Arg)
		or = true
	} else if m[1].kind == '>' {
		return nil, false
	}
	if p.kind != compare || p.rows || idea != "" {
		return nil, false
	}
	q := &pred{kind: compare, slot: p.slot, op: op, values: []string{num.arg}, at: cmp.start}
	if or {
		p.or = append(p.or, q)
		return one(kPred, p, m), true
	}
	return append(m[:1:1], one(kPred, q, m[1:])...), true
}

// rowsExactly: with two owners.
func rowsExactly(ps *parse, m []item) ([]item, bool) {
	if a := ps.after(); a == 's' || a == 'h' || a == kSuper {
		return nil, false
	}
	t := tableOf(m[2])
	n := atoi(m[1].arg)
	if t == nil || n < 0 || t.opts[0].score < 0.7 {
		return nil, false
	}
	if s := ps.tally(m[2]); s != nil {
		return one(kPred, &pred{kind: compare, slot: s, op: semantic.Eq, values: []string{m[1].arg}, at: m[0].start}, m), true
	}
	out := one(kPred, &pred{kind: compare, rows: true, op: semantic.Eq, count: n, slot: t, at: m[0].start}, m)
	if m[0].kind == byte(lexicon.Or) { // or one engine
		out = append(m[:1:1], out...)
	}
	return out, true
}

// ofAnother: a band above 40 and a band below 30.
func ofAnother(ps *parse, m []item) ([]item, bool) {
	p := m[0].node.(*pred)
	cmp, _ := first(m, ">")
	num, _ := first(m, "N")
	op, idea := compareOp(cmp.arg)
	if a := ps.after(); p.kind != compare || p.rows || p.slot == nil || idea != "" || a == kTable || a == kColumn {
		return nil, false
	}
	q := &pred{kind: compare, slot: p.slot, op: op, values: []string{num.arg}, at: cmp.start}
	out := slices.Clone(m[:len(m)-2])
	return append(slices.DeleteFunc(out, func(it item) bool { return it.kind == kTable }), one(kPred, q, m[len(m)-2:])...), true
}

// tally is the column that says how many of something there are: the number
// of customers of a bank. It is of a table that was named before.
func (ps *parse) tally(it item) *slot {
	s := &slot{text: "number of " + it.text, at: it.start, want: number}
	for _, c := range ps.p.index.find([]string{"number", "of", lexicon.Lemma(strings.ToLower(it.text))}) {
		if c.column < 0 || c.score < 0.9 || !ps.p.index.isNumber(c.ref) {
			continue
		}
		if slices.ContainsFunc(ps.items[:ps.lo], func(o item) bool {
			return slices.ContainsFunc(o.tabs, func(t cand) bool { return t.table == c.table && t.score > 0.7 })
		}) {
			s.opts = append(s.opts, c)
		}
	}
	if len(s.opts) == 0 {
		return nil
	}
	return s
}

// rowsBetween: between 2 and 4 employees.
func rowsBetween(ps *parse, m []item) ([]item, bool) {
	n := only(m, "N")
	t := tableOf(m[len(m)-1])
	lo, hi := atoi(n[0].arg), atoi(n[1].arg)
	if t == nil || lo < 0 || hi < lo || year(n[0].arg) {
		return nil, false
	}
	least := &pred{kind: compare, rows: true, op: semantic.Ge, count: lo, slot: t, at: m[0].start}
	most := &pred{kind: compare, rows: true, op: semantic.Le, count: hi, slot: t, at: m[0].start}
	return append(one(kPred, least, m), one(kPred, most, m)...), true
}

// numberOf: with 7 beds, where a column says how many.
func numberOf(ps *parse, m []item) ([]item, bool) {
	s := columnOf(m[2], number)
	if s == nil || !ps.p.index.isNumber(s.opts[0].ref) || s.opts[0].score < 0.7 {
		return nil, false
	}
	return one(kPred, &pred{kind: compare, op: semantic.Eq, slot: s, values: []string{m[1].arg}, at: m[0].start}, m), true
}

// orBeyond: in 2001 or before.
func orBeyond(ps *parse, m []item) ([]item, bool) {
	p := m[0].node.(*pred)
	op, _ := compareOp(m[1].arg)
	single := p.kind == compare && p.op == semantic.Eq || p.kind == among && len(p.values) == 1
	if !strings.HasPrefix(strings.ToLower(m[1].text), "or ") || !single || p.rows || len(p.or) > 0 {
		return nil, false
	}
	p.kind, p.op = compare, op
	p.slot.hits = nil
	return one(kPred, p, m), true
}

// andYear: spring 2010.
func andYear(ps *parse, m []item) ([]item, bool) {
	out, ok := inYear(ps, []item{m[1], m[1]})
	if !ok || m[0].end != m[1].start {
		return nil, false
	}
	return append(m[:1:1], out...), true
}

// orNumber: in 2014 or 2015; with id 3 or 4.
func orNumber(ps *parse, m []item) ([]item, bool) {
	p := m[0].node.(*pred)
	n := m[len(m)-1]
	if p.rows || p.neg || !(p.kind == compare && p.op == semantic.Eq || p.kind == among && !p.both) {
		return nil, false
	}
	if p.kind == among && !ps.p.index.isKeyish(p.slot.opts[0].ref) {
		return nil, false
	}
	p.or = append(p.or, &pred{kind: compare, op: semantic.Eq, slot: p.slot, values: []string{n.arg}, at: n.start})
	return one(kPred, p, m), true
}

// aggregateCompare: with an average price above 10.
func aggregateCompare(ps *parse, m []item) ([]item, bool) {
	agg, _ := first(m, "a")
	cmp, _ := first(m, ">")
	num, _ := first(m, "N")
	col, _ := first(m, "CT")
	op, idea := compareOp(cmp.arg)
	s := columnOf(col, number)
	if s == nil || idea != "" || !ps.p.index.isNumber(s.opts[0].ref) {
		return nil, false
	}
	return one(kPred, &pred{kind: compare, slot: s, agg: aggOp(agg.arg), op: op, values: []string{num.arg}, at: m[0].start, rows: true}, m), true
}

// bothYears: in both 2009 and 2010.
func bothYears(ps *parse, m []item) ([]item, bool) {
	if m[0].kind == byte(lexicon.Both) { // both in 1999 and in 2000
		m = slices.Insert(slices.Clone(m), 0, m[0])
	}
	one, ok := inYear(ps, []item{m[0], m[2]})
	two, ok2 := inYear(ps, []item{m[0], m[4]})
	return slices.Concat(one, []item{m[3]}, two), ok && ok2
}

// inYear: in 2014.
func inYear(ps *parse, m []item) ([]item, bool) {
	if a := ps.after(); !dated(m[1].arg) || a == kTable || a == kColumn {
		return nil, false
	}
	s := &slot{text: m[1].text, at: m[1].start, want: moment, soft: true}
	ps.dates(s)
	ps.nearVerb(s)
	return one(kPred, &pred{kind: compare, op: semantic.Eq, slot: s, values: []string{m[1].arg}, at: m[1].start}, m), len(s.opts) > 0
}
