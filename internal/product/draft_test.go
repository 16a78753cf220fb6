package product_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
)

func shop() product.Schema {
	table := func(schema, name string) product.Table { return product.Table{Schema: schema, Name: name} }
	return product.Schema{Tables: []product.SchemaTable{
		{Table: table("public", "orders"), Description: "What was: bought #1", PrimaryKey: []string{"region", "no"},
			Columns: []product.SchemaColumn{{Name: "region", Type: "character varying(10)"}, {Name: "no", Type: "integer"}, {Name: "buyer", Type: "bigint", Nullable: true, Description: "who"}},
			ForeignKeys: []product.ForeignKey{
				{Name: "orders_buyer", Columns: []string{"buyer"}, RefTable: table("public", "People"), RefColumns: []string{"id"}},
				{Name: "gone", Columns: []string{"no"}, RefTable: table("other", "gone"), RefColumns: []string{"no"}},
			}},
		{Table: table("public", "lines"), PrimaryKey: []string{"id"},
			Columns: []product.SchemaColumn{{Name: "id", Type: "integer"}, {Name: "region", Type: "text"}, {Name: "order no", Type: "integer"}, {Name: "at", Type: "timestamp(6) with time zone"}, {Name: "paid", Type: "boolean"}, {Name: "tags", Type: "text[]"}},
			ForeignKeys: []product.ForeignKey{
				{Name: "line_order", Columns: []string{"region", "order no"}, RefTable: table("public", "orders"), RefColumns: []string{"region", "no"}},
			}},
		{Table: table("public", "People"), PrimaryKey: []string{"id"}, Columns: []product.SchemaColumn{{Name: "id", Type: "bigint", Nullable: true}, {Name: "boss", Type: "bigint", Nullable: true}},
			ForeignKeys: []product.ForeignKey{{Columns: []string{"boss"}, RefTable: table("", "people")}}},
		{Table: table("hr", "people"), View: true, Columns: []product.SchemaColumn{{Name: "no", Type: "numeric(3,0)"}, {Name: "null", Type: ""}}},
	}}
}

func TestADraftIsASpec(t *testing.T) {
	doc, err := product.Draft(shop(), "postgresql://h/shop", "shop", "The shop", false)
	if err != nil {
		t.Fatal(err)
	}
	p, err := product.Parse(doc)
	if err != nil {
		t.Fatalf("%v\n%s", err, doc)
	}
	var names []string
	byName := map[string]product.RecordSet{}
	for _, rs := range p.RecordSets {
		names = append(names, rs.Name)
		byName[rs.Name] = rs
	}
	if d := cmp.Diff([]string{"hr_people", "public_People", "lines", "orders"}, names); d != "" {
		t.Fatal(d)
	}
	want := []product.Relationship{{Name: "line_order", RightTable: "orders", Expression: `lines.region = orders.region AND lines."order no" = orders.no`,
		SQLDialect: "postgres", Cardinality: "many_to_one"}}
	if d := cmp.Diff(want, byName["lines"].Relationships); d != "" {
		t.Error(d)
	}
	want = []product.Relationship{{Name: "orders_buyer", RightTable: "public_People", Expression: "orders.buyer = public_People.id",
		SQLDialect: "postgres", Cardinality: "many_to_one", LeftNullable: true}}
	if d := cmp.Diff(want, byName["orders"].Relationships); d != "" {
		t.Error(d)
	}
	want = []product.Relationship{{Name: "public_People_boss", RightTable: "public_People", Expression: "public_People.boss = public_People.id",
		SQLDialect: "postgres", Cardinality: "many_to_one", LeftNullable: true}}
	if d := cmp.Diff(want, byName["public_People"].Relationships); d != "" {
		t.Error(d)
	}
	columns := []product.Column{{Name: "id", Type: "numeric"}, {Name: "region", Type: "text"}, {Name: "order no", Type: "numeric"}, {Name: "at", Type: "date"}, {Name: "paid", Type: "boolean"}, {Name: "tags", Type: "unknown"}}
	if d := cmp.Diff(columns, byName["lines"].Columns); d != "" {
		t.Error(d)
	}
	for _, s := range []string{"x-postern-primary-key: [region, 'no']", "x-postern-type: bigint", "What was: bought #1"} {
		if !strings.Contains(strings.ReplaceAll(string(doc), `"`, `'`), s) {
			t.Errorf("the draft lacks %s\n%s", s, doc)
		}
	}
}

