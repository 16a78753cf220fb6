package policy_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/agent/custom"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/product/market"
)

var rewriteDocs = flag.Bool("update-docs", false, "rewrite the generated part of docs/security.md")

// The matrix in docs/security.md is what the policies decide, not what
// somebody remembers of them.
func TestDocsShowWhatThePoliciesDecide(t *testing.T) {
	const page, begin, end = "../../docs/security.md", "<!-- roles -->\n", "<!-- end roles -->"
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(b), begin)
	got, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no part for the roles", page)
	}
	p := newPolicy(t)
	want := scopeTable(t, p) + "\n" + actionTable(p) + "\n" + marketTable(p) + "\n" + agentTable(p)
	if got == want {
		return
	}
	if !*rewriteDocs {
		t.Fatalf("docs/security.md is not what the policies decide; run: go test ./internal/policy -run Docs -update-docs\n%s", cmp.Diff(want, got))
	}
	if err := os.WriteFile(page, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func scopeTable(t *testing.T, p *policy.Policy) string {
	var b strings.Builder
	b.WriteString("| Role |")
	rule := "\n|---|"
	for _, s := range auth.Scopes {
		if s != auth.ScopeAll {
			fmt.Fprintf(&b, " `%s` |", s)
			rule += "---|"
		}
	}
	b.WriteString(rule + "\n")
	for _, r := range auth.Roles {
		fmt.Fprintf(&b, "| %s |", r.Title())
		for _, s := range auth.Scopes {
			if s == auth.ScopeAll {
				continue
			}
			mark := " "
			if p.Permit(t.Context(), machine(r), s) == nil {
				mark = " yes "
			}
			b.WriteString(mark + "|")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func actionTable(p *policy.Policy) string {
	var b strings.Builder
	b.WriteString("| Role | no grant | public product | `product_viewer` | `product_admin` |\n|---|---|---|---|---|\n")
	self := machine("").Subject()
	public := private
	public.Public = true
	for _, r := range auth.Roles {
		fmt.Fprintf(&b, "| %s |", r.Title())
		for _, on := range []struct {
			product product.Product
			grants  []product.Grant
		}{
			{private, nil},
			{public, nil},
			{private, []product.Grant{grant(self, product.ProductViewer)}},
			{private, []product.Grant{grant(self, product.ProductAdmin)}},
		} {
			var may []string
			for _, a := range policy.Actions {
				if a != policy.Create && p.Product(machine(r), a, on.product, on.grants) == nil {
					may = append(may, string(a))
				}
			}
			b.WriteString(" " + summed(may, len(policy.Actions)-1) + " |")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func marketTable(p *policy.Policy) string {
	var b strings.Builder
	b.WriteString("| Role | no grant |")
	rule := "\n|---|---|"
	for _, r := range market.Roles {
		fmt.Fprintf(&b, " `%s` |", r)
		rule += "---|"
	}
	b.WriteString(rule + "\n")
	for _, r := range auth.Roles {
		fmt.Fprintf(&b, "| %s |", r.Title())
		for _, held := range append([]market.Role{""}, market.Roles...) {
			var may []string
			for _, a := range policy.MarketActions {
				if a != policy.CreateMarket && p.Market(machine(r), a, "m", []market.Grant{{Marketplace: "m", Subject: machine("").Subject(), Role: held}}) == nil {
					may = append(may, strings.ReplaceAll(string(a), "_marketplace", ""))
				}
			}
			b.WriteString(" " + summed(may, len(policy.MarketActions)-1) + " |")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func agentTable(p *policy.Policy) string {
	var b strings.Builder
	b.WriteString("| Role | no grant | `viewer` | `user` | `editor` |\n|---|---|---|---|---|\n")
	for _, r := range auth.Roles {
		fmt.Fprintf(&b, "| %s |", r.Title())
		for _, role := range []custom.Role{"", custom.Viewer, custom.Runner, custom.Editor} {
			var may []string
			for _, a := range custom.Actions {
				if a != custom.Create && p.Agent(machine(r), a, "a", held(role)) == nil {
					may = append(may, strings.TrimSuffix(string(a), "_agent"))
				}
			}
			b.WriteString(" " + summed(may, len(custom.Actions)-1) + " |")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// summed says which of all actions may be done.
func summed(may []string, all int) string {
	switch len(may) {
	case 0:
		return "nothing"
	case all:
		return "everything"
	}
	return strings.Join(may, ", ")
}
