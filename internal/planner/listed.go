package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
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

// ofFrequent puts what is shown under the table that the most frequent value
// leads to: the name of the most common genre is a genre's.
func (r *reader) ofFrequent(s *slot) {
	var owners []cand
	for _, c := range s.opts {
		if c.column < 0 || c.score < s.opts[0].score-0.1 {
			continue
		}
		for _, e := range r.p.index.edges[c.table] {
			if r.p.index.leadsTo(c.ref, e.to) {
				owners = append(owners, cand{ref{e.to, -1}, c.score})
			}
		}
	}
	if len(owners) == 0 {
		return
	}
	r.pending = slices.DeleteFunc(r.pending, func(x *slot) bool {
		name := nameWord[lexicon.Lemma(strings.ToLower(x.text))]
		if name {
			x.owners = owners
		}
		return name
	})
}

// totalsToo adds up what is asked for as a number beside a total: the total
// hours and the number of games played, of several rows.
func (r *reader) totalsToo() {
	f := &r.f
	sum := func(o *output) bool { return o.agg == semantic.Sum && !o.rows && !o.share }
	if len(f.groups) > 0 || !slices.ContainsFunc(f.outs, sum) || !slices.ContainsFunc(f.outs, func(o *output) bool { return o.counts }) ||
		slices.ContainsFunc(f.outs, func(o *output) bool { return !o.counts && !sum(o) }) {
		return
	}
	for _, o := range f.outs {
		if o.counts {
			o.agg, o.counts, o.slot.want = semantic.Sum, false, number
		}
	}
}

// extremeDate tells that a date is asked for, and which: the last day that a
// boat was at sea.
func (b *builder) extremeDate(s *super) bool {
	if s.slot == nil || s.rows || s.freq || s.agg != "" || s.n != 1 || s.slot.pick.column < 0 || b.f.head != nil && b.f.head.at < s.at {
		return false
	}
	w := strings.Fields(strings.ToLower(s.slot.text))
	return len(w) > 0 && dayWord[lexicon.Lemma(w[len(w)-1])] && b.p.index.isMoment(s.slot.pick.ref)
}

var dayWord = map[string]bool{"date": true, "day": true, "time": true, "year": true}

// leadShown shows what a question begins with: the smallest price and its
// product.
func (r *reader) leadShown() {
	f := &r.f
	next := r.at(1).kind
	if len(f.supers) != 1 || len(f.outs) == 0 || len(r.items) == 0 || r.items[0].kind != kSuper || next != byte(lexicon.And) && next != byte(lexicon.Comma) {
		return
	}
	if s := f.supers[0]; s.slot != nil && !s.rows && !s.freq && !s.slot.soft && s.agg == "" {
		f.outs = slices.Insert(f.outs, 0, &output{slot: s.slot, at: s.at})
	}
}

// groups takes what the question groups by.
func (ps *parse) groups(it item) {
	for _, g := range it.node.([]item) {
		if g.kind == kTable {
			both := tableOf(g)
			both.opts = append(both.opts, g.cols...)
			ps.f.groups = append(ps.f.groups, both)
			continue
		}
		s := columnOf(g, label)
		for _, o := range ps.f.outs { // show the card types and the number of each type
			if i := slices.IndexFunc(s.opts, func(c cand) bool {
				return o.agg == "" && len(o.slot.opts) > 0 && o.slot.opts[0].ref == c.ref && c.score > 0.4
			}); i >= 0 {
				s = o.slot
				break
			}
		}
		ps.f.groups = append(ps.f.groups, s)
	}
}
