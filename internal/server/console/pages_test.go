package console_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/store"
)

func TestAClientIsMadeAndItsSecretShownOnce(t *testing.T) {
	g := withAdmin(t)
	id, s := g.addClient(t, "nightly report")
	if !auth.IsSecret(s) {
		t.Errorf("%q is no client secret", s)
	}
	record, err := g.db.Audit(t.Context(), store.AuditFilter{})
	if err != nil {
		t.Fatal(err)
	}
	places := map[string]string{"the log": g.log.String()}
	for _, r := range record {
		places["the record"] += string(r.Body)
	}
	for _, path := range []string{"/admin/", "/admin/auth/", "/admin/auth/clients/new/", "/admin/auth/clients/" + string(id) + "/", "/admin/audit/"} {
		places[path] = g.see(t, path)
	}
	for where, text := range places {
		if strings.Contains(text, s) || secretForm.MatchString(text) {
			t.Errorf("%s has the secret", where)
		}
	}
	has(t, places["/admin/auth/"], "OAuth Client Applications", "nightly report", string(id), "Viewer", "1 hour")
	has(t, places["/admin/auth/clients/"+string(id)+"/"], "nightly report", string(id), `value="3600"`)
}

func TestTheSecretPageHasWhatAMachineNeeds(t *testing.T) {
	g := withAdmin(t)
	res := g.post(t, g.admin, "/admin/auth/clients/new/", url.Values{"name": {"bot"}, "duration": {"300"}, "role": {"steward"}, "single": {"on"}})
	s := secretForm.FindString(res.body)
	list, err := g.Clients.List(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	c := list[0]
	if c.Role != auth.Steward || c.Duration.Seconds() != 300 || !c.SingleActive {
		t.Errorf("the client is %+v", c)
	}
	has(t, res.body, "--url "+g.url+"/oauth/v2/token/", "--data grant_type=client_credentials", "--data client_id="+string(c.ID), "--data client_secret="+s,
		"export POSTERN_CLIENT_ID="+string(c.ID), `data-copy="#client-id"`, `data-copy="#client-secret"`, "cannot be shown again")
	if res.header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control is %q", res.header.Get("Cache-Control"))
	}
}

func TestTheFormHasTheDocumentedFields(t *testing.T) {
	g := withAdmin(t)
	body := g.see(t, "/admin/auth/clients/new/")
	has(t, body, "Grant Type", "Client Credentials", `min="300" max="259200"`, `value="3600"`)
	var roles []string
	for _, m := range regexp.MustCompile(`<option value="[a-z]+_?[a-z]*">([^<]+)</option>`).FindAllStringSubmatch(body, -1) {
		roles = append(roles, m[1])
	}
	if d := cmp.Diff([]string{"Server Admin", "Catalog Admin", "Source Admin", "Composer", "Steward", "Explorer", "Viewer"}, roles); d != "" {
		t.Error(d)
	}
}

