package gateway

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/warehouse"
)

// Bounds of the sample values: enough to show what a column holds, and never
// enough to be a way around the query's record.
const (
	sampleRows    = 20
	sampleValues  = 5
	sampleChars   = 80
	sampleColumns = 60
	sampleTables  = 50
	sampleTime    = 10 * time.Second // for all tables together
)

// Schema gives the product's record sets with their columns and sample values,
// seen under the caller's own credential. Of q, ProductID, Version, AuthID,
// AuthMode, PreSQL and Via count.
func (g *Gateway) Schema(ctx context.Context, c auth.Caller, q product.Query) (_ product.Schema, err error) {
	q.SQL, q.Limit = "", 0
	a, err := g.begin(ctx, c, q)
	if err != nil {
		return product.Schema{}, err
	}
	a.schema = true
	defer func() { err = a.settle(err, recover()) }()

	if err := a.enter(a.mayRead); err != nil {
		return product.Schema{}, err
	}
	if err := a.acquire(); err != nil {
		return product.Schema{}, err
	}
	pr := *a.pr
	if err := a.judgePre(); err != nil {
		return product.Schema{}, err
	}
	if err := a.startSchema(); err != nil {
		return product.Schema{}, err
	}
	found, err := a.lease.Schema(a.ctx, tablesOf(pr))
	if err != nil {
		return product.Schema{}, a.engine(err)
	}
	s := present(pr, found)
	a.sample(pr, a.in.source.Engine, s)
	if a.ctx.Err() != nil {
		return product.Schema{}, a.engine(a.ctx.Err())
	}
	return s, nil
}

// startSchema puts on record what is about to be read.
func (a *attempt) startSchema() error {
	pr := a.pr
	e := a.event(audit.SchemaRead)
	e.ID, e.Credential = audit.NewID(a.g.now()), a.in.credential
	names := make([]string, 0, len(pr.RecordSets))
	for _, rs := range pr.RecordSets {
		names = append(names, setName(rs))
	}
	e.Detail["version"], e.Detail["record_sets"], e.Detail["sample_rows"] = pr.Version, names, sampleRows
	if err := a.g.Record.Append(a.ctx, e); err != nil {
		return fmt.Errorf("record the reading: %w", err)
	}
	a.started = e
	a.recorded(e.ID)
	a.does("schema", nil, "")
	return nil
}

func tablesOf(pr product.Product) []product.Table {
	tables := make([]product.Table, 0, len(pr.RecordSets))
	for _, rs := range pr.RecordSets {
		if !slices.Contains(tables, rs.Table) {
			tables = append(tables, rs.Table)
		}
	}
	return tables
}

// present shows what introspection found as the product names it: its record
// sets only, of those the columns it lists (all, where it lists none).
func present(pr product.Product, found product.Schema) product.Schema {
	var s product.Schema
	for _, rs := range pr.RecordSets {
		i := slices.IndexFunc(found.Tables, func(t product.SchemaTable) bool { return sameTable(rs.Table, t.Table) })
		if i < 0 {
			continue // the login does not see it
		}
		t := found.Tables[i]
		t.RecordSet = setName(rs)
		if rs.Description != "" {
			t.Description = rs.Description
		}
		t.Columns = columnsOf(rs, t.Columns)
		if !shows(t.Columns, t.PrimaryKey) {
			t.PrimaryKey = nil
		}
		t.ForeignKeys = slices.DeleteFunc(slices.Clone(t.ForeignKeys), func(k product.ForeignKey) bool {
			return !shows(t.Columns, k.Columns)
		})
		s.Tables = append(s.Tables, t)
	}
	return s
}

// sameTable compares names as far as the spec gives them.
func sameTable(spec, found product.Table) bool {
	same := func(a, b string) bool { return a == "" || b == "" || strings.EqualFold(a, b) }
	return strings.EqualFold(spec.Name, found.Name) && same(spec.Schema, found.Schema) && same(spec.Database, found.Database)
}

func columnsOf(rs product.RecordSet, found []product.SchemaColumn) []product.SchemaColumn {
	out := make([]product.SchemaColumn, 0, len(found))
	for _, c := range found {
		i := slices.IndexFunc(rs.Columns, func(o product.Column) bool { return strings.EqualFold(o.Name, c.Name) })
		if i < 0 && len(rs.Columns) > 0 {
			continue
		}
		if i >= 0 && rs.Columns[i].Description != "" {
			c.Description = rs.Columns[i].Description
		}
		out = append(out, c)
	}
	return out
}

func shows(cols []product.SchemaColumn, names []string) bool {
	for _, n := range names {
		if !slices.ContainsFunc(cols, func(c product.SchemaColumn) bool { return strings.EqualFold(c.Name, n) }) {
			return false
		}
	}
	return true
}

// sample fills in sample values. It reads them as a query of the caller would:
// through the judge, with the caller's login and limits. A table that cannot
// be read stays without.
func (a *attempt) sample(pr product.Product, engine product.Engine, s product.Schema) {
	ctx, cancel := context.WithTimeout(a.ctx, sampleTime)
	defer cancel()
	for i := range s.Tables[:min(len(s.Tables), sampleTables)] {
		if ctx.Err() != nil {
			return
		}
		t := &s.Tables[i]
		head, err := a.sampleTable(ctx, pr, sampleSQL(engine, t))
		if err != nil {
			continue
		}
		for j := range head.Columns {
			t.Columns[j].Samples = samplesOf(head.Rows, j)
		}
	}
}

func (a *attempt) sampleTable(ctx context.Context, pr product.Product, sql string) (result.Table, error) {
	verdict, err := judgeOn(ctx, a.lease, pr, sql, fromWarehouse)
	if err != nil {
		return result.Table{}, err
	}
	rows, err := a.lease.Query(ctx, verdict.SQL, warehouse.Limits{Rows: sampleRows, Timeout: sampleTime, Pre: a.q.PreSQL})
	if err != nil {
		return result.Table{}, err
	}
	return result.Head(ctx, rows, sampleRows, 1<<20)
}

func sampleSQL(engine product.Engine, t *product.SchemaTable) string {
	quote := byte('"')
	if slices.Contains([]product.Engine{product.MySQL, product.MariaDB, product.BigQuery, product.Databricks, product.ClickHouse}, engine) {
		quote = '`'
	}
	var b strings.Builder
	b.WriteString("SELECT ")
	for i, c := range t.Columns[:min(len(t.Columns), sampleColumns)] {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quoted(c.Name, quote))
	}
	b.WriteString(" FROM " + quoted(t.RecordSet, quote))
	if engine != product.SQLServer && engine != product.Oracle { // they spell it otherwise; the driver stops anyway
		b.WriteString(" LIMIT " + strconv.Itoa(sampleRows))
	}
	return b.String()
}

func quoted(name string, quote byte) string {
	q := string(quote)
	return q + strings.ReplaceAll(name, q, q+q) + q
}

// samplesOf gives a column's different values, short ones.
func samplesOf(rows [][]any, col int) []string {
	var out []string
	for _, row := range rows {
		if v := sampleText(row[col]); v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
		if len(out) == sampleValues {
			break
		}
	}
	return out
}

func sampleText(v any) string {
	var s string
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		s = v
	default:
		b, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		s = string(b)
	}
	if r := []rune(s); len(r) > sampleChars {
		return string(r[:sampleChars]) + "…"
	}
	return s
}

// setName is how SQL calls a record set.
func setName(rs product.RecordSet) string { return cmp.Or(rs.Name, rs.Key) }
