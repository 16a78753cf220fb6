// Package web is what every door shares: the route with the scope it asks for,
// decoding and answering, the bodies of errors, the token on a request, and the
// one log line a request leaves.
//
// A route without a Scope does not start, so that no door can forget who may
// call it.
package web

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/postern/postern/internal/auth"
)

// Public is the scope of a route that needs no token. It is spelled out, since
// an empty one is refused at start.
const Public auth.Scope = "public"

// Session is the scope of a console page: the console's own sign-in guards it.
const Session auth.Scope = "session"

// Handler answers a request or returns an error, never both.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Route is one thing the server serves.
type Route struct {
	Method string // "" is every method (MCP)
	Path   string // "/api/v2/auth/credentials/"; served with and without its final slash
	Scope  auth.Scope
	// Resource is the resource a token must be for, as a path under the public
	// URL; "" is the REST surface, the public URL itself.
	Resource string
	Errors   ErrorStyle
	Handle   Handler
	Untraced bool // has no span: what is asked every few seconds, by machines that look after the server
}

// ErrorStyle is the body an error gets; one a surface.
type ErrorStyle int

// The styles.
const (
	ProblemErrors ErrorStyle = iota // RFC 9457, application/problem+json
	DetailErrors                    // FastAPI's {"detail": [...]}, 422 for fields
	OAuthErrors                     // RFC 6749 section 5.2
	PageErrors                      // an HTML page, for people
)

// patterns gives the mux patterns of the route: both spellings of the path.
func (r Route) patterns() []string {
	method := r.Method
	if method != "" {
		method += " "
	}
	bare := strings.TrimSuffix(r.Path, "/")
	if strings.HasSuffix(bare, "...}") || strings.HasSuffix(r.Path, "{$}") || bare == "" {
		return []string{method + r.Path}
	}
	return []string{method + bare, method + bare + "/{$}"}
}

func (r Route) check() error {
	switch {
	case r.Scope == "":
		return fmt.Errorf("route %s %s names no scope", r.Method, r.Path)
	case r.Handle == nil:
		return fmt.Errorf("route %s %s has no handler", r.Method, r.Path)
	}
	return nil
}
