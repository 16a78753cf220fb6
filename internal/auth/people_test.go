package auth_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/store"
)

const rightPassword = "correct horse battery"

var right = secret.New(rightPassword)

// crowd is People on a real store, with a clock that the test moves.
type crowd struct {
	*auth.People
	ctx context.Context
	now time.Time
	dir string
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	dir := t.TempDir()
	db, err := store.Open(context.Background(), store.Config{Dir: dir, Writer: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	c := &crowd{ctx: context.Background(), dir: dir, now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	c.People = &auth.People{Store: db, Now: func() time.Time { return c.now }, Cost: auth.Cost{KiB: 64, Passes: 1, Lanes: 1}}
	return c
}

// withAda is a crowd with one admin, ada.
func withAda(t *testing.T) *crowd {
	t.Helper()
	c := newCrowd(t)
	if _, err := c.CompleteSetup(c.ctx, c.link(t), " Ada ", right); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *crowd) link(t *testing.T) secret.Secret {
	t.Helper()
	token, needed, err := c.SetupToken(c.ctx)
	if err != nil || !needed {
		t.Fatalf("no link: %v %v", needed, err)
	}
	return token
}

func (c *crowd) signIn(t *testing.T) auth.Session {
	t.Helper()
	s, err := c.SignIn(c.ctx, "ada", right, "10.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func wantKind(t *testing.T, what string, err error, k fault.Kind) {
	t.Helper()
	if !fault.Is(err, k) {
		t.Errorf("%s: %v, want %v", what, err, k)
	}
}

func TestALinkMakesTheFirstAdminOnce(t *testing.T) {
	c := newCrowd(t)
	first, second := c.link(t), c.link(t)
	if len(first.Reveal()) < 22 || first.Reveal() == second.Reveal() {
		t.Error("links have to be long and unlike")
	}
	if _, err := c.CompleteSetup(c.ctx, second, "Ada", right); err != nil {
		t.Fatal(err)
	}
	for _, link := range []secret.Secret{first, second} {
		wantKind(t, "a used link", c.SetupOpen(c.ctx, link), fault.NotFound)
		_, err := c.CompleteSetup(c.ctx, link, "eve", right)
		wantKind(t, "a used link", err, fault.NotFound)
	}
	if _, needed, err := c.SetupToken(c.ctx); needed || err != nil {
		t.Errorf("a link though there is an admin: %v %v", needed, err)
	}
	c.signIn(t)
}

func TestAForgottenPasswordIsSetAnewByALinkOnce(t *testing.T) {
	c := withAda(t)
	before := c.signIn(t)
	_, first, _, err := c.Reset(c.ctx, " ADA ")
	if err != nil {
		t.Fatal(err)
	}
	_, second, until, err := c.Reset(c.ctx, "ada")
	if err != nil || !until.Equal(c.now.Add(auth.ResetLife)) {
		t.Fatalf("%v %v", until, err)
	}
	_, err = c.CompleteReset(c.ctx, first, right)
	wantKind(t, "a link that another took the place of", err, fault.NotFound)
	_, err = c.CompleteReset(c.ctx, second, secret.New("short"))
	wantKind(t, "a short password", err, fault.Invalid)
	if _, err := c.Session(c.ctx, before.Token); err != nil {
		t.Errorf("before the link is used: %v", err)
	}
	next := secret.New("another horse battery")
	u, err := c.CompleteReset(c.ctx, second, next)
	if err != nil || u.Username != "ada" {
		t.Fatalf("%+v %v", u, err)
	}
	_, err = c.Session(c.ctx, before.Token)
	wantKind(t, "a session from before", err, fault.Unauthenticated)
	_, err = c.SignIn(c.ctx, "ada", right, "10.0.0.1")
	wantKind(t, "the old password", err, fault.Unauthenticated)
	if _, err := c.SignIn(c.ctx, "ada", next, "10.0.0.1"); err != nil {
		t.Error(err)
	}
	_, err = c.CompleteReset(c.ctx, second, next)
	wantKind(t, "a used link", err, fault.NotFound)
	_, err = c.ResetUser(c.ctx, second)
	wantKind(t, "a used link", err, fault.NotFound)
}

func TestALinkToANewPasswordIsNoLinkToASetupAndExpires(t *testing.T) {
	c := withAda(t)
	_, link, _, err := c.Reset(c.ctx, "ada")
	if err != nil {
		t.Fatal(err)
	}
	wantKind(t, "as a setup link", c.SetupOpen(c.ctx, link), fault.NotFound)
	_, _, _, err = c.Reset(c.ctx, "eve")
	wantKind(t, "nobody", err, fault.NotFound)
	c.now = c.now.Add(auth.ResetLife)
	_, err = c.CompleteReset(c.ctx, link, right)
	wantKind(t, "an expired link", err, fault.NotFound)
	all, err := c.Users(c.ctx)
	if err != nil || len(all) != 1 || all[0].Username != "ada" {
		t.Errorf("%+v %v", all, err)
	}
}

func TestALinkExpires(t *testing.T) {
	c := newCrowd(t)
	link := c.link(t)
	c.now = c.now.Add(auth.SetupLife - time.Second)
	if err := c.SetupOpen(c.ctx, link); err != nil {
		t.Fatal(err)
	}
	c.now = c.now.Add(time.Second)
	_, err := c.CompleteSetup(c.ctx, link, "ada", right)
	wantKind(t, "an expired link", err, fault.NotFound)
}

func TestWhatIsWrongWithAnAdminIsNamed(t *testing.T) {
	c := newCrowd(t)
	link := c.link(t)
	for _, tc := range []struct{ name, username, password, field string }{
		{"no username", "", rightPassword, "username"},
		{"a username with markup", "<b>", rightPassword, "username"},
		{"a username that ends in a dot", "ada.", rightPassword, "username"},
		{"a long username", strings.Repeat("a", 97), rightPassword, "username"},
		{"no password", "ada", "", "password"},
		{"11 characters", "ada", "elevenchars", "password"},
		{"11 characters in more bytes", "ada", strings.Repeat("é", 11), "password"},
		{"over 1024 bytes", "ada", strings.Repeat("abcde", 205), "password"},
		{"the username again", "adalovelace", "AdaLovelace2026!", "password"},
		{"one character over and over", "ada", strings.Repeat("a", 20), "password"},
		{"a common word, made longer", "ada", "Password2026!!", "password"},
		{"a row of digits", "ada", "345678901234", "password"},
		{"a row of the keyboard", "ada", "Qwertyuiop123!", "password"},
		{"not text", "ada", "\xff\xfe nearly a password", "password"},
	} {
		_, err := c.CompleteSetup(c.ctx, link, tc.username, secret.New(tc.password))
		e := fault.As(err)
		if e == nil || e.Kind != fault.Invalid || len(e.Fields) != 1 || e.Fields[0].Loc[1] != tc.field {
			t.Errorf("%s: %v", tc.name, err)
		}
		if err != nil && tc.password != "" && strings.Contains(err.Error(), tc.password) {
			t.Errorf("%s: the error holds the password", tc.name)
		}
	}
	if _, err := c.CompleteSetup(c.ctx, link, "ada@example.com", secret.New("ééàüößêéàüöß")); err != nil {
		t.Errorf("twelve characters of any kind: %v", err)
	}
}

func TestPasswordsAreStoredAsArgon2id(t *testing.T) {
	c := newCrowd(t)
	c.Cost = auth.Cost{}
	u, err := c.CompleteSetup(c.ctx, c.link(t), "ada", right)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(u.PasswordHash, "$argon2id$v=19$m=32768,t=3,p=1$") {
		t.Errorf("the hash is %s…", u.PasswordHash[:30])
	}
	c.signIn(t)
}

func TestSigningInTakesTheRightNameAndPassword(t *testing.T) {
	c := withAda(t)
	var refusals []string
	for _, tc := range []struct{ name, username, password string }{
		{"wrong password", "ada", "not the password"},
		{"no password", "ada", ""},
		{"unknown user", "eve", rightPassword},
		{"a megabyte", "ada", strings.Repeat("x", 1<<20)},
		{"nobody", "", ""},
	} {
		_, err := c.SignIn(c.ctx, tc.username, secret.New(tc.password), "10.0.0.1")
		wantKind(t, tc.name, err, fault.Unauthenticated)
		refusals = append(refusals, err.Error())
		c.now = c.now.Add(2 * time.Hour) // past the limits
	}
	for _, r := range refusals {
		if r != refusals[0] {
			t.Errorf("refusals tell who exists: %q and %q", refusals[0], r)
		}
	}
	s, err := c.SignIn(c.ctx, " ADA ", right, "10.0.0.1")
	if err != nil {
		t.Fatalf("case and spaces are not part of a name: %v", err)
	}
	caller, err := c.Session(c.ctx, s.Token)
	if err != nil || caller.Kind != auth.Person || caller.Role != auth.ServerAdmin || caller.Name != "ada" || !caller.Has(auth.ScopeClients) {
		t.Errorf("the caller is %+v, %v", caller, err)
	}
	if strings.Contains(caller.TokenID, s.Token.Reveal()) {
		t.Error("the record would hold the cookie")
	}
}

func TestASuspendedPersonIsOutAtOnce(t *testing.T) {
	c := withAda(t)
	s := c.signIn(t)
	db, err := sql.Open("sqlite", filepath.Join(c.dir, "postern.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, column := range []string{"suspended", "is_system"} {
		if _, err := db.Exec(`UPDATE users SET ` + column + ` = 1`); err != nil {
			t.Fatal(err)
		}
		_, err = c.Session(c.ctx, s.Token)
		wantKind(t, column+": the session", err, fault.Unauthenticated)
		_, err = c.SignIn(c.ctx, "ada", right, "10.0.0.1")
		wantKind(t, column+": a new one", err, fault.Unauthenticated)
		if _, err := db.Exec(`UPDATE users SET ` + column + ` = 0`); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSessionsEnd(t *testing.T) {
	c := withAda(t)
	signedOut, idle, busy := c.signIn(t).Token, c.signIn(t).Token, c.signIn(t).Token
	if err := c.SignOut(c.ctx, signedOut); err != nil {
		t.Fatal(err)
	}
	for _, token := range []secret.Secret{signedOut, {}, secret.New("made up")} {
		_, err := c.Session(c.ctx, token)
		wantKind(t, "no session", err, fault.Unauthenticated)
		if err := c.SignOut(c.ctx, token); err != nil {
			t.Errorf("signing out again: %v", err)
		}
	}
	start := c.now
	for c.now.Sub(start) < auth.SessionLife-auth.SessionIdle {
		c.now = c.now.Add(auth.SessionIdle - time.Minute)
		if _, err := c.Session(c.ctx, busy); err != nil {
			t.Fatalf("busy for %v: %v", c.now.Sub(start), err)
		}
	}
	_, err := c.Session(c.ctx, idle)
	wantKind(t, "after half an hour of nothing", err, fault.Unauthenticated)
	c.now = start.Add(auth.SessionLife)
	_, err = c.Session(c.ctx, busy)
	wantKind(t, "after twelve hours", err, fault.Unauthenticated)
}

func TestGuessesAtOnePasswordAreSlowedDown(t *testing.T) {
	c := withAda(t)
	wrong := secret.New("not the password")
	for i := range 5 {
		_, err := c.SignIn(c.ctx, []string{"ada", "ADA", " ada", "ada ", "Ada"}[i], wrong, "10.0.0.1")
		wantKind(t, "a guess", err, fault.Unauthenticated)
	}
	_, err := c.SignIn(c.ctx, "ada", right, "10.0.0.1")
	wantKind(t, "the sixth, though right", err, fault.Limited)
	wait := fault.As(err).RetryAfter
	if wait <= 0 || wait > 15*time.Minute {
		t.Errorf("wait for %v", wait)
	}
	if _, err := c.SignIn(c.ctx, "ada", right, "10.0.0.2"); err != nil {
		t.Errorf("from another place: %v", err)
	}
	c.now = c.now.Add(wait)
	if _, err := c.SignIn(c.ctx, "ada", right, "10.0.0.1"); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

func TestWaitsGrow(t *testing.T) {
	c := withAda(t)
	var last time.Duration
	for range 12 {
		_, err := c.SignIn(c.ctx, "ada", secret.New("wrong"), "10.0.0.1")
		if e := fault.As(err); e.Kind == fault.Limited {
			if e.RetryAfter < last {
				t.Errorf("the wait shrank from %v to %v", last, e.RetryAfter)
			}
			last = e.RetryAfter
			c.now = c.now.Add(last)
		}
	}
	if last < 30*time.Second {
		t.Errorf("after twelve the wait is %v", last)
	}
}

func TestGuessesAtOnceAreNotAllTheFirst(t *testing.T) {
	c := withAda(t)
	var tried atomic.Int32
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			_, err := c.SignIn(c.ctx, "ada", secret.New("wrong"), "10.0.0.1")
			if fault.Is(err, fault.Unauthenticated) {
				tried.Add(1)
			}
		})
	}
	wg.Wait()
	if n := tried.Load(); n > 5 {
		t.Errorf("%d of 30 guesses at once were tried", n)
	}
}

// Guesses from a thousand places run into the limit of the name, but whoever
// signed in before from their usual place still can.
func TestAFloodOfGuessesLocksNobodyOut(t *testing.T) {
	c := withAda(t)
	c.signIn(t)
	limited := 0
	for i := range 300 {
		_, err := c.SignIn(c.ctx, "ada", secret.New("wrong"), "192.0.2."+string(rune('0'+i%10))+string(rune('0'+i/10%10)))
		if fault.Is(err, fault.Limited) {
			limited++
		}
	}
	if limited < 150 {
		t.Errorf("only %d of 300 were refused unseen", limited)
	}
	_, err := c.SignIn(c.ctx, "ada", right, "198.51.100.7")
	wantKind(t, "right, from a new place, in the flood", err, fault.Limited)
	c.signIn(t)
}

func TestOneAddressMayNotTryEveryName(t *testing.T) {
	c := withAda(t)
	refused := 0
	for i := range 100 {
		_, err := c.SignIn(c.ctx, "user"+string(rune('a'+i%26))+string(rune('a'+i/26)), secret.New("wrong"), "2001:db8::"+string(rune('1'+i%9)))
		if fault.Is(err, fault.Limited) {
			refused++
		}
	}
	if refused < 30 {
		t.Errorf("only %d of 100 names from one /64 were refused", refused)
	}
}

func TestChangingThePasswordTakesTheOldOne(t *testing.T) {
	c := withAda(t)
	here, there := c.signIn(t).Token, c.signIn(t).Token
	next := secret.New("another long password")
	for name, old := range map[string]secret.Secret{"wrong": secret.New("wrong"), "empty": {}} {
		wantKind(t, name, c.ChangePassword(c.ctx, here, old, next), fault.Invalid)
	}
	wantKind(t, "a short one", c.ChangePassword(c.ctx, here, right, secret.New("short")), fault.Invalid)
	wantKind(t, "no session", c.ChangePassword(c.ctx, secret.New("x"), right, next), fault.Unauthenticated)
	if err := c.ChangePassword(c.ctx, here, right, next); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Session(c.ctx, here); err != nil {
		t.Errorf("the session that did it: %v", err)
	}
	_, err := c.Session(c.ctx, there)
	wantKind(t, "the other session", err, fault.Unauthenticated)
	_, err = c.SignIn(c.ctx, "ada", right, "10.0.0.1")
	wantKind(t, "the old password", err, fault.Unauthenticated)
	if _, err := c.SignIn(c.ctx, "ada", next, "10.0.0.1"); err != nil {
		t.Errorf("the new password: %v", err)
	}
}
