package tool_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
)

var update = flag.Bool("update", false, "write what is answered into testdata")

// mall is a product of so many tables of so many columns.
type mall struct {
	shop
	tables, columns int
}

func (m *mall) Product(context.Context, auth.Caller, string, string) (product.Product, error) {
	p := sales
	p.RecordSets, p.Metrics = nil, nil
	for i := range m.tables {
		rs := product.RecordSet{Key: tableName(i), Name: tableName(i), Table: product.Table{Schema: "public", Name: tableName(i)}}
		if i == 321 {
			rs.Description = "Claims of broken crockery"
		}
		if i > 0 {
			rs.Relationships = []product.Relationship{{Name: fmt.Sprint("up", i), RightTable: tableName(i / 2),
				Expression: tableName(i) + ".parent_id = " + tableName(i/2) + ".id", Cardinality: "many-to-one"}}
		}
		p.RecordSets = append(p.RecordSets, rs)
	}
	return p, nil
}

func (m *mall) Schema(context.Context, auth.Caller, product.Query) (s product.Schema, err error) {
	for i := range m.tables {
		t := product.SchemaTable{Table: product.Table{Schema: "public", Name: tableName(i)}, RecordSet: tableName(i), Rows: 1 << 40, PrimaryKey: []string{"id"}}
		t.Columns = append(t.Columns, product.SchemaColumn{Name: "id", Type: "bigint"}, product.SchemaColumn{Name: "parent_id", Type: "bigint"})
		for c := range m.columns - 2 {
			t.Columns = append(t.Columns, product.SchemaColumn{Name: fmt.Sprint("attribute_", c), Type: "text", Description: "What it is", Samples: []string{"red", "green", "blue"}})
		}
		s.Tables = append(s.Tables, t)
	}
	return s, nil
}

func tableName(i int) string { return fmt.Sprintf("stall_%03d_ledger", i) }

func tableNames(m map[string]any) (names []string) {
	for _, t := range m["tables"].([]any) {
		names = append(names, t.(map[string]any)["name"].(string))
	}
	return names
}

func TestALargeSchemaIsTrimmedAndSaysHowToSeeTheRest(t *testing.T) {
	big := &mall{tables: 500, columns: 20}
	for _, query := range []string{"", "broken crockery", "attribute 7 of ledgers"} {
		ret, m := call(t, big, "get_data_schema_tool", `{"data_product_id":"shop:sales","query":"`+query+`"}`)
		b, _ := json.Marshal(ret.Content)
		if len(b) > 26_000 || len(b) < 12_000 {
			t.Errorf("%q: %d characters, about 24,000 were promised", query, len(b))
		}
		left := m["left_out"].(map[string]any)
		if n := len(tableNames(m)) + int(left["table_count"].(float64)); n != 500 || m["truncated"] != true {
			t.Errorf("%q: %d tables of 500 are shown or said to be left out", query, n)
		}
		if reason := m["reason"].(string); !strings.Contains(reason, "500 tables, 10000 columns and 0 metrics") {
			t.Errorf("%q: the reason is %q", query, reason)
		}
		for _, j := range m["joins"].([]any) {
			from, to := j.(map[string]any)["from"].(string), j.(map[string]any)["to"].(string)
			if names := tableNames(m); !slices.Contains(names, from) || !slices.Contains(names, to) {
				t.Fatalf("%q: a join from %s to %s, which is not shown", query, from, to)
			}
		}
	}
	_, m := call(t, big, "get_data_schema_tool", `{"data_product_id":"shop:sales","query":"broken crockery"}`)
	first := m["tables"].([]any)[0].(map[string]any)
	if first["name"] != tableName(321) || len(first["columns"].([]any)) != 20 {
		t.Errorf("the best match is not first and in full: %v", first)
	}
	if got := tableNames(m)[1]; got != tableName(160) {
		t.Errorf("the second table is %s, not the one that the first leads to", got)
	}
}

func TestTablesAreShownByName(t *testing.T) {
	_, m := call(t, &mall{tables: 500, columns: 20}, "get_data_schema_tool", `{"data_product_id":"shop:sales","tables":["stall_007_LEDGER","stall_400_ledger"]}`)
	if d := cmp.Diff([]string{tableName(7), tableName(400)}, tableNames(m)); d != "" {
		t.Error(d)
	}
	if m["truncated"] != false || m["left_out"] != nil {
		t.Error("an answer that is whole says that it is trimmed")
	}
	ret, _ := call(t, &mall{tables: 500, columns: 20}, "get_data_schema_tool", `{"data_product_id":"shop:sales","tables":["stall_07_ledger"]}`)
	if f := fault.As(ret.Err); f == nil || f.Kind != fault.Invalid || f.Fields[0].Loc[1] != "tables" || !strings.Contains(f.Message, tableName(7)) {
		t.Errorf("got %v", ret.Err)
	}
}

