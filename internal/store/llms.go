package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"

	"github.com/google/uuid"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/llm"
)

var _ llm.Store = (*DB)(nil)

const (
	llmColumns    = `id, name, provider, model, base_url, networks, steps, tokens, result_rows, seconds, is_default, COALESCE(credential, ''), rev, created_by, created_at, updated_at`
	llmKeyColumns = `id, name, target, config, rev, created_by, created_at, updated_at`
)

func scanLLM(row interface{ Scan(...any) error }) (c llm.Config, err error) {
	var networks string
	var isDefault, created, updated int64
	err = row.Scan(&c.ID, &c.Name, &c.Provider, &c.Model, &c.BaseURL, &networks, &c.Budget.Steps, &c.Budget.Tokens, &c.Budget.Rows, &c.Budget.Seconds,
		&isDefault, &c.CredentialID, &c.Revision, &c.CreatedBy, &created, &updated)
	if err != nil {
		return c, err
	}
	for _, s := range strings.Fields(networks) {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return c, err
		}
		c.Networks = append(c.Networks, p)
	}
	c.Default, c.CreatedAt, c.UpdatedAt = isDefault == 1, fromMicros(created), fromMicros(updated)
	return c, nil
}

func scanLLMKey(row interface{ Scan(...any) error }, more ...any) (c llm.Credential, err error) {
	var created, updated int64
	err = row.Scan(append([]any{&c.ID, &c.Name, &c.Target, &c.Of, &c.Revision, &c.CreatedBy, &created, &updated}, more...)...)
	c.CreatedAt, c.UpdatedAt = fromMicros(created), fromMicros(updated)
	return c, err
}

func networkList(c llm.Config) string {
	names := make([]string, len(c.Networks))
	for i, p := range c.Networks {
		names[i] = p.String()
	}
	return strings.Join(names, " ")
}

// llmEvent tells of a model; a key in it would be a mistake of this function.
func llmEvent(k audit.Kind, c llm.Config) *audit.Event {
	return &audit.Event{Kind: k, Object: "llm:" + c.ID, Outcome: "ok", Detail: map[string]any{
		"name": c.Name, "provider": c.Provider, "model": c.Model, "base_url": c.BaseURL, "allow_network": networkList(c), "default": c.Default, "credential": c.CredentialID,
		"steps": c.Budget.Steps, "tokens": c.Budget.Tokens, "rows": c.Budget.Rows, "seconds": c.Budget.Seconds,
	}}
}

// LLMs implements llm.Store.
func (db *DB) LLMs(ctx context.Context) ([]llm.Config, error) {
	rows, err := db.query(ctx, `SELECT `+llmColumns+` FROM llms ORDER BY name`)
	all := []llm.Config{}
	err = each(rows, err, func(r *sql.Rows) error {
		c, err := scanLLM(r)
		all = append(all, c)
		return err
	})
	return all, err
}

// LLM implements llm.Store.
func (db *DB) LLM(ctx context.Context, id string) (llm.Config, error) {
	q, args := `SELECT `+llmColumns+` FROM llms WHERE id = ?`, []any{text(id)}
	if id == "" {
		q, args = `SELECT `+llmColumns+` FROM llms WHERE is_default = 1`, nil
	}
	c, err := scanLLM(db.queryRow(ctx, q, args...))
	return c, notFound(err, "language model")
}

// PutLLM implements llm.Store. The record holds the hash of what was sealed, as
// that of a credential does.
func (db *DB) PutLLM(ctx context.Context, c llm.Config, seal llm.Seal) (llm.Config, error) {
	e, was := &audit.Event{}, c.Revision
	created := c.ID == ""
	err := db.Change(ctx, e, func(ctx context.Context, tx *Tx) (err error) {
		if created {
			c.ID, c.CreatedBy = uuid.NewString(), auth.CallerFrom(ctx).Subject()
		} else if err := tx.llmAt(ctx, c.ID, was); err != nil {
			return err
		}
		if c.Revision, err = tx.next(ctx, "llm"); err != nil {
			return err
		}
		var sum string
		if c, sum, err = tx.giveKey(ctx, c, seal); err != nil {
			return err
		}
		if c, err = tx.writeLLM(ctx, c, created); err != nil {
			return err
		}
		*e = *llmEvent(audit.LLMStored, c)
		e.Detail["created"], e.Detail["key_given"] = created, seal != nil
		if seal != nil {
			e.Detail["sealed_sha256"] = sum
		}
		// The key that it had of its own, and names no more.
		_, err = tx.Exec(ctx, `DELETE FROM llm_keys WHERE config = ? AND id <> ?`, c.ID, c.CredentialID)
		return err
	})
	if isUnique(err) {
		return c, taken("name", "a language model of this name exists already")
	}
	return c, err
}

