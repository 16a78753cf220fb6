package console_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/server/web"
	"github.com/postern/postern/internal/store"
)

var placeholder = regexp.MustCompile(`\{[^}]*\}`)

// visits gives a method and path for each route of a scope.
func (g *gate) visits(t *testing.T, s auth.Scope) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, r := range g.Routes() {
		if r.Scope == s {
			method := r.Method
			if method == "" {
				method = http.MethodPut
			}
			out[method+" "+placeholder.ReplaceAllString(r.Path, "x")] = r.Path
		}
	}
	if len(out) == 0 {
		t.Fatalf("no routes of scope %q", s)
	}
	return out
}

func TestEveryPageLeadsToSignInWithoutASession(t *testing.T) {
	g := newGate(t)
	stranger := g.browser(t)
	asked := g.visits(t, web.Session)
	for _, path := range []string{"/admin", "/admin/", "/admin/auth", "/admin/auth/", "/admin/nowhere", "/admin/auth/clients/x/y/z", "/admin/static", "/admin/setup/"} {
		asked["GET "+path] = path
	}
	for _, cookie := range []string{"", "postern_session=made-up", "__Host-postern_session=made-up", "postern_session="} {
		for visit := range asked {
			method, path, _ := strings.Cut(visit, " ")
			res := g.do(t, stranger, method, path, nil, "Cookie", cookie)
			if res.status != http.StatusSeeOther || !strings.HasPrefix(res.location, "/admin/sign-in/?next=%2Fadmin") {
				t.Errorf("%s with %q: %d to %q", visit, cookie, res.status, res.location)
			}
		}
	}
}

func TestOnlyTheseCanBeReachedWithoutASession(t *testing.T) {
	g := newGate(t)
	want := []string{"GET /admin/reset/x/", "GET /admin/setup/x/", "GET /admin/sign-in/", "GET /admin/static/x", "POST /admin/reset/x/", "POST /admin/setup/x/", "POST /admin/sign-in/"}
	var got []string
	for v := range g.visits(t, web.Public) {
		got = append(got, v)
	}
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, r := range g.Routes() {
		if r.Scope != web.Public && r.Scope != web.Session {
			t.Errorf("%s %s has scope %q", r.Method, r.Path, r.Scope)
		}
	}
}

func TestAnotherSitesPageCanDoNothing(t *testing.T) {
	g := withAdmin(t)
	id, _ := g.addClient(t, "victim")
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
		{"Sec-Fetch-Site", "same-site", "Origin", "https://evil.example"},
		{"Origin", "https://evil.example"},
		{"Origin", "null"},
	} {
		for _, scope := range []auth.Scope{web.Session, web.Public} {
			for visit, path := range g.visits(t, scope) {
				method, _, _ := strings.Cut(visit, " ")
				if method == http.MethodGet {
					continue
				}
				path = placeholder.ReplaceAllString(strings.ReplaceAll(path, "{id}", string(id)), "x")
				form := url.Values{"name": {"planted"}, "duration": {"3600"}, "role": {"server_admin"}, "username": {"ada"}, "password": {password}, "again": {password}}
				if res := g.do(t, g.admin, method, path, form, headers...); res.status != http.StatusForbidden || len(res.header["Set-Cookie"]) > 0 {
					t.Errorf("%s with %v: %d, cookies %v", visit, headers, res.status, res.header["Set-Cookie"])
				}
			}
		}
	}
	list, err := g.Clients.List(t.Context())
	if err != nil || len(list) != 1 || list[0].Role != auth.Viewer {
		t.Errorf("clients are now %+v, %v", list, err)
	}
	g.see(t, "/admin/") // and the session still stands
}

