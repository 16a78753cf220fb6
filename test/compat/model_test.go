//go:build integration

package compat_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var recordModel = flag.Bool("record", false, "write what the language model says to internal/agent/testdata/recorded")

const ofModel = "a-key-of-the-language-model"

// languageModel starts llama.cpp's server with small weights, and gives its URL.
func languageModel(t *testing.T) string {
	t.Helper()
	bin, weights := os.Getenv("LLAMA_SERVER"), os.Getenv("LLAMA_MODEL")
	if bin == "" || weights == "" {
		missing(t, "a language model (run test/integration, which compiles llama.cpp's server and sets LLAMA_SERVER and LLAMA_MODEL)")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := free.Addr().String()
	_ = free.Close() // the server takes the port next
	host, port, _ := net.SplitHostPort(at)
	var log bytes.Buffer
	// One thread: two wait for each other where the machine is busy.
	cmd := exec.Command(bin, "--model", weights, "--alias", "smollm2", "--host", host, "--port", port, "--api-key", ofModel,
		"--jinja", "--chat-template-file", "model.jinja", "--ctx-size", "8192", "--parallel", "1", "--threads", "1", "--temp", "0", "--seed", "1")
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if r, err := http.Get("http://" + at + "/health"); err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return "http://" + at
			}
		}
		select {
		case <-ended:
			ended <- nil
			t.Fatalf("llama-server ended:\n%s", log.String())
		default:
		}
	}
	t.Fatalf("llama-server is not ready:\n%s", log.String())
	return ""
}

// spoken are the formats that llama.cpp's server speaks, and where.
var spoken = map[string]string{"openai": "/v1", "anthropic": ""}

// modelConfig writes a file for --model-config.
func modelConfig(t *testing.T, provider, url, key string) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "model.yaml")
	text := fmt.Sprintf("provider: %s\nmodel: smollm2\nbase_url: %s%s\napi_key_file: key\nallow_network: [127.0.0.1/32]\nbudget: {steps: 4, tokens: 2000, seconds: 300}\n", provider, url, spoken[provider])
	for name, text := range map[string]string{file: text, filepath.Join(dir, "key"): key} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

// TestARealModelIsAskedAndOnRecord is about the way to a language model and
// back. Whether what it wrote answers the question is not looked at: this one
// cannot, and says something else after each change of a word.
func TestARealModelIsAskedAndOnRecord(t *testing.T) {
	url := languageModel(t)
	for provider := range spoken {
		t.Run(provider, func(t *testing.T) { askedAndOnRecord(t, provider, url) })
	}
	if *recordModel {
		record(t, url)
	}
}

func askedAndOnRecord(t *testing.T, provider, url string) {
	s := serve(t, "--model-config", modelConfig(t, provider, url, ofModel))
	p := inSQLite(t, s)
	s.cli("", "product", "grant", p.ID, "--client", "compat", "--role", "product_viewer")
	text, facts := s.ask(p.ID, "how many orders do the unicorns have?")
	t.Logf("%s %s %s\n%s", facts.Status, facts.Tier, facts.SQL, text)
	switch {
	case facts.Status == "answered" && strings.HasPrefix(facts.Tier, "llm_") && facts.SQL != "" && strings.Contains(text, facts.SQL):
	case facts.Status == "abstained" && facts.SQL == "" && strings.HasPrefix(text, "I cannot answer this") && strings.Contains(text, "A language model was asked too"):
	default:
		t.Errorf("neither a tiered answer nor an abstention that says so: %+v\n%s", facts, text)
	}
	called, answered := s.onRecord("model.called"), s.onRecord("model.answered")
	if len(called) == 0 || len(called) != len(answered) {
		t.Fatalf("on record: %d requests, %d ends", len(called), len(answered))
	}
	for i, c := range called {
		d, end := c.Detail, answered[i].Detail
		if c.Product != p.ID || d.Provider != provider || d.Model != "smollm2" || !strings.HasPrefix(url, "http://"+d.Host) || d.MayLeave != "schema" ||
			!slices.Equal(d.Columns, []string{"orders.id", "orders.customer", "orders.total"}) || d.Bytes < 1000 || d.Rows != 0 {
			t.Errorf("on record: %+v", c)
		}
		if answered[i].Outcome != "ok" || end.In == 0 || end.Out == 0 {
			t.Errorf("the model did not count: %+v", answered[i])
		}
		t.Logf("request %d: %d bytes, %d tokens in, %d out, %.1f s", i+1, d.Bytes, end.In, end.Out, answered[i].Millis/1000)
	}
}

// TestARealModelThatRefusesTheKeyIsSaidSo has the same server, and another key.
func TestARealModelThatRefusesTheKeyIsSaidSo(t *testing.T) {
	s := serve(t, "--model-config", modelConfig(t, "openai", languageModel(t), "another-key"))
	p := inSQLite(t, s)
	s.cli("", "product", "grant", p.ID, "--client", "compat", "--role", "product_viewer")
	text, facts := s.ask(p.ID, "how many orders do the unicorns have?")
	if facts.Status != "abstained" || !strings.Contains(text, "refuses the request (401 authentication_error)") {
		t.Errorf("%+v\n%s", facts, text)
	}
	if ends := s.onRecord("model.answered"); len(ends) != 1 || ends[0].Outcome != "failed" {
		t.Errorf("on record: %+v", ends)
	}
}

func record(t *testing.T, url string) {
	cmd := exec.Command("go", "test", "-tags", "duckdb_arrow,arrow_json_stdlib", "-count=1", "-v", "./internal/agent", "-run", "Recorded", "-record", url, "-record-key", ofModel)
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("recording: %v", err)
	}
	t.Logf("%s", out)
}

type facts struct{ Status, Tier, SQL string }

// ask puts a question to the Query agent, and gives the text of the last event
// and its facts.
func (s *server) ask(product, question string) (string, facts) {
	s.t.Helper()
	body, err := json.Marshal(map[string]string{"message": question, "data_product_id": product})
	if err != nil {
		s.t.Fatal(err)
	}
	got := s.post("/ai/api/v1/chats/agent/default/sql_query_agent/stream", body)
	defer got.Body.Close()
	stream, err := io.ReadAll(got.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	var last struct {
		Message struct {
			Parts []struct{ Content json.RawMessage }
		} `json:"model_message"`
		Postern facts
	}
	for line := range strings.Lines(string(stream)) {
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			if err := json.Unmarshal([]byte(data), &last); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	if len(last.Message.Parts) == 0 {
		s.t.Fatalf("%s: %s", got.Status, stream)
	}
	var text string
	if err := json.Unmarshal(last.Message.Parts[0].Content, &text); err != nil {
		s.t.Fatal(err)
	}
	return text, last.Postern
}

// event is an entry of the record about a language model.
type event struct {
	Kind, Product, Outcome string
	Millis                 float64 `json:"ms"`
	Detail                 struct {
		Provider, Model, Host string
		MayLeave              string `json:"may_leave"`
		Columns               []string
		Bytes, Rows           int
		In                    int `json:"tokens_in"`
		Out                   int `json:"tokens_out"`
	}
}

// onRecord are the entries of a kind, oldest first.
func (s *server) onRecord(kind string) (out []event) {
	s.t.Helper()
	for line := range strings.Lines(string(s.cli("", "audit", "export"))) {
		var entry struct{ Body string }
		var e event
		if json.Unmarshal([]byte(line), &entry) == nil && json.Unmarshal([]byte(entry.Body), &e) == nil && e.Kind == kind {
			out = append(out, e)
		}
	}
	return out
}
