package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/keyring"
)

// keyCreated is on record when a store gets its first keys.
const keyCreated audit.Kind = "key.created"

var (
	_ keyring.Store = (*DB)(nil)
	_ auth.KeyStore = (*DB)(nil)
)

// HasData reports whether anything was ever written here: then a missing
// master key is not made anew.
func (db *DB) HasData(ctx context.Context) (has bool, err error) {
	var n int
	err = db.queryRow(ctx, `SELECT (SELECT COUNT(*) FROM keysets) + (SELECT COUNT(*) FROM audit_heads) + (SELECT COUNT(*) FROM sequences)`).Scan(&n)
	return n > 0, err
}

// Keysets implements keyring.Store.
func (db *DB) Keysets(ctx context.Context) ([]keyring.Keyset, error) {
	var out []keyring.Keyset
	rows, err := db.query(ctx, `SELECT name, wrapped, created_at FROM keysets ORDER BY name`)
	err = each(rows, err, func(r *sql.Rows) error {
		var k keyring.Keyset
		var at int64
		if err := r.Scan(&k.Name, &k.Wrapped, &at); err != nil {
			return err
		}
		k.CreatedAt = fromMicros(at)
		out = append(out, k)
		return nil
	})
	return out, err
}

// errThere ends a change that has nothing to do, so that it leaves no record.
var errThere = fault.New(fault.Conflict, "it is there already")

// CreateKeysets implements keyring.Store. The first row is the claim: a second
// node waits on it until this one commits, and then finds it taken.
func (db *DB) CreateKeysets(ctx context.Context, sets []keyring.Keyset) (bool, error) {
	e := &audit.Event{Kind: keyCreated, Actor: string(auth.System), Object: "keysets", Outcome: "ok"}
	err := db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		for i, k := range sets {
			res, err := tx.Exec(ctx, `INSERT INTO keysets (name, wrapped, created_at) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING`, k.Name, k.Wrapped, micros(k.CreatedAt))
			if err != nil {
				return err
			}
			n, err := res.RowsAffected()
			switch {
			case err != nil:
				return err
			case n == 0 && i == 0:
				return errThere
			case n == 0:
				return fmt.Errorf("the keyset %s is there, but not the first of its set", k.Name)
			}
		}
		return nil
	})
	if err == errThere { //nolint:errorlint // the sentinel itself
		return false, nil
	}
	return err == nil, err
}

const keyColumns = `kid, alg, public, private, created_at, active_at, burned_at`

// SigningKeys implements auth.KeyStore.
func (db *DB) SigningKeys(ctx context.Context) ([]auth.SigningKey, error) {
	var out []auth.SigningKey
	rows, err := db.query(ctx, `SELECT `+keyColumns+` FROM signing_keys ORDER BY active_at, kid`)
	err = each(rows, err, func(r *sql.Rows) error {
		var k auth.SigningKey
		var public string
		var created, active, burned int64
		if err := r.Scan(&k.ID, &k.Alg, &public, &k.Private, &created, &active, &burned); err != nil {
			return err
		}
		k.Public = []byte(public)
		k.CreatedAt, k.ActiveAt, k.BurnedAt = fromMicros(created), fromMicros(active), fromMicros(burned)
		out = append(out, k)
		return nil
	})
	return out, err
}

// CreateFirstKey implements auth.KeyStore. The setting is the claim.
func (db *DB) CreateFirstKey(ctx context.Context, k auth.SigningKey) error {
	var n int
	if err := db.queryRow(ctx, `SELECT COUNT(*) FROM signing_keys`).Scan(&n); err != nil || n > 0 {
		return err
	}
	e := keyEvent(keyCreated, k)
	e.Actor = string(auth.System)
	err := db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		res, err := tx.Exec(ctx, `INSERT INTO settings (name, value) VALUES ('first_signing_key', ?) ON CONFLICT (name) DO NOTHING`, k.ID)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errThere
		}
		return tx.insertKey(ctx, k)
	})
	if err == errThere { //nolint:errorlint // the sentinel itself
		return nil
	}
	return err
}

// RotateKey implements auth.KeyStore.
func (db *DB) RotateKey(ctx context.Context, next auth.SigningKey) error {
	return db.Change(ctx, keyEvent(audit.KeyRotated, next), func(ctx context.Context, tx *Tx) error {
		return tx.insertKey(ctx, next)
	})
}

// BurnKey implements auth.KeyStore. The private half goes, so that not even
// this store can sign with it again.
func (db *DB) BurnKey(ctx context.Context, kid string, at time.Time, next *auth.SigningKey) error {
	e := &audit.Event{Kind: audit.KeyBurned, Object: "key:" + kid, Outcome: "ok"}
	if next != nil {
		e.Detail = map[string]any{"next": next.ID, "alg": string(next.Alg)}
	}
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		err := tx.Must(ctx, "signing key in force with this id", `UPDATE signing_keys SET burned_at = ?, private = ? WHERE kid = ? AND burned_at = 0`, micros(at), []byte{0}, kid)
		if err != nil || next == nil {
			return err
		}
		return tx.insertKey(ctx, *next)
	})
}

func (t *Tx) insertKey(ctx context.Context, k auth.SigningKey) error {
	_, err := t.Exec(ctx, `INSERT INTO signing_keys (`+keyColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		k.ID, string(k.Alg), string(k.Public), k.Private, micros(k.CreatedAt), micros(k.ActiveAt), micros(k.BurnedAt))
	return err
}

func keyEvent(kind audit.Kind, k auth.SigningKey) *audit.Event {
	return &audit.Event{
		Kind: kind, Object: "key:" + k.ID, Outcome: "ok",
		Detail: map[string]any{"alg": string(k.Alg), "active_at": k.ActiveAt.UTC().Format(time.RFC3339)},
	}
}

// issuedDetail is what the record of a token says of it.
type issuedDetail struct {
	KeyID     string    `json:"key"`
	Scope     string    `json:"scope"`
	Audience  []string  `json:"audience"`
	ExpiresAt time.Time `json:"expires_at"`
}

// TokensSigned implements auth.KeyStore. It reads the record of some days, so
// it takes its time; burning a key is rare.
func (db *DB) TokensSigned(ctx context.Context, kid string, since, now time.Time) (tokens, clients int, err error) {
	seen := map[string]bool{}
	rows, err := db.query(patient(ctx), `SELECT actor, body FROM audit_records WHERE at >= ? AND kind = ?`, micros(since), string(audit.TokenIssued))
	err = each(rows, err, func(r *sql.Rows) error {
		var actor, body string
		if err := r.Scan(&actor, &body); err != nil {
			return err
		}
		var e struct {
			Detail issuedDetail `json:"detail"`
		}
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			return err
		}
		if e.Detail.KeyID == kid && now.Before(e.Detail.ExpiresAt) {
			tokens++
			seen[actor] = true
		}
		return nil
	})
	return tokens, len(seen), err
}
