package main

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/agent/custom"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/product/market"
	"github.com/postern/postern/internal/server/web"
)

// absent gives for each kind of id one that is nobody's, as long as the rig's.
var absent = strings.NewReplacer(rigProduct, "rig:nosal", rigMarketID, "rig:nomark")

// inPath are the ids that a path may name. A route with another one fails the
// test below until it is said here what it is.
var inPath = map[string]bool{ // whether it is a thing with an owner
	"product_id": true, "marketplace_id": true, "auth_id": true, "chat_id": true, "agent_id": true, "task_id": true, "asset_id": true, "data_product_id": true, "evaluation_id": true,
	"tool_id": false, "part": false, "version_id": false, "name": false, "ref": false, // of what the rest of the request names, or of what is everybody's
}

// inBody are requests whose body or query names what has an owner.
func (g *gateRig) inBody() map[string]string {
	const perm = `{"subject_type":"client","subject_id":"pc_x","object_type":"OBJECT","object_id":"ID","role":"ROLE"}`
	onProduct := strings.NewReplacer("OBJECT", "data_product", "ID", rigProduct, "ROLE", "product_viewer").Replace(perm)
	onMarket := strings.NewReplacer("OBJECT", "markeplace", "ID", rigMarketID, "ROLE", "marketplace_viewer").Replace(perm)
	m := map[string]string{
		"POST /api/v2/auth/credentials/": `{"state":"t","username":"u","password":"p","dp_id":"` + rigProduct + `"}`,
		"GET /api/v2/auth/credentials/":  "?dp_id=" + rigProduct,
		"POST /ai/mcp/":                  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"sql_execution_tool","arguments":` + object + `}}`,
	}
	for _, b := range []string{"/integration/data-products/v1", "/dps/integration/data-products/v1", "/integration/data-products/api/v1"} {
		for _, verb := range []string{"POST", "PUT", "DELETE"} {
			m[verb+" "+b+"/data-products/permissions/"] = onProduct + "\n" + onMarket
		}
		m["GET "+b+"/data-products/permissions/"] = "?object_type=data_product&object_id=" + rigProduct + "\n?object_type=markeplace&object_id=" + rigMarketID
		m["GET "+b+"/data-product/"] = "?product_ids=" + rigProduct
		m["POST "+b+"/report-results/"] = `[{"product_id":"` + rigProduct + `","report_key":"k","value":1}]`
		m["GET "+b+"/report-results/"] = "?product_id=" + rigProduct
		m["PUT "+b+"/marketplace/"] = `{"marketplace":{"marketplaceId":"` + rigMarketID + `","contactName":"A","contactEmail":"a@b.example","en":{"name":"N"}}}`
		m["GET "+b+"/data-products/check-permissions/"] = "?object_id=" + rigProduct
		m["GET "+b+"/marketplace/"] = ""
	}
	return m
}

// nobodys are routes that name nothing with an owner, or make it: that an id is
// taken has to be said to who wants to take it.
var nobodys = regexp.MustCompile(`^POST /(dps/)?integration/data-products/(api/)?v1/(data-product|marketplace|data-product-check)/$` +
	`|^PUT /(dps/)?integration/data-products/(api/)?v1/data-product/$` +
	`|^(GET|POST) /ai/api/v1/chats$|^(GET|POST) /ai/api/v1/config/agent(/import)?$|^GET /ai/api/v1/config/tool$|^GET /api/v1/(license|setting/marketplace/)$|^POST /api/v1/ai_agent/tool/event/$|^GET /integration/v1/userinfo/$`)

// A route that takes an id answers the same for another's thing as for none:
// the same status, the same words, as many records, and the same look-ups.
func TestWhatACallerMayNotSeeIsToldApartFromNothingByNothing(t *testing.T) {
	g := newGateRig(t)
	looks := g.noting()
	ids := regexp.MustCompile(`\{([a-z_]+)\}`)
	tried := 0
	for _, r := range g.guarded() {
		if r.Scope == auth.ScopeClients || r.Scope == auth.ScopeKeys || r.Scope == auth.ScopeAudit || r.Scope == auth.ScopeModels {
			continue // of the admins, who see all there is
		}
		name := verb(r) + " " + r.Path
		requests, known := g.inBody()[name]
		owned := false
		for _, m := range ids.FindAllStringSubmatch(r.Path, -1) {
			is, said := inPath[m[1]]
			if !said {
				t.Errorf("%s: say in inPath what {%s} is", name, m[1])
			}
			owned = owned || is
		}
		if strings.Contains(r.Path, "tool/default/") { // the tool's input names the product
			owned = true
		}
		if !owned && !known {
			if !nobodys.MatchString(name) && !strings.Contains(r.Path, "{") {
				t.Errorf("%s: say in inBody where it names what has an owner, or in nobodys that it does not", name)
			}
			continue
		}
		for _, body := range strings.Split(requests, "\n") {
			tried++
			g.lookAlike(r, body, looks)
		}
	}
	if tried < 60 {
		t.Errorf("only %d requests name an id", tried)
	}
}

// lookAlike sends the request for the rig's thing and for one that is not
// there, as one who may see neither.
func (g *gateRig) lookAlike(r web.Route, body string, looks *looks) {
	g.t.Helper()
	query := ""
	if strings.HasPrefix(body, "?") {
		query, body = body, ""
	}
	if body == "" && verb(r) != "GET" {
		body = object
		if strings.Contains(r.Path, "/grant/") {
			body = `{"subject_type":"client","subject_id":"pc_x"}`
		}
	}
	none := func(s string) string {
		s = absent.Replace(s)
		for _, id := range []string{g.authID, g.chatID, g.agent} {
			s = strings.ReplaceAll(s, id, "00000000-0000-4000-8000-00000000000f")
		}
		return s
	}
	path := g.at(r) + query
	type outcome struct {
		Status  int
		Body    string
		Records int64
		Looks   []string
	}
	var got [2]outcome
	for i, edit := range []func(string) string{func(s string) string { return s }, none} {
		looks.take()
		a := g.do(verb(r), edit(path), g.other.token, edit(body), "")
		id := a.header.Get("X-Request-Id")
		text := none(strings.ReplaceAll(string(a.body), id, "ID"))
		got[i] = outcome{a.status, uuids.ReplaceAllString(text, "UUID"), g.count(`SELECT count(*) FROM audit_records WHERE request_id = ?`, id), looks.take()}
	}
	if d := cmp.Diff(got[1], got[0]); d != "" {
		g.t.Errorf("%s %s%s: what is another's is told apart from what is not there (-absent +another's)\n%s", verb(r), path, body, d)
	}
	if s := got[0].Status; s < 400 && strings.Contains(got[0].Body, "Sales") {
		g.t.Errorf("%s %s%s: shows another's: %d %s", verb(r), path, body, s, got[0].Body)
	}
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|call_[0-9a-zA-Z]+`)

