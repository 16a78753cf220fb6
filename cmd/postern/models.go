package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/agent/anthropic"
	"github.com/postern/postern/internal/agent/gemini"
	"github.com/postern/postern/internal/agent/openai"
	"github.com/postern/postern/internal/agent/wire"
	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/llm"
	"github.com/postern/postern/internal/warehouse"
)

// speaks makes the models of each wire format.
var speaks = map[string]func(wire.Endpoint, string) agent.Model{
	"openai":    func(e wire.Endpoint, name string) agent.Model { return &openai.Model{Endpoint: e, Name: name} },
	"anthropic": func(e wire.Endpoint, name string) agent.Model { return &anthropic.Model{Endpoint: e, Name: name} },
	"gemini":    func(e wire.Endpoint, name string) agent.Model { return &gemini.Model{Endpoint: e, Name: name} },
}

// languageModels are the configured models as things that agents can ask. It
// implements agent.Models.
//
// Each question reads the configuration anew, so that a change bites at the
// next one on every node; only the connections to a host are kept, for as long
// as the configuration is at the revision that they were made for.
type languageModels struct {
	*llm.Models
	record   audit.Recorder
	networks []netip.Prefix // that the server may reach

	mu   sync.Mutex
	open map[string]*asking
}

// asking is a model at one revision of its configuration.
type asking struct {
	revision int64
	model    agent.Model
	close    func()
}

// languageModels are the models of a state; networks are those that the
// process at hand may reach.
func (s *state) languageModels(file *llm.Fixed, networks []netip.Prefix) *languageModels {
	return &languageModels{
		Models: &llm.Models{
			Store: s.db, Seal: s.ring.AEAD("language model key"), Now: time.Now, File: file,
			Reach: func(ctx context.Context, c llm.Config) error { return reaches(ctx, c, networks) },
		},
		record: s.db, networks: networks, open: map[string]*asking{},
	}
}

// may are the private networks that a model may be in: for that of the file,
// which the file alone says; for the others, those of the server too.
func may(c llm.Config, networks []netip.Prefix) []netip.Prefix {
	if c.Fixed() {
		return c.Networks
	}
	return slices.Concat(networks, c.Networks)
}

// unreached gives the private networks that a model is in and may not be.
func unreached(ctx context.Context, c llm.Config, networks []netip.Prefix) []netip.Prefix {
	within, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return slices.DeleteFunc(warehouse.Private(within, c.Host()), func(p netip.Prefix) bool {
		return slices.ContainsFunc(may(c, networks), func(allowed netip.Prefix) bool { return allowed.Contains(p.Addr()) })
	})
}

// reaches says before a model is kept what the dial guard would say at the
// first question.
func reaches(ctx context.Context, c llm.Config, networks []netip.Prefix) error {
	if p := unreached(ctx, c, networks); len(p) > 0 {
		return fault.BadField("base_url", "url_error", "%s is in a private or local network, which is reached only with --allow-network %s", c.Host(), p[0])
	}
	return nil
}

// Configured implements agent.Models.
func (m *languageModels) Configured(ctx context.Context, id string) (*agent.Configured, error) {
	c, key, err := m.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(c.BaseURL)
	if err != nil {
		return nil, err
	}
	a := m.asking(c, func() wire.Endpoint {
		dial := warehouse.Guarded(may(c, m.networks))
		return wire.Endpoint{Base: c.BaseURL, Key: key, HTTP: wire.Client(base, func(ctx context.Context, network, address string) (net.Conn, error) {
			return dial(ctx, network, address)
		})}
	})
	g := c.Budget
	return &agent.Configured{
		Model: a.model, Provider: c.Provider, Name: c.Model, Host: base.Host,
		Budget: agent.Budget{Steps: g.Steps, Tokens: g.Tokens, Rows: g.Rows, Time: time.Duration(g.Seconds) * time.Second},
		Record: modelRecord{m, c}.called,
	}, nil
}

// asking gives the connections of a configuration's revision.
func (m *languageModels) asking(c llm.Config, endpoint func() wire.Endpoint) *asking {
	m.mu.Lock()
	defer m.mu.Unlock()
	old := m.open[c.ID]
	if old != nil && old.revision == c.Revision {
		return old
	}
	if old != nil {
		old.close()
	}
	e := endpoint()
	a := &asking{c.Revision, speaks[c.Provider](e, c.Model), e.HTTP.CloseIdleConnections}
	m.open[c.ID] = a
	return a
}

