package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/server"
	"github.com/postern/postern/internal/warehouse/grammar/pg"
)

type serveCmd struct{ serveFlags }

// Run serves until it is interrupted.
func (s serveCmd) Run(ctx context.Context, c *terminal) error {
	cfg, err := s.check()
	if err != nil {
		return err
	}
	if cfg.model != nil {
		if p := unreached(ctx, cfg.model.Config, nil); len(p) > 0 {
			return hint(fmt.Errorf("--model-config: base_url: %s is in a private or local network", cfg.model.Host()), "say in that file that it may be reached: allow_network: ["+p[0].String()+"]")
		}
		c.progress("agents may ask the language model %s at %s", cfg.model.Model, cfg.model.Host())
	}
	if cfg.tracing != nil {
		c.progress("traces go to %s", cfg.tracing.host())
	}
	n, l, err := s.start(ctx, cfg, newLog(c.err))
	if err != nil && ctx.Err() != nil {
		return nil // interrupted before it served: nothing was left undone
	}
	if err != nil {
		return err
	}
	c.progress("postern %s serves on %s%s", version, n.mux.PublicURL, elsewhere(n.mux.PublicURL, l.Addr()))
	if n.scrapers != nil {
		c.progress("metrics are on http://%s/metrics", n.scrapers.Addr())
	}
	if err := n.invite(ctx, c); err != nil {
		return errors.Join(err, l.Close())
	}
	return n.serve(ctx, l, cfg)
}

// elsewhere names the address that is listened on, where the public URL does
// not.
func elsewhere(public string, a net.Addr) string {
	if strings.HasSuffix(public, "://"+a.String()) {
		return ""
	}
	return fmt.Sprintf(" (listening on %s)", a)
}

// start opens the state and the address; the caller serves.
func (s serveFlags) start(ctx context.Context, cfg settings, log *slog.Logger) (*node, net.Listener, error) {
	l, err := server.Listen(ctx, cfg.Listen)
	if err != nil {
		return nil, nil, err
	}
	if s.PublicURL == "" && strings.HasSuffix(cfg.Listen, ":0") {
		cfg.publicURL = cfg.scheme() + "://" + l.Addr().String()
	}
	n, err := s.assemble(ctx, cfg, log)
	if err != nil {
		return nil, nil, errors.Join(err, l.Close())
	}
	if s.MetricsListen == "" {
		return n, l, nil
	}
	if n.scrapers, err = server.Listen(ctx, s.MetricsListen); err != nil {
		n.end()
		return nil, nil, errors.Join(err, l.Close())
	}
	return n, l, nil
}

// assemble takes the data directory, opens the state and wires the node. The
// directory is locked first: a second server must not even migrate it.
func (s serveFlags) assemble(ctx context.Context, cfg settings, log *slog.Logger) (*node, error) {
	unlock, err := lockDir(s.Data)
	if err != nil {
		return nil, err
	}
	st, err := s.openAs(ctx, "")
	if err != nil {
		unlock()
		return nil, err
	}
	n, err := build(ctx, st, cfg, log)
	if err == nil {
		err = st.db.Append(asSystem(ctx), audit.Event{Kind: audit.ServerStarted, Outcome: "ok", Detail: map[string]any{"version": version, "url": cfg.publicURL}})
	}
	if err != nil {
		st.close()
		unlock()
		return nil, err
	}
	n.unlock = unlock
	return n, nil
}

// invite prints the one-time link while nobody can sign in.
func (n *node) invite(ctx context.Context, c *terminal) error {
	// An interrupt at this moment is for serve to answer, with a clean end.
	link, err := n.adminLink(context.WithoutCancel(ctx))
	if err == nil && link != "" {
		c.progress("No admin yet. Open this link once, within a day, to set the admin's password:\n\n  %s\n", link)
	}
	return err
}

