package agent_test

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/postern/postern/internal/agent/wire"
	"github.com/postern/postern/internal/secret"
)

// piped is a network in memory with one server on it. In a synctest bubble its
// time is the bubble's: what takes a day there is over at once.
type piped struct {
	conns  chan net.Conn
	closed chan struct{}
	deaf   bool  // nobody answers
	fails  error // of each dial

	mu     sync.Mutex
	dialed []string // addresses
}

// modelHost is where the model is configured to be.
const modelHost = "models.example.com:80"

// pipeTo serves h, and gives the endpoint of a client of it.
func pipeTo(t *testing.T, h http.Handler) (wire.Endpoint, *piped) {
	t.Helper()
	p := &piped{conns: make(chan net.Conn), closed: make(chan struct{})}
	srv := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = srv.Serve(p) // until it is closed
	}()
	base := &url.URL{Scheme: "http", Host: "models.example.com"}
	client := wire.Client(base, p.dial)
	t.Cleanup(func() {
		client.CloseIdleConnections()
		_ = srv.Close()
		<-served
	})
	return wire.Endpoint{HTTP: client, Base: base.String(), Key: secret.New(modelKey)}, p
}

func (p *piped) dial(ctx context.Context, _, address string) (net.Conn, error) {
	p.mu.Lock()
	p.dialed = append(p.dialed, address)
	p.mu.Unlock()
	if p.deaf {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if p.fails != nil {
		return nil, p.fails
	}
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// elsewhere are the addresses that were dialed beside the configured one.
func (p *piped) elsewhere() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.dialed), func(a string) bool { return a == modelHost })
}

// Accept implements net.Listener.
func (p *piped) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p *piped) Close() error {
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	return nil
}

// Addr implements net.Listener.
func (p *piped) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }
