package auth_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
)

func TestClientNamesFollowTheDocumentedRules(t *testing.T) {
	n := newNode(t)
	for name, ok := range map[string]bool{
		"a": true, "etl": true, "etl job_7-b": true, "0a": true, strings.Repeat("a", 96): true,
		"": false, "Etl": false, "etl ": false, " etl": false, "-etl": false, "etl_": false, "étl": false, "a.b": false,
		"a\nb": false, "etl\n": false, strings.Repeat("a", 97): false,
	} {
		_, _, err := n.clients.Create(context.Background(), auth.NewClient{Name: name, Role: auth.Viewer})
		if (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
		if err != nil && fault.As(err).Fields[0].Loc[1] != "name" {
			t.Errorf("%q: the error does not name the field: %v", name, err)
		}
	}
}

func TestClientDurationsAreWithinTheDocumentedRange(t *testing.T) {
	n := newNode(t)
	for i, c := range []struct {
		d  time.Duration
		ok bool
	}{
		{299 * time.Second, false}, {300 * time.Second, true}, {259200 * time.Second, true}, {259201 * time.Second, false},
		{-time.Second, false}, {300*time.Second + time.Millisecond, false},
	} {
		_, _, err := n.clients.Create(context.Background(), auth.NewClient{Name: "c" + string(rune('a'+i)), Role: auth.Viewer, Duration: c.d})
		if (err == nil) != c.ok || err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", c.d, err)
		}
	}
	if c, _ := n.client(t, "default", auth.Viewer); c.Duration != time.Hour {
		t.Errorf("the default is %s", c.Duration)
	}
}

func TestClientRolesAreTheSeven(t *testing.T) {
	n := newNode(t)
	for _, r := range auth.Roles {
		n.client(t, strings.ReplaceAll(string(r), "_", " "), r)
		for _, spelled := range []string{string(r), r.Title(), strings.ToUpper(string(r))} {
			if got, err := auth.ParseRole(spelled); err != nil || got != r {
				t.Errorf("%q: %v %v", spelled, got, err)
			}
		}
	}
	for _, r := range []auth.Role{"", "admin", "root"} {
		if _, _, err := n.clients.Create(context.Background(), auth.NewClient{Name: "x", Role: r}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", r, err)
		}
	}
}

func TestClientIDsAndSecretsHaveTheSettledForm(t *testing.T) {
	n := newNode(t)
	c, s := n.client(t, "form", auth.Viewer)
	if id := string(c.ID); len(id) != 29 || !strings.HasPrefix(id, "pc_") || strings.ToLower(id) != id {
		t.Errorf("client id %q", id)
	}
	text := s.Reveal()
	if len(text) != 53 || !auth.IsSecret(text) {
		t.Errorf("secret of %d characters", len(text))
	}
	for i := range text {
		bad := []byte(text)
		bad[i] ^= 1
		if auth.IsSecret(string(bad)) {
			t.Errorf("the checksum misses a change at %d", i)
		}
	}
	if auth.IsSecret("psk_") || auth.IsSecret("") {
		t.Error("what is short counts as a secret")
	}
}

func TestOldSecretIsRefusedAfterRotationAndTokensLiveOn(t *testing.T) {
	n, ctx := newNode(t), context.Background()
	c, old := n.client(t, "rotating", auth.Viewer)
	token := n.token(t, c, old)
	_, fresh, err := n.clients.Rotate(ctx, c.ID)
	must(t, err)
	if _, err := n.issuer.Issue(ctx, auth.TokenRequest{ClientID: c.ID, Secret: old}); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("the old secret: %v", err)
	}
	n.token(t, c, fresh)
	n.accepts(t, "a token from before the rotation", token)
}

func TestUnknownClientDisabledClientAndWrongSecretLookAlike(t *testing.T) {
	n, ctx := newNode(t), context.Background()
	c, s := n.client(t, "known", auth.Viewer)
	gone, goneSecret := n.client(t, "gone", auth.Viewer)
	must(t, n.clients.Delete(ctx, gone.ID))
	off, offSecret := n.client(t, "off", auth.Viewer)
	yes := true
	_, err := n.clients.Update(ctx, off.ID, auth.ClientChange{Disabled: &yes})
	must(t, err)
	var first error
	for name, r := range map[string]auth.TokenRequest{
		"wrong secret":  {ClientID: c.ID, Secret: secret.New("wrong")},
		"empty secret":  {ClientID: c.ID},
		"other's":       {ClientID: c.ID, Secret: offSecret},
		"unknown":       {ClientID: "pc_nobody", Secret: s},
		"no id":         {Secret: s},
		"deleted":       {ClientID: gone.ID, Secret: goneSecret},
		"disabled":      {ClientID: off.ID, Secret: offSecret},
		"odd bytes":     {ClientID: "pc_\x00\xff", Secret: s},
		"long":          {ClientID: auth.ClientID(strings.Repeat("x", 5000)), Secret: s},
		"id in capital": {ClientID: auth.ClientID(strings.ToUpper(string(c.ID))), Secret: s},
	} {
		_, err := n.issuer.Issue(ctx, r)
		if !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if first == nil {
			first = err
		}
		if d := cmp.Diff(first.Error(), err.Error()); d != "" {
			t.Errorf("%s is told apart: %s", name, d)
		}
	}
}

func TestNameIsTakenWhileItsClientLives(t *testing.T) {
	n, ctx := newNode(t), context.Background()
	c, _ := n.client(t, "twice", auth.Viewer)
	if _, _, err := n.clients.Create(ctx, auth.NewClient{Name: "twice", Role: auth.Viewer}); !fault.Is(err, fault.Conflict) {
		t.Errorf("%v", err)
	}
	must(t, n.clients.Delete(ctx, c.ID))
	if again, _ := n.client(t, "twice", auth.Viewer); again.UserID == c.UserID || again.ID == c.ID {
		t.Error("an id came back")
	}
	if err := n.clients.Delete(ctx, c.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("deleted twice: %v", err)
	}
}