func TestEveryAnswerIsFencedIn(t *testing.T) {
	g := withAdmin(t)
	stranger := g.browser(t)
	check := func(visit string, res answer, fixed bool) {
		t.Helper()
		h := res.header
		for name, want := range map[string]string{
			"Content-Security-Policy":      "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "same-origin",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
		} {
			if h.Get(name) != want {
				t.Errorf("%s (%d): %s is %q", visit, res.status, name, h.Get(name))
			}
		}
		if !fixed && h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s (%d): Cache-Control is %q", visit, res.status, h.Get("Cache-Control"))
		}
		if strings.Contains(res.body, "<script>") || strings.Contains(res.body, "style=\"") || strings.Contains(res.body, "onclick") {
			t.Errorf("%s: something inline, which the policy would not run", visit)
		}
	}
	for _, scope := range []auth.Scope{web.Session, web.Public} {
		for visit := range g.visits(t, scope) {
			method, path, _ := strings.Cut(visit, " ")
			check(visit, g.do(t, stranger, method, path, url.Values{}, "Sec-Fetch-Site", "same-origin"), false)
			if path != "/admin/sign-out/" {
				check(visit+", signed in", g.do(t, g.admin, method, path, url.Values{}, "Sec-Fetch-Site", "same-origin"), false)
			}
		}
	}
	for _, file := range []string{"console.css", "console.js", "logo.svg"} {
		res := g.get(t, stranger, "/admin/static/"+file)
		check(file, res, true)
		if res.status != http.StatusOK || res.body == "" || !strings.HasPrefix(res.header.Get("Cache-Control"), "public") {
			t.Errorf("%s: %d, %q", file, res.status, res.header.Get("Cache-Control"))
		}
	}
}

func TestNextLeadsNowhereElse(t *testing.T) {
	g := withAdmin(t)
	for next, want := range map[string]string{
		"/admin/auth/":                        "/admin/auth/",
		"/admin/audit/?kind=query.&x=1":       "/admin/audit/?kind=query.&x=1",
		"/admin/products/a%2Fb/":              "/admin/products/a%2Fb/",
		"":                                    "/admin/",
		"https://evil.example/admin/":         "/admin/",
		"//evil.example/admin/":               "/admin/",
		"/admin//evil.example":                "/admin/",
		"/admin/../../evil":                   "/admin/",
		`/\evil.example/admin/`:               "/admin/",
		`/admin/\..\evil`:                     "/admin/",
		"javascript:alert(1)":                 "/admin/",
		"/admin/\r\nSet-Cookie: a=b":          "/admin/",
		"/oauth/v2/token/":                    "/admin/",
		"/administrator/":                     "/admin/",
		"/admin/sign-out/":                    "/admin/",
		"/admin/sign-in/?next=/admin/":        "/admin/",
		"//ada@evil.example/admin/":           "/admin/",
		"/admin/" + strings.Repeat("a", 3000): "/admin/",
	} {
		res := g.post(t, g.browser(t), "/admin/sign-in/", url.Values{"username": {"ada"}, "password": {password}, "next": {next}})
		if res.status != http.StatusSeeOther || res.location != want {
			t.Errorf("next %q led to %q (%d)", next, res.location, res.status)
		}
		if res := g.get(t, g.admin, "/admin/sign-in/?next="+url.QueryEscape(next)); res.location != want {
			t.Errorf("signed in already, next %q led to %q", next, res.location)
		}
	}
}

// The role is looked up at each request, and policy decides what it may see.
func TestARoleSeesAndDoesWhatPolicyPermits(t *testing.T) {
	g := withAdmin(t)
	id, _ := g.addClient(t, "mine")
	g.demote(t, auth.Viewer)
	for visit, want := range map[string]int{
		"GET /admin/":                                         http.StatusOK,
		"GET /admin/products/":                                http.StatusOK,
		"GET /admin/account/":                                 http.StatusOK,
		"GET /admin/auth/":                                    http.StatusForbidden,
		"GET /admin/auth/clients/new/":                        http.StatusForbidden,
		"POST /admin/auth/clients/new/":                       http.StatusForbidden,
		"POST /admin/auth/clients/" + string(id) + "/":        http.StatusForbidden,
		"POST /admin/auth/clients/" + string(id) + "/rotate/": http.StatusForbidden,
		"POST /admin/auth/clients/" + string(id) + "/revoke/": http.StatusForbidden,
		"POST /admin/auth/clients/" + string(id) + "/delete/": http.StatusForbidden,
		"POST /admin/auth/keys/rotate/":                       http.StatusForbidden,
		"POST /admin/auth/keys/x/burn/":                       http.StatusForbidden,
		"POST /admin/products/p/grants/":                      http.StatusForbidden,
		"POST /admin/products/p/grants/remove/":               http.StatusForbidden,
		"GET /admin/audit/":                                   http.StatusForbidden,
		"GET /admin/audit/x/":                                 http.StatusForbidden,
	} {
		method, path, _ := strings.Cut(visit, " ")
		res := g.do(t, g.admin, method, path, url.Values{"name": {"a"}, "duration": {"300"}, "role": {"viewer"}}, "Sec-Fetch-Site", "same-origin")
		if res.status != want {
			t.Errorf("%s as Viewer: %d, want %d", visit, res.status, want)
		}
		if strings.Contains(res.body, `href="/admin/auth/`) || strings.Contains(res.body, `href="/admin/audit/`) {
			t.Errorf("%s offers what a Viewer may not see", visit)
		}
	}
	rows, err := g.db.Audit(t.Context(), store.AuditFilter{Kind: string(audit.AccessDenied)})
	if err != nil || len(rows) != 13 {
		t.Errorf("%d refusals are on record, want 13 (%v)", len(rows), err)
	}
}

