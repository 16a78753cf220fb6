package policy_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/product/market"
)

func TestAMarketplaceThatIsInvisibleIsNotFound(t *testing.T) {
	p := newPolicy(t)
	absent := policy.MarketNotFound("m")
	for _, a := range policy.MarketActions {
		if a == policy.CreateMarket {
			continue
		}
		err := fault.As(p.Market(machine(auth.CatalogAdmin), a, "m", nil))
		if d := cmp.Diff(absent, err, cmp.AllowUnexported(fault.Error{})); d != "" {
			t.Errorf("%s on an invisible marketplace is told apart from one that is absent: %s", a, d)
		}
	}
	seen := []market.Grant{{Marketplace: "m", Subject: policy.Everyone, Role: market.Viewer}}
	for _, a := range policy.MarketActions[2:] {
		if err := p.Market(machine(auth.Composer), a, "m", seen); !fault.Is(err, fault.Denied) {
			t.Errorf("%s on a visible marketplace: %v", a, err)
		}
	}
	// Grants to others, on others, and to groups that the caller is not in do not count.
	for _, g := range []market.Grant{
		{Marketplace: "other", Subject: machine("").Subject(), Role: market.Admin}, {Marketplace: "m", Subject: "client:pc_other", Role: market.Admin},
		{Marketplace: "m", Subject: "group:1", Role: market.Admin}, {Marketplace: "m", Subject: "group:1", Member: "client:pc_other", Role: market.Admin},
		{Marketplace: "m", Subject: "client:pc_other", Member: machine("").Subject(), Role: market.Admin},
	} {
		if err := p.Market(machine(auth.Composer), policy.ViewMarket, "m", []market.Grant{g}); !fault.Is(err, fault.NotFound) {
			t.Errorf("%+v: %v", g, err)
		}
	}
}

func TestTheMarketplaceDefaultIsEverybodysAndNobodyChangesIt(t *testing.T) {
	p := newPolicy(t)
	for _, r := range auth.Roles {
		for _, a := range policy.MarketActions {
			err := p.Market(machine(r), a, market.Default, []market.Grant{{Marketplace: market.Default, Subject: machine("").Subject(), Role: market.Admin}})
			if (a == policy.ViewMarket) != (err == nil) {
				t.Errorf("%s, %s: %v", r, a, err)
			}
		}
	}
	if err := p.Market(auth.Caller{}, policy.ViewMarket, market.Default, nil); err == nil {
		t.Error("nobody sees it")
	}
}

func TestARoleOnAMarketplaceGivesNoRightOnAProduct(t *testing.T) {
	p := newPolicy(t)
	for _, r := range auth.Roles[1:] {
		for _, role := range market.Roles {
			// Of the same name, and through the same set of grants.
			g := product.Grant{Product: "m", Subject: machine("").Subject(), Role: product.GrantRole(role)}
			if err := p.Product(machine(r), policy.View, product.Product{ID: "m"}, []product.Grant{g}); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s with %s: %v", r, role, err)
			}
		}
		for _, role := range []product.GrantRole{product.ProductViewer, product.ProductAdmin} {
			g := market.Grant{Marketplace: "m", Subject: machine("").Subject(), Role: market.Role(role)}
			if err := p.Market(machine(r), policy.ViewMarket, "m", []market.Grant{g}); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s with %s: %v", r, role, err)
			}
		}
	}
}

// No sequence of up to four calls by one who administers no marketplace ends
// with more rights on those that were there.
func TestNoSequenceOfCallsGivesMoreRightsOnAMarketplace(t *testing.T) {
	p := newPolicy(t)
	rapid.Check(t, func(t *rapid.T) {
		c := machine(rapid.SampledFrom(auth.Roles[1:]).Draw(t, "role"))
		held := rapid.SampledFrom([]market.Role{"", market.Viewer, market.Maintainer}).Draw(t, "held")
		there := map[string]bool{"a": true, "b": true}
		grants := []market.Grant{{Marketplace: "a", Subject: "client:pc_owner", Role: market.Admin}, {Marketplace: "a", Subject: c.Subject(), Role: held}}
		may := func(a policy.Action, id string) bool {
			return there[id] == (a != policy.CreateMarket) && p.Market(c, a, id, grants) == nil
		}
		rights := func() map[string]bool {
			out := map[string]bool{}
			for _, a := range policy.MarketActions {
				for _, id := range []string{"a", "b"} {
					out[string(a)+" "+id] = a != policy.CreateMarket && may(a, id)
				}
			}
			return out
		}
		before := rights()
		for range rapid.IntRange(1, 4).Draw(t, "calls") {
			id, a := rapid.SampledFrom([]string{"a", "b", "c", market.Default}).Draw(t, "id"), rapid.SampledFrom(policy.MarketActions).Draw(t, "action")
			if !may(a, id) {
				continue
			}
			switch a {
			case policy.CreateMarket:
				there[id] = true
				grants = append(grants, market.Grant{Marketplace: id, Subject: c.Subject(), Role: market.Admin})
			case policy.DeleteMarket:
				delete(there, id)
				grants = slices.DeleteFunc(grants, func(g market.Grant) bool { return g.Marketplace == id })
			case policy.ManageMarketGrants:
				grants = append(grants, market.Grant{Marketplace: id, Subject: c.Subject(), Role: rapid.SampledFrom(market.Roles).Draw(t, "given")})
			}
		}
		for _, right := range slices.Sorted(maps.Keys(before)) {
			if rights()[right] && !before[right] {
				t.Fatal(fmt.Sprintf("%s gained %q", c.Role, right))
			}
		}
	})
}
