package store

import (
	"context"
	"database/sql"
	"strings"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
)

const queryGrantColumns = `SELECT product_id, query, subject, created_by, created_at FROM query_grants`

// QueryGrants implements product.Store.
func (db *DB) QueryGrants(ctx context.Context, productID string) ([]product.Grant, error) {
	return db.queryGrants(ctx, "", queryGrantColumns+` WHERE product_id = ? ORDER BY query, subject`, productID)
}

// QueryGrantsOf implements product.Store.
func (db *DB) QueryGrantsOf(ctx context.Context, subject, productID string) ([]product.Grant, error) {
	return db.queryGrants(ctx, subject, queryGrantColumns+` WHERE `+reaching+` AND product_id = ? ORDER BY query, subject`, subject, subject, text(productID))
}

// queryGrants reads grants; member is the caller that those to groups reach.
func (db *DB) queryGrants(ctx context.Context, member, q string, args ...any) (all []product.Grant, err error) {
	rows, err := db.query(ctx, q, args...)
	err = each(rows, err, func(r *sql.Rows) error {
		g := product.Grant{Role: product.QueryRunner}
		var at int64
		err := r.Scan(&g.Product, &g.Query, &g.Subject, &g.CreatedBy, &at)
		g.CreatedAt = fromMicros(at)
		if strings.HasPrefix(g.Subject, "group:") {
			g.Member = member
		}
		all = append(all, g)
		return err
	})
	return all, err
}

// PutQueryGrant implements product.Store.
func (db *DB) PutQueryGrant(ctx context.Context, g product.Grant) error {
	g.Role = product.QueryRunner
	if g.Query == "" {
		return fault.Missing("query")
	}
	if err := checkGrant(product.Grant{Subject: g.Subject, Role: product.ProductViewer}); err != nil {
		return err
	}
	var one int64
	err := db.queryRow(ctx, `SELECT 1 FROM query_grants WHERE product_id = ? AND query = ? AND subject = ?`, g.Product, g.Query, g.Subject).Scan(&one)
	if err == nil {
		return nil // the same again leaves no record
	}
	if err = notFound(err, "grant"); !fault.Is(err, fault.NotFound) {
		return err
	}
	e := queryGrantEvent(audit.GrantCreated, g)
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		// As for a grant on the product: it must not wait for the next product
		// of that name.
		if err := tx.Must(ctx, "data product", `UPDATE products SET updated_at = updated_at WHERE id = ?`, g.Product); err != nil {
			return err
		}
		var err error
		if g.Subject, err = tx.subject(ctx, g.Subject); err != nil {
			return err
		}
		e.Detail["subject"] = g.Subject
		_, err = tx.Exec(ctx, `INSERT INTO query_grants (product_id, query, subject, created_by, created_at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (product_id, query, subject) DO NOTHING`, g.Product, g.Query, g.Subject, auth.CallerFrom(ctx).Subject(), micros(db.now()))
		return err
	})
}

// DeleteQueryGrant implements product.Store.
func (db *DB) DeleteQueryGrant(ctx context.Context, g product.Grant) error {
	g.Role = product.QueryRunner
	e := queryGrantEvent(audit.GrantDeleted, g)
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) (err error) {
		if g.Subject, err = tx.subject(ctx, g.Subject); err != nil {
			return err
		}
		e.Detail["subject"] = g.Subject
		return tx.Must(ctx, "grant", `DELETE FROM query_grants WHERE product_id = ? AND query = ? AND subject = ?`, g.Product, g.Query, g.Subject)
	})
}

func queryGrantEvent(k audit.Kind, g product.Grant) *audit.Event {
	e := grantEvent(k, g)
	e.Detail["verified_query"] = g.Query
	return e
}
