//go:build integration

package browser_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/postern/postern/internal/agent/scripted"
)

const modelKey = "sk-typed-into-the-console-0123456789"

// setModel fills a model's form in.
func (b *tab) setModel(name, provider, model, base, key string) {
	b.t.Helper()
	b.fill("#name", name, "#provider", provider, "#model", model, "#api_key", key)
	if base != "" {
		b.fill("#base_url", base)
	}
}

// hides fails where the page that is shown has the key anywhere.
func (b *tab) hides(page string) {
	b.t.Helper()
	if strings.Contains(value(b, chromedp.Evaluate[string](`document.documentElement.outerHTML + [...document.querySelectorAll("input")].map(i => i.value).join(" ")`)), modelKey) {
		b.t.Errorf("%s shows the key", page)
	}
}

func TestAnAdminSetsALanguageModelWhoseKeyIsNeverSeenAgain(t *testing.T) {
	f := scripted.New(
		scripted.Turn{Calls: []scripted.Call{{ID: "a", Name: "ready", Args: "{}"}}, In: 60, Out: 4},
		scripted.Turn{Text: "I am ready."},
		scripted.Turn{Status: 401, ErrorType: "authentication_error", ErrorText: "no key " + modelKey},
	)
	fake := httptest.NewServer(f)
	defer fake.Close()
	base, link := serve(t, "--allow-network", "127.0.0.1/32")
	b := tabOf(t, base)
	b.setUp(link)
	b.press(`a[href="/admin/models/"]`, ".empty")
	b.look("models-none")
	b.press(`a[href="/admin/models/new/"]`, "#provider")
	b.look("model-new")
	b.setModel("fake", "openai", "tiny", "http://10.0.0.1/v1", modelKey)
	b.press("main button[type=submit]", "#base_url-error")
	b.look("model-new-wrong")
	b.hides("the form that was refused")
	b.setModel("fake", "openai", "tiny", fake.URL+"/v1", modelKey)
	b.press("main button[type=submit]", ".facts")
	b.look("model-added")
	b.hides("the model's page")
	for i, says := range []string{"It answers, and calls tools.", "did not call the tool", "refuses the request (401 authentication_error)"} {
		b.open("/admin/models/")
		b.press("tbody a", ".facts")
		b.press(`form[action$="/test/"] button`, ".flash")
		if got := b.text(".flash"); !strings.Contains(got, says) {
			t.Errorf("test %d says %q", i, got)
		}
		b.look("model-tested-" + string(rune('a'+i)))
		b.hides("what came of a test")
	}
	if got := f.Requests()[0].Header.Get("Authorization"); got != "Bearer "+modelKey {
		t.Errorf("the model was asked with %q", got)
	}
	b.fill("#base_url", "https://elsewhere.example.com/v1")
	b.press("main form.fields button[type=submit]", "#api_key-error")
	b.look("model-elsewhere")
	b.open("/admin/models/new/")
	b.setModel("another one, with a name that is rather long", "anthropic", "claude", "", modelKey)
	b.press("main button[type=submit]", ".facts")
	b.press(`form[action$="/default/"] button`, ".flash")
	b.look("model-default")
	b.open("/admin/models/")
	b.look("models")
	b.hides("the list")
	b.open("/admin/audit/?kind=model.")
	b.press(".events a", ".facts")
	b.hides("the record")
	b.open("/admin/models/")
	b.press("tbody tr:last-child a", ".facts")
	b.press(`a[href$="/delete/"]`, ".confirm")
	b.look("model-delete")
	b.press("main button[type=submit]", ".flash")
}
