package oauth_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/keyring"
	"github.com/postern/postern/internal/server/oauth"
	"github.com/postern/postern/internal/server/web"
	"github.com/postern/postern/internal/store"
)

var update = flag.Bool("update", false, "write what is answered into the wire files")

const publicURL = "https://gate.example"

// gate is the door over a real store, on a real connection.
type gate struct {
	*httptest.Server
	log     bytes.Buffer
	issuer  *auth.Issuer
	secrets []string
	vars    map[string]string
}

func newGate(t *testing.T) *gate {
	t.Helper()
	ctx, dir := context.Background(), t.TempDir()
	now := func() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }
	db, err := store.Open(ctx, store.Config{Dir: dir, Writer: "test", Now: now})
	must(t, err)
	master, err := keyring.LoadMaster(dir, false)
	must(t, err)
	ring, err := keyring.Open(ctx, db, master, now())
	must(t, err)
	clients := &auth.Clients{Store: db, Pepper: ring.MAC("client secret"), Limits: &auth.Limits{Now: now}, Now: now}
	keys := &auth.Keys{Store: db, Seal: ring.AEAD("jwt signing key"), Now: now}
	must(t, keys.Ensure(ctx))
	v := &auth.Verifier{Store: db, Keys: keys, PublicURL: publicURL, Now: now}
	g := &gate{vars: map[string]string{}}
	g.issuer = &auth.Issuer{Clients: clients, Store: db, Keys: keys, Verifier: v, PublicURL: publicURL, Now: now}
	mux := &web.Mux{PublicURL: publicURL, Log: slog.New(slog.NewJSONHandler(&g.log, nil))}
	must(t, mux.Add(oauth.Handler{Tokens: g.issuer, PublicURL: publicURL}.Routes()...))
	g.Server = httptest.NewServer(mux)
	t.Cleanup(func() { g.Close(); must(t, db.Close()) })
	for _, name := range []string{"", "other"} {
		c, s, err := clients.Create(ctx, auth.NewClient{Name: "etl" + name, Role: auth.Viewer})
		must(t, err)
		g.secrets = append(g.secrets, s.Reveal())
		g.vars[name+"id"], g.vars[name+"secret"] = string(c.ID), s.Reveal()
		g.vars[name+"basic"] = base64.StdEncoding.EncodeToString([]byte(string(c.ID) + ":" + s.Reveal()))
		g.vars[name+"wrongbasic"] = base64.StdEncoding.EncodeToString([]byte(string(c.ID) + ":wrong"))
	}
	// As RFC 6749 has it, both halves form-encoded: every character by its number.
	encode := func(s string) (out string) {
		for _, b := range []byte(s) {
			out += fmt.Sprintf("%%%02X", b)
		}
		return out
	}
	g.vars["encodedbasic"] = base64.StdEncoding.EncodeToString([]byte(encode(g.vars["id"]) + ":" + encode(g.vars["secret"])))
	return g
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// send sends a request as the wire files write it.
func (g *gate) send(t *testing.T, text string) (*http.Response, string) {
	t.Helper()
	for k, v := range g.vars {
		text = strings.ReplaceAll(text, "{{"+k+"}}", v)
	}
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	method, path, _ := strings.Cut(lines[0], " ")
	req, err := http.NewRequestWithContext(context.Background(), method, g.URL+path, strings.NewReader(strings.TrimSuffix(body, "\n")))
	must(t, err)
	for _, l := range lines[1:] {
		k, v, _ := strings.Cut(l, ": ")
		req.Header.Add(k, v)
	}
	res, err := http.DefaultTransport.RoundTrip(req) // no redirects followed
	must(t, err)
	defer res.Body.Close() //nolint:errcheck // a test
	b, err := io.ReadAll(res.Body)
	must(t, err)
	return res, string(b)
}

var shown = []string{"Content-Type", "Cache-Control", "Pragma", "Www-Authenticate", "Retry-After", "Allow", "Location"}

// what differs each time
var (
	masks = []struct {
		re *regexp.Regexp
		to string
	}{
		{regexp.MustCompile(`"request_id":"[A-Z2-7]{26}"`), `"request_id":"REQUEST"`},
		{regexp.MustCompile(`"access_token":"eyJ[\w-]+\.[\w-]+\.[\w-]+"`), `"access_token":"JWT"`},
		{regexp.MustCompile(`"jti":"[A-Z2-7]{26}"`), `"jti":"JTI"`},
		{regexp.MustCompile(`"client_id":"pc_[a-z2-7]{26}"`), `"client_id":"ID"`},
		{regexp.MustCompile(`"(x|y|kid)":"[\w-]{43}"`), `"$1":"BASE64"`},
	}
)

