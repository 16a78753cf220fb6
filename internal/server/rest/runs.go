package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/chat"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/server/web"
	"github.com/postern/postern/internal/stack"
	"github.com/postern/postern/internal/tool"
)

// target is what a call is for: a tool, or an agent.
type target struct {
	ref   string // "tool/sql_execution_tool", "agent/<id of a custom agent>"
	id    string // of the tool or the agent
	tool  tool.Tool
	agent *agentRef // nil for a tool
	lacks bool      // an agent that clients know and this release does not have
}

func (h *Tools) target(ctx context.Context, ref string) (*target, error) {
	kind, name, _ := strings.Cut(ref, "/")
	if kind == "tool" {
		t, err := tool.Choose(ctx, h.asTools(), h.Own, auth.CallerFrom(ctx), name)
		return &target{ref: ref, id: tool.ID(t.Name), tool: t}, err
	}
	for i, a := range agentRefs {
		if a.name == name {
			t, err := tool.Find(h.Agents, name)
			t.Name = name
			return &target{ref: ref, id: tool.ID(name), tool: t, agent: &agentRefs[i], lacks: err != nil}, nil
		}
	}
	if h.Custom != nil {
		t, err := h.Custom.Agent(ctx, auth.CallerFrom(ctx), name)
		return &target{ref: ref, id: name, tool: t, agent: &agentRef{name: name, custom: true}}, err
	}
	return nil, fault.New(fault.NotFound, "there is no agent of this id")
}

func (t *target) scope() auth.Scope {
	if t.agent != nil {
		return t.agent.scope
	}
	return t.tool.Scope
}

// begun is a run that has begun; without live, a message that is ignored.
type begun struct {
	run  context.Context
	live *chat.Live
}

// begin refuses what can be refused with a status, and begins the run.
func (h *Tools) begin(w http.ResponseWriter, r *http.Request, t *target, later bool) (b begun, err error) {
	ctx := r.Context()
	web.Note(ctx, strings.Split(t.ref, "/")[0], t.tool.Name)
	c := auth.CallerFrom(ctx)
	if err := h.permit(ctx, c, t.scope()); err != nil {
		return b, err
	}
	chatID, err := chatIDOf(r)
	if err != nil {
		return b, err
	}
	input, err := objectOf(w, r)
	if err != nil {
		return b, err
	}
	name, err := h.check(ctx, t, input)
	if err != nil || name == "" {
		return b, err
	}
	b.run, b.live, err = h.Chats.Begin(ctx, chat.Start{
		ChatID: chatID, Name: name, Later: later,
		Request: chat.Request{Ref: t.ref, Input: input, Caller: c, RequestID: auth.RequestID(ctx), Trace: web.TraceParent(ctx)},
		Opening: func(chatID, runID string) []chat.Event { return t.opening(chatID, runID, input) },
	})
	return b, err
}

// check refuses input, and gives the name that a new chat has by it: the
// beginning of the message, or the tool's title. "" is an empty message.
func (h *Tools) check(ctx context.Context, t *target, input json.RawMessage) (name string, err error) {
	env := h.env(ctx, t, "")
	if t.agent == nil {
		return t.tool.Title, t.tool.Check(ctx, env, input)
	}
	message, productID, err := t.agent.read(input)
	if err != nil || strings.TrimSpace(message) == "" {
		return "", err
	}
	if !t.lacks {
		err = t.tool.Check(ctx, env, input)
	} else if productID != "" {
		_, err = h.Data.Product(ctx, env.Caller, productID, "")
	}
	return firstWords(message), err
}

const nameLength = 80 // characters of a chat's name that is taken from its first message

func firstWords(message string) string {
	line := []rune(strings.Join(strings.FieldsFunc(message, func(r rune) bool { return r < ' ' || r == ' ' || r == 0x7f }), " "))
	if len(line) > nameLength {
		line = append(line[:nameLength-1], '…')
	}
	return strings.ToValidUTF8(string(line), "")
}

