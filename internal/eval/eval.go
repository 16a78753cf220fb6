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
	"sync"
	"time"

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

// together is how many questions are asked at a time.
const together = 4

// Score asks all questions, a few at a time, and calls each with how it came
// out, in the order of the questions. It stops on ctx, and when each fails.
func Score(ctx context.Context, qs []Question, a Answerer, r Runner, each func(Outcome) error) (t Totals, err error) {
	ctx, stop := context.WithCancel(ctx)
	coming := make(chan chan Outcome, together-2) // with one being asked for and one being waited for
	var asking sync.WaitGroup
	defer asking.Wait()
	defer stop()
	asking.Go(func() {
		defer close(coming)
		for _, q := range qs {
			one := make(chan Outcome, 1)
			asking.Go(func() { one <- ask(ctx, q, a, r) })
			select {
			case coming <- one:
			case <-ctx.Done():
				return
			}
		}
	})
	for one := range coming {
		o := <-one
		if err := ctx.Err(); err != nil {
			return t, err
		}
		t.count(o)
		if err := each(o); err != nil {
			return t, err
		}
	}
	return t, ctx.Err()
}

func (t *Totals) count(o Outcome) {
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
}

func ask(ctx context.Context, q Question, a Answerer, r Runner) Outcome {
	o := Outcome{Question: q.Text}
	var err error
	err = patiently(ctx, func() (err error) {
		o.Answer, err = a.Answer(ctx, q.Text)
		return err
	})
	if err != nil {
		o.Answer = Answer{Status: Failed, Reason: err.Error()}
	}
	var got Table
	if o.Answer.Status == Answered {
		if got, err = run(ctx, r, o.Answer.SQL); err != nil {
			o.Answer.Status, o.Answer.Reason = Failed, err.Error()
		}
	}
	ran := false
	for _, sql := range q.SQL {
		want, err := got, error(nil)
		if o.Answer.Status != Answered || sql != o.Answer.SQL {
			want, err = run(ctx, r, sql)
		}
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

func run(ctx context.Context, r Runner, sql string) (t Table, err error) {
	err = patiently(ctx, func() (err error) {
		t, err = r.Run(ctx, sql)
		return err
	})
	return t, err
}

// patience is how long a question waits, all in all, for a limit on the
// caller's queries to let it through: that says nothing about the answer.
const patience = 5 * time.Minute

func patiently(ctx context.Context, try func() error) error {
	began := time.Now()
	for {
		err := try()
		f := fault.As(err)
		if f == nil || f.Kind != fault.Limited || time.Since(began) > patience {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(max(f.RetryAfter, 100*time.Millisecond)):
		}
	}
}
