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
	fewValues  = 200
	manyRows   = 2_000_000 // tables that are said to be larger are not counted
	mostLooks  = 150       // columns of a product
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
	if m.Dialect != "" {
		if err := look(ctx, e, m, q); err != nil {
			return nil, err
		}
	}
	m.Infer()
	m.Seal()
	return &Meaning{Product: pr, Model: m, Schema: s}, nil
}

// look samples the model's columns for as long as there is time; a column that
// the caller may not read, or that comes too late, stays unknown.
func look(ctx context.Context, e *Env, m *semantic.Model, q product.Query) error {
	within, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	s := &sampler{looker: semantic.Looker{Dialect: m.Dialect, Run: func(ctx context.Context, sql string) ([][]*string, error) {
		q.SQL = sql
		return Texts(ctx, e, q, mostTexts)
	}}}
	if err := m.Sample(within, s, fewValues); err != nil {
		return err
	}
	return ctx.Err()
}

type sampler struct {
	looker semantic.Looker
	looks  int
}

// Values implements semantic.Sampler.
func (s *sampler) Values(ctx context.Context, t *semantic.Table, c *semantic.Column, limit int) (values []string, distinct, rows int64, err error) {
	if t.Rows > manyRows || s.looks >= mostLooks || ctx.Err() != nil {
		return nil, -1, -1, nil
	}
	s.looks++
	if values, distinct, rows, err = s.looker.Values(ctx, t, c, limit); err != nil {
		return nil, -1, -1, nil // the question's own query says what is wrong, if anything is
	}
	return values, distinct, rows, nil
}

// mostTexts is more rows than any look at a column asks for.
const mostTexts = 10_000

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
