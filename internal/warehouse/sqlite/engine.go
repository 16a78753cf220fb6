package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"modernc.org/libc"
	_ "modernc.org/sqlite" // its init patches the transpiled library
	lib "modernc.org/sqlite/lib"
)

// database is one connection of the transpiled SQLite. The driver binds it
// directly and not through database/sql: that layer cannot interrupt a step
// that is under way, parses DATE columns into times, and costs most of the
// time of a large result. It is not safe for concurrent use, except stop.
type database struct {
	tls *libc.TLS
	db  uintptr
	// words is room for the two pointers that prepare writes.
	words uintptr
	// stopped makes the running step end at SQLite's next progress call.
	stopped atomic.Bool
	// action judges what a statement being prepared wants to do.
	action func(code int32, arg1, arg2, schema, via string) int32
}

// open are the databases by handle: SQLite's callbacks carry only that.
var open sync.Map

const (
	wordSize = int(unsafe.Sizeof(uintptr(0)))
	// progressSteps is after how many virtual machine steps SQLite asks
	// whether to go on: well under a millisecond.
	progressSteps = 2000
)

// engineError is SQLite's word on a failure.
type engineError struct {
	code    int32 // extended result code
	message string
	offset  int // of the token in the SQL, -1 when SQLite names none
}

func (e *engineError) Error() string  { return e.message }
func (e *engineError) primary() int32 { return e.code & 0xff }
func isCode(err error, code int32) bool {
	var e *engineError
	return errors.As(err, &e) && e.primary() == code
}

// openFile opens an existing file read-only, with everything that a schema or
// a statement could use to reach outside of it switched off.
func openFile(path string) (*database, error) {
	d := &database{tls: libc.NewTLS(), action: denyAll}
	name, err := libc.CString(path)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(d.tls, name)
	d.words = libc.Xmalloc(d.tls, libc.Tsize_t(2*wordSize))
	const flags = lib.SQLITE_OPEN_READONLY | lib.SQLITE_OPEN_FULLMUTEX | lib.SQLITE_OPEN_EXRESCODE
	rc := lib.Xsqlite3_open_v2(d.tls, name, d.words, flags, 0)
	d.db = word(d.words, 0)
	if rc != lib.SQLITE_OK {
		err := d.failure(rc)
		d.close()
		return nil, err
	}
	open.Store(d.db, d)
	if err := d.harden(); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func (d *database) harden() error {
	for op, on := range map[int32]int32{
		lib.SQLITE_DBCONFIG_DEFENSIVE:             1,
		lib.SQLITE_DBCONFIG_TRUSTED_SCHEMA:        0,
		lib.SQLITE_DBCONFIG_DQS_DML:               0, // "x" is a name, never a text
		lib.SQLITE_DBCONFIG_DQS_DDL:               0,
		lib.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION: 0,
	} {
		va := libc.NewVaList(on, uintptr(0))
		rc := lib.Xsqlite3_db_config(d.tls, d.db, op, va)
		libc.Xfree(d.tls, va)
		if rc != lib.SQLITE_OK {
			return fmt.Errorf("configure sqlite (%d): %w", op, d.failure(rc))
		}
	}
	for id, most := range map[int32]int32{
		lib.SQLITE_LIMIT_ATTACHED:   0,
		lib.SQLITE_LIMIT_LENGTH:     32 << 20, // of one value: randomblob(1e9) must not take the memory
		lib.SQLITE_LIMIT_SQL_LENGTH: 1 << 20,
	} {
		lib.Xsqlite3_limit(d.tls, d.db, id, most)
	}
	lib.Xsqlite3_busy_timeout(d.tls, d.db, 2000)
	lib.Xsqlite3_progress_handler(d.tls, d.db, progressSteps, pointerTo(progress), d.db)
	if rc := lib.Xsqlite3_set_authorizer(d.tls, d.db, pointerTo(authorize), d.db); rc != lib.SQLITE_OK {
		return fmt.Errorf("set the authorizer: %w", d.failure(rc))
	}
	return nil
}

func (d *database) close() {
	if d.db != 0 {
		open.Delete(d.db)
		lib.Xsqlite3_close_v2(d.tls, d.db)
		d.db = 0
	}
	if d.tls != nil {
		libc.Xfree(d.tls, d.words)
		d.tls.Close()
		d.tls = nil
	}
}

// failure reads what SQLite says of the last call. Without a handle only the
// code speaks.
func (d *database) failure(rc int32) error {
	e := &engineError{code: rc, offset: -1}
	if d.db == 0 {
		e.message = libc.GoString(lib.Xsqlite3_errstr(d.tls, rc))
		return e
	}
	e.message = libc.GoString(lib.Xsqlite3_errmsg(d.tls, d.db))
	e.offset = int(lib.Xsqlite3_error_offset(d.tls, d.db))
	return e
}

// statement is a prepared statement. The SQL must outlive it.
type statement struct {
	d    *database
	sql  uintptr
	stmt uintptr // 0 for a text of blanks and comments only
	tail int     // where the text after the first statement begins
}

func (d *database) prepare(sql string) (*statement, error) {
	text, err := libc.CString(sql)
	if err != nil {
		return nil, err
	}
	rc := lib.Xsqlite3_prepare_v2(d.tls, d.db, text, -1, d.words, d.words+uintptr(wordSize))
	if rc != lib.SQLITE_OK {
		err := d.failure(rc)
		libc.Xfree(d.tls, text)
		return nil, err
	}
	return &statement{d: d, sql: text, stmt: word(d.words, 0), tail: int(word(d.words, 1) - text)}, nil
}

func (s *statement) close() {
	if s.stmt != 0 {
		lib.Xsqlite3_finalize(s.d.tls, s.stmt)
		s.stmt = 0
	}
	if s.sql != 0 {
		libc.Xfree(s.d.tls, s.sql)
		s.sql = 0
	}
}

// step moves to the next row; false after the last. It ends with ctx.
func (s *statement) step(ctx context.Context) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	s.d.stopped.Store(false)
	defer context.AfterFunc(ctx, func() { s.d.stopped.Store(true) })()
	return s.stepOnce(ctx)
}

