package planner

import (
	"slices"

	"github.com/postern/postern/internal/semantic"
)

// oneEach tells that numbers of each of a table's rows are averaged for another
// column of it: the kinds and the average heights of each tree are by kind.
func (b *builder) oneEach(t int) bool {
	own := func(agg bool) func(*output) bool {
		return func(o *output) bool {
			return (o.agg != "") == agg && !o.rows && o.slot.pick.table == t && !b.naming(o.slot.pick.ref) && b.p.index.column(o.slot.pick.ref).Role != semantic.Key
		}
	}
	return slices.ContainsFunc(b.f.outs, own(true)) && slices.ContainsFunc(b.f.outs, own(false))
}

// tells says that what is shown tells one row of a table from another.
func (b *builder) tells(t int) bool {
	return slices.ContainsFunc(b.f.outs, func(o *output) bool {
		r := o.slot.pick.ref
		return o.agg == "" && r.column >= 0 && (r.table == t && (b.naming(r) || b.p.index.column(r).Role == semantic.Key) || b.p.index.leadsTo(r, t))
	})
}
