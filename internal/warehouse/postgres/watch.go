package postgres

import (
	"context"
	"time"
)

// patience is how long the server gets to answer a cancel before the
// connection is cut.
const patience = 2 * time.Second

// watch stops what the session does when ctx ends: a cancel request to the
// server, and a deadline on the connection in case that is not heard. done
// must be called; after it no cancel can hit a later query, since it waits for
// one under way, and a session that was cancelled is not used again.
func (c *Conn) watch(ctx context.Context) *watcher {
	w := &watcher{conn: c, finished: make(chan struct{})}
	w.stop = context.AfterFunc(ctx, func() {
		defer close(w.finished)
		w.interrupt()
	})
	return w
}

type watcher struct {
	conn     *Conn
	stop     func() bool
	finished chan struct{}
	over     bool
}

func (w *watcher) interrupt() {
	_ = w.conn.pg.Conn().SetDeadline(time.Now().Add(patience))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = w.conn.pg.CancelRequest(ctx)
}

func (w *watcher) done() {
	if w.over {
		return
	}
	w.over = true
	if !w.stop() {
		<-w.finished
		w.conn.fail(context.Canceled)
	}
}