// stepOnce is step where the caller has tied stopped to ctx already, for a
// whole batch of rows at once.
func (s *statement) stepOnce(ctx context.Context) (bool, error) {
	switch rc := lib.Xsqlite3_step(s.d.tls, s.stmt); rc {
	case lib.SQLITE_ROW:
		return true, nil
	case lib.SQLITE_DONE:
		return false, nil
	default:
		if rc&0xff == lib.SQLITE_INTERRUPT && ctx.Err() != nil {
			return false, ctx.Err()
		}
		return false, s.d.failure(rc)
	}
}

func (s *statement) readOnly() bool { return lib.Xsqlite3_stmt_readonly(s.d.tls, s.stmt) != 0 }
func (s *statement) explain() bool  { return lib.Xsqlite3_stmt_isexplain(s.d.tls, s.stmt) != 0 }
func (s *statement) params() int {
	return int(lib.Xsqlite3_bind_parameter_count(s.d.tls, s.stmt))
}
func (s *statement) columns() int { return int(lib.Xsqlite3_column_count(s.d.tls, s.stmt)) }
func (s *statement) name(i int) string {
	return libc.GoString(lib.Xsqlite3_column_name(s.d.tls, s.stmt, int32(i)))
}

// declared is the type a result column was declared with, "" for expressions.
func (s *statement) declared(i int) string {
	return libc.GoString(lib.Xsqlite3_column_decltype(s.d.tls, s.stmt, int32(i)))
}

// value gives int64, float64, string, []byte or nil.
func (s *statement) value(i int) any {
	tls, c := s.d.tls, int32(i)
	switch lib.Xsqlite3_column_type(tls, s.stmt, c) {
	case lib.SQLITE_INTEGER:
		return int64(lib.Xsqlite3_column_int64(tls, s.stmt, c))
	case lib.SQLITE_FLOAT:
		return lib.Xsqlite3_column_double(tls, s.stmt, c)
	case lib.SQLITE_TEXT:
		p := lib.Xsqlite3_column_text(tls, s.stmt, c)
		return string(libc.GoBytes(p, int(lib.Xsqlite3_column_bytes(tls, s.stmt, c))))
	case lib.SQLITE_BLOB:
		p := lib.Xsqlite3_column_blob(tls, s.stmt, c)
		n := int(lib.Xsqlite3_column_bytes(tls, s.stmt, c))
		return append(make([]byte, 0, n), libc.GoBytes(p, n)...)
	}
	return nil
}

func progress(_ *libc.TLS, db uintptr) int32 {
	if d, ok := open.Load(db); ok && !d.(*database).stopped.Load() {
		return 0
	}
	return 1
}

func authorize(_ *libc.TLS, db uintptr, code int32, arg1, arg2, schema, via uintptr) int32 {
	d, ok := open.Load(db)
	if !ok {
		return lib.SQLITE_DENY
	}
	return d.(*database).action(code, text(arg1), text(arg2), text(schema), text(via))
}

func denyAll(int32, string, string, string, string) int32 { return lib.SQLITE_DENY }

func text(p uintptr) string {
	if p == 0 {
		return ""
	}
	return libc.GoString(p)
}

// word reads the i-th pointer at p.
func word(p uintptr, i int) uintptr {
	b := libc.GoBytes(p, (i+1)*wordSize)
	return *(*uintptr)(unsafe.Pointer(&b[i*wordSize])) //nolint:gosec // memory of libc's own heap, never moved by Go
}

// pointerTo gives the C function pointer of a Go function, as the transpiled
// code calls it: a top-level function's value is a pointer into read-only data.
func pointerTo[T any](f T) uintptr {
	return *(*uintptr)(unsafe.Pointer(&struct{ f T }{f})) //nolint:gosec // the layout of func values, as modernc.org/sqlite does it
}
