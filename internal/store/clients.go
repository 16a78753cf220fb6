package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
)

var _ auth.ClientStore = (*DB)(nil)

const clientColumns = `client_id, user_id, name, role, duration, single_active, disabled, epoch, created_at, updated_at, rotated_at, queries_per_minute, queries_in_flight`

// clientRow scans the columns, each of which may be missing after an outer join.
type clientRow struct {
	id, name, role                                                                                      sql.NullString
	user, duration, singleActive, disabled, epoch, createdAt, updatedAt, rotatedAt, perMinute, inFlight sql.NullInt64
}

func (r *clientRow) into(more ...any) []any {
	return append([]any{&r.id, &r.user, &r.name, &r.role, &r.duration, &r.singleActive, &r.disabled, &r.epoch, &r.createdAt, &r.updatedAt, &r.rotatedAt, &r.perMinute, &r.inFlight}, more...)
}

func (r *clientRow) client() auth.Client {
	return auth.Client{
		ID: auth.ClientID(r.id.String), UserID: r.user.Int64, Name: r.name.String, Role: auth.Role(r.role.String),
		Duration: time.Duration(r.duration.Int64) * time.Second, SingleActive: r.singleActive.Int64 != 0, Disabled: r.disabled.Int64 != 0,
		Epoch: r.epoch.Int64, CreatedAt: fromMicros(r.createdAt.Int64), UpdatedAt: fromMicros(r.updatedAt.Int64), RotatedAt: fromMicros(r.rotatedAt.Int64),
		Limits: auth.QueryLimits{PerMinute: int(r.perMinute.Int64), InFlight: int(r.inFlight.Int64)},
	}
}

// scanClient reads one client; none is NotFound.
func scanClient(row interface{ Scan(...any) error }, err error) (auth.Client, error) {
	if err != nil {
		return auth.Client{}, err
	}
	var r clientRow
	if err := row.Scan(r.into()...); err != nil {
		return auth.Client{}, notFound(err, "client")
	}
	return r.client(), nil
}

func clientEvent(kind audit.Kind, id auth.ClientID) *audit.Event {
	return &audit.Event{Kind: kind, Object: "client:" + string(id), Outcome: "ok"}
}

// CreateClient implements auth.ClientStore.
func (db *DB) CreateClient(ctx context.Context, c auth.Client, secretMAC []byte) (auth.Client, error) {
	e := clientEvent(audit.ClientCreated, c.ID)
	e.Detail = map[string]any{"name": c.Name, "role": string(c.Role), "duration": int64(c.Duration.Seconds()), "single_active_token": c.SingleActive}
	if c.Limits != (auth.QueryLimits{}) {
		e.Detail["queries_per_minute"], e.Detail["queries_in_flight"] = c.Limits.PerMinute, c.Limits.InFlight
	}
	err := db.Change(ctx, e, func(ctx context.Context, tx *Tx) (err error) {
		if c.UserID, err = tx.next(ctx, "user"); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO oauth_clients (`+clientColumns+`, secret_mac) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			string(c.ID), c.UserID, c.Name, string(c.Role), int64(c.Duration/time.Second), number(c.SingleActive), number(c.Disabled), c.Epoch,
			micros(c.CreatedAt), micros(c.UpdatedAt), micros(c.RotatedAt), c.Limits.PerMinute, c.Limits.InFlight, secretMAC)
		return err
	})
	if isUnique(err) {
		e := fault.Because(err, fault.Conflict, "a client named %q exists already", c.Name)
		e.Fields = []fault.Field{{Loc: []string{"body", "name"}, Msg: "is taken", Type: "unique"}}
		return auth.Client{}, e
	}
	return c, err
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// Client implements auth.ClientStore.
func (db *DB) Client(ctx context.Context, id auth.ClientID) (auth.Client, error) {
	return scanClient(db.queryRow(ctx, `SELECT `+clientColumns+` FROM oauth_clients WHERE client_id = ? AND deleted_at = 0`, string(id)), nil)
}

// ClientNamed implements auth.ClientStore.
func (db *DB) ClientNamed(ctx context.Context, name string) (auth.Client, error) {
	return scanClient(db.queryRow(ctx, `SELECT `+clientColumns+` FROM oauth_clients WHERE name = ? AND deleted_at = 0`, name), nil)
}

// Clients implements auth.ClientStore.
func (db *DB) Clients(ctx context.Context) ([]auth.Client, error) {
	var out []auth.Client
	rows, err := db.query(ctx, `SELECT `+clientColumns+` FROM oauth_clients WHERE deleted_at = 0 ORDER BY user_id`)
	err = each(rows, err, func(rows *sql.Rows) error {
		var r clientRow
		if err := rows.Scan(r.into()...); err != nil {
			return err
		}
		out = append(out, r.client())
		return nil
	})
	return out, err
}

// decoy stands where there is no client: a row of the same shape, so that
// reading it costs the same.
const decoy = `COALESCE(client_id, 'pc_aaaaaaaaaaaaaaaaaaaaaaaaaa'), COALESCE(user_id, 100), COALESCE(name, 'no client'), COALESCE(role, 'viewer'),
	COALESCE(duration, 3600), COALESCE(single_active, 0), COALESCE(disabled, 0), COALESCE(epoch, 1), COALESCE(created_at, 1700000000000000),
	COALESCE(updated_at, 1700000000000000), COALESCE(rotated_at, 1700000000000000), COALESCE(queries_per_minute, 0), COALESCE(queries_in_flight, 0), COALESCE(secret_mac, ?), CASE WHEN client_id IS NULL THEN 0 ELSE 1 END`

