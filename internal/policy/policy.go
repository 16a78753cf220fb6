package policy

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
)

// Action is something done to one data product.
type Action string

// The actions. Rehost (naming another place where the data is) is apart from
// Update: people store passwords for the place they were shown. RunQuery (run
// one verified query) and Connect (store one's login for the product's
// warehouse) are apart from Run: a query may be shared alone.
const (
	View         Action = "view"
	Run          Action = "run"
	RunQuery     Action = "run_query"
	Connect      Action = "connect"
	Create       Action = "create"
	Update       Action = "update"
	Rehost       Action = "rehost"
	Delete       Action = "delete"
	ManageGrants Action = "manage_grants"
)

// Actions lists every action on a product.
var Actions = []Action{View, Run, RunQuery, Connect, Create, Update, Rehost, Delete, ManageGrants}

// ScopeDenied is the Name of Permit's refusals; the web edge turns it into
// RFC 6750's challenge of the same name.
const ScopeDenied = "insufficient_scope"

//go:embed roles/*.cedar
var roleFiles embed.FS

// Policy decides who may do what. It holds nothing that changes: one is built
// at start and shared.
type Policy struct {
	rules map[cedar.String]rules // by the action they can speak about
}

// rules are the parsed policies in a fixed order, so that explanations are the
// same every time.
type rules []rule

type rule struct {
	id     cedar.PolicyID
	policy *cedar.Policy
}

// All makes rules what cedar.Authorize walks.
func (r rules) All() iter.Seq2[cedar.PolicyID, *cedar.Policy] {
	return func(yield func(cedar.PolicyID, *cedar.Policy) bool) {
		for _, x := range r {
			if !yield(x.id, x.policy) {
				return
			}
		}
	}
}

// New parses the embedded policies. An error is a mistake in this build.
func New() (*Policy, error) {
	names, err := fs.Glob(roleFiles, "roles/*.cedar")
	if err != nil || len(names) == 0 {
		return nil, errors.New("no policies are embedded")
	}
	var all rules
	seen := map[cedar.PolicyID]bool{}
	for _, name := range names {
		text, err := roleFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		list, err := cedar.NewPolicyListFromBytes(name, text)
		if err != nil {
			return nil, fmt.Errorf("policy %s: %w", name, err)
		}
		for _, one := range list {
			id := cedar.PolicyID(one.Annotations()["id"])
			if id == "" || seen[id] {
				return nil, fmt.Errorf("policy %s:%d: needs an @id of its own", name, one.Position().Line)
			}
			seen[id] = true
			all = append(all, rule{id, one})
		}
	}
	p := &Policy{rules: map[cedar.String]rules{}}
	for _, a := range everyAction() {
		for _, r := range all {
			speaks, err := r.about(a)
			if err != nil {
				return nil, fmt.Errorf("policy %s: %w", r.id, err)
			}
			if speaks {
				p.rules[cedar.String(a)] = append(p.rules[cedar.String(a)], r)
			}
		}
	}
	return p, nil
}

// about reports whether a policy's head lets it speak about the action, so
// that a decision need not ask those that do not.
func (r rule) about(action string) (bool, error) {
	text, err := r.policy.MarshalJSON()
	if err != nil {
		return false, err
	}
	type entity struct{ ID string }
	var head struct {
		Action struct {
			Op       string
			Entity   entity
			Entities []entity
		}
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return false, err
	}
	switch a := head.Action; a.Op {
	case "==", "in":
		return slices.Contains(append(a.Entities, a.Entity), entity{action}), nil
	default: // all of them, or a form that is not known here
		return true, nil
	}
}

// Permit decides whether the caller may use the part of the surface that the
// scope stands for: its token must carry the scope, and its role must have it
// now.
func (p *Policy) Permit(_ context.Context, c auth.Caller, s auth.Scope) error {
	switch {
	case !known(c):
		return denied("nobody with a role is signed in; get a token at /oauth/v2/token/").Coded(0, ScopeDenied)
	case !slices.Contains(auth.Scopes, s) || s == auth.ScopeAll:
		return fmt.Errorf("a route asks for the scope %q, which no role can have", s)
	case !carries(c, s):
		return denied("this token does not carry the scope %q; ask for a token with it, or name no scope to get all that the role permits", s).Coded(0, ScopeDenied)
	}
	e := entities{caller: c}
	if ok, _ := p.decide(&e, cedar.String(s), gate); !ok {
		return denied("the role %s does not have the scope %q; use a client with the role %s", role(c).Title(), s, p.holders(s)).Coded(0, ScopeDenied)
	}
	return nil
}

