package job_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postern/postern/internal/chat"
	"github.com/postern/postern/internal/job"
	"github.com/postern/postern/internal/store"
	"github.com/postern/postern/internal/testpg"
)

// both runs a test on a store of each engine.
func both(t *testing.T, f func(t *testing.T, db *store.DB)) {
	t.Helper()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			c := store.Config{Writer: "test", Dir: t.TempDir()}
			if engine == "postgres" {
				c.URL = testpg.URL(t)
			}
			db, err := store.Open(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() }) // the queue's end says what matters
			f(t, db)
		})
	}
}

func open(t *testing.T, db *store.DB, w job.Work) *job.Queue {
	t.Helper()
	pool, postgres := db.Jobs()
	if w.Sweep == nil {
		w.Sweep = func(context.Context) error { return nil }
	}
	if w.Mend == nil {
		w.Mend = func(context.Context) error { return nil }
	}
	q, err := job.Open(pool, postgres, w, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	db.OnQueued(q.Insert)
	if err := q.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return q
}

// leave begins a run for later, whose commit queues its job.
func leave(db *store.DB, id string, fail error) error {
	c := chat.Chat{ID: "chat-" + id, Owner: "client:one", CreatedAt: time.Now(), UpdatedAt: time.Now()}
	r := chat.Run{ID: id, ChatID: c.ID, Owner: c.Owner, Status: chat.Queued, Seen: time.Now(), Request: []byte("sealed")}
	if fail != nil {
		r.ChatID, c.ID = "none", "none" // a chat that is not there: the whole change is undone
	}
	return db.Begin(context.Background(), c, fail == nil, r, time.Now().Add(-time.Minute), nil)
}

func TestACallThatWasCommittedIsWorkedOnce(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		worked := make(chan string, 10)
		open(t, db, job.Work{Call: func(_ context.Context, id string) error { worked <- id; return nil }})
		if err := leave(db, "undone", errors.New("yes")); err == nil {
			t.Fatal("a run in a chat that is not there was begun")
		}
		if err := leave(db, "r1", nil); err != nil {
			t.Fatal(err)
		}
		if id := <-worked; id != "r1" {
			t.Errorf("worked %s", id)
		}
		if err := leave(db, "r2", nil); err != nil {
			t.Fatal(err)
		}
		if id := <-worked; id != "r2" {
			t.Errorf("worked %s: a run was worked twice, or one that was undone", id)
		}
	})
}

func TestACallThatFailsIsTriedAgain(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		var again atomic.Bool
		tries := make(chan struct{})
		open(t, db, job.Work{Call: func(context.Context, string) error {
			tries <- struct{}{}
			if again.CompareAndSwap(false, true) {
				return errors.New("the store was away")
			}
			return nil
		}})
		if err := leave(db, "r1", nil); err != nil {
			t.Fatal(err)
		}
		<-tries
		<-tries
	})
}

func TestTheSweepRunsWhenANodeStarts(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		swept := make(chan struct{}, 10)
		open(t, db, job.Work{Call: func(context.Context, string) error { return nil }, Sweep: func(context.Context) error { swept <- struct{}{}; return nil }})
		<-swept
	})
}
