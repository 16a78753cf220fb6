package main

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
)

// How trees are grown: small and slowly, as there are thousands of readings to
// learn from and not millions, and each at random in what samples it sees, what
// it may ask and which bounds it tries, so that together they do not lean on
// what happens to tell these databases' readings apart.
const (
	rate    = 0.05
	depth   = 5
	ridge   = 5.0 // draws leaves to 0
	leanest = 1.0 // the least curve of a leaf: about ten readings
	worth   = 0.1 // the least gain of a split
	bins    = 24  // bounds of a feature
	rare    = 20  // what fewer samples have tells nothing
	tried   = 0.2 // of the evidence that a tree may ask for: others see what the best would hide
	shown   = 0.7 // of the samples that a tree is grown on
)

// model is a sum of trees in log odds, and what other learners make of the
// same, if any; see planner's forest.
type model struct {
	base  float64
	trees [][]split
	bags  [][]split // their leaves hold shares of right ones
	lines []line
	level float64 // the odds where no line adds anything
}

// split is a node of a tree: a leaf has no name, and adds its bound.
type split struct {
	name    string
	bound   float64
	yes, no int
}

func (m model) odds(e map[string]float64) float64 {
	sum := m.base + grownOn(m.trees, e)
	if len(m.bags) == 0 {
		return sum
	}
	drawn := m.level
	for _, l := range m.lines {
		drawn += l.adds(e[l.name])
	}
	return (sum + logit(grownOn(m.bags, e)/float64(len(m.bags))) + drawn) / 3
}

// grownOn sums the leaves that evidence comes to.
func grownOn(trees [][]split, e map[string]float64) (sum float64) {
	for _, t := range trees {
		i := 0
		for t[i].name != "" {
			if e[t[i].name] <= t[i].bound {
				i = t[i].yes
			} else {
				i = t[i].no
			}
		}
		sum += t[i].bound
	}
	return sum
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// table is samples with their evidence in bins. Most evidence is 0 for most
// samples, so what is not is listed.
type table struct {
	features []feature
	right    []float64
}

type feature struct {
	name   string
	bounds []float64 // ascending
	rows   []int32   // samples in another bin than zero
	bin    []uint8   // of each of them: how many bounds lie below
	zero   int       // the bin of 0

	told  []int32   // samples that have it
	value []float64 // of each of them
}

// tabulate takes the evidence of the samples that use does not refuse.
func tabulate(samples []sample, use func(string) bool) *table {
	n := map[string]int{}
	t := &table{right: make([]float64, len(samples))}
	for i, s := range samples {
		for name := range s.evidence {
			n[name]++
		}
		if s.right {
			t.right[i] = 1
		}
	}
	for _, name := range slices.Sorted(maps.Keys(n)) {
		if use(name) && n[name] >= rare {
			t.features = append(t.features, featureOf(name, len(samples), func(i int) float64 { return samples[i].evidence[name] }))
		}
	}
	return t
}

func featureOf(name string, n int, value func(i int) float64) feature {
	values := make([]float64, n)
	for i := range values {
		values[i] = value(i)
	}
	f := feature{name: name, bounds: boundsOf(values)}
	f.zero, _ = slices.BinarySearch(f.bounds, 0)
	for i, v := range values {
		if v != 0 {
			f.told, f.value = append(f.told, int32(i)), append(f.value, v)
		}
		if at, _ := slices.BinarySearch(f.bounds, v); at != f.zero {
			f.rows, f.bin = append(f.rows, int32(i)), append(f.bin, uint8(at))
		}
	}
	return f
}

// boundsOf picks bounds between the values, so that each bin has its share.
func boundsOf(values []float64) []float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	distinct := slices.Compact(slices.Clone(sorted))
	var out []float64
	if len(distinct) <= bins {
		for i := range len(distinct) - 1 {
			out = append(out, round((distinct[i]+distinct[i+1])/2))
		}
	} else {
		for i := 1; i < bins; i++ {
			out = append(out, round(sorted[i*len(sorted)/bins]))
		}
	}
	return slices.Compact(out)
}

// round keeps what is written the same as what was tried.
func round(x float64) float64 { return math.Round(x*1e4) / 1e4 }

// boost fits so many trees to samples by their weights: each to what the ones
// before leave. It also gives the odds of every sample, of those too that weigh
// nothing and so were not learned from.
func boost(t *table, weight []float64, rounds int) (model, []float64) {
	n := len(t.right)
	var right, all float64
	for i := range n {
		right, all = right+t.right[i]*weight[i], all+weight[i]
	}
	m := model{base: round(math.Log((right + 1) / (all - right + 1)))}
	odds := make([]float64, n)
	for i := range odds {
		odds[i] = m.base
	}
	g := &grower{habit: slow, t: t, slope: make([]float64, n), curve: make([]float64, n), at: make([]int, n), luck: rand.New(rand.NewPCG(7, 11))}
	for range rounds {
		for i := range n {
			g.slope[i], g.curve[i], g.at[i] = 0, 0, 0
			if w := weight[i]; g.luck.Float64() < shown && w > 0 {
				p := sigmoid(odds[i])
				g.slope[i], g.curve[i] = w*(t.right[i]-p), w*p*(1-p)
			}
		}
		g.choose()
		g.grow()
		for i := range n {
			odds[i] += g.tree[g.at[i]].bound
		}
		m.trees = append(m.trees, slices.Clone(g.tree))
	}
	return m, odds
}