func TestASignedOutSessionIsOver(t *testing.T) {
	g := withAdmin(t)
	u, _ := url.Parse(g.url + "/admin/")
	stolen := g.admin.Jar.Cookies(u)[0]
	if res := g.post(t, g.admin, "/admin/sign-out/", url.Values{}); res.location != "/admin/sign-in/" {
		t.Fatalf("sign-out: %d to %q", res.status, res.location)
	}
	has(t, g.get(t, g.admin, "/admin/sign-in/").body, "You are signed out.")
	if res := g.do(t, g.browser(t), http.MethodGet, "/admin/", nil, "Cookie", stolen.String()); res.status != http.StatusSeeOther {
		t.Errorf("the old cookie still works: %d", res.status)
	}
}

func TestAnIdleSessionIsOver(t *testing.T) {
	g := withAdmin(t)
	g.pass(auth.SessionIdle + time.Second)
	if res := g.get(t, g.admin, "/admin/auth/"); res.status != http.StatusSeeOther || res.location != "/admin/sign-in/?next=%2Fadmin%2Fauth%2F" {
		t.Errorf("after half an hour: %d to %q", res.status, res.location)
	}
}

// A session that somebody else planted in the browser ends when its user
// signs in.
func TestSigningInEndsTheSessionThatWasThere(t *testing.T) {
	g := withAdmin(t)
	u, _ := url.Parse(g.url + "/admin/")
	before := g.admin.Jar.Cookies(u)[0]
	g.post(t, g.admin, "/admin/sign-in/", url.Values{"username": {"ada"}, "password": {password}})
	after := g.admin.Jar.Cookies(u)[0]
	if before.Value == after.Value {
		t.Error("the cookie stayed the same")
	}
	if res := g.do(t, g.browser(t), http.MethodGet, "/admin/", nil, "Cookie", before.String()); res.status != http.StatusSeeOther {
		t.Errorf("the session before still works: %d", res.status)
	}
	g.see(t, "/admin/")
}

func TestCookiesAreBoundToTheHost(t *testing.T) {
	for public, want := range map[string]http.Cookie{
		"http://127.0.0.1:8080":    {Name: "postern_session", Path: "/admin", HttpOnly: true, SameSite: http.SameSiteLaxMode},
		"https://data.example.com": {Name: "__Host-postern_session", Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode},
	} {
		g := withAdmin(t)
		g.PublicURL = public
		res := g.do(t, g.browser(t), http.MethodPost, "/admin/sign-in/", url.Values{"username": {"ada"}, "password": {password}})
		c, err := http.ParseSetCookie(res.header.Get("Set-Cookie"))
		if err != nil {
			t.Fatalf("%d %v", res.status, err)
		}
		got := http.Cookie{Name: c.Name, Path: c.Path, HttpOnly: c.HttpOnly, Secure: c.Secure, SameSite: c.SameSite, Domain: c.Domain, MaxAge: c.MaxAge}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", public, d)
		}
		if len(c.Value) < 43 {
			t.Errorf("the cookie has only %d characters", len(c.Value))
		}
	}
}

