package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/server/web"
)

// rewriteDocs makes the tests that compare generated parts of the documents
// write them instead: go test -tags duckdb_arrow ./cmd/postern -run Docs -update-docs
var rewriteDocs = flag.Bool("update-docs", false, "rewrite the generated parts of docs/")

const root = "../.."

// pages gives every document a reader follows, by its path under the root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{".git", "bin", "testdata", "node_modules", ".cache"}, d.Name()) {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		b, err := os.ReadFile(path)
		found[filepath.ToSlash(strings.TrimPrefix(path, root+"/"))] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 20 {
		t.Fatalf("only %d documents were found", len(found))
	}
	return found
}

// generated compares what stands between <!-- name --> and <!-- end name -->.
func generated(t *testing.T, page, name, want string) {
	t.Helper()
	path := filepath.Join(root, page)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+name+" -->\n", "<!-- end "+name+" -->"
	before, rest, ok := strings.Cut(string(b), begin)
	got, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no part %q", page, name)
	}
	if got == want {
		return
	}
	if *rewriteDocs {
		if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s is not what the program is; run: go test -tags duckdb_arrow ./cmd/postern -run Docs -update-docs\n%s", page, cmp.Diff(want, got))
}

func grammar(t *testing.T) *kong.Kong {
	t.Helper()
	return newParser(new(cli), &terminal{out: io.Discard, err: io.Discard}, func(int) { t.Error("the command line would exit") })
}

// cell is text in a Markdown table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func quoted(s string) string {
	if s == "" {
		return ""
	}
	return "`" + cell(s) + "`"
}

func TestDocsListEverySettingOfTheServer(t *testing.T) {
	var b strings.Builder
	b.WriteString("| Flag | Environment | Default | What it is |\n|---|---|---|---|\n")
	for _, n := range grammar(t).Model.Children {
		if n.Name != "serve" {
			continue
		}
		for _, f := range n.Flags {
			fmt.Fprintf(&b, "| `--%s` | %s | %s | %s |\n", f.Name, quoted(strings.Join(f.Envs, ", ")), quoted(f.Default), cell(f.Help))
		}
	}
	generated(t, "docs/operate.md", "settings", b.String())
}

func TestDocsListEveryCommand(t *testing.T) {
	var b strings.Builder
	b.WriteString("| Command | What it does | Flags of its own |\n|---|---|---|\n")
	shared := map[string]bool{"help": true, "json": true, "data": true, "database-url": true, "url": true, "client-id": true}
	for _, n := range grammar(t).Model.Leaves(true) {
		var own []string
		for _, f := range n.Flags {
			if shared[f.Name] || n.Name == "serve" || strings.HasPrefix(n.FullPath(), "postern completion") {
				continue
			}
			s := "--" + f.Name
			if !f.IsBool() {
				s += " " + strings.TrimSuffix(f.FormatPlaceHolder(), ",...")
			}
			if !f.Required {
				s = "[" + s + "]"
			}
			own = append(own, quoted(s))
		}
		name := strings.TrimPrefix(n.FullPath(), "postern ")
		for _, a := range n.Positional {
			name += " " + strings.ToUpper(a.Name)
		}
		fmt.Fprintf(&b, "| `postern %s` | %s | %s |\n", name, cell(n.Help), strings.Join(own, " "))
	}
	generated(t, "docs/operate.md", "commands", b.String())
}

