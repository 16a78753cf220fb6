package internal_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/postern/postern/"

// may says which of our packages each package may import, relative to
// internal/. "*" ends a folder. Facts point down, wiring points everywhere; a
// package without a row fails.
var may = map[string][]string{
	"fault":                        {},
	"secret":                       {},
	"stack":                        {},
	"schemacost":                   {},
	"testpg":                       {},
	"sqlfacts":                     {"fault"},
	"result":                       {"fault"},
	"keyring":                      {"fault", "secret"},
	"product":                      {"fault", "secret", "product/spec"},
	"product/spec":                 {"fault"},
	"product/search":               {"product", "rank", "semantic"},
	"product/market":               {"fault", "schemacost", "product", "product/spec"},
	"auth":                         {"fault", "secret", "keyring"},
	"credential":                   {"fault", "secret", "keyring"},
	"llm":                          {"fault", "secret", "keyring"},
	"policy":                       {"fault", "auth", "product", "product/market", "rank", "sqlfacts", "agent/custom"},
	"audit":                        {"fault", "auth"},
	"warehouse":                    {"fault", "secret", "product", "sqlfacts", "result"},
	"warehouse/sqlite":             {"fault", "secret", "product", "sqlfacts", "result", "warehouse"},
	"warehouse/postgres":           {"fault", "secret", "product", "sqlfacts", "result", "warehouse", "warehouse/grammar/pg"},
	"warehouse/duckdb":             {"fault", "secret", "product", "sqlfacts", "result", "warehouse"},
	"warehouse/grammar/pg":         {"fault", "sqlfacts", "warehouse/grammar/pg/pgquery"},
	"warehouse/grammar/pg/pgquery": {},
	"warehouse/warehousetest":      {"fault", "secret", "product", "sqlfacts", "result", "warehouse"},
	"gateway":                      {"stack", "fault", "secret", "auth", "product", "product/market", "policy", "credential", "warehouse", "sqlfacts", "result", "audit"},
	"gateway/gatewaytest":          {"secret", "auth", "product", "policy", "credential", "warehouse", "keyring", "store", "gateway"},
	"rank":                         {},
	"stats":                        {"fault", "result"},
	"chart":                        {"fault", "result"},
	"chart/render":                 {"fault", "chart", "chart/script"},
	"chart/script":                 {},
	"tool":                         {"stack", "fault", "auth", "product", "product/market", "product/search", "semantic", "semantic/form", "rank", "result", "chart", "stats", "tool/describe"},
	"tool/describe":                {"fault", "product", "semantic", "rank"},
	"chat":                         {"fault", "auth"},
	"chat/chattest":                {"fault", "chat"},
	"job":                          {"fault", "auth"},
	"semantic":                     {"fault", "product"},
	"semantic/form":                {"fault", "rank", "semantic"},
	"draft":                        {"fault", "product", "semantic"},
	"semantic/semantictest":        {"fault", "product", "semantic"},
	"planner":                      {"fault", "product", "semantic", "planner/lexicon", "planner/exact"},
	"planner/exact":                {"semantic", "planner/lexicon"},
	"planner/lexicon":              {},
	"agent":                        {"fault", "auth", "product", "result", "tool", "semantic", "semantic/form", "planner", "chart", "stats", "chat"},
	"agent/custom":                 {"fault", "auth", "audit"},
	"agent/custom/runner":          {"fault", "schemacost", "auth", "product", "tool", "agent", "agent/custom"},
	"agent/wire":                   {"fault", "secret"},
	"agent/openai":                 {"fault", "secret", "agent", "agent/wire"},
	"agent/anthropic":              {"fault", "secret", "agent", "agent/wire"},
	"agent/gemini":                 {"fault", "secret", "agent", "agent/wire"},
	"agent/scripted":               {"fault", "secret", "agent"},
	"eval":                         {"fault", "auth", "product", "result"},
	"store":                        {"fault", "secret", "auth", "product", "product/market", "credential", "audit", "keyring", "result", "chat", "job", "eval", "llm", "agent/custom"},
	"server":                       {"fault", "auth", "server/web", "server/oauth", "server/rest", "server/mcp", "server/console"},
	"server/web":                   {"fault", "secret", "auth"},
	"server/oauth":                 {"fault", "secret", "auth", "server/web"},
	"server/rest":                  {"stack", "fault", "secret", "auth", "product", "product/search", "product/market", "credential", "audit", "result", "rank", "tool", "chat", "job", "eval", "server/web"},
	"server/rest/config":           {"fault", "auth", "tool", "agent/custom", "server/web"},
	"server/rest/llms":             {"fault", "secret", "auth", "llm", "server/web"},
	"server/mcp":                   {"fault", "auth", "product", "result", "tool", "server/web"},
	"server/console":               {"fault", "secret", "auth", "product", "product/search", "product/market", "credential", "audit", "llm", "rank", "server/web"},
}

// only are modules that just these folders (of the whole tree) may import.
var only = map[string][]string{
	"github.com/duckdb/duckdb-go":     {"internal/warehouse/duckdb", "cmd/postern", "test"},
	"github.com/cedar-policy/":        {"internal/policy"},
	"github.com/wasilibs/go-pgquery":  {"internal/warehouse/grammar/pg"},
	"github.com/go-jose/":             {"internal/auth", "test"},
	"github.com/tink-crypto/":         {"internal/keyring"},
	"go.opentelemetry.io/otel":        {"internal/gateway", "internal/agent", "internal/server/web", "cmd/postern"},
	"go.opentelemetry.io/otel/sdk":    {"cmd/postern"},
	"go.opentelemetry.io/proto":       {"cmd/postern"},
	"modernc.org/quickjs":             {"internal/chart/render"},
	"github.com/tetratelabs/wazero":   {"internal/chart/render"},
	"github.com/modelcontextprotocol": {"internal/server/mcp", "cmd/postern", "test"},
}

func TestImportsPointDown(t *testing.T) {
	seen := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		seen++
		checkFile(t, filepath.ToSlash(path))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 20 {
		t.Fatalf("only %d Go files found: the walk is broken", seen)
	}
}

func checkFile(t *testing.T, path string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	folder := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "../")
	pkg, ours := strings.CutPrefix(folder, "internal/")
	allowed, known := may[pkg]
	if ours && !known {
		t.Errorf("%s: package %s has no row in the import table", path, pkg)
		return
	}
	test := strings.HasSuffix(path, "_test.go")
	for _, i := range f.Imports {
		name, _ := strconv.Unquote(i.Path.Value)
		if dep, ok := strings.CutPrefix(name, module+"internal/"); ok && ours && !test && dep != pkg && !slices.Contains(allowed, dep) {
			t.Errorf("%s: %s may not import %s", path, pkg, dep)
		}
		for mod, folders := range only {
			if strings.HasPrefix(name, mod) && !inFolders(folder, folders) {
				t.Errorf("%s: only %v may import %s", path, folders, name)
			}
		}
	}
}

func inFolders(folder string, in []string) bool {
	for _, f := range in {
		if folder == f || strings.HasPrefix(folder, f+"/") {
			return true
		}
	}
	return false
}
