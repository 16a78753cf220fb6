package planner

import (
	"slices"

	"github.com/postern/postern/internal/semantic"
)

// supers writes superlatives as an order and a limit.
func (b *builder) supers() bool {
	if len(b.f.supers) == 0 {
		return true
	}
	if len(b.f.supers) > 1 {
		return b.fail("it asks for more than one extreme")
	}
	if slices.ContainsFunc(b.f.preds, func(p *pred) bool { return p.kind == related && len(p.inner) == 0 }) {
		return b.fail("it is not clear what the extreme and the exclusion have to do with each other")
	}
	s := b.f.supers[0]
	n := s.n
	if b.f.limit > 0 {
		n = b.f.limit
	}
	switch {
	case b.f.grain != "" && len(b.f.outs) == 0:
		return b.extremePeriod()
	case s.out != nil:
		if !b.byMeasure(s) {
			return false
		}
	case s.agg != "":
		if !b.byAggregate(s) {
			return false
		}
	case s.freq:
		return b.byFrequency(s, n)
	case s.rows:
		if !b.byRows(s) {
			return false
		}
		if b.ofMost {
			return true
		}
	default:
		if len(b.f.groups) > 0 {
			return b.within(s, n)
		}
		if b.aggregated() {
			return b.amongExtremes(s, n)
		}
		if n == 1 && b.manyOf(s.slot) {
			return b.amongExtremes(s, n)
		}
		desc := s.desc != s.slot.flip[s.slot.pick.ref]
		b.q.Order = append(b.q.Order, semantic.Order{By: b.ref(s.slot), Desc: desc})
	}
	b.q.Limit = n
	b.note("if several tie, one of them is shown")
	return true
}

// manyOf tells that several rows are asked for that belong to the one with the
// extreme: the towns in the county with the most officers.
func (b *builder) manyOf(s *slot) bool {
	t := s.pick.table
	if b.f.head == nil || !b.f.plural || t == b.head || s.soft || !slices.ContainsFunc(b.f.also, func(a *slot) bool { return a.pick.table == t && a.at < s.at }) ||
		slices.ContainsFunc(b.f.outs, func(o *output) bool { return o.slot.pick.table != b.head }) {
		return false
	}
	many, ok := b.p.index.toMany(t, b.head)
	back, ok2 := b.p.index.toMany(b.head, t)
	return ok && many && ok2 && !back
}

// byAggregate orders what is shown by an aggregate of its rows.
func (b *builder) byAggregate(s *super) bool {
	t := b.shownTable()
	if t < 0 || len(b.f.groups) > 0 {
		return b.fail("it does not say what %s is taken over", quote(s.slot.text))
	}
	if key, ok := b.p.index.soleKey(t); ok && t != s.slot.pick.table {
		b.q.Group = append(b.q.Group, b.at(key))
	} else {
		b.groupShown()
	}
	b.q.Order = append(b.q.Order, semantic.Order{By: semantic.Aggregate{Op: s.agg, Of: b.ref(s.slot)}, Desc: s.desc})
	return true
}

// byMeasure orders what is shown by a measure of its rows.
func (b *builder) byMeasure(s *super) bool {
	t := b.shownTable()
	if t < 0 || b.aggregated() || len(b.f.groups) > 0 {
		return b.fail("it does not say what %s is taken over", quote(s.out.slot.text))
	}
	if key, ok := b.p.index.soleKey(t); ok && b.rowwise(t) {
		b.q.Group = append(b.q.Group, b.at(key))
	} else {
		b.groupShown()
	}
	b.q.Order = append(b.q.Order, semantic.Order{By: semantic.MeasureOf{Name: s.out.measure}, Desc: s.desc})
	return true
}

func (b *builder) rows(t int) semantic.Expr {
	return semantic.Aggregate{Op: semantic.Count, Of: semantic.Rows{Set: b.name(t)}}
}

// byRows orders by a number of rows: of each value shown, when the rows are
// the ones shown, else of each row of the table shown.
func (b *builder) byRows(s *super) bool {
	t := b.head
	counted := b.counted(s.slot)
	if counted < 0 {
		return b.fail("it does not say the most of what")
	}
	if out := b.shownTable(); out >= 0 {
		t = out
	}
	if of := b.hasMost(s, t, counted); of >= 0 {
		return b.ofTheMost(s, of, counted)
	}
	if t == counted && (s.slot == nil || s.slot.at == s.at) { // and not "the least number of games"
		if leading, ok := b.leadingToShown(t); ok {
			b.frequentOf, counted = leading, leading
		}
	}
	if t != counted && b.rowwise(t) {
		if key, ok := b.p.index.soleKey(t); ok {
			b.q.Group = append(b.q.Group, b.at(key))
		} else if b.shownTable() != t {
			return b.fail("%s has no key to count by", b.name(t))
		} else {
			b.groupShown()
		}
	} else {
		b.groupShown()
	}
	b.q.Order = append(b.q.Order, semantic.Order{By: b.rows(b.p.index.link(t, counted)), Desc: s.desc})
	return true
}

