package semantic

import (
	"slices"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/fault"
)

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

// deepest is how far queries may be nested: more is no question, and would
// cost the compiler its stack.
const deepest = 8

// Compile writes a query as one SELECT. A query that would count something
// twice and can't be written otherwise is Invalid, with the reason.
func Compile(q Query, m *Model, d Dialect) (Statement, error) {
	if d != SQLite && d != DuckDB && d != Postgres {
		return Statement{}, fault.New(fault.Invalid, "no compiler for the dialect %q", d)
	}
	c := &compiler{m: m, d: d, graph: m.joinGraph().preferring(q.Prefer)}
	for _, name := range q.Prefer {
		if j, ok := m.Join(name); ok {
			c.note("of the ways from " + Words(j.From) + " to " + Words(j.To) + ", " + strings.Join(j.Columns, ", ") + " is taken")
		} else {
			c.fail("there is no join %q", name)
		}
	}
	r := c.query(&q, nil)
	if c.err != nil {
		return Statement{}, c.err
	}
	s := Statement{SQL: r.sql, Ordered: len(q.Order) > 0, Notes: c.notes, Ambiguous: c.ambiguous}
	for _, o := range r.columns {
		s.Columns = append(s.Columns, o.name)
	}
	return s, nil
}

// compiler is one compilation. The first failure is kept and ends it; what is
// written after it is never used.
type compiler struct {
	m         *Model
	d         Dialect
	graph     *graph
	aliases   int
	depth     int
	notes     []string
	ambiguous []string
	err       error
}

// compiled is a finished SELECT.
type compiled struct {
	sql     string
	columns []column
}

// column of a finished SELECT.
type column struct {
	name  string
	class Class
}

func (c *compiler) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fault.New(fault.Invalid, format, args...)
	}
}

func (c *compiler) check(s string, err error) string {
	if err != nil && c.err == nil {
		c.err = err
	}
	return s
}

// alias makes a name that no other part of the statement has.
func (c *compiler) alias(prefix string) string {
	c.aliases++
	return prefix + strconv.Itoa(c.aliases)
}

func (c *compiler) note(s string) {
	if !slices.Contains(c.notes, s) {
		c.notes = append(c.notes, s)
	}
}

// query compiles a query, and its set operations around it.
func (c *compiler) query(q *Query, outer *scope) compiled {
	if c.depth++; c.depth > deepest {
		c.fail("queries are nested deeper than %d", deepest)
	}
	defer func() { c.depth-- }()
	if c.err != nil {
		return compiled{}
	}
	if q == nil || len(q.Select) == 0 {
		c.fail("a query needs something to select")
		return compiled{}
	}
	if len(q.Sets) == 0 {
		return c.selectQuery(q, outer)
	}
	return c.combined(q, outer)
}

var setWords = map[SetOperator]string{Union: "UNION", UnionAll: "UNION ALL", Intersect: "INTERSECT", Except: "EXCEPT"}

// combined compiles set operations, from left to right: each step is a query
// of its own, as engines differ in what binds tighter.
func (c *compiler) combined(q *Query, outer *scope) compiled {
	first := *q
	first.Sets, first.Order, first.Limit, first.Offset, first.Ties, first.Within = nil, nil, 0, 0, false, nil
	left := c.query(&first, outer)
	for _, op := range q.Sets {
		word, ok := setWords[op.Op]
		right := c.query(op.Query, outer)
		if !ok || c.err == nil && len(left.columns) != len(right.columns) {
			c.fail("%q can't combine queries of %d and %d columns", op.Op, len(left.columns), len(right.columns))
		}
		left.sql = c.all(left) + " " + word + " " + c.all(right)
	}
	if len(q.Order) == 0 && q.Limit == 0 && q.Offset == 0 || c.err != nil {
		return left
	}
	return c.overCombined(q, left)
}

// all selects every column of a finished query.
func (c *compiler) all(r compiled) string {
	from := c.alias("q")
	sql := "SELECT "
	for i, col := range r.columns {
		sql += pick(i > 0, ", ", "") + from + "." + ident(col.name)
	}
	return sql + " FROM (" + r.sql + ") AS " + from
}

// overCombined orders and limits the whole. Its expressions are outputs.
func (c *compiler) overCombined(q *Query, whole compiled) compiled {
	output := func(e Expr) Expr {
		for i, o := range q.Select {
			if same(o.Expr, e) && i < len(whole.columns) {
				return Ref{Column: whole.columns[i].name}
			}
		}
		return e
	}
	over := Query{Limit: q.Limit, Offset: q.Offset, Ties: q.Ties}
	for _, col := range whole.columns {
		over.Select = append(over.Select, Output{Expr: Ref{Column: col.name}, As: col.name})
	}
	for _, o := range q.Order {
		over.Order = append(over.Order, Order{By: output(o.By), Desc: o.Desc})
	}
	for _, w := range q.Within {
		over.Within = append(over.Within, output(w))
	}
	s := &scope{c: c, q: &over}
	s.readFrom(whole)
	return s.plain()
}
