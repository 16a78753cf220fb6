//go:build cgo && duckdb_arrow

package demo_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/cmd/postern/demo"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/warehouse"
	"github.com/postern/postern/internal/warehouse/duckdb"
)

// key opens the warehouse that the tests share.
var key = secret.New("a key 'with' quotes")

var build = sync.OnceValues(func() (demo.Files, error) {
	return demo.Build(context.Background(), folder, key)
})

// folder is where the warehouse is built.
var folder string

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "the demo"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// warehouseOf builds the warehouse once and opens a session on it.
func warehouseOf(t *testing.T) (demo.Files, warehouse.Conn) {
	t.Helper()
	f, err := build()
	if err != nil {
		t.Fatal(err)
	}
	c, err := (&duckdb.Driver{}).Open(t.Context(), product.Source{Path: f.Database}, warehouse.Login{Password: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return f, c
}

func rows(t *testing.T, c warehouse.Conn, sql string) [][]string {
	t.Helper()
	r, err := c.Query(t.Context(), sql, warehouse.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	defer r.Close()
	var out [][]string
	for {
		b, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		for i := range int(b.NumRows()) {
			var row []string
			for _, col := range b.Columns() {
				row = append(row, strings.Clone(col.ValueStr(i)))
			}
			out = append(out, row)
		}
	}
}

func TestWarehouseOpensWithItsKeyOnlyAndHoldsTheData(t *testing.T) {
	f, c := warehouseOf(t)
	left, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(left) != 1 || left[0] != f.Database {
		t.Errorf("the folder holds %v (%v)", left, err)
	}
	if info, err := os.Stat(f.Database); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode: %v %v", info.Mode(), err)
	}
	s := product.Source{Engine: product.DuckDB, Path: f.Database}
	d := &duckdb.Driver{}
	for _, wrong := range []string{"", "another key, 123"} {
		if _, err := d.Open(t.Context(), s, warehouse.Login{Password: secret.New(wrong)}, nil); !fault.Is(err, fault.Rejected) {
			t.Errorf("key %q: %v, want Rejected", wrong, err)
		}
	}
	counts := rows(t, c, "SELECT (SELECT count(*) FROM flights), (SELECT count(*) FROM airlines), (SELECT count(*) FROM airports), (SELECT count(*) FROM planes), (SELECT count(*) FROM weather)")
	if d := cmp.Diff([][]string{{"336776", "16", "1462", "3322", "26115"}}, counts); d != "" {
		t.Error(d)
	}
	worst := rows(t, c, "SELECT name, round(avg(arrival_delay), 1) FROM flights JOIN airlines USING (carrier) GROUP BY name ORDER BY 2 DESC LIMIT 2")
	if d := cmp.Diff([][]string{{"Frontier Airlines Inc.", "21.9"}, {"AirTran Airways Corporation", "20.1"}}, worst); d != "" {
		t.Error(d)
	}
	schemaIsDescribed(t, c)
}

func schemaIsDescribed(t *testing.T, c warehouse.Conn) {
	t.Helper()
	s, err := c.Schema(t.Context(), nil)
	if err != nil || len(s.Tables) != 5 {
		t.Fatalf("%d tables, %v", len(s.Tables), err)
	}
	for _, tb := range s.Tables {
		if tb.Description == "" || len(tb.PrimaryKey) == 0 {
			t.Errorf("%s has no description or key", tb.Table.Name)
		}
		for _, col := range tb.Columns {
			if col.Description == "" {
				t.Errorf("%s.%s has no description", tb.Table.Name, col.Name)
			}
		}
		if tb.Table.Name == "flights" && len(tb.ForeignKeys) != 3 {
			t.Errorf("flights has the keys %v", tb.ForeignKeys)
		}
	}
}

func TestSpecsNameTheColumnsTheWarehouseHas(t *testing.T) {
	f, c := warehouseOf(t)
	for _, id := range []string{demo.Flights, demo.Weather} {
		p, err := product.Parse(f.Specs[id])
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		if p.ID != id || len(p.RecordSets) == 0 {
			t.Errorf("%s: parsed as %s with %d record sets", id, p.ID, len(p.RecordSets))
		}
		if sys, ok := p.System(); !ok || sys.Source.Path != f.Database {
			t.Errorf("%s is at %+v", id, sys)
		}
		for _, rs := range p.RecordSets {
			var list []string
			for _, col := range rs.Columns {
				list = append(list, col.Name)
			}
			_ = rows(t, c, "SELECT "+strings.Join(list, ", ")+" FROM "+rs.Table.Schema+"."+rs.Table.Name+" LIMIT 1")
		}
		for _, m := range p.Metrics {
			table, _, _ := strings.Cut(m.Columns[0], ".")
			_ = rows(t, c, "SELECT "+m.Expression+" FROM "+table)
		}
	}
}

func TestBuildStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	if _, err := demo.Build(ctx, dir, secret.New("k-123456789")); err == nil {
		t.Error("built for nobody")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
		t.Errorf("left %v behind", left)
	}
}
