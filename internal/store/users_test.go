package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/store"
	"github.com/postern/postern/internal/testpg"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func person(name string) auth.User {
	return auth.User{Username: name, Name: name, Role: auth.ServerAdmin, PasswordHash: "$argon2id$x", CreatedAt: noon}
}

// admin makes the first admin of a store.
func admin(t *testing.T, db *store.DB) auth.User {
	t.Helper()
	ctx := context.Background()
	if err := db.PutSetup(ctx, []byte("link"), noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	u, err := db.CompleteSetup(ctx, []byte("link"), person("ada"))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestTheFirstAdminUsesUpEveryLink(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		if err := db.PutSetup(ctx, []byte("other"), noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if has, err := db.HasAdmin(ctx); err != nil || has {
			t.Fatalf("a new store has an admin: %v %v", has, err)
		}
		u := admin(t, db)
		if has, err := db.HasAdmin(ctx); err != nil || !has {
			t.Errorf("no admin after setup: %v %v", has, err)
		}
		got, err := db.UserByName(ctx, "ada")
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(u, got); d != "" {
			t.Error(d)
		}
		for _, link := range []string{"link", "other"} {
			if err := db.SetupOpen(ctx, []byte(link), noon); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s is still open: %v", link, err)
			}
			if _, err := db.CompleteSetup(ctx, []byte(link), person("eve")); !fault.Is(err, fault.Conflict) {
				t.Errorf("a second admin by %s: %v", link, err)
			}
		}
	})
}

func TestALinkThatExpiredMakesNoAdmin(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		if err := db.PutSetup(ctx, []byte("link"), noon); err != nil {
			t.Fatal(err)
		}
		for _, link := range []string{"link", "made up"} {
			if err := db.SetupOpen(ctx, []byte(link), noon); !fault.Is(err, fault.NotFound) {
				t.Errorf("open: %v", err)
			}
			if _, err := db.CompleteSetup(ctx, []byte(link), person("ada")); !fault.Is(err, fault.NotFound) {
				t.Errorf("complete: %v", err)
			}
		}
		if has, err := db.HasAdmin(ctx); err != nil || has {
			t.Errorf("an admin was made: %v %v", has, err)
		}
	})
}

// Each node has its own link, and both are opened at the same moment.
func TestTwoNodesMakeOneAdmin(t *testing.T) {
	url := testpg.URL(t)
	ctx := context.Background()
	var nodes [2]*store.DB
	for i := range nodes {
		db, err := store.Open(ctx, store.Config{URL: url, Writer: fmt.Sprintf("node%d", i)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		if err := db.PutSetup(ctx, []byte{byte(i)}, noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		nodes[i] = db
	}
	var errs [2]error
	var wg sync.WaitGroup
	for i, db := range nodes {
		wg.Go(func() { _, errs[i] = db.CompleteSetup(ctx, []byte{byte(i)}, person(fmt.Sprintf("admin%d", i))) })
	}
	wg.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Errorf("one of two has to win: %v", errs)
	}
	if err := errors.Join(errs[:]...); !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.NotFound) {
		t.Errorf("the other's error: %v", err)
	}
}

func TestASessionIsFoundUntilItEnds(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		u := admin(t, db)
		s := auth.SessionRow{Hash: []byte("0123456789abcdef"), UserID: u.ID, CreatedAt: noon, SeenAt: noon, Address: "10.0.0.1"}
		if err := db.CreateSession(ctx, s, u); err != nil {
			t.Fatal(err)
		}
		s.SeenAt = noon.Add(5 * time.Minute)
		for _, at := range []time.Time{s.SeenAt, noon} { // a slower node's touch does not turn time back
			if err := db.TouchSession(ctx, s.Hash, at); err != nil {
				t.Fatal(err)
			}
		}
		got, user, err := db.Session(ctx, s.Hash)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(s, got) + cmp.Diff(u, user); d != "" {
			t.Error(d)
		}
		if err := db.DeleteSession(ctx, s.Hash); err != nil {
			t.Fatal(err)
		}
		if _, _, err := db.Session(ctx, s.Hash); !fault.Is(err, fault.NotFound) {
			t.Errorf("the session is still there: %v", err)
		}
	})
}

func TestANewPasswordEndsTheOtherSessions(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		u := admin(t, db)
		for _, h := range []string{"here-67890", "there-7890"} {
			if err := db.CreateSession(ctx, auth.SessionRow{Hash: []byte(h), UserID: u.ID, CreatedAt: noon, SeenAt: noon}, u); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.SetPassword(ctx, u.ID, "$argon2id$y", []byte("here-67890")); err != nil {
			t.Fatal(err)
		}
		if _, got, err := db.Session(ctx, []byte("here-67890")); err != nil || got.PasswordHash != "$argon2id$y" {
			t.Errorf("the session that changed it: %v %v", got.PasswordHash, err)
		}
		if _, _, err := db.Session(ctx, []byte("there-7890")); !fault.Is(err, fault.NotFound) {
			t.Errorf("the other session lives on: %v", err)
		}
		if err := db.SetPassword(ctx, u.ID+1, "x", nil); !fault.Is(err, fault.NotFound) {
			t.Errorf("a password for nobody: %v", err)
		}
	})
}

