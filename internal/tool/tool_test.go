package tool_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/tool"
)

// shop is a gateway with two products that everyone sees and one row source.
type shop struct {
	asked product.Query
	rows  int64
	err   error
}

var sales = product.Product{
	ID: "shop:sales", Version: "1.2.0", Status: product.Ready, Name: "Sales", Description: "Orders of the web shop",
	Systems: []product.System{{Name: "main", Type: "sql", URI: "postgresql://db:5432/shop", Source: product.Source{Engine: product.PostgreSQL, Host: "db", Port: 5432, Database: "shop"}}},
	RecordSets: []product.RecordSet{{
		Key: "orders", Name: "orders", Description: "One row an order",
		Relationships: []product.Relationship{{RightTable: "customers", Expression: "orders.customer_id = customers.id", Cardinality: "many-to-one"}},
	}, {Key: "customers", Name: "customers"}},
	Metrics: []product.Metric{{Key: "revenue", Expression: "sum(amount)"}},
	Spec:    json.RawMessage(`{"product":{"productId":"shop:sales","deliverySystems":{"main":{"type":"sql","datasourceId":7}}}}`),
}

var flights = product.Product{
	ID: "air:flights", Version: "1.0.0", Name: "Flights", Description: "Departures and delays",
	Systems: []product.System{{Name: "lake", Type: "sql", URI: "duckdb:///srv/secret/air.duckdb", Source: product.Source{Engine: product.DuckDB, Path: "/srv/secret/air.duckdb"}}},
	Spec:    json.RawMessage(`{}`),
}

func (s *shop) Run(_ context.Context, _ auth.Caller, q product.Query) (result.Rows, error) {
	s.asked = q
	return &rows{left: s.rows}, s.err
}

func (s *shop) Schema(_ context.Context, _ auth.Caller, q product.Query) (product.Schema, error) {
	s.asked = q
	orders, customers := product.Table{Schema: "public", Name: "t_orders"}, product.Table{Schema: "public", Name: "t_customers"}
	return product.Schema{Tables: []product.SchemaTable{
		{Table: orders, RecordSet: "orders", Rows: 12, PrimaryKey: []string{"id"}, Columns: []product.SchemaColumn{{Name: "id", Type: "bigint"}},
			ForeignKeys: []product.ForeignKey{
				{Columns: []string{"customer_id"}, RefTable: customers, RefColumns: []string{"id"}},
				{Columns: []string{"pay_id"}, RefTable: product.Table{Schema: "hidden", Name: "payroll"}, RefColumns: []string{"id"}},
			}},
		{Table: customers, RecordSet: "customers", Rows: -1, Columns: []product.SchemaColumn{{Name: "city", Type: "text", Nullable: true, Samples: []string{"Delft", "Ghent"}}}},
	}}, s.err
}

func (s *shop) Products(context.Context, auth.Caller) ([]product.Product, error) {
	return []product.Product{sales, flights}, nil
}

func (s *shop) Product(_ context.Context, _ auth.Caller, id, _ string) (product.Product, error) {
	for _, p := range []product.Product{sales, flights} {
		if p.ID == id {
			return p, nil
		}
	}
	return product.Product{}, fault.New(fault.NotFound, "data product not found").Coded(30002, "DATA_PRODUCT_NOT_FOUND")
}

// rows is one text column of so many rows, a batch each.
type rows struct {
	left   int64
	closed bool
}

var rowsSchema = arrow.NewSchema([]arrow.Field{{Name: "city", Type: arrow.BinaryTypes.String}}, nil)

func (r *rows) Schema() *arrow.Schema { return rowsSchema }

func (r *rows) Next(context.Context) (arrow.RecordBatch, error) {
	if r.left == 0 {
		return nil, io.EOF
	}
	r.left--
	b := array.NewRecordBuilder(memory.DefaultAllocator, rowsSchema)
	b.Field(0).(*array.StringBuilder).Append("Delft <&> \u0085")
	return b.NewRecordBatch(), nil
}

func (r *rows) Close() error { r.closed = true; return nil }

func call(t *testing.T, data tool.Data, name, input string) (tool.Return, map[string]any) {
	t.Helper()
	tl, err := tool.Find(tool.Builtin(), name)
	if err != nil {
		t.Fatal(err)
	}
	ret, err := tl.Call(auth.WithRequestID(t.Context(), "req1"), &tool.Env{Data: data, Via: "test"}, json.RawMessage(input))
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(ret.Content)
	if err != nil {
		t.Fatal(err)
	}
	checkOutput(t, tl, ret, b)
	var m map[string]any
	_ = json.Unmarshal(b, &m) // a list stays nil
	return ret, m
}

