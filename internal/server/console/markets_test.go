package console_test

import (
	"net/http"
	"testing"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/product/market"
)

func TestMarketplacesAndWhoMaySeeThem(t *testing.T) {
	g := withAdmin(t)
	g.shelf.products = []product.Product{{ID: "sales:q1", Name: "Sales", Version: "1.0.0", Status: product.Ready}}
	g.shelf.markets = []market.Marketplace{
		market.TheDefault(),
		{ID: "fin", Name: "Finance <b>", ContactName: "Ann", Standards: []market.Standard{{Name: "Contact", Check: "Has a contact", OnFail: "warn"}}},
	}
	g.shelf.marketGrants = []market.Grant{{Marketplace: "fin", Subject: "everyone", Role: market.Viewer}, {Marketplace: "fin", Subject: "group:3", Role: market.Maintainer}}
	has(t, g.see(t, "/admin/marketplaces/"), "Finance <b>", "fin", "Ann", "All data products", `aria-current="page">Marketplaces`)
	has(t, g.see(t, "/admin/marketplaces/fin/"), "public", "Everyone", "finance (group)", "Maintainer", "Has a contact", "only a warning", "sales:q1", "Origins")
	has(t, g.see(t, "/admin/marketplaces/default/"), "Nothing is published into it", "sales:q1")
	has(t, g.see(t, "/admin/products/sales:q1/"), "Published in", "/admin/marketplaces/fin/", "finance (group)")
	if res := g.get(t, g.admin, "/admin/marketplaces/nothing/"); res.status != http.StatusNotFound {
		t.Errorf("a marketplace that is not there: %d", res.status)
	}
}