func TestAttemptsAtOnceAreAllCounted(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		keys := []string{"pair:a", "name:b"}
		one := func(a map[string]auth.Attempts) error {
			for _, k := range keys {
				c := a[k]
				c.N++
				c.Last = noon
				a[k] = c
			}
			return nil
		}
		// The first makes the rows, as the first attempt of all does.
		if err := db.CountAttempts(ctx, keys, noon, one); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() {
				if err := db.CountAttempts(ctx, keys, noon, one); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		got, err := db.Attempts(ctx, keys)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]auth.Attempts{"pair:a": {N: 41, Last: noon}, "name:b": {N: 41, Last: noon}}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

func TestCountersAreForgottenButUsualPlacesAreNot(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		keys := []string{"blocked", "old", "usual"}
		start := map[string]auth.Attempts{
			"old":     {N: 3, Last: noon},
			"usual":   {N: 3, Last: noon, Succeeded: noon},
			"blocked": {N: 9, Last: noon, Until: noon.Add(3 * time.Hour)},
		}
		if err := db.CountAttempts(ctx, keys, noon, func(a map[string]auth.Attempts) error {
			for k, v := range start {
				a[k] = v
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		boom := errors.New("boom")
		if err := db.CountAttempts(ctx, keys, noon, func(a map[string]auth.Attempts) error {
			a["old"] = auth.Attempts{N: 100}
			return boom
		}); !errors.Is(err, boom) {
			t.Fatal(err)
		}
		if err := db.CountAttempts(ctx, []string{"another"}, noon.Add(2*time.Hour), func(map[string]auth.Attempts) error { return nil }); err != nil {
			t.Fatal(err)
		}
		got, err := db.Attempts(ctx, keys)
		if err != nil {
			t.Fatal(err)
		}
		delete(start, "old")
		if d := cmp.Diff(start, got); d != "" {
			t.Error(d)
		}
	})
}

// A flood of sign-ins must not make every node read everything again.
func TestSessionsAndAttemptsLeaveTheChangeCounterAlone(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		u := admin(t, db)
		before, _ := db.Changes(ctx)
		s := auth.SessionRow{Hash: []byte("0123456789"), UserID: u.ID, CreatedAt: noon, SeenAt: noon}
		for _, err := range []error{
			db.CreateSession(ctx, s, u), db.TouchSession(ctx, s.Hash, noon), db.DeleteSession(ctx, s.Hash), db.SignInRefused(ctx, 0, "unknown user"),
			db.CountAttempts(ctx, []string{"a"}, noon, func(map[string]auth.Attempts) error { return nil }),
		} {
			if err != nil {
				t.Error(err)
			}
		}
		if after, _ := db.Changes(ctx); after != before {
			t.Errorf("the counter went from %d to %d", before, after)
		}
		kinds := map[string]int{}
		rows, err := db.Audit(ctx, store.AuditFilter{Kind: "user."})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			kinds[string(r.Kind)]++
		}
		want := map[string]int{string(audit.UserCreated): 1, string(audit.SignedIn): 1, string(audit.SignedOut): 1, string(audit.SignInRefused): 1}
		if d := cmp.Diff(want, kinds); d != "" {
			t.Error(d)
		}
	})
}

func TestAResetLinkIsUsedOnceByOneOfManyAtOnce(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		u := admin(t, db)
		if err := db.PutReset(ctx, u.ID, []byte("reset"), noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		errs := make([]error, 8)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { errs[i] = db.CompleteReset(ctx, []byte("reset"), noon, fmt.Sprintf("$argon2id$%d", i)) })
		}
		wg.Wait()
		won := -1
		for i, err := range errs {
			switch {
			case err == nil && won < 0:
				won = i
			case !fault.Is(err, fault.NotFound):
				t.Errorf("%d: %v", i, err)
			}
		}
		got, err := db.UserByName(ctx, "ada")
		if err != nil || won < 0 || got.PasswordHash != fmt.Sprintf("$argon2id$%d", won) {
			t.Errorf("%d won: %+v %v", won, got, err)
		}
		rows, err := db.Audit(ctx, store.AuditFilter{Kind: string(audit.UserUpdated), Limit: 10})
		if err != nil || len(rows) != 2 {
			t.Errorf("%d records %v", len(rows), err)
		}
	})
}
