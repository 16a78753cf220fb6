package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/keyring"
	"github.com/postern/postern/internal/server/web"
	"github.com/postern/postern/internal/tool"
)

// canaries are secrets that must not be found anywhere but where they were
// given out.
type canaries struct {
	t     *testing.T
	names []string
	forms map[string][][]byte
}

func newCanaries(t *testing.T) *canaries { return &canaries{t: t, forms: map[string][][]byte{}} }

// add takes a secret in the forms in which it could lie about.
func (c *canaries) add(name string, secret []byte) {
	if len(secret) < 16 {
		c.t.Fatalf("%s is too short to search for", name)
	}
	c.names = append(c.names, name)
	forms := [][]byte{
		secret, []byte(hex.EncodeToString(secret)), []byte(strings.ToUpper(hex.EncodeToString(secret))),
		[]byte(url.QueryEscape(string(secret))), wide(secret),
	}
	// In the middle of something encoded as a whole it can begin at each of
	// three places; the ends then depend on what stands beside it.
	for shift := range 3 {
		whole := append(make([]byte, shift), secret...)
		from, to := (shift*8+5)/6, len(whole)*8/6
		forms = append(forms, []byte(base64.RawStdEncoding.EncodeToString(whole)[from:to]), []byte(base64.RawURLEncoding.EncodeToString(whole)[from:to]))
	}
	c.forms[name] = forms
}

// wide is the text as UTF-16, little endian.
func wide(s []byte) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(string(s))) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

// make gives a new secret that is searched for.
func (c *canaries) make(name string) string {
	s := "canary" + rand.Text()
	c.add(name, []byte(s))
	return s
}

// absent looks for every canary in every form.
func (c *canaries) absent(where string, text []byte) {
	c.t.Helper()
	for _, name := range c.names {
		for i, f := range c.forms[name] {
			if at := bytes.Index(text, f); at >= 0 {
				c.t.Errorf("%s is in %s (form %d): …%q…", name, where, i, text[max(0, at-80):min(len(text), at+len(f)+20)])
				break
			}
		}
	}
}

func TestCanariesAreFoundInEveryForm(t *testing.T) {
	secret := []byte("canary-of-the-search-itself")
	for name, text := range map[string]string{
		"raw": "x" + string(secret), "hex": hex.EncodeToString(append([]byte("xy"), secret...)), "wide": "x" + string(wide(secret)),
		"base64": base64.StdEncoding.EncodeToString(append(secret, "tail"...)), "base64, one in": base64.StdEncoding.EncodeToString(append([]byte("x"), secret...)),
		"base64url, two in": base64.RawURLEncoding.EncodeToString(append([]byte("xy"), append(secret, '!')...)),
	} {
		c := newCanaries(t)
		c.add(name, secret)
		found := false
		for _, f := range c.forms[name] {
			found = found || strings.Contains(text, string(f))
		}
		if !found {
			t.Errorf("%s is not found", name)
		}
	}
}

// TestSecretsAreFoundNowhere sends secrets through every route, rightly and in
// every wrong way, and then searches the log, the record, the metrics, the
// answers that are errors, each file of the data directory, and the spans. What
// is said is on spans where the operator wants it: no secret is, all the same.
func TestSecretsAreFoundNowhere(t *testing.T) {
	for name, content := range map[string]bool{"nothing said on spans": false, "what is said on spans": true} {
		t.Run(name, func(t *testing.T) { secretsAreFoundNowhere(t, content) })
	}
}

