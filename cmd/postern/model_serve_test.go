package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/agent/scripted"
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
