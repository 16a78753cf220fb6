package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/product/market"
	"github.com/postern/postern/internal/product/search"
)

type productRow struct {
	product.Product
	Grants  int // -1 where the caller may not see them
	Engine  string
	Matched string // where what was looked for was found
}

// productList are the products that match what was looked for.
type productList struct {
	Query string
	Rows  []productRow
	All   int
}

func (h *Handler) products(v *visit) error {
	ctx := v.r.Context()
	all, err := h.Products.Products(ctx, v.caller)
	if err != nil {
		return err
	}
	list := productList{Query: strings.TrimSpace(v.r.URL.Query().Get("q")), All: len(all)}
	for _, hit := range search.Products(all, list.Query) {
		p := hit.Product
		row := productRow{Product: p, Matched: strings.Join(hit.Matched[:min(len(hit.Matched), 3)], ", "), Grants: -1}
		if s, ok := p.System(); ok {
			row.Engine = string(s.Source.Engine)
		}
		switch grants, err := h.Products.Grants(ctx, v.caller, p.ID); {
		case err == nil:
			row.Grants = len(grants)
		case !hidden(err):
			return err
		}
		list.Rows = append(list.Rows, row)
	}
	return v.show(http.StatusOK, "products", "products", "Data products", list)
}

// hidden reports whether the error only says that the caller may not see it.
func hidden(err error) bool { return fault.Is(err, fault.Denied) || fault.Is(err, fault.NotFound) }

type productPage struct {
	Product  product.Product
	Path     string
	Markets  []market.Listing // where it is published
	Source   string           // engine, host and database; never a login
	Grants   []grantRow
	Manage   bool // the caller sees the grants and may change them
	Subjects []subject
	Roles    []product.GrantRole
	Subject  string // as chosen
	Role     string
	Problems problems
}

type grantRow struct {
	product.Grant
	Name string
}

type subject struct{ Value, Name string }

func productPath(id string) string { return "/admin/products/" + url.PathEscape(id) + "/" }

func (h *Handler) product(v *visit) error {
	p, err := v.productPage()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "product", "products", p.Product.Name, p)
}

func (v *visit) productPage() (productPage, error) {
	ctx := v.r.Context()
	p, err := v.h.Products.Product(ctx, v.caller, v.r.PathValue("id"), "")
	if err != nil {
		return productPage{}, err
	}
	page := productPage{Product: p, Path: productPath(p.ID), Roles: []product.GrantRole{product.ProductViewer, product.ProductAdmin}, Role: string(product.ProductViewer)}
	if s, ok := p.System(); ok {
		page.Source = s.Source.Canonical()
	}
	where, err := v.h.Markets.Associations(ctx, v.caller, []string{p.ID})
	if err != nil {
		return productPage{}, err
	}
	page.Markets = where[p.ID]
	grants, err := v.h.Products.Grants(ctx, v.caller, p.ID)
	if hidden(err) {
		return page, nil
	}
	if err != nil {
		return productPage{}, err
	}
	page.Manage = v.may(auth.ScopeProductsWrite)
	if page.Subjects, err = v.subjects(ctx); err != nil {
		return productPage{}, err
	}
	for _, g := range grants {
		page.Grants = append(page.Grants, grantRow{Grant: g, Name: nameOf(page.Subjects, g.Subject)})
	}
	return page, nil
}

// subjects lists whom access can be given to, by name.
func (v *visit) subjects(ctx context.Context) ([]subject, error) {
	all := []subject{{"everyone", "Everyone"}}
	if !v.may(auth.ScopeClients) {
		return all, nil
	}
	clients, err := v.h.Clients.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range clients {
		all = append(all, subject{c.Subject(), c.Name})
	}
	groups, err := v.h.Groups.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		all = append(all, subject{g.Subject(), g.Name + " (group)"})
	}
	slices.SortFunc(all[1:], func(a, b subject) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func nameOf(all []subject, value string) string {
	for _, s := range all {
		if s.Value == value {
			return s.Name
		}
	}
	return value
}

func (h *Handler) grant(v *visit) error {
	f, err := form(v.r)
	if err != nil {
		return err
	}
	page, err := v.productPage()
	if err != nil {
		return err
	}
	page.Subject, page.Role = f.Get("subject"), f.Get("role")
	switch {
	case page.Subject == "":
		err = fault.Missing("subject")
	case nameOf(page.Subjects, page.Subject) == page.Subject:
		err = fault.BadField("subject", "enum", "choose one from the list")
	case !slices.Contains(page.Roles, product.GrantRole(page.Role)):
		err = fault.BadField("role", "enum", "choose one from the list")
	default:
		err = h.Products.Grant(v.r.Context(), v.caller, product.Grant{Product: page.Product.ID, Subject: page.Subject, Role: product.GrantRole(page.Role)})
	}
	if err == nil {
		return v.redirect(page.Path, "grant.added")
	}
	if page.Problems, err = formProblems(err, "subject"); err != nil {
		return err
	}
	return v.show(http.StatusUnprocessableEntity, "product", "products", page.Product.Name, page)
}

func (h *Handler) revokeGrant(v *visit) error {
	f, err := form(v.r)
	if err != nil {
		return err
	}
	id := v.r.PathValue("id")
	g := product.Grant{Product: id, Subject: f.Get("subject"), Role: product.GrantRole(f.Get("role"))}
	if err := h.Products.Revoke(v.r.Context(), v.caller, g); err != nil {
		return err
	}
	return v.redirect(productPath(id), "grant.removed")
}
