package rest

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/product/market"
	"github.com/postern/postern/internal/product/search"
	"github.com/postern/postern/internal/server/web"
)

// MarketGate is what the marketplaces' routes need of the gateway. What the
// caller may not see is NotFound; products that it may not see are not shown.
type MarketGate interface {
	Marketplaces(ctx context.Context, c auth.Caller) ([]market.Marketplace, error)
	Marketplace(ctx context.Context, c auth.Caller, id string) (market.Marketplace, error)
	CreateMarketplace(ctx context.Context, c auth.Caller, doc []byte) (market.Marketplace, error)
	UpdateMarketplace(ctx context.Context, c auth.Caller, doc []byte) (market.Marketplace, error)
	DeleteMarketplace(ctx context.Context, c auth.Caller, id string) error
	Listed(ctx context.Context, c auth.Caller, id string) ([]market.Shown, error)
	ListedProduct(ctx context.Context, c auth.Caller, id, productID string) (market.Shown, error)
	// Publish makes all changes or none, and gives their products in order.
	Publish(ctx context.Context, c auth.Caller, id string, changes []market.Change) ([]product.Product, error)
	Associations(ctx context.Context, c auth.Caller, products []string) (map[string][]market.Listing, error)
}

// Markets serves marketplaces and what is published in them.
type Markets struct{ Gate MarketGate }

// Routes are the marketplace routes, under each base path, and where clients
// of another generation ask which marketplace they are to search.
func (h Markets) Routes() []web.Route {
	routes := []web.Route{{Method: "GET", Path: "/api/v1/setting/marketplace/", Scope: auth.ScopeProductsRead, Handle: h.setting}}
	for _, b := range productBases {
		add := func(method, path string, scope auth.Scope, handle web.Handler) {
			routes = append(routes, web.Route{Method: method, Path: b.path + path, Scope: scope, Handle: handle})
		}
		const all, one = "/marketplace/", "/marketplace/{marketplace_id}/"
		const products, published = one + "data-product/", one + "data-product/{product_id}/"
		add("GET", all, auth.ScopeProductsRead, h.list(b.wrapped))
		add("POST", all, auth.ScopeProductsWrite, h.create)
		add("PUT", all, auth.ScopeProductsWrite, h.update)
		add("GET", one, auth.ScopeProductsRead, h.get)
		add("DELETE", one, auth.ScopeProductsWrite, h.delete)
		add("GET", products, auth.ScopeProductsRead, h.products)
		add("GET", published, auth.ScopeProductsRead, h.product)
		add("POST", published, auth.ScopeProductsWrite, h.publish(market.Publish))
		add("PUT", published, auth.ScopeProductsWrite, h.publish(market.Update))
		add("DELETE", published, auth.ScopeProductsWrite, h.unpublish)
		add("POST", one+"bulk-publish/", auth.ScopeProductsWrite, h.bulk)
		add("POST", "/search-internally/{marketplace_id}/", auth.ScopeProductsRead, h.search)
	}
	return routes
}

func (h Markets) setting(w http.ResponseWriter, _ *http.Request) error {
	return web.Respond(w, http.StatusOK, map[string]string{"default_marketplace": market.Default})
}

type marketView struct {
	External string          `json:"external_marketplace_id"`
	ID       string          `json:"marketplace_id"`
	Name     string          `json:"name"`
	Spec     json.RawMessage `json:"spec"`
	SpecYAML string          `json:"spec_yaml"`
	Products []shownView     `json:"products"`
	Total    int             `json:"products_total"`
	Created  string          `json:"ts_created,omitempty"`
	Updated  string          `json:"ts_updated,omitempty"`
}

// shownView is a product with what a marketplace says of it.
type shownView struct {
	productView
	Context marketContext `json:"marketplace_context"`
}

type marketContext struct {
	Badges []standardView `json:"badges"`
}

type standardView struct {
	Type      string            `json:"type"`
	Check     string            `json:"check"`
	Key       string            `json:"key,omitempty"`
	ReportKey string            `json:"report_key,omitempty"`
	Name      map[string]string `json:"displayName,omitempty"`
}

func viewOfMarket(m market.Marketplace) marketView {
	v := marketView{External: m.ID, ID: m.ID, Name: m.Name, Spec: m.Spec, SpecYAML: m.YAML(), Products: []shownView{}}
	if !m.CreatedAt.IsZero() {
		v.Created, v.Updated = productTime(m.CreatedAt), productTime(m.UpdatedAt)
	}
	return v
}

