package agent_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/tool"
)

// easel draws the same picture of everything, or fails.
type easel struct{ err error }

func (e easel) SVG(context.Context, []byte, tool.Look) ([]byte, error) {
	return []byte("<svg/>"), e.err
}

func (e easel) PNG(context.Context, []byte, tool.Look) ([]byte, error) {
	return []byte("png"), e.err
}

func (e easel) Vega(context.Context, []byte) ([]byte, error) { return []byte("{}"), e.err }

func (e easel) HTML(context.Context, []byte, string) ([]byte, error) { return []byte("<p>"), e.err }

func (w *world) chart(t *testing.T, name, question string, d tool.Drawer) (agent.Output, tool.Return, []tool.Step) {
	t.Helper()
	ag, err := tool.Find(new(agent.Agents).Tools(), name)
	must(t, err)
	var steps []tool.Step
	e := &tool.Env{Caller: w.viewer, Data: w, Models: w.models, Charts: &tool.Charts{Draw: d}, Via: "test:" + name, Told: func(s tool.Step) error { steps = append(steps, s); return nil }}
	in, err := json.Marshal(map[string]string{"message": question, "data_product_id": "garden"})
	must(t, err)
	ret, err := ag.Call(context.Background(), e, in)
	must(t, err)
	return output(t, ret), ret, steps
}

func TestAnAnswerEndsWithItsChart(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"data_product_query_agent", "charting_agent", "chart_create_agent"} {
		out, ret, steps := w.chart(t, name, "draw a pie chart of the number of plots by soil", easel{})
		if out.Status != agent.Answered || out.Chart == nil || out.Chart.Chart != "pie" || out.Chart.Title != "Number of plots, for each soil" {
			t.Fatalf("%s: %+v", name, out)
		}
		if img, err := ret.Image(t.Context()); err != nil || string(img.Data) != "png" {
			t.Errorf("%s: the picture is %v, %v", name, img, err)
		}
		var told []string
		for _, s := range steps {
			if s.Return == nil {
				told = append(told, s.Tool)
			}
		}
		if d := cmp.Diff([]string{"sql_execution_tool", "generate_chart_from_sql_and_code_tool"}, told); d != "" {
			t.Errorf("%s: steps %s", name, d)
		}
		spec, err := json.Marshal(out.Chart.VegaLite)
		must(t, err)
		if !strings.Contains(string(spec), `"soil":"clay"`) {
			t.Errorf("%s: the chart is not of the table: %s", name, spec)
		}
	}
	if out, _, steps := w.chart(t, "sql_query_agent", "number of plots by soil", easel{}); out.Chart != nil || len(steps) != 2 {
		t.Errorf("the Query agent draws: %+v", out.Chart)
	}
}

func TestATableStandsWithoutAChart(t *testing.T) {
	w := newWorld(t)
	out, ret, steps := w.chart(t, "charting_agent", "number of plots by soil", easel{fault.New(fault.Limited, "too much")})
	if out.Status != agent.Answered || out.Chart != nil || ret.Image != nil || len(out.Table.Rows) != 2 || !strings.HasSuffix(out.Answer, "The chart could not be drawn.") {
		t.Errorf("got %+v", out)
	}
	if slices.ContainsFunc(steps, func(s tool.Step) bool { return strings.HasPrefix(s.Tool, "generate_chart") }) {
		t.Error("a chart that is not there was told of")
	}
	// What cannot be answered has no chart either.
	if out, _, steps := w.chart(t, "charting_agent", "a bar chart of unicorns by soil", easel{}); out.Status != agent.Abstained || out.Chart != nil || len(steps) != 0 {
		t.Errorf("got %+v", out)
	}
	if out, _, _ := w.chart(t, "charting_agent", "names of plots", easel{}); out.Status == agent.Answered && (out.Chart != nil || !strings.Contains(out.Answer, "No chart: ")) {
		t.Errorf("got %+v", out)
	}
}
