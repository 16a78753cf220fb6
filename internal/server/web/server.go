package web

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
)

// Guard verifies tokens and decides scopes. run.go passes it in.
type Guard interface {
	// Verify gives the caller of a token that is good for the resource (an
	// absolute URI), or an Unauthenticated fault.
	Verify(ctx context.Context, token, resource string) (auth.Caller, error)
	// Permit decides whether the caller's role and token allow the scope.
	Permit(ctx context.Context, c auth.Caller, s auth.Scope) error
	// Refused records a request that Permit refused.
	Refused(ctx context.Context, c auth.Caller, route string, err error) error
}

// Mux serves routes: it gives each request an id, finds its caller, checks the
// route's scope, turns errors into bodies and leaves one log line.
type Mux struct {
	PublicURL string // the issuer, without a final slash
	Guard     Guard
	Log       *slog.Logger
	Proxies   []netip.Prefix                                     // who may say X-Forwarded-For
	Observe   func(route string, status int, took time.Duration) // metrics; may be nil
	Tracer    trace.Tracer                                       // nil traces nothing

	mux      *http.ServeMux
	routes   []Route
	untraced map[string]bool      // patterns
	place    []attribute.KeyValue // where the server is
}

// Add registers routes; a route without scope or handler is an error.
func (m *Mux) Add(routes ...Route) error {
	if m.mux == nil {
		m.mux, m.untraced, m.place = http.NewServeMux(), map[string]bool{}, placed(m.PublicURL)
	}
	for _, r := range routes {
		if err := r.check(); err != nil {
			return err
		}
		for _, p := range r.patterns() {
			m.mux.Handle(p, m.serve(r))
			m.untraced[p] = r.Untraced
		}
		m.routes = append(m.routes, r)
	}
	return nil
}

// Routes lists what is served, for tests and documents.
func (m *Mux) Routes() []Route { return m.routes }

// visit is a request under way. It is kept here and not on the stack: streams
// wait for minutes on what is beneath them.
type visit struct {
	m       *Mux
	w       *writer
	r       *http.Request // with the context that the handler gets
	event   *Event
	handler http.Handler // where no route serves the path
	pattern string
	start   time.Time
	traced  func(status int, whole bool)
	whole   bool // the handler came to its end
}

// ServeHTTP implements http.Handler.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := m.arrive(w, r)
	defer v.leave()
	if v.pattern == "" {
		m.unknown(v.w, v.r, v.handler)
	} else {
		m.mux.ServeHTTP(v.w, v.r)
	}
	v.whole = true
}

func (m *Mux) arrive(w http.ResponseWriter, r *http.Request) *visit {
	v := &visit{m: m, w: &writer{ResponseWriter: w}, start: time.Now()}
	id := rand.Text()
	v.w.Header().Set("X-Request-Id", id)
	ctx, event := withEvent(auth.WithRequestID(r.Context(), id))
	ctx = auth.WithCaller(ctx, auth.Caller{Address: ClientAddress(r, m.Proxies)})
	v.event = event
	v.handler, v.pattern = m.mux.Handler(r)
	ctx, v.traced = m.trace(ctx, r, v.pattern, v.start)
	v.r = r.WithContext(ctx)
	return v
}

// leave is deferred: it catches the handler's panic.
func (v *visit) leave() {
	defer func() { v.traced(v.w.said(), v.whole) }()
	ctx := v.r.Context()
	if p := recover(); p != nil && p != http.ErrAbortHandler {
		v.m.Log.ErrorContext(ctx, "panic", "request_id", auth.RequestID(ctx), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		v.m.abort(v.w, v.r, v.pattern)
	} else if p != nil {
		v.m.finish(ctx, v.r, v.event, v.w, v.pattern, v.start)
		panic(p)
	}
	v.m.finish(ctx, v.r, v.event, v.w, v.pattern, v.start)
}

// abort ends a request whose handler panicked: with an error body when nothing
// was sent yet, else by breaking the connection, never by a short clean end.
func (m *Mux) abort(w *writer, r *http.Request, pattern string) {
	if w.status != 0 {
		m.Log.Error("answer broken off after a panic", "route", pattern)
		panic(http.ErrAbortHandler)
	}
	WriteError(w, r, styleOf(r.URL.Path), fmt.Errorf("panic in %s", pattern))
}

func (m *Mux) finish(ctx context.Context, r *http.Request, e *Event, w *writer, pattern string, start time.Time) {
	took := time.Since(start)
	status := w.said()
	if m.Observe != nil {
		m.Observe(pattern, status, took)
	}
	attrs := append([]slog.Attr{
		slog.String("request_id", auth.RequestID(ctx)), slog.String("method", r.Method), slog.String("route", pattern),
		slog.Int("status", status), slog.Float64("ms", float64(took.Microseconds())/1000), slog.Int64("bytes", w.bytes),
		slog.String("address", auth.CallerFrom(ctx).Address),
	}, e.take()...)
	if sc := trace.SpanContextFromContext(ctx); sc.IsSampled() {
		attrs = append(attrs, slog.String("trace_id", sc.TraceID().String()))
	}
	level := slog.LevelInfo
	if status >= 500 {
		level = slog.LevelError
	}
	m.Log.LogAttrs(ctx, level, "request", attrs...)
}

// styleOf guesses the error style of a path that no route serves.
func styleOf(path string) ErrorStyle {
	switch {
	case strings.HasPrefix(path, "/ai/api/"):
		return DetailErrors
	case strings.HasPrefix(path, "/oauth/"):
		return OAuthErrors
	case strings.HasPrefix(path, "/admin"):
		return PageErrors
	}
	return ProblemErrors
}

// unknown answers what the mux has no route for: 404 or 405, in the path's own
// error style instead of the mux's plain text.
func (m *Mux) unknown(w *writer, r *http.Request, h http.Handler) {
	probe := &probeWriter{header: http.Header{}}
	h.ServeHTTP(probe, r)
	err := fault.New(fault.NotFound, "there is nothing at this path")
	if probe.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", probe.header.Get("Allow"))
		err = WithStatus(fault.New(fault.Invalid, "%s is not allowed here; allowed: %s", r.Method, probe.header.Get("Allow")), http.StatusMethodNotAllowed)
	}
	WriteError(w, r, styleOf(r.URL.Path), err)
}

