package warehouse_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/sqlfacts"
	"github.com/postern/postern/internal/warehouse"
)

// engine is a warehouse in memory that remembers who did what.
type engine struct {
	mu     sync.Mutex
	opened []*conn
	fail   error
	slow   time.Duration // of Open and Ping
	room   int           // sessions it takes at once; 0 is any number
}

// alive counts the sessions that are not closed. The engine is locked.
func (e *engine) alive() (n int) {
	for _, c := range e.opened {
		if !c.closed.Load() {
			n++
		}
	}
	return n
}

type conn struct {
	e        *engine
	login    warehouse.Login
	resets   atomic.Int32
	closed   atomic.Bool
	unfit    error
	say      error
	problem  string
	show     []string
	resetFor chan struct{}
}

func (e *engine) Open(ctx context.Context, _ product.Source, l warehouse.Login, _ warehouse.Dial) (warehouse.Conn, error) {
	if e.slow > 0 {
		select {
		case <-time.After(e.slow):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if e.fail != nil {
		return nil, e.fail
	}
	c := &conn{e: e, login: l}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.room > 0 && e.alive() >= e.room {
		return nil, fault.Because(warehouse.ErrFull, fault.Unavailable, "full")
	}
	e.opened = append(e.opened, c)
	return c, nil
}

func (e *engine) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.opened)
}

func (e *engine) last() *conn {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.opened[len(e.opened)-1]
}

func (c *conn) Analyze(context.Context, string) (sqlfacts.Facts, error) {
	return sqlfacts.Facts{Problem: c.problem}, c.say
}

func (c *conn) Query(context.Context, string, warehouse.Limits) (result.Rows, error) {
	if c.say != nil {
		return nil, c.say
	}
	return &texts{values: c.show}, nil
}

func (c *conn) Schema(context.Context, []product.Table) (product.Schema, error) {
	return product.Schema{}, c.say
}
func (c *conn) Ping(context.Context) error { return c.say }
func (c *conn) Reset(context.Context) error {
	c.resets.Add(1)
	if c.resetFor != nil {
		<-c.resetFor
	}
	return c.unfit
}
func (c *conn) Close() error { c.closed.Store(true); return nil }

// texts is a result of one text column, one batch.
type texts struct {
	values []string
	done   bool
}

var oneText = arrow.NewSchema([]arrow.Field{{Name: "x", Type: arrow.BinaryTypes.String}}, nil)

func (r *texts) Schema() *arrow.Schema { return oneText }
func (r *texts) Close() error          { return nil }
func (r *texts) Next(context.Context) (arrow.RecordBatch, error) {
	if r.done {
		return nil, io.EOF
	}
	r.done = true
	b := array.NewRecordBuilder(memory.DefaultAllocator, oneText)
	b.Field(0).(*array.StringBuilder).AppendValues(r.values, nil)
	return b.NewRecordBatch(), nil
}

func place(host string) product.Source {
	return product.Source{Engine: product.PostgreSQL, Host: host, Port: 5432, Database: "db"}
}

func pool(e *engine, b warehouse.Bounds) *warehouse.Pool {
	return warehouse.NewPool(map[product.Engine]warehouse.Driver{product.PostgreSQL: e}, nil, b)
}

