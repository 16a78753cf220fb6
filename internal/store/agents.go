package store

import (
	"context"
	"database/sql"
	"strings"

	"github.com/postern/postern/internal/agent/custom"
	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
)

var _ custom.Store = (*DB)(nil)

const agentColumns = `id, owner, COALESCE(tool_name, ''), version, created_at, updated_at`

func scanAgent(row interface{ Scan(...any) error }, more ...any) (s custom.Stored, err error) {
	var created, updated int64
	err = row.Scan(append([]any{&s.ID, &s.Owner, &s.ToolName, &s.Version, &created, &updated}, more...)...)
	s.CreatedAt, s.UpdatedAt = fromMicros(created), fromMicros(updated)
	return s, err
}

func (db *DB) agent(ctx context.Context, where string, arg any) (custom.Stored, error) {
	var body []byte
	s, err := scanAgent(db.queryRow(ctx, `SELECT `+agentColumns+`, body FROM agents WHERE `+where, arg), &body)
	s.Body = body
	if err = notFound(err, "agent"); fault.Is(err, fault.NotFound) {
		err = custom.NotFound()
	}
	return s, err
}

// Agent implements custom.Store.
func (db *DB) Agent(ctx context.Context, id string) (custom.Stored, error) {
	return db.agent(ctx, `id = ?`, text(id))
}

// AgentNamed implements custom.Store.
func (db *DB) AgentNamed(ctx context.Context, tool string) (custom.Stored, error) {
	return db.agent(ctx, `tool_name = ?`, text(tool))
}

// Agents implements custom.Store.
func (db *DB) Agents(ctx context.Context) (all []custom.Stored, err error) {
	rows, err := db.query(patient(ctx), `SELECT `+agentColumns+` FROM agents ORDER BY created_at, id`)
	err = each(rows, err, func(r *sql.Rows) error {
		s, err := scanAgent(r)
		all = append(all, s)
		return err
	})
	return all, err
}

func agentEvent(k audit.Kind, id string) *audit.Event {
	return &audit.Event{Kind: k, Object: "agent:" + id, Outcome: "ok", Detail: map[string]any{}}
}

