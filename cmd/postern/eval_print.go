package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/postern/postern/internal/eval"
)

// scoring prints an evaluation as it goes.
type scoring struct {
	c     *terminal
	cmd   evalCmd
	of    int  // questions, 0 where the server knows
	live  bool // stderr is a terminal: one line there says how far it is
	asked int
	right int
}

// terminalWidth is the width of the terminal that w is, 0 when it is none.
func terminalWidth(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

func (s *scoring) outcome(v evaluated) error {
	s.asked++
	if v.Correct {
		s.right++
	}
	s.wipe()
	if err := s.c.print(s.cmd.JSON, v, func(w io.Writer) error { return printOutcome(w, v) }); err != nil {
		return err
	}
	if s.live {
		of := ""
		if s.of > 0 {
			of = fmt.Sprintf(" of %d", s.of)
		}
		_, _ = fmt.Fprintf(s.c.err, "%d%s asked, %d correct", s.asked, of, s.right)
	}
	return nil
}

// wipe takes the line of progress away.
func (s *scoring) wipe() {
	if s.live {
		_, _ = fmt.Fprint(s.c.err, "\r\x1b[K")
	}
}

func (s *scoring) totals(t evalTotals) error {
	s.wipe()
	return s.c.print(s.cmd.JSON, evaluation{t}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%d questions: %d correct, %d wrong, %d abstained, %d that could not be scored\n", t.Questions, t.Correct, t.Wrong, t.Abstained, t.Unscored)
		return err
	})
}

func printOutcome(w io.Writer, v evaluated) error {
	word := "wrong"
	switch {
	case v.Unscored != "":
		word = "unscored"
	case v.Correct:
		word = "correct"
	case v.Status != string(eval.Answered):
		word = v.Status
	}
	_, err := fmt.Fprintf(w, "%-9s  %s\n", word, strings.Join(strings.Fields(v.Question), " "))
	for _, more := range []string{v.SQL, v.Reason, v.Unscored} {
		if more != "" && word != "correct" && err == nil {
			_, err = fmt.Fprintf(w, "           %s\n", strings.Join(strings.Fields(more), " "))
		}
	}
	return err
}

// record runs the evaluation in the server, which keeps it.
func (s *scoring) record(ctx context.Context, a *api, questions []eval.Question) error {
	type question struct {
		Question string   `json:"question"`
		SQL      []string `json:"sql"`
	}
	in := struct {
		Version   string     `json:"version,omitempty"`
		Agent     string     `json:"agent"`
		Questions []question `json:"questions,omitempty"`
	}{Version: s.cmd.Of, Agent: s.cmd.Agent}
	for _, q := range questions {
		in.Questions = append(in.Questions, question{q.Text, q.SQL})
	}
	req, err := a.request(ctx, http.MethodPost, "/api/v2/data-product/"+url.PathEscape(s.cmd.Product)+"/evaluation/", in)
	if err != nil {
		return err
	}
	res, err := a.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end below
	if res.StatusCode != http.StatusOK {
		return answerError(res)
	}
	return s.lines(json.NewDecoder(res.Body))
}

// lines reads what the server says: the evaluation, a line a question, totals.
func (s *scoring) lines(d *json.Decoder) error {
	for {
		var line struct {
			evaluated
			Evaluation *struct {
				ID      string `json:"evaluation_id"`
				Version string `json:"version_id"`
			} `json:"evaluation"`
			Totals *evalTotals `json:"totals"`
		}
		err := d.Decode(&line)
		switch {
		case errors.Is(err, io.EOF):
			return errors.New("the evaluation broke off before its end")
		case err != nil:
			return fmt.Errorf("the evaluation broke off: %w", err)
		case line.Evaluation != nil:
			s.c.progress("evaluation %s of version %s", line.Evaluation.ID, line.Evaluation.Version)
		case line.Totals != nil:
			return s.totals(*line.Totals)
		default:
			if err := s.outcome(line.evaluated); err != nil {
				return err
			}
		}
	}
}
