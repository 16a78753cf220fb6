package sqlite

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	lib "modernc.org/sqlite/lib"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/warehouse"
)

// Driver opens SQLite files, read-only.
type Driver struct{}

// Open opens the file of s, which must exist. SQLite has no logins and no
// network: l and dial are not used.
func (Driver) Open(ctx context.Context, s product.Source, _ warehouse.Login, _ warehouse.Dial) (warehouse.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := regular(s.Path); err != nil {
		return nil, err
	}
	d, err := openFile(s.Path)
	if err != nil {
		return nil, unreadable(err)
	}
	c := &Conn{d: d}
	if err := c.Ping(ctx); err != nil { // the first read is what finds a file that is no database
		d.close()
		return nil, err
	}
	return c, nil
}

// regular refuses what SQLite would wait on or create.
func regular(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.Because(err, fault.Unavailable, "the SQLite file does not exist")
	case err != nil:
		return fault.Because(err, fault.Unavailable, "the SQLite file cannot be read")
	case !info.Mode().IsRegular():
		return fault.New(fault.Unavailable, "the SQLite source is not a file")
	}
	return nil
}

func unreadable(err error) error {
	switch {
	case isCode(err, lib.SQLITE_NOTADB):
		return fault.Because(err, fault.Unavailable, "the file is not a SQLite database, or it is encrypted")
	case isCode(err, lib.SQLITE_CANTOPEN):
		return fault.Because(err, fault.Unavailable, "the SQLite file cannot be opened: a file in WAL mode needs its folder to be writable by the server, or its -shm and -wal files to be there")
	}
	return fault.Because(err, fault.Unavailable, "the SQLite file cannot be read")
}

// Conn is one read-only session on a file.
type Conn struct {
	d    *database
	rows *rows // under way
}

// errClosed is the answer of a session after its Close.
var errClosed = errors.New("the session is closed")

func (c *Conn) closed() bool { return c.d.db == 0 }

// rejected says in the engine's words why a statement failed.
func rejected(err error) error {
	var e *engineError
	if !errors.As(err, &e) {
		return err
	}
	switch e.primary() {
	case lib.SQLITE_AUTH:
		return fault.Because(err, fault.Rejected, "the session is read-only: it refuses whatever is not part of a SELECT").At("session", -1)
	case lib.SQLITE_READONLY:
		return fault.Because(err, fault.Rejected, "the session is read-only").At("session", -1)
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return fault.Because(err, fault.Unavailable, "the SQLite file is locked by a writer; try again")
	case lib.SQLITE_CORRUPT, lib.SQLITE_IOERR, lib.SQLITE_NOTADB, lib.SQLITE_CANTOPEN:
		return unreadable(err)
	}
	return fault.New(fault.Rejected, "%s", e.message).At("", e.offset)
}

// Query runs one SELECT. SQLite has no variables, so Limits.Pre is refused.
func (c *Conn) Query(ctx context.Context, sql string, l warehouse.Limits) (result.Rows, error) {
	if strings.TrimSpace(l.Pre) != "" {
		return nil, fault.New(fault.Rejected, "SQLite has no session variables: pre_exec_sql cannot be used here")
	}
	if c.rows != nil {
		return nil, errors.New("a query is under way on this session")
	}
	if c.closed() {
		return nil, errClosed
	}
	c.d.action = selecting
	s, err := c.d.prepare(sql)
	if err == nil && (s.stmt == 0 || s.tail < len(sql) && count(lex(sql[s.tail:])) > 0) {
		s.close()
		err = fault.New(fault.Rejected, "exactly one statement can be run").At("statement", 0)
	}
	if err != nil {
		c.d.action = denyAll
		return nil, rejected(err)
	}
	ctx, cancel := limit(ctx, l.Timeout)
	r := &rows{conn: c, s: s, ctx: ctx, cancel: cancel, left: l.Rows, timeout: l.Timeout}
	c.rows = r
	if err := r.start(); err != nil {
		_ = r.Close()
		return nil, err
	}
	return r, nil
}

// Ping reads the file's header.
func (c *Conn) Ping(ctx context.Context) error {
	if c.closed() {
		return errClosed
	}
	err := c.each(ctx, "SELECT count(*) FROM sqlite_schema", func(*statement) error { return nil })
	if err != nil && ctx.Err() == nil {
		return unreadable(err)
	}
	return err
}

// Reset has nothing to undo but a result that was left open.
func (c *Conn) Reset(ctx context.Context) error {
	if c.closed() {
		return errClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.rows != nil {
		return c.rows.Close()
	}
	return nil
}

// Close ends the session. It is idempotent.
func (c *Conn) Close() error {
	if c.rows != nil {
		_ = c.rows.Close()
	}
	c.d.close()
	return nil
}

// each runs a statement of the driver's own, and calls f at each row.
func (c *Conn) each(ctx context.Context, sql string, f func(*statement) error) error {
	c.d.action = allowAll
	defer func() { c.d.action = denyAll }()
	s, err := c.d.prepare(sql)
	if err != nil {
		return err
	}
	defer s.close()
	for {
		ok, err := s.step(ctx)
		if err != nil || !ok {
			return err
		}
		if err := f(s); err != nil {
			return err
		}
	}
}

func allowAll(int32, string, string, string, string) int32 { return lib.SQLITE_OK }

// names are the file's views and tables, by lower-case name.
func (c *Conn) names() (views map[string]string, tables map[string]bool, err error) {
	views, tables = map[string]string{}, map[string]bool{}
	err = c.each(context.Background(), "SELECT name, type FROM sqlite_schema WHERE type IN ('view', 'table')", func(s *statement) error {
		n, _ := s.value(0).(string)
		if s.value(1) == "view" {
			views[strings.ToLower(n)] = n
		} else {
			tables[strings.ToLower(n)] = true
		}
		return nil
	})
	return views, tables, err
}
