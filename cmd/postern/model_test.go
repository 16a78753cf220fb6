package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAModelsConfigurationIsRefusedByTheKeyThatIsWrong(t *testing.T) {
	dir := t.TempDir()
	const canary = "sk-canary-in-a-file"
	write := func(name, text string, mode os.FileMode) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return file
	}
	write("key", canary+"\n", 0o600)
	write("open", canary, 0o644)
	write("lines", canary+"\n"+canary, 0o600)
	t.Setenv("TEST_MODEL_KEY", canary)
	for text, want := range map[string]string{
		"provider: openai\nmodel: m\napi_key_file: key\n":                                      "",
		"provider: anthropic\nmodel: m\napi_key_env: TEST_MODEL_KEY\n":                         "",
		"provider: gemini\nmodel: m\nbase_url: http://127.0.0.1:1\n":                           "",
		"provider: other\nmodel: m\n":                                                          "provider",
		"provider: openai\n":                                                                   "model:",
		"provider: openai\nmodel: m\napi_key: " + canary + "\n":                                "it is not a map of",
		"provider: openai\nmodel: m\napi_key_file: open\n":                                     "chmod 600",
		"provider: openai\nmodel: m\napi_key_file: lines\n":                                    "api_key_file",
		"provider: openai\nmodel: m\napi_key_file: none\n":                                     "api_key_file",
		"provider: openai\nmodel: m\napi_key_env: TEST_NO_SUCH\n":                              "api_key_env",
		"provider: openai\nmodel: m\napi_key_file: key\napi_key_env: TEST_MODEL_KEY\n":         "not both",
		"provider: openai\nmodel: m\nbase_url: http://models.example.com/v1\n":                 "must be https",
		"provider: openai\nmodel: m\nbase_url: https://" + canary + "@models.example.com/v1\n": "without user",
		"provider: openai\nmodel: m\nbase_url: file:///etc/passwd\n":                           "https URL",
		"provider: openai\nmodel: m\nallow_network: [here]\n":                                  "allow_network",
		"provider: openai\nmodel: m\nbudget: {steps: 1000}\n":                                  "budget.steps",
		"provider: openai\nmodel: m\nbudget: {seconds: -1}\n":                                  "budget.seconds",
	} {
		m, err := readModel(write("model.yaml", text, 0o600))
		switch {
		case want == "" && (err != nil || m.Budget.Seconds != 60):
			t.Errorf("%s: %v", text, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), canary)):
			t.Errorf("%s: wanted %q, got %v", text, want, err)
		}
	}
	m, err := readModel(write("model.yaml", "provider: openai\nmodel: m\nbase_url: http://127.0.0.1:1/v1/\n", 0o600))
	if err != nil || m.BaseURL != "http://127.0.0.1:1/v1" {
		t.Errorf("%v, %v", m, err)
	}
	if p := unreached(t.Context(), m.Config, prefixesOf("127.0.0.0/8")); len(p) != 1 || p[0].String() != "127.0.0.1/32" {
		t.Errorf("a model on this machine that its file does not allow: %v", p)
	}
	if m, err := readModel(""); m != nil || err != nil {
		t.Errorf("no file: %v, %v", m, err)
	}
}

func TestTheCommandLineSaysThatALanguageModelHadPart(t *testing.T) {
	for tier, want := range map[string]string{"semantic": "", "llm_semantic": "A language model chose this query", "llm_sql": "A language model wrote this SQL"} {
		var answered, drawing strings.Builder
		g := asked{Status: "answered", Tier: tier, SQL: "SELECT 1", Table: &table{}}
		ok(t, g.write(&answered))
		ok(t, chartFile{Tier: tier, SQL: "SELECT 1"}.write(&drawing))
		for _, said := range []string{answered.String(), drawing.String()} {
			if strings.Contains(said, "language model") != (want != "") || !strings.Contains(said, want) {
				t.Errorf("%s: %q", tier, said)
			}
		}
	}
}

func prefixesOf(s ...string) (out []netip.Prefix) {
	for _, p := range s {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}
