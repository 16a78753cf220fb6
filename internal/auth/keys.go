package auth

import (
	"cmp"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/keyring"
)

// Alg is a signature algorithm of access tokens.
type Alg string

// The algorithms. Nothing else is ever accepted, whatever a token's header says.
const (
	ES256 Alg = "ES256"
	EdDSA Alg = "EdDSA"
	RS256 Alg = "RS256"
)

// Algs lists them; the first is the default.
var Algs = []Alg{ES256, EdDSA, RS256}

const (
	// JWKSAge is how long others may keep the key set. A new key signs only
	// after twice that, so that whoever verifies offline has it by then.
	JWKSAge   = 5 * time.Minute
	keyLead   = 2 * JWKSAge
	clockSkew = 10 * time.Second // between nodes, for nbf and for a key's last use
)

// SigningKey is one JWT key as the store has it.
type SigningKey struct {
	ID        string // RFC 7638 thumbprint of the public key
	Alg       Alg
	Public    []byte // JWK
	Private   []byte // PKCS #8, sealed
	CreatedAt time.Time
	ActiveAt  time.Time // signs from then on
	BurnedAt  time.Time // zero, or since when nothing signed with it is accepted
}

// KeyStore keeps signing keys. Each change commits with its record.
type KeyStore interface {
	SigningKeys(ctx context.Context) ([]SigningKey, error)
	// CreateFirstKey adds the key unless any was ever made.
	CreateFirstKey(ctx context.Context, k SigningKey) error
	RotateKey(ctx context.Context, next SigningKey) error
	// BurnKey ends a key and its private half; next, if not nil, comes with it.
	BurnKey(ctx context.Context, kid string, at time.Time, next *SigningKey) error
	// TokensSigned counts what the record knows of tokens signed with the key,
	// issued since then and not expired now.
	TokensSigned(ctx context.Context, kid string, since, now time.Time) (tokens, clients int, err error)
	// Changes is the change counter; when not ok, nothing remembered may be used.
	Changes(ctx context.Context) (n int64, ok bool)
}

// Keys are the JWT signing keys in force.
type Keys struct {
	Store KeyStore
	Seal  keyring.AEAD // of purpose "jwt signing key"
	Alg   Alg          // of new keys; "" is ES256
	Now   func() time.Time

	mu      sync.Mutex
	at      int64 // the change counter that loaded belongs to
	loaded  []*key
	signers map[string]jose.Signer // by key id: unsealing is slow and its result never changes
}

type key struct {
	SigningKey
	public crypto.PublicKey
	until  time.Time // zero while nothing has taken its place
}

// Ensure makes the first key, and a new one when the algorithm was changed.
// Call it once at start.
func (k *Keys) Ensure(ctx context.Context) error {
	first, err := k.make(k.Now())
	if err != nil {
		return err
	}
	if err := k.Store.CreateFirstKey(ctx, first); err != nil {
		return err
	}
	now, err := k.current(ctx)
	if err != nil || now.Alg == first.Alg {
		return err
	}
	_, err = k.Rotate(ctx)
	return err
}

// Rotate publishes a new key, which signs once everybody can know it. Tokens
// signed with the old one live until they expire.
func (k *Keys) Rotate(ctx context.Context) (kid string, err error) {
	next, err := k.make(k.Now().Add(keyLead))
	if err != nil {
		return "", err
	}
	return next.ID, k.Store.RotateKey(ctx, next)
}

// Burned says what a burning ended: Tokens of so many Clients, as far as the
// record goes back, and the key that signs from now on.
type Burned struct {
	Tokens  int
	Clients int
	Signer  string
}

