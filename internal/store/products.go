package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
)

var _ product.Store = (*DB)(nil)

// public is the subject that stands for all callers.
const public = "everyone"

const productColumns = `SELECT p.id, (SELECT COUNT(*) FROM grants g WHERE g.product_id = p.id AND g.subject = 'everyone'), v.version, v.status, v.spec, v.spec_yaml, v.resolved, v.created_by, v.created_at, v.updated_at
	FROM product_versions v JOIN products p ON p.id = v.product_id`

// parsedSpecs remembers what a spec's text parses to. That is a function of
// the text alone, so nothing here can go stale; products in it are shared and
// never changed.
var parsedSpecs struct {
	sync.Mutex
	byText map[string]product.Product
	bytes  int
}

// parsedLimit bounds the texts remembered, in bytes.
const parsedLimit = 16 << 20

func parseSpec(spec string) (product.Product, error) {
	c := &parsedSpecs
	c.Lock()
	p, ok := c.byText[spec]
	c.Unlock()
	if ok {
		return p, nil
	}
	p, err := product.Stored([]byte(spec))
	if err != nil {
		return p, err
	}
	c.Lock()
	defer c.Unlock()
	if c.byText == nil || c.bytes+len(spec) > parsedLimit {
		c.byText, c.bytes = map[string]product.Product{}, 0
	}
	c.byText[spec] = p
	c.bytes += len(spec)
	return p, nil
}

func scanProduct(row interface{ Scan(...any) error }) (product.Product, error) {
	var id, version, status, spec, yaml, resolved, by string
	var shared, created, updated int64
	if err := row.Scan(&id, &shared, &version, &status, &spec, &yaml, &resolved, &by, &created, &updated); err != nil {
		return product.Product{}, err
	}
	p, err := parseSpec(spec)
	if err != nil {
		return p, err
	}
	p.ID, p.Version, p.Status, p.Public = id, version, product.Status(status), shared > 0
	p.SpecYAML, p.CreatedBy = yaml, by
	p.CreatedAt, p.UpdatedAt = fromMicros(created), fromMicros(updated)
	p.Systems, err = withResolved(p.Systems, resolved)
	return p, err
}

// withResolved puts the paths found when the version was stored in place of
// those written in the spec, which may since lead elsewhere.
func withResolved(systems []product.System, resolved string) ([]product.System, error) {
	paths := map[string]string{}
	if err := json.Unmarshal([]byte(resolved), &paths); err != nil {
		return nil, err
	}
	out := slices.Clone(systems)
	for i := range out {
		if path, ok := paths[out[i].Name]; ok {
			out[i].Source.Path = path
		}
	}
	return out, nil
}

func resolvedPaths(p product.Product) (string, error) {
	paths := map[string]string{}
	for _, s := range p.Systems {
		if s.Source.Path != "" {
			paths[s.Name] = s.Source.Path
		}
	}
	b, err := json.Marshal(paths)
	return string(b), err
}

// Product implements product.Store.
func (db *DB) Product(ctx context.Context, id string) (product.Product, error) {
	all, err := db.Versions(ctx, id)
	if err != nil {
		return product.Product{}, err
	}
	p, _ := product.Current(all)
	return p, nil
}

// ProductVersion implements product.Store.
func (db *DB) ProductVersion(ctx context.Context, id, version string) (product.Product, error) {
	p, err := scanProduct(db.queryRow(ctx, productColumns+` WHERE p.id = ? AND v.version = ?`, id, version))
	return p, notFound(err, "data product or version")
}

// Versions implements product.Store.
func (db *DB) Versions(ctx context.Context, id string) ([]product.Product, error) {
	all, err := db.products(ctx, productColumns+` WHERE p.id = ?`, id)
	if err == nil && len(all) == 0 {
		err = notFound(sql.ErrNoRows, "data product")
	}
	product.Newest(all)
	return all, err
}

// Products implements product.Store.
func (db *DB) Products(ctx context.Context) ([]product.Product, error) {
	all, err := db.products(ctx, productColumns)
	if err != nil {
		return nil, err
	}
	byID := map[string][]product.Product{}
	for _, p := range all {
		byID[p.ID] = append(byID[p.ID], p)
	}
	out := make([]product.Product, 0, len(byID))
	for _, versions := range byID {
		p, _ := product.Current(versions)
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b product.Product) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

func (db *DB) products(ctx context.Context, q string, args ...any) (all []product.Product, err error) {
	rows, err := db.query(patient(ctx), q, args...) // each row is parsed while it is read
	err = each(rows, err, func(r *sql.Rows) error {
		p, err := scanProduct(r)
		all = append(all, p)
		return err
	})
	return all, err
}

// PutProduct implements product.Store.
func (db *DB) PutProduct(ctx context.Context, p product.Product, fresh bool) (created bool, err error) {
	old, err := db.ProductVersion(ctx, p.ID, p.Version)
	if err == nil {
		if p.Status == "" {
			p.Status = old.Status
		}
		if product.Same(old, p) {
			return false, nil
		}
	} else if !fault.Is(err, fault.NotFound) {
		return false, err
	}
	if p.Status == "" {
		p.Status = product.InDraft
	}
	e := &audit.Event{Object: "product:" + p.ID, Product: p.ID, Detail: map[string]any{
		"version": p.Version, "status": string(p.Status), "visibility": string(p.Visibility()), "systems": targets(p),
	}}
	err = db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		var err error
		created, err = db.putProduct(ctx, tx, p, fresh, e)
		return err
	})
	return created && err == nil, err
}

