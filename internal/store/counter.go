package store

import (
	"context"
	"sync"
	"time"
)

// The change counter is what lets a node trust what it remembers: it is bumped
// in the transaction of every change, on whatever node or command line.
const (
	counterFresh = 200 * time.Millisecond // a reading younger than this is used as it is
	counterStale = time.Second            // older than this, nothing remembered may be used
)

type counter struct {
	mu   sync.Mutex
	n    int64
	at   time.Time
	busy bool
}

// saw takes note of a value committed here, so that this process sees its own
// changes at once.
func (c *counter) saw(n int64, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n > c.n {
		c.n, c.at = n, at
	}
}

// CounterAge is how long ago the reading that is used now began.
func (db *DB) CounterAge() time.Duration {
	db.counter.mu.Lock()
	defer db.counter.mu.Unlock()
	return db.now().Sub(db.counter.at)
}

// Changes gives the counter as of at most 200 ms ago. ok is false when it could
// not be read for a second: then nothing that was remembered may be used.
func (db *DB) Changes(ctx context.Context) (n int64, ok bool) {
	c := &db.counter
	c.mu.Lock()
	now := db.now()
	age := now.Sub(c.at)
	if age < counterFresh && age >= 0 || c.busy && age < counterStale {
		defer c.mu.Unlock()
		return c.n, true
	}
	c.busy = true
	c.mu.Unlock()
	// Not the caller's context: one caller that hangs up must not make the
	// reading fail for all.
	rctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), counterStale)
	defer cancel()
	err := db.queryRow(rctx, `SELECT n FROM changes WHERE id = 1`).Scan(&n)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = false
	if err == nil {
		if n > c.n {
			c.n = n
		}
		c.at = now // when the reading began: what committed since may be missing from it
	}
	return c.n, db.now().Sub(c.at) < counterStale
}
