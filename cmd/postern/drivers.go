package main

import (
	"net/netip"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/warehouse"
	"github.com/postern/postern/internal/warehouse/duckdb"
	"github.com/postern/postern/internal/warehouse/postgres"
	"github.com/postern/postern/internal/warehouse/sqlite"
)

// drivers is every engine this binary reaches.
func drivers() map[product.Engine]warehouse.Driver {
	return map[product.Engine]warehouse.Driver{
		product.PostgreSQL: postgres.Driver{},
		product.SQLite:     sqlite.Driver{},
		product.DuckDB:     &duckdb.Driver{},
	}
}

// pool makes the sessions' pool behind the guarded dialer.
func pool(networks []netip.Prefix) *warehouse.Pool {
	return warehouse.NewPool(drivers(), warehouse.Guarded(networks), warehouse.Bounds{})
}
