package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// trailing shows a column that ends a question behind what says which rows are
// asked for: the names of all who teach some course, and the course code.
func (r *reader) trailing(i int, it item) bool {
	if i < 3 || r.items[i-1].kind != byte(lexicon.And) || !r.ends(i+1) || strings.IndexByte("TvF", r.items[i-2].kind) < 0 || it.start == 0 {
		return false
	}
	switch before := r.toks[it.start-1].Lower; {
	case before == "the", before == "their", before == "its", before == "corresponding", before == "respective":
	case r.items[i-2].kind != kPred && r.items[i-1].end == it.start && (it.end-it.start > 1 || strings.Contains(it.text, "_")):
	default:
		return false
	}
	plain := slices.ContainsFunc(r.f.outs, func(o *output) bool { return o.agg == "" })
	s := columnOf(it, anything)
	if !plain || len(r.f.supers) > 0 || s == nil || s.opts[0].score < 0.8 {
		return false
	}
	r.f.outs = append(r.f.outs, &output{slot: s, at: it.start})
	return true
}

// people reads a column in the plural, spoken of as things there are, as the
// rows of its table: the committees that have delegates, where each row has a
// delegate.
func (r *reader) people(i int, it item) bool {
	word := strings.ToLower(it.text)
	if lexicon.Lemma(word) == word || strings.Contains(word, " ") || i == 0 || strings.EqualFold(r.items[i-1].text, "as") {
		return false
	}
	t := &slot{text: it.text, at: it.start, want: tableOnly}
	for _, c := range it.cols {
		if c.column >= 0 && c.score >= 0.9 && !r.p.index.isNumber(c.ref) && !r.p.index.isMoment(c.ref) && !r.p.index.isJoin(c.ref) {
			t.opts = append(t.opts, cand{ref{c.table, -1}, c.score - 0.1})
		}
	}
	if len(t.opts) == 0 {
		return false
	}
	r.take(t, it)
	return true
}

// roleOf reads a key that is called by what the row it leads to is to someone
// as that row: the names of Ann's advisor, where a student has an advisor who
// is of the staff.
func (r *reader) roleOf(it item) bool {
	if it.start == 0 || len(r.toks[it.start-1].Text) == r.toks[it.start-1].End-r.toks[it.start-1].Start || r.toks[it.start-1].Quoted {
		return false // nobody's
	}
	t := &slot{text: it.text, at: it.start, want: tableOnly}
	for _, w := range strings.Fields(strings.ToLower(it.text)) {
		if keyWord[lexicon.Lemma(w)] {
			return false
		}
	}
	for _, c := range it.cols {
		if c.column < 0 || c.score < 0.85 || r.p.index.column(c.ref).Role != semantic.Foreign {
			continue
		}
		for _, e := range r.p.index.edges[c.table] {
			if e.to != c.table && !e.many && r.p.index.leadsTo(c.ref, e.to) {
				t.opts = append(t.opts, cand{ref{e.to, -1}, c.score - 0.1})
			}
		}
	}
	if len(t.opts) == 0 {
		return false
	}
	r.take(t, it)
	return true
}

// ofKey puts what a later sentence shows under the rows that a key of the
// first leads to: "Who is the advisor of Ann? Give me the first name."
func (r *reader) ofKey(key ref) bool {
	for _, e := range r.p.index.edges[key.table] {
		if e.to == key.table || e.many || !r.p.index.leadsTo(key, e.to) {
			continue
		}
		later := r.f.outs[r.sentence:]
		if slices.ContainsFunc(later, func(o *output) bool {
			return o.agg != "" || !slices.ContainsFunc(o.slot.opts, func(c cand) bool { return c.table == e.to && c.column >= 0 && c.score >= 0.8 })
		}) {
			return false
		}
		for _, o := range later {
			o.slot.owners = []cand{{ref{e.to, -1}, 1}}
			o.slot.opts = slices.DeleteFunc(slices.Clone(o.slot.opts), func(c cand) bool { return c.table != e.to })
		}
		return true
	}
	return false
}

// ofEach shows of another table what is shown of the first: the names of
// companies and of employees.
func (r *reader) ofEach(i int, it item) bool {
	if !r.selecting || i < 4 || r.items[i-1].kind != byte(lexicon.Prep) || r.items[i-2].kind != byte(lexicon.And) || r.items[i-3].kind != kTable ||
		!strings.EqualFold(r.items[i-1].text, r.items[i-4].text) {
		return false
	}
	n := len(r.f.outs)
	for _, o := range slices.Clone(r.f.outs[r.shown:]) {
		if o.agg != "" {
			continue
		}
		s := *o.slot
		s.at, s.owners = it.start, it.tabs
		s.opts = slices.DeleteFunc(slices.Clone(s.opts), func(c cand) bool {
			return !slices.ContainsFunc(it.tabs, func(t cand) bool { return t.table == c.table })
		})
		if len(s.opts) == 0 {
			continue
		}
		r.f.outs = append(r.f.outs, &output{slot: &s, at: it.start, full: o.full})
	}
	if len(r.f.outs) == n {
		r.f.unplaced = append(r.f.unplaced, it.text)
	}
	r.mention(tableOf(it), it)
	return true
}

// isJoin tells keys, and what leads to them.
func (x *index) isJoin(r ref) bool {
	role := x.column(r).Role
	return role == semantic.Key || role == semantic.Foreign
}

// ofGroup puts the columns that wait for their table under the one that is
// grouped by: the name and the number of visits of each place.
func (r *reader) ofGroup(g item) {
	var rest []*slot
	for _, s := range r.pending {
		if slices.ContainsFunc(r.f.outs, func(o *output) bool { return o.slot == s && o.agg == "" }) {
			s.owners = g.tabs
		} else {
			rest = append(rest, s)
		}
	}
	r.pending = rest
}
