package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"

	"github.com/google/uuid"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/credential"
	"github.com/postern/postern/internal/fault"
)

const credentialColumns = `id, owner, product, state, username, type, status, reason, target, rev, created_at, updated_at`

func scanCredential(row interface{ Scan(...any) error }, more ...any) (c credential.Credential, err error) {
	var created, updated int64
	err = row.Scan(append([]any{&c.ID, &c.Owner, &c.ProductID, &c.State, &c.Username, &c.Type, &c.Status, &c.Reason, &c.Target, &c.Revision, &created, &updated}, more...)...)
	c.CreatedAt, c.UpdatedAt = fromMicros(created), fromMicros(updated)
	return c, err
}

func credentialEvent(k audit.Kind, c credential.Credential) *audit.Event {
	return &audit.Event{
		Kind: k, Object: "credential:" + c.ID, Product: c.ProductID, Credential: c.ID, Reason: c.Reason,
		Detail: map[string]any{"state": c.State, "type": string(c.Type), "status": string(c.Status), "target": c.Target},
	}
}

// PutCredential implements credential.Store. The record holds the hash of what
// was sealed, so that an old row put back by hand shows against the chain.
func (db *DB) PutCredential(ctx context.Context, c credential.Credential, seal func(credential.Credential) ([]byte, error)) (credential.Credential, bool, error) {
	e := &audit.Event{}
	created := false
	err := db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		if err := tx.QueryRow(ctx, `SELECT id FROM products WHERE id = ?`, c.ProductID).Scan(&c.ProductID); err != nil {
			return notFound(err, "data product")
		}
		old, err := scanCredential(tx.QueryRow(ctx, `SELECT `+credentialColumns+` FROM credentials WHERE owner = ? AND product = ? AND state = ?`, c.Owner, c.ProductID, c.State))
		switch {
		case err == nil:
			c.ID, c.CreatedAt = old.ID, old.CreatedAt
		case errors.Is(err, sql.ErrNoRows):
			c.ID, created = uuid.NewString(), true
		default:
			return err
		}
		if c.Revision, err = tx.next(ctx, "credential"); err != nil {
			return err
		}
		sealed, err := seal(c)
		if err != nil {
			return err
		}
		*e = *credentialEvent(audit.CredentialStored, c)
		sum := sha256.Sum256(sealed)
		e.Detail["sealed_sha256"], e.Detail["replaced"] = hex.EncodeToString(sum[:]), !created
		return tx.writeCredential(ctx, c, sealed)
	})
	return c, created, err
}

func (t *Tx) writeCredential(ctx context.Context, c credential.Credential, sealed []byte) error {
	if len(sealed) == 0 {
		sealed = nil // never an empty blob: SQLite gives it back as null
	}
	_, err := t.Exec(ctx, `INSERT INTO credentials (`+credentialColumns+`, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (owner, product, state) DO UPDATE SET username = excluded.username, type = excluded.type, status = excluded.status,
			reason = excluded.reason, target = excluded.target, rev = excluded.rev, updated_at = excluded.updated_at, sealed = excluded.sealed`,
		c.ID, c.Owner, c.ProductID, c.State, c.Username, string(c.Type), string(c.Status), c.Reason, c.Target, c.Revision, micros(c.CreatedAt), micros(c.UpdatedAt), sealed)
	if isUnique(err) {
		// Two nodes created the same state at once and one id won.
		return fault.New(fault.Conflict, "the credential was stored by another request at the same time; try again")
	}
	return err
}

// Credential implements credential.Store.
func (db *DB) Credential(ctx context.Context, id string) (credential.Credential, []byte, error) {
	var sealed []byte
	c, err := scanCredential(db.queryRow(ctx, `SELECT `+credentialColumns+`, sealed FROM credentials WHERE id = ?`, id), &sealed)
	return c, sealed, notFound(err, "credential")
}

// UsableCredential implements credential.Store.
func (db *DB) UsableCredential(ctx context.Context, owner, productID, target string) (credential.Credential, []byte, error) {
	var sealed []byte
	c, err := scanCredential(db.queryRow(ctx, `SELECT `+credentialColumns+`, sealed FROM credentials
		WHERE owner = ? AND product = ? AND target = ? AND status IN ('active', 'unverified')
		ORDER BY CASE status WHEN 'active' THEN 0 ELSE 1 END, rev DESC LIMIT 1`, owner, productID, target), &sealed)
	return c, sealed, notFound(err, "credential")
}

// Credentials implements credential.Store.
func (db *DB) Credentials(ctx context.Context, owner, productID string, limit, skip int) ([]credential.Credential, int, error) {
	where, args := ` FROM credentials WHERE owner = ?`, []any{owner}
	if productID != "" {
		where, args = where+` AND product = ?`, append(args, productID)
	}
	total := 0
	if err := db.queryRow(ctx, `SELECT COUNT(*)`+where, args...).Scan(&total); err != nil {
		return nil, 0, err
	}
	rows, err := db.query(ctx, `SELECT `+credentialColumns+where+` ORDER BY rev DESC LIMIT ? OFFSET ?`, append(args, limit, skip)...)
	all := []credential.Credential{}
	err = each(rows, err, func(r *sql.Rows) error {
		c, err := scanCredential(r)
		all = append(all, c)
		return err
	})
	return all, total, err
}

// SetCredentialStatus implements credential.Store.
func (db *DB) SetCredentialStatus(ctx context.Context, c credential.Credential) error {
	e := credentialEvent(audit.CredentialTested, c)
	e.Outcome = string(c.Status)
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		return tx.Must(ctx, "credential", `UPDATE credentials SET status = ?, reason = ? WHERE id = ? AND rev = ?`, string(c.Status), c.Reason, c.ID, c.Revision)
	})
}

// DeleteCredential implements credential.Store.
func (db *DB) DeleteCredential(ctx context.Context, owner, id string) error {
	e := &audit.Event{}
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		c, err := scanCredential(tx.QueryRow(ctx, `SELECT `+credentialColumns+` FROM credentials WHERE id = ? AND owner = ?`, id, owner))
		if err != nil {
			return notFound(err, "credential")
		}
		*e = *credentialEvent(audit.CredentialDeleted, c)
		return tx.Must(ctx, "credential", `DELETE FROM credentials WHERE id = ?`, id)
	})
}

// errNothing undoes a change that changed nothing, so that it leaves no record.
var errNothing = errors.New("nothing to change")

// RejectCredentials implements credential.Store. One record lists them.
func (db *DB) RejectCredentials(ctx context.Context, productID, target, reason string) (ids []string, err error) {
	e := &audit.Event{Kind: audit.CredentialTested, Object: "product:" + productID, Product: productID, Outcome: string(credential.Rejected), Reason: reason}
	err = db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		rows, err := tx.Query(ctx, `UPDATE credentials SET status = 'rejected', reason = ? WHERE product = ? AND target <> ? AND status <> 'rejected' RETURNING id`, reason, productID, target)
		err = each(rows, err, func(r *sql.Rows) error {
			var id string
			err := r.Scan(&id)
			ids = append(ids, id)
			return err
		})
		if err == nil && len(ids) == 0 {
			return errNothing
		}
		e.Detail = map[string]any{"credentials": ids}
		return err
	})
	if errors.Is(err, errNothing) {
		err = nil
	}
	return ids, err
}

var _ credential.Store = (*DB)(nil)
