package gateway

import (
	"context"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
)

// Better refuses to let p stand in the place of the version of its product that
// is ready now, when it answers worse by the scores that were kept. It says
// nothing to who may not change the product: those are refused for that.
func (g *Gateway) Better(ctx context.Context, c auth.Caller, p product.Product, force bool) error {
	if g.Worse == nil {
		return nil
	}
	if _, err := g.may(ctx, c, policy.Update, p.ID, ""); err != nil {
		return nil //nolint:nilerr // what the caller goes on to do says it
	}
	all, err := g.Catalog.Versions(ctx, p.ID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	last, ok := product.Current(all)
	if !ok || last.Status != product.Ready || last.Version == p.Version {
		return nil // a version is not held against its own former text
	}
	return g.Worse(ctx, last, p, force)
}

// Evaluates gives a version of a product to who may keep scores of it: who may
// change it, since a score can keep a version from being made ready.
func (g *Gateway) Evaluates(ctx context.Context, c auth.Caller, id, version string) (product.Product, error) {
	if _, err := g.manage(ctx, c, policy.Update, id, version); err != nil {
		return product.Product{}, err
	}
	return g.product(ctx, id, version)
}
