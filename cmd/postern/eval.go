package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"github.com/postern/postern/internal/eval"
)

type evalCmd struct {
	output
	clientFlags
	Product string `required:"" help:"The data product that the questions are about." placeholder:"ID"`
	Agent   string `default:"sql_query_agent" help:"The agent to ask." placeholder:"NAME"`
	Record  bool   `help:"Run it in the server, which keeps the score for the product's version; takes the right to change the product."`
	Of      string `help:"With --record: the product's version; the current one by default." placeholder:"VERSION"`
	File    string `arg:"" optional:"" help:"JSON lines of {\"question\", \"sql\"}, sql a string or a list of accepted ones; - reads stdin. With --record it may be left out: the questions are those that the product keeps."`
}

// evaluated is a question as the command prints it.
type evaluated struct {
	Question string `json:"question"`
	Status   string `json:"status"` // answered, abstained or failed
	Tier     string `json:"tier"`
	SQL      string `json:"sql"`
	Correct  bool   `json:"correct"`
	Reason   string `json:"reason,omitempty"`
	Unscored string `json:"unscored,omitempty"` // why there is nothing to score by
}

// evaluation is the last line.
type evaluation struct {
	Totals evalTotals `json:"totals"`
}

type evalTotals struct {
	Questions int `json:"questions"`
	Correct   int `json:"correct"`
	Wrong     int `json:"wrong"`
	Abstained int `json:"abstained"`
	Unscored  int `json:"unscored"`
}

// Run asks the questions and scores the answers.
func (e evalCmd) Run(ctx context.Context, c *terminal) error {
	var questions []eval.Question
	var err error
	if e.File != "" {
		if questions, err = e.read(c); err != nil {
			return inFile(e.File, err)
		}
	} else if !e.Record {
		return hint(errors.New("no file of questions"), "give one, or --record to ask those that the product keeps")
	}
	if e.Of != "" && !e.Record {
		return errors.New("--of is for --record: without it the current version answers")
	}
	a, err := e.api()
	if err != nil {
		return err
	}
	if _, err := a.bearer(ctx, false); err != nil {
		return err // rather than a failure a question
	}
	p := &scoring{c: c, cmd: e, of: len(questions), live: terminalWidth(c.err) > 0}
	if e.Record {
		return p.record(ctx, a, questions)
	}
	totals, err := eval.Score(ctx, questions, apiAnswerer{a, e.Agent, e.Product}, apiRunner{a, e.Product}, func(o eval.Outcome) error {
		return p.outcome(evaluated{o.Question, string(o.Answer.Status), o.Answer.Tier, o.Answer.SQL, o.Correct, o.Answer.Reason, o.Unscored})
	})
	if err != nil {
		return err
	}
	return p.totals(evalTotals(totals))
}

func (e evalCmd) read(c *terminal) ([]eval.Question, error) {
	if e.File == "-" {
		return eval.Read(c.in)
	}
	f, err := os.Open(e.File)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	return eval.Read(f)
}

// apiAnswerer asks an agent of the server.
type apiAnswerer struct {
	a       *api
	agent   string
	product string
}

// Answer implements eval.Answerer.
func (s apiAnswerer) Answer(ctx context.Context, question string) (eval.Answer, error) {
	in := map[string]string{"message": question, "data_product_id": s.product}
	req, err := s.a.request(ctx, http.MethodPost, "/ai/api/v1/chats/agent/default/"+url.PathEscape(s.agent)+"/stream", in)
	if err != nil {
		return eval.Answer{}, err
	}
	req.Header.Set("Accept", "text/event-stream")
	res, err := s.a.http.Do(req)
	if err != nil {
		return eval.Answer{}, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end below
	if res.StatusCode != http.StatusOK {
		return eval.Answer{}, answerError(res)
	}
	return lastAnswer(res.Body)
}

// lastAnswer reads the facts of an agent's last event.
func lastAnswer(r io.Reader) (eval.Answer, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return eval.Answer{}, fmt.Errorf("the stream broke off: %w", err)
	}
	var last struct {
		Facts *struct {
			Status string `json:"status"`
			Tier   string `json:"tier"`
			SQL    string `json:"sql"`
		} `json:"postern"`
		streamEvent
	}
	for line := range bytes.Lines(b) {
		if data, ok := bytes.CutPrefix(line, []byte("data: ")); ok {
			last.Facts, last.streamEvent = nil, streamEvent{}
			if err := json.Unmarshal(data, &last); err != nil {
				return eval.Answer{}, fmt.Errorf("an event is not JSON: %w", err)
			}
		}
	}
	if last.Facts == nil {
		return eval.Answer{}, errors.New("the agent's last event does not say how it came out")
	}
	out := eval.Answer{Status: eval.Status(last.Facts.Status), Tier: last.Facts.Tier, SQL: last.Facts.SQL}
	if out.Status != eval.Answered {
		for _, p := range last.Message.Parts {
			var text string
			if p.Kind == "text" && json.Unmarshal(p.Content, &text) == nil && out.Reason == "" {
				out.Reason = text
			}
		}
	}
	return out, nil
}

// apiRunner runs SQL on the product, as the client.
type apiRunner struct {
	a       *api
	product string
}

// Run implements eval.Runner.
func (r apiRunner) Run(ctx context.Context, sql string) (eval.Table, error) {
	var in struct {
		Columns []struct {
			Name string `json:"name"`
		} `json:"columns"`
		Rows     [][]any `json:"rows"`
		Complete bool    `json:"complete"`
	}
	if err := r.a.call(ctx, http.MethodPost, "/api/v2/data-product/"+url.PathEscape(r.product)+"/query/", map[string]string{"sql": sql}, &in); err != nil {
		return eval.Table{}, err
	}
	if !in.Complete {
		return eval.Table{}, errors.New("the result broke off")
	}
	t := eval.Table{Rows: in.Rows}
	for _, c := range in.Columns {
		t.Columns = append(t.Columns, c.Name)
	}
	return t, nil
}
