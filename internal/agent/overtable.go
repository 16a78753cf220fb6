package agent

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/tool"
)

// overTables tells a model of the tools that work on its last query's table.
const overTables = `
- Where the question asks for a statistic, run the query that gives its observations, one row each, and then the statistics tool over that table; do not compute in SQL what a statistics tool computes.
- A chart of your last query's table is drawn by itself. Call generate_chart_tool only where the question wants a chart that its columns do not make plain.`

// statisticTools are computed over the table of the last query.
var statisticTools = []string{
	"summary_statistics_tool", "correlation_tool", "t_test_tool", "mann_whitney_tool", "chi_square_tool", "linear_regression_tool", "outliers_tool",
	"contribution_tool", "period_change_tool",
}

// overTable are the tools over the table of the model's last query.
func (m *modeled) overTable() []offered {
	var out []offered
	for _, name := range statisticTools {
		out = append(out, offered{name, m.statistic(name), false, []string{"sql"}})
	}
	return append(out, offered{"generate_chart_tool", m.drawing, false, []string{"asset_id", "chart_code_snippet"}})
}

func (m *modeled) noTable() error {
	if m.last == nil {
		return fault.New(fault.Invalid, "there is no table yet: run the query whose table it is about first")
	}
	return nil
}

// statistic computes over the statement of the last query, whatever the model
// wrote as sql: so that the answer's table is what the statistic is of.
func (m *modeled) statistic(name string) func(context.Context, json.RawMessage) (string, error) {
	return func(ctx context.Context, args json.RawMessage) (string, error) {
		if err := m.noTable(); err != nil {
			return "", err
		}
		call, err := m.call(args)
		if err != nil {
			return "", err
		}
		call["sql"] = m.last.sql
		ret, err := use(ctx, m.e, name, call)
		if err != nil {
			return "", err
		}
		found := &Statistics{}
		if err := reread(ret.Content, found); err != nil {
			return "", err
		}
		m.last.statistics = found
		return m.found(found)
	}
}

// found is what the model sees of a statistic: that it was computed, and under
// ModelRows what it came to. A figure is made of cells, and a group's name is
// one.
func (m *modeled) found(s *Statistics) (string, error) {
	if m.use != product.ModelRows {
		return m.data(map[string]any{"operation": s.Operation, "figure_count": len(s.Figures), "row_count": roughly(int64(len(s.Rows))), "rows_used": roughly(int64(s.RowsUsed)), "rows_left_out": roughly(int64(s.RowsLeft))})
	}
	shown, n, err := Table{Columns: named(s.Columns), Rows: s.Rows, RowCount: int64(len(s.Rows))}.Shown(true, m.Budget.Rows-m.rows)
	if err != nil {
		return "", err
	}
	m.rows += n
	figures := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s.Figures)) {
		figures[name] = s.Figures[name]
	}
	return m.data(map[string]any{"operation": s.Operation, "finding": s.Sentence, "figures": figures, "rows": shown, "notes": s.Notes, "rows_used": s.RowsUsed, "rows_left_out": s.RowsLeft})
}

func named(columns []string) (out []Column) {
	for _, c := range columns {
		out = append(out, Column{Name: c})
	}
	return out
}

// drawing draws the table of the last query: as it is kept, or else its
// statement's.
func (m *modeled) drawing(ctx context.Context, args json.RawMessage) (string, error) {
	if err := m.noTable(); err != nil {
		return "", err
	}
	call, err := m.call(args)
	if err != nil {
		return "", err
	}
	name := "generate_chart_from_sql_and_code_tool"
	call["sql"], call["chart_code_snippet"] = m.last.sql, ""
	if call["image_title"] == nil {
		call["image_title"] = ""
	}
	for _, a := range m.last.assets {
		if a.Kind == "sql" {
			name, call = "generate_chart_tool", map[string]any{"asset_id": a.ID, "chart_grammar": call["chart_grammar"], "image_title": call["image_title"]}
			if call["chart_grammar"] == nil {
				delete(call, "chart_grammar")
			}
		}
	}
	ret, err := use(ctx, m.e, name, call)
	if err != nil {
		return "", err
	}
	c, ok := ret.Content.(tool.ChartOutput)
	if !ok {
		return "", fault.New(fault.Internal, "%s gave %T", name, ret.Content)
	}
	m.last.chart, m.last.image = &c, ret.Image
	m.last.assets = append(slices.DeleteFunc(m.last.assets, func(a tool.AssetRef) bool { return a.Kind == "chart" }), ret.Assets...)
	notes := make([]string, len(c.Notes)) // which may name cells, as its title and description do
	for i, n := range c.Notes {
		notes[i] = m.seen.Withhold(n)
	}
	return m.data(map[string]any{"chart": c.Chart, "marks": c.Marks, "notes": notes})
}

// content is the answer that a model came to.
func (p plan) content(ans *modeledAnswer) tool.Answer[Output] {
	out := Output{Facts: p.Facts, Answer: p.answer(ans.table), Table: &ans.table, Statistics: ans.statistics, Chart: ans.chart}
	if ans.statistics != nil {
		out.Answer = p.computed(*ans.statistics)
	}
	return tool.Answer[Output]{Content: out, Assets: ans.assets, Image: ans.image}
}
