//go:build !(cgo && duckdb_arrow)

package duckdb_test

import (
	"testing"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/warehouse"
	"github.com/postern/postern/internal/warehouse/duckdb"
)

func TestBuildWithoutDuckDBSaysSo(t *testing.T) {
	_, err := (&duckdb.Driver{}).Open(t.Context(), product.Source{Engine: product.DuckDB, Path: "/x"}, warehouse.Login{}, nil)
	if duckdb.Built || !fault.Is(err, fault.Unavailable) {
		t.Errorf("Built %v, Open: %v", duckdb.Built, err)
	}
}