// CreateAgent implements custom.Store.
func (db *DB) CreateAgent(ctx context.Context, s custom.Stored, most int) error {
	e := agentEvent(audit.AgentCreated, s.ID)
	c := auth.CallerFrom(ctx)
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		var owned int
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM agents WHERE owner = ?`, s.Owner).Scan(&owned); err != nil {
			return err
		}
		caller := c.Kind == auth.Machine || c.Kind == auth.Person
		if caller && owned >= most {
			return fault.New(fault.Conflict, "you have %d agents, and more are not kept: delete one first", owned)
		}
		_, err := tx.Exec(ctx, `INSERT INTO agents (id, owner, tool_name, version, body, created_at, updated_at) VALUES (?, ?, NULL, ?, ?, ?, ?)`,
			s.ID, s.Owner, s.Version, s.Body, micros(s.CreatedAt), micros(s.UpdatedAt))
		if err != nil || !caller {
			return err
		}
		e.Detail["granted"] = s.Owner + " " + string(custom.Editor)
		_, err = tx.grantAgent(ctx, custom.Grant{Agent: s.ID, Subject: s.Owner, Role: custom.Editor}, micros(s.CreatedAt))
		return err
	})
}

// ChangeAgent implements custom.Store.
func (db *DB) ChangeAgent(ctx context.Context, c custom.Change) error {
	e := agentEvent(audit.AgentUpdated, c.ID)
	e.Detail["fields"], e.Detail["version"] = c.Fields, c.Version
	if c.ToolName != "" {
		e.Detail["tool"] = c.ToolName
	}
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) error {
		tool := sql.NullString{String: c.ToolName, Valid: c.ToolName != ""}
		done, err := tx.Exec(ctx, `UPDATE agents SET tool_name = ?, version = ?, body = ?, updated_at = ? WHERE id = ? AND version = ?`,
			tool, c.Version, c.Body, micros(c.UpdatedAt), c.ID, c.Was)
		if isUnique(err) {
			return fault.New(fault.Conflict, "another tool has the name %s: give the agent another name", c.ToolName)
		}
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n > 0 {
			return err
		}
		var now int64
		if err := notFound(tx.QueryRow(ctx, `SELECT version FROM agents WHERE id = ?`, c.ID).Scan(&now), "agent"); err != nil {
			return err
		}
		return fault.New(fault.Conflict, "the agent was changed meanwhile: it is at version %d; read it again", now)
	})
}

// DeleteAgent implements custom.Store.
func (db *DB) DeleteAgent(ctx context.Context, id string) error {
	return db.Change(ctx, agentEvent(audit.AgentDeleted, id), func(ctx context.Context, tx *Tx) error {
		return tx.Must(ctx, "agent", `DELETE FROM agents WHERE id = ?`, id)
	})
}

func (db *DB) agentGrants(ctx context.Context, where string, args ...any) (all []custom.Grant, err error) {
	rows, err := db.query(ctx, `SELECT agent_id, subject, role FROM agent_grants WHERE `+where+` ORDER BY agent_id, subject`, args...)
	err = each(rows, err, func(r *sql.Rows) error {
		var g custom.Grant
		err := r.Scan(&g.Agent, &g.Subject, &g.Role)
		all = append(all, g)
		return err
	})
	return all, err
}

// AgentGrants implements custom.Store.
func (db *DB) AgentGrants(ctx context.Context, id string) ([]custom.Grant, error) {
	return db.agentGrants(ctx, `agent_id = ?`, text(id))
}

// AgentGrantsOf implements custom.Store.
func (db *DB) AgentGrantsOf(ctx context.Context, subject, id string) ([]custom.Grant, error) {
	where, args := reaching, []any{subject, subject}
	if id != "" {
		where, args = where+` AND agent_id = ?`, append(args, text(id))
	}
	all, err := db.agentGrants(ctx, where, args...)
	for i := range all {
		if strings.HasPrefix(all[i].Subject, "group:") {
			all[i].Member = subject
		}
	}
	return all, err
}

func agentGrantEvent(k audit.Kind, g custom.Grant) *audit.Event {
	e := agentEvent(k, g.Agent)
	e.Detail["subject"], e.Detail["role"] = g.Subject, string(g.Role)
	return e
}

func (t *Tx) grantAgent(ctx context.Context, g custom.Grant, at int64) (sql.Result, error) {
	return t.Exec(ctx, `INSERT INTO agent_grants (agent_id, subject, role, created_by, created_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (agent_id, subject) DO UPDATE SET role = excluded.role, created_by = excluded.created_by, created_at = excluded.created_at`,
		g.Agent, g.Subject, string(g.Role), auth.CallerFrom(ctx).Subject(), at)
}

// GrantAgent implements custom.Store.
func (db *DB) GrantAgent(ctx context.Context, g custom.Grant) (custom.Grant, error) {
	if !subjectForm.MatchString(g.Subject) {
		return g, fault.BadField("subject_id", "value_error", "a grant's subject is a client, a user, a group or everyone")
	}
	e := agentGrantEvent(audit.GrantCreated, g)
	err := db.Change(ctx, e, func(ctx context.Context, tx *Tx) (err error) {
		// The row of the agent is held, so that it cannot go while a grant on it comes.
		if err := tx.Must(ctx, "agent", `UPDATE agents SET updated_at = updated_at WHERE id = ?`, g.Agent); err != nil {
			return err
		}
		if g.Subject, err = tx.subject(ctx, g.Subject); err != nil {
			return err
		}
		e.Detail["subject"] = g.Subject
		_, err = tx.grantAgent(ctx, g, micros(db.now()))
		return err
	})
	return g, err
}

// RevokeAgent implements custom.Store.
func (db *DB) RevokeAgent(ctx context.Context, id, subject string) error {
	e := agentGrantEvent(audit.GrantDeleted, custom.Grant{Agent: id, Subject: subject})
	return db.Change(ctx, e, func(ctx context.Context, tx *Tx) (err error) {
		if subject, err = tx.subject(ctx, subject); err != nil {
			return err
		}
		e.Detail["subject"] = subject
		return tx.Must(ctx, "grant", `DELETE FROM agent_grants WHERE agent_id = ? AND subject = ?`, id, text(subject))
	})
}
