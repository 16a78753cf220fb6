package planner

import (
	"cmp"
	"slices"

	"github.com/postern/postern/internal/planner/lexicon"
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
