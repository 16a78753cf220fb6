package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"time"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/product/market"
	"github.com/postern/postern/internal/server/web"
)

// ProductGate is what the product routes need of the gateway. It answers
// NotFound for what the caller may not see, and Denied for what the caller may
// see and not do.
type ProductGate interface {
	// ProductsFor lists the products with which the caller may do something.
	ProductsFor(ctx context.Context, c auth.Caller, action string) ([]product.Product, error)
	Product(ctx context.Context, c auth.Caller, id, version string) (product.Product, error)
	// Versions gives all versions of a product, newest first.
	Versions(ctx context.Context, c auth.Caller, id string) ([]product.Product, error)
	CreateProduct(ctx context.Context, c auth.Caller, doc []byte) (product.Product, bool, error)
	// SetStatus refuses to make ready what answers worse, unless forced.
	SetStatus(ctx context.Context, c auth.Caller, id, version string, s product.Status, force bool) error
	DeleteProduct(ctx context.Context, c auth.Caller, id string) error
	// DeleteVersion deletes one version; with the last one goes the product.
	DeleteVersion(ctx context.Context, c auth.Caller, id, version string) error

	Grants(ctx context.Context, c auth.Caller, id string) ([]product.Grant, error)
	// OwnGrants gives the grants that reach the caller, on any product.
	OwnGrants(ctx context.Context, c auth.Caller) ([]product.Grant, error)
	Grant(ctx context.Context, c auth.Caller, g product.Grant) error
	// Regrant changes the role of a subject that has one; NotFound otherwise.
	Regrant(ctx context.Context, c auth.Caller, g product.Grant) error
	Revoke(ctx context.Context, c auth.Caller, g product.Grant) error

	// Associations says where products are published, as far as the caller may
	// see the marketplaces.
	Associations(ctx context.Context, c auth.Caller, products []string) (map[string][]market.Listing, error)
	Marketplaces(ctx context.Context, c auth.Caller) ([]market.Marketplace, error)
	MarketGrants(ctx context.Context, c auth.Caller, id string) ([]market.Grant, error)
	OwnMarketGrants(ctx context.Context, c auth.Caller) ([]market.Grant, error)
	// GrantMarket with known changes the role of a subject that has one.
	GrantMarket(ctx context.Context, c auth.Caller, g market.Grant, known bool) error
	RevokeMarket(ctx context.Context, c auth.Caller, g market.Grant) error

	Report(ctx context.Context, c auth.Caller, reports []market.Report) error
	Reports(ctx context.Context, c auth.Caller, id string) ([]market.Report, error)
}

// Products serves data products and who they are shared with.
type Products struct {
	Gate ProductGate
}

// productBases are the three paths that published clients use. The last one
// answers lists as an object, the others as a bare array.
var productBases = []struct {
	path    string
	wrapped bool
}{
	{"/integration/data-products/v1", false},
	{"/dps/integration/data-products/v1", false},
	{"/integration/data-products/api/v1", true},
}

// maxSpec is the limit of a spec, in bytes.
const maxSpec = 4 << 20

// Routes are the data product routes, under each base path.
func (h Products) Routes() []web.Route {
	var routes []web.Route
	for _, b := range productBases {
		add := func(method, path string, scope auth.Scope, handle web.Handler) {
			routes = append(routes, web.Route{Method: method, Path: b.path + path, Scope: scope, Handle: handle})
		}
		const one, version = "/data-product/{product_id}/", "/data-product/{product_id}/version/{version_id}/"
		add("GET", "/data-product/", auth.ScopeProductsRead, h.list(b.wrapped))
		add("POST", "/data-product/", auth.ScopeProductsWrite, h.create)
		add("PUT", "/data-product/", auth.ScopeProductsWrite, h.update)
		add("GET", one, auth.ScopeProductsRead, h.get)
		add("DELETE", one, auth.ScopeProductsWrite, h.delete)
		add("GET", version, auth.ScopeProductsRead, h.get)
		add("PUT", version, auth.ScopeProductsWrite, h.setStatus)
		add("DELETE", version, auth.ScopeProductsWrite, h.deleteVersion)
		add("POST", "/data-product-check/", auth.ScopeProductsRead, h.check)
		add("GET", one+"report-results/", auth.ScopeProductsRead, h.reports)
		add("POST", one+"report-results/", auth.ScopeProductsWrite, h.report)
		add("GET", "/report-results/", auth.ScopeProductsRead, h.allReports)
		add("POST", "/report-results/", auth.ScopeProductsWrite, h.report)
		const permissions = "/data-products/permissions/"
		add("GET", permissions, auth.ScopeProductsRead, h.permissions(b.wrapped))
		add("POST", permissions, auth.ScopeProductsWrite, h.grant)
		add("PUT", permissions, auth.ScopeProductsWrite, h.regrant)
		add("DELETE", permissions, auth.ScopeProductsWrite, h.revoke)
		add("GET", "/data-products/check-permissions/", auth.ScopeProductsRead, h.ownPermissions)
	}
	return routes
}

