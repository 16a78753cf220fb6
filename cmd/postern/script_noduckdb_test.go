//go:build !(cgo && duckdb_arrow)

package main_test

const withDuckDB = false
