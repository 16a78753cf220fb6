package eval_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/eval"
	"github.com/postern/postern/internal/fault"
)

func TestQuestionsAreReadFromJSONLines(t *testing.T) {
	got, err := eval.Read(strings.NewReader(`{"question":"How many?","sql":"SELECT 1","database":"x"}` + "\r\n\n" + `{"question":"Both?","sql":["SELECT 1","SELECT 2"]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []eval.Question{{Text: "How many?", SQL: []string{"SELECT 1"}}, {Text: "Both?", SQL: []string{"SELECT 1", "SELECT 2"}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for in, says := range map[string]string{
		"": "no questions", "\n{": "line 2", `{"question":"x"}`: "string or a list", `{"question":"x","sql":[]}`: "empty", `{"question":"","sql":"x"}`: "empty", `{"question":"x","sql":7}`: "string or a list", `{"question":"x","sql":[""]}`: "empty",
		`{"question":"` + strings.Repeat("x", 2<<20) + `"}`: "cannot be read",
	} {
		if _, err := eval.Read(strings.NewReader(in)); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40q: %v, want %q", in, err, says)
		}
	}
}

func TestTablesAreComparedByWhatTheySay(t *testing.T) {
	table := func(rows ...[]any) eval.Table {
		n := 0
		if len(rows) > 0 {
			n = len(rows[0])
		}
		return eval.Table{Columns: make([]string, n), Rows: rows}
	}
	row := func(v ...any) []any { return v }
	for name, c := range map[string]struct {
		got, want eval.Table
		ordered   bool
		same      bool
	}{
		"rows in another order":               {table(row("a"), row("b")), table(row("b"), row("a")), false, true},
		"rows in another order where asked":   {table(row("a"), row("b")), table(row("b"), row("a")), true, false},
		"level rows either way":               {table(row("a", 1), row("b", 1), row("c", 2)), table(row("b", 1), row("a", 1), row("c", 2)), true, true},
		"a row more often":                    {table(row("a"), row("a"), row("b")), table(row("a"), row("b"), row("b")), false, false},
		"numbers nearly the same":             {table(row(1.0000001, "x")), table(row(json.Number("1"), "x")), false, true},
		"numbers not the same":                {table(row(1.00001)), table(row(1)), false, false},
		"nearly the same sorted apart":        {table(row(1.0000001, "b"), row(1.0, "a")), table(row(1.0, "b"), row(1.0000001, "a")), false, true},
		"a number as text":                    {table(row("90.0")), table(row(90)), false, true},
		"NULL is not nothing":                 {table(row(nil)), table(row("")), false, false},
		"NULL is not 0":                       {table(row(nil)), table(row(0)), false, false},
		"case counts":                         {table(row("a")), table(row("A")), false, false},
		"a column more":                       {table(row("a", "b")), table(row("a")), false, false},
		"columns in other places":             {table(row("a", "b")), table(row("b", "a")), false, false},
		"no rows, same columns":               {eval.Table{Columns: []string{"a"}}, eval.Table{Columns: []string{"b"}}, true, true},
		"no rows, other columns":              {eval.Table{Columns: []string{"a"}}, eval.Table{Columns: []string{"b", "c"}}, false, false},
		"true is 1":                           {table(row(true)), table(row(1)), false, true},
		"a name that looks like a number":     {table(row("Infinity")), table(row("infinity")), false, false},
		"one value ordered, other rows wrong": {table(row(1, "a"), row(2, "b")), table(row(1, "b"), row(2, "a")), true, false},
	} {
		if got := eval.Same(c.got, c.want, c.ordered); got != c.same {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestOrderIsAskedForOutsideOfBracketsAndQuotesOnly(t *testing.T) {
	for sql, want := range map[string]bool{
		"SELECT a FROM t ORDER BY a":                              true,
		"select a from t order\n by a limit 1":                    true,
		"SELECT a FROM (SELECT a FROM t ORDER BY a LIMIT 3)":      false,
		"SELECT RANK() OVER (ORDER BY a) FROM t":                  false,
		"SELECT 'x ORDER BY y' FROM t":                            false,
		"SELECT a -- ORDER BY a\nFROM t":                          false,
		"SELECT a /* ORDER BY a */ FROM t /* open":                false,
		"SELECT a FROM t WHERE b IN (SELECT 1) ORDER BY a":        true,
		"SELECT `order` , by FROM t":                              false,
		"(SELECT a FROM t) UNION (SELECT a FROM u) ORDER/**/BY 1": true,
		"SELECT \"open FROM t ORDER BY a":                         false,
	} {
		if got := eval.Ordered(sql); got != want {
			t.Errorf("%s: %v", sql, got)
		}
	}
}

type scripted map[string]eval.Answer

func (s scripted) Answer(_ context.Context, q string) (eval.Answer, error) {
	a, ok := s[q]
	if !ok {
		return a, errors.New("broke")
	}
	return a, nil
}

type tables map[string]eval.Table

func (s tables) Run(_ context.Context, sql string) (eval.Table, error) {
	t, ok := s[sql]
	if !ok {
		return t, errors.New("no such table")
	}
	return t, nil
}

func TestAnswersAreScoredCorrectWrongOrAbstained(t *testing.T) {
	one, two := eval.Table{Columns: []string{"n"}, Rows: [][]any{{1}}}, eval.Table{Columns: []string{"n"}, Rows: [][]any{{2}}}
	run := tables{"one": one, "also one": one, "two": two}
	answers := scripted{
		"right": {Status: eval.Answered, SQL: "also one"}, "second": {Status: eval.Answered, SQL: "two"}, "wrong": {Status: eval.Answered, SQL: "two"},
		"silent": {Status: eval.Abstained, Reason: "unknown word"}, "broken": {Status: eval.Answered, SQL: "gone"}, "unscored": {Status: eval.Answered, SQL: "one"},
	}
	questions := []eval.Question{
		{Text: "right", SQL: []string{"one"}}, {Text: "second", SQL: []string{"one", "two"}}, {Text: "wrong", SQL: []string{"one"}}, {Text: "silent", SQL: []string{"one"}},
		{Text: "broken", SQL: []string{"one"}}, {Text: "unscored", SQL: []string{"gone"}}, {Text: "missing", SQL: []string{"gone", "one"}},
	}
	seen := map[string]string{}
	got, err := eval.Score(t.Context(), questions, answers, run, func(o eval.Outcome) error {
		switch {
		case o.Unscored != "":
			seen[o.Question] = "unscored"
		case o.Correct:
			seen[o.Question] = "correct"
		default:
			seen[o.Question] = string(o.Answer.Status)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(eval.Totals{Questions: 7, Correct: 2, Wrong: 3, Abstained: 1, Unscored: 1}, got); d != "" {
		t.Error(d)
	}
	want := map[string]string{"right": "correct", "second": "correct", "wrong": "answered", "silent": "abstained", "broken": "failed", "unscored": "unscored", "missing": "failed"}
	if d := cmp.Diff(want, seen); d != "" {
		t.Error(d)
	}
}

func TestScoringStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	_, err := eval.Score(ctx, make([]eval.Question, 5), scripted{}, tables{}, func(eval.Outcome) error {
		n++
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || n != 1 {
		t.Errorf("%d asked, %v", n, err)
	}
}
