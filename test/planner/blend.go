package main

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Learners of other kinds than boosted trees err elsewhere, and where the mean
// of all is sure it is right more often than where any one of them is: on
// databases that none has seen, a point more is answered for as many wrong.
const (
	bagged = 60  // trees that each are grown to the end, by themselves
	sweeps = 60  // over all evidence, to fit the lines
	steady = 2.0 // draws lines to 0
)

// whole is the habit of trees that are grown to the end: to leaves of a few
// readings, which hold their share of right ones.
var whole = habit{rate: 1, leanest: 3, worth: 1e-6, depth: 24, anew: true}

// blend fits learners of three kinds; their mean is as boost gives it.
func blend(t *table, weight []float64, rounds int) (model, []float64) {
	m, odds := boost(t, weight, rounds)
	var shares, drawn []float64
	m.bags, shares = bag(t, weight)
	m.lines, m.level, drawn = draw(t, weight)
	for i := range odds {
		odds[i] = (odds[i] + logit(shares[i]) + drawn[i]) / 3
	}
	return m, odds
}

// logit keeps off both ends: what a few trees are sure of is not certain.
func logit(p float64) float64 { return math.Log((p + 1e-3) / (1 - p + 1e-3)) }

// bag grows trees to the end, and gives the mean of their shares.
func bag(t *table, weight []float64) (trees [][]split, shares []float64) {
	n := len(t.right)
	shares = make([]float64, n)
	g := &grower{habit: whole, t: t, slope: make([]float64, n), curve: weight, at: make([]int, n), luck: rand.New(rand.NewPCG(5, 13))}
	for i := range n {
		g.slope[i] = t.right[i] * weight[i]
	}
	for range bagged {
		clear(g.at)
		g.grow()
		for i := range n {
			shares[i] += g.tree[g.at[i]].bound / bagged
		}
		trees = append(trees, slices.Clone(g.tree))
	}
	return trees, shares
}

// line adds to the odds in proportion to evidence, as far as it went where it
// was learned.
type line struct {
	name       string
	slope, end float64
}

func (l line) adds(x float64) float64 { return l.slope * min(max(x, -l.end), l.end) }

// draw fits a logistic regression, one piece of evidence after the other, by
// steps that never overshoot.
func draw(t *table, weight []float64) (lines []line, level float64, odds []float64) {
	odds = make([]float64, len(t.right))
	lines = make([]line, len(t.features))
	curves := make([]float64, len(t.features))
	for k, f := range t.features {
		lines[k] = line{name: f.name}
		for _, v := range f.value {
			lines[k].end = max(lines[k].end, round(math.Abs(v)))
		}
		for j, i := range f.told {
			x := f.value[j] / max(lines[k].end, 1e-4)
			curves[k] += weight[i] * x * x / 4
		}
	}
	all := 0.0
	for _, w := range weight {
		all += w
	}
	for range sweeps {
		s := 0.0
		for i, o := range odds {
			s += weight[i] * (t.right[i] - sigmoid(o))
		}
		step := s / (all/4 + 1e-9)
		level += step
		for i := range odds {
			odds[i] += step
		}
		for k, f := range t.features {
			lines[k].turn(f, t.right, weight, odds, curves[k])
		}
	}
	return written(t, lines, round(level))
}

// turn takes one step: the slope is that for evidence in parts of its end.
func (l *line) turn(f feature, right, weight, odds []float64, curve float64) {
	if l.end == 0 {
		return
	}
	s := -steady * l.slope
	for j, i := range f.told {
		if weight[i] > 0 {
			s += weight[i] * (right[i] - sigmoid(odds[i])) * f.value[j] / l.end
		}
	}
	step := s / (curve + steady)
	l.slope += step
	for j, i := range f.told {
		odds[i] += step * f.value[j] / l.end
	}
}

// written gives lines as they are written, and the odds by those.
func written(t *table, lines []line, level float64) ([]line, float64, []float64) {
	odds := make([]float64, len(t.right))
	for i := range odds {
		odds[i] = level
	}
	for k, f := range t.features {
		l := &lines[k]
		if l.end > 0 {
			l.slope = math.Round(l.slope/l.end*1e6) / 1e6
		}
		for j, i := range f.told {
			odds[i] += l.adds(f.value[j])
		}
	}
	return slices.DeleteFunc(lines, func(l line) bool { return l.slope == 0 }), level, odds
}
