package planner

import (
	"slices"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// byFrequency orders what is shown by how often a value is there. A value that
// tells the rows of a table apart is there once: the most common breed code,
// of a table of breeds, is the one that most rows of another table lead to.
func (b *builder) byFrequency(s *super, n int) bool {
	t := s.slot.pick.table
	other := func(o *output) bool { return o.agg == "" && o.slot.pick.ref != s.slot.pick.ref }
	if len(b.f.outs) == 1 && b.f.outs[0].rows {
		return b.ofFrequent(s, n)
	}
	if counted, ok := b.leadingTo(s.slot); ok && !slices.ContainsFunc(b.f.outs, func(o *output) bool { return o.slot.pick.table != t }) {
		b.frequentOf = counted
		for _, o := range b.f.outs {
			if o.rows && o.slot == s.slot {
				o.slot = &slot{text: o.slot.text, at: o.slot.at, pick: cand{ref{counted, -1}, 1}}
			}
		}
		t = counted
	} else if slices.ContainsFunc(b.f.outs, other) {
		return b.ofFrequent(s, n)
	} else if used := b.usedOf(s.slot); used >= 0 {
		b.frequentOf, t = used, used
	}
	b.q.Group = append(b.q.Group, b.ref(s.slot))
	b.q.Order = append(b.q.Order, semantic.Order{By: b.rows(t), Desc: s.desc})
	b.q.Limit = n
	b.note("if several tie, one of them is shown")
	return true
}

// thereOnce tells a column that is there once in each row of the table that it is
// called after: a list of what others lead to.
func (b *builder) thereOnce(s *slot) bool {
	r := s.pick.ref
	if r.column < 0 || s.set != "" {
		return false
	}
	c, rows := b.p.index.column(r), b.p.index.table(r.table).Rows
	if c.Role == semantic.Foreign || c.Distinct < rows || rows < 2 && c.Role != semantic.Key {
		return false
	}
	return slices.ContainsFunc(append(lexicon.SplitName(s.text), lexicon.SplitName(c.Name)...), func(w string) bool { return stemIn(b.p.index.words[r.table], w) })
}

// leadingTo gives the table whose rows lead to the rows that a column tells
// apart: the only one, or the only one that the question speaks of.
func (b *builder) leadingTo(s *slot) (int, bool) {
	if !b.thereOnce(s) {
		return 0, false
	}
	var tables, said []int
	for _, e := range b.p.index.edges[s.pick.table] {
		if !e.many || e.to == s.pick.table || slices.Contains(tables, e.to) {
			continue
		}
		tables = append(tables, e.to)
		if !slices.ContainsFunc(b.p.index.words[e.to], func(w string) bool { return !b.f.words[role(w)] }) {
			said = append(said, e.to)
		}
	}
	if len(said) > 0 {
		tables = said
	}
	if len(tables) != 1 {
		return 0, false
	}
	return tables[0], true
}

// leadingToShown gives the table whose rows lead to those that are shown, where
// all that is shown of them tells them apart.
func (b *builder) leadingToShown(t int) (counted int, ok bool) {
	for _, o := range b.f.outs {
		if o.agg != "" || o.slot.pick.table != t {
			return 0, false
		}
		if n, leads := b.leadingTo(o.slot); leads {
			counted, ok = n, true
		}
	}
	return counted, ok
}