// habit is how a grower grows.
type habit struct {
	rate, ridge, leanest, worth float64
	depth                       int
	anew                        bool // the evidence it may ask for is drawn for each level
}

// slow is the habit of trees that each add a little to those before.
var slow = habit{rate: rate, ridge: ridge, leanest: leanest, worth: worth, depth: depth}

// grower grows one tree, a level at a time.
type grower struct {
	habit
	t            *table
	slope, curve []float64 // of the loss, by sample
	at           []int     // the node that each sample has come to
	tree         []split
	features     []int // that this tree may ask for
	luck         *rand.Rand
	moved        []bool
}

// sums of slopes and curves.
type sums struct{ s, c float64 }

func (x sums) less(y sums) sums { return sums{x.s - y.s, x.c - y.c} }

func (x sums) gain(ridge float64) float64 { return x.s * x.s / (x.c + ridge) }

// cut is the best split of a node.
type cut struct {
	gain         float64
	feature, bin int
}

// choose draws the evidence that may be asked for.
func (g *grower) choose() {
	g.features = g.features[:0]
	for i := range g.t.features {
		if g.luck.Float64() < tried || len(g.t.features) < 20 {
			g.features = append(g.features, i)
		}
	}
}

func (g *grower) grow() {
	g.tree = []split{{}}
	open := []int{0} // nodes of the lowest level
	for level := 0; ; level++ {
		total := make([]sums, len(g.tree))
		for i, at := range g.at {
			total[at] = sums{total[at].s + g.slope[i], total[at].c + g.curve[i]}
		}
		var next []int
		cuts := map[int]cut{}
		if level < g.depth {
			if g.anew {
				g.choose()
			}
			cuts = g.cuts(open, total)
		}
		for _, n := range open {
			c, ok := cuts[n]
			if !ok {
				g.tree[n].bound = round(g.rate * total[n].s / (total[n].c + g.ridge))
				continue
			}
			f := g.t.features[c.feature]
			yes := len(g.tree)
			g.tree[n] = split{f.name, f.bounds[c.bin], yes, yes + 1}
			g.tree = append(g.tree, split{}, split{})
			next = append(next, yes, yes+1)
			g.part(n, f, c.bin, yes)
		}
		if open = next; len(open) == 0 {
			return
		}
	}
}

// part moves a node's samples to the two under it.
func (g *grower) part(n int, f feature, bin, yes int) {
	rest := yes
	if f.zero > bin {
		rest = yes + 1
	}
	if g.moved == nil {
		g.moved = make([]bool, len(g.at))
	}
	clear(g.moved)
	for k, i := range f.rows {
		if g.at[i] == n {
			g.moved[i], g.at[i] = true, yes
			if int(f.bin[k]) > bin {
				g.at[i] = yes + 1
			}
		}
	}
	for i := range g.at {
		if g.at[i] == n && !g.moved[i] {
			g.at[i] = rest
		}
	}
}

// cuts finds the split of each open node that gains most, of one bound for each
// feature, which is drawn.
func (g *grower) cuts(open []int, total []sums) map[int]cut {
	best := map[int]cut{}
	place := make([]int, len(g.tree)) // of a node among the open ones, from 1
	for i, n := range open {
		place[n] = i + 1
	}
	in := make([][bins + 1]sums, len(open)+1)
	for _, fi := range g.features {
		f := g.t.features[fi]
		if len(f.bounds) == 0 {
			continue
		}
		clear(in)
		for k, i := range f.rows {
			x := &in[place[g.at[i]]][f.bin[k]]
			x.s, x.c = x.s+g.slope[i], x.c+g.curve[i]
		}
		for o, n := range open {
			b := &in[o+1]
			zero := total[n]
			for k := range b {
				zero = zero.less(b[k])
			}
			b[f.zero] = zero
			bound, ok := g.draw(b, len(f.bounds))
			if !ok {
				continue
			}
			var left sums
			for k := range bound + 1 {
				left = sums{left.s + b[k].s, left.c + b[k].c}
			}
			right := total[n].less(left)
			if left.c < g.leanest || right.c < g.leanest {
				continue
			}
			gain := left.gain(g.ridge) + right.gain(g.ridge) - total[n].gain(g.ridge)
			if c, ok := best[n]; gain > g.worth && (!ok || gain > c.gain+1e-9) {
				best[n] = cut{gain, fi, bound}
			}
		}
	}
	return best
}

// draw picks one of the bounds that part a node's samples.
func (g *grower) draw(b *[bins + 1]sums, bounds int) (int, bool) {
	lo, hi := 0, bounds
	for lo < hi && b[lo].c < 1e-9 {
		lo++
	}
	for hi > lo && b[hi].c < 1e-9 {
		hi--
	}
	if lo >= hi {
		return 0, false
	}
	return lo + g.luck.IntN(hi-lo), true
}
