package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/product/market"
)

var _ market.Store = (*DB)(nil)

const marketColumns = `SELECT id, spec, spec_yaml, created_by, created_at, updated_at FROM marketplaces`

func scanMarket(row interface{ Scan(...any) error }) (market.Marketplace, error) {
	var id, doc, yaml, by string
	var created, updated int64
	if err := row.Scan(&id, &doc, &yaml, &by, &created, &updated); err != nil {
		return market.Marketplace{}, err
	}
	m, err := market.Stored([]byte(doc))
	m.ID, m.SpecYAML, m.CreatedBy = id, yaml, by
	m.CreatedAt, m.UpdatedAt = fromMicros(created), fromMicros(updated)
	return m, err
}

// Marketplace implements market.Store.
func (db *DB) Marketplace(ctx context.Context, id string) (market.Marketplace, error) {
	m, err := scanMarket(db.queryRow(ctx, marketColumns+` WHERE id = ?`, text(id)))
	return m, notFound(err, "marketplace")
}

// Marketplaces implements market.Store.
func (db *DB) Marketplaces(ctx context.Context) (all []market.Marketplace, err error) {
	rows, err := db.query(patient(ctx), marketColumns+` ORDER BY id`)
	err = each(rows, err, func(r *sql.Rows) error {
		m, err := scanMarket(r)
		all = append(all, m)
		return err
	})
	return all, err
}

func marketEvent(k audit.Kind, id string) *audit.Event {
	return &audit.Event{Kind: k, Object: "marketplace:" + id, Detail: map[string]any{}}
}

