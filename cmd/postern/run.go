package main

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"time"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/agent/custom"
	"github.com/postern/postern/internal/agent/custom/runner"
	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/chat"
	"github.com/postern/postern/internal/credential"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/gateway"
	"github.com/postern/postern/internal/job"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/semantic"
	"github.com/postern/postern/internal/server"
	"github.com/postern/postern/internal/server/console"
	"github.com/postern/postern/internal/server/mcp"
	"github.com/postern/postern/internal/server/oauth"
	"github.com/postern/postern/internal/server/rest"
	"github.com/postern/postern/internal/server/rest/config"
	"github.com/postern/postern/internal/server/rest/llms"
	"github.com/postern/postern/internal/server/web"
	"github.com/postern/postern/internal/store"
	"github.com/postern/postern/internal/tool"
	"github.com/postern/postern/internal/warehouse"
)

// This file is the only wiring: what the nouns are made of, and which door
// gets which.

// clients are the OAuth clients of a state.
func (s *state) clients() *auth.Clients {
	return &auth.Clients{Store: s.db, Pepper: s.ring.MAC("client secret"), Now: time.Now}
}

func (s *state) keys(alg string) *auth.Keys {
	return &auth.Keys{Store: s.db, Seal: s.ring.AEAD("jwt signing key"), Alg: auth.Alg(alg), Now: time.Now}
}

// customAgents keeps the custom agents of a state.
func (s *state) customAgents(pol *policy.Policy, llms agent.Models) *custom.Agents {
	box := runner.Everything()
	return &custom.Agents{
		Store: s.db, Seal: s.ring.AEAD("agent"), Policy: pol, Record: s.db, Now: time.Now,
		Fits: func(ctx context.Context, _ auth.Caller, d *custom.Definition) error { return box.Fits(ctx, llms, d) },
	}
}

func (s *state) people() *auth.People { return &auth.People{Store: s.db, Now: time.Now} }

// gate is the path over a state, as an operator's command uses it.
func (s *state) gate(p *warehouse.Pool, pol *policy.Policy) *gateway.Gateway {
	g := &gateway.Gateway{
		Catalog: s.db, Markets: s.db, Policy: pol, Pool: p, Record: s.db, Changes: s.db.Changes, Now: time.Now,
		Vault: &credential.Vault{Store: s.db, Seal: s.ring.AEAD("credential"), Now: time.Now},
		Files: product.Files{DataDir: s.dir, Operator: true}, Bind: semantic.BindPublished,
	}
	g.Worse = s.evaluator(g, nil, nil).Worse
	return g
}

// node is a running server.
type node struct {
	*state
	pool     *warehouse.Pool
	gate     *gateway.Gateway
	assets   *result.Assets
	chats    *chat.Chats
	customs  *custom.Agents
	jobs     *job.Queue
	drawer   *drawer
	keyset   *auth.Keys
	people   *auth.People
	metrics  *metrics
	tracing  *tracing // nil traces nothing
	mux      *web.Mux
	draining chan struct{}
	scrapers net.Listener // nil unless --metrics-listen
	unlock   func()
}

// build wires a server; nothing in it has started yet.
func build(ctx context.Context, s *state, cfg settings, log *slog.Logger) (*node, error) {
	pol, err := policy.New()
	if err != nil {
		return nil, err
	}
	n := &node{state: s, pool: pool(cfg.networks), keyset: s.keys(cfg.SigningAlg), people: s.people(), metrics: newMetrics(), draining: make(chan struct{})}
	if err := n.keyset.Ensure(asSystem(ctx)); err != nil {
		return nil, err
	}
	n.metrics.watch(s.db, n.pool)
	n.gate = s.gate(n.pool, pol)
	n.gate.Observe = n.metrics.queried
	n.gate.Files = product.Files{Root: cfg.filesRoot, DataDir: s.dir}
	n.gate.Timeout = cfg.QueryTimeout
	folder, err := result.OpenFolder(filepath.Join(s.dir, "assets"))
	if err != nil {
		return nil, err
	}
	n.assets = &result.Assets{Store: s.db, Bucket: folder, Seal: s.ring.AEAD("asset"), Now: time.Now}
	n.chats = &chat.Chats{Store: s.db, Seal: s.ring.AEAD("chat"), Node: audit.NewID(time.Now()), Now: time.Now, Keep: cfg.ChatRetention}
	n.drawer = newDrawer(s.dir, log)
	verifier := &auth.Verifier{Store: s.db, Keys: n.keyset, PublicURL: cfg.publicURL, Now: time.Now}
	n.gate.Again = verifier.Again
	if n.tracing, err = cfg.tracing.start(log); err != nil {
		return nil, err
	}
	n.gate.Statements = cfg.TraceContent
	n.mux = &web.Mux{
		PublicURL: cfg.publicURL, Log: log, Proxies: cfg.proxies, Observe: n.metrics.observe, Tracer: n.tracing.tracer(),
		Guard: guard{verifier, pol, s.db},
	}
	return n, n.mount(cfg, verifier, pol)
}

