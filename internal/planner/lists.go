package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// besideHead takes a second table whose rows are listed with the head's, or
// that has to share what is shown: the phone numbers of guests and staff; the
// towns that are used by both guests and staff.
func (r *reader) besideHead(i int, it item) bool {
	f := &r.f
	if f.head == nil || f.beside != nil || i < 2 || len(f.outs) == 0 || len(f.also)+len(f.preds)+len(f.supers)+len(f.groups) > 0 || len(it.tabs) == 0 || it.tabs[0].table == f.head.opts[0].table || !r.ends(i+1) ||
		slices.ContainsFunc(f.outs, func(o *output) bool { return o.agg != "" || o.slot == nil || o.counts }) {
		return false
	}
	j := i - 1
	if r.items[j].kind == byte(lexicon.By) || r.items[j].kind == byte(lexicon.Prep) {
		j--
	}
	if k := r.items[j].kind; k != byte(lexicon.And) && k != byte(lexicon.Or) && k != byte(lexicon.Also) || j == 0 || r.items[j-1].kind != kTable || r.items[j-1].start != f.head.at {
		return false
	}
	if strings.Contains(strings.ToLower(r.items[j].text), "the") { // guests and their rooms
		return false
	}
	op := semantic.Union
	if b := r.at(j - 2); b.kind == byte(lexicon.By) || b.kind == byte(lexicon.Both) {
		op = semantic.Intersect
	} else if b.kind != byte(lexicon.Prep) {
		return false
	}
	if t := f.head.opts[0].table; op == semantic.Union && it.quant != "all" && slices.ContainsFunc(r.p.index.edges[t], func(e edge) bool { return e.to == it.tabs[0].table }) {
		return false // rangers and lodges belong together
	}
	f.beside, f.besideOp = tableOf(it), op
	return true
}

// listedBeside writes the second list: the same columns of the other table.
func (b *builder) listedBeside() bool {
	if b.f.beside == nil {
		return true
	}
	t := b.f.beside.opts[0].table
	if len(b.where)+len(b.have)+len(b.q.Sets)+len(b.f.orders) > 0 || b.aggregated() {
		return b.fail("it is not clear which of its conditions belong together")
	}
	q := &semantic.Query{From: b.name(t)}
	b.q.From, b.q.Select = b.name(b.head), nil
	for _, o := range b.f.outs {
		mine, ok := b.columnIn(b.head, o.slot)
		theirs, ok2 := b.columnIn(t, o.slot)
		if !ok || !ok2 || len(mine) != len(theirs) {
			return b.fail("%s is not of both %s and %s", quote(o.slot.text), b.name(b.head), b.name(t))
		}
		for i := range mine {
			b.q.Select = append(b.q.Select, semantic.Output{Expr: b.at(mine[i])})
			q.Select = append(q.Select, semantic.Output{Expr: b.at(theirs[i])})
		}
	}
	b.q.Sets = append(b.q.Sets, semantic.SetOp{Op: b.f.besideOp, Query: q})
	return true
}

// columnIn is a column that is asked for, of one table: by its name, or where
// the name of a row is asked for, what names one.
func (b *builder) columnIn(t int, s *slot) ([]ref, bool) {
	for _, c := range b.p.index.find(strings.Fields(lexicon.Lemma(strings.ToLower(s.text)))) {
		if c.column >= 0 && c.table == t && c.score >= 0.7 {
			return []ref{c.ref}, true
		}
	}
	for _, c := range s.opts {
		if c.column >= 0 && c.table == t && c.score >= 0.7 {
			return []ref{c.ref}, true
		}
	}
	if !nameWord[lexicon.Lemma(strings.ToLower(s.text))] {
		return nil, false
	}
	names := b.p.index.shownBy(t)
	return names, len(names) > 0 && !slices.ContainsFunc(names, b.p.index.isKeyish)
}
