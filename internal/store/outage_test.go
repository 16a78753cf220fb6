package store_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // to stand for another node

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/store"
	"github.com/postern/postern/internal/testpg"
)

func openAt(t *testing.T, c store.Config) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// other is a connection to the same database that is not one of the store's.
func other(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestALostConnectionIsUnavailableAndComesBackByItself(t *testing.T) {
	url := testpg.URL(t)
	db, ctx := openAt(t, store.Config{URL: url, Writer: "test"}), context.Background()
	if err := db.Append(ctx, audit.Event{Kind: audit.ServerStarted}); err != nil {
		t.Fatal(err)
	}
	admin := other(t, url)
	kill := func() {
		t.Helper()
		if _, err := admin.ExecContext(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := admin.ExecContext(ctx, `ALTER TABLE audit_records RENAME TO hidden`); err != nil {
		t.Fatal(err)
	}
	err := db.Append(ctx, audit.Event{Kind: audit.ServerStarted})
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("a record that could not be written: %v", err)
	}
	if err := db.Ping(ctx); err != nil { // an empty commit is a write, and this one works
		t.Errorf("ready: %v", err)
	}
	if _, err := admin.ExecContext(ctx, `ALTER TABLE hidden RENAME TO audit_records`); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		kill()
		for _, err := range []error{db.Append(ctx, audit.Event{Kind: audit.ServerStarted}), db.Ping(ctx)} {
			if err != nil && !fault.Is(err, fault.Unavailable) {
				t.Errorf("right after the loss: %v", err)
			}
		}
		if _, err := db.HasAdmin(ctx); err != nil && !fault.Is(err, fault.Unavailable) {
			t.Errorf("reading: %v", err)
		}
	}
	if err := db.Append(ctx, audit.Event{Kind: audit.ServerStarted}); err != nil {
		t.Errorf("it did not come back: %v", err)
	}
}

func TestACallersOwnTimeIsNotTheStoresOutage(t *testing.T) {
	db := openAt(t, store.Config{URL: testpg.URL(t), Writer: "test"})
	ctx, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Hour))
	defer cancel()
	if _, err := db.HasAdmin(ctx); err == nil || fault.As(err) != nil {
		t.Errorf("%v", err)
	}
}

func TestANodeThatHoldsALockIsWaitedForWithALimit(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for the limit, five seconds")
	}
	url := testpg.URL(t)
	db, ctx := openAt(t, store.Config{URL: url, Writer: "test"}), context.Background()
	tx, err := other(t, url).BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE changes SET n = n + 1`); err != nil {
		t.Fatal(err)
	}
	change := func() error {
		return db.Change(ctx, &audit.Event{Kind: audit.ServerStarted}, func(context.Context, *store.Tx) error { return nil })
	}
	if err := change(); !fault.Is(err, fault.Unavailable) {
		t.Errorf("while the other holds it: %v", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := change(); err != nil {
		t.Errorf("after it let go: %v", err)
	}
}

func TestAStoreThatANewerVersionMigratedIsRefused(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			c, driver, name := store.Config{Dir: t.TempDir(), Writer: "test"}, "sqlite", ""
			name = "file:" + c.Dir + "/postern.db"
			if engine == "postgres" {
				c.URL = testpg.URL(t)
				driver, name = "pgx", c.URL
			}
			if err := openAt(t, c).Close(); err != nil {
				t.Fatal(err)
			}
			db, err := sql.Open(driver, name)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.ExecContext(context.Background(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)`); err != nil {
				t.Fatal(err)
			}
			_, err = store.Open(context.Background(), c)
			if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "a newer postern has used it") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestADatabaseThatCannotBeReachedIsToldWithoutItsPassword(t *testing.T) {
	for _, url := range []string{"postgres://u:hunter2@127.0.0.1:1/x", "postgres://u:hunter2@127.0.0.1:x/y", "postgres://u:hunter2%zz@h/y", "mysql://u:hunter2@h/y"} {
		_, err := store.Open(context.Background(), store.Config{URL: url, Writer: "test"})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
