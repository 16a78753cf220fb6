package planner_test

import (
	"testing"

	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
)

// A second way between two tables, and one over a table that the question
// names, are evidence against the first.
func TestOtherWaysBetweenTablesAreSeen(t *testing.T) {
	question := "What are the names of plants of gardeners from Oslo?"
	once := planner.New(garden(), values()).Plan(question)
	m := garden()
	m.Joins = append(m.Joins, semantic.Join{Name: "plant_owner", From: "plant", Columns: []string{"plant_id"}, To: "gardener", RefColumns: []string{"gardener_id"}, Cardinality: semantic.ManyToOne})
	twice := planner.New(m, values()).Plan(question)
	if !once.Read || !twice.Read {
		t.Fatal(once.Reason, twice.Reason)
	}
	if once.Evidence["ways direct twice"] != 0 || twice.Evidence["ways direct twice"] != 1 {
		t.Errorf("ways between plants and gardeners: %v, with a second %v", once.Evidence["ways direct"], twice.Evidence["ways direct"])
	}
}

func TestWordsThatNobodySaidAndNothingSaysAreCounted(t *testing.T) {
	p := planner.New(garden(), values())
	near := p.Plan("What is the price of the plant rose?").Evidence
	far := p.Plan("Kindly tell whatever price applies for the rose.").Evidence
	if near["said unrestated"] >= far["said unrestated"] && far["words"] > 0 {
		t.Errorf("%v words say nothing, and of a question with more of them %v", near["said unrestated"], far["said unrestated"])
	}
	if near["tables unsaid"] != 0 {
		t.Errorf("a table that is named is unsaid: %v", near["tables unsaid"])
	}
}

func TestWhatRowsLookLikeIsEvidence(t *testing.T) {
	p := planner.New(garden(), values())
	a := p.Plan("List the names of all plants.")
	if !a.Read {
		t.Fatal(a.Reason)
	}
	look := func(r planner.Rows) map[string]float64 { return p.Settle(a, r, nil).Evidence }
	blank := planner.Rows{Known: true, Cells: [][]*string{{nil}, {nil}, {nil}, {nil}}}
	if got := look(blank); got["rows missing"] != 1 || got["rows constant"] != 1 {
		t.Errorf("nothing but NULLs: missing %v, constant %v", got["rows missing"], got["rows constant"])
	}
	if got := look(cells("rose", "fern", "ivy")); got["rows missing"] != 0 || got["rows constant"] != 0 {
		t.Errorf("three names: missing %v, constant %v", got["rows missing"], got["rows constant"])
	}
	if got := look(cells("rose")); got["rows one for many"] != 1 {
		t.Error("one row where several are asked for is not seen")
	}
}
