package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// Kinds of items that a curated model names: they become outputs and
// conditions before anything is reduced.
const (
	kMeasure = 'X' // arg names the measure
	kFilter  = 'Y' // arg names the filter
)

// addMeanings finds measures and named filters by what they are called.
func (x *index) addMeanings() {
	x.meanings = map[string]item{}
	put := func(kind byte, id string, names ...string) {
		for _, n := range names {
			if key := lemmaKey(n); key != "" {
				if _, taken := x.meanings[key]; !taken {
					x.meanings[key] = item{kind: kind, arg: id}
				}
			}
		}
	}
	for i := range x.model.Measures {
		if m := &x.model.Measures[i]; m.Expr != nil && !m.Inferred {
			put(kMeasure, m.Name, append([]string{m.Name, m.Label}, m.Synonyms...)...)
		}
	}
	for i := range x.model.Filters {
		if f := &x.model.Filters[i]; f.Where != nil {
			put(kFilter, f.Name, append([]string{f.Name, f.Label}, f.Synonyms...)...)
		}
	}
}

func lemmaKey(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == ' ' || r == '_' || r == '-' })
	for i, w := range words {
		words[i] = lexicon.Lemma(w)
	}
	return strings.Join(words, " ")
}

// meaning gives a span as a measure or filter. One that is called like a
// table (flights) is the table: how many of it there are is its own question.
func (p *Planner) meaning(it item, lemma []string) (weighed, bool) {
	m, ok := p.index.meanings[strings.Join(lemma, " ")]
	if !ok || len(it.tabs) > 0 && it.tabs[0].score > 0.9 {
		return weighed{}, false
	}
	it.kind, it.arg, it.vals, it.cols, it.tabs = m.kind, m.arg, nil, nil, nil
	n := float64(len(lemma))
	return weighed{it, n*1.15 + 0.25*(n-1)}, true
}

// meanings makes outputs of measures, and conditions of filters.
func (ps *parse) meanings(items []item) []item {
	for i, it := range items {
		switch it.kind {
		case kMeasure:
			m, _ := ps.p.index.model.Measure(it.arg)
			if t := ps.p.index.tableSlot(m.Table, it); t != nil {
				items[i].kind, items[i].node = kOutput, &output{slot: t, agg: ofModel, measure: m.Name, at: it.start}
			}
		case kFilter:
			f, _ := ps.p.index.model.Filter(it.arg)
			if t := ps.p.index.tableSlot(f.Table, it); t != nil {
				items[i].kind, items[i].node = kPred, &pred{kind: named, name: f.Name, slot: t, at: it.start}
			}
		}
	}
	return items
}

// ofModel stands for the aggregate that a measure of the model is.
const ofModel = semantic.AggOp("measure")

func (x *index) tableSlot(name string, it item) *slot {
	t, ok := x.names[strings.ToLower(name)]
	if !ok {
		return nil
	}
	return &slot{opts: []cand{{ref{t, -1}, 1}}, text: it.text, at: it.start, want: tableOnly}
}

// countMeasured: the number of delayed flights, which a measure counts.
func countMeasured(ps *parse, m []item) ([]item, bool) {
	g := m[len(m)-1]
	if g.node.(*output).measure == "" {
		return nil, false
	}
	g.start = m[0].start
	return []item{g}, true
}

// grain groups what is asked for by periods of a date.
func (r *reader) grain(it item) bool {
	if r.f.grain != "" {
		return r.f.grain == semantic.Grain(it.arg)
	}
	s := &slot{text: it.text, at: it.start, want: moment, soft: true}
	for _, m := range r.p.index.moments {
		if r.p.index.column(m).Class == semantic.Date {
			score := 0.7
			if t := r.p.index.table(m.table); strings.EqualFold(t.TimeColumn, r.p.index.column(m).Name) {
				score = 0.9
			}
			s.opts = append(s.opts, cand{m, score})
		}
	}
	if len(s.opts) == 0 {
		return false
	}
	if r.last != nil {
		s.owners = r.last.opts
	} else {
		r.pending = append(r.pending, s)
	}
	r.f.grain, r.f.when = semantic.Grain(it.arg), s
	return true
}

// periods shows the periods before all else, in their order.
func (b *builder) periods() bool {
	if b.f.grain == "" {
		return true
	}
	if b.f.onlyMoment() {
		b.moments()
		return true
	}
	e := semantic.Period{Of: b.ref(b.f.when), Grain: b.f.grain}
	if !b.aggregated() && len(b.f.supers) == 0 {
		return b.fail("it does not say what is counted in each %s", string(b.f.grain))
	}
	b.q.Select = slices.Insert(b.q.Select, 0, semantic.Output{Expr: e})
	b.grouped++
	if len(b.f.orders) == 0 && len(b.f.supers) == 0 {
		b.q.Order = append(b.q.Order, semantic.Order{By: e})
	}
	b.note("by " + string(b.f.grain) + " of " + semantic.Words(b.p.index.column(b.f.when.pick.ref).Name))
	return true
}

// extremePeriod: the month with the most orders.
func (b *builder) extremePeriod() bool {
	s := b.f.supers[0]
	var by semantic.Expr
	switch {
	case s.rows && s.slot != nil:
		by = b.rows(s.slot.pick.table)
	case s.out != nil:
		by, _ = b.expr(s.out)
	case s.slot != nil && s.agg != "":
		by = semantic.Aggregate{Op: s.agg, Of: b.ref(s.slot)}
	default:
		return b.fail("it does not say the most of what")
	}
	if by == nil {
		return b.fail("it does not say the most of what")
	}
	b.q.Order = append(b.q.Order, semantic.Order{By: by, Desc: s.desc})
	b.q.Limit = max(1, s.n)
	b.note("if several tie, one of them is shown")
	return true
}

// shareOf: what share of flights were late; the share of total revenue by
// region. The whole is all rows, or the sum over all groups.
func shareOf(ps *parse, m []item) ([]item, bool) {
	last := m[len(m)-1]
	out := only(m, "F")
	percent := m[0].arg == "percent"
	if last.kind == kColumn {
		s := columnOf(last, number)
		if s == nil || !ps.p.index.isNumber(s.opts[0].ref) || len(out) > 0 {
			return nil, false
		}
		return one(kOutput, &output{slot: s, agg: semantic.Sum, share: true, percent: percent, at: m[0].start}, m), true
	}
	for _, f := range out {
		ps.own(f.node.(*pred), tableOf(last))
	}
	k := one(kRows, &output{slot: tableOf(last), rows: true, agg: semantic.Count, share: true, percent: percent, at: m[0].start}, m)
	return append(k, out...), len(only(m, "a")) == 0
}

// part writes a share: of the total over all groups, or, without groups, of
// the rows that meet the conditions among all.
func (b *builder) part(o *output, whole semantic.Expr) (semantic.Expr, bool) {
	if len(b.f.groups) > 0 || b.f.grain != "" {
		return semantic.Share{Of: whole}, true
	}
	if !o.rows || len(b.f.outs) != 1 || len(b.where) == 0 || len(b.q.Sets) > 0 || len(b.have) > 0 {
		return nil, b.fail("it does not say what part of %s is asked for", quote(o.slot.text))
	}
	some := semantic.Aggregate{Op: semantic.Count, Of: semantic.Rows{Set: b.name(o.slot.pick.table)}, Where: flat(b.where)}
	b.where, b.q.From = nil, b.name(o.slot.pick.table)
	return semantic.Arith{Op: "/", Left: some, Right: whole}, true
}