// taken is the Conflict of a name that another has.
func taken(field, message string) error {
	e := fault.New(fault.Conflict, "%s", message)
	e.Fields = []fault.Field{{Loc: []string{"body", field}, Msg: "is taken", Type: "unique"}}
	return e
}

// llmAt holds the configuration for a change, if it is still at rev.
func (t *Tx) llmAt(ctx context.Context, id string, rev int64) error {
	q := `SELECT rev FROM llms WHERE id = ?`
	if t.pg {
		q += ` FOR UPDATE`
	}
	var now int64
	err := t.QueryRow(ctx, q, id).Scan(&now)
	if err == nil && now != rev {
		return fault.New(fault.Conflict, "the language model was changed by another request at the same time; look at it again")
	}
	return notFound(err, "language model")
}

// giveKey seals the configuration's own key, or checks that the one it names is
// for its host.
func (t *Tx) giveKey(ctx context.Context, c llm.Config, seal llm.Seal) (llm.Config, string, error) {
	if seal == nil {
		if c.CredentialID == "" {
			return c, "", nil
		}
		k, err := scanLLMKey(t.QueryRow(ctx, `SELECT `+llmKeyColumns+` FROM llm_keys WHERE id = ?`, text(c.CredentialID)))
		switch {
		case errors.Is(err, sql.ErrNoRows) || err == nil && k.Of != "" && k.Of != c.ID:
			return c, "", fault.BadField("llm_credential_id", "value_error", "there is no such key")
		case err == nil && k.Target != c.Target() && k.Of != "":
			return c, "", fault.BadField("api_key", "missing", "the key was given for %s and is of no use at another host: give the key of the new one", k.Target)
		case err == nil && k.Target != c.Target():
			return c, "", fault.BadField("llm_credential_id", "value_error", "the key is for %s and is of no use at another host", k.Target)
		}
		return c, "", err
	}
	k := llm.Credential{ID: uuid.NewString(), Name: c.Name, Target: c.Target(), Of: c.ID, Revision: c.Revision, CreatedBy: auth.CallerFrom(ctx).Subject(), CreatedAt: c.UpdatedAt, UpdatedAt: c.UpdatedAt}
	sealed, err := seal(k)
	if err != nil {
		return c, "", err
	}
	c.CredentialID = k.ID
	sum := sha256.Sum256(sealed)
	return c, hex.EncodeToString(sum[:]), t.insertLLMKey(ctx, k, sealed)
}

func (t *Tx) insertLLMKey(ctx context.Context, k llm.Credential, sealed []byte) error {
	_, err := t.Exec(ctx, `INSERT INTO llm_keys (`+llmKeyColumns+`, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		k.ID, k.Name, k.Target, k.Of, k.Revision, k.CreatedBy, micros(k.CreatedAt), micros(k.UpdatedAt), sealed)
	return err
}

// writeLLM writes the row. The first one is the default.
func (t *Tx) writeLLM(ctx context.Context, c llm.Config, created bool) (llm.Config, error) {
	if created && !c.Default {
		var n int64
		if err := t.QueryRow(ctx, `SELECT COUNT(*) FROM llms`).Scan(&n); err != nil {
			return c, err
		}
		c.Default = n == 0
	}
	isDefault := 0
	if c.Default {
		isDefault = 1
		if _, err := t.Exec(ctx, `UPDATE llms SET is_default = 0, rev = ? WHERE is_default = 1 AND id <> ?`, c.Revision, c.ID); err != nil {
			return c, err
		}
	}
	var credential any
	if c.CredentialID != "" {
		credential = c.CredentialID
	}
	_, err := t.Exec(ctx, `INSERT INTO llms (id, name, provider, model, base_url, networks, steps, tokens, result_rows, seconds, is_default, credential, rev, created_by, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, provider = excluded.provider, model = excluded.model, base_url = excluded.base_url, networks = excluded.networks,
			steps = excluded.steps, tokens = excluded.tokens, result_rows = excluded.result_rows, seconds = excluded.seconds, is_default = excluded.is_default,
			credential = excluded.credential, rev = excluded.rev, updated_at = excluded.updated_at`,
		c.ID, c.Name, c.Provider, c.Model, c.BaseURL, networkList(c), c.Budget.Steps, c.Budget.Tokens, c.Budget.Rows, c.Budget.Seconds,
		isDefault, credential, c.Revision, c.CreatedBy, micros(c.CreatedAt), micros(c.UpdatedAt))
	return c, err
}

// DeleteLLM implements llm.Store.
func (db *DB) DeleteLLM(ctx context.Context, id string) error {
	e := &audit.Event{}
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		c, err := scanLLM(tx.QueryRow(ctx, `SELECT `+llmColumns+` FROM llms WHERE id = ?`, text(id)))
		if err != nil {
			return notFound(err, "language model")
		}
		*e = *llmEvent(audit.LLMDeleted, c)
		if err := tx.Must(ctx, "language model", `DELETE FROM llms WHERE id = ?`, id); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM llm_keys WHERE config = ?`, id)
		return err
	})
}

