package mcp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/server/mcp"
	"github.com/postern/postern/internal/server/web"
	"github.com/postern/postern/internal/tool"
)

// guard knows three tokens: viewer and auditor pass everywhere, rest was asked
// for with the REST surface as its resource.
type guard struct{ publicURL *string }

func (g guard) Verify(_ context.Context, token, resource string) (auth.Caller, error) {
	c := auth.Caller{Kind: auth.Machine, ClientID: auth.ClientID(token), Name: token, Role: auth.Viewer, Scopes: []auth.Scope{auth.ScopeAll}}
	if token == "rest" && resource != *g.publicURL || token != "rest" && token != "viewer" && token != "auditor" {
		return auth.Caller{}, fault.New(fault.Unauthenticated, "the token is not for this resource")
	}
	return c, nil
}

func (guard) Permit(_ context.Context, c auth.Caller, s auth.Scope) error {
	if s == auth.ScopeAudit && c.Name != "auditor" {
		return fault.New(fault.Denied, "the record is for auditors")
	}
	return nil
}

func (guard) Refused(context.Context, auth.Caller, string, error) error { return nil }

// data is a gateway with one product; what a statement does is in its text.
type data struct {
	started, canceled chan struct{}
	mu                sync.Mutex
	callers           []string
}

func (d *data) Run(ctx context.Context, c auth.Caller, q product.Query) (result.Rows, error) {
	d.mu.Lock()
	d.callers = append(d.callers, c.Name+" "+q.Via)
	d.mu.Unlock()
	switch {
	case strings.HasPrefix(q.SQL, "DELETE"):
		return nil, fault.New(fault.Rejected, "only one SELECT may run").At("statement", 0)
	case q.SQL == "panic":
		panic("secret detail")
	case q.SQL == "broken":
		return nil, errors.New("dial tcp 10.0.0.7: secret detail")
	case q.SQL == "hang":
		close(d.started)
		<-ctx.Done()
		close(d.canceled)
		return nil, ctx.Err()
	}
	return &rows{}, nil
}

func (*data) Schema(context.Context, auth.Caller, product.Query) (product.Schema, error) {
	return product.Schema{Tables: []product.SchemaTable{{Table: product.Table{Name: "orders"}, Columns: []product.SchemaColumn{{Name: "id", Type: "INTEGER"}}}}}, nil
}

func (*data) Products(context.Context, auth.Caller) ([]product.Product, error) {
	return []product.Product{sales}, nil
}

func (*data) Product(_ context.Context, _ auth.Caller, id, _ string) (product.Product, error) {
	if id != sales.ID {
		return product.Product{}, fault.New(fault.NotFound, "data product not found")
	}
	return sales, nil
}

var sales = product.Product{
	ID: "shop:sales", Version: "1.0.0", Name: "Sales", Spec: json.RawMessage(`{"product":{}}`),
	Systems: []product.System{{Name: "main", Type: "sql", URI: "sqlite:///s", Source: product.Source{Engine: product.SQLite, Path: "/s"}}},
}

type rows struct{ done bool }

var rowsSchema = arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil)

func (*rows) Schema() *arrow.Schema { return rowsSchema }

func (r *rows) Next(context.Context) (arrow.RecordBatch, error) {
	if r.done {
		return nil, io.EOF
	}
	r.done = true
	b := array.NewRecordBuilder(memory.DefaultAllocator, rowsSchema)
	b.Field(0).(*array.Int64Builder).Append(9007199254740993)
	return b.NewRecordBatch(), nil
}

func (*rows) Close() error { return nil }

type gate struct {
	*httptest.Server
	data *data
	logs *lockedBuffer
}

// start serves the built-in tools and one for auditors only.
func start(t *testing.T) gate {
	t.Helper()
	g := gate{data: &data{started: make(chan struct{}), canceled: make(chan struct{})}, logs: &lockedBuffer{}}
	m := &web.Mux{Log: slog.New(slog.NewJSONHandler(g.logs, nil))}
	guard := guard{&m.PublicURL}
	m.Guard = guard
	g.Server = httptest.NewServer(m)
	t.Cleanup(g.Close)
	m.PublicURL = g.URL
	secret := tool.Define("read_record_tool", "Read the record", "For auditors.",
		func(context.Context, *tool.Env, struct{}) (tool.Answer[struct{}], error) {
			return tool.Answer[struct{}]{}, nil
		})
	secret.Scope = auth.ScopeAudit
	h := mcp.Handler{PublicURL: g.URL, Version: "0.1.0", Data: g.data, Charts: &tool.Charts{Draw: easel{}}, Tools: append(tool.Builtin(), secret), Own: auditors{}, Permit: guard.Permit, Log: m.Log}
	if err := m.Add(h.Routes()...); err != nil {
		t.Fatal(err)
	}
	return g
}

