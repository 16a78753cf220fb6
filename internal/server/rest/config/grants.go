package config

import (
	"net/http"
	"strings"

	"github.com/postern/postern/internal/agent/custom"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/server/web"
)

// grantView is a role on an agent, for a client, a user, a group or everyone.
type grantView struct {
	SubjectType string `json:"subject_type"`
	SubjectID   string `json:"subject_id"`
	Role        string `json:"role"`
}

func viewGrant(g custom.Grant) grantView {
	kind, id, ok := strings.Cut(g.Subject, ":")
	if !ok {
		id = kind
	}
	return grantView{kind, id, string(g.Role)}
}

func (h Handler) grants(w http.ResponseWriter, r *http.Request) error {
	id, err := h.own(r)
	if err != nil {
		return err
	}
	all, err := h.Agents.Grants(r.Context(), auth.CallerFrom(r.Context()), id)
	if err != nil {
		return err
	}
	out := list[grantView]{Data: []grantView{}, Total: len(all)}
	for _, g := range all {
		out.Data = append(out.Data, viewGrant(g))
	}
	return web.Respond(w, http.StatusOK, out)
}

// readGrant reads the body of an agent that the caller may share: another's is
// not there, whatever the body.
func (h Handler) readGrant(w http.ResponseWriter, r *http.Request) (custom.Grant, error) {
	id, err := h.own(r)
	if err != nil {
		return custom.Grant{}, err
	}
	if _, err := h.Agents.Get(r.Context(), auth.CallerFrom(r.Context()), custom.Share, id); err != nil {
		return custom.Grant{}, err
	}
	var in grantView
	if err := web.Decode(w, r, &in); err != nil {
		return custom.Grant{}, err
	}
	g := custom.Grant{Agent: id, Role: custom.Role(in.Role)}
	switch in.SubjectType {
	case "everyone":
		g.Subject = custom.Everyone
	case "client", "user", "group":
		if in.SubjectID == "" {
			return g, fault.Missing("subject_id")
		}
		g.Subject = in.SubjectType + ":" + in.SubjectID
	case "":
		return g, fault.Missing("subject_type")
	default:
		return g, fault.BadField("subject_type", "enum", "Input should be 'client', 'user', 'group' or 'everyone'")
	}
	return g, nil
}

func (h Handler) grant(w http.ResponseWriter, r *http.Request) error {
	g, err := h.readGrant(w, r)
	if err != nil {
		return err
	}
	if g, err = h.Agents.Grant(r.Context(), auth.CallerFrom(r.Context()), g); err != nil {
		return err
	}
	return web.Respond(w, http.StatusCreated, viewGrant(g))
}

func (h Handler) revoke(w http.ResponseWriter, r *http.Request) error {
	g, err := h.readGrant(w, r)
	if err != nil {
		return err
	}
	if err := h.Agents.Revoke(r.Context(), auth.CallerFrom(r.Context()), g.Agent, g.Subject); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
