package agent

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/tool"
)

// statistic is what a question asks to be computed over the rows of the
// question that is left without it. The zero statistic is none.
type statistic struct {
	tool string
	// arguments names the inputs of the tool that are columns of the rows: in
	// order, the columns of numbers ("#x") and of kinds ("@dimension").
	arguments []string
	fixed     map[string]any
}

// asks are the forms in which statistics are asked for. left is the question
// for the rows, with the groups of the pattern.
var asks = []struct {
	pattern *regexp.Regexp
	left    string
	want    statistic
}{
	{pattern(`(?:the )?(rank |spearman )(?:correlation|association) (?:between|of) (.+?) (?:and|with) (.+)`), "show the $2 and $3",
		statistic{"correlation_tool", []string{"#x", "#y"}, map[string]any{"method": "spearman"}}},
	{pattern(`(?:the )?(?:correlation|association) (?:between|of) (.+?) (?:and|with) (.+)`), "show the $1 and $2",
		statistic{"correlation_tool", []string{"#x", "#y"}, nil}},
	{pattern(`(?:does|do|is|are|how does|how do|how is|how are) (.+?) (?:correlate|correlated) (?:with|to) (.+)`), "show the $1 and $2",
		statistic{"correlation_tool", []string{"#x", "#y"}, nil}},
	{pattern(`(?:the )?(?:linear )?regression of (.+?) (?:on|by|from) (.+)`), "show the $1 and $2",
		statistic{"linear_regression_tool", []string{"#y", "#predictors[]"}, nil}},
	{pattern(`(?:the )?outliers? (?:in|of|for|by|among) (.+)`), "show the $1",
		statistic{"outliers_tool", []string{"#column"}, nil}},
	{pattern(`(?:the )?(?:summary statistics|statistical summary|descriptive statistics|statistics|distribution) (?:of|for|on) (.+)`), "show the $1",
		statistic{"summary_statistics_tool", nil, nil}},
	{pattern(`(?:which|what) (.+?) contributes? (?:the )?most to (.+)`), "show the $2 by $1",
		statistic{"contribution_tool", []string{"#measure", "@dimension"}, nil}},
	{pattern(`(?:the )?contributions? of (?:each )?(.+?) to (.+)`), "show the $2 by $1",
		statistic{"contribution_tool", []string{"#measure", "@dimension"}, nil}},
}

// pattern reads a whole question, with the words that questions begin with.
func pattern(s string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)^(?:please |can you |could you )?(?:what is |what are |what's |show (?:me )?|give (?:me )?|find |compute |calculate |are there (?:any )?|is there (?:a |any )?)?(?:an? )?` + s + `$`)
}

// statisticOf takes the statistic out of a question.
func statisticOf(message string) (statistic, string) {
	q := strings.TrimRight(strings.Join(strings.Fields(message), " "), "?!. ")
	for _, a := range asks {
		if m := a.pattern.FindStringSubmatchIndex(q); m != nil {
			return a.want, string(a.pattern.ExpandString(nil, a.left, q, m))
		}
	}
	return statistic{}, message
}

// Statistics is what a statistic's tool found.
type Statistics struct {
	Operation string              `json:"operation"`
	Sentence  string              `json:"sentence"`
	Figures   map[string]*float64 `json:"figures" jsonschema:"The numbers by name; null where one is undefined."`
	Columns   []string            `json:"columns,omitempty"`
	Rows      [][]any             `json:"rows,omitempty"`
	Notes     []string            `json:"notes"`
	RowsUsed  int                 `json:"rows_used"`
	RowsLeft  int                 `json:"rows_left_out"`
}

// compute calls the statistic's tool with the columns of the rows that fit its
// arguments.
func compute(ctx context.Context, e *tool.Env, c candidate, t Table) (*Statistics, error) {
	call := map[string]any{"data_product_id": c.in.DataProductID, "sql": c.plan.SQL}
	if c.in.AuthID != "" {
		call["auth_id"] = c.in.AuthID
	}
	for k, v := range c.want.fixed {
		call[k] = v
	}
	if err := fill(call, c.want.arguments, t.Columns); err != nil {
		return nil, err
	}
	ret, err := use(ctx, e, c.want.tool, call)
	if err != nil {
		return nil, err
	}
	var found Statistics
	return &found, reread(ret.Content, &found)
}

// fill gives each argument the next column of its sort.
func fill(call map[string]any, arguments []string, columns []Column) error {
	numbers, kinds := sorted(columns)
	for _, a := range arguments {
		from, sort := &numbers, "numbers"
		if a[0] == '@' {
			from, sort = &kinds, "kinds"
		}
		name, many := strings.CutSuffix(a[1:], "[]")
		switch {
		case len(*from) == 0:
			return fault.New(fault.Invalid, "the statistic needs a column of %s that the question's rows do not have", sort)
		case many:
			call[name], *from = *from, nil
		default:
			call[name], *from = (*from)[0], (*from)[1:]
		}
	}
	return nil
}

func sorted(columns []Column) (numbers, kinds []string) {
	for _, c := range columns {
		if slices.Contains([]string{"integer", "number"}, c.Type) {
			numbers = append(numbers, c.Name)
		} else {
			kinds = append(kinds, c.Name)
		}
	}
	return numbers, kinds
}

// computed says a statistic: the finding, its figures or its parts as the one
// table of the answer, over which rows, and what to know about it.
func (p plan) computed(s Statistics) string {
	var b strings.Builder
	b.WriteString(p.chosen() + s.Sentence + "\n\n")
	s.table().say(&b)
	fmt.Fprintf(&b, "\nComputed over %d rows of: %s", s.RowsUsed, sentence(p.Restatement, "the result"))
	if s.RowsLeft > 0 {
		fmt.Fprintf(&b, " %d rows without a number were left out.", s.RowsLeft)
	}
	b.WriteString("\n")
	list(&b, "To know:", s.Notes)
	p.otherwise(&b)
	list(&b, "Taken for granted:", p.Assumptions)
	b.WriteString(p.written())
	return strings.TrimRight(b.String(), "\n")
}

// Markdown is the finding, and its figures or parts.
func (s Statistics) Markdown() string { return s.Sentence + "\n\n" + s.table().Markdown() }

// table is the parts where there are some, else the figures.
func (s Statistics) table() Table {
	t := Table{Rows: s.Rows, RowCount: int64(len(s.Rows))}
	for _, c := range s.Columns {
		t.Columns = append(t.Columns, Column{Name: c})
	}
	if len(s.Rows) > 0 {
		return t
	}
	t.Columns = []Column{{Name: "figure"}, {Name: "value"}}
	for _, name := range slices.Sorted(maps.Keys(s.Figures)) {
		var v any
		if f := s.Figures[name]; f != nil {
			v = *f
		}
		t.Rows = append(t.Rows, []any{name, v})
	}
	t.RowCount = int64(len(t.Rows))
	return t
}