// Burn ends a key at once: no token signed with it is accepted any more. When
// it is the one that signs, a new one takes its place with no lead.
func (k *Keys) Burn(ctx context.Context, kid string) (Burned, error) {
	cur, err := k.current(ctx)
	if err != nil {
		return Burned{}, err
	}
	b := Burned{Signer: cur.ID}
	var next *SigningKey
	if cur.ID == kid {
		n, err := k.make(k.Now())
		if err != nil {
			return Burned{}, err
		}
		next, b.Signer = &n, n.ID
	}
	now := k.Now()
	if err := k.Store.BurnKey(ctx, kid, now, next); err != nil {
		return Burned{}, err
	}
	b.Tokens, b.Clients, err = k.Store.TokensSigned(ctx, kid, now.Add(-MaxDuration), now)
	return b, err
}

// KeyState is where a key is in its life.
type KeyState string

// The states of a key.
const (
	KeyPending KeyState = "pending" // published, does not sign yet
	KeySigning KeyState = "signing"
	KeyRetired KeyState = "retired" // verifies what it signed
	KeyExpired KeyState = "expired" // nothing it signed can be alive
	KeyBurned  KeyState = "burned"
)

// KeyInfo is a key as the console and the command line show it.
type KeyInfo struct {
	ID        string
	Alg       Alg
	State     KeyState
	CreatedAt time.Time
	ActiveAt  time.Time
	BurnedAt  time.Time
}

// List gives all keys, newest first.
func (k *Keys) List(ctx context.Context) ([]KeyInfo, error) {
	all, err := k.load(ctx)
	if err != nil {
		return nil, err
	}
	cur, _ := k.current(ctx)
	out := make([]KeyInfo, 0, len(all))
	for _, key := range all {
		i := KeyInfo{ID: key.ID, Alg: key.Alg, State: KeyRetired, CreatedAt: key.CreatedAt, ActiveAt: key.ActiveAt, BurnedAt: key.BurnedAt}
		switch {
		case !key.BurnedAt.IsZero():
			i.State = KeyBurned
		case cur != nil && key.ID == cur.ID:
			i.State = KeySigning
		case key.ActiveAt.After(k.Now()):
			i.State = KeyPending
		case !key.verifies(k.Now()):
			i.State = KeyExpired
		}
		out = append(out, i)
	}
	return out, nil
}

// JWKS is the RFC 7517 set of all public keys in force.
func (k *Keys) JWKS(ctx context.Context) ([]byte, error) {
	all, err := k.load(ctx)
	if err != nil {
		return nil, err
	}
	set := struct {
		Keys []json.RawMessage `json:"keys"`
	}{Keys: []json.RawMessage{}}
	for _, key := range all {
		if key.verifies(k.Now()) {
			set.Keys = append(set.Keys, json.RawMessage(key.Public))
		}
	}
	return json.Marshal(set)
}

func (k *key) verifies(now time.Time) bool {
	return k.BurnedAt.IsZero() && (k.until.IsZero() || now.Before(k.until))
}

// verifier gives the key of an id, if it is in force.
func (k *Keys) verifier(ctx context.Context, kid string) (*key, error) {
	all, err := k.load(ctx)
	if err != nil {
		return nil, err
	}
	for _, key := range all {
		if key.ID == kid && key.verifies(k.Now()) {
			return key, nil
		}
	}
	return nil, errToken("the token is signed with a key that is not in force")
}

// current is the key that signs: the last one that became active. Where a key
// was burned by a node whose clock is ahead, its successor is not active here
// yet, and signs all the same: there is no other.
func (k *Keys) current(ctx context.Context) (*key, error) {
	all, err := k.load(ctx)
	if err != nil {
		return nil, err
	}
	now := k.Now()
	var next *key
	for _, key := range all { // newest first
		if !key.BurnedAt.IsZero() {
			continue
		}
		if next = key; !key.ActiveAt.After(now) {
			return key, nil
		}
	}
	if next != nil {
		return next, nil
	}
	return nil, fault.New(fault.Unavailable, "there is no signing key")
}

