package store_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/store"
)

// aClient makes an OAuth client.
func aClient(t *testing.T, db *store.DB, name string) auth.Client {
	t.Helper()
	now := time.Now()
	c, err := db.CreateClient(as(auth.Operator), auth.Client{ID: auth.ClientID("pc_" + name), Name: name, Role: auth.Viewer, Duration: time.Hour, CreatedAt: now, UpdatedAt: now, RotatedAt: now}, []byte(name))
	must(t, err)
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// reach lists what reaches a caller as "product role by subject".
func reach(t *testing.T, db *store.DB, subject string) []string {
	t.Helper()
	all, err := db.GrantsOf(context.Background(), subject, "")
	must(t, err)
	out := []string{}
	for _, g := range all {
		if (g.Member == subject) != (g.Subject[:5] == "group") {
			t.Errorf("%+v", g)
		}
		out = append(out, g.Product+" "+string(g.Role)+" by "+g.Subject)
	}
	return out
}

func TestAGrantToAGroupReachesItsMembers(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := as(auth.Operator)
		putProduct(t, db, auth.Operator, parsed(t))
		a, b := aClient(t, db, "a"), aClient(t, db, "b")
		g, err := db.CreateGroup(ctx, "finance")
		must(t, err)
		must(t, db.AddMember(ctx, g.ID, a.Subject()))
		must(t, db.AddMember(ctx, g.ID, a.Subject())) // again is no error
		must(t, db.PutGrant(ctx, product.Grant{Product: "shop", Subject: g.Subject(), Role: product.ProductViewer}))
		want := []string{"shop product_viewer by " + g.Subject()}
		if d := cmp.Diff(want, reach(t, db, a.Subject())); d != "" {
			t.Error(d)
		}
		if got := reach(t, db, b.Subject()); len(got) != 0 {
			t.Errorf("reaches one who is not in: %v", got)
		}
		must(t, db.AddMember(ctx, g.ID, "user:"+strconv.FormatInt(b.UserID, 10))) // by the number of its system user
		if d := cmp.Diff(want, reach(t, db, b.Subject())); d != "" {
			t.Error(d)
		}
		got, err := db.GroupNamed(ctx, "finance")
		must(t, err)
		if d := cmp.Diff([]string{"client:pc_a", "client:pc_b"}, got.Members); d != "" {
			t.Error(d)
		}
		must(t, db.RemoveMember(ctx, g.ID, b.Subject()))
		must(t, db.DeleteClient(ctx, a.ID))
		if got, err := db.Group(ctx, g.ID); err != nil || len(got.Members) != 0 {
			t.Errorf("%+v, %v", got, err)
		}
		must(t, db.DeleteGroup(ctx, g.ID))
		if got := granted(t, db, "shop"); len(got) != 0 {
			t.Errorf("the group is gone, and its grants are not: %v", got)
		}
	})
}

func TestAGroupsNumberIsNeverSomeoneElses(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := as(auth.Operator)
		putProduct(t, db, auth.Operator, parsed(t))
		g, err := db.CreateGroup(ctx, "one")
		must(t, err)
		must(t, db.DeleteGroup(ctx, g.ID))
		again, err := db.CreateGroup(ctx, "one")
		must(t, err)
		if again.ID == g.ID {
			t.Error("the number of a deleted group is used again")
		}
		if _, err := db.CreateGroup(ctx, "one"); !fault.Is(err, fault.Conflict) {
			t.Errorf("two groups of one name: %v", err)
		}
		for _, s := range []string{"group:99", "group:x", g.Subject()} {
			if err := db.PutGrant(ctx, product.Grant{Product: "shop", Subject: s, Role: product.ProductViewer}); !fault.Is(err, fault.Invalid) {
				t.Errorf("a grant to %s, which is not there: %v", s, err)
			}
		}
		for _, s := range []string{"client:pc_none", "user:99", "user:x"} {
			if err := db.AddMember(ctx, again.ID, s); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s became a member: %v", s, err)
			}
		}
		for _, err := range []error{db.AddMember(ctx, 99, "client:pc_a"), db.RemoveMember(ctx, again.ID, "client:pc_a"), db.DeleteGroup(ctx, 99)} {
			if !fault.Is(err, fault.NotFound) {
				t.Error(err)
			}
		}
	})
}

func TestAGrantToTheNumberOfAClientsUserIsTheClients(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := as(auth.Operator)
		putProduct(t, db, auth.Operator, parsed(t))
		c := aClient(t, db, "a")
		number := "user:" + strconv.FormatInt(c.UserID, 10)
		must(t, db.PutGrant(ctx, product.Grant{Product: "shop", Subject: number, Role: product.ProductViewer}))
		must(t, db.ChangeGrant(ctx, product.Grant{Product: "shop", Subject: number, Role: product.ProductAdmin}))
		if d := cmp.Diff([]string{"client:pc_a product_admin"}, granted(t, db, "shop")); d != "" {
			t.Error(d)
		}
		if err := db.ChangeGrant(ctx, product.Grant{Product: "shop", Subject: "client:pc_b", Role: product.ProductAdmin}); !fault.Is(err, fault.NotFound) {
			t.Errorf("changed what was not there: %v", err)
		}
		must(t, db.DeleteGrant(ctx, product.Grant{Product: "shop", Subject: number}))
		if got := granted(t, db, "shop"); len(got) != 0 {
			t.Errorf("still %v", got)
		}
	})
}
