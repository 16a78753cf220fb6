package planner

import (
	"slices"

	"github.com/postern/postern/internal/planner/lexicon"
)

// ways takes the evidence of how else the tables could be joined: twice
// between two, or by way of others, of which some are said.
func (b *builder) ways(e evidence) {
	x := b.p.index
	var tables []int
	for _, s := range b.f.slots() {
		if !slices.Contains(tables, s.pick.table) {
			tables = append(tables, s.pick.table)
		}
	}
	said := func(t int) bool {
		return slices.ContainsFunc(x.words[t], func(w string) bool { return b.f.words[role(w)] })
	}
	for i, t := range tables {
		for _, o := range tables[:i] {
			direct, over, overSaid := 0.0, 0.0, 0.0
			for _, first := range x.edges[t] {
				direct += bit(first.to == o)
				if first.to == t || first.to == o || slices.Contains(tables, first.to) {
					continue
				}
				if slices.ContainsFunc(x.edges[first.to], func(second edge) bool { return second.to == o }) {
					over++
					overSaid += bit(said(first.to))
				}
			}
			e.add("ways direct", direct)
			e.on("ways direct twice", direct > 1)
			e.add("ways over others", over)
			e.on("ways both", direct > 0 && over > 0)
			e.add("ways over what is said", overSaid)
			e.on("ways over one of several", direct == 0 && over > 1)
			e.on("ways over what nobody says", direct == 0 && over > 0 && overSaid == 0)
			e.on("ways past what is said", direct > 0 && overSaid > 0)
			e.on("ways far", direct+over == 0)
		}
	}
}

// namesTerms tells values that hold words which tables and columns are called
// by too.
func (e evidence) namesTerms(p *Planner, it item, toks []lexicon.Token) {
	if it.end-it.start < 2 {
		return
	}
	for _, t := range toks[it.start:it.end] {
		if t.Quoted {
			return
		}
		if cs := p.index.find([]string{t.Lemma}); len(cs) > 0 && cs[0].score > 0.8 {
			e.add("terms within values", 1)
		}
	}
}