// checkOutput holds every answer against the schema that is told to models.
func checkOutput(t *testing.T, tl tool.Tool, ret tool.Return, content []byte) {
	t.Helper()
	if ret.Err != nil || tl.Out == nil {
		return
	}
	r, err := tl.Out.Resolve(&jsonschema.ResolveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(content, &v); err != nil {
		t.Fatal(err)
	}
	if err := r.Validate(v); err != nil {
		t.Errorf("%s answers what its schema does not allow: %v", tl.Name, err)
	}
}

func TestEveryWrongFieldIsNamed(t *testing.T) {
	for _, c := range []struct{ name, input, want string }{
		{"sql_execution_tool", `{}`, "data_product_id missing, sql missing, result_table_name missing"},
		{"sql_execution_tool", `{"data_product_id":1,"sql":null,"result_table_name":"r"}`, "data_product_id string_type, sql string_type"},
		{"sql_execution_tool", `{"data_product_id":"p","SQL":"select 1","result_table_name":"r"}`, "sql missing"},
		{"sql_execution_tool", `{"data_product_id":"p","sql":"s","result_table_name":"r","allow_fallback_auth":"yes"}`, "allow_fallback_auth bool_type"},
		{"list_data_products_tool", `{"search_term":"x","limit":0}`, "limit greater_than_equal"},
		{"list_data_products_tool", `{"search_term":"x","limit":101}`, "limit less_than_equal"},
		{"list_data_products_tool", `{"search_term":"x","limit":1.5}`, "limit int_type"},
		{"get_data_sources_tool", `{"limit":"9"}`, "limit int_type"},
		{"search_catalog_tool", `{"object_types":{}}`, "search_term missing, object_types list_type"},
	} {
		tl, err := tool.Find(tool.Builtin(), c.name)
		if err != nil {
			t.Fatal(err)
		}
		err = tl.Check(t.Context(), &tool.Env{Data: &shop{}}, json.RawMessage(c.input))
		var got []string
		if e := fault.As(err); e != nil && e.Kind == fault.Invalid {
			for _, f := range e.Fields {
				if f.Loc[0] != "body" || f.Msg == "" {
					t.Errorf("field %+v lacks its place or message", f)
				}
				got = append(got, f.Loc[1]+" "+f.Type)
			}
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s %s: got %q (%v), want %q", c.name, c.input, s, err, c.want)
		}
	}
}

func TestExtrasAndNullsOfOptionalFieldsAreIgnored(t *testing.T) {
	data := &shop{rows: 1}
	_, m := call(t, data, "sql_execution_tool", `{"data_product_id":"shop:sales","sql":"select 1","result_table_name":"r",
		"auth_id":null,"allow_fallback_auth":true,"message":"why","data_product_version":"1.2.0","pre_exec_sql":"SET a.b = 1"}`)
	if m["error"] != nil {
		t.Fatal(m["error"])
	}
	want := product.Query{ProductID: "shop:sales", Version: "1.2.0", SQL: "select 1", PreSQL: "SET a.b = 1", Via: "test"}
	if d := cmp.Diff(want, data.asked); d != "" {
		t.Error(d)
	}
}

func TestSQLAnswersWithColumnsRowsAndCount(t *testing.T) {
	_, m := call(t, &shop{rows: 2}, "sql_execution_tool", `{"data_product_id":"shop:sales","sql":"select city","result_table_name":"cities"}`)
	want := map[string]any{
		"result_table_name": "cities", "columns": []any{map[string]any{"name": "city", "type": "string"}},
		"rows": []any{[]any{"Delft <&> \u0085"}, []any{"Delft <&> \u0085"}}, "row_count": 2.0, "truncated": false,
	}
	if d := cmp.Diff(want, m); d != "" {
		t.Error(d)
	}
}

func TestAnEmptyResultHasNoNulls(t *testing.T) {
	ret, _ := call(t, &shop{}, "sql_execution_tool", `{"data_product_id":"shop:sales","sql":"select city","result_table_name":"none"}`)
	b, _ := json.Marshal(ret.Content)
	if want := `"rows":[],"row_count":0,"truncated":false}`; !strings.HasSuffix(string(b), want) {
		t.Errorf("got %s, want it to end in %s", b, want)
	}
}

func TestALargeResultIsTrimmedAndSaysHowToGetTheRest(t *testing.T) {
	ret, m := call(t, &shop{rows: 3000}, "sql_execution_tool", `{"data_product_id":"shop:sales","sql":"select city","result_table_name":"big"}`)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // as the doors write it
	if err := enc.Encode(ret.Content); err != nil || b.Len() > 13_000 {
		t.Errorf("the answer has %d bytes, about 10,000 characters were promised (%v)", b.Len(), err)
	}
	if m["row_count"] != 3000.0 || m["truncated"] != true || m["reason"] == "" {
		t.Errorf("row_count %v, truncated %v, reason %v", m["row_count"], m["truncated"], m["reason"])
	}
	if next := m["next"].(string); !strings.Contains(next, "/api/v2/data-product/shop:sales/query/") {
		t.Errorf("next does not lead to the full result: %q", next)
	}
}

func TestFailuresAreContentWithDocumentedCodes(t *testing.T) {
	input := `{"data_product_id":"shop:sales","sql":"select 1","result_table_name":"r"}`
	place := 7
	for _, c := range []struct {
		err  error
		want tool.Problem
	}{
		{fault.New(fault.Rejected, "no auth").Coded(10001, "QUERY_DATA_PRODUCT_AUTH_ID_NOT_PROVIDED"),
			tool.Problem{Code: 10001, Name: "QUERY_DATA_PRODUCT_AUTH_ID_NOT_PROVIDED", Message: "no auth", RequestID: "req1"}},
		{fault.New(fault.Rejected, "no such table").At("tables", 7),
			tool.Problem{Code: 10010, Name: "QUERY_SERVICE_ERROR", Message: "no such table", Lock: "tables", Position: &place, RequestID: "req1"}},
		{fault.New(fault.Denied, "no"), tool.Problem{Code: 20002, Name: "CONTEXT_ACCESS_DENIED", Message: "no", RequestID: "req1"}},
		{fault.New(fault.Limited, "slow down").After(1500e6), tool.Problem{Code: 10010, Name: "QUERY_SERVICE_ERROR", Message: "slow down", RetryAfter: 2, RequestID: "req1"}},
		{io.ErrUnexpectedEOF, tool.Problem{Code: 10010, Name: "QUERY_SERVICE_ERROR", Message: "internal error; the request id leads to its cause in the log", RequestID: "req1"}},
	} {
		ret, _ := call(t, &shop{err: c.err}, "sql_execution_tool", input)
		if d := cmp.Diff(any(tool.Failure{Error: c.want}), ret.Content); d != "" {
			t.Errorf("%v: %s", c.err, d)
		}
		if ret.Err == nil {
			t.Errorf("%v: the door is not told of the failure", c.err)
		}
	}
}

func TestSchemaNamesTablesAsSQLMustAndHidesWhatIsOutside(t *testing.T) {
	ret, m := call(t, &shop{}, "get_data_schema_tool", `{"data_product_id":"shop:sales"}`)
	b, _ := json.Marshal(ret.Content)
	if strings.Contains(string(b), "payroll") {
		t.Error("a foreign key names a table outside the product")
	}
	first := m["tables"].([]any)[0].(map[string]any)
	if first["name"] != "orders" || first["physical_name"] != "public.t_orders" || first["row_estimate"] != 12.0 {
		t.Errorf("first table is %v", first)
	}
	if m["dialect"] != "postgresql" || len(m["relationships"].([]any)) != 1 || len(m["metrics"].([]any)) != 1 {
		t.Errorf("dialect, relationships or metrics are missing: %s", b)
	}
}

func TestSchemaQueryPutsMatchesFirst(t *testing.T) {
	_, m := call(t, &shop{}, "get_data_schema_tool", `{"data_product_id":"shop:sales","query":"customers in ghent"}`)
	if first := m["tables"].([]any)[0].(map[string]any)["name"]; first != "customers" {
		t.Errorf("the first table is %v", first)
	}
	want := []any{map[string]any{"table": "customers", "column": "city", "value": "Ghent"}}
	if d := cmp.Diff(want, m["matches"]); d != "" {
		t.Error(d)
	}
}

func TestSpecHasTheShapesPublishedClientsRead(t *testing.T) {
	ret, m := call(t, &shop{}, "get_data_product_spec_tool", `{"data_product_id":"shop:sales"}`)
	if m["product_id"] != "shop:sales" || m["spec_json"].(map[string]any)["product"] == nil {
		t.Errorf("content is %v", m)
	}
	b, _ := json.Marshal(ret.Top)
	if !strings.HasPrefix(string(b), `{"instructions":"`) || !strings.Contains(string(b), `"results":[{"product_id":"shop:sales"`) {
		t.Errorf("top-level content is %s", b)
	}
}

func TestProductSearchRanksAndEmptyTermListsAll(t *testing.T) {
	for _, c := range []struct {
		input string
		want  []string
	}{
		{`{"search_term":""}`, []string{"air:flights", "shop:sales"}},
		{`{"search_term":"","limit":1}`, []string{"air:flights"}},
		{`{"search_term":"which ORDERS were placed?"}`, []string{"shop:sales"}},
		{`{"search_term":"delays sales","marketplace_id":"default"}`, []string{"shop:sales", "air:flights"}},
		{`{"search_term":"zebra"}`, []string{}},
	} {
		_, m := call(t, &shop{}, "list_data_products_tool", c.input)
		got := []string{}
		for _, r := range m["results"].([]any) {
			got = append(got, r.(map[string]any)["product_id"].(string))
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.input, d)
		}
		if m["instructions"] == "" {
			t.Errorf("%s: no instructions", c.input)
		}
	}
}

