package store

import (
	"context"
	"strings"
	"time"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
)

var _ auth.TokenStore = (*DB)(nil)

// TokenIssued implements auth.TokenStore. It is a record only: the change
// counter stands still, so that issuing tokens does not make every node look
// again at every token.
func (db *DB) TokenIssued(ctx context.Context, i auth.Issued) error {
	return db.Append(ctx, issuedEvent(i))
}

// TokenIssuedAlone implements auth.TokenStore.
func (db *DB) TokenIssuedAlone(ctx context.Context, id auth.ClientID, i auth.Issued) (epoch int64, err error) {
	e := issuedEvent(i)
	e.Detail["single_active_token"] = true
	err = db.Change(ctx, &e, func(ctx context.Context, tx *Tx) error {
		err := tx.QueryRow(ctx, `UPDATE oauth_clients SET epoch = epoch + 1 WHERE client_id = ? AND deleted_at = 0 RETURNING epoch`, string(id)).Scan(&epoch)
		return notFound(err, "client")
	})
	return epoch, err
}

func issuedEvent(i auth.Issued) audit.Event {
	return audit.Event{Kind: audit.TokenIssued, Outcome: "ok", Detail: map[string]any{
		"key": i.KeyID, "scope": i.Scope, "audience": i.Audience, "expires_at": i.ExpiresAt.UTC(),
	}}
}

// TokenRefused implements auth.TokenStore and auth.ClientStore.
func (db *DB) TokenRefused(ctx context.Context, r auth.Refusal) error {
	e := audit.Event{Kind: audit.TokenRefused, Object: "client:" + text(string(r.ClientID)), Outcome: "denied", Reason: r.Reason}
	if r.More > 0 {
		e.Detail = map[string]any{"more": r.More}
	}
	return db.Append(ctx, e)
}

// RevokeToken implements auth.TokenStore. Ids of tokens that have expired go,
// so the table holds at most what is alive.
func (db *DB) RevokeToken(ctx context.Context, id auth.ClientID, jti string, expires time.Time) error {
	e := &audit.Event{Kind: audit.TokenRevoked, Object: "token:" + jti, Outcome: "ok"}
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM revoked_tokens WHERE expires_at < ?`, micros(db.now().Add(-time.Hour))); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO revoked_tokens (jti, client_id, expires_at) VALUES (?, ?, ?) ON CONFLICT (jti) DO NOTHING`, jti, string(id), micros(expires))
		return err
	})
}

// TokenState implements auth.TokenStore.
func (db *DB) TokenState(ctx context.Context, id auth.ClientID, jti string) (auth.TokenState, error) {
	var r clientRow
	var revoked int
	err := db.queryRow(ctx, `SELECT `+clientColumns+`, (SELECT COUNT(*) FROM revoked_tokens WHERE jti = ?) FROM (SELECT 1 AS one) AS x LEFT JOIN oauth_clients ON oauth_clients.client_id = ? AND deleted_at = 0`,
		jti, string(id)).Scan(r.into(&revoked)...)
	return auth.TokenState{Client: r.client(), Revoked: revoked > 0}, err
}

// text is what both engines take as text: PostgreSQL refuses a zero byte and
// broken UTF-8, which an id that a stranger sent may hold.
func text(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
