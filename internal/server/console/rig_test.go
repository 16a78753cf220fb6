package console_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/llm"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/product/market"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/server/console"
	"github.com/postern/postern/internal/server/web"
	"github.com/postern/postern/internal/store"
)

const password = "correct horse battery"

// gate is a console over a real store, real rules and a real mux, with a clock
// that the test moves.
type gate struct {
	*console.Handler
	url      string
	db       *store.DB
	dir      string
	shelf    *shelf
	log      *safeBuffer
	admin    *http.Client
	now      time.Time
	nowMutex sync.Mutex
}

func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{dir: t.TempDir(), shelf: &shelf{}, log: &safeBuffer{}, now: time.Now()}
	var err error
	if g.db, err = store.Open(context.Background(), store.Config{Dir: g.dir, Writer: "test", Now: g.tick}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.db.Close(); err != nil {
			t.Error(err)
		}
	})
	pol, err := policy.New()
	if err != nil {
		t.Fatal(err)
	}
	keys := &auth.Keys{Store: g.db, Seal: open{}, Now: g.clock}
	if err := keys.Ensure(context.Background()); err != nil {
		t.Fatal(err)
	}
	rules := rules{pol, g.db}
	g.Handler = &console.Handler{
		Version: "test", Guard: rules, Keys: keys, Products: g.shelf, Markets: g.shelf, Groups: g.shelf, Audit: record{g.db}, Models: models{&llm.Models{Store: g.db, Seal: open{}}},
		People:  &auth.People{Store: g.db, Now: g.clock, Cost: auth.Cost{KiB: 64, Passes: 1, Lanes: 1}},
		Clients: &auth.Clients{Store: g.db, Pepper: pepper{}, Now: g.clock},
	}
	server := httptest.NewServer(nil)
	t.Cleanup(server.Close)
	g.url, g.PublicURL = server.URL, server.URL
	mux := &web.Mux{PublicURL: g.url, Guard: rules, Log: slog.New(slog.NewJSONHandler(g.log, nil))}
	if err := mux.Add(g.Routes()...); err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = mux
	return g
}

// withAdmin is a gate whose admin client is signed in.
func withAdmin(t *testing.T) *gate {
	t.Helper()
	g := newGate(t)
	people := g.People.(*auth.People)
	token, _, err := people.SetupToken(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := people.CompleteSetup(context.Background(), token, "ada", secret.New(password)); err != nil {
		t.Fatal(err)
	}
	g.admin = g.browser(t)
	res := g.post(t, g.admin, "/admin/sign-in/", url.Values{"username": {"ada"}, "password": {password}})
	if res.status != http.StatusSeeOther {
		t.Fatalf("sign-in: %d %s", res.status, res.body)
	}
	return g
}

func (g *gate) clock() time.Time {
	g.nowMutex.Lock()
	defer g.nowMutex.Unlock()
	return g.now
}

// tick is the store's clock: no two records are of the same moment, so that
// their order is known.
func (g *gate) tick() time.Time {
	g.pass(time.Millisecond)
	return g.clock()
}

func (g *gate) pass(d time.Duration) {
	g.nowMutex.Lock()
	defer g.nowMutex.Unlock()
	g.now = g.now.Add(d)
}

// browser keeps cookies and follows nothing.
func (g *gate) browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

type answer struct {
	status   int
	body     string
	location string
	header   http.Header
}

func (g *gate) do(t *testing.T, c *http.Client, method, path string, form url.Values, headers ...string) answer {
	t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(t.Context(), method, g.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, string(b), res.Header.Get("Location"), res.Header}
}

func (g *gate) get(t *testing.T, c *http.Client, path string) answer {
	t.Helper()
	return g.do(t, c, http.MethodGet, path, nil)
}

func (g *gate) post(t *testing.T, c *http.Client, path string, form url.Values) answer {
	t.Helper()
	return g.do(t, c, http.MethodPost, path, form, "Sec-Fetch-Site", "same-origin", "Origin", g.url)
}

// see reads a page that has to be there.
func (g *gate) see(t *testing.T, path string) string {
	t.Helper()
	res := g.get(t, g.admin, path)
	if res.status != http.StatusOK {
		t.Fatalf("GET %s: %d %s", path, res.status, res.body)
	}
	return res.body
}

var secretForm = regexp.MustCompile(`psk_[0-9A-Za-z]{49}`)

// addClient fills the form in and gives the client's id and secret.
func (g *gate) addClient(t *testing.T, name string) (auth.ClientID, string) {
	t.Helper()
	res := g.post(t, g.admin, "/admin/auth/clients/new/", url.Values{"name": {name}, "duration": {"3600"}, "role": {"viewer"}})
	secrets := secretForm.FindAllString(res.body, -1)
	if res.status != http.StatusOK || len(secrets) == 0 {
		t.Fatalf("add %s: %d %s", name, res.status, res.body)
	}
	list, err := g.Clients.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(c auth.Client) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("no client %s", name)
	}
	return list[i].ID, secrets[0]
}

// demote changes the admin's role behind the console's back.
func (g *gate) demote(t *testing.T, r auth.Role) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(g.dir, "postern.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `UPDATE users SET role = ?`, string(r)); err != nil {
		t.Fatal(err)
	}
}

