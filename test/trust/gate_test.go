// Package trust_test proves what cannot be seen by asking: that what was
// answered is on the disk. It runs the real binary. In make test the rounds
// are few; test/trust/run does them for as long as it is told.
package trust_test

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite" // looks into the store, and makes the warehouse
)

// bin is the binary under test: POSTERN_BIN, or one built by TestMain.
var bin string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "postern-trust-")
	if err != nil {
		panic(err)
	}
	code := 1
	if bin = os.Getenv("POSTERN_BIN"); bin == "" {
		bin = filepath.Join(dir, "postern")
		var out []byte
		out, err = exec.Command("go", "build", "-tags", "duckdb_arrow", "-o", bin, "github.com/postern/postern/cmd/postern").CombinedOutput()
		if err != nil {
			fmt.Fprintf(os.Stderr, "build the binary under test: %v\n%s", err, out)
		}
	}
	if err == nil {
		code = m.Run()
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// rounds is how often something is tried: few, or POSTERN_TRUST_ROUNDS.
func rounds(few int) int {
	if n, err := strconv.Atoi(os.Getenv("POSTERN_TRUST_ROUNDS")); err == nil {
		return n
	}
	return few
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// cli runs a command that has to succeed.
func cli(t *testing.T, args ...string) []byte {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(bin, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("postern %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.Bytes())
	}
	return out
}

// gate is a data directory with a product and a Server Admin client, and the
// server on it while one runs.
type gate struct {
	t      *testing.T
	dir    string
	id     string
	secret string
	url    string
	cmd    *exec.Cmd
	names  int // of clients made so far
}

const spec = `product:
  productId: trust:sales
  version: 1.0.0
  contactEmail: ann@example.com
  contactName: Ann
  en: {name: Sales}
  deliverySystems: {shop: {type: sql, uri: "sqlite://%s"}}
  recordSets:
    sales: {name: sales, schema: [{name: id, type: numeric}], dataAccess: [{type: SQL, qualifiedName: {schema: main, table: sales}}]}
`

func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{t: t, dir: filepath.Join(t.TempDir(), "data")}
	warehouse := filepath.Join(t.TempDir(), "sales.sqlite")
	db, err := sql.Open("sqlite", warehouse)
	ok(t, err)
	_, err = db.Exec(`CREATE TABLE sales (id INTEGER); INSERT INTO sales VALUES (1), (2)`)
	ok(t, err)
	ok(t, db.Close())
	file := filepath.Join(t.TempDir(), "sales.yaml")
	ok(t, os.WriteFile(file, fmt.Appendf(nil, spec, warehouse), 0o600))
	cli(t, "product", "apply", "--data", g.dir, "-f", file)
	var made struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	ok(t, json.Unmarshal(cli(t, "client", "create", "--data", g.dir, "--name", "load", "--role", "server_admin", "--json"), &made))
	g.id, g.secret = made.ID, made.Secret
	return g
}

var serves = regexp.MustCompile(`serves on (http\S+)`)

// start runs the server, under another program when one is named.
func (g *gate) start(under ...string) {
	g.t.Helper()
	args := append(under, bin, "serve", "--data", g.dir, "--listen", "127.0.0.1:0")
	g.cmd = exec.Command(args[0], args[1:]...)
	stderr, err := g.cmd.StderrPipe()
	ok(g.t, err)
	ok(g.t, g.cmd.Start())
	lines := bufio.NewReader(stderr)
	var seen strings.Builder
	for {
		line, err := lines.ReadString('\n')
		seen.WriteString(line)
		if m := serves.FindStringSubmatch(line); m != nil {
			g.url = m[1]
			break
		}
		if err != nil {
			g.t.Fatalf("serve ended: %v\n%s", g.cmd.Wait(), seen.String())
		}
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
}

// answered is what the server said yes to: the request's id, and the client
// that it made, if it did.
type answered struct{ kind, request, client string }

// load sends what changes something from several sides at once, until a
// request fails or each side sent its share; it gives everything that was
// answered.
func (g *gate) load(sides, share int) []answered {
	g.t.Helper()
	var all []answered
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range sides {
		g.names++
		s := &side{gate: g, name: g.names, client: &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}}
		wg.Go(func() {
			defer s.client.CloseIdleConnections()
			for s.n = 0; s.n < share; s.n++ {
				if !s.turn() {
					break
				}
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, s.got...)
		})
	}
	wg.Wait()
	return all
}

// side is one of those who send.
type side struct {
	*gate
	name, n int
	client  *http.Client
	got     []answered
}

// turn gets a token, makes a client, stores a credential and runs a query.
func (s *side) turn() bool {
	form := "grant_type=client_credentials&client_id=" + s.id + "&client_secret=" + s.secret
	var token struct {
		Token string `json:"access_token"`
	}
	if !s.send("token", "/oauth/v2/token/", "", "application/x-www-form-urlencoded", form, &token) {
		return false
	}
	var made struct {
		ID string `json:"client_id"`
	}
	client := fmt.Sprintf(`{"name":"made %d %d","role":"viewer"}`, s.name, s.n)
	if !s.send("client", "/integration/core/v1/oauth/clients/", token.Token, "application/json", client, &made) {
		return false
	}
	s.got[len(s.got)-1].client = made.ID
	credential := fmt.Sprintf(`{"state":"%d %d","username":"u","password":"p","dp_id":"trust:sales"}`, s.name, s.n)
	return s.send("credential", "/api/v2/auth/credentials/", token.Token, "application/json", credential, nil) &&
		s.send("query", "/api/v2/data-product/trust:sales/query/", token.Token, "application/json", `{"sql":"SELECT count(*) AS n FROM sales"}`, nil)
}

// send notes the request when its answer came whole. It gives false when the
// server is gone.
func (s *side) send(kind, path, token, contentType, body string, out any) bool {
	req, err := http.NewRequest("POST", s.url+path, strings.NewReader(body))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := s.client.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return false
	}
	if res.StatusCode/100 != 2 {
		s.t.Errorf("%s: %d %s", kind, res.StatusCode, b)
		return false
	}
	s.got = append(s.got, answered{kind: kind, request: res.Header.Get("X-Request-Id")})
	return out == nil || json.Unmarshal(b, out) == nil
}

// look opens a store's file and says which of the answered things are missing,
// and what is half-written: a client without its record or a record without
// its client.
func look(file string, said []answered) (missing []string, err error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(10000)")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	var sound string
	if err := db.QueryRow(`PRAGMA integrity_check`).Scan(&sound); err != nil || sound != "ok" {
		return nil, fmt.Errorf("integrity check: %s (%w)", sound, err)
	}
	requests, err := set(db, `SELECT request_id FROM audit_records`)
	if err != nil {
		return nil, err
	}
	clients, err := set(db, `SELECT client_id FROM oauth_clients`)
	if err != nil {
		return nil, err
	}
	for _, a := range said {
		if !requests[a.request] || a.client != "" && !clients[a.client] {
			missing = append(missing, a.kind+" "+a.request)
		}
	}
	var torn int
	err = db.QueryRow(`SELECT (SELECT count(*) FROM oauth_clients) - (SELECT count(*) FROM audit_records WHERE kind = 'client.created')
		+ (SELECT count(*) FROM credentials) - (SELECT count(*) FROM audit_records WHERE kind = 'credential.stored')
		+ (SELECT sum(seq) FROM audit_heads) - (SELECT count(*) FROM audit_records)`).Scan(&torn)
	if err == nil && torn != 0 {
		err = fmt.Errorf("clients, credentials and heads differ by %d from their records", torn)
	}
	return missing, err
}

func set(db *sql.DB, query string) (map[string]bool, error) {
	rows, err := db.Query(query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]bool{}
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out[s] = true
	}
	return out, rows.Err()
}
