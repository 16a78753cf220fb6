package policy

import (
	"github.com/cedar-policy/cedar-go"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product/market"
)

// The actions on a marketplace.
const (
	ViewMarket         Action = "view_marketplace"
	CreateMarket       Action = "create_marketplace"
	UpdateMarket       Action = "update_marketplace"
	DeleteMarket       Action = "delete_marketplace"
	Publish            Action = "publish" // and update and unpublish products in it
	ManageMarketGrants Action = "manage_marketplace_grants"
)

// MarketActions lists every action on a marketplace.
var MarketActions = []Action{ViewMarket, CreateMarket, UpdateMarket, DeleteMarket, Publish, ManageMarketGrants}

var marketVerbs = map[Action]string{
	ViewMarket: "view", CreateMarket: "create", UpdateMarket: "change", DeleteMarket: "delete",
	Publish: "publish in", ManageMarketGrants: "manage the grants of",
}

// Market decides an action on a marketplace, as Product does on a product.
func (p *Policy) Market(c auth.Caller, a Action, id string, grants []market.Grant) error {
	e := aboutMarket(c, id, grants)
	if ok, _ := p.decide(&e, cedar.String(a), e.resource()); ok && (a == ViewMarket || carries(c, auth.ScopeProductsWrite)) {
		return nil
	}
	if a != CreateMarket {
		if seen, _ := p.decide(&e, cedar.String(ViewMarket), e.resource()); !seen {
			return MarketNotFound(id)
		}
	}
	return p.marketRefusal(&e, a)
}

// MarketNotFound is the one answer for a marketplace that is not there and for
// one that the caller may not see.
func MarketNotFound(id string) *fault.Error {
	return fault.New(fault.NotFound, "marketplace %q not found", id)
}

func (p *Policy) marketRefusal(e *entities, a Action) error {
	r, verb := role(e.caller), marketVerbs[a]
	switch {
	case !known(e.caller):
		return denied("nobody with a role is signed in; get a token at /oauth/v2/token/")
	case e.market == market.Default:
		return denied("nobody may %s the marketplace default: it always holds every product that the caller may see", verb)
	case !carries(e.caller, auth.ScopeProductsWrite):
		return denied("this token does not carry the scope %q, which it takes to %s a marketplace", auth.ScopeProductsWrite, verb)
	case tiers[r] == restricted:
		return denied("the role %s may not %s marketplaces, whatever it was granted; use a client with the role %s", r.Title(), verb, p.holders(auth.ScopeProductsWrite))
	}
	needs := market.Admin
	if a == Publish {
		needs = market.Maintainer
	}
	return denied("the role %s may not %s marketplace %q without the grant %s on it; ask one of its administrators", r.Title(), verb, e.market, needs)
}
