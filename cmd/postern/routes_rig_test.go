package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	_ "modernc.org/sqlite" // the test's own warehouse, and a look at the store

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/server/web"
)

// gateRig is a whole server, wired as serve wires it, with two machines: each
// owns a credential, and neither sees the other's private product.
type gateRig struct {
	*node
	t      *testing.T
	stop   func() // ends the server; again does nothing
	log    bytes.Buffer
	admin  machine // Server Admin
	owner  machine // Composer, who made the product and the credential
	other  machine // Composer without a grant
	authID string  // the owner's credential
	chatID string  // the owner's chat
	agent  string  // the owner's custom agent
	group  string  // the number of a group that the owner is in
	llmID  string  // a language model, which nobody is asked for
	llmKey string  // a key that no model is asked with
}

// machine is an OAuth client with its secret.
type machine struct {
	auth.Client
	secret secret.Secret
	token  string
}

const (
	rigProduct = "rig:sales"
	rigSpec    = `product:
  productId: %s
  version: 1.0.0
  contactEmail: ann@example.com
  contactName: Ann
  en: {name: Sales}
  deliverySystems:
    shop: {type: sql, uri: "sqlite://%s", x-postern-login: none}
  recordSets:
    sales:
      name: sales
      schema: [{name: id, type: numeric}]
      dataAccess: [{type: SQL, qualifiedName: {schema: main, table: sales}}]
  x-postern-verified-queries:
    - {name: least, sql: SELECT min(id) AS id FROM sales}
`
)

const (
	rigMarketID = "rig:market"
	rigMarket   = `marketplace:
  marketplaceId: %s
  contactEmail: ann@example.com
  contactName: Ann
  en: {name: Market}
`
)

func newGateRig(t *testing.T, with ...func(*serveFlags)) *gateRig {
	t.Helper()
	dir := t.TempDir()
	files := filepath.Join(dir, "files")
	ok(t, os.Mkdir(files, 0o700))
	db, err := sql.Open("sqlite", filepath.Join(files, "sales.sqlite"))
	ok(t, err)
	_, err = db.Exec(`CREATE TABLE sales (id INTEGER); INSERT INTO sales VALUES (1), (2)`)
	ok(t, err)
	ok(t, db.Close())
	f := serveFlags{stateFlags: stateFlags{Data: filepath.Join(dir, "data")}, Listen: "127.0.0.1:0", SigningAlg: "ES256", FilesRoot: files}
	for _, change := range with {
		change(&f)
	}
	cfg, err := f.check()
	ok(t, err)
	g := &gateRig{t: t}
	ctx, cancel := context.WithCancel(context.Background())
	n, l, err := f.start(ctx, cfg, slog.New(slog.NewJSONHandler(&g.log, nil)))
	ok(t, err)
	g.node = n
	done := make(chan error, 1)
	go func() { done <- n.serve(ctx, l, cfg) }()
	g.stop = sync.OnceFunc(func() {
		cancel()
		ok(t, <-done)
	})
	t.Cleanup(g.stop)
	g.admin, g.owner, g.other = g.machine("admin", auth.ServerAdmin), g.machine("owner", auth.Composer), g.machine("other", auth.Composer)
	g.fill(files)
	return g
}

// fill makes what the owner owns.
func (g *gateRig) fill(files string) {
	g.t.Helper()
	spec := fmt.Sprintf(rigSpec, rigProduct, filepath.Join(files, "sales.sqlite"))
	g.want(201, g.do("POST", "/integration/data-products/v1/data-product/", g.owner.token, spec, "application/x-yaml"))
	a := g.want(201, g.do("POST", "/api/v2/auth/credentials/", g.owner.token, `{"state":"s","username":"u","password":"p","dp_id":"`+rigProduct+`"}`, ""))
	g.authID = field(g.t, a.body, "auth_id")
	a = g.want(201, g.do("POST", "/ai/api/v1/chats", g.owner.token, `{"name":"rig","tags":["a"]}`, ""))
	g.chatID = field(g.t, a.body, "id")
	a = g.want(201, g.do("POST", "/ai/api/v1/config/agent", g.owner.token, `{"name":"rig"}`, ""))
	g.agent = field(g.t, a.body, "id")
	const base = "/integration/data-products/v1"
	g.want(200, g.do("PUT", base+"/data-product/"+rigProduct+"/version/1.0.0/", g.owner.token, `{"status":"ready"}`, ""))
	g.want(201, g.do("POST", base+"/marketplace/", g.owner.token, fmt.Sprintf(rigMarket, rigMarketID), "application/x-yaml"))
	g.want(200, g.do("POST", base+"/marketplace/"+rigMarketID+"/data-product/"+rigProduct+"/", g.owner.token, "", ""))
	g.want(201, g.do("POST", "/integration/v1/group/", g.admin.token, `{"display_name":"owners"}`, ""))
	g.group = "1"
	a = g.want(201, g.do("POST", "/ai/api/v1/config/llm", g.admin.token, `{"name":"rig","provider":"openai","model":"m","base_url":"https://model.invalid/v1","budget":{"steps":1}}`, ""))
	g.llmID = field(g.t, a.body, "id")
	a = g.want(201, g.do("POST", "/ai/api/v1/llm_credentials", g.admin.token, `{"name":"rig","base_url":"https://model.invalid","api_key":"sk-rig"}`, ""))
	g.llmKey = field(g.t, a.body, "id")
	g.want(200, g.do("POST", "/integration/v1/group/1/member/", g.admin.token, `{"subject_type":"client","subject_id":"`+string(g.owner.ID)+`"}`, ""))
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// machine makes a client and its token.
func (g *gateRig) machine(name string, role auth.Role) machine {
	g.t.Helper()
	cl, sec, err := g.clients().Create(asOperator(context.Background()), auth.NewClient{Name: name, Role: role})
	ok(g.t, err)
	m := machine{Client: cl, secret: sec}
	m.token = g.token(m, "")
	return m
}

// token gets a token, narrowed to a scope when one is named.
func (g *gateRig) token(m machine, scope auth.Scope) string {
	g.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {string(m.ID)}, "client_secret": {m.secret.Reveal()}}
	if scope != "" {
		form.Set("scope", string(scope))
	}
	a := g.want(200, g.do("POST", "/oauth/v2/token/", "", form.Encode(), "application/x-www-form-urlencoded"))
	return field(g.t, a.body, "access_token")
}

