package planner

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
)

// forest is a sum of small decision trees over evidence, in the logarithm of
// the odds that a reading is right.
type forest struct {
	base  float64
	names []string // of the evidence that it asks for
	trees [][]node
}

// node asks whether evidence is at most a bound, and goes on to the next node
// or to another; a leaf asks for none, and adds its bound.
type node struct {
	name  int // of the forest's; -1 in a leaf
	bound float64
	no    int
}

// forests are read from weights.go once.
var unseen, seen = grown("unseen", unseenNames, unseenTrees, unseenBase), grown("seen", seenNames, seenTrees, seenBase)

// grown reads trees as they are written: a line each, nodes from the root and
// each before those under it, a split as NAME<BOUND by the number of its name,
// a leaf as what it adds in ten thousandths.
func grown(what, names, trees string, base float64) func() *forest {
	return sync.OnceValue(func() *forest {
		f := &forest{base: base, names: strings.Split(names, "\n")}
		for n, line := range strings.Split(strings.TrimSpace(trees), "\n") {
			t, rest, err := branch(nil, strings.Fields(line))
			if err != nil || len(rest) > 0 {
				panic(fmt.Sprintf("planner: %s weights, tree %d: %v, %d too many", what, n, err, len(rest)))
			}
			f.trees = append(f.trees, t)
		}
		return f
	})
}

// branch adds the node that words begin with, and those under it.
func branch(t []node, words []string) ([]node, []string, error) {
	if len(words) == 0 {
		return t, nil, fmt.Errorf("it breaks off")
	}
	name, bound, split := strings.Cut(words[0], "<")
	x, err := strconv.ParseFloat(bound, 64)
	if !split {
		x, err = strconv.ParseFloat(name, 64)
		return append(t, node{name: -1, bound: x / 1e4}), words[1:], err
	}
	i, err2 := strconv.Atoi(name)
	if err != nil || err2 != nil {
		return t, nil, fmt.Errorf("%q is no split", words[0])
	}
	at := len(t)
	t = append(t, node{name: i, bound: x})
	if t, words, err = branch(t, words[1:]); err == nil {
		t[at].no = len(t)
		t, words, err = branch(t, words)
	}
	return t, words, err
}

// odds are the logarithm of those that the reading is right.
func (f *forest) odds(e evidence) float64 {
	x := make([]float64, len(f.names))
	for i, n := range f.names {
		x[i] = e[n]
	}
	odds := f.base
	for _, t := range f.trees {
		i := 0
		for t[i].name >= 0 {
			if x[t[i].name] <= t[i].bound {
				i++
			} else {
				i = t[i].no
			}
		}
		odds += t[i].bound
	}
	return odds
}

// curatedOdds is what it adds to the log odds that a person has written the model:
// the trees are fitted to models that nobody has looked at.
const curatedOdds = 1.2

// confidence is the likelihood that the reading is the one that was meant.
func (f *forest) confidence(e evidence) float64 {
	return sigmoid(f.odds(e) + curatedOdds*e["curated"])
}

func sigmoid(odds float64) float64 { return 1 / (1 + math.Exp(-odds)) }
