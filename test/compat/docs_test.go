package compat_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The documents say of each method of the SDK what the baseline says.
func TestDocsListTheSDKsMethodsAsTheBaselineDoes(t *testing.T) {
	const sdk = "alation-ai-agent-sdk 1.0.0"
	plain, streaming := map[string]string{}, map[string]string{}
	for _, o := range baseline(t) {
		switch o.Client {
		case sdk:
			plain[o.Method] = o.Result
		case sdk + " streaming":
			streaming[o.Method] = o.Result
		}
	}
	var want []string
	for method, result := range plain {
		want = append(want, strings.Join([]string{method, result, streaming[method]}, " | "))
	}
	for method := range streaming {
		if plain[method] == "" {
			t.Errorf("%s is in the baseline only when streaming", method)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, documented(t)); diff != "" {
		t.Errorf("docs/divergences.md and %s differ (-baseline +docs):\n%s", baselineFile, diff)
	}
}

// documented reads the table of methods: method, result, result when streaming.
func documented(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile("../../docs/divergences.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(b), "## Methods of the Python SDK\n")
	if !ok {
		t.Fatal("docs/divergences.md has no section on the SDK's methods")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var got []string
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		f := strings.Split(line, "|")
		got = append(got, strings.Join([]string{strings.Trim(f[1], " `"), strings.TrimSpace(f[2]), strings.TrimSpace(f[3])}, " | "))
	}
	slices.Sort(got)
	return got
}
