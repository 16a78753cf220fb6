package auth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/testpg"
)

func TestTokenSaysWhatTheContractSays(t *testing.T) {
	n := newNode(t)
	c, s := n.client(t, "etl", auth.Composer)
	token := n.token(t, c, s)
	got := claimsOf(t, token)
	if len(got["jti"].(string)) < 22 {
		t.Errorf("jti %v", got["jti"])
	}
	delete(got, "jti")
	at := float64(n.now().Unix())
	want := map[string]any{
		"iss": publicURL, "sub": "1", "aud": []any{publicURL, publicURL + "/ai/mcp/"}, "client_id": string(c.ID), "role": "composer",
		"scope": "all", "iat": at, "nbf": at, "exp": at + 3600, "epoch": 1.0,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	must(t, err)
	if h := jws.Signatures[0].Protected; h.ExtraHeaders["typ"] != "at+jwt" || h.KeyID == "" {
		t.Errorf("header %+v", h)
	}
	caller := n.accepts(t, "a fresh token", token)
	want2 := auth.Caller{Kind: auth.Machine, UserID: 1, ClientID: c.ID, Name: "etl", Role: auth.Composer, Scopes: []auth.Scope{auth.ScopeAll}, TokenID: caller.TokenID, Epoch: 1, KeyID: caller.KeyID}
	if d := cmp.Diff(want2, caller); d != "" {
		t.Error(d)
	}
}

func TestEveryAlgorithmSignsAndVerifies(t *testing.T) {
	for _, alg := range auth.Algs {
		n := startNode(t, t.TempDir(), alg)
		c, s := n.client(t, "etl", auth.Viewer)
		n.accepts(t, string(alg), n.token(t, c, s))
	}
}

func TestTokenIsRefusedOnceItsClientOrItselfIsNoMore(t *testing.T) {
	ctx, yes := context.Background(), true
	for name, end := range map[string]func(t *testing.T, n *node, c auth.Client, token string){
		"tokens revoked": func(t *testing.T, n *node, c auth.Client, _ string) { must(t, n.clients.Revoke(ctx, c.ID)) },
		"client deleted": func(t *testing.T, n *node, c auth.Client, _ string) { must(t, n.clients.Delete(ctx, c.ID)) },
		"client disabled": func(t *testing.T, n *node, c auth.Client, _ string) {
			_, err := n.clients.Update(ctx, c.ID, auth.ClientChange{Disabled: &yes})
			must(t, err)
		},
		"token revoked": func(t *testing.T, n *node, c auth.Client, token string) {
			_, s, err := n.clients.Rotate(ctx, c.ID)
			must(t, err)
			must(t, n.issuer.Revoke(ctx, c.ID, s, token))
		},
		"key burned": func(t *testing.T, n *node, _ auth.Client, _ string) {
			k, _ := n.signingKey(t)
			b, err := n.keys.Burn(ctx, k.ID)
			must(t, err)
			if b.Tokens != 1 || b.Clients != 1 || b.Signer == k.ID {
				t.Errorf("burned %+v", b)
			}
		},
		"expired": func(_ *testing.T, n *node, _ auth.Client, _ string) { n.move(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t)
			c, s := n.client(t, "etl", auth.Viewer)
			token := n.token(t, c, s)
			n.accepts(t, "before", token)
			end(t, n, c, token)
			n.refuses(t, "remembered", token)
			n.verifier = &auth.Verifier{Store: n.db, Keys: n.keys, PublicURL: publicURL, Now: n.now}
			n.refuses(t, "seen for the first time", token)
		})
	}
}

func TestRevokedClientMayGetNewTokens(t *testing.T) {
	n := newNode(t)
	c, s := n.client(t, "etl", auth.Viewer)
	must(t, n.clients.Revoke(context.Background(), c.ID))
	n.accepts(t, "after the revocation", n.token(t, c, s))
}

func TestRoleChangeHoldsForTokensThatAreOut(t *testing.T) {
	n := newNode(t)
	c, s := n.client(t, "etl", auth.ServerAdmin)
	token := n.token(t, c, s)
	n.accepts(t, "before", token)
	viewer := auth.Viewer
	_, err := n.clients.Update(context.Background(), c.ID, auth.ClientChange{Role: &viewer})
	must(t, err)
	if got := n.accepts(t, "after", token); got.Role != auth.Viewer {
		t.Errorf("role %s", got.Role)
	}
}

