package warehouse

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
)

// Bounds say how many sessions a Pool keeps and how long. Zero fields have
// working defaults.
type Bounds struct {
	PerKey   int           // sessions of one credential at one place at once; more wait
	Idle     int           // idle sessions kept of one credential at one place
	Total    int           // idle sessions kept in all
	IdleTime time.Duration // an idle session is closed after it
	Lifetime time.Duration // a session is not used again after it
}

func (b Bounds) filled() Bounds {
	return Bounds{
		PerKey:   cmp.Or(b.PerKey, 8),
		Idle:     cmp.Or(b.Idle, b.PerKey, 8),
		Total:    cmp.Or(b.Total, 64),
		IdleTime: cmp.Or(b.IdleTime, time.Minute),
		Lifetime: cmp.Or(b.Lifetime, 30*time.Minute),
	}
}

const (
	// resetTime is how long a session may take to become as new.
	resetTime = 3 * time.Second
	// doubtAfter is how long an idle session is taken to be alive.
	doubtAfter = 5 * time.Second
)

// Pool keeps warehouse sessions for the next query of the same credential at
// the same place. A session is never given to another credential, and it is
// reset before it is given again.
type Pool struct {
	drivers map[product.Engine]Driver
	dial    Dial
	bounds  Bounds

	mu     sync.Mutex
	slots  map[string]*slot
	idle   int // idle sessions in all slots
	closed bool
	sweep  *time.Timer    // set while there are idle sessions
	work   sync.WaitGroup // sessions being reset or closed
}

// slot is all sessions of one credential at one place. A slot that is no
// longer in the pool's map was forgotten: its sessions end when released.
type slot struct {
	key       string
	server    string
	idle      []*session // the longest idle first
	open      int        // sessions there are, in whatever state, and being opened
	resetting int
	waiting   []chan handover // the longest waiting first
}

// handover is what a waiting caller gets: a session, or the right to open one,
// or, with forgotten, neither.
type handover struct {
	session   *session
	forgotten bool
}

type session struct {
	conn     Conn
	slot     *slot
	born     time.Time
	released time.Time
}

// NewPool makes a pool over the drivers. dial is the guarded dialer, which
// every driver gets.
func NewPool(drivers map[product.Engine]Driver, dial Dial, b Bounds) *Pool {
	return &Pool{drivers: drivers, dial: dial, bounds: b.filled(), slots: map[string]*slot{}}
}

// Sessions counts the sessions there are, and the idle ones among them.
func (p *Pool) Sessions() (open, idle int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, sl := range p.slots {
		open += sl.open
	}
	return open, p.idle
}

// Acquire gives a session that signed in with the login. key names the
// credential and its last change, so that a changed one never gets a session
// of the old. The caller has to Release it; when all sessions of the key are
// in use, it waits until ctx ends.
func (p *Pool) Acquire(ctx context.Context, key string, s product.Source, l Login) (*Lease, error) {
	sl, se, wait, err := p.enter(key+"\x00"+place(s), server(s))
	if err != nil {
		return nil, err
	}
	for {
		if wait != nil {
			if se, err = p.await(ctx, sl, wait); err != nil {
				return nil, err
			}
		}
		if se != nil && !alive(ctx, se) {
			_ = se.conn.Close()
			se = nil // its right to be there goes to the one opened now
		}
		if se == nil {
			conn, err := p.openInFull(ctx, s, l)
			if wait = p.queue(sl, err); wait != nil {
				continue
			}
			if err != nil {
				p.gone(sl)
				return nil, err
			}
			se = &session{conn: conn, slot: sl, born: time.Now()}
		}
		return &Lease{Conn: se.conn, pool: p, session: se}, nil
	}
}

// await waits for a session, or for the right to open one, which is neither a
// session nor an error.
func (p *Pool) await(ctx context.Context, sl *slot, wait chan handover) (*session, error) {
	select {
	case h := <-wait:
		if h.forgotten {
			return nil, fault.New(fault.Unavailable, "the credential was changed or deleted just now").After(time.Second)
		}
		return h.session, nil
	case <-ctx.Done():
		p.abandon(sl, wait)
		return nil, fault.Because(ctx.Err(), fault.Limited, "all sessions of this credential in the warehouse are in use").After(time.Second)
	}
}

