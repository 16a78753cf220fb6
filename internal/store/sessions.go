package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
)

// CreateSession keeps a session, with the record of the sign-in, and drops
// those that are over.
func (db *DB) CreateSession(ctx context.Context, s auth.SessionRow, u auth.User) error {
	who := auth.Caller{Kind: auth.Person, UserID: u.ID}.Subject()
	e := &audit.Event{Kind: audit.SignedIn, Actor: who, ActorName: u.Username, Role: string(u.Role), Object: s.Ref(), Outcome: "ok"}
	return db.quiet(ctx, e, func(ctx context.Context, tx *Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM sessions WHERE created_at <= ? OR seen_at <= ?`,
			micros(s.CreatedAt.Add(-auth.SessionLife)), micros(s.CreatedAt.Add(-auth.SessionIdle))); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO sessions (hash, user_id, created_at, seen_at, address) VALUES (?, ?, ?, ?, ?)`,
			s.Hash, s.UserID, micros(s.CreatedAt), micros(s.SeenAt), s.Address)
		return err
	})
}

// Session finds a session and its user as they are now.
func (db *DB) Session(ctx context.Context, hash []byte) (auth.SessionRow, auth.User, error) {
	var u auth.User
	var created, seen int64
	s := auth.SessionRow{Hash: hash}
	dest, done := userFields(&u)
	err := db.queryRow(ctx, `SELECT s.user_id, s.created_at, s.seen_at, s.address, `+userColumns+`
		FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.hash = ?`, hash).
		Scan(append([]any{&s.UserID, &created, &seen, &s.Address}, dest...)...)
	if err != nil {
		return auth.SessionRow{}, auth.User{}, notFound(err, "session")
	}
	done()
	s.CreatedAt, s.SeenAt = fromMicros(created), fromMicros(seen)
	return s, u, nil
}

// TouchSession notes that the session was used.
func (db *DB) TouchSession(ctx context.Context, hash []byte, at time.Time) error {
	return db.quiet(ctx, nil, func(ctx context.Context, tx *Tx) error {
		_, err := tx.Exec(ctx, `UPDATE sessions SET seen_at = ? WHERE hash = ? AND seen_at < ?`, micros(at), hash, micros(at))
		return err
	})
}

// DeleteSession ends a session.
func (db *DB) DeleteSession(ctx context.Context, hash []byte) error {
	e := &audit.Event{Kind: audit.SignedOut, Object: auth.SessionRow{Hash: hash}.Ref(), Outcome: "ok"}
	return db.quiet(ctx, e, func(ctx context.Context, tx *Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM sessions WHERE hash = ?`, hash)
		return err
	})
}

// SignInRefused records a refusal. What was typed as a name is not recorded
// where no such user exists: at times it is a password.
func (db *DB) SignInRefused(ctx context.Context, id int64, reason string) error {
	e := audit.Event{Kind: audit.SignInRefused, Actor: "anonymous", Outcome: "denied", Reason: reason}
	if id != 0 {
		e.Object = auth.Caller{Kind: auth.Person, UserID: id}.Subject()
	}
	return db.Append(ctx, e)
}

// reader is what both DB and Tx read with.
type reader func(ctx context.Context, q string, args ...any) (*cursor, error)

func attempts(ctx context.Context, query reader, keys []string, suffix string) (map[string]auth.Attempts, error) {
	found := make(map[string]auth.Attempts, len(keys))
	args := make([]any, len(keys))
	for i, k := range keys {
		args[i] = k
	}
	in := strings.TrimSuffix(strings.Repeat("?,", len(keys)), ",")
	rows, err := query(ctx, `SELECT id, n, last_at, until_at, succeeded_at FROM sign_in_attempts WHERE id IN (`+in+`) ORDER BY id`+suffix, args...)
	return found, each(rows, err, func(r *sql.Rows) error {
		var id string
		var a auth.Attempts
		var last, until, succeeded int64
		if err := r.Scan(&id, &a.N, &last, &until, &succeeded); err != nil {
			return err
		}
		a.Last, a.Until, a.Succeeded = fromMicros(last), fromMicros(until), fromMicros(succeeded)
		found[id] = a
		return nil
	})
}

// Attempts reads the counters.
func (db *DB) Attempts(ctx context.Context, keys []string) (map[string]auth.Attempts, error) {
	return attempts(ctx, db.query, keys, "")
}

// CountAttempts changes the counters; on PostgreSQL under a lock on their rows,
// on SQLite as the only writer.
func (db *DB) CountAttempts(ctx context.Context, keys []string, now time.Time, update func(map[string]auth.Attempts) error) error {
	return db.quiet(ctx, nil, func(ctx context.Context, tx *Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM sign_in_attempts WHERE last_at < ? AND until_at < ? AND succeeded_at < ?`,
			micros(now.Add(-auth.ForgetAttempts)), micros(now), micros(now.Add(-auth.UsualPlace))); err != nil {
			return err
		}
		suffix := ""
		if tx.pg {
			suffix = ` FOR UPDATE`
		}
		counters, err := attempts(ctx, tx.Query, keys, suffix)
		if err != nil {
			return err
		}
		if err := update(counters); err != nil {
			return err
		}
		return tx.saveAttempts(ctx, keys, counters)
	})
}

func (t *Tx) saveAttempts(ctx context.Context, keys []string, counters map[string]auth.Attempts) error {
	for _, k := range keys {
		a, changed := counters[k]
		if !changed {
			continue
		}
		if _, err := t.Exec(ctx, `INSERT INTO sign_in_attempts (id, n, last_at, until_at, succeeded_at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET n = excluded.n, last_at = excluded.last_at, until_at = excluded.until_at, succeeded_at = excluded.succeeded_at`,
			k, a.N, micros(a.Last), micros(a.Until), micros(a.Succeeded)); err != nil {
			return err
		}
	}
	return nil
}
