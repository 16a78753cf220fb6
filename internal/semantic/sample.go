package semantic

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// Run runs a statement and gives its rows as texts, NULL as nil. The gateway
// is one, with the caller's own credential.
type Run func(ctx context.Context, sql string) ([][]*string, error)

// Looker is a Sampler by SQL: of each table one statement to count, and one
// for the values of some columns together. It is for one pass over a model, by
// one goroutine.
type Looker struct {
	Dialect Dialect
	Run     Run
	// Deep is how many values of a text column are read, where it has no more
	// and Sample asks for less. Take is called with all values of each text
	// column of which they are known, in their order.
	Deep int
	Take func(t *Table, c *Column, values []string)

	table  string
	rows   int64
	counts map[string]int64
	found  map[string][]string
}

// together is how many columns one statement asks after: engines bound the
// terms of a UNION.
const together = 40

// Values implements Sampler. A column of unknown type is left alone: there may
// be no order among its values.
func (l *Looker) Values(ctx context.Context, t *Table, c *Column, limit int) (values []string, distinct, rows int64, err error) {
	if l.table != t.Name {
		if err := l.count(ctx, t); err != nil {
			return nil, -1, -1, err
		}
		l.found = map[string][]string{}
		if err := l.together(ctx, t, limit); err != nil && ctx.Err() != nil {
			return nil, -1, -1, err
		}
	}
	distinct, known := l.counts[c.Name]
	if !known {
		return nil, -1, l.rows, nil
	}
	values, looked := l.found[c.Name]
	if !looked { // one column that may not be read keeps the others back
		found, err := l.Run(ctx, ValuesSQL(l.Dialect, t, c, l.limit(c, limit)))
		if err != nil {
			return nil, -1, -1, err
		}
		for _, row := range found {
			if len(row) == 1 && row[0] != nil {
				values = append(values, *row[0])
			}
		}
	}
	if l.Take != nil && c.texts() && distinct >= 0 && int64(len(values)) >= distinct {
		l.Take(t, c, values)
	}
	return values[:min(len(values), limit)], distinct, l.rows, nil
}

// limit is how many values are read of a column.
func (l *Looker) limit(c *Column, limit int) int {
	if n := l.counts[c.Name]; c.texts() && n > int64(limit) && n <= int64(l.Deep) {
		return l.Deep
	}
	return limit
}

// together reads the values of a table's columns.
func (l *Looker) together(ctx context.Context, t *Table, limit int) error {
	var all []*Column
	for i := range t.Columns {
		if _, counted := l.counts[t.Columns[i].Name]; counted {
			all = append(all, &t.Columns[i])
		}
	}
	for part := range slices.Chunk(all, together) {
		terms := make([]string, len(part))
		for i, c := range part {
			n := strconv.Itoa(i)
			terms[i] = "SELECT " + n + " AS c, q" + n + ".v FROM (" + ValuesSQL(l.Dialect, t, c, l.limit(c, limit)) + ") AS q" + n
		}
		rows, err := l.Run(ctx, strings.Join(terms, " UNION ALL "))
		if err != nil {
			return err
		}
		for _, c := range part {
			l.found[c.Name] = []string{}
		}
		for _, row := range rows {
			if len(row) != 2 || row[0] == nil || row[1] == nil {
				continue
			}
			if i, err := strconv.Atoi(*row[0]); err == nil && i >= 0 && i < len(part) {
				l.found[part[i].Name] = append(l.found[part[i].Name], *row[1])
			}
		}
		for _, c := range part {
			slices.Sort(l.found[c.Name]) // a union has no order
		}
	}
	return nil
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

// texts reports whether a column may hold texts that people write.
func (c *Column) texts() bool { return c.Class == Text || c.Class == Unknown }

// ValuesSQL gives the first distinct values of a column in their order as
// texts, without NULL.
func ValuesSQL(d Dialect, t *Table, c *Column, limit int) string {
	text := "CAST(t1." + ident(c.Name) + " AS " + pick(d == SQLite, "TEXT", "VARCHAR") + ")"
	return "SELECT DISTINCT " + text + " AS v FROM " + ident(t.Name) + " AS t1 WHERE t1." + ident(c.Name) + " IS NOT NULL ORDER BY 1 LIMIT " + strconv.Itoa(limit)
}
