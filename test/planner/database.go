package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the engine that both statements run on

	"github.com/postern/postern/internal/draft"
	"github.com/postern/postern/internal/eval"
	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/semantic"
	"github.com/postern/postern/internal/warehouse"
	"github.com/postern/postern/internal/warehouse/sqlite"
)

const (
	few      = 200  // values that a model keeps of a column, as tool has it
	known    = 5000 // of a text column that a question may name, likewise
	longest  = 10 * time.Second
	mostRows = 100_000
)

// database is a file with its drafted model.
type database struct {
	db      *sql.DB
	model   *semantic.Model
	stored  *semantic.Model // without texts read as numbers
	planner *planner.Planner
	all     bool                    // every reading is settled, hopeless ones too
	ran     map[string]planner.Rows // what the statements for one question gave
}

func open(ctx context.Context, o options, name string) (*database, error) {
	path, err := filepath.Abs(filepath.Join(o.databases, name+".sqlite"))
	if err != nil {
		return nil, err
	}
	s, err := schema(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: "mode=ro&immutable=1"}).String())
	if err != nil {
		return nil, err
	}
	d := &database{db: db, model: semantic.FromSchema(s, semantic.SQLite)}
	dict := &planner.Dictionary{}
	looker := &semantic.Looker{Dialect: semantic.SQLite, Run: d.Run, Deep: known, Take: func(t *semantic.Table, c *semantic.Column, values []string) {
		for _, v := range values {
			dict.Add(t.Name, c.Name, v)
		}
	}}
	if o.draft {
		d.model, err = d.drafted(ctx, s, path)
	}
	if err == nil {
		err = d.model.Sample(ctx, looker, few)
	}
	if err == nil {
		d.model.Infer()
		d.planner, d.stored = planner.New(d.model, dict), d.model.Stored()
	}
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return d, nil
}

// drafted is the model as the server makes it of a drafted product: the spec's,
// and what introspection adds.
func (d *database) drafted(ctx context.Context, s product.Schema, path string) (*semantic.Model, error) {
	named := draft.Named(s)
	m := draft.Model(named, product.SQLite)
	if err := draft.Look(ctx, named, m, []draft.Session{d}, draft.Usual, func(draft.Progress) {}); err != nil {
		return nil, err
	}
	doc, err := draft.Spec(named, m, draft.Options{URI: (&url.URL{Scheme: "sqlite", Path: path}).String(), NoLogin: true})
	if err != nil {
		return nil, err
	}
	p, err := product.Parse(doc)
	if err != nil {
		return nil, err
	}
	m = semantic.FromProduct(p)
	m.Enrich(named)
	return m, nil
}

// schema asks the driver that the gate uses.
func schema(ctx context.Context, path string) (product.Schema, error) {
	c, err := sqlite.Driver{}.Open(ctx, product.Source{Engine: product.SQLite, Path: path}, warehouse.Login{}, nil)
	if err != nil {
		return product.Schema{}, err
	}
	s, err := c.Schema(ctx, nil)
	if e := c.Close(); err == nil {
		err = e
	}
	return s, err
}

// run runs a statement, bounded in time and rows.
func (d *database) run(ctx context.Context, statement string, most int) (t eval.Table, err error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	rows, err := d.db.QueryContext(ctx, statement)
	if err != nil {
		return t, err
	}
	defer rows.Close()
	if t.Columns, err = rows.Columns(); err != nil {
		return t, err
	}
	for rows.Next() && len(t.Rows) < most {
		row, into := make([]any, len(t.Columns)), make([]any, len(t.Columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return t, err
		}
		for i, v := range row {
			row[i] = plain(v)
		}
		t.Rows = append(t.Rows, row)
	}
	return t, rows.Err()
}

// plain undoes what the library makes of declared types.
func plain(v any) any {
	switch v := v.(type) {
	case []byte:
		return string(v)
	case time.Time:
		return v.Format(time.DateTime)
	}
	return v
}

// Run gives the rows as texts.
func (d *database) Run(ctx context.Context, statement string) ([][]*string, error) {
	t, err := d.run(ctx, statement, mostRows)
	if err != nil {
		return nil, err
	}
	return cells(t), nil
}

// cells gives a table as texts, NULL as nil.
func cells(t eval.Table) [][]*string {
	out := make([][]*string, len(t.Rows))
	for i, row := range t.Rows {
		out[i] = make([]*string, len(row))
		for j, v := range row {
			if v != nil {
				s := fmt.Sprint(v)
				out[i][j] = &s
			}
		}
	}
	return out
}
