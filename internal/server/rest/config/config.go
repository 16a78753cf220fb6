// Package config is the part of the REST door where agents and tools are
// configured: custom agents made, read, changed, shared and published; the
// built-in ones, and tools, shown.
package config

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/postern/postern/internal/agent/custom"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/server/web"
	"github.com/postern/postern/internal/tool"
)

// Handler serves the configuration.
type Handler struct {
	Agents *custom.Agents
	// Input is the schema of what an agent is called with.
	Input func(custom.Definition) (*jsonschema.Schema, error)
	// Default are the built-in agents; Start is what a clone of one begins with.
	Default []tool.Tool
	Start   func(tool.Tool) (custom.Definition, bool)
	// Tools are those that everybody has; Own those that callers have of their
	// own, by what they are.
	Tools      []tool.Tool
	Own        map[string]tool.Library
	Parameters func(tool.Tool) *jsonschema.Schema
}

const (
	agents = "/ai/api/v1/config/agent"
	tools  = "/ai/api/v1/config/tool"
)

// Routes lists what it serves. GET {agent_id}/{part} is export and grant: the
// path of the default agents leaves no room for routes of their own.
func (h Handler) Routes() []web.Route {
	route := func(method, path string, handle web.Handler) web.Route {
		scope := auth.ScopeAgents
		if method == "GET" {
			scope = auth.ScopeQuery
		}
		return web.Route{Method: method, Path: path, Scope: scope, Errors: web.DetailErrors, Handle: handle}
	}
	return []web.Route{
		route("GET", agents, h.list),
		route("POST", agents, h.create),
		route("POST", agents+"/import", h.create),
		route("GET", agents+"/default/{ref}", h.getDefault),
		route("GET", agents+"/{agent_id}", h.get),
		route("PATCH", agents+"/{agent_id}", h.change),
		route("DELETE", agents+"/{agent_id}", h.delete),
		route("GET", agents+"/{agent_id}/{part}", h.part),
		route("POST", agents+"/{agent_id}/clone", h.clone),
		route("POST", agents+"/{agent_id}/publish_as_tool", h.publish),
		route("DELETE", agents+"/{agent_id}/unpublish_tool", h.unpublish),
		route("POST", agents+"/{agent_id}/grant", h.grant),
		route("DELETE", agents+"/{agent_id}/grant", h.revoke),
		route("GET", tools, h.listTools),
		route("GET", tools+"/default/{ref}", h.getDefaultTool),
		route("GET", tools+"/{tool_id}", h.getTool),
		route("PUT", tools+"/{tool_id}", h.refuseTool),
		route("DELETE", tools+"/{tool_id}", h.refuseTool),
	}
}

// builtin finds a built-in agent by its id.
func (h Handler) builtin(id string) (tool.Tool, bool) {
	i := slices.IndexFunc(h.Default, func(t tool.Tool) bool { return tool.ID(t.Name) == id })
	if i < 0 {
		return tool.Tool{}, false
	}
	return h.Default[i], true
}

// own refuses what nobody may do to a built-in agent, and gives the id.
func (h Handler) own(r *http.Request) (string, error) {
	id := r.PathValue("agent_id")
	if t, is := h.builtin(id); is {
		return "", fault.New(fault.Denied, "the built-in agent %s cannot be changed, shared or published; clone it, and change the clone", t.Name)
	}
	return id, nil
}

func (h Handler) list(w http.ResponseWriter, r *http.Request) error {
	ctx, c := r.Context(), auth.CallerFrom(r.Context())
	limit, offset, err := web.Page(r, 100, custom.MostListed)
	if err != nil {
		return err
	}
	want, err := labels(r)
	if err != nil {
		return err
	}
	var rows []func() (agentView, error)
	for _, t := range h.Default {
		if t.Available && want("default") {
			rows = append(rows, func() (agentView, error) { return h.viewDefault(t) })
		}
	}
	all, err := h.Agents.List(ctx, c, custom.View)
	if err != nil {
		return err
	}
	for _, s := range all {
		if want(visibility(s.Public)) {
			rows = append(rows, func() (agentView, error) {
				a, err := h.Agents.Open(ctx, s)
				if err != nil {
					return agentView{}, err
				}
				return h.view(ctx, c, a)
			})
		}
	}
	out := list[agentView]{Data: []agentView{}, Total: len(rows)}
	for _, view := range rows[min(offset, len(rows)):min(offset+limit, len(rows))] {
		v, err := view()
		if fault.Is(err, fault.NotFound) {
			continue // it went since the list was read
		}
		if err != nil {
			return err
		}
		out.Data = append(out.Data, v)
	}
	return web.Respond(w, http.StatusOK, out)
}

type list[T any] struct {
	Data  []T `json:"data"`
	Total int `json:"total"`
}

// labels reads which agents or tools are asked for; none names all.
func labels(r *http.Request) (func(string) bool, error) {
	given := r.URL.Query()["visibility_labels"]
	for _, l := range given {
		if !slices.Contains([]string{"default", "public", "private"}, l) {
			e := fault.New(fault.Invalid, "visibility_labels: there are default, public and private")
			e.Fields = []fault.Field{{Loc: []string{"query", "visibility_labels"}, Msg: "Input should be 'default', 'public' or 'private'", Type: "enum"}}
			return nil, e
		}
	}
	return func(l string) bool { return len(given) == 0 || slices.Contains(given, l) }, nil
}

func visibility(public bool) string {
	if public {
		return "public"
	}
	return "private"
}

func (h Handler) create(w http.ResponseWriter, r *http.Request) error {
	in, err := readAgent(w, r)
	if err != nil {
		return err
	}
	return h.make(w, r, in, custom.Definition{Tags: []string{}})
}