func TestADraftIsTheSameEachTime(t *testing.T) {
	first, err := product.Draft(shop(), "postgresql://h/shop", "shop", "The shop", false)
	if err != nil {
		t.Fatal(err)
	}
	turned := shop()
	slices.Reverse(turned.Tables)
	again, err := product.Draft(turned, "postgresql://h/shop", "shop", "The shop", false)
	if err != nil || !bytes.Equal(first, again) {
		t.Errorf("%v\n%s", err, again)
	}
}

func TestADraftTakesItsIdFromTheSource(t *testing.T) {
	for uri, want := range map[string]string{
		"sqlite:///data/Chinook 1.sqlite": "chinook_1", "duckdb:///data/parquet/": "parquet", "postgresql://h/Sales-EU": "sales-eu", "mysql://h": "mysql", "duckdb:///x/.db": "db",
	} {
		s, err := product.ParseSource(uri)
		if err != nil {
			t.Fatal(err)
		}
		if got := product.DraftID(s); got != want {
			t.Errorf("%s: %s, want %s", uri, got, want)
		}
	}
	doc, err := product.Draft(product.Schema{}, "sqlite:///data/shop.sqlite", "", "", true)
	if err != nil || !strings.Contains(string(doc), "productId: shop\n") {
		t.Errorf("%v\n%s", err, doc)
	}
}

func TestADraftOfABadSourceOrIdIsRefused(t *testing.T) {
	for _, c := range [][2]string{{"postgresql://u:p@h/d", "x"}, {"postgresql://h/d", "a b"}} {
		if _, err := product.Draft(shop(), c[0], c[1], "", false); !fault.Is(err, fault.Invalid) {
			t.Errorf("%v: %v", c, err)
		}
	}
}

func TestEngineTypesMapToTheDocumentedOnes(t *testing.T) {
	for in, want := range map[string]string{
		"VARCHAR(20)": "text", "character varying": "text", "Nullable(String)": "text", "LowCardinality(Nullable(FixedString(3)))": "text", "uuid": "text",
		"INTEGER": "numeric", "int unsigned": "numeric", "bigint(20) unsigned": "numeric", "DECIMAL(10,2)": "numeric", "double  precision": "numeric", "UInt64": "numeric", "HUGEINT": "numeric",
		"date": "date", "TIMESTAMP WITH TIME ZONE": "date", "timestamp(3) without time zone": "date", "TIMESTAMP_NS": "date", "DateTime64(3, 'UTC')": "date", "time": "date",
		"BOOLEAN": "boolean", "tinyint(1)": "boolean", "bit": "boolean",
		"": "unknown", "integer[]": "unknown", "STRUCT(a INTEGER)": "unknown", "jsonb": "unknown", "bytea": "unknown", "BLOB": "unknown", "geometry": "unknown", "Array(String)": "unknown", "interval": "unknown", "INTEGER[3]": "unknown",
	} {
		if got := product.ColumnType(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func TestNamesThatLookLikeOtherThingsStayNames(t *testing.T) {
	names := []string{"null", "true", "no", "1", "1.5", "~", "2024-01-01", "- x", "a: b", "# c", "*d", "&e", "'", `"`, "é", "<<", "x-y"}
	s := product.Schema{}
	for _, n := range names {
		s.Tables = append(s.Tables, product.SchemaTable{Table: product.Table{Schema: "s", Name: n}, Description: n, Columns: []product.SchemaColumn{{Name: n, Type: n}}})
	}
	doc, err := product.Draft(s, "postgresql://h/d", "x", "yes", false)
	if err != nil {
		t.Fatal(err)
	}
	p, err := product.Parse(doc)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, rs := range p.RecordSets {
		got[rs.Table.Name] = rs.Name == rs.Table.Name && rs.Columns[0].Name == rs.Name
	}
	for _, n := range names {
		if !got[n] {
			t.Errorf("%q is lost", n)
		}
	}
}