// easel draws the same picture of everything.
type easel struct{}

func (easel) SVG(context.Context, []byte, tool.Look) ([]byte, error) { return []byte("<svg/>"), nil }

func (easel) PNG(context.Context, []byte, tool.Look) ([]byte, error) {
	return []byte("\x89PNG"), nil
}

func (easel) Vega(context.Context, []byte) ([]byte, error) { return []byte("{}"), nil }

func (easel) HTML(context.Context, []byte, string) ([]byte, error) { return []byte("<p>"), nil }

func TestAChartIsAPictureBesideItsSpec(t *testing.T) {
	eachRevision(t, func(t *testing.T, _ gate, s *sdk.ClientSession) {
		res, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: "generate_chart_from_sql_and_code_tool", Arguments: map[string]any{
			"data_product_id": "shop:sales", "sql": "SELECT n", "chart_code_snippet": "", "image_title": "N",
		}})
		if err != nil || res.IsError || len(res.Content) != 2 {
			t.Fatalf("got %+v, %v", res, err)
		}
		img, ok := res.Content[1].(*sdk.ImageContent)
		if !ok || img.MIMEType != "image/png" || string(img.Data) != "\x89PNG" {
			t.Errorf("the picture is %+v", res.Content[1])
		}
		got, _ := res.StructuredContent.(map[string]any)
		if spec, ok := got["vega_lite"].(map[string]any); !ok || got["chart"] != "big_number" || spec["layer"] == nil {
			t.Errorf("the spec is %v", got)
		}
	})
}

// auditors is a library with one tool, which viewers do not have.
type auditors struct{}

func (auditors) Tools(_ context.Context, c auth.Caller) ([]tool.Tool, error) {
	if c.Name != "auditor" {
		return nil, nil
	}
	return []tool.Tool{tool.Define("own_tool", "One's own", "Says whose it is.", func(_ context.Context, e *tool.Env, _ struct{}) (tool.Answer[whose], error) {
		return tool.Answer[whose]{Content: whose{e.Caller.Name + " " + e.Via}}, nil
	})}, nil
}

type whose struct {
	Owner string `json:"owner"`
}

