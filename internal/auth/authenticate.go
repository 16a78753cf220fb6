package auth

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
)

// OAuth error codes that are not told by a fault's kind alone.
const (
	InvalidClient = "invalid_client"
	InvalidScope  = "invalid_scope"
	InvalidTarget = "invalid_target"
)

// maxClientID bounds what is looked up and recorded of an id that was sent.
const maxClientID = 128

// Authenticate finds the client of an id and secret. A wrong secret, an unknown
// client and a disabled one cost the same work and give the same error; each
// refusal is on record.
func (cs *Clients) Authenticate(ctx context.Context, id ClientID, s secret.Secret) (Client, error) {
	address := CallerFrom(ctx).Address
	if r := cs.Limits.before(id, address); r.wait > 0 {
		return Client{}, cs.limited(ctx, id, r)
	}
	c, ok, err := cs.match(ctx, id, s)
	if err != nil {
		return Client{}, err
	}
	if ok {
		cs.Limits.passed(id, address)
		return c, nil
	}
	r := cs.Limits.failed(id, address)
	if r.wait > 0 {
		return Client{}, cs.limited(ctx, id, r)
	}
	if err := cs.Store.TokenRefused(ctx, Refusal{ClientID: named(id), Reason: "client authentication failed"}); err != nil {
		return Client{}, err
	}
	return Client{}, fault.New(fault.Unauthenticated, "client authentication failed: unknown client or wrong secret").Coded(0, InvalidClient)
}

func (cs *Clients) match(ctx context.Context, id ClientID, s secret.Secret) (Client, bool, error) {
	c, mac, err := cs.Store.ClientSecret(ctx, cut(id))
	if err != nil {
		return Client{}, false, err
	}
	if c.ID == "" || len(mac) < 32 {
		// A MAC nothing matches, so that an unknown client costs what a wrong
		// secret costs.
		if mac, err = cs.Pepper.Sum(nil); err != nil {
			return Client{}, false, err
		}
	} else if _, err = cs.Pepper.Sum(nil); err != nil {
		return Client{}, false, err
	}
	ok := cs.Pepper.Verify(mac, []byte(s.Reveal()))
	return c, ok && c.ID == id && c.ID != "" && !c.Disabled && s.Reveal() != "", nil
}

func (cs *Clients) limited(ctx context.Context, id ClientID, r refusal) error {
	if r.record {
		err := cs.Store.TokenRefused(ctx, Refusal{ClientID: named(id), Reason: "too many failed attempts", More: r.more})
		if err != nil {
			return err
		}
	}
	wait := max(r.wait, time.Second)
	secs := strconv.Itoa(int((wait + time.Second - 1) / time.Second))
	return fault.New(fault.Limited, "too many failed attempts: try again in %s s", secs).After(wait)
}

func cut(id ClientID) ClientID { return id[:min(len(id), maxClientID)] }

// named is an id as a refusal records it: who swaps id and secret must not
// have the secret on record for it.
func named(id ClientID) ClientID {
	if len(id) == len(newClientID()) && strings.HasPrefix(string(id), clientIDPrefix) {
		return id
	}
	return "(not an id)"
}
