// Package sqlfacts is what an engine's own parser found in a SQL text, in one
// shape for all engines. The engine states facts; policy judges them and never
// parses.
package sqlfacts

// Facts of one SQL text. Offsets are bytes into the text as it was parsed.
type Facts struct {
	Dialect    string // "postgres", "duckdb", "sqlite"
	Statements int    // how many the text holds
	// Nodes are the kinds of every statement and expression node found, at any
	// depth, in the parser's own spelling. Policy has an allow-list: what it
	// does not know is refused.
	Nodes     []Node
	Tables    []Table
	Columns   []Column
	Functions []Function
	// ReadOnly is the engine's own word on whether the statement writes, where
	// it has one (SQLite); true where it has none.
	ReadOnly bool
	// Reads are the physical columns the engine says the statement reads,
	// stars expanded (SQLite's authorizer). Nil where the engine does not say.
	Reads []Read
	// Unresolved is set when the engine could not resolve the text's names,
	// as with product names that only splices turn into physical ones
	// (SQLite). Reads and Functions are then not complete: the spliced text
	// has to be analyzed and judged again.
	Unresolved bool
	// Problem is the engine's own message in that case.
	Problem string
	// Set is the variable of a SET statement, for pre_exec_sql.
	Set string
}

// Node is one kind of node and where it first stands.
type Node struct {
	Kind   string
	Offset int
}

// Table is a reference to a table, not to a CTE or an alias that is in scope.
type Table struct {
	Catalog, Schema, Name string
	Alias                 string // as written, "" when none
	Offset, End           int    // of the dotted name, without the alias
	Depth                 int    // nesting of queries, for messages only
}

// Column is a column reference as written: ["t","c"], ["c"], or ending in "*".
type Column struct {
	Parts       []string
	Offset, End int
	// Alias is set when the name is one the statement itself defines (an
	// output alias, a CTE's or subquery's column).
	Alias bool
	// Call is set when the engine may take v.f for f(v): v names a value, and
	// nothing says that it has a column f (PostgreSQL).
	Call bool
}

// Function is a call.
type Function struct {
	Schema, Name string
	Offset       int
	From         bool // stands in FROM, where DuckDB has other functions of the name
}

// Read is a physical column the statement reads.
type Read struct{ Schema, Table, Column string }

// NameEnd gives the end of the dotted, possibly quoted name that starts at
// off. Quotes are " (doubled inside), and ` and [] where an engine has them.
func NameEnd(sql string, off int) int {
	i := off
	for i < len(sql) {
		switch c := sql[i]; {
		case c == '"' || c == '`':
			i = quotedEnd(sql, i, c)
		case c == '[':
			i = quotedEnd(sql, i, ']')
		default:
			for i < len(sql) && isIdent(sql[i]) {
				i++
			}
		}
		j := skipSpace(sql, i)
		if j >= len(sql) || sql[j] != '.' {
			return i
		}
		i = skipSpace(sql, j+1)
	}
	return i
}

func quotedEnd(sql string, i int, close byte) int {
	for i++; i < len(sql); i++ {
		if sql[i] != close {
			continue
		}
		if i+1 < len(sql) && sql[i+1] == close {
			i++
			continue
		}
		return i + 1
	}
	return i
}

func isIdent(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func skipSpace(sql string, i int) int {
	for i < len(sql) && (sql[i] == ' ' || sql[i] == '\t' || sql[i] == '\n' || sql[i] == '\r') {
		i++
	}
	return i
}
