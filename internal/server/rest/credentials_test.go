package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/credential"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/server/rest"
	"github.com/postern/postern/internal/server/web"
)

const (
	credentialCanary = "c4nary-Passw0rd-0123456789"
	credentialID     = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
)

// credentialGate keeps one credential in memory, by the real field rules.
type credentialGate struct {
	got    credential.New
	stored bool
	panics bool
}

func (g *credentialGate) StoreCredential(_ context.Context, c auth.Caller, n credential.New) (credential.Credential, bool, error) {
	g.got = n
	if g.panics {
		panic(fmt.Sprintf("driver failed with %v", n))
	}
	if err := n.Check(); err != nil {
		return credential.Credential{}, false, err
	}
	if n.ProductID != "shop" {
		return credential.Credential{}, false, fault.New(fault.NotFound, "data product %q not found", n.ProductID)
	}
	if n.Type() == credential.None {
		return credential.Credential{}, false, credential.NoSecret()
	}
	created := !g.stored
	g.stored = true
	return g.credential(c), created, nil
}

func (g *credentialGate) credential(c auth.Caller) credential.Credential {
	return credential.Credential{
		ID: credentialID, Owner: c.Subject(), ProductID: "shop", State: g.got.State, Username: g.got.Username,
		Type: g.got.Type(), Status: credential.Active, CreatedAt: time.Unix(1700000000, 0), UpdatedAt: time.Unix(1700000001, 5000),
	}
}

func (g *credentialGate) Credentials(_ context.Context, c auth.Caller, productID string, limit, skip int) ([]credential.Credential, int, error) {
	if !g.stored || productID == "other" {
		return nil, 0, nil
	}
	return []credential.Credential{g.credential(c)}, 1, nil
}

func (g *credentialGate) Credential(_ context.Context, c auth.Caller, id string) (credential.Credential, error) {
	if !g.stored || id != credentialID {
		return credential.Credential{}, fault.New(fault.NotFound, "credential not found")
	}
	return g.credential(c), nil
}

func (g *credentialGate) TestCredential(ctx context.Context, c auth.Caller, id string) (credential.Credential, error) {
	return g.Credential(ctx, c, id)
}

func (g *credentialGate) DeleteCredential(ctx context.Context, c auth.Caller, id string) error {
	_, err := g.Credential(ctx, c, id)
	g.stored = g.stored && err != nil
	return err
}

// anyone lets every token in, as the client it names.
type anyone struct{}

func (anyone) Verify(_ context.Context, token, _ string) (auth.Caller, error) {
	return auth.Caller{Kind: auth.Machine, ClientID: auth.ClientID(token), Role: auth.Viewer, Scopes: []auth.Scope{auth.ScopeAll}}, nil
}
func (anyone) Permit(context.Context, auth.Caller, auth.Scope) error     { return nil }
func (anyone) Refused(context.Context, auth.Caller, string, error) error { return nil }

// credentialMux serves routes to anyone with a token, and keeps the log.
func credentialMux(t *testing.T, routes []web.Route) (*web.Mux, *bytes.Buffer) {
	t.Helper()
	logs := &bytes.Buffer{}
	m := &web.Mux{PublicURL: "http://postern.test", Guard: anyone{}, Log: slog.New(slog.NewJSONHandler(logs, nil))}
	if err := m.Add(routes...); err != nil {
		t.Fatal(err)
	}
	return m, logs
}

func credentialCall(m http.Handler, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer token")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	return w
}

func TestCredentialsOverTheWire(t *testing.T) {
	gate := &credentialGate{}
	m, _ := credentialMux(t, rest.Credentials{Gate: gate}.Routes())
	body := `{"state":"prod","username":"ann","dp_id":"shop","password":"` + credentialCanary + `","allow_fallback_auth":true}`
	view := `{"auth_id":"` + credentialID + `","state":"prod","dp_id":"shop","username":"ann","auth_type":"basic","status":"active","created_at":"2023-11-14T22:13:20.000000Z","updated_at":"2023-11-14T22:13:21.000005Z"}` + "\n"
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/api/v2/auth/credentials/", "", 200, `{"results":[],"total":0}` + "\n"},
		{"POST", "/api/v2/auth/credentials/", body, 201, view},
		{"POST", "/api/v2/auth/credentials", body, 200, view},
		{"GET", "/api/v2/auth/credentials/?dp_id=shop&limit=5&skip=0", "", 200, `{"results":[` + strings.TrimSpace(view) + `],"total":1}` + "\n"},
		{"GET", "/api/v2/auth/credentials/" + credentialID + "/", "", 200, view},
		{"POST", "/api/v2/auth/credentials/" + credentialID + "/test/", "", 200, view},
		{"DELETE", "/api/v2/auth/credentials/" + credentialID, "", 204, ""},
	} {
		w := credentialCall(m, c.method, c.path, c.body)
		if w.Code != c.status || w.Body.String() != c.want {
			t.Errorf("%s %s: %d %s", c.method, c.path, w.Code, cmp.Diff(c.want, w.Body.String()))
		}
	}
	if gate.got.Secret.Password.Reveal() != credentialCanary {
		t.Error("the password did not arrive")
	}
	if w := credentialCall(m, "GET", "/api/v2/auth/credentials/"+credentialID+"/", ""); w.Code != 404 {
		t.Errorf("after deletion: %d", w.Code)
	}
}

