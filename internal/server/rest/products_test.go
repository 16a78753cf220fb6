package rest_test

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/product/market"
	"github.com/postern/postern/internal/server/rest"
	"github.com/postern/postern/internal/server/web"
)

var updateProducts = flag.Bool("update-products", false, "rewrite the expected responses in testdata/products")

// productsGuard knows the token "admin" and tokens that are a client's id.
type productsGuard struct{}

func (productsGuard) Verify(_ context.Context, token, _ string) (auth.Caller, error) {
	role, scopes := auth.Composer, []auth.Scope{auth.ScopeAll}
	switch {
	case token == "admin":
		role = auth.ServerAdmin
	case token == "reader":
		scopes = []auth.Scope{auth.ScopeProductsRead}
	case !strings.HasPrefix(token, "pc_"):
		return auth.Caller{}, fault.New(fault.Unauthenticated, "the token is not valid")
	}
	return auth.Caller{Kind: auth.Machine, ClientID: auth.ClientID(token), Role: role, Scopes: scopes}, nil
}

func (productsGuard) Permit(_ context.Context, c auth.Caller, s auth.Scope) error {
	if !c.Has(s) {
		return fault.New(fault.Denied, "the token lacks the scope %s", s).Coded(0, web.ScopeDenied)
	}
	return nil
}

func (productsGuard) Refused(context.Context, auth.Caller, string, error) error { return nil }

// productsGate is a gateway in memory: admins may do all, others what their
// grants say.
type productsGate struct {
	versions []product.Product
	grants   []product.Grant
	clock    time.Time
}

func (g *productsGate) role(c auth.Caller, id string) product.GrantRole {
	if c.Role == auth.ServerAdmin {
		return product.ProductAdmin
	}
	var role product.GrantRole
	for _, gr := range g.grants {
		if gr.Product == id && (gr.Subject == c.Subject() || gr.Subject == "everyone") && role != product.ProductAdmin {
			role = gr.Role
		}
	}
	return role
}

func (g *productsGate) of(id string) (out []product.Product) {
	for _, p := range g.versions {
		if p.ID == id {
			out = append(out, p)
		}
	}
	product.Newest(out)
	return out
}

// may gives the versions of a product, or why the caller may not.
func (g *productsGate) may(c auth.Caller, id, version string, admin bool) ([]product.Product, error) {
	all := g.of(id)
	if version != "" {
		all = slices.DeleteFunc(all, func(p product.Product) bool { return p.Version != version })
	}
	role := g.role(c, id)
	switch {
	case len(all) == 0 || role == "":
		return nil, fault.New(fault.NotFound, "data product not found")
	case admin && role != product.ProductAdmin:
		return nil, fault.New(fault.Denied, "this needs the role product_admin on the data product")
	}
	return all, nil
}

func (g *productsGate) Associations(context.Context, auth.Caller, []string) (map[string][]market.Listing, error) {
	return nil, nil
}
func (g *productsGate) Marketplaces(context.Context, auth.Caller) ([]market.Marketplace, error) {
	return nil, nil
}
func (g *productsGate) MarketGrants(context.Context, auth.Caller, string) ([]market.Grant, error) {
	return nil, nil
}
func (g *productsGate) OwnMarketGrants(context.Context, auth.Caller) ([]market.Grant, error) {
	return nil, nil
}
func (g *productsGate) GrantMarket(context.Context, auth.Caller, market.Grant, bool) error {
	return nil
}
func (g *productsGate) RevokeMarket(context.Context, auth.Caller, market.Grant) error { return nil }
func (g *productsGate) Report(context.Context, auth.Caller, []market.Report) error    { return nil }
func (g *productsGate) Reports(context.Context, auth.Caller, string) ([]market.Report, error) {
	return nil, nil
}

func (g *productsGate) ProductsFor(_ context.Context, c auth.Caller, action string) (out []product.Product, err error) {
	for _, p := range g.versions {
		if all, err := g.may(c, p.ID, "", action != "view"); err == nil && !slices.ContainsFunc(out, func(x product.Product) bool { return x.ID == p.ID }) {
			current, _ := product.Current(all)
			out = append(out, current)
		}
	}
	return out, nil
}

func (g *productsGate) Product(_ context.Context, c auth.Caller, id, version string) (product.Product, error) {
	all, err := g.may(c, id, version, false)
	p, _ := product.Current(all)
	return p, err
}

func (g *productsGate) Versions(_ context.Context, c auth.Caller, id string) ([]product.Product, error) {
	return g.may(c, id, "", false)
}

func (g *productsGate) CreateProduct(_ context.Context, c auth.Caller, doc []byte) (product.Product, bool, error) {
	p, err := product.Parse(doc)
	if err != nil {
		return p, false, err
	}
	g.clock = g.clock.Add(time.Second)
	p.Status, p.CreatedAt, p.UpdatedAt = product.InDraft, g.clock, g.clock
	if len(g.of(p.ID)) == 0 {
		g.grants = append(g.grants, product.Grant{Product: p.ID, Subject: c.Subject(), Role: product.ProductAdmin})
	} else if _, err := g.may(c, p.ID, "", true); err != nil {
		return p, false, err
	}
	for i, old := range g.versions {
		if old.ID == p.ID && old.Version == p.Version {
			p.CreatedAt = old.CreatedAt
			g.versions[i] = p
			return p, false, nil
		}
	}
	g.versions = append(g.versions, p)
	return p, true, nil
}

