//go:build cgo && duckdb_arrow

package duckdb_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/warehouse"
	"github.com/postern/postern/internal/warehouse/duckdb"
)

const corpusWarehouse = `
CREATE TABLE fact_sales (month DATE, region VARCHAR, amount DECIMAL(10,2), customer_id INTEGER, cost BIGINT);
CREATE SCHEMA crm;
CREATE TABLE crm.customers (id INTEGER, name VARCHAR, segment VARCHAR, region VARCHAR, email VARCHAR, ssn VARCHAR);
CREATE TABLE notes (anything VARCHAR);
CREATE TABLE secrets (k VARCHAR);
CREATE TABLE sales (month DATE, region VARCHAR, amount DECIMAL(10,2), customer_id INTEGER, cost BIGINT);
INSERT INTO fact_sales VALUES ('2024-01-01', 'north', 10, 1, 123456789);
INSERT INTO crm.customers VALUES (1, 'Ann', 'big', 'north', 'canary@example.com', 'canary-ssn');
INSERT INTO secrets VALUES ('canary-secret');
INSERT INTO sales VALUES ('2024-01-01', 'canary', 10, 1, 123456789);
`

func corpusProduct() product.Product {
	columns := func(names ...string) (out []product.Column) {
		for _, n := range names {
			out = append(out, product.Column{Name: n})
		}
		return out
	}
	return product.Product{
		ID:      "shop:sales",
		Systems: []product.System{{Type: "sql", Source: product.Source{Engine: product.DuckDB, Path: "/data/warehouse.duckdb"}}},
		RecordSets: []product.RecordSet{
			{Name: "sales", Table: product.Table{Schema: "main", Name: "fact_sales"}, Columns: columns("month", "region", "amount", "customer_id")},
			{Name: "customers", Table: product.Table{Schema: "crm", Name: "customers"}, Columns: columns("id", "name", "segment", "region")},
			{Name: "notes", Table: product.Table{Schema: "main", Name: "notes"}},
		},
	}
}

// judged walks a statement the way the gateway does: judged, spliced, judged
// again as it will run. It gives "allow" or the lock that refused.
func judged(t *testing.T, c warehouse.Conn, sql string) (lock, out string, err error) {
	t.Helper()
	f, err := c.Analyze(t.Context(), sql)
	if err != nil {
		return "rejected", "", err
	}
	v, err := policy.Judge(f, sql, corpusProduct(), false)
	if err == nil && v.SQL != sql {
		if f, err = c.Analyze(t.Context(), v.SQL); err != nil {
			return "broken", v.SQL, err
		}
		_, err = policy.Judge(f, v.SQL, corpusProduct(), true)
	}
	switch e := fault.As(err); {
	case err == nil:
		return "allow", v.SQL, nil
	case e == nil:
		return "broken", v.SQL, err
	case e.Kind == fault.Rejected:
		return "rejected", v.SQL, err
	default:
		return e.Lock, v.SQL, err
	}
}

// The statements and their format are policy's.
func TestCorpusComesOutAsWrittenAndShowsNoCanary(t *testing.T) {
	text, err := os.ReadFile("../../policy/testdata/duckdb.corpus")
	if err != nil {
		t.Fatal(err)
	}
	conn := connect(t, &duckdb.Driver{}, file(t, corpusWarehouse, ""), "")
	seen := 0
	for i, line := range strings.Split(string(text), "\n") {
		verdict, sql, ok := strings.Cut(line, ": ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		seen++
		want := strings.Split(strings.TrimPrefix(verdict, "refuse "), "|")
		got, out, err := judged(t, conn, sql)
		if !slices.Contains(want, got) {
			t.Errorf("line %d: want %v, got %s (%v)\n  %s\n  %s", i+1, want, got, err, sql, out)
			continue
		}
		if got != "allow" {
			continue
		}
		_, rows, err := query(t, conn, out)
		if err != nil {
			t.Errorf("line %d: %v\n  %s\n  %s", i+1, err, sql, out)
		}
		if answer := fmt.Sprint(rows); strings.Contains(answer, "canary") || strings.Contains(answer, "123456789") {
			t.Errorf("line %d shows a canary: %s\n  %s", i+1, out, answer)
		}
	}
	if seen < 150 {
		t.Fatalf("only %d statements in the corpus", seen)
	}
}
