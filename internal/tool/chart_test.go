package tool_test

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/tool"
)

// orders is a shop whose statements give cities and their orders.
type orders struct{ shop }

func (o *orders) Run(_ context.Context, _ auth.Caller, q product.Query) (result.Rows, error) {
	o.asked = q
	return &cityRows{}, o.err
}

type cityRows struct{ done bool }

var citySchema = arrow.NewSchema([]arrow.Field{{Name: "zip", Type: arrow.BinaryTypes.String}, {Name: "orders", Type: arrow.PrimitiveTypes.Int64}}, nil)

func (r *cityRows) Schema() *arrow.Schema { return citySchema }

func (r *cityRows) Next(context.Context) (arrow.RecordBatch, error) {
	if r.done {
		return nil, io.EOF
	}
	r.done = true
	b := array.NewRecordBuilder(memory.DefaultAllocator, citySchema)
	b.Field(0).(*array.StringBuilder).AppendValues([]string{"1017", "1071", "2611"}, nil)
	b.Field(1).(*array.Int64Builder).AppendValues([]int64{12, 31, 7}, nil)
	return b.NewRecordBatch(), nil
}

func (r *cityRows) Close() error { return nil }

// paper is a Drawer that keeps what it was given to draw.
type paper struct {
	specs []string
	err   error
}

func (p *paper) SVG(_ context.Context, spec []byte, _ tool.Look) ([]byte, error) {
	p.specs = append(p.specs, string(spec))
	return []byte("<svg/>"), p.err
}

func (p *paper) PNG(context.Context, []byte, tool.Look) ([]byte, error) { return []byte("png"), p.err }

func (p *paper) Vega(context.Context, []byte) ([]byte, error) { return []byte("{}"), p.err }

func (p *paper) HTML(context.Context, []byte, string) ([]byte, error) { return []byte("<p>"), p.err }

// easel is an Env that keeps results and charts.
func easel(t *testing.T, client string, kept *result.Assets) (*tool.Env, *paper) {
	t.Helper()
	p := &paper{}
	e := &tool.Env{
		Caller: auth.Caller{Kind: auth.Machine, ClientID: auth.ClientID(client)}, Data: &orders{}, Assets: kept,
		Charts: &tool.Charts{Draw: p, Kept: kept}, ChatID: "11111111-2222-4333-8444-555555555555", Via: "test",
	}
	return e, p
}

func keptIn(t *testing.T) *result.Assets {
	t.Helper()
	bucket, err := result.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &shelf{assets: map[string]result.Asset{}}
	return &result.Assets{Bucket: bucket, Store: s, Seal: s}
}

func draw(t *testing.T, e *tool.Env, name, input string) tool.Return {
	t.Helper()
	tl, err := tool.Find(tool.Builtin(), name)
	if err != nil {
		t.Fatal(err)
	}
	ret, err := tl.Call(t.Context(), e, json.RawMessage(input))
	if err != nil {
		t.Fatal(err)
	}
	return ret
}

const fromSQL = "generate_chart_from_sql_and_code_tool"

func TestAStatementIsDrawn(t *testing.T) {
	e, p := easel(t, "pc_owner", keptIn(t))
	ret := draw(t, e, fromSQL, `{"data_product_id":"shop:sales","sql":"select zip, orders","chart_code_snippet":"","image_title":"Orders by zip","pre_exec_sql":"set x = 1","auth_id":"a1","extra":1}`)
	if ret.Err != nil {
		t.Fatal(ret.Err)
	}
	asked := e.Data.(*orders).asked
	if asked.SQL != "select zip, orders" || asked.PreSQL != "set x = 1" || asked.AuthID != "a1" {
		t.Errorf("asked %+v", asked)
	}
	out := ret.Content.(tool.ChartOutput)
	if out.Chart != "bar" || out.Title != "Orders by zip" || out.Marks != 3 || out.AssetID == "" || len(ret.Assets) != 1 || ret.Assets[0] != (tool.AssetRef{Kind: "chart", ID: out.AssetID}) {
		t.Errorf("got %+v, assets %v", out, ret.Assets)
	}
	if len(p.specs) != 1 || !strings.Contains(p.specs[0], `"values":[{`) {
		t.Errorf("drew %d specs", len(p.specs))
	}
	if img, err := ret.Image(t.Context()); err != nil || img.Type != "image/png" || string(img.Data) != "png" {
		t.Errorf("the picture is %v, %v", img, err)
	}
}

