//go:build cgo && duckdb_arrow

package duckdb

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/product"
)

// Schema introspects the attached file's tables and views with their comments
// and keys. Row counts are the engine's estimate.
func (c *Conn) Schema(ctx context.Context, tables []product.Table) (product.Schema, error) {
	if c.s == nil {
		return product.Schema{}, errClosed
	}
	b := builder{c: c, ctx: ctx, wanted: tables, at: map[string]int{}}
	for _, step := range []func() error{b.relations, b.columns, b.constraints} {
		if err := step(); err != nil {
			return product.Schema{}, c.failed(ctx, err)
		}
	}
	return product.Schema{Tables: b.tables}, nil
}

// builder puts a schema together, table by table.
type builder struct {
	c      *Conn
	ctx    context.Context //nolint:containedctx // lives as long as one call
	wanted []product.Table
	tables []product.SchemaTable
	at     map[string]int // schema and name: index in tables
}

// read runs a query over the catalog functions; its %s is the attached
// catalog's name.
func (b *builder) read(sql string, f func(row []string) error) error {
	p, err := b.c.s.prepare(b.ctx, fmt.Sprintf(sql, quoteText(b.c.instance.catalog)))
	if err != nil {
		return err
	}
	defer p.close()
	return b.c.s.each(b.ctx, p, f)
}

func (b *builder) wants(t product.Table) bool {
	if b.wanted == nil {
		return true
	}
	for _, w := range b.wanted {
		if strings.EqualFold(w.Name, t.Name) && (w.Schema == "" || strings.EqualFold(w.Schema, t.Schema)) {
			return true
		}
	}
	return false
}

func (b *builder) relations() error {
	const q = `SELECT schema_name, name, coalesce(comment, ''), kind, n::VARCHAR FROM (
		SELECT database_name, schema_name, table_name AS name, comment, 'table' AS kind, estimated_size AS n, table_oid AS oid, internal FROM duckdb_tables()
		UNION ALL SELECT database_name, schema_name, view_name, comment, 'view', -1, view_oid, internal FROM duckdb_views())
		WHERE database_name = %s AND NOT internal ORDER BY schema_name, kind, oid`
	return b.read(q, func(row []string) error {
		t := product.SchemaTable{
			Table: product.Table{Schema: row[0], Name: row[1]}, Description: row[2], View: row[3] == "view",
		}
		if !b.wants(t.Table) {
			return nil
		}
		n, err := strconv.ParseInt(row[4], 10, 64)
		if err != nil {
			n = -1
		}
		t.Rows = n
		b.at[row[0]+"\x00"+row[1]] = len(b.tables)
		b.tables = append(b.tables, t)
		return nil
	})
}

// table finds a table by its schema and name; nil when it is not wanted.
func (b *builder) table(schema, name string) *product.SchemaTable {
	if i, ok := b.at[schema+"\x00"+name]; ok {
		return &b.tables[i]
	}
	return nil
}

func (b *builder) columns() error {
	const q = `SELECT schema_name, table_name, column_name, data_type, is_nullable::VARCHAR, coalesce(comment, '')
		FROM duckdb_columns() WHERE database_name = %s AND NOT internal ORDER BY schema_name, table_name, column_index`
	return b.read(q, func(row []string) error {
		if t := b.table(row[0], row[1]); t != nil {
			t.Columns = append(t.Columns, product.SchemaColumn{
				Name: row[2], Type: row[3], Nullable: row[4] == "true", Description: row[5],
			})
		}
		return nil
	})
}

func (b *builder) constraints() error {
	const q = `SELECT schema_name, table_name, constraint_type, coalesce(constraint_name, ''), CAST(to_json(constraint_column_names) AS VARCHAR),
		coalesce(referenced_table, ''), CAST(to_json(referenced_column_names) AS VARCHAR)
		FROM duckdb_constraints() WHERE database_name = %s AND constraint_type IN ('PRIMARY KEY', 'FOREIGN KEY')
		ORDER BY schema_name, table_name, constraint_index`
	return b.read(q, func(row []string) error {
		t := b.table(row[0], row[1])
		if t == nil {
			return nil
		}
		columns, err := names(row[4])
		if err != nil {
			return err
		}
		if row[2] == "PRIMARY KEY" {
			t.PrimaryKey = columns
			return nil
		}
		refs, err := names(row[6])
		if err != nil {
			return err
		}
		t.ForeignKeys = append(t.ForeignKeys, product.ForeignKey{
			Name: row[3], Columns: columns,
			RefTable: product.Table{Schema: row[0], Name: row[5]}, RefColumns: refs, // DuckDB has no keys across schemas
		})
		return nil
	})
}

func names(list string) ([]string, error) {
	var out []string
	if err := json.Unmarshal([]byte(list), &out); err != nil {
		return nil, fmt.Errorf("read a key's columns: %w", err)
	}
	return out, nil
}
