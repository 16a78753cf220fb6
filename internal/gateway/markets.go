package gateway

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/product/market"
)

// mayMarket gives a marketplace if policy allows the action. As with products,
// policy is asked first, of the id and what the caller holds on it; a denial
// goes on record.
func (g *Gateway) mayMarket(ctx context.Context, c auth.Caller, act policy.Action, id string) (market.Marketplace, error) {
	m, err := g.lookMarket(ctx, c, act, id)
	if fault.Is(err, fault.Denied) || fault.Is(err, fault.NotFound) {
		e := audit.Event{Kind: audit.AccessDenied, Object: clip("marketplace:"+id, maxName), Outcome: "denied", Reason: fault.As(err).Message}
		if rerr := g.Record.Append(auth.WithCaller(ctx, c), e); rerr != nil {
			return m, rerr
		}
	}
	return m, err
}

func (g *Gateway) lookMarket(ctx context.Context, c auth.Caller, act policy.Action, id string) (m market.Marketplace, err error) {
	if id == "" || len(id) > maxName {
		return m, policy.MarketNotFound(clip(id, maxName))
	}
	grants, err := g.Markets.MarketGrantsOf(ctx, c.Subject(), id)
	if err != nil {
		return m, err
	}
	verdict := g.Policy.Market(c, act, id, grants)
	if fault.Is(verdict, fault.NotFound) {
		return m, verdict
	}
	if id == market.Default {
		return market.TheDefault(), verdict
	}
	if m, err = g.Markets.Marketplace(ctx, id); fault.Is(err, fault.NotFound) {
		err = policy.MarketNotFound(id)
	}
	if err != nil {
		return m, err
	}
	return m, verdict
}

// Marketplaces lists those that the caller may see, the default first.
func (g *Gateway) Marketplaces(ctx context.Context, c auth.Caller) ([]market.Marketplace, error) {
	all, err := g.Markets.Marketplaces(ctx)
	if err != nil {
		return nil, err
	}
	seen, err := g.seesMarket(ctx, c)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(m market.Marketplace) bool { return !seen(m.ID) })
	if seen(market.Default) {
		all = append([]market.Marketplace{market.TheDefault()}, all...)
	}
	return all, nil
}

// seesMarket says of any marketplace whether the caller may see it.
func (g *Gateway) seesMarket(ctx context.Context, c auth.Caller) (func(id string) bool, error) {
	grants, err := g.Markets.MarketGrantsOf(ctx, c.Subject(), "")
	return func(id string) bool { return g.Policy.Market(c, policy.ViewMarket, id, grants) == nil }, err
}

// sees says of any product whether the caller may do something with it.
func (g *Gateway) sees(ctx context.Context, c auth.Caller, act policy.Action) (func(id string) bool, error) {
	grants, err := g.OwnGrants(ctx, c)
	of := map[string][]product.Grant{}
	for _, gr := range grants {
		of[gr.Product] = append(of[gr.Product], gr)
	}
	return func(id string) bool {
		return g.Policy.Product(c, act, product.Product{ID: id, Public: public(of[id])}, of[id]) == nil
	}, err
}

// Marketplace gives one that the caller may see.
func (g *Gateway) Marketplace(ctx context.Context, c auth.Caller, id string) (market.Marketplace, error) {
	return g.mayMarket(ctx, c, policy.ViewMarket, id)
}

// CreateMarketplace makes a marketplace of its spec, which the caller then
// administers.
func (g *Gateway) CreateMarketplace(ctx context.Context, c auth.Caller, doc []byte) (market.Marketplace, error) {
	ctx = auth.WithCaller(ctx, c)
	m, err := market.Parse(doc)
	if err != nil {
		return m, err
	}
	if err := g.denied(ctx, "marketplace:"+m.ID, g.Policy.Market(c, policy.CreateMarket, m.ID, nil)); err != nil {
		return m, err
	}
	if err := g.Markets.PutMarketplace(ctx, m, true); err != nil {
		return m, err
	}
	return g.Markets.Marketplace(ctx, m.ID)
}

// UpdateMarketplace replaces a marketplace's spec.
func (g *Gateway) UpdateMarketplace(ctx context.Context, c auth.Caller, doc []byte) (market.Marketplace, error) {
	m, err := market.Parse(doc)
	if err != nil {
		return m, err
	}
	if _, err := g.mayMarket(ctx, c, policy.UpdateMarket, m.ID); err != nil {
		return m, err
	}
	if err := g.Markets.PutMarketplace(auth.WithCaller(ctx, c), m, false); err != nil {
		return m, err
	}
	return g.Markets.Marketplace(ctx, m.ID)
}

