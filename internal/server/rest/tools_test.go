package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/chat"
	"github.com/postern/postern/internal/chat/chattest"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/server/rest"
	"github.com/postern/postern/internal/server/web"
	"github.com/postern/postern/internal/tool"
)

var updateTools = flag.Bool("update-tools", false, "rewrite the expected responses in testdata/tools")

// toolsGuard knows three tokens: viewer and admin of one client, other of
// another.
type toolsGuard struct{}

func (toolsGuard) Verify(_ context.Context, token, _ string) (auth.Caller, error) {
	role, ok := map[string]auth.Role{"viewer": auth.Viewer, "admin": auth.ServerAdmin, "other": auth.ServerAdmin}[token]
	if !ok {
		return auth.Caller{}, fault.New(fault.Unauthenticated, "the token is not valid")
	}
	client := auth.ClientID("pc_test")
	if token == "other" {
		client = "pc_other"
	}
	return auth.Caller{Kind: auth.Machine, ClientID: client, Role: role, Scopes: []auth.Scope{auth.ScopeAll}}, nil
}

func (toolsGuard) Permit(context.Context, auth.Caller, auth.Scope) error { return nil }

func (toolsGuard) Refused(context.Context, auth.Caller, string, error) error { return nil }

// toolsData is a gateway with one product; what a statement does is in its text.
type toolsData struct{ started, canceled chan struct{} }

var toolsProduct = product.Product{
	ID: "shop:sales", Version: "1.0.0", Status: product.Ready, Name: "Sales", Description: "Orders",
	Systems:    []product.System{{Name: "main", Type: "sql", URI: "sqlite:///srv/shop.sqlite", Source: product.Source{Engine: product.SQLite, Path: "/srv/shop.sqlite"}}},
	RecordSets: []product.RecordSet{{Key: "orders", Name: "orders"}},
	Spec:       json.RawMessage(`{"product":{"productId":"shop:sales"}}`),
}

func (d toolsData) Run(ctx context.Context, _ auth.Caller, q product.Query) (result.Rows, error) {
	switch {
	case strings.HasPrefix(q.SQL, "DELETE"):
		return nil, fault.New(fault.Rejected, "only one SELECT may run").Coded(10010, "QUERY_SERVICE_ERROR").At("statement", 0)
	case q.SQL == "panic":
		panic("secret detail")
	case q.SQL == "broken":
		return nil, fmt.Errorf("dial tcp 10.0.0.7: secret detail")
	case strings.HasPrefix(q.SQL, "sleep "):
		took, _ := time.ParseDuration(strings.TrimPrefix(q.SQL, "sleep "))
		select {
		case <-time.After(took):
		case <-ctx.Done():
		}
	case q.SQL == "hang":
		close(d.started)
		<-ctx.Done()
		close(d.canceled)
		return nil, ctx.Err()
	}
	return &toolsRows{}, nil
}

func (toolsData) Schema(context.Context, auth.Caller, product.Query) (product.Schema, error) {
	return product.Schema{Tables: []product.SchemaTable{{
		Table: product.Table{Name: "orders"}, RecordSet: "orders", Rows: 2, PrimaryKey: []string{"id"},
		Columns: []product.SchemaColumn{{Name: "id", Type: "INTEGER"}, {Name: "city", Type: "TEXT", Nullable: true, Samples: []string{"Delft"}}},
	}}}, nil
}

func (toolsData) Products(context.Context, auth.Caller) ([]product.Product, error) {
	return []product.Product{toolsProduct}, nil
}

func (toolsData) Product(_ context.Context, _ auth.Caller, id, _ string) (product.Product, error) {
	switch id {
	case toolsProduct.ID:
		return toolsProduct, nil
	case "shop:visible":
		return product.Product{}, fault.New(fault.Denied, "you may see this data product, not query it")
	}
	return product.Product{}, fault.New(fault.NotFound, "data product not found")
}

type toolsRows struct{ done bool }