// answer is what came back.
type answer struct {
	call   string
	status int
	header http.Header
	body   []byte
}

// do sends a request; the body is JSON unless a content type says otherwise.
func (g *gateRig) do(method, path, token, body, contentType string) answer {
	g.t.Helper()
	req, err := http.NewRequest(method, g.mux.PublicURL+path, strings.NewReader(body))
	ok(g.t, err)
	if contentType == "" {
		contentType = "application/json"
	}
	if body != "" {
		req.Header.Set("Content-Type", contentType)
	}
	req.Header.Set("Accept", "application/json, text/event-stream")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	ok(g.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	ok(g.t, err)
	return answer{method + " " + path, res.StatusCode, res.Header, b}
}

func (g *gateRig) want(status int, a answer) answer {
	g.t.Helper()
	if a.status != status {
		g.t.Errorf("%s: wanted %d, got %d\n%s", a.call, status, a.status, a.body)
	}
	return a
}

// refused checks what every refusal owes its caller: the status, and the same
// request id in header and body.
func (g *gateRig) refused(status int, a answer) {
	g.t.Helper()
	g.want(status, a)
	id := a.header.Get("X-Request-Id")
	if id == "" || !bytes.Contains(a.body, []byte(id)) {
		g.t.Errorf("%s: X-Request-Id is %q, and the body is\n%s", a.call, id, a.body)
	}
}

// count reads a number from the store.
func (g *gateRig) count(query string, args ...any) (n int64) {
	g.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(g.dir, "postern.db"))
	ok(g.t, err)
	defer db.Close()
	ok(g.t, db.QueryRow(query, args...).Scan(&n))
	return n
}

func field(t *testing.T, body []byte, name string) string {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	s, _ := v[name].(string)
	if s == "" {
		t.Fatalf("no %s in %s", name, body)
	}
	return s
}

// at is the route's path with the owner's objects in it.
func (g *gateRig) at(r web.Route) string {
	return strings.NewReplacer(
		"{auth_id}", g.authID, "{product_id}", rigProduct, "{version_id}", "1.0.0", "{data_product_id}", rigProduct,
		"{chat_id}", g.chatID, "{agent_id}", g.agent, "{part}", "export", "{tool_id}", "00000000-0000-4000-8000-000000000000",
		"config/agent/default/{ref}", "config/agent/default/no_such_agent", "config/tool/default/{ref}", "config/tool/default/no_such_tool",
		"{task_id}", "00000000-0000-4000-8000-000000000000", "{marketplace_id}", rigMarketID,
		"{client_id}", string(g.owner.ID), "{group_id}", g.group, "{kid}", "nokey", "{llm_id}", g.llmID, "{llm_credential_id}", g.llmKey, "{asset_id}", "00000000-0000-4000-8000-000000000000",
		"tool/{ref}", "tool/00000000-0000-4000-8000-000000000000",
		"agent/default/{ref}", "agent/default/no_such_agent", "{ref}", "sql_execution_tool",
		"{id}", rigProduct, "{name}", "least", "{evaluation_id}", "ev_none", "{token}", "nothing", "{file}", "nothing", "{rest...}", "nothing",
	).Replace(r.Path)
}

// verb is the route's method; MCP's one route takes them all.
func verb(r web.Route) string {
	if r.Method == "" {
		return "POST"
	}
	return r.Method
}

// guarded gives the routes that a token opens; none would prove nothing.
func (g *gateRig) guarded() []web.Route {
	g.t.Helper()
	var out []web.Route
	for _, r := range g.mux.Routes() {
		if r.Scope != web.Public && r.Scope != web.Session {
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		g.t.Fatal("no route asks for a token")
	}
	return out
}