func (h *Tools) env(ctx context.Context, t *target, chatID string) *tool.Env {
	return &tool.Env{Caller: auth.CallerFrom(ctx), Data: h.Data, Models: h.Models, Charts: h.Charts, Assets: h.Assets, ChatID: chatID, Via: "rest:" + t.tool.Name}
}

// opening are the messages that a call starts with. A tool that leads says them
// with its result.
func (t *target) opening(chatID, runID string, input json.RawMessage) []chat.Event {
	if t.agent == nil && t.tool.Leads {
		return nil
	}
	s := t.spoken(chatID, input)
	events := []chatEvent{s.message("request", textPart{"user-prompt", t.prompt(input)})}
	if t.agent == nil {
		events = append(events, s.message("response", toolCallPart{"tool-call", t.tool.Name, string(input), callID(runID)}))
	}
	out, err := encoded(events...)
	if err != nil {
		panic(fmt.Sprintf("opening of %s: %v", t.ref, err)) // texts and a checked object always encode
	}
	return out
}

func (t *target) spoken(chatID string, input json.RawMessage) *spoken {
	return &spoken{chatID, t.id, input}
}

// prompt is what the caller said: an agent's message, a tool's whole input.
func (t *target) prompt(input json.RawMessage) string {
	if t.agent == nil {
		return string(input)
	}
	message, _, _ := t.agent.read(input) // it was read before
	return message
}

// stream works a call and shows it as it goes.
func (h *Tools) stream(w http.ResponseWriter, r *http.Request, t *target) error {
	ctx := r.Context()
	b, err := stack.Apart(func() (begun, error) { return h.begin(w, r, t, false) })
	if fault.Is(err, fault.Conflict) {
		return h.busy(w, r)
	}
	if err != nil {
		return err
	}
	if b.live == nil {
		w.WriteHeader(http.StatusNoContent) // documented: an empty message is ignored
		return nil
	}
	worked := make(chan error, 1)
	go func() { worked <- h.work(b.run, b.live, t) }()
	s := openStream(w, http.StatusOK)
	defer s.close()
	err = b.live.Watch(ctx, pingEvery, s.send, s.ping)
	if err != nil && t.agent != nil {
		return err // the client hung up; the run goes on, and its answer is in the chat
	}
	if err != nil {
		b.live.Cancel(err) // nobody waits for a tool's rows
	}
	return errors.Join(err, <-worked)
}

// busy shows the run that the chat is busy with: documented as the body of 409.
func (h *Tools) busy(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	s := openStream(w, http.StatusConflict)
	defer s.close()
	return h.Chats.Follow(ctx, auth.CallerFrom(ctx), r.URL.Query().Get("chat_id"), pingEvery, s.send, s.ping)
}

type taskBody struct {
	TaskID string `json:"task_id"`
	ChatID string `json:"chat_id"`
}

