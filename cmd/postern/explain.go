package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
)

type policyCmd struct {
	Explain policyExplainCmd `cmd:"" help:"Say whether a client may do something, and which policies decide it."`
}

type policyExplainCmd struct {
	output
	stateFlags
	Client  string `required:"" help:"The client's name or id." placeholder:"NAME"`
	Action  string `required:"" help:"An action on a product (view, run, update, rehost, delete, manage_grants), or a scope (query, clients, ...)." placeholder:"A"`
	Product string `help:"The data product." placeholder:"ID"`
}

// explained is a decision as the command prints it.
type explained struct {
	Client   string   `json:"client"`
	Role     string   `json:"role"`
	Action   string   `json:"action"`
	Product  string   `json:"product,omitempty"`
	Allowed  bool     `json:"allowed"`
	Policies []string `json:"policies"`
	Reason   string   `json:"reason,omitempty"`
}

// Run decides as the server would, and changes nothing.
func (p policyExplainCmd) Run(ctx context.Context, c *terminal) error {
	s, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	cl, err := s.findClient(ctx, p.Client)
	if err != nil {
		return err
	}
	pol, err := policy.New()
	if err != nil {
		return err
	}
	var pr product.Product
	var grants []product.Grant
	if p.Product != "" {
		if slices.Contains(auth.Scopes, auth.Scope(p.Action)) {
			// A yes would be read as one to this product.
			return hint(fmt.Errorf("%s is a scope, and says nothing of one data product", p.Action),
				"leave --product out, or ask of an action: view, run, update, ...")
		}
		if pr, err = s.db.Product(ctx, p.Product); err != nil {
			return err
		}
		if grants, err = s.db.GrantsOf(ctx, cl.Subject(), p.Product); err != nil {
			return err
		}
	}
	caller := auth.Caller{Kind: auth.Machine, UserID: cl.UserID, ClientID: cl.ID, Name: cl.Name, Role: cl.Role, Scopes: []auth.Scope{auth.ScopeAll}}
	e, err := pol.Explain(caller, p.Action, pr, grants)
	if err != nil {
		return err
	}
	v := explained{Client: string(cl.ID), Role: string(cl.Role), Action: p.Action, Product: p.Product, Allowed: e.Allowed, Policies: e.Policies, Reason: e.Reason}
	if v.Policies == nil {
		v.Policies = []string{}
	}
	return c.print(p.JSON, v, func(w io.Writer) error { return printExplained(w, v) })
}

func printExplained(w io.Writer, v explained) error {
	verdict := "no: " + v.Reason
	if v.Allowed {
		verdict = "yes"
	}
	_, _ = fmt.Fprintln(w, verdict)
	if len(v.Policies) == 0 {
		_, err := fmt.Fprintln(w, "  no policy permits it")
		return err
	}
	for _, p := range v.Policies {
		_, _ = fmt.Fprintln(w, "  by", p)
	}
	return nil
}
