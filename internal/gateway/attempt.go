package gateway

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/credential"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/sqlfacts"
	"github.com/postern/postern/internal/stack"
	"github.com/postern/postern/internal/warehouse"
)

// Limits of what a caller sends.
const (
	maxSQL  = 512 << 10
	maxName = 255 // ids as they go on record before anyone knows them
)

// attempt is one query on its way. It ends exactly once: by settle, when it
// fails on the way, or by its rows.
type attempt struct {
	g       *Gateway
	ctx     context.Context // ends at the timeout, at shutdown, or with the request
	cancel  context.CancelCauseFunc
	stop    context.CancelFunc // of the timeout
	q       product.Query
	caller  auth.Caller
	pr      *product.Product // once the caller may use it; here, since many wait on small stacks
	in      access
	seen    int64 // the change counter at which all of this held
	began   time.Time
	on      product.Engine
	span    trace.Span
	lease   *warehouse.Lease
	started audit.Event // ID is set once the query is on record as started
	schema  bool        // reads the schema, and is on record as that
	// validated: nothing was to run, and what was judged is on record.
	validated bool
	streams   bool
	counted   bool // against the caller's limits
	ended     bool
}

var (
	errTimeout  = errors.New("the query's time is up")
	errShutdown = errors.New("the server is stopping")
)

// begin enters the query among those under way.
func (g *Gateway) begin(ctx context.Context, c auth.Caller, q product.Query) (*attempt, error) {
	a := &attempt{g: g, q: q, caller: c, began: g.now()}
	if g.Changes != nil {
		a.seen, _ = g.Changes(ctx)
	}
	ctx, a.span = beginSpan(ctx)
	ctx, a.stop = context.WithTimeoutCause(auth.WithCaller(ctx, c), g.timeout(), errTimeout)
	a.ctx, a.cancel = context.WithCancelCause(ctx)
	if err := g.live.enter(a); err != nil {
		a.cancel(nil)
		a.stop()
		a.endSpan(err, 0)
		return nil, err
	}
	err := checkQuery(q)
	if err == nil {
		err = g.quotas.enter(c, a.began)
		a.counted = err == nil
	}
	if err != nil {
		return nil, a.settle(err, nil)
	}
	return a, nil
}

// checkQuery refuses what could not even go on record as it is.
func checkQuery(q product.Query) error {
	switch {
	case len(q.SQL) > maxSQL || len(q.PreSQL) > maxSQL:
		return fault.BadField("sql", "string_too_long", "the statement is longer than %d bytes", maxSQL)
	case len(q.ProductID) > maxName || len(q.Version) > maxName || len(q.AuthID) > maxName:
		return fault.New(fault.NotFound, "data product not found")
	case q.Limit < 0:
		return fault.BadField("limit", "greater_than_equal", "Input should be greater than or equal to 0")
	case q.AuthMode != "" && q.AuthMode != "default":
		return fault.New(fault.Denied, "auth_mode %.40q is not available: this server has no extraction account of a data source; queries run with the caller's own credential", q.AuthMode)
	}
	return nil
}

func (g *Gateway) now() time.Time {
	if g.Now != nil {
		return g.Now()
	}
	return time.Now()
}

func (g *Gateway) timeout() time.Duration {
	if g.Timeout > 0 {
		return g.Timeout
	}
	return 10 * time.Minute
}

// limit is how many rows this query may give; 0 is all.
func (a *attempt) limit() int64 {
	if a.g.RowCap > 0 && (a.q.Limit == 0 || a.q.Limit > a.g.RowCap) {
		return a.g.RowCap
	}
	return a.q.Limit
}

// limits are what the driver gets: one row more than the limit, which is how
// the stream knows that there was more.
func (a *attempt) limits() warehouse.Limits {
	l := warehouse.Limits{Timeout: a.g.timeout(), Pre: a.q.PreSQL}
	if n := a.limit(); n > 0 {
		l.Rows = n + 1
	}
	return l
}

// mayRun gives the product of a query, or of a verified one with its SQL.
func (a *attempt) mayRun() (product.Product, error) {
	pr, err := a.g.mayRun(a.ctx, a.caller, a.q)
	if err == nil {
		err = a.g.bind(pr, &a.q)
	}
	return pr, err
}

// mayRead gives a product that the caller may query at will.
func (a *attempt) mayRead() (product.Product, error) {
	return a.g.may(a.ctx, a.caller, policy.Run, a.q.ProductID, a.q.Version)
}

