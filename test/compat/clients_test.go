//go:build integration

package compat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write baseline.tsv from this run")

// cache is where test/integration installed the clients.
func cache(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("COMPAT_CACHE")
	if dir == "" {
		missing(t, "the published clients (run test/integration, which installs them and sets COMPAT_CACHE)")
	}
	return dir
}

// program is one client, run as its users would: a script over the published
// package.
type program struct {
	name string
	argv []string
}

func programs(t *testing.T) []program {
	dir := cache(t)
	python := func(venv, script string) program {
		return program{script, []string{filepath.Join(dir, venv, "bin", "python"), filepath.Join("clients", script)}}
	}
	return []program{
		{"seed.sh", []string{filepath.Join("clients", "seed.sh")}},
		python("others", "recipes.py"),
		python("alation", "alation_sdk.py"),
		python("others", "allie.py"),
		python("alation", "alation_mcp.py"),
		python("others", "mcp_python.py"),
		{"mcp_npm.mjs", []string{"node", filepath.Join("clients", "mcp_npm.mjs")}},
	}
}

// within is how long one client may take: far more than it does.
const within = 3 * time.Minute

func TestPublishedClientsDoWhatTheBaselineSays(t *testing.T) {
	all := programs(t)
	s := serve(t)
	env := environment(t, s, products(t, s))
	var got []outcome
	for _, p := range all {
		start := time.Now()
		found := run(t, p, env)
		t.Logf("%s: %d methods in %.1f s", p.name, len(found), time.Since(start).Seconds())
		got = append(got, found...)
	}
	t.Log("\n" + table(got))
	if *update {
		write(t, got)
	}
	if diff := cmp.Diff(lines(baseline(t)), lines(got)); diff != "" {
		t.Errorf("the clients differ from %s (-baseline +now); if that is meant, run with -update and change docs/divergences.md:\n%s", baselineFile, diff)
	}
}

func environment(t *testing.T, s *server, all []served) []string {
	t.Helper()
	b, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	duck := all[len(all)-1]
	return append(os.Environ(),
		"POSTERN_URL="+s.base, "POSTERN_CLIENT_ID="+s.client.ID, "POSTERN_CLIENT_SECRET="+s.client.Secret,
		"COMPAT_PRODUCTS="+string(b), "COMPAT_NODE_MODULES="+filepath.Join(cache(t), "npm", "node_modules"),
		"COMPAT_DP_ID="+duck.ID, "COMPAT_SQL="+duck.SQL, "COMPAT_USERNAME="+duck.username, "COMPAT_PASSWORD="+duck.password,
		"NO_PROXY=127.0.0.1,localhost", "PYTHONWARNINGS=ignore")
}

// run gives what a client's program reported, one line a method.
func run(t *testing.T, p program, env []string) []outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.argv[0], p.argv[1:]...)
	cmd.Env = env
	cmd.WaitDelay = time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s: %v\n%s", p.name, err, stderr.String())
	}
	var all []outcome
	for line := range strings.Lines(string(out)) {
		var o outcome
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Errorf("%s printed %q", p.name, line)
			continue
		}
		all = append(all, o)
		if o.Result == "failed" {
			t.Errorf("%s: %s: %s", o.Client, o.Method, o.Detail)
		}
	}
	if len(all) == 0 {
		t.Errorf("%s tried no method\n%s", p.name, stderr.String())
	}
	return all
}

func table(all []outcome) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "client\tmethod\tresult\t")
	for _, o := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", o.Client, o.Method, o.Result, clip(o.Detail, 90))
	}
	_ = w.Flush() // a strings.Builder takes everything
	return b.String()
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

// lines are what of the outcomes is compared.
func lines(all []outcome) []string {
	var out []string
	for _, o := range all {
		out = append(out, o.Client+"\t"+o.Method+"\t"+o.Result)
	}
	return out
}

func write(t *testing.T, all []outcome) {
	t.Helper()
	text := "# client, method, result; written by: UPDATE=1 test/integration\n" + strings.Join(lines(all), "\n") + "\n"
	if err := os.WriteFile(baselineFile, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
