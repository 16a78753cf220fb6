package gateway

import (
	"context"
	"sync"
	"time"

	"github.com/postern/postern/internal/fault"
)

// live are the queries under way.
type live struct {
	mu       sync.Mutex
	attempts map[*attempt]struct{}
	draining bool
	empty    chan struct{} // closed when draining and nothing is left
}

func (l *live) enter(a *attempt) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.draining {
		return fault.New(fault.Unavailable, "the server is stopping").After(5 * time.Second)
	}
	if l.attempts == nil {
		l.attempts = map[*attempt]struct{}{}
	}
	l.attempts[a] = struct{}{}
	return nil
}

func (l *live) leave(a *attempt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.attempts, a)
	if l.draining && len(l.attempts) == 0 {
		l.close()
	}
}

func (l *live) close() {
	select {
	case <-l.empty:
	default:
		close(l.empty)
	}
}

// stop refuses what comes from now on, and gives a channel that closes when
// the last query has ended.
func (l *live) stop() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.draining {
		l.draining, l.empty = true, make(chan struct{})
		if len(l.attempts) == 0 {
			l.close()
		}
	}
	return l.empty
}

func (l *live) cancel() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for a := range l.attempts {
		a.cancel(errShutdown)
	}
}

// lastWords is how long a stopped query has to put its end on record.
const lastWords = 5 * time.Second

// Drain refuses new queries and waits for those under way. When ctx ends it
// stops them and waits a little for their records; its error says that some
// were stopped.
func (g *Gateway) Drain(ctx context.Context) error {
	empty := g.live.stop()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
	}
	g.live.cancel()
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	select {
	case <-empty:
	case <-late.Done():
	}
	return ctx.Err()
}