func secretsAreFoundNowhere(t *testing.T, content bool) {
	spans := newFakeCollector(t)
	g := newGateRig(t, spans.traced, func(f *serveFlags) { f.TraceContent = content })
	c := newCanaries(t)
	c.add("a client's secret", []byte(g.owner.secret.Reveal()))
	c.add("an access token", []byte(g.owner.token))
	c.add("an access token's signature", []byte(g.owner.token[strings.LastIndexByte(g.owner.token, '.')+1:]))
	g.console(c)
	g.credentials(c)
	g.swapped(c)
	g.agents(c)
	names, said := newCanaries(t), newCanaries(t)
	g.chats(c, said)
	g.everyRoute(c, names)

	for _, secretLike := range []string{"", "?access_token=" + g.owner.token, "?client_secret=" + g.owner.secret.Reveal()} {
		a := g.do("GET", "/metrics"+secretLike, "", "", "")
		c.absent("the metrics", a.body)
	}
	var record bytes.Buffer
	ok(t, auditExportCmd{stateFlags: stateFlags{Data: g.dir}}.Run(context.Background(), &terminal{out: &record, err: &record}))
	if n := bytes.Count(record.Bytes(), []byte("\n")); n < 50 {
		t.Errorf("only %d lines are on record: the routes were not reached", n)
	}
	c.absent("the record", record.Bytes())
	c.add("the master key", masterKey(t, g.dir))
	g.files(c)
	g.stop()
	if bytes.Count(g.log.Bytes(), []byte("\n")) < 100 {
		t.Error("the log is too short to be this server's")
	}
	for _, of := range []*canaries{c, names, said} {
		of.absent("the log", g.log.Bytes())
	}
	if len(spans.spans) < 500 {
		t.Errorf("only %d spans: the routes were not traced", len(spans.spans))
	}
	c.absent("the spans", spans.raw.Bytes())
	names.absent("the spans", spans.raw.Bytes())
	if !content {
		said.absent("the spans", spans.raw.Bytes())
	}
	g.files(said)
	g.files(c) // as it is after the store was closed
}

// masterKey reads the key from its file: prefix, key, checksum.
func masterKey(t *testing.T, dir string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, keyring.MasterFile))
	ok(t, err)
	_, line, found := strings.Cut(string(text), "postern-master-v1:")
	key, err := base64.RawURLEncoding.DecodeString(strings.TrimSpace(line))
	if err != nil {
		key, err = base64.StdEncoding.DecodeString(strings.TrimSpace(line))
	}
	if !found || err != nil || len(key) < 32 {
		t.Fatalf("the master key file is of another form: %v", err)
	}
	return key[:32]
}

// console sends the setup link and passwords of people.
func (g *gateRig) console(c *canaries) {
	link, err := g.adminLink(context.Background())
	ok(g.t, err)
	path := strings.TrimPrefix(link, g.mux.PublicURL) + "/"
	c.add("the setup link", []byte(link[strings.LastIndexByte(link, '/')+1:]))
	form := url.Values{"username": {"ann"}, "password": {c.make("an admin's password") + "!"}, "repeat": {"not the same"}, "confirm": {"not the same"}}
	const kind = "application/x-www-form-urlencoded"
	for _, p := range []string{path, path + "?x=" + url.QueryEscape(link), path + "more/"} {
		g.do("GET", p, "", "", "")
		g.do("POST", p, "", form.Encode(), kind)
	}
	for _, k := range []string{"repeat", "confirm", "password2"} {
		form.Set(k, form.Get("password"))
	}
	g.do("POST", path, "", form.Encode(), kind)
	g.do("POST", "/admin/sign-in/", "", form.Encode(), kind)
	g.do("POST", "/admin/sign-in/", "", url.Values{"username": {c.make("a password in the wrong field")}, "password": {"x"}}.Encode(), kind)
}

// swapped sends what belongs elsewhere to the token endpoint.
func (g *gateRig) swapped(c *canaries) {
	id, secret := string(g.owner.ID), g.owner.secret.Reveal()
	for _, form := range []url.Values{
		{"client_id": {secret}, "client_secret": {id}},
		{"client_id": {c.make("a secret for an id")}, "client_secret": {secret}},
		{"client_id": {id}, "client_secret": {secret}, "scope": {c.make("a secret for a scope")}},
		{"client_id": {id}, "client_secret": {secret}, "resource": {c.make("a secret for a resource")}},
		{"client_id": {id}, "client_secret": {secret}, "resource": {"https://" + c.make("a secret for a host")}},
		{"client_id": {id}, "client_secret": {c.make("a wrong secret")}},
	} {
		form.Set("grant_type", "client_credentials")
		a := g.do("POST", "/oauth/v2/token/", "", form.Encode(), "application/x-www-form-urlencoded")
		if a.status != 400 && a.status != 401 {
			g.t.Errorf("%v: %d %s", form, a.status, a.body)
		}
		c.absent("the answer to a request for a token", a.body)
	}
}

