package planner

import (
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