func TestSignInsAreSlowedDownAndSayForHowLong(t *testing.T) {
	g := withAdmin(t)
	other := g.browser(t)
	wrong := url.Values{"username": {`"><script>alert(1)</script>`}, "password": {"a wrong password"}}
	for range 5 {
		res := g.post(t, other, "/admin/sign-in/", wrong)
		if res.status != http.StatusUnauthorized {
			t.Fatalf("a wrong password: %d", res.status)
		}
		has(t, res.body, "The username or the password is wrong.")
		if strings.Contains(res.body, "<script>alert") || strings.Contains(res.body, "a wrong password") {
			t.Error("the page runs or repeats what was typed")
		}
	}
	res := g.post(t, other, "/admin/sign-in/", wrong)
	if res.status != http.StatusTooManyRequests || res.header.Get("Retry-After") == "" {
		t.Errorf("the sixth: %d, Retry-After %q", res.status, res.header.Get("Retry-After"))
	}
	has(t, res.body, "Too many attempts.")
	if strings.Contains(g.log.String(), "a wrong password") {
		t.Error("the log has a password")
	}
}

func TestTheSetupLinkMakesAnAdminAndSignsIn(t *testing.T) {
	g := newGate(t)
	has(t, g.get(t, g.browser(t), "/admin/sign-in/").body, "There is no admin yet.")
	token, _, err := g.People.(*auth.People).SetupToken(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	path := "/admin/setup/" + token.Reveal() + "/"
	c := g.browser(t)
	has(t, g.get(t, c, path).body, "Set up Postern", `autocomplete="new-password"`)
	for want, f := range map[string]url.Values{
		"The two passwords are not the same.": {"username": {"ada"}, "password": {password}, "again": {"another"}},
		"Must have at least 12 characters.":   {"username": {"ada"}, "password": {"short"}, "again": {"short"}},
		"This is needed.":                     {"username": {""}, "password": {password}, "again": {password}},
	} {
		res := g.post(t, c, path, f)
		if res.status != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d", f, res.status)
		}
		has(t, res.body, want)
	}
	res := g.post(t, c, path, url.Values{"username": {"ada"}, "password": {password}, "again": {password}})
	if res.status != http.StatusSeeOther || res.location != "/admin/" {
		t.Fatalf("setup: %d to %q %s", res.status, res.location, res.body)
	}
	g.admin = c
	has(t, g.see(t, "/admin/"), "Welcome to Postern.", "ada")
	if strings.Contains(g.see(t, "/admin/"), "Welcome to Postern.") {
		t.Error("the greeting comes again")
	}
	for _, used := range []string{path, "/admin/setup/made-up/"} {
		if res := g.get(t, g.browser(t), used); res.status != http.StatusNotFound {
			t.Errorf("GET %s after setup: %d", used, res.status)
		}
	}
	if strings.Contains(g.log.String(), token.Reveal()) || strings.Contains(g.log.String(), password) {
		t.Error("the log has the link or the password")
	}
	if _, err := g.People.SignIn(t.Context(), "ada", secret.New(password), "10.0.0.9"); err != nil {
		t.Error(err)
	}
}

func TestTheResetLinkSetsAPasswordAndSignsIn(t *testing.T) {
	g := withAdmin(t)
	_, token, _, err := g.People.(*auth.People).Reset(context.Background(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	path, c := "/admin/reset/"+token.Reveal()+"/", g.browser(t)
	has(t, g.get(t, c, path).body, "New password", "For ada.", `autocomplete="new-password"`)
	for want, f := range map[string]url.Values{
		"The two passwords are not the same.": {"password": {"another horse battery"}, "again": {"another"}},
		"Must have at least 12 characters.":   {"password": {"short"}, "again": {"short"}},
	} {
		res := g.post(t, c, path, f)
		if res.status != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d", f, res.status)
		}
		has(t, res.body, want)
	}
	const next = "another horse battery"
	res := g.post(t, c, path, url.Values{"password": {next}, "again": {next}})
	if res.status != http.StatusSeeOther || res.location != "/admin/" {
		t.Fatalf("reset: %d to %q %s", res.status, res.location, res.body)
	}
	if res := g.get(t, g.admin, "/admin/"); res.status != http.StatusSeeOther {
		t.Errorf("the session from before: %d", res.status)
	}
	g.admin = c
	has(t, g.see(t, "/admin/"), "Your new password is set.", "ada")
	for _, used := range []string{path, "/admin/reset/made-up/"} {
		if res := g.get(t, g.browser(t), used); res.status != http.StatusNotFound {
			t.Errorf("GET %s afterwards: %d", used, res.status)
		}
	}
	if strings.Contains(g.log.String(), token.Reveal()) || strings.Contains(g.log.String(), next) {
		t.Error("the log has the link or the password")
	}
}