// credentials stores logins, rightly and wrongly, and queries with them.
func (g *gateRig) credentials(c *canaries) {
	const path = "/api/v2/auth/credentials/"
	sealed := strings.Replace(fmt.Sprintf(rigSpec, "rig:sealed", g.filesRoot()+"/sales.sqlite"), ", x-postern-login: none", "", 1)
	g.want(201, g.do("POST", "/integration/data-products/v1/data-product/", g.owner.token, sealed, "application/x-yaml"))
	for _, product := range []string{rigProduct, "rig:sealed"} {
		for _, field := range []string{"password", "private_key"} {
			a := g.do("POST", path, g.owner.token, fmt.Sprintf(`{"state":"%s","username":"u","dp_id":"%s","%s":"%s"}`, field, product, field, c.make("a "+field+" of "+product)), "")
			c.absent("the answer to a credential", a.body)
		}
	}
	cell := c.make("a cell of a result")
	for _, url := range []string{"/api/v2/data-product/rig:sealed/query/", "/ai/api/v1/chats/tool/default/sql_execution_tool/stream"} {
		// The cell is put together by the statement, which is on record.
		sql := fmt.Sprintf(`SELECT id, '%s' || '%s' AS cell FROM sales`, cell[:12], cell[12:])
		a := g.want(200, g.do("POST", url, g.owner.token, fmt.Sprintf(`{"sql":"%s","data_product_id":"rig:sealed","result_table_name":"r"}`, sql), ""))
		if !bytes.Contains(a.body, []byte(cell)) {
			g.t.Errorf("%s: no such cell in %s", a.call, a.body)
		}
	}
	uri := strings.Replace(fmt.Sprintf(rigSpec, "rig:uri", "x"), "sqlite://x", "postgresql://ann:"+c.make("a password in a URI")+"@db.example.com/x", 1)
	a := g.want(400, g.do("POST", "/integration/data-products/v1/data-product/", g.owner.token, uri, "application/x-yaml"))
	c.absent("the refusal of a URI", a.body)
}

// chats says and names what is only for who said it.
func (g *gateRig) chats(c, said *canaries) {
	const base = "/ai/api/v1/chats"
	g.want(201, g.do("POST", base, g.owner.token, `{"name":"`+c.make("a chat's name")+`"}`, ""))
	question := fmt.Sprintf(`{"message":"how many sales of %s","data_product_id":"%s"}`, said.make("a question"), rigProduct)
	g.want(200, g.do("POST", base+"/agent/default/sql_query_agent/stream", g.owner.token, question, ""))
}

// agents makes and changes an agent, whose words are its maker's: they are
// answered to who may see it, and lie nowhere in the clear.
func (g *gateRig) agents(c *canaries) {
	const base = "/ai/api/v1/config/agent"
	body := func() string {
		return fmt.Sprintf(`{"name":"%s","description":"%s","prompt":"%s","tags":["%s"],"tool_config_ids":["%s"],"parameter_bindings":[{"sql":{"source":"fixed","fixed_value":"%s"}}],
			"input_json_schema":{"type":"object","description":"%s"},"output_json_schema":{"type":"object","description":"%s"}}`,
			c.make("an agent's name"), c.make("its description"), c.make("its prompt"), c.make("its tag"), tool.ID("sql_execution_tool"), c.make("a fixed value"), c.make("its input"), c.make("its output"))
	}
	id := field(g.t, g.want(201, g.do("POST", base, g.owner.token, body(), "")).body, "id")
	g.want(200, g.do("PATCH", base+"/"+id, g.owner.token, body(), ""))
	a := g.do("PATCH", base+"/"+id, g.owner.token, fmt.Sprintf(`{"prompt":["%s"],"tags":[{"x":"%s"}],"parameter_bindings":[{"sql":{"source":"%s"}}]}`, c.make("a prompt in a list"), c.make("a tag that is none"), c.make("a source")), "")
	c.absent("a refusal of an agent", g.want(422, a).body)
}

