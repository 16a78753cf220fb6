package agent

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/semantic"
	"github.com/postern/postern/internal/tool"
)

// settleWithin bounds the statements that decide between readings, together.
const settleWithin = 10 * time.Second

// settle runs a reading and its rivals as the caller, as far as it takes to
// see whether they give the same rows. What does not run, or not in time,
// stays unknown.
func (r reading) settle(ctx context.Context, e *tool.Env, in queryInput, a planner.Answer) planner.Answer {
	ctx, span := beginSpan(ctx, "settle readings", trace.SpanKindInternal)
	defer func() { endSpan(ctx, span, ctx.Err()) }()
	within, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	q := product.Query{ProductID: in.DataProductID, Version: in.DataProductVersion, AuthID: in.AuthID, Via: e.Via}
	ran := map[string]planner.Rows{}
	rows := r.rows(within, e, q, a.Query, r.model, ran)
	checked := make([]planner.Rows, len(a.Checks))
	for i, c := range a.Checks {
		m := r.model
		if c.Stored {
			m = r.model.Stored()
		}
		if rows.Known {
			checked[i] = r.rows(within, e, q, c.Query, m, ran)
		}
	}
	return r.planner.Settle(a, rows, checked)
}

// rows gives a query's rows; no statement runs twice.
func (r reading) rows(ctx context.Context, e *tool.Env, q product.Query, query semantic.Query, m *semantic.Model, ran map[string]planner.Rows) (rows planner.Rows) {
	s, err := semantic.Compile(query, m, m.Dialect)
	if err != nil {
		return rows
	}
	rows, again := ran[s.SQL]
	if again {
		return rows
	}
	q.SQL = s.SQL
	if cells, err := tool.Texts(ctx, e, q, planner.MostRows+1); err == nil && len(cells) <= planner.MostRows {
		rows = planner.Rows{Cells: cells, Known: true}
	}
	ran[s.SQL] = rows
	return rows
}
