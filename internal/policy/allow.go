package policy

import (
	"embed"
	"strings"
	"sync"
)

//go:embed allow/*.txt
var allowFiles embed.FS

// allowed is what a statement of one dialect may be made of.
type allowed struct {
	title     string          // the engine's name, for messages
	nodes     map[string]bool // kinds, in the parser's spelling
	functions map[string]bool // lower case
	fields    map[string]bool // names that may not stand after a dot, lower case
	catalogs  []string        // schemas of the engine's own, lower case
}

var dialects = map[string]func() *allowed{
	"postgres": lists("postgres", "PostgreSQL", "pg_catalog", "information_schema", "pg_toast", "pg_temp"),
	"duckdb":   lists("duckdb", "DuckDB", "pg_catalog", "information_schema", "system", "temp"),
	"sqlite":   lists("sqlite", "SQLite", "temp"),
}

// lists reads a dialect's lists when they are first wanted.
func lists(dialect, title string, catalogs ...string) func() *allowed {
	return sync.OnceValue(func() *allowed {
		return &allowed{
			title:     title,
			nodes:     list(dialect + ".nodes.txt"),
			functions: list(dialect + ".functions.txt"),
			fields:    list(dialect + ".fields.txt"),
			catalogs:  catalogs,
		}
	})
}

// list reads a file of one name a line, # begins a comment. A missing list
// allows nothing.
func list(name string) map[string]bool {
	out := map[string]bool{}
	text, err := allowFiles.ReadFile("allow/" + name)
	if err != nil {
		return out
	}
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "# ")
		if line = strings.TrimSpace(line); line != "" && line != "#" {
			out[line] = true
		}
	}
	return out
}