func TestSingleActiveTokenEndsTheOneBefore(t *testing.T) {
	n, yes := newNode(t), true
	c, s := n.client(t, "etl", auth.Viewer)
	first := n.token(t, c, s)
	second := n.token(t, c, s)
	n.accepts(t, "without the switch", first)
	_, err := n.clients.Update(context.Background(), c.ID, auth.ClientChange{SingleActive: &yes})
	must(t, err)
	third := n.token(t, c, s)
	fourth := n.token(t, c, s)
	for _, old := range []string{first, second, third} {
		n.refuses(t, "an earlier token", old)
	}
	n.accepts(t, "the last one", fourth)
}

// Two nodes on one store: what one ends, the other refuses as soon as it reads
// the change counter, which is every 200 ms.
func TestRevocationBitesOnAnotherNodeWithinOneTick(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			dir, url := t.TempDir(), ""
			if engine == "postgres" {
				url = testpg.URL(t)
			}
			a, b := startNodeOn(t, dir, url, auth.ES256), startNodeOn(t, dir, url, auth.ES256)
			c, s := a.client(t, "etl", auth.Viewer)
			token := a.token(t, c, s)
			b.move(time.Second)
			b.accepts(t, "on the other node", token)
			must(t, a.clients.Revoke(context.Background(), c.ID))
			a.refuses(t, "on the node that revoked", token)
			b.move(200 * time.Millisecond)
			b.refuses(t, "on the other node, a tick later", token)
			admin := auth.ServerAdmin
			token = a.token(t, c, s)
			b.accepts(t, "a new token on the other node", token)
			_, err := a.clients.Update(context.Background(), c.ID, auth.ClientChange{Role: &admin})
			must(t, err)
			b.move(200 * time.Millisecond)
			if got := b.accepts(t, "after a change of role", token); got.Role != auth.ServerAdmin {
				t.Errorf("the other node says %s", got.Role)
			}
			k, _ := a.signingKey(t)
			_, err = b.keys.Burn(context.Background(), k.ID)
			must(t, err)
			a.move(200 * time.Millisecond)
			a.refuses(t, "signed with a key that the other node burned", token)
			a.accepts(t, "signed with its successor", a.token(t, c, s))
		})
	}
}

func TestNothingIsAllowedWhenTheStoreIsGone(t *testing.T) {
	n := newNode(t)
	c, s := n.client(t, "etl", auth.Viewer)
	token := n.token(t, c, s)
	n.accepts(t, "before", token)
	must(t, n.db.Close())
	n.move(time.Second)
	if _, err := n.verifier.Verify(context.Background(), token, publicURL); err == nil {
		t.Error("a remembered token was allowed without the store")
	}
}

func TestAudienceMatrix(t *testing.T) {
	n := newNode(t)
	c, s := n.client(t, "etl", auth.Viewer)
	rest, mcp := publicURL, publicURL+"/ai/mcp/"
	for _, row := range []struct {
		asked     []string
		rest, mcp bool
	}{
		{nil, true, true},
		{[]string{publicURL}, true, false},
		{[]string{publicURL + "/"}, true, false},
		{[]string{publicURL + "/ai/mcp"}, false, true},
		{[]string{publicURL + "/ai/mcp/"}, false, true},
		{[]string{publicURL, publicURL + "/ai/mcp/"}, true, true},
	} {
		token := n.token(t, c, s, row.asked...)
		for resource, want := range map[string]bool{
			rest: row.rest, rest + "/": row.rest, mcp: row.mcp, publicURL + "/ai/mcp": row.mcp,
			"https://other.example": false, publicURL + "/ai": false, publicURL + "/ai/mcp/x": false, "": false,
		} {
			_, err := n.verifier.Verify(context.Background(), token, resource)
			if (err == nil) != want {
				t.Errorf("asked for %v, used at %q: %v", row.asked, resource, err)
			}
		}
	}
	for _, bad := range []string{
		"https://evil.example", publicURL + "//", strings.ToUpper(publicURL), publicURL + "/ai/mcp/?x", publicURL + "#f",
		"http://gate.example", publicURL + "/api", "", publicURL + ".evil.example",
	} {
		_, err := n.issuer.Issue(context.Background(), auth.TokenRequest{ClientID: c.ID, Secret: s, Resources: []string{publicURL, bad}})
		if err == nil || fault.As(err).Name != auth.InvalidTarget {
			t.Errorf("resource %q: %v", bad, err)
		}
	}
}

