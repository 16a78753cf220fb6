package auth_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
)

func (n *node) try(address string, id auth.ClientID, s secret.Secret) error {
	ctx := auth.WithCaller(context.Background(), auth.Caller{Address: address})
	_, err := n.issuer.Issue(ctx, auth.TokenRequest{ClientID: id, Secret: s})
	return err
}

func TestGuessesAreThrottledAndTheRightSecretStillWorks(t *testing.T) {
	dir := t.TempDir()
	n := startNode(t, dir, auth.ES256)
	c, s := n.client(t, "etl", auth.Viewer)
	wrong := secret.New("psk_wrong")
	must(t, n.try("192.0.2.1", c.ID, s))
	limited := 0
	for i := range 3000 {
		// Spellings of the id and neighbours in one network share a count.
		id := []string{string(c.ID), strings.ToUpper(string(c.ID)), " " + string(c.ID), string(c.ID) + "\t"}[i%4]
		err := n.try(fmt.Sprintf("203.0.113.%d", i%256), auth.ClientID(id), wrong)
		if fault.Is(err, fault.Limited) {
			if limited++; fault.As(err).RetryAfter <= 0 {
				t.Fatal("no Retry-After")
			}
		}
	}
	if limited != 2990 {
		t.Errorf("%d of 3000 were limited", limited)
	}
	if err := n.try("203.0.113.9", c.ID, s); !fault.Is(err, fault.Limited) {
		t.Errorf("the right secret out of the flood: %v", err)
	}
	must(t, n.try("192.0.2.77", c.ID, s)) // where it usually comes from
	must(t, n.try("198.51.100.1", c.ID, s))
	if got := recorded(t, dir, "token.refused"); got != 11 {
		t.Errorf("%d refusals on record: 10 and one for the rest", got)
	}
	n.move(time.Minute)
	must(t, n.try("203.0.113.9", c.ID, s))
}

func TestGuessesFromManyNetworksAreThrottledPerClient(t *testing.T) {
	n := newNode(t)
	c, s := n.client(t, "etl", auth.Viewer)
	limited := 0
	for i := range 500 {
		if err := n.try(fmt.Sprintf("2001:db8:0:%x::1", i), c.ID, secret.New("no")); fault.Is(err, fault.Limited) {
			limited++
		}
	}
	if limited != 400 {
		t.Errorf("%d of 500 were limited", limited)
	}
	must(t, n.try("192.0.2.1", c.ID, s))
}

func TestGuessesAtManyIDsAreThrottledPerNetwork(t *testing.T) {
	n := newNode(t)
	limited := 0
	for i := range 500 {
		if err := n.try("2001:db8::"+fmt.Sprintf("%x", i), auth.ClientID(fmt.Sprintf("pc_%d", i)), secret.New("no")); fault.Is(err, fault.Limited) {
			limited++
		}
	}
	if limited != 300 {
		t.Errorf("%d of 500 were limited", limited)
	}
}

func TestFailuresAtTheUsualPlaceLockNobodyOut(t *testing.T) {
	n := newNode(t)
	c, s := n.client(t, "etl", auth.Viewer)
	must(t, n.try("192.0.2.1", c.ID, s))
	for range 50 {
		_ = n.try("192.0.2.1", c.ID, secret.New("an old secret"))
	}
	must(t, n.try("192.0.2.1", c.ID, s))
}

func TestLimitsForgetWhatNobodyAsksFor(t *testing.T) {
	n := newNode(t)
	for i := range 40000 {
		n.clients.Limits.Note(auth.ClientID(fmt.Sprint("pc_", i)), "192.0.2.1")
	}
	if got := n.clients.Limits.Size(); got > 4*8192 {
		t.Errorf("%d entries are kept", got)
	}
}
