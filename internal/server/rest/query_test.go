package rest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/server/rest"
)

// queryRows gives one batch of one row for each call of next that allows it.
type queryRows struct {
	next   func(n int) error
	n      int
	closed bool
}

var querySchema = arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil)

func (r *queryRows) Schema() *arrow.Schema { return querySchema }
func (r *queryRows) Close() error          { r.closed = true; return nil }
func (r *queryRows) Next(context.Context) (arrow.RecordBatch, error) {
	if err := r.next(r.n); err != nil {
		return nil, err
	}
	b := array.NewInt64Builder(memory.DefaultAllocator)
	b.Append(int64(r.n))
	r.n++
	return array.NewRecordBatch(querySchema, []arrow.Array{b.NewArray()}, 1), nil
}

func upTo(n int) func(int) error {
	return func(i int) error {
		if i == n {
			return io.EOF
		}
		return nil
	}
}

type queryGate struct {
	rows *queryRows
	err  error
	got  product.Query
}

func (g *queryGate) Validate(context.Context, auth.Caller, product.Query, []string) ([]product.Judgement, error) {
	return nil, fault.New(fault.Internal, "not tried here")
}

func (g *queryGate) Run(_ context.Context, _ auth.Caller, q product.Query) (result.Rows, error) {
	g.got = q
	if g.err != nil {
		return nil, g.err
	}
	return g.rows, nil
}

func runQuery(t *testing.T, g *queryGate, accept, body string) *httptest.ResponseRecorder {
	t.Helper()
	m, _ := credentialMux(t, rest.Queries{Gate: g}.Routes())
	r := httptest.NewRequest("POST", "/api/v2/data-product/finance:loan/query/", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer token")
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	return w
}

const queryDoc = `{"columns":[{"name":"n","type":"integer"}],"rows":[[0],[1]],"row_count":2,"complete":true}` + "\n"

func TestAcceptChoosesTheFormat(t *testing.T) {
	const js, nd, cs, ar = "application/json", "application/x-ndjson", "text/csv; charset=utf-8; header=present", "application/vnd.apache.arrow.stream"
	for accept, want := range map[string]string{
		"":                                    js,
		"*/*":                                 js,
		"application/*":                       js,
		"application/json":                    js,
		"text/csv":                            cs,
		"text/*":                              cs,
		"text/html, */*;q=0.1":                js,
		"application/x-ndjson":                nd,
		"application/ndjson":                  nd,
		"text/csv;q=0.5, application/json":    js,
		"text/csv, application/json;q=0.5":    cs,
		"*/*;q=0.5, text/csv":                 cs,
		"*/*, application/json;q=0":           nd,
		"TEXT/CSV":                            cs,
		"application/vnd.apache.arrow.stream": ar,
		"text/html":                           "",
		"application/json;q=0":                "",
		"application/json;q=2":                "",
		"image/*, nonsense":                   "",
	} {
		w := runQuery(t, &queryGate{rows: &queryRows{next: upTo(2)}}, accept, `{"sql":"SELECT 1"}`)
		if got := w.Header().Get("Content-Type"); w.Code == 200 && got != want {
			t.Errorf("%q gives %q, want %q", accept, got, want)
		}
		if wantCode := map[bool]int{true: 406, false: 200}[want == ""]; w.Code != wantCode {
			t.Errorf("%q gives %d, want %d", accept, w.Code, wantCode)
		}
	}
}

func TestAQueryIsAnsweredInEachFormat(t *testing.T) {
	for accept, want := range map[string]string{
		"application/json": queryDoc, "application/x-ndjson": "{\"n\":0}\n{\"n\":1}\n", "text/csv": "n\r\n0\r\n1\r\n",
	} {
		g := &queryGate{rows: &queryRows{next: upTo(2)}}
		w := runQuery(t, g, accept, `{"sql":"SELECT n","auth_id":"a","limit":7,"pre_exec_sql":"SET app.t = 1","data_product_version":"1.0.0","extra":true}`)
		if w.Code != 200 || w.Body.String() != want || !g.rows.closed {
			t.Errorf("%s: %d %q, closed %v", accept, w.Code, w.Body, g.rows.closed)
		}
		q := product.Query{ProductID: "finance:loan", Version: "1.0.0", SQL: "SELECT n", PreSQL: "SET app.t = 1", AuthID: "a", Limit: 7, Via: "rest:query"}
		if diff := cmp.Diff(q, g.got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}

func TestAFailureBeforeTheFirstByteHasItsStatus(t *testing.T) {
	for _, c := range []struct {
		name   string
		gate   *queryGate
		body   string
		status int
		want   map[string]any
	}{
		{"refused by a lock", &queryGate{err: fault.New(fault.Denied, "only SELECT is allowed").At("statement", 3).Coded(20001, "CONTEXT_VALIDATION_ERROR")}, `{"sql":"x"}`, 403,
			map[string]any{"detail": "only SELECT is allowed", "lock": "statement", "position": 3.0, "code": 20001.0, "name": "CONTEXT_VALIDATION_ERROR"}},
		{"refused by the warehouse at the first row", &queryGate{rows: &queryRows{next: func(int) error {
			return fault.New(fault.Rejected, "division by zero").Coded(10010, "QUERY_SERVICE_ERROR")
		}}}, `{"sql":"x"}`, 422, map[string]any{"detail": "division by zero", "code": 10010.0}},
		{"a secret in an internal error", &queryGate{err: errors.New("dsn " + credentialCanary)}, `{"sql":"x"}`, 500, map[string]any{"title": "Internal Server Error"}},
		{"no sql", &queryGate{}, `{}`, 400, map[string]any{"detail": "sql: Field required"}},
		{"blank sql", &queryGate{}, `{"sql":" "}`, 400, nil},
		{"sql is a number", &queryGate{}, `{"sql":1}`, 400, nil},
		{"a negative limit", &queryGate{}, `{"sql":"x","limit":-1}`, 400, nil},
		{"a limit of 1.5", &queryGate{}, `{"sql":"x","limit":1.5}`, 400, nil},
		{"not JSON", &queryGate{}, `SELECT 1`, 400, nil},
		{"too large", &queryGate{}, `{"sql":"` + strings.Repeat("x", 1<<20) + `"}`, 413, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := runQuery(t, c.gate, "text/csv", c.body)
			var got map[string]any
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err, w.Body)
			}
			if w.Code != c.status || w.Header().Get("Content-Type") != "application/problem+json" || got["request_id"] == "" {
				t.Errorf("%d %s %s", w.Code, w.Header(), w.Body)
			}
			for k, v := range c.want {
				if got[k] != v {
					t.Errorf("%s is %v, want %v", k, got[k], v)
				}
			}
			if strings.Contains(w.Body.String(), credentialCanary) {
				t.Error("the cause shows")
			}
		})
	}
}