func TestScopesAreNeverOthersThanAskedFor(t *testing.T) {
	n := newNode(t)
	n.issuer.Permits = func(_ context.Context, c auth.Caller, s auth.Scope) error {
		if c.Role == auth.Viewer && s == auth.ScopeClients {
			return fault.New(fault.Denied, "no")
		}
		return nil
	}
	c, s := n.client(t, "etl", auth.Viewer)
	for asked, want := range map[string]string{
		"": "all", "  ": "all", "query": "query", "query  query credentials": "query credentials", "all": "all",
		"root": "", "query root": "", "clients": "", "Query": "",
	} {
		got, err := n.issuer.Issue(context.Background(), auth.TokenRequest{ClientID: c.ID, Secret: s, Scope: asked})
		if want == "" && (err == nil || fault.As(err).Name != auth.InvalidScope) || want != "" && (err != nil || got.Scope != want) {
			t.Errorf("%q: %q %v", asked, got.Scope, err)
		}
	}
	tok, err := n.issuer.Issue(context.Background(), auth.TokenRequest{ClientID: c.ID, Secret: s, Scope: "query"})
	must(t, err)
	if caller := n.accepts(t, "narrow", tok.Access.Reveal()); caller.Has(auth.ScopeCredentials) || !caller.Has(auth.ScopeQuery) {
		t.Errorf("scopes %v", caller.Scopes)
	}
}

// The alg-confusion matrix: no token that our key did not sign for our
// algorithm passes, whatever its header says, and no header brings a key.
func TestForgedTokensAreRefused(t *testing.T) {
	n := newNode(t)
	c, s := n.client(t, "etl", auth.Viewer)
	good := claimsOf(t, n.token(t, c, s))
	key, private := n.signingKey(t)
	public := private.Public().(*ecdsa.PublicKey)
	der, err := x509.MarshalPKIXPublicKey(public)
	must(t, err)
	raw, err := public.Bytes()
	must(t, err)
	head := map[string]any{"typ": "at+jwt", "kid": key.ID}
	for what, material := range map[string][]byte{
		"jwk": key.Public, "der": der, "pem": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "point": raw, "kid": []byte(strings.Repeat(key.ID, 2)),
	} {
		for _, alg := range []jose.SignatureAlgorithm{jose.HS256, jose.HS384, jose.HS512} {
			n.refuses(t, string(alg)+" with the public key as "+what, sign(t, alg, append(material, make([]byte, 64)...), head, good))
			if alg == jose.HS256 {
				n.refuses(t, "HS256 with exactly the "+what, rawHMAC(`{"alg":"HS256","typ":"at+jwt","kid":"`+key.ID+`"}`, strings.Split(sign(t, alg, make([]byte, 64), head, good), ".")[1], material))
			}
		}
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	for _, alg := range []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512} {
		n.refuses(t, string(alg), sign(t, alg, rsaKey, head, good))
	}
	for alg, curve := range map[jose.SignatureAlgorithm]elliptic.Curve{jose.ES256: elliptic.P256(), jose.ES384: elliptic.P384(), jose.ES512: elliptic.P521()} {
		k, err := ecdsa.GenerateKey(curve, rand.Reader)
		must(t, err)
		n.refuses(t, string(alg)+" of a stranger", sign(t, alg, k, head, good))
		withKey := maps.Clone(head)
		withKey["jwk"] = jose.JSONWebKey{Key: k.Public(), KeyID: key.ID}
		n.refuses(t, string(alg)+" with its own jwk", sign(t, alg, k, withKey, good))
	}
	n.refuses(t, "EdDSA", sign(t, jose.EdDSA, edKey, head, good))
	body := base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"` + publicURL + `"}`))
	for _, alg := range []string{"none", "None", "NONE", "nOnE", ""} {
		h := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"` + alg + `","typ":"at+jwt","kid":"` + key.ID + `"}`))
		n.refuses(t, "alg "+alg, h+"."+body+".")
		n.refuses(t, "alg "+alg+" with a signature", h+"."+body+".AAAA")
	}
}

