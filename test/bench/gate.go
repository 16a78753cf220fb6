package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// gate is Postern as an operator runs it: the binary, a data directory on the
// file system whose fsync is measured, its defaults, its record and its log.
type gate struct {
	*process
	addr     string
	bin, dir string
	client   struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	token   string
	started []float64 // seconds from its start to /readyz
}

func (g *gate) url(path string) string { return "http://" + g.addr + path }

// setUp makes the client and the two products, before the server runs.
func setUp(bin, dir, pgHost, duckFile string) (*gate, error) {
	g := &gate{bin: bin, dir: filepath.Join(dir, "data")}
	specs := map[string]string{
		"accounts": spec("accounts", "postgresql://"+pgHost+"/postgres?sslmode=disable", "", "public", [][2]string{{"id", "numeric"}, {"owner", "text"}, {"balance", "numeric"}, {"opened", "date"}}),
		"events": spec("events", "duckdb://"+duckFile, "      x-postern-login: none\n", "main", [][2]string{
			{"id", "numeric"}, {"happened", "date"}, {"customer", "text"}, {"state", "text"}, {"amount", "numeric"}, {"quantity", "numeric"}, {"score", "numeric"}}),
	}
	if err := g.command(&g.client, "client", "create", "--name", "bench", "--role", "viewer", "--duration", "86400", "--json"); err != nil {
		return nil, err
	}
	for name, text := range specs {
		file := filepath.Join(dir, name+".yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return nil, err
		}
		if err := g.command(nil, "product", "apply", "-f", file); err != nil {
			return nil, err
		}
		if err := g.command(nil, "product", "grant", "bench:"+name, "--client", "bench", "--role", "product_viewer"); err != nil {
			return nil, err
		}
	}
	return g, nil
}

func spec(name, uri, more, schema string, columns [][2]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `product:
  productId: bench:%[1]s
  version: 1.0.0
  contactEmail: bench@example.com
  contactName: Bench
  en: {name: Bench %[1]s, description: What the figures are measured on., shortDescription: Bench}
  deliverySystems:
    warehouse:
      type: sql
      uri: %[2]s
%[3]s  recordSets:
    %[1]s:
      name: %[1]s
      displayName: %[1]s
      description: Rows.
      dataAccess:
        - {type: SQL, qualifiedName: {schema: %[4]s, table: %[1]s}}
      schema:
`, name, uri, more, schema)
	for _, c := range columns {
		fmt.Fprintf(&b, "        - {name: %s, type: %s}\n", c[0], c[1])
	}
	return b.String()
}

// command runs one of Postern's own commands on the data directory.
func (g *gate) command(out any, args ...string) error {
	cmd := exec.Command(g.bin, append(args, "--data", g.dir)...)
	text, err := cmd.Output()
	if err != nil {
		if e, ok := err.(*exec.ExitError); ok { //nolint:errorlint // Output gives it bare
			text = e.Stderr
		}
		return fmt.Errorf("postern %s: %w: %s", strings.Join(args[:2], " "), err, text)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// serve starts the server and waits until it is ready.
func (g *gate) serve() error {
	if g.addr == "" { // the same in each start, since it is the issuer of tokens
		addr, err := freeAddr()
		if err != nil {
			return err
		}
		g.addr = addr
	}
	began := time.Now()
	p, err := start(g.dir+".log", g.bin, "serve", "--data", g.dir, "--listen", g.addr, "--allow-network", "127.0.0.0/8")
	if err != nil {
		return err
	}
	g.process = p
	took, err := await(g.url("/readyz"), began, 30*time.Second)
	g.started = append(g.started, took.Seconds())
	return err
}

// signIn gets a token, and stores the warehouse's login.
func (g *gate) signIn() error {
	var token struct {
		Access string `json:"access_token"`
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {g.client.ID}, "client_secret": {g.client.Secret}}
	if err := g.post("/oauth/v2/token/", "application/x-www-form-urlencoded", form.Encode(), &token); err != nil {
		return err
	}
	g.token = token.Access
	var stored struct {
		Status string `json:"status"`
	}
	body := fmt.Sprintf(`{"state":"bench","dp_id":"bench:accounts","username":"bench","password":%q}`, pgPassword)
	return g.post("/api/v2/auth/credentials/", "application/json", body, &stored)
}

func (g *gate) post(path, kind, body string, out any) error {
	req, err := http.NewRequest(http.MethodPost, g.url(path), strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", kind)
	if g.token != "" {
		req.Header.Set("Authorization", "Bearer "+g.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode/100 != 2 {
		return fmt.Errorf("POST %s: %s %s: %w", path, res.Status, bytes.TrimSpace(text), err)
	}
	return json.Unmarshal(text, out)
}

// payload is how many bytes of claims a token has.
func (g *gate) payload() (int, error) {
	parts := strings.Split(g.token, ".")
	if len(parts) != 3 {
		return 0, fmt.Errorf("the token is not a JWT")
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	return len(b), err
}

// commits reads how many commits and changes the store has made so far.
func (g *gate) commits() (commits, changes float64, err error) {
	res, err := http.Get(g.url("/metrics"))
	if err != nil {
		return 0, 0, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		_, _ = fmt.Sscanf(line, "postern_store_commits_total %g", &commits)
		_, _ = fmt.Sscanf(line, "postern_store_changes_total %g", &changes)
	}
	if commits == 0 {
		return 0, 0, fmt.Errorf("/metrics does not say how many commits the store made")
	}
	return commits, changes, nil
}
