package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/chat"
	"github.com/postern/postern/internal/fault"
)

const chatColumns = `c.id, c.owner, c.name, c.created_at, c.updated_at`

func scanChat(row interface{ Scan(...any) error }) (c chat.Chat, err error) {
	var created, updated int64
	err = row.Scan(&c.ID, &c.Owner, &c.Name, &created, &updated)
	c.CreatedAt, c.UpdatedAt, c.Tags = fromMicros(created), fromMicros(updated), []string{}
	return c, err
}

// Chat implements chat.Store.
func (db *DB) Chat(ctx context.Context, id string) (chat.Chat, error) {
	c, err := scanChat(db.queryRow(ctx, `SELECT `+chatColumns+` FROM chats c WHERE c.id = ?`, id))
	if err != nil {
		return c, notFound(err, "chat")
	}
	return c, db.tagChats(ctx, []*chat.Chat{&c})
}

// Chats implements chat.Store.
func (db *DB) Chats(ctx context.Context, f chat.Filter) (all []chat.Chat, total int, err error) {
	where, args := `c.owner = ?`, []any{f.Owner}
	for _, t := range []struct {
		tags []string
		not  string
	}{{f.Include, ``}, {f.Exclude, `NOT `}} {
		if len(t.tags) == 0 {
			continue
		}
		where += ` AND ` + t.not + `EXISTS (SELECT 1 FROM chat_tags t WHERE t.chat_id = c.id AND t.tag IN (?` + strings.Repeat(`, ?`, len(t.tags)-1) + `))`
		for _, tag := range t.tags {
			args = append(args, tag)
		}
	}
	if err := db.queryRow(ctx, `SELECT COUNT(*) FROM chats c WHERE `+where, args...).Scan(&total); err != nil {
		return nil, 0, err
	}
	rows, err := db.query(ctx, `SELECT `+chatColumns+` FROM chats c WHERE `+where+` ORDER BY c.updated_at DESC, c.id LIMIT ? OFFSET ?`, append(args, f.Limit, f.Offset)...)
	err = each(rows, err, func(r *sql.Rows) error {
		c, err := scanChat(r)
		all = append(all, c)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	tagged := make([]*chat.Chat, len(all))
	for i := range all {
		tagged[i] = &all[i]
	}
	return all, total, db.tagChats(ctx, tagged)
}

func (db *DB) tagChats(ctx context.Context, chats []*chat.Chat) error {
	if len(chats) == 0 {
		return nil
	}
	of, args := map[string]*chat.Chat{}, []any{}
	for _, c := range chats {
		of[c.ID] = c
		args = append(args, c.ID)
	}
	rows, err := db.query(ctx, `SELECT chat_id, tag FROM chat_tags WHERE chat_id IN (?`+strings.Repeat(`, ?`, len(args)-1)+`) ORDER BY tag`, args...)
	return each(rows, err, func(r *sql.Rows) error {
		var id, tag string
		err := r.Scan(&id, &tag)
		if c := of[id]; c != nil {
			c.Tags = append(c.Tags, tag)
		}
		return err
	})
}

// recorded commits a change with its record, without a bump: nobody caches a
// chat.
func (db *DB) recorded(ctx context.Context, e audit.Event, apply func(context.Context, *Tx) error) error {
	c := &change{ctx: ctx, done: make(chan error, 1)}
	c.apply = func(ctx context.Context, tx *Tx) error {
		if err := apply(ctx, tx); err != nil {
			return err
		}
		c.events = []audit.Event{e.Stamp(ctx, db.now())}
		return nil
	}
	return db.submit(c)
}

func (t *Tx) insertChat(ctx context.Context, c chat.Chat) error {
	if _, err := t.Exec(ctx, `INSERT INTO chats (id, owner, name, created_at, updated_at) VALUES (?, ?, ?, ?, ?)`,
		c.ID, c.Owner, c.Name, micros(c.CreatedAt), micros(c.UpdatedAt)); err != nil {
		return err
	}
	return t.insertTags(ctx, c)
}

func (t *Tx) insertTags(ctx context.Context, c chat.Chat) error {
	for _, tag := range c.Tags {
		if _, err := t.Exec(ctx, `INSERT INTO chat_tags (chat_id, tag) VALUES (?, ?)`, c.ID, tag); err != nil {
			return err
		}
	}
	return nil
}

// CreateChat implements chat.Store.
func (db *DB) CreateChat(ctx context.Context, c chat.Chat) error {
	return db.recorded(ctx, audit.Event{Kind: audit.ChatCreated, Object: "chat:" + c.ID, Outcome: "ok"}, func(ctx context.Context, tx *Tx) error {
		return tx.insertChat(ctx, c)
	})
}

// UpdateChat implements chat.Store.
func (db *DB) UpdateChat(ctx context.Context, c chat.Chat) error {
	return db.recorded(ctx, audit.Event{Kind: audit.ChatUpdated, Object: "chat:" + c.ID, Outcome: "ok"}, func(ctx context.Context, tx *Tx) error {
		if err := tx.Must(ctx, "chat", `UPDATE chats SET name = ?, updated_at = ? WHERE id = ?`, c.Name, micros(c.UpdatedAt), c.ID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM chat_tags WHERE chat_id = ?`, c.ID); err != nil {
			return err
		}
		return tx.insertTags(ctx, c)
	})
}

// DeleteChats implements chat.Store. A chat where something runs stays.
func (db *DB) DeleteChats(ctx context.Context, before time.Time) (n int, err error) {
	const old = `updated_at < ? AND NOT EXISTS (SELECT 1 FROM chat_runs r WHERE r.chat_id = chats.id)`
	if err := db.queryRow(ctx, `SELECT COUNT(*) FROM chats WHERE `+old, micros(before)).Scan(&n); err != nil || n == 0 {
		return 0, err
	}
	e := audit.Event{Kind: audit.ChatsDeleted, Outcome: "ok", Detail: map[string]any{"chats": n, "before": before.UTC()}}
	return n, db.recorded(ctx, e, func(ctx context.Context, tx *Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM chats WHERE `+old, micros(before))
		return err
	})
}

// Messages implements chat.Store.
func (db *DB) Messages(ctx context.Context, chatID string, after int64, limit int) (all []chat.Stored, err error) {
	rows, err := db.query(ctx, `SELECT id, seq, body FROM chat_messages WHERE chat_id = ? AND seq > ? ORDER BY seq LIMIT ?`, chatID, after, limit)
	err = each(rows, err, func(r *sql.Rows) error {
		var m chat.Stored
		err := r.Scan(&m.ID, &m.Seq, &m.Body)
		all = append(all, m)
		return err
	})
	return all, err
}

// CountMessages implements chat.Store.
func (db *DB) CountMessages(ctx context.Context, chatID string) (n int, err error) {
	err = db.queryRow(ctx, `SELECT COUNT(*) FROM chat_messages WHERE chat_id = ?`, chatID).Scan(&n)
	return n, err
}

// say appends messages; one of an id that is there replaces it.
func (t *Tx) say(ctx context.Context, chatID string, now time.Time, said []chat.Stored) error {
	var last int64
	if err := t.QueryRow(ctx, `SELECT COALESCE(MAX(seq), 0) FROM chat_messages WHERE chat_id = ?`, chatID).Scan(&last); err != nil {
		return err
	}
	for _, m := range said {
		grown, err := t.Exec(ctx, `UPDATE chat_messages SET body = ? WHERE chat_id = ? AND id = ?`, m.Body, chatID, m.ID)
		if err != nil {
			return err
		}
		if n, err := grown.RowsAffected(); err != nil || n > 0 {
			continue
		}
		last++
		if _, err := t.Exec(ctx, `INSERT INTO chat_messages (chat_id, seq, id, body) VALUES (?, ?, ?, ?)`, chatID, last, m.ID, m.Body); err != nil {
			return err
		}
	}
	return t.Must(ctx, "chat", `UPDATE chats SET updated_at = ? WHERE id = ?`, micros(now), chatID)
}

// Say implements chat.Store.
func (db *DB) Say(ctx context.Context, chatID string, now time.Time, said []chat.Stored) error {
	return db.quietly(ctx, func(ctx context.Context, tx *Tx) error { return tx.say(ctx, chatID, now, said) })
}

const runColumns = `id, chat_id, owner, status, node, seen_at, request`

func scanRun(row interface{ Scan(...any) error }) (r chat.Run, err error) {
	var seen int64
	err = row.Scan(&r.ID, &r.ChatID, &r.Owner, &r.Status, &r.Node, &seen, &r.Request)
	r.Seen = fromMicros(seen)
	return r, err
}

// OnQueued has f called in the transaction that makes a run for later.
func (db *DB) OnQueued(f func(ctx context.Context, tx *sql.Tx, runID string) error) { db.queued = f }

// Begin implements chat.Store.
func (db *DB) Begin(ctx context.Context, c chat.Chat, isNew bool, r chat.Run, stale time.Time, said []chat.Stored) error {
	begin := func(ctx context.Context, tx *Tx) error {
		if isNew {
			if err := tx.insertChat(ctx, c); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `DELETE FROM chat_runs WHERE chat_id = ? AND status = ? AND seen_at < ?`, c.ID, chat.Running, micros(stale)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO chat_runs (`+runColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?)`, r.ID, c.ID, r.Owner, r.Status, r.Node, micros(r.Seen), r.Request)
		if isUnique(err) {
			return chat.Busy()
		}
		if err != nil {
			return err
		}
		if r.Status == chat.Queued {
			if err := db.queued(ctx, tx.tx, r.ID); err != nil {
				return err
			}
		}
		return tx.say(ctx, c.ID, r.Seen, said)
	}
	if r.Status == chat.Queued {
		return db.recorded(ctx, audit.Event{Kind: audit.CallQueued, Object: "chat:" + c.ID, Outcome: "ok", Detail: map[string]any{"task": r.ID}}, begin)
	}
	return db.quietly(ctx, begin) // what it does is on record as it does it
}

// Take implements chat.Store.
func (db *DB) Take(ctx context.Context, runID, node string, now, stale time.Time) (r chat.Run, err error) {
	err = db.quietly(ctx, func(ctx context.Context, tx *Tx) error {
		if err := tx.Must(ctx, "run", `UPDATE chat_runs SET status = ?, node = ?, seen_at = ? WHERE id = ? AND (status = ? OR seen_at < ?)`,
			chat.Running, node, micros(now), runID, chat.Queued, micros(stale)); err != nil {
			return err
		}
		r, err = scanRun(tx.QueryRow(ctx, `SELECT `+runColumns+` FROM chat_runs WHERE id = ?`, runID))
		return err
	})
	return r, err
}

// End implements chat.Store.
func (db *DB) End(ctx context.Context, r chat.Run, now time.Time, said []chat.Stored) error {
	return db.quietly(ctx, func(ctx context.Context, tx *Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM chat_runs WHERE id = ?`, r.ID); err != nil {
			return err
		}
		return tx.say(ctx, r.ChatID, now, said)
	})
}

// Lost implements chat.Store.
func (db *DB) Lost(ctx context.Context, stale time.Time) (ids []string, err error) {
	rows, err := db.query(ctx, `SELECT id FROM chat_runs WHERE status = ? AND seen_at < ? ORDER BY id`, chat.Running, micros(stale))
	err = each(rows, err, func(r *sql.Rows) error {
		var id string
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// Run implements chat.Store.
func (db *DB) Run(ctx context.Context, id string) (chat.Run, error) {
	r, err := scanRun(db.queryRow(ctx, `SELECT `+runColumns+` FROM chat_runs WHERE id = ?`, id))
	return r, notFound(err, "task")
}

// Current implements chat.Store.
func (db *DB) Current(ctx context.Context, chatID string, stale time.Time) (r chat.Run, running bool, err error) {
	r, err = scanRun(db.queryRow(ctx, `SELECT `+runColumns+` FROM chat_runs WHERE chat_id = ? AND (status = ? OR seen_at >= ?)`, chatID, chat.Queued, micros(stale)))
	if errors.Is(err, sql.ErrNoRows) {
		return chat.Run{}, false, nil
	}
	return r, err == nil, err
}

// Cancel implements chat.Store.
func (db *DB) Cancel(ctx context.Context, chatID string) (running bool, err error) {
	err = db.recorded(ctx, audit.Event{Kind: audit.ChatCanceled, Object: "chat:" + chatID, Outcome: "ok"}, func(ctx context.Context, tx *Tx) error {
		running = true
		return tx.Must(ctx, "run", `UPDATE chat_runs SET canceled = 1 WHERE chat_id = ?`, chatID)
	})
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return running, err
}

// Canceled implements chat.Store.
func (db *DB) Canceled(ctx context.Context, node string) (chats []string, err error) {
	rows, err := db.query(ctx, `SELECT chat_id FROM chat_runs WHERE node = ? AND canceled = 1`, node)
	err = each(rows, err, func(r *sql.Rows) error {
		var id string
		err := r.Scan(&id)
		chats = append(chats, id)
		return err
	})
	return chats, err
}

// Beat implements chat.Store.
func (db *DB) Beat(ctx context.Context, node string, now time.Time) error {
	return db.quietly(ctx, func(ctx context.Context, tx *Tx) error {
		_, err := tx.Exec(ctx, `UPDATE chat_runs SET seen_at = ? WHERE node = ? AND status = ?`, micros(now), node, chat.Running)
		return err
	})
}
