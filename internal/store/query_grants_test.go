package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/store"
)

func TestAGrantOnAQueryIsNoneOnItsProduct(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := as(auth.Operator)
		putProduct(t, db, auth.Operator, parsed(t))
		queries := func() []string {
			t.Helper()
			all, err := db.QueryGrants(ctx, "shop")
			if err != nil {
				t.Fatal(err)
			}
			out := []string{}
			for _, g := range all {
				if g.Role != product.QueryRunner || g.CreatedAt.IsZero() || g.CreatedBy != "operator" {
					t.Errorf("%+v", g)
				}
				out = append(out, g.Query+" "+g.Subject)
			}
			return out
		}
		for _, subject := range []string{"client:b", "client:b", "everyone"} { // the same again is no change
			if err := db.PutQueryGrant(ctx, product.Grant{Product: "shop", Query: "top", Subject: subject}); err != nil {
				t.Fatal(err)
			}
		}
		if d := cmp.Diff([]string{"top client:b", "top everyone"}, queries()); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{}, granted(t, db, "shop")); d != "" {
			t.Errorf("the product itself is granted: %s", d)
		}
		if p, err := db.Product(ctx, "shop"); err != nil || p.Public {
			t.Errorf("a query for everyone makes the product public: %v", err)
		}
		for _, c := range []string{"client:b", "client:c"} {
			if all, err := db.QueryGrantsOf(ctx, c, "shop"); err != nil || len(all) != map[string]int{"client:b": 2, "client:c": 1}[c] {
				t.Errorf("%d grants reach %s: %v", len(all), c, err)
			}
		}
		if err := db.PutQueryGrant(ctx, product.Grant{Product: "none", Query: "top", Subject: "client:b"}); !fault.Is(err, fault.NotFound) {
			t.Errorf("on a product that is not there: %v", err)
		}
		if err := db.PutQueryGrant(ctx, product.Grant{Product: "shop", Query: "top", Subject: "b"}); !fault.Is(err, fault.Invalid) {
			t.Errorf("to no subject: %v", err)
		}
		if err := db.DeleteQueryGrant(ctx, product.Grant{Product: "shop", Query: "top", Subject: "client:b"}); err != nil {
			t.Error(err)
		}
		if err := db.DeleteQueryGrant(ctx, product.Grant{Product: "shop", Query: "top", Subject: "client:b"}); !fault.Is(err, fault.NotFound) {
			t.Errorf("twice: %v", err)
		}
		if d := cmp.Diff([]string{"top everyone"}, queries()); d != "" {
			t.Error(d)
		}
		if err := db.DeleteProduct(ctx, "shop"); err != nil {
			t.Fatal(err)
		}
		putProduct(t, db, auth.Operator, parsed(t))
		if d := cmp.Diff([]string{}, queries()); d != "" {
			t.Errorf("a grant waited for the next product of its name: %s", d)
		}
	})
}
