package draft

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/semantic"
)

// Bounds keep a look into a warehouse short.
type Bounds struct {
	Rows   int           // of a table that are looked at; a table with more is not counted
	Table  time.Duration // for each statement
	Within time.Duration // for all tables
}

// Usual are the bounds of a draft.
var Usual = Bounds{Rows: 100_000, Table: 10 * time.Second, Within: 5 * time.Minute}

// Session runs statements in the warehouse, one at a time.
type Session interface {
	// Run gives the rows as texts, NULL as nil. It stops on ctx.
	Run(ctx context.Context, sql string) ([][]*string, error)
}

// Progress is how far a look is.
type Progress struct {
	Done, Total int // tables
	Rows        int64
	Table       string // that was looked at last; "" when the time is up
	Skipped     string // why it was not, or not whole; "" when it was
}

// wide is how many columns one statement asks after: engines bound the terms
// of a SELECT and of a UNION.
const wide = 100

// Look reads each table's number of rows, and of its columns how many distinct
// values there are and the first of them: two statements a table, over as many
// sessions as there are. Views are left alone, as nobody knows what they cost.
// What it finds goes into the model, and Infer guesses the rest. A table that
// cannot be read stays unknown, and tell says so; only the end of ctx is an
// error. tell is called by one goroutine at a time.
func Look(ctx context.Context, s product.Schema, m *semantic.Model, sessions []Session, b Bounds, tell func(Progress)) error {
	l := &look{model: m, bounds: b, tell: tell, found: map[string]map[string]seen{}, rows: map[string]int64{}, partly: map[string]bool{}}
	var todo []product.SchemaTable
	for _, st := range s.Tables {
		if !st.View && m.Dialect != "" {
			todo = append(todo, st)
		}
	}
	l.at.Total = len(todo)
	within, cancel := context.WithTimeout(ctx, b.Within)
	defer cancel()
	work := make(chan product.SchemaTable)
	var wg sync.WaitGroup
	for _, session := range sessions {
		wg.Go(func() {
			for st := range work {
				l.table(within, session, st)
			}
		})
	}
	for _, st := range todo {
		select {
		case work <- st:
		case <-within.Done():
		}
	}
	close(work)
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	if left := l.at.Total - l.at.Done; left > 0 {
		l.at.Table, l.at.Skipped = "", strconv.Itoa(left)+" tables are left uncounted: the time is up"
		tell(l.at)
	}
	if err := m.Sample(ctx, l, Few); err != nil {
		return err
	}
	l.settle()
	m.InferExcept(l.others(within, s, sessions))
	l.contained(within, s, sessions)
	return ctx.Err()
}

type look struct {
	model  *semantic.Model
	bounds Bounds

	mu     sync.Mutex
	tell   func(Progress)
	at     Progress
	found  map[string]map[string]seen
	rows   map[string]int64
	partly map[string]bool // tables with more rows than were looked at
}

// seen is what was found of a column.
type seen struct {
	values   []string
	distinct int64
}

// Values implements semantic.Sampler by what was found before.
func (l *look) Values(_ context.Context, t *semantic.Table, c *semantic.Column, _ int) (values []string, distinct, rows int64, err error) {
	rows, known := l.rows[t.Name]
	if !known || l.partly[t.Name] {
		rows = -1
	}
	s, ok := l.found[t.Name][c.Name]
	if !ok {
		return nil, -1, rows, nil
	}
	return s.values, s.distinct, rows, nil
}

// settle takes back what a part of a table does not tell.
func (l *look) settle() {
	for i := range l.model.Tables {
		t := &l.model.Tables[i]
		if !l.partly[t.Name] {
			continue
		}
		for j := range t.Columns {
			c := &t.Columns[j]
			if !c.Complete {
				c.Values = nil
			}
			c.Complete, c.Distinct = false, -1
		}
	}
}

