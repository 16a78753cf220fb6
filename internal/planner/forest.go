package planner

import "math"

// forest is a sum of small decision trees over evidence, in the logarithm of
// the odds that a reading is right. weights.go holds those that were fitted.
type forest struct {
	base  float64
	trees []tree
}

// tree is a list of nodes, the root first.
type tree []node

// node asks whether evidence is at most a bound, and goes to one of two nodes;
// one without a name is a leaf, whose bound is what it adds.
type node struct {
	name    string
	bound   float64
	yes, no int
}

// curatedOdds is what it adds to the log odds that a person has written the model:
// the trees are fitted to models that nobody has looked at.
const curatedOdds = 0.7

// confidence is the likelihood that the reading is the one that was meant.
func (f *forest) confidence(e evidence) float64 {
	odds := f.base + curatedOdds*e["curated"]
	for _, t := range f.trees {
		i := 0
		for t[i].name != "" {
			if e[t[i].name] <= t[i].bound {
				i = t[i].yes
			} else {
				i = t[i].no
			}
		}
		odds += t[i].bound
	}
	return 1 / (1 + math.Exp(-odds))
}
