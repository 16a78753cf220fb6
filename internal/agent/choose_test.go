package agent_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/agent/scripted"
	"github.com/postern/postern/internal/gateway"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/tool"
)

// unclear is what the planner has no reading of over any product.
const unclear = "unicorns by stable"

// analyzed puts a question to the Analytics agent with its model.
func (w *modelWorld) analyzed(t *testing.T, question string) agent.Output {
	t.Helper()
	ag, err := tool.Find(w.agents.Tools(), "analytics_agent")
	must(t, err)
	in, err := json.Marshal(map[string]string{"message": question})
	must(t, err)
	ret, err := ag.Call(t.Context(), &tool.Env{Caller: w.viewer, Data: w, Models: w.models, Via: "test"}, in)
	must(t, err)
	return output(t, ret)
}

func choose(id string) scripted.Turn { return calls("choose_data_product", `{"product_id":"`+id+`"}`) }

func (w *modelWorld) allow(t *testing.T, id string, use product.ModelUse) {
	t.Helper()
	pr, err := w.Product(t.Context(), w.Admin, id, "")
	must(t, err)
	spec := strings.Replace(pr.YAML(), "product:\n", "product:\n  x-postern-model: "+string(use)+"\n", 1)
	_, _, err = w.ApplyProduct(t.Context(), w.Admin, []byte(spec), gateway.Apply{})
	must(t, err)
}

func TestAModelChoosesAmongTheProductsThatTheCallerSees(t *testing.T) {
	w := newModelWorld(t, "openai", product.ModelSchema, calls("list_data_products_tool", `{"search_term":"patients"}`), choose("clinic"),
		statement("SELECT MAX(height) AS tallest FROM patients"), done)
	w.withClinic(t, w.viewer)
	out := w.analyzed(t, unclear)
	if out.Tier != agent.LLMSQL || !strings.Contains(out.Answer, "From the data product clinic.") || !slices.Contains(out.Assumptions, "A language model chose the data product") {
		t.Fatalf("%+v\n%s", out, bodies(w.fake))
	}
	var products []string
	for _, c := range w.record.calls {
		products = append(products, c.Product)
	}
	if !slices.Equal(products, []string{"", "", "clinic", "clinic"}) {
		t.Errorf("on record are requests about %q", products)
	}
	if first := w.fake.Requests()[0].Body; !strings.Contains(first, "garden") || strings.Contains(first, "soil") {
		t.Errorf("the first request: %s", first)
	}
}

func TestAModelChoosesNoProductThatItMayNotBeToldOf(t *testing.T) {
	for name, prepare := range map[string]func(*modelWorld){
		"one that the caller does not see": func(w *modelWorld) { w.withClinic(t); w.withThird(t) },
		"one that lets nothing leave": func(w *modelWorld) {
			w.withClinic(t, w.viewer)
			w.allow(t, "clinic", product.ModelNone)
			w.withThird(t)
		},
	} {
		w := newModelWorld(t, "openai", product.ModelSchema, choose("clinic"), calls("list_data_products_tool", `{"search_term":""}`), scripted.Turn{Text: "CANNOT"})
		prepare(w)
		out := w.analyzed(t, "unicorns of the garden")
		if out.Status != agent.Abstained {
			t.Errorf("%s: %+v", name, out)
		}
		if len(w.fake.Requests()) < 3 {
			t.Fatalf("%s: %d requests: %s", name, len(w.fake.Requests()), out.Answer)
		}
		for i, r := range w.fake.Requests() {
			if strings.Contains(r.Body, "Patients and their") {
				t.Errorf("%s: request %d tells of it: %s", name, i, r.Body)
			}
		}
		if !strings.Contains(w.fake.Requests()[1].Body, "there is no data product of this product_id") {
			t.Errorf("%s: %s", name, w.fake.Requests()[1].Body)
		}
	}
}

func TestTheBudgetHoldsOverTheChoiceAndTheAnswer(t *testing.T) {
	w := newModelWorld(t, "openai", product.ModelSchema, choose("clinic"), statement("SELECT 1 AS n FROM patients"))
	w.withClinic(t, w.viewer)
	w.agents.Models.(*agent.Configured).Budget.Steps = 4
	if out := w.analyzed(t, unclear); out.Status != agent.Abstained || len(w.fake.Requests()) > 4 {
		t.Errorf("%d requests: %+v", len(w.fake.Requests()), out)
	}
}