func (h Markets) views(r *http.Request, page []market.Shown) ([]shownView, error) {
	ids := make([]string, 0, len(page))
	for _, s := range page {
		ids = append(ids, s.Product.ID)
	}
	where, err := h.Gate.Associations(r.Context(), auth.CallerFrom(r.Context()), ids)
	if err != nil {
		return nil, err
	}
	views := make([]shownView, 0, len(page))
	for _, s := range page {
		v := shownView{viewOfProduct(s.Product, nil, where[s.Product.ID]), marketContext{[]standardView{}}}
		for _, b := range s.Badges {
			v.Context.Badges = append(v.Context.Badges, standardView{b.Type, b.Check, b.Key, b.ReportKey, map[string]string{"en": b.Name}})
		}
		views = append(views, v)
	}
	return views, nil
}

// list answers the marketplaces with how many products the caller sees in
// each; the products themselves are one call further.
func (h Markets) list(wrapped bool) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		limit, skip, err := web.Page(r, productPage, productPageMax)
		if err != nil {
			return err
		}
		ctx, c := r.Context(), auth.CallerFrom(r.Context())
		all, err := h.Gate.Marketplaces(ctx, c)
		if err != nil {
			return err
		}
		views := []marketView{}
		for _, m := range page(w, r, all, limit, skip) {
			shown, err := h.Gate.Listed(ctx, c, m.ID)
			if fault.Is(err, fault.NotFound) {
				continue // it went since the list was read
			}
			if err != nil {
				return err
			}
			v := viewOfMarket(m)
			v.Total = len(shown)
			views = append(views, v)
		}
		if wrapped {
			return web.Respond(w, http.StatusOK, map[string]any{"data": views, "total": len(all)})
		}
		return web.Respond(w, http.StatusOK, views)
	}
}

func (h Markets) create(w http.ResponseWriter, r *http.Request) error {
	doc, err := specBody(w, r)
	if err != nil {
		return err
	}
	m, err := h.Gate.CreateMarketplace(r.Context(), auth.CallerFrom(r.Context()), doc)
	if err != nil {
		return err
	}
	return h.respond(w, r, http.StatusCreated, m)
}

func (h Markets) update(w http.ResponseWriter, r *http.Request) error {
	doc, err := specBody(w, r)
	if err != nil {
		return err
	}
	m, err := h.Gate.UpdateMarketplace(r.Context(), auth.CallerFrom(r.Context()), doc)
	if err != nil {
		return err
	}
	return h.respond(w, r, http.StatusOK, m)
}

// respond answers one marketplace with a page of its products.
func (h Markets) respond(w http.ResponseWriter, r *http.Request, status int, m market.Marketplace) error {
	limit, skip, err := web.Page(r, productPage, productPageMax)
	if err != nil {
		return err
	}
	shown, err := h.Gate.Listed(r.Context(), auth.CallerFrom(r.Context()), m.ID)
	if err != nil {
		return err
	}
	v := viewOfMarket(m)
	v.Total = len(shown)
	if v.Products, err = h.views(r, page(w, r, shown, limit, skip)); err != nil {
		return err
	}
	return web.Respond(w, status, v)
}

func (h Markets) get(w http.ResponseWriter, r *http.Request) error {
	m, err := h.Gate.Marketplace(r.Context(), auth.CallerFrom(r.Context()), r.PathValue("marketplace_id"))
	if err != nil {
		return err
	}
	return h.respond(w, r, http.StatusOK, m)
}

func (h Markets) delete(w http.ResponseWriter, r *http.Request) error {
	if err := h.Gate.DeleteMarketplace(r.Context(), auth.CallerFrom(r.Context()), r.PathValue("marketplace_id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (h Markets) products(w http.ResponseWriter, r *http.Request) error {
	limit, skip, err := web.Page(r, productPage, productPageMax)
	if err != nil {
		return err
	}
	shown, err := h.Gate.Listed(r.Context(), auth.CallerFrom(r.Context()), r.PathValue("marketplace_id"))
	if err != nil {
		return err
	}
	views, err := h.views(r, page(w, r, shown, limit, skip))
	if err != nil {
		return err
	}
	return web.Respond(w, http.StatusOK, views)
}

func (h Markets) product(w http.ResponseWriter, r *http.Request) error {
	s, err := h.Gate.ListedProduct(r.Context(), auth.CallerFrom(r.Context()), r.PathValue("marketplace_id"), r.PathValue("product_id"))
	if err != nil {
		return err
	}
	web.Note(r.Context(), "product", s.Product.ID)
	views, err := h.views(r, []market.Shown{s})
	if err != nil {
		return err
	}
	return web.Respond(w, http.StatusOK, views[0])
}

// publish publishes the version in the query, or the current one.
func (h Markets) publish(op market.Op) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		views, err := h.change(r, []market.Change{{Op: op, Product: r.PathValue("product_id"), Version: r.URL.Query().Get("version")}})
		if err != nil {
			return ofOne(err)
		}
		return web.Respond(w, http.StatusOK, views[0].shownView)
	}
}