// enter keeps the product, once the caller may use it, and finds the caller's
// credential for it.
func (a *attempt) enter(may func() (product.Product, error)) (err error) {
	if a.pr, err = stack.Apart(func() (*product.Product, error) { return a.let(may) }); err != nil {
		return err
	}
	a.reaches(a.pr, a.in.source)
	return nil
}

func (a *attempt) let(may func() (product.Product, error)) (*product.Product, error) {
	pr, err := may()
	if err != nil {
		return nil, err
	}
	if a.in, err = a.g.access(a.ctx, a.caller, pr, a.q); err != nil {
		return nil, err
	}
	return &pr, nil
}

// acquire waits for a session in the warehouse.
func (a *attempt) acquire() (err error) {
	if a.lease, err = a.g.Pool.Acquire(a.ctx, a.in.key, a.in.source, a.in.login); err != nil {
		return a.engine(err)
	}
	return nil
}

// judge lets the engine state the facts and policy judge them.
func (a *attempt) judge() (policy.Verdict, error) {
	if err := a.judgePre(); err != nil {
		return policy.Verdict{}, err
	}
	return judgeOn(a.ctx, a.lease, *a.pr, a.q.SQL, a.engine)
}

func (a *attempt) judgePre() error {
	if a.q.PreSQL == "" {
		return nil
	}
	f, err := a.lease.Analyze(a.ctx, a.q.PreSQL)
	if err != nil {
		return a.engine(err)
	}
	return policy.JudgePre(f, a.q.PreSQL)
}

type analyzer interface {
	Analyze(ctx context.Context, sql string) (sqlfacts.Facts, error)
}

// judgeOn judges one statement. What policy rewrote is judged once more as it
// will run, so that a mistake in the rewriting is caught by the same locks.
func judgeOn(ctx context.Context, conn analyzer, pr product.Product, sql string, engine func(error) error) (policy.Verdict, error) {
	f, err := conn.Analyze(ctx, sql)
	if err != nil {
		return policy.Verdict{}, engine(err)
	}
	verdict, err := policy.Judge(f, sql, pr, false)
	if err != nil || verdict.SQL == sql && !f.Unresolved {
		return verdict, err
	}
	if f, err = conn.Analyze(ctx, verdict.SQL); err != nil {
		return policy.Verdict{}, engine(err)
	}
	if _, err := policy.Judge(f, verdict.SQL, pr, true); err != nil {
		return policy.Verdict{}, unplaced(err)
	}
	return verdict, nil
}

// unplaced takes the position off a refusal of the rewritten statement: it
// counts in a text that the caller never saw.
func unplaced(err error) error {
	if f := fault.As(err); f != nil {
		g := *f
		g.Position = -1
		return &g
	}
	return err
}

// engine makes the fault of what the warehouse or the pool answered. A query
// that was stopped says why, whatever the driver made of it.
func (a *attempt) engine(err error) error {
	switch cause := context.Cause(a.ctx); {
	case errors.Is(cause, errTimeout):
		return fault.Because(err, fault.Timeout, "the query was stopped after %s", a.g.timeout()).Coded(credential.CodeService, credential.NameService)
	case errors.Is(cause, errShutdown):
		return fault.Because(err, fault.Unavailable, "the server is stopping; the query was stopped").After(5 * time.Second)
	case cause != nil:
		return context.Canceled
	}
	return fromWarehouse(err)
}

// fromWarehouse gives an answer of the warehouse the documented code. Faults
// come from drivers, scrubbed by the pool; what is no fault may hold anything,
// so its text stays inside.
func fromWarehouse(err error) error {
	f := fault.As(err)
	if f == nil {
		return fault.Because(err, fault.Unavailable, "the warehouse of this data product could not be used").Coded(credential.CodeService, credential.NameService)
	}
	if f.Code != 0 || f.Lock != "" {
		return err
	}
	coded := *f
	return coded.Coded(credential.CodeService, credential.NameService)
}

// start puts the query on record. What cannot be recorded does not run.
func (a *attempt) start(v policy.Verdict) error {
	e := a.event(audit.QueryStarted)
	e.ID = audit.NewID(a.g.now())
	e.Credential = a.in.credential
	if v.SQL != a.q.SQL {
		e.RanSQL = v.SQL
	}
	e.Detail["version"], e.Detail["record_sets"] = a.pr.Version, v.RecordSets
	if err := a.g.Record.Append(a.ctx, e); err != nil {
		return fmt.Errorf("record the start: %w", err)
	}
	a.started = e
	a.recorded(e.ID)
	a.does(operationOf(v.SQL), v.RecordSets, v.SQL)
	return nil
}

