package agent_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/tool"
)

const clinicSpec = `product:
  productId: %s
  version: 1.0.0
  contactEmail: ann@example.com
  contactName: Ann
  en: {name: Clinic, description: Patients and their measurements}
  deliverySystems:
    lite: {type: sql, uri: "sqlite://%s", x-postern-login: none}
  recordSets:
    patients:
      name: patients
      dataAccess: [{type: SQL, qualifiedName: {schema: main, table: patient}}]
`

// withClinic adds a second product to the world.
func (w *world) withClinic(t *testing.T, grants ...auth.Caller) {
	t.Helper()
	file := filepath.Join(w.Files, "clinic.sqlite")
	db, err := sql.Open("sqlite", file)
	must(t, err)
	_, err = db.Exec(`CREATE TABLE patient (patient_id INTEGER PRIMARY KEY, height REAL, weight REAL, ward TEXT);
		INSERT INTO patient VALUES (1, 150, 50, 'east'), (2, 160, 60, 'east'), (3, 170, 70, 'west'), (4, 180, 80, 'west'), (5, 175, 400, 'west')`)
	must(t, err)
	must(t, db.Close())
	w.Register(t, fmt.Sprintf(clinicSpec, "clinic", file), grants...)
}

// withThird adds a product more, so that there is one to choose.
func (w *world) withThird(t *testing.T) {
	t.Helper()
	spec := strings.NewReplacer("name: Clinic", "name: Orchard", "Patients and their measurements", "Trees of the garden").Replace(clinicSpec)
	w.Register(t, fmt.Sprintf(spec, "orchard", filepath.Join(w.Files, "garden.sqlite")), w.viewer)
}

// analyze puts a question to the Analytics agent, and names the tools it used.
func (w *world) analyze(t *testing.T, c auth.Caller, input map[string]string) (agent.Output, []string) {
	t.Helper()
	ag, err := tool.Find(new(agent.Agents).Tools(), "analytics_agent")
	must(t, err)
	var used []string
	e := &tool.Env{Caller: c, Data: w, Models: w.models, Via: "test:analytics_agent", Told: func(s tool.Step) error {
		if s.Return == nil {
			used = append(used, s.Tool)
		}
		return nil
	}}
	in, err := json.Marshal(input)
	must(t, err)
	ret, err := ag.Call(context.Background(), e, in)
	must(t, err)
	return output(t, ret), used
}

func TestAnalyticsFindsTheProductThatAnswers(t *testing.T) {
	w := newWorld(t)
	w.withClinic(t, w.viewer)
	for question, product := range map[string]string{"how many patients are there?": "clinic", "how many beds are there?": "garden"} {
		out, used := w.analyze(t, w.viewer, map[string]string{"message": question})
		if out.Status != agent.Answered || !strings.HasSuffix(out.Answer, "From the data product "+product+".") {
			t.Errorf("%s: %s %q", question, out.Status, out.Answer)
		}
		if d := cmp.Diff([]string{"list_data_products_tool", "sql_execution_tool", "generate_chart_from_sql_and_code_tool"}, used); d != "" {
			t.Errorf("%s: %s", question, d)
		}
	}
}

func TestAnalyticsAsksOnlyWhatTheCallerMaySee(t *testing.T) {
	w := newWorld(t)
	w.withClinic(t) // nobody's
	if out, _ := w.analyze(t, w.viewer, map[string]string{"message": "how many patients are there?"}); out.Status != agent.Abstained || strings.Contains(out.Answer, "clinic") {
		t.Errorf("%s: %q", out.Status, out.Answer)
	}
	if out, _ := w.analyze(t, w.other, map[string]string{"message": "how many patients are there?"}); out.Answer != "I cannot answer this: no data product is shared with you." {
		t.Errorf("nothing is shared: %q", out.Answer)
	}
}

func TestAnalyticsComputesTheStatisticThatIsAskedFor(t *testing.T) {
	w := newWorld(t)
	w.withClinic(t, w.viewer)
	for question, want := range map[string]struct {
		tool, figure string
		value        float64
	}{
		"What is the correlation between height and weight of patients?": {"correlation_tool", "n", 5},
		"outliers in the weight of patients":                             {"outliers_tool", "outliers", 1},
		"summary statistics of the height of patients":                   {"summary_statistics_tool", "mean", 167},
		"the regression of weight on height of patients":                 {"linear_regression_tool", "n", 5},
	} {
		out, used := w.analyze(t, w.viewer, map[string]string{"message": question, "data_product_id": "clinic"})
		if out.Status != agent.Answered || out.Statistics == nil || !slices.Contains(used, want.tool) {
			t.Errorf("%s: %s %q, used %v", question, out.Status, out.Answer, used)
			continue
		}
		if f := figureOf(out.Statistics, want.figure); f != want.value {
			t.Errorf("%s: %s is %v, want %v", question, want.figure, f, want.value)
		}
		if !strings.HasPrefix(out.Answer, out.Statistics.Sentence) || out.SQL == "" {
			t.Errorf("%s: answered %q", question, out.Answer)
		}
	}
}

// figureOf is a figure, or of a summary the cell of its only row.
func figureOf(s *agent.Statistics, name string) float64 {
	if f := s.Figures[name]; f != nil {
		return *f
	}
	for i, c := range s.Columns {
		if v, ok := s.Rows[0][i].(float64); ok && c == name {
			return v
		}
	}
	return math.NaN()
}

func TestTwoProductsThatAnswerAreAChoice(t *testing.T) {
	w := newWorld(t)
	w.withClinic(t, w.viewer)
	file := filepath.Join(w.Files, "clinic.sqlite")
	w.Register(t, fmt.Sprintf(clinicSpec, "clinic:copy", file), w.viewer)
	out, used := w.analyze(t, w.viewer, map[string]string{"message": "how many patients are there?"})
	if out.Status != agent.Abstained || !strings.Contains(out.Answer, "clinic:copy: ") || strings.Contains(strings.Join(used, " "), "sql_execution_tool") {
		t.Errorf("%s: %q, used %v", out.Status, out.Answer, used)
	}
}

func TestTheCatalogAgentListsWhatTheCallerMaySee(t *testing.T) {
	w := newWorld(t)
	w.withClinic(t, w.viewer)
	ag, err := tool.Find(new(agent.Agents).Tools(), "catalog_context_search_agent")
	must(t, err)
	for c, want := range map[string]agent.Status{"viewer": agent.Answered, "other": agent.Abstained} {
		who := map[string]auth.Caller{"viewer": w.viewer, "other": w.other}[c]
		ret, err := ag.Call(context.Background(), &tool.Env{Caller: who, Data: w, Models: w.models}, json.RawMessage(`{"message":"patients"}`))
		must(t, err)
		out := output(t, ret)
		if out.Status != want || strings.Contains(out.Answer, "clinic") != (want == agent.Answered) || strings.Contains(out.Answer, "garden") {
			t.Errorf("%s: %s %q", c, out.Status, out.Answer)
		}
	}
}

func TestAnalyticsWithoutAModelSaysWhatTakesOne(t *testing.T) {
	w := newWorld(t)
	w.withClinic(t, w.viewer)
	for question, want := range map[string]bool{"why did the weight of patients fall?": true, "forecast the number of patients": true, declined: false, "how many patients are there?": false} {
		for _, id := range []string{"", "clinic"} { // the product is found, or given
			if out, _ := w.analyze(t, w.viewer, map[string]string{"message": question, "data_product_id": id}); strings.Contains(out.Answer, "llm_not_configured") != want {
				t.Errorf("%s of %q: %s %q", question, id, out.Status, out.Answer)
			}
		}
	}
}
