package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
)

// sortedShown orders by what is shown under the same words: the date and amount
// of each payment, in order of date.
func (r *reader) sortedShown() {
	said := func(s *slot) string { return lexicon.Lemma(strings.ToLower(s.text)) }
	for _, o := range r.f.orders {
		if o.slot == nil || len(o.slot.opts) == 0 || o.slot.opts[0].column < 0 {
			continue
		}
		for _, x := range r.f.outs {
			if x.agg == "" && len(x.slot.opts) > 0 && x.slot.opts[0].column >= 0 && said(x.slot) == said(o.slot) {
				o.slot = x.slot
				break
			}
		}
	}
}

// countedAfter tells that the table named last is one whose rows are counted
// beside a column: the ids and the number of visits are not the visits' ids.
func (r *reader) countedAfter(s *slot) bool {
	return slices.ContainsFunc(r.f.outs, func(o *output) bool { return o.rows && o.slot == r.last && s.at < o.at })
}
