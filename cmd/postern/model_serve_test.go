package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/agent/scripted"
	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/store"
)

// asksAModel makes a rig whose agents ask the fake.
func asksAModel(t *testing.T, provider, key string, f *scripted.Fake, with ...func(*serveFlags)) *gateRig {
	t.Helper()
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	file := filepath.Join(t.TempDir(), "model.yaml")
	ok(t, os.WriteFile(filepath.Join(filepath.Dir(file), "key"), []byte(key), 0o600))
	ok(t, os.WriteFile(file, fmt.Appendf(nil, "provider: %s\nmodel: fake\nbase_url: %s\napi_key_file: key\nallow_network: [127.0.0.1/32]\n", provider, srv.URL), 0o600))
	return newGateRig(t, append(with, func(flags *serveFlags) { flags.ModelConfig = file })...)
}

const askedOfModel = "/ai/api/v1/chats/agent/default/sql_query_agent/stream"

// TestAServerAsksItsModelAndKeepsItsSecrets goes from the file of the settings
// to the stream's last event, and then looks for the key everywhere, and for
// anything of the caller's in what left.
func TestAServerAsksItsModelAndKeepsItsSecrets(t *testing.T) {
	for _, provider := range []string{"openai", "anthropic", "gemini"} {
		t.Run(provider, func(t *testing.T) {
			c := newCanaries(t)
			key := c.make("the model's key")
			f := scripted.New(
				scripted.Turn{Calls: []scripted.Call{{ID: "a", Name: "sql_execution_tool", Args: `{"sql":"SELECT max(id) - min(id) AS spread FROM sales"}`}}, Fragment: 4, In: 70, Out: 7},
				scripted.Turn{Text: "DONE", In: 80, Out: 1},
				scripted.Turn{Status: 401, ErrorType: "authentication_error", ErrorText: "no such key: " + key},
			)
			g := asksAModel(t, provider, key, f)
			question := `{"message":"how far are unicorns spread?","data_product_id":"` + rigProduct + `"}`
			a := g.want(200, g.do("POST", askedOfModel, g.owner.token, question, ""))
			var parts []string
			var last struct {
				Postern struct{ Status, Tier, SQL string }
			}
			for line := range strings.Lines(string(a.body)) {
				data, isData := strings.CutPrefix(line, "data: ")
				if !isData {
					continue
				}
				var e streamEvent
				ok(t, json.Unmarshal([]byte(data), &e))
				parts = append(parts, e.Message.Parts[0].Kind+" "+e.Message.Parts[0].Tool)
				ok(t, json.Unmarshal([]byte(data), &last))
			}
			want := []string{"user-prompt ", "tool-call get_data_schema_tool", "tool-return get_data_schema_tool", "tool-call sql_execution_tool", "tool-return sql_execution_tool", "text "}
			if d := cmp.Diff(want, parts); d != "" {
				t.Errorf("%s\n%s", d, a.body)
			}
			if p := last.Postern; p.Status != "answered" || p.Tier != "llm_sql" || !strings.Contains(p.SQL, "spread") {
				t.Errorf("the facts: %+v", p)
			}
			c.absent("an answer", a.body)
			c.absent("a refusal", g.want(200, g.do("POST", askedOfModel, g.owner.token, question, "")).body)

			sent := newCanaries(t)
			sent.add("a client's secret", []byte(g.owner.secret.Reveal()))
			sent.add("an access token", []byte(g.owner.token))
			for _, r := range f.Requests() {
				sent.absent("what left", fmt.Append(nil, r.Path, r.Header, r.Body))
				c.absent("a body or a URL", []byte(r.Path+r.Body))
				if !strings.Contains(fmt.Sprint(r.Header), key) {
					t.Error("a request left without the key")
				}
			}
			for kind, want := range map[string]int64{"model.called": 3, "model.answered": 3} {
				if n := g.count(`SELECT count(*) FROM audit_records WHERE kind = ?`, kind); n != want {
					t.Errorf("%d of %s on record, wanted %d", n, kind, want)
				}
			}
			var record bytes.Buffer
			ok(t, auditExportCmd{stateFlags: stateFlags{Data: g.dir}}.Run(context.Background(), &terminal{out: &record, err: &record}))
			c.absent("the record", record.Bytes())
			g.stop()
			c.absent("the log", g.log.Bytes())
			g.files(c)
		})
	}
}

