package planner_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
)

func TestTimesCountFromTheClock(t *testing.T) {
	m := kennel()
	db := openKennel(t)
	p := planner.New(m, kennelValues()).At(time.Date(2021, 8, 15, 22, 0, 0, 0, time.UTC))
	for _, c := range []struct{ question, want, note string }{
		{"How many dogs were sold last month?", "1", "“last month” is July 2021"},
		{"How many dogs were sold this year?", "1", "“this year” is 2021"},
		{"How many dogs were sold in the previous year?", "1", "“the previous year” is since 2020-08-15"},
		{"How many dogs were sold last year?", "1", "“last year” is 2020"},
		{"How many dogs were sold in the past 2 years?", "2", "“the past 2 years” is since 2019-08-15"},
		{"How many dogs were sold in the last three years?", "2", "“the last three years” is since 2018-08-15"},
		{"How many dogs were sold this month?", "0", "“this month” is August 2021"},
		{"How many dogs were sold yesterday?", "0", "“yesterday” is 2021-08-14"},
		{"How many dogs were sold last week?", "0", "“last week” is 2021-08-02 to 2021-08-08"},
		{"How many dogs were sold last quarter?", "0", "“last quarter” is 2021-04-01 to 2021-06-30"},
		{"How many dogs were sold this quarter?", "1", "“this quarter” is 2021-07-01 to 2021-09-30"},
	} {
		a := p.Plan(c.question)
		if !a.Read {
			t.Errorf("%q is not read: %s (%s)", c.question, a.Reason, a.Trace)
			continue
		}
		if all := strings.Join(a.Assumptions, "; "); !strings.Contains(all, c.note) {
			t.Errorf("%q: the assumptions are %q", c.question, all)
		}
		s, err := semantic.Compile(a.Query, m, semantic.SQLite)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{c.want}, texts(t, db, s.SQL)); diff != "" {
			t.Errorf("%q (-want +got):\n%s%s", c.question, diff, s.SQL)
		}
	}
}

func TestTimesThatDoNotCountFromTheClockStay(t *testing.T) {
	still := planner.New(kennel(), kennelValues())
	if a := still.Plan("How many dogs were sold last month?"); a.OK {
		t.Errorf("answered without a clock: %s", a.Restatement)
	}
	p := still.At(time.Date(2021, 8, 15, 22, 0, 0, 0, time.UTC))
	for _, q := range []string{"What is the last year that a dog joined?", `How many dogs are called "last month"?`, "How many dogs were sold in the last few days?", "How many dogs were sold in the last quarter of 2020?", "How many dogs are there?"} {
		if a := p.Plan(q); strings.Contains(strings.Join(a.Assumptions, ""), " is 20") {
			t.Errorf("%q: %v", q, a.Assumptions)
		}
	}
}
