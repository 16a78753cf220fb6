package semantic

import "github.com/postern/postern/internal/fault"

// Dialect is whose SQL to write.
type Dialect string

// The dialects.
const (
	SQLite   Dialect = "sqlite"
	DuckDB   Dialect = "duckdb"
	Postgres Dialect = "postgres"
)

// Statement is a compiled query.
type Statement struct {
	SQL     string
	Columns []string // output names, in order
	// Ordered says that the order of rows is part of the answer.
	Ordered bool
	// Notes are what the compiler took for granted, in words for the reader:
	// a join that was inferred, a total that counts an order once per product.
	Notes []string
	// Ambiguous are joins with another way as short as the one taken, in words.
	Ambiguous []string
}

// Compile writes a query as one SELECT. A query that would count something
// twice and can't be written otherwise is Invalid, with the reason.
func Compile(q Query, m *Model, d Dialect) (Statement, error) {
	return Statement{}, fault.New(fault.Invalid, "not written yet")
}

// Restate says a query in words, made from its parts alone.
func Restate(q Query, m *Model) string { return "" }
