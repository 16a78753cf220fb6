package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// superBy: the three largest harbours in terms of traffic. What they are
// largest by is said.
func superBy(ps *parse, m []item) ([]item, bool) {
	w, _ := first(m, "s")
	t, _ := first(m, "T")
	c := columnOf(m[len(m)-1], orderable)
	desc, idea := direction(w.arg)
	if c == nil || idea != "" || !ps.p.index.isNumber(c.opts[0].ref) || strings.EqualFold(m[len(m)-2].text, "split by") {
		return nil, false
	}
	c.owners = t.tabs
	return append([]item{t}, one(kSuper, &super{slot: c, desc: desc, n: limitOf(m), at: m[0].start}, m[len(m)-1:])...), true
}

// mostWith: the most guides with a licence, which were read as one condition.
func mostWith(ps *parse, m []item) ([]item, bool) {
	f := m[len(m)-1]
	p := f.node.(*pred)
	w := strings.Fields(strings.ToLower(f.text))
	if p.slot == nil || p.rows || p.kind == related || len(w) < 2 {
		return nil, false
	}
	t := &slot{text: w[0], at: f.start, want: tableOnly}
	for _, c := range ps.p.index.find([]string{lexicon.Lemma(w[0])}) {
		if c.column < 0 && c.score > 0.7 {
			t.opts = append(t.opts, c)
		}
	}
	if len(t.opts) == 0 || lexicon.Lemma(w[0]) == w[0] {
		return nil, false
	}
	desc, idea := direction(m[0].arg)
	ps.own(p, t)
	return append([]item{f}, one(kSuper, &super{slot: t, rows: true, desc: desc, n: 1, at: m[0].start}, m[:1])...), idea == ""
}

// mostDoneOf: the most frequently rented bike.
func mostDoneOf(ps *parse, m []item) ([]item, bool) {
	if a := ps.after(); a == kColumn || a == kTable {
		return nil, false
	}
	out, ok := mostDone(ps, []item{m[2], m[1], m[0]})
	return out, ok
}

// ofMost: how many members are there in the club with the most members; of the
// type that is most common. They are those of the value that has the most.
func ofMost(_ *parse, m []item) ([]item, bool) {
	k, c, w := m[0].node.(*output), only(m, "C"), m[len(m)-1]
	s := w.node.(*super)
	of := columnOf(c[0], label)
	if of == nil || !k.rows || s.out != nil || s.agg != "" || s.n != 1 {
		return nil, false
	}
	same := s.slot != nil && len(s.slot.opts) > 0 && len(k.slot.opts) > 0 && (s.freq && s.slot.opts[0].ref == of.opts[0].ref || s.rows && s.slot.opts[0].table == k.slot.opts[0].table)
	of.opts = slices.DeleteFunc(slices.Clone(of.opts), func(o cand) bool {
		return !slices.ContainsFunc(k.slot.opts, func(t cand) bool { return t.table == o.table })
	})
	if !same || len(of.opts) == 0 {
		return nil, false
	}
	return append(m[:1:1], one(kSuper, &super{slot: of, freq: true, desc: s.desc, n: 1, at: s.at}, m[1:])...), true
}

// done is what stands next to a superlative of time: "was founded most
// recently", "the most recently opened shop". Dates that are called so are
// meant before others.
func (ps *parse) done(s *slot) {
	var verbs []string
	for _, i := range []int{ps.lo - 1, ps.hi} {
		if i >= 0 && i < len(ps.items) && (ps.items[i].kind == byte(lexicon.Verb) || ps.items[i].kind == kColumn) {
			for w := range strings.FieldsSeq(strings.ToLower(ps.items[i].text)) {
				verbs = append(verbs, lexicon.Stem(w))
			}
		}
	}
	for i, c := range s.opts {
		for _, w := range lexicon.SplitName(ps.p.index.column(c.ref).Name) {
			if slices.Contains(verbs, lexicon.Stem(w)) && ps.p.index.isMoment(c.ref) {
				s.opts[i].score = max(c.score, 0.6) + 0.3
			}
		}
	}
}

