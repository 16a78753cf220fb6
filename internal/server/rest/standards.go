package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product/market"
	"github.com/postern/postern/internal/server/web"
)

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

// check holds a spec against standards, as publishing does.
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
	subject := market.SubjectIn(in.Spec)
	out := make([]productVerdict, 0, len(in.Standards))
	for i, s := range in.Standards {
		if s.Type == market.Static && s.Key == "" {
			return fault.Missing(fmt.Sprintf("standards.%d.key", i))
		}
		v := subject.Check(market.Standard{Type: s.Type, Check: s.Check, Key: s.Key})
		out = append(out, productVerdict{Key: s.Key, Check: s.Check, Type: s.Type, Passed: v.Passed, Explanation: v.Explanation})
	}
	return web.Respond(w, http.StatusOK, out)
}

type reportView struct {
	Product string          `json:"product_id,omitempty"`
	Key     string          `json:"report_key"`
	Value   json.RawMessage `json:"value"`
	Extra   json.RawMessage `json:"extra_fields"`
}

// report keeps the results in the body, a list: of the product in the path, or
// of the one that each names. Other fields are kept with it.
func (h Products) report(w http.ResponseWriter, r *http.Request) error {
	body, err := web.Body(w, r, web.MaxBody)
	if err != nil {
		return err
	}
	var in []map[string]json.RawMessage
	if trimmed := bytes.TrimSpace(body); len(trimmed) > 0 && trimmed[0] == '{' { // one report
		body = slices.Concat([]byte("["), trimmed, []byte("]"))
	}
	if json.Unmarshal(body, &in) != nil {
		return fault.New(fault.Invalid, "the body must be a JSON list of reports, each with report_key and value")
	}
	reports := make([]market.Report, 0, len(in))
	for i, item := range in {
		one, err := reportOf(item, r.PathValue("product_id"), i)
		if err != nil {
			return err
		}
		reports = append(reports, one)
	}
	if err := h.Gate.Report(r.Context(), auth.CallerFrom(r.Context()), reports); err != nil {
		return err
	}
	w.WriteHeader(http.StatusCreated)
	return nil
}

func reportOf(item map[string]json.RawMessage, productID string, i int) (market.Report, error) {
	out := market.Report{Product: productID}
	take := func(name string, into *string) error {
		if raw, ok := item[name]; ok && json.Unmarshal(raw, into) != nil {
			return fault.BadField(fmt.Sprintf("%d.%s", i, name), "string_type", "Input should be a valid string")
		}
		delete(item, name)
		return nil
	}
	named := ""
	if err := take("product_id", &named); err != nil {
		return out, err
	}
	switch {
	case productID == "" && named == "":
		return out, fault.Missing(fmt.Sprintf("%d.product_id", i))
	case productID != "" && named != "" && named != productID:
		return out, fault.BadField(fmt.Sprintf("%d.product_id", i), "value_error", "is not the product in the path")
	case productID == "":
		out.Product = named
	}
	if err := take("report_key", &out.Key); err != nil {
		return out, err
	}
	out.Value = item["value"]
	if delete(item, "value"); out.Value == nil {
		out.Value = json.RawMessage("null")
	}
	// A report that was read before is sent back with its extra fields in one.
	if raw, ok := item["extra_fields"]; ok {
		var nested map[string]json.RawMessage
		if json.Unmarshal(raw, &nested) == nil {
			delete(item, "extra_fields")
			maps.Copy(item, nested)
		}
	}
	extra, err := json.Marshal(item)
	out.Extra = extra
	return out, err
}

// reports lists what was reported of a product, to its administrators.
func (h Products) reports(w http.ResponseWriter, r *http.Request) error {
	all, err := h.Gate.Reports(r.Context(), auth.CallerFrom(r.Context()), r.PathValue("product_id"))
	if err != nil {
		return err
	}
	return respondReports(w, r, all, false)
}

// allReports lists what was reported of the products that the caller
// administers, or of the one in the query.
func (h Products) allReports(w http.ResponseWriter, r *http.Request) error {
	ctx, c := r.Context(), auth.CallerFrom(r.Context())
	if id := r.URL.Query().Get("product_id"); id != "" {
		all, err := h.Gate.Reports(ctx, c, id)
		if err != nil {
			return err
		}
		return respondReports(w, r, all, true)
	}
	products, err := h.Gate.ProductsFor(ctx, c, "update")
	if err != nil {
		return err
	}
	var all []market.Report
	for _, p := range products {
		some, err := h.Gate.Reports(ctx, c, p.ID)
		if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Denied) {
			continue // taken away since the list was read
		}
		if err != nil {
			return err
		}
		all = append(all, some...)
	}
	return respondReports(w, r, all, true)
}

func respondReports(w http.ResponseWriter, r *http.Request, all []market.Report, named bool) error {
	if key := r.URL.Query().Get("report_key"); key != "" {
		all = slices.DeleteFunc(all, func(x market.Report) bool { return x.Key != key })
	}
	out := make([]reportView, 0, len(all))
	for _, x := range all {
		v := reportView{Key: x.Key, Value: x.Value, Extra: x.Extra}
		if named {
			v.Product = x.Product
		}
		out = append(out, v)
	}
	return web.Respond(w, http.StatusOK, out)
}
