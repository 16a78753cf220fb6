package eval_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/eval"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
)

// shelf keeps evaluations in memory, and lets everybody in.
type shelf struct {
	product    product.Product
	kept       []eval.Evaluation
	rows       [][]eval.Outcome
	keys       [][]string
	overridden []string
}

func (s *shelf) StartEvaluation(_ context.Context, e eval.Evaluation) error {
	s.kept = append(s.kept, e)
	return nil
}

func (s *shelf) EndEvaluation(_ context.Context, e eval.Evaluation, keys []string, rows []eval.Outcome) error {
	s.kept[len(s.kept)-1] = e
	s.rows, s.keys = append(s.rows, rows), append(s.keys, keys)
	return nil
}

func (s *shelf) Evaluation(context.Context, string, string) (eval.Evaluation, []eval.Outcome, error) {
	return s.kept[0], s.rows[0], nil
}

func (s *shelf) Evaluations(context.Context, string, int, int) ([]eval.Evaluation, int, error) {
	return s.kept, len(s.kept), nil
}

func (s *shelf) Outcomes(_ context.Context, _, version, spec string) (out []eval.Kept, _ error) {
	for i, e := range s.kept {
		if e.Version == version && e.Spec == spec && e.Status == eval.Done {
			for n, o := range s.rows[i] {
				out = append(out, eval.Kept{Agent: e.Agent, Question: s.keys[i][n], Correct: o.Correct, Wrong: o.Wrong()})
			}
		}
	}
	return out, nil
}

func (s *shelf) Override(_ context.Context, _, version, _ string) error {
	s.overridden = append(s.overridden, version)
	return nil
}

func (s *shelf) Evaluates(context.Context, auth.Caller, string, string) (product.Product, error) {
	return s.product, nil
}

func (s *shelf) Product(context.Context, auth.Caller, string, string) (product.Product, error) {
	return s.product, nil
}

func version(v string, qs ...product.Question) product.Product {
	return product.Product{ID: "shop", Version: v, Spec: json.RawMessage(`{"v": "` + v + `"}`), Questions: qs}
}

// score asks of a version the questions of which answers says how they come out.
func score(t *testing.T, s *shelf, p product.Product, agent string, qs []eval.Question, answers scripted) eval.Evaluation {
	t.Helper()
	s.product = p
	run := tables{"one": {Columns: []string{"n"}, Rows: [][]any{{1}}}, "two": {Columns: []string{"n"}, Rows: [][]any{{2}}}}
	e := eval.Evaluator{Store: s, Gate: s, Now: time.Now, Ask: func(_ auth.Caller, _ string, _ product.Product, model func(string)) (eval.Answerer, eval.Runner, error) {
		model("m1")
		return answers, run, nil
	}}
	got, err := e.Run(t.Context(), auth.Caller{Kind: auth.Machine, ClientID: "pc_a"}, eval.Request{Product: "shop", Agent: agent, Questions: qs},
		func(eval.Evaluation) error { return nil }, func(eval.Outcome) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func ask(names ...string) (qs []eval.Question) {
	for _, n := range names {
		qs = append(qs, eval.Question{Text: n, SQL: []string{"one"}})
	}
	return qs
}

var (
	right    = eval.Answer{Status: eval.Answered, SQL: "one"}
	wrong    = eval.Answer{Status: eval.Answered, SQL: "two"}
	abstains = eval.Answer{Status: eval.Abstained}
)

func TestAScoreIsKeptWithItsVersion(t *testing.T) {
	s := &shelf{}
	got := score(t, s, version("1.0.0", product.Question{Text: "a", SQL: []string{"one"}}, product.Question{Text: "b", SQL: []string{"one"}}), "x", nil, scripted{"a": right, "b": abstains})
	if got.Status != eval.Done || got.Version != "1.0.0" || got.Model != "m1" || got.By != "client:pc_a" || got.EndedAt.IsZero() || !strings.HasPrefix(got.ID, "ev_") {
		t.Errorf("%+v", got)
	}
	if d := cmp.Diff(eval.Totals{Questions: 2, Correct: 1, Abstained: 1}, got.Totals); d != "" {
		t.Error(d)
	}
	if len(s.rows[0]) != 2 || len(s.keys[0]) != 2 {
		t.Errorf("%d rows kept", len(s.rows[0]))
	}
	if a, b := eval.QuestionsHash(ask("a", "b")), eval.QuestionsHash(ask("b", "a")); a != b || a != got.Questions {
		t.Errorf("questions are told apart by their order: %s %s %s", a, b, got.Questions)
	}
}

func TestAVersionThatAnswersWorseIsRefused(t *testing.T) {
	old, next := version("1.0.0"), version("1.1.0")
	for name, c := range map[string]struct {
		was, is scripted
		wasQ    []eval.Question
		isQ     []eval.Question
		agent   string
		refused string
	}{
		"fewer correct":            {was: scripted{"a": right, "b": right}, is: scripted{"a": right, "b": abstains}, refused: "2 questions that both were asked (x), 1 correct and 0 wrong; before, 2 correct and 0 wrong"},
		"more wrong":               {was: scripted{"a": right, "b": abstains}, is: scripted{"a": right, "b": wrong}, refused: "1 correct and 1 wrong; before, 1 correct and 0 wrong"},
		"more correct, more wrong": {was: scripted{"a": abstains, "b": abstains}, is: scripted{"a": right, "b": wrong}, refused: "1 correct and 1 wrong"},
		"the same":                 {was: scripted{"a": right, "b": wrong}, is: scripted{"a": right, "b": wrong}},
		"as many, others":          {was: scripted{"a": right, "b": abstains}, is: scripted{"a": abstains, "b": right}},
		"better":                   {was: scripted{"a": wrong, "b": right}, is: scripted{"a": right, "b": right}},
		"other questions":          {was: scripted{"a": right}, is: scripted{"b": wrong}, wasQ: ask("a"), isQ: ask("b")},
		"another agent":            {was: scripted{"a": right, "b": right}, is: scripted{"a": wrong, "b": wrong}, agent: "y"},
		"worse on those in common": {was: scripted{"a": right, "b": right}, is: scripted{"a": wrong, "c": right}, wasQ: ask("a", "b"), isQ: ask("a", "c"), refused: "1 questions that both were asked"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &shelf{}
			both := ask("a", "b")
			if c.wasQ == nil {
				c.wasQ, c.isQ = both, both
			}
			score(t, s, old, "x", c.wasQ, c.was)
			e := eval.Evaluator{Store: s}
			if err := e.Worse(t.Context(), old, next, false); err != nil {
				t.Fatalf("without a score: %v", err)
			}
			agent := "x"
			if c.agent != "" {
				agent = c.agent
			}
			score(t, s, next, agent, c.isQ, c.is)
			err := e.Worse(t.Context(), old, next, false)
			if c.refused == "" && err != nil || c.refused != "" && (!fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), c.refused) || !strings.Contains(err.Error(), "force=true")) {
				t.Errorf("%v, want %q", err, c.refused)
			}
			if err := e.Worse(t.Context(), old, next, true); err != nil || (len(s.overridden) == 1) != (c.refused != "") {
				t.Errorf("forced: %v, on record %v", err, s.overridden)
			}
			changed := next
			changed.Spec = json.RawMessage(`{"v":"another"}`)
			if err := e.Worse(t.Context(), old, changed, false); err != nil {
				t.Errorf("a score of another text of the version counts: %v", err)
			}
		})
	}
}