// alive asks a session that was idle for a while whether it still is: servers
// and firewalls end idle connections, and the next query would fail for it.
func alive(ctx context.Context, se *session) bool {
	if time.Since(se.released) < doubtAfter {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, resetTime)
	defer cancel()
	return se.conn.Ping(ctx) == nil
}

// place is what makes two sources the same place with the same settings.
func place(s product.Source) string {
	var b strings.Builder
	b.WriteString(string(s.Engine) + "\x00" + s.Canonical())
	for _, k := range slices.Sorted(maps.Keys(s.Params)) {
		b.WriteString("\x00" + k + "=" + s.Params[k])
	}
	return b.String()
}

// open signs in, without the pool's memory. The session is scrubbed.
func (p *Pool) open(ctx context.Context, s product.Source, l Login) (Conn, error) {
	d, ok := p.drivers[s.Engine]
	if !ok {
		return nil, fault.New(fault.Invalid, "this server has no driver for %s", s.Engine)
	}
	hidden := secretsOf(l)
	conn, err := d.Open(ctx, s, l, p.dial)
	if err != nil {
		return nil, hidden.scrub(err)
	}
	return scrubbed{conn, hidden}, nil
}

// enter gives an idle session, or the right to open one (neither a session
// nor a channel), or a channel to wait on. A caller rather waits for a session
// that is just being reset than opens another.
func (p *Pool) enter(key, server string) (*slot, *session, chan handover, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, nil, nil, fault.New(fault.Unavailable, "the server is stopping")
	}
	sl := p.slots[key]
	if sl == nil {
		sl = &slot{key: key, server: server}
		p.slots[key] = sl
	}
	if se := p.reuse(sl); se != nil {
		return sl, se, nil, nil
	}
	if sl.open < p.bounds.PerKey && sl.resetting <= len(sl.waiting) {
		sl.open++
		return sl, nil, nil, nil
	}
	wait := make(chan handover, 1)
	sl.waiting = append(sl.waiting, wait)
	return sl, nil, wait, nil
}

// abandon ends a wait. What was handed over meanwhile is passed on.
func (p *Pool) abandon(sl *slot, wait chan handover) {
	p.mu.Lock()
	if i := slices.Index(sl.waiting, wait); i >= 0 {
		sl.waiting = slices.Delete(sl.waiting, i, i+1)
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	switch h := <-wait; {
	case h.session != nil:
		p.giveBack(h.session)
	case !h.forgotten:
		p.gone(sl)
	}
}

// gone records that a session of the slot is no more, and lets a waiting
// caller open one.
func (p *Pool) gone(sl *slot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	sl.open--
	if len(sl.waiting) > 0 && sl.open < p.bounds.PerKey {
		sl.open++
		sl.hand(handover{})
	}
	p.drop(sl)
}

// hand gives to the caller that waits the longest. The pool is locked.
func (sl *slot) hand(h handover) {
	sl.waiting[0] <- h
	sl.waiting = sl.waiting[1:]
}

// drop removes a slot without sessions. The pool is locked.
func (p *Pool) drop(sl *slot) {
	if sl.open == 0 && len(sl.waiting) == 0 && p.slots[sl.key] == sl {
		delete(p.slots, sl.key)
	}
}

// reuse takes the session that was released last, and ends those that grew too
// old meanwhile. The pool is locked.
func (p *Pool) reuse(sl *slot) *session {
	for n := len(sl.idle); n > 0; n = len(sl.idle) {
		se := sl.idle[n-1]
		sl.idle, p.idle = sl.idle[:n-1], p.idle-1
		if !p.expired(se, time.Now()) {
			return se
		}
		p.end(se)
	}
	return nil
}

func (p *Pool) expired(se *session, now time.Time) bool {
	return now.Sub(se.born) >= p.bounds.Lifetime || now.Sub(se.released) >= p.bounds.IdleTime
}

// end closes an idle session without waiting for it: a warehouse that hangs
// must not hang the pool. The pool is locked.
func (p *Pool) end(se *session) {
	se.slot.open--
	p.work.Go(func() { _ = se.conn.Close() })
}

// giveBack resets the session and keeps it, or ends it. It does not block: the
// caller has its answer already.
func (p *Pool) giveBack(se *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		go func() { _ = se.conn.Close() }() // Close does not wait for it
		return
	}
	se.slot.resetting++
	p.work.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), resetTime)
		defer cancel()
		if !p.keep(se, se.conn.Reset(ctx) == nil) {
			_ = se.conn.Close()
			p.gone(se.slot)
		}
	})
}

