package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/product/market"
	"github.com/postern/postern/internal/server/web"
)

// permission is a grant on the wire. subject_type client is ours: it names an
// OAuth client by its id.
type permission struct {
	SubjectType string       `json:"subject_type"`
	SubjectID   flexibleText `json:"subject_id"`
	ObjectType  string       `json:"object_type"`
	ObjectID    string       `json:"object_id"`
	Role        string       `json:"role"`
}

// The kinds of object that a permission is about. The published clients' list
// spells the second one so; the right spelling is taken too.
const (
	onApp     = "app"
	onProduct = "data_product"
	onMarket  = "markeplace"
)

// theApp is the id of the one object of type app.
const theApp = "data_products"

func viewOfGrant(g product.Grant) permission {
	return viewOf(g.Subject, onProduct, g.Product, string(g.Role))
}

func viewOfMarketGrant(g market.Grant) permission {
	return viewOf(g.Subject, onMarket, g.Marketplace, string(g.Role))
}

func viewOf(subject, objectType, objectID, role string) permission {
	kind, id := subjectParts(subject)
	return permission{SubjectType: kind, SubjectID: flexibleText(id), ObjectType: objectType, ObjectID: objectID, Role: role}
}

// appRole is the role on the application that follows from a role: it is not
// given, and cannot be taken.
func appRole(r auth.Role) string {
	switch r {
	case auth.ServerAdmin:
		return "app_admin"
	case auth.Explorer, auth.Viewer:
		return "app_viewer"
	}
	return "app_user"
}

// check checks each field, and gives the subject as grants are kept under it.
func (p *permission) check() (subject string, err error) {
	if subject, err = p.subject(); err != nil {
		return subject, err
	}
	roles := []string{string(product.ProductViewer), string(product.ProductAdmin)}
	switch p.ObjectType {
	case "":
		return subject, fault.Missing("object_type")
	case onProduct:
	case onMarket, "marketplace":
		p.ObjectType = onMarket
		roles = []string{string(market.Viewer), string(market.Maintainer), string(market.Admin)}
	case onApp:
		return subject, fault.BadField("object_type", "literal_error", "a role on the app is not given here: it follows from the role of the client or user")
	default:
		return subject, fault.BadField("object_type", "literal_error", "must be data_product or markeplace")
	}
	switch {
	case p.ObjectID == "":
		return subject, fault.Missing("object_id")
	case p.Role == "":
		return subject, fault.Missing("role")
	case !slices.Contains(roles, p.Role):
		return subject, fault.BadField("role", "literal_error", "must be %s", orList(roles))
	case subject == "everyone" && p.Role != roles[0]:
		return subject, fault.BadField("role", "literal_error", "everyone can only be %s: name who is to be %s", roles[0], p.Role)
	}
	return subject, nil
}

func orList(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// subject is the name grants are kept under.
func (p permission) subject() (string, error) {
	id := string(p.SubjectID)
	switch p.SubjectType {
	case "":
		return "", fault.Missing("subject_type")
	case "everyone":
		if id != "" && id != "everyone" {
			return "", fault.BadField("subject_id", "literal_error", "must be everyone, or be left out")
		}
		return "everyone", nil
	case "client", "user", "group":
	default:
		return "", fault.BadField("subject_type", "literal_error", "must be everyone, user, group or client")
	}
	if id == "" {
		return "", fault.Missing("subject_id")
	}
	if p.SubjectType != "client" {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil || n <= 0 {
			return "", fault.BadField("subject_id", "int_parsing", "must be its number; an OAuth client is subject_type client with its client id")
		}
		id = strconv.FormatInt(n, 10) // 042 is 42
	}
	if len(id) > 255 || strings.ContainsFunc(id, func(c rune) bool { return c <= ' ' || c == 0x7f }) {
		return "", fault.BadField("subject_id", "string_pattern", "must be an id without spaces")
	}
	return p.SubjectType + ":" + id, nil
}

// permissions lists grants: on one product or marketplace, or on all that the
// caller manages.
func (h Products) permissions(wrapped bool) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var list []permission
		kind := r.URL.Query().Get("object_type")
		if kind == "" || kind == onProduct {
			grants, err := h.productGrants(r)
			if err != nil {
				return err
			}
			for _, g := range grants {
				list = append(list, viewOfGrant(g))
			}
		}
		if id := r.URL.Query().Get("object_id"); kind == onMarket || kind == "marketplace" || kind == "" && id == "" {
			grants, err := h.marketGrants(r)
			if err != nil {
				return err
			}
			for _, g := range grants {
				list = append(list, viewOfMarketGrant(g))
			}
		}
		return respondPermissions(w, wrapped, filterPermissions(r, list))
	}
}

// productGrants gives the grants of the product in the query, or of every
// product whose grants the caller manages.
func (h Products) productGrants(r *http.Request) (all []product.Grant, err error) {
	ctx, c := r.Context(), auth.CallerFrom(r.Context())
	if id := r.URL.Query().Get("object_id"); id != "" {
		return h.Gate.Grants(ctx, c, id)
	}
	products, err := h.Gate.ProductsFor(ctx, c, "manage_grants")
	if err != nil {
		return nil, err
	}
	for _, p := range products {
		grants, err := h.Gate.Grants(ctx, c, p.ID)
		if taken(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, grants...)
	}
	return all, nil
}

// taken reports a right that went since the list was read.
func taken(err error) bool { return fault.Is(err, fault.Denied) || fault.Is(err, fault.NotFound) }

