//go:build integration

package compat_test

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern/postern/internal/agent/scripted"
)

// The SDK calls a custom agent by its id. In the place of a language model
// stands a fake, which calls a tool and then says its words.
func TestPublishedSDKCallsACustomAgent(t *testing.T) {
	python := filepath.Join(cache(t), "alation", "bin", "python")
	s := serve(t)
	all := products(t, s)
	duck := all[len(all)-1]
	f := scripted.New(turns(duck.SQL)...)
	model := httptest.NewServer(f)
	t.Cleanup(model.Close)
	s.cli("", "model", "set", "fake", "--provider", "openai", "--model", "fake", "--base-url", model.URL, "--allow-network", "127.0.0.1/32", "--no-key")
	file := filepath.Join(t.TempDir(), "agent.yaml")
	doc := "name: Orders\nprompt: Count orders.\nvisibility: public\ntool_config_ids: [sql_execution_tool]\n" +
		"parameter_bindings: [{data_product_id: {source: fixed, fixed_value: '" + duck.ID + "'}}]\n"
	if err := os.WriteFile(file, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	var made struct{ ID string }
	if err := json.Unmarshal(s.cli("", "agent", "apply", "-f", file, "--json"), &made); err != nil {
		t.Fatal(err)
	}
	got := run(t, program{"custom_agent.py", []string{python, filepath.Join("clients", "custom_agent.py")}}, append(environment(t, s, all), "COMPAT_AGENT_ID="+made.ID))
	for _, o := range got {
		if o.Result != "works" {
			t.Errorf("%s: %s %s", o.Method, o.Result, o.Detail)
		}
	}
	if len(got) != 3 || len(f.Requests()) != 4 {
		t.Errorf("%d outcomes and %d requests to the model:\n%s", len(got), len(f.Requests()), table(got))
	}
	if strings.Contains(f.Requests()[0].Body, duck.ID) {
		t.Errorf("the model is told which product is bound: %s", f.Requests()[0].Body)
	}
}

// turns are two answers of the fake: a query, and then words.
func turns(sql string) []scripted.Turn {
	args, err := json.Marshal(map[string]string{"sql": sql})
	if err != nil {
		panic(err)
	}
	query := scripted.Turn{Calls: []scripted.Call{{ID: "q", Name: "sql_execution_tool", Args: string(args)}}, In: 20, Out: 5}
	words := scripted.Turn{Text: "There are as many orders as the table says.", In: 20, Out: 5}
	return []scripted.Turn{query, words, query, words}
}
