package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/gateway"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/warehouse"
)

type tryCmd struct {
	output
	stateFlags
	URL      string `name:"url" env:"POSTERN_URL" default:"http://127.0.0.1:8080" help:"The server to call, when one already serves from the data directory." placeholder:"URL"`
	URI      string `arg:"" name:"uri" help:"Your warehouse: postgresql://host/db, duckdb:///path/file.duckdb or sqlite:///path/file.sqlite." placeholder:"URI"`
	Username string `help:"Sign in as this user; the password comes from stdin." placeholder:"U"`
	ID       string `name:"id" help:"The product's id; from the database's name by default." placeholder:"ID"`
}

// tried is the outcome, for --json.
type tried struct {
	ProductID    string          `json:"product_id"`
	Spec         string          `json:"spec_file"`
	ClientID     string          `json:"client_id"`
	ClientSecret string          `json:"client_secret"`
	SQL          string          `json:"sql"`
	Result       json.RawMessage `json:"result"`
	MCP          any             `json:"mcp"`
}

// firstLook is how long a first answer waits for the tables' values.
const firstLook = 20 * time.Second

// Run drafts, applies, grants, signs in, queries, and says how to go on.
func (t tryCmd) Run(ctx context.Context, c *terminal) error {
	d := productDraftCmd{URI: t.URI, Username: t.Username, ID: t.ID, Within: firstLook}
	login, uri, err := d.login(c)
	if err != nil {
		return err
	}
	c.progress("1. drafting a data product of %s", uri)
	doc, err := d.draft(ctx, c, uri, login)
	if err != nil {
		return err
	}
	p, cl, sec, err := t.prepare(ctx, c, doc)
	if err != nil {
		return err
	}
	base, stop, err := t.server(ctx, c)
	if err != nil {
		return err
	}
	defer stop()
	a := &api{base: base, id: string(cl.ID), secret: sec, http: &http.Client{}}
	return t.finish(ctx, c, a, p, login)
}

// prepare writes the draft, applies it, and makes a Viewer client with a grant.
func (t tryCmd) prepare(ctx context.Context, c *terminal, doc []byte) (product.Product, auth.Client, secret.Secret, error) {
	var none secret.Secret
	s, err := t.open(ctx)
	if err != nil {
		return product.Product{}, auth.Client{}, none, err
	}
	defer s.close()
	op := asOperator(ctx)
	p, _, err := s.apply(op, doc, gateway.Apply{})
	if err != nil {
		return p, auth.Client{}, none, err
	}
	file := t.draftFile(p.ID)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return p, auth.Client{}, none, err
	}
	if err := os.WriteFile(file, doc, 0o600); err != nil {
		return p, auth.Client{}, none, err
	}
	c.progress("2. product %s: %d record sets, drafted to %s", p.ID, len(p.RecordSets), file)
	cl, sec, err := s.viewer(op, "try "+strings.Trim(notName.Replace(strings.ToLower(p.ID)), " -_"))
	if err != nil {
		return p, cl, sec, err
	}
	c.progress("3. client %s (Viewer), with a grant on it", cl.ID)
	return p, cl, sec, s.db.PutGrant(op, product.Grant{Product: p.ID, Subject: cl.Subject(), Role: product.ProductViewer})
}

// draftFile is where the draft is kept, for its owner to go on from.
func (t tryCmd) draftFile(id string) string {
	return filepath.Join(t.Data, "drafts", strings.ReplaceAll(id, ":", "_")+".yaml")
}

var notName = strings.NewReplacer(":", "-", ".", "-", "/", "-")

// viewer makes the Viewer client of that name, or gives it a new secret when
// it is there from an earlier try.
func (s *state) viewer(ctx context.Context, name string) (auth.Client, secret.Secret, error) {
	cl, sec, err := s.clients().Create(ctx, auth.NewClient{Name: name, Role: auth.Viewer})
	if !fault.Is(err, fault.Conflict) {
		return cl, sec, err
	}
	if cl, err = s.clients().Named(ctx, name); err != nil {
		return cl, sec, err
	}
	return s.clients().Rotate(ctx, cl.ID)
}

// server starts one on a free port for the calls, unless one already serves
// from this data directory.
func (t tryCmd) server(ctx context.Context, c *terminal) (base string, stop func(), err error) {
	f := serveFlags{stateFlags: t.stateFlags, Listen: "127.0.0.1:0", SigningAlg: "ES256", AllowNetwork: []string{"0.0.0.0/0", "::/0"}}
	cfg, err := f.check()
	if err != nil {
		return "", nil, err
	}
	n, l, err := f.start(ctx, cfg, slog.New(slog.DiscardHandler))
	if errors.Is(err, errServing) {
		c.progress("4. calling the server at %s", t.URL)
		return strings.TrimSuffix(t.URL, "/"), func() {}, nil
	}
	if err != nil {
		return "", nil, err
	}
	c.progress("4. a server for these calls is up on %s", n.mux.PublicURL)
	sctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		_ = n.serve(sctx, l, cfg)
		close(done)
	}()
	return n.mux.PublicURL, func() { cancel(); <-done }, nil
}

