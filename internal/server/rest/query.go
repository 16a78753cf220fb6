package rest

import (
	"context"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/server/web"
)

// QueryGate is what the query route needs of the gateway.
type QueryGate interface {
	Run(ctx context.Context, c auth.Caller, q product.Query) (result.Rows, error)
	// Validate judges statements as Run would, and runs none.
	Validate(ctx context.Context, c auth.Caller, q product.Query, statements []string) ([]product.Judgement, error)
}

// Queries serves whole results, streamed in the format that Accept asks for.
type Queries struct{ Gate QueryGate }

const queryPath = "/api/v2/data-product/{product_id}/query/"

// Routes lists what it serves.
func (h Queries) Routes() []web.Route {
	return []web.Route{
		{Method: "POST", Path: queryPath, Scope: auth.ScopeQuery, Errors: web.ProblemErrors, Handle: h.run},
		{Method: "POST", Path: validatePath, Scope: auth.ScopeQuery, Errors: web.ProblemErrors, Handle: h.validate},
		{Method: "POST", Path: "/ai" + validatePath, Scope: auth.ScopeQuery, Errors: web.DetailErrors, Handle: h.validate},
	}
}

type queryInput struct {
	SQL      *string `json:"sql"`
	PreSQL   string  `json:"pre_exec_sql"`
	AuthID   string  `json:"auth_id"`
	AuthMode string  `json:"auth_mode"`
	Version  string  `json:"data_product_version"`
	Limit    int64   `json:"limit"`
}

func (in queryInput) query(productID string) (product.Query, error) {
	if in.SQL == nil || strings.TrimSpace(*in.SQL) == "" {
		return product.Query{}, fault.Missing("sql")
	}
	if in.Limit < 0 {
		return product.Query{}, fault.BadField("limit", "greater_than_equal", "Input should be greater than or equal to 0")
	}
	return product.Query{
		ProductID: productID, Version: in.Version, SQL: *in.SQL, PreSQL: in.PreSQL,
		AuthID: in.AuthID, AuthMode: in.AuthMode, Limit: in.Limit, Via: "rest:query",
	}, nil
}

func (h Queries) run(w http.ResponseWriter, r *http.Request) error {
	format, err := accepted(r.Header.Values("Accept"))
	if err != nil {
		return err
	}
	var in queryInput
	if err := web.Decode(w, r, &in); err != nil {
		return err
	}
	q, err := in.query(r.PathValue("product_id"))
	if err != nil {
		return err
	}
	rows, err := h.Gate.Run(r.Context(), auth.CallerFrom(r.Context()), q)
	if err != nil {
		return err
	}
	web.Note(r.Context(), "product", q.ProductID)
	out := &queryWriter{w: w, rc: http.NewResponseController(w), format: format}
	defer out.done()
	n, err := result.Encode(r.Context(), out, rows, format, out.flush)
	web.Note(r.Context(), "rows", n)
	if err == nil {
		out.begin() // an empty NDJSON has no byte that would
	}
	return err
}

// queryWriter sends the header with the first byte, so that a failure before
// it is still answered with its own status.
type queryWriter struct {
	w      http.ResponseWriter
	rc     *http.ResponseController
	format result.Format
	begun  bool
}

// queryWriteWithin is how long a reader may take for one buffer. It is not a
// limit of the whole answer, which may stream for long.
const queryWriteWithin = 2 * time.Minute

func (q *queryWriter) begin() {
	if q.begun {
		return
	}
	q.begun = true
	ct := string(q.format)
	if q.format == result.CSV {
		ct += "; charset=utf-8; header=present"
	}
	q.w.Header().Set("Content-Type", ct)
	q.w.Header().Set("X-Content-Type-Options", "nosniff")
	q.w.Header().Set("Vary", "Accept")
}

func (q *queryWriter) Write(b []byte) (int, error) {
	q.begin()
	_ = q.rc.SetWriteDeadline(time.Now().Add(queryWriteWithin)) // not all writers can
	return q.w.Write(b)
}

func (q *queryWriter) flush() { _ = q.rc.Flush() }

// done leaves the connection as the next request on it expects it.
func (q *queryWriter) done() { _ = q.rc.SetWriteDeadline(time.Time{}) }

// acceptAlias are other names the formats go by.
var acceptAlias = map[string]result.Format{
	"application/ndjson": result.NDJSON, "application/jsonl": result.NDJSON, "application/x-jsonlines": result.NDJSON,
	"application/csv": result.CSV,
}

// accepted picks the format of highest quality; of equal ones the more exactly
// named, then the first of result.Formats. None acceptable is 406.
func accepted(accept []string) (result.Format, error) {
	ranges := strings.Split(strings.Join(accept, ","), ",")
	best, bestQ, bestExact := result.Format(""), 0.0, -1
	for _, f := range result.Formats {
		q, exact := quality(ranges, f)
		if q > bestQ || q == bestQ && q > 0 && exact > bestExact {
			best, bestQ, bestExact = f, q, exact
		}
	}
	if best == "" {
		return "", web.WithStatus(fault.New(fault.Invalid, "none of the types in Accept can be given; there are: %s", formatNames()), http.StatusNotAcceptable)
	}
	return best, nil
}

func formatNames() string {
	names := make([]string, len(result.Formats))
	for i, f := range result.Formats {
		names[i] = string(f)
	}
	return strings.Join(names, ", ")
}

// quality is what the ranges make of a format: the most exact range that
// matches it decides (RFC 9110, 12.5.1).
func quality(ranges []string, f result.Format) (q float64, exact int) {
	q, exact = 0, -1
	if strings.TrimSpace(strings.Join(ranges, "")) == "" {
		ranges = []string{"*/*"}
	}
	for _, one := range ranges {
		name, params, err := mime.ParseMediaType(one)
		if err != nil {
			continue
		}
		if e := matches(name, f); e > exact {
			q, exact = 1, e
			if v, ok := params["q"]; ok {
				if q, err = strconv.ParseFloat(v, 64); err != nil || q < 0 || q > 1 {
					q = 0
				}
			}
		}
	}
	return q, exact
}

// matches says how exactly a media range names a format: 2 by name, 1 by its
// kind, 0 as anything, -1 not at all.
func matches(name string, f result.Format) int {
	kind, _, _ := strings.Cut(string(f), "/")
	switch {
	case name == string(f) || acceptAlias[name] == f:
		return 2
	case name == kind+"/*":
		return 1
	case name == "*/*":
		return 0
	}
	return -1
}