// PutMarketplace implements market.Store.
func (db *DB) PutMarketplace(ctx context.Context, m market.Marketplace, fresh bool) error {
	c, now := auth.CallerFrom(ctx), micros(db.now())
	if !fresh {
		return db.Change(ctx, marketEvent(audit.MarketplaceUpdated, m.ID), func(ctx context.Context, tx *Tx) error {
			return tx.Must(ctx, "marketplace", `UPDATE marketplaces SET spec = ?, spec_yaml = ?, updated_at = ? WHERE id = ?`, string(m.Spec), m.SpecYAML, now, m.ID)
		})
	}
	e := marketEvent(audit.MarketplaceCreated, m.ID)
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		made, err := tx.inserted(ctx, `INSERT INTO marketplaces (id, spec, spec_yaml, created_by, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
			m.ID, string(m.Spec), m.SpecYAML, c.Subject(), now, now)
		if err == nil && !made {
			err = fault.New(fault.Conflict, "the marketplace id %q is taken", m.ID)
		}
		if err != nil || c.Kind != auth.Machine && c.Kind != auth.Person {
			return err
		}
		e.Detail["granted"] = c.Subject() + " " + string(market.Admin)
		_, err = tx.Exec(ctx, `INSERT INTO marketplace_grants (marketplace_id, subject, role, created_by, created_at) VALUES (?, ?, ?, ?, ?)`,
			m.ID, c.Subject(), string(market.Admin), c.Subject(), now)
		return err
	})
}

// DeleteMarketplace implements market.Store.
func (db *DB) DeleteMarketplace(ctx context.Context, id string) error {
	return db.Change(ctx, marketEvent(audit.MarketplaceDeleted, id), func(ctx context.Context, tx *Tx) error {
		return tx.Must(ctx, "marketplace", `DELETE FROM marketplaces WHERE id = ?`, text(id))
	})
}

const listingColumns = `SELECT l.marketplace_id, m.spec, l.product_id, l.version, v.status, l.created_at, l.updated_at FROM listings l
	JOIN marketplaces m ON m.id = l.marketplace_id JOIN product_versions v ON v.product_id = l.product_id AND v.version = l.version`

func (db *DB) listings(ctx context.Context, where string, args ...any) (all []market.Listing, err error) {
	rows, err := db.query(patient(ctx), listingColumns+where+` ORDER BY l.product_id, l.marketplace_id`, args...)
	err = each(rows, err, func(r *sql.Rows) error {
		var l market.Listing
		var doc, status string
		var created, updated int64
		if err := r.Scan(&l.Marketplace, &doc, &l.Product, &l.Version, &status, &created, &updated); err != nil {
			return err
		}
		m, err := market.Stored([]byte(doc))
		l.Name, l.Status, l.CreatedAt, l.UpdatedAt = m.Name, product.Status(status), fromMicros(created), fromMicros(updated)
		all = append(all, l)
		return err
	})
	return all, err
}

// Listings implements market.Store.
func (db *DB) Listings(ctx context.Context, marketplace string) ([]market.Listing, error) {
	return db.listings(ctx, ` WHERE l.marketplace_id = ?`, text(marketplace))
}

// ListingsOf implements market.Store.
func (db *DB) ListingsOf(ctx context.Context, products []string) (all []market.Listing, err error) {
	for len(products) > 0 { // PostgreSQL and SQLite bound how many arguments there may be
		n := min(len(products), 500)
		args := make([]any, n)
		for i, p := range products[:n] {
			args[i] = text(p)
		}
		some, err := db.listings(ctx, ` WHERE l.product_id IN (`+strings.Repeat("?, ", n-1)+`?)`, args...)
		if err != nil {
			return nil, err
		}
		all, products = append(all, some...), products[n:]
	}
	return all, nil
}

// Publish implements market.Store.
func (db *DB) Publish(ctx context.Context, marketplace string, changes []market.Change) error {
	e := marketEvent(audit.ProductPublished, marketplace)
	if len(changes) == 1 {
		e.Product = changes[0].Product
	}
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		if err := tx.Must(ctx, "marketplace", `UPDATE marketplaces SET updated_at = updated_at WHERE id = ?`, text(marketplace)); err != nil {
			return err
		}
		done := map[market.Op][]string{}
		var failed error
		at := map[market.Op]int{}
		for _, c := range changes {
			what, err := db.publish(ctx, tx, marketplace, c)
			if err != nil && fault.As(err) == nil {
				return err
			}
			failed = joinChange(failed, err, c.Op, at[c.Op])
			at[c.Op]++
			done[c.Op] = append(done[c.Op], what)
		}
		for op, list := range done {
			e.Detail[string(op)] = list
		}
		if len(done[market.Unpublish]) == len(changes) {
			e.Kind = audit.ProductUnpublished
		}
		return failed
	})
}

// joinChange adds the fault of one change to those before it.
func joinChange(before, err error, op market.Op, i int) error {
	if err == nil {
		return before
	}
	f := fault.As(err)
	field := fault.Field{Loc: []string{"body", string(op), fmt.Sprint(i), "product_id"}, Msg: f.Message, Type: "not_published"}
	if b := fault.As(before); b != nil {
		b.Fields = append(b.Fields, field)
		return before
	}
	first := *f
	first.Fields = []fault.Field{field}
	return &first
}

func (db *DB) publish(ctx context.Context, tx *Tx, marketplace string, c market.Change) (string, error) {
	now := micros(db.now())
	var listed string
	err := tx.QueryRow(ctx, `SELECT version FROM listings WHERE marketplace_id = ? AND product_id = ?`, marketplace, c.Product).Scan(&listed)
	absent := errors.Is(err, sql.ErrNoRows)
	if err != nil && !absent {
		return "", err
	}
	what := c.Product + " " + c.Version
	switch {
	case absent && c.Op != market.Publish:
		return what, fault.New(fault.NotFound, "data product %q is not published in this marketplace", c.Product)
	case c.Op == market.Unpublish:
		_, err = tx.Exec(ctx, `DELETE FROM listings WHERE marketplace_id = ? AND product_id = ?`, marketplace, c.Product)
		return c.Product, err
	case absent:
		// Only where the version is there still: it may have gone meanwhile.
		return what, tx.Must(ctx, "data product or version", `INSERT INTO listings (marketplace_id, product_id, version, created_by, created_at, updated_at)
			SELECT ?, product_id, version, ?, ?, ? FROM product_versions WHERE product_id = ? AND version = ?`,
			marketplace, auth.CallerFrom(ctx).Subject(), now, now, c.Product, c.Version)
	case c.Op == market.Publish && listed != c.Version:
		return what, fault.New(fault.Conflict, "version %s of data product %q is published in this marketplace already: update it to %s", listed, c.Product, c.Version)
	case listed == c.Version:
		return what, nil
	}
	return what, tx.Must(ctx, "data product or version", `UPDATE listings SET version = ?, updated_at = ? WHERE marketplace_id = ? AND product_id = ?
		AND EXISTS (SELECT 1 FROM product_versions WHERE product_id = ? AND version = ?)`,
		c.Version, now, marketplace, c.Product, c.Product, c.Version)
}
