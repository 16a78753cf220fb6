//go:build integration

// Package browser_test drives the console in Chromium, as an admin would, on
// the real binary.
package browser_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

const password = "correct horse battery"

// token asks for one as a machine would.
func token(t *testing.T, base, id, secret string) (status int) {
	t.Helper()
	res, err := http.PostForm(base+"/oauth/v2/token/", url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var body struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	if (res.StatusCode == http.StatusOK) != (body.AccessToken != "") {
		t.Errorf("status %d with token %t", res.StatusCode, body.AccessToken != "")
	}
	return res.StatusCode
}

// setUp opens the one-time link and makes the admin.
func (b *tab) setUp(link string) {
	b.t.Helper()
	b.open(link)
	b.fill("#username", "ada", "#password", password, "#again", password)
	b.press("button[type=submit]", ".top")
}

// added fills the Add form in and gives what the page shows once.
func (b *tab) added(name, role string) (id, secret string) {
	b.t.Helper()
	b.open("/admin/auth/clients/new/")
	b.fill("#name", name, "#role", role)
	b.press("main button[type=submit]", "#client-secret")
	return value(b, chromedp.Value(chromedp.CSS("#client-id"))), value(b, chromedp.Value(chromedp.CSS("#client-secret")))
}

func TestAnAdminLetsAMachineInAndShutsItOut(t *testing.T) {
	base, link := serve(t)
	b := tabOf(t, base)

	b.open("/admin/auth/")
	if at := value(b, chromedp.Location()); at != base+"/admin/sign-in/?next=%2Fadmin%2Fauth%2F" {
		t.Errorf("a stranger is at %s", at)
	}
	b.look("sign-in")
	b.open(link)
	b.look("setup")
	b.fill("#username", "ada", "#password", password, "#again", password+"!")
	b.press("button[type=submit]", "#again-error")
	b.look("setup-wrong")
	b.setUp(link)
	b.look("overview-first")

	id, secret := b.added("nightly report", "viewer")
	b.look("secret")
	if got := token(t, base, id, secret); got != http.StatusOK {
		t.Errorf("the machine's token: %d", got)
	}
	b.press(`[data-copy="#client-secret"]`, ".copy.done")

	b.open("/admin/auth/clients/" + id + "/rotate/")
	b.look("rotate")
	b.press("main button[type=submit]", "#client-secret")
	next := value(b, chromedp.Value(chromedp.CSS("#client-secret")))
	if old, fresh := token(t, base, id, secret), token(t, base, id, next); old != http.StatusUnauthorized || fresh != http.StatusOK {
		t.Errorf("after the rotation the old secret gives %d, the new one %d", old, fresh)
	}

	b.open("/admin/auth/")
	b.look("clients")
	b.press(`a[href="/admin/auth/clients/`+id+`/"]`, ".facts")
	b.look("client")
	b.fill("#duration", "600")
	b.press("main form button[type=submit]", ".flash")
	if got := b.text(".flash"); got != "Changes saved." {
		t.Errorf("the page says %q", got)
	}
	b.press(`a[href$="/delete/"]`, ".confirm")
	b.look("delete")
	b.press("main button[type=submit]", ".empty")
	if got := token(t, base, id, next); got != http.StatusUnauthorized {
		t.Errorf("a deleted client gets %d", got)
	}
	b.look("clients-none")
}

func TestTheOtherPagesAreFitToBeSeen(t *testing.T) {
	base, link := serve(t)
	b := tabOf(t, base)
	b.setUp(link)
	id, _ := b.added("analytics agent", "steward")
	for name, path := range map[string]string{
		"overview": "/admin/", "new": "/admin/auth/clients/new/", "revoke": "/admin/auth/clients/" + id + "/revoke/",
		"key-rotate": "/admin/auth/keys/rotate/", "products": "/admin/products/", "marketplaces": "/admin/marketplaces/", "marketplace": "/admin/marketplaces/default/", "audit": "/admin/audit/", "audit-none": "/admin/audit/?actor=nobody",
		"account": "/admin/account/", "missing": "/admin/nowhere/",
	} {
		b.open(path)
		b.look(name)
	}
	b.open("/admin/audit/?kind=client.")
	b.press(".events a", ".facts")
	b.look("record")
	b.open("/admin/auth/clients/new/")
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("main form").noValidate = true; undefined`))
	b.fill("#name", "Not Allowed", "#role", "viewer")
	b.press("main button[type=submit]", "#name-error")
	b.look("new-wrong")
	b.press(".me button", ".slim")
	b.look("signed-out")
	b.fill("#username", "ada", "#password", "not the password")
	b.press("button[type=submit]", ".flash.bad")
	b.look("sign-in-wrong")
}

func TestTheConsoleWorksWithoutJavaScript(t *testing.T) {
	base, link := serve(t)
	b := tabOf(t, base)
	b.open("/admin/")
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.setUp(link)
	id, secret := b.added("plain", "viewer")
	if got := token(t, base, id, secret); got != http.StatusOK {
		t.Errorf("the machine's token: %d", got)
	}
	if shown := b.text("main"); strings.Contains(shown, "Copy\n") || !strings.Contains(shown, "Copy the secret now.") {
		t.Errorf("a button that does nothing is shown: %s", shown)
	}
	b.open("/admin/auth/clients/" + id + "/delete/")
	b.press("main button[type=submit]", ".flash")
	b.press(".me button", ".slim")
}
