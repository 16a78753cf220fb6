package rest

import (
	"bytes"
	"context"
	"net/http"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/server/web"
	"github.com/postern/postern/internal/tool"
)

// VerifiedGate is what these routes need of the gateway.
type VerifiedGate interface {
	Product(ctx context.Context, c auth.Caller, id, version string) (product.Product, error)
	QueryGrants(ctx context.Context, c auth.Caller, id string) ([]product.Grant, error)
	GrantQuery(ctx context.Context, c auth.Caller, g product.Grant) error
	RevokeQuery(ctx context.Context, c auth.Caller, g product.Grant) error
}

// Verified shows a product's verified queries and shares them one by one.
type Verified struct{ Gate VerifiedGate }

// Routes are the routes of verified queries.
func (h Verified) Routes() []web.Route {
	const all = "/api/v2/data-product/{product_id}/verified-query/"
	const grants = all + "{name}/grant/"
	return []web.Route{
		{Method: "GET", Path: all, Scope: auth.ScopeProductsRead, Handle: h.list},
		{Method: "GET", Path: grants, Scope: auth.ScopeProductsRead, Handle: h.grants},
		{Method: "POST", Path: grants, Scope: auth.ScopeProductsWrite, Handle: h.grant},
		{Method: "DELETE", Path: grants, Scope: auth.ScopeProductsWrite, Handle: h.revoke},
	}
}

type verifiedView struct {
	Name        string               `json:"name"`
	Question    string               `json:"question,omitempty"`
	Questions   []string             `json:"questions,omitempty"`
	Description string               `json:"description,omitempty"`
	SQL         string               `json:"sql"`
	Parameters  []queryParameterView `json:"parameters"`
	Published   bool                 `json:"published"`
	Tool        *toolRef             `json:"tool,omitempty"` // what it is called now, if it is
}

type toolRef struct {
	Name string `json:"name"`
	ID   string `json:"id"`
}

type queryParameterView struct {
	Name        string   `json:"name"`
	Type        string   `json:"type"`
	Description string   `json:"description,omitempty"`
	Values      []string `json:"values,omitempty"`
	Default     string   `json:"default,omitempty"`
	Required    bool     `json:"required"`
}

func (h Verified) list(w http.ResponseWriter, r *http.Request) error {
	p, err := h.Gate.Product(r.Context(), auth.CallerFrom(r.Context()), r.PathValue("product_id"), r.URL.Query().Get("version"))
	if err != nil {
		return err
	}
	web.Note(r.Context(), "product", p.ID)
	out := make([]verifiedView, 0, len(p.Verified))
	for _, q := range p.Verified {
		v := verifiedView{
			Name: q.Name, Question: q.Question, Questions: q.Questions, Description: q.Description, SQL: q.SQL,
			Published: q.Published, Parameters: []queryParameterView{},
		}
		for _, x := range q.Parameters {
			v.Parameters = append(v.Parameters, queryParameterView{x.Name, x.Type, x.Description, x.Values, x.Default, x.Default == "" && !x.Optional})
		}
		if q.Published && p.Status == product.Ready {
			name := product.Published{Product: p, Query: q}.ToolName()
			v.Tool = &toolRef{name, tool.ID(name)}
		}
		out = append(out, v)
	}
	return web.Respond(w, http.StatusOK, map[string]any{"product_id": p.ID, "version_id": p.Version, "results": out})
}

type queryGrantView struct {
	SubjectType string       `json:"subject_type"`
	SubjectID   flexibleText `json:"subject_id"`
	Query       string       `json:"verified_query"`
	Role        string       `json:"role"`
}

func viewOfQueryGrant(g product.Grant) queryGrantView {
	p := viewOfGrant(g)
	return queryGrantView{p.SubjectType, p.SubjectID, g.Query, string(product.QueryRunner)}
}

func (h Verified) grants(w http.ResponseWriter, r *http.Request) error {
	all, err := h.Gate.QueryGrants(r.Context(), auth.CallerFrom(r.Context()), r.PathValue("product_id"))
	if err != nil {
		return err
	}
	out := []queryGrantView{}
	for _, g := range all {
		if g.Query == r.PathValue("name") {
			out = append(out, viewOfQueryGrant(g))
		}
	}
	return web.Respond(w, http.StatusOK, map[string]any{"results": out, "total": len(out)})
}

// granted reads who the query is for: the body, or the query of a DELETE. Whose
// the product is comes before what is wrong with the request.
func (h Verified) granted(w http.ResponseWriter, r *http.Request) (product.Grant, error) {
	var in struct {
		SubjectType string       `json:"subject_type"`
		SubjectID   flexibleText `json:"subject_id"`
	}
	if _, err := h.Gate.QueryGrants(r.Context(), auth.CallerFrom(r.Context()), r.PathValue("product_id")); err != nil {
		return product.Grant{}, err
	}
	body, err := web.Body(w, r, web.MaxBody)
	if err != nil {
		return product.Grant{}, err
	}
	if q := r.URL.Query(); r.Method == http.MethodDelete && len(bytes.TrimSpace(body)) == 0 && len(q) > 0 {
		in.SubjectType, in.SubjectID = q.Get("subject_type"), flexibleText(q.Get("subject_id"))
	} else if err := web.DecodeBytes(body, &in); err != nil {
		return product.Grant{}, err
	}
	g := product.Grant{Product: r.PathValue("product_id"), Query: r.PathValue("name"), Role: product.QueryRunner}
	g.Subject, err = permission{SubjectType: in.SubjectType, SubjectID: in.SubjectID}.subject()
	return g, err
}

func (h Verified) grant(w http.ResponseWriter, r *http.Request) error {
	g, err := h.granted(w, r)
	if err != nil {
		return err
	}
	if err := h.Gate.GrantQuery(r.Context(), auth.CallerFrom(r.Context()), g); err != nil {
		return err
	}
	return web.Respond(w, http.StatusCreated, viewOfQueryGrant(g))
}

func (h Verified) revoke(w http.ResponseWriter, r *http.Request) error {
	g, err := h.granted(w, r)
	if err != nil {
		return err
	}
	if err := h.Gate.RevokeQuery(r.Context(), auth.CallerFrom(r.Context()), g); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
