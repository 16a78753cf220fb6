package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product/market"
)

const marketGrantColumns = `SELECT marketplace_id, subject, role, created_by, created_at FROM marketplace_grants`

func (db *DB) marketGrants(ctx context.Context, where string, args ...any) (all []market.Grant, err error) {
	rows, err := db.query(ctx, marketGrantColumns+where+` ORDER BY marketplace_id, subject`, args...)
	err = each(rows, err, func(r *sql.Rows) error {
		var g market.Grant
		var role string
		var at int64
		err := r.Scan(&g.Marketplace, &g.Subject, &role, &g.CreatedBy, &at)
		g.Role, g.CreatedAt = market.Role(role), fromMicros(at)
		all = append(all, g)
		return err
	})
	return all, err
}

// MarketGrants implements market.Store.
func (db *DB) MarketGrants(ctx context.Context, marketplace string) ([]market.Grant, error) {
	return db.marketGrants(ctx, ` WHERE marketplace_id = ?`, text(marketplace))
}

// MarketGrantsOf implements market.Store.
func (db *DB) MarketGrantsOf(ctx context.Context, subject, marketplace string) ([]market.Grant, error) {
	where, args := ` WHERE `+reaching, []any{subject, subject}
	if marketplace != "" {
		where, args = where+` AND marketplace_id = ?`, append(args, text(marketplace))
	}
	all, err := db.marketGrants(ctx, where, args...)
	for i := range all {
		if strings.HasPrefix(all[i].Subject, "group:") {
			all[i].Member = subject
		}
	}
	return all, err
}

func marketGrantEvent(k audit.Kind, g market.Grant) *audit.Event {
	return &audit.Event{Kind: k, Object: "marketplace:" + g.Marketplace, Detail: map[string]any{"subject": g.Subject, "role": string(g.Role)}}
}

// PutMarketGrant implements market.Store.
func (db *DB) PutMarketGrant(ctx context.Context, g market.Grant, known bool) error {
	switch {
	case !subjectForm.MatchString(g.Subject):
		return fault.New(fault.Invalid, "a grant's subject is client:<id>, user:<id>, group:<id> or everyone")
	case !slices.Contains(market.Roles, g.Role):
		return fault.New(fault.Invalid, "a role on a marketplace is marketplace_viewer, marketplace_maintainer or marketplace_admin")
	case g.Subject == public && g.Role != market.Viewer:
		return fault.New(fault.Invalid, "everyone can only be marketplace_viewer")
	}
	e := marketGrantEvent(audit.GrantCreated, g)
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		if err := tx.Must(ctx, "marketplace", `UPDATE marketplaces SET updated_at = updated_at WHERE id = ?`, text(g.Marketplace)); err != nil {
			return err
		}
		var err error
		if g.Subject, err = tx.subject(ctx, g.Subject); err != nil {
			return err
		}
		e.Detail["subject"] = g.Subject
		by, now := auth.CallerFrom(ctx).Subject(), micros(db.now())
		if known {
			err := tx.Must(ctx, "grant", `UPDATE marketplace_grants SET role = ?, created_by = ?, created_at = ? WHERE marketplace_id = ? AND subject = ?`, string(g.Role), by, now, g.Marketplace, g.Subject)
			if fault.Is(err, fault.NotFound) {
				err = fault.New(fault.NotFound, "this subject has no role on the marketplace: POST gives it one")
			}
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO marketplace_grants (marketplace_id, subject, role, created_by, created_at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (marketplace_id, subject) DO UPDATE SET role = excluded.role, created_by = excluded.created_by, created_at = excluded.created_at`,
			g.Marketplace, g.Subject, string(g.Role), by, now)
		return err
	})
}

// DeleteMarketGrant implements market.Store.
func (db *DB) DeleteMarketGrant(ctx context.Context, g market.Grant) error {
	e := marketGrantEvent(audit.GrantDeleted, g)
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) (err error) {
		if g.Subject, err = tx.subject(ctx, g.Subject); err != nil {
			return err
		}
		e.Detail["subject"] = g.Subject
		return tx.Must(ctx, "grant", `DELETE FROM marketplace_grants WHERE marketplace_id = ? AND subject = ? AND (role = ? OR ? = '')`,
			text(g.Marketplace), g.Subject, string(g.Role), string(g.Role))
	})
}

// Reports implements market.Store.
func (db *DB) Reports(ctx context.Context, product string) (all []market.Report, err error) {
	rows, err := db.query(ctx, `SELECT product_id, report_key, value, extra, reported_by, reported_at FROM report_results WHERE product_id = ? ORDER BY report_key`, text(product))
	err = each(rows, err, func(r *sql.Rows) error {
		var x market.Report
		var value, extra string
		var at int64
		err := r.Scan(&x.Product, &x.Key, &value, &extra, &x.By, &at)
		x.Value, x.Extra, x.UpdatedAt = []byte(value), []byte(extra), fromMicros(at)
		all = append(all, x)
		return err
	})
	return all, err
}

// PutReports implements market.Store.
func (db *DB) PutReports(ctx context.Context, reports []market.Report) error {
	e := &audit.Event{Kind: audit.ReportStored, Detail: map[string]any{}}
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		var names []string
		for _, r := range reports {
			if err := tx.Must(ctx, "data product", `UPDATE products SET updated_at = updated_at WHERE id = ?`, text(r.Product)); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `INSERT INTO report_results (product_id, report_key, value, extra, reported_by, reported_at) VALUES (?, ?, ?, ?, ?, ?)
				ON CONFLICT (product_id, report_key) DO UPDATE SET value = excluded.value, extra = excluded.extra, reported_by = excluded.reported_by, reported_at = excluded.reported_at`,
				r.Product, r.Key, string(r.Value), string(r.Extra), auth.CallerFrom(ctx).Subject(), micros(db.now())); err != nil {
				return err
			}
			names = append(names, r.Product+" "+r.Key)
			e.Object, e.Product = "product:"+r.Product, r.Product
		}
		e.Detail["reports"] = names
		return nil
	})
}