// mount is the list of everything that is served.
func (n *node) mount(cfg settings, v *auth.Verifier, pol *policy.Policy) error {
	publicURL := cfg.publicURL
	clients := n.clients()
	clients.Limits = &auth.Limits{Now: time.Now}
	book := tokenBook{n.db, n.metrics.tokens}
	clients.Store = book
	issuer := &auth.Issuer{
		Clients: clients, Store: book, Keys: n.keyset, Verifier: v, PublicURL: publicURL, Permits: pol.Permit, Now: time.Now,
	}
	tools, verified := agent.Traced(tool.Builtin(), cfg.TraceContent), agent.TracedLibrary{Library: tool.Verified{Queries: n.gate}, Content: cfg.TraceContent}
	asking := n.languageModels(cfg.model, cfg.networks)
	asked := agent.Agents{Models: asking, Content: cfg.TraceContent}
	n.customs = n.customAgents(pol, asking)
	models, agents := &tool.Models{Changes: n.db.Changes, Now: time.Now}, asked.Tools()
	charts := &tool.Charts{Draw: n.drawer, Kept: n.assets}
	guard := n.mux.Guard.(guard)
	customs := &runner.Agents{Toolbox: runner.Everything(), Kept: n.customs, Models: asking, Out: agents[0].Out, Content: cfg.TraceContent}
	published := runner.Library{Agents: customs}
	own := libraries{verified, published}
	calls := &rest.Tools{
		Tools: tools, Own: own, Agents: agents, Custom: customs, Data: n.gate, Models: models, Charts: charts, Assets: n.assets, Chats: n.chats, Again: v.Again, Later: n.mux.Later, Permit: pol.Permit,
	}
	if err := n.queue(calls); err != nil {
		return err
	}
	return server.Mount(n.mux,
		server.Health{Ready: n.ready, Metrics: n.metrics.handler()}.Routes(),
		oauth.Handler{Tokens: issuer, PublicURL: publicURL}.Routes(),
		rest.Clients{Clients: clients}.Routes(),
		rest.Groups{Groups: n.groups()}.Routes(),
		llms.Handler{Models: asking}.Routes(),
		rest.UserInfo{}.Routes(),
		rest.Credentials{Gate: n.gate}.Routes(),
		rest.Products{Gate: n.gate}.Routes(),
		rest.Markets{Gate: n.gate}.Routes(),
		rest.Queries{Gate: n.gate}.Routes(),
		rest.Verified{Gate: n.gate}.Routes(),
		rest.Evaluations{Eval: n.evaluator(n.gate, agents, models)}.Routes(),
		rest.Assets{Assets: n.assets, Draw: n.drawer}.Routes(),
		calls.Routes(),
		rest.Chats{Chats: n.chats}.Routes(),
		config.Handler{
			Agents: n.customs, Input: customs.Input, Default: agents, Start: runner.Start,
			Tools: tools, Own: map[string]tool.Library{"verified_query": verified, "agent": published}, Parameters: runner.Parameters,
		}.Routes(),
		rest.System{Version: version, Record: n.db, Tools: tools, Served: n.mux.Routes}.Routes(),
		mcp.Handler{PublicURL: publicURL, Version: version, Data: n.gate, Models: models, Charts: charts, Tools: slices.Concat(tools, agents), Own: own, Permit: pol.Permit, Log: n.mux.Log}.Routes(),
		(&console.Handler{
			PublicURL: publicURL, Version: version, People: n.people, Guard: guard, Clients: clients, Keys: n.keyset, Products: n.gate, Markets: n.gate, Groups: n.groups(), Models: asking, Audit: auditReader{n.db},
		}).Routes(),
	)
}

// queue works the calls that were left for later, and what retention takes away.
func (n *node) queue(calls *rest.Tools) (err error) {
	pool, postgres := n.db.Jobs()
	n.jobs, err = job.Open(pool, postgres, job.Work{
		Call: calls.Resume,
		Mend: calls.Mend,
		Sweep: func(ctx context.Context) error {
			_, err := n.chats.Sweep(asSystem(ctx))
			return err
		},
	}, n.mux.Log)
	if err == nil {
		n.db.OnQueued(n.jobs.Insert)
	}
	return err
}

// ready reports whether requests can be served.
func (n *node) ready(ctx context.Context) error {
	select {
	case <-n.draining:
		return fault.New(fault.Unavailable, "the server is shutting down")
	default:
		return n.db.Ping(ctx)
	}
}

// guard is who may call: tokens by auth, scopes by policy, refusals on record.
type guard struct {
	*auth.Verifier
	*policy.Policy
	record audit.Recorder
}

// Refused implements web.Guard.
func (g guard) Refused(ctx context.Context, c auth.Caller, route string, err error) error {
	return g.record.Append(auth.WithCaller(ctx, c), audit.Event{
		Kind: audit.AccessDenied, Outcome: "denied", Object: "route:" + route, Reason: web.Message(err),
	})
}

// auditReader shows the record to the console.
type auditReader struct{ db *store.DB }

// Latest implements console.Audit.
func (a auditReader) Latest(ctx context.Context, f console.AuditFilter) ([]audit.Event, error) {
	return events(a.db.Audit(ctx, store.AuditFilter{Kind: f.Kind, Actor: f.Actor, Product: f.Product, RequestID: f.RequestID, Before: f.Before, Limit: f.Limit}))
}

// Trail implements console.Audit.
func (a auditReader) Trail(ctx context.Context, id string) ([]audit.Event, error) {
	return events(a.db.AuditTrail(ctx, id))
}

func events(rows []audit.Row, err error) ([]audit.Event, error) {
	out := make([]audit.Event, 0, len(rows))
	for _, r := range rows {
		e, derr := r.Event()
		if derr != nil {
			return nil, derr
		}
		out = append(out, e)
	}
	return out, err
}

// apply makes a product ready as an operator's command does.
func (s *state) apply(ctx context.Context, doc []byte, as gateway.Apply) (product.Product, bool, error) {
	pol, err := policy.New()
	if err != nil {
		return product.Product{}, false, err
	}
	return s.gate(pool(anywhere), pol).ApplyProduct(ctx, auth.CallerFrom(ctx), doc, as)
}