func (l auditors) Tool(ctx context.Context, c auth.Caller, name string) (tool.Tool, error) {
	own, err := l.Tools(ctx, c)
	if err != nil {
		return tool.Tool{}, err
	}
	return tool.Find(own, name)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

func (g gate) connect(t *testing.T, token, revision, path string) *sdk.ClientSession {
	t.Helper()
	c := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil)
	s, err := c.Connect(t.Context(), &sdk.StreamableClientTransport{
		Endpoint: g.URL + path, HTTPClient: &http.Client{Transport: bearer(token)}, MaxRetries: -1,
	}, &sdk.ClientSessionOptions{ProtocolVersion: revision})
	if err != nil {
		t.Fatalf("connect with revision %s: %v", revision, err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if got := s.InitializeResult().ProtocolVersion; got != revision {
		t.Fatalf("negotiated %s, want %s", got, revision)
	}
	return s
}

var revisions = []string{"2025-11-25", "2026-07-28"}

// eachRevision runs f as a client of each revision, one spelling of the path
// each.
func eachRevision(t *testing.T, f func(t *testing.T, g gate, s *sdk.ClientSession)) {
	for i, rev := range revisions {
		t.Run(rev, func(t *testing.T) {
			g := start(t)
			f(t, g, g.connect(t, "viewer", rev, []string{"/ai/mcp/", "/ai/mcp"}[i]))
		})
	}
}

func names(t *testing.T, s *sdk.ClientSession) []string {
	t.Helper()
	list, err := s.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, tl := range list.Tools {
		out = append(out, tl.Name)
	}
	return out
}

func TestToolsAreListedForTheCallerOnly(t *testing.T) {
	own := []string{
		"chi_square_tool",
		"contribution_tool",
		"correlation_tool",
		"generate_chart_from_sql_and_code_tool",
		"generate_chart_tool",
		"get_data_product_spec_tool",
		"get_data_schema_tool",
		"get_data_sources_tool",
		"linear_regression_tool",
		"list_data_products_tool",
		"mann_whitney_tool",
		"outliers_tool",
		"period_change_tool",
		"semantic_query_tool",
		"sql_execution_tool",
		"summary_statistics_tool",
		"t_test_tool",
	}
	eachRevision(t, func(t *testing.T, g gate, s *sdk.ClientSession) {
		if d := cmp.Diff(own, names(t, s)); d != "" {
			t.Error(d)
		}
		auditor := g.connect(t, "auditor", revisions[0], "/ai/mcp/")
		want := append(slices.Sorted(slices.Values(append([]string{"read_record_tool"}, own...))), "own_tool")
		if d := cmp.Diff(want, names(t, auditor)); d != "" {
			t.Error(d)
		}
		list, _ := s.ListTools(t.Context(), nil)
		for _, tl := range list.Tools {
			if !tl.Annotations.ReadOnlyHint || tl.Title == "" || tl.Description == "" || tl.OutputSchema == nil {
				t.Errorf("%s lacks title, description, hint or output schema", tl.Name)
			}
		}
	})
}

func TestListsAreCachedByNobodyElse(t *testing.T) {
	g := start(t)
	list, err := g.connect(t, "viewer", "2026-07-28", "/ai/mcp/").ListTools(t.Context(), nil)
	if err != nil || list.CacheScope != "private" || list.TTLMs != 0 {
		t.Errorf("cache scope %q for %d ms (%v)", list.CacheScope, list.TTLMs, err)
	}
}

func TestAToolTheCallerMayNotUseIsUnknown(t *testing.T) {
	eachRevision(t, func(t *testing.T, _ gate, s *sdk.ClientSession) {
		for _, name := range []string{"read_record_tool", "no_such_tool", "alation_context_tool", "own_tool", "callers_own_tool"} {
			_, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: name})
			we, ok := errors.AsType[*jsonrpc.Error](err)
			if !ok || we.Code != jsonrpc.CodeInvalidParams || we.Message != fmt.Sprintf("unknown tool %q", name) {
				t.Errorf("%s: got %v", name, err)
			}
		}
	})
}

func TestACallersOwnToolAnswersLikeAnyOther(t *testing.T) {
	for _, rev := range revisions {
		s := start(t).connect(t, "auditor", rev, "/ai/mcp/")
		res, got := text(t, s, &sdk.CallToolParams{Name: "own_tool"})
		if got != `{"owner":"auditor mcp:own_tool"}` || res.IsError || res.StructuredContent == nil {
			t.Errorf("%s: %s", rev, got)
		}
		if _, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: "callers_own_tool"}); err == nil {
			t.Errorf("%s: the carrier can be called by its name", rev)
		}
	}
}

func sql(statement string) *sdk.CallToolParams {
	return &sdk.CallToolParams{Name: "sql_execution_tool", Arguments: map[string]any{"data_product_id": "shop:sales", "sql": statement, "result_table_name": "r"}}
}