// marketGrants is productGrants for marketplaces.
func (h Products) marketGrants(r *http.Request) (all []market.Grant, err error) {
	ctx, c := r.Context(), auth.CallerFrom(r.Context())
	if id := r.URL.Query().Get("object_id"); id != "" {
		return h.Gate.MarketGrants(ctx, c, id)
	}
	own, err := h.Gate.OwnMarketGrants(ctx, c)
	if err != nil {
		return nil, err
	}
	markets, err := h.Gate.Marketplaces(ctx, c)
	if err != nil {
		return nil, err
	}
	for _, m := range markets {
		administers := slices.ContainsFunc(own, func(g market.Grant) bool { return g.Marketplace == m.ID && g.Role == market.Admin })
		if m.ID == market.Default || !administers && c.Role != auth.ServerAdmin {
			continue // the gateway would say no, and put that on record
		}
		grants, err := h.Gate.MarketGrants(ctx, c, m.ID)
		if taken(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, grants...)
	}
	return all, nil
}

// ownPermissions lists the grants that reach the caller, and the role on the
// app that follows from its role.
func (h Products) ownPermissions(w http.ResponseWriter, r *http.Request) error {
	ctx, c := r.Context(), auth.CallerFrom(r.Context())
	list := []permission{viewOf(c.Subject(), onApp, theApp, appRole(c.Role))}
	grants, err := h.Gate.OwnGrants(ctx, c)
	if err != nil {
		return err
	}
	for _, g := range grants {
		list = append(list, viewOfGrant(g))
	}
	markets, err := h.Gate.OwnMarketGrants(ctx, c)
	if err != nil {
		return err
	}
	for _, g := range markets {
		list = append(list, viewOfMarketGrant(g))
	}
	return respondPermissions(w, false, filterPermissions(r, list))
}

func filterPermissions(r *http.Request, all []permission) []permission {
	q := r.URL.Query()
	keep := func(name, value string) bool { return !q.Has(name) || q.Get(name) == value }
	return slices.DeleteFunc(all, func(p permission) bool {
		object := keep("object_type", p.ObjectType) || p.ObjectType == onMarket && q.Get("object_type") == "marketplace"
		return !keep("subject_type", p.SubjectType) || !keep("subject_id", string(p.SubjectID)) || !object || !keep("object_id", p.ObjectID) || !keep("role", p.Role)
	})
}

func respondPermissions(w http.ResponseWriter, wrapped bool, list []permission) error {
	if list == nil {
		list = []permission{}
	}
	if wrapped {
		return web.Respond(w, http.StatusOK, map[string]any{"results": list, "total": len(list)})
	}
	return web.Respond(w, http.StatusOK, list)
}

// decodePermission reads the body, or the query of a DELETE whose body a proxy
// took away.
func decodePermission(w http.ResponseWriter, r *http.Request) (p permission, subject string, err error) {
	body, err := web.Body(w, r, web.MaxBody)
	if err != nil {
		return p, "", err
	}
	if q := r.URL.Query(); r.Method == http.MethodDelete && len(bytes.TrimSpace(body)) == 0 && len(q) > 0 {
		p = permission{q.Get("subject_type"), flexibleText(q.Get("subject_id")), q.Get("object_type"), q.Get("object_id"), q.Get("role")}
	} else if err := web.DecodeBytes(body, &p); err != nil {
		return p, "", err
	}
	subject, err = p.check()
	return p, subject, err
}

// change does one thing to the permission in the request: to a grant on a
// product, or to one on a marketplace.
func (h Products) change(w http.ResponseWriter, r *http.Request, status int,
	onProducts func(context.Context, auth.Caller, product.Grant) error, onMarkets func(context.Context, auth.Caller, market.Grant) error) error {
	p, subject, err := decodePermission(w, r)
	if err != nil {
		return err
	}
	ctx, c := r.Context(), auth.CallerFrom(r.Context())
	if p.ObjectType == onMarket {
		err = onMarkets(ctx, c, market.Grant{Marketplace: p.ObjectID, Subject: subject, Role: market.Role(p.Role)})
	} else {
		err = onProducts(ctx, c, product.Grant{Product: p.ObjectID, Subject: subject, Role: product.GrantRole(p.Role)})
	}
	switch {
	case err != nil:
		return err
	case status == http.StatusNoContent:
		w.WriteHeader(status)
		return nil
	}
	return web.Respond(w, status, viewOf(subject, p.ObjectType, p.ObjectID, p.Role))
}

func (h Products) grantMarket(known bool) func(context.Context, auth.Caller, market.Grant) error {
	return func(ctx context.Context, c auth.Caller, g market.Grant) error {
		return h.Gate.GrantMarket(ctx, c, g, known)
	}
}

func (h Products) grant(w http.ResponseWriter, r *http.Request) error {
	return h.change(w, r, http.StatusCreated, h.Gate.Grant, h.grantMarket(false))
}

// regrant changes the role of a subject that has one.
func (h Products) regrant(w http.ResponseWriter, r *http.Request) error {
	return h.change(w, r, http.StatusOK, h.Gate.Regrant, h.grantMarket(true))
}

func (h Products) revoke(w http.ResponseWriter, r *http.Request) error {
	return h.change(w, r, http.StatusNoContent, h.Gate.Revoke, h.Gate.RevokeMarket)
}

// flexibleText is text that some clients send as a number.
type flexibleText string

// UnmarshalJSON takes a string or a number.
func (t *flexibleText) UnmarshalJSON(b []byte) error {
	var n json.Number // takes numbers, and strings that are one
	if err := json.Unmarshal(b, &n); err == nil {
		*t = flexibleText(n)
		return nil
	}
	return json.Unmarshal(b, (*string)(t))
}
