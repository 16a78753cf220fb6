package store_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/store"
)

// granted lists a product's grants as "subject role".
func granted(t *testing.T, db *store.DB, id string) []string {
	t.Helper()
	all, err := db.Grants(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, g := range all {
		if g.Product != id || g.CreatedBy == "" || g.CreatedAt.IsZero() {
			t.Errorf("grant %+v", g)
		}
		out = append(out, g.Subject+" "+string(g.Role))
	}
	return out
}

func TestWhoCreatesAProductThroughTheAPIAdministersIt(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		for kind, want := range map[auth.CallerKind][]string{
			auth.Machine: {"client:pc_a product_admin"}, auth.Person: {"user:7 product_admin"}, auth.Operator: {},
		} {
			id := "p:" + string(kind)
			putProduct(t, db, kind, parsed(t, "productId: shop", "productId: "+id))
			putProduct(t, db, auth.Machine, parsed(t, "productId: shop", "productId: "+id, "1.0.0", "2.0.0")) // no grant for a further version
			if d := cmp.Diff(want, granted(t, db, id)); d != "" {
				t.Errorf("%s: %s", kind, d)
			}
		}
	})
}

func TestASubjectHasOneRoleOnAProduct(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := as(auth.Operator)
		putProduct(t, db, auth.Operator, parsed(t))
		put := func(subject string, role product.GrantRole) {
			t.Helper()
			if err := db.PutGrant(ctx, product.Grant{Product: "shop", Subject: subject, Role: role}); err != nil {
				t.Fatal(err)
			}
		}
		put("client:b", product.ProductViewer)
		put("client:b", product.ProductViewer) // no change, no record
		put("client:b", product.ProductAdmin)
		put("user:1", product.ProductViewer)
		if d := cmp.Diff([]string{"client:b product_admin", "user:1 product_viewer"}, granted(t, db, "shop")); d != "" {
			t.Error(d)
		}
		if err := db.DeleteGrant(ctx, product.Grant{Product: "shop", Subject: "client:b", Role: product.ProductViewer}); !fault.Is(err, fault.NotFound) {
			t.Errorf("took away another role: %v", err)
		}
		for _, g := range []product.Grant{{Product: "shop", Subject: "client:b", Role: product.ProductAdmin}, {Product: "shop", Subject: "user:1"}} {
			if err := db.DeleteGrant(ctx, g); err != nil {
				t.Error(err)
			}
			if err := db.DeleteGrant(ctx, g); !fault.Is(err, fault.NotFound) {
				t.Errorf("twice: %v", err)
			}
		}
		want := []string{"product.created shop by operator", "grant.created shop by operator", "grant.created shop by operator", "grant.created shop by operator", "grant.deleted shop by operator", "grant.deleted shop by operator"}
		if d := cmp.Diff(want, recorded(t, db)); d != "" {
			t.Error(d)
		}
	})
}

func TestGrantsOfReachesAcrossProducts(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := as(auth.Operator)
		for _, id := range []string{"b", "a"} {
			putProduct(t, db, auth.Operator, parsed(t, "productId: shop", "productId: "+id))
			for _, s := range []string{"client:x", "client:y", "everyone"} {
				if err := db.PutGrant(ctx, product.Grant{Product: id, Subject: s, Role: product.ProductViewer}); err != nil {
					t.Fatal(err)
				}
			}
		}
		got, err := db.GrantsOf(ctx, "client:x", "")
		var names []string
		for _, g := range got {
			names = append(names, g.Product+" "+g.Subject)
		}
		if d := cmp.Diff([]string{"a client:x", "a everyone", "b client:x", "b everyone"}, names); d != "" || err != nil {
			t.Error(d, err)
		}
		if got, err := db.GrantsOf(ctx, "client:y", "b"); err != nil || len(got) != 2 || got[0].Product != "b" {
			t.Errorf("%v %v", got, err)
		}
		if got, err := db.GrantsOf(ctx, "client:y", "none\x00"); err != nil || len(got) != 0 {
			t.Errorf("%v %v", got, err)
		}
	})
}

func TestPublicIsAGrantToEveryone(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := as(auth.Operator)
		public := func() bool {
			p, err := db.Product(ctx, "shop")
			if err != nil {
				t.Fatal(err)
			}
			return p.Public
		}
		everyone := product.Grant{Product: "shop", Subject: "everyone", Role: product.ProductViewer}
		p := parsed(t)
		p.Public = true
		putProduct(t, db, auth.Operator, p)
		if d := cmp.Diff([]string{"everyone product_viewer"}, granted(t, db, "shop")); d != "" || !public() {
			t.Error(d)
		}
		if err := db.DeleteGrant(ctx, everyone); err != nil || public() {
			t.Errorf("public without the grant: %v", err)
		}
		if err := db.PutGrant(ctx, everyone); err != nil || !public() {
			t.Errorf("not public with the grant: %v", err)
		}
		p.Public = false
		putProduct(t, db, auth.Operator, p)
		if public() || len(granted(t, db, "shop")) != 0 {
			t.Error("made private, and still granted to everyone")
		}
	})
}

func TestGrantsThatMakeNoSenseAreRefused(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		putProduct(t, db, auth.Operator, parsed(t))
		for _, g := range []product.Grant{
			{Product: "shop", Subject: "ann", Role: product.ProductViewer}, {Product: "shop", Subject: "client:b", Role: "owner"},
			{Product: "shop", Subject: "everyone", Role: product.ProductAdmin}, {Product: "shop", Subject: "", Role: product.ProductViewer},
		} {
			if err := db.PutGrant(as(auth.Operator), g); !fault.Is(err, fault.Invalid) {
				t.Errorf("%+v: %v", g, err)
			}
		}
	})
}