func (l *look) table(ctx context.Context, session Session, st product.SchemaTable) {
	t, ok := l.model.Table(st.RecordSet)
	if !ok {
		return
	}
	var columns []semantic.Column
	for _, c := range t.Columns {
		if c.Class != semantic.Unknown || c.EngineType == "" {
			columns = append(columns, c)
		}
	}
	found, rows, why := map[string]seen{}, int64(-1), ""
	for part := range slices.Chunk(columns, wide) {
		n, err := l.columns(ctx, session, st.Table, part, found)
		rows = max(rows, n)
		if err != nil {
			why = "it cannot be read: " + err.Error()
			if errors.Is(err, context.DeadlineExceeded) {
				why = "it takes too long"
			}
			break
		}
	}
	if ctx.Err() != nil {
		return // half a table is none
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.found[t.Name] = found
	if rows >= 0 {
		l.rows[t.Name], l.partly[t.Name] = rows, rows > int64(l.bounds.Rows)
	}
	l.at.Done, l.at.Rows, l.at.Table, l.at.Skipped = l.at.Done+1, l.at.Rows+max(rows, 0), t.Name, why
	if why == "" && l.partly[t.Name] {
		l.at.Skipped = "its first " + strconv.Itoa(l.bounds.Rows) + " rows were looked at"
	}
	l.tell(l.at)
}

// columns looks at some columns together, and where that fails at each half of
// them: a login may read one column and not the next.
func (l *look) columns(ctx context.Context, session Session, from product.Table, columns []semantic.Column, into map[string]seen) (rows int64, err error) {
	rows, err = l.together(ctx, session, from, columns, into)
	if err == nil || ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) || len(columns) == 1 {
		return rows, err
	}
	half := len(columns) / 2
	a, errA := l.columns(ctx, session, from, columns[:half], into)
	b, errB := l.columns(ctx, session, from, columns[half:], into)
	if errA != nil && errB != nil || ctx.Err() != nil {
		return max(a, b), cmp.Or(errA, errB)
	}
	return max(a, b), nil
}

func (l *look) together(ctx context.Context, session Session, from product.Table, columns []semantic.Column, into map[string]seen) (rows int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.bounds.Table)
	defer cancel()
	counts, err := session.Run(ctx, countSQL(from, columns, l.bounds.Rows+1))
	if err != nil || len(counts) != 1 || len(counts[0]) != len(columns)+1 {
		return -1, cmp.Or(ctx.Err(), err)
	}
	if rows = parsed(counts[0][0]); rows == 0 {
		for _, c := range columns {
			into[c.Name] = seen{values: []string{}}
		}
		return 0, nil
	}
	var ask []semantic.Column
	for i, c := range columns {
		s := seen{values: []string{}, distinct: parsed(counts[0][i+1])}
		if l.tells(c, s.distinct) {
			ask = append(ask, c)
		}
		into[c.Name] = s
	}
	return rows, l.values(ctx, session, from, ask, into)
}

// tells reports whether the values of a column say more than their number: few
// of them are all there are, and texts may hold only numbers or, in SQLite,
// anything.
func (l *look) tells(c semantic.Column, distinct int64) bool {
	return distinct > 0 && (distinct <= Few || c.Class == semantic.Text || l.model.Dialect == semantic.SQLite)
}

func (l *look) values(ctx context.Context, session Session, from product.Table, columns []semantic.Column, into map[string]seen) error {
	if len(columns) == 0 {
		return nil
	}
	values, err := session.Run(ctx, valuesSQL(l.model.Dialect, from, columns, l.bounds.Rows+1))
	if err != nil {
		return cmp.Or(ctx.Err(), err)
	}
	for _, row := range values {
		if i := parsed(row[0]); i >= 0 && int(i) < len(columns) && row[1] != nil {
			s := into[columns[i].Name]
			s.values = append(s.values, *row[1])
			into[columns[i].Name] = s
		}
	}
	for _, c := range columns {
		slices.Sort(into[c.Name].values) // as bytes: the warehouse's collation may be any
	}
	return nil
}

func parsed(s *string) int64 {
	if s != nil {
		if n, err := strconv.ParseInt(*s, 10, 64); err == nil {
			return n
		}
	}
	return -1
}

// part is the first rows of a table, with the columns that are looked at.
func part(t product.Table, columns []semantic.Column, rows int) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = quoted(c.Name)
	}
	name := quoted(t.Name)
	if t.Schema != "" {
		name = quoted(t.Schema) + "." + name
	}
	return "(SELECT " + strings.Join(names, ", ") + " FROM " + name + " LIMIT " + strconv.Itoa(rows) + ") AS t"
}

func countSQL(t product.Table, columns []semantic.Column, rows int) string {
	terms := []string{"COUNT(*)"}
	for _, c := range columns {
		terms = append(terms, "COUNT(DISTINCT "+quoted(c.Name)+")")
	}
	return "SELECT " + strings.Join(terms, ", ") + " FROM " + part(t, columns, rows)
}

// valuesSQL gives the first distinct values of each column, and one more than
// are kept, with the column's number.
func valuesSQL(d semantic.Dialect, t product.Table, columns []semantic.Column, rows int) string {
	of := make([]string, len(columns))
	for i, c := range columns {
		text := "CAST(" + quoted(c.Name) + " AS " + pick(d == semantic.SQLite, "TEXT", "VARCHAR") + ")"
		of[i] = "SELECT " + strconv.Itoa(i) + " AS c, v FROM (SELECT DISTINCT " + text + " AS v FROM " + part(t, columns[i:i+1], rows) +
			" WHERE " + quoted(c.Name) + " IS NOT NULL ORDER BY 1 LIMIT " + strconv.Itoa(Few+1) + ") AS v" + strconv.Itoa(i)
	}
	return strings.Join(of, " UNION ALL ")
}

func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