type probeWriter struct {
	header http.Header
	status int
}

func (p *probeWriter) Header() http.Header         { return p.header }
func (p *probeWriter) Write(b []byte) (int, error) { return len(b), nil }
func (p *probeWriter) WriteHeader(s int)           { p.status = s }

// serve wraps a route: caller, scope, handler, error.
func (m *Mux) serve(route Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r, err := m.admit(w, r, route)
		if err == nil {
			err = route.Handle(w, r)
		}
		if err == nil {
			return
		}
		NoteFault(r.Context(), err)
		if ww, ok := w.(*writer); ok && ww.status != 0 {
			panic(http.ErrAbortHandler) // a broken stream must not look like a finished one
		}
		m.challenge(w, route, r, err)
		WriteError(w, r, route.Errors, err)
	})
}

// admit finds the caller and checks the route's scope.
func (m *Mux) admit(w http.ResponseWriter, r *http.Request, route Route) (*http.Request, error) {
	if route.Scope == Public || route.Scope == Session {
		return r, nil
	}
	w.Header().Set("Cache-Control", "no-store")
	token, err := Token(r)
	if err != nil {
		return r, err
	}
	c, err := m.Guard.Verify(r.Context(), token, m.PublicURL+route.Resource)
	if err != nil {
		return r, err
	}
	c.Address = auth.CallerFrom(r.Context()).Address
	r = r.WithContext(auth.WithCaller(r.Context(), c))
	Note(r.Context(), "caller", c.Subject())
	trace.SpanFromContext(r.Context()).SetAttributes(attrCaller.String(c.Subject()))
	if err := m.Guard.Permit(r.Context(), c, route.Scope); err != nil {
		if aerr := m.Guard.Refused(r.Context(), c, route.Method+" "+route.Path, err); aerr != nil {
			return r, aerr
		}
		return r, err
	}
	return r, nil
}

// errNoToken is told apart from a bad token: RFC 6750 section 3.1 wants no
// error code in the challenge when no token was sent.
var errNoToken = fault.New(fault.Unauthenticated, "a token is required: send Authorization: Bearer <access token>")

// challenge sets WWW-Authenticate by RFC 6750 section 3 and RFC 9728 section 5.1.
func (m *Mux) challenge(w http.ResponseWriter, route Route, r *http.Request, err error) {
	if route.Scope == Public || route.Scope == Session {
		return
	}
	c := `Bearer realm="postern", resource_metadata="` + m.PublicURL + "/.well-known/oauth-protected-resource" + resourcePath(route, r) + `"`
	switch {
	case err == errNoToken: //nolint:errorlint // the sentinel itself, set by Token
		c += `, scope="` + string(route.Scope) + `"`
	case fault.Is(err, fault.Unauthenticated):
		c += `, error="invalid_token", error_description="` + strings.ReplaceAll(Message(err), `"`, `'`) + `"`
	case fault.As(err) != nil && fault.As(err).Name == ScopeDenied:
		c += `, error="insufficient_scope", scope="` + string(route.Scope) + `"`
	default:
		return
	}
	w.Header().Set("WWW-Authenticate", c)
}

// resourcePath is the resource as the client spells it: clients compare the
// metadata's resource with the URL they called, byte for byte.
func resourcePath(route Route, r *http.Request) string {
	if strings.HasSuffix(r.URL.Path, "/") {
		return route.Resource
	}
	return strings.TrimSuffix(route.Resource, "/")
}

// ScopeDenied is the Name of a fault that Permit returns when token or role
// lacks the scope, as opposed to a Denied of the path further down.
const ScopeDenied = "insufficient_scope"

// Token reads the token from Authorization: Bearer or from Token, never from
// the query. Both present and different is refused: it would be guesswork
// which of two identities was meant.
func Token(r *http.Request) (string, error) {
	auths, tokens := r.Header.Values("Authorization"), r.Header.Values("Token")
	if len(auths) > 1 || len(tokens) > 1 {
		return "", fault.New(fault.Unauthenticated, "more than one token was sent")
	}
	bearer := ""
	if len(auths) == 1 {
		scheme, rest, _ := strings.Cut(auths[0], " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return "", fault.New(fault.Unauthenticated, "the Authorization scheme must be Bearer")
		}
		bearer = strings.TrimSpace(rest)
		if bearer == "" {
			return "", errNoToken
		}
	}
	token := ""
	if len(tokens) == 1 {
		token = strings.TrimSpace(tokens[0])
	}
	switch {
	case bearer == "" && token == "":
		return "", errNoToken
	case bearer != "" && token != "" && bearer != token:
		return "", fault.New(fault.Unauthenticated, "the Authorization and Token headers hold different tokens")
	case bearer != "":
		return bearer, nil
	}
	return token, nil
}

// ClientAddress is the peer's address, or, when the peer is a listed proxy,
// the last address in X-Forwarded-For that is not one.
func ClientAddress(r *http.Request, proxies []netip.Prefix) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	addr := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && listed(addr, proxies); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = next.Unmap()
	}
	return addr.String()
}

func listed(a netip.Addr, in []netip.Prefix) bool {
	for _, p := range in {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
