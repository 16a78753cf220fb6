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
	from      map[string]bool // functions in FROM, where those are others; nil where they are not
	fields    map[string]bool // names that may not stand after a dot, lower case
	catalogs  []string        // schemas of the engine's own, lower case
	system    []string        // how its own tables' names begin, lower case
}

var dialects = map[string]func() *allowed{
	"postgres": lists("postgres", allowed{
		title:    "PostgreSQL",
		catalogs: []string{"pg_catalog", "information_schema", "pg_toast", "pg_temp"},
		system:   []string{"pg_"},
	}),
	"duckdb": lists("duckdb", allowed{
		title:    "DuckDB",
		catalogs: []string{"pg_catalog", "information_schema", "system", "temp"},
		system:   []string{"duckdb_", "pragma_", "sqlite_", "pg_"},
	}),
	"sqlite": lists("sqlite", allowed{
		title:    "SQLite",
		catalogs: []string{"temp"},
		system:   []string{"sqlite_", "pragma_", "dbstat"},
	}),
}

// lists reads a dialect's lists when they are first wanted.
func lists(dialect string, a allowed) func() *allowed {
	return sync.OnceValue(func() *allowed {
		a.nodes = list(dialect + ".nodes.txt")
		a.functions = list(dialect + ".functions.txt")
		a.fields = list(dialect + ".fields.txt")
		if dialect == "duckdb" {
			a.from = list(dialect + ".from.txt")
		}
		return &a
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
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out[line] = true
		}
	}
	return out
}
