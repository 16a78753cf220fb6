package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/keyring"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/server/rest"
	"github.com/postern/postern/internal/server/web"
	"github.com/postern/postern/internal/store"
)

// clientsGate is the clients' routes over real auth and a real store.
type clientsGate struct {
	*httptest.Server
	*auth.Verifier
	log    bytes.Buffer
	issuer *auth.Issuer
}

// Permit stands in for the role policies: clients are for Server Admins.
func (g *clientsGate) Permit(_ context.Context, c auth.Caller, s auth.Scope) error {
	if s == auth.ScopeClients && c.Role != auth.ServerAdmin {
		e := fault.New(fault.Denied, "no")
		e.Name = web.ScopeDenied
		return e
	}
	return nil
}

func (g *clientsGate) Refused(context.Context, auth.Caller, string, error) error { return nil }

func newClientsGate(t *testing.T) *clientsGate {
	t.Helper()
	ctx, dir, g := context.Background(), t.TempDir(), &clientsGate{}
	ok := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	db, err := store.Open(ctx, store.Config{Dir: dir, Writer: "test"})
	ok(err)
	master, err := keyring.LoadMaster(dir, false)
	ok(err)
	ring, err := keyring.Open(ctx, db, master, time.Now())
	ok(err)
	clients := &auth.Clients{Store: db, Pepper: ring.MAC("client secret"), Now: time.Now}
	keys := &auth.Keys{Store: db, Seal: ring.AEAD("jwt signing key"), Now: time.Now}
	ok(keys.Ensure(ctx))
	g.Verifier = &auth.Verifier{Store: db, Keys: keys, PublicURL: "https://gate.example", Now: time.Now}
	g.issuer = &auth.Issuer{Clients: clients, Store: db, Keys: keys, Verifier: g.Verifier, PublicURL: "https://gate.example", Now: time.Now}
	mux := &web.Mux{PublicURL: "https://gate.example", Guard: g, Log: slog.New(slog.NewJSONHandler(&g.log, nil))}
	ok(mux.Add(rest.Clients{Clients: clients}.Routes()...))
	ok(mux.Add(rest.UserInfo{}.Routes()...))
	g.Server = httptest.NewServer(mux)
	t.Cleanup(func() { g.Close(); _ = db.Close() })
	return g
}

// login makes a client of the role and gives its token.
func (g *clientsGate) login(t *testing.T, name string, role auth.Role) string {
	t.Helper()
	c, s, err := g.issuer.Clients.Create(context.Background(), auth.NewClient{Name: name, Role: role})
	if err != nil {
		t.Fatal(err)
	}
	tok, err := g.issuer.Issue(context.Background(), auth.TokenRequest{ClientID: c.ID, Secret: s})
	if err != nil {
		t.Fatal(err)
	}
	return tok.Access.Reveal()
}

// do sends JSON and gives status and decoded body.
func (g *clientsGate) do(t *testing.T, token, method, path, body string) (int, map[string]any, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, g.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Token", token)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := g.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // a test
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if len(b) > 0 && b[0] == '{' {
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
	} else if len(b) > 0 {
		m = map[string]any{"text": string(b)}
	}
	return res.StatusCode, m, res.Header
}

const clientsURL = "/integration/core/v1/oauth/clients/"

func TestClientIsMadeUsedChangedAndDeletedOverREST(t *testing.T) {
	g := newClientsGate(t)
	admin := g.login(t, "admin", auth.ServerAdmin)
	status, made, h := g.do(t, admin, "POST", clientsURL, `{"name":"etl","grant_types":["client_credentials"],"access_token_expiry":600,"role":"viewer"}`)
	id, _ := made["client_id"].(string)
	text, _ := made["client_secret"].(string)
	if status != 201 || id == "" || !auth.IsSecret(text) || h.Get("Location") != clientsURL+id+"/" {
		t.Fatalf("%d %v", status, made)
	}
	issue := func(text string) error {
		_, err := g.issuer.Issue(context.Background(), auth.TokenRequest{ClientID: auth.ClientID(id), Secret: secret.New(text)})
		return err
	}
	if err := issue(text); err != nil {
		t.Error(err)
	}
	delete(made, "client_secret")
	status, got, _ := g.do(t, admin, "GET", clientsURL+id, "")
	if d := cmp.Diff(made, got); status != 200 || d != "" {
		t.Errorf("%d %s", status, d)
	}
	status, got, _ = g.do(t, admin, "PATCH", clientsURL+id+"/", `{"role":"Catalog Admin","access_token_lifetime":900,"single_active_token":true}`)
	if status != 200 || got["role"] != "catalog_admin" || got["access_token_expiry"] != 900.0 || got["access_token_duration"] != 900.0 || got["single_active_token"] != true {
		t.Errorf("%d %v", status, got)
	}
	status, got, _ = g.do(t, admin, "POST", clientsURL+id+"/rotate-secret", "")
	fresh, _ := got["client_secret"].(string)
	if status != 200 || fresh == text || issue(text) == nil || issue(fresh) != nil {
		t.Errorf("%d after a rotation", status)
	}
	if status, _, _ = g.do(t, admin, "POST", clientsURL+id+"/revoke-tokens/", ""); status != 204 {
		t.Errorf("revoke-tokens: %d", status)
	}
	status, got, h = g.do(t, admin, "GET", clientsURL, "")
	if list, _ := got["text"].(string); status != 200 || !strings.Contains(list, id) || strings.Contains(list, "psk_") || h.Get("X-Total-Count") != "2" {
		t.Errorf("%d %v", status, got)
	}
	if status, _, _ = g.do(t, admin, "DELETE", clientsURL+id+"/", ""); status != 204 || issue(fresh) == nil {
		t.Errorf("delete: %d", status)
	}
	for method, path := range map[string]string{"GET": "", "PATCH": "", "DELETE": "", "POST": "/rotate-secret/"} {
		if status, _, _ = g.do(t, admin, method, clientsURL+id+path, `{}`); status != 404 {
			t.Errorf("%s of a deleted client: %d", method, status)
		}
	}
	if strings.Contains(g.log.String(), "psk_") || strings.Contains(g.log.String(), admin) {
		t.Error("the log shows a secret or a token")
	}
}

