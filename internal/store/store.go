// Package store keeps Postern's state in one SQL database: SQLite in the data
// directory, or PostgreSQL for more than one node. Every state change goes
// through Change, which commits it together with its audit record and bumps
// the change counter that other nodes watch.
//
// Each noun's file implements the small interface that the noun's package
// declares. DESIGN.md has the invariants.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	_ "modernc.org/sqlite" // the embedded engine

	"github.com/postern/postern/internal/fault"
)

//go:embed migrations/*.sql
var migrations embed.FS

var _ = stdlib.GetDefaultDriver // registers "pgx"

// Config says where the state is.
type Config struct {
	Dir    string // the data directory; holds postern.db when URL is empty
	URL    string // postgres://… ; empty for SQLite
	Writer string // the name of this node's audit chain
	Now    func() time.Time
}

// DB is the store. Open it once per process and Close it.
type DB struct {
	sql    *sql.DB // reads; on PostgreSQL also writes
	write  *sql.DB // SQLite has one writer, so that commits queue instead of failing busy
	pg     bool
	writer string
	now    func() time.Time

	queue chan *change
	quit  chan struct{}
	done  sync.WaitGroup
	once  sync.Once

	counter counter

	commits, changes atomic.Int64 // group commits that succeeded, and what was in them
}

// Work says how many group commits this process has made, and how many changes
// and records were in them: together, how well commits are shared.
func (db *DB) Work() (commits, changes int64) { return db.commits.Load(), db.changes.Load() }

// Open connects, migrates to the newest schema and starts the writer.
func Open(ctx context.Context, c Config) (*DB, error) {
	db := &DB{writer: c.Writer, now: c.Now, queue: make(chan *change, 1024), quit: make(chan struct{})}
	if db.now == nil {
		db.now = time.Now
	}
	if err := db.connect(c); err != nil {
		return nil, err
	}
	if err := db.migrate(ctx); err != nil {
		db.closeConns()
		return nil, err
	}
	db.done.Add(1)
	go db.commitLoop()
	return db, nil
}

func (db *DB) connect(c Config) error {
	if c.URL != "" {
		db.pg = true
		pool, err := sql.Open("pgx", c.URL)
		if err != nil {
			return errors.New("the database URL cannot be parsed") // the cause may hold the password
		}
		pool.SetMaxOpenConns(32)
		pool.SetMaxIdleConns(16)
		pool.SetConnMaxIdleTime(5 * time.Minute)
		db.sql, db.write = pool, pool
		return nil
	}
	var err error
	if err := ownFile(filepath.Join(c.Dir, "postern.db")); err != nil {
		return err
	}
	if db.write, err = sql.Open("sqlite", sqliteDSN(c.Dir, "immediate")); err != nil {
		return err
	}
	db.write.SetMaxOpenConns(1)
	if db.sql, err = sql.Open("sqlite", sqliteDSN(c.Dir, "deferred")); err != nil {
		return err
	}
	db.sql.SetMaxOpenConns(8)
	db.sql.SetMaxIdleConns(8)
	return nil
}

// ownFile makes the file so that only its owner may read it; SQLite gives its
// WAL the same mode.
func ownFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// sqliteDSN names the file and the settings that durability rests on:
// synchronous=FULL makes a WAL commit fsync before it returns.
func sqliteDSN(dir, txlock string) string {
	q := url.Values{}
	q.Add("_pragma", "busy_timeout(10000)")
	q.Add("_pragma", "journal_mode(WAL)")
	q.Add("_pragma", "synchronous(FULL)")
	q.Add("_pragma", "foreign_keys(ON)")
	q.Set("_txlock", txlock)
	return "file:" + (&url.URL{Path: filepath.Join(dir, "postern.db")}).EscapedPath() + "?" + q.Encode()
}

// migrate runs the embedded files in order, one transaction each. On
// PostgreSQL an advisory lock makes nodes that start together take turns; on
// SQLite each transaction is immediate, and goose re-reads its version table.
func (db *DB) migrate(ctx context.Context) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	dialect, opts := goose.DialectSQLite3, []goose.ProviderOption{}
	if db.pg {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return err
		}
		dialect, opts = goose.DialectPostgres, append(opts, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, db.write, dir, opts...)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	_, err = p.Up(ctx)
	for try := 0; err != nil && isBusy(err) && try < 50; try++ {
		// Two processes opened a new store at the same moment: the one that
		// came second finds it locked, and then migrated.
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
		_, err = p.Up(ctx)
	}
	if err != nil {
		return fmt.Errorf("migrate the store: %w", err)
	}
	return nil
}

// Close finishes what is queued and closes the connections.
func (db *DB) Close() error {
	db.once.Do(func() { close(db.quit) })
	db.done.Wait()
	return db.closeConns()
}

func (db *DB) closeConns() error {
	if db.pg {
		return db.sql.Close()
	}
	return errors.Join(db.sql.Close(), db.write.Close())
}

// Ping reports whether the store answers.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.sql.PingContext(ctx); err != nil {
		return fault.Because(err, fault.Unavailable, "the store does not answer")
	}
	return nil
}

// Engine is "sqlite" or "postgres".
func (db *DB) Engine() string {
	if db.pg {
		return "postgres"
	}
	return "sqlite"
}

// notFound turns sql.ErrNoRows into the fault; other errors pass.
func notFound(err error, what string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "%s not found", what)
	}
	return err
}

// SchemaVersion is the number of the newest migration that was applied.
func (db *DB) SchemaVersion(ctx context.Context) (v int64, err error) {
	err = db.queryRow(ctx, `SELECT MAX(version_id) FROM goose_db_version`).Scan(&v)
	return v, err
}