// looks notes what the gateway looks up.
type looks struct {
	mu  sync.Mutex
	all []string
}

func (l *looks) note(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, what)
}

func (l *looks) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.all
	l.all = nil
	return slices.Clip(all)
}

// noting puts the noting between the gateway and its stores.
func (g *gateRig) noting() *looks {
	l := &looks{}
	g.gate.Catalog = notedProducts{g.gate.Catalog, l}
	g.gate.Markets = notedMarkets{g.gate.Markets, l}
	g.customs.Store = notedAgents{g.customs.Store, l}
	return l
}

type notedProducts struct {
	product.Store
	*looks
}

func (n notedProducts) Product(ctx context.Context, id string) (product.Product, error) {
	n.note("product")
	return n.Store.Product(ctx, id)
}

func (n notedProducts) ProductVersion(ctx context.Context, id, version string) (product.Product, error) {
	n.note("version")
	return n.Store.ProductVersion(ctx, id, version)
}

func (n notedProducts) Versions(ctx context.Context, id string) ([]product.Product, error) {
	n.note("versions")
	return n.Store.Versions(ctx, id)
}

func (n notedProducts) Grants(ctx context.Context, id string) ([]product.Grant, error) {
	n.note("grants")
	return n.Store.Grants(ctx, id)
}

func (n notedProducts) GrantsOf(ctx context.Context, subject, id string) ([]product.Grant, error) {
	n.note("grants of")
	return n.Store.GrantsOf(ctx, subject, id)
}

type notedAgents struct {
	custom.Store
	*looks
}

func (n notedAgents) Agent(ctx context.Context, id string) (custom.Stored, error) {
	n.note("agent")
	return n.Store.Agent(ctx, id)
}

func (n notedAgents) AgentGrants(ctx context.Context, id string) ([]custom.Grant, error) {
	n.note("agent grants")
	return n.Store.AgentGrants(ctx, id)
}

func (n notedAgents) AgentGrantsOf(ctx context.Context, subject, id string) ([]custom.Grant, error) {
	n.note("agent grants of")
	return n.Store.AgentGrantsOf(ctx, subject, id)
}

type notedMarkets struct {
	market.Store
	*looks
}

func (n notedMarkets) Marketplace(ctx context.Context, id string) (market.Marketplace, error) {
	n.note("marketplace")
	return n.Store.Marketplace(ctx, id)
}

func (n notedMarkets) Listings(ctx context.Context, id string) ([]market.Listing, error) {
	n.note("listings")
	return n.Store.Listings(ctx, id)
}

func (n notedMarkets) ListingsOf(ctx context.Context, products []string) ([]market.Listing, error) {
	n.note("listings of")
	return n.Store.ListingsOf(ctx, products)
}

func (n notedMarkets) MarketGrantsOf(ctx context.Context, subject, id string) ([]market.Grant, error) {
	n.note("market grants of")
	return n.Store.MarketGrantsOf(ctx, subject, id)
}

func (n notedMarkets) Reports(ctx context.Context, id string) ([]market.Report, error) {
	n.note("reports")
	return n.Store.Reports(ctx, id)
}
