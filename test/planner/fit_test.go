package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// readings invents readings that are right where one fact holds, and where
// another does not.
func readings() (out []sample) {
	for i := range 400 {
		e := map[string]float64{"of use": float64(i % 2), "against": float64(i / 2 % 2), "of no use": float64(i % 7)}
		out = append(out, sample{database: fmt.Sprintf("db%02d", i%20), evidence: e, right: i%2 == 1 && i/2%2 == 0, weight: 1, counted: true, outcome: &outcome{}})
	}
	return out
}

func TestTreesLearnWhatTellsReadingsApart(t *testing.T) {
	all := func(string) bool { return true }
	m := boost(tabulate(readings(), all), 60, 3)
	odds := func(use, against float64) float64 {
		return sigmoid(m.odds(map[string]float64{"of use": use, "against": against}))
	}
	if right, wrong := odds(1, 0), max(odds(0, 0), odds(1, 1), odds(0, 1)); right < 0.8 || wrong > 0.2 {
		t.Errorf("right ones have %.2f, wrong ones up to %.2f", right, wrong)
	}
	blind := boost(tabulate(readings(), func(n string) bool { return n == "of no use" }), 60, 3)
	if p := sigmoid(blind.odds(map[string]float64{"of use": 1})); p > 0.5 {
		t.Errorf("evidence that was kept from it tells: %.2f", p)
	}
}

func TestLicenceIsTheLowestWithFewWrong(t *testing.T) {
	licence, right, wrong := crossed(readings(), fitted{"", func(string) bool { return true }, 60, 3}, 400)
	if right != 25 || wrong > mayBe+2.8 || licence <= 0 || licence >= 1 {
		t.Errorf("licence %.3f: right %.1f%%, wrong %.1f%%", licence, right, wrong)
	}
}

func TestFitWritesATableOfWeights(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weights.go")
	measured(t, "--fit", path)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"DO NOT EDIT", "package planner", "const seenLicence", "var unseen = forest{"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%q is missing", want)
		}
	}
	{
		again := filepath.Join(t.TempDir(), "again.go")
		measured(t, "--fit", again)
		c, err := os.ReadFile(again)
		if err != nil || string(c) != string(b) {
			t.Errorf("fitted twice, it is not the same: %v", err)
		}
	}
}