// everyRoute sends secrets where they do not belong.
//
// A name that was asked for is on record as it was sent, as SQL is, and the
// caller is told which it was: names are only to stay out of the log.
func (g *gateRig) everyRoute(c, names *canaries) {
	token, secret := g.owner.token, g.owner.secret.Reveal()
	victim := g.machine("victim", auth.Viewer) // whom the clients' routes hit
	routes := slices.Clone(g.mux.Routes())
	slices.SortStableFunc(routes, func(a, b web.Route) int { return cmp.Compare(deletes(a), deletes(b)) })
	for i, r := range routes {
		if deletes(r) == 1 && deletes(routes[i-1]) == 0 { // until here all of it reached what it was for
			g.want(200, g.do("GET", "/integration/v1/userinfo/", token, "", ""))
			g.want(200, g.do("GET", "/api/v2/auth/credentials/"+g.authID+"/", token, "", ""))
			g.want(200, g.do("GET", "/integration/data-products/v1/data-product/"+rigProduct+"/", token, "", ""))
		}
		s := c.make("what was sent to " + r.Method + " " + r.Path)
		name := names.make("a name sent to " + r.Method + " " + r.Path)
		fields := `"password":"` + s + `","private_key":"` + s + `","passphrase":"` + s + `","client_secret":"` + secret + `","token":"` + token + `"`
		form := url.Values{"password": {s}, "client_secret": {s}, "token": {s}, "grant_type": {"client_credentials"}}
		path := strings.Replace(g.at(r), string(g.owner.ID), string(victim.ID), 1)
		query := "?access_token=" + token + "&client_secret=" + secret + "&password=" + s + "&dp_id=" + name
		for _, try := range []struct{ path, token, body, contentType string }{
			{path, token, `{` + fields + `}`, ""},
			{path, g.admin.token, `{` + fields + `}`, ""},
			{path, token, `{` + fields, ""},
			{path, token, `["` + s + `"]`, ""},
			{path, token, `"` + s + `"`, ""},
			{path, token, `{"password":["` + s + `"],"private_key":{"` + s + `":1},"name":["` + s + `"],"sql":["` + s + `"],"dp_id":["` + s + `"],"data_product_id":["` + s + `"],"limit":"` + s + `","product":"` + s + `","` + name + `":"` + s + `"}`, ""},
			{path, token, form.Encode(), "application/x-www-form-urlencoded"},
			{path, token, "product: {password: [" + s + "\n", "application/x-yaml"},
			{path, token, s, "text/" + s},
			{path, s, `{}`, ""},
			{path, "", form.Encode(), "application/x-www-form-urlencoded"},
			{path + query, token, `{` + fields + `}`, ""},
			{path + query, "", `{}`, ""},
			{g.withSegment(r, name), token, `{` + fields + `}`, ""},
			{path, token, `{"data_product_id":"` + name + `","dp_id":"` + name + `","sql":"SELECT 1","result_table_name":"r","state":"x","username":"u","password":"p"}`, ""},
			{path, "", url.Values{"client_id": {s}, "client_secret": {s}, "grant_type": {s}, "scope": {s}, "resource": {s}, "token": {s}}.Encode(), "application/x-www-form-urlencoded"},
			{g.withSegment(r, name), g.admin.token, `{}`, ""},
		} {
			a := g.do(verb(r), try.path, try.token, try.body, try.contentType)
			if a.status >= 500 {
				g.t.Errorf("%s: %d %s", a.call, a.status, a.body)
			}
			if a.status >= 400 && !strings.HasPrefix(try.path, "/admin") {
				c.absent("the answer to "+verb(r)+" "+r.Path, a.body)
			}
		}
	}
}

// deletes puts the routes that take away what the others need at the end.
func deletes(r web.Route) int {
	if r.Method == "DELETE" {
		return 1
	}
	return 0
}

// withSegment puts a secret where the path names an object.
func (g *gateRig) withSegment(r web.Route, s string) string {
	path := r.Path
	for {
		from, to := strings.IndexByte(path, '{'), strings.IndexByte(path, '}')
		if from < 0 {
			return path + s // a path that there is not
		}
		path = path[:from] + s + path[to+1:]
	}
}

// files searches everything under the data directory but the master key.
func (g *gateRig) files(c *canaries) {
	seen := 0
	ok(g.t, filepath.WalkDir(g.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == keyring.MasterFile {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		seen++
		c.absent(strings.TrimPrefix(path, g.dir), b)
		return nil
	}))
	if seen < 3 {
		g.t.Errorf("only %d files are in the data directory", seen)
	}
}
