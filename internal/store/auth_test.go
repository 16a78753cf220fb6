package store_test

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/keyring"
	"github.com/postern/postern/internal/store"
	"github.com/postern/postern/internal/testpg"
)

var day = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func newClient(id, name string) auth.Client {
	return auth.Client{ID: auth.ClientID(id), Name: name, Role: auth.Viewer, Duration: time.Hour, Epoch: 1, CreatedAt: day, UpdatedAt: day, RotatedAt: day}
}

func put(t *testing.T, db *store.DB, c auth.Client) auth.Client {
	t.Helper()
	out, err := db.CreateClient(context.Background(), c, []byte("mac of "+c.Name))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestClientsAreKeptAsTheyWereGiven(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		a, b := put(t, db, newClient("pc_a", "a")), newClient("pc_b", "b")
		b.Limits = auth.QueryLimits{PerMinute: 5}
		b = put(t, db, b)
		if a.UserID == 0 || a.UserID == b.UserID {
			t.Errorf("user ids %d and %d", a.UserID, b.UserID)
		}
		got, err := db.Client(ctx, "pc_a")
		if d := cmp.Diff(a, got); err != nil || d != "" {
			t.Errorf("%v %s", err, d)
		}
		if got, err = db.ClientNamed(ctx, "b"); err != nil || got.ID != "pc_b" {
			t.Errorf("%v %v", got, err)
		}
		all, err := db.Clients(ctx)
		if d := cmp.Diff([]auth.Client{a, b}, all); err != nil || d != "" {
			t.Errorf("%v %s", err, d)
		}
		got, mac, err := db.ClientSecret(ctx, "pc_a")
		if err != nil || got.ID != "pc_a" || string(mac) != "mac of a" {
			t.Errorf("%v %q %v", got, mac, err)
		}
		for _, unknown := range []auth.ClientID{"", "pc_x", "pc_\x00\xff"} {
			if got, mac, err := db.ClientSecret(ctx, unknown); err != nil || got.ID != "" || mac != nil {
				t.Errorf("%q: %v %q %v", unknown, got, mac, err)
			}
		}
		if _, err := db.CreateClient(ctx, newClient("pc_c", "a"), []byte("m")); !fault.Is(err, fault.Conflict) {
			t.Errorf("a name twice: %v", err)
		}
	})
}

