//go:build cgo && duckdb_arrow

package main_test

import _ "github.com/duckdb/duckdb-go/v2" // the scripts make warehouses of their own

const withDuckDB = true