// later leaves a call to be worked, on whatever node.
func (h *Tools) later(w http.ResponseWriter, r *http.Request, t *target) error {
	b, err := h.begin(w, r, t, true)
	if err != nil {
		return err
	}
	if b.live == nil {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return web.Respond(w, http.StatusOK, taskBody{b.live.ID, b.live.ChatID})
}

// Resume works a call that was left for later. It is tried again after an
// error; a run that is gone, or worked elsewhere, is none.
func (h *Tools) Resume(ctx context.Context, runID string) error {
	run, live, err := h.Chats.Resume(ctx, runID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	run, t, err := h.again(run, live.Request)
	if err != nil {
		return h.end(run, live, t, tool.Failed(run, err))
	}
	if h.Later == nil {
		return h.work(run, live, t)
	}
	run, end := h.Later(run, live.Request.Trace, "work "+t.ref)
	err = h.work(run, live, t)
	end(err)
	return err
}

// Mend ends the runs whose server stopped while it worked on them, with a
// message that says so: they are not worked again, since what stopped the
// server may have been they.
func (h *Tools) Mend(ctx context.Context) error {
	ids, err := h.Chats.Lost(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		run, live, err := h.Chats.Resume(ctx, id)
		if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Conflict) {
			continue // it ended, or another node was first
		}
		if err != nil {
			return err
		}
		run = auth.WithCaller(auth.WithRequestID(run, live.Request.RequestID), live.Request.Caller)
		t := refused(live.Request.Ref)
		stopped := fault.New(fault.Unavailable, "the server stopped while it worked on this; ask again").Coded(0, "SERVER_STOPPED")
		if err := h.end(run, live, t, tool.Failed(run, stopped)); err != nil {
			return err
		}
	}
	return nil
}

// again asks whether the caller may still do what was asked.
func (h *Tools) again(ctx context.Context, req chat.Request) (context.Context, *target, error) {
	ctx = auth.WithCaller(auth.WithRequestID(ctx, req.RequestID), req.Caller)
	c, err := h.Again(ctx, req.Caller)
	if err != nil {
		return ctx, refused(req.Ref), err
	}
	ctx = auth.WithCaller(ctx, c)
	t, err := h.target(ctx, req.Ref)
	if err != nil {
		return ctx, refused(req.Ref), err
	}
	if err = h.permit(ctx, c, t.scope()); err == nil {
		_, err = h.check(ctx, t, req.Input)
	}
	return ctx, t, err
}

// refused is enough of a target to say that it was not called.
func refused(ref string) *target {
	kind, name, _ := strings.Cut(ref, "/")
	t := &target{ref: ref, id: tool.ID(name), tool: tool.Tool{Name: name}}
	if kind == "agent" {
		t.agent = &agentRef{name: name}
		if _, err := uuid.Parse(name); err == nil {
			t.id = name
		}
	}
	return t
}

// work does what was asked and ends the run, whatever happens.
func (h *Tools) work(ctx context.Context, live *chat.Live, t *target) error {
	ret, err := h.do(ctx, live, t)
	if cause := context.Cause(ctx); cause != nil {
		err = interrupted(cause)
	}
	if err != nil {
		ret = tool.Failed(ctx, err)
	}
	if ret.Err != nil {
		web.NoteFault(ctx, ret.Err)
	}
	return h.end(ctx, live, t, ret)
}

// interrupted is why a run ended before its time.
func interrupted(cause error) error {
	switch {
	case errors.Is(cause, chat.ErrCanceled):
		return fault.New(fault.Unavailable, "the call was canceled").Coded(0, "CANCELED")
	case errors.Is(cause, context.DeadlineExceeded):
		return fault.New(fault.Unavailable, "the call took too long and was ended")
	}
	return fault.Because(cause, fault.Unavailable, "the call was cut off: %s", "the server is stopping, or its reader is gone")
}

// do runs the tool or the agent. A panic is an error: this goroutine is not one
// that the mux guards.
func (h *Tools) do(ctx context.Context, live *chat.Live, t *target) (ret tool.Return, err error) {
	defer func() {
		if p := recover(); p != nil {
			web.Note(ctx, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	if t.lacks {
		return tool.Return{}, nil
	}
	env := h.env(ctx, t, live.ChatID)
	if t.agent == nil {
		env.CallID = callID(live.ID)
	} else {
		s := t.spoken(live.ChatID, live.Request.Input)
		env.Told = func(step tool.Step) error { return s.told(ctx, live, step) }
		if env.Earlier, env.Answers, err = h.earlier(ctx, live, t); err != nil {
			return tool.Return{}, err
		}
	}
	return t.tool.Call(ctx, env, live.Request.Input)
}

// end says the last message: a tool's return, an agent's answer.
func (h *Tools) end(ctx context.Context, live *chat.Live, t *target, ret tool.Return) error {
	s := t.spoken(live.ChatID, live.Request.Input)
	var last []chatEvent
	switch {
	case t.lacks:
		e := s.message("response", textPart{"text", t.tool.Name + " is not available in this release of Postern. " +
			"Ask a question with a data_product_id of sql_query_agent, or read the tables with get_data_schema_tool and run SQL with sql_execution_tool."})
		e.Postern = answerFacts{Status: "failed"}
		last = []chatEvent{e}
	case t.agent != nil:
		text, facts := saidOf(ret.Content)
		e := s.message("response", textPart{"text", text})
		e.Postern = facts
		last = []chatEvent{e}
	default:
		last = t.returned(s, ret, callID(live.ID))
	}
	events, err := encoded(last...)
	if err != nil {
		return errors.Join(err, live.End(ctx))
	}
	return live.End(ctx, events...)
}

// returned is the last event of a tool's call, after those that were held back
// for it.
func (t *target) returned(s *spoken, ret tool.Return, id string) []chatEvent {
	e := s.message("request", toolReturnPart{"tool-return", t.tool.Name, id, ret.Content, listed(ret.Assets)})
	e.Content = ret.Top
	if !t.tool.Leads {
		return []chatEvent{e}
	}
	opening := []chatEvent{
		s.message("request", textPart{"user-prompt", string(s.input)}),
		s.message("response", toolCallPart{"tool-call", t.tool.Name, string(s.input), id}),
	}
	for i := range opening {
		opening[i].Content = ret.Top
	}
	return append(opening, e)
}

// told shows a step that an agent takes.
func (s *spoken) told(ctx context.Context, live *chat.Live, step tool.Step) error {
	e := s.message("response", toolCallPart{"tool-call", step.Tool, string(step.Args), step.CallID})
	if step.Return != nil {
		e = s.message("request", toolReturnPart{"tool-return", step.Tool, step.CallID, step.Return.Content, listed(step.Return.Assets)})
	}
	events, err := encoded(e)
	if err != nil {
		return err
	}
	return live.Say(ctx, events...)
}

// listed is never null: clients go through it.
func listed(assets []tool.AssetRef) []tool.AssetRef { return append([]tool.AssetRef{}, assets...) }

// callID names the call of a tool in its chat's messages.
func callID(runID string) string { return "call_" + runID }

// looked is how many messages are looked through for earlier questions.
const looked = 200

// earlier are the inputs of the chat's calls that agents answered, the oldest
// first, and their answers: what a question may follow up on. A custom agent is
// told of its own alone, since what was asked of others may be of a product that
// no model is told of, and the built-in ones not of custom ones.
func (h *Tools) earlier(ctx context.Context, live *chat.Live, t *target) (inputs []json.RawMessage, answers []tool.Answered, err error) {
	events, err := h.Chats.Recent(ctx, live.Request.Caller, live.ChatID, looked)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range events {
		var m struct {
			AgentID string          `json:"agent_id"`
			Input   json.RawMessage `json:"input_payload"`
			Postern json.RawMessage `json:"postern"`
			Message struct {
				Parts []struct {
					Content json.RawMessage `json:"content"`
				} `json:"parts"`
			} `json:"model_message"`
		}
		var facts struct {
			Status string `json:"status"`
		}
		if json.Unmarshal(e.Body, &m) != nil || json.Unmarshal(m.Postern, &facts) != nil || facts.Status != "answered" || !t.follows(m.AgentID) {
			continue
		}
		a := tool.Answered{Facts: m.Postern}
		if len(m.Message.Parts) > 0 {
			_ = json.Unmarshal(m.Message.Parts[0].Content, &a.Text) // what is no text has no words
		}
		inputs, answers = append(inputs, m.Input), append(answers, a)
	}
	return inputs, answers, nil
}

// follows reports whether what another agent was asked and answered is for this
// one to go on from.
func (t *target) follows(agentID string) bool {
	if t.agent.custom {
		return agentID == t.id
	}
	return slices.ContainsFunc(agentRefs, func(a agentRef) bool { return tool.ID(a.name) == agentID })
}
