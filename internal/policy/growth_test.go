package policy_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
)

// world is the part of the gate that rights depend on, changed only by calls
// that policy permits, as the gateway changes it.
type world struct {
	policy   *policy.Policy
	products map[string]*product.Product
	grants   []product.Grant
}

func (w *world) may(c auth.Caller, a policy.Action, id string) bool {
	pr, ok := w.products[id]
	if !ok {
		return a == policy.Create && w.policy.Product(c, a, product.Product{ID: id}, nil) == nil
	}
	return a != policy.Create && w.policy.Product(c, a, *pr, w.grants) == nil
}

func (w *world) scope(c auth.Caller, s auth.Scope) bool {
	return w.policy.Permit(context.Background(), c, s) == nil
}

// call makes one API call; what is not permitted changes nothing.
func (w *world) call(t *rapid.T, c auth.Caller) string {
	if !w.scope(c, auth.ScopeProductsWrite) {
		return "refused at the route"
	}
	id := rapid.SampledFrom([]string{"a:one", "a:two", "a:new"}).Draw(t, "product")
	g := product.Grant{Product: id, Subject: rapid.SampledFrom([]string{c.Subject(), "client:pc_owner", policy.Everyone}).Draw(t, "subject"),
		Role: rapid.SampledFrom([]product.GrantRole{product.ProductViewer, product.ProductAdmin}).Draw(t, "role")}
	do := rapid.SampledFrom([]policy.Action{policy.Create, policy.Update, policy.Rehost, policy.Delete, policy.ManageGrants}).Draw(t, "action")
	if !w.may(c, do, id) {
		return fmt.Sprintf("%s %s refused", do, id)
	}
	switch do {
	case policy.Create:
		w.products[id] = &product.Product{ID: id, CreatedBy: c.Subject()}
		w.grants = append(w.grants, product.Grant{Product: id, Subject: c.Subject(), Role: product.ProductAdmin})
	case policy.Update:
		// Making a product public asks for its grants as well.
		w.products[id].Public = w.may(c, policy.ManageGrants, id)
	case policy.Delete:
		delete(w.products, id)
		w.grants = slices.DeleteFunc(w.grants, func(g product.Grant) bool { return g.Product == id })
	case policy.ManageGrants:
		if i := slices.Index(w.grants, g); i >= 0 {
			w.grants = slices.Delete(w.grants, i, i+1)
		} else {
			w.grants = append(w.grants, g)
		}
	}
	return fmt.Sprintf("%s %s done", do, id)
}

// rights are all that a caller may do, on the products that were there before.
func (w *world) rights(c auth.Caller) map[string]bool {
	out := map[string]bool{}
	for _, s := range auth.Scopes {
		if s != auth.ScopeAll {
			out["scope "+string(s)] = w.scope(c, s)
		}
	}
	for _, id := range []string{"a:one", "a:two"} {
		for _, a := range policy.Actions {
			if a != policy.Create {
				out[string(a)+" "+id] = w.may(c, a, id)
			}
		}
	}
	return out
}

// An administrator of one thing must not become one of another: no sequence of
// up to four calls by a caller who administers neither product gives it a
// right that it did not have.
func TestNoSequenceOfCallsByANonOwnerEndsWithMoreRights(t *testing.T) {
	p := newPolicy(t)
	rapid.Check(t, func(t *rapid.T) {
		role := rapid.SampledFrom(auth.Roles[1:]).Draw(t, "role") // all but Server Admin
		c := auth.Caller{Kind: auth.Machine, ClientID: "pc_attacker", UserID: 9, Role: role, Scopes: []auth.Scope{rapid.SampledFrom(auth.Scopes).Draw(t, "token")}}
		w := &world{policy: p, products: map[string]*product.Product{}}
		for _, id := range []string{"a:one", "a:two"} {
			w.products[id] = &product.Product{ID: id, Public: rapid.Bool().Draw(t, "public")}
			w.grants = append(w.grants, product.Grant{Product: id, Subject: "client:pc_owner", Role: product.ProductAdmin})
			if rapid.Bool().Draw(t, "viewer") {
				w.grants = append(w.grants, product.Grant{Product: id, Subject: c.Subject(), Role: product.ProductViewer})
			}
		}
		before := w.rights(c)
		var calls []string
		for range rapid.IntRange(1, 4).Draw(t, "calls") {
			calls = append(calls, w.call(t, c))
		}
		for right, has := range w.rights(c) {
			if has && !before[right] {
				t.Fatalf("%s gained %q by %v", role, right, calls)
			}
		}
	})
}

// Even with a product_admin grant, nobody goes beyond what the tier and the
// grant say: Restricted never edits, and Rehost stays with its roles.
func TestAdministratorOfAProductNeverGainsRehostOrAScope(t *testing.T) {
	p := newPolicy(t)
	rapid.Check(t, func(t *rapid.T) {
		role := rapid.SampledFrom(auth.Roles[1:]).Draw(t, "role")
		c := auth.Caller{Kind: auth.Machine, ClientID: "pc_admin", UserID: 9, Role: role, Scopes: []auth.Scope{auth.ScopeAll}}
		w := &world{policy: p, products: map[string]*product.Product{"a:one": {ID: "a:one"}, "a:two": {ID: "a:two"}}}
		w.grants = []product.Grant{{Product: "a:one", Subject: c.Subject(), Role: product.ProductAdmin}}
		before := w.rights(c)
		for range rapid.IntRange(1, 4).Draw(t, "calls") {
			w.call(t, c)
		}
		for right, has := range w.rights(c) {
			if has && !before[right] {
				t.Fatalf("%s gained %q", role, right)
			}
		}
	})
}
