package planner_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
)

// curated is the garden with a measure and a filter that a person named.
func curated() *semantic.Model {
	m := garden()
	m.Measures = []semantic.Measure{{Name: "water_used", Label: "Water used", Synonyms: []string{"consumption"}, Table: "watering",
		Expr: semantic.Aggregate{Op: semantic.Sum, Of: semantic.Ref{Set: "watering", Column: "litres"}}}}
	m.Filters = []semantic.Filter{{Name: "tall", Synonyms: []string{"towering"}, Table: "plant",
		Where: semantic.Compare{Left: semantic.Ref{Set: "plant", Column: "height"}, Op: semantic.Gt, Right: semantic.Value{Class: semantic.Numeric, Text: "50"}}}}
	return m
}

func TestMeasuresAndFiltersAreUnderstoodByTheirNames(t *testing.T) {
	db, p := open(t), planner.New(curated(), values())
	for question, want := range map[string][]string{
		"What is the water used?":                                     {"7"},
		"What is the consumption by plant?":                           {"fern 3", "rose 4"},
		"What are the names of the tall plants?":                      {"ivy", "rose"},
		"How many towering plants are there?":                         {"2"},
		"What is the name of the plant with the highest consumption?": {"rose"},
	} {
		t.Run(question, func(t *testing.T) {
			a := p.Plan(question)
			if !a.Read {
				t.Fatalf("%s %v (%s)", a.Reason, a.Unplaced, a.Trace)
			}
			s, err := semantic.Compile(a.Query, curated(), semantic.SQLite)
			if err != nil {
				t.Fatal(err)
			}
			got := texts(t, db, s.SQL)
			sortBoth(got, want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s%s (%s)", diff, s.SQL, a.Trace)
			}
		})
	}
}

func TestAMeasureThatADraftProposedHasNoName(t *testing.T) {
	m := curated()
	m.Measures[0].Inferred, m.Filters = true, nil
	if a := planner.New(m, values()).Plan("What is the water used?"); strings.Contains(a.Restatement, "Water used") {
		t.Errorf("read as %s", a.Restatement)
	}
}
