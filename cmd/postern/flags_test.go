package main

import (
	"errors"
	"io/fs"
	"slices"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/postern/postern/internal/fault"
)

func TestEveryCommandThatAnswersHasJSON(t *testing.T) {
	var grammar cli
	parser, err := kong.New(&grammar, kong.Vars{"roles": "x"})
	if err != nil {
		t.Fatal(err)
	}
	leaves := parser.Model.Leaves(true)
	if len(leaves) < 20 {
		t.Fatalf("only %d commands", len(leaves))
	}
	for _, leaf := range leaves {
		has := false
		for _, group := range leaf.AllFlags(false) {
			for _, f := range group {
				has = has || f.Name == "json"
			}
		}
		// An export is JSON lines already.
		none := slices.Contains([]string{"serve", "demo", "mcp", "completion"}, leaf.Path())
		if has == none {
			t.Errorf("%s: --json is %v", leaf.Path(), has)
		}
	}
}

func TestErrorsSayACauseOnce(t *testing.T) {
	cause := fault.Because(fs.ErrNotExist, fault.Invalid, "no such file")
	for want, err := range map[string]error{
		"spec.yaml: uri: no such file: file does not exist": inFile("spec.yaml", fault.Because(cause, fault.Invalid, "uri: no such file")),
		"a name is taken": fault.Because(errors.New("UNIQUE constraint failed"), fault.Conflict, "a name is taken"),
		"plain":           errors.New("plain"),
		"alone":           fault.New(fault.Invalid, "alone"),
		"a: once":         hint(fault.Because(errors.New("once"), fault.Invalid, "a: once"), "do that"),
	} {
		if got := told(err); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