// DeleteMarketplace deletes a marketplace. Its products stay.
func (g *Gateway) DeleteMarketplace(ctx context.Context, c auth.Caller, id string) error {
	if _, err := g.mayMarket(ctx, c, policy.DeleteMarket, id); err != nil {
		return err
	}
	return g.Markets.DeleteMarketplace(auth.WithCaller(ctx, c), id)
}

// Listed lists what stands in a marketplace and the caller may see, by id:
// each product with the badges it has earned there. A version that is a draft
// again is not shown.
func (g *Gateway) Listed(ctx context.Context, c auth.Caller, id string) ([]market.Shown, error) {
	m, err := g.mayMarket(ctx, c, policy.ViewMarket, id)
	if err != nil {
		return nil, err
	}
	if id == market.Default {
		all, err := g.Products(ctx, c)
		out := make([]market.Shown, 0, len(all))
		for _, p := range all {
			out = append(out, market.Shown{Product: p})
		}
		return out, err
	}
	listings, err := g.Markets.Listings(ctx, id)
	if err != nil {
		return nil, err
	}
	seen, err := g.sees(ctx, c, policy.View)
	if err != nil {
		return nil, err
	}
	out := []market.Shown{}
	for _, l := range listings {
		if !seen(l.Product) || l.Status != product.Ready {
			continue
		}
		s, err := g.shown(ctx, m, l)
		if fault.Is(err, fault.NotFound) {
			continue // it went since the list was read
		}
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func (g *Gateway) shown(ctx context.Context, m market.Marketplace, l market.Listing) (market.Shown, error) {
	p, err := g.product(ctx, l.Product, l.Version)
	if err != nil || len(m.Badges) == 0 {
		return market.Shown{Product: p}, err
	}
	s, err := g.subjectOf(ctx, p)
	return market.Shown{Product: p, Badges: m.Earned(s)}, err
}

func (g *Gateway) subjectOf(ctx context.Context, p product.Product) (market.Subject, error) {
	reports, err := g.Markets.Reports(ctx, p.ID)
	if err != nil {
		return market.Subject{}, err
	}
	return market.SubjectOf(p, reports)
}

// ListedProduct gives one product as it stands in a marketplace.
func (g *Gateway) ListedProduct(ctx context.Context, c auth.Caller, id, productID string) (market.Shown, error) {
	all, err := g.Listed(ctx, c, id)
	if err != nil {
		return market.Shown{}, err
	}
	for _, s := range all {
		if s.Product.ID == productID {
			return s, nil
		}
	}
	return market.Shown{}, g.denied(auth.WithCaller(ctx, c), "product:"+productID, policy.NotFound(productID))
}

// Publish changes what stands in a marketplace: all changes are made, or none.
// The fault names each change that cannot be. It gives the products of the
// changes, in their order, as they are.
func (g *Gateway) Publish(ctx context.Context, c auth.Caller, id string, changes []market.Change) ([]product.Product, error) {
	m, err := g.mayMarket(ctx, c, policy.Publish, id)
	if err != nil {
		return nil, err
	}
	ctx = auth.WithCaller(ctx, c)
	changes = slices.Clone(changes)
	out := make([]product.Product, len(changes))
	var failed refusals
	for i := range changes {
		if out[i], err = g.admit(ctx, c, m, &changes[i]); err != nil {
			if fault.As(err) == nil {
				return nil, err
			}
			failed.add(changes[:i], changes[i].Op, err)
		}
	}
	if failed.fault != nil {
		return nil, g.denied(ctx, "marketplace:"+id, failed.fault)
	}
	return out, g.Markets.Publish(ctx, id, changes)
}

// admit gives the product of a change if the caller may see it and the
// marketplace takes it, and puts its version into the change.
func (g *Gateway) admit(ctx context.Context, c auth.Caller, m market.Marketplace, ch *market.Change) (product.Product, error) {
	p, err := g.may(ctx, c, policy.View, ch.Product, ch.Version)
	if err != nil || ch.Op == market.Unpublish {
		return p, err
	}
	if ch.Version = p.Version; p.Status != product.Ready {
		return p, fault.New(fault.Conflict, "version %s of data product %q is a draft: set its status to ready first", p.Version, p.ID)
	}
	if err := g.noWorse(ctx, m, p, ch.Force); err != nil {
		return p, err
	}
	s, err := g.subjectOf(ctx, p)
	if err != nil {
		return p, err
	}
	return p, m.Admit(s)
}

// noWorse holds a version against the one that stands in the marketplace now.
func (g *Gateway) noWorse(ctx context.Context, m market.Marketplace, p product.Product, force bool) error {
	if g.Worse == nil {
		return nil
	}
	listed, err := g.Markets.ListingsOf(ctx, []string{p.ID})
	if err != nil {
		return err
	}
	for _, l := range listed {
		if l.Marketplace != m.ID || l.Version == p.Version {
			continue
		}
		last, err := g.product(ctx, p.ID, l.Version)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err == nil {
			err = g.Worse(ctx, last, p, force)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// refusals are the faults of several changes as one, which has the kind and
// the words of the first.
type refusals struct{ fault *fault.Error }

func (r *refusals) add(before []market.Change, op market.Op, err error) {
	n := 0
	for _, c := range before {
		if c.Op == op {
			n++
		}
	}
	f := *fault.As(err)
	at := []string{"body", string(op), fmt.Sprint(n)}
	fields := []fault.Field{{Loc: append(slices.Clone(at), "product_id"), Msg: f.Message, Type: "not_published"}}
	for _, x := range f.Fields {
		fields = append(fields, fault.Field{Loc: append(slices.Clone(at), x.Loc...), Msg: x.Msg, Type: x.Type})
	}
	if r.fault == nil {
		f.Fields = nil
		r.fault = &f
	}
	r.fault.Fields = append(r.fault.Fields, fields...)
}

// Associations says in which marketplaces that the caller may see the products
// stand. What the caller may see of the products themselves is not asked.
func (g *Gateway) Associations(ctx context.Context, c auth.Caller, products []string) (map[string][]market.Listing, error) {
	all, err := g.Markets.ListingsOf(ctx, products)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	seen, err := g.seesMarket(ctx, c)
	out := map[string][]market.Listing{}
	for _, l := range all {
		if seen(l.Marketplace) {
			out[l.Product] = append(out[l.Product], l)
		}
	}
	return out, err
}

// MarketGrants lists who has a role on a marketplace.
func (g *Gateway) MarketGrants(ctx context.Context, c auth.Caller, id string) ([]market.Grant, error) {
	if _, err := g.mayMarket(ctx, c, policy.ManageMarketGrants, id); err != nil {
		return nil, err
	}
	return g.Markets.MarketGrants(ctx, id)
}

// OwnMarketGrants gives the roles that reach the caller, on any marketplace.
func (g *Gateway) OwnMarketGrants(ctx context.Context, c auth.Caller) ([]market.Grant, error) {
	return g.Markets.MarketGrantsOf(ctx, c.Subject(), "")
}

// GrantMarket gives a subject a role on a marketplace; with known it changes
// the role of one that has one.
func (g *Gateway) GrantMarket(ctx context.Context, c auth.Caller, gr market.Grant, known bool) error {
	if !slices.Contains(market.Roles, gr.Role) {
		return fault.BadField("role", "enum", "Input should be 'marketplace_viewer', 'marketplace_maintainer' or 'marketplace_admin'")
	}
	if gr.Subject == policy.Everyone && gr.Role != market.Viewer {
		return fault.BadField("role", "value_error", "everyone can be a marketplace_viewer only")
	}
	if _, err := g.mayMarket(ctx, c, policy.ManageMarketGrants, gr.Marketplace); err != nil {
		return err
	}
	return g.Markets.PutMarketGrant(auth.WithCaller(ctx, c), gr, known)
}

// RevokeMarket takes a role on a marketplace away.
func (g *Gateway) RevokeMarket(ctx context.Context, c auth.Caller, gr market.Grant) error {
	if _, err := g.mayMarket(ctx, c, policy.ManageMarketGrants, gr.Marketplace); err != nil {
		return err
	}
	return g.Markets.DeleteMarketGrant(auth.WithCaller(ctx, c), gr)
}

// maxReport bounds one report's value with its other fields, in bytes.
const maxReport = 16 << 10

// Report keeps what was found out about products. It takes their
// administration, as standards go by it; all reports are kept or none.
func (g *Gateway) Report(ctx context.Context, c auth.Caller, reports []market.Report) error {
	for i, r := range reports {
		switch field := fmt.Sprintf("%d.report_key", i); {
		case strings.TrimSpace(r.Key) == "":
			return fault.Missing(field)
		case len(r.Key) > maxName || strings.ContainsFunc(r.Key, func(c rune) bool { return c < ' ' || c == 0x7f }):
			return fault.BadField(field, "string_pattern", "must be one line of at most %d bytes", maxName)
		case len(r.Value)+len(r.Extra) > maxReport:
			return fault.BadField(fmt.Sprintf("%d.value", i), "too_long", "a report has at most %d bytes", maxReport)
		}
		if _, err := g.manage(ctx, c, policy.Update, r.Product, ""); err != nil {
			return err
		}
	}
	if len(reports) == 0 {
		return fault.New(fault.Invalid, "the body must be a list with at least one report")
	}
	return g.Markets.PutReports(auth.WithCaller(ctx, c), reports)
}

// Reports gives what was found out about a product, to its administrators.
func (g *Gateway) Reports(ctx context.Context, c auth.Caller, id string) ([]market.Report, error) {
	if _, err := g.manage(ctx, c, policy.Update, id, ""); err != nil {
		return nil, err
	}
	return g.Markets.Reports(ctx, id)
}
