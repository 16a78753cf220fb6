//go:build cgo && duckdb_arrow

package duckdb

import (
	"context"
	"errors"
	"strings"
	"time"

	duck "github.com/duckdb/duckdb-go-bindings"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/warehouse"
)

// Conn is one session on a file.
type Conn struct {
	driver   *Driver
	instance *instance
	s        *session
	rows     *rows // under way
}

// errClosed is the answer of a session after its Close.
var errClosed = errors.New("the session is closed")

// connect opens the session, in the attached file's main schema.
func (c *Conn) connect() error {
	s, err := newSession(c.instance.db)
	if err != nil {
		return err
	}
	if err := s.exec(context.Background(), "USE "+ident(c.instance.catalog)); err != nil {
		s.close()
		return err
	}
	c.s = s
	return nil
}

// Query runs one SELECT, after l.Pre where there is one. The session's own
// lock refuses any other kind of statement, whatever was judged.
func (c *Conn) Query(ctx context.Context, sql string, l warehouse.Limits) (result.Rows, error) {
	if c.s == nil {
		return nil, errClosed
	}
	if c.rows != nil {
		return nil, errors.New("a query is under way on this session")
	}
	ctx, cancel := limit(ctx, l.Timeout)
	r := &rows{conn: c, ctx: ctx, cancel: cancel, left: l.Rows, limited: l.Rows > 0}
	if err := c.start(ctx, r, sql, l.Pre); err != nil {
		err = c.failed(ctx, err)
		cancel()
		return nil, err
	}
	c.rows = r
	return r, nil
}

func (c *Conn) start(ctx context.Context, r *rows, sql, pre string) error {
	if strings.TrimSpace(pre) != "" {
		if err := c.pre(ctx, pre); err != nil {
			return err
		}
	}
	p, err := c.compile(ctx, sql)
	if err != nil {
		return err
	}
	r.p = p
	if err := c.s.stream(ctx, p, &r.res); err != nil {
		p.close()
		return err
	}
	if r.arrow, err = newConverter(&r.res); err != nil {
		duck.DestroyResult(&r.res)
		p.close()
	}
	return err
}

// pre runs pre_exec_sql: one SET.
func (c *Conn) pre(ctx context.Context, sql string) error {
	p, err := c.s.prepare(ctx, sql)
	if err != nil {
		return err
	}
	defer p.close()
	if k := duck.PreparedStatementType(p.stmt); k != duck.StatementTypeSet && k != duck.StatementTypeVariableSet {
		return fault.New(fault.Rejected, "pre_exec_sql may only set a variable").At("session", 0)
	}
	return c.s.exec(ctx, sql)
}

// compile prepares a SELECT; where it has columns that Arrow cannot carry, it
// is wrapped into one that casts them.
func (c *Conn) compile(ctx context.Context, sql string) (*prepared, error) {
	p, err := c.s.prepare(ctx, sql)
	if err != nil {
		return nil, err
	}
	// Some PRAGMAs are turned into a SELECT on the way.
	if first := lex(sql); duck.PreparedStatementType(p.stmt) != duck.StatementTypeSelect || first[0].word == "PRAGMA" {
		p.close()
		return nil, fault.New(fault.Rejected, "the session is read-only: it runs SELECT only").At("session", 0)
	}
	if duck.NParams(p.stmt) > 0 {
		p.close()
		return nil, fault.New(fault.Rejected, "SQL parameters are not supported: write the values in the text").At("statement", -1)
	}
	before, after, needed := casts(p)
	if !needed {
		return p, nil
	}
	p.close()
	return c.s.prepare(ctx, before+trimmed(sql)+after)
}

func limit(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d > 0 {
		return context.WithTimeout(ctx, d)
	}
	return context.WithCancel(ctx)
}

// failed turns a failure into the caller's: the engine's words, without the
// excerpt of the statement that DuckDB adds.
func (c *Conn) failed(ctx context.Context, err error) error {
	var e *engineError
	switch {
	case fault.As(err) != nil:
		return err
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fault.Because(context.DeadlineExceeded, fault.Timeout, "the query did not finish within its time limit")
	case ctx.Err() != nil || errors.Is(err, context.Canceled):
		return fault.Because(context.Canceled, fault.Timeout, "the query was stopped: its caller went away")
	case errors.Is(err, errSeveral):
		return fault.New(fault.Rejected, "exactly one statement can be run").At("statement", 0)
	case !errors.As(err, &e):
		return err
	}
	text, _, _ := strings.Cut(e.message, "\n\nLINE ")
	if strings.HasPrefix(text, "Catalog Error: Table ") {
		text, _, _ = strings.Cut(text, "\nDid you mean") // a table that may be none of the product's
	}
	switch {
	case strings.HasPrefix(text, "Out of Memory"):
		return fault.Because(err, fault.Limited, "the query needs more memory than this warehouse gives it (%s)", firstOf(c.driver.MemoryLimit, "1GB"))
	case strings.HasPrefix(text, "IO Error"), strings.HasPrefix(text, "INTERNAL Error"), strings.HasPrefix(text, "FATAL Error"):
		return fault.Because(err, fault.Unavailable, "the DuckDB file cannot be read")
	case strings.HasPrefix(text, "Permission Error"):
		return fault.Because(err, fault.Rejected, "the session has no access to anything but its own file").At("session", -1)
	}
	return fault.New(fault.Rejected, "%s", strings.TrimSpace(withoutAdvice(text)))
}

// Ping asks the engine for a constant.
func (c *Conn) Ping(ctx context.Context) error {
	if c.s == nil {
		return errClosed
	}
	if err := c.s.exec(ctx, "SELECT 1"); err != nil {
		return c.failed(ctx, err)
	}
	return nil
}

// Reset gives the session a new connection: variables, temporary tables and
// the search path go with the old one.
func (c *Conn) Reset(ctx context.Context) error {
	if c.s == nil {
		return errClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.rows != nil {
		_ = c.rows.Close()
	}
	old := c.s
	if err := c.connect(); err != nil {
		return err
	}
	old.close()
	return nil
}

// Close ends the session, and the instance with its last one. It is idempotent.
func (c *Conn) Close() error {
	if c.s == nil {
		return nil
	}
	if c.rows != nil {
		_ = c.rows.Close()
	}
	c.s.close()
	c.s = nil
	c.driver.leave(c.instance)
	return nil
}
