package rest

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/server/web"
)

// ClientAdmin is what the clients' routes need of auth.
type ClientAdmin interface {
	Create(ctx context.Context, n auth.NewClient) (auth.Client, secret.Secret, error)
	Get(ctx context.Context, id auth.ClientID) (auth.Client, error)
	List(ctx context.Context) ([]auth.Client, error)
	Update(ctx context.Context, id auth.ClientID, ch auth.ClientChange) (auth.Client, error)
	Rotate(ctx context.Context, id auth.ClientID) (auth.Client, secret.Secret, error)
	Revoke(ctx context.Context, id auth.ClientID) error
	Delete(ctx context.Context, id auth.ClientID) error
}

// Clients serves the administration of OAuth clients.
type Clients struct{ Clients ClientAdmin }

const clientsPath = "/integration/core/v1/oauth/clients/"

// Routes lists what it serves.
func (h Clients) Routes() []web.Route {
	route := func(method, path string, handle web.Handler) web.Route {
		return web.Route{Method: method, Path: clientsPath + path, Scope: auth.ScopeClients, Errors: web.ProblemErrors, Handle: handle}
	}
	return []web.Route{
		route("POST", "", h.create),
		route("GET", "", h.list),
		route("GET", "{client_id}/", h.get),
		route("PATCH", "{client_id}/", h.update),
		route("DELETE", "{client_id}/", h.delete),
		route("POST", "{client_id}/rotate-secret/", h.rotate),
		route("POST", "{client_id}/revoke-tokens/", h.revoke),
	}
}

// clientInput takes the names that the field of an access token's duration has
// had in the API's history.
type clientInput struct {
	Name         *string   `json:"name"`
	GrantTypes   *[]string `json:"grant_types"`
	Role         *string   `json:"role"`
	Expiry       *int64    `json:"access_token_expiry"`
	Lifetime     *int64    `json:"access_token_lifetime"`
	Duration     *int64    `json:"access_token_duration"`
	SingleActive *bool     `json:"single_active_token"`
	Disabled     *bool     `json:"disabled"`
	PerMinute    *int      `json:"queries_per_minute"`
	InFlight     *int      `json:"queries_in_flight"`

	// Of clients that people sign in through, which do not exist here yet.
	ClientType   json.RawMessage `json:"client_type"`
	RedirectURIs json.RawMessage `json:"redirect_uris"`
	Refresh      json.RawMessage `json:"refresh_token_expiry"`
	RefreshOld   json.RawMessage `json:"refresh_token_lifetime"`
	PKCE         json.RawMessage `json:"pkce_required"`
	PKCEOld      json.RawMessage `json:"pkce_enabled"`
}

const grantClientCredentials = "client_credentials"

// machine refuses a client that is not of the one kind there is.
func (in clientInput) machine() error {
	const only = `only clients with grant_types ["client_credentials"] exist so far`
	if g := in.GrantTypes; g != nil && (len(*g) != 1 || (*g)[0] != grantClientCredentials) {
		return fault.BadField("grant_types", "not_supported", only)
	}
	for name, v := range map[string]json.RawMessage{
		"redirect_uris": in.RedirectURIs, "refresh_token_expiry": in.Refresh, "refresh_token_lifetime": in.RefreshOld,
		"pkce_required": in.PKCE, "pkce_enabled": in.PKCEOld,
	} {
		if s := string(v); s != "" && s != "null" && s != "[]" && s != "false" {
			return fault.BadField(name, "not_supported", only)
		}
	}
	if s := string(in.ClientType); s != "" && s != "null" && s != `"confidential"` {
		return fault.BadField("client_type", "not_supported", "a machine's client is confidential; "+only)
	}
	return nil
}

// duration reads the one spelling that was sent; nil when none was.
func (in clientInput) duration() (*time.Duration, error) {
	var got *int64
	for _, v := range []*int64{in.Expiry, in.Lifetime, in.Duration} {
		if v == nil {
			continue
		}
		if got != nil && *got != *v {
			return nil, fault.BadField("access_token_expiry", "ambiguous", "given twice, and differently")
		}
		got = v
	}
	if got == nil {
		return nil, nil
	}
	if *got < 1 || *got > int64(auth.MaxDuration/time.Second) { // before a multiplication could overflow
		return nil, fault.BadField("access_token_expiry", "int_range", "whole seconds from %d to %d", int64(auth.MinDuration/time.Second), int64(auth.MaxDuration/time.Second))
	}
	d := time.Duration(*got) * time.Second
	return &d, nil
}