func TestBadCredentialsNameTheirFields(t *testing.T) {
	with := func(change map[string]any) string {
		b := map[string]any{"state": "prod", "username": "ann", "dp_id": "shop", "password": credentialCanary}
		for k, v := range change {
			if v == nil {
				delete(b, k)
			} else {
				b[k] = v
			}
		}
		out, _ := json.Marshal(b)
		return string(out)
	}
	for _, c := range []struct {
		name, body string
		status     int
		fields     []string
	}{
		{"no state", with(map[string]any{"state": nil}), 422, []string{"state"}},
		{"no username", with(map[string]any{"username": nil}), 422, []string{"username"}},
		{"no dp_id", with(map[string]any{"dp_id": nil}), 422, []string{"dp_id"}},
		{"no secret", with(map[string]any{"password": nil}), 422, []string{"password"}},
		{"an empty secret", with(map[string]any{"password": ""}), 422, []string{"password"}},
		{"both secrets", with(map[string]any{"private_key": credentialCanary}), 422, []string{"password"}},
		{"a passphrase for a password", with(map[string]any{"passphrase": credentialCanary}), 422, []string{"passphrase"}},
		{"state is a number", with(map[string]any{"state": 7}), 422, []string{"state"}},
		{"dp_id is a list", with(map[string]any{"dp_id": []string{credentialCanary}}), 422, []string{"dp_id"}},
		{"password is a number", with(map[string]any{"password": 7}), 422, []string{"password"}},
		{"password is an object", with(map[string]any{"password": map[string]string{"v": credentialCanary}}), 422, []string{"password"}},
		{"private_key is a list", with(map[string]any{"password": nil, "private_key": []string{credentialCanary}}), 422, []string{"private_key"}},
		{"an empty object", `{}`, 422, []string{"state", "username", "dp_id"}},
		{"null", `null`, 400, nil},
		{"a list", `["` + credentialCanary + `"]`, 400, nil},
		{"a text", `"` + credentialCanary + `"`, 400, nil},
		{"not JSON", `password=` + credentialCanary, 400, nil},
		{"cut short", with(nil)[:60], 400, nil},
		{"nothing", ``, 400, nil},
		{"two documents", with(nil) + with(nil), 400, nil},
		{"an invisible product", with(map[string]any{"dp_id": "hidden"}), 404, nil},
		{"too large", with(map[string]any{"private_key": strings.Repeat("x", web.MaxBody)}), 413, nil},
		{"a key of 70,000 bytes", with(map[string]any{"password": nil, "private_key": strings.Repeat("x", 70000)}), 422, []string{"private_key"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			gate := &credentialGate{}
			m, logs := credentialMux(t, rest.Credentials{Gate: gate}.Routes())
			w := credentialCall(m, "POST", "/api/v2/auth/credentials/", c.body)
			if w.Code != c.status || gate.stored {
				t.Errorf("status %d, stored %v: %s", w.Code, gate.stored, w.Body)
			}
			var got struct {
				Detail    json.RawMessage `json:"detail"`
				RequestID string          `json:"request_id"`
			}
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.RequestID == "" {
				t.Fatalf("%s: %v", w.Body, err)
			}
			var detail []struct {
				Loc []string `json:"loc"`
			}
			_ = json.Unmarshal(got.Detail, &detail) // a text when there are no fields
			var fields []string
			for _, d := range detail {
				fields = append(fields, strings.Join(d.Loc[1:], "."))
			}
			if !slices.Equal(fields, c.fields) {
				t.Errorf("fields %v, want %v", fields, c.fields)
			}
			if strings.Contains(w.Body.String()+logs.String(), credentialCanary) {
				t.Error("the secret shows")
			}
		})
	}
}

func TestAPanicWithASecretInHandShowsItNowhere(t *testing.T) {
	m, logs := credentialMux(t, rest.Credentials{Gate: &credentialGate{panics: true}}.Routes())
	w := credentialCall(m, "POST", "/api/v2/auth/credentials/", `{"state":"s","username":"u","dp_id":"shop","password":"`+credentialCanary+`"}`)
	if w.Code != 500 || strings.Contains(w.Body.String()+logs.String(), credentialCanary) {
		t.Errorf("%d %s %s", w.Code, w.Body, logs)
	}
}
