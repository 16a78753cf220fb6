package agent_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/agent/scripted"
	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/store"
)

// unsure is a question that the planner has a reading of and is not sure
// enough to answer by itself.
const (
	unsure        = "how many beds with clay of?"
	unsureReading = `Number of beds, where soil is "clay"`
)

func TestTwoWaysThatGiveOneTableRaiseTheTier(t *testing.T) {
	for name, turn := range map[string]scripted.Turn{
		"the same form":    form(`{"measures":[{"agg":"count"}],"table":"beds","filters":[{"column":"plots.soil","op":"=","value":"CLAY"}]}`),
		"SQL of its own":   statement(`SELECT COUNT(b.bed_id) + 0.0 AS n FROM plots p, beds b WHERE b.plot_id = p.plot_id AND p.soil LIKE 'cla%'`),
		"a spelling of it": statement("SELECT COUNT(*) AS beds FROM beds JOIN plots ON plots.plot_id = beds.plot_id\n WHERE soil = 'clay';"),
	} {
		w := newModelWorld(t, "openai", product.ModelSchema, turn, done)
		ret, steps := w.ask(t, w, w.viewer, unsure)
		out := output(t, ret)
		if out.Tier != agent.Semantic || out.Restatement != unsureReading || len(out.Choices) > 0 || strings.Contains(out.Answer, "A language model chose") {
			t.Errorf("%s: %+v", name, out)
			continue
		}
		if !slices.ContainsFunc(out.Assumptions, func(s string) bool { return strings.Contains(s, "came to the same table") }) {
			t.Errorf("%s: nothing says that two ways agree: %q", name, out.Assumptions)
		}
		if d := cmp.Diff([][]any{{json.Number("2")}}, out.Table.Rows); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		var last struct{ SQL string }
		must(t, json.Unmarshal(steps[len(steps)-1].Args, &last))
		if name == "SQL of its own" && last.SQL != out.SQL {
			t.Errorf("%s: the statement that is cited is not the last step: %s", name, last.SQL)
		}
		if n := w.ran(t, out.SQL); n == 0 {
			t.Errorf("%s: the statement that is cited is not on record", name)
		}
	}
}

// ran counts the statement's runs on record.
func (w *modelWorld) ran(t *testing.T, sql string) (n int) {
	t.Helper()
	rows, err := w.DB.Audit(t.Context(), store.AuditFilter{Kind: string(audit.QueryStarted), Limit: 500})
	must(t, err)
	for _, r := range rows {
		e, err := r.Event()
		must(t, err)
		if e.SQL == sql {
			n++
		}
	}
	return n
}

func TestTwoWaysThatDifferAreBothShown(t *testing.T) {
	w := newModelWorld(t, "openai", product.ModelSchema, statement("SELECT COUNT(*) AS n FROM beds"), done)
	ret, steps := w.ask(t, w, w.viewer, unsure)
	out := output(t, ret)
	if out.Tier != agent.LLMSQL || out.SQL != "SELECT COUNT(*) AS n FROM beds" {
		t.Fatalf("%+v", out)
	}
	if len(out.Choices) != 1 || out.Choices[0].Text != unsureReading {
		t.Errorf("the planner's reading is not a choice: %+v", out.Choices)
	}
	if !strings.Contains(out.Answer, "The planner read it in another way, which gives another table:\n- "+unsureReading+" (choice_id "+out.Choices[0].ID+")") {
		t.Error(out.Answer)
	}
	for _, s := range steps {
		if strings.Contains(string(s.Args), "clay") && s.Tool == "sql_execution_tool" {
			t.Errorf("a table that is not the answer is among the steps: %s", s.Args)
		}
	}
}

func TestATableThatSaysNothingBearsNothingOut(t *testing.T) {
	for _, sql := range []string{"SELECT COUNT(*) AS n FROM beds WHERE bed_id < 0", "SELECT MAX(bed_id) AS n FROM beds WHERE bed_id < 0"} {
		w := newModelWorld(t, "openai", product.ModelSchema, statement(sql), done)
		ret, _ := w.ask(t, w, w.viewer, "how many beds in loam?")
		if out := output(t, ret); out.Tier != agent.LLMSQL {
			t.Errorf("%s: %+v", sql, out)
		}
	}
}

func TestTablesAreComparedByWhatTheyHold(t *testing.T) {
	table := func(columns string, rows ...[]any) agent.Table {
		var out agent.Table
		for _, c := range strings.Fields(columns) {
			out.Columns = append(out.Columns, agent.Column{Name: c})
		}
		out.Rows = rows
		return out
	}
	n := func(s string) any { return json.Number(s) }
	one := table("soil area", []any{"clay", n("30")}, []any{"sand", n("20")})
	for name, c := range map[string]struct {
		other         agent.Table
		loose, strict bool
	}{
		"itself":           {one, true, true},
		"other names":      {table("s a", one.Rows...), true, true},
		"columns turned":   {table("area soil", []any{n("30.0"), "clay"}, []any{n("2e1"), "sand"}), true, true},
		"rows turned":      {table("soil area", one.Rows[1], one.Rows[0]), true, false},
		"the last digit":   {table("soil area", []any{"clay", n("30.0000000000001")}, one.Rows[1]), true, true},
		"another number":   {table("soil area", []any{"clay", n("30.1")}, one.Rows[1]), false, false},
		"a column more":    {table("soil area n", []any{"clay", n("30"), n("1")}, []any{"sand", n("20"), n("1")}), false, false},
		"a row less":       {table("soil area", one.Rows[0]), false, false},
		"values swapped":   {table("soil area", []any{"clay", n("20")}, []any{"sand", n("30")}), false, false},
		"null, not a text": {table("soil area", []any{nil, n("30")}, one.Rows[1]), false, false},
	} {
		if got := [2]bool{agent.SameTable(one, c.other, false), agent.SameTable(one, c.other, true)}; got != [2]bool{c.loose, c.strict} {
			t.Errorf("%s: %v", name, got)
		}
	}
}
