package rest

import (
	"context"
	"net/http"
	"strconv"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/server/web"
)

// GroupAdmin is what the groups' routes need of auth.
type GroupAdmin interface {
	Create(ctx context.Context, name string) (auth.Group, error)
	Get(ctx context.Context, id int64) (auth.Group, error)
	List(ctx context.Context) ([]auth.Group, error)
	Add(ctx context.Context, id int64, subject string) error
	Remove(ctx context.Context, id int64, subject string) error
	Delete(ctx context.Context, id int64) error
}

// Groups serves groups of clients and people. The list is where published
// clients look for it; the rest is ours.
type Groups struct{ Groups GroupAdmin }

const groupsPath = "/integration/v1/group/"

// Routes lists what it serves.
func (h Groups) Routes() []web.Route {
	route := func(method, path string, handle web.Handler) web.Route {
		return web.Route{Method: method, Path: groupsPath + path, Scope: auth.ScopeClients, Handle: handle}
	}
	return []web.Route{
		route("GET", "", h.list),
		route("POST", "", h.create),
		route("GET", "{group_id}/", h.get),
		route("DELETE", "{group_id}/", h.delete),
		route("POST", "{group_id}/member/", h.member((GroupAdmin).Add)),
		route("DELETE", "{group_id}/member/", h.member((GroupAdmin).Remove)),
	}
}

type groupView struct {
	ID          int64        `json:"id"`
	DisplayName string       `json:"display_name"`
	Email       *string      `json:"email"`
	Members     []memberView `json:"members"`
	Created     string       `json:"ts_created"`
}

type memberView struct {
	SubjectType string       `json:"subject_type"`
	SubjectID   flexibleText `json:"subject_id"`
}

func viewOfGroup(g auth.Group) groupView {
	v := groupView{ID: g.ID, DisplayName: g.Name, Members: []memberView{}, Created: productTime(g.CreatedAt)}
	for _, m := range g.Members {
		kind, id := subjectParts(m)
		v.Members = append(v.Members, memberView{kind, flexibleText(id)})
	}
	return v
}

func (h Groups) list(w http.ResponseWriter, r *http.Request) error {
	limit, skip, err := web.Page(r, productPage, productPageMax)
	if err != nil {
		return err
	}
	all, err := h.Groups.List(r.Context())
	if err != nil {
		return err
	}
	views := make([]groupView, 0, len(all))
	for _, g := range page(w, r, all, limit, skip) {
		views = append(views, viewOfGroup(g))
	}
	return web.Respond(w, http.StatusOK, views)
}

func (h Groups) create(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name string `json:"display_name"`
	}
	if err := web.Decode(w, r, &in); err != nil {
		return err
	}
	if in.Name == "" {
		return fault.Missing("display_name")
	}
	g, err := h.Groups.Create(r.Context(), in.Name)
	if err != nil {
		return err
	}
	return web.Respond(w, http.StatusCreated, viewOfGroup(g))
}

// groupID reads the path; what is no number is no group.
func groupID(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("group_id"), 10, 64)
	if err != nil {
		return 0, fault.New(fault.NotFound, "group not found")
	}
	return id, nil
}

func (h Groups) get(w http.ResponseWriter, r *http.Request) error {
	id, err := groupID(r)
	if err != nil {
		return err
	}
	return h.respond(w, r, id)
}

func (h Groups) respond(w http.ResponseWriter, r *http.Request, id int64) error {
	g, err := h.Groups.Get(r.Context(), id)
	if err != nil {
		return err
	}
	return web.Respond(w, http.StatusOK, viewOfGroup(g))
}

func (h Groups) delete(w http.ResponseWriter, r *http.Request) error {
	id, err := groupID(r)
	if err != nil {
		return err
	}
	if err := h.Groups.Delete(r.Context(), id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// member adds or removes the client or person in the body, and answers with
// the group as it then is.
func (h Groups) member(do func(GroupAdmin, context.Context, int64, string) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := groupID(r)
		if err != nil {
			return err
		}
		var in memberView
		if err := web.Decode(w, r, &in); err != nil {
			return err
		}
		subject, err := permission{SubjectType: in.SubjectType, SubjectID: in.SubjectID}.subject()
		if err != nil {
			return err
		}
		if err := do(h.Groups, r.Context(), id, subject); err != nil {
			return err
		}
		return h.respond(w, r, id)
	}
}
