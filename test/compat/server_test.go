//go:build integration

package compat_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postern/postern/internal/testpg"
)

// TestMain ends the PostgreSQL that a test started.
func TestMain(m *testing.M) { testpg.Main(m) }

// missing skips a test for want of a program, and fails it where CI is set.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is needed and missing", what)
	}
	t.Skipf("%s is missing", what)
}

// server is a Postern on a throw-away data directory, and a Viewer client.
type server struct {
	t         *testing.T
	bin, data string
	base      string

	client struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
}

// serve starts POSTERN_BIN, or what `make build` made, on a free loopback port.
func serve(t *testing.T, flags ...string) *server {
	t.Helper()
	bin := os.Getenv("POSTERN_BIN")
	if bin == "" {
		bin = filepath.Join("..", "..", "bin", "postern")
	}
	if _, err := os.Stat(bin); err != nil {
		missing(t, "bin/postern (make build, or set POSTERN_BIN)")
	}
	s := &server{t: t, bin: bin, data: t.TempDir()}
	cmd := exec.Command(bin, append([]string{"serve", "--data", s.data, "--listen", "127.0.0.1:0", "--allow-network", "127.0.0.1/32"}, flags...)...)
	out := &address{found: make(chan string, 1)}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-done
		if t.Failed() && os.Getenv("COMPAT_LOG") != "" {
			t.Logf("the server's log:\n%s", out.text.String())
		}
	})
	select {
	case s.base = <-out.found:
	case <-done:
		t.Fatalf("the server ended:\n%s", out.text.String())
	case <-time.After(30 * time.Second):
		t.Fatal("the server did not say where it listens")
	}
	if err := json.Unmarshal(s.cli("", "client", "create", "--name", "compat", "--role", "viewer", "--json"), &s.client); err != nil {
		t.Fatal(err)
	}
	return s
}

// address reads a server's output for the URL it serves on.
type address struct {
	text  bytes.Buffer
	found chan string
	sent  bool
}

// Write is called from one goroutine: os/exec gives one for the two streams.
func (a *address) Write(b []byte) (int, error) {
	a.text.Write(b)
	if !a.sent {
		for word := range strings.FieldsSeq(a.text.String()) {
			if u, err := url.Parse(word); err == nil && u.Scheme == "http" && u.Port() != "" && u.Path == "" {
				a.sent = true
				a.found <- word
				break
			}
		}
	}
	return len(b), nil
}

// cli runs an operator's command on the server's data directory.
func (s *server) cli(stdin string, args ...string) []byte {
	s.t.Helper()
	cmd := exec.Command(s.bin, args...)
	cmd.Env = append(os.Environ(), "POSTERN_DATA="+s.data)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("postern %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.String())
	}
	return out
}

// token is a new access token of the client.
func (s *server) token() string {
	s.t.Helper()
	var grant struct {
		AccessToken string `json:"access_token"`
	}
	r, err := http.PostForm(s.base+"/oauth/v2/token/", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {s.client.ID}, "client_secret": {s.client.Secret}})
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Body.Close()
	if err := json.NewDecoder(r.Body).Decode(&grant); err != nil || grant.AccessToken == "" {
		s.t.Fatalf("no token: %s, %v", r.Status, err)
	}
	return grant.AccessToken
}

// login stores a warehouse login that has to work.
func (s *server) login(productID, username, password string) {
	s.t.Helper()
	body, err := json.Marshal(map[string]string{"state": "compat", "dp_id": productID, "username": username, "password": password})
	if err != nil {
		s.t.Fatal(err)
	}
	got := s.post("/api/v2/auth/credentials/", body)
	defer got.Body.Close()
	var stored struct{ Status, Detail string }
	if err := json.NewDecoder(got.Body).Decode(&stored); err != nil || stored.Status != "active" {
		s.t.Fatalf("the login for %s is %+v (%s), %v", productID, stored, got.Status, err)
	}
}

// post sends a document as the client.
func (s *server) post(path string, body []byte) *http.Response {
	s.t.Helper()
	r, err := http.NewRequest("POST", s.base+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token())
	r.Header.Set("Content-Type", "application/json")
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}