// text gives the answer's JSON, after holding it against the structured
// content and the tool's own output schema.
func text(t *testing.T, s *sdk.ClientSession, p *sdk.CallToolParams) (*sdk.CallToolResult, string) {
	t.Helper()
	res, err := s.CallTool(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	got := res.Content[0].(*sdk.TextContent).Text
	list, err := s.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tl := range list.Tools {
		if tl.Name == p.Name {
			validate(t, tl, res.StructuredContent)
		}
	}
	return res, got
}

func validate(t *testing.T, tl *sdk.Tool, v any) {
	t.Helper()
	b, _ := json.Marshal(tl.OutputSchema)
	var schema jsonschema.Schema
	if err := json.Unmarshal(b, &schema); err != nil {
		t.Fatal(err)
	}
	r, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Validate(v); err != nil {
		t.Errorf("%s answers what its output schema does not allow: %v", tl.Name, err)
	}
}

func TestSQLRunsAsTheCallerAndAnswersInBothForms(t *testing.T) {
	eachRevision(t, func(t *testing.T, g gate, s *sdk.ClientSession) {
		res, got := text(t, s, sql("SELECT n"))
		want := `{"result_table_name":"r","columns":[{"name":"n","type":"integer"}],"rows":[[9007199254740993]],"row_count":1,"truncated":false}`
		if got != want || res.IsError {
			t.Errorf("got %s (error %v)", got, res.IsError)
		}
		if res.StructuredContent.(map[string]any)["result_table_name"] != "r" {
			t.Errorf("structured content is %v", res.StructuredContent)
		}
		if d := cmp.Diff([]string{"viewer mcp:sql_execution_tool"}, g.data.callers); d != "" {
			t.Error(d)
		}
	})
}

func TestAListIsWrappedAsStructuredContent(t *testing.T) {
	eachRevision(t, func(t *testing.T, _ gate, s *sdk.ClientSession) {
		res, got := text(t, s, &sdk.CallToolParams{Name: "get_data_sources_tool"})
		if !strings.HasPrefix(got, `[{"id":`) {
			t.Errorf("text is %s", got)
		}
		if list, ok := res.StructuredContent.(map[string]any)["result"].([]any); !ok || len(list) != 1 {
			t.Errorf("structured content is %v", res.StructuredContent)
		}
	})
}

func TestFailuresAModelCanMendAreResults(t *testing.T) {
	eachRevision(t, func(t *testing.T, _ gate, s *sdk.ClientSession) {
		for _, c := range []struct {
			params *sdk.CallToolParams
			want   string
		}{
			{sql("DELETE FROM t"), `{"error":{"code":10010,"name":"QUERY_SERVICE_ERROR","message":"only one SELECT may run","lock":"statement","position":0,"request_id":`},
			{&sdk.CallToolParams{Name: "get_data_schema_tool"}, `{"error":{"code":20001,"name":"CONTEXT_VALIDATION_ERROR","message":"data_product_id: Field required","fields":["data_product_id"],"request_id":`},
			{&sdk.CallToolParams{Name: "get_data_schema_tool", Arguments: map[string]any{"data_product_id": "hr:pay"}}, `{"error":{"code":30002,"name":"DATA_PRODUCT_NOT_FOUND","message":"data product not found","request_id":`},
		} {
			res, got := text(t, s, c.params)
			if !res.IsError || !strings.HasPrefix(got, c.want) {
				t.Errorf("got %s (error %v), want %s", got, res.IsError, c.want)
			}
		}
	})
}

func TestInternalErrorsCarryTheRequestIDAlone(t *testing.T) {
	eachRevision(t, func(t *testing.T, g gate, s *sdk.ClientSession) {
		for _, statement := range []string{"panic", "broken"} {
			_, err := s.CallTool(t.Context(), sql(statement))
			we, ok := errors.AsType[*jsonrpc.Error](err)
			if !ok || we.Code != jsonrpc.CodeInternalError || strings.Contains(we.Error()+string(we.Data), "secret") || !strings.Contains(string(we.Data), "request_id") {
				t.Errorf("%s: got %v", statement, err)
			}
		}
		for line := range strings.Lines(g.logs.String()) {
			if !strings.Contains(line, `"msg":"request"`) {
				t.Errorf("a line beside the requests': %s", line)
			}
		}
		if n := strings.Count(g.logs.String(), "secret detail"); n < 2 {
			t.Errorf("the log has %d of 2 causes: %s", n, g.logs)
		}
	})
}

func TestAClientThatHangsUpStopsItsQuery(t *testing.T) {
	eachRevision(t, func(t *testing.T, g gate, s *sdk.ClientSession) {
		ctx, hangUp := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = s.CallTool(ctx, sql("hang")) // its error is the hang-up
		}()
		<-g.data.started
		hangUp()
		<-g.data.canceled // or the test times out
		<-done
	})
}

