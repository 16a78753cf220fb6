package planner

import (
	"slices"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// held reads a key to the rows that are asked for as what those have: students
// with president votes, where a vote's president is a student.
func (r *reader) held(i int, it item) bool {
	if r.f.head == nil || i == 0 || r.items[i-1].kind != byte(lexicon.Have) && r.items[i-1].kind != byte(lexicon.And) || r.items[i-1].kind == byte(lexicon.And) && !r.holding() {
		return false
	}
	s := &slot{text: it.text, at: it.start}
	for _, c := range it.cols {
		if c.score >= 0.7 && r.p.index.column(c.ref).Role == semantic.Foreign && slices.ContainsFunc(r.f.head.opts, func(h cand) bool {
			return h.score >= r.f.head.opts[0].score-0.1 && c.table != h.table && r.p.index.leadsTo(c.ref, h.table)
		}) {
			s.opts = append(s.opts, c)
		}
	}
	if len(s.opts) == 0 {
		return false
	}
	r.f.preds = append(r.f.preds, &pred{kind: holds, slot: s, at: it.start})
	return true
}

// keyNoun reads a key that is called after what it leads to as those rows: the
// name of the head of a department, where a department's head is an employee.
func (r *reader) keyNoun(i int, it item) bool {
	if i == 0 || r.items[i-1].kind != byte(lexicon.Prep) && r.items[i-1].kind != kPred && r.items[i-1].kind != byte(lexicon.Relative) {
		return false
	}
	if r.at(i+1).kind == byte(lexicon.Be) && r.at(i+2).kind == kTable {
		return false // whose advisors are professors
	}
	t := &slot{text: it.text, at: it.start, want: tableOnly}
	said := lexicon.SplitName(it.text)
	for _, c := range it.cols {
		if c.score < 0.85 || len(said) > len(lexicon.SplitName(r.p.index.column(c.ref).Name)) || r.p.index.column(c.ref).Role != semantic.Foreign {
			continue
		}
		for _, e := range r.p.index.edges[c.table] {
			if !e.many && e.to != c.table && r.p.index.leadsTo(c.ref, e.to) {
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

// holding tells that the question says before what its rows have.
func (r *reader) holding() bool {
	return slices.ContainsFunc(r.items, func(it item) bool { return it.kind == byte(lexicon.Have) })
}

// holding writes what rows have by a key to them, with the conditions on those
// same rows: president votes in spring. It gives the other conditions.
func (b *builder) holding(ps []*pred) (rest []*pred, ok bool) {
	if !slices.ContainsFunc(ps, func(p *pred) bool { return p.kind == holds }) {
		return ps, true
	}
	taken := map[*pred]bool{}
	for _, p := range ps {
		if p.kind != holds {
			continue
		}
		r := semantic.Related{Set: b.name(p.slot.pick.table), Of: b.name(b.head)}
		for _, e := range b.p.index.edges[p.slot.pick.table] {
			if e.to == b.head && !e.many && len(e.cols) == 1 && b.p.index.column(p.slot.pick.ref).Name == e.cols[0] {
				r.Via = b.p.index.model.Joins[e.join].Name
			}
		}
		if r.Via == "" {
			return nil, b.fail("it is not clear what %s has to do with %s", quote(p.slot.text), b.name(b.head))
		}
		var and semantic.And
		for _, q := range ps {
			if q.slot == nil || taken[q] || q.kind == holds || q.kind == related || q.rows || q.neg || len(q.or) > 0 || q.slot.pick.table != p.slot.pick.table {
				continue
			}
			c, ok := b.plain(q)
			if !ok {
				return nil, false
			}
			taken[q], and = true, append(and, c)
		}
		if len(and) > 0 {
			r.Where = flat(and)
		}
		b.where = append(b.where, r)
	}
	return slices.DeleteFunc(slices.Clone(ps), func(p *pred) bool { return p.kind == holds || taken[p] }), true
}
