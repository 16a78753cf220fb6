package planner_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
)

// cells makes rows of one column.
func cells(texts ...string) planner.Rows {
	r := planner.Rows{Known: true}
	for _, t := range texts {
		r.Cells = append(r.Cells, []*string{&t})
	}
	return r
}

func kinds(a planner.Answer) (out []string) {
	for _, c := range a.Checks {
		out = append(out, c.Kind)
	}
	return out
}

// settled gives an answer as it is where all its rivals give the same rows,
// and as it is where they all give others.
func settled(p *planner.Planner, a planner.Answer) (same, other planner.Answer) {
	agree, differ := make([]planner.Rows, len(a.Checks)), make([]planner.Rows, len(a.Checks))
	for i := range a.Checks {
		agree[i], differ[i] = cells("rose", "fern"), cells("fern", "rose", "ivy")
	}
	return p.Settle(a, cells("rose", "fern"), agree), p.Settle(a, cells("rose", "fern"), differ)
}

func TestTextTakenForANumberIsSureOnlyWhereItMakesNoDifference(t *testing.T) {
	m := garden()
	c, _ := mustTable(t, m, "plant").Column("height")
	c.Class, c.NumericText = semantic.Text, true
	p := planner.New(m, values())
	a := p.Plan("List the names of plants in descending order of height.")
	if !slices.Contains(kinds(a), "stored") {
		t.Fatalf("no rival reads the texts as they are stored: %v", kinds(a))
	}
	same, other := settled(p, a)
	if same.Confidence <= other.Confidence || other.OK {
		t.Errorf("%.2f where the rivals agree, %.2f %v where they differ", same.Confidence, other.Confidence, other.OK)
	}
	if other.Reason == "" || len(other.Choices) == 0 {
		t.Errorf("withheld without a reason or a choice: %+v", other)
	}
}

func TestATieForTheFirstIsARival(t *testing.T) {
	p := planner.New(garden(), values())
	a := p.Plan("What is the name of the most expensive plant?")
	i := slices.IndexFunc(a.Checks, func(c planner.Check) bool { return c.Kind == "ties" })
	if i < 0 || !a.Checks[i].Query.Ties || a.Query.Ties {
		t.Fatalf("checks: %v", kinds(a))
	}
	same, other := settled(p, a)
	if same.Confidence <= other.Confidence {
		t.Errorf("%.2f without a tie, %.2f with one", same.Confidence, other.Confidence)
	}
}

func TestRowsThatDidNotComeSettleNothing(t *testing.T) {
	p := planner.New(garden(), values())
	a := p.Plan("What is the name of the most expensive plant?")
	none := p.Settle(a, planner.Rows{}, nil)
	if none.Confidence < 0 || none.Confidence > 1 || none.Evidence["rows unknown"] != 1 {
		t.Errorf("%+v", none)
	}
	declined := p.Plan("How many invoices are there?")
	if got := p.Settle(declined, cells("1"), nil); got.OK || got.Reason != declined.Reason {
		t.Errorf("what has no reading was answered: %+v", got)
	}
}

func TestOnlyTheOrderThatWasAskedForCounts(t *testing.T) {
	p := planner.New(garden(), values())
	turned := func(question string) float64 {
		a := p.Plan(question)
		checked := make([]planner.Rows, len(a.Checks))
		for i := range checked {
			checked[i] = cells("fern", "rose")
		}
		return p.Settle(a, cells("rose", "fern"), checked).Evidence["others"]
	}
	if n := turned("What are the names of red plants?"); n != 0 {
		t.Errorf("rows in another order are %v other answers", n)
	}
	if n := turned("List the names of red plants in descending order of price."); n == 0 {
		t.Error("rows in another order than the one asked for are the same")
	}
}

func TestWhatIsWithheldSaysWhyAndNeverOffersOneOfSeveral(t *testing.T) {
	m := garden()
	c, _ := mustTable(t, m, "plant").Column("height")
	c.Class, c.NumericText = semantic.Text, true
	p := planner.New(m, values())
	for _, question := range []string{
		"List the names of plants in descending order of height.", "What is the name of the most expensive plant?", "Which gardener's plants are red?",
		"What are the towns of gardeners with plants?", "What is the name of the plant with the largest height?",
	} {
		a := p.Plan(question)
		if !a.Read {
			continue
		}
		_, other := settled(p, a)
		if other.OK {
			continue
		}
		several := strings.Contains(other.Reason, "more than one way")
		if other.Reason == "" || len(other.Choices) == 0 || several && len(other.Choices) < 2 {
			t.Errorf("%s: %q with choices %v", question, other.Reason, other.Choices)
		}
		for i, x := range other.Choices {
			if x.ID == "" || x.Text == "" || slices.ContainsFunc(other.Choices[:i], func(o planner.Choice) bool { return o.ID == x.ID || o.Text == x.Text }) {
				t.Errorf("%s: choice %+v", question, x)
			}
		}
	}
	_, other := settled(p, p.Plan("List the names of plants in descending order of height."))
	if !strings.Contains(other.Reason, "numbers as texts (height)") {
		t.Errorf("the reason does not name the column: %q", other.Reason)
	}
}