func TestAnEvaluationThatBreaksOffIsKeptAsBroken(t *testing.T) {
	s := &shelf{product: version("1.0.0")}
	e := eval.Evaluator{Store: s, Gate: s, Now: time.Now, Ask: func(auth.Caller, string, product.Product, func(string)) (eval.Answerer, eval.Runner, error) {
		return scripted{"a": right, "b": right}, tables{"one": {}}, nil
	}}
	gone := errors.New("the client hung up")
	_, err := e.Run(t.Context(), auth.Caller{}, eval.Request{Agent: "x", Questions: ask("a", "b")}, func(eval.Evaluation) error { return nil }, func(eval.Outcome) error { return gone })
	if !errors.Is(err, gone) || s.kept[0].Status != eval.Broken || len(s.rows[0]) != 1 {
		t.Errorf("%v, %+v", err, s.kept)
	}
	if out, _ := s.Outcomes(t.Context(), "shop", "1.0.0", eval.SpecHash(s.product)); len(out) != 0 {
		t.Error("its outcomes count")
	}
	for _, qs := range [][]eval.Question{nil, {{Text: "", SQL: []string{"x"}}}, {{Text: "x"}}, {{Text: "x", SQL: []string{"a", ""}}}} {
		if _, err := e.Run(t.Context(), auth.Caller{}, eval.Request{Questions: qs}, nil, nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("%v: %v", qs, err)
		}
	}
}

// limited refuses each first try, as a limit on the caller's queries does.
type limited struct {
	scripted
	tried chan string
}

func (l limited) Answer(ctx context.Context, q string) (eval.Answer, error) {
	select {
	case l.tried <- q:
		return eval.Answer{}, fault.New(fault.Limited, "too many queries").After(time.Millisecond)
	default:
		return l.scripted.Answer(ctx, q)
	}
}

func TestALimitOnQueriesIsWaitedFor(t *testing.T) {
	l := limited{scripted{"a": right, "b": right}, make(chan string, 2)}
	got, err := eval.Score(t.Context(), ask("a", "b"), l, tables{"one": {Columns: []string{"n"}, Rows: [][]any{{1}}}}, func(eval.Outcome) error { return nil })
	if err != nil || got.Correct != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestOutcomesComeInTheOrderOfTheQuestions(t *testing.T) {
	names := strings.Split(strings.Repeat("a b c d e f g ", 30), " ")
	names = names[:len(names)-1]
	answers := scripted{}
	for _, n := range names {
		answers[n] = right
	}
	var got []string
	_, err := eval.Score(t.Context(), ask(names...), answers, tables{"one": {}}, func(o eval.Outcome) error {
		got = append(got, o.Question)
		return nil
	})
	if err != nil || !slices.Equal(got, names) {
		t.Errorf("%v, %v", got, err)
	}
}