// make makes an agent of what was sent over what it begins with.
func (h Handler) make(w http.ResponseWriter, r *http.Request, in agentInput, d custom.Definition) error {
	ctx, c := r.Context(), auth.CallerFrom(r.Context())
	if err := in.onto(&d); err != nil {
		return err
	}
	a, err := h.Agents.Create(ctx, c, d)
	if err == nil && in.public != nil {
		a, err = h.Agents.SetPublic(ctx, c, a, *in.public)
	}
	if err != nil {
		return err
	}
	return h.respond(w, r, http.StatusCreated, a)
}

func (h Handler) respond(w http.ResponseWriter, r *http.Request, status int, a custom.Agent) error {
	v, err := h.view(r.Context(), auth.CallerFrom(r.Context()), a)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", etag(a.Version))
	return web.Respond(w, status, v)
}

func (h Handler) getDefault(w http.ResponseWriter, r *http.Request) error {
	t, err := tool.Find(h.Default, r.PathValue("ref"))
	if err != nil {
		return fault.New(fault.NotFound, "there is no agent of this name")
	}
	v, err := h.viewDefault(t)
	if err != nil {
		return err
	}
	return web.Respond(w, http.StatusOK, v)
}

func (h Handler) get(w http.ResponseWriter, r *http.Request) error {
	if t, is := h.builtin(r.PathValue("agent_id")); is {
		v, err := h.viewDefault(t)
		if err != nil {
			return err
		}
		return web.Respond(w, http.StatusOK, v)
	}
	a, err := h.Agents.Get(r.Context(), auth.CallerFrom(r.Context()), custom.View, r.PathValue("agent_id"))
	if err != nil {
		return err
	}
	return h.respond(w, r, http.StatusOK, a)
}

// change leaves alone what is not given. With If-Match it changes the version
// that was read, and no other.
func (h Handler) change(w http.ResponseWriter, r *http.Request) error {
	id, err := h.own(r)
	if err != nil {
		return err
	}
	ctx, c := r.Context(), auth.CallerFrom(r.Context())
	if _, err := h.Agents.Get(ctx, c, custom.Update, id); err != nil {
		return err // what is another's is not there, whatever the body
	}
	in, err := readAgent(w, r)
	if err != nil {
		return err
	}
	version, err := ifMatch(r)
	if err != nil {
		return err
	}
	a, err := h.Agents.Change(ctx, c, id, version, in.onto)
	if err == nil && in.public != nil {
		a, err = h.Agents.SetPublic(ctx, c, a, *in.public)
	}
	if version != 0 && fault.Is(err, fault.Conflict) {
		err = web.WithStatus(fault.As(err), http.StatusPreconditionFailed)
	}
	if err != nil {
		return err
	}
	return h.respond(w, r, http.StatusOK, a)
}

func (h Handler) delete(w http.ResponseWriter, r *http.Request) error {
	id, err := h.own(r)
	if err == nil {
		err = h.Agents.Delete(r.Context(), auth.CallerFrom(r.Context()), id)
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// definition is what an agent that the caller may see was made of.
func (h Handler) definition(ctx context.Context, id string) (custom.Definition, error) {
	if t, is := h.builtin(id); is {
		d, ok := h.Start(t)
		if !ok {
			return d, fault.New(fault.Denied, "the built-in agent %s has nothing that could be cloned", t.Name)
		}
		return d, nil
	}
	a, err := h.Agents.Get(ctx, auth.CallerFrom(ctx), custom.View, id)
	return a.Definition, err
}

// clone makes a private copy that is the caller's. A body may say what is to be
// other.
func (h Handler) clone(w http.ResponseWriter, r *http.Request) error {
	d, err := h.definition(r.Context(), r.PathValue("agent_id"))
	if err != nil {
		return err
	}
	in := agentInput{}
	if r.ContentLength != 0 {
		if in, err = readAgent(w, r); err != nil {
			return err
		}
	}
	if in.name == nil {
		d.Name = shorter(d.Name, 240) + " (copy)"
	}
	return h.make(w, r, in, d)
}

// part is a part of an agent that is read by itself.
func (h Handler) part(w http.ResponseWriter, r *http.Request) error {
	switch r.PathValue("part") {
	case "export":
		return h.export(w, r)
	case "grant":
		return h.grants(w, r)
	}
	return fault.New(fault.NotFound, "there is nothing at this path")
}

// export gives what import takes: the fields of a new agent.
func (h Handler) export(w http.ResponseWriter, r *http.Request) error {
	d, err := h.definition(r.Context(), r.PathValue("agent_id"))
	if err != nil {
		return err
	}
	return web.Respond(w, http.StatusOK, written(d, d.Input))
}

func (h Handler) publish(w http.ResponseWriter, r *http.Request) error {
	id, err := h.own(r)
	if err != nil {
		return err
	}
	a, err := h.Agents.Publish(r.Context(), auth.CallerFrom(r.Context()), id, true)
	if err != nil {
		return err
	}
	in, err := h.Input(a.Definition)
	if err != nil {
		return err
	}
	doc, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return web.Respond(w, http.StatusOK, toolView{
		ID: tool.ID(a.ToolName), Name: a.Name, Function: a.ToolName, Description: a.Description, Type: "agent", AgentID: &a.ID, Parameters: doc,
	})
}

func (h Handler) unpublish(w http.ResponseWriter, r *http.Request) error {
	id, err := h.own(r)
	if err != nil {
		return err
	}
	if _, err := h.Agents.Publish(r.Context(), auth.CallerFrom(r.Context()), id, false); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