type clientView struct {
	ClientID     string   `json:"client_id"`
	ClientSecret string   `json:"client_secret,omitempty"`
	Name         string   `json:"name"`
	Role         string   `json:"role"`
	Expiry       int64    `json:"access_token_expiry"`
	Duration     int64    `json:"access_token_duration"`
	GrantTypes   []string `json:"grant_types"`
	ClientType   string   `json:"client_type"`
	SingleActive bool     `json:"single_active_token"`
	Disabled     bool     `json:"disabled"`
	PerMinute    int      `json:"queries_per_minute,omitempty"` // 0 is no limit
	InFlight     int      `json:"queries_in_flight,omitempty"`
	SystemUser   int64    `json:"system_user_id"`
	CreatedAt    string   `json:"created_at"`
	UpdatedAt    string   `json:"updated_at"`
	RotatedAt    string   `json:"secret_rotated_at"`
}

func viewClient(c auth.Client, s secret.Secret) clientView {
	seconds := int64(c.Duration / time.Second)
	stamp := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	return clientView{
		ClientID: string(c.ID), ClientSecret: s.Reveal(), Name: c.Name, Role: string(c.Role), Expiry: seconds, Duration: seconds,
		GrantTypes: []string{grantClientCredentials}, ClientType: "confidential", SingleActive: c.SingleActive, Disabled: c.Disabled,
		PerMinute: c.Limits.PerMinute, InFlight: c.Limits.InFlight,
		SystemUser: c.UserID, CreatedAt: stamp(c.CreatedAt), UpdatedAt: stamp(c.UpdatedAt), RotatedAt: stamp(c.RotatedAt),
	}
}

func (h Clients) create(w http.ResponseWriter, r *http.Request) error {
	var in clientInput
	if err := web.Decode(w, r, &in); err != nil {
		return err
	}
	if err := in.machine(); err != nil {
		return err
	}
	n := auth.NewClient{}
	if in.Name != nil {
		n.Name = *in.Name
	}
	if in.Role == nil {
		return fault.Missing("role")
	}
	var err error
	if n.Role, err = auth.ParseRole(*in.Role); err != nil {
		return err
	}
	d, err := in.duration()
	if err != nil {
		return err
	}
	if d != nil {
		n.Duration = *d
	}
	n.SingleActive = in.SingleActive != nil && *in.SingleActive
	if in.PerMinute != nil {
		n.Limits.PerMinute = *in.PerMinute
	}
	if in.InFlight != nil {
		n.Limits.InFlight = *in.InFlight
	}
	c, s, err := h.Clients.Create(r.Context(), n)
	if err != nil {
		return err
	}
	w.Header().Set("Location", clientsPath+string(c.ID)+"/")
	return web.Respond(w, http.StatusCreated, viewClient(c, s))
}

func (h Clients) list(w http.ResponseWriter, r *http.Request) error {
	limit, skip, err := web.Page(r, 100, 1000)
	if err != nil {
		return err
	}
	all, err := h.Clients.List(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("X-Total-Count", strconv.Itoa(len(all)))
	out := []clientView{}
	for i, c := range all {
		if i >= skip && len(out) < limit {
			out = append(out, viewClient(c, secret.Secret{}))
		}
	}
	return web.Respond(w, http.StatusOK, out)
}

func clientID(r *http.Request) auth.ClientID { return auth.ClientID(r.PathValue("client_id")) }

func (h Clients) get(w http.ResponseWriter, r *http.Request) error {
	c, err := h.Clients.Get(r.Context(), clientID(r))
	if err != nil {
		return err
	}
	return web.Respond(w, http.StatusOK, viewClient(c, secret.Secret{}))
}

func (h Clients) update(w http.ResponseWriter, r *http.Request) error {
	var in clientInput
	if err := web.Decode(w, r, &in); err != nil {
		return err
	}
	if err := in.machine(); err != nil {
		return err
	}
	if in.Name != nil {
		return fault.BadField("name", "not_supported", "a client's name does not change; make a new client")
	}
	ch := auth.ClientChange{SingleActive: in.SingleActive, Disabled: in.Disabled, PerMinute: in.PerMinute, InFlight: in.InFlight}
	if in.Role != nil {
		role, err := auth.ParseRole(*in.Role)
		if err != nil {
			return err
		}
		ch.Role = &role
	}
	var err error
	if ch.Duration, err = in.duration(); err != nil {
		return err
	}
	c, err := h.Clients.Update(r.Context(), clientID(r), ch)
	if err != nil {
		return err
	}
	return web.Respond(w, http.StatusOK, viewClient(c, secret.Secret{}))
}

func (h Clients) rotate(w http.ResponseWriter, r *http.Request) error {
	c, s, err := h.Clients.Rotate(r.Context(), clientID(r))
	if err != nil {
		return err
	}
	return web.Respond(w, http.StatusOK, viewClient(c, s))
}

func (h Clients) revoke(w http.ResponseWriter, r *http.Request) error {
	if err := h.Clients.Revoke(r.Context(), clientID(r)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (h Clients) delete(w http.ResponseWriter, r *http.Request) error {
	if err := h.Clients.Delete(r.Context(), clientID(r)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