// childOf is the only table whose rows lead to a table's; -1 when there are
// several or none.
func (x *index) childOf(t int) int {
	child := -1
	for _, e := range x.edges[t] {
		if e.many && child >= 0 && child != e.to {
			return -1
		}
		if e.many {
			child = e.to
		}
	}
	return child
}

// usedOf is where a value that each row of its table has once is frequent: the
// code of the most common type is counted among what is of that type. It is -1
// for a value that may be frequent by itself.
func (b *builder) usedOf(s *slot) int {
	t := s.pick.table
	key, ok := b.p.index.soleKey(t)
	if !ok || key != s.pick.ref && (!b.naming(s.pick.ref) || len(b.p.index.columns(t)) > 3) {
		return -1
	}
	return b.p.index.childOf(t)
}

// besideExtreme names what has the extreme where only the extreme itself is
// shown: which crew has the highest average pay, and what is it?
func (r *reader) besideExtreme() {
	f := &r.f
	if len(f.supers) != 1 || f.supers[0].agg == "" || f.head == nil || len(f.outs) == 0 || slices.ContainsFunc(f.outs, func(o *output) bool { return o.agg == "" }) {
		return
	}
	outs := f.outs
	f.outs = nil
	r.nameToo(item{text: f.head.text, start: f.head.at, tabs: f.head.opts})
	f.outs = append(f.outs, outs...)
}

// among gives the readings of a column that are of a table whose rows it is
// frequent among, or of one that is named after that; all of them, and that
// it is elsewhere, when there are none.
func (ps *parse) among(c *slot, t item) (own []cand, elsewhere bool) {
	for _, it := range append([]item{t}, only(ps.items[ps.hi:], "T")...) {
		own = slices.DeleteFunc(slices.Clone(c.opts), func(o cand) bool {
			return o.score < c.opts[0].score-0.15 || !slices.ContainsFunc(it.tabs, func(x cand) bool { return x.table == o.table && x.score > 0.8 })
		})
		if len(own) > 0 {
			return own, false
		}
	}
	return c.opts, true
}

// bothEnds reads the ages of the oldest and youngest members as the highest and
// the lowest age.
func (r *reader) bothEnds() bool {
	f := &r.f
	if len(f.supers) < 2 || len(f.outs) != 1 || f.outs[0].agg != "" || len(f.outs[0].slot.opts) == 0 || !r.p.index.isNumber(f.outs[0].slot.opts[0].ref) {
		return false
	}
	o := f.outs[0]
	for _, s := range f.supers {
		if s.slot == nil || s.rows || s.freq || s.agg != "" || s.n != 1 || s.slot.flip[o.slot.opts[0].ref] || !slices.ContainsFunc(s.slot.opts, func(c cand) bool { return c.ref == o.slot.opts[0].ref }) {
			return false
		}
	}
	f.outs = nil
	for _, s := range f.supers {
		agg := semantic.Min
		if s.desc {
			agg = semantic.Max
		}
		f.outs = append(f.outs, &output{slot: o.slot, agg: agg, at: s.at})
	}
	f.supers = nil
	return true
}

// timeNoun drops what only repeats that a superlative is of time: at the latest
// time, in the most recent year.
func timeNoun(_ *parse, m []item) ([]item, bool) {
	s := m[0].node.(*super)
	switch strings.ToLower(m[1].text) {
	case "time", "date", "year", "day", "moment":
		return m[:1:1], s.slot != nil && s.slot.soft && m[1].start == m[0].end
	}
	return nil, false
}

