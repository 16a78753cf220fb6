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

// probeWithin bounds the statements that look for a question's names, together.
const probeWithin = 3 * time.Second

// probed looks, as the caller, for the names of a question in the columns that
// have too many values to know them all. What is found is known for this
// question only; what may not be read, or comes too late, stays unknown.
func (r reading) probed(ctx context.Context, e *tool.Env, in queryInput) reading {
	probes := r.planner.Probes(in.Message)
	if len(probes) == 0 || r.model.Dialect == "" {
		return r
	}
	ctx, span := beginSpan(ctx, "look for names", trace.SpanKindInternal)
	defer func() { endSpan(ctx, span, nil) }()
	within, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	var found []planner.Hit
	for _, p := range probes {
		s, err := semantic.Compile(p.Query, r.model, r.model.Dialect)
		if err != nil || within.Err() != nil {
			continue
		}
		cells, err := tool.Texts(within, e, product.Query{ProductID: in.DataProductID, Version: in.DataProductVersion, AuthID: in.AuthID, Via: e.Via, SQL: s.SQL}, planner.ProbedValues)
		if err != nil {
			continue
		}
		for _, row := range cells {
			if len(row) == 1 && row[0] != nil {
				found = append(found, planner.Hit{Table: p.Table, Column: p.Column, Value: *row[0]})
			}
		}
	}
	r.planner = r.planner.With(found)
	return r
}
