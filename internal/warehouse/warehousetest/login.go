package warehousetest

import (
	"strings"
	"testing"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/warehouse"
)

func rejectsLogin(t *testing.T, s Subject) {
	p := s.pool(t)
	if err := p.Test(t.Context(), s.Source, s.Login); err != nil {
		t.Errorf("the right login: %v", err)
	}
	if s.BadLogin == nil {
		t.Skip("the engine has no logins")
	}
	err := p.Test(t.Context(), s.Source, *s.BadLogin)
	if !fault.Is(err, fault.Rejected) {
		t.Fatalf("want Rejected, got %v: %v", fault.KindOf(err), err)
	}
	noSecret(t, err, *s.BadLogin)
}

// hidesSecrets makes the engine echo the password and looks at what comes out
// of a pooled session.
func hidesSecrets(t *testing.T, s Subject) {
	login := s.Login
	if s.BadLogin == nil {
		login.Password = secret.New("canary-of-a-password")
	}
	lease, err := s.pool(t).Acquire(t.Context(), "key", s.Source, login)
	if err != nil {
		t.Fatal(err)
	}
	defer lease.Release()
	echo := login.Password.Reveal()
	_, err = read(t.Context(), lease, `SELECT "`+echo+`" FROM "`+echo+`"`, warehouse.Limits{})
	if err == nil {
		t.Fatal("a table of that name?")
	}
	noSecret(t, err, login)
	if f := fault.As(err); f == nil || !strings.Contains(f.Message, "[redacted]") {
		t.Errorf("the engine's reason is gone: %v", err)
	}
	lease.Release()
	shown, err := s.pool(t).Acquire(t.Context(), "key", s.Source, login)
	if err != nil {
		t.Fatal(err)
	}
	defer shown.Release()
	if _, err := read(t.Context(), shown, "SELECT '"+echo+"' AS x", warehouse.Limits{}); !fault.Is(err, fault.Denied) {
		t.Errorf("a result with the password in it: want Denied, got %v", err)
	}
}

func noSecret(t *testing.T, err error, l warehouse.Login) {
	t.Helper()
	texts := []string{err.Error()}
	if f := fault.As(err); f != nil {
		texts = append(texts, f.Message)
	}
	for e := err; e != nil; {
		u, ok := e.(interface{ Unwrap() error })
		if !ok {
			break
		}
		if e = u.Unwrap(); e != nil {
			texts = append(texts, e.Error())
		}
	}
	for _, text := range texts {
		if strings.Contains(text, l.Password.Reveal()) {
			t.Errorf("the password is in: %s", text)
		}
	}
}