func rawHMAC(header, payload string, key []byte) string {
	in := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + payload
	m := hmac.New(sha256.New, key)
	m.Write([]byte(in))
	return in + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// These are signed with the true key: only the check named refuses them.
func TestOurOwnKeyIsNotEnough(t *testing.T) {
	n := newNode(t)
	c, s := n.client(t, "etl", auth.Viewer)
	good := claimsOf(t, n.token(t, c, s))
	key, private := n.signingKey(t)
	forge := func(header, claims map[string]any) string {
		h, cl := map[string]any{"typ": "at+jwt", "kid": key.ID}, maps.Clone(good)
		for k, v := range header {
			if h[k] = v; v == nil {
				delete(h, k)
			}
		}
		for k, v := range claims {
			if cl[k] = v; v == nil {
				delete(cl, k)
			}
		}
		h["alg"] = "ES256"
		return signRaw(t, private.(*ecdsa.PrivateKey), h, cl)
	}
	n.accepts(t, "nothing changed", forge(nil, nil))
	now := float64(n.now().Unix())
	for _, h := range []map[string]any{
		{"typ": "JWT"}, {"typ": nil}, {"typ": "client-authentication+jwt"}, {"typ": "dpop+jwt"}, {"typ": "AT+JWT "},
		{"kid": nil}, {"kid": "../../etc/passwd"}, {"kid": "' OR 1=1 --"}, {"kid": "other"},
		{"jku": "https://evil.example/jwks"}, {"x5u": "https://evil.example/x"}, {"x5c": []string{"AAAA"}}, {"crit": []string{"exp"}}, {"b64": false}, {"cty": "JWT"}, {"zip": "DEF"},
	} {
		n.refuses(t, "header", forge(h, nil))
	}
	for _, cl := range []map[string]any{
		{"iss": "https://evil.example"}, {"iss": publicURL + "/"}, {"iss": nil}, {"aud": "https://evil.example"}, {"aud": nil}, {"aud": []string{}},
		{"exp": now}, {"exp": now - 1}, {"exp": nil}, {"exp": "4000000000"}, {"nbf": now + 61}, {"jti": nil}, {"client_id": nil}, {"client_id": "pc_other"},
		{"epoch": 0}, {"epoch": 2}, {"epoch": nil}, {"sub": "2"}, {"sub": nil},
	} {
		n.refuses(t, "claims", forge(nil, cl))
	}
	n.accepts(t, "the clock of the signer 10 s ahead", forge(nil, map[string]any{"nbf": now + 10}))
	got := n.accepts(t, "a role of its own", forge(nil, map[string]any{"role": "server_admin"}))
	if got.Role != auth.Viewer {
		t.Errorf("the token's own role counts: %s", got.Role)
	}
}

// signRaw signs with ES256 whatever the header is: the library refuses to sign
// some that a forger would.
func signRaw(t *testing.T, key *ecdsa.PrivateKey, header, claims map[string]any) string {
	t.Helper()
	var in []string
	for _, part := range []map[string]any{header, claims} {
		b, err := json.Marshal(part)
		must(t, err)
		in = append(in, base64.RawURLEncoding.EncodeToString(b))
	}
	sum := sha256.Sum256([]byte(strings.Join(in, ".")))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	must(t, err)
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return strings.Join(append(in, base64.RawURLEncoding.EncodeToString(sig)), ".")
}

func TestOtherSpellingsOfATokenDoNotEscapeRevocation(t *testing.T) {
	n := newNode(t)
	c, s := n.client(t, "etl", auth.Viewer)
	token := n.token(t, c, s)
	p := strings.Split(token, ".")
	sig, err := base64.RawURLEncoding.DecodeString(p[2])
	must(t, err)
	order := elliptic.P256().Params().N
	other := new(big.Int).Sub(order, new(big.Int).SetBytes(sig[32:]))
	other.FillBytes(sig[32:])
	mutated := p[0] + "." + p[1] + "." + base64.RawURLEncoding.EncodeToString(sig)
	n.accepts(t, "the token", token)
	n.accepts(t, "the other s is a good signature too, or this test shows nothing", mutated)
	for _, bad := range []string{
		token + "=", token + "==", token + "\n", token[:10] + "\r\n" + token[10:], " " + token, token + " ", token + ".", p[0] + "=." + p[1] + "." + p[2],
		"." + token, p[0] + "." + p[1], p[0] + "." + p[1] + ".", p[0] + ".." + p[2], token + "." + p[2], strings.ReplaceAll(token, "-", "+") + "=", spareBits(token),
	} {
		n.refuses(t, "another spelling", bad)
	}
	must(t, n.issuer.Revoke(context.Background(), c.ID, s, mutated))
	n.refuses(t, "the token", token)
	n.refuses(t, "its other spelling", mutated)
}

// spareBits sets the bits of the last character that carry no data: a 64-byte
// signature is 86 characters, of which the last has four spare bits.
func spareBits(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, token[len(token)-1])
	return token[:len(token)-1] + string(alphabet[last|1])
}