func acquire(t *testing.T, p *warehouse.Pool, key, host string) *warehouse.Lease {
	t.Helper()
	l, err := p.Acquire(t.Context(), key, place(host), warehouse.Login{Username: key})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestSessionIsResetAndGivenAgainToItsOwnKeyOnly(t *testing.T) {
	e := &engine{}
	p := pool(e, warehouse.Bounds{})
	defer p.Close()
	for range 3 {
		acquire(t, p, "a", "h").Release()
	}
	if e.count() != 1 || e.opened[0].resets.Load() < 2 {
		t.Errorf("%d sessions, %d resets", e.count(), e.opened[0].resets.Load())
	}
	for i, other := range []struct{ key, host string }{{"b", "h"}, {"a", "other"}, {"", "h"}, {"a\x00postgresql:h:5432/db", "h"}} {
		acquire(t, p, other.key, other.host)
		if e.count() != 2+i {
			t.Errorf("%q at %s got a session of another", other.key, other.host)
		}
	}
	s := place("h")
	s.Params = map[string]string{"sslmode": "disable"}
	if _, err := p.Acquire(t.Context(), "a", s, warehouse.Login{}); err != nil || e.count() != 6 {
		t.Errorf("a source with other settings got a session of the first: %v", err)
	}
}

func TestSessionThatCannotBeResetIsClosed(t *testing.T) {
	e := &engine{}
	p := pool(e, warehouse.Bounds{})
	defer p.Close()
	l := acquire(t, p, "a", "h")
	e.last().unfit = errors.New("dirty")
	l.Release()
	acquire(t, p, "a", "h").Release()
	if e.count() != 2 || !e.opened[0].closed.Load() {
		t.Errorf("%d sessions, the first closed: %v", e.count(), e.opened[0].closed.Load())
	}
}

func TestSessionsOfAKeyAreBoundedAndWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &engine{}
		p := pool(e, warehouse.Bounds{PerKey: 2})
		first, _ := acquire(t, p, "a", "h"), acquire(t, p, "a", "h")
		acquire(t, p, "b", "h") // another key does not wait
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.Acquire(ctx, "a", place("h"), warehouse.Login{}); !fault.Is(err, fault.Limited) || fault.As(err).RetryAfter == 0 {
			t.Errorf("the third session: %v", err)
		}
		got := make(chan error)
		go func() {
			_, err := p.Acquire(t.Context(), "a", place("h"), warehouse.Login{})
			got <- err
		}()
		synctest.Wait()
		first.Release()
		if err := <-got; err != nil || e.count() != 3 {
			t.Errorf("%v, %d sessions", err, e.count())
		}
		p.Close()
	})
}

func TestFailedOpenLeavesRoomForTheNext(t *testing.T) {
	e := &engine{fail: errors.New("no route")}
	p := pool(e, warehouse.Bounds{PerKey: 1})
	defer p.Close()
	for range 3 {
		if _, err := p.Acquire(t.Context(), "a", place("h"), warehouse.Login{}); err == nil {
			t.Fatal("want an error")
		}
	}
	e.fail = nil
	acquire(t, p, "a", "h").Release()
}

func TestForgottenKeyGetsNoOldSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &engine{}
		p := pool(e, warehouse.Bounds{PerKey: 2})
		idle, used := acquire(t, p, "cred1 v1", "h"), acquire(t, p, "cred1 v1", "h")
		other := acquire(t, p, "cred2 v1", "h")
		idle.Release()
		other.Release()
		synctest.Wait()
		late := acquire(t, p, "cred1 v1", "h")
		waited := make(chan error)
		go func() {
			_, err := p.Acquire(t.Context(), "cred1 v1", place("h"), warehouse.Login{})
			waited <- err
		}()
		synctest.Wait()
		p.Forget("cred1")
		if err := <-waited; !fault.Is(err, fault.Unavailable) {
			t.Errorf("a caller waiting for a session of a forgotten credential: %v", err)
		}
		late.Release()
		used.Release()
		synctest.Wait()
		for i, c := range e.opened[:2] {
			if !c.closed.Load() {
				t.Errorf("session %d lives on", i)
			}
		}
		acquire(t, p, "cred2 v1", "h").Release()
		if e.count() != 3 {
			t.Error("another credential was forgotten too")
		}
		p.Close()
	})
}

func TestIdleSessionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &engine{}
		p := pool(e, warehouse.Bounds{IdleTime: time.Minute, Lifetime: time.Hour, Total: 2})
		for _, key := range []string{"a", "b", "c"} {
			acquire(t, p, key, "h").Release()
			synctest.Wait()
			time.Sleep(time.Second)
		}
		if !e.opened[0].closed.Load() || e.opened[1].closed.Load() {
			t.Error("beyond the total, the longest idle must end")
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		for i, c := range e.opened {
			if !c.closed.Load() {
				t.Errorf("session %d is idle for ever", i)
			}
		}
		for range 100 { // never idle, but old
			acquire(t, p, "a", "h").Release()
			synctest.Wait()
			time.Sleep(50 * time.Second)
		}
		if n := e.count(); n != 3+2 {
			t.Errorf("%d sessions in 83 minutes of an hour each", n-3)
		}
		p.Close()
	})
}

