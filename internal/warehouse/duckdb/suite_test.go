//go:build cgo && duckdb_arrow

package duckdb_test

import (
	"testing"

	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/warehouse"
	"github.com/postern/postern/internal/warehouse/duckdb"
	"github.com/postern/postern/internal/warehouse/warehousetest"
)

func TestDuckDBIsAWarehouse(t *testing.T) {
	warehousetest.Run(t, warehousetest.Subject{
		Driver:   &duckdb.Driver{},
		Source:   source(file(t, warehousetest.Shop, key)),
		Login:    login(key),
		BadLogin: &warehouse.Login{Password: secret.New("not-the-key-of-the-file")},
		Schema:   "main",
		Series:   "SELECT range AS n FROM range(1, 100001)",
		Slow:     slow,
		Session:  "SET VARIABLE tenant = 'leak'",
		Seen:     "SELECT getvariable('tenant')",
		Writes: []string{
			"CREATE TEMP TABLE x (a INTEGER)", "WITH q AS (SELECT 1) DELETE FROM customers", "ATTACH ':memory:' AS x",
			"SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'", "SET enable_external_access = true",
			"PRAGMA threads = 9", "USE memory", "INSTALL httpfs", "CHECKPOINT", "BEGIN",
		},
		Types: []warehousetest.Type{
			{SQL: "SELECT 1::SMALLINT", Arrow: "int16", Want: "1"},
			{SQL: "SELECT 1", Arrow: "int32", Want: "1"},
			{SQL: "SELECT sum(1)", Arrow: "decimal(38, 0)", Want: "1"},
			{SQL: "SELECT total FROM orders WHERE region = 1 AND num = 1", Arrow: "decimal(10, 2)", Want: "10.5"},
			{SQL: "SELECT 'é'", Arrow: "utf8", Want: "é"},
			{SQL: "SELECT 'ab'::BLOB", Arrow: "binary", Want: "YWI="},
			{SQL: "SELECT DATE '2026-02-03'", Arrow: "date32", Want: "2026-02-03"},
			{SQL: "SELECT TIMESTAMPTZ '2026-02-03 04:05:06+02'", Arrow: "timestamp[us, tz=UTC]", Want: "2026-02-03T02:05:06Z"},
			{SQL: "SELECT 'b'::ENUM('a', 'b')", Arrow: "utf8", Want: "b"},
			{SQL: "SELECT '10:00:00+02'::TIMETZ", Arrow: "utf8", Want: "10:00:00+02"},
			{SQL: "SELECT [1, 2]", Arrow: "list<l: int32, nullable>", Want: "[1,2]"},
			{SQL: "SELECT note FROM customers WHERE id = 1", Arrow: "utf8", Null: true},
		},
	})
}