func TestOneVeryWideTableKeepsItsKeysAndWhatMatches(t *testing.T) {
	ret, m := call(t, &mall{tables: 1, columns: 3000}, "get_data_schema_tool", `{"data_product_id":"shop:sales","query":"attribute_2977"}`)
	b, _ := json.Marshal(ret.Content)
	if len(b) > 26_000 {
		t.Errorf("%d characters", len(b))
	}
	wide := m["tables"].([]any)[0].(map[string]any)
	if n := len(wide["columns"].([]any)) + int(wide["columns_left_out"].(float64)); n != 3000 {
		t.Errorf("%d columns are shown or said to be left out", n)
	}
	for _, c := range []string{"id", "parent_id", "attribute_2977"} {
		if !strings.Contains(string(b), `"name":"`+c+`"`) {
			t.Errorf("%s is left out", c)
		}
	}
}

// orchard has of everything a spec can say of its meaning.
const orchard = `product:
  productId: orchard
  version: 1.0.0
  contactEmail: a@example.com
  contactName: A
  en: {name: Orchard}
  deliverySystems: {lite: {type: sql, uri: "sqlite:///srv/orchard.sqlite"}}
  recordSets:
    trees:
      name: trees
      displayName: Fruit trees
      x-postern-synonyms: [plants]
      x-postern-time-column: planted
      x-postern-grain: year
      schema:
        - {name: id, type: numeric}
        - {name: kind, type: text, x-postern-values: [apple, pear], x-postern-synonyms: [fruit]}
        - {name: planted, type: date}
        - {name: height, type: numeric, x-postern-unit: m, x-postern-additivity: none}
      dataAccess: [{type: SQL, qualifiedName: {schema: main, table: tree}}]
    picks:
      name: picks
      schema: [{name: tree_id, type: numeric}, {name: kilos, type: numeric}]
      dataAccess: [{type: SQL, qualifiedName: {schema: main, table: pick}}]
  metadata:
    metrics:
      harvest: {displayName: Harvest, description: What was picked, expression: "SUM(picks.kilos)", type: aggregate, x-postern-unit: kg, x-postern-synonyms: [yield]}
      median: {displayName: Median, description: The middle pick, expression: "MEDIAN(picks.kilos)", type: aggregate}
  x-postern-filters: [{name: tall, expression: trees.height > 4, synonyms: [high]}]
  x-postern-verified-queries: [{name: by_kind, question: Harvest of a kind, sql: "SELECT 1 WHERE :kind <> ''", parameters: [{name: kind}]}]
`

type grove struct{ shop }

func (*grove) Product(context.Context, auth.Caller, string, string) (product.Product, error) {
	return product.Parse([]byte(orchard))
}

func (*grove) Schema(context.Context, auth.Caller, product.Query) (product.Schema, error) {
	col := func(name, typ string) product.SchemaColumn { return product.SchemaColumn{Name: name, Type: typ} }
	return product.Schema{Tables: []product.SchemaTable{
		{Table: product.Table{Schema: "main", Name: "tree"}, RecordSet: "trees", Rows: 40,
			Columns: []product.SchemaColumn{col("id", "INTEGER"), col("kind", "TEXT"), col("planted", "DATE"), col("height", "REAL")}},
		{Table: product.Table{Schema: "main", Name: "pick"}, RecordSet: "picks", Rows: 400, View: true,
			Columns: []product.SchemaColumn{col("tree_id", "INTEGER"), col("kilos", "REAL")}},
	}}, nil
}

func TestTheSchemaSaysWhatTheModelKnows(t *testing.T) {
	ret, _ := call(t, &grove{}, "get_data_schema_tool", `{"data_product_id":"orchard","query":"apples, and how high they are"}`)
	version := regexp.MustCompile(`"model_version": "[0-9a-f]{16}"`)
	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(ret.Content); err != nil {
		t.Fatal(err)
	}
	said := version.ReplaceAllString(got.String(), `"model_version": "<version>"`)
	const file = "testdata/orchard.json"
	if *update {
		if err := os.WriteFile(file, []byte(said), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), said); d != "" {
		t.Error(d)
	}
}