var toolsSchema = arrow.NewSchema([]arrow.Field{{Name: "city", Type: arrow.BinaryTypes.String}, {Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil)

func (*toolsRows) Schema() *arrow.Schema { return toolsSchema }

func (r *toolsRows) Next(context.Context) (arrow.RecordBatch, error) {
	if r.done {
		return nil, io.EOF
	}
	r.done = true
	b := array.NewRecordBuilder(memory.DefaultAllocator, toolsSchema)
	b.Field(0).(*array.StringBuilder).AppendValues([]string{"Delft", "a<b\u0085c\u2028d"}, nil)
	b.Field(1).(*array.Int64Builder).AppendValues([]int64{3, 9007199254740993}, nil)
	return b.NewRecordBatch(), nil
}

func (*toolsRows) Close() error { return nil }

// toolsRecord keeps what was put on record.
type toolsRecord struct{ events []audit.Event }

func (r *toolsRecord) Append(_ context.Context, e ...audit.Event) error {
	r.events = append(r.events, e...)
	return nil
}

func toolsMux(t *testing.T, data tool.Data, record *toolsRecord, logs io.Writer) *web.Mux {
	t.Helper()
	m := &web.Mux{PublicURL: "https://gate.example", Guard: toolsGuard{}, Log: slog.New(slog.NewJSONHandler(logs, nil))}
	rules, err := policy.New()
	if err != nil {
		t.Fatal(err)
	}
	sys := rest.System{Version: "0.1.0", Record: record, Tools: tool.Builtin(), Served: m.Routes}
	chats := &chat.Chats{Store: &chattest.Memory{}, Seal: chattest.Plain{}, Node: "n1"}
	tools := &rest.Tools{Data: data, Tools: tool.Builtin(), Agents: new(agent.Agents).Tools(), Chats: chats, Permit: rules.Permit}
	if err := m.Add(slices.Concat(tools.Routes(), rest.Chats{Chats: chats}.Routes(), sys.Routes())...); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestToolWire runs testdata/tools/*.txtar: prose, a request, the response,
// and lines that must not be in it. Ids are numbered in order of appearance.
func TestToolWire(t *testing.T) {
	files, err := filepath.Glob("testdata/tools/*.txtar")
	if err != nil || len(files) < 10 {
		t.Fatalf("only %d files in testdata/tools: the glob is broken (%v)", len(files), err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) { toolWire(t, f) })
	}
}

func toolWire(t *testing.T, file string) {
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	part := map[string]string{}
	for _, f := range ar.Files {
		part[f.Name] = string(f.Data)
	}
	w := httptest.NewRecorder()
	toolsMux(t, toolsData{}, &toolsRecord{}, io.Discard).ServeHTTP(w, wireRequest(t, part["request"]))
	got := wireResponse(w)
	for never := range strings.Lines(part["never"]) {
		if s := strings.TrimSpace(never); s != "" && strings.Contains(got, s) {
			t.Errorf("the response holds %q", s)
		}
	}
	if *updateTools {
		ar.Files = slicesWithout(ar.Files, "response")
		ar.Files = append(ar.Files, txtar.File{Name: "response", Data: []byte(got)})
		if err := os.WriteFile(file, txtar.Format(ar), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(part["response"], got); d != "" {
		t.Error(d)
	}
}

func slicesWithout(files []txtar.File, name string) []txtar.File {
	var out []txtar.File
	for _, f := range files {
		if f.Name != name {
			out = append(out, f)
		}
	}
	return out
}

// wireRequest reads "POST path", header lines, a blank line and a body.
func wireRequest(t *testing.T, s string) *http.Request {
	t.Helper()
	head, body, _ := strings.Cut(s, "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	method, path, ok := strings.Cut(lines[0], " ")
	if !ok {
		t.Fatalf("no request line in %q", s)
	}
	r := httptest.NewRequest(method, path, strings.NewReader(strings.TrimSuffix(body, "\n")))
	r.Header.Set("Authorization", "Bearer viewer")
	for _, l := range lines[1:] {
		name, value, _ := strings.Cut(l, ":")
		if r.Header.Del(name); value != "" {
			r.Header.Set(name, strings.TrimSpace(value))
		}
	}
	return r
}

var wireID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// wireModel is a hash that changes with what is known of a model.
var wireModel = regexp.MustCompile(`"model_version":"[0-9a-f]{16}"`)

func wireResponse(w *httptest.ResponseRecorder) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d\n", w.Code)
	for _, h := range []string{"Content-Type", "Cache-Control", "X-Accel-Buffering", "WWW-Authenticate"} {
		if v := w.Header().Get(h); v != "" {
			fmt.Fprintf(&b, "%s: %s\n", h, v)
		}
	}
	b.WriteString("\n")
	body := strings.ReplaceAll(w.Body.String(), w.Header().Get("X-Request-Id"), "<request>")
	b.WriteString(wireModel.ReplaceAllString(body, `"model_version":"<model>"`))
	seen := map[string]string{}
	return wireID.ReplaceAllStringFunc(b.String(), func(id string) string {
		if seen[id] == "" {
			seen[id] = fmt.Sprintf("<id%d>", len(seen)+1)
		}
		return seen[id]
	})
}

func postTool(ref, body string) *http.Request {
	r := httptest.NewRequest("POST", "/ai/api/v1/chats/tool/default/"+ref+"/stream", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer viewer")
	r.Header.Set("Token", "viewer")
	return r
}

func sqlBody(sql string) string {
	return fmt.Sprintf(`{"data_product_id":"shop:sales","sql":%q,"result_table_name":"r"}`, sql)
}

func TestASilentStreamPingsEveryFifteenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := httptest.NewRecorder()
		toolsMux(t, toolsData{}, &toolsRecord{}, io.Discard).ServeHTTP(w, postTool("sql_execution_tool", sqlBody("sleep 46s")))
		var order []string
		for block := range strings.SplitSeq(strings.TrimSuffix(w.Body.String(), "\n\n"), "\n\n") {
			switch {
			case strings.HasPrefix(block, ": ping - 2000-01-01 00:00:"):
				order = append(order, strings.TrimPrefix(block, ": ping - 2000-01-01 00:00:"))
			case strings.HasPrefix(block, "data: {"):
				order = append(order, "event")
			default:
				t.Errorf("neither ping nor event: %q", block)
			}
		}
		want := []string{"event", "event", "15.000000+00:00", "30.000000+00:00", "45.000000+00:00", "event"}
		if d := cmp.Diff(want, order); d != "" {
			t.Error(d)
		}
	})
}

func TestAClientThatHangsUpStopsItsQuery(t *testing.T) {
	data := toolsData{make(chan struct{}), make(chan struct{})}
	srv := httptest.NewServer(toolsMux(t, data, &toolsRecord{}, io.Discard))
	defer srv.Close()
	ctx, hangUp := context.WithCancel(t.Context())
	req := postTool("sql_execution_tool", sqlBody("hang"))
	req, err := http.NewRequestWithContext(ctx, "POST", srv.URL+req.URL.Path, req.Body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Token", "viewer")
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	<-data.started
	hangUp()
	<-data.canceled // or the test times out
}

func TestEventsArriveBeforeTheToolIsDone(t *testing.T) {
	data := toolsData{make(chan struct{}), make(chan struct{})}
	srv := httptest.NewServer(toolsMux(t, data, &toolsRecord{}, io.Discard))
	defer srv.Close()
	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	req, err := http.NewRequestWithContext(ctx, "POST", srv.URL+"/ai/api/v1/chats/tool/default/sql_execution_tool/stream", strings.NewReader(sqlBody("hang")))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Token", "viewer")
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	buf := make([]byte, 1<<16)
	for read := 0; bytes.Count(buf[:read], []byte("\n\n")) < 2; {
		n, err := resp.Body.Read(buf[read:])
		if err != nil {
			t.Fatal(err)
		}
		read += n
	}
	<-data.started
}

func TestInternalFailuresLeaveTheirCauseInTheLogOnly(t *testing.T) {
	for _, sql := range []string{"panic", "broken"} {
		var logs bytes.Buffer
		w := httptest.NewRecorder()
		toolsMux(t, toolsData{}, &toolsRecord{}, &logs).ServeHTTP(w, postTool("sql_execution_tool", sqlBody(sql)))
		if strings.Contains(w.Body.String(), "secret detail") || !strings.Contains(w.Body.String(), w.Header().Get("X-Request-Id")) {
			t.Errorf("%s: the stream is %s", sql, w.Body)
		}
		if !strings.Contains(logs.String(), "secret detail") {
			t.Errorf("%s: the log lacks the cause: %s", sql, logs.String())
		}
		if !strings.Contains(w.Body.String(), `"part_kind":"tool-return"`) {
			t.Errorf("%s: the stream does not end with the tool's return: %s", sql, w.Body)
		}
	}
}

// TestEveryReferencedToolAndAgentAnswers goes through the refs that published
// clients post to: none is 404, none an empty stream.
func TestEveryReferencedToolAndAgentAnswers(t *testing.T) {
	m := toolsMux(t, toolsData{}, &toolsRecord{}, io.Discard)
	all := `{"message":"m","data_product_id":"shop:sales","marketplace_id":"default","sql":"s","result_table_name":"r","search_term":"s","question":"q",
		"signature":{},"chart_code_snippet":"c","image_title":"t","asset_id":"a","root_node":{"id":1,"otype":"table"},"direction":"upstream",
		"value":"v","group":"g","row":"r","column":"c","x":"x","predictors":["x"],"y":"y","dimension":"d","measure":"m","period":"p"}`
	refs := []string{
		"agent/default/sql_query_agent", "agent/default/query_flow_agent", "agent/default/catalog_context_search_agent",
		"agent/default/data_product_query_agent", "agent/default/charting_agent", "agent/default/chart_create_agent",
		"agent/default/analytics_agent", "agent/default/catalog_search_agent", "agent/default/deep_research_agent",
		"agent/default/curation_agent", "agent/default/alamigo_agent", "agent/default/revise_data_product_agent",
	}
	for _, tl := range tool.Builtin() {
		refs = append(refs, "tool/default/"+tl.Name)
	}
	for _, ref := range refs {
		r := httptest.NewRequest("POST", "/ai/api/v1/chats/"+ref+"/stream", strings.NewReader(all))
		r.Header.Set("Token", "viewer")
		w := httptest.NewRecorder()
		m.ServeHTTP(w, r)
		events := strings.Split(strings.TrimSuffix(w.Body.String(), "\n\n"), "\n\n")
		last := events[len(events)-1]
		want := `"part_kind":"tool-return"`
		if strings.HasPrefix(ref, "agent/") {
			want = `"model_message":{"kind":"response","parts":[{"part_kind":"text"`
		}
		if w.Code != http.StatusOK || !strings.Contains(last, want) {
			t.Errorf("%s: %d, last event %s", ref, w.Code, last)
		}
	}
}

func TestAToolAnswersByItsIDToo(t *testing.T) {
	m := toolsMux(t, toolsData{}, &toolsRecord{}, io.Discard)
	w := httptest.NewRecorder()
	m.ServeHTTP(w, postTool("list_data_products_tool", `{"search_term":""}`))
	var e struct {
		AgentID string `json:"agent_id"`
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(w.Body.String(), "data: "), "\n")
	if err := json.Unmarshal([]byte(first), &e); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]int{e.AgentID: http.StatusOK, "not-a-uuid": http.StatusNotFound} {
		r := httptest.NewRequest("POST", "/ai/api/v1/chats/tool/"+id+"/stream", strings.NewReader(`{"search_term":""}`))
		r.Header.Set("Token", "viewer")
		w := httptest.NewRecorder()
		if m.ServeHTTP(w, r); w.Code != want {
			t.Errorf("tool %q: got %d, want %d", id, w.Code, want)
		}
	}
}

func TestADashboardSearchIsForServerAdmins(t *testing.T) {
	m := toolsMux(t, toolsData{}, &toolsRecord{}, io.Discard)
	for token, want := range map[string]int{"viewer": http.StatusForbidden, "admin": http.StatusOK} {
		r := httptest.NewRequest("POST", "/ai/api/v1/chats/agent/default/bi_report_agent/stream", strings.NewReader(`{"message":"m"}`))
		r.Header.Set("Token", token)
		w := httptest.NewRecorder()
		if m.ServeHTTP(w, r); w.Code != want {
			t.Errorf("%s: got %d, want %d", token, w.Code, want)
		}
	}
}
