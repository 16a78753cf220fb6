// Package console is the door for people, under /admin: signing in, OAuth
// client applications, signing keys, data products and the record. Pages are
// rendered on the server, work without JavaScript and load nothing from
// elsewhere.
//
// A page cannot be reached without signing in, nor shown to a role that lacks
// its scope, by construction: its handler takes a *visit, which only the guard
// makes. A console route without a row in pages or open does not exist.
package console

import (
	"context"
	"net/http"
	"strings"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/server/web"
)

// Handler is the console.
type Handler struct {
	PublicURL string // decides the cookies' flags and is what the curl calls name
	Version   string // shown at the foot of each page
	People    People
	Guard     Guard
	Clients   Clients
	Keys      Keys
	Products  Products
	Markets   Markets
	Groups    Groups
	Models    Models
	Audit     Audit

	// cross refuses requests that another site's page made.
	cross *http.CrossOriginProtection
}

// People is who may sign in.
type People interface {
	HasAdmin(ctx context.Context) (bool, error)
	SetupOpen(ctx context.Context, token secret.Secret) error
	CompleteSetup(ctx context.Context, token secret.Secret, username string, password secret.Secret) (auth.User, error)
	ResetUser(ctx context.Context, token secret.Secret) (auth.User, error)
	CompleteReset(ctx context.Context, token, password secret.Secret) (auth.User, error)
	SignIn(ctx context.Context, username string, password secret.Secret, address string) (auth.Session, error)
	SignOut(ctx context.Context, cookie secret.Secret) error
	Session(ctx context.Context, cookie secret.Secret) (auth.Caller, error)
	ChangePassword(ctx context.Context, cookie, old, next secret.Secret) error
}

// Guard decides what a role may see and do; the same as the one of the API.
type Guard interface {
	Permit(ctx context.Context, c auth.Caller, s auth.Scope) error
	Refused(ctx context.Context, c auth.Caller, route string, err error) error
}

// Clients are the OAuth client applications.
type Clients interface {
	List(ctx context.Context) ([]auth.Client, error)
	Get(ctx context.Context, id auth.ClientID) (auth.Client, error)
	Create(ctx context.Context, n auth.NewClient) (auth.Client, secret.Secret, error)
	Update(ctx context.Context, id auth.ClientID, ch auth.ClientChange) (auth.Client, error)
	Rotate(ctx context.Context, id auth.ClientID) (auth.Client, secret.Secret, error)
	Revoke(ctx context.Context, id auth.ClientID) error
	Delete(ctx context.Context, id auth.ClientID) error
}

// Keys are the keys that sign access tokens.
type Keys interface {
	List(ctx context.Context) ([]auth.KeyInfo, error)
	Rotate(ctx context.Context) (kid string, err error)
	Burn(ctx context.Context, kid string) (auth.Burned, error)
}

// Products are the data products the caller may see, and who they are shared
// with.
type Products interface {
	Products(ctx context.Context, c auth.Caller) ([]product.Product, error)
	Product(ctx context.Context, c auth.Caller, id, version string) (product.Product, error)
	Grants(ctx context.Context, c auth.Caller, id string) ([]product.Grant, error)
	Grant(ctx context.Context, c auth.Caller, g product.Grant) error
	Revoke(ctx context.Context, c auth.Caller, g product.Grant) error
}

// Audit reads the record.
type Audit interface {
	// Latest gives the newest events that match, newest first.
	Latest(ctx context.Context, f AuditFilter) ([]audit.Event, error)
	// Trail gives what belongs to a record or request, oldest first.
	Trail(ctx context.Context, id string) ([]audit.Event, error)
}

// AuditFilter selects events; empty fields select all.
type AuditFilter struct {
	Kind      string // exact, or a prefix ending in "."
	Actor     string
	Product   string
	RequestID string
	Before    string // an event's id: only older ones
	Limit     int
}

// page is a page for people who are signed in.
type page struct {
	method string
	path   string
	needs  auth.Scope
	handle func(*visit) error
}

// section is the entry of the navigation that the page is under.
func (p page) section() string {
	section, _, _ := strings.Cut(strings.TrimPrefix(p.path, "/admin/"), "/")
	return section
}

