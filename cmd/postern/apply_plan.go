package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/gateway"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/secret"
)

// step is one thing that apply does, or finds done.
type step struct {
	Action  string   `json:"action"` // create, change, delete or unchanged
	Kind    string   `json:"kind"`   // product, client, group or grant
	Name    string   `json:"name"`
	Changes []string `json:"changes,omitempty"`

	do func(context.Context) error
}

// planner compares what is declared with what there is.
type planner struct {
	s     *state
	gate  *gateway.Gateway
	d     *declared
	prune bool
	force bool
	// made is told of each new client's secret at once.
	made func(auth.Client, secret.Secret) error

	steps   []step
	clients map[string]*declaredClient // that are to be made
}

// plan gives the steps in the order in which they can be done: what they find
// wrong is told to the files.
func (p *planner) plan(ctx context.Context) error {
	p.clients = map[string]*declaredClient{}
	for _, part := range []func(context.Context) error{p.planProducts, p.planClients, p.planGroups, p.planGrants} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) add(action, kind, name string, changes []string, do func(context.Context) error) {
	p.steps = append(p.steps, step{action, kind, name, changes, do})
}

func (p *planner) planProducts(ctx context.Context) error {
	all := slices.Clone(p.d.products)
	slices.SortStableFunc(all, func(a, b declaredProduct) int {
		return cmp.Or(strings.Compare(a.product.ID, b.product.ID), product.Compare(a.product.Version, b.product.Version))
	})
	for i, d := range all {
		if d.file.err != nil {
			continue
		}
		if i > 0 && all[i-1].product.ID == d.product.ID && all[i-1].product.Version == d.product.Version {
			d.fail("version %s of %s is in %s too", d.product.Version, d.product.ID, all[i-1].file.name)
			continue
		}
		if err := p.planProduct(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) planProduct(ctx context.Context, d declaredProduct) error {
	want, err := p.gate.Files.CheckProduct(d.product)
	if err != nil {
		d.file.err = err
		return nil
	}
	want.Status = product.Ready
	action, changes := "create", []string(nil)
	old, err := p.s.db.ProductVersion(ctx, want.ID, want.Version)
	switch {
	case err == nil:
		want.Public = old.Public
		if product.Same(old, want) {
			p.add("unchanged", "product", want.ID+" "+want.Version, nil, nil)
			return nil
		}
		action = "change"
		if old.Status != product.Ready {
			changes = append(changes, "draft → ready")
		}
		if product.Moved(old, want) {
			changes = append(changes, "delivery systems")
		}
		if old.Status == product.Ready || old.SpecYAML != want.SpecYAML {
			changes = append(changes, "specification")
		}
	case !fault.Is(err, fault.NotFound):
		return err
	}
	c := auth.CallerFrom(asOperator(ctx))
	// Forced, the comparison is put on record when it is done and not before.
	if !p.force {
		if err := p.gate.Better(ctx, c, want, false); fault.Is(err, fault.Conflict) {
			d.file.err = err
			return nil
		} else if err != nil {
			return err
		}
	}
	p.add(action, "product", want.ID+" "+want.Version, changes, func(ctx context.Context) error {
		now, err := p.s.db.Product(ctx, want.ID)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		_, _, err = p.gate.ApplyProduct(ctx, c, d.doc, gateway.Apply{Public: now.Public, Force: p.force})
		return err
	})
	return nil
}

// merged brings a client and its limits together, by name.
func (p *planner) merged() []*declaredClient {
	var out []*declaredClient
	byName := map[string]*declaredClient{}
	for _, only := range []bool{false, true} {
		for _, c := range p.d.clients {
			if c.only != only || c.name == "" {
				continue
			}
			first := byName[c.name]
			switch {
			case first == nil:
				byName[c.name] = c
				out = append(out, c)
			case only && !first.only && first.change.PerMinute == nil && first.change.InFlight == nil:
				first.change.PerMinute, first.change.InFlight = c.change.PerMinute, c.change.InFlight
			default:
				c.fail("the client %q is declared in %s already", c.name, first.file.name)
			}
		}
	}
	return out
}

func (p *planner) planClients(ctx context.Context) error {
	for _, d := range p.merged() {
		cl, err := p.s.clients().Named(ctx, d.name)
		switch {
		case fault.Is(err, fault.NotFound) && d.only:
			d.fail("there is no client %q, and no file makes it", d.name)
		case fault.Is(err, fault.NotFound):
			p.newClient(d)
		case err != nil:
			return err
		default:
			p.oldClient(d, cl)
		}
	}
	return nil
}

func (p *planner) newClient(d *declaredClient) {
	n := auth.NewClient{Name: d.name, Role: d.role, Duration: auth.DefaultDuration}
	ch := d.change
	if ch.Duration != nil {
		n.Duration = *ch.Duration
	}
	if ch.SingleActive != nil {
		n.SingleActive = *ch.SingleActive
	}
	if ch.PerMinute != nil {
		n.Limits.PerMinute = *ch.PerMinute
	}
	if ch.InFlight != nil {
		n.Limits.InFlight = *ch.InFlight
	}
	if err := n.Check(); err != nil {
		for _, f := range fault.As(err).Fields {
			d.fail("%s: %s", f.Loc[len(f.Loc)-1], f.Msg)
		}
		return
	}
	p.clients[d.name] = d
	p.add("create", "client", d.name, []string{"role " + string(d.role)}, func(ctx context.Context) error {
		cl, sec, err := p.s.clients().Create(ctx, n)
		if err != nil {
			return err
		}
		if ch.Disabled != nil && *ch.Disabled {
			if _, err := p.s.clients().Update(ctx, cl.ID, auth.ClientChange{Disabled: ch.Disabled}); err != nil {
				return err
			}
		}
		return p.made(cl, sec)
	})
}

func (p *planner) oldClient(d *declaredClient, cl auth.Client) {
	var changes []string
	note := func(what string, from, to any) {
		changes = append(changes, fmt.Sprintf("%s %v → %v", what, from, to))
	}
	ch := d.change
	if ch.Role != nil && *ch.Role != cl.Role {
		note("role", cl.Role, *ch.Role)
	}
	if ch.Duration != nil && *ch.Duration != cl.Duration {
		note("duration", int64(cl.Duration/time.Second), int64(*ch.Duration/time.Second))
	}
	if ch.SingleActive != nil && *ch.SingleActive != cl.SingleActive {
		note("singleActiveToken", cl.SingleActive, *ch.SingleActive)
	}
	if ch.Disabled != nil && *ch.Disabled != cl.Disabled {
		note("disabled", cl.Disabled, *ch.Disabled)
	}
	if ch.PerMinute != nil && *ch.PerMinute != cl.Limits.PerMinute {
		note("queriesPerMinute", cl.Limits.PerMinute, *ch.PerMinute)
	}
	if ch.InFlight != nil && *ch.InFlight != cl.Limits.InFlight {
		note("queriesInFlight", cl.Limits.InFlight, *ch.InFlight)
	}
	if len(changes) == 0 {
		p.add("unchanged", "client", d.name, nil, nil)
		return
	}
	p.add("change", "client", d.name, changes, func(ctx context.Context) error {
		_, err := p.s.clients().Update(ctx, cl.ID, ch)
		return err
	})
}

// known finds the subject that is meant; "" is one that a file makes. What
// there is not, and no file makes, is told to the file.
func (p *planner) known(ctx context.Context, s declaredSubject) (subject string, err error) {
	switch s.kind {
	case "everyone":
		return s.kind, nil
	case "user":
		return "user:" + s.name, nil
	case "client":
		if p.clients[s.name] != nil {
			return "", nil
		}
		cl, err := p.s.clients().Named(ctx, s.name)
		if fault.Is(err, fault.NotFound) {
			s.fail("there is no client %q, and no file makes it", s.name)
			return "", nil
		}
		return cl.Subject(), err
	}
	if slices.ContainsFunc(p.d.groups, func(g declaredGroup) bool { return g.name == s.name }) {
		g, err := p.s.groups().Named(ctx, s.name)
		if fault.Is(err, fault.NotFound) {
			return "", nil
		}
		return g.Subject(), err
	}
	g, err := p.s.groups().Named(ctx, s.name)
	if fault.Is(err, fault.NotFound) {
		s.fail("there is no group %q, and no file makes it", s.name)
		return "", nil
	}
	return g.Subject(), err
}

// made finds the subject when everything before it is done.
func (p *planner) subject(ctx context.Context, s declaredSubject) (string, error) {
	switch s.kind {
	case "client":
		cl, err := p.s.clients().Named(ctx, s.name)
		return cl.Subject(), err
	case "group":
		g, err := p.s.groups().Named(ctx, s.name)
		return g.Subject(), err
	}
	return p.known(ctx, s)
}

// called is a subject as people read it.
func (p *planner) called(ctx context.Context, subject string) string {
	kind, id, _ := strings.Cut(subject, ":")
	if kind == "client" {
		if cl, err := p.s.clients().Get(ctx, auth.ClientID(id)); err == nil {
			return kind + " " + cl.Name
		}
	}
	if all, err := p.s.groups().List(ctx); kind == "group" && err == nil {
		for _, g := range all {
			if g.Subject() == subject {
				return kind + " " + g.Name
			}
		}
	}
	return strings.Replace(subject, ":", " ", 1)
}

func (p *planner) planGroups(ctx context.Context) error {
	seen := map[string]bool{}
	for _, d := range p.d.groups {
		if d.name == "" {
			continue
		}
		if seen[d.name] {
			d.fail("the group %q is declared twice", d.name)
			continue
		}
		seen[d.name] = true
		old, err := p.s.groups().Named(ctx, d.name)
		if fresh := fault.Is(err, fault.NotFound); err != nil && !fresh {
			return err
		} else if err := p.planGroup(ctx, d, old, fresh); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) planGroup(ctx context.Context, d declaredGroup, old auth.Group, fresh bool) error {
	var changes []string
	var join []declaredSubject
	want := map[string]bool{}
	for _, m := range d.members {
		subject, err := p.known(ctx, m)
		if err != nil {
			return err
		}
		want[subject] = true
		if subject == "" || !slices.Contains(old.Members, subject) {
			join, changes = append(join, m), append(changes, "+ "+m.String())
		}
	}
	var leave []string
	for _, m := range old.Members {
		if p.prune && !want[m] {
			leave, changes = append(leave, m), append(changes, "- "+p.called(ctx, m))
		}
	}
	action := "change"
	switch {
	case fresh:
		action = "create"
	case len(changes) == 0:
		p.add("unchanged", "group", d.name, nil, nil)
		return nil
	}
	p.add(action, "group", d.name, changes, func(ctx context.Context) error {
		g := old
		if fresh {
			var err error
			if g, err = p.s.groups().Create(ctx, d.name); err != nil {
				return err
			}
		}
		for _, m := range join {
			subject, err := p.subject(ctx, m)
			if err == nil {
				err = p.s.groups().Add(ctx, g.ID, subject)
			}
			if err != nil {
				return err
			}
		}
		for _, m := range leave {
			if err := p.s.groups().Remove(ctx, g.ID, m); err != nil {
				return err
			}
		}
		return nil
	})
	return nil
}