func (h Markets) unpublish(w http.ResponseWriter, r *http.Request) error {
	if _, err := h.change(r, []market.Change{{Op: market.Unpublish, Product: r.PathValue("product_id")}}); err != nil {
		return ofOne(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// ofOne takes the place in a bulk request off a fault: the path names the one
// product there is. What is left are the standards that it fails.
func ofOne(err error) error {
	e := fault.As(err)
	if e == nil {
		return err
	}
	one := *e
	one.Fields = nil
	for _, f := range e.Fields {
		if at := f.Loc; len(at) > 4 || len(at) == 4 && at[3] != "product_id" {
			one.Fields = append(one.Fields, fault.Field{Loc: at[3:], Msg: f.Msg, Type: f.Type})
		}
	}
	return &one
}

// changedView is a product with what was done to it.
type changedView struct {
	shownView
	Operation string `json:"operation"`
}

func (h Markets) change(r *http.Request, changes []market.Change) ([]changedView, error) {
	ctx, c := r.Context(), auth.CallerFrom(r.Context())
	for i := range changes {
		changes[i].Force = forced(r)
	}
	done, err := h.Gate.Publish(ctx, c, r.PathValue("marketplace_id"), changes)
	if err != nil {
		return nil, err
	}
	shown := make([]market.Shown, 0, len(done))
	for _, p := range done {
		shown = append(shown, market.Shown{Product: p})
	}
	views, err := h.views(r, shown)
	if err != nil {
		return nil, err
	}
	out := make([]changedView, 0, len(views))
	for i, v := range views {
		out = append(out, changedView{v, string(changes[i].Op)})
	}
	return out, nil
}

// mostChanges bounds one bulk request.
const mostChanges = 1000

// bulk makes all changes or none, as its published client takes every item of
// the answer for one that succeeded.
func (h Markets) bulk(w http.ResponseWriter, r *http.Request) error {
	type item struct {
		Product string `json:"product_id"`
		Version string `json:"version_id"`
	}
	var in struct {
		Publish   []item `json:"publish"`
		Update    []item `json:"update"`
		Unpublish []item `json:"unpublish"`
	}
	if err := web.Decode(w, r, &in); err != nil {
		return err
	}
	var changes []market.Change
	for _, part := range []struct {
		op    market.Op
		items []item
	}{{market.Publish, in.Publish}, {market.Update, in.Update}, {market.Unpublish, in.Unpublish}} {
		for _, x := range part.items {
			changes = append(changes, market.Change{Op: part.op, Product: x.Product, Version: x.Version})
		}
	}
	switch n := len(changes); {
	case n == 0:
		return fault.BadField("publish", "missing", "at least one of publish, update and unpublish must name a product")
	case n > mostChanges:
		return fault.BadField("publish", "too_long", "at most %d changes at once", mostChanges)
	}
	views, err := h.change(r, changes)
	if err != nil {
		return err
	}
	return web.Respond(w, http.StatusOK, views)
}

// foundView has the fields flat and once more under product: clients of two
// generations read one each.
type foundView struct {
	shownView
	Product productView `json:"product"`
	Score   float64     `json:"score"`
	Matched []string    `json:"matched"`
}

// mostFound is how many products a search gives.
const mostFound = 50

func (h Markets) search(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Query *string `json:"user_query"`
	}
	if err := web.Decode(w, r, &in); err != nil {
		return err
	}
	if in.Query == nil {
		return fault.Missing("user_query")
	}
	shown, err := h.Gate.Listed(r.Context(), auth.CallerFrom(r.Context()), r.PathValue("marketplace_id"))
	if err != nil {
		return err
	}
	products, at := make([]product.Product, 0, len(shown)), map[string]market.Shown{}
	for _, s := range shown {
		products = append(products, s.Product)
		at[s.Product.ID] = s
	}
	hits := search.Products(products, strings.TrimSpace(*in.Query))
	hits = hits[:min(mostFound, len(hits))]
	best := make([]market.Shown, 0, len(hits))
	for _, hit := range hits {
		best = append(best, at[hit.Product.ID])
	}
	views, err := h.views(r, best)
	if err != nil {
		return err
	}
	out := make([]foundView, 0, len(views))
	for i, v := range views {
		out = append(out, foundView{v, v.productView, hits[i].Score, append([]string{}, hits[i].Matched...)})
	}
	return web.Respond(w, http.StatusOK, out)
}