func TestWhatIsWrongIsSaidBesideTheFieldAndWhatWasTypedIsKept(t *testing.T) {
	g := withAdmin(t)
	id, _ := g.addClient(t, "taken")
	for _, tc := range []struct{ name, duration, role, field, message string }{
		{"", "3600", "viewer", "name", "This is needed."},
		{"Big Letters", "3600", "viewer", "name", "Lower-case letters"},
		{"taken", "3600", "viewer", "name", ""},
		{`x"><script>alert(1)</script>`, "3600", "viewer", "name", "Lower-case letters"},
		{"fine", "299", "viewer", "duration", "Whole seconds from 300 to 259200."},
		{"fine", "259201", "viewer", "duration", "Whole seconds from 300 to 259200."},
		{"fine", "3600.5", "viewer", "duration", "Whole seconds from 300 to 259200."},
		{"fine", "99999999999999999999", "viewer", "duration", "Whole seconds from 300 to 259200."},
		{"fine", "", "viewer", "duration", "Whole seconds from 300 to 259200."},
		{"fine", "3600", "", "role", "This is needed."},
		{"fine", "3600", "root", "role", "One of"},
	} {
		res := g.post(t, g.admin, "/admin/auth/clients/new/", url.Values{"name": {tc.name}, "duration": {tc.duration}, "role": {tc.role}})
		if res.status != http.StatusUnprocessableEntity {
			t.Errorf("%+v: %d", tc, res.status)
			continue
		}
		has(t, res.body, `id="`+tc.field+`-error"`, `aria-invalid="true"`, tc.message)
		if !strings.Contains(res.body, `value="`+html.EscapeString(tc.name)+`"`) && !strings.Contains(res.body, html.EscapeString(tc.name)) {
			t.Errorf("%+v: the name is gone", tc)
		}
		if strings.Contains(res.body, "<script>alert") || secretForm.MatchString(res.body) {
			t.Errorf("%+v: a script or a secret", tc)
		}
	}
	res := g.post(t, g.admin, "/admin/auth/clients/"+string(id)+"/", url.Values{"duration": {"1"}, "role": {"viewer"}})
	if res.status != http.StatusUnprocessableEntity {
		t.Errorf("edit: %d", res.status)
	}
	has(t, res.body, `id="duration-error"`, `value="1"`)
	if list, err := g.Clients.List(t.Context()); err != nil || len(list) != 1 || list[0].Duration.Seconds() != 3600 {
		t.Errorf("clients are now %+v, %v", list, err)
	}
}

func TestAClientIsEditedRotatedRevokedAndDeleted(t *testing.T) {
	g := withAdmin(t)
	id, first := g.addClient(t, "bot")
	path := "/admin/auth/clients/" + string(id) + "/"
	res := g.post(t, g.admin, path, url.Values{"duration": {"600"}, "role": {"explorer"}, "single": {"on"}, "disabled": {"on"}})
	if res.status != http.StatusSeeOther || res.location != path {
		t.Fatalf("edit: %d to %q", res.status, res.location)
	}
	has(t, g.see(t, path), "Changes saved.", `value="600"`, `<option value="explorer" selected>`, "disabled")
	before, err := g.Clients.Get(t.Context(), id)
	if err != nil || before.Role != auth.Explorer || !before.SingleActive || !before.Disabled {
		t.Errorf("the client is %+v, %v", before, err)
	}

	seen := regexp.MustCompile(`name="seen" value="([^"]+)"`).FindStringSubmatch(g.see(t, path+"rotate/"))
	if seen == nil {
		t.Fatal("the page does not say which secret it is about")
	}
	g.pass(1e9)
	res = g.post(t, g.admin, path+"rotate/", url.Values{"seen": {seen[1]}})
	second := secretForm.FindString(res.body)
	if res.status != http.StatusOK || second == "" || second == first {
		t.Fatalf("rotate: %d %q", res.status, second)
	}
	if res := g.post(t, g.admin, path+"rotate/", url.Values{"seen": {seen[1]}}); res.status != http.StatusConflict || secretForm.MatchString(res.body) {
		t.Errorf("a reload of the secret page rotated again: %d", res.status)
	}

	has(t, g.see(t, path+"revoke/"), "Revoke the tokens of “bot”?")
	if res := g.post(t, g.admin, path+"revoke/", url.Values{}); res.location != path {
		t.Errorf("revoke: %d to %q", res.status, res.location)
	}
	if after, err := g.Clients.Get(t.Context(), id); err != nil || after.Epoch == before.Epoch {
		t.Errorf("tokens were not revoked: %+v, %v", after, err)
	}

	has(t, g.see(t, path+"delete/"), "Delete “bot”?")
	if res := g.post(t, g.admin, path+"delete/", url.Values{}); res.location != "/admin/auth/" {
		t.Errorf("delete: %d to %q", res.status, res.location)
	}
	has(t, g.see(t, "/admin/auth/"), "The client is deleted.", "No clients yet.")
	for _, gone := range []string{path, path + "rotate/", path + "revoke/", path + "delete/"} {
		if res := g.get(t, g.admin, gone); res.status != http.StatusNotFound {
			t.Errorf("GET %s after it was deleted: %d", gone, res.status)
		}
	}
}

