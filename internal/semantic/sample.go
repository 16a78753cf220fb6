package semantic

import (
	"context"
	"strconv"
	"strings"
)

// Run runs a statement and gives its rows as texts, NULL as nil. The gateway
// is one, with the caller's own credential.
type Run func(ctx context.Context, sql string) ([][]*string, error)

// Looker is a Sampler by SQL: one statement a table to count, one a column for
// its values. It is for one pass over a model, by one goroutine.
type Looker struct {
	Dialect Dialect
	Run     Run

	table  string
	rows   int64
	counts map[string]int64
}

// Values implements Sampler. A column of unknown type is left alone: there may
// be no order among its values.
func (l *Looker) Values(ctx context.Context, t *Table, c *Column, limit int) (values []string, distinct, rows int64, err error) {
	if l.table != t.Name {
		if err := l.count(ctx, t); err != nil {
			return nil, -1, -1, err
		}
	}
	distinct, known := l.counts[c.Name]
	if !known {
		return nil, -1, l.rows, nil
	}
	found, err := l.Run(ctx, ValuesSQL(l.Dialect, t, c, limit))
	if err != nil {
		return nil, -1, -1, err
	}
	for _, row := range found {
		if len(row) == 1 && row[0] != nil {
			values = append(values, *row[0])
		}
	}
	return values, distinct, l.rows, nil
}

func (l *Looker) count(ctx context.Context, t *Table) error {
	l.table, l.rows, l.counts = t.Name, -1, map[string]int64{}
	statement, counted := CountSQL(t)
	found, err := l.Run(ctx, statement)
	if err != nil || len(found) != 1 || len(found[0]) != len(counted)+1 {
		return err
	}
	number := func(s *string) int64 {
		if s != nil {
			if n, err := strconv.ParseInt(*s, 10, 64); err == nil {
				return n
			}
		}
		return -1
	}
	l.rows = number(found[0][0])
	for i, name := range counted {
		l.counts[name] = number(found[0][i+1])
	}
	return nil
}

// CountSQL counts a table's rows, and the distinct values of each column that
// it names.
func CountSQL(t *Table) (sql string, columns []string) {
	terms := []string{"COUNT(*)"}
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.countable() {
			terms, columns = append(terms, "COUNT(DISTINCT t1."+ident(c.Name)+")"), append(columns, c.Name)
		}
	}
	return "SELECT " + strings.Join(terms, ", ") + " FROM " + ident(t.Name) + " AS t1", columns
}

// countable reports whether a column's values can be told apart: those of an
// unknown type only where it has no type at all, as in SQLite.
func (c *Column) countable() bool {
	return c.Class != Unknown || c.EngineType == ""
}

// ValuesSQL gives the first distinct values of a column in their order as
// texts, without NULL.
func ValuesSQL(d Dialect, t *Table, c *Column, limit int) string {
	text := "CAST(t1." + ident(c.Name) + " AS " + pick(d == SQLite, "TEXT", "VARCHAR") + ")"
	return "SELECT DISTINCT " + text + " AS v FROM " + ident(t.Name) + " AS t1 WHERE t1." + ident(c.Name) + " IS NOT NULL ORDER BY 1 LIMIT " + strconv.Itoa(limit)
}
