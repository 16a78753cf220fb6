package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
)

// SQLite takes longer to compile a short statement than to run it, so those on
// the way of every request are compiled once. pgx does that for PostgreSQL by
// itself.

// prepared keeps the statements that read one row.
type prepared struct {
	mu   sync.Mutex
	held map[string]*sql.Stmt
}

// mostPrepared bounds it. The program's own queries are fewer; those put
// together from parts may come on top and are then compiled each time.
const mostPrepared = 256

// of gives the compiled statement, or nil when it is to be run as text.
func (p *prepared) of(ctx context.Context, db *sql.DB, q string) *sql.Stmt {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.held[q]; s != nil || len(p.held) >= mostPrepared {
		return s
	}
	s, err := db.PrepareContext(ctx, q) //nolint:sqlclosecheck // the handle's Close ends it
	if err != nil {
		return nil // run as text, it says what is wrong
	}
	if p.held == nil {
		p.held = map[string]*sql.Stmt{}
	}
	p.held[q] = s
	return s
}

// The statements of every commit.
const (
	sqlHead     = `SELECT seq, hash FROM audit_heads WHERE writer = ?`
	sqlSaveHead = `UPDATE audit_heads SET seq = ?, hash = ? WHERE writer = ?`
	sqlBump     = `UPDATE changes SET n = n + 1 WHERE id = 1 RETURNING n`
)

// recordGroups are how many records one statement writes: any number is a sum
// of these, and each is compiled once.
var recordGroups = []int{32, 16, 8, 4, 2, 1}

// sqlRecords writes n records.
var sqlRecords = func() map[int]string {
	out := map[int]string{}
	for _, n := range recordGroups {
		out[n] = `INSERT INTO audit_records (writer, seq, id, at, kind, actor, product, request_id, of_id, body, prev, hash) VALUES ` +
			strings.TrimSuffix(strings.Repeat(`(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), `, n), ", ")
	}
	return out
}()

// prepareCommit compiles the statements of every commit on the one connection
// that writes. It has to be done before a transaction takes that connection.
func (db *DB) prepareCommit(ctx context.Context) error {
	if db.pg {
		return nil
	}
	db.hot = map[string]*sql.Stmt{}
	all := []string{sqlHead, sqlSaveHead, sqlBump}
	for _, n := range recordGroups {
		all = append(all, sqlRecords[n])
	}
	for _, q := range all {
		s, err := db.write.PrepareContext(ctx, q) //nolint:sqlclosecheck // the handle's Close ends it
		if err != nil {
			return fmt.Errorf("prepare the store's statements: %w", err)
		}
		db.hot[q] = s
	}
	return nil
}
