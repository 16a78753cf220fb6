package gateway

import (
	"context"
	"fmt"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
)

// Validate judges statements as Run would, under the caller's own credential,
// and runs none of them. A statement that is refused is an answer, with the
// fault that Run would give; the error is what keeps any from being judged.
// Each goes on record as judged. q.SQL does not count.
func (g *Gateway) Validate(ctx context.Context, c auth.Caller, q product.Query, statements []string) (_ []product.Judgement, err error) {
	q.SQL = ""
	for _, s := range statements {
		if len(s) > maxSQL {
			return nil, fault.BadField("sql_statements", "string_too_long", "a statement is longer than %d bytes", maxSQL)
		}
	}
	a, err := g.begin(ctx, c, q)
	if err != nil {
		return nil, err
	}
	defer func() { err = a.settle(err, recover()) }()

	if err := a.enter(a.mayRead); err != nil {
		return nil, err
	}
	a.does("validate", nil, "")
	if err := a.acquire(); err != nil {
		return nil, err
	}
	out := make([]product.Judgement, 0, len(statements))
	var events []audit.Event
	for _, sql := range statements {
		a.q.SQL = sql
		verdict, err := a.judge()
		if f := fault.As(err); err != nil && (f == nil || !aboutSQL(f)) {
			return nil, err
		}
		out = append(out, product.Judgement{SQL: sql, Ran: verdict.SQL, RecordSets: verdict.RecordSets, Err: err})
		events = append(events, a.judged(verdict, err))
	}
	a.validated = true
	if err := g.Record.Append(a.ctx, events...); err != nil {
		return nil, fmt.Errorf("record what was judged: %w", err)
	}
	return out, nil
}

// aboutSQL reports a fault that says something of the statement, and not that
// it could not be judged.
func aboutSQL(f *fault.Error) bool {
	return f.Lock != "" || f.Kind == fault.Rejected || f.Kind == fault.Invalid
}

func (a *attempt) judged(v policy.Verdict, err error) audit.Event {
	e := a.event(audit.QueryJudged)
	e.Credential = a.in.credential
	e.Outcome, e.Reason = outcomeOf(err)
	if f := fault.As(err); f != nil {
		e.Lock = f.Lock
	}
	if v.SQL != a.q.SQL {
		e.RanSQL = v.SQL
	}
	e.Detail["version"], e.Detail["record_sets"] = a.pr.Version, v.RecordSets
	return e
}
