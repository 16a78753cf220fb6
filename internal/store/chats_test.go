package store_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/chat"
	"github.com/postern/postern/internal/chat/chattest"
	"github.com/postern/postern/internal/store"
)

func TestChatsAreKept(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		db.OnQueued(func(context.Context, *sql.Tx, string) error { return nil })
		chattest.Suite(t, func(t *testing.T) chat.Store { return emptied(t, db) })
	})
}

// emptied takes every chat away again: one database serves the whole suite.
func emptied(t *testing.T, db *store.DB) chat.Store {
	t.Cleanup(func() {
		err := db.Change(context.Background(), &audit.Event{Kind: audit.ChatsDeleted}, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Exec(ctx, `DELETE FROM chats`)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	return db
}
