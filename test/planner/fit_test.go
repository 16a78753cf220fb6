package main

import (
	"fmt"
	"math"
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
		out = append(out, sample{database: fmt.Sprintf("db%02d", i%20), question: i, first: true, evidence: e, right: i%2 == 1 && i/2%2 == 0, weight: 1, counted: true, outcome: &outcome{}})
	}
	return out
}

func TestTreesLearnWhatTellsReadingsApart(t *testing.T) {
	every := func(string) bool { return true }
	m, _ := boost(tabulate(readings(), every), weights(readings()), 100)
	odds := func(use, against float64) float64 {
		return sigmoid(m.odds(map[string]float64{"of use": use, "against": against}))
	}
	if right, wrong := odds(1, 0), max(odds(0, 0), odds(1, 1), odds(0, 1)); right < 0.8 || wrong > 0.2 {
		t.Errorf("right ones have %.2f, wrong ones up to %.2f", right, wrong)
	}
	blind, _ := boost(tabulate(readings(), func(n string) bool { return n == "of no use" }), weights(readings()), 100)
	if p := sigmoid(blind.odds(map[string]float64{"of use": 1})); p > 0.5 {
		t.Errorf("evidence that was kept from it tells: %.2f", p)
	}
}

func weights(samples []sample) []float64 {
	w := make([]float64, len(samples))
	for i, s := range samples {
		w[i] = s.weight
	}
	return w
}

func TestSamplesThatWeighNothingTeachNothing(t *testing.T) {
	samples, w := readings(), weights(readings())
	for i := range samples {
		if i%2 == 1 && i >= 200 {
			samples[i].right, w[i] = false, 0
		}
	}
	m, odds := boost(tabulate(samples, func(string) bool { return true }), w, 100)
	if p := sigmoid(m.odds(map[string]float64{"of use": 1})); p < 0.8 {
		t.Errorf("taught by what weighs nothing: %.2f", p)
	}
	for i, s := range samples {
		if p := m.odds(s.evidence); p-odds[i] > 1e-9 || odds[i]-p > 1e-9 {
			t.Fatalf("sample %d has odds %v by its trees and %v as they were grown", i, p, odds[i])
		}
	}
}

func TestLearnersOfThreeKindsAreBlendedAsTheyAreWritten(t *testing.T) {
	samples := readings()
	for i := range samples {
		samples[i].evidence["part"] = float64(i%11) / 3
	}
	m, odds := blend(tabulate(samples, func(string) bool { return true }), weights(samples), 100)
	if len(m.bags) != bagged || len(m.lines) == 0 {
		t.Fatalf("%d trees and %d lines", len(m.bags), len(m.lines))
	}
	for i, s := range samples {
		if p := m.odds(s.evidence); math.Abs(p-odds[i]) > 1e-3 {
			t.Fatalf("sample %d has odds %v as it is written and %v as it was fitted", i, p, odds[i])
		}
		if sure := sigmoid(odds[i]) > 0.5; sure != s.right {
			t.Fatalf("sample %d: %v", i, odds[i])
		}
	}
}

func TestLicenceIsTheLowestWithFewWrong(t *testing.T) {
	c := newLearner(readings()).crossed(400)
	if c.seen.right != 25 || c.seen.wrong > mayBe+2.8 || c.seen.licence <= 0 || c.seen.licence >= 1 {
		t.Errorf("%s", c.seen)
	}
}

// Rivals that give what a reading gives are all that tells right from wrong.
func TestVotesOfRivalsTell(t *testing.T) {
	var samples []sample
	for i := range 800 {
		right := i%2 == 0
		for k := range 3 {
			s := sample{database: fmt.Sprintf("db%02d", i%20), question: i, first: k == 0, key: fmt.Sprint(k), evidence: map[string]float64{"rank": float64(k)}, right: right, weight: 1, counted: true, outcome: &outcome{}}
			if right {
				s.key = "the same"
			}
			samples = append(samples, s)
		}
	}
	c := newLearner(samples).crossed(800)
	if c.seen.right < 48 || c.seen.wrong > mayBe {
		t.Errorf("with the votes: %s", c.seen)
	}
	if c.unseen.right > 40 && c.unseen.wrong < mayBe {
		t.Errorf("without the votes: %s", c.unseen)
	}
}

func TestFitWritesATableOfWeights(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weights.go")
	measured(t, "--fit", path)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"DO NOT EDIT", "package planner", "seenLicence", "const unseenTrees"} {
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

// What is counted by weights that were fitted here is the held half, and the
// weights that are written after that know both.
func TestHeldDatabasesAreCountedByWhatDevTaught(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weights.go")
	out := measured(t, "--fit-and-count", "--fit", path)
	for _, want := range []string{"dev: 2 readings", "held: 1 databases, 1 questions", "dev and held: 4 readings"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing:\n%s", want, out)
		}
	}
	if b, err := os.ReadFile(path); err != nil || !strings.Contains(string(b), "seenLicence") {
		t.Errorf("no weights were written: %v", err)
	}
	if out := measured(t, "--fit-and-count"); strings.Contains(out, "dev and held") {
		t.Error(out)
	}
}

func TestOnlyWhatIsSureEnoughIsAnswered(t *testing.T) {
	leaf := func(odds float64) model { return model{base: odds} }
	o := outcome{readings: []reading{{evidence: map[string]float64{"terms": 1}, key: "a"}, {evidence: map[string]float64{}, key: "b"}}}
	c := crossing{unseen: chance{licence: 0.9}, seen: chance{licence: 0.8}}
	for _, x := range []struct {
		blind, knows float64
		want         bool
	}{{0, 0, false}, {0, 3, true}, {3, 0, true}} {
		if o.judge(c, leaf(x.blind), leaf(x.knows)); o.Answered != x.want || o.Answered == (o.Cause != "") {
			t.Errorf("odds %v unseen, %v seen: answered %v, %q", x.blind, x.knows, o.Answered, o.Cause)
		}
	}
}