func TestAFailureAfterTheFirstByteBreaksTheConnection(t *testing.T) {
	for _, f := range result.Formats {
		rows := &queryRows{next: func(n int) error {
			if n == 1 {
				return fault.New(fault.Unavailable, "the warehouse went away")
			}
			return nil
		}}
		m, _ := credentialMux(t, rest.Queries{Gate: &queryGate{rows: rows}}.Routes())
		s := httptest.NewServer(m)
		resp, err := http.DefaultClient.Do(queryRequest(t, s.URL, string(f)))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err == nil {
			t.Errorf("%s: a broken answer ended cleanly: %q", f, body)
		}
		_ = resp.Body.Close()
		s.Close() // waits for the handler
		if !rows.closed {
			t.Errorf("%s: the rows were not closed", f)
		}
	}
}

func queryRequest(t *testing.T, base, accept string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), "POST", base+"/api/v2/data-product/shop/query/", strings.NewReader(`{"sql":"SELECT n"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer token")
	r.Header.Set("Accept", accept)
	return r
}

func TestABatchArrivesBeforeTheNextIsThere(t *testing.T) {
	arrived := make(chan struct{})
	rows := &queryRows{next: func(n int) error {
		if n == 1 {
			<-arrived
		}
		return upTo(2)(n)
	}}
	m, _ := credentialMux(t, rest.Queries{Gate: &queryGate{rows: rows}}.Routes())
	s := httptest.NewServer(m)
	defer s.Close()
	resp, err := http.DefaultClient.Do(queryRequest(t, s.URL, "application/x-ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // a test's
	lines := bufio.NewScanner(resp.Body)
	if !lines.Scan() || lines.Text() != `{"n":0}` {
		t.Fatalf("%q, %v", lines.Text(), lines.Err())
	}
	close(arrived)
	if !lines.Scan() || lines.Text() != `{"n":1}` || lines.Scan() || lines.Err() != nil {
		t.Errorf("%q, %v", lines.Text(), lines.Err())
	}
}

type assetReader struct {
	asset result.Asset
	body  io.Reader
}

func (a assetReader) Open(_ context.Context, owner, id, chatID string) (result.Asset, io.ReadCloser, error) {
	if owner != a.asset.Owner || id != a.asset.ID || chatID != "" && chatID != a.asset.ChatID {
		return result.Asset{}, nil, fault.New(fault.NotFound, "asset not found")
	}
	return a.asset, io.NopCloser(a.body), nil
}

func TestAnAssetIsItsOwners(t *testing.T) {
	a := assetReader{asset: result.Asset{ID: credentialID, Owner: "client:token", ChatID: "c1", Name: "sales.csv", ContentType: "text/csv; charset=utf-8", Size: 6}}
	for path, want := range map[string]int{
		credentialID: 200, credentialID + "?chat_id=c1": 200, credentialID + "?chat_id=c2": 404, "x": 404,
	} {
		a.body = strings.NewReader("n\r\n1\r\n")
		m, _ := credentialMux(t, rest.Assets{Assets: a}.Routes())
		w := credentialCall(m, "GET", "/ai/api/v1/assets/"+path, "")
		if w.Code != want {
			t.Errorf("%s: %d", path, w.Code)
		}
		if want == 200 && (w.Body.String() != "n\r\n1\r\n" || w.Header().Get("Content-Type") != "text/csv; charset=utf-8" || w.Header().Get("Content-Disposition") != "attachment; filename=sales.csv") {
			t.Errorf("%s: %q %v", path, w.Body, w.Header())
		}
		if want == 404 && !strings.HasPrefix(w.Body.String(), `{"detail":"asset not found"`) {
			t.Errorf("%s: %s", path, w.Body)
		}
	}
	a.asset.Owner = "client:another"
	m, _ := credentialMux(t, rest.Assets{Assets: a}.Routes())
	if w := credentialCall(m, "GET", "/ai/api/v1/assets/"+credentialID, ""); w.Code != 404 {
		t.Errorf("another's: %d", w.Code)
	}
}

func TestAnAssetThatWasTamperedWithIsAnError(t *testing.T) {
	a := assetReader{asset: result.Asset{ID: credentialID, Owner: "client:token", Size: 6}, body: io.MultiReader(strings.NewReader(""), brokenReader{})}
	m, _ := credentialMux(t, rest.Assets{Assets: a}.Routes())
	if w := credentialCall(m, "GET", "/ai/api/v1/assets/"+credentialID, ""); w.Code != 500 {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("chunk 0 does not open") }
