package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// drafts are figures of a draft of 500 tables and 10,000 columns in each
// engine, beside a plain read of the engine's own list of columns. They are
// long, and measured once.
func (b *bench) drafts() (out []*figure) {
	for _, e := range []struct{ name, engine, above string }{
		{"PostgreSQL", "pgx", "a read of information_schema"}, {"SQLite", "sqlite", "PRAGMA table_info of each table"}, {"DuckDB", "duckdb", "a read of information_schema"},
	} {
		file := filepath.Join(b.dir, "wide."+e.engine)
		source, uri := file, e.engine+"://"+file
		f := &figure{name: "draft of 500 tables, 10,000 columns, " + e.name, unit: "s", above: e.above, goal: 60, most: true, limit: true, runs: 1}
		f.once = func() error {
			if e.engine == "pgx" {
				source, uri = b.pg.url, "postgresql://bench@"+b.pg.host+"/postgres?sslmode=disable"
			}
			return call(nil, nil, b.floor, "wide", "--engine", e.engine, "--source", source)
		}
		f.gate = func() (float64, error) { return b.draft(uri) }
		f.floor = func() (float64, error) {
			var t struct {
				Seconds float64 `json:"seconds"`
			}
			err := call(&t, nil, b.floor, "catalog", "--engine", e.engine, "--source", source)
			return t.Seconds, err
		}
		out = append(out, f)
	}
	return out
}

// draft times the command as an operator runs it, and shows its phases.
func (b *bench) draft(uri string) (float64, error) {
	cmd := exec.Command(b.postern, "product", "draft", "--uri", uri, "--tables", "unit_*")
	cmd.Stdin = strings.NewReader(pgPassword + "\n")
	var spec, told bytes.Buffer
	cmd.Stdout, cmd.Stderr = &spec, &told
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("%w: %s", err, &told)
	}
	took := time.Since(began).Seconds()
	if n := strings.Count(spec.String(), "x-postern-type: "); n < 10_000 {
		return 0, fmt.Errorf("the draft has %d columns", n)
	}
	lines := strings.Split(strings.TrimSpace(told.String()), "\n")
	_, _ = fmt.Fprintln(os.Stderr, "          ", lines[len(lines)-1])
	return took, nil
}
