package agent_test

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/agent/scripted"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/secret"
)

var (
	record    = flag.String("record", "", "URL of a real server, http://127.0.0.1:8080: ask it, and write testdata/recorded (RECORD=1 test/integration has one)")
	recordKey = flag.String("record-key", "", "the key that the server of -record wants")
	rewrite   = flag.Bool("rewrite", false, "write the requests of testdata/recorded as they are now, and leave the answers: where a change of what is sent is meant")
)

// recordings are what a real server said, by format. llama.cpp speaks two.
var recordings = []struct{ format, path string }{{"openai", "/v1"}, {"anthropic", ""}}

func recordingOf(format string) string {
	return filepath.Join("testdata", "recorded", format+"_llamacpp.txtar")
}

const about = "llama.cpp's server with SmolLM2-135M-Instruct, asked over the format that this file is named after.\n" +
	"Written by: RECORD=1 test/integration. The requests alone: go test ./internal/agent -run Recorded -rewrite.\n\n"

// answers puts the question to what stands at server, and says how it came out.
func answers(t *testing.T, format, path string, server http.Handler) agent.Output {
	t.Helper()
	w := worldAt(t, format, product.ModelSchema, server)
	m := w.agents.Models.(*agent.Configured)
	m.Budget = agent.Budget{Steps: 4, Tokens: 4_000, Rows: 10, Time: 5 * time.Minute}
	at := endpoint(t, server)
	at.Base += path
	if *recordKey != "" {
		at.Key = secret.New(*recordKey)
	}
	m.Model = formats[format](at)
	ret, _ := w.ask(t, w, w.viewer, "how many plots do the unicorns have?")
	if n := len(w.record.calls); n == 0 || len(w.record.ends) != n {
		t.Errorf("%d requests are on record, and %d ends", n, len(w.record.ends))
	}
	return output(t, ret)
}

// TestARecordedModelIsAskedAsItWas replays what a real server said: a change of
// anything that is sent shows here as a difference.
func TestARecordedModelIsAskedAsItWas(t *testing.T) {
	for _, r := range recordings {
		t.Run(r.format, func(t *testing.T) {
			if *record != "" {
				keep(t, r.format, r.path)
			}
			b, err := os.ReadFile(recordingOf(r.format))
			must(t, err)
			p, err := scripted.Replay(b)
			must(t, err)
			out := answers(t, r.format, r.path, p)
			if *rewrite {
				must(t, os.WriteFile(recordingOf(r.format), p.Rewritten(), 0o644))
				return
			}
			for _, d := range p.Differences() {
				t.Errorf("another request than the recorded one (-recorded +now); if that is meant: go test ./internal/agent -run Recorded -rewrite\n%s", cmp.Diff(d.Recorded, d.Now))
			}
			ran := out.Status == agent.Answered && out.Table != nil
			if !ran && !strings.Contains(out.Answer, "language model was asked too, and found no query") {
				t.Errorf("neither a table nor an abstention: %+v", out)
			}
			if !strings.Contains(p.Asked(), "SELECT") {
				t.Error("the call that the model made did not go back to it")
			}
		})
	}
}

func keep(t *testing.T, format, path string) {
	t.Helper()
	upstream, err := url.Parse(*record)
	must(t, err)
	r := &scripted.Recorder{Upstream: strings.TrimRight(upstream.String(), "/")}
	out := answers(t, format, path, r)
	t.Logf("%s: %s", out.Status, out.Answer)
	must(t, os.MkdirAll(filepath.Dir(recordingOf(format)), 0o755))
	must(t, os.WriteFile(recordingOf(format), r.File(about), 0o644))
}

// TestARecordingKeepsNoSecretAndFailsOnADifference records a fake, and replays
// it to another question.
func TestARecordingKeepsNoSecretAndFailsOnADifference(t *testing.T) {
	f := scripted.New(scripted.Turn{Text: "DONE", Fragment: 1, In: 3, Out: 1})
	srv := httptest.NewServer(f)
	defer srv.Close()
	for format, model := range formats {
		rec := &scripted.Recorder{Upstream: srv.URL}
		q := agent.Request{System: "s", Messages: []agent.Message{{Text: "the key " + modelKey}}, MaxTokens: 7}
		first, err := model(endpoint(t, rec)).Reply(t.Context(), q, nil)
		must(t, err)
		file := rec.File("about\n")
		if strings.Contains(string(file), modelKey) || !strings.Contains(string(file), "(a secret)") {
			t.Errorf("%s: the key is in the file:\n%s", format, file)
		}
		p, err := scripted.Replay(file)
		must(t, err)
		again, err := model(endpoint(t, p)).Reply(t.Context(), q, nil)
		if d := cmp.Diff(first, again); d != "" || err != nil || len(p.Differences()) > 0 {
			t.Errorf("%s: %v, %s, %v", format, err, d, p.Differences())
		}
		if d := cmp.Diff(string(file), string(p.Rewritten())); d != "" {
			t.Errorf("%s: rewritten without need: %s", format, d)
		}
		p, err = scripted.Replay(file)
		must(t, err)
		if len(p.Differences()) != 1 {
			t.Errorf("%s: an exchange that nobody asked for is no difference", format)
		}
		q.MaxTokens++
		_, err = model(endpoint(t, p)).Reply(t.Context(), q, nil)
		if d := p.Differences(); err != nil || len(d) != 1 || !strings.Contains(cmp.Diff(d[0].Recorded, d[0].Now), "8") {
			t.Errorf("%s: %v, %+v", format, err, d)
		}
		if _, err = model(endpoint(t, p)).Reply(t.Context(), q, nil); err == nil || len(p.Differences()) != 2 {
			t.Errorf("%s: a request too many was answered", format)
		}
	}
	if _, err := scripted.Replay([]byte("nothing")); err == nil {
		t.Error("an empty recording was taken")
	}
}
