package planner

import "github.com/postern/postern/internal/semantic"

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