type productView struct {
	ProductID    string           `json:"product_id"`
	VersionID    string           `json:"version_id"`
	Status       string           `json:"status"`
	SpecJSON     json.RawMessage  `json:"spec_json"`
	SpecYAML     string           `json:"spec_yaml"`
	Created      string           `json:"ts_created"`
	Updated      string           `json:"ts_updated"`
	Marketplaces []association    `json:"marketplace_associations"`
	Versions     []productVersion `json:"versions_details"`
}

type productVersion struct {
	VersionID string `json:"version_id"`
	Name      string `json:"name"`
	Status    string `json:"status"`
	Created   string `json:"ts_created"`
	Updated   string `json:"ts_updated"`
}

// association is a marketplace in which a product stands.
type association struct {
	Marketplace struct {
		ID   string `json:"external_id"`
		Name string `json:"name"`
	} `json:"marketplace"`
	State struct {
		Status  string `json:"status"` // published, or withdrawn where that version is a draft again
		Version string `json:"version_id"`
		Created string `json:"ts_created"`
		Updated string `json:"ts_updated"`
	} `json:"state"`
}

func viewOfListing(l market.Listing) (a association) {
	a.Marketplace.ID, a.Marketplace.Name = l.Marketplace, l.Name
	a.State.Status, a.State.Version = "published", l.Version
	if l.Status != product.Ready {
		a.State.Status = "withdrawn"
	}
	a.State.Created, a.State.Updated = productTime(l.CreatedAt), productTime(l.UpdatedAt)
	return a
}

// productTime has the fraction that published clients parse by.
func productTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

func viewOfProduct(p product.Product, versions []product.Product, where []market.Listing) productView {
	v := productView{
		ProductID: p.ID, VersionID: p.Version, Status: string(p.Status), SpecJSON: p.Spec, SpecYAML: p.YAML(),
		Created: productTime(p.CreatedAt), Updated: productTime(p.UpdatedAt),
		Marketplaces: make([]association, 0, len(where)), Versions: make([]productVersion, 0, len(versions)),
	}
	for _, l := range where {
		v.Marketplaces = append(v.Marketplaces, viewOfListing(l))
	}
	for _, x := range versions {
		v.Versions = append(v.Versions, productVersion{
			VersionID: x.Version, Name: x.Name, Status: string(x.Status), Created: productTime(x.CreatedAt), Updated: productTime(x.UpdatedAt),
		})
	}
	return v
}

// specBody reads a posted document, JSON or YAML by its content type.
func specBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	isJSON := false
	if ct := r.Header.Get("Content-Type"); ct != "" {
		mt, _, err := mime.ParseMediaType(ct)
		isJSON = mt == "application/json"
		if err != nil || !slices.Contains([]string{"application/json", "application/x-yaml", "application/yaml", "text/yaml", "text/x-yaml"}, mt) {
			return nil, web.WithStatus(fault.New(fault.Invalid, "Content-Type must be application/json or application/x-yaml"), http.StatusUnsupportedMediaType)
		}
	}
	doc, err := web.Body(w, r, maxSpec)
	if err != nil {
		return nil, err
	}
	if trimmed := bytes.TrimSpace(doc); isJSON && len(trimmed) > 0 && trimmed[0] != '{' {
		return nil, fault.New(fault.Invalid, "the body must be a JSON object; send YAML with Content-Type: application/x-yaml")
	}
	return doc, nil
}

