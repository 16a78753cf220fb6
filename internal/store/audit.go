package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/fault"
)

// AuditHeads implements audit.Chain.
func (db *DB) AuditHeads(ctx context.Context) ([]audit.Head, error) {
	var heads []audit.Head
	rows, err := db.query(ctx, `SELECT writer, seq, hash FROM audit_heads ORDER BY writer`)
	err = each(rows, err, func(r *sql.Rows) error {
		var h audit.Head
		heads = append(heads, h)
		last := &heads[len(heads)-1]
		return r.Scan(&last.Writer, &last.Seq, &last.Hash)
	})
	return heads, err
}

const auditColumns = `writer, seq, id, at, kind, actor, product, request_id, of_id, body, prev, hash`

func scanAudit(r *sql.Rows) (audit.Row, error) {
	var (
		row  audit.Row
		at   int64
		body string
	)
	err := r.Scan(&row.Writer, &row.Seq, &row.ID, &at, &row.Kind, &row.Actor, &row.Product, &row.RequestID, &row.Of, &body, &row.Prev, &row.Hash)
	row.Time, row.Body = fromMicros(at), []byte(body)
	return row, err
}

func (db *DB) auditRows(ctx context.Context, q string, args ...any) ([]audit.Row, error) {
	var out []audit.Row
	rows, err := db.query(patient(ctx), q, args...)
	err = each(rows, err, func(r *sql.Rows) error {
		row, err := scanAudit(r)
		out = append(out, row)
		return err
	})
	return out, err
}

// AuditRows implements audit.Chain.
func (db *DB) AuditRows(ctx context.Context, writer string, after int64, limit int) ([]audit.Row, error) {
	return db.auditRows(ctx, `SELECT `+auditColumns+` FROM audit_records WHERE writer = ? AND seq > ? ORDER BY seq LIMIT ?`, writer, after, limit)
}

// AuditCheckpoints implements audit.Chain.
func (db *DB) AuditCheckpoints(ctx context.Context, writer string) ([]audit.Checkpoint, error) {
	var points []audit.Checkpoint
	rows, err := db.query(patient(ctx), `SELECT seq, hash, at, kid, sig FROM audit_checkpoints WHERE writer = ? ORDER BY seq`, writer)
	err = each(rows, err, func(r *sql.Rows) error {
		p := audit.Checkpoint{Writer: writer}
		var at int64
		err := r.Scan(&p.Seq, &p.Hash, &at, &p.KeyID, &p.Sig)
		p.Time = fromMicros(at)
		points = append(points, p)
		return err
	})
	return points, err
}

// Checkpoint signs the end of every chain that grew since its last checkpoint.
func (db *DB) Checkpoint(ctx context.Context, sign func(data []byte) (keyID string, sig []byte)) error {
	heads, err := db.AuditHeads(ctx)
	if err != nil {
		return err
	}
	for _, h := range heads {
		var last int64
		if err := db.queryRow(ctx, `SELECT COALESCE(MAX(seq), 0) FROM audit_checkpoints WHERE writer = ?`, h.Writer).Scan(&last); err != nil {
			return err
		}
		if h.Seq <= last {
			continue
		}
		p := audit.Checkpoint{Writer: h.Writer, Seq: h.Seq, Hash: h.Hash, Time: db.now().UTC().Truncate(time.Microsecond)}
		p.KeyID, p.Sig = sign(p.Signed())
		if _, err := db.write.ExecContext(ctx, rebind(db.pg, `INSERT INTO audit_checkpoints (writer, seq, hash, at, kid, sig) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`),
			p.Writer, p.Seq, p.Hash, micros(p.Time), p.KeyID, p.Sig); err != nil {
			return err
		}
	}
	return nil
}

// AuditFilter selects records; empty fields select all.
type AuditFilter struct {
	ID, RequestID, Actor, Product string
	Kind                          string // exact, or a prefix ending in "."
	Since, Until                  time.Time
	Before                        string // an id: records older than it
	Limit                         int
}

// Audit gives the newest records that match, newest first.
func (db *DB) Audit(ctx context.Context, f AuditFilter) ([]audit.Row, error) {
	where, args := []string{"1 = 1"}, []any{}
	add := func(cond string, arg any) { where, args = append(where, cond), append(args, arg) }
	for cond, v := range map[string]string{"id = ?": f.ID, "request_id = ?": f.RequestID, "actor = ?": f.Actor, "product = ?": f.Product, "(at, id) < (SELECT at, id FROM audit_records WHERE id = ?)": f.Before} {
		if v != "" {
			add(cond, v)
		}
	}
	if p, ok := strings.CutSuffix(f.Kind, "."); ok {
		add("kind LIKE ?", p+".%")
	} else if f.Kind != "" {
		add("kind = ?", f.Kind)
	}
	if !f.Since.IsZero() {
		add("at >= ?", micros(f.Since))
	}
	if !f.Until.IsZero() {
		add("at < ?", micros(f.Until))
	}
	if f.Limit <= 0 {
		f.Limit = 100
	}
	return db.auditRows(ctx, `SELECT `+auditColumns+` FROM audit_records WHERE `+strings.Join(where, " AND ")+` ORDER BY at DESC, id DESC LIMIT ?`, append(args, f.Limit)...)
}

// AuditTrail gives everything that belongs to one record or request, oldest
// first: the request's records, what they refer to, and the issuing of the
// token they were made with. id is a record's id or a request id.
func (db *DB) AuditTrail(ctx context.Context, id string) ([]audit.Row, error) {
	found, err := db.auditRows(ctx, `SELECT `+auditColumns+` FROM audit_records
		WHERE id = ? OR request_id = ? OR of_id = ?
		   OR request_id IN (SELECT request_id FROM audit_records WHERE id = ? AND request_id <> '')
		ORDER BY at, seq LIMIT 1000`, id, id, id, id)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.New(fault.NotFound, "no record %q: give a record's id or a request id", id)
	}
	e, err := found[0].Event()
	if err != nil || e.TokenID == "" || e.Kind == audit.TokenIssued {
		return found, err
	}
	issued, err := db.auditRows(ctx, `SELECT `+auditColumns+` FROM audit_records WHERE kind = ? AND actor = ? AND body LIKE ? LIMIT 1`,
		string(audit.TokenIssued), e.Actor, "%"+likeEscape(e.TokenID)+"%")
	return append(issued, found...), err
}

// likeEscape drops what LIKE reads as a pattern; ids have only base64url
// characters, of which _ matches itself anyway.
func likeEscape(s string) string { return strings.NewReplacer("%", "", `\`, "").Replace(s) }

// CopyTo writes a consistent copy of the embedded store, while others use it.
func (db *DB) CopyTo(ctx context.Context, file string) error {
	if db.pg {
		return fault.New(fault.Invalid, "the state is in PostgreSQL: back it up with PostgreSQL's tools")
	}
	_, err := db.sql.ExecContext(ctx, `VACUUM INTO ?`, file)
	return err
}

// Restored records that the store was put back from a backup.
func (db *DB) Restored(ctx context.Context) error {
	return db.Append(ctx, audit.Event{Kind: audit.StoreRestored, Outcome: "ok"})
}
