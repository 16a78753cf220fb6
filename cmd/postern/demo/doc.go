// Package demo holds the demo's data and builds the demo's warehouse from it:
// the flights that left New York in 2013, with their airlines, airports and
// planes, and the weather of that year; see SOURCES.md. Two data products stand
// on the one file, so that a client with a grant on the first can be seen to
// get nothing of the second.
package demo

import (
	"embed"
	"net/url"
	"path/filepath"
	"strings"
)

// The demo's products: clients are given the first, and are refused at the
// second.
const (
	Flights = "demo:flights"
	Weather = "demo:weather"
)

// Database is the file's name in the folder it is built in.
const Database = "flights.duckdb"

//go:embed data/*.parquet
var data embed.FS

//go:embed flights.yaml weather.yaml
var specs embed.FS

// Files is what was built.
type Files struct {
	Database string            // the DuckDB file, readable only with the key
	Specs    map[string][]byte // the spec of each product, by its id
}

// specsFor fills the file's address into the specs.
func specsFor(file string) (map[string][]byte, error) {
	uri := (&url.URL{Scheme: "duckdb", Path: filepath.ToSlash(file)}).String()
	out := map[string][]byte{}
	for id, name := range map[string]string{Flights: "flights.yaml", Weather: "weather.yaml"} {
		spec, err := specs.ReadFile(name)
		if err != nil {
			return nil, err
		}
		out[id] = []byte(strings.ReplaceAll(string(spec), "duckdb:///DATABASE", uri))
	}
	return out, nil
}