func (g *productsGate) SetStatus(_ context.Context, c auth.Caller, id, version string, s product.Status, _ bool) error {
	_, err := g.may(c, id, version, true)
	for i, p := range g.versions {
		if err == nil && p.ID == id && p.Version == version {
			g.versions[i].Status = s
		}
	}
	return err
}

func (g *productsGate) DeleteProduct(ctx context.Context, c auth.Caller, id string) error {
	return g.remove(c, id, "")
}

func (g *productsGate) DeleteVersion(ctx context.Context, c auth.Caller, id, version string) error {
	return g.remove(c, id, version)
}

func (g *productsGate) remove(c auth.Caller, id, version string) error {
	if _, err := g.may(c, id, version, true); err != nil {
		return err
	}
	g.versions = slices.DeleteFunc(g.versions, func(p product.Product) bool {
		return p.ID == id && (version == "" || p.Version == version)
	})
	return nil
}

func (g *productsGate) Grants(_ context.Context, c auth.Caller, id string) (out []product.Grant, err error) {
	_, err = g.may(c, id, "", true)
	for _, gr := range g.grants {
		if err == nil && gr.Product == id {
			out = append(out, gr)
		}
	}
	return out, err
}

func (g *productsGate) OwnGrants(_ context.Context, c auth.Caller) (out []product.Grant, err error) {
	for _, gr := range g.grants {
		if gr.Subject == c.Subject() || gr.Subject == "everyone" {
			out = append(out, gr)
		}
	}
	return out, nil
}

func (g *productsGate) Grant(ctx context.Context, c auth.Caller, gr product.Grant) error {
	if _, err := g.may(c, gr.Product, "", true); err != nil {
		return err
	}
	g.grants = append(slices.DeleteFunc(g.grants, func(x product.Grant) bool {
		return x.Product == gr.Product && x.Subject == gr.Subject
	}), gr)
	return nil
}

func (g *productsGate) Regrant(ctx context.Context, c auth.Caller, gr product.Grant) error {
	if _, err := g.may(c, gr.Product, "", true); err != nil {
		return err
	}
	if !slices.ContainsFunc(g.grants, func(x product.Grant) bool { return x.Product == gr.Product && x.Subject == gr.Subject }) {
		return fault.New(fault.NotFound, "this subject has no role on the data product: POST gives it one")
	}
	return g.Grant(ctx, c, gr)
}

func (g *productsGate) Revoke(ctx context.Context, c auth.Caller, gr product.Grant) error {
	if _, err := g.may(c, gr.Product, "", true); err != nil {
		return err
	}
	n := len(g.grants)
	g.grants = slices.DeleteFunc(g.grants, func(x product.Grant) bool {
		return x.Product == gr.Product && x.Subject == gr.Subject && x.Role == gr.Role
	})
	if len(g.grants) == n {
		return fault.New(fault.NotFound, "grant not found")
	}
	return nil
}

// productsServer has two products of pc_owner, of which everyone sees one.
func productsServer(t *testing.T) http.Handler {
	t.Helper()
	g := &productsGate{clock: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)}
	owner := auth.Caller{Kind: auth.Machine, ClientID: "pc_owner"}
	for _, id := range []string{"finance:sales", "hr.people"} {
		if _, _, err := g.CreateProduct(context.Background(), owner, []byte(productDoc(id, "1.0.0"))); err != nil {
			t.Fatal(err)
		}
	}
	g.grants = append(g.grants, product.Grant{Product: "finance:sales", Subject: "everyone", Role: product.ProductViewer})
	m := &web.Mux{PublicURL: "http://postern.test", Guard: productsGuard{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	if err := m.Add(rest.Products{Gate: g}.Routes()...); err != nil {
		t.Fatal(err)
	}
	return m
}

func productDoc(id, version string) string {
	return fmt.Sprintf(`{"product":{"productId":%q,"version":%q,"contactEmail":"a@b.example","contactName":"A","en":{"name":"N"},"deliverySystems":{"wh":{"type":"sql","uri":"postgresql://h/db"}}}}`, id, version)
}

var productsNoise = regexp.MustCompile(`"request_id":"[A-Z2-7]+"`)

// exchange sends a request as it is written and gives the response in the form
// the transcripts keep: status, the headers that matter, body.
func exchange(t *testing.T, h http.Handler, raw []byte) string {
	t.Helper()
	head, body, _ := bytes.Cut(raw, []byte("\n\n"))
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(append(bytes.TrimSpace(head), "\n\n"...))))
	if err != nil {
		t.Fatalf("%v in %q", err, head)
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.RemoteAddr = "192.0.2.1:1"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var b strings.Builder
	fmt.Fprintln(&b, w.Code)
	for _, name := range []string{"Content-Type", "X-Next-Page", "WWW-Authenticate", "Allow"} {
		if v := w.Header().Get(name); v != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, v)
		}
	}
	fmt.Fprintf(&b, "\n%s", productsNoise.ReplaceAllString(w.Body.String(), `"request_id":"ID"`))
	return b.String()
}