func TestKeysAreRotatedAndBurned(t *testing.T) {
	g := withAdmin(t)
	keys, err := g.Keys.List(t.Context())
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	old := keys[0].ID
	g.see(t, "/admin/auth/keys/rotate/")
	if res := g.post(t, g.admin, "/admin/auth/keys/rotate/", url.Values{}); res.status != http.StatusSeeOther {
		t.Errorf("rotate: %d", res.status)
	}
	has(t, g.see(t, "/admin/auth/"), "A new signing key is published", old, "pending", "signing")
	has(t, g.see(t, "/admin/auth/keys/"+old+"/burn/"), "It is the key that signs now")
	if res := g.post(t, g.admin, "/admin/auth/keys/"+old+"/burn/", url.Values{}); res.status != http.StatusSeeOther {
		t.Errorf("burn: %d", res.status)
	}
	has(t, g.see(t, "/admin/auth/"), "The key is burned: 0 tokens of 0 clients", "burned")
	if res := g.post(t, g.admin, "/admin/auth/keys/nothing/burn/", url.Values{}); res.status != http.StatusNotFound {
		t.Errorf("burn what is not there: %d", res.status)
	}
}

// A flash cookie is the only thing a page takes from the browser to say.
func TestAFlashSaysNothingOfItsOwn(t *testing.T) {
	g := withAdmin(t)
	u, _ := url.Parse(g.url + "/admin/")
	for _, value := range []string{"<script>alert(1)</script>", "key.burned.x.y", "key.burned.1", "client.saved.7", "nothing.known", "x", "%d.%d"} {
		g.admin.Jar.SetCookies(u, []*http.Cookie{{Name: "postern_flash", Value: url.QueryEscape(value), Path: "/admin"}})
		if body := g.see(t, "/admin/"); strings.Contains(body, `role="status"`) {
			t.Errorf("flash %q was shown", value)
		}
	}
}

func TestProductsAndTheirGrants(t *testing.T) {
	g := withAdmin(t)
	id, _ := g.addClient(t, "bot")
	g.shelf.products = []product.Product{{
		ID: "sales:q1", Name: "Sales", Version: "1.0.0", Status: product.Ready, Description: "All of it",
		Systems:    []product.System{{Type: "sql", URI: "postgresql://db:5432/x", Source: product.Source{Engine: product.PostgreSQL, Host: "db", Port: 5432, Database: "x"}}},
		RecordSets: []product.RecordSet{{Name: "orders", Columns: []product.Column{{Name: "id", Type: "numeric"}}}},
	}}
	has(t, g.see(t, "/admin/products/"), "Sales", "sales:q1", "ready", "Private", "postgresql")
	has(t, g.see(t, "/admin/products/?q=orders"), "sales:q1", "table orders", `value="orders"`)
	has(t, g.see(t, "/admin/products/?q=zebra"), "No data products match.", "Show all 1")
	path := "/admin/products/sales:q1/"
	has(t, g.see(t, path), "All of it", "orders", "No grants.", "Everyone", "bot", "postgresql:db:5432/x")
	for field, f := range map[string]url.Values{
		"subject": {"subject": {"client:made-up"}, "role": {"product_viewer"}},
		"role":    {"subject": {"everyone"}, "role": {"owner"}},
	} {
		res := g.post(t, g.admin, path+"grants/", f)
		if res.status != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d", f, res.status)
		}
		has(t, res.body, `id="`+field+`-error"`)
	}
	grant := url.Values{"subject": {"client:" + string(id)}, "role": {"product_viewer"}}
	if res := g.post(t, g.admin, path+"grants/", grant); res.location != path {
		t.Errorf("grant: %d to %q", res.status, res.location)
	}
	has(t, g.see(t, path), "Access granted.", "Product viewer", "Remove")
	want := []product.Grant{{Product: "sales:q1", Subject: "client:" + string(id), Role: product.ProductViewer}}
	if d := cmp.Diff(want, g.shelf.grants); d != "" {
		t.Error(d)
	}
	if res := g.post(t, g.admin, path+"grants/remove/", grant); res.location != path || len(g.shelf.grants) != 0 {
		t.Errorf("remove: %d, %v", res.status, g.shelf.grants)
	}
	if res := g.get(t, g.admin, "/admin/products/nothing/"); res.status != http.StatusNotFound {
		t.Errorf("a product that is not there: %d", res.status)
	}
}

