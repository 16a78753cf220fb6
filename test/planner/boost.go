package main

import (
	"maps"
	"math"
	"slices"
)

// How trees are grown: few, small and slowly, as there are thousands of
// readings to learn from and not millions.
const (
	rounds  = 110
	depth   = 3
	rate    = 0.08
	ridge   = 4.0 // draws leaves to 0
	leanest = 6.0 // the least weight of a leaf
	worth   = 0.8 // the least gain of a split
	bins    = 24  // bounds tried of a feature
)

// sample is a reading to learn from.
type sample struct {
	database string
	evidence map[string]float64
	right    bool
	weight   float64
	counted  bool // its question can be answered
	outcome  *outcome
}

// model is a sum of trees in log odds; see planner's forest.
type model struct {
	base  float64
	trees [][]split
}

// split is a node of a tree: a leaf has no name, and adds its bound.
type split struct {
	name    string
	bound   float64
	yes, no int
}

func (m model) odds(e map[string]float64) float64 {
	sum := m.base
	for _, t := range m.trees {
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

// table is samples with their evidence in bins.
type table struct {
	names  []string
	bounds [][]float64 // by name, ascending
	bin    [][]uint8   // by name, by sample: how many bounds lie below
	right  []float64
	weight []float64
}

// tabulate leaves out the evidence that use refuses.
func tabulate(samples []sample, use func(string) bool) *table {
	all := map[string]bool{}
	for _, s := range samples {
		for n := range s.evidence {
			if use(n) {
				all[n] = true
			}
		}
	}
	t := &table{names: slices.Sorted(maps.Keys(all))}
	for _, n := range t.names {
		values := make([]float64, len(samples))
		for i, s := range samples {
			values[i] = s.evidence[n]
		}
		bounds := boundsOf(values)
		bin := make([]uint8, len(samples))
		for i, v := range values {
			at, _ := slices.BinarySearch(bounds, v)
			bin[i] = uint8(at)
		}
		t.bounds, t.bin = append(t.bounds, bounds), append(t.bin, bin)
	}
	for _, s := range samples {
		r := 0.0
		if s.right {
			r = 1
		}
		t.right, t.weight = append(t.right, r), append(t.weight, s.weight)
	}
	return t
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

// boost fits trees to the samples: each to what the ones before leave.
func boost(t *table) model {
	n := len(t.right)
	var right, all float64
	for i := range n {
		right, all = right+t.right[i]*t.weight[i], all+t.weight[i]
	}
	m := model{base: round(math.Log((right + 1) / (all - right + 1)))}
	odds := make([]float64, n)
	for i := range odds {
		odds[i] = m.base
	}
	g := &grower{t: t, slope: make([]float64, n), curve: make([]float64, n)}
	rows := make([]int, n)
	for range rounds {
		for i := range n {
			p := sigmoid(odds[i])
			g.slope[i], g.curve[i] = t.weight[i]*(t.right[i]-p), t.weight[i]*p*(1-p)
			rows[i] = i
		}
		g.tree = nil
		g.grow(rows, depth, func(i int, leaf float64) { odds[i] += leaf })
		m.trees = append(m.trees, g.tree)
	}
	return m
}

type grower struct {
	t            *table
	slope, curve []float64 // of the loss, by sample
	tree         []split
}

// grow adds the node for the rows, and what is under it; each is told what
// every row's leaf adds.
func (g *grower) grow(rows []int, left int, each func(int, float64)) int {
	at := len(g.tree)
	g.tree = append(g.tree, split{})
	f, b, ok := -1, 0, false
	if left > 0 {
		f, b, ok = g.best(rows)
	}
	if !ok {
		var s, c float64
		for _, i := range rows {
			s, c = s+g.slope[i], c+g.curve[i]
		}
		leaf := round(rate * s / (c + ridge))
		g.tree[at].bound = leaf
		for _, i := range rows {
			each(i, leaf)
		}
		return at
	}
	var yes, no []int
	for _, i := range rows {
		if int(g.t.bin[f][i]) <= b {
			yes = append(yes, i)
		} else {
			no = append(no, i)
		}
	}
	g.tree[at] = split{name: g.t.names[f], bound: g.t.bounds[f][b]}
	y := g.grow(yes, left-1, each)
	n := g.grow(no, left-1, each)
	g.tree[at].yes, g.tree[at].no = y, n
	return at
}

// best finds the split that gains most.
func (g *grower) best(rows []int) (feature, bin int, ok bool) {
	var s, c float64
	for _, i := range rows {
		s, c = s+g.slope[i], c+g.curve[i]
	}
	gain := worth
	for f, bound := range g.t.bounds {
		var ss, cs [bins + 1]float64
		for _, i := range rows {
			k := g.t.bin[f][i]
			ss[k] += g.slope[i]
			cs[k] += g.curve[i]
		}
		var ls, lc float64
		for k := range bound {
			ls, lc = ls+ss[k], lc+cs[k]
			if lc < leanest || c-lc < leanest {
				continue
			}
			v := ls*ls/(lc+ridge) + (s-ls)*(s-ls)/(c-lc+ridge) - s*s/(c+ridge)
			if v > gain+1e-9 {
				gain, feature, bin, ok = v, f, k, true
			}
		}
	}
	return feature, bin, ok
}
