package planner_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
)

func TestAValueIsFoundByWhatItResembles(t *testing.T) {
	d := &planner.Dictionary{}
	for _, v := range []string{"Malmö", "Peterson", "Petersen", "Stockholm Central", "Göteborg Central", "Kalmar"} {
		d.Add("stop", "name", v)
	}
	for _, c := range []struct {
		text         string
		near, within string
	}{
		{"Malmo", "Malmö", ""},
		{"Kalmarr", "Kalmar", ""},
		{"Stockholm Centrall", "Stockholm Central", ""},
		{"Central", "", "Central"},
		{"Petersan", "", ""}, // it may be either
		{"Uppsala", "", ""},
		{"Kal", "", ""},
		{"entra", "", ""}, // no word
	} {
		near, within := d.Resembling(c.text)
		got := func(hits []planner.Hit) (s string) {
			for _, h := range hits {
				s += h.Value
			}
			return s
		}
		if diff := cmp.Diff([]string{c.near, c.within}, []string{got(near), got(within)}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.text, diff)
		}
	}
}

func TestWhatIsTakenForAValueIsSaid(t *testing.T) {
	v := kennelValues()
	v.Add("dog", "home", "Upper Lyme Regis")
	p := planner.New(kennel(), v)
	for _, c := range []struct{ question, want, note string }{
		{"What is the age of Bellla?", `name is "Bella"`, "“Bellla” is taken for “Bella”"},
		{"How many dogs are from Lyme?", `home contains "Lyme"`, ""},
	} {
		a := p.Plan(c.question)
		if got := semantic.Restate(a.Query, kennel()); !strings.Contains(got, c.want) {
			t.Errorf("%q: %s %s (%s)", c.question, got, a.Reason, a.Trace)
		}
		if all := strings.Join(a.Assumptions, "; "); !strings.Contains(all, c.note) {
			t.Errorf("%q: the assumptions are %q", c.question, all)
		}
	}
}

func TestManyValuesThatShareTheirLettersCostLittle(t *testing.T) {
	d := &planner.Dictionary{}
	for i := range 60_000 {
		d.Add("stop", "name", fmt.Sprintf("place %d of town", i))
	}
	if near, within := d.Resembling("place of"); len(near)+len(within) > 0 {
		t.Errorf("found %v %v", near, within)
	}
	allocated := testing.AllocsPerRun(3, func() { d.Resembling("Palce 59999 of town") })
	if allocated > 60_000 {
		t.Errorf("%v allocations for one text", allocated)
	}
}

func TestNamesAreLookedForInColumnsOfTooManyValues(t *testing.T) {
	d := &planner.Dictionary{}
	for _, v := range []string{"collie", "pug", "boxer"} {
		d.Add("dog", "breed", v)
	}
	m := kennel()
	p := planner.New(m, d)
	question := "What is the price of the dog called Bella?"
	if a := p.Plan(question); a.Read {
		t.Fatalf("read without the value: %s", a.Restatement)
	}
	probes := p.Probes(question)
	if len(probes) == 0 || len(probes) > planner.MostProbes || probes[0].Table != "dog" || probes[0].Column != "name" {
		t.Fatalf("the first place to look in is not the names of dogs: %+v", probes)
	}
	for _, probe := range probes {
		if probe.Column == "breed" || probe.Query.Limit != planner.ProbedValues {
			t.Errorf("a known column, or all of its values, are asked for: %+v", probe)
		}
		s, err := semantic.Compile(probe.Query, m, semantic.SQLite)
		if err != nil || !strings.Contains(s.SQL, "'Bella', 'bella'") && !strings.Contains(s.SQL, "'bella'") {
			t.Errorf("%v: %s", err, s.SQL)
		}
	}
	with := p.With([]planner.Hit{{Table: "dog", Column: "name", Value: "BELLA"}})
	if a := with.Plan(question); !a.Read || !strings.Contains(a.Restatement, `name is "BELLA"`) {
		t.Errorf("%s %s (%s)", a.Restatement, a.Reason, a.Trace)
	}
	if a := p.Plan(question); a.Read {
		t.Error("what was found for one question is known to the next")
	}
	for _, q := range []string{"How many dogs are there?", "How many dogs are of breed Pug?", "how many dogs are there in atlantis?"} {
		if got := p.Probes(q); len(got) > 0 {
			t.Errorf("%q looks into %+v", q, got)
		}
	}
}
