//go:build integration

package compat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestConformanceOfMCP runs MCP's own conformance tool, with exactly the
// scenarios that each revision requires. What fails and why is in
// mcp_known.tsv; a check that fails without being there, or passes while it
// is, fails the test.
func TestConformanceOfMCP(t *testing.T) {
	node := os.Getenv("COMPAT_NODE")
	if node == "" {
		missing(t, "Node 22 (run test/conformance, which finds it and sets COMPAT_NODE)")
	}
	s := serve(t)
	front := signedIn(t, s)
	dir := t.TempDir()
	conform(t, node, "Checks:", "authorization", "--url", s.base, "--client-id", s.client.ID,
		"--scenario", "authorization-server-metadata-endpoint", "--output-dir", dir)
	_, failed := checks(t, dir, "authorization")
	for _, revision := range []string{"2025-11-25", "2026-07-28"} {
		dir := t.TempDir()
		conform(t, node, "=== SUMMARY", "server", "--url", front+"/ai/mcp/", "--requirements", revision, "--output-dir", dir)
		passed, bad := checks(t, dir, revision)
		t.Logf("MCP %s: %d checks passed, %d did not", revision, passed, len(bad))
		if passed < 20 {
			t.Errorf("only %d checks of %s passed: the run is broken", passed, revision)
		}
		failed = append(failed, bad...)
	}
	slices.Sort(failed)
	if diff := cmp.Diff(known(t), slices.Compact(failed)); diff != "" {
		t.Errorf("the checks that fail differ from mcp_known.tsv (-known +now):\n%s", diff)
	}
}

// conform runs the tool, which leaves each scenario's checks in the folder of
// --output-dir, and logs its output from the given words on.
func conform(t *testing.T, node, from string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	tool := filepath.Join(cache(t), "npm", "node_modules", "@modelcontextprotocol", "conformance", "dist", "index.js")
	cmd := exec.CommandContext(ctx, node, append([]string{tool}, args...)...)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if i := strings.LastIndex(string(out), from); i >= 0 {
		t.Logf("conformance %s\n%s", strings.Join(args, " "), out[i:])
		return // what failed is in the folder, and the tool's exit code says no more
	}
	t.Errorf("the conformance tool: %v\n%s", err, out)
}

// stamp ends the name of a scenario's folder.
var stamp = regexp.MustCompile(`-\d{4}-\d{2}-\d{2}T[\dZ-]+$`)

// checks counts the checks that passed, and names those that did not.
func checks(t *testing.T, dir, revision string) (passed int, failed []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*", "checks.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		scenario := strings.TrimPrefix(stamp.ReplaceAllString(filepath.Base(filepath.Dir(f)), ""), "server-")
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var all []struct{ ID, Status, ErrorMessage string }
		if err := json.Unmarshal(b, &all); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		for _, c := range all {
			switch c.Status {
			case "SUCCESS":
				passed++
			case "FAILURE", "WARNING":
				failed = append(failed, revision+"\t"+scenario+"\t"+c.ID)
			}
		}
	}
	return passed, failed
}

// known are the checks that fail, each with its reason in the file.
func known(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile("mcp_known.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) != 4 {
			t.Fatalf("mcp_known.tsv: a line without a reason: %q", line)
		}
		all = append(all, strings.Join(f[:3], "\t"))
	}
	slices.Sort(all)
	return all
}

// signedIn is an address that forwards to the server with the client's token:
// the tool has no way to send one.
func signedIn(t *testing.T, s *server) string {
	t.Helper()
	to, err := url.Parse(s.base)
	if err != nil {
		t.Fatal(err)
	}
	token := s.token()
	front := httptest.NewServer(&httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
		r.Out.Header.Set("Authorization", "Bearer "+token)
		// Read whole, as the transport would go on reading the caller's body
		// after the answer has begun, and fail when that body is closed.
		body, err := io.ReadAll(r.In.Body)
		if err == nil {
			r.Out.Body, r.Out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		}
	}})
	t.Cleanup(front.Close)
	return front.URL
}
