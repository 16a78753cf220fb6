package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// The distributions are gonum's special functions: its packages stat and
// distuv would bring linear algebra with them and cost a cold build ten seconds
// of processor.

// studentTwoSided is P(|T| > |t|) of Student's t with df degrees of freedom.
func studentTwoSided(t, df float64) float64 {
	if math.IsNaN(t) || df <= 0 {
		return math.NaN()
	}
	if math.IsInf(t, 0) {
		return 0
	}
	return mathext.RegIncBeta(df/2, 0.5, df/(df+t*t))
}

// studentAt is the t that |T| passes with probability 1-level.
func studentAt(level, df float64) float64 {
	x := mathext.InvRegIncBeta(df/2, 0.5, 1-level)
	return math.Sqrt(df * (1 - x) / x)
}

// chiSquareAbove is P(X > x) of the chi-square distribution.
func chiSquareAbove(x, df float64) float64 {
	if math.IsNaN(x) || df <= 0 {
		return math.NaN()
	}
	return mathext.GammaIncRegComp(df/2, x/2)
}

// fisherAbove is P(F > f) of Fisher's F.
func fisherAbove(f, d1, d2 float64) float64 {
	if math.IsNaN(f) || d1 <= 0 || d2 <= 0 {
		return math.NaN()
	}
	if math.IsInf(f, 1) {
		return 0
	}
	return mathext.RegIncBeta(d2/2, d1/2, d2/(d2+d1*f))
}

// sum adds with Neumaier's compensation, so that a million large values keep
// the small ones.
func sum(xs []float64) float64 {
	var s, c float64
	for _, x := range xs {
		t := s + x
		if math.Abs(s) >= math.Abs(x) {
			c += (s - t) + x
		} else {
			c += (x - t) + s
		}
		s = t
	}
	return s + c
}

func mean(xs []float64) float64 { return sum(xs) / float64(len(xs)) }

// squares is the sum of squared distances from the mean.
func squares(xs []float64) float64 { return products(xs, xs) }

// products is the sum of products of distances from both means.
func products(xs, ys []float64) float64 {
	mx, my := mean(xs), mean(ys)
	ds := make([]float64, len(xs))
	for i := range xs {
		ds[i] = (xs[i] - mx) * (ys[i] - my)
	}
	return sum(ds)
}

// variance is the sample variance: divided by n-1.
func variance(xs []float64) float64 { return squares(xs) / float64(len(xs)-1) }

// quantile interpolates between order statistics: Hyndman and Fan's type 7,
// the default of R, NumPy and spreadsheets. sorted must be.
func quantile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := p * float64(len(sorted)-1)
	low := int(math.Floor(at))
	if low+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[low] + (at-float64(low))*(sorted[low+1]-sorted[low])
}

func sortedCopy(xs []float64) []float64 {
	s := slices.Clone(xs)
	slices.Sort(s)
	return s
}

// ranks gives each value its place from 1, ties the mean of theirs, and the
// sum of n³-n over the groups of ties.
func ranks(xs []float64) (rs []float64, ties float64) {
	order := make([]int, len(xs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case xs[a] < xs[b]:
			return -1
		case xs[a] > xs[b]:
			return 1
		}
		return 0
	})
	rs = make([]float64, len(xs))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && xs[order[j]] == xs[order[i]] {
			j++
		}
		n := float64(j - i)
		for k := i; k < j; k++ {
			rs[order[k]] = float64(i) + (n+1)/2
		}
		ties += n*n*n - n
		i = j
	}
	return rs, ties
}