// post sends one message without the SDK's client.
func (g gate) post(t *testing.T, header map[string]string, body string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", g.URL+"/ai/mcp/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	r.Header.Set("Authorization", "Bearer viewer")
	for k, v := range header {
		if r.Header.Del(k); v != "" {
			r.Header.Set(k, v)
		}
	}
	resp, err := g.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

const listTools = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`

func TestATokenForAnotherResourceIsRefused(t *testing.T) {
	g := start(t)
	metadata := `resource_metadata="` + g.URL + `/.well-known/oauth-protected-resource/ai/mcp/"`
	for token, code := range map[string]string{"Bearer rest": `error="invalid_token"`, "Bearer forged": `error="invalid_token"`, "": `scope="query"`} {
		resp := g.post(t, map[string]string{"Authorization": token}, listTools)
		challenge := resp.Header.Get("WWW-Authenticate")
		if resp.StatusCode != http.StatusUnauthorized || !strings.Contains(challenge, metadata) || !strings.Contains(challenge, code) {
			t.Errorf("%q: got %d with challenge %s", token, resp.StatusCode, challenge)
		}
		if token == "" && strings.Contains(challenge, "error=") {
			t.Errorf("no token was sent and the challenge names an error: %s", challenge)
		}
	}
}

func TestAPageOfAnotherOriginIsRefused(t *testing.T) {
	g := start(t)
	for origin, want := range map[string]int{
		"http://evil.example": http.StatusForbidden, "null": http.StatusForbidden, "https://127.0.0.1.evil.example": http.StatusForbidden,
		g.URL: http.StatusOK, "http://localhost:6274": http.StatusOK,
	} {
		if resp := g.post(t, map[string]string{"Origin": origin}, listTools); resp.StatusCode != want {
			t.Errorf("origin %s: got %d, want %d", origin, resp.StatusCode, want)
		}
	}
	own := mcp.Handler{PublicURL: "https://gate.example", Data: g.data, Tools: tool.Builtin()}.Routes()[0]
	for origin, want := range map[string]bool{"https://gate.example": true, "http://gate.example": false, "http://localhost": false} {
		r := httptest.NewRequest("POST", "/ai/mcp/", strings.NewReader(listTools))
		r.Header.Set("Origin", origin)
		if err := own.Handle(httptest.NewRecorder(), r); fault.Is(err, fault.Denied) == want {
			t.Errorf("origin %s of https://gate.example: %v", origin, err)
		}
	}
}

func TestErrorsHaveTheSurfacesOwnForm(t *testing.T) {
	g := start(t)
	for _, c := range []struct {
		name   string
		header map[string]string
		body   string
		want   int
	}{
		{"not JSON", nil, `{`, http.StatusBadRequest},
		{"empty", nil, ``, http.StatusBadRequest},
		{"a form", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, `a=b`, http.StatusUnsupportedMediaType},
		{"accepts one form only", map[string]string{"Accept": "application/json"}, listTools, http.StatusBadRequest},
		{"revision nobody speaks", map[string]string{"Mcp-Protocol-Version": "2024-01-01"}, listTools, http.StatusBadRequest},
		{"too large", nil, `{"jsonrpc":"2.0","id":1,"method":"` + strings.Repeat("x", web.MaxBody) + `"}`, http.StatusRequestEntityTooLarge},
	} {
		resp := g.post(t, c.header, c.body)
		var p struct {
			Status    int
			Detail    string
			RequestID string `json:"request_id"`
		}
		if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if resp.StatusCode != c.want || p.Status != c.want || p.Detail == "" || p.RequestID != resp.Header.Get("X-Request-Id") {
			t.Errorf("%s: got %d %+v, want %d", c.name, resp.StatusCode, p, c.want)
		}
	}
}

func TestThereAreNoSessionsAndNoSubscriptions(t *testing.T) {
	g := start(t)
	for _, method := range []string{"GET", "DELETE"} {
		r, _ := http.NewRequestWithContext(t.Context(), method, g.URL+"/ai/mcp", nil)
		r.Header.Set("Authorization", "Bearer viewer")
		r.Header.Set("Accept", "text/event-stream")
		resp, err := g.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != "POST" {
			t.Errorf("%s: got %d, Allow %q", method, resp.StatusCode, resp.Header.Get("Allow"))
		}
	}
	resp := g.post(t, map[string]string{"Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": "subscriptions/listen"},
		`{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}`)
	b, err := io.ReadAll(resp.Body) // ends: there is nothing to hold a stream open for
	if err != nil || !strings.Contains(string(b), `"resultType":"complete"`) {
		t.Errorf("got %d %s (%v)", resp.StatusCode, b, err)
	}
	if resp.Header.Get("Mcp-Session-Id") != "" {
		t.Error("a stateless server gave a session id")
	}
}