// load gives all keys, newest first, from memory while the change counter
// stands still.
func (k *Keys) load(ctx context.Context) ([]*key, error) {
	n, ok := k.Store.Changes(ctx) // before reading: what changes meanwhile is read again
	k.mu.Lock()
	if ok && k.at == n && k.loaded != nil {
		defer k.mu.Unlock()
		return k.loaded, nil
	}
	k.mu.Unlock()
	stored, err := k.Store.SigningKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the signing keys: %w", err)
	}
	all, err := arrange(stored)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if ok && n >= k.at {
		k.at, k.loaded = n, all
	}
	return all, nil
}

// arrange sorts keys, newest first, and finds until when each verifies: the
// longest token signed in its last moment has to live out its time.
func arrange(stored []SigningKey) ([]*key, error) {
	slices.SortFunc(stored, func(a, b SigningKey) int {
		return cmp.Or(b.ActiveAt.Compare(a.ActiveAt), cmp.Compare(b.ID, a.ID))
	})
	all := make([]*key, 0, len(stored))
	var successor time.Time
	for _, s := range stored {
		var jwk jose.JSONWebKey
		if err := jwk.UnmarshalJSON(s.Public); err != nil {
			return nil, fmt.Errorf("signing key %s: %w", s.ID, err)
		}
		k := &key{SigningKey: s, public: jwk.Key}
		if !successor.IsZero() {
			k.until = successor.Add(MaxDuration + clockSkew)
		}
		all = append(all, k)
		if s.BurnedAt.IsZero() || s.BurnedAt.After(s.ActiveAt) { // one burned before its time took nobody's place
			successor = s.ActiveAt
		}
	}
	return all, nil
}

// sign makes a compact JWS of an access token's claims.
func (k *Keys) sign(ctx context.Context, key *key, payload []byte) (string, error) {
	s, err := k.signer(key)
	if err != nil {
		return "", err
	}
	jws, err := s.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return jws.CompactSerialize()
}

func (k *Keys) signer(key *key) (jose.Signer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if s := k.signers[key.ID]; s != nil {
		return s, nil
	}
	der, err := k.Seal.Open(key.Private, keyAAD(key.ID, key.Alg))
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", key.ID, err)
	}
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("signing key %s cannot be read", key.ID)
	}
	s, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Alg), Key: jose.JSONWebKey{Key: private, KeyID: key.ID}},
		(&jose.SignerOptions{}).WithType(tokenType))
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", key.ID, err)
	}
	if k.signers == nil {
		k.signers = map[string]jose.Signer{}
	}
	k.signers[key.ID] = s
	return s, nil
}

func keyAAD(kid string, alg Alg) []byte { return []byte(string(alg) + " " + kid) }

// make makes a key that signs from active on.
func (k *Keys) make(active time.Time) (SigningKey, error) {
	alg := cmp.Or(k.Alg, ES256)
	private, err := generate(alg)
	if err != nil {
		return SigningKey{}, err
	}
	jwk := jose.JSONWebKey{Key: private.Public(), Algorithm: string(alg), Use: "sig"}
	sum, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		return SigningKey{}, err
	}
	jwk.KeyID = base64.RawURLEncoding.EncodeToString(sum)
	if strings.HasPrefix(jwk.KeyID, "-") {
		return k.make(active) // a command line would read it as a flag; one key in 64
	}
	out := SigningKey{ID: jwk.KeyID, Alg: alg, CreatedAt: k.Now(), ActiveAt: active}
	if out.Public, err = jwk.MarshalJSON(); err != nil {
		return SigningKey{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return SigningKey{}, err
	}
	out.Private, err = k.Seal.Seal(der, keyAAD(out.ID, alg))
	return out, err
}

func generate(alg Alg) (crypto.Signer, error) {
	switch alg {
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	case RS256:
		return rsa.GenerateKey(rand.Reader, 3072)
	}
	return nil, fault.New(fault.Invalid, "unknown signing algorithm %q: one of ES256, EdDSA, RS256", alg)
}
