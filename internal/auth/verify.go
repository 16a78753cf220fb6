package auth

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/postern/postern/internal/fault"
)

// maxToken caps a token before anything is parsed; ours have about 900 bytes.
const maxToken = 8 << 10

// Verifier finds the caller of a token. It remembers only what it allowed, by
// the hash of the exact token, and uses that only while the store's change
// counter stands still: what was revoked anywhere is refused here as soon as
// the counter is read, and always within a second.
type Verifier struct {
	Store     TokenStore
	Keys      *Keys
	PublicURL string // the issuer, without a final slash
	Now       func() time.Time

	mu      sync.Mutex
	allowed generations[*verified]
}

// verified is a token whose signature was good, and what the store said of it
// when the counter stood at n.
type verified struct {
	claims Claims
	kid    string
	caller Caller
	n      int64
}

func errToken(format string, args ...any) *fault.Error {
	return fault.New(fault.Unauthenticated, format, args...)
}

// Verify gives the caller of a token that is good for the resource. The role is
// the client's as it is now, not as the token says.
func (v *Verifier) Verify(ctx context.Context, token, resource string) (Caller, error) {
	t, err := v.check(ctx, token)
	if err != nil {
		return Caller{}, err
	}
	if !slices.ContainsFunc(t.claims.Audience, func(a string) bool { return sameResource(a, resource) }) {
		return Caller{}, errToken("the token is for another resource")
	}
	c := t.caller
	c.Scopes = slices.Clone(c.Scopes) // the caller's to keep
	return c, nil
}

// own checks a token that has to be the client's.
func (v *Verifier) own(ctx context.Context, c Client, token string) (Claims, error) {
	t, err := v.check(ctx, token)
	if err != nil {
		return Claims{}, err
	}
	if t.claims.ClientID != c.ID {
		return Claims{}, errToken("the token is another client's")
	}
	claims := t.claims
	claims.Role = t.caller.Role
	return claims, nil
}

// check verifies all but the audience.
func (v *Verifier) check(ctx context.Context, token string) (*verified, error) {
	if len(token) > maxToken {
		return nil, errToken("the token is longer than %d bytes", maxToken)
	}
	sum := sha256.Sum256([]byte(token))
	n, ok := v.Store.Changes(ctx) // before all reading: a change meanwhile makes the next look again
	var t *verified
	if ok {
		t = v.recall(string(sum[:]))
	}
	if t != nil && t.n == n {
		return t, v.inTime(t.claims)
	}
	t, err := v.signed(ctx, token, t)
	if err != nil {
		return nil, err
	}
	if err := v.inTime(t.claims); err != nil {
		return nil, err
	}
	if t.caller, err = v.live(ctx, t.claims); err != nil {
		return nil, err
	}
	t.caller.KeyID = t.kid
	t.n = n
	if ok {
		v.remember(string(sum[:]), t)
	}
	return t, nil
}

func (v *Verifier) recall(sum string) *verified {
	v.mu.Lock()
	defer v.mu.Unlock()
	t, _ := v.allowed.get(sum)
	return t
}

func (v *Verifier) remember(sum string, t *verified) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.allowed.put(sum, t)
}

// Again asks once more whether a machine that was let in would be let in now,
// for what takes long: its token may have been revoked meanwhile, its client's
// role changed, the key burned. A token that has expired since is no reason.
// Other callers come back as they are.
func (v *Verifier) Again(ctx context.Context, c Caller) (Caller, error) {
	if c.Kind != Machine {
		return c, nil
	}
	if _, err := v.Keys.verifier(ctx, c.KeyID); err != nil {
		return Caller{}, err
	}
	now, err := v.live(ctx, Claims{ClientID: c.ClientID, ID: c.TokenID, Epoch: c.Epoch, Subject: itoa(c.UserID)})
	if err != nil {
		return Caller{}, err
	}
	c.Role = now.Role
	return c, nil
}