// Product decides an action on a product. grants are those on it; which of
// them are the caller's is worked out here. What the caller may not see does
// not exist for it: NotFound, with the text of a product that is not there.
func (p *Policy) Product(c auth.Caller, a Action, pr product.Product, grants []product.Grant) error {
	e := about(c, pr, grants)
	if ok, _ := p.decide(&e, cedar.String(a), e.resource()); ok && (reads(a) || carries(c, auth.ScopeProductsWrite)) {
		return nil
	}
	if a != Create {
		if seen, _ := p.decide(&e, cedar.String(View), e.resource()); !seen {
			return NotFound(pr.ID)
		}
	}
	return p.refusal(&e, a)
}

// Query decides whether the caller may run one verified query of a product.
// Who may not is told what it would be told of a query that is not there.
func (p *Policy) Query(c auth.Caller, pr product.Product, query string, grants []product.Grant) error {
	e := about(c, pr, grants)
	e.query = query
	if ok, _ := p.decide(&e, cedar.String(RunQuery), e.resource()); ok {
		return nil
	}
	return QueryNotFound(query)
}

// QueryNotFound is the one answer for a verified query that is not there and
// for one that the caller may not run.
func QueryNotFound(name string) *fault.Error {
	return fault.New(fault.NotFound, "verified query %q not found", name)
}

// NotFound is the one answer for a product that is not there and for one that
// the caller may not see, so that nobody can tell which.
func NotFound(id string) *fault.Error {
	return fault.New(fault.NotFound, "data product %q not found", id)
}

// decide asks Cedar. An action without policies is a no; a policy that fails to evaluate counts as a no, whatever
// the others say.
func (p *Policy) decide(e *entities, action cedar.String, resource cedar.EntityUID) (bool, cedar.Diagnostic) {
	d, why := cedar.Authorize(p.rules[action], e, cedar.Request{
		Principal: e.principal(),
		Action:    cedar.EntityUID{Type: "Action", ID: action},
		Resource:  resource,
	})
	return d == cedar.Allow && len(why.Errors) == 0, why
}

// refusal says what the role or the grant is short of, to a caller who may see
// the product.
func (p *Policy) refusal(e *entities, a Action) error {
	r, id := role(e.caller), e.product.ID
	verb := strings.Replace(string(a), "manage_grants", "manage the grants of", 1)
	switch {
	case !known(e.caller):
		return denied("nobody with a role is signed in; get a token at /oauth/v2/token/")
	case !reads(a) && !carries(e.caller, auth.ScopeProductsWrite):
		return denied("this token does not carry the scope %q, which it takes to %s a data product", auth.ScopeProductsWrite, verb)
	case tiers[r] == restricted:
		return denied("the role %s may not %s data products, whatever it was granted; use a client with the role %s", r.Title(), verb, p.holders(auth.ScopeProductsWrite))
	case a == Rehost && e.admin:
		return denied("the role %s may not point data product %q at another place; that takes Catalog Admin, Source Admin or Server Admin", r.Title(), id)
	}
	return denied("the role %s may not %s data product %q without the grant %s on it; ask one of its administrators", r.Title(), verb, id, product.ProductAdmin)
}

// holders lists the roles that have a scope, for a refusal to name.
func (p *Policy) holders(s auth.Scope) string {
	var names []string
	for _, r := range auth.Roles {
		e := entities{caller: auth.Caller{Kind: auth.Machine, ClientID: "any", Role: r}}
		if ok, _ := p.decide(&e, cedar.String(s), gate); ok {
			names = append(names, r.Title())
		}
	}
	return orList(names)
}

func denied(format string, args ...any) *fault.Error {
	return fault.New(fault.Denied, format, args...)
}

func reads(a Action) bool { return a == View || a == Run || a == RunQuery || a == Connect }

// carries reports whether the token has the scope. The command line and
// Postern itself have no token.
func carries(c auth.Caller, s auth.Scope) bool {
	return c.Kind == auth.Operator || c.Kind == auth.System || c.Has(s)
}
