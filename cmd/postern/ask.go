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
	"strings"
)

type askCmd struct {
	output
	clientFlags
	Product  string `required:"" help:"The data product that the question is about." placeholder:"ID"`
	Agent    string `default:"sql_query_agent" help:"The agent to ask." placeholder:"NAME"`
	AuthID   string `name:"auth-id" help:"The stored warehouse credential to use." placeholder:"ID"`
	Choice   string `name:"choice" help:"The id of one of the readings that an earlier answer offered." placeholder:"ID"`
	Question string `arg:"" help:"The question."`
}

// asked is an agent's answer as the command prints it.
type asked struct {
	Status       string   `json:"status"` // answered, abstained or failed
	Tier         string   `json:"tier,omitempty"`
	SQL          string   `json:"sql,omitempty"`
	Restatement  string   `json:"restatement,omitempty"`
	Assumptions  []string `json:"assumptions"`
	Unplaced     []string `json:"unplaced"`
	Choices      []choice `json:"choices"`
	ModelVersion string   `json:"model_version,omitempty"`
	Answer       string   `json:"answer"`
	Table        *table   `json:"table,omitempty"`

	chart *drawnChart // of agents that draw one
}

type choice struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

type table struct {
	Columns []struct {
		Name string `json:"name"`
	} `json:"columns"`
	Rows     [][]json.RawMessage `json:"rows"`
	RowCount int64               `json:"row_count"`
}

// Run asks the question. An abstention is an answer; a failure is an error.
func (q askCmd) Run(ctx context.Context, c *terminal) error {
	a, err := q.api()
	if err != nil {
		return err
	}
	got, err := a.ask(ctx, q.Agent, question(q.Question, q.Product, q.AuthID, q.Choice))
	if err != nil {
		return err
	}
	if got.Status == "failed" {
		return errors.New(printable(got.Answer))
	}
	return c.print(q.JSON, got, got.write)
}

// question is an agent's input, without what was not given.
func question(message, product, authID, choice string) map[string]string {
	in := map[string]string{"message": message, "data_product_id": product}
	if authID != "" {
		in["auth_id"] = authID
	}
	if choice != "" {
		in["choice_id"] = choice
	}
	return in
}

// ask puts a question to an agent.
func (a *api) ask(ctx context.Context, agent string, in map[string]string) (asked, error) {
	req, err := a.request(ctx, http.MethodPost, "/ai/api/v1/chats/agent/default/"+url.PathEscape(agent)+"/stream", in)
	if err != nil {
		return asked{}, err
	}
	req.Header.Set("Accept", "text/event-stream")
	res, err := a.http.Do(req)
	if err != nil {
		return asked{}, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end below
	if res.StatusCode == http.StatusNoContent {
		return asked{}, errors.New("the question is empty")
	}
	if res.StatusCode != http.StatusOK {
		return asked{}, answerError(res)
	}
	return readAnswer(res.Body)
}

// write shows the table, the question as it was understood, and the SQL.
func (g asked) write(w io.Writer) error {
	if g.Status != "answered" || g.Table == nil {
		for line := range strings.Lines(g.Answer) {
			if _, err := fmt.Fprintln(w, printable(strings.TrimRight(line, "\n"))); err != nil {
				return err
			}
		}
		return nil
	}
	if err := writeTable(w, columnNames(g.Table.Columns), g.Table.Rows); err != nil {
		return err
	}
	var b strings.Builder
	if n := len(g.Table.Rows); int64(n) < g.Table.RowCount {
		fmt.Fprintf(&b, "The first %d of %d rows.\n", n, g.Table.RowCount)
	}
	b.WriteString(byModel(g.Tier))
	fmt.Fprintf(&b, "\n%s\n", printable(g.Restatement))
	for _, s := range g.Assumptions {
		fmt.Fprintf(&b, "Taken for granted: %s\n", printable(s))
	}
	for line := range strings.Lines("\n" + g.SQL) {
		b.WriteString(printable(strings.TrimRight(line, "\n")) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// byModel says on a line of its own that a language model had part in an answer.
func byModel(tier string) string {
	switch tier {
	case "llm_semantic":
		return "\nA language model chose this query; see that it is what you asked."
	case "llm_sql":
		return "\nA language model wrote this SQL; check it before you rely on it."
	}
	return ""
}

// readAnswer reads an agent's stream: the table of its last query, and the
// facts and the text of its last event.
func readAnswer(r io.Reader) (asked, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return asked{}, fmt.Errorf("the stream broke off: %w", err)
	}
	var facts, content, drawn json.RawMessage
	var text string
	for line := range bytes.Lines(b) {
		data, ok := bytes.CutPrefix(line, []byte("data: "))
		if !ok {
			continue
		}
		var e struct {
			Facts json.RawMessage `json:"postern"`
			streamEvent
		}
		if err := json.Unmarshal(data, &e); err != nil {
			return asked{}, fmt.Errorf("an event is not JSON: %w", err)
		}
		facts = e.Facts
		for _, p := range e.Message.Parts {
			switch p.Kind {
			case "tool-return":
				if strings.HasPrefix(p.Tool, "generate_chart_") {
					drawn = unquote(p.Content)
					continue
				}
				if p.Tool == "get_data_schema_tool" { // a language model may look again
					continue
				}
				content = unquote(p.Content)
			case "text":
				_ = json.Unmarshal(p.Content, &text) // what is no text leaves it empty
			}
		}
	}
	got := asked{Assumptions: []string{}, Unplaced: []string{}, Choices: []choice{}}
	if facts == nil {
		return got, errors.New("the agent's last event does not say how it came out")
	}
	if err := json.Unmarshal(facts, &got); err != nil {
		return got, err
	}
	got.Answer = text
	if got.Status == "answered" && content != nil {
		got.Table = &table{}
		err = json.Unmarshal(content, got.Table)
	}
	if err == nil && drawn != nil {
		got.chart = &drawnChart{}
		err = json.Unmarshal(drawn, got.chart)
	}
	return got, err
}