// groupShown groups by what is shown.
func (b *builder) groupShown() {
	for _, o := range b.f.outs {
		if o.agg == "" {
			b.q.Group = append(b.q.Group, b.ref(o.slot))
		}
	}
}

// amongExtremes keeps the rows that belong to the rows with the extreme of
// another table: the average age of the students of the largest dorm.
func (b *builder) amongExtremes(s *super, n int) bool {
	t := s.slot.pick.table
	key, ok := b.p.index.soleKey(t)
	if !ok {
		return b.fail("it is not clear what tells one of %s from another", b.name(t))
	}
	desc := s.desc != s.slot.flip[s.slot.pick.ref]
	q := &semantic.Query{From: b.name(t), Select: []semantic.Output{{Expr: b.at(key)}}, Order: []semantic.Order{{By: b.ref(s.slot), Desc: desc}}, Limit: n}
	b.where = append(b.where, semantic.Member{Of: b.at(key), Query: q})
	return true
}

// ofFrequent: the customers who use the most common payment method. Where the
// value is a key to what is shown (the description of the most common type),
// its rows are counted for each that is shown.
func (b *builder) ofFrequent(s *super, n int) bool {
	t := b.shownTable()
	if len(b.f.groups) > 0 {
		return b.fail("the most common %s is not what it shows", s.slot.text)
	}
	if key, ok := b.p.index.soleKey(max(t, 0)); ok && t >= 0 && b.p.index.leadsTo(s.slot.pick.ref, t) {
		b.q.Group = append(b.q.Group, b.at(key))
		b.q.Order = append(b.q.Order, semantic.Order{By: b.rows(s.slot.pick.table), Desc: s.desc})
		b.q.Limit = n
		b.note("if several tie, one of them is shown")
		return true
	}
	if u := b.usedOf(s.slot); u >= 0 && t == s.slot.pick.table && !b.aggregated() {
		b.q.Group = append(b.q.Group, b.ref(s.slot))
		b.q.Order = append(b.q.Order, semantic.Order{By: b.rows(u), Desc: s.desc})
		b.q.Limit = n
		b.note("if several tie, one of them is shown")
		return true
	}
	of := b.ref(s.slot)
	q := &semantic.Query{From: of.Set, Select: []semantic.Output{{Expr: of}}, Group: []semantic.Expr{of},
		Order: []semantic.Order{{By: b.rows(s.slot.pick.table), Desc: s.desc}}, Limit: n}
	b.where = append(b.where, semantic.Member{Of: of, Query: q})
	b.note("if several tie, one of them is taken")
	return true
}

// rowwise tells that each row of a table is shown for itself: the question
// names the table, or a column that tells its rows apart.
func (b *builder) rowwise(t int) bool {
	if b.f.head != nil && b.head == t {
		return true
	}
	for _, o := range b.f.outs {
		if o.agg == "" && o.slot.pick.table == t && (b.naming(o.slot.pick.ref) || b.p.index.column(o.slot.pick.ref).Role == semantic.Key) {
			return true
		}
	}
	return len(b.f.outs) == 0
}

// counted is the table whose rows are counted; "the most times" counts the
// rows of the only other table in the question.
func (b *builder) counted(s *slot) int {
	if s != nil {
		return s.pick.table
	}
	if len(b.f.also) == 1 {
		return b.f.also[0].pick.table
	}
	if b.f.head == nil && b.shownTable() >= 0 {
		return b.shownTable() // the rank with the most members
	}
	if len(b.f.also) == 0 && b.head >= 0 { // the only table that has several rows for one of these
		child := -1
		for _, e := range b.p.index.edges[b.head] {
			if e.many && child >= 0 && child != e.to {
				return -1
			}
			if e.many {
				child = e.to
			}
		}
		return child
	}
	return -1
}

func (b *builder) shownTable() int {
	for _, o := range b.f.outs {
		if o.agg == "" {
			return o.slot.pick.table
		}
	}
	return -1
}

func (b *builder) orders() bool {
	for _, o := range b.f.orders {
		var e semantic.Expr
		if o.out != nil {
			var ok bool
			if e, ok = b.expr(o.out); !ok {
				return false
			}
		} else if o.slot.pick.column < 0 {
			return b.fail("it does not say by what to sort")
		} else {
			e = b.ref(o.slot)
		}
		desc := o.desc
		if o.slot != nil && o.slot.flip[o.slot.pick.ref] {
			desc = !desc
		}
		b.q.Order = append(b.q.Order, semantic.Order{By: e, Desc: desc})
	}
	if b.f.limit > 0 && len(b.f.supers) == 0 {
		if len(b.f.orders) == 0 {
			return b.fail("it does not say by what the top is measured")
		}
		b.q.Limit = b.f.limit
	}
	return true
}
