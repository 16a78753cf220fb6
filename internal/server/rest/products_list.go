package rest

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/server/web"
)

// A page of products has 100 by default and 1,000 at most.
const (
	productPage    = 100
	productPageMax = 1000
)

// list answers the products the caller may see, a page at a time.
func (h Products) list(wrapped bool) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		ctx, c := r.Context(), auth.CallerFrom(r.Context())
		limit, skip, err := web.Page(r, productPage, productPageMax)
		if err != nil {
			return err
		}
		less, err := productOrder(r.URL.Query().Get("order_by"))
		if err != nil {
			return err
		}
		all, err := h.narrowed(ctx, c, r)
		if err != nil {
			return err
		}
		if ids := productIDs(r); ids != nil {
			all = slices.DeleteFunc(all, func(p product.Product) bool { return !slices.Contains(ids, p.ID) })
		}
		slices.SortStableFunc(all, less)
		grouped, _ := strconv.ParseBool(r.URL.Query().Get("group_by_product"))
		views, err := h.views(r, page(w, r, all, limit, skip), grouped)
		if err != nil {
			return err
		}
		if wrapped {
			return web.Respond(w, http.StatusOK, map[string]any{"results": views, "total": len(all)})
		}
		return web.Respond(w, http.StatusOK, views)
	}
}

// narrowedTo is which action of ours stands for a documented role or action
// that lists can be narrowed to. Of what has no counterpart here, events and
// statistics are for who administers a product.
var narrowedTo = map[string]map[string]string{
	"role": {"product_viewer": "view", "product_admin": "manage_grants"},
	"action": {
		"view": "view", "view_events": "update", "view_stats": "update", "update": "update", "delete": "delete", "manage_roles": "manage_grants",
	},
}

// narrowed gives the products for which the caller has the role and may do the
// action that the query names.
func (h Products) narrowed(ctx context.Context, c auth.Caller, r *http.Request) ([]product.Product, error) {
	all, err := h.Gate.ProductsFor(ctx, c, "view")
	if err != nil {
		return nil, err
	}
	all = slices.Clone(all)
	for _, name := range []string{"role", "action"} {
		asked := r.URL.Query().Get(name)
		if asked == "" {
			continue
		}
		action, ok := narrowedTo[name][asked]
		if !ok {
			e := fault.New(fault.Invalid, "%s must be one of %s", name, strings.Join(slices.Sorted(maps.Keys(narrowedTo[name])), ", "))
			e.Fields = []fault.Field{{Loc: []string{"query", name}, Msg: e.Message, Type: "literal_error"}}
			return nil, e
		}
		some, err := h.Gate.ProductsFor(ctx, c, action)
		if err != nil {
			return nil, err
		}
		all = slices.DeleteFunc(all, func(p product.Product) bool {
			return !slices.ContainsFunc(some, func(s product.Product) bool { return s.ID == p.ID })
		})
	}
	return all, nil
}

// views adds the versions where they were asked for, as published clients
// read them only then.
func (h Products) views(r *http.Request, page []product.Product, grouped bool) ([]productView, error) {
	ids := make([]string, 0, len(page))
	for _, p := range page {
		ids = append(ids, p.ID)
	}
	where, err := h.Gate.Associations(r.Context(), auth.CallerFrom(r.Context()), ids)
	if err != nil {
		return nil, err
	}
	views := make([]productView, 0, len(page))
	for _, p := range page {
		var versions []product.Product
		if grouped {
			var err error
			versions, err = h.Gate.Versions(r.Context(), auth.CallerFrom(r.Context()), p.ID)
			if fault.Is(err, fault.NotFound) {
				continue // deleted, or hidden, since the list was read
			}
			if err != nil {
				return nil, err
			}
		}
		views = append(views, viewOfProduct(p, versions, where[p.ID]))
	}
	return views, nil
}

// productIDs reads product_ids, repeated or split by commas; nil asks for all.
func productIDs(r *http.Request) []string {
	var ids []string
	for _, v := range r.URL.Query()["product_ids"] {
		for id := range strings.SplitSeq(v, ",") {
			if id = strings.TrimSpace(id); id != "" {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// productOrder reads order_by; a minus turns it round. Ties go by id, so that
// pages do not overlap.
func productOrder(by string) (func(a, b product.Product) int, error) {
	field, down := strings.CutPrefix(by, "-")
	var less func(a, b product.Product) int
	switch field {
	case "", "product_id":
		less = func(a, b product.Product) int { return strings.Compare(a.ID, b.ID) }
	case "name":
		less = func(a, b product.Product) int {
			return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
		}
	case "status":
		less = func(a, b product.Product) int { return strings.Compare(string(a.Status), string(b.Status)) }
	case "ts_created":
		less = func(a, b product.Product) int { return a.CreatedAt.Compare(b.CreatedAt) }
	case "ts_updated":
		less = func(a, b product.Product) int { return a.UpdatedAt.Compare(b.UpdatedAt) }
	default:
		e := fault.New(fault.Invalid, "order_by must be one of product_id, name, status, ts_created, ts_updated, with a - before it to turn it round")
		e.Fields = []fault.Field{{Loc: []string{"query", "order_by"}, Msg: e.Message, Type: "literal_error"}}
		return nil, e
	}
	return func(a, b product.Product) int {
		first := less(a, b)
		if down {
			first = -first
		}
		return cmp.Or(first, strings.Compare(a.ID, b.ID))
	}, nil
}
