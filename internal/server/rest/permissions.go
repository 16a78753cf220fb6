package rest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
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

func viewOfGrant(g product.Grant) permission {
	kind, id := subjectParts(g.Subject)
	return permission{SubjectType: kind, SubjectID: flexibleText(id), ObjectType: "data_product", ObjectID: g.Product, Role: string(g.Role)}
}

// grant checks each field and gives the grant.
func (p permission) grant() (product.Grant, error) {
	g := product.Grant{Product: p.ObjectID, Role: product.GrantRole(p.Role)}
	subject, err := p.subject()
	g.Subject = subject
	switch {
	case err != nil:
		return g, err
	case p.ObjectType == "":
		return g, fault.Missing("object_type")
	case p.ObjectType != "data_product":
		return g, fault.BadField("object_type", "literal_error", "must be data_product: roles on the app and on marketplaces are not given here")
	case p.ObjectID == "":
		return g, fault.Missing("object_id")
	case p.Role == "":
		return g, fault.Missing("role")
	case g.Role != product.ProductAdmin && g.Role != product.ProductViewer:
		return g, fault.BadField("role", "literal_error", "must be product_admin or product_viewer")
	case subject == "everyone" && g.Role != product.ProductViewer:
		return g, fault.BadField("role", "literal_error", "everyone can only be product_viewer: name who is to be product_admin")
	}
	return g, nil
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

// permissions lists grants: on one product, or on all that the caller manages.
func (h Products) permissions(wrapped bool) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		q := r.URL.Query()
		if kind := q.Get("object_type"); kind != "" && kind != "data_product" {
			return respondPermissions(w, wrapped, nil)
		}
		var grants []product.Grant
		var err error
		if id := q.Get("object_id"); id != "" {
			grants, err = h.Gate.Grants(r.Context(), auth.CallerFrom(r.Context()), id)
		} else {
			grants, err = h.managed(r)
		}
		if err != nil {
			return err
		}
		return respondPermissions(w, wrapped, filterPermissions(r, grants))
	}
}

// managed gives the grants of every product where the caller may read them.
func (h Products) managed(r *http.Request) (all []product.Grant, err error) {
	ctx, c := r.Context(), auth.CallerFrom(r.Context())
	products, err := h.Gate.Products(ctx, c)
	if err != nil {
		return nil, err
	}
	for _, p := range products {
		grants, err := h.Gate.Grants(ctx, c, p.ID)
		if fault.Is(err, fault.Denied) || fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, grants...)
	}
	return all, nil
}

// ownPermissions lists the grants that reach the caller.
func (h Products) ownPermissions(w http.ResponseWriter, r *http.Request) error {
	grants, err := h.Gate.OwnGrants(r.Context(), auth.CallerFrom(r.Context()))
	if err != nil {
		return err
	}
	return respondPermissions(w, false, filterPermissions(r, grants))
}

func filterPermissions(r *http.Request, grants []product.Grant) []permission {
	q := r.URL.Query()
	keep := func(name, value string) bool { return !q.Has(name) || q.Get(name) == value }
	out := make([]permission, 0, len(grants))
	for _, g := range grants {
		p := viewOfGrant(g)
		if keep("subject_type", p.SubjectType) && keep("subject_id", string(p.SubjectID)) && keep("object_type", p.ObjectType) && keep("object_id", p.ObjectID) && keep("role", p.Role) {
			out = append(out, p)
		}
	}
	return out
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

// decodeGrant reads the body, or the query of a DELETE whose body a proxy took
// away.
func decodeGrant(w http.ResponseWriter, r *http.Request) (product.Grant, error) {
	body, err := web.Body(w, r, web.MaxBody)
	if err != nil {
		return product.Grant{}, err
	}
	var p permission
	if q := r.URL.Query(); r.Method == http.MethodDelete && len(bytes.TrimSpace(body)) == 0 && len(q) > 0 {
		p = permission{q.Get("subject_type"), flexibleText(q.Get("subject_id")), q.Get("object_type"), q.Get("object_id"), q.Get("role")}
	} else if err := web.DecodeBytes(body, &p); err != nil {
		return product.Grant{}, err
	}
	return p.grant()
}

func (h Products) grant(w http.ResponseWriter, r *http.Request) error {
	g, err := decodeGrant(w, r)
	if err != nil {
		return err
	}
	if err := h.Gate.Grant(r.Context(), auth.CallerFrom(r.Context()), g); err != nil {
		return err
	}
	return web.Respond(w, http.StatusCreated, viewOfGrant(g))
}

// regrant changes the role of a subject that has one.
func (h Products) regrant(w http.ResponseWriter, r *http.Request) error {
	g, err := decodeGrant(w, r)
	if err != nil {
		return err
	}
	if err := h.Gate.Regrant(r.Context(), auth.CallerFrom(r.Context()), g); err != nil {
		return err
	}
	return web.Respond(w, http.StatusOK, viewOfGrant(g))
}

func (h Products) revoke(w http.ResponseWriter, r *http.Request) error {
	g, err := decodeGrant(w, r)
	if err != nil {
		return err
	}
	if err := h.Gate.Revoke(r.Context(), auth.CallerFrom(r.Context()), g); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
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