// numberDone: the number of people injured, where a column counts the injured.
func numberDone(ps *parse, m []item) ([]item, bool) {
	c := m[len(m)-1]
	w := strings.ToLower(c.text)
	if !people[lexicon.Lemma(strings.ToLower(m[1].text))] || !strings.HasSuffix(w, "ed") || len(c.cols) == 0 || c.cols[0].score < 0.85 || !ps.p.index.isNumber(c.cols[0].ref) {
		return nil, false
	}
	return []item{c}, true
}

// anyNumber tells that some reading of a column is a number, a date or a key.
func (x *index) anyNumber(s *slot) bool {
	return slices.ContainsFunc(s.opts, func(c cand) bool { return x.isNumber(c.ref) || x.isMoment(c.ref) || x.isKeyish(c.ref) })
}

// hasMost is the table of which one row has the most of the rows that are
// shown: the albums of the artist with the most albums. It is -1 where what is
// shown is of the one with the most.
func (b *builder) hasMost(s *super, shown, counted int) int {
	if shown != counted || s.slot == nil || b.aggregated() || len(b.f.groups) > 0 {
		return -1
	}
	of, at := -1, -1
	for _, x := range append([]*slot{b.f.head}, b.f.also...) {
		if x != nil && x.pick.column < 0 && x.at < s.at && x.at > at {
			of, at = x.pick.table, x.at
		}
	}
	if of < 0 || of == counted || slices.ContainsFunc(b.f.outs, func(o *output) bool { return b.p.index.leadsTo(o.slot.pick.ref, of) }) {
		return -1
	}
	if many, ok := b.p.index.toMany(of, counted); !ok || !many {
		return -1
	}
	if back, _ := b.p.index.toMany(counted, of); back && b.head != of {
		return -1
	}
	return of
}

// ofTheMost keeps the rows of the one that has the most of them.
func (b *builder) ofTheMost(s *super, of, counted int) bool {
	key, ok := b.p.index.soleKey(of)
	if !ok {
		return b.fail("it is not clear what tells one of %s from another", b.name(of))
	}
	q := &semantic.Query{From: b.name(of), Select: []semantic.Output{{Expr: b.at(key)}}, Group: []semantic.Expr{b.at(key)},
		Order: []semantic.Order{{By: b.rows(b.p.index.link(of, counted)), Desc: s.desc}}, Limit: max(1, s.n)}
	b.where = append(b.where, semantic.Member{Of: b.at(key), Query: q})
	b.ofMost = true
	b.note("if several tie, one of them is taken")
	return true
}

// doesMost tells a verb before a superlative: which firm pays the highest wage.
func doesMost(toks []lexicon.Token, i int) bool {
	if i == 0 || i+2 >= len(toks) || toks[i].Lower == toks[i].Lemma || toks[i+1].Lower != "the" {
		return false
	}
	if _, whole := lexicon.Lookup(toks[i].Lower + " the " + toks[i+2].Lower); whole {
		return false // earns the most
	}
	ph, ok := lexicon.Lookup(toks[i+2].Lower)
	return ok && (ph.Kind == lexicon.Super || ph.Kind == lexicon.Most)
}

// doneFirst reads who was hired first, or last, as the one of the first date.
func doneFirst(toks []lexicon.Token, i int) (item, bool) {
	if i == 0 || toks[i].Lower != "first" && toks[i].Lower != "last" || i+1 < len(toks) && !toks[i+1].Mark {
		return item{}, false
	}
	if ph, ok := lexicon.Lookup(toks[i-1].Lower); !ok || ph.Kind != lexicon.Verb {
		return item{}, false
	}
	if i > 1 {
		switch toks[i-2].Lower {
		case "recently", "latest", "newest", "oldest", "earliest", "most":
			return item{}, false // most recently hired first
		}
	}
	switch toks[i-1].Lower {
	case "listed", "shown", "sorted", "ordered", "displayed", "show", "list":
		return item{}, false
	}
	arg := "min:time"
	if toks[i].Lower == "last" {
		arg = "max:time"
	}
	return item{kind: byte(lexicon.Super), arg: arg, text: toks[i].Text, start: i, end: i + 1}, true
}
