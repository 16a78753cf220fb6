package sqlite

import (
	"context"
	"fmt"
	"strings"

	"github.com/postern/postern/internal/product"
)

// Schema introspects tables and views, in the order they were created. SQLite
// keeps no comments; the row count is an estimate by the largest rowid, or by
// ANALYZE where it was run.
func (c *Conn) Schema(ctx context.Context, tables []product.Table) (product.Schema, error) {
	if c.closed() {
		return product.Schema{}, errClosed
	}
	found, err := c.list(ctx)
	if err != nil {
		return product.Schema{}, c.cannot(ctx, err)
	}
	var out product.Schema
	for _, t := range found {
		if tables != nil && !wanted(tables, t.Table) {
			continue
		}
		if err := c.describe(ctx, &t); err != nil {
			return product.Schema{}, c.cannot(ctx, err)
		}
		out.Tables = append(out.Tables, t)
	}
	return out, nil
}

func (c *Conn) cannot(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return rejected(err)
}

func wanted(tables []product.Table, t product.Table) bool {
	for _, w := range tables {
		if strings.EqualFold(w.Name, t.Name) && (w.Schema == "" || strings.EqualFold(w.Schema, t.Schema)) {
			return true
		}
	}
	return false
}

func (c *Conn) list(ctx context.Context) ([]product.SchemaTable, error) {
	var out []product.SchemaTable
	const q = `SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY rowid`
	err := c.each(ctx, q, func(s *statement) error {
		name, _ := s.value(0).(string)
		out = append(out, product.SchemaTable{
			Table: product.Table{Schema: "main", Name: name}, View: s.value(1) == "view", Rows: -1,
		})
		return nil
	})
	return out, err
}

func (c *Conn) describe(ctx context.Context, t *product.SchemaTable) error {
	if err := c.columns(ctx, t); err != nil {
		return err
	}
	if t.View {
		return nil
	}
	if err := c.foreignKeys(ctx, t); err != nil {
		return err
	}
	// A WITHOUT ROWID table has no rowid to ask: its size stays unknown.
	_ = c.each(ctx, "SELECT max(rowid) FROM "+ident(t.Table.Name), func(s *statement) error {
		t.Rows, _ = s.value(0).(int64)
		return nil
	})
	return ctx.Err()
}

func (c *Conn) columns(ctx context.Context, t *product.SchemaTable) error {
	keys := map[int64]string{}
	// hidden 1 is a column of a virtual table that stars leave out.
	q := fmt.Sprintf(`SELECT name, type, "notnull", pk FROM pragma_table_xinfo(%s) WHERE hidden <> 1`, quoteText(t.Table.Name))
	err := c.each(ctx, q, func(s *statement) error {
		name, _ := s.value(0).(string)
		kind, _ := s.value(1).(string)
		pk, _ := s.value(3).(int64)
		if pk > 0 {
			keys[pk] = name
		}
		t.Columns = append(t.Columns, product.SchemaColumn{
			Name: name, Type: kind, Nullable: s.value(2) == int64(0) && pk == 0,
		})
		return nil
	})
	for i := int64(1); i <= int64(len(keys)); i++ {
		t.PrimaryKey = append(t.PrimaryKey, keys[i])
	}
	return err
}

// foreignKeys reads the keys in the order they were declared: SQLite lists the
// last first.
func (c *Conn) foreignKeys(ctx context.Context, t *product.SchemaTable) error {
	last := int64(-1)
	q := fmt.Sprintf(`SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(%s) ORDER BY id DESC, seq`, quoteText(t.Table.Name))
	err := c.each(ctx, q, func(s *statement) error {
		id, _ := s.value(0).(int64)
		table, _ := s.value(1).(string)
		from, _ := s.value(2).(string)
		if id != last {
			last = id
			t.ForeignKeys = append(t.ForeignKeys, product.ForeignKey{RefTable: product.Table{Schema: "main", Name: table}})
		}
		k := &t.ForeignKeys[len(t.ForeignKeys)-1]
		k.Columns = append(k.Columns, from)
		if to, ok := s.value(3).(string); ok {
			k.RefColumns = append(k.RefColumns, to)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range t.ForeignKeys {
		if k := &t.ForeignKeys[i]; len(k.RefColumns) == 0 { // REFERENCES t, without columns, means its primary key
			ref := product.SchemaTable{Table: k.RefTable}
			if err := c.columns(ctx, &ref); err != nil {
				return err
			}
			k.RefColumns = ref.PrimaryKey
		}
		t.ForeignKeys[i].Name = keyName(t.Table.Name, t.ForeignKeys[i].Columns)
	}
	return nil
}

// keyName names a key, which SQLite does not: table_column_fkey.
func keyName(table string, columns []string) string {
	return table + "_" + strings.Join(columns, "_") + "_fkey"
}

func ident(s string) string     { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
func quoteText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
