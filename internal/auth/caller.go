package auth

import (
	"context"
	"slices"
	"strings"
)

// Role is a system user role. The spelling is the wire's.
type Role string

// The seven system user roles, in the order of the published form.
const (
	ServerAdmin  Role = "server_admin"
	CatalogAdmin Role = "catalog_admin"
	SourceAdmin  Role = "source_admin"
	Composer     Role = "composer"
	Steward      Role = "steward"
	Explorer     Role = "explorer"
	Viewer       Role = "viewer"
)

// Roles lists the seven in the order of the published form.
var Roles = []Role{ServerAdmin, CatalogAdmin, SourceAdmin, Composer, Steward, Explorer, Viewer}

// Title is the role as people read it: "Server Admin".
func (r Role) Title() string {
	words := strings.Split(string(r), "_")
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, " ")
}

// Valid reports whether r is one of the seven.
func (r Role) Valid() bool { return slices.Contains(Roles, r) }

// Scope is what a token may be used for and, at the same time, the action a
// route asks of policy: a route is served when the token has the scope and the
// role's Cedar policies permit it.
type Scope string

// The scopes. ScopeAll is what a token asked for without a scope carries: all
// that the client's role permits, looked up at each request, so that a change
// of role bites on tokens already issued.
const (
	ScopeAll           Scope = "all"
	ScopeProfile       Scope = "profile"        // who am I, licence, telemetry
	ScopeProductsRead  Scope = "products:read"  // list and read data products
	ScopeProductsWrite Scope = "products:write" // create, change, delete, grant
	ScopeCredentials   Scope = "credentials"    // store and manage own warehouse credentials
	ScopeQuery         Scope = "query"          // tools, agents, SQL, MCP
	ScopeAgents        Scope = "agents:write"   // make and change custom agents
	ScopeClients       Scope = "clients"        // manage OAuth clients
	ScopeKeys          Scope = "keys"           // rotate and burn signing keys
	ScopeModels        Scope = "models"         // set which language models agents ask
	ScopeAudit         Scope = "audit"          // read the record
	ScopeReports       Scope = "reports"        // search dashboards and reports
)

// Scopes lists every scope a token may be asked for.
var Scopes = []Scope{ScopeAll, ScopeProfile, ScopeProductsRead, ScopeProductsWrite, ScopeCredentials, ScopeQuery, ScopeAgents, ScopeClients, ScopeKeys, ScopeModels, ScopeAudit, ScopeReports}

// ClientID names an OAuth client.
type ClientID string

// CallerKind says what sort of party calls.
type CallerKind string

// The kinds of caller.
const (
	Machine  CallerKind = "machine"  // an OAuth client, by its token
	Person   CallerKind = "person"   // signed in at the console
	Operator CallerKind = "operator" // the command line, on the data itself
	System   CallerKind = "system"   // Postern itself: start-up, retention
)

// Caller is who asks: made by a door from what it verified, and carried down
// the whole path.
type Caller struct {
	Kind     CallerKind
	UserID   int64    // the (system) user; 0 for Operator and System
	ClientID ClientID // Machine only
	Name     string
	Role     Role
	Scopes   []Scope
	TokenID  string      // jti
	Epoch    int64       // the client's, that the token is good for; Machine only
	KeyID    string      // that signed the token; Machine only
	Address  string      // client address, as the proxy rules allow it
	Limits   QueryLimits // Machine only
}

// Subject is the stable name under which things are owned and granted:
// "client:<id>" for machines, "user:<id>" for people.
func (c Caller) Subject() string {
	switch c.Kind {
	case Machine:
		return "client:" + string(c.ClientID)
	case Person:
		return "user:" + itoa(c.UserID)
	default:
		return string(c.Kind)
	}
}

// Has reports whether the token carries the scope; ScopeAll carries every one.
func (c Caller) Has(s Scope) bool {
	return slices.Contains(c.Scopes, ScopeAll) || slices.Contains(c.Scopes, s)
}

type ctxKey int

const (
	callerKey ctxKey = iota
	requestKey
)

// WithCaller puts the caller in the context, for the path and the record.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey, c)
}

// CallerFrom gives the caller; the zero Caller (which may do nothing) if none.
func CallerFrom(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey).(Caller)
	return c
}

// WithRequestID puts the request's id in the context; it is in the answer, the
// log line and the record.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey, id)
}

// RequestID gives the request's id, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey).(string)
	return id
}
