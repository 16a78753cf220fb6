package gateway

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
)

// Products lists the products that the caller may see.
func (g *Gateway) Products(ctx context.Context, c auth.Caller) ([]product.Product, error) {
	return g.ProductsFor(ctx, c, string(policy.View))
}

// ProductsFor lists the products with which the caller may do something: an
// action of policy, by its name.
func (g *Gateway) ProductsFor(ctx context.Context, c auth.Caller, action string) ([]product.Product, error) {
	all, err := g.Catalog.Products(ctx)
	if err != nil {
		return nil, err
	}
	seen, err := g.sees(ctx, c, policy.Action(action))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(p product.Product) bool { return !seen(p.ID) }), nil
}

// Product gives one product that the caller may see; version "" is the current
// one.
func (g *Gateway) Product(ctx context.Context, c auth.Caller, id, version string) (product.Product, error) {
	pr, err := g.may(ctx, c, policy.View, id, version)
	return pr, g.denied(auth.WithCaller(ctx, c), "product:"+id, err)
}

// Versions gives all versions of a product that the caller may see, the newest
// first.
func (g *Gateway) Versions(ctx context.Context, c auth.Caller, id string) ([]product.Product, error) {
	if _, err := g.may(ctx, c, policy.View, id, ""); err != nil {
		return nil, err
	}
	return g.Catalog.Versions(ctx, id)
}

// CreateProduct creates a version of a product from its spec, or replaces it.
// Created says that the version is new.
func (g *Gateway) CreateProduct(ctx context.Context, c auth.Caller, doc []byte) (product.Product, bool, error) {
	return g.put(ctx, c, doc, func(p *product.Product) {
		// A spec says nothing of who sees the product: grants do.
		if old, err := g.product(ctx, p.ID, ""); err == nil {
			p.Public = old.Public
		}
	})
}

// Apply is how an operator means a spec.
type Apply struct {
	Public bool
	Draft  bool // not ready yet
	Force  bool // ready even when it answers worse than the version before
}

// ApplyProduct is CreateProduct as an operator means it: the version is ready,
// and as public as was said. The same again changes nothing.
func (g *Gateway) ApplyProduct(ctx context.Context, c auth.Caller, doc []byte, as Apply) (product.Product, bool, error) {
	status := product.Ready
	if as.Draft {
		status = product.InDraft
	} else if p, err := product.Parse(doc); err == nil {
		if err := g.Better(auth.WithCaller(ctx, c), c, p, as.Force); err != nil {
			return product.Product{}, false, err
		}
	}
	return g.put(ctx, c, doc, func(p *product.Product) { p.Status, p.Public = status, as.Public })
}

func (g *Gateway) put(ctx context.Context, c auth.Caller, doc []byte, shape func(*product.Product)) (product.Product, bool, error) {
	ctx = auth.WithCaller(ctx, c)
	p, err := product.Parse(doc)
	if err != nil {
		return product.Product{}, false, err
	}
	if p, err = g.Files.CheckProduct(p); err != nil {
		return product.Product{}, false, err
	}
	shape(&p)
	isNew, err := g.mayPut(ctx, c, p)
	if err != nil {
		return product.Product{}, false, g.denied(ctx, "product:"+p.ID, err)
	}
	created, err := g.Catalog.PutProduct(ctx, p, isNew)
	if err != nil {
		return product.Product{}, false, err
	}
	if err := g.rehosted(ctx, p.ID); err != nil {
		return product.Product{}, false, err
	}
	p, err = g.Catalog.ProductVersion(ctx, p.ID, p.Version)
	return p, created, err
}

// mayPut asks policy for every action that the new spec amounts to. Fresh says
// that it was asked as for a product that is not there yet.
func (g *Gateway) mayPut(ctx context.Context, c auth.Caller, p product.Product) (fresh bool, err error) {
	old, err := g.product(ctx, p.ID, "")
	if fault.Is(err, fault.NotFound) {
		return true, g.Policy.Product(c, policy.Create, p, nil)
	}
	if err != nil {
		return false, err
	}
	_, err = g.may(ctx, c, policy.Update, p.ID, "")
	if fault.Is(err, fault.NotFound) {
		// That the id is taken cannot be hidden from who wants to take it.
		return false, fault.New(fault.Conflict, "the data product id %q is taken", p.ID)
	}
	if err == nil && p.Public != old.Public {
		_, err = g.may(ctx, c, policy.ManageGrants, p.ID, "")
	}
	if err != nil {
		return false, err
	}
	moved, err := g.moves(ctx, p)
	if err == nil && moved {
		_, err = g.may(ctx, c, policy.Rehost, p.ID, "")
	}
	return false, err
}

// moves reports whether p names a place that no version of it had, or asks for
// another sort of login or line there: sslmode=disable would send the logins
// of others in the clear.
func (g *Gateway) moves(ctx context.Context, p product.Product) (bool, error) {
	versions, err := g.Catalog.Versions(ctx, p.ID)
	if err != nil {
		return false, err
	}
	for _, s := range p.Systems {
		known := slices.ContainsFunc(versions, func(v product.Product) bool {
			return slices.ContainsFunc(v.Systems, func(o product.System) bool {
				return o.Source.Canonical() == s.Source.Canonical() && o.NoLogin == s.NoLogin && maps.Equal(o.Source.Params, s.Source.Params)
			})
		})
		if !known {
			return true, nil
		}
	}
	return false, nil
}

