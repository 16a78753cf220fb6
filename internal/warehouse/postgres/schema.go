package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/warehouse"
)

// visible is what the login may read: a table of its own schemas of which it
// may select at least one column. $1 is a JSON list of [schema, name] pairs,
// or null for all; an empty schema is any.
const visible = `
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname !~ '^pg_(temp|toast_temp)_'
  AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
  AND (pg_catalog.has_table_privilege(c.oid, 'SELECT') OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT'))
  AND ($1::pg_catalog.json IS NULL OR EXISTS (
    SELECT 1 FROM pg_catalog.json_array_elements($1::pg_catalog.json) AS w(want)
    WHERE w.want->>1 = c.relname AND w.want->>0 IN ('', n.nspname)))`

const tablesSQL = `
SELECT c.oid::text, n.nspname::text, c.relname::text, (c.relkind IN ('v', 'm'))::text,
  (CASE WHEN c.relkind IN ('r', 'm') AND c.reltuples >= 0 THEN c.reltuples ELSE -1 END)::bigint::text,
  pg_catalog.obj_description(c.oid, 'pg_class')` + visible + ` ORDER BY 2, 3`

const columnsSQL = `
SELECT v.oid::text, a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), (NOT a.attnotnull)::text,
  pg_catalog.col_description(v.oid, a.attnum)
FROM (SELECT c.oid` + visible + `) v
JOIN pg_catalog.pg_attribute a ON a.attrelid = v.oid
WHERE a.attnum > 0 AND NOT a.attisdropped AND pg_catalog.has_column_privilege(v.oid, a.attnum, 'SELECT')
ORDER BY v.oid, a.attnum`

// A foreign key to a table the login may not read is not shown.
const keysSQL = `
SELECT v.oid::text, k.contype::text, k.conname::text, rn.nspname::text, rc.relname::text,
  (SELECT pg_catalog.json_agg(a.attname ORDER BY u.i) FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY u(num, i)
     JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num)::text,
  (SELECT pg_catalog.json_agg(a.attname ORDER BY u.i) FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY u(num, i)
     JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num)::text
FROM (SELECT c.oid` + visible + `) v
JOIN pg_catalog.pg_constraint k ON k.conrelid = v.oid AND k.contype IN ('p', 'f')
LEFT JOIN pg_catalog.pg_class rc ON rc.oid = k.confrelid
LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid = rc.relnamespace
WHERE k.contype = 'p' OR pg_catalog.has_schema_privilege(rn.oid, 'USAGE')
  AND (pg_catalog.has_table_privilege(rc.oid, 'SELECT') OR pg_catalog.has_any_column_privilege(rc.oid, 'SELECT'))
ORDER BY v.oid, k.contype DESC, k.conname`

// Schema introspects what the login may see.
func (c *Conn) Schema(ctx context.Context, tables []product.Table) (product.Schema, error) {
	want, err := wanted(tables)
	if err != nil {
		return product.Schema{}, err
	}
	in := introspection{at: map[string]int{}}
	for _, step := range []struct {
		sql string
		add func(row []string) error
	}{{tablesSQL, in.table}, {columnsSQL, in.column}, {keysSQL, in.key}} {
		if err := c.each(ctx, step.sql, want, step.add); err != nil {
			return product.Schema{}, err
		}
	}
	return in.schema, nil
}

// wanted is $1: nil for all tables.
func wanted(tables []product.Table) ([]byte, error) {
	if tables == nil {
		return nil, nil
	}
	pairs := make([][2]string, len(tables))
	for i, t := range tables {
		pairs[i] = [2]string{t.Schema, t.Name}
	}
	return json.Marshal(pairs)
}

// each runs one of the queries above, whose columns are all text.
func (c *Conn) each(ctx context.Context, sql string, param []byte, add func([]string) error) error {
	r, err := c.query(ctx, sql, [][]byte{param}, warehouse.Limits{})
	if err != nil {
		return fmt.Errorf("introspect: %w", err)
	}
	defer r.Close()
	for {
		b, err := r.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("introspect: %w", err)
		}
		row := make([]string, b.NumCols())
		for i := range int(b.NumRows()) {
			for j := range row {
				row[j] = ""
				if col := b.Column(j); col.IsValid(i) {
					row[j] = col.(*array.String).Value(i) //nolint:forcetypeassert // the queries cast to text
				}
			}
			if err := add(row); err != nil {
				return err
			}
		}
	}
}

type introspection struct {
	schema product.Schema
	at     map[string]int // by oid
}

func (in *introspection) table(row []string) error {
	n, err := strconv.ParseInt(row[4], 10, 64)
	if err != nil {
		return err
	}
	in.at[row[0]] = len(in.schema.Tables)
	in.schema.Tables = append(in.schema.Tables, product.SchemaTable{
		Table: product.Table{Schema: row[1], Name: row[2]}, View: row[3] == "true", Rows: n, Description: row[5],
	})
	return nil
}

// of gives the table with the oid; nil if it came into being since.
func (in *introspection) of(oid string) *product.SchemaTable {
	if i, ok := in.at[oid]; ok {
		return &in.schema.Tables[i]
	}
	return nil
}

func (in *introspection) column(row []string) error {
	if t := in.of(row[0]); t != nil {
		t.Columns = append(t.Columns, product.SchemaColumn{Name: row[1], Type: row[2], Nullable: row[3] == "true", Description: row[4]})
	}
	return nil
}

func (in *introspection) key(row []string) error {
	t := in.of(row[0])
	if t == nil {
		return nil
	}
	var columns, refs []string
	if err := json.Unmarshal([]byte(row[5]), &columns); err != nil {
		return err
	}
	if row[1] == "p" {
		t.PrimaryKey = columns
		return nil
	}
	if err := json.Unmarshal([]byte(row[6]), &refs); err != nil {
		return err
	}
	t.ForeignKeys = append(t.ForeignKeys, product.ForeignKey{
		Name: row[2], Columns: columns, RefTable: product.Table{Schema: row[3], Name: row[4]}, RefColumns: refs,
	})
	return nil
}
