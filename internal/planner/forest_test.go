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

func TestWeightsAreThere(t *testing.T) {
	for _, f := range []*forest{unseen(), seen()} {
		if len(f.trees) < 50 || len(f.names) < 50 {
			t.Errorf("%d trees that ask for %d facts", len(f.trees), len(f.names))
		}
	}
}
