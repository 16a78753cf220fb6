package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/server/web"
)

// What is here goes through the list of routes that the server mounts, so that
// a new route is covered, or fails, unasked.

// public is every route that needs no token, by decision.
var public = []string{
	"GET /.well-known/oauth-authorization-server",
	"GET /.well-known/oauth-protected-resource",
	"GET /.well-known/oauth-protected-resource/ai/mcp",
	"GET /admin/reset/{token}/",
	"GET /admin/setup/{token}/",
	"GET /admin/sign-in/",
	"GET /admin/static/{file}",
	"GET /full_version",
	"GET /healthz",
	"GET /metrics",
	"GET /oauth/v1/authorize/",
	"GET /oauth/v2/.well-known/jwks.json/",
	"GET /openapi.json",
	"GET /readyz",
	"POST /admin/reset/{token}/",
	"POST /admin/setup/{token}/",
	"POST /admin/sign-in/",
	"POST /oauth/v2/introspect/",
	"POST /oauth/v2/revoke/",
	"POST /oauth/v2/token/",
}

func TestRoutesWithoutATokenAreTheseOnly(t *testing.T) {
	g := newGateRig(t)
	var got []string
	for _, r := range g.mux.Routes() {
		if r.Scope == web.Public {
			got = append(got, r.Method+" "+r.Path)
		}
	}
	slices.Sort(got)
	if d := cmp.Diff(public, got); d != "" {
		t.Error(d)
	}
}

func TestEveryRouteRefusesARequestWithoutAToken(t *testing.T) {
	g := newGateRig(t)
	for _, r := range g.mux.Routes() {
		path := g.at(r)
		for _, p := range []string{path, strings.TrimSuffix(path, "/")} {
			switch {
			case r.Scope == web.Public:
			case r.Scope == web.Session:
				a := g.want(303, g.do(verb(r), p, "", "", ""))
				if to := a.header.Get("Location"); !strings.HasPrefix(to, "/admin/sign-in/") {
					t.Errorf("%s: sent to %q", a.call, to)
				}
				g.want(303, g.do(verb(r), p, g.admin.token, "", "")) // a machine's token is no session
			default:
				for _, token := range []string{"", "nonsense", g.owner.token + "x", g.owner.secret.Reveal()} {
					a := g.do(verb(r), p, token, `{}`, "")
					g.refused(401, a)
					if c := a.header.Get("WWW-Authenticate"); !strings.HasPrefix(c, "Bearer ") || !strings.Contains(c, "resource_metadata=") {
						t.Errorf("%s: the challenge is %q", a.call, c)
					}
				}
			}
		}
	}
}

func TestEveryRouteRefusesATokenWithoutItsScope(t *testing.T) {
	g := newGateRig(t)
	tokens := map[auth.Scope]string{}
	for _, s := range []auth.Scope{auth.ScopeAudit, auth.ScopeKeys} {
		tokens[s] = g.token(g.admin, s)
	}
	viewer := g.machine("viewer", auth.Viewer)
	before := g.count(`SELECT count(*) FROM audit_records WHERE kind = 'access.denied'`)
	sent := int64(0)
	for _, r := range g.guarded() {
		// The admin's role would allow it: the token's scope does not.
		for s, token := range tokens {
			if r.Scope != s {
				sent++
				g.scopeRefused(r, g.do(verb(r), g.at(r), token, `{}`, ""))
			}
		}
		// A Viewer's token has all scopes: the role does not allow it.
		if r.Scope == auth.ScopeClients || r.Scope == auth.ScopeModels || r.Scope == auth.ScopeProductsWrite || r.Scope == auth.ScopeAgents {
			sent++
			g.scopeRefused(r, g.do(verb(r), g.at(r), viewer.token, `{}`, ""))
		}
	}
	if n := g.count(`SELECT count(*) FROM audit_records WHERE kind = 'access.denied'`) - before; n != sent {
		t.Errorf("%d refusals, and %d on record", sent, n)
	}
}

func (g *gateRig) scopeRefused(r web.Route, a answer) {
	g.t.Helper()
	g.refused(403, a)
	c := a.header.Get("WWW-Authenticate")
	if want := `error="insufficient_scope", scope="` + string(r.Scope) + `"`; !strings.Contains(c, want) {
		g.t.Errorf("%s: the challenge is %q", a.call, c)
	}
}

