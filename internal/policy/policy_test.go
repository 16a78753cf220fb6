package policy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
)

func newPolicy(t testing.TB) *policy.Policy {
	t.Helper()
	p, err := policy.New()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func machine(r auth.Role) auth.Caller {
	return auth.Caller{Kind: auth.Machine, ClientID: "pc_me", UserID: 7, Role: r, Scopes: []auth.Scope{auth.ScopeAll}}
}

func grant(subject string, r product.GrantRole) product.Grant {
	return product.Grant{Product: "shop:sales", Subject: subject, Role: r}
}

var private = product.Product{ID: "shop:sales"}

func TestEachRoleHasItsScopesAndNoOther(t *testing.T) {
	everyone := []auth.Scope{auth.ScopeProfile, auth.ScopeProductsRead, auth.ScopeCredentials, auth.ScopeQuery}
	makers := append(slices.Clone(everyone), auth.ScopeProductsWrite, auth.ScopeAgents)
	want := map[auth.Role][]auth.Scope{
		auth.ServerAdmin:  append(slices.Clone(makers), auth.ScopeClients, auth.ScopeKeys, auth.ScopeModels, auth.ScopeAudit, auth.ScopeReports),
		auth.CatalogAdmin: makers, auth.SourceAdmin: makers, auth.Composer: makers, auth.Steward: makers,
		auth.Explorer: everyone, auth.Viewer: everyone,
	}
	p := newPolicy(t)
	for _, r := range auth.Roles {
		for _, s := range auth.Scopes {
			if s == auth.ScopeAll {
				continue
			}
			err := p.Permit(t.Context(), machine(r), s)
			if ok := slices.Contains(want[r], s); ok != (err == nil) {
				t.Errorf("%s, %s: permitted %v, want %v (%v)", r, s, err == nil, ok, err)
			}
		}
	}
}

// What each role may do to a product, by what it holds on it: the first
// letters of view, run, create, update, rehost, delete, manage_grants, with q
// for run_query and n for connect.
func TestEachRoleMayDoToAProductWhatItsTierAndGrantSay(t *testing.T) {
	want := map[auth.Role][4]string{ // no grant, viewer, admin, public without a grant
		auth.ServerAdmin:  {"vrqncurdm", "vrqncurdm", "vrqncurdm", "vrqncurdm"},
		auth.CatalogAdmin: {"c", "vrqnc", "vrqncurdm", "vrqnc"},
		auth.SourceAdmin:  {"c", "vrqnc", "vrqncurdm", "vrqnc"},
		auth.Composer:     {"c", "vrqnc", "vrqncudm", "vrqnc"},
		auth.Steward:      {"c", "vrqnc", "vrqncudm", "vrqnc"},
		auth.Explorer:     {"", "vrqn", "vrqn", "vrqn"},
		auth.Viewer:       {"", "vrqn", "vrqn", "vrqn"},
	}
	p := newPolicy(t)
	self := machine("").Subject()
	for _, r := range auth.Roles {
		cases := [4][]product.Grant{nil, {grant(self, product.ProductViewer)}, {grant(self, product.ProductAdmin)}, nil}
		for i, grants := range cases {
			pr := private
			pr.Public = i == 3
			got := ""
			for _, a := range policy.Actions {
				if p.Product(machine(r), a, pr, grants) == nil {
					got += letter(a)
				}
			}
			if got != want[r][i] {
				t.Errorf("%s, case %d: may %q, want %q", r, i, got, want[r][i])
			}
		}
	}
}

func letter(a policy.Action) string {
	switch a {
	case policy.RunQuery:
		return "q"
	case policy.Connect:
		return "n"
	}
	return string(a[0])
}

func TestAVerifiedQueryIsGrantedByItself(t *testing.T) {
	p, self := newPolicy(t), machine("").Subject()
	one := product.Grant{Product: private.ID, Subject: self, Query: "top", Role: product.QueryRunner}
	for _, r := range auth.Roles[1:] {
		c := machine(r)
		if err := p.Query(c, private, "top", []product.Grant{one}); err != nil {
			t.Errorf("%s may not run what it was granted: %v", r, err)
		}
		if err := p.Product(c, policy.Connect, private, []product.Grant{one}); err != nil {
			t.Errorf("%s may not store a login for it: %v", r, err)
		}
		for name, got := range map[string]error{
			"another query":          p.Query(c, private, "bottom", []product.Grant{one}),
			"the product":            p.Product(c, policy.View, private, []product.Grant{one}),
			"SQL of its own":         p.Product(c, policy.Run, private, []product.Grant{one}),
			"changing it":            p.Product(c, policy.Update, private, []product.Grant{one}),
			"without a grant":        p.Query(c, private, "top", nil),
			"a login without one":    p.Product(c, policy.Connect, private, nil),
			"another's":              p.Query(c, private, "top", []product.Grant{{Product: private.ID, Subject: "client:pc_other", Query: "top", Role: product.QueryRunner}}),
			"of another product":     p.Query(c, private, "top", []product.Grant{{Product: "shop:other", Subject: self, Query: "top", Role: product.QueryRunner}}),
			"a viewer of a query":    p.Product(c, policy.View, private, []product.Grant{{Product: private.ID, Subject: self, Query: "top", Role: product.ProductViewer}}),
			"a runner of a product":  p.Query(c, private, "top", []product.Grant{grant(self, product.QueryRunner)}),
			"nobody, with the grant": p.Query(auth.Caller{Kind: auth.Machine, ClientID: "pc_me"}, private, "top", []product.Grant{one}),
		} {
			if !fault.Is(got, fault.NotFound) {
				t.Errorf("%s, %s: %v", r, name, got)
			}
		}
		public := private
		public.Public = true
		for name, got := range map[string]error{
			"a viewer of the product":        p.Query(c, private, "top", []product.Grant{grant(self, product.ProductViewer)}),
			"an administrator of it":         p.Query(c, private, "top", []product.Grant{grant(self, product.ProductAdmin)}),
			"anybody, of a public product":   p.Query(c, public, "top", nil),
			"everyone was granted the query": p.Query(c, private, "top", []product.Grant{{Product: private.ID, Subject: policy.Everyone, Query: "top", Role: product.QueryRunner}}),
		} {
			if got != nil {
				t.Errorf("%s, %s: %v", r, name, got)
			}
		}
	}
}

func TestWhatIsInvisibleIsNotFoundAndWhatIsVisibleIsDenied(t *testing.T) {
	p, self := newPolicy(t), machine("").Subject()
	absent := policy.NotFound(private.ID)
	for _, a := range policy.Actions {
		if a == policy.Create {
			continue
		}
		err := fault.As(p.Product(machine(auth.CatalogAdmin), a, private, nil))
		if d := cmp.Diff(absent, err, cmp.AllowUnexported(fault.Error{})); d != "" {
			t.Errorf("%s on an invisible product is told apart from one that is absent: %s", a, d)
		}
	}
	for _, a := range []policy.Action{policy.Update, policy.Delete, policy.ManageGrants, policy.Rehost} {
		err := p.Product(machine(auth.Composer), a, private, []product.Grant{grant(self, product.ProductViewer)})
		if !fault.Is(err, fault.Denied) {
			t.Errorf("%s on a visible product: %v", a, err)
		}
	}
}

func TestGrantsOfOthersAndOnOtherProductsDoNotCount(t *testing.T) {
	p := newPolicy(t)
	for name, g := range map[string]product.Grant{
		"another client":  grant("client:pc_other", product.ProductAdmin),
		"a prefix":        grant("client:pc_m", product.ProductAdmin),
		"a user":          grant("user:7", product.ProductAdmin),
		"no subject":      grant("", product.ProductAdmin),
		"an unknown role": grant("client:pc_me", "product_owner"),
		"another product": {Product: "shop:other", Subject: "client:pc_me", Role: product.ProductAdmin},
		"no product":      {Subject: "client:pc_me", Role: product.ProductAdmin},
	} {
		if err := p.Product(machine(auth.Steward), policy.View, private, []product.Grant{g}); !fault.Is(err, fault.NotFound) {
			t.Errorf("a grant of %s counts: %v", name, err)
		}
	}
	if err := p.Product(machine(auth.Viewer), policy.Run, private, []product.Grant{grant(policy.Everyone, product.ProductViewer)}); err != nil {
		t.Errorf("a grant to everyone does not count: %v", err)
	}
	if err := p.Product(machine(auth.Viewer), policy.View, product.Product{}, []product.Grant{{Subject: "client:pc_me", Role: product.ProductAdmin}}); err == nil {
		t.Error("a product without an id can be seen")
	}
}

func TestNobodyMayDoNothing(t *testing.T) {
	p := newPolicy(t)
	all := []auth.Scope{auth.ScopeAll}
	public := product.Product{ID: "shop:sales", Public: true}
	everyone := []product.Grant{grant(policy.Everyone, product.ProductAdmin), grant("client:", product.ProductAdmin), grant("user:0", product.ProductAdmin)}
	for name, c := range map[string]auth.Caller{
		"zero":             {},
		"only scopes":      {Scopes: all},
		"only a role":      {Role: auth.ServerAdmin, Scopes: all},
		"no client id":     {Kind: auth.Machine, Role: auth.ServerAdmin, Scopes: all},
		"no user id":       {Kind: auth.Person, Role: auth.ServerAdmin, Scopes: all},
		"no role":          {Kind: auth.Machine, ClientID: "pc_me", Scopes: all},
		"an unknown role":  {Kind: auth.Machine, ClientID: "pc_me", Role: "root", Scopes: all},
		"an unknown kind":  {Kind: "robot", ClientID: "pc_me", UserID: 1, Role: auth.ServerAdmin, Scopes: all},
		"role any":         {Kind: auth.Machine, ClientID: "pc_me", Role: "any", Scopes: all},
		"role in capitals": {Kind: auth.Machine, ClientID: "pc_me", Role: "SERVER_ADMIN", Scopes: all},
	} {
		for _, s := range auth.Scopes {
			if p.Permit(t.Context(), c, s) == nil {
				t.Errorf("caller with %s has scope %s", name, s)
			}
		}
		for _, a := range policy.Actions {
			if p.Product(c, a, public, everyone) == nil {
				t.Errorf("caller with %s may %s", name, a)
			}
		}
	}
}

func TestOperatorAndPosternItselfActAsServerAdmin(t *testing.T) {
	p := newPolicy(t)
	for _, kind := range []auth.CallerKind{auth.Operator, auth.System} {
		c := auth.Caller{Kind: kind}
		if err := p.Permit(t.Context(), c, auth.ScopeKeys); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		for _, a := range policy.Actions {
			if err := p.Product(c, a, private, nil); err != nil {
				t.Errorf("%s, %s: %v", kind, a, err)
			}
		}
	}
}

func TestTokenNarrowsWhatTheRolePermits(t *testing.T) {
	p := newPolicy(t)
	c := machine(auth.ServerAdmin)
	c.Scopes = []auth.Scope{auth.ScopeQuery}
	if err := p.Permit(t.Context(), c, auth.ScopeQuery); err != nil {
		t.Error(err)
	}
	err := fault.As(p.Permit(t.Context(), c, auth.ScopeClients))
	if err == nil || err.Kind != fault.Denied || err.Name != policy.ScopeDenied || !strings.Contains(err.Message, `"clients"`) {
		t.Errorf("got %+v", err)
	}
	for _, a := range []policy.Action{policy.Create, policy.Update, policy.Rehost, policy.Delete, policy.ManageGrants} {
		if err := p.Product(c, a, private, nil); !fault.Is(err, fault.Denied) {
			t.Errorf("a token for queries may %s: %v", a, err)
		}
	}
	if err := p.Product(c, policy.Run, private, nil); err != nil {
		t.Error(err)
	}
}

func TestRefusalSaysWhoIsShortOfWhatAndWhatToDo(t *testing.T) {
	p, self := newPolicy(t), machine("").Subject()
	admin := []product.Grant{grant(self, product.ProductAdmin)}
	for want, err := range map[string]error{
		"the role Viewer does not have the scope \"clients\"; use a client with the role Server Admin":                                                                       p.Permit(t.Context(), machine(auth.Viewer), auth.ScopeClients),
		"the role Explorer may not update data products, whatever it was granted; use a client with the role Server Admin, Catalog Admin, Source Admin, Composer or Steward": p.Product(machine(auth.Explorer), policy.Update, private, admin),
		"the role Composer may not point data product \"shop:sales\" at another place; that takes Catalog Admin, Source Admin or Server Admin":                               p.Product(machine(auth.Composer), policy.Rehost, private, admin),
		"the role Steward may not manage the grants of data product \"shop:sales\" without the grant product_admin on it; ask one of its administrators":                     p.Product(machine(auth.Steward), policy.ManageGrants, product.Product{ID: "shop:sales", Public: true}, nil),
		"the role Viewer may not create data products, whatever it was granted; use a client with the role Server Admin, Catalog Admin, Source Admin, Composer or Steward":   p.Product(machine(auth.Viewer), policy.Create, private, nil),
	} {
		if got := fault.As(err); got == nil || got.Message != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestExplanationNamesThePoliciesThatDecided(t *testing.T) {
	p, self := newPolicy(t), machine("").Subject()
	e, err := p.Explain(machine(auth.Viewer), "run", private, []product.Grant{grant(self, product.ProductViewer)})
	if err != nil || !e.Allowed || len(e.Policies) != 1 || !strings.HasPrefix(e.Policies[0], "product-viewer (roles/products.cedar:") {
		t.Errorf("got %+v, %v", e, err)
	}
	e, err = p.Explain(machine(auth.Viewer), "update", private, []product.Grant{grant(self, product.ProductAdmin)})
	if err != nil || e.Allowed || len(e.Policies) != 1 || !strings.HasPrefix(e.Policies[0], "restricted-never-edits") || e.Reason == "" {
		t.Errorf("a forbid that wins: got %+v, %v", e, err)
	}
	e, err = p.Explain(machine(auth.Composer), "keys", product.Product{}, nil)
	if err != nil || e.Allowed || len(e.Policies) != 0 || e.Reason == "" {
		t.Errorf("nothing permits it: got %+v, %v", e, err)
	}
	if _, err := p.Explain(machine(auth.Composer), "fly", product.Product{}, nil); err == nil || !strings.Contains(err.Error(), "manage_grants") {
		t.Errorf("an unknown action: %v", err)
	}
}

func TestNoActionIsSpelledLikeAScope(t *testing.T) {
	for _, a := range policy.Actions {
		if slices.Contains(auth.Scopes, auth.Scope(a)) {
			t.Errorf("%s is both", a)
		}
	}
}

func BenchmarkProduct(b *testing.B) {
	p, c := newPolicy(b), machine(auth.Viewer)
	grants := []product.Grant{grant("client:pc_other", product.ProductAdmin), grant(c.Subject(), product.ProductViewer)}
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Product(c, policy.Run, private, grants); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPermit(b *testing.B) {
	p, c := newPolicy(b), machine(auth.Viewer)
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Permit(b.Context(), c, auth.ScopeQuery); err != nil {
			b.Fatal(err)
		}
	}
}
