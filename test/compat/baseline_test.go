package compat_test

import (
	"os"
	"strings"
	"testing"
)

// outcome is what a client's method comes to: a line of baseline.tsv.
type outcome struct {
	Client string `json:"client"`
	Method string `json:"method"`
	Result string `json:"result"` // works, partly, not_available, own_fault
	Detail string `json:"detail"` // not compared
}

const baselineFile = "baseline.tsv"

// baseline reads what each method of each client came to when it was last
// looked at by a person.
func baseline(t *testing.T) []outcome {
	t.Helper()
	b, err := os.ReadFile(baselineFile)
	if err != nil {
		t.Fatal(err)
	}
	var all []outcome
	for line := range strings.Lines(string(b)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") {
			continue
		}
		if len(f) != 3 {
			t.Fatalf("%s: a line has %d fields, not 3: %q", baselineFile, len(f), line)
		}
		all = append(all, outcome{Client: f[0], Method: f[1], Result: f[2]})
	}
	if len(all) < 20 {
		t.Fatalf("%s has only %d lines", baselineFile, len(all))
	}
	return all
}