// LLMKeys implements llm.Store.
func (db *DB) LLMKeys(ctx context.Context) ([]llm.Credential, error) {
	rows, err := db.query(ctx, `SELECT `+llmKeyColumns+` FROM llm_keys ORDER BY name, id`)
	all := []llm.Credential{}
	err = each(rows, err, func(r *sql.Rows) error {
		c, err := scanLLMKey(r)
		all = append(all, c)
		return err
	})
	return all, err
}

// LLMKey implements llm.Store.
func (db *DB) LLMKey(ctx context.Context, id string) (llm.Credential, []byte, error) {
	var sealed []byte
	c, err := scanLLMKey(db.queryRow(ctx, `SELECT `+llmKeyColumns+`, sealed FROM llm_keys WHERE id = ?`, text(id)), &sealed)
	return c, sealed, notFound(err, "key")
}

func llmKeyEvent(k audit.Kind, c llm.Credential) *audit.Event {
	return &audit.Event{Kind: k, Object: "llm_credential:" + c.ID, Outcome: "ok", Detail: map[string]any{"name": c.Name, "target": c.Target, "of": c.Of}}
}

// PutLLMKey implements llm.Store.
func (db *DB) PutLLMKey(ctx context.Context, c llm.Credential, seal llm.Seal) (llm.Credential, error) {
	e, was := &audit.Event{}, c.Revision
	created := c.ID == ""
	err := db.Change(ctx, e, func(ctx context.Context, tx *Tx) (err error) {
		if created {
			c.ID, c.CreatedBy = uuid.NewString(), auth.CallerFrom(ctx).Subject()
		}
		if c.Revision, err = tx.next(ctx, "llm"); err != nil {
			return err
		}
		*e = *llmKeyEvent(audit.LLMKeyStored, c)
		e.Detail["created"], e.Detail["key_given"] = created, seal != nil
		var sealed []byte
		if seal != nil {
			if sealed, err = seal(c); err != nil {
				return err
			}
			sum := sha256.Sum256(sealed)
			e.Detail["sealed_sha256"] = hex.EncodeToString(sum[:])
		}
		if created {
			return tx.insertLLMKey(ctx, c, sealed)
		}
		return tx.replaceLLMKey(ctx, c, was, sealed)
	})
	if isUnique(err) {
		return c, taken("name", "a key of this name exists already")
	}
	return c, err
}

// replaceLLMKey writes over a key at the revision that was read. Those who
// ask with it have to see the change too: their configurations' revision moves.
func (t *Tx) replaceLLMKey(ctx context.Context, c llm.Credential, was int64, sealed []byte) error {
	q, args := `UPDATE llm_keys SET name = ?, rev = ?, updated_at = ?`, []any{c.Name, c.Revision, micros(c.UpdatedAt)}
	if sealed != nil {
		q, args = q+`, sealed = ?`, append(args, sealed)
	}
	if err := t.Must(ctx, "key", q+` WHERE id = ? AND rev = ?`, append(args, c.ID, was)...); err != nil {
		return err
	}
	_, err := t.Exec(ctx, `UPDATE llms SET rev = ? WHERE credential = ?`, c.Revision, c.ID)
	return err
}

// DeleteLLMKey implements llm.Store.
func (db *DB) DeleteLLMKey(ctx context.Context, id string) error {
	e := &audit.Event{}
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		c, err := scanLLMKey(tx.QueryRow(ctx, `SELECT `+llmKeyColumns+` FROM llm_keys WHERE id = ?`, text(id)))
		if err != nil {
			return notFound(err, "key")
		}
		var by string
		err = tx.QueryRow(ctx, `SELECT name FROM llms WHERE credential = ? ORDER BY name LIMIT 1`, id).Scan(&by)
		if err == nil {
			return fault.New(fault.Conflict, "the language model %q is asked with this key: give that one another first, or delete it", by)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		*e = *llmKeyEvent(audit.LLMKeyDeleted, c)
		return tx.Must(ctx, "key", `DELETE FROM llm_keys WHERE id = ?`, id)
	})
}