func TestAKeptResultIsDrawnByItsOwnerOnly(t *testing.T) {
	kept := keptIn(t)
	e, _ := easel(t, "pc_owner", kept)
	sql := draw(t, e, "sql_execution_tool", `{"data_product_id":"shop:sales","sql":"select zip, orders","result_table_name":"r"}`)
	id := sql.Assets[0].ID
	if b, _ := json.Marshal(sql.Content); !strings.Contains(string(b), `"asset_id":"`+id+`"`) {
		t.Errorf("the result does not name its asset: %s", b)
	}
	ret := draw(t, e, "generate_chart_tool", `{"asset_id":"`+id+`","chart_grammar":{"kind":"bar","x":"zip","y":"orders"}}`)
	if ret.Err != nil {
		t.Fatal(ret.Err)
	}
	// The zip is text in the warehouse, and stays a name although CSV shows digits.
	if out := ret.Content.(tool.ChartOutput); out.Chart != "bar" || out.Marks != 3 {
		t.Errorf("got %+v", out)
	}
	other, _ := easel(t, "pc_other", kept)
	if ret := draw(t, other, "generate_chart_tool", `{"asset_id":"`+id+`"}`); !fault.Is(ret.Err, fault.NotFound) {
		t.Errorf("another client got %v", ret.Err)
	}
	chartID := ret.Assets[0].ID
	if ret := draw(t, e, "generate_chart_tool", `{"asset_id":"`+chartID+`"}`); !fault.Is(ret.Err, fault.Invalid) || !strings.Contains(ret.Err.Error(), "asset of an SQL result") {
		t.Errorf("a chart of a chart: %v", ret.Err)
	}
	_, r, err := kept.Open(t.Context(), e.Caller.Subject(), chartID, e.ChatID)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	k, err := tool.ReadChart(r)
	if err != nil || k.Chart != "bar" || !json.Valid(k.Spec) {
		t.Errorf("kept %+v (%v)", k, err)
	}
}

func TestASpecIsDrawnOverTheTableOnly(t *testing.T) {
	for _, c := range []struct{ name, grammar, refusal string }{
		{"a spec", `{"mark":"bar","encoding":{"x":{"field":"zip","type":"nominal"},"y":{"field":"orders","type":"quantitative"}}}`, ""},
		{"a spec as text", `"{\"mark\":\"bar\",\"encoding\":{\"x\":{\"field\":\"zip\",\"type\":\"nominal\"}}}"`, ""},
		{"an intent", `{"type":"column chart","x":"zip","y":"orders"}`, ""},
		{"a field that is not there", `{"mark":"bar","encoding":{"x":{"field":"order","type":"nominal"}}}`, `chart_grammar.encoding.x.field: "order" is not a column of the table; the table has: orders, zip`},
		{"an intent of a column that is not there", `{"kind":"bar","x":"zap","y":"orders"}`, `"zap" is not a column`},
		{"data from elsewhere", `{"data":{"url":"https://example.com/x.csv"},"mark":"bar"}`, "chart_grammar.data.url"},
		{"an image", `{"mark":{"type":"image","url":"http://169.254.169.254/"},"encoding":{"x":{"field":"zip"}}}`, "chart_grammar.mark"},
		{"Vega", `{"marks":[{"type":"rect"}]}`, "this is a Vega spec"},
		{"an unknown kind", `{"kind":"sankey"}`, "is not a kind of chart"},
		{"no object", `"bar"`, "chart_grammar: Input should be a valid dictionary"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, p := easel(t, "pc_owner", nil)
			e.Charts.Kept, e.Assets = nil, nil
			ret := draw(t, e, fromSQL, `{"data_product_id":"shop:sales","sql":"s","chart_code_snippet":"","image_title":"","chart_grammar":`+c.grammar+`}`)
			if c.refusal == "" {
				if ret.Err != nil || len(p.specs) != 1 {
					t.Errorf("refused: %v", ret.Err)
				}
				return
			}
			if !fault.Is(ret.Err, fault.Invalid) || !strings.Contains(ret.Err.Error(), c.refusal) {
				t.Errorf("got %v", ret.Err)
			}
		})
	}
}

func TestPythonIsNotRun(t *testing.T) {
	e, _ := easel(t, "pc_owner", nil)
	e.Charts.Kept, e.Assets = nil, nil
	for snippet, kind := range map[string]string{
		`import os; os.system('id')`: "bar",
		`chart = alt.Chart(df).mark_arc().encode(theta='orders:Q', color='zip:N')`: "pie",
		`fig = px.bar(df, x=\"zip\", y=\"orders\")`:                                "bar",
		`plt.scatter(nothing)`: "bar",
	} {
		ret := draw(t, e, fromSQL, `{"data_product_id":"shop:sales","sql":"s","chart_code_snippet":"`+snippet+`","image_title":"t"}`)
		if ret.Err != nil {
			t.Errorf("%s: %v", snippet, ret.Err)
			continue
		}
		out := ret.Content.(tool.ChartOutput)
		if out.Chart != kind || !slices.ContainsFunc(out.Notes, func(n string) bool { return strings.Contains(n, "runs no Python") }) {
			t.Errorf("%s: a %s, notes %q", snippet, out.Chart, out.Notes)
		}
	}
}

func TestAChartThatCannotBeDrawnIsNotKept(t *testing.T) {
	kept := keptIn(t)
	e, p := easel(t, "pc_owner", kept)
	p.err = fault.New(fault.Limited, "too much")
	ret := draw(t, e, fromSQL, `{"data_product_id":"shop:sales","sql":"s","chart_code_snippet":"","image_title":"t"}`)
	if !fault.Is(ret.Err, fault.Limited) || len(kept.Store.(*shelf).assets) != 0 {
		t.Errorf("got %v, %d assets", ret.Err, len(kept.Store.(*shelf).assets))
	}
}
