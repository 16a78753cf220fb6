//go:build !(cgo && duckdb_arrow)

package main

import "errors"

var errAbsent = errors.New("built without DuckDB: go build -tags duckdb_arrow")

func makeFile([]string) (any, error) { return nil, errAbsent }
func export([]string) (any, error)   { return nil, errAbsent }