// object is a body that is right for whichever route it is sent to.
const object = `{"sql":"SELECT 1","data_product_id":"` + rigProduct + `","result_table_name":"r","status":"draft","message":"m",` +
	`"sql_statements":["SELECT 1"],"user_query":"q","publish":[{"product_id":"` + rigProduct + `"}],"report_key":"k","value":true}`

func TestAnotherClientsObjectDoesNotExist(t *testing.T) {
	g := newGateRig(t)
	seen := 0
	for _, r := range g.guarded() {
		if !strings.Contains(r.Path, "{") || r.Scope == auth.ScopeClients || r.Scope == auth.ScopeModels {
			continue // clients, groups and language models are the admins', who see them all
		}
		seen++
		a := g.do(verb(r), g.at(r), g.other.token, object, "")
		g.refused(404, a)
		if strings.Contains(r.Path, "{product_id}") || strings.Contains(r.Path, "{agent_id}") || strings.Contains(r.Path, "chats/tool/default") {
			if g.count(`SELECT count(*) FROM audit_records WHERE request_id = ? AND (kind = 'access.denied' OR kind = 'query.refused')`, a.header.Get("X-Request-Id")) != 1 {
				t.Errorf("%s: the denial is not on record, or more than once", a.call)
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d routes name an object", seen)
	}
	// And it is still there for its owner.
	g.want(200, g.do("GET", "/api/v2/auth/credentials/"+g.authID+"/", g.owner.token, "", ""))
	g.want(200, g.do("GET", "/integration/data-products/v1/data-product/"+rigProduct+"/", g.owner.token, "", ""))
	// Nor do the lists, or MCP, show it.
	for _, path := range []string{"/api/v2/auth/credentials/", "/integration/data-products/v1/data-product/", "/integration/data-products/api/v1/data-product/"} {
		if a := g.want(200, g.do("GET", path, g.other.token, "", "")); strings.Contains(string(a.body), "rig:") || strings.Contains(string(a.body), g.authID) {
			t.Errorf("%s shows %s", path, a.body)
		}
	}
	a := g.do("POST", "/ai/mcp/", g.other.token, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"sql_execution_tool","arguments":`+object+`}}`, "")
	if !strings.Contains(string(a.body), "not found") || !strings.Contains(string(a.body), `"isError":true`) {
		t.Errorf("MCP answers %s", a.body)
	}
}

// bodiless are the routes that act on what their path or query names and read
// no body, so that none can be malformed.
func bodiless(r web.Route) bool {
	return r.Method == "GET" || r.Method == "DELETE" && !strings.Contains(r.Path, "permissions") && !strings.Contains(r.Path, "member") && !strings.HasSuffix(r.Path, "/grant") ||
		strings.HasSuffix(r.Path, "/clone") || strings.HasSuffix(r.Path, "/publish_as_tool") ||
		strings.HasSuffix(r.Path, "{marketplace_id}/data-product/{product_id}/") ||
		strings.HasSuffix(r.Path, "/rotate-secret/") || strings.HasSuffix(r.Path, "/revoke-tokens/") || strings.HasSuffix(r.Path, "/test/") || strings.HasSuffix(r.Path, "/test") || strings.HasSuffix(r.Path, "/cancel")
}

func TestMalformedRequestsChangeNothing(t *testing.T) {
	g := newGateRig(t)
	bodies := []struct{ name, body, contentType string }{
		{"nothing", "", ""},
		{"half an object", `{"name": "x", "role": `, ""},
		{"a list", `[]`, ""},
		{"a string", `"x"`, ""},
		{"null", `null`, ""},
		{"an empty object", `{}`, ""},
		{"wrong types", `{"name":5,"role":[],"state":{},"username":1,"password":[],"dp_id":2,"sql":3,"data_product_id":4,"status":5,"tool_name":6,"subject_type":7,"object_id":8,"product":9,"product_spec":10,"jsonrpc":11,"message":12}`, ""},
		{"no text", "\xff\xfe{}", ""},
		{"another type", `state=s&username=u`, "application/x-www-form-urlencoded"},
		{"a type that is none", `{}`, "nonsense;;"},
		{"too much", `{"name":"` + strings.Repeat("x", 5<<20) + `"}`, ""},
	}
	tables := []string{"n FROM changes WHERE id = 1", "count(*) FROM oauth_clients", "count(*) FROM products", "count(*) FROM credentials", "count(*) FROM grants", "count(*) FROM product_versions", "count(*) FROM marketplaces", "count(*) FROM listings", "count(*) FROM report_results", "count(*) FROM caller_groups", "count(*) FROM group_members", "count(*) FROM agents", "count(*) FROM agent_grants", "count(*) FROM llms", "count(*) FROM llm_keys"}
	var before []int64
	for _, q := range tables {
		before = append(before, g.count("SELECT "+q))
	}
	tried := 0
	for _, r := range g.guarded() {
		if bodiless(r) {
			continue
		}
		for _, b := range bodies {
			tried++
			a := g.do(verb(r), g.at(r), g.admin.token, b.body, b.contentType)
			switch {
			case r.Path == "/ai/api/v1/chats" && b.name == "an empty object":
				g.want(201, a) // a chat needs no name
			case r.Method == "PATCH" && b.name == "an empty object" && !strings.Contains(r.Path, "{chat_id}"):
				g.want(200, a) // it asks for no change, rightly
			case !slices.Contains([]int{400, 404, 413, 415, 422}, a.status),
				b.name == "too much" && a.status != 413 && a.status != 404:
				t.Errorf("%s with %s: %d\n%.300s", a.call, b.name, a.status, a.body)
			default:
				g.refused(a.status, a)
			}
			for i, q := range tables {
				if n := g.count("SELECT " + q); n != before[i] {
					t.Fatalf("%s with %s changed %s", a.call, b.name, q)
				}
			}
		}
	}
	if tried == 0 {
		t.Error("no route reads a body")
	}
}

// changing is a good request to every route that changes something or runs a
// query. "-" is one that does neither.
func (g *gateRig) changing() map[string]string {
	const perm = `{"subject_type":"client","subject_id":"%s","object_type":"data_product","object_id":"` + rigProduct + `","role":"%s"}`
	spec := fmt.Sprintf(rigSpec, rigProduct, g.filesRoot()+"/sales.sqlite")
	m := map[string]string{
		"POST /integration/core/v1/oauth/clients/":                              `{"name":"made","role":"viewer","grant_types":["client_credentials"]}`,
		"PATCH /integration/core/v1/oauth/clients/{client_id}/":                 `{"role":"steward"}`,
		"POST /integration/core/v1/oauth/clients/{client_id}/rotate-secret/":    ``,
		"POST /integration/core/v1/oauth/clients/{client_id}/revoke-tokens/":    ``,
		"DELETE /integration/core/v1/oauth/clients/{client_id}/":                ``,
		"POST /integration/v1/group/":                                           `{"display_name":"made"}`,
		"DELETE /integration/v1/group/{group_id}/":                              ``,
		"POST /integration/v1/group/{group_id}/member/":                         `{"subject_type":"client","subject_id":"` + string(g.other.ID) + `"}`,
		"DELETE /integration/v1/group/{group_id}/member/":                       `{"subject_type":"client","subject_id":"` + string(g.owner.ID) + `"}`,
		"POST /ai/api/v1/config/llm":                                            `{"name":"made","provider":"gemini","model":"m"}`,
		"PATCH /ai/api/v1/config/llm/{llm_id}":                                  `{"model":"other","is_default":true}`,
		"DELETE /ai/api/v1/config/llm/{llm_id}":                                 ``,
		"POST /ai/api/v1/config/llm/{llm_id}/test":                              ``,
		"POST /ai/api/v1/llm_credentials":                                       `{"name":"made","base_url":"https://model.invalid","api_key":"sk-made"}`,
		"PATCH /ai/api/v1/llm_credentials/{llm_credential_id}":                  `{"api_key":"sk-other"}`,
		"DELETE /ai/api/v1/llm_credentials/{llm_credential_id}":                 ``,
		"POST /api/v2/auth/credentials/":                                        `{"state":"t","username":"u","password":"p","dp_id":"` + rigProduct + `"}`,
		"POST /api/v2/auth/credentials/{auth_id}/test/":                         ``,
		"DELETE /api/v2/auth/credentials/{auth_id}/":                            ``,
		"POST /api/v2/data-product/{product_id}/query/":                         `{"sql":"SELECT id FROM sales"}`,
		"POST /api/v2/data-product/{product_id}/evaluation/":                    `{"questions":[{"question":"How many sales?","sql":"SELECT count(*) FROM sales"}]}`,
		"POST /api/v2/data-product/{product_id}/verified-query/{name}/grant/":   `{"subject_type":"client","subject_id":"` + string(g.other.ID) + `"}`,
		"DELETE /api/v2/data-product/{product_id}/verified-query/{name}/grant/": `{"subject_type":"client","subject_id":"` + string(g.other.ID) + `"}`,
		"POST /api/v1/ai_agent/tool/event/":                                     `{"tool_name":"T","status_code":200}`,
		"POST /ai/api/v1/chats/tool/default/{ref}/stream":                       `{"sql":"SELECT id FROM sales","data_product_id":"` + rigProduct + `","result_table_name":"r"}`,
		"POST /ai/api/v1/chats/tool/default/{ref}/call":                         `{"sql":"SELECT id FROM sales","data_product_id":"` + rigProduct + `","result_table_name":"r"}`,
		"POST /ai/api/v1/chats/tool/{ref}/call":                                 "-",
		"POST /ai/api/v1/chats/agent/default/{ref}/call":                        "-",
		"POST /ai/api/v1/chats/agent/{agent_id}/call":                           "-",
		"POST /ai/api/v1/chats":                                                 `{"name":"made"}`,
		"PATCH /ai/api/v1/chats/{chat_id}":                                      `{"name":"renamed"}`,
		"POST /ai/api/v1/config/agent":                                          `{"name":"made"}`,
		"POST /ai/api/v1/config/agent/import":                                   `{"name":"made"}`,
		"PATCH /ai/api/v1/config/agent/{agent_id}":                              `{"prompt":"Answer."}`,
		"DELETE /ai/api/v1/config/agent/{agent_id}":                             ``,
		"POST /ai/api/v1/config/agent/{agent_id}/clone":                         ``,
		"POST /ai/api/v1/config/agent/{agent_id}/publish_as_tool":               ``,
		"DELETE /ai/api/v1/config/agent/{agent_id}/unpublish_tool":              "-", // on record where it was one
		"POST /ai/api/v1/config/agent/{agent_id}/grant":                         `{"subject_type":"client","subject_id":"` + string(g.other.ID) + `","role":"user"}`,
		"DELETE /ai/api/v1/config/agent/{agent_id}/grant":                       `{"subject_type":"client","subject_id":"` + string(g.owner.ID) + `"}`,
		"PUT /ai/api/v1/config/tool/{tool_id}":                                  "-",
		"DELETE /ai/api/v1/config/tool/{tool_id}":                               "-",
		"POST /ai/api/v1/chats/{chat_id}/cancel":                                "-", // on record where something ran
		"POST /ai/api/v1/chats/{chat_id}/tags/add":                              `{"tags":["b"]}`,
		"POST /ai/api/v1/chats/{chat_id}/tags/remove":                           `{"tags":["a"]}`,
		"POST /ai/api/v1/chats/tool/{ref}/stream":                               "-",
		"POST /ai/api/v1/chats/agent/default/{ref}/stream":                      "-",
		"POST /ai/api/v1/chats/agent/{agent_id}/stream":                         "-",
		"POST /api/v2/data-product/{product_id}/validate-sql/":                  `{"sql_statements":["SELECT id FROM sales"]}`,
		"POST /ai/api/v2/data-product/{product_id}/validate-sql/":               `{"sql_statements":["SELECT id FROM sales"]}`,
		"POST /ai/mcp/": `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"sql_execution_tool","arguments":{"sql":"SELECT id FROM sales","data_product_id":"` + rigProduct + `","result_table_name":"r"}}}`,
	}
	for _, base := range []string{"/integration/data-products/v1", "/dps/integration/data-products/v1", "/integration/data-products/api/v1"} {
		m["POST "+base+"/data-product/"] = strings.Replace(spec, rigProduct, "rig:"+strings.ReplaceAll(strings.Trim(base, "/"), "/", "_"), 1)
		m["PUT "+base+"/data-product/"] = strings.Replace(spec, "{name: Sales}", "{name: "+base+"}", 1)
		m["PUT "+base+"/data-product/{product_id}/version/{version_id}/"] = `{"status":"draft"}`
		m["POST "+base+"/data-products/permissions/"] = fmt.Sprintf(perm, g.other.ID, "product_viewer")
		m["PUT "+base+"/data-products/permissions/"] = fmt.Sprintf(perm, g.other.ID, "product_admin")
		m["DELETE "+base+"/data-products/permissions/"] = fmt.Sprintf(perm, g.other.ID, "product_admin")
		m["DELETE "+base+"/data-product/{product_id}/"] = ``
		m["DELETE "+base+"/data-product/{product_id}/version/{version_id}/"] = ``
		m["POST "+base+"/data-product-check/"] = "-"
		m["POST "+base+"/data-product/{product_id}/report-results/"] = `[{"report_key":"pii_found","value":false}]`
		m["POST "+base+"/report-results/"] = `[{"product_id":"` + rigProduct + `","report_key":"pii_found","value":false}]`
		const market = "/marketplace/{marketplace_id}/"
		m["POST "+base+"/marketplace/"] = fmt.Sprintf(rigMarket, "rig:"+strings.ReplaceAll(strings.Trim(base, "/"), "/", "_"))
		m["PUT "+base+"/marketplace/"] = strings.Replace(fmt.Sprintf(rigMarket, rigMarketID), "Market}", "Renamed}", 1)
		m["DELETE "+base+market] = ``
		m["POST "+base+market+"data-product/{product_id}/"] = ``
		m["PUT "+base+market+"data-product/{product_id}/"] = ``
		m["DELETE "+base+market+"data-product/{product_id}/"] = ``
		m["POST "+base+market+"bulk-publish/"] = `{"unpublish":[{"product_id":"` + rigProduct + `"}]}`
		m["POST "+base+"/search-internally/{marketplace_id}/"] = "-"
	}
	return m
}

func (g *gateRig) filesRoot() string { return g.gate.Files.Root }

func TestEveryRouteThatChangesSomethingLeavesARecord(t *testing.T) {
	template := newGateRig(t)
	seen := 0
	for _, r := range template.guarded() {
		if r.Method == "GET" {
			continue
		}
		body, known := template.changing()[verb(r)+" "+r.Path]
		if !known {
			t.Errorf("%s %s: say in changing() what a good request to it is", verb(r), r.Path)
			continue
		}
		if body == "-" {
			continue
		}
		seen++
		t.Run(verb(r)+r.Path, func(t *testing.T) { newGateRig(t).leavesARecord(r) })
	}
	if seen == 0 {
		t.Error("nothing changes anything")
	}
}

// leavesARecord sends the good request on a server of its own.
func (g *gateRig) leavesARecord(r web.Route) {
	g.t.Helper()
	body, token := g.changing()[verb(r)+" "+r.Path], g.owner.token
	if r.Scope == auth.ScopeClients || r.Scope == auth.ScopeModels {
		token = g.admin.token
	}
	if strings.Contains(r.Path, "permissions") && r.Method != "POST" {
		first := body
		if r.Method == "PUT" {
			first = strings.Replace(body, "product_admin", "product_viewer", 1)
		}
		g.want(201, g.do("POST", r.Path, token, first, ""))
	}
	if strings.Contains(r.Path, "/grant/") && r.Method == "DELETE" {
		g.want(201, g.do("POST", g.at(r), token, body, ""))
	}
	contentType := ""
	if strings.HasPrefix(body, "product:") || strings.HasPrefix(body, "marketplace:") {
		contentType = "application/x-yaml"
	}
	if strings.Contains(r.Path, "{version_id}") && r.Method == "DELETE" {
		spec := strings.Replace(fmt.Sprintf(rigSpec, rigProduct, g.filesRoot()+"/sales.sqlite"), "version: 1.0.0", "version: 1.1.0", 1)
		g.do("PUT", "/integration/data-products/v1/data-product/", token, spec, "application/x-yaml")
	}
	a := g.do(verb(r), g.at(r), token, body, contentType)
	if a.status < 200 || a.status > 299 {
		g.t.Fatalf("%s: %d %s", a.call, a.status, a.body)
	}
	if strings.Contains(string(a.body), `"error"`) || strings.Contains(string(a.body), `"isError":true`) {
		g.t.Fatalf("%s: %s", a.call, a.body)
	}
	id := a.header.Get("X-Request-Id")
	if n := g.count(`SELECT count(*) FROM audit_records WHERE request_id = ?`, id); n == 0 {
		g.t.Errorf("%s: answered %d, and nothing is on record of request %s", a.call, a.status, id)
	}
}