// rehosted rejects the credentials that no version's warehouse is the place of
// any more.
func (g *Gateway) rehosted(ctx context.Context, id string) error {
	cur, err := g.Catalog.Product(ctx, id)
	if err != nil {
		return err
	}
	sys, ok := cur.System()
	if !ok {
		return nil
	}
	gone, err := g.Vault.Retarget(ctx, id, sys.Source.Canonical())
	if len(gone) > 0 {
		g.Pool.Forget(poolPrefix(id))
	}
	return err
}

// SetStatus sets a version's status. One that answers worse than the one
// before is not made ready without force.
func (g *Gateway) SetStatus(ctx context.Context, c auth.Caller, id, version string, s product.Status, force bool) error {
	ctx, err := g.manage(ctx, c, policy.Update, id, version)
	if err != nil {
		return err
	}
	if s == product.Ready {
		p, err := g.product(ctx, id, version)
		if err == nil {
			err = g.Better(ctx, c, p, force)
		}
		if err != nil {
			return err
		}
	}
	if err := g.Catalog.SetStatus(ctx, id, version, s); err != nil {
		return err
	}
	return g.rehosted(ctx, id)
}

// DeleteProduct deletes a product with its versions, grants and credentials.
func (g *Gateway) DeleteProduct(ctx context.Context, c auth.Caller, id string) error {
	ctx, err := g.manage(ctx, c, policy.Delete, id, "")
	if err != nil {
		return err
	}
	if err := g.Catalog.DeleteProduct(ctx, id); err != nil {
		return err
	}
	g.Pool.Forget(poolPrefix(id))
	return nil
}

// DeleteVersion deletes one version; with the last one goes the product.
func (g *Gateway) DeleteVersion(ctx context.Context, c auth.Caller, id, version string) error {
	ctx, err := g.manage(ctx, c, policy.Delete, id, version)
	if err != nil {
		return err
	}
	if err := g.Catalog.DeleteVersion(ctx, id, version); err != nil {
		return err
	}
	g.Pool.Forget(poolPrefix(id))
	if err := g.rehosted(ctx, id); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return nil
}

// Grants lists who the product is shared with.
func (g *Gateway) Grants(ctx context.Context, c auth.Caller, id string) ([]product.Grant, error) {
	ctx, err := g.manage(ctx, c, policy.ManageGrants, id, "")
	if err != nil {
		return nil, err
	}
	return g.Catalog.Grants(ctx, id)
}

// OwnGrants gives the grants that reach the caller, on any product.
func (g *Gateway) OwnGrants(ctx context.Context, c auth.Caller) ([]product.Grant, error) {
	return g.Catalog.GrantsOf(ctx, c.Subject(), "")
}

// Grant shares the product.
func (g *Gateway) Grant(ctx context.Context, c auth.Caller, gr product.Grant) error {
	if err := checkGrant(gr); err != nil {
		return err
	}
	ctx, err := g.manage(ctx, c, policy.ManageGrants, gr.Product, "")
	if err != nil {
		return err
	}
	return g.Catalog.PutGrant(ctx, gr)
}

// Regrant changes the role of a subject that has one.
func (g *Gateway) Regrant(ctx context.Context, c auth.Caller, gr product.Grant) error {
	if err := checkGrant(gr); err != nil {
		return err
	}
	ctx, err := g.manage(ctx, c, policy.ManageGrants, gr.Product, "")
	if err != nil {
		return err
	}
	return g.Catalog.ChangeGrant(ctx, gr)
}

// Revoke takes a grant away.
func (g *Gateway) Revoke(ctx context.Context, c auth.Caller, gr product.Grant) error {
	ctx, err := g.manage(ctx, c, policy.ManageGrants, gr.Product, "")
	if err != nil {
		return err
	}
	return g.Catalog.DeleteGrant(ctx, gr)
}

func checkGrant(gr product.Grant) error {
	if gr.Role != product.ProductViewer && gr.Role != product.ProductAdmin {
		return fault.BadField("role", "enum", "Input should be 'product_viewer' or 'product_admin'")
	}
	kind, name, ok := strings.Cut(gr.Subject, ":")
	if gr.Subject != policy.Everyone && (!ok || name == "" || kind != "client" && kind != "user" && kind != "group") {
		return fault.BadField("subject_id", "value_error", "the subject must be everyone, client:<id>, user:<id> or group:<id>")
	}
	if gr.Subject == policy.Everyone && gr.Role == product.ProductAdmin {
		return fault.BadField("role", "value_error", "everyone can be a product_viewer only")
	}
	return nil
}

// manage asks policy for an administrative action, and puts a denial on record.
func (g *Gateway) manage(ctx context.Context, c auth.Caller, act policy.Action, id, version string) (context.Context, error) {
	ctx = auth.WithCaller(ctx, c)
	_, err := g.may(ctx, c, act, id, version)
	return ctx, g.denied(ctx, "product:"+id, err)
}

// denied puts a denial on record and gives it back.
func (g *Gateway) denied(ctx context.Context, object string, err error) error {
	if !fault.Is(err, fault.Denied) && !fault.Is(err, fault.NotFound) {
		return err
	}
	e := audit.Event{Kind: audit.AccessDenied, Object: clip(object, maxName), Outcome: "denied", Reason: fault.As(err).Message}
	if rerr := g.Record.Append(ctx, e); rerr != nil {
		return rerr
	}
	return err
}