func TestAnUnknownMarketplaceIsNotFound(t *testing.T) {
	ret, _ := call(t, &shop{}, "list_data_products_tool", `{"search_term":"","marketplace_id":"other"}`)
	if !fault.Is(ret.Err, fault.NotFound) {
		t.Errorf("got %v", ret.Err)
	}
}

func TestDataSourcesAreListedOnceWithoutTheirFolders(t *testing.T) {
	ret, _ := call(t, &shop{}, "get_data_sources_tool", `{}`)
	b, _ := json.Marshal(ret.Content)
	var got []struct {
		ID         int64
		Title, URL string
	}
	if err := json.Unmarshal(b, &got); err != nil || len(got) != 2 {
		t.Fatalf("got %s (%v)", b, err)
	}
	if got[0].ID != 7 || got[0].URL != "/data/7/" || got[0].Title != "main (postgresql db/shop)" {
		t.Errorf("first source is %+v", got[0])
	}
	if strings.Contains(string(b), "secret") {
		t.Errorf("a title tells the server's folders: %s", b)
	}
}

func TestToolsThatPosternLacksSaySo(t *testing.T) {
	inputs := map[string]string{
		"lineage_tool":                  `{"root_node":{"id":1,"otype":"table"},"direction":"downstream","limit":1000,"batch_size":1000,"show_temporal_objects":false,"max_depth":10}`,
		"get_data_quality_tool":         `{"table_ids":[1],"dq_score_threshold":80}`,
		"alation_context_tool":          `{"question":"q","signature":{"table":{}}}`,
		"bulk_retrieval_tool":           `{"signature":{}}`,
		"get_context_by_id_tool":        `{"signature":{}}`,
		"analyze_catalog_question_tool": `{"question":"q"}`,
		"search_catalog_tool":           `{"search_term":"t"}`,
	}
	// Every tool of the contract's tables that Postern does not have.
	for _, name := range []string{
		"lineage_tool", "get_data_quality_tool",
		"alation_context_tool", "bulk_retrieval_tool", "get_context_by_id_tool", "analyze_catalog_question_tool",
		"get_signature_creation_instructions_tool", "get_custom_fields_definitions_tool", "get_data_dictionary_instructions_tool",
		"generate_data_product_tool", "search_catalog_tool", "get_search_filter_fields_tool", "get_search_filter_values_tool",
		"get_catalog_object_tool", "update_catalog_object_tool", "bi_report_search_tool",
	} {
		input := inputs[name]
		if input == "" {
			input = `{}`
		}
		_, m := call(t, &shop{}, name, input)
		e, _ := m["error"].(map[string]any)
		if e["name"] != tool.NotAvailable || !strings.Contains(e["message"].(string), name+" is not available in Postern") {
			t.Errorf("%s answers %v", name, m)
		}
	}
}

func TestAnInvisibleProductIsRefusedBeforeTheCall(t *testing.T) {
	for _, name := range []string{"sql_execution_tool", "get_data_schema_tool", "get_data_product_spec_tool"} {
		tl, _ := tool.Find(tool.Builtin(), name)
		err := tl.Check(t.Context(), &tool.Env{Data: &shop{}}, json.RawMessage(`{"data_product_id":"hr:pay","sql":"s","result_table_name":"r"}`))
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func FuzzInput(f *testing.F) {
	tl, _ := tool.Find(tool.Builtin(), "sql_execution_tool")
	for _, s := range []string{`{}`, `null`, `[]`, `{"sql":{"a":[1e999]}}`, `{"data_product_id":"shop:sales","sql":"","result_table_name":""}`, "\x00", `{"sql":"\ud800"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		err := tl.Check(t.Context(), &tool.Env{Data: &shop{}}, raw)
		if err != nil && fault.KindOf(err) == fault.Internal {
			t.Errorf("input is the caller's mistake, never ours: %v", err)
		}
	})
}