func TestHugeTokensAreRefusedBeforeTheyAreParsed(t *testing.T) {
	n := newNode(t)
	for _, bad := range []string{strings.Repeat(".", 1<<20), strings.Repeat("A", 1<<20), strings.Repeat("[", 9000), ""} {
		n.refuses(t, "huge", bad)
	}
	deep := base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("[", 4000)))
	n.refuses(t, "deep", deep+".AA.AA")
	allocs := testing.AllocsPerRun(10, func() {
		_, _ = n.verifier.Verify(context.Background(), strings.Repeat(".", 1<<20), publicURL)
	})
	if allocs > 20 {
		t.Errorf("%.0f allocations for a token of dots", allocs)
	}
}

func TestConcurrentIssuesAreAllGoodAndAllOnRecord(t *testing.T) {
	dir := t.TempDir()
	n := startNode(t, dir, auth.ES256)
	c, s := n.client(t, "etl", auth.Viewer)
	var mu sync.Mutex
	seen := map[string]bool{}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 10 {
				tok, err := n.issuer.Issue(context.Background(), auth.TokenRequest{ClientID: c.ID, Secret: s})
				if err != nil {
					t.Error(err)
					return
				}
				caller := n.accepts(t, "a concurrent token", tok.Access.Reveal())
				mu.Lock()
				seen[caller.TokenID] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if got := recorded(t, dir, "token.issued"); len(seen) != 160 || got != 160 {
		t.Errorf("%d ids, %d records", len(seen), got)
	}
}

func TestIntrospectionIsOfOnesOwnTokens(t *testing.T) {
	n, ctx := newNode(t), context.Background()
	a, as := n.client(t, "a", auth.Viewer)
	b, bs := n.client(t, "b", auth.ServerAdmin)
	token := n.token(t, a, as, publicURL+"/ai/mcp")
	claims, active, err := n.issuer.Introspect(ctx, a.ID, as, token)
	if err != nil || !active || claims.ClientID != a.ID {
		t.Errorf("its own: %+v %v %v", claims, active, err)
	}
	if claims, active, err = n.issuer.Introspect(ctx, b.ID, bs, token); err != nil || active || claims.ID != "" {
		t.Errorf("another's: %+v %v %v", claims, active, err)
	}
	must(t, n.issuer.Revoke(ctx, b.ID, bs, token))
	if _, active, _ = n.issuer.Introspect(ctx, a.ID, as, token); !active {
		t.Error("a client revoked another's token")
	}
	if _, _, err := n.issuer.Introspect(ctx, a.ID, bs, token); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("a wrong secret: %v", err)
	}
	must(t, n.issuer.Revoke(ctx, a.ID, as, "not a token"))
	must(t, n.issuer.Revoke(ctx, a.ID, as, token))
	if _, active, _ = n.issuer.Introspect(ctx, a.ID, as, token); active {
		t.Error("active after its revocation")
	}
}

// FuzzVerify: no bytes make the verifier panic, and none are accepted.
func FuzzVerify(f *testing.F) {
	if seeds, _ := filepath.Glob("testdata/fuzz/FuzzVerify/*"); len(seeds) == 0 {
		f.Fatal("no seeds in testdata/fuzz/FuzzVerify")
	}
	n := newNode(f)
	f.Fuzz(func(t *testing.T, token string) {
		n.refuses(t, "fuzzed", token)
	})
}