// signed checks form, key, signature and issuer. Bytes whose signature was good
// before need only their key to be in force still.
func (v *Verifier) signed(ctx context.Context, token string, before *verified) (*verified, error) {
	if before != nil {
		if _, err := v.Keys.verifier(ctx, before.kid); err != nil {
			return nil, err
		}
		return &verified{claims: before.claims, kid: before.kid}, nil
	}
	h, err := parseHeader(token)
	if err != nil {
		return nil, err
	}
	key, err := v.Keys.verifier(ctx, h.KeyID)
	if err != nil {
		return nil, err
	}
	if Alg(h.Alg) != key.Alg {
		return nil, errToken("the token names an algorithm that its key is not for")
	}
	claims, err := open(token, key)
	if err != nil {
		return nil, err
	}
	if claims.Issuer != v.PublicURL {
		return nil, errToken("the token is of another issuer")
	}
	return &verified{claims: claims, kid: key.ID}, nil
}

type header struct {
	Alg   string `json:"alg"`
	KeyID string `json:"kid"`
	Type  string `json:"typ"`
}

// parseHeader reads the header of a token in the one form we write: three
// parts of unpadded base64url with no spare bits, and alg, kid and typ in the
// header, nothing else. So no other spelling of a token gets past a revocation,
// and a header brings no key, no address of one and no extension.
func parseHeader(token string) (header, error) {
	parts := strings.SplitN(token, ".", 4)
	if len(parts) != 3 {
		return header{}, errToken("the token is not a JWT")
	}
	var first []byte
	for i, p := range parts {
		b, err := base64.RawURLEncoding.Strict().DecodeString(p)
		// Go's decoder skips line breaks.
		if err != nil || len(b) == 0 || strings.ContainsAny(p, "\r\n") {
			return header{}, errToken("the token is not a JWT")
		}
		if i == 0 {
			first = b
		}
	}
	var h header
	d := json.NewDecoder(bytes.NewReader(first))
	d.DisallowUnknownFields()
	if err := d.Decode(&h); err != nil || d.More() {
		return header{}, errToken("the token's header is not one of ours")
	}
	if h.Type != tokenType {
		return header{}, errToken("the token is not an access token")
	}
	if h.KeyID == "" || !slices.Contains(Algs, Alg(h.Alg)) {
		return header{}, errToken("the token's header is not one of ours")
	}
	return h, nil
}

// open verifies the signature with the key and for the key's own algorithm,
// whatever the token says of it.
func open(token string, k *key) (Claims, error) {
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(k.Alg)})
	if err != nil {
		return Claims{}, errToken("the token is not a JWT")
	}
	payload, err := jws.Verify(k.public)
	if err != nil {
		return Claims{}, errToken("the token's signature is wrong")
	}
	var c Claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return Claims{}, errToken("the token's claims are not ours")
	}
	if c.ID == "" || c.ClientID == "" || c.Expires == 0 || len(c.Audience) == 0 {
		return Claims{}, errToken("the token lacks a claim")
	}
	return c, nil
}

func (v *Verifier) inTime(c Claims) error {
	now := v.Now()
	if !now.Before(time.Unix(c.Expires, 0)) {
		return errToken("the token has expired")
	}
	if now.Add(clockSkew).Before(time.Unix(c.NotBefore, 0)) {
		return errToken("the token is not valid yet")
	}
	return nil
}

// live asks the store what holds now.
func (v *Verifier) live(ctx context.Context, c Claims) (Caller, error) {
	s, err := v.Store.TokenState(ctx, c.ClientID, c.ID)
	if err != nil {
		return Caller{}, err
	}
	switch {
	case s.Client.ID == "" || s.Client.Disabled:
		return Caller{}, errToken("the token's client is gone or disabled")
	case s.Revoked || s.Client.Epoch != c.Epoch || itoa(s.Client.UserID) != c.Subject:
		return Caller{}, errToken("the token was revoked")
	}
	out := Caller{Kind: Machine, UserID: s.Client.UserID, ClientID: c.ClientID, Name: s.Client.Name, Role: s.Client.Role, TokenID: c.ID, Epoch: c.Epoch, Limits: s.Client.Limits}
	for _, w := range strings.Fields(c.Scope) {
		out.Scopes = append(out.Scopes, Scope(w))
	}
	return out, nil
}
