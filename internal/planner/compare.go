package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

func nestedCompare(ps *parse, m []item) ([]item, bool) {
	cmp, _ := first(m, ">")
	agg, _ := first(m, "a")
	op, _ := compareOp(cmp.arg)
	cols := only(m, "CT")
	p := &pred{kind: nested, op: op, agg: aggOp(agg.arg), neg: hasNot(m), at: m[0].start}
	if agg.arg == "sum" {
		return nil, false
	}
	for _, c := range cols {
		s := columnOf(c, number)
		switch {
		case s == nil:
			return nil, false
		case p.slot == nil:
			p.slot = s
		default:
			p.slot2 = s
		}
	}
	if p.slot == nil {
		return nil, false
	}
	return one(kPred, p, m), true
}

// nestedRows compares with a column of some rows: a price above that of all
// wines of 2006, a higher price than any wine of 2006.
func nestedRows(ps *parse, m []item) ([]item, bool) {
	cmp, _ := first(m, ">")
	op, idea := compareOp(cmp.arg)
	cols := only(m, "CT")
	var s *slot
	rest := cols
	if cmp.start < cols[0].start && idea != "" {
		s = ps.ideaSlot(idea, cmp)
	} else {
		s, rest = columnOf(cols[0], number), cols[1:]
	}
	if s == nil || len(rest) == 0 && len(only(m, "F")) == 0 || op == semantic.Eq || op == semantic.Ne {
		return nil, false
	}
	quant := ""
	for _, c := range m {
		if c.quant != "" {
			quant = c.quant
		}
	}
	if len(rest) > 0 && rest[len(rest)-1].kind == kColumn && len(rest) > 1 {
		return nil, false
	}
	same := len(rest) > 0 && rest[0].kind == kColumn && slices.ContainsFunc(rest[0].cols, func(c cand) bool { return c.ref == s.opts[0].ref && c.score > 0.85 })
	if same {
		rest = rest[1:]
	}
	fs := only(m, "F")
	sup, super1 := first(m, "s")
	if quant == "" && !(super1 && same) || len(rest) > 1 || len(rest) == 1 && len(rest[0].tabs) == 0 {
		return nil, false
	}
	most := op == semantic.Gt || op == semantic.Ge
	agg := semantic.Min
	if most == (quant != "some") {
		agg = semantic.Max
	}
	if super1 {
		if desc, _ := direction(sup.arg); desc {
			agg = semantic.Max
		} else {
			agg = semantic.Min
		}
	}
	p := &pred{kind: nested, op: op, agg: agg, slot: s, at: m[0].start}
	for _, f := range fs {
		in := f.node.(*pred)
		if in.rows || in.kind == related {
			return nil, false
		}
		if len(rest) == 1 {
			ps.own(in, tableOf(rest[0]))
		}
		p.inner = append(p.inner, in)
	}
	if len(rest) == 1 && s.owners == nil {
		s.owners = tableOf(rest[0]).opts
	}
	return one(kPred, p, m), true
}

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
	if c := ps.p.index.column(s.opts[0].ref); c.Class == semantic.Text && !c.NumericText && (len(s.opts) == 1 || s.opts[1].score < s.opts[0].score-0.3) {
		return nil, false // no text is above a number
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
	return one(kPred, &pred{kind: compare, slot: s, op: op, values: []string{num.arg}, neg: hasNot(m), at: m[0].start}, m), true
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
	s := ps.ideaSlot("capacity", verb)
	if s == nil {
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
	if !dated(n[0].arg) || !dated(n[1].arg) {
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

// nestedOf: above the average price of wines from 2006, among wines. The rows
// that are averaged are such ones.
func nestedOf(ps *parse, m []item) ([]item, bool) {
	p := m[0].node.(*pred)
	t := tableOf(m[2])
	if p.kind != nested || len(p.inner) > 0 || t == nil || !slices.ContainsFunc(ps.items[:ps.lo], func(it item) bool {
		return it.kind == kTable && it.tabs[0].table == t.opts[0].table
	}) {
		return nil, false
	}
	for _, f := range only(m[1:], "F") {
		in := f.node.(*pred)
		if in.rows || in.kind == related || in.kind == nested {
			return nil, false
		}
		ps.own(in, t)
		p.inner = append(p.inner, in)
	}
	return one(kPred, p, m), true
}

// nestedRow: heavier than the one with the most seats; more than Ann earns. The
// column is compared with the same of one other row.
func nestedRow(ps *parse, m []item) ([]item, bool) {
	cmp, _ := first(m, ">")
	op, idea := compareOp(cmp.arg)
	cols := only(m, "CT")
	s, t := columnOf(cols[0], number), cols[len(cols)-1]
	if s == nil || idea != "" || len(cols) != 2 || t.kind != kTable || slices.ContainsFunc(m, func(it item) bool { return it.quant != "" }) || !ps.p.index.isNumber(s.opts[0].ref) ||
		!slices.ContainsFunc(s.opts, func(c cand) bool { return c.table == t.tabs[0].table }) {
		return nil, false
	}
	p := &pred{kind: nested, op: op, slot: s, at: m[0].start}
	s.owners = t.tabs
	if w, ok := first(m, "S"); ok {
		p.of = w.node.(*super)
		if p.of.slot == nil || p.of.rows || p.of.freq || p.of.agg != "" || p.of.out != nil {
			return nil, false
		}
		p.of.slot.owners = t.tabs
	}
	for _, f := range only(m, "F") {
		in := f.node.(*pred)
		if in.kind != among && in.kind != compare || in.rows || in.neg || len(in.values) != 1 || in.kind == compare && in.op != semantic.Eq || !ps.p.index.naming(in.slot.opts[0].ref) {
			return nil, false
		}
		ps.own(in, tableOf(t))
		p.inner = append(p.inner, in)
	}
	return one(kPred, p, m), true
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

// columnsCompare: whose income is higher than the expense; a lower minimum
// than maximum.
func columnsCompare(ps *parse, m []item) ([]item, bool) {
	cmp, _ := first(m, ">")
	op, idea := compareOp(cmp.arg)
	cols := only(m, "C")
	if a := ps.after(); idea != "" && idea != "time" || a == kPred || a == kSuper || a == kTable || a == kColumn {
		return nil, false
	}
	p := &pred{kind: columns, op: op, slot: columnOf(cols[0], orderable), slot2: columnOf(cols[1], orderable), neg: hasNot(m), at: cols[0].start}
	if p.slot == nil || p.slot2 == nil || p.slot.opts[0].score < 0.7 || p.slot2.opts[0].score < 0.7 || p.slot.opts[0].ref == p.slot2.opts[0].ref {
		return nil, false
	}
	return one(kPred, p, m), true
}

// nestedIdea: younger than average.
func nestedIdea(ps *parse, m []item) ([]item, bool) {
	op, idea := compareOp(m[0].arg)
	if idea == "" || m[1].arg == "sum" {
		return nil, false
	}
	s := ps.ideaSlot(idea, m[0])
	if s == nil {
		return nil, false
	}
	s.opts = slices.DeleteFunc(s.opts, func(c cand) bool { return s.flip[c.ref] })
	return one(kPred, &pred{kind: nested, op: op, agg: aggOp(m[1].arg), slot: s, at: m[0].start}, m), len(s.opts) > 0
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
