package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/warehouse"
)

const (
	// fewRows is up to how many rows the server is asked for that many only.
	// Beyond, it is asked for all and stopped, since a count keeps it from
	// planning in parallel.
	fewRows = 1000
	// remembered is how many statements' formats a session keeps.
	remembered = 64
)

// Query runs one statement in a read-only transaction of its own, which ends
// with the session's Reset.
func (c *Conn) Query(ctx context.Context, sql string, l warehouse.Limits) (result.Rows, error) {
	r, err := c.query(ctx, sql, nil, l)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (c *Conn) query(ctx context.Context, sql string, params [][]byte, l warehouse.Limits) (*rows, error) {
	if err := c.usable(); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, stopped(ctx)
	}
	if c.tx != 0 && c.tx != 'I' {
		// The session is used again without a Reset, as introspection does.
		c.send("ROLLBACK", nil)
		c.front.SendSync(&pgproto3.Sync{})
		if err := c.settle(ctx, c.sync(1)); err != nil {
			return nil, err
		}
	}
	if l.Timeout <= 0 {
		l.Timeout = c.defaultTimeout
	}
	l.Timeout = max(l.Timeout, time.Millisecond) // the server takes 0 for none
	// The server's own timeout comes first; this one is for a server that does
	// not answer.
	bound, cancel := context.WithTimeoutCause(ctx, l.Timeout+patience, errLate)
	r := &rows{conn: c, caller: ctx, ctx: bound, cancel: cancel, sql: sql, limits: l, params: params != nil}
	r.watch = c.watch(bound)
	c.busy = true
	if err := r.start(params); err != nil {
		err = r.failed(err)
		_ = r.Close()
		return nil, err
	}
	return r, nil
}

var errLate = errors.New("the server did not stop at its own timeout")

// start sends the statement and reads up to the description of its rows.
func (r *rows) start(params [][]byte) error {
	r.open()
	if formats, ok := r.conn.seen[shape(r.sql)]; ok {
		return r.repeat(params, formats)
	}
	front := r.conn.front
	front.SendParse(&pgproto3.Parse{Query: r.sql})
	front.SendDescribe(&pgproto3.Describe{ObjectType: 'S'})
	front.Send(&pgproto3.Flush{})
	if err := r.flush(); err != nil {
		return err
	}
	if err := r.described(); err != nil {
		return err
	}
	if len(r.columns) > 0 {
		r.remember()
	}
	r.execute(params, formatsOf(r.columns))
	return r.flush()
}

// repeat runs a statement whose formats are known, or guessed from one of its
// shape, in one round trip. If the
// table changed meanwhile the server refuses the formats or gives a type they
// do not fit, and the statement is described anew.
func (r *rows) repeat(params [][]byte, formats []int16) error {
	front := r.conn.front
	front.SendParse(&pgproto3.Parse{Query: r.sql})
	front.SendBind(&pgproto3.Bind{Parameters: params, ResultFormatCodes: formats})
	front.SendDescribe(&pgproto3.Describe{ObjectType: 'P'})
	front.SendExecute(&pgproto3.Execute{MaxRows: r.maxRows()})
	front.SendSync(&pgproto3.Sync{})
	r.synced = true
	if err := r.flush(); err != nil {
		return err
	}
	err := r.described()
	if err == nil && fit(r.columns) {
		return nil
	}
	var refused *pgconn.PgError
	if r.conn.broken != nil || err != nil && !(errors.As(err, &refused) && stale(refused.Code)) {
		return err
	}
	delete(r.conn.seen, shape(r.sql))
	if err := r.conn.drain(1); r.conn.broken != nil {
		return err
	}
	r.synced = false
	r.conn.send("ROLLBACK", nil)
	r.conn.front.SendSync(&pgproto3.Sync{})
	if err := r.conn.sync(1); err != nil {
		return err
	}
	return r.start(params)
}

// stale are the codes of an answer to formats that no longer fit.
func stale(code string) bool { return code == "08P01" || code == "42883" || code == "0A000" }

