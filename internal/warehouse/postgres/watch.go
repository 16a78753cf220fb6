package postgres

import (
	"context"
	"time"
)

const (
	// patience is how long the server gets to answer a cancel before the
	// connection is cut.
	patience = 2 * time.Second
	// again is when a cancel is sent once more: the server drops one that
	// comes before it has begun the statement.
	again = 100 * time.Millisecond
)

// watch stops what the session does when ctx ends: by cancel requests to the
// server, and by a deadline on the connection in case they are not heard. done
// must be called. It waits for a cancel under way, and a session that was
// cancelled is not used again, so that no cancel can hit a later query.
func (c *Conn) watch(ctx context.Context) *watcher {
	w := &watcher{conn: c, quit: make(chan struct{}), finished: make(chan struct{})}
	w.stop = context.AfterFunc(ctx, func() {
		defer close(w.finished)
		w.interrupt()
	})
	return w
}

type watcher struct {
	conn     *Conn
	stop     func() bool
	quit     chan struct{}
	finished chan struct{}
	over     bool
}

func (w *watcher) interrupt() {
	_ = w.conn.pg.Conn().SetDeadline(time.Now().Add(patience))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		_ = w.conn.pg.CancelRequest(ctx)
		select {
		case <-w.quit:
			return
		case <-ctx.Done():
			return
		case <-time.After(again):
		}
	}
}

func (w *watcher) done() {
	if w.over {
		return
	}
	w.over = true
	if !w.stop() {
		close(w.quit)
		<-w.finished
		w.conn.fail(context.Canceled)
	}
}
