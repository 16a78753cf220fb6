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

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the embedded engine

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/job"
)

//go:embed migrations/*.sql
var migrations embed.FS

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
	rows    prepared             // statements that read one row
	hot     map[string]*sql.Stmt // statements of every commit

	commits, changes atomic.Int64 // group commits that succeeded, and what was in them
	committed        atomic.Pointer[func(took time.Duration, err error)]
	failing          atomic.Bool // the last commit failed

	queued func(ctx context.Context, tx *sql.Tx, runID string) error // see OnQueued
}

// OnCommit has f called after every group commit.
func (db *DB) OnCommit(f func(took time.Duration, err error)) { db.committed.Store(&f) }

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
	if err := db.reach(ctx); err != nil {
		_ = db.closeConns() // the error that is told says more
		return nil, err
	}
	if err := db.migrate(ctx); err != nil {
		_ = db.closeConns() // the error that is told says more
		return nil, err
	}
	if err := db.prepareCommit(ctx); err != nil {
		_ = db.closeConns() // the error that is told says more
		return nil, err
	}
	db.done.Add(1)
	go db.commitLoop()
	return db, nil
}

func (db *DB) connect(c Config) error {
	if c.URL != "" {
		db.pg = true
		pool, err := openPostgres(c.URL)
		if err != nil {
			return err
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

// reach tries the connection, so that a wrong address or password is told as
// that.
func (db *DB) reach(ctx context.Context) error {
	if err := db.sql.PingContext(ctx); err != nil {
		return fault.Because(err, fault.Unavailable, "the store cannot be opened")
	}
	return nil
}

// openPostgres prepares connections that never hold a lock for long without a
// word: a node that vanished in the middle of a change must not stop the
// others.
func openPostgres(url string) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the database URL cannot be parsed: it has the form postgres://user:password@host:5432/database") // the cause may hold the password
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTime
	}
	return stdlib.OpenDB(*cfg, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		// Not in the startup packet: poolers refuse what they do not know there.
		_, err := c.Exec(ctx, `SELECT set_config('idle_in_transaction_session_timeout', $1, false), set_config('lock_timeout', $2, false)`, idleTime, lockTime)
		return err
	})), nil
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

// migrate runs the embedded files in order, one transaction each, if there is
// anything to run. Nodes that start together take turns on PostgreSQL; on
// SQLite each transaction is immediate, and goose re-reads its version table.
func (db *DB) migrate(ctx context.Context) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	dialect := goose.DialectSQLite3
	if db.pg {
		dialect = goose.DialectPostgres
	}
	p, err := goose.NewProvider(dialect, db.write, dir, goose.WithGoMigrations(db.jobs(61, 5), db.jobs(62, 8)))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	sources := p.ListSources()
	newest := sources[len(sources)-1].Version
	// No version is no table yet, or no database; the latter is told below.
	if now, err := db.SchemaVersion(ctx); err == nil && now == newest {
		return nil
	} else if err == nil && now > newest {
		return fault.New(fault.Unavailable, "the store has schema version %d and this postern knows %d: a newer postern has used it; start that one, or restore the backup from before", now, newest)
	}
	if err := db.inTurn(ctx, func() error { return up(ctx, p) }); err != nil {
		return fmt.Errorf("migrate the store: %w", err)
	}
	return nil
}

// jobs are River's own tables, made by its own migrator inside ours. A newer
// River may bring versions of its own: they become migrations here.
func (db *DB) jobs(version int64, river int) *goose.Migration {
	return goose.NewGoMigration(version, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
		return job.Migrate(ctx, tx, db.pg, river)
	}}, nil)
}

// Jobs is what a queue in this store works over.
func (db *DB) Jobs() (pool *sql.DB, postgres bool) { return db.write, db.pg }

func up(ctx context.Context, p *goose.Provider) error {
	_, err := p.Up(ctx)
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
	return err
}

const migrationLock = 0x706f737465726e // "postern"

// inTurn lets one node after the other migrate. Goose's own locker asks every
// five seconds whether it may, which is how late the second node would be.
func (db *DB) inTurn(ctx context.Context, migrate func() error) error {
	if !db.pg {
		return migrate()
	}
	c, err := db.write.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // it goes back to the pool
	if _, err := c.ExecContext(ctx, `SELECT set_config('lock_timeout', '0', false), pg_advisory_lock($1)`, migrationLock); err != nil {
		return err
	}
	err = migrate()
	_, uerr := c.ExecContext(context.WithoutCancel(ctx), `SELECT set_config('lock_timeout', $2, false), pg_advisory_unlock($1)`, migrationLock, lockTime)
	return errors.Join(err, uerr)
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

// Ping reports whether the store answers and, where the last commit failed,
// whether it takes writes again.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.sql.PingContext(ctx); err != nil {
		return fault.Because(err, fault.Unavailable, "the store does not answer")
	}
	if db.failing.Load() {
		return db.Append(ctx)
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
