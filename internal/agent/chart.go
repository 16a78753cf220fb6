package agent

import (
	"context"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/postern/postern/internal/chart"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/tool"
)

// charted answers a question as query does, and draws the table that it ends
// with. The words that ask for a chart say which, and are no part of the
// question to the data.
func (a *Agents) charted(ctx context.Context, e *tool.Env, in queryInput) (tool.Answer[Output], error) {
	asked := in.Message
	in.Message, in.analyses = chart.Plain(asked), true
	ans, err := a.query(ctx, e, in)
	if err != nil || ans.Content.Table == nil {
		return ans, err
	}
	return drawn(ctx, e, in, asked, ans)
}

// drawn adds a chart to an answer. A table that no chart fits is an answer
// without one.
func drawn(ctx context.Context, e *tool.Env, in queryInput, asked string, ans tool.Answer[Output]) (tool.Answer[Output], error) {
	out := &ans.Content
	if out.Chart != nil {
		return ans, nil // a language model drew it
	}
	t, asset, err := wholeTable(ctx, e, ans)
	if err != nil {
		return ans, err
	}
	pr, err := e.Data.Product(ctx, e.Caller, in.DataProductID, in.DataProductVersion)
	if err != nil {
		return ans, err
	}
	tool.ColumnFacts(pr, t.Columns)
	d := tool.Drawing{Table: t, Hints: chart.Hints{Question: asked, Title: chartTitle(out.Restatement)}}
	c, err := tool.DrawChart(ctx, e, d)
	switch {
	case ctx.Err() != nil:
		return ans, ctx.Err()
	case fault.Is(err, fault.Invalid):
		out.Answer += "\n\nNo chart: " + strings.TrimSuffix(strings.TrimPrefix(fault.As(err).Message, "no chart: "), ".") + "."
		return ans, nil
	case err != nil: // the table stands without its chart
		out.Answer += "\n\nThe chart could not be drawn."
		return ans, nil
	}
	if err := tell(e, in, *out, asset, c); err != nil {
		return ans, err
	}
	out.Chart, ans.Image = &c.Content, c.Image
	ans.Assets = append(ans.Assets, c.Assets...)
	return ans, nil
}

// tell shows the chart as the step that it was, of the tool that others call
// for it: of the kept result or, where nothing is kept, of the statement.
func tell(e *tool.Env, in queryInput, out Output, asset string, c tool.Answer[tool.ChartOutput]) error {
	name, call := "generate_chart_tool", map[string]string{"asset_id": asset, "image_title": c.Content.Title}
	if asset == "" {
		name = "generate_chart_from_sql_and_code_tool"
		call = map[string]string{"data_product_id": in.DataProductID, "sql": out.SQL, "chart_code_snippet": "", "image_title": c.Content.Title}
	}
	args, err := plainJSON(call)
	if err != nil {
		return err
	}
	step := tool.Step{Tool: name, CallID: "call_" + uuid.NewString(), Args: args}
	if err := e.Tell(step); err != nil {
		return err
	}
	step.Return = &tool.Return{Content: c.Content, Assets: c.Assets, Image: c.Image}
	return e.Tell(step)
}

// wholeTable is the answer's table as it is kept, or else as it is shown.
func wholeTable(ctx context.Context, e *tool.Env, ans tool.Answer[Output]) (chart.Table, string, error) {
	for _, a := range ans.Assets {
		if a.Kind != "sql" {
			continue
		}
		t, err := e.KeptTable(ctx, a.ID)
		if err == nil || !fault.Is(err, fault.NotFound) {
			return t, a.ID, err
		}
	}
	shown := ans.Content.Table
	t := chart.Table{Rows: shown.Rows}
	if shown.Truncated {
		t.Partial = "drawn from what is shown of the result: " + shown.Reason
	}
	for _, c := range shown.Columns {
		t.Columns = append(t.Columns, chart.Column{Name: c.Name, Type: c.Type})
	}
	return t, "", nil
}

// longTitle is how long a restatement may be to be a chart's title.
const longTitle = 140

func chartTitle(restatement string) string {
	s := strings.TrimRight(sentence(restatement, ""), ".")
	if utf8.RuneCountInString(s) > longTitle || json.Valid([]byte(s)) {
		return ""
	}
	return s
}
