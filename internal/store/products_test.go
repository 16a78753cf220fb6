package store_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/store"
)

const productSpec = `product:
  productId: shop
  version: 1.0.0
  contactEmail: a@b.example
  contactName: A
  en: {name: Shop}
  deliverySystems:
    wh: {type: sql, uri: "sqlite:///data/link.sqlite"}
  recordSets:
    t: {dataAccess: [{type: SQL, qualifiedName: {table: t}}]}
`

// parsed is productSpec with some words changed.
func parsed(t *testing.T, changes ...string) product.Product {
	t.Helper()
	p, err := product.Parse([]byte(strings.NewReplacer(changes...).Replace(productSpec)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func as(kind auth.CallerKind) context.Context {
	return auth.WithCaller(context.Background(), auth.Caller{Kind: kind, ClientID: "pc_a", UserID: 7, Name: "ann"})
}

// recorded gives the kinds of what is on record, in order.
func recorded(t *testing.T, db *store.DB) (out []string) {
	t.Helper()
	rows, err := db.AuditRows(context.Background(), "test", 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		out = append(out, r.Kind+" "+r.Product+" by "+r.Actor)
	}
	return out
}

func putProduct(t *testing.T, db *store.DB, kind auth.CallerKind, p product.Product) bool {
	t.Helper()
	created, err := db.PutProduct(as(kind), p, false)
	if err != nil {
		t.Fatal(err)
	}
	return created
}

func TestAProductIsKeptAsItWasGiven(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		p := parsed(t)
		p.Systems[0].Source.Path = "/real/shop.sqlite" // what the link led to when it was stored
		p.Status, p.Public = product.Ready, true
		if !putProduct(t, db, auth.Operator, p) {
			t.Error("not created")
		}
		got, err := db.Product(ctx, "shop")
		if err != nil {
			t.Fatal(err)
		}
		if got.CreatedAt.IsZero() || !got.CreatedAt.Equal(got.UpdatedAt) {
			t.Errorf("times %v %v", got.CreatedAt, got.UpdatedAt)
		}
		want := p
		want.CreatedBy, want.CreatedAt, want.UpdatedAt = "operator", got.CreatedAt, got.UpdatedAt
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		same, err := db.ProductVersion(ctx, "shop", "1.0.0")
		if err != nil || cmp.Diff(got, same) != "" {
			t.Errorf("the version is another: %v", err)
		}
	})
}

func TestTheSameProductAgainChangesNothing(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		p := parsed(t)
		p.Status = product.Ready
		putProduct(t, db, auth.Operator, p)
		first, _ := db.Product(context.Background(), "shop")
		before, _ := db.Changes(context.Background())
		if putProduct(t, db, auth.Operator, p) {
			t.Error("created again")
		}
		p.Status = "" // keeps the stored one
		putProduct(t, db, auth.Operator, p)
		again, err := db.Product(context.Background(), "shop")
		if err != nil || cmp.Diff(first, again) != "" {
			t.Errorf("%v %s", err, cmp.Diff(first, again))
		}
		if after, _ := db.Changes(context.Background()); after != before {
			t.Error("the change counter moved")
		}
		if d := cmp.Diff([]string{"product.created shop by operator"}, recorded(t, db)); d != "" {
			t.Error(d)
		}
	})
}

func TestAChangedProductReplacesTheOldAndIsOnRecord(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		putProduct(t, db, auth.Operator, parsed(t))
		for _, change := range []func(p *product.Product){
			func(p *product.Product) { *p = parsed(t, "Shop", "Store"); p.Status = product.InDraft },
			func(p *product.Product) { p.Status = product.Ready },
			func(p *product.Product) { p.Public = true },
			func(p *product.Product) { p.Public = false },
			func(p *product.Product) { p.SpecYAML = "" },
			func(p *product.Product) { p.Systems[0].Source.Path = "/elsewhere" },
		} {
			p, err := db.Product(ctx, "shop")
			if err != nil {
				t.Fatal(err)
			}
			before := len(recorded(t, db))
			change(&p)
			if putProduct(t, db, auth.Operator, p) {
				t.Error("a change created a version")
			}
			got, err := db.Product(ctx, "shop")
			if err != nil || !product.Same(p, got) {
				t.Errorf("%v: kept %s %v %s", err, got.Status, got.Public, got.Spec)
			}
			if all := recorded(t, db); len(all) != before+1 || all[before] != "product.updated shop by operator" {
				t.Errorf("on record: %v", all)
			}
		}
	})
}

func TestWhatIsReadDoesNotChangeWhatIsKept(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		putProduct(t, db, auth.Operator, parsed(t))
		p, _ := db.Product(context.Background(), "shop")
		p.Systems[0].Source.Host = "evil"
		again, err := db.Product(context.Background(), "shop")
		if err != nil || again.Systems[0].Source.Host != "" {
			t.Errorf("%+v %v", again.Systems, err)
		}
	})
}

