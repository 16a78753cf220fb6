package main

import (
	"context"
	"fmt"
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

// introspect opens one session on a URI and reads what is there.
func introspect(ctx context.Context, uri string, l warehouse.Login, networks []netip.Prefix) (product.Schema, error) {
	src, err := product.ParseSource(uri)
	if err != nil {
		return product.Schema{}, err
	}
	if src, err = (product.Files{Operator: true}).Check(src); err != nil {
		return product.Schema{}, err
	}
	p := pool(networks)
	defer p.Close()
	lease, err := p.Acquire(ctx, "draft", src, l)
	if err != nil {
		return product.Schema{}, err
	}
	defer lease.Release()
	s, err := lease.Schema(ctx, nil)
	if err != nil {
		return s, err
	}
	if len(s.Tables) == 0 {
		return s, hint(fmt.Errorf("no tables are visible at this URI"), "does the login have SELECT on them?")
	}
	return s, nil
}