// TestProductTranscripts plays testdata/products: in each archive a file
// "request" is followed by the "response" it must get; prose comes first.
func TestProductTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/products/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			h := productsServer(t)
			out := &txtar.Archive{Comment: a.Comment}
			played := 0
			for i, f := range a.Files {
				if f.Name != "request" {
					continue
				}
				played++
				got := exchange(t, h, f.Data)
				out.Files = append(out.Files, f, txtar.File{Name: "response", Data: []byte(got)})
				if *updateProducts {
					continue
				}
				if i+1 >= len(a.Files) || a.Files[i+1].Name != "response" {
					t.Fatal("a request has no response: run with -update-products and read what changed")
				}
				if d := cmp.Diff(string(a.Files[i+1].Data), got); d != "" {
					t.Errorf("%s: %s", strings.SplitN(string(f.Data), "\n", 2)[0], d)
				}
			}
			if played == 0 {
				t.Fatal("no requests")
			}
			if *updateProducts {
				if err := os.WriteFile(name, txtar.Format(out), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestEveryBaseServesTheSameProducts(t *testing.T) {
	h := productsServer(t)
	for _, base := range []string{"/integration/data-products/v1", "/dps/integration/data-products/v1", "/integration/data-products/api/v1"} {
		for _, path := range []string{"/data-product/finance:sales/", "/data-product/finance:sales", "/data-product/finance%3Asales/", "/data-product/finance%3asales/version/1.0.0/"} {
			got := exchange(t, h, []byte("GET "+base+path+" HTTP/1.1\nHost: x\nToken: pc_owner\n\n"))
			if !strings.HasPrefix(got, "200\n") || !strings.Contains(got, `"product_id":"finance:sales"`) {
				t.Errorf("%s%s: %s", base, path, got)
			}
		}
		got := exchange(t, h, []byte("GET "+base+"/data-product/ HTTP/1.1\nHost: x\nToken: pc_owner\n\n"))
		if array := strings.Contains(got, "\n\n["); array == strings.Contains(base, "/api/") {
			t.Errorf("%s: %s", base, got)
		}
	}
}

func TestPagesOfProductsFollowOneAnother(t *testing.T) {
	h := productsServer(t)
	for i := range 7 {
		exchange(t, h, []byte("POST /dps/integration/data-products/v1/data-product/ HTTP/1.1\nHost: x\nToken: pc_owner\n\n"+productDoc(fmt.Sprintf("p%d", i), "1.0.0")))
	}
	path, seen := "/dps/integration/data-products/v1/data-product/?limit=4&offset=0&order_by=-ts_created&product_ids=p0,p1&product_ids=p2,p3,p4,p5,p6", []string{}
	id := regexp.MustCompile(`"product_id":"([^"]+)"`)
	next := regexp.MustCompile(`X-Next-Page: (\S+)`)
	for pages := 0; path != ""; pages++ {
		if pages > 3 {
			t.Fatal("pages without end")
		}
		got := exchange(t, h, []byte("GET "+path+" HTTP/1.1\nHost: x\nToken: pc_owner\n\n"))
		for _, m := range id.FindAllStringSubmatch(got, -1) {
			seen = append(seen, m[1])
		}
		path = ""
		if m := next.FindStringSubmatch(got); m != nil {
			path = m[1]
		}
	}
	if d := cmp.Diff([]string{"p6", "p5", "p4", "p3", "p2", "p1", "p0"}, seen); d != "" {
		t.Error(d)
	}
}

func TestASpecOverTheLimitIsCutOff(t *testing.T) {
	h := productsServer(t)
	got := exchange(t, h, []byte("POST /integration/data-products/v1/data-product/ HTTP/1.1\nHost: x\nToken: pc_owner\n\n"+strings.Repeat("#", 4<<20)+"x"))
	if !strings.HasPrefix(got, "413\n") {
		t.Error(got)
	}
}

func TestEveryProductRouteNeedsATokenAndItsScope(t *testing.T) {
	h := productsServer(t)
	routes := rest.Products{}.Routes()
	if len(routes) < 40 {
		t.Fatalf("only %d routes", len(routes))
	}
	for _, r := range routes {
		path := strings.NewReplacer("{product_id}", "finance:sales", "{version_id}", "1.0.0").Replace(r.Path)
		for token, want := range map[string]string{"": "401", "nobody": "401", "reader": "403"} {
			if token == "reader" && r.Scope == auth.ScopeProductsRead {
				continue
			}
			header := ""
			if token != "" {
				header = "Token: " + token + "\n"
			}
			if got := exchange(t, h, []byte(r.Method+" "+path+" HTTP/1.1\nHost: x\n"+header+"\n")); !strings.HasPrefix(got, want) {
				t.Errorf("%s %s as %q: %.60q", r.Method, path, token, got)
			}
		}
	}
}
