package store

import (
	"context"
	"database/sql"
	"regexp"
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

// reaching is the condition that a grant reaches the caller whose subject is
// its two arguments.
const reaching = `(subject IN (?, 'everyone') OR subject IN (SELECT 'group:' || group_id FROM group_members WHERE member = ?))`

// GrantsOf implements product.Store.
func (db *DB) GrantsOf(ctx context.Context, subject, productID string) ([]product.Grant, error) {
	q, args := grantColumns+` WHERE `+reaching, []any{subject, subject}
	if productID != "" {
		q, args = q+` AND product_id = ?`, append(args, text(productID))
	}
	all, err := db.grants(ctx, q+` ORDER BY product_id, subject`, args...)
	for i := range all {
		if strings.HasPrefix(all[i].Subject, "group:") {
			all[i].Member = subject
		}
	}
	return all, err
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
func (db *DB) PutGrant(ctx context.Context, g product.Grant) error { return db.putGrant(ctx, g, false) }

// ChangeGrant implements product.Store.
func (db *DB) ChangeGrant(ctx context.Context, g product.Grant) error {
	return db.putGrant(ctx, g, true)
}

func (db *DB) putGrant(ctx context.Context, g product.Grant, known bool) error {
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
	e := grantEvent(audit.GrantCreated, g)
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		// The row of the product is held, so that it cannot go while a grant on
		// it comes: a grant must not wait for the next product of that name.
		if err := tx.Must(ctx, "data product", `UPDATE products SET updated_at = updated_at WHERE id = ?`, g.Product); err != nil {
			return err
		}
		var err error
		if g.Subject, err = tx.subject(ctx, g.Subject); err != nil {
			return err
		}
		e.Detail["subject"] = g.Subject
		if known {
			err := tx.Must(ctx, "grant", `UPDATE grants SET role = ?, created_by = ?, created_at = ? WHERE product_id = ? AND subject = ?`,
				string(g.Role), auth.CallerFrom(ctx).Subject(), micros(db.now()), g.Product, g.Subject)
			if fault.Is(err, fault.NotFound) {
				err = fault.New(fault.NotFound, "this subject has no role on the data product: POST gives it one")
			}
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO grants (product_id, subject, role, created_by, created_at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (product_id, subject) DO UPDATE SET role = excluded.role, created_by = excluded.created_by, created_at = excluded.created_at`,
			g.Product, g.Subject, string(g.Role), auth.CallerFrom(ctx).Subject(), micros(db.now()))
		return err
	})
}

// subjectForm is how a subject is written.
var subjectForm = regexp.MustCompile(`^(everyone|(client|user|group):.+)$`)

func checkGrant(g product.Grant) error {
	switch {
	case !subjectForm.MatchString(g.Subject):
		return fault.New(fault.Invalid, "a grant's subject is client:<id>, user:<id>, group:<id> or everyone")
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
	e := grantEvent(audit.GrantDeleted, g)
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) (err error) {
		if g.Subject, err = tx.subject(ctx, g.Subject); err != nil {
			return err
		}
		e.Detail["subject"] = g.Subject
		return tx.Must(ctx, "grant", `DELETE FROM grants WHERE product_id = ? AND subject = ? AND (role = ? OR ? = '')`,
			g.Product, g.Subject, string(g.Role), string(g.Role))
	})
}
