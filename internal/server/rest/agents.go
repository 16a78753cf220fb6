package rest

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/server/web"
)

// agentRef is an agent that published clients call by name.
type agentRef struct {
	name      string
	product   bool // data_product_id is required
	adminOnly bool // over REST
}

// agentRefs are the default agents. None answers questions yet; each says so
// in a whole stream, which is what its clients can read.
var agentRefs = []agentRef{
	{name: "sql_query_agent", product: true},
	{name: "data_product_query_agent", product: true},
	{name: "charting_agent", product: true},
	{name: "chart_create_agent", product: true},
	{name: "analytics_agent"},
	{name: "query_flow_agent"},
	{name: "catalog_context_search_agent"},
	{name: "catalog_search_agent"},
	{name: "bi_report_agent", adminOnly: true},
	{name: "deep_research_agent"},
	{name: "curation_agent"},
	{name: "alamigo_agent"},
	{name: "revise_data_product_agent", product: true},
}

func (h Tools) ask(w http.ResponseWriter, r *http.Request) error {
	for _, a := range agentRefs {
		if a.name == r.PathValue("ref") {
			return h.askAgent(w, r, a)
		}
	}
	return fault.New(fault.NotFound, "there is no agent of this name")
}

func (h Tools) askByID(w http.ResponseWriter, r *http.Request) error {
	for _, a := range agentRefs {
		if configID(a.name) == r.PathValue("id") {
			return h.askAgent(w, r, a)
		}
	}
	return fault.New(fault.NotFound, "there is no agent of this id")
}

// answerFacts is the extra object on an agent's last event.
type answerFacts struct {
	Status string `json:"status"`
}

func (h Tools) askAgent(w http.ResponseWriter, r *http.Request, a agentRef) error {
	ctx := r.Context()
	web.Note(ctx, "agent", a.name)
	c := auth.CallerFrom(ctx)
	if a.adminOnly && c.Role != auth.ServerAdmin {
		return fault.New(fault.Denied, "%s is for Server Admins", a.name)
	}
	chatID, err := chatIDOf(r)
	if err != nil {
		return err
	}
	input, err := objectOf(w, r)
	if err != nil {
		return err
	}
	message, productID, err := a.read(input)
	if err != nil {
		return err
	}
	if strings.TrimSpace(message) == "" {
		w.WriteHeader(http.StatusNoContent) // documented: an empty message is ignored
		return nil
	}
	if productID != "" {
		if _, err := h.Data.Product(ctx, c, productID, ""); err != nil {
			return err
		}
	}
	s := openStream(w, chatID, configID(a.name), input)
	defer s.close()
	e := s.event("response", textPart{"text", a.name + " is not available in this release of Postern, which has no agents yet. " +
		"Read the tables with get_data_schema_tool and run SQL with sql_execution_tool."})
	e.Postern = answerFacts{"failed"}
	return s.send(s.event("request", textPart{"user-prompt", message}), e)
}

// read takes what an agent's input must have.
func (a agentRef) read(input json.RawMessage) (message, productID string, err error) {
	var in map[string]any
	if err := json.Unmarshal(input, &in); err != nil {
		return "", "", err
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
