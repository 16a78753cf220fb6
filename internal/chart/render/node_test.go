//go:build integration

package render_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern/postern/internal/chart/render"
	"github.com/postern/postern/internal/fault"
)

// TestAnSVGIsNodesToTheByte draws the torture set by Vega under Node as well,
// with the code that Vega generates for expressions, in UTC, and compares.
func TestAnSVGIsNodesToTheByte(t *testing.T) {
	specs := torture(t)
	theirs := underNode(t, specs)
	same := 0
	for i, s := range specs {
		ours, err := shared.SVG(t.Context(), s.spec, render.Size{})
		switch {
		case err != nil && theirs[i].Error != "":
			same++
		case err != nil:
			t.Errorf("%s: Node draws it, here: %s", s.name, fault.As(err).Message)
		case theirs[i].Error != "":
			t.Errorf("%s: drawn here, Node: %s", s.name, theirs[i].Error)
		case string(ours) != string(render.Legal(theirs[i].SVG)) && otherwise[s.name] != "":
			t.Logf("%s: another one, since %s", s.name, otherwise[s.name])
		case string(ours) != string(render.Legal(theirs[i].SVG)):
			t.Errorf("%s: %s", s.name, difference(theirs[i].SVG, string(ours)))
		default:
			same++
		}
	}
	t.Logf("%d of %d are the same", same, len(specs))
}

// otherwise are charts that differ, and why.
var otherwise = map[string]string{
	"projection conicEquidistant":  "sin and cos differ in the last bit",
	"regression's parameters poly": "pow differs in the last bit, and a fit without error is that bit",
}

type nodes struct {
	SVG   string
	Error string
}

func underNode(t *testing.T, specs []tortured) []nodes {
	t.Helper()
	cache := os.Getenv("COMPAT_CACHE")
	if cache == "" {
		t.Fatal("COMPAT_CACHE is not set: run test/integration")
	}
	script, err := render.Measure()
	if err != nil {
		t.Fatal(err)
	}
	measure := filepath.Join(t.TempDir(), "measure.js")
	if err := os.WriteFile(measure, script, 0o600); err != nil {
		t.Fatal(err)
	}
	var in bytes.Buffer
	for _, s := range specs {
		line, err := json.Marshal(obj{"spec": json.RawMessage(s.spec), "config": json.RawMessage(render.Config("light"))})
		if err != nil {
			t.Fatal(err)
		}
		in.Write(append(line, '\n'))
	}
	cmd := exec.CommandContext(t.Context(), "node", "testdata/node.mjs", filepath.Join(cache, "npm", "node_modules"), measure)
	cmd.Env = append(os.Environ(), "TZ=UTC")
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []nodes
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var n nodes
		if err := json.Unmarshal(lines.Bytes(), &n); err != nil {
			t.Fatal(err)
		}
		all = append(all, n)
	}
	if len(all) != len(specs) {
		t.Fatalf("Node drew %d of %d", len(all), len(specs))
	}
	return all
}

// difference is where two texts part.
func difference(a, b string) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	cut := func(s string) string {
		return strings.ToValidUTF8(s[max(0, i-80):min(len(s), i+80)], "?")
	}
	return "\nNode: " + cut(a) + "\nhere: " + cut(b)
}