// keep hands a session that was reset to a waiting caller, or puts it among
// the idle ones if there is room.
func (p *Pool) keep(se *session, fit bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	sl := se.slot
	sl.resetting--
	se.released = time.Now()
	if !fit || p.closed || p.slots[sl.key] != sl || p.expired(se, se.released) {
		return false
	}
	if len(sl.waiting) > 0 {
		sl.hand(handover{session: se})
		return true
	}
	if len(sl.idle) >= p.bounds.Idle {
		return false
	}
	if p.idle >= p.bounds.Total {
		p.evict()
	}
	sl.idle, p.idle = append(sl.idle, se), p.idle+1
	if p.sweep == nil {
		p.sweep = time.AfterFunc(p.bounds.IdleTime, p.sweepIdle)
	}
	return true
}

// evict ends the session that is idle the longest. The pool is locked.
func (p *Pool) evict() {
	var oldest *slot
	for _, sl := range p.slots {
		if len(sl.idle) > 0 && (oldest == nil || sl.idle[0].released.Before(oldest.idle[0].released)) {
			oldest = sl
		}
	}
	if oldest != nil {
		p.end(oldest.idle[0])
		oldest.idle, p.idle = oldest.idle[1:], p.idle-1
		p.drop(oldest)
	}
}

// sweepIdle ends what is idle for too long, so that no warehouse sees sessions
// of a credential that nobody uses.
func (p *Pool) sweepIdle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for _, sl := range p.slots {
		kept := sl.idle[:0]
		for _, se := range sl.idle {
			if p.expired(se, now) {
				p.end(se)
				p.idle--
			} else {
				kept = append(kept, se)
			}
		}
		clear(sl.idle[len(kept):])
		sl.idle = kept
		p.drop(sl)
	}
	p.sweep = nil
	if p.idle > 0 && !p.closed {
		p.sweep = time.AfterFunc(p.bounds.IdleTime/2, p.sweepIdle)
	}
}

// Forget ends the sessions of every key with the prefix: idle ones now, those
// in use when they are released. A deleted or changed credential is forgotten.
func (p *Pool) Forget(prefix string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, sl := range p.slots {
		if strings.HasPrefix(key, prefix) {
			p.forget(sl)
		}
	}
}

// forget ends a slot. The pool is locked.
func (p *Pool) forget(sl *slot) {
	for _, se := range sl.idle {
		p.end(se)
	}
	p.idle -= len(sl.idle)
	sl.idle = nil
	for len(sl.waiting) > 0 {
		sl.hand(handover{forgotten: true})
	}
	delete(p.slots, sl.key)
}

// Close ends all idle sessions and waits for those that are being reset or
// closed. Sessions still in use end when they are released.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	for _, sl := range p.slots {
		p.forget(sl)
	}
	if p.sweep != nil {
		p.sweep.Stop()
	}
	p.mu.Unlock()
	p.work.Wait()
}

// Lease is a session until its Release. After it, nothing can be done with it:
// the session may be another caller's by then.
type Lease struct {
	Conn
	pool    *Pool
	session *session
	once    sync.Once
}

// Release gives the session back. It is idempotent and does not block.
func (l *Lease) Release() {
	l.once.Do(func() {
		l.Conn = released{}
		l.pool.giveBack(l.session)
	})
}

// Close is Release: the pool decides when the session ends.
func (l *Lease) Close() error {
	l.Release()
	return nil
}

// Test tries the login, 5 seconds at most. A warehouse that cannot be reached
// is Unavailable, one that refuses the login is Rejected with its scrubbed
// reason.
func (p *Pool) Test(ctx context.Context, s product.Source, l Login) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := p.open(ctx, s, l)
	if err == nil {
		defer func() { _ = conn.Close() }()
		err = conn.Ping(ctx)
	}
	if err == nil || fault.As(err) != nil && !fault.Is(err, fault.Timeout) {
		return err
	}
	if errors.Is(err, context.DeadlineExceeded) || fault.Is(err, fault.Timeout) {
		return fault.Because(err, fault.Unavailable, "the warehouse did not answer within 5 seconds")
	}
	return fault.Because(err, fault.Unavailable, "the warehouse cannot be reached")
}