func (t tryCmd) finish(ctx context.Context, c *terminal, a *api, p product.Product, l warehouse.Login) error {
	if l.Username != "" {
		in := map[string]string{"state": "try", "username": l.Username, "password": l.Password.Reveal(), "dp_id": p.ID}
		var got storedCredential
		if err := a.call(ctx, http.MethodPost, "/api/v2/auth/credentials/", in, &got); err != nil {
			return err
		}
		if got.Status != "active" {
			return fmt.Errorf("the login is %s: %s", got.Status, got.Reason)
		}
		c.progress("5. login stored, sealed, and tried: %s", got.Status)
	} else {
		c.progress("5. no login: the warehouse knows none")
	}
	stmt := firstStatement(p)
	content, err := a.tool(ctx, "sql_execution_tool", map[string]string{"data_product_id": p.ID, "sql": stmt, "result_table_name": "first"})
	if err != nil {
		return err
	}
	c.progress("6. %s\n", stmt)
	v := tried{ProductID: p.ID, Spec: t.draftFile(p.ID), ClientID: a.id, ClientSecret: a.secret.Reveal(), SQL: stmt, Result: content, MCP: t.mcpConfig(a)}
	return c.print(t.JSON, v, func(w io.Writer) error { return t.say(ctx, w, v, p) })
}

// firstStatement is a look at the first record set.
func firstStatement(p product.Product) string {
	return `SELECT * FROM ` + quoteName(p.RecordSets[0].Name) + ` LIMIT 5`
}

func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// mcpConfig is the block that MCP clients of desktops read.
func (t tryCmd) mcpConfig(a *api) any {
	bin, err := os.Executable()
	if err != nil {
		bin = "postern"
	}
	return map[string]any{"mcpServers": map[string]any{"postern": map[string]any{
		"command": bin, "args": []string{"mcp"},
		"env": map[string]string{"POSTERN_URL": strings.TrimSuffix(t.URL, "/"), "POSTERN_CLIENT_ID": a.id, "POSTERN_CLIENT_SECRET": a.secret.Reveal()},
	}}}
}

const tryText = `
That was your first answer. To go on, serve from the same data directory:

  %[1]s

and as the client (its secret is not shown again):

  curl --request POST --url %[2]s/oauth/v2/token/ \
    --header 'content-type: application/x-www-form-urlencoded' \
    --data grant_type=client_credentials \
    --data client_id=%[3]s \
    --data client_secret=%[4]s

  curl --request POST --url %[2]s/api/v2/data-product/%[5]s/query/ \
    --header "Authorization: Bearer $TOKEN" --header 'content-type: application/json' \
    --data %[6]s

An MCP client:

`

// serveCommand is what serves the same data, with the flags that this product
// needs.
func (t tryCmd) serveCommand(ctx context.Context, p product.Product) string {
	line := "postern serve --data " + quoteWord(t.Data)
	if t.DatabaseURL != "" {
		line += ` --database-url "$POSTERN_DATABASE_URL"`
	}
	if sys, ok := p.System(); ok && sys.Source.Host != "" {
		for _, n := range warehouse.Private(ctx, sys.Source.Host) {
			line += " --allow-network " + n.String()
		}
	}
	return line
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=-]+$`)

// quoteWord writes a word as a shell takes it.
func quoteWord(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func (t tryCmd) say(ctx context.Context, w io.Writer, v tried, p product.Product) error {
	var table struct {
		Columns []struct {
			Name string `json:"name"`
		} `json:"columns"`
		Rows [][]json.RawMessage `json:"rows"`
	}
	if err := json.Unmarshal(v.Result, &table); err != nil {
		return err
	}
	if err := writeTable(w, columnNames(table.Columns), table.Rows); err != nil {
		return err
	}
	body, err := json.Marshal(map[string]string{"sql": "SELECT count(*) FROM " + quoteName(p.RecordSets[0].Name)})
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(w, tryText, t.serveCommand(ctx, p), strings.TrimSuffix(t.URL, "/"), v.ClientID, v.ClientSecret, v.ProductID, quoteWord(string(body)))
	e := json.NewEncoder(w)
	e.SetIndent("  ", "  ")
	_, _ = fmt.Fprint(w, "  ")
	return e.Encode(v.MCP)
}
