// Package llms serves the administration of language models: their
// configurations and their keys, which come in and never go out.
package llms

import (
	"context"
	"net/http"
	"time"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/llm"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/server/web"
)

// Models are the language models that agents may ask.
type Models interface {
	List(ctx context.Context) ([]llm.Config, error)
	Get(ctx context.Context, id string) (llm.Config, error)
	Create(ctx context.Context, ch llm.Change) (llm.Config, error)
	Update(ctx context.Context, id string, ch llm.Change) (llm.Config, error)
	Delete(ctx context.Context, id string) error
	Test(ctx context.Context, id string) (llm.Tested, error)
	Keys(ctx context.Context) ([]llm.Credential, error)
	Key(ctx context.Context, id string) (llm.Credential, error)
	CreateKey(ctx context.Context, name, base string, key secret.Secret) (llm.Credential, error)
	UpdateKey(ctx context.Context, id string, name *string, key secret.Secret) (llm.Credential, error)
	DeleteKey(ctx context.Context, id string) error
}

// Handler serves them.
type Handler struct{ Models Models }

const (
	configPath = "/ai/api/v1/config/llm"
	keyPath    = "/ai/api/v1/llm_credentials"
)

// Routes lists what it serves.
func (h Handler) Routes() []web.Route {
	route := func(method, path string, handle web.Handler) web.Route {
		return web.Route{Method: method, Path: path, Scope: auth.ScopeModels, Errors: web.DetailErrors, Handle: handle}
	}
	return []web.Route{
		route("GET", configPath, h.list),
		route("POST", configPath, h.create),
		route("GET", configPath+"/{llm_id}", h.get),
		route("PATCH", configPath+"/{llm_id}", h.update),
		route("DELETE", configPath+"/{llm_id}", h.delete),
		route("POST", configPath+"/{llm_id}/test", h.test),
		route("GET", keyPath, h.keys),
		route("POST", keyPath, h.createKey),
		route("GET", keyPath+"/{llm_credential_id}", h.key),
		route("PATCH", keyPath+"/{llm_credential_id}", h.updateKey),
		route("DELETE", keyPath+"/{llm_credential_id}", h.deleteKey),
	}
}

type budgetView struct {
	Steps   int `json:"steps"`
	Tokens  int `json:"tokens"`
	Rows    int `json:"rows"`
	Seconds int `json:"seconds"`
}

type configView struct {
	ID           string     `json:"id"`
	Name         string     `json:"name"`
	Provider     string     `json:"provider"`
	Model        string     `json:"model"`
	BaseURL      string     `json:"base_url"`
	AllowNetwork []string   `json:"allow_network"`
	CredentialID *string    `json:"llm_credential_id"`
	HasKey       *bool      `json:"has_key"` // null for that of the file
	Budget       budgetView `json:"budget"`
	Default      bool       `json:"is_default"`
	ReadOnly     bool       `json:"read_only"`
	CreatedBy    *string    `json:"created_by"`
	Created      *string    `json:"created_at"`
	Updated      *string    `json:"updated_at"`
}

func view(c llm.Config) configView {
	v := configView{
		ID: c.ID, Name: c.Name, Provider: c.Provider, Model: c.Model, BaseURL: c.BaseURL, AllowNetwork: []string{},
		Budget: budgetView(c.Budget), Default: c.Default, ReadOnly: c.Fixed(),
	}
	for _, p := range c.Networks {
		v.AllowNetwork = append(v.AllowNetwork, p.String())
	}
	if c.Fixed() {
		return v
	}
	has := c.CredentialID != ""
	v.HasKey = &has
	if has {
		v.CredentialID = &c.CredentialID
	}
	v.CreatedBy, v.Created, v.Updated = &c.CreatedBy, stamp(c.CreatedAt), stamp(c.UpdatedAt)
	return v
}

func stamp(t time.Time) *string {
	s := t.UTC().Format(time.RFC3339)
	return &s
}

// list is {"data": [...], "total": n}, a page of it.
func list[T, V any](w http.ResponseWriter, r *http.Request, all []T, view func(T) V) error {
	limit, skip, err := web.Page(r, 100, 1000)
	if err != nil {
		return err
	}
	views := []V{}
	for _, one := range all[min(skip, len(all)):min(skip+limit, len(all))] {
		views = append(views, view(one))
	}
	return web.Respond(w, http.StatusOK, map[string]any{"data": views, "total": len(all)})
}

func (h Handler) list(w http.ResponseWriter, r *http.Request) error {
	all, err := h.Models.List(r.Context())
	if err != nil {
		return err
	}
	return list(w, r, all, view)
}

// answer responds with a configuration as it is now.
func answer(w http.ResponseWriter, status int, c llm.Config, err error) error {
	if err != nil {
		return err
	}
	return web.Respond(w, status, view(c))
}

// named is the configuration's id; the path cannot name the default by leaving
// it out.
func named(r *http.Request) string { return r.PathValue("llm_id") }

func (h Handler) create(w http.ResponseWriter, r *http.Request) error {
	ch, err := readConfig(w, r, "name", "provider", "model")
	if err != nil {
		return err
	}
	c, err := h.Models.Create(r.Context(), ch)
	return answer(w, http.StatusCreated, c, err)
}

func (h Handler) get(w http.ResponseWriter, r *http.Request) error {
	c, err := h.Models.Get(r.Context(), named(r))
	return answer(w, http.StatusOK, c, err)
}

func (h Handler) update(w http.ResponseWriter, r *http.Request) error {
	ch, err := readConfig(w, r)
	if err != nil {
		return err
	}
	c, err := h.Models.Update(r.Context(), named(r), ch)
	return answer(w, http.StatusOK, c, err)
}

func (h Handler) delete(w http.ResponseWriter, r *http.Request) error {
	if err := h.Models.Delete(r.Context(), named(r)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// test asks the model. That it does not answer is what the test found, and no
// failure of the request.
func (h Handler) test(w http.ResponseWriter, r *http.Request) error {
	t, err := h.Models.Test(r.Context(), named(r))
	if err != nil {
		return err
	}
	return web.Respond(w, http.StatusOK, map[string]any{
		"ok": t.OK, "calls_tools": t.CallsTools, "message": t.Message, "ms": t.Took.Milliseconds(), "tokens_in": t.TokensIn, "tokens_out": t.TokensOut,
	})
}