// spec reads the posted document, and the id and version in it.
func (h Products) spec(w http.ResponseWriter, r *http.Request) ([]byte, product.Product, error) {
	doc, err := specBody(w, r)
	if err != nil {
		return nil, product.Product{}, err
	}
	p, err := product.Parse(doc)
	return doc, p, err
}

func (h Products) create(w http.ResponseWriter, r *http.Request) error {
	ctx, c := r.Context(), auth.CallerFrom(r.Context())
	doc, p, err := h.spec(w, r)
	if err != nil {
		return err
	}
	_, err = h.Gate.Product(ctx, c, p.ID, p.Version)
	if err == nil {
		return fault.New(fault.Conflict, "version %s of data product %s is there already: PUT changes it, and a new version number adds a version", p.Version, p.ID)
	}
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	return h.put(w, r, doc)
}

// put creates or replaces, and answers 201 when a version came to be.
func (h Products) put(w http.ResponseWriter, r *http.Request, doc []byte) error {
	ctx, c := r.Context(), auth.CallerFrom(r.Context())
	p, created, err := h.Gate.CreateProduct(ctx, c, doc)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return h.respond(w, r, status, p.ID, p.Version)
}

// update replaces a version, or adds one to a product that is there.
func (h Products) update(w http.ResponseWriter, r *http.Request) error {
	doc, p, err := h.spec(w, r)
	if err != nil {
		return err
	}
	if _, err := h.Gate.Product(r.Context(), auth.CallerFrom(r.Context()), p.ID, ""); err != nil {
		return err
	}
	return h.put(w, r, doc)
}

// respond reads the product as it now stands and answers with it.
func (h Products) respond(w http.ResponseWriter, r *http.Request, status int, id, version string) error {
	ctx, c := r.Context(), auth.CallerFrom(r.Context())
	p, err := h.Gate.Product(ctx, c, id, version)
	if err != nil {
		return err
	}
	web.Note(ctx, "product", p.ID) // not before it is known to be one: anything may stand in a path
	versions, err := h.Gate.Versions(ctx, c, id)
	if err != nil {
		return err
	}
	where, err := h.Gate.Associations(ctx, c, []string{id})
	if err != nil {
		return err
	}
	return web.Respond(w, status, viewOfProduct(p, versions, where[id]))
}

// get answers the current version, or the one in the path.
func (h Products) get(w http.ResponseWriter, r *http.Request) error {
	return h.respond(w, r, http.StatusOK, r.PathValue("product_id"), r.PathValue("version_id"))
}

func (h Products) delete(w http.ResponseWriter, r *http.Request) error {
	if err := h.Gate.DeleteProduct(r.Context(), auth.CallerFrom(r.Context()), r.PathValue("product_id")); err != nil {
		return err
	}
	web.Note(r.Context(), "product", r.PathValue("product_id"))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (h Products) setStatus(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Status string `json:"status"`
	}
	if err := web.Decode(w, r, &in); err != nil {
		return err
	}
	switch product.Status(in.Status) {
	case product.InDraft, product.Ready:
	case "":
		return fault.Missing("status")
	default:
		return fault.BadField("status", "literal_error", "must be draft or ready")
	}
	id, version := r.PathValue("product_id"), r.PathValue("version_id")
	if err := h.Gate.SetStatus(r.Context(), auth.CallerFrom(r.Context()), id, version, product.Status(in.Status), forced(r)); err != nil {
		return err
	}
	return h.respond(w, r, http.StatusOK, id, version)
}

func (h Products) deleteVersion(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("product_id")
	if err := h.Gate.DeleteVersion(r.Context(), auth.CallerFrom(r.Context()), id, r.PathValue("version_id")); err != nil {
		return err
	}
	web.Note(r.Context(), "product", id)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
