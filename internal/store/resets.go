package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
)

// Users lists the people, the oldest first.
func (db *DB) Users(ctx context.Context) ([]auth.User, error) {
	var all []auth.User
	rows, err := db.query(ctx, `SELECT `+userColumns+` FROM users u WHERE u.is_system = 0 ORDER BY u.id`)
	return all, each(rows, err, func(r *sql.Rows) error {
		var u auth.User
		dest, done := userFields(&u)
		err := r.Scan(dest...)
		done()
		all = append(all, u)
		return err
	})
}

func personEvent(id int64, detail map[string]any) *audit.Event {
	return &audit.Event{Kind: audit.UserUpdated, Object: auth.Caller{Kind: auth.Person, UserID: id}.Subject(), Outcome: "ok", Detail: detail}
}

// PutReset keeps a one-time link for a person's password. An earlier one of
// theirs goes, and so do those of anybody that have expired.
func (db *DB) PutReset(ctx context.Context, id int64, hash []byte, expires time.Time) error {
	return db.Change(ctx, personEvent(id, map[string]any{"made": "reset link", "expires_at": expires.UTC()}), func(ctx context.Context, tx *Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM reset_links WHERE user_id = ? OR expires_at <= ?`, id, micros(db.now())); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO reset_links (hash, user_id, expires_at) VALUES (?, ?, ?)`, hash, id, micros(expires))
		return err
	})
}

func errNoReset() error {
	return fault.New(fault.NotFound, "This link has been used or has expired. The operator makes a new one with: postern user reset NAME")
}

// ResetUser gives the person of a link that can be used, or NotFound.
func (db *DB) ResetUser(ctx context.Context, hash []byte, now time.Time) (auth.User, error) {
	var u auth.User
	dest, done := userFields(&u)
	err := db.queryRow(ctx, `SELECT `+userColumns+` FROM reset_links l JOIN users u ON u.id = l.user_id WHERE l.hash = ? AND l.expires_at > ?`, hash, micros(now)).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return auth.User{}, errNoReset()
	}
	done()
	return u, err
}

// CompleteReset uses a link up: the new password is set and every session of
// its person ends.
func (db *DB) CompleteReset(ctx context.Context, hash []byte, now time.Time, phc string) error {
	e := personEvent(0, map[string]any{"changed": "password"})
	e.Actor = "reset link"
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		var id int64
		// The deletion is the claim: of two at once, the later finds no row.
		err := tx.QueryRow(ctx, `DELETE FROM reset_links WHERE hash = ? AND expires_at > ? RETURNING user_id`, hash, micros(now)).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return errNoReset()
		}
		if err != nil {
			return err
		}
		e.Object = auth.Caller{Kind: auth.Person, UserID: id}.Subject()
		if err := tx.Must(ctx, "user", `UPDATE users SET password = ? WHERE id = ?`, phc, id); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM sessions WHERE user_id = ?`, id)
		return err
	})
}
