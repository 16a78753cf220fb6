package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
)

var _ auth.GroupStore = (*DB)(nil)

const groupColumns = `SELECT g.id, g.name, g.created_by, g.created_at, COALESCE(m.member, '') FROM caller_groups g LEFT JOIN group_members m ON m.group_id = g.id`

// groups reads groups with their members, a row a member.
func (db *DB) groups(ctx context.Context, where string, args ...any) (all []auth.Group, err error) {
	rows, err := db.query(ctx, groupColumns+where+` ORDER BY g.name, m.member`, args...)
	err = each(rows, err, func(r *sql.Rows) error {
		var g auth.Group
		var member string
		var at int64
		if err := r.Scan(&g.ID, &g.Name, &g.CreatedBy, &at, &member); err != nil {
			return err
		}
		if n := len(all); n == 0 || all[n-1].ID != g.ID {
			g.CreatedAt = fromMicros(at)
			all = append(all, g)
		}
		if member != "" {
			last := &all[len(all)-1]
			last.Members = append(last.Members, member)
		}
		return nil
	})
	return all, err
}

func (db *DB) oneGroup(ctx context.Context, where string, arg any) (auth.Group, error) {
	all, err := db.groups(ctx, where, arg)
	if err == nil && len(all) == 0 {
		err = notFound(sql.ErrNoRows, "group")
	}
	if err != nil {
		return auth.Group{}, err
	}
	return all[0], nil
}

// Group implements auth.GroupStore.
func (db *DB) Group(ctx context.Context, id int64) (auth.Group, error) {
	return db.oneGroup(ctx, ` WHERE g.id = ?`, id)
}

// GroupNamed implements auth.GroupStore.
func (db *DB) GroupNamed(ctx context.Context, name string) (auth.Group, error) {
	return db.oneGroup(ctx, ` WHERE g.name = ?`, text(name))
}

// Groups implements auth.GroupStore.
func (db *DB) Groups(ctx context.Context) ([]auth.Group, error) { return db.groups(ctx, "") }

func groupEvent(k audit.Kind, id int64, detail map[string]any) *audit.Event {
	return &audit.Event{Kind: k, Object: auth.Group{ID: id}.Subject(), Outcome: "ok", Detail: detail}
}

// CreateGroup implements auth.GroupStore.
func (db *DB) CreateGroup(ctx context.Context, name string) (auth.Group, error) {
	g := auth.Group{Name: name, CreatedBy: auth.CallerFrom(ctx).Subject(), CreatedAt: db.now()}
	e := groupEvent(audit.GroupCreated, 0, map[string]any{"name": name})
	err := db.Change(ctx, e, func(ctx context.Context, tx *Tx) (err error) {
		if g.ID, err = tx.next(ctx, "group"); err != nil {
			return err
		}
		e.Object = g.Subject()
		_, err = tx.Exec(ctx, `INSERT INTO caller_groups (id, name, created_by, created_at) VALUES (?, ?, ?, ?)`, g.ID, name, g.CreatedBy, micros(g.CreatedAt))
		return err
	})
	if isUnique(err) {
		e := fault.Because(err, fault.Conflict, "a group named %q exists already", name)
		e.Fields = []fault.Field{{Loc: []string{"body", "name"}, Msg: "is taken", Type: "unique"}}
		return auth.Group{}, e
	}
	return g, err
}

// AddMember implements auth.GroupStore.
func (db *DB) AddMember(ctx context.Context, id int64, subject string) error {
	e := groupEvent(audit.GroupUpdated, id, nil)
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		name, err := tx.groupName(ctx, id)
		if err != nil {
			return err
		}
		if subject, err = tx.caller(ctx, subject); err != nil {
			return err
		}
		e.Detail = map[string]any{"name": name, "added": subject}
		_, err = tx.Exec(ctx, `INSERT INTO group_members (group_id, member, added_by, added_at) VALUES (?, ?, ?, ?) ON CONFLICT (group_id, member) DO NOTHING`,
			id, subject, auth.CallerFrom(ctx).Subject(), micros(db.now()))
		return err
	})
}

