// Package oauth is door 1: where machines get tokens, ask about them and give
// them back, and where others read the keys and what this server can do.
// Secrets come in the body or by HTTP Basic, never in a URL.
package oauth

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/server/web"
)

// Tokens is what the door needs of auth.
type Tokens interface {
	Issue(ctx context.Context, r auth.TokenRequest) (auth.Token, error)
	Introspect(ctx context.Context, id auth.ClientID, s secret.Secret, token string) (auth.Claims, bool, error)
	Revoke(ctx context.Context, id auth.ClientID, s secret.Secret, token string) error
	JWKS(ctx context.Context) ([]byte, error)
}

// Handler serves the door.
type Handler struct {
	Tokens    Tokens
	PublicURL string // the issuer, without a final slash
}

// Routes lists what it serves.
func (h Handler) Routes() []web.Route {
	route := func(method, path string, handle web.Handler) web.Route {
		return web.Route{Method: method, Path: path, Scope: web.Public, Errors: web.OAuthErrors, Handle: handle}
	}
	return []web.Route{
		route("POST", "/oauth/v2/token/", h.token),
		route("POST", "/oauth/v2/introspect/", h.introspect),
		route("POST", "/oauth/v2/revoke/", h.revoke),
		route("GET", "/oauth/v2/.well-known/jwks.json/", h.jwks),
		route("GET", "/oauth/v1/authorize/", h.authorize),
		route("GET", "/.well-known/oauth-authorization-server", h.serverMetadata),
		route("GET", "/.well-known/oauth-protected-resource", h.resourceMetadata("")),
		route("GET", "/.well-known/oauth-protected-resource/ai/mcp", h.resourceMetadata(auth.MCPPath)),
	}
}

// uncached marks an answer that holds a secret, or says what one is worth.
func uncached(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
}

type tokenView struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"`
	Scope       string `json:"scope"`
	CreatedAt   int64  `json:"created_at"`
}

func (h Handler) token(w http.ResponseWriter, r *http.Request) error {
	uncached(w)
	f, err := readForm(w, r)
	if err != nil {
		return err
	}
	switch grant := f.Get("grant_type"); grant {
	case "client_credentials":
	case "":
		return fault.New(fault.Invalid, "grant_type is missing")
	default:
		return fault.New(fault.Invalid, "this server grants client_credentials only").Coded(0, "unsupported_grant_type")
	}
	id, s, err := f.client(w)
	if err != nil {
		return err
	}
	t, err := h.Tokens.Issue(r.Context(), auth.TokenRequest{ClientID: id, Secret: s, Scope: f.Get("scope"), Resources: f.Values["resource"]})
	if err != nil {
		return f.refused(w, err)
	}
	web.Note(r.Context(), "caller", "client:"+string(id))
	return web.Respond(w, http.StatusOK, tokenView{
		AccessToken: t.Access.Reveal(), TokenType: "Bearer", ExpiresIn: int64(t.ExpiresIn / time.Second), Scope: t.Scope, CreatedAt: t.CreatedAt.Unix(),
	})
}

type introspection struct {
	Active    bool     `json:"active"`
	ClientID  string   `json:"client_id,omitempty"`
	Subject   string   `json:"sub,omitempty"`
	Issuer    string   `json:"iss,omitempty"`
	Audience  []string `json:"aud,omitempty"`
	Expires   int64    `json:"exp,omitempty"`
	IssuedAt  int64    `json:"iat,omitempty"`
	NotBefore int64    `json:"nbf,omitempty"`
	ID        string   `json:"jti,omitempty"`
	TokenType string   `json:"token_type,omitempty"`
	Scope     string   `json:"scope,omitempty"`
	Role      string   `json:"role,omitempty"`
}

func (h Handler) introspect(w http.ResponseWriter, r *http.Request) error {
	uncached(w)
	f, id, s, err := tokenForm(w, r)
	if err != nil {
		return err
	}
	c, active, err := h.Tokens.Introspect(r.Context(), id, s, f.Get("token"))
	if err != nil {
		return f.refused(w, err)
	}
	web.Note(r.Context(), "caller", "client:"+string(id))
	if !active {
		return web.Respond(w, http.StatusOK, introspection{})
	}
	return web.Respond(w, http.StatusOK, introspection{
		Active: true, ClientID: string(c.ClientID), Subject: c.Subject, Issuer: c.Issuer, Audience: c.Audience,
		Expires: c.Expires, IssuedAt: c.IssuedAt, NotBefore: c.NotBefore, ID: c.ID, TokenType: "Bearer", Scope: c.Scope, Role: string(c.Role),
	})
}

func (h Handler) revoke(w http.ResponseWriter, r *http.Request) error {
	uncached(w)
	f, id, s, err := tokenForm(w, r)
	if err != nil {
		return err
	}
	if err := h.Tokens.Revoke(r.Context(), id, s, f.Get("token")); err != nil {
		return f.refused(w, err)
	}
	web.Note(r.Context(), "caller", "client:"+string(id))
	w.WriteHeader(http.StatusOK)
	return nil
}

// tokenForm reads the form of introspection and revocation.
func tokenForm(w http.ResponseWriter, r *http.Request) (form, auth.ClientID, secret.Secret, error) {
	f, err := readForm(w, r)
	if err != nil {
		return form{}, "", secret.Secret{}, err
	}
	if f.Get("token") == "" {
		return form{}, "", secret.Secret{}, fault.New(fault.Invalid, "token is missing")
	}
	id, s, err := f.client(w)
	return f, id, s, err
}

func (h Handler) jwks(w http.ResponseWriter, r *http.Request) error {
	b, err := h.Tokens.JWKS(r.Context())
	if err != nil {
		return err
	}
	public(w)
	w.Header().Set("Content-Type", "application/jwk-set+json")
	_, _ = w.Write(b) // the client is gone; the request event has the status
	return nil
}

// public marks an answer that anybody may keep for as long as a new key waits
// before it signs.
func public(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "public, max-age="+strconv.Itoa(int(auth.JWKSAge.Seconds())))
}

// authorize says that people cannot sign in to other programs here yet. The
// endpoint is there since MCP clients refuse server metadata that names none.
func (h Handler) authorize(w http.ResponseWriter, _ *http.Request) error {
	uncached(w)
	return fault.New(fault.Invalid, "this server issues tokens to machines only (client_credentials at /oauth/v2/token/)").Coded(0, "unsupported_response_type")
}