// TestAChatIsCanceledWhileItsModelIsSilent holds the first byte back for ever.
func TestAChatIsCanceledWhileItsModelIsSilent(t *testing.T) {
	asked := make(chan struct{})
	f := scripted.New(scripted.Turn{Hold: make(chan struct{}), Asked: func() { close(asked) }})
	g := asksAModel(t, "openai", "sk-of-a-fake", f)
	ended := make(chan answer, 1)
	go func() {
		ended <- g.do("POST", askedOfModel+"?chat_id="+g.chatID, g.owner.token, `{"message":"how many unicorns?","data_product_id":"`+rigProduct+`"}`, "")
	}()
	<-asked
	g.want(200, g.do("POST", "/ai/api/v1/chats/"+g.chatID+"/cancel", g.owner.token, "", ""))
	if a := <-ended; a.status != 200 || !strings.Contains(string(a.body), "cancel") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if n := g.count(`SELECT count(*) FROM audit_records WHERE kind = 'model.answered' AND body LIKE '%canceled%'`); n != 1 {
		t.Errorf("%d ends of the request are on record as canceled", n)
	}
}

// lastFacts are the facts of a stream's last event, and its text.
func lastFacts(t *testing.T, body []byte) (status, tier, text string) {
	t.Helper()
	var last struct {
		Postern struct{ Status, Tier string }
		Message struct {
			Parts []struct{ Content json.RawMessage }
		} `json:"model_message"`
	}
	for line := range strings.Lines(string(body)) {
		if data, isData := strings.CutPrefix(line, "data: "); isData {
			ok(t, json.Unmarshal([]byte(data), &last))
		}
	}
	ok(t, json.Unmarshal(last.Message.Parts[0].Content, &text))
	return last.Postern.Status, last.Postern.Tier, text
}

const unicorns = `{"message":"how far are unicorns spread?","data_product_id":"` + rigProduct + `"}`

// TestAModelSetWhileServingIsAskedAtOnceAndNoMoreOnceDeleted sets a model
// through the API, changes its key, and deletes it on the command line, with a
// question after each; then it looks for the keys everywhere.
func TestAModelSetWhileServingIsAskedAtOnceAndNoMoreOnceDeleted(t *testing.T) {
	c := newCanaries(t)
	first, second := c.make("the model's first key"), c.make("its second key")
	f := scripted.New(
		scripted.Turn{Calls: []scripted.Call{{ID: "a", Name: "sql_execution_tool", Args: `{"sql":"SELECT max(id) - min(id) AS spread FROM sales"}`}}},
		scripted.Turn{Text: "DONE"},
		scripted.Turn{Status: 401, ErrorType: "authentication_error", ErrorText: "no such key: " + second},
	)
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	g := newGateRig(t, func(flags *serveFlags) { flags.AllowNetwork = []string{"127.0.0.1/32"} })
	ask := func(wanted string) string {
		t.Helper()
		a := g.want(200, g.do("POST", askedOfModel, g.owner.token, unicorns, ""))
		c.absent("an answer", a.body)
		status, tier, text := lastFacts(t, a.body)
		if got := status + " " + tier; got != wanted {
			t.Errorf("%s: %s", got, text)
		}
		return text
	}
	admin := func(status int, verb, path, body string) answer {
		t.Helper()
		a := g.want(status, g.do(verb, path, g.admin.token, body, ""))
		c.absent(verb+" "+path, a.body)
		return a
	}
	const configs = "/ai/api/v1/config/llm"
	made := admin(201, "POST", configs, `{"name":"fake","provider":"openai","model":"fake","base_url":"`+srv.URL+`/v1","api_key":"`+first+`","is_default":true}`)
	id := field(t, made.body, "id")
	ask("answered llm_sql")
	admin(200, "PATCH", configs+"/"+id, `{"api_key":"`+second+`"}`)
	if said := ask("abstained "); !strings.Contains(said, "refuses the request (401 authentication_error)") {
		t.Error(said)
	}
	for i, want := range []string{first, first, second} {
		if got := f.Requests()[i].Header.Get("Authorization"); got != "Bearer "+want {
			t.Errorf("request %d went with %q", i, got)
		}
	}
	for _, path := range []string{configs, configs + "/" + id, "/ai/api/v1/llm_credentials", "/ai/api/v1/llm_credentials/" + field(t, made.body, "llm_credential_id")} {
		admin(map[bool]int{true: 404, false: 200}[strings.Contains(path, "credentials/")], "GET", path, "") // the first key went with the second
	}
	admin(200, "POST", configs+"/"+id+"/test", "")
	admin(422, "PATCH", configs+"/"+id, `{"base_url":"https://elsewhere.example.com"}`)
	asked := len(f.Requests())
	ok(t, modelDeleteCmd{oneModel{stateFlags: stateFlags{Data: g.dir}, Name: "fake"}}.Run(context.Background(), &terminal{out: io.Discard, err: io.Discard}))
	if said := ask("abstained "); len(f.Requests()) != asked || strings.Contains(said, "language model") {
		t.Errorf("%d requests after it was deleted: %s", len(f.Requests())-asked, said)
	}

	var record, backup bytes.Buffer
	ok(t, auditExportCmd{stateFlags: stateFlags{Data: g.dir}}.Run(context.Background(), &terminal{out: &record, err: &record}))
	c.absent("the record", record.Bytes())
	admin(201, "POST", configs, `{"name":"again","provider":"openai","model":"fake","base_url":"`+srv.URL+`","api_key":"`+first+`"}`)
	ok(t, backupCmd{stateFlags: stateFlags{Data: g.dir}, To: filepath.Join(g.dir, "backup")}.Run(context.Background(), &terminal{out: &backup, err: &backup}))
	g.stop()
	c.absent("the log", g.log.Bytes())
	g.files(c)
}