// adminLink makes the one-time link, or gives "" when there is an admin.
func (n *node) adminLink(ctx context.Context) (string, error) {
	token, needed, err := n.people.SetupToken(asSystem(ctx))
	if err != nil || !needed {
		return "", err
	}
	return n.mux.PublicURL + "/admin/setup/" + token.Reveal(), nil
}

// serve answers until ctx ends, then lets running queries finish.
func (n *node) serve(ctx context.Context, l net.Listener, cfg settings) error {
	srv := server.HTTP(n.mux)
	srv.TLSConfig = &tls.Config{Certificates: cfg.certs, MinVersion: tls.VersionTLS12}
	srv.ErrorLog = slog.NewLogLogger(n.mux.Log.Handler(), slog.LevelWarn)
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var chores sync.WaitGroup
	chores.Go(func() { n.chores(background) })
	if err := n.jobs.Start(context.WithoutCancel(ctx)); err != nil {
		stop()
		chores.Wait()
		n.end()
		return errors.Join(err, l.Close())
	}
	chores.Go(func() { n.warm(background) })
	go pg.Warm()
	if n.scrapers != nil {
		chores.Go(func() { n.metrics.serve(n.scrapers) })
	}
	failed := make(chan error, 1)
	go func() {
		if len(cfg.certs) > 0 {
			failed <- srv.ServeTLS(l, "", "")
			return
		}
		failed <- srv.Serve(l)
	}()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	err = errors.Join(err, n.shutdown(srv, cfg.Grace))
	stop()
	if n.scrapers != nil {
		err = errors.Join(err, n.scrapers.Close())
	}
	chores.Wait()
	n.end()
	return err
}

// warmAfter is when charts are made ready, if none was asked for before: those
// who come at once have the processor.
const warmAfter = 10 * time.Second

func (n *node) warm(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(warmAfter):
		n.drawer.warm()
	}
}

// shutdown refuses new work and waits for what runs, until the grace ends.
func (n *node) shutdown(srv *http.Server, grace time.Duration) error {
	close(n.draining)
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	drained := make(chan error)
	go func() {
		left := n.jobs.Stop(ctx)
		n.chats.Drain(ctx)
		_ = n.gate.Drain(ctx) // a query that did not finish is canceled and on record as such
		drained <- left
	}()
	err := srv.Shutdown(ctx)
	err = errors.Join(err, <-drained)
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	return errors.Join(err, srv.Close())
}

func (n *node) end() {
	n.pool.Close()
	n.tracing.stop()
	_ = n.drawer.close() // what it drew was answered
	n.state.close()
	n.unlock()
}

// chores are what a server does beside answering.
func (n *node) chores(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			sys := asSystem(ctx)
			if err := n.db.Checkpoint(sys, n.ring.Sign); err != nil && ctx.Err() == nil {
				n.mux.Log.WarnContext(ctx, "checkpoint failed", "cause", err.Error())
			}
			if _, err := n.assets.Sweep(sys); err != nil && ctx.Err() == nil {
				n.mux.Log.WarnContext(ctx, "sweep of assets failed", "cause", err.Error())
			}
		}
	}
}

// asSystem is the context of what Postern does by itself.
func asSystem(ctx context.Context) context.Context {
	return auth.WithCaller(ctx, auth.Caller{Kind: auth.System, Name: "postern", Role: auth.ServerAdmin, Scopes: []auth.Scope{auth.ScopeAll}})
}

func newLog(w io.Writer) *slog.Logger { return slog.New(slog.NewJSONHandler(w, nil)) }

var errServing = errors.New("another postern serves from")

// lockDir keeps a second server off the data directory. The lock ends with the
// process, however it ends.
func lockDir(dir string) (unlock func(), err error) {
	if dir, err = ownDir(dir); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, "serve.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, notOurs(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, hint(fmt.Errorf("%w %s", errServing, dir), "stop it, or give this one its own --data")
	}
	return func() { _ = f.Close() }, nil
}
