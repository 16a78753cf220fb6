// Package pg states the facts of a SQL text in PostgreSQL's own grammar, by
// PostgreSQL's own parser (libpg_query, compiled to WebAssembly).
//
// The parser library keeps its instances in a pool that makes a new one, at
// about a second and tens of megabytes, whenever all are busy, and that takes
// an instance back even after it trapped, when its memory is no longer to be
// trusted. So this package lets only as many parses run as there are
// instances, refuses before parsing what could overflow an instance's stack,
// and never parses again after a trap.
package pg

import (
	"context"
	"errors"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/wasilibs/go-pgquery/parser"
	"google.golang.org/protobuf/proto"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/warehouse/grammar/pg/pgquery"
)

const (
	maxBytes  = 1 << 20
	instances = 2 // as Warm makes them
)

var (
	warm    sync.Once
	free    = make(chan struct{}, instances)
	trapped atomic.Bool
)

// Warm starts the parsers in the background, so that the first statement does
// not wait for them. It may be called any number of times.
func Warm() {
	warm.Do(func() {
		go func() {
			_, _ = run("SELECT 1")
			free <- struct{}{}
			// The library makes a further instance only while all are busy:
			// one parses something long meanwhile.
			<-free
			busy := make(chan struct{})
			go func() {
				close(busy)
				_, _ = run(long)
				free <- struct{}{}
			}()
			<-busy
			_, _ = run("SELECT 1")
			free <- struct{}{}
			// Compiling leaves hundreds of megabytes behind, which the runtime
			// would keep for minutes.
			debug.FreeOSMemory()
		}()
	})
}

// long takes a parser some tens of milliseconds.
var long = "SELECT 1" + strings.Repeat(", 1", 20000)

// parse gives the tree, or a fault that may be shown to the caller.
func parse(ctx context.Context, sql string) (*pgquery.ParseResult, error) {
	if err := plain(sql); err != nil {
		return nil, err
	}
	Warm()
	select {
	case <-free:
	case <-ctx.Done():
		return nil, fault.Because(ctx.Err(), fault.Timeout, "the SQL parser had no time for the statement")
	}
	defer func() { free <- struct{}{} }()
	if err := shallow(sql); err != nil {
		return nil, err
	}
	tree, err := run(sql)
	if e, ok := errors.AsType[*parser.Error](err); ok {
		return nil, fault.New(fault.Rejected, "%s", e.Message).At("", byteOffset(sql, e.Cursorpos))
	}
	if err != nil && fault.As(err) == nil {
		return nil, fault.Because(err, fault.Rejected, "the statement is too deep to be checked")
	}
	return tree, err
}

// plain refuses what the parser and the server could read differently: a NUL
// ends the text for one of them, bad UTF-8 shifts every offset.
func plain(sql string) error {
	switch {
	case len(sql) > maxBytes:
		return fault.New(fault.Rejected, "the statement is longer than %d bytes", maxBytes)
	case strings.IndexByte(sql, 0) >= 0:
		return fault.New(fault.Rejected, "the statement holds a NUL character").At("", strings.IndexByte(sql, 0))
	case !utf8.ValidString(sql):
		return fault.New(fault.Rejected, "the statement is not UTF-8")
	}
	return nil
}

// run calls the parser. A trap leaves the instance in the library's pool in a
// state nobody knows, so it is the last call this process makes.
func run(sql string) (tree *pgquery.ParseResult, err error) {
	if trapped.Load() {
		return nil, errTrapped()
	}
	defer func() {
		if r := recover(); r != nil {
			trapped.Store(true)
			tree, err = nil, errTrapped()
		}
	}()
	b, err := parser.ParseToProtobuf(sql)
	if err != nil {
		return nil, err
	}
	tree = &pgquery.ParseResult{}
	return tree, proto.Unmarshal(b, tree)
}

func errTrapped() error {
	return fault.New(fault.Unavailable, "the SQL parser failed and is out of use until this server is restarted")
}

// byteOffset turns the parser's position, counted in characters from 1, into a
// byte offset; -1 where there is none.
func byteOffset(sql string, pos int) int {
	if pos <= 0 {
		return -1
	}
	n := 0
	for i := range sql {
		if n++; n == pos {
			return i
		}
	}
	return len(sql)
}
