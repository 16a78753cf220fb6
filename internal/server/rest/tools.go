package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/server/web"
	"github.com/postern/postern/internal/tool"
)

// Tools serves the tools, and for now the agents' paths, as chat streams.
type Tools struct {
	Data   tool.Data
	Models *tool.Models
	Assets *result.Assets // keeps full results; nil keeps none
	Tools  []tool.Tool
	// Own are the tools that each caller has of its own; nil is none.
	Own tool.Library
	// Agents are the agents that there are; the names of others that clients
	// know say that they are not available.
	Agents []tool.Tool
	// Permit decides a tool's scope for a caller; nil asks nothing beyond the
	// route's own scope.
	Permit func(context.Context, auth.Caller, auth.Scope) error
}

// Routes are the tool and agent streams.
func (h Tools) Routes() []web.Route {
	const chats = "/ai/api/v1/chats/"
	stream := func(path string, handle web.Handler) web.Route {
		return web.Route{Method: "POST", Path: chats + path + "/stream", Scope: auth.ScopeQuery, Errors: web.DetailErrors, Handle: handle}
	}
	return []web.Route{
		stream("tool/default/{ref}", h.call),
		stream("tool/{ref}", h.callByID),
		stream("agent/default/{ref}", h.ask),
		stream("agent/{id}", h.askByID),
	}
}

// permit asks policy for what a tool or an agent needs beyond the route.
func (h Tools) permit(ctx context.Context, c auth.Caller, s auth.Scope) error {
	if h.Permit == nil || s == "" {
		return nil
	}
	return h.Permit(ctx, c, s)
}

// configID is the id of a built-in tool or agent: made from its name, so that
// it is the same on every node and after every restart.
func configID(name string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("postern:"+name)).String()
}

func (h Tools) call(w http.ResponseWriter, r *http.Request) error {
	t, err := tool.Choose(r.Context(), h.Tools, h.Own, auth.CallerFrom(r.Context()), r.PathValue("ref"))
	if err != nil {
		return err
	}
	return h.stream(w, r, t)
}

func (h Tools) callByID(w http.ResponseWriter, r *http.Request) error {
	all := h.Tools
	if h.Own != nil {
		own, err := h.Own.Tools(r.Context(), auth.CallerFrom(r.Context()))
		if err != nil {
			return err
		}
		all = slices.Concat(all, own)
	}
	for _, t := range all {
		if configID(t.Name) == r.PathValue("ref") {
			return h.stream(w, r, t)
		}
	}
	return fault.New(fault.NotFound, "there is no tool of this id")
}

// stream answers one call: what can be refused is refused before the first
// byte, with a status; after it a failure is the tool's return.
func (h Tools) stream(w http.ResponseWriter, r *http.Request, t tool.Tool) error {
	ctx := r.Context()
	web.Note(ctx, "tool", t.Name)
	caller := auth.CallerFrom(ctx)
	if err := h.permit(ctx, caller, t.Scope); err != nil {
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
	env := &tool.Env{Caller: caller, Data: h.Data, Models: h.Models, Assets: h.Assets, ChatID: chatID, Via: "rest:" + t.Name}
	if err := t.Check(ctx, env, input); err != nil {
		return err
	}
	s := openStream(w, chatID, configID(t.Name), input)
	defer s.close()
	callID := "call_" + uuid.NewString()
	opening := []chatEvent{s.event("request", textPart{"user-prompt", string(input)}),
		s.event("response", toolCallPart{"tool-call", t.Name, string(input), callID})}
	if t.Leads {
		ret := s.run(ctx, t, env, input)
		for i := range opening {
			opening[i].Content = ret.Top
		}
		return s.finish(ctx, t.Name, callID, ret, opening...)
	}
	if err := s.send(opening...); err != nil {
		return err
	}
	return s.finish(ctx, t.Name, callID, s.run(ctx, t, env, input))
}

// run calls the tool, with pings while it works; what went wrong is its return.
func (s *chatStream) run(ctx context.Context, t tool.Tool, env *tool.Env, input json.RawMessage) tool.Return {
	ret, err := await(ctx, s, func(ctx context.Context) (tool.Return, error) { return t.Call(ctx, env, input) })
	if err != nil {
		return tool.Failed(ctx, err)
	}
	return ret
}

// finish sends the tool's return, the last event of a tool's stream, after
// those that were held back for it.
func (s *chatStream) finish(ctx context.Context, name, callID string, ret tool.Return, before ...chatEvent) error {
	if ctx.Err() != nil {
		return ctx.Err() // the client hung up
	}
	if ret.Err != nil {
		web.NoteFault(ctx, ret.Err)
	}
	if ret.Assets == nil {
		ret.Assets = []tool.AssetRef{}
	}
	e := s.event("request", toolReturnPart{"tool-return", name, callID, ret.Content, ret.Assets})
	e.Content = ret.Top
	return s.send(append(before, e)...)
}

// chatIDOf reads the chat the call belongs to; a new one without it.
func chatIDOf(r *http.Request) (string, error) {
	given := r.URL.Query().Get("chat_id")
	if given == "" {
		return uuid.NewString(), nil
	}
	id, err := uuid.Parse(given)
	if err != nil || len(given) != len(id.String()) {
		e := fault.New(fault.Invalid, "chat_id must be a UUID")
		e.Fields = []fault.Field{{Loc: []string{"query", "chat_id"}, Msg: "Input should be a valid UUID", Type: "uuid_parsing"}}
		return "", e
	}
	return id.String(), nil
}

// objectOf reads the body, which is one JSON object, and gives it on one line.
func objectOf(w http.ResponseWriter, r *http.Request) (json.RawMessage, error) {
	var raw json.RawMessage
	if err := web.Decode(w, r, &raw); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil || b.Len() == 0 || b.Bytes()[0] != '{' {
		return nil, fault.New(fault.Invalid, "the body must be a JSON object")
	}
	return b.Bytes(), nil
}
