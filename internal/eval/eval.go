// Package eval asks questions whose answers are known, and scores what comes
// back: correct, wrong, or abstained. It judges tables, not SQL: two statements
// that give the same rows are the same answer. Who answers and who runs SQL it
// is told by small interfaces.
package eval

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/postern/postern/internal/fault"
)

// Question with the SQL of its accepted answers.
type Question struct {
	Text string
	SQL  []string
}

// Status is how an answerer came out.
type Status string

// The statuses.
const (
	Answered  Status = "answered"
	Abstained Status = "abstained"
	Failed    Status = "failed" // it broke: scored as wrong
)

// Answer of an answerer. SQL is what it would run.
type Answer struct {
	Status Status
	Tier   string
	SQL    string
	Reason string // why it abstained or failed
}

// Answerer answers a question; an agent is one.
type Answerer interface {
	Answer(ctx context.Context, question string) (Answer, error)
}

// Runner runs SQL on the product that the questions are about.
type Runner interface {
	Run(ctx context.Context, sql string) (Table, error)
}

// Outcome of one question.
type Outcome struct {
	Question string
	Answer   Answer
	Correct  bool
	// Unscored says why the question can't be scored: none of its accepted
	// statements runs.
	Unscored string
}

// Totals of all questions. Questions = Correct + Wrong + Abstained + Unscored.
type Totals struct {
	Questions, Correct, Wrong, Abstained, Unscored int
}

// Longest line of a file of questions, and most lines.
const (
	longest = 1 << 20
	most    = 100_000
)

// Read reads JSON lines: {"question": "...", "sql": "..." or ["...", ...]}.
// Other keys are passed over, empty lines too.
func Read(r io.Reader) ([]Question, error) {
	var out []Question
	s := bufio.NewScanner(r)
	s.Buffer(nil, longest)
	for line := 1; s.Scan(); line++ {
		if len(bytes.TrimSpace(s.Bytes())) == 0 {
			continue
		}
		q, err := parse(s.Bytes())
		if err != nil {
			return nil, fault.New(fault.Invalid, "line %d: %s", line, err)
		}
		if out = append(out, q); len(out) > most {
			return nil, fault.New(fault.Invalid, "more than %d questions", most)
		}
	}
	if err := s.Err(); err != nil {
		return nil, fault.Because(err, fault.Invalid, "the questions cannot be read: %s", err)
	}
	if len(out) == 0 {
		return nil, fault.New(fault.Invalid, "there are no questions in the file")
	}
	return out, nil
}

func parse(line []byte) (Question, error) {
	var in struct {
		Question string          `json:"question"`
		SQL      json.RawMessage `json:"sql"`
	}
	if err := json.Unmarshal(line, &in); err != nil {
		return Question{}, fmt.Errorf("not a JSON object with question and sql: %w", err)
	}
	q := Question{Text: in.Question}
	var one string
	if json.Unmarshal(in.SQL, &one) == nil {
		q.SQL = []string{one}
	} else if json.Unmarshal(in.SQL, &q.SQL) != nil {
		return Question{}, fmt.Errorf("sql must be a string or a list of strings")
	}
	if q.Text == "" || len(q.SQL) == 0 || q.SQL[0] == "" {
		return Question{}, fmt.Errorf("question and sql must not be empty")
	}
	return q, nil
}

// Score asks all questions in turn and calls each with how it came out. It
// stops on ctx, and when each fails.
func Score(ctx context.Context, qs []Question, a Answerer, r Runner, each func(Outcome) error) (t Totals, err error) {
	for _, q := range qs {
		o := ask(ctx, q, a, r)
		if err := ctx.Err(); err != nil {
			return t, err
		}
		t.Questions++
		switch {
		case o.Unscored != "":
			t.Unscored++
		case o.Correct:
			t.Correct++
		case o.Answer.Status == Abstained:
			t.Abstained++
		default:
			t.Wrong++
		}
		if err := each(o); err != nil {
			return t, err
		}
	}
	return t, nil
}

func ask(ctx context.Context, q Question, a Answerer, r Runner) Outcome {
	o := Outcome{Question: q.Text}
	var err error
	if o.Answer, err = a.Answer(ctx, q.Text); err != nil {
		o.Answer = Answer{Status: Failed, Reason: err.Error()}
	}
	var got Table
	if o.Answer.Status == Answered {
		if got, err = r.Run(ctx, o.Answer.SQL); err != nil {
			o.Answer.Status, o.Answer.Reason = Failed, err.Error()
		}
	}
	ran := false
	for _, sql := range q.SQL {
		want, err := r.Run(ctx, sql)
		if err != nil {
			o.Unscored = err.Error()
			continue
		}
		ran = true
		o.Correct = o.Correct || o.Answer.Status == Answered && Same(got, want, Ordered(sql))
	}
	if ran {
		o.Unscored = ""
	}
	return o
}
