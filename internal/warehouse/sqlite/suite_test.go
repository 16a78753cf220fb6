package sqlite_test

import (
	"testing"

	"github.com/postern/postern/internal/warehouse/sqlite"
	"github.com/postern/postern/internal/warehouse/warehousetest"
)

func TestSQLiteIsAWarehouse(t *testing.T) {
	warehousetest.Run(t, warehousetest.Subject{
		Driver:     sqlite.Driver{},
		Source:     source(file(t, warehousetest.Shop)),
		Schema:     "main",
		Series:     "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 100000) SELECT n FROM c",
		Slow:       slow,
		Writes:     writes[9:],
		NoComments: true,
		Types: []warehousetest.Type{
			{SQL: "SELECT 1", Arrow: "int64", Want: "1"},
			{SQL: "SELECT 1.5", Arrow: "float64", Want: "1.5"},
			{SQL: "SELECT 'é'", Arrow: "utf8", Want: "é"},
			{SQL: "SELECT x'6162'", Arrow: "binary", Want: "YWI="},
			{SQL: "SELECT total FROM orders WHERE region = 1 AND num = 1", Arrow: "float64", Want: "10.5"},
			{SQL: "SELECT id FROM customers WHERE id = 1", Arrow: "int64", Want: "1"},
			{SQL: "SELECT note FROM customers WHERE id = 1", Arrow: "utf8", Null: true},
			{SQL: "SELECT NULL", Arrow: "utf8", Null: true},
		},
	})
}
