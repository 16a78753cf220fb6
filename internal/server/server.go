// Package server is the HTTP server: which doors it has, in which order a
// request passes the layers, and the limits of a connection. web.Mux does what
// each request needs; here is the list of what is served.
package server

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/server/web"
)

// Limits of a connection. Bodies are limited where they are read, and answers
// have no deadline, since results stream for as long as the query may run.
const (
	headerTimeout = 10 * time.Second
	bodyTimeout   = 60 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 32 << 10
)

// Health is what readiness asks.
type Health struct {
	Ready   func(context.Context) error // nil when requests can be served
	Metrics http.Handler
}

// Routes are the operational routes.
func (h Health) Routes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/healthz", Scope: web.Public, Untraced: true, Handle: h.live},
		{Method: "GET", Path: "/readyz", Scope: web.Public, Untraced: true, Handle: h.ready},
		{Method: "GET", Path: "/metrics", Scope: web.Public, Untraced: true, Handle: h.metrics},
	}
}

func (h Health) live(w http.ResponseWriter, _ *http.Request) error {
	return web.Respond(w, http.StatusOK, map[string]string{"status": "ok"})
}

func (h Health) ready(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := h.Ready(ctx); err != nil {
		return fault.Because(err, fault.Unavailable, "not ready: %s", web.Message(err))
	}
	return web.Respond(w, http.StatusOK, map[string]string{"status": "ready"})
}

// metrics answers this machine only: a scraper elsewhere reads the listener of
// --metrics-listen, which the operator places in a network of their own.
func (h Health) metrics(w http.ResponseWriter, r *http.Request) error {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !peer.Addr().Unmap().IsLoopback() || r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" {
		return fault.New(fault.NotFound, "metrics are served to this machine only; see --metrics-listen")
	}
	h.Metrics.ServeHTTP(w, r)
	return nil
}

// Mount registers every door's routes, in order.
func Mount(mux *web.Mux, doors ...[]web.Route) error {
	for _, d := range doors {
		if err := mux.Add(d...); err != nil {
			return err
		}
	}
	return nil
}

// HTTP makes the server around a handler.
func HTTP(h http.Handler) *http.Server {
	return &http.Server{
		Handler: bounded(h), ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
	}
}

// bounded gives a slow body a deadline of its own. A server-wide ReadTimeout
// would also end the reads with which net/http notices a client that hung up
// during a long answer.
func bounded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.ContentLength != 0 {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
			r.Body = &deadlineBody{ReadCloser: r.Body, w: w}
		}
		h.ServeHTTP(w, r)
	})
}

// Listen opens the address; its error says what to do.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w (is another server running there? --listen takes another address)", addr, err)
	}
	return l, nil
}