// open queues what comes before the statement: the transaction, its limits,
// and the caller's own settings, after which it is made read-only once more,
// since only the first statement of a transaction could undo that.
func (r *rows) open() {
	c := r.conn
	c.send("BEGIN READ ONLY", nil)
	if r.limits.Timeout != c.timeout {
		c.send("SET LOCAL statement_timeout = "+millis(r.limits.Timeout), nil)
	}
	if c.timeout == 0 { // a pooler took no startup parameters
		c.send("SET LOCAL lock_timeout = "+millis(lockTimeout), nil)
	}
	if r.limits.Pre != "" {
		c.send(r.limits.Pre, nil)
		c.send("SET TRANSACTION READ ONLY", nil)
	}
}

func (r *rows) execute(params [][]byte, formats []int16) {
	front := r.conn.front
	front.SendBind(&pgproto3.Bind{Parameters: params, ResultFormatCodes: formats})
	front.SendExecute(&pgproto3.Execute{MaxRows: r.maxRows()})
	front.SendSync(&pgproto3.Sync{})
	r.synced = true
}

func (r *rows) flush() error {
	err := r.conn.front.Flush()
	if err != nil {
		r.conn.fail(err)
	}
	return err
}

// maxRows is the row count given to the server, 0 for all.
func (r *rows) maxRows() uint32 {
	if r.limits.Rows > 0 && r.limits.Rows <= fewRows {
		return uint32(r.limits.Rows) //nolint:gosec // at most fewRows
	}
	return 0
}

// described reads until the description of the statement's rows.
func (r *rows) described() error {
	for {
		m, err := r.conn.receive()
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *pgproto3.RowDescription:
			return r.describe(m)
		case *pgproto3.NoData:
			return fault.New(fault.Rejected, "the statement returns no rows")
		case *pgproto3.ParameterDescription:
			if n := len(m.ParameterOIDs); n > 0 && !r.params {
				return fault.New(fault.Rejected, "the statement has %d parameters ($1, ...) and a query has no values for them", n)
			}
		case *pgproto3.ReadyForQuery:
			return fault.New(fault.Rejected, "the statement returns no rows")
		}
	}
}

func (r *rows) remember() {
	if len(r.conn.seen) >= remembered {
		clear(r.conn.seen)
	}
	if len(r.sql) < 16<<10 {
		r.conn.seen[shape(r.sql)] = formatsOf(r.columns)
	}
}

// shape is a statement without the values of its numbers and of what stands in
// single quotes: statements of one shape mostly have columns of the same types.
// It only serves to guess formats, which repeat checks against what the server
// says; it need not understand the text.
func shape(sql string) string {
	out := make([]byte, 0, len(sql))
	word := false // the byte before is of a name, whose digits count
	for i := 0; i < len(sql); {
		c, from := sql[i], i
		switch digit := '0' <= c && c <= '9'; {
		case c == '\'':
			for i++; i < len(sql) && sql[i] != '\''; i++ {
			}
			i++
		case digit && !word:
			for i < len(sql) && '0' <= sql[i] && sql[i] <= '9' {
				i++
			}
			c = '0' + byte(min(i-from, 19)/9) // int4, int8 and numeric differ
		default:
			word = digit || c == '_' || c == '$' || c >= 0x80 || 'a' <= c|0x20 && c|0x20 <= 'z'
			i++
		}
		out = append(out, c)
	}
	return string(out)
}

// failed is the fault of an error during the query.
func (r *rows) failed(err error) error {
	if err := r.ctx.Err(); err != nil {
		if context.Cause(r.ctx) == errLate {
			return fault.Because(errLate, fault.Timeout, "the query did not finish within its time limit of %s", r.limits.Timeout)
		}
		return stopped(r.ctx)
	}
	var e *pgconn.PgError
	var long *pgproto3.ExceededMaxBodyLenErr
	switch {
	case fault.As(err) != nil:
		return err
	case errors.As(err, &e):
		return refused(e, r.sql, r.limits.Timeout)
	case errors.As(err, &long):
		return fault.Because(err, fault.Rejected, "a row of the result is longer than %d MiB", maxRow>>20)
	}
	return fault.Because(err, fault.Unavailable, "the connection to the warehouse broke")
}

// drainTime is how long a result that nobody reads further may take to end.
const drainTime = 2 * time.Second