// ClientSecret implements auth.ClientStore. The outer join gives one row in
// any case, so that a client that exists costs what one that does not costs.
func (db *DB) ClientSecret(ctx context.Context, id auth.ClientID) (auth.Client, []byte, error) {
	var r clientRow
	var mac []byte
	var found int
	err := db.queryRow(ctx, `SELECT `+decoy+` FROM (SELECT 1 AS one) AS x LEFT JOIN oauth_clients ON client_id = ? AND deleted_at = 0`,
		make([]byte, 37), text(string(id))).Scan(r.into(&mac, &found)...)
	if err != nil || found == 0 {
		return auth.Client{}, nil, err
	}
	return r.client(), mac, nil
}

// UpdateClient implements auth.ClientStore.
func (db *DB) UpdateClient(ctx context.Context, id auth.ClientID, change func(*auth.Client) error) (c auth.Client, err error) {
	e := clientEvent(audit.ClientUpdated, id)
	err = db.Change(ctx, e, func(ctx context.Context, tx *Tx) (err error) {
		if c, err = tx.client(ctx, id); err != nil {
			return err
		}
		before := c
		if err := change(&c); err != nil {
			return err
		}
		e.Detail = clientChanges(before, c)
		return tx.Must(ctx, "client", `UPDATE oauth_clients SET role = ?, duration = ?, single_active = ?, disabled = ?, queries_per_minute = ?, queries_in_flight = ?, updated_at = ? WHERE client_id = ? AND deleted_at = 0`,
			string(c.Role), int64(c.Duration/time.Second), number(c.SingleActive), number(c.Disabled), c.Limits.PerMinute, c.Limits.InFlight, micros(c.UpdatedAt), string(id))
	})
	return c, err
}

// client reads and, on PostgreSQL, locks a client for a change.
func (t *Tx) client(ctx context.Context, id auth.ClientID) (auth.Client, error) {
	q := `SELECT ` + clientColumns + ` FROM oauth_clients WHERE client_id = ? AND deleted_at = 0`
	if t.pg {
		q += ` FOR UPDATE`
	}
	return scanClient(t.QueryRow(ctx, q, text(string(id))), nil)
}

// clientChanges says from what to what, for the record.
func clientChanges(a, b auth.Client) map[string]any {
	out := map[string]any{"name": a.Name}
	note := func(field string, from, to any) {
		if from != to {
			out[field] = map[string]any{"from": from, "to": to}
		}
	}
	note("role", string(a.Role), string(b.Role))
	note("duration", int64(a.Duration.Seconds()), int64(b.Duration.Seconds()))
	note("single_active_token", a.SingleActive, b.SingleActive)
	note("disabled", a.Disabled, b.Disabled)
	note("queries_per_minute", a.Limits.PerMinute, b.Limits.PerMinute)
	note("queries_in_flight", a.Limits.InFlight, b.Limits.InFlight)
	return out
}

// RotateClient implements auth.ClientStore.
func (db *DB) RotateClient(ctx context.Context, id auth.ClientID, secretMAC []byte) (c auth.Client, err error) {
	err = db.touchClient(ctx, audit.ClientRotated, id, func(ctx context.Context, tx *Tx, found auth.Client) error {
		c = found
		c.RotatedAt = db.now()
		return tx.Must(ctx, "client", `UPDATE oauth_clients SET secret_mac = ?, rotated_at = ? WHERE client_id = ?`, secretMAC, micros(c.RotatedAt), string(id))
	})
	return c, err
}

// RevokeClient implements auth.ClientStore: tokens of the epoch before stop.
func (db *DB) RevokeClient(ctx context.Context, id auth.ClientID) error {
	return db.touchClient(ctx, audit.ClientRevoked, id, func(ctx context.Context, tx *Tx, _ auth.Client) error {
		return tx.Must(ctx, "client", `UPDATE oauth_clients SET epoch = epoch + 1 WHERE client_id = ?`, string(id))
	})
}

// DeleteClient implements auth.ClientStore. The row stays, as the suspended
// system user; its secret, its warehouse credentials and its grants do not.
func (db *DB) DeleteClient(ctx context.Context, id auth.ClientID) error {
	return db.touchClient(ctx, audit.ClientDeleted, id, func(ctx context.Context, tx *Tx, c auth.Client) error {
		if _, err := tx.Exec(ctx, `DELETE FROM credentials WHERE owner = ?`, c.Subject()); err != nil {
			return err
		}
		if err := tx.forget(ctx, c.Subject()); err != nil {
			return err
		}
		return tx.Must(ctx, "client", `UPDATE oauth_clients SET deleted_at = ?, epoch = epoch + 1, secret_mac = ? WHERE client_id = ?`, micros(db.now()), []byte{0}, string(id))
	})
}

// touchClient changes a client that is there, with its name on record.
func (db *DB) touchClient(ctx context.Context, kind audit.Kind, id auth.ClientID, change func(context.Context, *Tx, auth.Client) error) error {
	e := clientEvent(kind, id)
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		c, err := tx.client(ctx, id)
		if err != nil {
			return err
		}
		e.Detail = map[string]any{"name": c.Name}
		return change(ctx, tx, c)
	})
}