func TestAModelThatIsChangedWhileItIsAskedIsAskedNoFurther(t *testing.T) {
	var g *gateRig
	const key = "sk-of-a-fake-that-changes"
	f := scripted.New(scripted.Turn{
		Calls: []scripted.Call{{ID: "a", Name: "sql_execution_tool", Args: `{"sql":"SELECT id FROM sales"}`}},
		Asked: func() {
			g.want(200, g.do("PATCH", "/ai/api/v1/config/llm/"+g.llmID, g.admin.token, `{"model":"other"}`, ""))
		},
	})
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	g = newGateRig(t, func(flags *serveFlags) { flags.AllowNetwork = []string{"127.0.0.1/32"} })
	g.want(200, g.do("PATCH", "/ai/api/v1/config/llm/"+g.llmID, g.admin.token, `{"base_url":"`+srv.URL+`","api_key":"`+key+`","budget":{"steps":8}}`, ""))
	a := g.want(200, g.do("POST", askedOfModel, g.owner.token, unicorns, ""))
	if _, _, said := lastFacts(t, a.body); len(f.Requests()) != 1 || !strings.Contains(said, "were changed while it was asked") {
		t.Errorf("%d requests: %s", len(f.Requests()), said)
	}
}

func TestAModelInAPrivateNetworkIsRefusedThroughTheAPI(t *testing.T) {
	f := scripted.New(scripted.Turn{Text: "DONE"})
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	g := newGateRig(t)
	for _, base := range []string{
		srv.URL, strings.Replace(srv.URL, "127.0.0.1", "localhost", 1), "https://10.1.2.3", "https://169.254.169.254/latest", "https://[::1]", "https://[::ffff:127.0.0.1]",
		"http://models.example.com", "file:///etc/passwd", "gopher://127.0.0.1:70", "https://user:password@models.example.com", "https://models.example.com?key=x",
	} {
		for _, r := range []struct{ verb, path, body string }{
			{"POST", "/ai/api/v1/config/llm", `{"name":"x","provider":"openai","model":"m","base_url":"` + base + `"}`},
			{"PATCH", "/ai/api/v1/config/llm/" + g.llmID, `{"base_url":"` + base + `"}`},
		} {
			a := g.want(422, g.do(r.verb, r.path, g.admin.token, r.body, ""))
			if !strings.Contains(string(a.body), `"base_url"`) || strings.Contains(string(a.body), "password") {
				t.Errorf("%s %s: %s", r.verb, base, a.body)
			}
		}
	}
	// No field says which networks may be reached, and the guard is asked at
	// the dial too: the row that is altered by hand reaches nothing.
	g.want(422, g.do("PATCH", "/ai/api/v1/config/llm/"+g.llmID, g.admin.token, `{"allow_network":["0.0.0.0/0"]}`, ""))
	err := g.db.Change(asOperator(context.Background()), &audit.Event{Kind: audit.ServerStarted}, func(ctx context.Context, tx *store.Tx) error {
		return tx.Must(ctx, "model", `UPDATE llms SET base_url = ?`, srv.URL)
	})
	ok(t, err)
	a := g.want(200, g.do("POST", "/ai/api/v1/config/llm/"+g.llmID+"/test", g.admin.token, "", ""))
	if len(f.Requests()) != 0 || !strings.Contains(string(a.body), "not one that this server reaches") {
		t.Errorf("%d requests: %s", len(f.Requests()), a.body)
	}
}
