package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
)

// rowsNamed: more than one festivals, where what a row of the table is called
// by is a column.
func rowsNamed(ps *parse, m []item) ([]item, bool) {
	it := m[2]
	w := strings.Fields(strings.ToLower(it.text))
	if len(it.tabs) == 0 || it.tabs[0].score < 0.6 || lexicon.Lemma(w[len(w)-1]) == w[len(w)-1] || it.start != m[1].end || ps.p.index.isNumber(it.cols[0].ref) || ps.p.index.isMoment(it.cols[0].ref) {
		return nil, false
	}
	it.kind = kTable
	return rowsCompare(ps, []item{m[0], m[1], it})
}

// nestedSuch: below the lowest price of red plants. The value says of which rows
// the aggregate is.
func nestedSuch(ps *parse, m []item) ([]item, bool) {
	p, in, t := m[0].node.(*pred), m[1].node.(*pred), tableOf(m[2])
	of := p.slot
	if p.slot2 != nil {
		of = p.slot2
	}
	if p.kind != nested || p.agg == "" || p.neg || len(p.inner) > 0 || !in.bare || in.kind != among || in.neg || m[1].start != m[0].end || m[2].start != m[1].end || t == nil ||
		!slices.ContainsFunc(of.opts, func(c cand) bool { return c.table == t.opts[0].table }) {
		return nil, false
	}
	ps.own(in, t)
	p.inner = []*pred{in}
	return one(kPred, p, m), true
}
