package planner

import (
	"github.com/postern/postern/internal/semantic"
)

func notPred(ps *parse, m []item) ([]item, bool) {
	p := m[len(m)-1].node.(*pred)
	if p.rows {
		p.op = opposite[p.op]
		return one(kPred, p, m), true
	}
	p.neg = p.neg != hasNot(m)
	return one(kPred, p, m), true
}

var opposite = map[semantic.CompareOp]semantic.CompareOp{semantic.Gt: semantic.Le, semantic.Le: semantic.Gt, semantic.Lt: semantic.Ge, semantic.Ge: semantic.Lt, semantic.Eq: semantic.Ne, semantic.Ne: semantic.Eq}

func without(ps *parse, m []item) ([]item, bool) {
	s := tableOf(m[len(m)-1])
	if s == nil || m[len(m)-1].kind == kColumn && s.opts[0].score < 0.55 {
		return nil, false
	}
	return one(kWithout, &pred{kind: related, slot: s, neg: true, at: m[0].start}, m), true
}

// withoutOf: no orders of any shop. That an order is of some shop goes
// without saying.
func withoutOf(ps *parse, m []item) ([]item, bool) {
	return one(kWithout, m[0].node, m), true
}

func withoutSuch(ps *parse, m []item) ([]item, bool) {
	p, in := m[0].node.(*pred), m[len(m)-1].node.(*pred)
	if in.slot != nil {
		in.slot.owners = p.slot.opts
	}
	p.inner = append(p.inner, in)
	return one(kWithout, p, m), true
}
