package agent

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Table is a result, trimmed as sql_execution_tool trims it.
type Table struct {
	Columns   []Column `json:"columns"`
	Rows      [][]any  `json:"rows" jsonschema:"Values in the order of columns."`
	RowCount  int64    `json:"row_count" jsonschema:"Rows of the full result."`
	Truncated bool     `json:"truncated" jsonschema:"True when rows holds less than the full result."`
	Reason    string   `json:"reason,omitempty" jsonschema:"Why it was trimmed."`
	Next      string   `json:"next,omitempty" jsonschema:"What to do to see more."`
}

// Column of a table.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// What of a table is said in words.
const (
	saidRows  = 20
	saidChars = 80 // of a cell
)

// answer says the question as it was understood, the beginning of the table,
// and what was taken for granted.
func (p plan) answer(t Table) string {
	var b strings.Builder
	if p.Tier == Verified {
		b.WriteString("Answered by a query that a person has verified. ")
	}
	b.WriteString(p.chosen())
	b.WriteString(sentence(p.Restatement, "The result"))
	b.WriteString("\n\n")
	t.say(&b)
	p.otherwise(&b)
	list(&b, "Taken for granted:", p.Assumptions)
	b.WriteString(p.written())
	return strings.TrimRight(b.String(), "\n")
}

// otherwise says what the planner read, where a model's answer differs.
func (p plan) otherwise(b *strings.Builder) {
	if p.other != "" {
		list(b, "The planner read it in another way, which gives another table:", []string{p.other})
	}
}

// chosen says that a language model had part in the answer.
func (p plan) chosen() string {
	switch p.Tier {
	case LLMSemantic:
		return "A language model chose this query; see that it is what you asked. "
	case LLMSQL:
		return "A language model wrote the SQL of this answer; check it before you rely on it. "
	}
	return ""
}

// written is the SQL that a language model wrote: there is no restatement to
// check.
func (p plan) written() string {
	if p.Tier != LLMSQL {
		return ""
	}
	return "\nThe SQL:\n\n    " + Indented(p.SQL) + "\n"
}

// breaks are what ends a line in Markdown.
var breaks = regexp.MustCompile(`\r\n?|\n`)

// Indented is a statement in the lines of a code block, which it cannot leave.
func Indented(sql string) string { return breaks.ReplaceAllString(strings.TrimSpace(sql), "\n    ") }

// open are questions that no one query answers.
var open = regexp.MustCompile(`(?i)^\s*(?:please |can you |could you )?(?:why|explain|forecast|predict|recommend|suggest|advise|what (?:will|should|would)|should (?:i|we)|how (?:can|could|should) (?:i|we)|write|summari[sz]e (?:the|our|my) )\b`)

func openEnded(message string) bool { return open.MatchString(message) }

// Markdown is the beginning of the table, and how many rows there are.
func (t Table) Markdown() string {
	var b strings.Builder
	t.say(&b)
	return strings.TrimRight(b.String(), "\n")
}

// say writes a table as Markdown; cells are data and stay on their line.
func (t Table) say(b *strings.Builder) {
	if len(t.Rows) == 0 {
		b.WriteString("No rows.\n")
		return
	}
	names, rules := make([]string, len(t.Columns)), make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i], rules[i] = plain(c.Name), "---"
	}
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(names)
	line(rules)
	shown := t.Rows[:min(len(t.Rows), saidRows)]
	for _, row := range shown {
		cells := make([]string, len(row))
		for i, v := range row {
			cells[i] = plain(v)
		}
		line(cells)
	}
	if more := t.RowCount - int64(len(shown)); more > 0 {
		fmt.Fprintf(b, "\n%d of %d rows.\n", len(shown), t.RowCount)
	}
}

// plain is a cell as text: a picture's address, which whoever wrote the SQL or
// the cell chose, could carry away what the other cells hold as soon as the
// answer is shown.
func plain(v any) string { return Tame(cell(v)) }

// markup begins an element where text is shown as HTML.
var markup = regexp.MustCompile(`<([a-zA-Z/!?])`)

// picture begins a picture; what is left of one must not begin another.
var picture = regexp.MustCompile(`!+\[`)

// WithoutPictures makes links of a text's pictures, which fetch nothing by
// themselves.
func WithoutPictures(text string) string { return picture.ReplaceAllString(text, "[") }

// Tame keeps a text from fetching anything where it is shown as Markdown or
// HTML.
func Tame(text string) string {
	return markup.ReplaceAllString(WithoutPictures(text), "&lt;$1")
}

func cell(v any) string {
	var s string
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		s = v
	case json.Number:
		return v.String()
	default:
		j, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		s = string(j)
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
	if utf8.RuneCountInString(s) > saidChars {
		s = string([]rune(s)[:saidChars-1]) + "…"
	}
	return strings.ReplaceAll(s, "|", `\|`)
}

// refusal says why there is no answer, and what could be asked instead.
func (p plan) refusal() string {
	var b strings.Builder
	b.WriteString("I cannot answer this")
	if p.reason != "" {
		b.WriteString(": " + lower(strings.TrimRight(p.reason, ".")))
	}
	b.WriteString(".\n")
	if len(p.Unplaced) > 0 {
		quoted := make([]string, len(p.Unplaced))
		for i, w := range p.Unplaced {
			quoted[i] = `"` + w + `"`
		}
		b.WriteString("\nWords I could not place: " + strings.Join(quoted, ", ") + ".\n")
	}
	choices := make([]string, len(p.Choices))
	for i, c := range p.Choices {
		choices[i] = c.Text + " (choice_id " + c.ID + ")"
	}
	list(&b, "It could mean:", choices)
	list(&b, "I can answer:", p.nearest)
	return strings.TrimRight(b.String(), "\n")
}

func list(b *strings.Builder, title string, items []string) {
	if len(items) == 0 {
		return
	}
	b.WriteString("\n" + title + "\n")
	for _, s := range items {
		b.WriteString("- " + s + "\n")
	}
}

// sentence begins with a capital and ends with a full stop.
func sentence(s, empty string) string {
	s = strings.TrimRight(strings.TrimSpace(s), ".")
	if s == "" {
		s = empty
	}
	if s == "" {
		return ""
	}
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:] + "."
}

// lower takes the capital off a sentence's first word, unless it is a name.
func lower(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if next, _ := utf8.DecodeRuneInString(s[n:]); unicode.IsUpper(next) || r == 'I' {
		return s
	}
	if strings.HasPrefix(s, "Postern") {
		return s
	}
	return string(unicode.ToLower(r)) + s[n:]
}
