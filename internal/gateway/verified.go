package gateway

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
)

// mayRun gives the product if the caller may run the query on it.
func (g *Gateway) mayRun(ctx context.Context, c auth.Caller, q product.Query) (product.Product, error) {
	if q.Verified == "" {
		return g.may(ctx, c, policy.Run, q.ProductID, q.Version)
	}
	p, err := g.verified(ctx, c, q.ProductID, q.Verified)
	return p.Product, err
}

// bind gives a verified query its SQL: here, from the product, so that the
// right to one query is never a right to other SQL.
func (g *Gateway) bind(pr product.Product, q *product.Query) (err error) {
	if q.Verified == "" {
		return nil
	}
	v, _ := pr.VerifiedQuery(q.Verified)
	if q.SQL, err = g.Bind(product.Published{Product: pr, Query: v}, q.Values); err != nil {
		return err
	}
	if len(q.SQL) > maxSQL {
		return fault.New(fault.Invalid, "the statement with its values is longer than %d bytes", maxSQL)
	}
	return nil
}

// verified gives a published query of the product's current version, if the
// caller may run it. As in may, policy is asked before anything is looked up.
func (g *Gateway) verified(ctx context.Context, c auth.Caller, id, name string) (product.Published, error) {
	grants, err := g.grantsOf(ctx, c, id)
	if err != nil {
		return product.Published{}, err
	}
	if err := g.Policy.Query(c, product.Product{ID: id, Public: public(grants)}, name, grants); err != nil {
		return product.Published{}, err
	}
	pr, err := g.product(ctx, id, "")
	if fault.Is(err, fault.NotFound) || g.Bind == nil {
		err = policy.QueryNotFound(name)
	}
	if err != nil {
		return product.Published{}, err
	}
	all := pr.Tools()
	i := slices.IndexFunc(all, func(p product.Published) bool { return p.Query.Name == name })
	if i < 0 {
		return product.Published{}, policy.QueryNotFound(name)
	}
	return all[i], nil
}

// tools remembers the published queries by their name as a tool, while the
// change counter stands still.
type tools struct {
	mu   sync.Mutex
	n    int64
	held map[string]toolOf
}

// toolOf says which query a tool is.
type toolOf struct{ product, query string }

// published gives all published queries by their tools' names. Two of the same
// name would be an attack on one of them: neither is one then.
func (g *Gateway) published(ctx context.Context) (map[string]toolOf, error) {
	n, fresh := int64(0), false
	if g.Changes != nil {
		n, fresh = g.Changes(ctx)
	}
	g.tools.mu.Lock()
	defer g.tools.mu.Unlock()
	if fresh && g.tools.held != nil && g.tools.n == n {
		return g.tools.held, nil
	}
	all, err := g.Catalog.Products(ctx)
	if err != nil {
		return nil, err
	}
	held, twice := map[string]toolOf{}, []string{}
	for _, p := range all {
		for _, q := range p.Tools() {
			name := q.ToolName()
			if _, taken := held[name]; taken {
				twice = append(twice, name)
			}
			held[name] = toolOf{p.ID, q.Query.Name}
		}
	}
	for _, name := range twice {
		delete(held, name)
	}
	if fresh && n >= g.tools.n {
		g.tools.n, g.tools.held = n, held
	}
	return held, nil
}

// Published gives the published queries that the caller may run, by product
// and name.
func (g *Gateway) Published(ctx context.Context, c auth.Caller) ([]product.Published, error) {
	all, err := g.published(ctx)
	if err != nil {
		return nil, err
	}
	var out []product.Published
	for _, t := range all {
		p, err := g.verified(ctx, c, t.product, t.query)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b product.Published) int {
		return strings.Compare(a.Product.ID+"\x00"+a.Query.Name, b.Product.ID+"\x00"+b.Query.Name)
	})
	return out, nil
}

// PublishedAs gives the published query that is a tool of that name; NotFound
// when there is none that the caller may run.
func (g *Gateway) PublishedAs(ctx context.Context, c auth.Caller, tool string) (product.Published, error) {
	all, err := g.published(ctx)
	if err != nil {
		return product.Published{}, err
	}
	t, ok := all[tool]
	if !ok {
		return product.Published{}, fault.New(fault.NotFound, "there is no tool of this name")
	}
	p, err := g.verified(ctx, c, t.product, t.query)
	return p, g.denied(auth.WithCaller(ctx, c), "product:"+t.product, err)
}

// QueryGrants lists who the product's verified queries are shared with.
func (g *Gateway) QueryGrants(ctx context.Context, c auth.Caller, id string) ([]product.Grant, error) {
	ctx, err := g.manage(ctx, c, policy.ManageGrants, id, "")
	if err != nil {
		return nil, err
	}
	return g.Catalog.QueryGrants(ctx, id)
}

// GrantQuery shares one verified query, which the product has to have, and
// none of the rest of it.
func (g *Gateway) GrantQuery(ctx context.Context, c auth.Caller, gr product.Grant) error {
	gr.Role = product.ProductViewer
	if err := checkGrant(gr); err != nil {
		return err
	}
	ctx, err := g.manage(ctx, c, policy.ManageGrants, gr.Product, "")
	if err != nil {
		return err
	}
	versions, err := g.Catalog.Versions(ctx, gr.Product)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(versions, func(p product.Product) bool { _, ok := p.VerifiedQuery(gr.Query); return ok }) {
		return policy.QueryNotFound(gr.Query)
	}
	return g.Catalog.PutQueryGrant(ctx, gr)
}

// RevokeQuery takes a grant on a verified query away.
func (g *Gateway) RevokeQuery(ctx context.Context, c auth.Caller, gr product.Grant) error {
	ctx, err := g.manage(ctx, c, policy.ManageGrants, gr.Product, "")
	if err != nil {
		return err
	}
	return g.Catalog.DeleteQueryGrant(ctx, gr)
}
