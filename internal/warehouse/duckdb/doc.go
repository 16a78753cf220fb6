// Package duckdb is the warehouse driver for DuckDB files.
package duckdb
