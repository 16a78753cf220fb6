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

const grantColumns = `SELECT product_id, subject, role, created_by, created_at FROM grants`

// Grants implements product.Store.
func (db *DB) Grants(ctx context.Context, productID string) ([]product.Grant, error) {
	return db.grants(ctx, grantColumns+` WHERE product_id = ? ORDER BY subject`, productID)
}

// GrantsOf implements product.Store.
func (db *DB) GrantsOf(ctx context.Context, subjects []string) ([]product.Grant, error) {
	if len(subjects) == 0 {
		return nil, nil
	}
	args := make([]any, len(subjects))
	for i, s := range subjects {
		args[i] = s
	}
	in := strings.Repeat("?, ", len(subjects)-1) + "?"
	return db.grants(ctx, grantColumns+` WHERE subject IN (`+in+`) ORDER BY product_id, subject`, args...)
}

func (db *DB) grants(ctx context.Context, q string, args ...any) (all []product.Grant, err error) {
	rows, err := db.query(ctx, q, args...)
	err = each(rows, err, func(r *sql.Rows) error {
		g, err := scanGrant(r)
		all = append(all, g)
		return err
	})
	return all, err
}

func scanGrant(row interface{ Scan(...any) error }) (g product.Grant, err error) {
	var role string
	var at int64
	err = row.Scan(&g.Product, &g.Subject, &role, &g.CreatedBy, &at)
	g.Role, g.CreatedAt = product.GrantRole(role), fromMicros(at)
	return g, err
}

// PutGrant implements product.Store.
func (db *DB) PutGrant(ctx context.Context, g product.Grant) error {
	if err := checkGrant(g); err != nil {
		return err
	}
	old, err := scanGrant(db.queryRow(ctx, grantColumns+` WHERE product_id = ? AND subject = ?`, g.Product, g.Subject))
	if err == nil && old.Role == g.Role {
		return nil
	}
	if err = notFound(err, "grant"); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return db.Change(ctx, grantEvent(audit.GrantCreated, g), func(ctx context.Context, tx *Tx) error {
		// The row of the product is held, so that it cannot go while a grant on
		// it comes: a grant must not wait for the next product of that name.
		if err := tx.Must(ctx, "data product", `UPDATE products SET updated_at = updated_at WHERE id = ?`, g.Product); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO grants (product_id, subject, role, created_by, created_at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (product_id, subject) DO UPDATE SET role = excluded.role, created_by = excluded.created_by, created_at = excluded.created_at`,
			g.Product, g.Subject, string(g.Role), auth.CallerFrom(ctx).Subject(), micros(db.now()))
		return err
	})
}

func checkGrant(g product.Grant) error {
	switch {
	case !strings.HasPrefix(g.Subject, "client:") && !strings.HasPrefix(g.Subject, "user:") && g.Subject != public:
		return fault.New(fault.Invalid, "a grant's subject is client:<id>, user:<id> or everyone")
	case g.Role != product.ProductViewer && g.Role != product.ProductAdmin:
		return fault.New(fault.Invalid, "a grant's role is product_viewer or product_admin")
	case g.Subject == public && g.Role != product.ProductViewer:
		return fault.New(fault.Invalid, "everyone can only be product_viewer: name who is to be product_admin")
	}
	return nil
}

func grantEvent(k audit.Kind, g product.Grant) *audit.Event {
	return &audit.Event{Kind: k, Object: "product:" + g.Product, Product: g.Product,
		Detail: map[string]any{"subject": g.Subject, "role": string(g.Role)}}
}

// DeleteGrant implements product.Store.
func (db *DB) DeleteGrant(ctx context.Context, g product.Grant) error {
	return db.Change(ctx, grantEvent(audit.GrantDeleted, g), func(ctx context.Context, tx *Tx) error {
		return tx.Must(ctx, "grant", `DELETE FROM grants WHERE product_id = ? AND subject = ? AND (role = ? OR ? = '')`,
			g.Product, g.Subject, string(g.Role), string(g.Role))
	})
}
