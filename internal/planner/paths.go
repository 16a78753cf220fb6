package planner

import (
	"cmp"
	"slices"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

const (
	maxPaths     = 12  // ways through the lattice that are read
	longQuestion = 50  // words, above which hardly any ways are read
	maxBelow     = 1.3 // how much less than the best one may weigh
)

// step is a way from a token to the end of the question: its first item, and
// which of the ways from where that ends.
type step struct {
	item   item
	weight float64
	rest   int
}

// lattice reads tokens as items. Every span of words has its readings; the
// ways through them that place most words with the longest and nearest
// readings come first. weights are theirs.
func (p *Planner) lattice(q string, toks []lexicon.Token) (out [][]item, weights []float64) {
	most := maxPaths
	if len(toks) > longQuestion {
		most = 2
	}
	named := p.resembles(q, toks)
	ways := make([][]step, len(toks)+1)
	ways[len(toks)] = []step{{}}
	for i := len(toks) - 1; i >= 0; i-- {
		var all []step
		for _, it := range append(p.spans(q, toks, i), named[i]...) {
			for rest, w := range ways[it.end] {
				all = append(all, step{it.item, it.weight + w.weight, rest})
			}
		}
		slices.SortStableFunc(all, func(a, b step) int { return cmp.Compare(b.weight, a.weight) })
		for n, s := range all {
			if n == most || s.weight < all[0].weight-maxBelow {
				all = all[:n]
				break
			}
		}
		ways[i] = all
	}
	for _, s := range ways[0] {
		weights = append(weights, s.weight)
		var items []item
		for i := 0; i < len(toks); {
			items = append(items, s.item)
			if i = s.item.end; i < len(toks) {
				s = ways[i][s.rest]
			}
		}
		out = append(out, items)
	}
	return out, weights
}

// nearest joins a table that two of the tables in use lead to, each by one
// join, from the one that the question puts it under: the department and the
// office of the professor whose last name is Ivy, where a department has a
// head of the staff too.
func (b *builder) nearest() {
	used := b.used()
	for _, s := range b.f.slots() {
		t := s.pick.table
		if s.pick.column < 0 || s.set != "" || len(s.owners) == 0 || s.owners[0].table == t || !used[s.owners[0].table] ||
			slices.ContainsFunc(b.q.Joins, func(j semantic.JoinAs) bool { return j.As == b.name(t) || j.Table == b.name(t) }) {
			continue
		}
		others, via := 0, -1
		for from := range b.p.index.edges {
			if !used[from] || from == t {
				continue
			}
			for _, e := range b.p.index.edges[from] {
				switch {
				case e.to != t || e.many:
				case from != s.owners[0].table:
					others++
				case via >= 0:
					via = -2 // twice: said by its role, or not at all
				case via == -1:
					via = e.join
				}
			}
		}
		if others > 0 && via >= 0 {
			b.q.Joins = append(b.q.Joins, semantic.JoinAs{As: b.name(t), Table: b.name(t), Via: b.p.index.model.Joins[via].Name, Of: b.name(s.owners[0].table)})
		}
	}
}