func TestTheRecordIsListedFilteredAndRead(t *testing.T) {
	g := withAdmin(t)
	ctx := auth.WithRequestID(auth.WithCaller(t.Context(), auth.Caller{Kind: auth.Machine, ClientID: "pc_x", Name: "bot", Role: auth.Viewer}), "REQUEST1")
	n, ms := int64(7), 1.5
	for _, e := range []audit.Event{
		{Kind: audit.QueryStarted, Product: "sales", SQL: "SELECT 1"},
		{Kind: audit.QueryFinished, Product: "sales", Outcome: "ok", Rows: &n, Millis: &ms, SQL: "SELECT 1", RanSQL: "SELECT 2", Detail: map[string]any{"k": "v"}},
		{Kind: audit.QueryRefused, Product: "sales", Outcome: "refused", Lock: "functions", Reason: "no such function here"},
	} {
		if err := g.db.Append(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 60 {
		if err := g.db.Append(t.Context(), audit.Event{Kind: audit.ToolEvent, Object: fmt.Sprintf("tool-%02d", i)}); err != nil {
			t.Fatal(err)
		}
	}
	first := g.see(t, "/admin/audit/")
	older := html.UnescapeString(regexp.MustCompile(`href="([^"]*before=[^"]*)"`).FindStringSubmatch(first)[1])
	has(t, first, "tool-59", "tool-10")
	second := g.see(t, older)
	has(t, second, "tool-09", "query.finished", "user.signed_in")
	if strings.Contains(second, "tool-10") || strings.Contains(first, "tool-09") {
		t.Error("the pages overlap or leave something out")
	}
	queries := g.see(t, "/admin/audit/?kind=query.&actor=client:pc_x&product=sales&request=REQUEST1")
	if strings.Contains(queries, "tool-") || strings.Count(queries, "<code class=\"plain\">query.") != 3 {
		t.Errorf("the filter does not filter: %s", words(queries))
	}
	id := regexp.MustCompile(`href="/admin/audit/([0-9a-z]{26})/"`).FindAllStringSubmatch(queries, -1)[1][1]
	has(t, g.see(t, "/admin/audit/"+id+"/"), "query.finished", "SELECT 1", "SELECT 2", "REQUEST1", "bot", "7", "1.5 ms", `"k": "v"`, "no such function here")
	if res := g.get(t, g.admin, "/admin/audit/nothing/"); res.status != http.StatusNotFound {
		t.Errorf("a record that is not there: %d", res.status)
	}
}

// Nothing that reached the store by any door runs in an admin's browser.
func TestTextOfOthersIsTextOnEveryPage(t *testing.T) {
	g := withAdmin(t)
	const evil = `"'><img src=x onerror=alert(1)><script>alert(2)</script>{{.}}`
	g.shelf.products = []product.Product{{
		ID: evil, Name: evil, Version: evil, Status: evil, Description: evil, ContactName: evil, ContactEmail: evil,
		RecordSets: []product.RecordSet{{Name: evil, Description: evil, Columns: []product.Column{{Name: evil, Type: evil, Description: evil}}}},
	}}
	g.shelf.grants = []product.Grant{{Product: evil, Subject: evil, Role: evil}}
	ctx := auth.WithRequestID(auth.WithCaller(t.Context(), auth.Caller{Kind: auth.Machine, ClientID: evil, Name: evil, Role: evil, TokenID: evil, Address: evil}), evil)
	if err := g.db.Append(ctx, audit.Event{Kind: evil, Object: evil, Product: evil, SQL: evil, RanSQL: evil, Credential: evil, Outcome: evil, Reason: evil, Lock: evil, Detail: map[string]any{evil: evil}}); err != nil {
		t.Fatal(err)
	}
	record := regexp.MustCompile(`href="/admin/audit/([0-9a-z]{26})/"`).FindStringSubmatch(g.see(t, "/admin/audit/"))[1]
	q := url.QueryEscape(evil)
	for _, path := range []string{
		"/admin/", "/admin/products/", "/admin/products/" + url.PathEscape(evil) + "/", "/admin/audit/", "/admin/audit/" + record + "/",
		"/admin/audit/?kind=" + q, "/admin/audit/?actor=" + q + "&product=" + q + "&request=" + q + "&before=" + q,
	} {
		body := g.see(t, path)
		if strings.Contains(body, "<img") || strings.Contains(body, "<script>") || strings.Contains(body, "onerror=alert(1)>") {
			t.Errorf("%s lets markup through:", path)
		}
		if !strings.Contains(path, "before") && path != "/admin/audit/?kind="+q && !strings.Contains(body, "&lt;script&gt;alert(2)") {
			t.Errorf("%s does not show the text at all", path)
		}
	}
	for _, path := range []string{"/admin/" + url.PathEscape(evil), "/admin/sign-in/?next=" + q, "/admin/setup/" + url.PathEscape(evil), "/admin/auth/clients/" + url.PathEscape(evil)} {
		if body := g.get(t, g.browser(t), path).body; strings.Contains(body, "<img") || strings.Contains(body, "<script>") {
			t.Errorf("%s lets markup through:", path)
		}
	}
}

func TestOnlyFormsAreTakenAndNotTooLargeOnes(t *testing.T) {
	g := withAdmin(t)
	for name, tc := range map[string]struct {
		contentType string
		body        url.Values
		want        int
	}{
		"JSON":              {"application/json", url.Values{"name": {"bot"}}, http.StatusUnsupportedMediaType},
		"text":              {"text/plain", url.Values{"name": {"bot"}}, http.StatusUnsupportedMediaType},
		"more than a form":  {"application/x-www-form-urlencoded", url.Values{"name": {strings.Repeat("a", 1<<17)}}, http.StatusRequestEntityTooLarge},
		"fields in the URL": {"application/x-www-form-urlencoded", url.Values{}, http.StatusUnprocessableEntity},
	} {
		res := g.do(t, g.admin, http.MethodPost, "/admin/auth/clients/new/?name=bot&duration=3600&role=viewer", tc.body, "Content-Type", tc.contentType)
		if res.status != tc.want {
			t.Errorf("%s: %d, want %d", name, res.status, tc.want)
		}
	}
	if list, err := g.Clients.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("a client was made: %v %v", list, err)
	}
}

func TestThePasswordIsChangedOnTheAccountPage(t *testing.T) {
	g := withAdmin(t)
	f := url.Values{"old_password": {"wrong"}, "password": {"another long password"}, "again": {"another long password"}}
	res := g.post(t, g.admin, "/admin/account/password/", f)
	has(t, res.body, "Is not your password.")
	f.Set("old_password", password)
	if res := g.post(t, g.admin, "/admin/account/password/", f); res.location != "/admin/account/" {
		t.Fatalf("%d %s", res.status, res.body)
	}
	has(t, g.see(t, "/admin/account/"), "Your password is changed.")
}