func TestVersionsAreNewestFirstAndTheCurrentOneIsReady(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		for _, v := range []string{"1.9.0", "1.10.0", "2.0.0"} {
			if !putProduct(t, db, auth.Operator, parsed(t, "1.0.0", v)) {
				t.Errorf("version %s is not new", v)
			}
		}
		current := func() string {
			p, err := db.Product(ctx, "shop")
			if err != nil {
				t.Fatal(err)
			}
			return p.Version
		}
		if got := current(); got != "2.0.0" {
			t.Errorf("all drafts: %s", got)
		}
		for _, v := range []string{"1.9.0", "1.10.0"} {
			if err := db.SetStatus(as(auth.Operator), "shop", v, product.Ready); err != nil {
				t.Fatal(err)
			}
			if got := current(); got != v {
				t.Errorf("%s is ready, and %s is current", v, got)
			}
		}
		versions, err := db.Versions(ctx, "shop")
		var names []string
		for _, p := range versions {
			names = append(names, p.Version+" "+string(p.Status))
		}
		if d := cmp.Diff([]string{"2.0.0 draft", "1.10.0 ready", "1.9.0 ready"}, names); d != "" || err != nil {
			t.Error(d, err)
		}
		putProduct(t, db, auth.Operator, parsed(t, "productId: shop", "productId: a:b"))
		list, err := db.Products(ctx)
		if err != nil || len(list) != 2 || list[0].ID != "a:b" || list[1].Version != "1.10.0" {
			t.Errorf("%v %v", list, err)
		}
	})
}

func TestADeletedProductIsGoneWithItsGrants(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		putProduct(t, db, auth.Machine, parsed(t))
		before, _ := db.Changes(ctx)
		if err := db.DeleteProduct(as(auth.Operator), "shop"); err != nil {
			t.Fatal(err)
		}
		if after, _ := db.Changes(ctx); after == before {
			t.Error("other nodes are not told")
		}
		for name, err := range map[string]error{
			"product": second(db.Product(ctx, "shop")), "version": second(db.ProductVersion(ctx, "shop", "1.0.0")),
			"versions": second(db.Versions(ctx, "shop")), "delete": db.DeleteProduct(as(auth.Operator), "shop"),
			"status": db.SetStatus(as(auth.Operator), "shop", "1.0.0", product.Ready), "delete version": db.DeleteVersion(as(auth.Operator), "shop", "1.0.0"),
			"grant": db.PutGrant(as(auth.Operator), product.Grant{Product: "shop", Subject: "client:pc_b", Role: product.ProductViewer}),
		} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		putProduct(t, db, auth.Operator, parsed(t)) // another product of that name
		if g, err := db.Grants(ctx, "shop"); err != nil || len(g) != 0 {
			t.Errorf("it has the old one's grants: %v %v", g, err)
		}
	})
}

func TestWithTheLastVersionGoesTheProduct(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		putProduct(t, db, auth.Machine, parsed(t))
		putProduct(t, db, auth.Machine, parsed(t, "1.0.0", "2.0.0"))
		if err := db.DeleteVersion(as(auth.Operator), "shop", "3.0.0"); !fault.Is(err, fault.NotFound) {
			t.Errorf("%v", err)
		}
		for _, v := range []string{"2.0.0", "1.0.0"} {
			if _, err := db.Product(ctx, "shop"); err != nil {
				t.Errorf("before %s: %v", v, err)
			}
			if err := db.DeleteVersion(as(auth.Operator), "shop", v); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := db.Product(ctx, "shop"); !fault.Is(err, fault.NotFound) {
			t.Errorf("%v", err)
		}
		all := recorded(t, db)
		if d := cmp.Diff([]string{"product.updated shop by operator", "product.deleted shop by operator"}, all[len(all)-2:]); d != "" {
			t.Error(d)
		}
	})
}

func TestOneOfManyWhoCreateAProductAtOnceCreatesIt(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		var wg sync.WaitGroup
		created := make([]bool, 20)
		for i := range created {
			wg.Go(func() {
				var err error
				if created[i], err = db.PutProduct(as(auth.Machine), parsed(t), false); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		n := 0
		for _, c := range created {
			if c {
				n++
			}
		}
		if n != 1 {
			t.Errorf("created %d times", n)
		}
	})
}

func TestAFreshProductIsNotPutOverOneMadeMeanwhile(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		p := parsed(t)
		if _, err := db.PutProduct(as(auth.Machine), p, true); err != nil {
			t.Fatal(err)
		}
		p.Name = "another's"
		p.Spec = []byte(strings.Replace(string(p.Spec), `"1.0.0"`, `"2.0.0"`, 1))
		p.Version = "2.0.0"
		if _, err := db.PutProduct(as(auth.Machine), p, true); !fault.Is(err, fault.Conflict) {
			t.Fatalf("want a conflict, got %v", err)
		}
	})
}
