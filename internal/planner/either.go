package planner

import (
	"slices"

	"github.com/postern/postern/internal/semantic"
)

// eitherPair: in May 2009 or in June 2010. What stands together belongs
// together on either side.
func eitherPair(ps *parse, m []item) ([]item, bool) {
	fs := only(m, "F")
	pair := func(a, b item) *pred {
		return &pred{kind: allOf, inner: []*pred{a.node.(*pred), b.node.(*pred)}, at: a.start}
	}
	for _, f := range fs {
		if p := f.node.(*pred); p.rows || p.kind == related || p.neg || len(p.or) > 0 || p.slot == nil {
			return nil, false
		}
	}
	p := pair(fs[0], fs[1])
	p.or = []*pred{pair(fs[2], fs[3])}
	return one(kPred, p, m), true
}

// together writes conditions of one row: of the rows that are asked for, or of
// one of those that they have.
func (b *builder) together(p *pred) (semantic.Cond, bool) {
	and, ok := b.all(p.inner)
	if !ok {
		return nil, false
	}
	t := p.inner[0].slot.pick.table
	if many, ok := b.p.index.toMany(b.head, t); ok && many && t != b.head && b.shownTable() != t {
		return semantic.Related{Set: b.name(t), Of: b.name(b.head), Where: flat(and)}, true
	}
	return flat(and), true
}

// notTogether denies conditions of one row: it is not the one that meets all.
func (b *builder) notTogether(p *pred) (semantic.Cond, bool) {
	c, ok := b.together(p)
	if r, is := c.(semantic.Related); ok && is && p.neg {
		r.Op = semantic.Eq
		return r, true
	}
	if ok && p.neg {
		c = semantic.Not{Cond: c}
	}
	return c, ok
}

// counts writes a condition on a number of rows as one of each row shown, to
// stand beside others: with two engines or three masts.
func (b *builder) counts(p *pred) (semantic.Cond, bool) {
	t, shown := b.counted(p.slot), b.shownTable()
	if shown < 0 {
		shown = b.head
	}
	if p.agg != "" || t < 0 || shown < 0 || t == shown || !b.rowwise(shown) {
		return nil, b.fail("it joins a count and a condition by or")
	}
	return semantic.Related{Set: b.name(b.p.index.link(shown, t)), Of: b.name(shown), Op: p.op, Count: p.count}, true
}

// any writes alternatives, of which some count rows.
func (b *builder) any(p *pred) (semantic.Cond, bool) {
	var or semantic.Or
	for _, o := range append([]*pred{p}, p.or...) {
		var c semantic.Cond
		var ok bool
		switch {
		case o.rows:
			c, ok = b.counts(o)
		case o.kind == allOf:
			c, ok = b.together(o)
		default:
			c, ok = b.plain(o)
		}
		if !ok {
			return nil, false
		}
		or = append(or, c)
	}
	return or, true
}

// counting tells alternatives of which some count rows, or are of several
// conditions each.
func (p *pred) counting() bool {
	if len(p.or) == 0 {
		return false
	}
	for _, o := range append([]*pred{p}, p.or...) {
		if o.rows || o.kind == allOf {
			return true
		}
	}
	return false
}

// every asks for all of several values: on several rows of another table, or,
// where a row has one value, in several rows of what is shown.
func (b *builder) every(p *pred) (semantic.Cond, bool) {
	t := p.slot.pick.table
	many, ok := b.p.index.toMany(b.head, t)
	if ok && many && t != b.head && !p.neg {
		var and semantic.And
		for _, v := range b.stored(p) {
			and = append(and, semantic.Related{Set: b.name(t), Of: b.name(b.head), Where: semantic.Compare{Left: b.ref(p.slot), Op: semantic.Eq, Right: v}})
		}
		return and, true
	}
	if p.each && !p.neg && !(ok && many) {
		at := slices.IndexFunc(b.f.outs, func(o *output) bool { return o.agg != "" })
		b.f.outs = slices.Insert(b.f.outs, max(at, 0), &output{slot: p.slot, at: p.at})
		return b.among(p), true
	}
	if p.listed && !p.both && b.valuesShown(t) {
		return b.intersect(p, b.stored(p)), true
	}
	if p.listed && !p.both {
		if !b.aggregated() || t != b.head && many || slices.ContainsFunc(b.f.outs, func(o *output) bool { return o.rows }) {
			return nil, b.fail("%s may mean all of them together or any of them", quote(p.values[0]))
		}
		b.note("rows of either are taken, as no row is of both") // the budgets of A and B together
		return b.among(p), true
	}
	vs := b.stored(p)
	if len(b.f.outs) == 0 || b.aggregated() {
		return nil, b.fail("no row has two values of %s", quote(p.slot.text))
	}
	return b.intersect(p, vs), true
}

// valuesShown tells that what is shown are values that rows of a table share,
// and not what tells one row from another: the studios with films of A and B.
func (b *builder) valuesShown(t int) bool {
	if len(b.f.outs) == 0 || b.aggregated() || len(b.f.groups)+len(b.f.supers) > 0 {
		return false
	}
	return !slices.ContainsFunc(b.f.outs, func(o *output) bool {
		r := o.slot.pick.ref
		return r.column < 0 || r.table != t || b.naming(r) || b.p.index.isKeyish(r)
	})
}

// intersect keeps the shown values that occur with each of the values.
func (b *builder) intersect(p *pred, vs []semantic.Value) semantic.Cond {
	eq := func(v semantic.Value) semantic.Cond {
		return semantic.Compare{Left: b.ref(p.slot), Op: semantic.Eq, Right: v}
	}
	for _, v := range vs[1:] {
		q := &semantic.Query{Where: eq(v)}
		for _, o := range b.f.outs {
			q.Select = append(q.Select, semantic.Output{Expr: b.ref(o.slot)})
		}
		b.q.Sets = append(b.q.Sets, semantic.SetOp{Op: semantic.Intersect, Query: q})
	}
	return eq(vs[0])
}