// targets names where the product's data is, for the record.
func targets(p product.Product) []string {
	out := make([]string, 0, len(p.Systems))
	for _, s := range p.Systems {
		out = append(out, s.Source.Canonical())
	}
	return out
}

func (db *DB) putProduct(ctx context.Context, tx *Tx, p product.Product, fresh bool, e *audit.Event) (created bool, err error) {
	resolved, err := resolvedPaths(p)
	if err != nil {
		return false, err
	}
	by, now := auth.CallerFrom(ctx).Subject(), micros(db.now())
	isNew, err := tx.inserted(ctx, `INSERT INTO products (id, created_by, created_at, updated_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (id) DO NOTHING`, p.ID, by, now, now)
	if err != nil {
		return false, err
	}
	if fresh && !isNew {
		return false, fault.New(fault.Conflict, "the data product id %q is taken", p.ID)
	}
	e.Kind = audit.ProductUpdated
	if isNew {
		e.Kind = audit.ProductCreated
		if err := db.grantCreator(ctx, tx, p.ID, e); err != nil {
			return false, err
		}
	} else if _, err := tx.Exec(ctx, `UPDATE products SET updated_at = ? WHERE id = ?`, now, p.ID); err != nil {
		return false, err
	}
	if err := db.setPublic(ctx, tx, p, by); err != nil {
		return false, err
	}
	created, err = tx.inserted(ctx, `INSERT INTO product_versions (product_id, version, status, spec, spec_yaml, resolved, created_by, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (product_id, version) DO NOTHING`,
		p.ID, p.Version, string(p.Status), string(p.Spec), p.SpecYAML, resolved, by, now, now)
	if err != nil || created {
		return created, err
	}
	_, err = tx.Exec(ctx, `UPDATE product_versions SET status = ?, spec = ?, spec_yaml = ?, resolved = ?, updated_at = ? WHERE product_id = ? AND version = ?`,
		string(p.Status), string(p.Spec), p.SpecYAML, resolved, now, p.ID, p.Version)
	return false, err
}

// grantCreator lets who created a product through the API go on with it; an
// operator needs no grant.
func (db *DB) grantCreator(ctx context.Context, tx *Tx, id string, e *audit.Event) error {
	c := auth.CallerFrom(ctx)
	if c.Kind != auth.Machine && c.Kind != auth.Person {
		return nil
	}
	e.Detail["granted"] = c.Subject() + " " + string(product.ProductAdmin)
	_, err := tx.Exec(ctx, `INSERT INTO grants (product_id, subject, role, created_by, created_at) VALUES (?, ?, ?, ?, ?)`,
		id, c.Subject(), string(product.ProductAdmin), c.Subject(), micros(db.now()))
	return err
}

// inserted runs an INSERT ... DO NOTHING and reports whether it added a row.
func (t *Tx) inserted(ctx context.Context, q string, args ...any) (bool, error) {
	res, err := t.Exec(ctx, q, args...)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// setPublic grants the product to everyone, or takes that grant away.
func (db *DB) setPublic(ctx context.Context, tx *Tx, p product.Product, by string) error {
	if !p.Public {
		_, err := tx.Exec(ctx, `DELETE FROM grants WHERE product_id = ? AND subject = ?`, p.ID, public)
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO grants (product_id, subject, role, created_by, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (product_id, subject) DO NOTHING`,
		p.ID, public, string(product.ProductViewer), by, micros(db.now()))
	return err
}

// SetStatus implements product.Store.
func (db *DB) SetStatus(ctx context.Context, id, version string, s product.Status) error {
	old, err := db.ProductVersion(ctx, id, version)
	if err != nil || old.Status == s {
		return err
	}
	e := &audit.Event{Kind: audit.ProductUpdated, Object: "product:" + id, Product: id,
		Detail: map[string]any{"version": version, "status": string(s)}}
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		return tx.Must(ctx, "data product or version", `UPDATE product_versions SET status = ?, updated_at = ? WHERE product_id = ? AND version = ?`,
			string(s), micros(db.now()), id, version)
	})
}

// DeleteProduct implements product.Store.
func (db *DB) DeleteProduct(ctx context.Context, id string) error {
	e := &audit.Event{Kind: audit.ProductDeleted, Object: "product:" + id, Product: id}
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		return tx.Must(ctx, "data product", `DELETE FROM products WHERE id = ?`, id)
	})
}

// DeleteVersion implements product.Store.
func (db *DB) DeleteVersion(ctx context.Context, id, version string) error {
	e := &audit.Event{Kind: audit.ProductUpdated, Object: "product:" + id, Product: id,
		Detail: map[string]any{"version": version, "deleted": true}}
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		err := tx.Must(ctx, "data product or version", `DELETE FROM product_versions WHERE product_id = ? AND version = ?`, id, version)
		if err != nil {
			return err
		}
		var one int64
		err = tx.QueryRow(ctx, `SELECT 1 FROM product_versions WHERE product_id = ?`, id).Scan(&one)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		e.Kind = audit.ProductDeleted // that was the last one
		_, err = tx.Exec(ctx, `DELETE FROM products WHERE id = ?`, id)
		return err
	})
}
