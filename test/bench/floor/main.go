// Command floor is the bare versions that Postern's figures are set beside:
// the standard library signing a token, an empty handler, pgx by itself,
// DuckDB's own export, fsync. Nothing of Postern is in it, so that a slow part
// of Postern cannot slow its own floor.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

var commands = map[string]func(args []string) (any, error){
	"serve":   serve,
	"fsync":   fsyncs,
	"pgx":     pointQueries,
	"make":    makeFile,
	"export":  export,
	"wide":    makeWide,
	"catalog": catalog,
}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: floor serve|fsync|pgx|make|export [flags]")
		os.Exit(2)
	}
	out, err := commands[os.Args[1]](os.Args[2:])
	if err == nil && out != nil {
		err = json.NewEncoder(os.Stdout).Encode(out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

// rate is what a floor prints.
type rate struct {
	PerSecond float64 `json:"per_second"`
}

// took is what an export prints.
type took struct {
	Seconds float64 `json:"seconds"`
	Bytes   int64   `json:"bytes"`
}
