package tool

import (
	"context"
	"fmt"
	"reflect"
	"runtime/debug"
	"sync"
	"time"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/semantic"
)

// How long and how much of what was read is remembered. What a login lost in
// the warehouse itself, where no counter tells, is forgotten with age.
const (
	keptFor = 5 * time.Minute
	keptMax = 64
)

// Models are what products mean to who asks of them. Everything in a model was
// read under one caller's own credential, and is given to that caller and
// credential alone. The zero Models and a nil one remember nothing.
type Models struct {
	// Changes is the store's change counter: what was read is forgotten when
	// anything changed. nil remembers nothing.
	Changes func(ctx context.Context) (n int64, ok bool)
	Now     func() time.Time // nil is time.Now

	mu      sync.Mutex
	kept    map[modelKey]*Meaning
	flights map[modelKey]*flight
}

// Meaning is a product's model with the columns and values that one caller
// sees. It is shared between calls, and not to be changed.
type Meaning struct {
	Product product.Product
	Model   *semantic.Model
	Schema  product.Schema // what the warehouse said, as the model was made of it
	Values  []Values       // of text columns, where they are all known

	read time.Time
	made sync.Map
}

// Made gives what is made of a meaning, which is done once and kept with it.
// There is one of each type.
func Made[T any](m *Meaning, of func() T) T {
	v, _ := m.made.LoadOrStore(reflect.TypeFor[T](), sync.OnceValue(of))
	return v.(func() T)()
}

// modelKey is under what a reading of a product is remembered: the caller, the
// credential and what scopes its session are part of it, so that nobody is
// answered from another's values.
type modelKey struct {
	product, version, caller, auth, mode, pre string
	changes                                   int64
}

func (m *Models) key(ctx context.Context, e *Env, pr product.Product, q product.Query) (modelKey, bool) {
	if m == nil || m.Changes == nil {
		return modelKey{}, false
	}
	n, ok := m.Changes(ctx)
	who := e.Caller.Subject()
	return modelKey{pr.ID, pr.Version, who, q.AuthID, q.AuthMode, q.PreSQL, n}, ok && who != ""
}

// Of gives what a product means as the caller sees it. Of q, ProductID,
// Version, AuthID, AuthMode and PreSQL count. Calls that ask for the same at
// the same time wait for one reading.
func (m *Models) Of(ctx context.Context, e *Env, pr product.Product, q product.Query) (*Meaning, error) {
	k, keep := m.key(ctx, e, pr, q)
	if !keep {
		return read(ctx, e, pr, q)
	}
	m.mu.Lock()
	if r, ok := m.kept[k]; ok && m.Clock().Sub(r.read) < keptFor {
		m.mu.Unlock()
		return r, nil
	}
	f := m.flights[k]
	if f == nil {
		f = m.start(ctx, k, func(ctx context.Context) (*Meaning, error) { return read(ctx, e, pr, q) })
	}
	f.waiting++
	m.mu.Unlock()
	select {
	case <-f.done:
		return f.meaning, f.err
	case <-ctx.Done():
		m.leave(k, f)
		return nil, ctx.Err()
	}
}

// flight is a reading under way.
type flight struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int
	meaning *Meaning
	err     error
}

// start begins a reading that goes on for as long as anybody waits for it.
func (m *Models) start(ctx context.Context, k modelKey, read func(context.Context) (*Meaning, error)) *flight {
	f := &flight{done: make(chan struct{})}
	ctx, f.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if m.flights == nil {
		m.flights = map[modelKey]*flight{}
	}
	m.flights[k] = f
	go func() {
		defer f.cancel()
		defer close(f.done)
		defer func() {
			if p := recover(); p != nil { // no door guards this goroutine
				f.err = fmt.Errorf("reading a model: panic: %v\n%s", p, debug.Stack())
			}
			m.end(k, f)
		}()
		f.meaning, f.err = read(ctx)
	}()
	return f
}

// leave is of one who does not wait any more; the last one stops the reading.
func (m *Models) leave(k modelKey, f *flight) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f.waiting--; f.waiting == 0 {
		f.cancel()
		if m.flights[k] == f {
			delete(m.flights, k)
		}
	}
}

// end keeps what was read in the place of what no call can use any more and,
// where there is no room, of the oldest.
func (m *Models) end(k modelKey, f *flight) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.flights[k] == f {
		delete(m.flights, k)
	}
	if f.err != nil {
		return
	}
	f.meaning.read = m.Clock()
	if m.kept == nil {
		m.kept = map[modelKey]*Meaning{}
	}
	m.kept[k] = f.meaning
	for o, old := range m.kept {
		if o.changes < k.changes || f.meaning.read.Sub(old.read) >= keptFor {
			delete(m.kept, o)
		}
	}
	for len(m.kept) > keptMax {
		oldest := k
		for o, old := range m.kept {
			if old.read.Before(m.kept[oldest].read) {
				oldest = o
			}
		}
		if delete(m.kept, oldest); oldest == k {
			return
		}
	}
}

// Clock is the time that it is, in UTC.
func (m *Models) Clock() time.Time {
	if m == nil || m.Now == nil {
		return time.Now().UTC()
	}
	return m.Now().UTC()
}
