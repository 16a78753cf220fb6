package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go"

	"github.com/postern/postern/internal/agent/custom"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/product"
)

// Explanation is why a decision came out as it did.
type Explanation struct {
	Allowed bool
	// Policies decided it, as "id (file:line)"; none means that nothing
	// permits it, which is a no.
	Policies []string
	// Reason is the sentence a refused caller gets, "" when allowed.
	Reason string
}

// Explain decides a scope or an action on a product, and says which policies
// decided.
func (p *Policy) Explain(c auth.Caller, action string, pr product.Product, grants []product.Grant) (Explanation, error) {
	e, on := entities{caller: c}, gate
	var refused error
	switch {
	case slices.Contains(Actions, Action(action)):
		e = about(c, pr, grants)
		on, refused = e.resource(), p.Product(c, Action(action), pr, grants)
	case slices.Contains(auth.Scopes, auth.Scope(action)) && action != string(auth.ScopeAll):
		refused = p.Permit(context.Background(), c, auth.Scope(action))
	default:
		return Explanation{}, fmt.Errorf("%q is neither a scope nor an action; there are: %s", action, orList(append(everyScope(), strs(Actions)...)))
	}
	_, why := p.decide(&e, cedar.String(action), on)
	out := Explanation{Allowed: refused == nil}
	for _, r := range why.Reasons {
		out.Policies = append(out.Policies, fmt.Sprintf("%s (%s:%d)", r.PolicyID, r.Position.Filename, r.Position.Line))
	}
	if refused != nil {
		out.Reason = refused.Error()
	}
	return out, nil
}

// orList writes "a", "a or b", "a, b or c".
func orList(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

func everyScope() (all []string) {
	for _, s := range auth.Scopes {
		if s != auth.ScopeAll {
			all = append(all, string(s))
		}
	}
	return all
}

func everyAction() []string {
	return slices.Concat(everyScope(), strs(Actions), strs(MarketActions), strs(custom.Actions))
}

func strs[A ~string](actions []A) (out []string) {
	for _, a := range actions {
		out = append(out, string(a))
	}
	return out
}
