package agent

import (
	"context"
	"time"

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
	within, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	q := product.Query{ProductID: in.DataProductID, Version: in.DataProductVersion, AuthID: in.AuthID, Via: e.Via}
	rows := r.rows(within, e, q, a.Query, r.model)
	checked := make([]planner.Rows, len(a.Checks))
	for i, c := range a.Checks {
		m := r.model
		if c.Stored {
			m = r.model.Stored()
		}
		if rows.Known {
			checked[i] = r.rows(within, e, q, c.Query, m)
		}
	}
	return r.planner.Settle(a, rows, checked)
}

func (r reading) rows(ctx context.Context, e *tool.Env, q product.Query, query semantic.Query, m *semantic.Model) planner.Rows {
	s, err := semantic.Compile(query, m, m.Dialect)
	if err != nil {
		return planner.Rows{}
	}
	q.SQL = s.SQL
	cells, err := tool.Texts(ctx, e, q, planner.MostRows+1)
	if err != nil || len(cells) > planner.MostRows {
		return planner.Rows{}
	}
	return planner.Rows{Cells: cells, Known: true}
}