func TestClientChangesAndTheirAbsence(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		put(t, db, newClient("pc_a", "a"))
		got, err := db.UpdateClient(ctx, "pc_a", func(c *auth.Client) error {
			c.Role, c.Duration, c.SingleActive, c.Disabled, c.UpdatedAt = auth.Steward, 2*time.Hour, true, true, day.Add(time.Minute)
			c.Name, c.Epoch = "not this", 99
			c.Limits = auth.QueryLimits{PerMinute: 60, InFlight: 4}
			return nil
		})
		if err != nil || got.Role != auth.Steward {
			t.Fatal(got, err)
		}
		want := newClient("pc_a", "a")
		want.UserID, want.Role, want.Duration, want.SingleActive, want.Disabled, want.UpdatedAt = 1, auth.Steward, 2*time.Hour, true, true, day.Add(time.Minute)
		want.Limits = auth.QueryLimits{PerMinute: 60, InFlight: 4}
		got, err = db.Client(ctx, "pc_a")
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("%v %s", err, d)
		}
		no := fault.New(fault.Invalid, "no")
		if _, err := db.UpdateClient(ctx, "pc_a", func(c *auth.Client) error { c.Role = auth.Viewer; return no }); err != no { //nolint:errorlint // the very error
			t.Errorf("%v", err)
		}
		if got, _ := db.Client(ctx, "pc_a"); got.Role != auth.Steward {
			t.Error("a refused change was kept")
		}
		if _, err := db.RotateClient(ctx, "pc_a", []byte("fresh")); err != nil {
			t.Error(err)
		}
		if _, mac, _ := db.ClientSecret(ctx, "pc_a"); string(mac) != "fresh" {
			t.Errorf("mac %q", mac)
		}
		if err := db.DeleteClient(ctx, "pc_a"); err != nil {
			t.Error(err)
		}
		for name, err := range map[string]error{
			"read":   second(db.Client(ctx, "pc_a")),
			"update": second(db.UpdateClient(ctx, "pc_a", func(*auth.Client) error { return nil })),
			"rotate": second(db.RotateClient(ctx, "pc_a", []byte("x"))),
			"revoke": db.RevokeClient(ctx, "pc_a"),
			"delete": db.DeleteClient(ctx, "pc_a"),
			"alone":  second(db.TokenIssuedAlone(ctx, "pc_a", auth.Issued{})),
		} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s of a deleted client: %v", name, err)
			}
		}
		if again := put(t, db, newClient("pc_b", "a")); again.UserID != 2 {
			t.Errorf("user id %d", again.UserID)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestTokenStateIsOfNow(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		c := put(t, db, newClient("pc_a", "a"))
		before, _ := db.Changes(ctx)
		if err := db.TokenIssued(ctx, auth.Issued{KeyID: "k", Scope: "all", ExpiresAt: day}); err != nil {
			t.Fatal(err)
		}
		if n, ok := db.Changes(ctx); !ok || n != before {
			t.Errorf("issuing moved the counter from %d to %d", before, n)
		}
		state := func() auth.TokenState {
			s, err := db.TokenState(ctx, "pc_a", "j1")
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		if d := cmp.Diff(auth.TokenState{Client: c}, state()); d != "" {
			t.Error(d)
		}
		for range 2 { // twice is no error
			if err := db.RevokeToken(ctx, "pc_a", "j1", time.Now().Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		if !state().Revoked {
			t.Error("not revoked")
		}
		if n, _ := db.Changes(ctx); n == before {
			t.Error("a revocation did not move the counter")
		}
		if s, _ := db.TokenState(ctx, "pc_a", "j2"); s.Revoked {
			t.Error("another token is revoked")
		}
		if epoch, err := db.TokenIssuedAlone(ctx, "pc_a", auth.Issued{KeyID: "k", ExpiresAt: day}); err != nil || epoch != 2 || state().Client.Epoch != 2 {
			t.Errorf("epoch %d %v", epoch, err)
		}
		if err := db.TokenRefused(ctx, auth.Refusal{ClientID: "pc_\x00\xff", Reason: "client authentication failed", More: 3}); err != nil {
			t.Error(err)
		}
		if s, err := db.TokenState(ctx, "pc_x", "j1"); err != nil || s.Client.ID != "" {
			t.Errorf("%+v %v", s, err)
		}
	})
}

func TestExpiredRevocationsGo(t *testing.T) {
	dir := t.TempDir()
	db, err := store.Open(context.Background(), store.Config{Dir: dir, Writer: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test
	for i, at := range []time.Time{time.Now().Add(-2 * time.Hour), time.Now().Add(time.Hour)} {
		if err := db.RevokeToken(context.Background(), "pc_a", string(rune('a'+i)), at); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, dir, `SELECT COUNT(*) FROM revoked_tokens`); n != 1 {
		t.Errorf("%d rows are kept", n)
	}
}

func count(t *testing.T, dir, q string) (n int) {
	t.Helper()
	raw, err := sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.Join(dir, "postern.db")}).EscapedPath())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close() //nolint:errcheck // a test
	if err := raw.QueryRow(q).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSigningKeysAreKeptUntilTheyAreBurned(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		a := auth.SigningKey{ID: "a", Alg: auth.ES256, Public: []byte(`{"kid":"a"}`), Private: []byte("sealed a"), CreatedAt: day, ActiveAt: day}
		b := auth.SigningKey{ID: "b", Alg: auth.EdDSA, Public: []byte(`{"kid":"b"}`), Private: []byte("sealed b"), CreatedAt: day, ActiveAt: day.Add(time.Minute)}
		for range 2 {
			if err := db.CreateFirstKey(ctx, a); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.CreateFirstKey(ctx, b); err != nil {
			t.Fatal(err)
		}
		keys := func() []auth.SigningKey { k, err := db.SigningKeys(ctx); fatal(t, err); return k }
		if d := cmp.Diff([]auth.SigningKey{a}, keys()); d != "" {
			t.Error(d)
		}
		fatal(t, db.RotateKey(ctx, b))
		if d := cmp.Diff([]auth.SigningKey{a, b}, keys()); d != "" {
			t.Error(d)
		}
		c := auth.SigningKey{ID: "c", Alg: auth.ES256, Public: []byte(`{}`), Private: []byte("sealed c"), CreatedAt: day, ActiveAt: day.Add(time.Hour)}
		fatal(t, db.BurnKey(ctx, "b", day.Add(time.Hour), &c))
		if got := keys(); len(got) != 3 || len(got[1].Private) != 1 || !got[1].BurnedAt.Equal(day.Add(time.Hour)) {
			t.Errorf("%+v", got)
		}
		for _, kid := range []string{"b", "x"} {
			d := c
			d.ID = "d"
			if err := db.BurnKey(ctx, kid, day, &d); !fault.Is(err, fault.NotFound) {
				t.Errorf("burn %s: %v", kid, err)
			}
		}
		if got := keys(); len(got) != 3 {
			t.Errorf("a burning that failed left a key: %d", len(got))
		}
	})
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTokensOfAKeyAreCounted(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		now := time.Now()
		for _, row := range []struct {
			client, key string
			left        time.Duration
		}{{"pc_a", "k", time.Hour}, {"pc_a", "k", time.Hour}, {"pc_b", "k", time.Hour}, {"pc_c", "k", -time.Hour}, {"pc_d", "other", time.Hour}} {
			ctx := auth.WithCaller(context.Background(), auth.Caller{Kind: auth.Machine, ClientID: auth.ClientID(row.client)})
			fatal(t, db.TokenIssued(ctx, auth.Issued{KeyID: row.key, ExpiresAt: now.Add(row.left)}))
		}
		tokens, clients, err := db.TokensSigned(context.Background(), "k", now.Add(-time.Hour), now)
		if err != nil || tokens != 3 || clients != 2 {
			t.Errorf("%d tokens of %d clients, %v", tokens, clients, err)
		}
	})
}

