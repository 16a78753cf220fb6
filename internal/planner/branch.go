package planner

import (
	"slices"
	"strconv"

	"github.com/postern/postern/internal/semantic"
)

// branches parts conditions that no row meets together ("in 2009 and in
// 2010", "of France and of Spain") into two lists, each of which one row
// meets, and what holds of both. Without such conditions left is nil.
func (b *builder) branches() (common, left, right []*pred, op semantic.SetOperator) {
	ps := b.f.preds
	from, to := -1, -1
	for j := range ps {
		for i := range ps[:j] {
			if to < 0 && contrary(ps[i], ps[j]) {
				from, to = i, j
			}
		}
	}
	if to < 0 {
		return butNot(ps)
	}
	common, left, right, op = slices.Clone(ps[:from]), slices.Clone(ps[from:to]), []*pred{ps[to]}, semantic.Intersect
	if n := ps[to-1]; to-1 > from && n.neg && n.kind == among && n.slot.pick.table == ps[to].slot.pick.table { // but not in May 2010
		yes := *n
		yes.neg = false
		left, right, op = left[:len(left)-1], []*pred{&yes, ps[to]}, semantic.Except
		for len(common) > 0 && common[len(common)-1].slot != nil && common[len(common)-1].slot.pick.table == n.slot.pick.table {
			left = append(left, common[len(common)-1])
			common = common[:len(common)-1]
		}
	}
	for _, p := range ps[to+1:] {
		if slices.ContainsFunc(left, func(l *pred) bool { return contrary(l, p) }) || p.slot != nil && p.kind != related && !p.rows && p.slot.pick.table == ps[to].slot.pick.table && p.slot.pick.table != b.head {
			right = append(right, p)
			continue
		}
		common = append(common, p)
	}
	return common, left, right, op
}

// butNot parts "of A but not of B", where no row that is of A is of B: the
// shown values that occur with A and not with B are meant.
func butNot(ps []*pred) (common, left, right []*pred, op semantic.SetOperator) {
	for j, n := range ps {
		for i, a := range ps[:j] {
			yes := *n
			yes.neg = false
			if !n.neg || n.kind != among || len(n.values) != 1 || len(n.or) > 0 || !contrary(a, &yes) {
				continue
			}
			common = slices.Delete(slices.Clone(ps), j, j+1)
			return slices.Delete(common, i, i+1), []*pred{a}, []*pred{&yes}, semantic.Except
		}
	}
	return ps, nil, nil, ""
}

// contrary tells that no value of their column meets both conditions.
func contrary(a, b *pred) bool {
	plain := func(p *pred) bool {
		return p.slot != nil && !p.rows && !p.neg && !p.both && !p.listed && len(p.or) == 0 && (p.kind == compare || p.kind == among && len(p.values) == 1)
	}
	if !plain(a) || !plain(b) || a.slot.pick.ref != b.slot.pick.ref {
		return false
	}
	x, y := a.values[0], b.values[0]
	eq := func(p *pred) bool { return p.kind == among || p.op == semantic.Eq }
	if eq(a) && eq(b) {
		return a.stored() != b.stored()
	}
	m, err := strconv.ParseFloat(x, 64)
	n, err2 := strconv.ParseFloat(y, 64)
	if err != nil || err2 != nil {
		return false
	}
	up := func(p *pred) bool { return p.op == semantic.Gt || p.op == semantic.Ge }
	down := func(p *pred) bool { return p.op == semantic.Lt || p.op == semantic.Le }
	return up(a) && down(b) && m >= n || down(a) && up(b) && m <= n
}

// stored is the condition's one value as the picked column holds it.
func (p *pred) stored() string {
	if s := p.slot.hits[p.slot.pick.ref]; len(s) == 1 {
		return s[0]
	}
	return p.values[0]
}

// apart writes conditions that different rows meet: of another table, that
// each row shown has both; else that each value shown occurs with both.
func (b *builder) apart(left, right []*pred, op semantic.SetOperator) bool {
	if op == semantic.Intersect && len(left) == 1 && len(right) == 1 && b.bothEnds(left[0], right[0]) {
		return true
	}
	l, ok := b.all(left)
	if !ok {
		return false
	}
	r, ok := b.all(right)
	if !ok {
		return false
	}
	t := left[0].slot.pick.table
	if many, ok := b.p.index.toMany(b.head, t); ok && many && t != b.head && b.rowwise(b.head) && b.shownTable() != t {
		one := semantic.Related{Set: b.name(t), Of: b.name(b.head), Where: flat(l)}
		two := semantic.Related{Set: b.name(t), Of: b.name(b.head), Where: flat(r)}
		if op == semantic.Except {
			two.Op = semantic.Eq
		}
		b.where = append(b.where, one, two)
		return true
	}
	if b.aggregated() || len(b.f.outs) == 0 || len(b.f.groups) > 0 || len(b.f.supers) > 0 {
		return b.fail("no row has two values of one column")
	}
	q := &semantic.Query{Where: flat(append(slices.Clone(b.where), r...))}
	for _, o := range b.f.outs {
		q.Select = append(q.Select, semantic.Output{Expr: b.ref(o.slot)})
	}
	b.where = append(b.where, l...)
	b.q.Sets = append(b.q.Sets, semantic.SetOp{Op: op, Query: q})
	return true
}

func (b *builder) all(ps []*pred) (and semantic.And, ok bool) {
	for _, p := range ps {
		if p.kind == related || p.rows {
			return nil, b.fail("it is not clear which of its conditions belong together")
		}
		c, ok := b.plain(p)
		if !ok {
			return nil, false
		}
		and = append(and, c)
	}
	return and, true
}
