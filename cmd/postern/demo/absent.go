//go:build !(cgo && duckdb_arrow)

package demo

import (
	"context"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
)

// Build always fails: this build has no DuckDB.
func Build(context.Context, string, secret.Secret) (Files, error) {
	return Files{}, fault.New(fault.Unavailable, "this build has no DuckDB, which the demo needs: build with CGO_ENABLED=1 and -tags duckdb_arrow")
}
