package draft_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/draft"
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

// drafted writes a draft without a look into the tables.
func drafted(s product.Schema, o draft.Options) ([]byte, error) {
	src, _ := product.ParseSource(o.URI)
	s = draft.Named(s)
	m := draft.Model(s, src.Engine)
	m.Infer()
	return draft.Spec(s, m, o)
}

func TestADraftIsASpec(t *testing.T) {
	doc, err := drafted(shop(), draft.Options{URI: "postgresql://h/shop", ID: "shop", Name: "The shop", NoLogin: false})
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
	if d := cmp.Diff([]string{"orders", "lines", "public_People", "hr_people"}, names); d != "" {
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
	first, err := drafted(shop(), draft.Options{URI: "postgresql://h/shop", ID: "shop", Name: "The shop", NoLogin: false})
	if err != nil {
		t.Fatal(err)
	}
	again, err := drafted(shop(), draft.Options{URI: "postgresql://h/shop", ID: "shop", Name: "The shop", NoLogin: false})
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
		if got := draft.ID(s); got != want {
			t.Errorf("%s: %s, want %s", uri, got, want)
		}
	}
	doc, err := drafted(product.Schema{}, draft.Options{URI: "sqlite:///data/shop.sqlite", ID: "", Name: "", NoLogin: true})
	if err != nil || !strings.Contains(string(doc), "productId: shop\n") {
		t.Errorf("%v\n%s", err, doc)
	}
}

func TestADraftOfABadSourceOrIdIsRefused(t *testing.T) {
	for _, c := range [][2]string{{"postgresql://u:p@h/d", "x"}, {"postgresql://h/d", "a b"}} {
		if _, err := drafted(shop(), draft.Options{URI: c[0], ID: c[1], Name: "", NoLogin: false}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%v: %v", c, err)
		}
	}
}

func TestNamesThatLookLikeOtherThingsStayNames(t *testing.T) {
	names := []string{"null", "true", "no", "1", "1.5", "~", "2024-01-01", "- x", "a: b", "# c", "*d", "&e", "'", `"`, "é", "<<", "x-y"}
	s := product.Schema{}
	for _, n := range names {
		s.Tables = append(s.Tables, product.SchemaTable{Table: product.Table{Schema: "s", Name: n}, Description: n, Columns: []product.SchemaColumn{{Name: n, Type: n}}})
	}
	doc, err := drafted(s, draft.Options{URI: "postgresql://h/d", ID: "x", Name: "yes", NoLogin: false})
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
