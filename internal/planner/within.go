package planner

import (
	"slices"

	"github.com/postern/postern/internal/semantic"
)

// within writes an extreme of each group. Beside what the group itself shows it
// is a number of it: the title and the highest price of each film. Else it says
// which rows of the group are shown: for each troupe, its longest play.
func (b *builder) within(s *super, n int) bool {
	if b.aggregated() || len(b.f.orders) > 0 || s.slot.soft && s.slot.flip[s.slot.pick.ref] {
		return b.fail("it asks for an extreme within each group")
	}
	if n == 1 && len(b.f.outs) == 1 && b.f.outs[0].slot.pick.ref == s.slot.pick.ref && !s.slot.flip[s.slot.pick.ref] {
		b.f.outs[0].agg = semantic.Min // how old is the youngest of each breed
		if s.desc {
			b.f.outs[0].agg = semantic.Max
		}
		return true
	}
	if n == 1 && !slices.ContainsFunc(b.f.outs, func(o *output) bool { return !b.ofGroup(o.slot) }) && !b.ofGroup(s.slot) {
		agg := semantic.Min
		if s.desc {
			agg = semantic.Max
		}
		b.f.outs = append(b.f.outs, &output{slot: s.slot, agg: agg, at: s.at})
		slices.SortStableFunc(b.f.outs, func(a, c *output) int { return a.at - c.at })
		return true
	}
	for _, g := range b.f.groups {
		e, ok := b.groupKey(g)
		if !ok {
			return b.fail("it is not clear what tells one of %s from another", b.name(g.pick.table))
		}
		b.q.Within = append(b.q.Within, e)
	}
	b.q.Order = append(b.q.Order, semantic.Order{By: b.ref(s.slot), Desc: s.desc != s.slot.flip[s.slot.pick.ref]})
	b.q.Limit, b.q.Ties = n, true
	b.note("if several tie within a group, all of them are shown")
	return true
}

// ofGroup tells that a column has one value for each group.
func (b *builder) ofGroup(s *slot) bool {
	return slices.ContainsFunc(b.f.groups, func(g *slot) bool {
		if g.pick.column < 0 {
			return s.pick.table == g.pick.table
		}
		return s.pick.ref == g.pick.ref
	})
}

// groupKey is what tells one group from another.
func (b *builder) groupKey(g *slot) (semantic.Expr, bool) {
	if g.pick.column >= 0 {
		return b.ref(g), true
	}
	key, ok := b.p.index.soleKey(g.pick.table)
	if !ok {
		return nil, false
	}
	return b.at(key), true
}