func TestClientRequestsNameTheFieldThatIsWrong(t *testing.T) {
	g := newClientsGate(t)
	admin := g.login(t, "admin", auth.ServerAdmin)
	for body, field := range map[string]string{
		`{"role":"viewer"}`:              "name",
		`{"name":"Bad","role":"viewer"}`: "name",
		`{"name":"a"}`:                   "role",
		`{"name":"a","role":"root"}`:     "role",
		`{"name":"a","role":"viewer","access_token_expiry":299}`:                                                "access_token_expiry",
		`{"name":"a","role":"viewer","access_token_duration":259201}`:                                           "access_token_expiry",
		`{"name":"a","role":"viewer","access_token_lifetime":0}`:                                                "access_token_expiry",
		`{"name":"a","role":"viewer","access_token_expiry":9223372036854}`:                                      "access_token_expiry",
		`{"name":"a","role":"viewer","access_token_expiry":"600"}`:                                              "access_token_expiry",
		`{"name":"a","role":"viewer","access_token_expiry":600.5}`:                                              "access_token_expiry",
		`{"name":"a","role":"viewer","access_token_expiry":600,"access_token_duration":601}`:                    "access_token_expiry",
		`{"name":"a","role":"viewer","grant_types":["authorization_code"]}`:                                     "grant_types",
		`{"name":"a","role":"viewer","grant_types":[]}`:                                                         "grant_types",
		`{"name":"a","role":"viewer","grant_types":["client_credentials","refresh_token"]}`:                     "grant_types",
		`{"name":"a","client_type":"confidential","redirect_uris":["https://x.example"],"pkce_required":false}`: "redirect_uris",
		`{"name":"a","role":"viewer","client_type":"public"}`:                                                   "client_type",
		`{"name":"admin","role":"viewer"}`:                                                                      "name",
	} {
		status, got, h := g.do(t, admin, "POST", clientsURL, body)
		errs, _ := got["errors"].([]any)
		if len(errs) != 1 || errs[0].(map[string]any)["field"] != field || h.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %v", body, status, got)
		}
		if want := map[bool]int{true: 409, false: 400}[strings.Contains(body, `"admin"`)]; status != want {
			t.Errorf("%s: %d, not %d", body, status, want)
		}
	}
	for _, body := range []string{``, `[]`, `"x"`, `{"name":`, `null x`} {
		if status, got, _ := g.do(t, admin, "POST", clientsURL, body); status != 400 {
			t.Errorf("%q: %d %v", body, status, got)
		}
	}
	if _, _, h := g.do(t, admin, "GET", clientsURL, ""); h.Get("X-Total-Count") != "1" {
		t.Errorf("a refused request made a client: %s", h.Get("X-Total-Count"))
	}
}

func TestClientsAreForServerAdminsOnly(t *testing.T) {
	g := newClientsGate(t)
	viewer := g.login(t, "viewer", auth.Viewer)
	for _, r := range (rest.Clients{}).Routes() {
		path := strings.ReplaceAll(r.Path, "{client_id}", "pc_x")
		if status, _, _ := g.do(t, "", r.Method, path, "{}"); status != 401 {
			t.Errorf("%s %s without a token: %d", r.Method, path, status)
		}
		if status, _, _ := g.do(t, viewer, r.Method, path, "{}"); status != 403 {
			t.Errorf("%s %s as a Viewer: %d", r.Method, path, status)
		}
	}
}

func TestUserInfoSaysWhoCalls(t *testing.T) {
	g := newClientsGate(t)
	token := g.login(t, "etl job", auth.Composer)
	status, got, _ := g.do(t, token, "GET", "/integration/v1/userinfo/", "")
	id, _ := got["client_id"].(string)
	want := map[string]any{
		"id": 1.0, "sub": "1", "role": "composer", "name": "etl job", "display_name": "etl job", "username": "etl job",
		"email": "client-" + id + "@postern.invalid", "client_id": id, "is_active": true,
	}
	if d := cmp.Diff(want, got); status != 200 || d != "" {
		t.Errorf("%d %s", status, d)
	}
	if status, _, _ := g.do(t, "", "GET", "/integration/v1/userinfo", ""); status != 401 {
		t.Errorf("without a token: %d", status)
	}
}
