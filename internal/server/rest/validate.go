package rest

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/server/web"
	"github.com/postern/postern/internal/tool"
)

const validatePath = "/api/v2/data-product/{product_id}/validate-sql/"

// mostStatements bounds one request.
const mostStatements = 50

type validated struct {
	Product string          `json:"data_product_id"`
	Valid   bool            `json:"valid"` // every statement is
	Results []validatedItem `json:"results"`
}

type validatedItem struct {
	SQL        string        `json:"sql"`
	Valid      bool          `json:"valid"`
	RecordSets []string      `json:"record_sets"`
	Error      *tool.Problem `json:"error,omitempty"` // as a tool tells it
}

// validate says of each statement whether it would be let through, and why
// not. That one is not is an answer, not an error.
func (h Queries) validate(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Statements []string `json:"sql_statements"`
		PreSQL     string   `json:"pre_exec_sql"`
		AuthID     string   `json:"auth_id"`
		Version    string   `json:"data_product_version"`
	}
	if err := web.Decode(w, r, &in); err != nil {
		return err
	}
	switch n := len(in.Statements); {
	case n == 0:
		return fault.Missing("sql_statements")
	case n > mostStatements:
		return fault.BadField("sql_statements", "too_long", "at most %d statements at once", mostStatements)
	}
	for i, s := range in.Statements {
		if strings.TrimSpace(s) == "" {
			return fault.BadField(fmt.Sprintf("sql_statements.%d", i), "string_too_short", "must not be empty")
		}
	}
	id := r.PathValue("product_id")
	q := product.Query{ProductID: id, Version: in.Version, PreSQL: in.PreSQL, AuthID: in.AuthID, Via: "rest:validate-sql"}
	judged, err := h.Gate.Validate(r.Context(), auth.CallerFrom(r.Context()), q, in.Statements)
	if err != nil {
		return err
	}
	web.Note(r.Context(), "product", id)
	out := validated{Product: id, Valid: true, Results: make([]validatedItem, 0, len(judged))}
	for _, j := range judged {
		item := validatedItem{SQL: j.SQL, Valid: j.Err == nil, RecordSets: append([]string{}, j.RecordSets...)}
		if j.Err != nil {
			out.Valid = false
			p := tool.Failed(r.Context(), j.Err).Content.(tool.Failure).Error
			item.Error = &p
		}
		out.Results = append(out.Results, item)
	}
	return web.Respond(w, http.StatusOK, out)
}
