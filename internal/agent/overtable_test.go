package agent_test

import (
	"strings"
	"testing"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/agent/scripted"
	"github.com/postern/postern/internal/product"
)

func calls(name, args string) scripted.Turn {
	return scripted.Turn{Calls: []scripted.Call{{ID: "c", Name: name, Args: args}}, Fragment: 9, In: 100, Out: 20}
}

var areas = statement("SELECT plot_id AS id, area FROM plots")

func TestAModelComputesStatisticsOverItsLastTable(t *testing.T) {
	for _, name := range []string{"analytics_agent", "data_product_query_agent"} {
		for _, use := range []product.ModelUse{product.ModelSchema, product.ModelRows} {
			// The statement that it writes to the statistic is not taken.
			w := newModelWorld(t, "anthropic", use, areas, calls("correlation_tool", `{"x":"id","y":"area","sql":"SELECT 1"}`), done)
			ret, steps := w.askOf(t, name, w, w.viewer, "do unicorns grow with their number")
			out := output(t, ret)
			if out.Tier != agent.LLMSQL || out.Statistics == nil || out.Statistics.Operation == "" || len(out.Table.Rows) != 3 {
				t.Fatalf("%s, %s: %+v", name, use, out)
			}
			if !strings.Contains(out.Answer, out.Statistics.Sentence) || !strings.Contains(out.Answer, "Computed over 3 rows") || !strings.Contains(out.Answer, "wrote the SQL") {
				t.Errorf("%s, %s: %s", name, use, out.Answer)
			}
			found := false
			for _, s := range steps {
				found = found || s.Tool == "correlation_tool" && strings.Contains(string(s.Args), "FROM plots")
			}
			if !found {
				t.Errorf("%s, %s: the statistic is not a step over the table's statement", name, use)
			}
			told := w.fake.Requests()[2].Body
			if leaves := strings.Contains(told, "finding"); leaves != (use == product.ModelRows) || !strings.Contains(told, "rows_used") {
				t.Errorf("%s, %s: what left of the statistic: %s", name, use, told)
			}
		}
	}
}

func TestAStatisticOfNoTableIsGivenBack(t *testing.T) {
	w := newModelWorld(t, "openai", product.ModelSchema, calls("outliers_tool", `{"column":"area"}`), areas, calls("outliers_tool", `{"column":"area"}`), done)
	ret, _ := w.askOf(t, "analytics_agent", w, w.viewer, "odd unicorns")
	if out := output(t, ret); out.Statistics == nil {
		t.Errorf("%+v", out)
	}
	if told := w.fake.Requests()[1].Body; !strings.Contains(told, "there is no table yet") {
		t.Error(told)
	}
}

func TestAModelThatDrawsDrawsItsLastTable(t *testing.T) {
	w := newModelWorld(t, "gemini", product.ModelSchema, statement("SELECT soil, SUM(area) AS area FROM plots GROUP BY soil"), calls("generate_chart_tool", `{"chart_grammar":{"kind":"pie","x":"soil","y":"area"},"asset_id":"another's"}`), done)
	ret, _ := w.askOf(t, "data_product_query_agent", w, w.viewer, "draw the unicorns")
	out := output(t, ret)
	if out.Chart == nil || out.Chart.Chart != "pie" || out.Tier != agent.LLMSQL {
		t.Fatalf("%+v %+v", out, out.Chart)
	}
	if told := w.fake.Requests()[2].Body; strings.Contains(told, "vega") || strings.Contains(told, "clay") || !strings.Contains(told, "marks") {
		t.Errorf("what left of the chart: %s", told)
	}
}

func TestOnlyAgentsThatAnalyseOfferAModelStatistics(t *testing.T) {
	for name, offers := range map[string]bool{"sql_query_agent": false, "data_product_query_agent": true, "charting_agent": true, "analytics_agent": true} {
		w := newModelWorld(t, "openai", product.ModelSchema, scripted.Turn{Text: "CANNOT"})
		ret, _ := w.askOf(t, name, w, w.viewer, declined)
		output(t, ret)
		body := w.fake.Requests()[0].Body
		if strings.Contains(body, "period_change_tool") != offers || strings.Contains(body, `"asset_id"`) {
			t.Errorf("%s: %s", name, body)
		}
	}
}
