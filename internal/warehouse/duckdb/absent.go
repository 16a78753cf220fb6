//go:build !(cgo && duckdb_arrow)

package duckdb

import (
	"context"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/warehouse"
)

// Built says whether this binary has DuckDB in it.
const Built = false

// Driver stands in where DuckDB was not built in; the zero value is ready.
type Driver struct {
	// MemoryLimit bounds one instance, in DuckDB's spelling; "" is a default.
	MemoryLimit string
	// Threads of one instance; 0 is a default.
	Threads int
}

// Open always fails: this build has no DuckDB.
func (*Driver) Open(context.Context, product.Source, warehouse.Login, warehouse.Dial) (warehouse.Conn, error) {
	return nil, fault.New(fault.Unavailable, "this build has no DuckDB: build with CGO_ENABLED=1 and -tags duckdb_arrow")
}
