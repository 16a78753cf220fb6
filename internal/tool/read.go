package tool

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/semantic"
)

// Bounds of what is looked into to know a product's values. All of it runs
// under the caller's own credential, through policy, and is on record.
const (
	fewValues  = 200       // of a column that the model keeps
	deepValues = 5_000     // of a text column that a question may name
	keptValues = 400_000   // of a product that questions may name
	manyRows   = 2_000_000 // tables that are said to be larger are not counted
	mostLooks  = 1_000     // tables of a product
	lookWithin = 20 * time.Second
)

// read gives the product's meaning and values as the caller sees them.
func read(ctx context.Context, e *Env, pr product.Product, q product.Query) (*Meaning, error) {
	q.SQL, q.Via = "", e.Via
	s, err := e.Data.Schema(ctx, e.Caller, q)
	if err != nil {
		return nil, err
	}
	m := semantic.FromProduct(pr)
	m.Enrich(s)
	means := &Meaning{Product: pr, Model: m, Schema: s}
	if m.Dialect != "" {
		if means.Values, err = look(ctx, e, m, q); err != nil {
			return nil, err
		}
	}
	m.Infer()
	m.Seal()
	return means, nil
}

// look samples the model's columns for as long as there is time; a column that
// the caller may not read, or that comes too late, stays unknown.
// It gives the values of the text columns whose values are all known.
func look(ctx context.Context, e *Env, m *semantic.Model, q product.Query) (all []Values, err error) {
	within, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	kept := 0
	s := &sampler{looker: semantic.Looker{
		Dialect: m.Dialect,
		Run: func(ctx context.Context, sql string) ([][]*string, error) {
			q.SQL = sql
			return Texts(ctx, e, q, mostTexts)
		},
		Deep: deepValues,
		Take: func(t *semantic.Table, c *semantic.Column, values []string) {
			if kept += len(values); kept <= keptValues {
				all = append(all, Values{t.Name, c.Name, values})
			}
		},
	}}
	if err := m.Sample(within, s, fewValues); err != nil {
		return nil, err
	}
	return all, ctx.Err()
}

// Values are all distinct values of a text column, in their order.
type Values struct {
	Table, Column string
	Values        []string
}

type sampler struct {
	looker semantic.Looker
	table  string
	looks  int // tables that were looked into
}

// Values implements semantic.Sampler.
func (s *sampler) Values(ctx context.Context, t *semantic.Table, c *semantic.Column, limit int) (values []string, distinct, rows int64, err error) {
	if t.Name != s.table {
		s.table = t.Name
		s.looks++
	}
	if t.Rows > manyRows || s.looks > mostLooks || ctx.Err() != nil {
		return nil, -1, -1, nil
	}
	if values, distinct, rows, err = s.looker.Values(ctx, t, c, limit); err != nil {
		return nil, -1, -1, nil // the question's own query says what is wrong, if anything is
	}
	return values, distinct, rows, nil
}

// mostTexts is more rows than any look at a table asks for.
const mostTexts = 250_000

// Texts runs a statement as the caller and gives its cells as texts, NULL as
// nil. It stops at the batch with row most.
func Texts(ctx context.Context, e *Env, q product.Query, most int) (out [][]*string, err error) {
	rows, err := e.Data.Run(ctx, e.Caller, q)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for len(out) < most {
		b, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		for i := range int(b.NumRows()) {
			row := make([]*string, b.NumCols())
			for j, col := range b.Columns() {
				if !col.IsNull(i) {
					s := col.ValueStr(i)
					row[j] = &s
				}
			}
			out = append(out, row)
		}
	}
	return out, nil
}
