package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

func notPred(ps *parse, m []item) ([]item, bool) {
	p := m[len(m)-1].node.(*pred)
	if p.kind == allOf {
		return nil, false
	}
	if p.rows {
		p.op = opposite[p.op]
		return one(kPred, p, m), true
	}
	p.neg = p.neg != hasNot(m)
	return one(kPred, p, m), true
}

// notName: not led by Ann Lee, which is no one who is called Ann or not Lee.
func notName(ps *parse, m []item) ([]item, bool) {
	x, y := m[len(m)-2], m[len(m)-1]
	a, b := x.node.(*pred), y.node.(*pred)
	if !a.bare || !b.bare || a.kind != among || b.kind != among || a.neg || b.neg || x.end != y.start || len(a.slot.opts) == 0 || len(b.slot.opts) == 0 ||
		a.slot.opts[0].table != b.slot.opts[0].table || a.slot.opts[0].column == b.slot.opts[0].column {
		return nil, false
	}
	return one(kPred, &pred{kind: allOf, inner: []*pred{a, b}, neg: true, at: m[0].start}, m), true
}

// subjectNotDone: places that Ann visited but Bo did not visit, where visits
// are rows of their own.
func subjectNotDone(ps *parse, m []item) ([]item, bool) {
	p, t := m[0].node.(*pred), m[len(m)-1]
	if a := ps.after(); !p.bare || a != 0 && a != '.' || plural(t) || !strings.HasPrefix(strings.ToLower(m[len(m)-2].text), "d") || !slices.ContainsFunc(ps.items[:ps.lo], func(it item) bool { return it.kind == kPred }) {
		return nil, false
	}
	p.neg = !p.neg
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

// withoutMost: not on the project with the most hours.
func withoutMost(ps *parse, m []item) ([]item, bool) {
	p, s := m[0].node.(*pred), m[len(m)-1].node.(*super)
	if s.slot == nil || s.rows || s.freq || s.agg != "" || s.out != nil || s.n != 1 || len(p.inner) > 0 || p.slot == nil {
		return nil, false
	}
	agg := semantic.Min
	if s.desc != s.slot.flip[s.slot.opts[0].ref] {
		agg = semantic.Max
	}
	s.slot.owners = p.slot.opts
	p.inner = append(p.inner, &pred{kind: nested, op: semantic.Eq, agg: agg, slot: s.slot, at: s.at})
	return one(kWithout, p, m), true
}

// withoutOf: no orders of any shop. That an order is of some shop goes
// without saying.
func withoutOf(ps *parse, m []item) ([]item, bool) {
	p := m[0].node.(*pred)
	t := tableOf(m[len(m)-1])
	if t != nil && t.opts[0].table != p.slot.opts[0].table && slices.ContainsFunc(ps.items[:ps.lo], func(it item) bool {
		return it.kind == kTable && it.tabs[0].table == p.slot.opts[0].table
	}) {
		p.slot = t // parts that have no parts in stock
	} else if t != nil && p.under == nil {
		p.under = t.opts
	}
	return one(kWithout, p, m), true
}

func withoutSuch(ps *parse, m []item) ([]item, bool) {
	p, in := m[0].node.(*pred), m[len(m)-1].node.(*pred)
	if in.slot != nil {
		in.slot.owners = p.slot.opts
		if p.under != nil {
			in.slot.owners = p.under // no visits to any town of that county
		}
	}
	p.inner = append(p.inner, in)
	return one(kWithout, p, m), true
}

// withoutVerb: books that are not published, with a table of publications.
func withoutVerb(ps *parse, m []item) ([]item, bool) {
	if a := ps.after(); a != 0 && a != '.' && a != '&' && a != ',' && a != 'p' {
		return nil, false
	}
	v := m[len(m)-1]
	s := &slot{text: v.text, at: v.start, want: tableOnly}
	for _, c := range ps.p.index.find([]string{lexicon.Lemma(strings.ToLower(v.text))}) {
		if c.column < 0 && c.score > 0.4 {
			s.opts = append(s.opts, cand{c.ref, max(c.score, 0.75)})
		}
	}
	return one(kWithout, &pred{kind: related, slot: s, neg: true, at: m[0].start}, m), len(s.opts) > 0 && !bland[strings.ToLower(v.text)]
}

// subjectNot: places that Ann visited but Bo did not visit.
func subjectNot(ps *parse, m []item) ([]item, bool) {
	p := m[0].node.(*pred)
	if a := ps.after(); !p.bare || a != 0 && a != '.' {
		return nil, false
	}
	p.neg = !p.neg
	return one(kPred, p, m), true
}

// otherThanSuch: all accounts except the account of Ann.
func otherThanSuch(ps *parse, m []item) ([]item, bool) {
	p := m[len(m)-1].node.(*pred)
	if p.rows || p.slot == nil || !slices.ContainsFunc(ps.items[:ps.lo], func(it item) bool { return it.kind == kTable && it.tabs[0].table == m[1].tabs[0].table }) {
		return nil, false
	}
	ps.own(p, tableOf(m[1]))
	return otherThan(ps, []item{m[0], m[len(m)-1]})
}
