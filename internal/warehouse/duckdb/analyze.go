//go:build cgo && duckdb_arrow

package duckdb

import (
	"context"
	"strings"

	duck "github.com/duckdb/duckdb-go-bindings"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/sqlfacts"
)

// Analyze states the facts of sql by the engine's own syntax tree.
func (c *Conn) Analyze(ctx context.Context, sql string) (sqlfacts.Facts, error) {
	if c.s == nil {
		return sqlfacts.Facts{}, errClosed
	}
	if i := strings.IndexByte(sql, 0); i >= 0 {
		return sqlfacts.Facts{}, fault.New(fault.Rejected, "the SQL holds a NUL character").At("statement", i)
	}
	if err := tooLarge(sql); err != nil {
		return sqlfacts.Facts{}, err
	}
	tree, err := c.s.tree(ctx, sql)
	if err != nil {
		return sqlfacts.Facts{}, c.failed(ctx, err)
	}
	f, err := factsOf(sql, tree)
	if err != nil {
		return sqlfacts.Facts{}, err
	}
	c.s.addNames(sql, &f)
	return f, nil
}

const (
	maxSQL  = 128 << 10
	maxSets = 500
)

// tooLarge refuses texts that the engine would compile for a long time, or on
// a deep stack: nothing interrupts it there.
func tooLarge(sql string) error {
	if len(sql) > maxSQL {
		return fault.New(fault.Rejected, "the SQL is longer than the %d KiB that DuckDB is given", maxSQL>>10).At("statement", -1)
	}
	sets := 0
	for _, t := range lex(sql) {
		switch t.word {
		case "UNION", "INTERSECT", "EXCEPT":
			sets++
		}
		if sets > maxSets {
			return fault.New(fault.Rejected, "the SQL joins more than %d queries by UNION, INTERSECT or EXCEPT", maxSets).At("statement", t.at)
		}
	}
	return nil
}

// tree gives the syntax tree of sql as JSON.
func (s *session) tree(ctx context.Context, sql string) (string, error) {
	if s.serialize == nil {
		p, err := s.prepare(ctx, "SELECT CAST(json_serialize_sql(CAST($1 AS VARCHAR)) AS VARCHAR)")
		if err != nil {
			return "", err
		}
		s.serialize = p
	}
	if duck.BindVarchar(s.serialize.stmt, 1, sql) == duck.StateError {
		return "", &engineError{"the SQL is not valid UTF-8"}
	}
	var tree string
	err := s.each(ctx, s.serialize, func(row []string) error {
		tree = row[0]
		return nil
	})
	return tree, err
}

// addNames has the engine list the tables a SELECT names, and adds those that
// the walk over the tree took for something else, so that a mistake there
// closes a door and never opens one. Where names are concerned, the engine's
// binder has the last word on what is a common table expression.
func (s *session) addNames(sql string, f *sqlfacts.Facts) {
	if f.Statements != 1 || !f.ReadOnly {
		return
	}
	known := map[string]bool{}
	for _, t := range f.Tables {
		known[strings.ToLower(t.Name)] = true
	}
	var more []string
	for _, name := range s.names(sql) {
		if !known[strings.ToLower(name)] {
			more = append(more, name)
		}
	}
	if len(more) == 0 {
		return
	}
	// The binder also names what a view reads. That is its author's doing, and
	// the view is what the caller reads.
	inside := map[string]bool{}
	for _, t := range f.Tables {
		for _, name := range s.names("FROM " + written(t)) {
			inside[strings.ToLower(name)] = true
		}
	}
	for _, name := range more {
		if !inside[strings.ToLower(name)] {
			f.Tables = append(f.Tables, sqlfacts.Table{Name: name, Offset: -1, End: -1})
		}
	}
}

// names are the tables that the binder finds in sql, bare.
func (s *session) names(sql string) []string {
	list := duck.GetTableNames(s.conn, sql, false)
	if list.Ptr == nil {
		return nil
	}
	defer duck.DestroyValue(&list)
	var out []string
	for i := range duck.GetListSize(list) {
		v := duck.GetListChild(list, i)
		out = append(out, duck.GetVarchar(v))
		duck.DestroyValue(&v)
	}
	return out
}

// written is a table's name as SQL.
func written(t sqlfacts.Table) string {
	var parts []string
	for _, p := range []string{t.Catalog, t.Schema, t.Name} {
		if p != "" {
			parts = append(parts, ident(p))
		}
	}
	return strings.Join(parts, ".")
}
