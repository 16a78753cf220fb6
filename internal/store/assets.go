package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/postern/postern/internal/result"
)

const assetColumns = `id, owner, chat_id, kind, name, content_type, size, created_at, expires_at`

func scanAsset(row interface{ Scan(...any) error }) (a result.Asset, err error) {
	var created, expires int64
	err = row.Scan(&a.ID, &a.Owner, &a.ChatID, &a.Kind, &a.Name, &a.ContentType, &a.Size, &created, &expires)
	a.CreatedAt, a.ExpiresAt = fromMicros(created), fromMicros(expires)
	return a, err
}

// quietly commits with others, without a record and without a bump: an asset
// is the shadow of a query that is on record, and nobody caches it.
func (db *DB) quietly(ctx context.Context, apply func(context.Context, *Tx) error) error {
	return db.submit(&change{ctx: ctx, apply: apply, done: make(chan error, 1)})
}

// PutAsset implements result.AssetStore.
func (db *DB) PutAsset(ctx context.Context, a result.Asset) error {
	return db.quietly(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO assets (`+assetColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			a.ID, a.Owner, a.ChatID, a.Kind, a.Name, a.ContentType, a.Size, micros(a.CreatedAt), micros(a.ExpiresAt))
		return err
	})
}

// Asset implements result.AssetStore.
func (db *DB) Asset(ctx context.Context, id string) (result.Asset, error) {
	a, err := scanAsset(db.queryRow(ctx, `SELECT `+assetColumns+` FROM assets WHERE id = ?`, id))
	return a, notFound(err, "asset")
}

// ExpiredAssets implements result.AssetStore.
func (db *DB) ExpiredAssets(ctx context.Context, before time.Time, limit int) ([]result.Asset, error) {
	rows, err := db.query(ctx, `SELECT `+assetColumns+` FROM assets WHERE expires_at <= ? ORDER BY expires_at LIMIT ?`, micros(before), limit)
	var all []result.Asset
	err = each(rows, err, func(r *sql.Rows) error {
		a, err := scanAsset(r)
		all = append(all, a)
		return err
	})
	return all, err
}

// DeleteAsset implements result.AssetStore.
func (db *DB) DeleteAsset(ctx context.Context, id string) error {
	return db.quietly(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM assets WHERE id = ?`, id)
		return err
	})
}
