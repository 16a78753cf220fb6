package planner

import (
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// tellsRows gives the column that tells the rows of a table apart, where none
// is their name: in a table of elections with a delegate each, the delegates
// are its rows.
func (x *index) tellsRows(t int) (ref, bool) {
	rows := x.table(t).Rows
	if rows < 3 || len(x.nameOf(t)) > 0 {
		return ref{}, false
	}
	for _, r := range x.columns(t) {
		c := x.column(r)
		w := lexicon.SplitName(c.Name)
		if len(w) == 1 && len(w[0]) > 3 && !tails[w[0]] && c.Class == semantic.Text && !c.NumericText && c.Role != semantic.Key && c.Role != semantic.Foreign && int64(c.Distinct)*10 >= int64(rows)*9 {
			return r, true
		}
	}
	return ref{}, false
}

// rowsOf takes a plural column that has no other place as the rows it tells
// apart.
func (r *reader) rowsOf(it item) bool {
	said := strings.ToLower(it.text)
	if len(it.cols) == 0 || it.cols[0].score < 0.9 || said == lexicon.Lemma(said) {
		return false
	}
	c := it.cols[0].ref
	if tells, ok := r.p.index.tellsRows(c.table); !ok || tells != c {
		return false
	}
	it.tabs = []cand{{ref{c.table, -1}, 0.7}}
	r.take(tableOf(it), it)
	return true
}
