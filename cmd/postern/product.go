package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/gateway"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
)

type productCmd struct {
	Apply       productApplyCmd  `cmd:"" help:"Create or update a data product from its spec, ready and private."`
	List        productListCmd   `cmd:"" help:"List the data products."`
	Show        productShowCmd   `cmd:"" help:"Print a data product's spec."`
	Draft       productDraftCmd  `cmd:"" help:"Write a spec from a warehouse: tables, columns and keys. Needs no server."`
	Grant       productGrantCmd  `cmd:"" help:"Share a data product with a client or a group."`
	RevokeGrant productRevokeCmd `cmd:"" name:"revoke-grant" help:"Take a grant away."`
	Delete      productDeleteCmd `cmd:"" help:"Delete a data product with its grants and credentials."`
}

type productApplyCmd struct {
	output
	stateFlags
	File   string `short:"f" required:"" help:"The spec, YAML or JSON; - reads stdin." placeholder:"FILE"`
	Public bool   `help:"Share it with everyone, which makes every client a viewer."`
	Draft  bool   `help:"Keep the version a draft: to be evaluated before it is ready."`
	Force  bool   `help:"Make it ready even when it answers worse than the version that is ready now."`
}

// Run makes the product ready, the same again and again.
func (a productApplyCmd) Run(ctx context.Context, c *terminal) error {
	doc, err := readDoc(c, a.File)
	if err != nil {
		return err
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	p, created, err := s.apply(asOperator(ctx), doc, gateway.Apply{Public: a.Public, Draft: a.Draft, Force: a.Force})
	if err != nil {
		return inFile(a.File, err)
	}
	v := showProduct(p, nil)
	return c.print(a.JSON, v, func(w io.Writer) error {
		what := "updated"
		if created {
			what = "created"
		}
		_, err := fmt.Fprintf(w, "%s %s %s (%s, %s)\n", what, p.ID, p.Version, v.Status, v.Visibility)
		return err
	})
}

func readDoc(c *terminal, file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(c.in)
	}
	return os.ReadFile(file)
}

func inFile(file string, err error) error {
	if file == "-" {
		return err
	}
	return fmt.Errorf("%s: %w", file, err)
}

// shownProduct is a product as the commands print it.
type shownProduct struct {
	ProductID  string       `json:"product_id"`
	Version    string       `json:"version"`
	Name       string       `json:"name"`
	Status     string       `json:"status"`
	Visibility string       `json:"visibility"`
	Sources    []string     `json:"sources"`
	RecordSets []string     `json:"record_sets"`
	Grants     []shownGrant `json:"grants,omitempty"`
}

type shownGrant struct {
	Subject string `json:"subject"`
	Role    string `json:"role"`
}

func showProduct(p product.Product, grants []product.Grant) shownProduct {
	v := shownProduct{ProductID: p.ID, Version: p.Version, Name: p.Name, Status: string(p.Status), Visibility: "private", Sources: []string{}, RecordSets: []string{}}
	if p.Public {
		v.Visibility = "public"
	}
	for _, s := range p.Systems {
		v.Sources = append(v.Sources, s.Source.Canonical())
	}
	for _, r := range p.RecordSets {
		v.RecordSets = append(v.RecordSets, r.Name)
	}
	for _, g := range grants {
		v.Grants = append(v.Grants, shownGrant{g.Subject, string(g.Role)})
	}
	return v
}

type productListCmd struct {
	output
	stateFlags
}

// Run lists the products.
func (l productListCmd) Run(ctx context.Context, c *terminal) error {
	s, err := l.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	all, err := s.db.Products(ctx)
	if err != nil {
		return err
	}
	out := make([]shownProduct, 0, len(all))
	for _, p := range all {
		out = append(out, showProduct(p, nil))
	}
	return c.print(l.JSON, out, func(w io.Writer) error {
		tw := tabwriter.NewWriter(w, 2, 4, 2, ' ', 0)
		_, _ = fmt.Fprintln(tw, "PRODUCT\tVERSION\tNAME\tSTATUS\tVISIBILITY\tSOURCE")
		for _, o := range out {
			_, _ = fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", o.ProductID, o.Version, o.Name, o.Status, o.Visibility, strings.Join(o.Sources, " "))
		}
		return tw.Flush()
	})
}

// oneProduct is a command on one product.
type oneProduct struct {
	output
	stateFlags
	ID string `arg:"" help:"The data product's id." placeholder:"ID"`
}

type productShowCmd struct{ oneProduct }

// Run prints the spec as it was applied, or with --json what Postern holds.
func (p productShowCmd) Run(ctx context.Context, c *terminal) error {
	s, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	pr, err := s.db.Product(ctx, p.ID)
	if err != nil {
		return err
	}
	grants, err := s.db.Grants(ctx, p.ID)
	if err != nil {
		return err
	}
	v := struct {
		shownProduct
		Spec json.RawMessage `json:"spec"`
	}{showProduct(pr, grants), pr.Spec}
	return c.print(p.JSON, v, func(w io.Writer) error {
		spec := pr.SpecYAML
		if spec == "" {
			spec = string(pr.Spec)
		}
		_, err := fmt.Fprintln(w, strings.TrimRight(spec, "\n"))
		return err
	})
}

