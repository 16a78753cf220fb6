package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/store"
	"github.com/postern/postern/internal/testpg"
)

func TestMain(m *testing.M) { testpg.Main(m) }

// both runs a test on each engine.
func both(t *testing.T, f func(t *testing.T, db *store.DB)) {
	t.Helper()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			c := store.Config{Writer: "test", Dir: t.TempDir()}
			if engine == "postgres" {
				c.URL = testpg.URL(t)
			}
			db, err := store.Open(context.Background(), c)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
			f(t, db)
		})
	}
}

func TestAFailedChangeLeavesNothingAndHarmsNoOther(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		boom := errors.New("boom")
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				err := db.Change(ctx, &audit.Event{Kind: audit.ServerStarted}, func(ctx context.Context, tx *store.Tx) error {
					if _, err := tx.Exec(ctx, `INSERT INTO sequences (name, n) VALUES (?, 1)`, string(rune('A'+i))); err != nil {
						return err
					}
					if i%3 == 0 {
						return boom
					}
					return nil
				})
				if (i%3 == 0) != errors.Is(err, boom) {
					t.Errorf("change %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if n, ok := db.Changes(ctx); !ok || n < 2 {
			t.Errorf("counter %d %v", n, ok)
		}
	})
}
