package rest

import (
	"cmp"
	"fmt"
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
		all, err := h.Gate.Products(ctx, c)
		if err != nil {
			return err
		}
		all = slices.Clone(all)
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

// views adds the versions where they were asked for, as published clients
// read them only then.
func (h Products) views(r *http.Request, page []product.Product, grouped bool) ([]productView, error) {
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
		views = append(views, viewOfProduct(p, versions))
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

type productStandard struct {
	Type  string `json:"type"`
	Check string `json:"check"`
	Key   string `json:"key"`
}

type productVerdict struct {
	Key         string `json:"key"`
	Check       string `json:"check"`
	Type        string `json:"type"`
	Passed      bool   `json:"passed"`
	Explanation string `json:"explanation"`
}

// check holds a spec against standards: a static one asks for a key that is
// there and not empty.
func (h Products) check(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Spec      map[string]any    `json:"product_spec"`
		Standards []productStandard `json:"standards"`
	}
	if err := web.Decode(w, r, &in); err != nil {
		return err
	}
	if in.Spec == nil {
		return fault.Missing("product_spec")
	}
	out := make([]productVerdict, 0, len(in.Standards))
	for i, s := range in.Standards {
		if s.Type == "static" && s.Key == "" {
			return fault.Missing(fmt.Sprintf("standards.%d.key", i))
		}
		v := productVerdict{Key: s.Key, Check: s.Check, Type: s.Type}
		if s.Type == "static" {
			v.Passed, v.Explanation = staticCheck(in.Spec, s.Key)
		} else {
			v.Explanation = "only static checks can be made here"
		}
		out = append(out, v)
	}
	return web.Respond(w, http.StatusOK, out)
}

// staticCheck follows a dotted path; in a map of named things (recordSets) and
// in a list, * stands for every one.
func staticCheck(v any, key string) (bool, string) {
	name, rest, more := strings.Cut(key, ".")
	if key == "" {
		if filled(v) {
			return true, "it is there"
		}
		return false, "it is empty"
	}
	if !more {
		rest = ""
	}
	if name == "*" {
		return everyCheck(v, rest)
	}
	m, ok := v.(map[string]any)
	if !ok || m[name] == nil {
		return false, name + " is missing"
	}
	return staticCheck(m[name], rest)
}

func everyCheck(v any, rest string) (bool, string) {
	var items []any
	switch x := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(x)) {
			items = append(items, x[k])
		}
	case []any:
		items = x
	}
	if len(items) == 0 {
		return false, "there is none"
	}
	for _, item := range items {
		if ok, why := staticCheck(item, rest); !ok {
			return false, why
		}
	}
	return true, "all are there"
}

func filled(v any) bool {
	switch x := v.(type) {
	case nil:
		return false
	case string:
		return strings.TrimSpace(x) != ""
	case map[string]any:
		return len(x) > 0
	case []any:
		return len(x) > 0
	}
	return true
}
