package rest

import (
	"encoding/json"
	"net/http"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/tool"
)

// agentRef is an agent that published clients call by name.
type agentRef struct {
	name    string
	product bool       // data_product_id is required
	scope   auth.Scope // what it needs beyond the route's; "" is no more
	custom  bool       // its tool says what its input must have
}

// agentRefs are the default agents. Those that Tools.Agents lacks answer no
// questions yet; each says so in a whole stream, which is what its clients can
// read.
var agentRefs = []agentRef{
	{name: "sql_query_agent", product: true},
	{name: "data_product_query_agent", product: true},
	{name: "charting_agent", product: true},
	{name: "chart_create_agent", product: true},
	{name: "analytics_agent"},
	{name: "query_flow_agent"},
	{name: "catalog_context_search_agent"},
	{name: "catalog_search_agent"},
	{name: "bi_report_agent", scope: auth.ScopeReports},
	{name: "deep_research_agent"},
	{name: "curation_agent"},
	{name: "alamigo_agent"},
	{name: "revise_data_product_agent", product: true},
}

func (h *Tools) ask(r *http.Request) (*target, error) {
	for _, a := range agentRefs {
		if a.name == r.PathValue("ref") {
			return h.target(r.Context(), "agent/"+a.name)
		}
	}
	return nil, fault.New(fault.NotFound, "there is no agent of this name")
}

func (h *Tools) askByID(r *http.Request) (*target, error) {
	id := r.PathValue("agent_id")
	for _, a := range agentRefs {
		if tool.ID(a.name) == id {
			id = a.name
		}
	}
	return h.target(r.Context(), "agent/"+id)
}

// answerFacts is the extra object on an agent's last event.
type answerFacts struct {
	Status string        `json:"status"`
	Error  *tool.Problem `json:"error,omitempty"`
}

// saidOf is an agent's answer in words, and its facts.
func saidOf(content any) (text string, facts any) {
	switch c := content.(type) {
	case interface{ Said() (string, any) }:
		return c.Said()
	case tool.Failure:
		return "The question was not answered: " + c.Error.Message, answerFacts{"failed", &c.Error}
	}
	return "The question was not answered.", answerFacts{Status: "failed"}
}

// read takes what an agent's input must have.
func (a agentRef) read(input json.RawMessage) (message, productID string, err error) {
	var in map[string]any
	if err := json.Unmarshal(input, &in); err != nil {
		return "", "", err
	}
	if a.custom {
		if s, isText := in["message"].(string); isText {
			return s, "", nil
		}
		return string(input), "", nil
	}
	var wrong []fault.Field
	text := func(name string, required bool) string {
		v, given := in[name]
		s, isText := v.(string)
		loc := []string{"body", name}
		switch {
		case !given && required:
			wrong = append(wrong, fault.Field{Loc: loc, Msg: "Field required", Type: "missing"})
		case given && !isText && (required || v != nil):
			wrong = append(wrong, fault.Field{Loc: loc, Msg: "Input should be a valid string", Type: "string_type"})
		}
		return s
	}
	message, productID = text("message", true), text("data_product_id", a.product)
	if len(wrong) > 0 {
		e := fault.New(fault.Invalid, "the input does not obey the agent's schema")
		e.Fields = wrong
		return "", "", e
	}
	return message, productID, nil
}
