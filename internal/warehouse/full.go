package warehouse

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/postern/postern/internal/product"
)

// ErrFull is in the error of a driver whose server takes no more sessions.
var ErrFull = errors.New("the warehouse takes no more sessions")

const (
	roomTries = 3
	roomWait  = 50 * time.Millisecond // for the server to notice that a session ended
)

// server is what sessions are counted by, whatever their database and login.
func server(s product.Source) string {
	return string(s.Engine) + "\x00" + s.Host + "\x00" + strconv.Itoa(s.Port)
}

// openInFull opens a session. Where the server takes no more, idle sessions of
// other credentials there make room first: with many callers they could
// otherwise keep it full while nobody uses them.
func (p *Pool) openInFull(ctx context.Context, s product.Source, l Login) (Conn, error) {
	conn, err := p.open(ctx, s, l)
	for try := 0; try < roomTries && errors.Is(err, ErrFull); try++ {
		if !p.makeRoom(server(s)) && try == 0 {
			return conn, err
		}
		select {
		case <-ctx.Done():
			return conn, err
		case <-time.After(roomWait):
		}
		conn, err = p.open(ctx, s, l)
	}
	return conn, err
}

// makeRoom ends the idle sessions at a server, and says whether there were any.
func (p *Pool) makeRoom(server string) bool {
	p.mu.Lock()
	var ended []*session
	for _, sl := range p.slots {
		if sl.server == server {
			ended = append(ended, sl.idle...)
			sl.open -= len(sl.idle)
			p.idle -= len(sl.idle)
			sl.idle = nil
			p.drop(sl)
		}
	}
	p.mu.Unlock()
	var closing sync.WaitGroup
	for _, se := range ended {
		closing.Go(func() { _ = se.conn.Close() })
	}
	closing.Wait()
	return len(ended) > 0
}

// queue lets a caller to whom a full server gave no session wait for one of
// its own credential instead, if there is any.
func (p *Pool) queue(sl *slot, err error) chan handover {
	if !errors.Is(err, ErrFull) {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if sl.open < 2 || p.closed || p.slots[sl.key] != sl {
		return nil
	}
	sl.open--
	wait := make(chan handover, 1)
	sl.waiting = append(sl.waiting, wait)
	return wait
}