func TestDocsListEveryRoute(t *testing.T) {
	ctx := t.Context()
	f := serveFlags{stateFlags: stateFlags{Data: t.TempDir()}, Listen: "127.0.0.1:8080", SigningAlg: "ES256"}
	cfg, err := f.check()
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.openAs(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	n, err := build(ctx, s, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer n.pool.Close()
	bodies := map[web.ErrorStyle]string{web.ProblemErrors: "problem", web.DetailErrors: "detail", web.OAuthErrors: "OAuth", web.PageErrors: "page"}
	var b strings.Builder
	b.WriteString("| Method | Path | Scope | Error body |\n|---|---|---|---|\n")
	for _, r := range n.mux.Routes() {
		if strings.HasPrefix(r.Path, "/admin") {
			continue
		}
		method, scope := r.Method, quoted(string(r.Scope))
		if method == "" {
			method = "POST"
		}
		if r.Scope == web.Public {
			scope = "none"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", method, r.Path, scope, bodies[r.Errors])
	}
	generated(t, "docs/api.md", "routes", b.String())
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	fence   = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```")
)

// anchors are the headings of a page as links name them.
func anchors(page string) []string {
	var out []string
	for _, m := range heading.FindAllStringSubmatch(page, -1) {
		s := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(m[1]), " ", "-"))
		out = append(out, regexp.MustCompile(`[^\p{L}\p{N}_-]`).ReplaceAllString(s, ""))
	}
	return out
}

func TestDocsLinkToWhatIsThere(t *testing.T) {
	all := pages(t)
	checked := 0
	for name, text := range all {
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			checked++
			to := name
			if target != "" {
				to = filepath.ToSlash(filepath.Join(filepath.Dir(name), target))
			}
			if _, err := os.Stat(filepath.Join(root, to)); err != nil {
				t.Errorf("%s links to %s, which is not there", name, m[1])
			} else if anchor != "" && !slices.Contains(anchors(all[to]), anchor) {
				t.Errorf("%s links to %s, where no heading has that name", name, m[1])
			}
		}
	}
	if checked < 40 {
		t.Errorf("only %d links were found", checked)
	}
}

// inTree are paths in backquotes that must exist.
var inTree = regexp.MustCompile("`((?:cmd|docs|internal|scripts|test|\\.ci)/[\\w./-]+|(?:README|CHANGELOG|CONTRIBUTING|SECURITY|NOTICE|LICENSE|Makefile)(?:\\.md)?)`")

func TestDocsNameFilesThatExist(t *testing.T) {
	checked := 0
	for name, text := range pages(t) {
		for _, m := range inTree.FindAllStringSubmatch(text, -1) {
			checked++
			if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
				t.Errorf("%s names %s, which is not there", name, m[1])
			}
		}
	}
	if checked < 15 {
		t.Errorf("only %d paths were found", checked)
	}
}

func TestDocsNameTestsThatExist(t *testing.T) {
	named := regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w+)`")
	var code bytes.Buffer
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "_test.go") {
			var b []byte
			b, err = os.ReadFile(path)
			code.Write(b)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for name, text := range pages(t) {
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			checked++
			if !bytes.Contains(code.Bytes(), []byte("func "+m[1]+"(")) {
				t.Errorf("%s names the test %s, which is not there", name, m[1])
			}
		}
	}
	if checked < 30 {
		t.Errorf("only %d tests were named", checked)
	}
}

func TestDocsNameTargetsOfTheMakefile(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("(?m)(?:`|^)make ([a-z][a-z-]*)")
	for name, text := range pages(t) {
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			if !regexp.MustCompile(`(?m)^` + m[1] + `:`).Match(makefile) {
				t.Errorf("%s names make %s, which the Makefile does not have", name, m[1])
			}
		}
	}
}

func TestDocsShowCommandsThatParse(t *testing.T) {
	checked := 0
	for name, text := range pages(t) {
		for _, block := range fence.FindAllStringSubmatch(text, -1) {
			if block[1] != "sh" {
				continue
			}
			for _, args := range invocations(block[2]) {
				checked++
				if err := parses(t, args); err != nil {
					t.Errorf("%s: postern %s: %v", name, strings.Join(args, " "), err)
				}
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d commands were found", checked)
	}
}

// parses applies the grammar and runs nothing.
func parses(t *testing.T, args []string) error {
	t.Helper()
	if len(args) > 0 && args[len(args)-1] == "--help" {
		args = args[:len(args)-1]
		if len(args) == 0 {
			return nil
		}
	}
	_, err := grammar(t).Parse(args)
	return err
}

// invocations finds the calls of postern in a shell script of the documents,
// which has no quoting beyond single and double quotes.
func invocations(script string) [][]string {
	var out [][]string
	script = strings.ReplaceAll(script, "\\\n", " ")
	for line := range strings.Lines(script) {
		words := shellWords(line)
		for i, w := range words {
			if w == "postern" || strings.HasSuffix(w, "/postern") {
				args := words[i+1:]
				if end := slices.IndexFunc(args, func(s string) bool { return slices.Contains([]string{"|", ">", ">>", "2>", "<", "&&", ";", "&"}, s) }); end >= 0 {
					args = args[:end]
				}
				out = append(out, args)
				break
			}
			if !strings.Contains(w, "=") && !slices.Contains([]string{"printf", "sudo", "env", "exec", "|", "%s", "$PASSWORD"}, w) {
				break // another program, which may have postern among its arguments
			}
		}
	}
	return out
}

func shellWords(line string) []string {
	var words []string
	var w strings.Builder
	quote, open := rune(0), false
	for _, c := range strings.TrimSpace(line) {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			w.WriteRune(c)
		case c == '\'' || c == '"':
			quote, open = c, true
		case c == '#' && w.Len() == 0 && !open:
			return words
		case c == ' ' || c == '\t':
			if w.Len() > 0 || open {
				words = append(words, w.String())
			}
			w.Reset()
			open = false
		default:
			w.WriteRune(c)
		}
	}
	if w.Len() > 0 || open {
		words = append(words, w.String())
	}
	return words
}

// The script in docs/ shares no code with Postern, so that it agrees with
// audit verify only if the format is as docs/operate.md says.
func TestDocsScriptVerifiesAnExportAndNoticesTampering(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("python3 is missing")
		}
		t.Skip("python3 is missing")
	}
	data, file := t.TempDir(), filepath.Join(t.TempDir(), "record.jsonl")
	postern := func(args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := run(append(args, "--data", data), &terminal{out: &out, err: &errs, in: os.Stdin}); code != 0 {
			t.Fatalf("postern %v: exit %d\n%s", args, code, errs.String())
		}
		return out.String()
	}
	postern("client", "create", "--name", "one", "--role", "viewer")
	postern("client", "create", "--name", "two", "--role", "viewer")
	postern("audit", "export", "-o", file)
	kid, _, _ := strings.Cut(postern("audit", "keys"), " ")
	verify := func(file, kid string) (string, bool) {
		out, err := exec.CommandContext(t.Context(), python, filepath.Join(root, "docs/verify_export.py"), file, kid).CombinedOutput()
		return string(out), err == nil
	}
	if out, ok := verify(file, kid); !ok || !strings.HasSuffix(out, " 0 problems\n") {
		t.Fatalf("an export as it was written does not verify:\n%s", out)
	}
	if _, ok := verify(file, "another"); ok {
		t.Error("an export with a key that is not the noted one verifies")
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(b), "\n")
	for what, text := range map[string]string{
		"altered":                   strings.Replace(string(b), "viewer", "server_admin", 1),
		"without its first record":  lines[0] + strings.Join(lines[2:], ""),
		"without its second record": strings.Join(append(slices.Clone(lines[:2]), lines[3:]...), ""),
	} {
		bad := filepath.Join(t.TempDir(), "bad.jsonl")
		if err := os.WriteFile(bad, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, ok := verify(bad, kid); ok {
			t.Errorf("an export %s verifies:\n%s", what, out)
		}
	}
}

func TestDocsNoticeNamesEveryModuleInTheBinary(t *testing.T) {
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", "duckdb_arrow", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", ".")
	list.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=1")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(root, "NOTICE"))
	if err != nil {
		t.Fatal(err)
	}
	table, _, _ := strings.Cut(string(b), "LICENCES AND NOTICES")
	named := map[string]bool{}
	for line := range strings.Lines(table) {
		if f := strings.Fields(line); len(f) >= 3 {
			named[f[0]+" "+f[1]] = true
		}
	}
	modules := strings.Fields(strings.ReplaceAll(string(out), " ", "@"))
	if len(modules) < 20 {
		t.Fatalf("only %d modules are linked", len(modules))
	}
	for _, m := range modules {
		if !named[strings.ReplaceAll(m, "@", " ")] {
			t.Errorf("NOTICE does not name %s; run: scripts/notice", m)
		}
	}
}