func TestManyCallersNeverShareASessionNorAKey(t *testing.T) {
	e := &engine{}
	p := pool(e, warehouse.Bounds{PerKey: 3, Total: 4})
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			key := fmt.Sprint("key", g%4)
			for range 200 {
				l, err := p.Acquire(context.Background(), key, place("h"), warehouse.Login{Username: key, Password: secret.New(key + "-password")})
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = l.Analyze(context.Background(), "")
				l.Release()
				l.Release()
			}
		})
	}
	wg.Wait()
	p.Close()
	for _, c := range e.opened {
		if !c.closed.Load() {
			t.Error("a session outlived the pool")
		}
	}
	if _, err := p.Acquire(t.Context(), "a", place("h"), warehouse.Login{}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a closed pool: %v", err)
	}
}

func TestSessionThatDiedIdleIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &engine{}
		p := pool(e, warehouse.Bounds{PerKey: 1})
		acquire(t, p, "a", "h").Release()
		synctest.Wait()
		e.last().say = errors.New("connection reset by peer")
		time.Sleep(30 * time.Second)
		l := acquire(t, p, "a", "h")
		if err := l.Ping(t.Context()); err != nil || e.count() != 2 || !e.opened[0].closed.Load() {
			t.Errorf("%v, %d sessions", err, e.count())
		}
		l.Release()
		acquire(t, p, "a", "h").Release() // the bound of one still has its one
		p.Close()
	})
}

func TestReleasedLeaseReachesNoSession(t *testing.T) {
	p := pool(&engine{}, warehouse.Bounds{})
	defer p.Close()
	l := acquire(t, p, "a", "h")
	l.Release()
	if _, err := l.Query(t.Context(), "", warehouse.Limits{}); err == nil {
		t.Error("a query by a session of another")
	}
	if l.Ping(t.Context()) == nil {
		t.Error("a ping by a session of another")
	}
}

func TestTestOfALoginGivesUpAfterFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pool(&engine{slow: time.Hour}, warehouse.Bounds{})
		defer p.Close()
		began := time.Now()
		err := p.Test(t.Context(), place("h"), warehouse.Login{})
		if !fault.Is(err, fault.Unavailable) || time.Since(began) != 5*time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}

func TestUnknownEngineIsInvalid(t *testing.T) {
	p := pool(&engine{}, warehouse.Bounds{})
	defer p.Close()
	s := place("h")
	s.Engine = product.Oracle
	if _, err := p.Acquire(t.Context(), "a", s, warehouse.Login{}); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "oracle") {
		t.Errorf("got %v", err)
	}
}

func TestIdleSessionsOfOthersMakeRoomWhereTheServerIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &engine{room: 4}
		p := pool(e, warehouse.Bounds{})
		defer p.Close()
		for _, key := range []string{"a", "b", "c", "d"} {
			acquire(t, p, key, "h").Release()
		}
		synctest.Wait()
		elsewhere := e.count()
		l := acquire(t, p, "e", "h")
		if e.count() != elsewhere+1 {
			t.Errorf("%d opened", e.count())
		}
		if open, idle := p.Sessions(); open != 1 || idle != 0 {
			t.Errorf("%d open, %d idle", open, idle)
		}
		l.Release()
	})
}

func TestACallerWaitsForItsOwnSessionWhereTheServerIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &engine{room: 2}
		p := pool(e, warehouse.Bounds{})
		defer p.Close()
		mine, other := acquire(t, p, "a", "h"), acquire(t, p, "b", "h")
		got := make(chan error)
		go func() {
			l, err := p.Acquire(t.Context(), "a", place("h"), warehouse.Login{})
			if err == nil {
				l.Release()
			}
			got <- err
		}()
		synctest.Wait()
		if _, err := p.Acquire(t.Context(), "c", place("h"), warehouse.Login{}); !fault.Is(err, fault.Unavailable) {
			t.Errorf("one that has no session to wait for: %v", err)
		}
		mine.Release()
		if err := <-got; err != nil {
			t.Errorf("one that has: %v", err)
		}
		other.Release()
	})
}

func TestManyCallersAtAFullServerAllGetThrough(t *testing.T) {
	e := &engine{room: 3}
	p := pool(e, warehouse.Bounds{})
	first := acquire(t, p, "a", "h")
	var work sync.WaitGroup
	for range 64 {
		work.Go(func() {
			l, err := p.Acquire(t.Context(), "a", place("h"), warehouse.Login{})
			if err != nil {
				t.Error(err)
				return
			}
			l.Release()
		})
	}
	first.Release()
	work.Wait()
	p.Close()
	if open, idle := p.Sessions(); open != 0 || idle != 0 {
		t.Errorf("%d open, %d idle", open, idle)
	}
}
