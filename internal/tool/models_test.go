package tool_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/tool"
)

// slow is a shop whose schema takes until it is let go.
type slow struct {
	shop
	gate    chan struct{}
	reads   atomic.Int32
	stopped atomic.Bool
	panics  bool
}

func (s *slow) Schema(ctx context.Context, c auth.Caller, q product.Query) (product.Schema, error) {
	s.reads.Add(1)
	if s.panics {
		panic("lost")
	}
	select {
	case <-s.gate:
		return (&shop{}).Schema(ctx, c, q)
	case <-ctx.Done():
		s.stopped.Store(true)
		return product.Schema{}, ctx.Err()
	}
}

func models() *tool.Models {
	return &tool.Models{Changes: func(context.Context) (int64, bool) { return 1, true }}
}

func caller(id string) auth.Caller {
	return auth.Caller{Kind: auth.Machine, ClientID: auth.ClientID("pc_" + id)}
}

func of(ctx context.Context, m *tool.Models, d tool.Data, who string, q product.Query) (*tool.Meaning, error) {
	return m.Of(ctx, &tool.Env{Caller: caller(who), Data: d}, sales, q)
}

func TestWhoAsksAtTheSameTimeWaitsForOneReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, m := &slow{gate: make(chan struct{})}, models()
		var wg sync.WaitGroup
		got := make([]*tool.Meaning, 8)
		for i := range got {
			wg.Go(func() {
				var err error
				if got[i], err = of(t.Context(), m, d, "ann", product.Query{}); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		close(d.gate)
		wg.Wait()
		for _, g := range got {
			if g == nil || g != got[0] {
				t.Fatal("not all got the one reading")
			}
		}
		if n := d.reads.Load(); n != 1 {
			t.Errorf("%d readings", n)
		}
	})
}

func TestAReadingIsOfOneCallerCredentialAndSession(t *testing.T) {
	d, m := &slow{gate: make(chan struct{})}, models()
	close(d.gate)
	seen := map[*tool.Meaning]bool{}
	for _, c := range []struct {
		who string
		q   product.Query
	}{
		{"ann", product.Query{}}, {"bob", product.Query{}}, {"ann", product.Query{AuthID: "other"}},
		{"ann", product.Query{PreSQL: "SET app.tenant = 2"}}, {"ann", product.Query{AuthMode: "mde_credentials"}},
	} {
		for range 2 {
			g, err := of(t.Context(), m, d, c.who, c.q)
			if err != nil {
				t.Fatal(err)
			}
			seen[g] = true
		}
	}
	if len(seen) != 5 || d.reads.Load() != 5 {
		t.Errorf("%d meanings of %d readings, want 5 of 5", len(seen), d.reads.Load())
	}
}

func TestTheLastToLeaveStopsTheReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, m := &slow{gate: make(chan struct{})}, models()
		first, leave := context.WithCancel(t.Context())
		second, leaveToo := context.WithCancel(t.Context())
		for _, ctx := range []context.Context{first, second} {
			go func() {
				if _, err := of(ctx, m, d, "ann", product.Query{}); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
			}()
		}
		synctest.Wait()
		leave()
		synctest.Wait()
		if d.stopped.Load() {
			t.Error("the reading was stopped under one who waits for it")
		}
		leaveToo()
		synctest.Wait()
		if !d.stopped.Load() {
			t.Error("the reading goes on for nobody")
		}
	})
}

func TestAPanicOfAReadingIsAnError(t *testing.T) {
	if _, err := of(t.Context(), models(), &slow{panics: true}, "ann", product.Query{}); err == nil {
		t.Error("no error")
	}
}