func (g *gate) show(res *http.Response, body string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d\n", res.StatusCode)
	for _, h := range shown {
		if v := res.Header.Get(h); v != "" {
			fmt.Fprintf(&b, "%s: %s\n", h, v)
		}
	}
	for _, m := range masks {
		body = m.re.ReplaceAllString(body, m.to)
	}
	if body != "" {
		b.WriteString("\n" + strings.TrimSuffix(body, "\n") + "\n")
	}
	return b.String()
}

func TestWire(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	must(t, err)
	if len(files) == 0 {
		t.Fatal("no wire files in testdata")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { wire(t, file) })
	}
}

func wire(t *testing.T, file string) {
	g := newGate(t)
	a, err := txtar.ParseFile(file)
	must(t, err)
	if len(a.Files) == 0 || len(bytes.TrimSpace(a.Comment)) == 0 {
		t.Fatalf("%s has no requests or does not say what it shows", file)
	}
	out := &txtar.Archive{Comment: a.Comment}
	for i := 0; i < len(a.Files); i++ {
		f := a.Files[i]
		if f.Name != "request" {
			continue
		}
		res, body := g.send(t, string(f.Data))
		if res.Header.Get("X-Request-Id") == "" {
			t.Error("an answer without X-Request-Id")
		}
		got := g.show(res, body)
		for _, s := range g.secrets {
			if strings.Contains(got, s) {
				t.Errorf("an answer shows a secret: %s", got)
			}
		}
		var v struct {
			Token string `json:"access_token"`
		}
		if json.Unmarshal([]byte(body), &v) == nil && v.Token != "" {
			g.vars["token"] = v.Token
			g.secrets = append(g.secrets, v.Token)
		}
		out.Files = append(out.Files, f, txtar.File{Name: "response", Data: []byte(got)})
	}
	for _, s := range g.secrets {
		if strings.Contains(g.log.String(), s) {
			t.Errorf("the log shows a secret or a token")
		}
	}
	if *update {
		must(t, os.WriteFile(file, txtar.Format(out), 0o600))
		return
	}
	if d := cmp.Diff(string(txtar.Format(a)), string(txtar.Format(out))); d != "" {
		t.Errorf("%s (-want +got):\n%s", file, d)
	}
}

func TestFormsAreCutOffAtTheirLimit(t *testing.T) {
	g := newGate(t)
	for size, want := range map[int]int{64<<10 - 100: 200, 64 << 10: 413, 1 << 20: 413} {
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {g.vars["id"]}, "client_secret": {g.vars["secret"]}, "pad": {""}}.Encode()
		body := strings.Replace(form, "pad=", "pad="+strings.Repeat("a", size-len(form)+1), 1)
		res, got := g.send(t, "POST /oauth/v2/token/\nContent-Type: application/x-www-form-urlencoded\n\n"+body)
		if res.StatusCode != want {
			t.Errorf("a body of %d bytes: %d %s", size, res.StatusCode, got)
		}
	}
}

func TestEveryParameterTwiceIsRefused(t *testing.T) {
	g := newGate(t)
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {g.vars["id"]}, "client_secret": {g.vars["secret"]}, "scope": {"query"}}
	for name := range form {
		twice := form.Encode() + "&" + name + "=" + url.QueryEscape(form.Get(name))
		res, body := g.send(t, "POST /oauth/v2/token/\nContent-Type: application/x-www-form-urlencoded\n\n"+twice)
		if res.StatusCode != 400 || !strings.Contains(body, `"invalid_request"`) {
			t.Errorf("%s twice: %d %s", name, res.StatusCode, body)
		}
	}
}

func TestErrorsReflectNothing(t *testing.T) {
	g := newGate(t)
	const evil = "<script>alert(1)</script>"
	for _, p := range []string{"grant_type", "client_id", "scope", "resource"} {
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {g.vars["id"]}, "client_secret": {g.vars["secret"]}}
		form.Set(p, evil)
		res, body := g.send(t, "POST /oauth/v2/token/\nContent-Type: application/x-www-form-urlencoded\n\n"+form.Encode())
		if res.StatusCode < 400 || strings.Contains(body, "<script") || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %s", p, res.StatusCode, body)
		}
	}
}

func TestTooManyWrongSecretsGetRetryAfter(t *testing.T) {
	g := newGate(t)
	wrong := "POST /oauth/v2/token\nContent-Type: application/x-www-form-urlencoded\n\ngrant_type=client_credentials&client_id={{id}}&client_secret=wrong"
	for range 10 {
		if res, body := g.send(t, wrong); res.StatusCode != 401 {
			t.Fatalf("%d %s", res.StatusCode, body)
		}
	}
	res, body := g.send(t, wrong)
	if res.StatusCode != 429 || res.Header.Get("Retry-After") != "6" || !strings.Contains(body, `"slow_down"`) {
		t.Errorf("%d %v %s", res.StatusCode, res.Header, body)
	}
}
