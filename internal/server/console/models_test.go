package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/postern/postern/internal/auth"
)

func TestAModelIsSetTestedAndDeletedAndItsKeyNeverComesBack(t *testing.T) {
	const key = "sk-canary-of-the-console"
	g := withAdmin(t)
	typed := url.Values{
		"name": {"gpt"}, "provider": {"openai"}, "model": {"gpt-5"}, "base_url": {""}, "api_key": {key},
		"steps": {"4"}, "tokens": {""}, "rows": {"5"}, "seconds": {"30"},
	}
	with := func(kv ...string) url.Values {
		out := url.Values{}
		for k, v := range typed {
			out[k] = v
		}
		for i := 0; i < len(kv); i += 2 {
			out.Set(kv[i], kv[i+1])
		}
		return out
	}
	for what, form := range map[string]url.Values{
		"A whole number":          with("steps", "many"),
		"This is needed.":         with("model", ""),
		"Must be openai":          with("provider", "bard"),
		"Must be https":           with("base_url", "http://models.example.com"),
		"It is not a key":         with("api_key", key+" "+key),
		"not both":                with("no_key", "on"),
		"without user, query and": with("base_url", "https://"+key+"@models.example.com"),
	} {
		res := g.post(t, g.admin, "/admin/models/new/", form)
		if res.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", what, res.status)
		}
		has(t, res.body, what)
		if what != "without user, query and" && strings.Contains(res.body, key) { // what was typed elsewhere is shown where it was typed
			t.Errorf("%s: the key came back", what)
		}
	}
	res := g.post(t, g.admin, "/admin/models/new/", typed)
	if res.status != http.StatusSeeOther {
		t.Fatalf("%d %s", res.status, words(res.body))
	}
	at := res.location
	for _, page := range []string{"/admin/models/", at, at + "delete/", "/admin/audit/"} {
		if body := g.see(t, page); strings.Contains(body, key) {
			t.Errorf("%s shows the key", page)
		}
	}
	has(t, g.see(t, at), "gpt", "default", "https://api.openai.com:443", "sealed", `value="100000"`)
	res = g.post(t, g.admin, at, with("api_key", "", "base_url", "https://elsewhere.example.com"))
	if res.status != http.StatusUnprocessableEntity {
		t.Errorf("its key at another host: %d", res.status)
	}
	has(t, res.body, "of no use at another host")
	if res = g.post(t, g.admin, at, with("api_key", "", "model", "gpt-6", "base_url", "https://api.openai.com/v1")); res.status != http.StatusSeeOther {
		t.Errorf("%d %s", res.status, words(res.body))
	}
	has(t, g.see(t, at), "gpt-6", "sealed")
	has(t, g.post(t, g.admin, at+"test/", url.Values{}).body, "It answers.")
	if res = g.post(t, g.admin, at+"delete/", url.Values{}); res.status != http.StatusSeeOther {
		t.Errorf("%d %s", res.status, words(res.body))
	}
	has(t, g.see(t, "/admin/models/"), "No language model.")
	if res = g.get(t, g.admin, at); res.status != http.StatusNotFound {
		t.Errorf("after it was deleted: %d", res.status)
	}
	g.demote(t, auth.CatalogAdmin)
	if res = g.get(t, g.admin, "/admin/models/"); res.status != http.StatusForbidden {
		t.Errorf("a Catalog Admin: %d", res.status)
	}
	if strings.Contains(g.log.String(), key) {
		t.Error("the log has the key")
	}
}
