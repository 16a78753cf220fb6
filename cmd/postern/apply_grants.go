package main

import (
	"context"
	"slices"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
)

// held are the grants on one product, those on its queries too.
type held struct {
	grants []product.Grant
	want   []product.Grant // of those, what the files have
}

func (p *planner) planGrants(ctx context.Context) error {
	on := map[string]*held{}
	seen := map[string]bool{}
	for _, d := range p.d.grants {
		if d.product == "" {
			continue
		}
		key := d.product + "\x00" + d.query + "\x00" + d.to.String()
		if seen[key] {
			d.fail("%s is granted something here twice", d.to)
			continue
		}
		seen[key] = true
		h, err := p.heldOn(ctx, on, d.product)
		if err == nil {
			err = p.planGrant(ctx, d, h)
		}
		if err != nil {
			return err
		}
	}
	if !p.prune {
		return nil
	}
	pruned := map[string]bool{}
	for _, d := range p.d.products {
		if d.file.err != nil || pruned[d.product.ID] {
			continue
		}
		pruned[d.product.ID] = true
		h, err := p.heldOn(ctx, on, d.product.ID)
		if err != nil {
			return err
		}
		p.pruneGrants(ctx, h)
	}
	return nil
}

func (p *planner) heldOn(ctx context.Context, on map[string]*held, id string) (*held, error) {
	if h := on[id]; h != nil {
		return h, nil
	}
	grants, err := p.s.db.Grants(ctx, id)
	if err != nil {
		return nil, err
	}
	queries, err := p.s.db.QueryGrants(ctx, id)
	on[id] = &held{grants: append(grants, queries...)}
	return on[id], err
}

// exists checks that a grant's product, and its query, are there or in a file.
func (p *planner) exists(ctx context.Context, d declaredGrant) bool {
	versions, err := p.s.db.Versions(ctx, d.product)
	if err != nil && !fault.Is(err, fault.NotFound) {
		d.fail("%s", told(err))
		return false
	}
	for _, x := range p.d.products {
		if x.product.ID == d.product {
			versions = append(versions, x.product)
		}
	}
	switch {
	case len(versions) == 0:
		d.fail("there is no data product %q, and no file makes it", d.product)
		return false
	case d.query == "" || slices.ContainsFunc(versions, func(v product.Product) bool { _, ok := v.VerifiedQuery(d.query); return ok }):
		return true
	}
	d.fail("data product %q has no verified query %q", d.product, d.query)
	return false
}

func (p *planner) planGrant(ctx context.Context, d declaredGrant, h *held) error {
	subject, err := p.known(ctx, d.to)
	if err != nil || !p.exists(ctx, d) {
		return err
	}
	what := string(d.role) + " on " + d.product
	if d.query != "" {
		what += "/" + d.query
	}
	name, action, changes := d.to.String()+": "+what, "create", []string(nil)
	for _, g := range h.grants {
		if subject == "" || g.Subject != subject || g.Query != d.query {
			continue
		}
		h.want = append(h.want, g)
		if g.Role == d.role {
			p.add("unchanged", "grant", name, nil, nil)
			return nil
		}
		action, changes = "change", []string{"was " + string(g.Role)}
	}
	p.add(action, "grant", name, changes, func(ctx context.Context) error {
		subject, err := p.subject(ctx, d.to)
		if err != nil {
			return err
		}
		c := auth.CallerFrom(ctx)
		g := product.Grant{Product: d.product, Query: d.query, Subject: subject, Role: d.role}
		if d.query != "" {
			return p.gate.GrantQuery(ctx, c, g)
		}
		return p.gate.Grant(ctx, c, g)
	})
	return nil
}

// pruneGrants takes away what the files do not have on a product of theirs.
func (p *planner) pruneGrants(ctx context.Context, h *held) {
	for _, g := range h.grants {
		if slices.Contains(h.want, g) {
			continue
		}
		what := string(g.Role) + " on " + g.Product
		if g.Query != "" {
			what += "/" + g.Query
		}
		p.add("delete", "grant", p.called(ctx, g.Subject)+": "+what, nil, func(ctx context.Context) error {
			if g.Query != "" {
				return p.gate.RevokeQuery(ctx, auth.CallerFrom(ctx), g)
			}
			return p.gate.Revoke(ctx, auth.CallerFrom(ctx), g)
		})
	}
}
