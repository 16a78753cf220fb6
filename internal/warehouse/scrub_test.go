package warehouse_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/warehouse"
)

const (
	canary = "p@ss/w0rd:with%signs"
	pass   = "tiny" // the shortest that is hidden
)

func login() warehouse.Login {
	return warehouse.Login{Username: "u", Password: secret.New(canary), PrivateKey: secret.New("-----KEY-----\nMIIabcdef\n"), Passphrase: secret.New(pass)}
}

func shows(text string) bool {
	for _, s := range []string{canary, url.QueryEscape(canary), url.PathEscape(canary), "MIIabcdef", pass} {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}

// spill is every way a driver could put a secret in an error.
func spill() []error {
	dsn := url.URL{Scheme: "postgresql", User: url.UserPassword("u", canary), Host: "h"}
	return []error{
		errors.New("auth failed for " + canary),
		errors.New("bad dsn " + dsn.String()),
		fmt.Errorf("%w: key -----KEY-----\nMIIabcdef\n", context.Canceled),
		fault.New(fault.Rejected, "syntax error near %q and %s", "x", canary),
		fault.Because(errors.New(url.QueryEscape(canary)), fault.Unavailable, "no connection"),
		fmt.Errorf("wrapped: %w", fault.New(fault.Limited, "passphrase "+pass).At("session", 7).Coded(10001, "N")),
		errors.Join(errors.New("one"), errors.New("two "+url.PathEscape(canary))),
		fault.BadField("password", "bad", "is %s", canary),
	}
}

func TestNoErrorOfADriverCarriesASecret(t *testing.T) {
	for _, err := range spill() {
		e := &engine{}
		p := pool(e, warehouse.Bounds{})
		l, oops := p.Acquire(t.Context(), "k", place("h"), login())
		if oops != nil {
			t.Fatal(oops)
		}
		e.last().say, e.last().problem = err, "near "+canary
		f, got1 := l.Analyze(t.Context(), "")
		_, got2 := l.Query(t.Context(), "", warehouse.Limits{})
		_, got3 := l.Schema(t.Context(), nil)
		e.fail = err
		_, got4 := p.Acquire(t.Context(), "other", place("h"), login())
		got5 := p.Test(t.Context(), place("h"), login())
		for _, got := range []error{got1, got2, got3, got4, l.Ping(t.Context()), l.Reset(t.Context()), got5} {
			if got == nil {
				continue // Reset of this engine never fails
			}
			clean(t, err, got)
		}
		if shows(f.Problem) {
			t.Errorf("facts: %s", f.Problem)
		}
		l.Release()
		p.Close()
	}
}

func clean(t *testing.T, err, got error) {
	t.Helper()
	var walk func(error)
	walk = func(e error) {
		if e == nil {
			return
		}
		for _, verb := range []string{"%v", "%+v"} {
			if text := fmt.Sprintf(verb, e.Error()); shows(text) {
				t.Errorf("%T: %s", e, text)
			}
		}
		switch u := e.(type) {
		case interface{ Unwrap() error }:
			walk(u.Unwrap())
		case interface{ Unwrap() []error }:
			for _, x := range u.Unwrap() {
				walk(x)
			}
		}
		if f := fault.As(e); f != nil {
			for _, x := range append(f.Fields, fault.Field{Msg: f.Message}) {
				if shows(x.Msg) {
					t.Errorf("message or field: %s", x.Msg)
				}
			}
		}
	}
	walk(got)
	if errors.Is(err, context.Canceled) != errors.Is(got, context.Canceled) {
		t.Errorf("errors.Is changed: %v", got)
	}
	if w, g := fault.As(err), fault.As(got); w != nil && (g == nil || g.Kind != w.Kind || g.Lock != w.Lock || g.Position != w.Position || g.Code != w.Code) {
		t.Errorf("the fault changed: %+v", g)
	}
}

func TestErrorWithoutASecretIsLeftAlone(t *testing.T) {
	e := &engine{}
	p := pool(e, warehouse.Bounds{})
	defer p.Close()
	l, err := p.Acquire(t.Context(), "k", place("h"), warehouse.Login{Password: secret.New("abc")})
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Errorf("relation abc: %w", context.Canceled)
	e.last().say = want
	if got := l.Ping(t.Context()); got != want { //nolint:errorlint // the very same
		t.Errorf("got %v", got)
	}
}

func TestResultThatShowsTheSecretInUseIsBlocked(t *testing.T) {
	for text, blocked := range map[string]bool{
		"x":                         false,
		"user=u password=" + canary: true,
		strings.ToUpper(canary):     false,
		pass:                        false, // too short to be certain
	} {
		e := &engine{}
		p := pool(e, warehouse.Bounds{})
		l, err := p.Acquire(t.Context(), "k", place("h"), login())
		if err != nil {
			t.Fatal(err)
		}
		e.last().show = []string{"a", text, "b"}
		rows, err := l.Query(t.Context(), "", warehouse.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = rows.Next(t.Context())
		if got := fault.Is(err, fault.Denied) && fault.As(err).Lock == "session"; got != blocked || !blocked && err != nil {
			t.Errorf("%q: %v", text, err)
		}
		l.Release()
		p.Close()
	}
}
