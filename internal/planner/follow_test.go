package planner_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/planner"
)

func TestAFollowUpChangesTheLastQuery(t *testing.T) {
	db, p := open(t), planner.New(garden(), values())
	for _, c := range []struct {
		first, then string
		want        []string
	}{
		{"What is the average price of plants?", "and by colour?", []string{"green 6.5", "red 7.5"}},
		{"What is the average price of plants?", "only for red plants", []string{"7.5"}},
		{"How many plants are there?", "only planted after 2020", []string{"3"}},
		{"List the names of plants ordered by price.", "the other way round", []string{"rose", "ivy", "fern", "tulip"}},
		{"List the names of plants in descending order of price.", "and the top 2?", []string{"rose", "ivy"}},
	} {
		a := p.Follow(p.Plan(c.first).Query, c.then)
		if !a.Read {
			t.Errorf("%s %s: %s %v", c.first, c.then, a.Reason, a.Unplaced)
			continue
		}
		got := rows(t, db, a)
		if len(c.then) < 8 || c.then[:7] != "the oth" && c.then[:7] != "and the" {
			sortBoth(got, c.want)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", c.first, c.then, diff)
		}
	}
}

func TestAFollowUpThatSaysNothingOfTheLastQueryIsDeclined(t *testing.T) {
	p := planner.New(garden(), values())
	count, list := p.Plan("How many plants are there?").Query, p.Plan("List the names of plants.").Query
	for _, a := range []planner.Answer{
		p.Follow(count, ""), p.Follow(count, "and by dragon?"), p.Follow(count, "the other way round"), p.Follow(list, "and by colour?"),
		p.Follow(count, "delete them"), p.Follow(count, "top 3"),
	} {
		if a.OK || a.Reason == "" {
			t.Errorf("%+v", a)
		}
	}
}
