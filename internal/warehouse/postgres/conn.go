package postgres

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/sqlfacts"
	"github.com/postern/postern/internal/warehouse/grammar/pg"
)

// Conn is one session.
type Conn struct {
	pg             *pgconn.PgConn
	front          *pgproto3.Frontend
	timeout        time.Duration // statement_timeout in force outside a transaction
	defaultTimeout time.Duration

	tx     byte // transaction status, as the server last said; 0 and 'I' are idle
	busy   bool // a result is open
	broken error
	seen   map[string][]int16 // result formats of statements described before, by their shape
	close  sync.Once

	overloads map[string]string // nil until a statement first calls something
}

// Analyze states the facts by PostgreSQL's own grammar, here, not there; the
// server is asked once a session, for the functions its search path adds.
func (c *Conn) Analyze(ctx context.Context, sql string) (sqlfacts.Facts, error) {
	f, err := pg.Facts(ctx, sql)
	if err == nil {
		err = c.qualify(ctx, &f)
	}
	return f, err
}

// Ping asks the server for a sign of life.
func (c *Conn) Ping(ctx context.Context) error {
	if err := c.usable(); err != nil {
		return err
	}
	w := c.watch(ctx)
	defer w.done()
	c.front.SendSync(&pgproto3.Sync{})
	return c.settle(ctx, c.sync(1))
}

// Reset ends the transaction, which undoes what was set in it, and drops what
// outlives one: temporary tables, prepared statements, advisory locks.
func (c *Conn) Reset(ctx context.Context) error {
	if err := c.usable(); err != nil {
		return err
	}
	w := c.watch(ctx)
	defer w.done()
	syncs := 1
	if c.tx != 0 && c.tx != 'I' {
		c.send("ROLLBACK", nil)
		c.front.SendSync(&pgproto3.Sync{})
		syncs++
	}
	c.send("DISCARD ALL", nil)
	c.front.SendSync(&pgproto3.Sync{})
	return c.settle(ctx, c.sync(syncs))
}

// Close ends the session.
func (c *Conn) Close() error {
	c.close.Do(func() {
		c.fail(errClosed)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = c.pg.Close(ctx)
	})
	return nil
}

var errClosed = errors.New("the session is closed")

func (c *Conn) usable() error {
	switch {
	case c.broken != nil:
		return fault.Because(c.broken, fault.Unavailable, "the session in the warehouse has ended")
	case c.busy:
		return fault.New(fault.Internal, "the session has an open result")
	}
	return nil
}

// send queues one statement of the extended protocol, to its end.
func (c *Conn) send(sql string, params [][]byte) {
	c.front.SendParse(&pgproto3.Parse{Query: sql})
	c.front.SendBind(&pgproto3.Bind{Parameters: params})
	c.front.SendExecute(&pgproto3.Execute{})
}

// sync flushes and reads until the server is ready for the n-th time. Rows are
// dropped; the first error is returned.
func (c *Conn) sync(n int) error {
	if err := c.front.Flush(); err != nil {
		c.fail(err)
		return err
	}
	return c.drain(n)
}

func (c *Conn) drain(n int) error {
	var first error
	for {
		m, err := c.receive()
		switch {
		case err != nil && c.broken != nil:
			return err
		case err != nil:
			if first == nil {
				first = err
			}
			continue
		}
		if _, ok := m.(*pgproto3.ReadyForQuery); ok {
			if n--; n == 0 {
				return first
			}
		}
	}
}

// receive gives the next message that belongs to a query. An ErrorResponse is
// an error; the session is broken when it was fatal or the wire failed.
func (c *Conn) receive() (pgproto3.BackendMessage, error) {
	for {
		m, err := c.front.Receive()
		if err != nil {
			c.fail(err)
			return nil, err
		}
		switch m := m.(type) {
		case *pgproto3.ErrorResponse:
			e := pgconn.ErrorResponseToPgError(m)
			if strings.EqualFold(e.Severity, "FATAL") || strings.EqualFold(e.Severity, "PANIC") {
				c.fail(e)
			}
			return nil, e
		case *pgproto3.NoticeResponse, *pgproto3.ParameterStatus, *pgproto3.NotificationResponse:
			continue
		case *pgproto3.CopyInResponse, *pgproto3.CopyOutResponse, *pgproto3.CopyBothResponse:
			c.fail(errCopy)
			return nil, errCopy
		case *pgproto3.ReadyForQuery:
			c.tx = m.TxStatus
			return m, nil
		default:
			return m, nil
		}
	}
}

var errCopy = fault.New(fault.Denied, "COPY is not a query").At("session", -1)

func (c *Conn) fail(err error) {
	if c.broken == nil {
		c.broken = err
	}
}

// settle turns an error of the wire or the server into a fault.
func (c *Conn) settle(ctx context.Context, err error) error {
	var e *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return stopped(ctx)
	case fault.As(err) != nil:
		return err
	case errors.As(err, &e):
		return refused(e, "", 0)
	}
	return fault.Because(err, fault.Unavailable, "the connection to the warehouse broke")
}

// stopped is the fault of a context that ended.
func stopped(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fault.Because(ctx.Err(), fault.Timeout, "the query did not finish within its time limit")
	}
	return fault.Because(ctx.Err(), fault.Timeout, "the query was cancelled")
}

// refused is the fault of an error the server answered a statement with. sql
// is the statement, to turn the place from characters into bytes.
func refused(e *pgconn.PgError, sql string, timeout time.Duration) error {
	text := e.Message
	if e.Detail != "" {
		text += " (" + e.Detail + ")"
	}
	if e.Hint != "" {
		text += " Hint: " + e.Hint
	}
	at := offset(sql, int(e.Position))
	switch {
	case e.Code == "57014" && timeout > 0:
		return fault.Because(e, fault.Timeout, "the query did not finish within its time limit of %s", timeout)
	case e.Code == "25006":
		return fault.Because(e, fault.Denied, "%s", text).At("session", at)
	case strings.HasPrefix(e.Code, "57"), strings.HasPrefix(e.Code, "53"), strings.HasPrefix(e.Code, "08"):
		return fault.Because(e, fault.Unavailable, "the warehouse stopped the query: %s", text)
	}
	return fault.Because(e, fault.Rejected, "%s", text).At("", at)
}

// offset turns PostgreSQL's place, counted in characters from 1, into a byte
// offset; -1 where there is none.
func offset(sql string, pos int) int {
	if pos <= 0 || sql == "" {
		return -1
	}
	at := 0
	for range pos - 1 {
		_, n := utf8.DecodeRuneInString(sql[at:])
		at += n
	}
	return at
}
