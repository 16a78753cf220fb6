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

// rowsBeside tells that a table named before the match has rows of another that
// belong to its own.
func (ps *parse) rowsBeside(t int) bool {
	return slices.ContainsFunc(ps.items[:ps.lo], func(it item) bool {
		return it.kind == kTable && slices.ContainsFunc(ps.p.index.edges[it.tabs[0].table], func(e edge) bool { return e.to == t && e.many })
	})
}

// differentRows gives, for rows of a table that are told apart by more than
// what is counted (the different towns of visits to towns), the key to that.
func (ps *parse) differentRows(it item) *slot {
	t := it.tabs[0].table
	words := strings.Fields(strings.ToLower(it.text))
	noun := lexicon.Lemma(words[len(words)-1])
	s := &slot{text: it.text, at: it.start, want: anything}
	keys := 0
	for _, e := range ps.p.index.edges[t] {
		if e.many || e.to == t {
			continue
		}
		keys++
		if w := ps.p.index.words[e.to]; len(e.cols) == 1 && len(w) == 1 && w[0] == noun && len(words) > 1 {
			if r, ok := ps.p.index.named(t, e.cols[0]); ok {
				s.opts = append(s.opts, cand{r, it.tabs[0].score})
			}
		}
	}
	if keys < 2 || len(s.opts) != 1 {
		return nil
	}
	return s
}
