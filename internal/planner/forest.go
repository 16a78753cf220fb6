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

	// What learners of other kinds make of the same evidence; the odds are the
	// mean of all three.
	bags  [][]node // their leaves hold shares of right ones
	lines []line
	level float64 // the odds where no line adds anything
}

// line adds to the odds in proportion to evidence, up to where it was learned.
type line struct {
	name       int
	slope, end float64
}

// node asks whether evidence is at most a bound, and goes on to the next node
// or to another; a leaf asks for none, and adds its bound.
type node struct {
	name  int // of the forest's; -1 in a leaf
	bound float64
	no    int
}

// forests are read from weights.go once.
var (
	unseen = grown("unseen", unseenNames, unseenTrees, unseenBase)
	seen   = blended("seen", grown("seen", seenNames, seenTrees, seenBase), seenBags, seenLines, seenLevel)
)

// grown reads trees as they are written: a line each, nodes from the root and
// each before those under it, a split as NAME<BOUND by the number of its name,
// a leaf as what it adds in ten thousandths.
func grown(what, names, trees string, base float64) func() *forest {
	return sync.OnceValue(func() *forest {
		return &forest{base: base, names: strings.Split(names, "\n"), trees: treesOf(what, trees)}
	})
}

// blended adds to a forest trees that hold shares, and lines as they are
// written: NAME SLOPE END each.
func blended(what string, of func() *forest, bags, lines string, level float64) func() *forest {
	return sync.OnceValue(func() *forest {
		f := *of()
		f.bags, f.level = treesOf(what, bags), level
		for n, text := range strings.Split(strings.TrimSpace(lines), "\n") {
			var l line
			if _, err := fmt.Sscan(text, &l.name, &l.slope, &l.end); err != nil || l.name < 0 || l.name >= len(f.names) {
				panic(fmt.Sprintf("planner: %s weights, line %d: %v", what, n, err))
			}
			f.lines = append(f.lines, l)
		}
		return &f
	})
}

func treesOf(what, trees string) (all [][]node) {
	for n, line := range strings.Split(strings.TrimSpace(trees), "\n") {
		t, rest, err := branch(nil, strings.Fields(line))
		if err != nil || len(rest) > 0 {
			panic(fmt.Sprintf("planner: %s weights, tree %d: %v, %d too many", what, n, err, len(rest)))
		}
		all = append(all, t)
	}
	return all
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
	odds := f.base + sum(f.trees, x)
	if len(f.bags) == 0 {
		return odds
	}
	share, drawn := sum(f.bags, x)/float64(len(f.bags)), f.level
	for _, l := range f.lines {
		drawn += l.slope * min(max(x[l.name], -l.end), l.end)
	}
	return (odds + math.Log((share+1e-3)/(1-share+1e-3)) + drawn) / 3
}

// sum adds up the leaves that evidence comes to.
func sum(trees [][]node, x []float64) (odds float64) {
	for _, t := range trees {
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