func has(t *testing.T, body string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(html.UnescapeString(body), w) {
			t.Errorf("the page lacks %q; it says: %s", w, words(body))
		}
	}
}

// words is what a page says, for messages.
func words(body string) string {
	_, main, _ := strings.Cut(body, "<main")
	return strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString("<"+main, " ")), " ")
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// shelf is a gateway's products, in memory.
type shelf struct {
	products     []product.Product
	grants       []product.Grant
	markets      []market.Marketplace
	marketGrants []market.Grant
}

func (s *shelf) Products(context.Context, auth.Caller) ([]product.Product, error) {
	return s.products, nil
}

func (s *shelf) Product(_ context.Context, _ auth.Caller, id, _ string) (product.Product, error) {
	for _, p := range s.products {
		if p.ID == id {
			return p, nil
		}
	}
	return product.Product{}, fault.New(fault.NotFound, "data product %q not found", id)
}

func (s *shelf) Grants(context.Context, auth.Caller, string) ([]product.Grant, error) {
	return s.grants, nil
}

func (s *shelf) Grant(_ context.Context, _ auth.Caller, g product.Grant) error {
	s.grants = append(s.grants, g)
	return nil
}

func (s *shelf) Revoke(_ context.Context, _ auth.Caller, g product.Grant) error {
	n := len(s.grants)
	s.grants = slices.DeleteFunc(s.grants, func(x product.Grant) bool { return x.Subject == g.Subject && x.Role == g.Role })
	if len(s.grants) == n {
		return fault.New(fault.NotFound, "grant not found")
	}
	return nil
}

func (s *shelf) Marketplaces(context.Context, auth.Caller) ([]market.Marketplace, error) {
	return s.markets, nil
}

func (s *shelf) Marketplace(_ context.Context, _ auth.Caller, id string) (market.Marketplace, error) {
	for _, m := range s.markets {
		if m.ID == id {
			return m, nil
		}
	}
	return market.Marketplace{}, fault.New(fault.NotFound, "marketplace %q not found", id)
}

func (s *shelf) Listed(_ context.Context, _ auth.Caller, id string) (out []market.Shown, err error) {
	for _, p := range s.products {
		out = append(out, market.Shown{Product: p, Badges: []market.Standard{{Name: "Origins"}}})
	}
	return out, nil
}

func (s *shelf) MarketGrants(context.Context, auth.Caller, string) ([]market.Grant, error) {
	return s.marketGrants, nil
}

func (s *shelf) Associations(_ context.Context, _ auth.Caller, products []string) (map[string][]market.Listing, error) {
	out := map[string][]market.Listing{}
	for _, m := range s.markets {
		for _, id := range products {
			out[id] = append(out[id], market.Listing{Marketplace: m.ID, Name: m.Name, Product: id, Version: "1.0.0", Status: product.Ready})
		}
	}
	return out, nil
}

func (s *shelf) List(context.Context) ([]auth.Group, error) {
	return []auth.Group{{ID: 3, Name: "finance"}}, nil
}

type record struct{ db *store.DB }

func (r record) Latest(ctx context.Context, f console.AuditFilter) ([]audit.Event, error) {
	return events(r.db.Audit(ctx, store.AuditFilter{Kind: f.Kind, Actor: f.Actor, Product: f.Product, RequestID: f.RequestID, Before: f.Before, Limit: f.Limit}))
}

func (r record) Trail(ctx context.Context, id string) ([]audit.Event, error) {
	return events(r.db.AuditTrail(ctx, id))
}

func events(rows []audit.Row, err error) (out []audit.Event, _ error) {
	for _, r := range rows {
		e, derr := r.Event()
		if derr != nil {
			return nil, derr
		}
		out = append(out, e)
	}
	return out, err
}

// rules are the real policy; there are no tokens in these tests.
type rules struct {
	*policy.Policy
	db *store.DB
}

func (rules) Verify(context.Context, string, string) (auth.Caller, error) {
	return auth.Caller{}, fault.New(fault.Unauthenticated, "no tokens here")
}

func (r rules) Refused(ctx context.Context, c auth.Caller, route string, err error) error {
	return r.db.Append(auth.WithCaller(ctx, c), audit.Event{Kind: audit.AccessDenied, Outcome: "denied", Object: "route:" + route, Reason: web.Message(err)})
}

// pepper and open stand for the keyring.
type pepper struct{}

func (pepper) Sum(data []byte) ([]byte, error) {
	h := hmac.New(sha256.New, []byte("pepper"))
	h.Write(data)
	return h.Sum(nil), nil
}

func (p pepper) Verify(sum, data []byte) bool {
	want, _ := p.Sum(data)
	return hmac.Equal(sum, want)
}

type open struct{}

func (open) Seal(plaintext, _ []byte) ([]byte, error)  { return plaintext, nil }
func (open) Open(ciphertext, _ []byte) ([]byte, error) { return ciphertext, nil }

// models answer every test.
type models struct{ *llm.Models }

func (m models) Test(ctx context.Context, id string) (llm.Tested, error) {
	_, _, err := m.Open(ctx, id)
	return llm.Tested{OK: err == nil, Message: "It answers."}, err
}