func (h *Handler) pages() []page {
	return append(h.modelPages(), []page{
		{"GET", "/admin/", auth.ScopeProfile, h.overview},
		{"GET", "/admin/account/", auth.ScopeProfile, h.account},
		{"POST", "/admin/account/password/", auth.ScopeProfile, h.changePassword},
		{"POST", "/admin/sign-out/", auth.ScopeProfile, h.signOut},

		{"GET", "/admin/auth/", auth.ScopeClients, h.clients},
		{"GET", "/admin/auth/clients/new/", auth.ScopeClients, h.newClient},
		{"POST", "/admin/auth/clients/new/", auth.ScopeClients, h.createClient},
		{"GET", "/admin/auth/clients/{id}/", auth.ScopeClients, h.client},
		{"POST", "/admin/auth/clients/{id}/", auth.ScopeClients, h.updateClient},
		{"GET", "/admin/auth/clients/{id}/rotate/", auth.ScopeClients, h.confirmRotate},
		{"POST", "/admin/auth/clients/{id}/rotate/", auth.ScopeClients, h.rotateClient},
		{"GET", "/admin/auth/clients/{id}/revoke/", auth.ScopeClients, h.confirmRevoke},
		{"POST", "/admin/auth/clients/{id}/revoke/", auth.ScopeClients, h.revokeClient},
		{"GET", "/admin/auth/clients/{id}/delete/", auth.ScopeClients, h.confirmDelete},
		{"POST", "/admin/auth/clients/{id}/delete/", auth.ScopeClients, h.deleteClient},
		{"GET", "/admin/auth/keys/rotate/", auth.ScopeKeys, h.confirmRotateKey},
		{"POST", "/admin/auth/keys/rotate/", auth.ScopeKeys, h.rotateKey},
		{"GET", "/admin/auth/keys/{kid}/burn/", auth.ScopeKeys, h.confirmBurnKey},
		{"POST", "/admin/auth/keys/{kid}/burn/", auth.ScopeKeys, h.burnKey},

		{"GET", "/admin/products/", auth.ScopeProductsRead, h.products},
		{"GET", "/admin/products/{id}/", auth.ScopeProductsRead, h.product},
		{"POST", "/admin/products/{id}/grants/", auth.ScopeProductsWrite, h.grant},
		{"POST", "/admin/products/{id}/grants/remove/", auth.ScopeProductsWrite, h.revokeGrant},

		{"GET", "/admin/marketplaces/", auth.ScopeProductsRead, h.markets},
		{"GET", "/admin/marketplaces/{id}/", auth.ScopeProductsRead, h.market},

		{"GET", "/admin/audit/", auth.ScopeAudit, h.auditList},
		{"GET", "/admin/audit/{id}/", auth.ScopeAudit, h.auditRecord},

		// Everything else under /admin: sign in first, then it is not there.
		{"", "/admin/{rest...}", auth.ScopeProfile, h.missing},
	}...)
}

// open is what can be reached without signing in; nothing else can.
func (h *Handler) open() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/admin/sign-in/", Handle: h.signInForm},
		{Method: "POST", Path: "/admin/sign-in/", Handle: h.signIn},
		{Method: "GET", Path: "/admin/setup/{token}/", Handle: h.setupForm},
		{Method: "POST", Path: "/admin/setup/{token}/", Handle: h.setup},
		{Method: "GET", Path: "/admin/reset/{token}/", Handle: h.resetForm},
		{Method: "POST", Path: "/admin/reset/{token}/", Handle: h.reset},
		{Method: "GET", Path: "/admin/static/{file}", Handle: static},
	}
}

// Routes lists what the console serves.
func (h *Handler) Routes() []web.Route {
	h.cross = http.NewCrossOriginProtection()
	// The browser names the public URL as its origin also where a proxy sends
	// another Host. An address that is no origin is the start-up check's to
	// refuse; here it only means that nothing is trusted beyond the Host.
	_ = h.cross.AddTrustedOrigin(strings.TrimSuffix(h.PublicURL, "/"))
	var routes []web.Route
	for _, p := range h.pages() {
		routes = append(routes, web.Route{Method: p.method, Path: p.path, Scope: web.Session, Errors: web.PageErrors, Handle: h.secure(h.guard(p))})
	}
	for _, r := range h.open() {
		r.Scope, r.Errors, r.Handle = web.Public, web.PageErrors, h.secure(r.Handle)
		routes = append(routes, r)
	}
	return routes
}
