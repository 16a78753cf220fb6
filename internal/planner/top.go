package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// topBy: the top 5 countries by number of invoices; the top 3 stores with the
// most total sales. What is counted or totalled ranks what is shown.
func topBy(ps *parse, m []item) ([]item, bool) {
	k := m[len(m)-1]
	o := k.node.(*output)
	what, ok := first(m[:len(m)-1], "CT")
	by := slices.ContainsFunc(m, func(it item) bool {
		t := strings.ToLower(it.text)
		return it.kind == byte(lexicon.By) || t == "according to" || strings.HasPrefix(t, "in terms of") || strings.HasPrefix(t, "ranked by")
	})
	if !ok || !by || o.share || o.measure != "" || len(only(m, "CT")) != 1 {
		return nil, false
	}
	s := &super{slot: o.slot, rows: o.rows, desc: descends(m), n: limitOf(m), at: m[0].start}
	if c := ps.namedSo(k); c != nil {
		s.slot, s.rows = c, false // total points, which a column holds
	} else if !o.rows {
		s.agg = o.agg
	}
	return append([]item{what}, one(kSuper, s, []item{k})...), s.agg == "" || o.agg != semantic.Count
}

// descends tells "top" from "bottom".
func descends(m []item) bool {
	l, _ := first(m, "l")
	return !strings.Contains(strings.ToLower(l.text), "bottom")
}

// topColumn: with the top 3 durations; that have the top three total number of
// passengers, which a column holds.
func topColumn(ps *parse, m []item) ([]item, bool) {
	c := m[len(m)-1]
	s := columnOf(c, orderable)
	if o, ok := c.node.(*output); ok {
		if o.rows || o.agg != semantic.Sum {
			return nil, false
		}
		s = o.slot
	}
	if s == nil || !ps.p.index.isNumber(s.opts[0].ref) || s.opts[0].score < 0.75 || len(only(ps.items[:ps.lo], "CT")) == 0 {
		return nil, false
	}
	return append(m[:1:1], one(kSuper, &super{slot: s, desc: descends(m), n: limitOf(m), at: m[0].start}, m[1:])...), true
}

// topSuch: the top 3 expensive rooms.
func topSuch(ps *parse, m []item) ([]item, bool) {
	w, t := m[len(m)-2], m[len(m)-1]
	desc, idea, ok := lexicon.Quality(strings.ToLower(w.text))
	if !ok || w.kind == kColumn && w.cols[0].score > 0.8 {
		return nil, false
	}
	s := ps.ideaSlot(idea, w)
	if s == nil {
		return nil, false
	}
	s.owners = tableOf(t).opts
	return append(one(kSuper, &super{slot: s, desc: desc, n: limitOf(m), at: m[0].start}, m[:len(m)-1]), t), true
}

// namedSo gives the column that is called by all the words of an aggregate.
func (ps *parse) namedSo(k item) *slot {
	s := &slot{text: k.text, at: k.start, want: number}
	var lemmas []string
	for _, t := range ps.toks[k.start:k.end] {
		lemmas = append(lemmas, t.Lemma)
	}
	for _, c := range ps.p.index.keys[strings.Join(lemmas, "")] {
		if c.column >= 0 && c.score > 0.9 && ps.p.index.isNumber(c.ref) && len(lexicon.SplitName(ps.p.index.column(c.ref).Name)) > 1 {
			s.opts = append(s.opts, c)
		}
	}
	if len(s.opts) == 0 {
		return nil
	}
	return s
}
