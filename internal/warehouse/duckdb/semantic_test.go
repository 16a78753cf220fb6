//go:build cgo && duckdb_arrow

package duckdb_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2" // the driver
	_ "modernc.org/sqlite"             // the driver

	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/semantic"
	"github.com/postern/postern/internal/semantic/semantictest"
	"github.com/postern/postern/internal/warehouse"
	"github.com/postern/postern/internal/warehouse/duckdb"
)

// filled is the shop in one engine.
func filled(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	if err := semantictest.Fill(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestCompiledQueriesAnswerAsOnSQLite(t *testing.T) {
	duck, lite := filled(t, "duckdb", ""), filled(t, "sqlite", ":memory:")
	ran := 0
	for seed := range uint64(450) {
		q := semantictest.Generate(seed)
		d, err := semantic.Compile(q, semantictest.Model(semantic.DuckDB), semantic.DuckDB)
		if err != nil {
			continue
		}
		s, err := semantic.Compile(q, semantictest.Model(semantic.SQLite), semantic.SQLite)
		if err != nil {
			t.Fatalf("seed %d: refused for SQLite only: %v", seed, err)
		}
		ran++
		a, err := semantictest.Answer(t.Context(), lite, s.SQL)
		if err != nil {
			t.Fatalf("seed %d on SQLite: %v\n%s", seed, err, s.SQL)
		}
		b, err := semantictest.Answer(t.Context(), duck, d.SQL)
		if err != nil {
			t.Fatalf("seed %d on DuckDB: %v\n%s", seed, err, d.SQL)
		}
		if !semantictest.Same(a, b, false) {
			t.Fatalf("seed %d:\n%s\n%v\n%s\n%v", seed, s.SQL, a, d.SQL, b)
		}
	}
	if ran < 400 {
		t.Errorf("only %d queries ran", ran)
	}
}

func TestNoJoinCountsARowTwiceOnDuckDB(t *testing.T) {
	duck := filled(t, "duckdb", "")
	for i, trap := range semantictest.Traps(200) {
		s, err := semantic.Compile(trap.Query, semantictest.Model(semantic.DuckDB), semantic.DuckDB)
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		got, err := semantictest.Answer(t.Context(), duck, s.SQL)
		if err != nil || !semantictest.Same(trap.Want, got, false) {
			t.Errorf("%d: %v\n%s\nwant %v\ngot  %v", i, err, s.SQL, trap.Want, got)
		}
	}
}

func TestThePolicyTakesWhatTheCompilerWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.duckdb")
	if err := filled(t, "duckdb", path).Close(); err != nil {
		t.Fatal(err)
	}
	var p product.Product
	for _, s := range semantictest.Schema().Tables {
		rs := product.RecordSet{Key: s.Table.Name, Name: s.Table.Name, Table: product.Table{Schema: "main", Name: s.Table.Name}}
		for _, c := range s.Columns {
			rs.Columns = append(rs.Columns, product.Column{Name: c.Name})
		}
		p.RecordSets = append(p.RecordSets, rs)
	}
	conn := connect(t, &duckdb.Driver{}, path, "")
	for seed := range uint64(150) {
		s, err := semantic.Compile(semantictest.Generate(seed), semantictest.Model(semantic.DuckDB), semantic.DuckDB)
		if err != nil {
			continue
		}
		f, err := conn.Analyze(t.Context(), s.SQL)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, s.SQL)
		}
		v, err := policy.Judge(f, s.SQL, p, false)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, s.SQL)
		}
		r, err := conn.Query(t.Context(), v.SQL, warehouse.Limits{})
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, v.SQL)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}
