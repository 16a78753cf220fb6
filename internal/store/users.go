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

var _ auth.UserStore = (*DB)(nil)

// quiet is Change for what other nodes need not hear of: sessions and counters
// of attempts are read from the store each time, so a flood of them must not
// empty everybody's caches through the change counter. e may be nil where
// there is nothing to record.
func (db *DB) quiet(ctx context.Context, e *audit.Event, apply func(context.Context, *Tx) error) error {
	c := &change{ctx: ctx, apply: apply, done: make(chan error, 1)}
	if e != nil {
		c.events = []audit.Event{e.Stamp(ctx, db.now())}
	}
	return db.submit(c)
}

const adminCount = `SELECT COUNT(*) FROM users WHERE role = ? AND suspended = 0 AND is_system = 0`

// HasAdmin reports whether anybody can sign in as Server Admin.
func (db *DB) HasAdmin(ctx context.Context) (bool, error) {
	var n int
	err := db.queryRow(ctx, adminCount, string(auth.ServerAdmin)).Scan(&n)
	return n > 0, err
}

// PutSetup keeps a one-time link, and drops those that have expired.
func (db *DB) PutSetup(ctx context.Context, hash []byte, expires time.Time) error {
	return db.quiet(ctx, nil, func(ctx context.Context, tx *Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM setup_links WHERE expires_at <= ?`, micros(db.now())); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO setup_links (hash, expires_at) VALUES (?, ?)`, hash, micros(expires))
		return err
	})
}

func errNoLink() error {
	return fault.New(fault.NotFound, "This link has been used or has expired. Restart the server for a new one.")
}

// SetupOpen is NotFound unless the link can be used.
func (db *DB) SetupOpen(ctx context.Context, hash []byte, now time.Time) error {
	var n int
	err := db.queryRow(ctx, `SELECT 1 FROM setup_links WHERE hash = ? AND expires_at > ?`, hash, micros(now)).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return errNoLink()
	}
	return err
}

// CompleteSetup uses up the links and creates the first admin.
func (db *DB) CompleteSetup(ctx context.Context, hash []byte, u auth.User) (auth.User, error) {
	e := &audit.Event{Kind: audit.UserCreated, Actor: "setup link", Outcome: "ok", Detail: map[string]any{"username": u.Username, "role": string(u.Role)}}
	err := db.Change(ctx, e, func(ctx context.Context, tx *Tx) (err error) {
		// Taking the number locks its row: nodes that do this together take
		// turns, and the later one finds an admin below.
		if u.ID, err = tx.next(ctx, "user"); err != nil {
			return err
		}
		n := 0
		if err := tx.QueryRow(ctx, adminCount, string(auth.ServerAdmin)).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return fault.New(fault.Conflict, "There is an admin already. Sign in instead.")
		}
		if err := tx.Must(ctx, "link", `DELETE FROM setup_links WHERE hash = ? AND expires_at > ?`, hash, micros(u.CreatedAt)); fault.Is(err, fault.NotFound) {
			return errNoLink()
		} else if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM setup_links`); err != nil {
			return err
		}
		e.Object = auth.Caller{Kind: auth.Person, UserID: u.ID}.Subject()
		return tx.insertUser(ctx, u)
	})
	return u, err
}

func (t *Tx) insertUser(ctx context.Context, u auth.User) error {
	_, err := t.Exec(ctx, `INSERT INTO users (id, username, name, role, password, suspended, is_system, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		u.ID, u.Username, u.Name, string(u.Role), u.PasswordHash, flag(u.Suspended), flag(u.System), micros(u.CreatedAt))
	if isUnique(err) {
		return fault.BadField("username", "unique", "is taken")
	}
	return err
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

const userColumns = `u.id, u.username, u.name, u.role, u.password, u.suspended, u.is_system, u.created_at`

// userFields gives what to scan userColumns into; done completes the user.
func userFields(u *auth.User) (dest []any, done func()) {
	var suspended, system, created int64
	dest = []any{&u.ID, &u.Username, &u.Name, &u.Role, &u.PasswordHash, &suspended, &system, &created}
	return dest, func() { u.Suspended, u.System, u.CreatedAt = suspended != 0, system != 0, fromMicros(created) }
}

// UserByName finds a user by the canonical username.
func (db *DB) UserByName(ctx context.Context, username string) (auth.User, error) {
	var u auth.User
	dest, done := userFields(&u)
	if err := db.queryRow(ctx, `SELECT `+userColumns+` FROM users u WHERE u.username = ?`, username).Scan(dest...); err != nil {
		return auth.User{}, notFound(err, "user")
	}
	done()
	return u, nil
}

// SetPassword replaces the hash and ends the user's other sessions.
func (db *DB) SetPassword(ctx context.Context, id int64, phc string, keep []byte) error {
	e := &audit.Event{Kind: audit.UserUpdated, Object: auth.Caller{Kind: auth.Person, UserID: id}.Subject(), Outcome: "ok", Detail: map[string]any{"changed": "password"}}
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		if err := tx.Must(ctx, "user", `UPDATE users SET password = ? WHERE id = ?`, phc, id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM sessions WHERE user_id = ? AND hash <> ?`, id, keep)
		return err
	})
}