func (a *attempt) event(k audit.Kind) audit.Event {
	id := clip(a.q.ProductID, maxName)
	e := audit.Event{Kind: k, Object: "product:" + id, Product: id, SQL: clip(a.q.SQL, maxSQL), Detail: map[string]any{}}
	if a.q.Via != "" {
		e.Detail["via"] = a.q.Via
	}
	if a.q.Verified != "" {
		e.Detail["verified_query"] = clip(a.q.Verified, maxName)
	}
	if a.q.PreSQL != "" {
		e.Detail["pre_exec_sql"] = clip(a.q.PreSQL, maxSQL)
	}
	return e
}

// clip keeps what is refused for its length from filling the record.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:min(most, 1024)], "") + "…"
}

// settle ends an attempt that failed on the way, or panicked: its session goes
// back and its end goes on record. It is deferred by Run.
func (a *attempt) settle(err error, panicked any) error {
	if panicked != nil {
		err = panicError(panicked)
	}
	if err == nil && a.streams {
		return nil
	}
	return a.end(err, 0)
}

// end is the one end of every attempt: on record, session back, time off. It
// gives err, or what kept the record from being written.
func (a *attempt) end(err error, rows int64) error {
	if a.ended {
		return err
	}
	a.ended = true
	defer a.g.live.leave(a)
	if a.counted {
		defer a.g.quotas.leave(a.caller)
	}
	defer a.observe(err, rows)
	defer a.endSpan(err, rows)
	defer a.stop()
	defer a.cancel(nil)
	if a.lease != nil {
		defer a.lease.Release()
	}
	if (a.schema || a.validated) && err == nil {
		return nil // what was read or judged is on record already
	}
	// Not the request's own context: that it was broken off has to be recorded
	// most of all.
	ctx := context.WithoutCancel(a.ctx)
	if rerr := a.g.Record.Append(ctx, a.outcome(err, rows)); rerr != nil {
		return fmt.Errorf("record the end (%v): %w", err, rerr)
	}
	return err
}

func (a *attempt) observe(err error, rows int64) {
	if a.g.Observe == nil {
		return
	}
	outcome, _ := outcomeOf(err)
	a.g.Observe(Ended{a.on, outcome, a.schema, rows, a.g.now().Sub(a.began)})
}

func (a *attempt) outcome(err error, rows int64) audit.Event {
	ms := float64(a.g.now().Sub(a.began).Microseconds()) / 1000
	e := a.event(audit.QueryRefused)
	switch {
	case a.schema:
		e.Kind, e.SQL, e.Of, e.Credential = audit.SchemaRead, "", a.started.ID, a.started.Credential
	case a.started.ID != "":
		e = audit.Event{Kind: audit.QueryFinished, Of: a.started.ID, Object: a.started.Object, Product: a.started.Product, Credential: a.started.Credential, Rows: &rows}
	}
	e.Millis = &ms
	e.Outcome, e.Reason = outcomeOf(err)
	if f := fault.As(err); f != nil {
		e.Lock = f.Lock
	}
	return e
}

// outcomeOf says how a record ends. Reasons are what the caller was told: other
// text may hold anything.
func outcomeOf(err error) (outcome, reason string) {
	if err == nil {
		return "ok", ""
	}
	f := fault.As(err)
	if f == nil {
		if errors.Is(err, context.Canceled) {
			return "canceled", "the caller stopped waiting"
		}
		return "failed", "internal error"
	}
	switch f.Kind {
	case fault.Denied, fault.NotFound, fault.Unauthenticated:
		return "denied", f.Message
	case fault.Rejected, fault.Invalid, fault.Limited, fault.Conflict:
		return "refused", f.Message
	case fault.Internal:
		return "failed", "internal error"
	}
	return "failed", f.Message
}

// panicError is the error of a panic in a driver. Its value may hold a DSN or a
// cell, so only Go's own runtime errors are quoted.
func panicError(p any) error {
	what := fmt.Sprintf("a %T", p)
	if re, ok := p.(runtime.Error); ok {
		what = re.Error()
	}
	return fmt.Errorf("panic on the query path: %s\n%s", what, debug.Stack())
}
