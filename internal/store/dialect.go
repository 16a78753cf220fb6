package store

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var rebound sync.Map // query with ? -> query with $n; the set of queries is the program's own

// rebind writes ? placeholders as $1, $2 for PostgreSQL. Our own queries have
// no question mark in a literal.
func rebind(pg bool, q string) string {
	if !pg || !strings.Contains(q, "?") {
		return q
	}
	if r, ok := rebound.Load(q); ok {
		return r.(string)
	}
	var b strings.Builder
	n := 0
	for _, part := range strings.SplitAfter(q, "?") {
		if cut, found := strings.CutSuffix(part, "?"); found {
			n++
			b.WriteString(cut + "$" + strconv.Itoa(n))
		} else {
			b.WriteString(part)
		}
	}
	rebound.Store(q, b.String())
	return b.String()
}

// isUnique reports whether the error is a broken unique constraint.
func isUnique(err error) bool {
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pe.Code == "23505"
	}
	if se, ok := errors.AsType[*sqlite.Error](err); ok {
		return se.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || se.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}

// isBusy reports whether SQLite found the file locked by another process, or
// its tables made by one meanwhile.
func isBusy(err error) bool {
	se, ok := errors.AsType[*sqlite.Error](err)
	return ok && (se.Code()&0xff == sqlite3.SQLITE_BUSY || se.Code()&0xff == sqlite3.SQLITE_LOCKED || strings.Contains(se.Error(), "already exists"))
}

// Times are stored as whole microseconds since 1970, the same on both engines.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}