// still reports whether a configuration is what it was when the question
// began: what was deleted or changed meanwhile is asked no more.
func (m *languageModels) still(ctx context.Context, c llm.Config) error {
	if c.Fixed() {
		return nil
	}
	now, err := m.Get(ctx, c.ID)
	if fault.Is(err, fault.NotFound) || err == nil && now.Revision != c.Revision {
		return fault.New(fault.Conflict, "the language model's settings were changed while it was asked; ask again")
	}
	return err
}

// Test asks the model for the smallest of replies, with a tool to call, and says
// what came of it. The request is on record like every other.
func (m *languageModels) Test(ctx context.Context, id string) (llm.Tested, error) {
	c, err := m.Configured(ctx, id)
	if err != nil {
		return llm.Tested{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, min(c.Budget.Time, 30*time.Second))
	defer cancel()
	r := agent.Request{
		System:   "This is a test of the connection. Call the tool ready once.",
		Messages: []agent.Message{{Text: "Call the tool ready."}}, MaxTokens: 256,
		Tools: []agent.Offer{{Name: "ready", Description: "Says that you are ready.", Schema: json.RawMessage(`{"type":"object","properties":{}}`)}},
	}
	end, err := c.Record(ctx, agent.ModelCall{Provider: c.Provider, Model: c.Name, Bytes: r.Size()})
	if err != nil {
		return llm.Tested{}, err
	}
	start := time.Now()
	reply, failed := c.Model.Reply(ctx, r, nil)
	if err := end(reply.Usage, failed); err != nil {
		return llm.Tested{}, err
	}
	t := llm.Tested{OK: failed == nil, CallsTools: len(reply.Calls) > 0, Took: time.Since(start), TokensIn: reply.Usage.In, TokensOut: reply.Usage.Out}
	switch f := fault.As(failed); {
	case failed == nil && t.CallsTools:
		t.Message = "It answers, and calls tools."
	case failed == nil:
		t.Message = "It answers, but it did not call the tool that it was offered: agents need a model that calls tools."
	case errors.Is(failed, context.DeadlineExceeded):
		t.Message = fmt.Sprintf("It does not answer within %d seconds.", int(min(c.Budget.Time, 30*time.Second).Seconds()))
	case f != nil && f.Kind != fault.Internal:
		t.Message = f.Message + "."
	default:
		t.Message = "It does not answer."
	}
	return t, nil
}

// mostColumns of a request are named on record; column_count has them all.
const mostColumns = 500

// modelRecord puts requests to the model on record, before and after.
type modelRecord struct {
	*languageModels
	config llm.Config
}

// called implements agent.Configured's Record.
func (r modelRecord) called(ctx context.Context, c agent.ModelCall) (func(agent.Usage, error) error, error) {
	if err := r.still(ctx, r.config); err != nil {
		return nil, err
	}
	start := time.Now()
	columns := c.Columns[:min(len(c.Columns), mostColumns)]
	e := audit.Event{
		ID: audit.NewID(start), Kind: audit.ModelCalled, Product: c.Product, Object: "model:" + c.Provider + "/" + c.Model,
		Detail: map[string]any{"provider": c.Provider, "model": c.Model, "llm": r.config.ID, "host": r.config.Host(), "may_leave": string(c.Use), "columns": columns, "column_count": len(c.Columns), "rows": c.Rows, "earlier_turns": c.Earlier, "bytes": c.Bytes},
	}
	if c.Agent != "" {
		e.Detail["agent"] = c.Agent
	}
	if len(c.Products) > 1 {
		e.Detail["products"] = c.Products
	}
	if err := r.record.Append(ctx, e); err != nil {
		return nil, err
	}
	return func(u agent.Usage, err error) error {
		ms := float64(time.Since(start).Microseconds()) / 1000
		end := audit.Event{
			Kind: audit.ModelAnswered, Product: c.Product, Object: e.Object, Of: e.ID, Outcome: "ok", Millis: &ms,
			Detail: map[string]any{"tokens_in": u.In, "tokens_out": u.Out},
		}
		switch {
		case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
			end.Outcome = "canceled"
		case err != nil:
			end.Outcome, end.Reason = "failed", shownOnly(err).Error()
		}
		return r.record.Append(context.WithoutCancel(ctx), end)
	}, nil
}
