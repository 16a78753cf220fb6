package planner_test

import (
	"testing"

	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
)

func TestReadingsVoteForTheirRowsWithTheirLikelihood(t *testing.T) {
	odds := []float64{1, -1, -1}
	alone := planner.Vote(odds[:1], []string{"a"}, 0)
	agreed := planner.Vote(odds, []string{"a", "a", "b"}, 0)
	split := planner.Vote(odds, []string{"a", "b", "b"}, 0)
	unknown := planner.Vote(odds, []string{"", "", ""}, 0)
	if alone["vote share"] != 1 || alone["vote lead"] != 1 || alone["vote results"] != 0 {
		t.Errorf("alone: %v", alone)
	}
	if agreed["vote share"] <= split["vote share"] || agreed["vote readings"] != 2 || split["vote others"] <= agreed["vote others"] {
		t.Errorf("agreed: %v; split: %v", agreed, split)
	}
	if split["vote results"] != 1 {
		t.Errorf("two that give the same are %v other results", split["vote results"])
	}
	if unknown["vote unknown"] != 2 || unknown["vote share"] != split["vote share"] {
		t.Errorf("rows that are not known agree with each other: %v", unknown)
	}
}

func TestAKeyHoldsTheOrderOnlyWhereOneIsAskedFor(t *testing.T) {
	there, back := cells("fern", "rose"), cells("rose", "fern")
	if there.Key(semantic.Query{}) != back.Key(semantic.Query{}) {
		t.Error("rows in another order are other rows")
	}
	ordered := semantic.Query{Order: []semantic.Order{{}}}
	if there.Key(ordered) == back.Key(ordered) {
		t.Error("rows in another order than the one asked for are the same")
	}
	if none, unknown := cells().Key(ordered), (planner.Rows{}).Key(ordered); unknown != "" || none == "" {
		t.Errorf("no rows are %q, unknown ones %q", none, unknown)
	}
}

// The rivals of a reading are other readings, each with what may vary in it,
// and no two the same.
func TestRivalsAreWholeReadings(t *testing.T) {
	p := planner.New(garden(), values())
	a := p.Plan("What is the name of the gardener with the most plants?")
	n := 0
	for _, c := range a.Checks {
		if c.Rival == nil {
			continue
		}
		n++
		if !c.Rival.Read || c.Rival.Restatement == "" || len(c.Rival.Evidence) == 0 {
			t.Errorf("rival %+v", c.Rival)
		}
	}
	if n == 0 {
		t.Fatalf("no rivals: %v", kinds(a))
	}
}
