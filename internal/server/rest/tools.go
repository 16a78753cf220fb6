package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/chat"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/server/web"
	"github.com/postern/postern/internal/tool"
)

// Customs finds custom agents.
type Customs interface {
	// Agent gives one by its id, which is its name, if the caller may run it.
	Agent(ctx context.Context, c auth.Caller, id string) (tool.Tool, error)
}

// Tools serves the tools and the agents, as chat streams and as calls that are
// worked later.
type Tools struct {
	Data   tool.Data
	Models *tool.Models
	Charts *tool.Charts
	Assets *result.Assets // keeps full results; nil keeps none
	Tools  []tool.Tool
	// Own are the tools that each caller has of its own; nil is none.
	Own tool.Library
	// Agents are the agents that there are; the names of others that clients
	// know say that they are not available.
	Agents []tool.Tool
	// Custom are the agents that callers made; nil is none.
	Custom Customs
	// Chats keeps what is said, and works the calls.
	Chats *chat.Chats
	// Again says whether a caller that was let in would be let in now, for
	// calls that are worked later.
	Again func(context.Context, auth.Caller) (auth.Caller, error)
	// Later begins the span of such a call, under that of who asked for it; nil
	// traces nothing.
	Later func(ctx context.Context, parent, name string) (_ context.Context, end func(error))
	// Permit decides a tool's scope for a caller; nil asks nothing beyond the
	// route's own scope.
	Permit func(context.Context, auth.Caller, auth.Scope) error
}

// Routes are the tool and agent streams.
func (h *Tools) Routes() []web.Route {
	const chats = "/ai/api/v1/chats/"
	var all []web.Route
	for _, p := range []struct {
		path string
		find func(*http.Request) (*target, error)
	}{{"tool/default/{ref}", h.call}, {"tool/{ref}", h.callByID}, {"agent/default/{ref}", h.ask}, {"agent/{agent_id}", h.askByID}} {
		route := func(end string, handle func(http.ResponseWriter, *http.Request, *target) error) web.Route {
			return web.Route{
				Method: "POST", Path: chats + p.path + end, Scope: auth.ScopeQuery, Errors: web.DetailErrors,
				Handle: func(w http.ResponseWriter, r *http.Request) error {
					t, err := p.find(r)
					if err != nil {
						return err
					}
					return handle(w, r, t)
				},
			}
		}
		all = append(all, route("/stream", h.stream), route("/call", h.later))
	}
	return all
}

// permit asks policy for what a tool or an agent needs beyond the route.
func (h *Tools) permit(ctx context.Context, c auth.Caller, s auth.Scope) error {
	if h.Permit == nil || s == "" {
		return nil
	}
	return h.Permit(ctx, c, s)
}

func (h *Tools) call(r *http.Request) (*target, error) {
	return h.target(r.Context(), "tool/"+r.PathValue("ref"))
}

// asTools are the tools that everybody has: the agents are tools too.
func (h *Tools) asTools() []tool.Tool { return slices.Concat(h.Tools, h.Agents) }

func (h *Tools) callByID(r *http.Request) (*target, error) {
	all := h.asTools()
	if h.Own != nil {
		own, err := h.Own.Tools(r.Context(), auth.CallerFrom(r.Context()))
		if err != nil {
			return nil, err
		}
		all = slices.Concat(all, own)
	}
	for _, t := range all {
		if tool.ID(t.Name) == r.PathValue("ref") {
			return &target{ref: "tool/" + t.Name, id: tool.ID(t.Name), tool: t}, nil
		}
	}
	return nil, fault.New(fault.NotFound, "there is no tool of this id")
}

// chatIDOf reads the chat the call belongs to; "" is a new one.
func chatIDOf(r *http.Request) (string, error) {
	given := r.URL.Query().Get("chat_id")
	if given == "" {
		return "", nil
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