// Nodes that start together on one new store, each in a data directory of its
// own with the same master key, come to one ring and one signing key.
func TestNodesThatStartTogetherShareTheirKeys(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			ctx := context.Background()
			seedDir := t.TempDir()
			_, err := keyring.LoadMaster(seedDir, false)
			fatal(t, err)
			text, err := os.ReadFile(filepath.Join(seedDir, keyring.MasterFile))
			fatal(t, err)
			c := store.Config{Dir: t.TempDir()}
			if engine == "postgres" {
				c.URL = testpg.URL(t)
			}
			c.Writer = "first"
			first, err := store.Open(ctx, c) // the schema is there; the keys are raced for
			fatal(t, err)
			fatal(t, first.Close())
			var wg sync.WaitGroup
			rings := make([]*keyring.Ring, 3)
			kids := make([]string, 3)
			for i := range rings {
				c := c
				c.Writer = string(rune('a' + i))
				dir := t.TempDir()
				fatal(t, os.WriteFile(filepath.Join(dir, keyring.MasterFile), text, 0o600))
				wg.Go(func() { rings[i], kids[i] = boot(t, ctx, c, dir) })
			}
			wg.Wait()
			if t.Failed() {
				return
			}
			sealed, err := rings[0].AEAD("p").Seal([]byte("x"), nil)
			fatal(t, err)
			for i, r := range rings {
				if _, err := r.AEAD("p").Open(sealed, nil); err != nil || kids[i] != kids[0] {
					t.Errorf("node %d has other keys: %v", i, err)
				}
			}
		})
	}
}

func boot(t *testing.T, ctx context.Context, c store.Config, dir string) (*keyring.Ring, string) {
	db, err := store.Open(ctx, c)
	if err != nil {
		t.Error(err)
		return nil, ""
	}
	defer db.Close() //nolint:errcheck // a test
	m, err := keyring.LoadMaster(dir, true)
	if err != nil {
		t.Error(err)
		return nil, ""
	}
	ring, err := keyring.Open(ctx, db, m, day)
	if err != nil {
		t.Error(err)
		return nil, ""
	}
	keys := &auth.Keys{Store: db, Seal: ring.AEAD("jwt signing key"), Now: time.Now}
	if err := keys.Ensure(ctx); err != nil {
		t.Error(err)
	}
	all, err := keys.List(ctx)
	if err != nil || len(all) != 1 {
		t.Errorf("%d signing keys, %v", len(all), err)
		return ring, ""
	}
	return ring, all[0].ID
}

func TestAStoreWithDataNeverGetsANewMasterKey(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		if has, err := db.HasData(ctx); has || err != nil {
			t.Fatalf("a new store has data: %v %v", has, err)
		}
		m, err := keyring.LoadMaster(t.TempDir(), false)
		fatal(t, err)
		_, err = keyring.Open(ctx, db, m, day)
		fatal(t, err)
		has, err := db.HasData(ctx)
		if !has || err != nil {
			t.Fatalf("a store with keys has no data: %v %v", has, err)
		}
		if _, err := keyring.LoadMaster(t.TempDir(), has); err == nil || !strings.Contains(err.Error(), "missing") {
			t.Errorf("%v", err)
		}
		other, err := keyring.LoadMaster(t.TempDir(), false)
		fatal(t, err)
		if _, err := keyring.Open(ctx, db, other, day); !fault.Is(err, fault.Unavailable) {
			t.Errorf("another master key: %v", err)
		}
	})
}
