package rest

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/server/web"
	"github.com/postern/postern/internal/tool"
)

// agentRef is an agent that published clients call by name.
type agentRef struct {
	name    string
	product bool       // data_product_id is required
	scope   auth.Scope // what it needs beyond the route's; "" is no more
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
	Status string        `json:"status"`
	Error  *tool.Problem `json:"error,omitempty"`
}

func (h Tools) askAgent(w http.ResponseWriter, r *http.Request, a agentRef) error {
	ctx := r.Context()
	web.Note(ctx, "agent", a.name)
	c := auth.CallerFrom(ctx)
	if err := h.permit(ctx, c, a.scope); err != nil {
		return err
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
	if t, err := tool.Find(h.Agents, a.name); err == nil {
		return h.answer(w, r, t, call{chatID, message, input})
	}
	if productID != "" {
		if _, err := h.Data.Product(ctx, c, productID, ""); err != nil {
			return err
		}
	}
	s := openStream(w, chatID, configID(a.name), input)
	defer s.close()
	e := s.event("response", textPart{"text", a.name + " is not available in this release of Postern. " +
		"Ask a question with a data_product_id of sql_query_agent, or read the tables with get_data_schema_tool and run SQL with sql_execution_tool."})
	e.Postern = answerFacts{Status: "failed"}
	return s.send(s.event("request", textPart{"user-prompt", message}), e)
}

// call is one request to an agent.
type call struct {
	chatID, message string
	input           json.RawMessage
}

// answer streams an agent's steps as it takes them, and its answer.
func (h Tools) answer(w http.ResponseWriter, r *http.Request, t tool.Tool, in call) error {
	ctx := r.Context()
	env := &tool.Env{Caller: auth.CallerFrom(ctx), Data: h.Data, Models: h.Models, Assets: h.Assets, ChatID: in.chatID, Via: "rest:" + t.Name}
	if err := t.Check(ctx, env, in.input); err != nil {
		return err
	}
	s := openStream(w, in.chatID, configID(t.Name), in.input)
	defer s.close()
	if err := s.send(s.event("request", textPart{"user-prompt", in.message})); err != nil {
		return err
	}
	env.Told = s.told
	ret := s.run(ctx, t, env, in.input)
	if ctx.Err() != nil {
		return ctx.Err() // the client hung up
	}
	if ret.Err != nil {
		web.NoteFault(ctx, ret.Err)
	}
	text, facts := saidOf(ret.Content)
	e := s.event("response", textPart{"text", text})
	e.Postern = facts
	return s.send(e)
}

// told shows a step that an agent takes.
func (s *chatStream) told(step tool.Step) error {
	if step.Return == nil {
		return s.send(s.event("response", toolCallPart{"tool-call", step.Tool, string(step.Args), step.CallID}))
	}
	assets := step.Return.Assets
	if assets == nil {
		assets = []tool.AssetRef{}
	}
	return s.send(s.event("request", toolReturnPart{"tool-return", step.Tool, step.CallID, step.Return.Content, assets}))
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
