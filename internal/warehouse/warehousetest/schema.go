package warehousetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/sqlfacts"
)

func find(s product.Schema, name string) (product.SchemaTable, bool) {
	for _, t := range s.Tables {
		if strings.EqualFold(t.Table.Name, name) {
			return t, true
		}
	}
	return product.SchemaTable{}, false
}

func findsKeys(t *testing.T, s Subject) {
	got, err := s.open(t).Schema(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string]string{"customers": "id name note", "orders": "region num customer_id total", "lines": "region num pos item"}
	keys := map[string]string{"customers": "id", "orders": "region num", "lines": "region num pos"}
	for name, want := range columns {
		x, ok := find(got, name)
		if !ok {
			t.Fatalf("no table %s among %d", name, len(got.Tables))
		}
		var names []string
		for _, c := range x.Columns {
			names = append(names, c.Name)
			if c.Type == "" {
				t.Errorf("%s.%s has no type", name, c.Name)
			}
			if c.Name == "note" && !c.Nullable || c.Name == "name" && c.Nullable {
				t.Errorf("%s.%s: nullable is %v", name, c.Name, c.Nullable)
			}
		}
		if strings.Join(names, " ") != want || strings.Join(x.PrimaryKey, " ") != keys[name] || x.View || x.Table.Schema != s.Schema {
			t.Errorf("%s: %v %v, view %v, schema %q", name, names, x.PrimaryKey, x.View, x.Table.Schema)
		}
	}
	if s.NoForeignKeys {
		return
	}
	lines, _ := find(got, "lines")
	if len(lines.ForeignKeys) != 1 {
		t.Fatalf("a composite key is one key, got %+v", lines.ForeignKeys)
	}
	k := lines.ForeignKeys[0]
	if fmt.Sprint(k.Columns, k.RefColumns) != "[region num] [region num]" || !strings.EqualFold(k.RefTable.Name, "orders") {
		t.Errorf("got %+v", k)
	}
}

func findsAsked(t *testing.T, s Subject) {
	c := s.open(t)
	for _, schema := range []string{s.Schema, ""} {
		got, err := c.Schema(t.Context(), []product.Table{{Schema: schema, Name: "orders"}})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Tables) != 1 || !strings.EqualFold(got.Tables[0].Table.Name, "orders") {
			t.Errorf("in schema %q: %d tables", schema, len(got.Tables))
		}
	}
	got, err := c.Schema(t.Context(), []product.Table{{Schema: s.Schema, Name: "no_such_table"}})
	if err == nil && len(got.Tables) != 0 {
		t.Errorf("an unknown table: %+v", got)
	}
}

func statesFacts(t *testing.T, s Subject) {
	c := s.open(t)
	analyze := func(sql string) sqlfacts.Facts {
		t.Helper()
		f, err := c.Analyze(t.Context(), sql)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		return f
	}
	if f := analyze("SELECT 1"); f.Statements != 1 || len(f.Tables) != 0 || !f.ReadOnly || f.Dialect == "" {
		t.Errorf("SELECT 1: %+v", f)
	}
	sql := "WITH lines AS (SELECT id FROM customers AS c) SELECT * FROM lines"
	f := analyze(sql)
	if len(f.Tables) != 1 || f.Tables[0].Name != "customers" || sql[f.Tables[0].Offset:f.Tables[0].End] != "customers" || f.Tables[0].Alias != "c" {
		t.Errorf("a CTE's name is no table: %+v", f.Tables)
	}
	f = analyze("SELECT * FROM customers")
	star := slices.ContainsFunc(f.Columns, func(c sqlfacts.Column) bool { return c.Parts[len(c.Parts)-1] == "*" })
	if !star && len(f.Reads) < 3 {
		t.Errorf("a star is neither a column nor expanded: %+v", f)
	}
	f = analyze("SELECT abs(id) FROM customers")
	if !slices.ContainsFunc(f.Functions, func(f sqlfacts.Function) bool { return strings.EqualFold(f.Name, "abs") }) {
		t.Errorf("no function abs: %+v", f.Functions)
	}
	f, err := c.Analyze(t.Context(), "SELECT 1; DELETE FROM customers")
	if err == nil && f.Statements != 2 || err != nil && !fault.Is(err, fault.Rejected) {
		t.Errorf("two statements are %d, %v", f.Statements, err)
	}
	f, err = c.Analyze(t.Context(), "DELETE FROM customers")
	if err == nil && f.ReadOnly && !slices.ContainsFunc(f.Nodes, func(n sqlfacts.Node) bool { return strings.Contains(strings.ToLower(n.Kind), "delete") }) {
		t.Errorf("nothing says that a DELETE writes: %+v", f)
	}
	if _, err := c.Analyze(t.Context(), "SELEC 1"); !fault.Is(err, fault.Rejected) {
		t.Errorf("broken SQL: %v", err)
	}
}