// sharedWith names whom a product is shared with.
type sharedWith struct {
	Client string `xor:"subject" help:"The client's name or id." placeholder:"NAME"`
	Group  string `xor:"subject" help:"The group's name." placeholder:"NAME"`
}

// subject finds who is meant: its subject, and its name for people.
func (w sharedWith) subject(ctx context.Context, s *state) (subject, name string, err error) {
	switch {
	case w.Client != "":
		cl, err := s.findClient(ctx, w.Client)
		return cl.Subject(), cl.Name, err
	case w.Group != "":
		g, err := s.findGroup(ctx, w.Group)
		return g.Subject(), g.Name, err
	}
	return "", "", errors.New("name who is meant with --client or --group")
}

// shown is the outcome of a change to a grant; the client's id is there where
// it is one.
func (w sharedWith) shown(id, subject, name string, more map[string]any) map[string]any {
	more["product_id"], more["subject"] = id, subject
	if w.Client != "" {
		more["client_id"], more["client"] = strings.TrimPrefix(subject, "client:"), name
	} else {
		more["group"] = name
	}
	return more
}

type productGrantCmd struct {
	oneProduct
	sharedWith
	Role  string `default:"product_viewer" enum:"product_viewer,product_admin" help:"product_viewer or product_admin." placeholder:"ROLE"`
	Query string `help:"Share this verified query alone, and not the product." placeholder:"NAME"`
}

// Run shares the product.
func (g productGrantCmd) Run(ctx context.Context, c *terminal) error {
	s, err := g.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	subject, name, err := g.subject(ctx, s)
	if err != nil {
		return err
	}
	if g.Query != "" {
		if g.Role != string(product.ProductViewer) {
			return fmt.Errorf("--role is of the whole product: a verified query alone is granted without it")
		}
		return g.grantQuery(ctx, c, s, subject, name)
	}
	if _, err := s.db.Product(ctx, g.ID); err != nil {
		return err
	}
	if err := s.db.PutGrant(asOperator(ctx), product.Grant{Product: g.ID, Subject: subject, Role: product.GrantRole(g.Role)}); err != nil {
		return err
	}
	return c.print(g.JSON, g.shown(g.ID, subject, name, map[string]any{"role": g.Role}), func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s (%s) is %s of %s\n", name, strings.TrimPrefix(subject, "client:"), g.Role, g.ID)
		return err
	})
}

// grantQuery shares one verified query, by the rules of the gateway.
func (g productGrantCmd) grantQuery(ctx context.Context, c *terminal, s *state, subject, name string) error {
	pol, err := policy.New()
	if err != nil {
		return err
	}
	gr, opCtx := product.Grant{Product: g.ID, Subject: subject, Query: g.Query}, asOperator(ctx)
	if err := s.gate(pool(anywhere), pol).GrantQuery(opCtx, auth.CallerFrom(opCtx), gr); err != nil {
		return err
	}
	v := g.shown(g.ID, subject, name, map[string]any{"role": string(product.QueryRunner), "verified_query": g.Query})
	return c.print(g.JSON, v, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s (%s) may run the verified query %s of %s\n", name, strings.TrimPrefix(subject, "client:"), g.Query, g.ID)
		return err
	})
}

// findClient finds a client by name, or by id.
func (s *state) findClient(ctx context.Context, nameOrID string) (auth.Client, error) {
	if strings.HasPrefix(nameOrID, "pc_") {
		if cl, err := s.clients().Get(ctx, auth.ClientID(nameOrID)); err == nil {
			return cl, nil
		}
	}
	cl, err := s.clients().Named(ctx, nameOrID)
	if fault.Is(err, fault.NotFound) {
		err = hint(fmt.Errorf("client %q not found, by name or by id", nameOrID), "postern client list shows all")
	}
	return cl, err
}

type productRevokeCmd struct {
	oneProduct
	sharedWith
	Query string `help:"Take away the grant on this verified query." placeholder:"NAME"`
}

// Run takes the grant away.
func (r productRevokeCmd) Run(ctx context.Context, c *terminal) error {
	s, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	subject, name, err := r.subject(ctx, s)
	if err != nil {
		return err
	}
	take := s.db.DeleteGrant
	if r.Query != "" {
		take = s.db.DeleteQueryGrant
	}
	if err := take(asOperator(ctx), product.Grant{Product: r.ID, Subject: subject, Query: r.Query}); err != nil {
		return err
	}
	return c.print(r.JSON, r.shown(r.ID, subject, name, map[string]any{"revoked": true}), func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s has no grant on %s any more\n", name, r.ID)
		return err
	})
}

type productDeleteCmd struct{ oneProduct }

// Run deletes the product.
func (d productDeleteCmd) Run(ctx context.Context, c *terminal) error {
	s, err := d.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	pol, err := policy.New()
	if err != nil {
		return err
	}
	opCtx := asOperator(ctx)
	if err := s.gate(pool(anywhere), pol).DeleteProduct(opCtx, auth.CallerFrom(opCtx), d.ID); err != nil {
		return err
	}
	return c.print(d.JSON, map[string]any{"product_id": d.ID, "deleted": true}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s is deleted\n", d.ID)
		return err
	})
}
