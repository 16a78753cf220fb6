package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/postern/postern/internal/auth"
)

var updateWire = flag.Bool("update-wire", false, "rewrite the expected responses in testdata/wire")

// wireNoise is what differs from run to run.
var wireNoise = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`"request_id":"[A-Z2-7]+"`), `"request_id":"ID"`},
	{regexp.MustCompile(`20\d\d-\d\d-\d\dT[0-9:.]+Z`), "TIME"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "UUID"},
	{regexp.MustCompile(`"score":[0-9.]+`), `"score":S`},
	{regexp.MustCompile(`_[0-9a-f]{8}"`), `_ID"`}, // of an agent's tool
}

// TestWireTranscripts plays testdata/wire on a whole server: in each archive a
// file "request" is followed by the "response" it must get; prose comes first.
// "As:" names who calls: admin (Server Admin), owner and other (Composers), or
// viewer. The rig's product and marketplace are there.
func TestWireTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/wire/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			ok(t, err)
			p := newPlay(t)
			out, played := &txtar.Archive{Comment: a.Comment}, 0
			for i, f := range a.Files {
				if f.Name != "request" {
					continue
				}
				played++
				got := p.exchange(f.Data)
				out.Files = append(out.Files, f, txtar.File{Name: "response", Data: []byte(got)})
				if *updateWire {
					continue
				}
				if i+1 >= len(a.Files) || a.Files[i+1].Name != "response" {
					t.Fatal("a request has no response: run with -update-wire and read what changed")
				}
				if d := cmp.Diff(string(a.Files[i+1].Data), got); d != "" {
					t.Errorf("%s: %s", strings.SplitN(string(f.Data), "\n", 2)[0], d)
				}
			}
			if played == 0 {
				t.Fatal("no requests")
			}
			if *updateWire {
				ok(t, os.WriteFile(name, txtar.Format(out), 0o644))
			}
		})
	}
}

// play is a server with who calls it.
type play struct {
	*gateRig
	as    map[string]machine
	names *strings.Replacer // what stands in a transcript, to what it is here
	back  *strings.Replacer
}

func newPlay(t *testing.T) *play {
	g := newGateRig(t)
	p := &play{gateRig: g, as: map[string]machine{"admin": g.admin, "owner": g.owner, "other": g.other, "viewer": g.machine("viewer", auth.Viewer)}}
	var there, back []string
	for name, m := range p.as {
		// The number first: it is shorter than nothing else here.
		there = append(there, strings.ToUpper(name)+"_NUMBER", fmt.Sprint(m.UserID), strings.ToUpper(name)+"_ID", string(m.ID))
		back = append(back, string(m.ID), strings.ToUpper(name)+"_ID")
	}
	there = append(there, "FILES", g.filesRoot(), "RIG_AGENT", g.agent, "RIG_LLM_KEY", g.llmKey, "RIG_LLM", g.llmID)
	back = append(back, g.filesRoot(), "FILES", g.agent, "RIG_AGENT", g.llmID, "RIG_LLM", g.llmKey, "RIG_LLM_KEY")
	p.names, p.back = strings.NewReplacer(there...), strings.NewReplacer(back...)
	return p
}

// exchange sends a request as it is written, and gives the response in the form
// that the transcripts keep: status, the headers that matter, body.
func (p *play) exchange(raw []byte) string {
	p.t.Helper()
	raw = []byte(p.names.Replace(string(raw)))
	head, body, _ := bytes.Cut(raw, []byte("\n\n"))
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(string(bytes.TrimSpace(head)) + "\nHost: x\n\n")))
	if err != nil {
		p.t.Fatalf("%v in %q", err, head)
	}
	token := ""
	if who := r.Header.Get("As"); who != "" {
		m, known := p.as[who]
		if !known {
			p.t.Fatalf("nobody is %q", who)
		}
		token = m.token
	}
	a := p.do(r.Method, r.URL.RequestURI(), token, string(bytes.TrimSuffix(body, []byte("\n"))), r.Header.Get("Content-Type"))
	var b strings.Builder
	fmt.Fprintln(&b, a.status)
	for _, name := range []string{"Content-Type", "X-Next-Page"} {
		if v := a.header.Get(name); v != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, v)
		}
	}
	text := p.back.Replace(string(a.body))
	for _, n := range wireNoise {
		text = n.pattern.ReplaceAllString(text, n.with)
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return b.String() + "\n" + text
}
