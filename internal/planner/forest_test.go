package planner

import (
	"math"
	"testing"
)

func TestTreesAreReadAsTheyAreWritten(t *testing.T) {
	f := grown("test", "here\nthere", "0<0.5 1<2 -100 200 1<3.5 400 800\n50\n", 1)()
	for _, c := range []struct{ here, there, want float64 }{{0, 2, -0.01}, {0, 3, 0.02}, {1, 3, 0.04}, {1, 4, 0.08}} {
		if got := f.odds(evidence{"here": c.here, "there": c.there}) - 1 - 0.005; math.Abs(got-c.want) > 1e-12 {
			t.Errorf("here %v, there %v: %v, want %v", c.here, c.there, got, c.want)
		}
	}
	for _, bad := range []string{"0<0.5 1", "0<0.5 1 2 3", "x<1 2 3", "0<x 1 2", "y"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q is taken for a tree", bad)
				}
			}()
			grown("test", "here\nthere", bad, 0)()
		}()
	}
}

func TestThreeLearnersHaveTheSameSay(t *testing.T) {
	f := blended("test", grown("test", "here\nthere", "0<0.5 6000 0\n", 0), "1<0.5 10000 0\n1<0.5 0 0\n", "0 0.5 2\n1 -1 1\n", 0.25)()
	for _, c := range []struct{ here, there, want float64 }{{0, 0, 0.6 + 0 + 0.25}, {1, 0, 0 + 0 + 0.75}, {9, 9, math.Log(1e-3/1.001) + 0.25 + 1 - 1}} {
		if got := 3 * f.odds(evidence{"here": c.here, "there": c.there}); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("here %v, there %v: %v, want %v", c.here, c.there, got, c.want)
		}
	}
	for _, bad := range []string{"x 1 2", "0 1", "2 1 1"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q is taken for a line", bad)
				}
			}()
			blended("test", grown("test", "here\nthere", "5", 0), "5", bad, 0)()
		}()
	}
}

func BenchmarkJudging(b *testing.B) {
	e := evidence{"terms": 2, "margin": 1, "vote odds": 2, "weakest term": 1}
	for b.Loop() {
		seen().odds(e)
	}
}

func TestWeightsAreThere(t *testing.T) {
	for _, f := range []*forest{unseen(), seen()} {
		if len(f.trees) < 50 || len(f.names) < 50 {
			t.Errorf("%d trees that ask for %d facts", len(f.trees), len(f.names))
		}
	}
}
