package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/postern/postern/internal/fault"
)

// A database that went away without a word, because its host lost its power or
// a firewall forgot the connection, must cost a request some seconds: TCP
// itself gives up after a quarter of an hour.
const (
	readTime    = 3 * time.Second
	commitTime  = 15 * time.Second // of a whole batch
	connectTime = 10 * time.Second
	// lockTime is how long a change waits for a row that another node holds,
	// and idleTime how long the database lets a node that fell silent hold one:
	// less than commitTime, so that the error says which it was.
	lockTime = "5s"
	idleTime = "15s"
)

type unhurried struct{}

// patient is the context of a reading that may take as long as it takes: of
// the record, which has no upper size.
func patient(ctx context.Context) context.Context {
	return context.WithValue(ctx, unhurried{}, true)
}

// limited is the context of a reading, and what ends it: the error that end
// gets is told as an outage unless it is the caller's own time that was up.
// SQLite's context is the caller's: a file does not fall silent.
func (db *DB) limited(caller context.Context) (ctx context.Context, end func(error) error) {
	ctx, cancel := caller, context.CancelFunc(func() {})
	if db.pg && caller.Value(unhurried{}) == nil {
		ctx, cancel = context.WithTimeout(caller, readTime)
	}
	return ctx, func(err error) error {
		cancel()
		if caller.Err() != nil {
			return err
		}
		return outage(err)
	}
}

// until is the context of a change that its caller cannot break off any more.
func (db *DB) until(ctx context.Context, deadline time.Time) (context.Context, context.CancelFunc) {
	ctx = context.WithoutCancel(ctx)
	if !db.pg {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline)
}

// row is one row of a reading with a time limit.
type row struct {
	*sql.Row
	end func(error) error
}

// Scan reads the row, and ends the reading.
func (r row) Scan(dest ...any) error {
	return r.end(r.Row.Scan(dest...))
}

// cursor is the rows of a reading with a time limit.
type cursor struct {
	*sql.Rows
	end func(error) error
}

// outage tells the errors of a store that cannot be used now from all others:
// the caller gets Unavailable, and may try again.
func outage(err error) error {
	if err == nil || fault.As(err) != nil || errors.Is(err, sql.ErrNoRows) || errors.Is(err, context.Canceled) || !isOutage(err) {
		return err
	}
	return fault.Because(err, fault.Unavailable, "the store does not answer").After(2 * time.Second)
}

func isOutage(err error) bool {
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pgOutage(pe.Code)
	}
	if se, ok := errors.AsType[*sqlite.Error](err); ok {
		switch se.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN:
			return true
		}
		return false
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	for _, gone := range []error{driver.ErrBadConn, sql.ErrConnDone, sql.ErrTxDone, io.EOF, io.ErrUnexpectedEOF, context.DeadlineExceeded} {
		if errors.Is(err, gone) {
			return true
		}
	}
	return pgconn.SafeToRetry(err)
}

// pgOutage knows PostgreSQL's classes of trouble that passes: connections,
// resources, an operator's hand, locks held by others; and a server that takes
// no writes, as one does that just lost its part as the first.
func pgOutage(code string) bool {
	switch code {
	case "25006", "25P03", "40001", "40P01", "55P03":
		return true
	}
	return len(code) == 5 && (code[:2] == "08" || code[:2] == "53" || code[:2] == "57" || code[:2] == "58")
}
