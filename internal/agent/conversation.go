package agent

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/tool"
)

// What of a chat's earlier turns goes to a model: about 2,000 tokens, and never
// more than a tenth of what the whole answer may use.
const (
	earlierBytes = 6_000
	earlierShare = 10
	answerBytes  = 1_500 // of one answer with its rows
)

const goesOn = "\n- The question may go on from the earlier ones of its conversation. Answer the last question alone, with one query that needs none of the others."

// earlierTurn is an earlier turn as a model is told of it.
type earlierTurn struct {
	Question   string `json:"question"`
	Understood string `json:"understood_as,omitempty"`
	SQL        string `json:"sql,omitempty"`
	Answer     string `json:"answer,omitempty"`
}

// conversation is the chat so far: the turns about this product that may leave,
// as many of the newest as there is room for.
func (m *modeled) conversation() (string, error) {
	room := min(earlierBytes, m.Budget.Tokens*bytesPerToken/earlierShare)
	var turns []earlierTurn
	for i := len(m.e.Answers) - 1; i >= 0 && i < len(m.e.Earlier); i-- {
		t, rows, ok := m.turn(m.e.Earlier[i], m.e.Answers[i])
		if !ok {
			continue
		}
		b, err := json.Marshal(t)
		if err != nil {
			return "", err
		}
		if room -= len(b); room < 0 {
			break
		}
		turns, m.rows = append(turns, t), m.rows+rows
	}
	if len(turns) == 0 {
		return "", nil
	}
	slices.Reverse(turns)
	m.earlier = len(turns)
	told, err := m.data(turns)
	return "Earlier in this conversation, the oldest first: " + told + "\n\n", err
}

// turn is what of an earlier turn may leave: what might when it was answered
// and may now. A turn of another product, or of another version, is none of
// this question's.
func (m *modeled) turn(input json.RawMessage, a tool.Answered) (t earlierTurn, rows int, ok bool) {
	var was queryInput
	var f Facts
	if json.Unmarshal(input, &was) != nil || json.Unmarshal(a.Facts, &f) != nil {
		return t, 0, false
	}
	if was.DataProductID != m.in.DataProductID || was.DataProductVersion != m.in.DataProductVersion {
		return t, 0, false
	}
	then := product.ModelUse(f.MayLeave)
	if then != product.ModelSchema && then != product.ModelRows {
		return t, 0, false
	}
	t = earlierTurn{Question: cutTo(was.Message, longQuestion), Understood: f.Restatement, SQL: f.SQL}
	if then == product.ModelRows && m.use == product.ModelRows {
		text := cutTo(a.Text, answerBytes)
		if rows = max(0, strings.Count(text, "\n| ")-2); m.rows+rows <= m.Budget.Rows {
			t.Answer = text
			return t, rows, true
		}
		return t, 0, true
	}
	m.seen.Add(t.Question)
	t.Understood, t.SQL = m.seen.Withhold(t.Understood), m.seen.WithoutLiterals(t.SQL)
	return t, 0, true
}

func cutTo(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// literals are the values in a statement: texts and numbers.
var literals = regexp.MustCompile(`'(?:[^']|'')*'|\b\d[\d.]*\b`)

// WithoutLiterals takes out of a statement each value that has a word which the
// model has not seen: a planner writes values as the data spells them.
func (w Words) WithoutLiterals(sql string) string {
	return literals.ReplaceAllStringFunc(sql, func(v string) string {
		for _, word := range wordsAndQuotes.FindAllString(v, -1) {
			if word != "'" && !w[strings.ToLower(word)] {
				return "'…'"
			}
		}
		return v
	})
}

// Tellable are the inputs of a chat's earlier turns that a model may be told
// of: not of answers from a product that lets nothing leave.
func Tellable(e *tool.Env) (inputs []json.RawMessage) {
	for i, in := range e.Earlier {
		var f Facts
		if i >= len(e.Answers) || json.Unmarshal(e.Answers[i].Facts, &f) != nil {
			continue
		}
		if use := product.ModelUse(f.MayLeave); use == product.ModelSchema || use == product.ModelRows {
			inputs = append(inputs, in)
		}
	}
	return inputs
}
