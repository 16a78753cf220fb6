package store_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/product/market"
	"github.com/postern/postern/internal/store"
)

func aMarket(t *testing.T, db *store.DB, id string) {
	t.Helper()
	m, err := market.Parse([]byte("marketplace: {marketplaceId: " + id + ", contactName: Ann, contactEmail: ann@example.com, en: {name: Market}}"))
	must(t, err)
	must(t, db.PutMarketplace(as(auth.Machine), m, true))
}

// standing lists what stands in a marketplace as "product version status".
func standing(t *testing.T, db *store.DB, id string) []string {
	t.Helper()
	all, err := db.Listings(context.Background(), id)
	must(t, err)
	out := []string{}
	for _, l := range all {
		if l.Marketplace != id || l.Name != "Market" || l.CreatedAt.IsZero() {
			t.Errorf("%+v", l)
		}
		out = append(out, l.Product+" "+l.Version+" "+string(l.Status))
	}
	return out
}

func TestProductsStandInAMarketplaceUntilTheyGo(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := as(auth.Operator)
		aMarket(t, db, "m")
		putProduct(t, db, auth.Operator, parsed(t))
		putProduct(t, db, auth.Operator, parsed(t, "1.0.0", "2.0.0"))
		one := func(op market.Op, id, version string) []market.Change {
			return []market.Change{{Op: op, Product: id, Version: version}}
		}
		must(t, db.Publish(ctx, "m", one(market.Publish, "shop", "1.0.0")))
		must(t, db.Publish(ctx, "m", one(market.Publish, "shop", "1.0.0"))) // the same again
		if err := db.Publish(ctx, "m", one(market.Publish, "shop", "2.0.0")); !fault.Is(err, fault.Conflict) {
			t.Errorf("published twice: %v", err)
		}
		must(t, db.Publish(ctx, "m", one(market.Update, "shop", "2.0.0")))
		must(t, db.SetStatus(ctx, "shop", "2.0.0", product.Ready))
		if d := cmp.Diff([]string{"shop 2.0.0 ready"}, standing(t, db, "m")); d != "" {
			t.Error(d)
		}
		for name, err := range map[string]error{
			"a version that is not there":     db.Publish(ctx, "m", one(market.Update, "shop", "9.0.0")),
			"a product that is not there":     db.Publish(ctx, "m", one(market.Publish, "none", "1.0.0")),
			"one that does not stand there":   db.Publish(ctx, "m", one(market.Unpublish, "none", "")),
			"a marketplace that is not there": db.Publish(ctx, "none", one(market.Publish, "shop", "1.0.0")),
		} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		err := db.Publish(ctx, "m", []market.Change{{Op: market.Unpublish, Product: "shop"}, {Op: market.Unpublish, Product: "none"}})
		if f := fault.As(err); f == nil || len(f.Fields) != 1 || strings.Join(f.Fields[0].Loc, ".") != "body.unpublish.1.product_id" {
			t.Errorf("%+v", f)
		}
		if got := standing(t, db, "m"); len(got) != 1 {
			t.Errorf("half a change was made: %v", got)
		}
		if all, err := db.ListingsOf(ctx, []string{"shop", "none"}); err != nil || len(all) != 1 {
			t.Errorf("%v %v", all, err)
		}
		must(t, db.DeleteVersion(ctx, "shop", "2.0.0"))
		if got := standing(t, db, "m"); len(got) != 0 {
			t.Errorf("the version is gone, and stands there still: %v", got)
		}
		must(t, db.Publish(ctx, "m", one(market.Publish, "shop", "1.0.0")))
		must(t, db.DeleteProduct(ctx, "shop"))
		if got := standing(t, db, "m"); len(got) != 0 {
			t.Errorf("the product is gone, and stands there still: %v", got)
		}
	})
}

func TestRolesOnAMarketplaceReachAsGrantsDo(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := as(auth.Operator)
		aMarket(t, db, "m")
		c := aClient(t, db, "member")
		g, err := db.CreateGroup(ctx, "finance")
		must(t, err)
		must(t, db.AddMember(ctx, g.ID, c.Subject()))
		must(t, db.PutMarketGrant(ctx, market.Grant{Marketplace: "m", Subject: g.Subject(), Role: market.Viewer}, false))
		must(t, db.PutMarketGrant(ctx, market.Grant{Marketplace: "m", Subject: g.Subject(), Role: market.Maintainer}, true))
		got, err := db.MarketGrantsOf(ctx, c.Subject(), "m")
		if err != nil || len(got) != 1 || got[0].Member != c.Subject() || got[0].Role != market.Maintainer {
			t.Errorf("%+v, %v", got, err)
		}
		for _, bad := range []market.Grant{{Marketplace: "m", Subject: "ann", Role: market.Viewer}, {Marketplace: "m", Subject: "everyone", Role: market.Admin}, {Marketplace: "m", Subject: "client:x", Role: "owner"}} {
			if err := db.PutMarketGrant(ctx, bad, false); !fault.Is(err, fault.Invalid) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		if err := db.PutMarketGrant(ctx, market.Grant{Marketplace: "m", Subject: "client:none", Role: market.Viewer}, true); !fault.Is(err, fault.NotFound) {
			t.Errorf("changed what was not there: %v", err)
		}
		must(t, db.DeleteGroup(ctx, g.ID))
		all, err := db.MarketGrants(ctx, "m")
		if err != nil || len(all) != 1 || all[0].Role != market.Admin { // its maker's
			t.Errorf("%+v, %v", all, err)
		}
		must(t, db.DeleteMarketGrant(ctx, market.Grant{Marketplace: "m", Subject: all[0].Subject}))
		m, err := market.Parse([]byte("marketplace: {marketplaceId: m, contactName: Ann, contactEmail: ann@example.com, en: {name: Other}}"))
		must(t, err)
		if err := db.PutMarketplace(ctx, m, true); !fault.Is(err, fault.Conflict) {
			t.Errorf("made twice: %v", err)
		}
		must(t, db.PutMarketplace(ctx, m, false))
		if got, err := db.Marketplace(ctx, "m"); err != nil || got.Name != "Other" {
			t.Errorf("%+v, %v", got, err)
		}
		must(t, db.DeleteMarketplace(ctx, "m"))
		if err := db.PutMarketplace(ctx, m, false); !fault.Is(err, fault.NotFound) {
			t.Errorf("changed what is gone: %v", err)
		}
	})
}

func TestTheLastReportOfAKeyIsKept(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := as(auth.Operator)
		putProduct(t, db, auth.Operator, parsed(t))
		report := func(id, value string) []market.Report {
			return []market.Report{{Product: id, Key: "no_pii", Value: []byte(value), Extra: []byte(`{}`)}}
		}
		must(t, db.PutReports(ctx, report("shop", "false")))
		must(t, db.PutReports(ctx, report("shop", "true")))
		if err := db.PutReports(ctx, append(report("shop", "1"), report("none", "1")...)); !fault.Is(err, fault.NotFound) {
			t.Errorf("of a product that is not there: %v", err)
		}
		got, err := db.Reports(ctx, "shop")
		if err != nil || len(got) != 1 || string(got[0].Value) != "true" || got[0].By != "operator" {
			t.Errorf("%+v, %v", got, err)
		}
	})
}
