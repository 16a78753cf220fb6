package policy_test

import (
	"database/sql"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/sqlfacts"
	"github.com/postern/postern/internal/warehouse"
	"github.com/postern/postern/internal/warehouse/sqlite"
)

const liteWarehouse = `
CREATE TABLE fact_sales (month TEXT, region TEXT, amount NUMERIC, customer_id INT, cost NUMERIC);
CREATE TABLE customers (id INT, name TEXT, segment TEXT, region TEXT, email TEXT, ssn TEXT);
CREATE TABLE notes (anything TEXT);
CREATE TABLE secrets (k TEXT);
CREATE TABLE sales (month TEXT, region TEXT, amount NUMERIC, customer_id INT, canary TEXT);
INSERT INTO fact_sales VALUES ('2024-01-01', 'north', 10, 1, 123456789);
INSERT INTO customers VALUES (1, 'Ann', 'big', 'north', 'canary@example.com', 'canary-ssn');
INSERT INTO secrets VALUES ('canary-secret');
INSERT INTO sales VALUES ('2024-01-01', 'canary', 123456789, 1, 'canary');`

func liteConn(t *testing.T) warehouse.Conn {
	t.Helper()
	path := filepath.Join(t.TempDir(), "warehouse.sqlite")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), liteWarehouse); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	conn, err := sqlite.Driver{}.Open(t.Context(), product.Source{Engine: product.SQLite, Path: path}, warehouse.Login{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// liteSpecimen has a record set named sales over fact_sales, while a table
// that is really named sales stands outside the product.
func liteSpecimen() product.Product { return specimen("main", "main") }

func TestSQLiteCorpusComesOutAsWritten(t *testing.T) {
	conn := liteConn(t)
	analyze := func(sql string) (sqlfacts.Facts, error) { return conn.Analyze(t.Context(), sql) }
	for _, c := range corpus(t, "testdata/sqlite.corpus", 100) {
		got, out, err := through(analyze, c.sql, liteSpecimen())
		if !slices.Contains(c.want, got) {
			t.Errorf("line %d: want %v, got %s (%v)\n  %s\n  %s", c.line, c.want, got, err, c.sql, out)
			continue
		}
		if got != "allow" {
			continue
		}
		rows, err := conn.Query(t.Context(), out, warehouse.Limits{})
		if err != nil {
			t.Errorf("line %d: %v\n  %s", c.line, err, out)
			continue
		}
		if answer := text(t, rows); strings.Contains(answer, "canary") || strings.Contains(answer, "123456789") {
			t.Errorf("line %d shows a canary: %s\n  %s", c.line, out, answer)
		}
	}
}

func text(t *testing.T, rows result.Rows) string {
	t.Helper()
	defer func() { _ = rows.Close() }()
	var b strings.Builder
	for {
		batch, err := rows.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return b.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range batch.Columns() {
			b.WriteString(c.String())
		}
	}
}