// groupName reads and, on PostgreSQL, holds a group for a change.
func (t *Tx) groupName(ctx context.Context, id int64) (name string, err error) {
	q := `SELECT name FROM caller_groups WHERE id = ?`
	if t.pg {
		q += ` FOR UPDATE`
	}
	err = t.QueryRow(ctx, q, id).Scan(&name)
	return name, notFound(err, "group")
}

// RemoveMember implements auth.GroupStore.
func (db *DB) RemoveMember(ctx context.Context, id int64, subject string) error {
	e := groupEvent(audit.GroupUpdated, id, nil)
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		name, err := tx.groupName(ctx, id)
		if err != nil {
			return err
		}
		if subject, err = tx.subject(ctx, subject); err != nil {
			return err
		}
		e.Detail = map[string]any{"name": name, "removed": subject}
		return tx.Must(ctx, "member", `DELETE FROM group_members WHERE group_id = ? AND member = ?`, id, text(subject))
	})
}

// DeleteGroup implements auth.GroupStore.
func (db *DB) DeleteGroup(ctx context.Context, id int64) error {
	e := groupEvent(audit.GroupDeleted, id, nil)
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		name, err := tx.groupName(ctx, id)
		if err != nil {
			return err
		}
		e.Detail = map[string]any{"name": name}
		if err := tx.forget(ctx, auth.Group{ID: id}.Subject()); err != nil {
			return err
		}
		return tx.Must(ctx, "group", `DELETE FROM caller_groups WHERE id = ?`, id)
	})
}

// forget takes away everything that was granted to a subject that goes.
func (t *Tx) forget(ctx context.Context, subject string) error {
	for _, q := range []string{
		`DELETE FROM grants WHERE subject = ?`, `DELETE FROM query_grants WHERE subject = ?`, `DELETE FROM marketplace_grants WHERE subject = ?`,
		`DELETE FROM agent_grants WHERE subject = ?`, `DELETE FROM group_members WHERE member = ?`,
	} {
		if _, err := t.Exec(ctx, q, subject); err != nil {
			return err
		}
	}
	return nil
}

// subject is the one name that things are granted to a subject under: a client
// may be named by the number of its system user. A group has to be there, so
// that a grant never waits for whoever gets the next number.
func (t *Tx) subject(ctx context.Context, s string) (string, error) {
	kind, id, _ := strings.Cut(s, ":")
	n, err := strconv.ParseInt(id, 10, 64)
	switch {
	case kind == "group" && err != nil:
		return s, noSubject("group")
	case kind == "group":
		_, err := t.groupName(ctx, n)
		if fault.Is(err, fault.NotFound) {
			return s, noSubject("group")
		}
		return s, err
	case kind == "user" && err == nil:
		var client string
		err := t.QueryRow(ctx, `SELECT client_id FROM oauth_clients WHERE user_id = ? AND deleted_at = 0`, n).Scan(&client)
		if errors.Is(err, sql.ErrNoRows) {
			return s, nil
		}
		return "client:" + client, err
	}
	return s, nil
}

// caller is subject for a client or a person that has to be there.
func (t *Tx) caller(ctx context.Context, s string) (string, error) {
	s, err := t.subject(ctx, s)
	if err != nil {
		return s, err
	}
	kind, id, _ := strings.Cut(s, ":")
	q, arg := `SELECT 1 FROM oauth_clients WHERE client_id = ? AND deleted_at = 0`, any(text(id))
	if kind == "user" {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return s, noSubject(kind)
		}
		q, arg = `SELECT 1 FROM users WHERE id = ? AND is_system = 0`, n
	}
	var one int64
	err = t.QueryRow(ctx, q, arg).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return s, noSubject(kind)
	}
	return s, err
}

func noSubject(kind string) error {
	return fault.BadField("subject_id", "value_error", "there is no such %s", kind)
}
