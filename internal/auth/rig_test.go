package auth_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	_ "modernc.org/sqlite"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/keyring"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/store"
	"github.com/postern/postern/internal/testpg"
)

const publicURL = "https://gate.example"

// clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.t }

func (c *clock) move(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.t = c.t.Add(d) }

// node is one process: all of auth over a real store.
type node struct {
	*clock
	db       *store.DB
	ring     *keyring.Ring
	clients  *auth.Clients
	keys     *auth.Keys
	issuer   *auth.Issuer
	verifier *auth.Verifier
}

func TestMain(m *testing.M) { testpg.Main(m) }

func newNode(t testing.TB) *node { return startNode(t, t.TempDir(), auth.ES256) }

func startNode(t testing.TB, dir string, alg auth.Alg) *node {
	t.Helper()
	return startNodeOn(t, dir, "", alg)
}

// startNodeOn starts a node on PostgreSQL, or on SQLite in dir.
func startNodeOn(t testing.TB, dir, url string, alg auth.Alg) *node {
	t.Helper()
	c := &clock{t: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	ctx := context.Background()
	db, err := store.Open(ctx, store.Config{Dir: dir, URL: url, Writer: rand.Text(), Now: c.now})
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	has, err := db.HasData(ctx)
	must(t, err)
	master, err := keyring.LoadMaster(dir, has)
	must(t, err)
	ring, err := keyring.Open(ctx, db, master, c.now())
	must(t, err)
	n := &node{clock: c, db: db, ring: ring}
	n.clients = &auth.Clients{Store: db, Pepper: ring.MAC("client secret"), Limits: &auth.Limits{Now: c.now}, Now: c.now}
	n.keys = &auth.Keys{Store: db, Seal: ring.AEAD("jwt signing key"), Alg: alg, Now: c.now}
	must(t, n.keys.Ensure(ctx))
	n.verifier = &auth.Verifier{Store: db, Keys: n.keys, PublicURL: publicURL, Now: c.now}
	n.issuer = &auth.Issuer{Clients: n.clients, Store: db, Keys: n.keys, Verifier: n.verifier, PublicURL: publicURL, Now: c.now}
	return n
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (n *node) client(t testing.TB, name string, role auth.Role) (auth.Client, secret.Secret) {
	t.Helper()
	c, s, err := n.clients.Create(context.Background(), auth.NewClient{Name: name, Role: role})
	must(t, err)
	return c, s
}

func (n *node) token(t testing.TB, c auth.Client, s secret.Secret, resources ...string) string {
	t.Helper()
	tok, err := n.issuer.Issue(context.Background(), auth.TokenRequest{ClientID: c.ID, Secret: s, Resources: resources})
	must(t, err)
	return tok.Access.Reveal()
}

func (n *node) accepts(t testing.TB, why, token string) auth.Caller {
	t.Helper()
	c, err := n.verifier.Verify(context.Background(), token, publicURL)
	if err != nil {
		t.Errorf("%s: refused: %v", why, err)
	}
	return c
}

func (n *node) refuses(t testing.TB, why, token string) {
	t.Helper()
	c, err := n.verifier.Verify(context.Background(), token, publicURL)
	if !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("%s: caller %+v, error %v", why, c, err)
	}
	if err != nil && len(token) > 20 && strings.Contains(err.Error(), token) {
		t.Errorf("%s: the error shows the token", why)
	}
}

// signingKey is the true private key, to forge with.
func (n *node) signingKey(t testing.TB) (auth.SigningKey, crypto.Signer) {
	t.Helper()
	all, err := n.db.SigningKeys(context.Background())
	must(t, err)
	k := all[0]
	der, err := n.ring.AEAD("jwt signing key").Open(k.Private, []byte(string(k.Alg)+" "+k.ID))
	must(t, err)
	private, err := x509.ParsePKCS8PrivateKey(der)
	must(t, err)
	return k, private.(crypto.Signer)
}

// sign makes a token with any header and claims and the given key.
func sign(t testing.TB, alg jose.SignatureAlgorithm, key any, header map[string]any, claims map[string]any) string {
	t.Helper()
	o := &jose.SignerOptions{}
	for k, v := range header {
		o = o.WithHeader(jose.HeaderKey(k), v)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, o)
	must(t, err)
	b, err := json.Marshal(claims)
	must(t, err)
	jws, err := s.Sign(b)
	must(t, err)
	out, err := jws.CompactSerialize()
	must(t, err)
	return out
}

// claimsOf decodes the claims of a token without checking anything.
func claimsOf(t testing.TB, token string) map[string]any {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	must(t, err)
	var m map[string]any
	must(t, json.Unmarshal(b, &m))
	return m
}

// recorded counts records of a kind in the SQLite file.
func recorded(t testing.TB, dir, kind string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "postern.db"))
	must(t, err)
	defer func() { _ = db.Close() }()
	must(t, db.QueryRow(`SELECT COUNT(*) FROM audit_records WHERE kind = ?`, kind).Scan(&n))
	return n
}
