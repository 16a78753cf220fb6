package agent

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postern/postern/internal/tool"
)

// weighed holds the model's answer against the reading that the planner
// withheld. Where both give the same table, two ways that know nothing of each
// other have come to it, and it is the planner's answer, as sure as others of
// its own. Where they differ, the model's stands, and says what the planner
// read.
func (p plan) weighed(ctx context.Context, e *tool.Env, in queryInput, ans *modeledAnswer) (plan, *modeledAnswer, error) {
	w := p.withheld
	if w == nil || ans.statistics != nil { // what was computed is of the model's own statement
		return p.answered(ans), ans, nil
	}
	if oneStatement(w.SQL, ans.sql) {
		return p.agreed(), ans, nil
	}
	within, cancel := context.WithDeadline(ctx, earlier(ans.until, time.Now().Add(settleWithin)))
	defer cancel()
	var steps []tool.Step
	quiet := *e
	quiet.Told = func(s tool.Step) error { steps = append(steps, s); return nil }
	t, assets, err := execute(within, &quiet, in, w.SQL)
	switch {
	case ctx.Err() != nil:
		return p, nil, ctx.Err()
	case err != nil || t.Truncated || ans.table.Truncated || saysNothing(t) && saysNothing(ans.table):
		return p.answered(ans), ans, nil // there is nothing to tell by
	case !sameTable(t, ans.table, w.ordered):
		return p.differs(ans), ans, nil
	}
	for _, s := range steps {
		if err := e.Tell(s); err != nil {
			return p, nil, err
		}
	}
	return p.agreed(), &modeledAnswer{table: t, assets: append(assets, chartOf(ans.assets)...), chart: ans.chart, image: ans.image}, nil
}

// chartOf is the chart among what was kept.
func chartOf(assets []tool.AssetRef) []tool.AssetRef {
	return slices.DeleteFunc(slices.Clone(assets), func(a tool.AssetRef) bool { return a.Kind != "chart" })
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// agreed is the planner's withheld reading, which a model's query bears out.
func (p plan) agreed() plan {
	a := *p.withheld
	a.Assumptions = append(a.Assumptions, "The planner was not sure of this reading by itself; a language model, asked without knowing of it, came to the same table")
	a.Choices = slices.DeleteFunc(slices.Clone(p.Choices), func(c Choice) bool { return c.Text == a.Restatement })
	return a
}

// differs is the model's answer to what the planner reads in another way.
func (p plan) differs(ans *modeledAnswer) plan {
	a := p.answered(ans)
	a.other = p.withheld.Restatement
	for _, c := range a.Choices {
		if c.Text == a.other {
			a.other += " (choice_id " + c.ID + ")"
			break
		}
	}
	return a
}

// oneStatement tells that two statements are the same but for their ends:
// spaces within may stand in a text, where they count.
func oneStatement(a, b string) bool {
	end := func(s string) string { return strings.TrimSpace(strings.TrimRight(strings.TrimSpace(s), ";")) }
	return end(a) == end(b)
}

// saysNothing tells of a table that wrong queries give as well as right ones:
// without rows, or one row of nothing and zeros.
func saysNothing(t Table) bool {
	if len(t.Rows) == 0 {
		return true
	}
	return len(t.Rows) == 1 && !slices.ContainsFunc(t.Rows[0], func(v any) bool { return v != nil && plainCell(v) != "0" })
}

// mostColumnsMatched is how many columns are tried in every order.
const mostColumnsMatched = 5

// sameTable compares two tables, whatever their columns are called and in
// whichever order they and, unless they are ordered, the rows stand.
func sameTable(a, b Table, ordered bool) bool {
	if len(a.Rows) != len(b.Rows) || len(a.Columns) != len(b.Columns) {
		return false
	}
	order := make([]int, len(a.Columns))
	for i := range order {
		order[i] = i
	}
	want := rowTexts(a, order, ordered)
	if len(order) > mostColumnsMatched {
		return slices.Equal(want, rowTexts(b, order, ordered))
	}
	return permuted(order, 0, func(as []int) bool { return slices.Equal(want, rowTexts(b, as, ordered)) })
}

// permuted tries each order of from[at:] until one fits.
func permuted(from []int, at int, fits func([]int) bool) bool {
	if at >= len(from)-1 {
		return fits(from)
	}
	for i := at; i < len(from); i++ {
		from[at], from[i] = from[i], from[at]
		if permuted(from, at+1, fits) {
			return true
		}
		from[at], from[i] = from[i], from[at]
	}
	return false
}

func rowTexts(t Table, order []int, ordered bool) []string {
	out := make([]string, len(t.Rows))
	for i, row := range t.Rows {
		var b strings.Builder
		for _, j := range order {
			if j < len(row) {
				b.WriteString(strconv.Quote(plainCell(row[j])) + ",")
			}
		}
		out[i] = b.String()
	}
	if !ordered {
		slices.Sort(out)
	}
	return out
}

// plainCell is a cell as it is compared: numbers by value, to twelve digits,
// since sums of the same rows differ in the last ones.
func plainCell(v any) string {
	switch v := v.(type) {
	case nil:
		return "\x00"
	case json.Number:
		if f, err := v.Float64(); err == nil {
			return strconv.FormatFloat(f, 'g', 12, 64)
		}
	case string:
		return v
	}
	return cell(v)
}
