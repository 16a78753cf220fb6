package pg_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/sqlfacts"
	"github.com/postern/postern/internal/warehouse/grammar/pg"
)

func facts(t *testing.T, sql string) sqlfacts.Facts {
	t.Helper()
	f, err := pg.Facts(t.Context(), sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return f
}

func tables(f sqlfacts.Facts) []string {
	var out []string
	for _, x := range f.Tables {
		out = append(out, strings.TrimPrefix(x.Catalog+"."+x.Schema+"."+x.Name, ".."))
	}
	return out
}

func kinds(f sqlfacts.Facts) []string {
	var out []string
	for _, n := range f.Nodes {
		out = append(out, n.Kind)
	}
	return out
}

func TestTablesAreThoseNotInCTEScope(t *testing.T) {
	for sql, want := range map[string][]string{
		"SELECT 1":                                    nil,
		"SELECT * FROM a":                             {"a"},
		"WITH a AS (SELECT 1) SELECT * FROM a":        nil,
		"WITH a AS (SELECT * FROM a) SELECT * FROM a": {"a"},
		"WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT * FROM a) SELECT * FROM a": nil,
		"WITH a AS (SELECT 1), b AS (SELECT * FROM a) SELECT * FROM b":             nil,
		"WITH b AS (SELECT * FROM a), a AS (SELECT 1) SELECT * FROM b":             {"a"},
		"WITH RECURSIVE b AS (SELECT * FROM a), a AS (SELECT 1) SELECT * FROM b":   nil,
		"WITH a AS (SELECT 1) SELECT * FROM public.a":                              {".public.a"},
		"SELECT (WITH a AS (SELECT 1) SELECT * FROM a), (SELECT 2 FROM a)":         {"a"},
		"WITH a AS (SELECT 1) SELECT 1 WHERE EXISTS (SELECT * FROM a)":             nil,
		"WITH a AS (SELECT 1) SELECT 1 UNION SELECT * FROM a":                      nil,
		"SELECT 1 UNION (WITH a AS (SELECT 1) SELECT * FROM a) UNION TABLE a":      {"a"},
		"WITH a AS (WITH z AS (SELECT 1) SELECT * FROM z) SELECT * FROM a, z":      {"z"},
		"WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x":                    {"t"},
		`SELECT * FROM "Weird ""x".T, db.S.t2`:                                     {`.Weird "x.t`, "db.s.t2"},
		"TABLE a":                                                                  {"a"},
		"SELECT * FROM ONLY a, b *":                                                {"a", "b"},
	} {
		f := facts(t, sql)
		if got := tables(f); !slices.Equal(got, want) {
			t.Errorf("%s: tables %q, want %q", sql, got, want)
		}
	}
}

func TestOffsetsAreBytesOfTheNameAsWritten(t *testing.T) {
	sql := `SELECT 'é', o . id, "X"."Y", x.*, * FROM "Sch" . orders AS o WHERE é = 1`
	f := facts(t, sql)
	var got []string
	for _, x := range f.Tables {
		got = append(got, sql[x.Offset:x.End])
	}
	for _, x := range f.Columns {
		got = append(got, sql[x.Offset:x.End])
	}
	want := []string{`"Sch" . orders`, "o . id", `"X"."Y"`, "x.*", "*", "é"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if f.Tables[0].Alias != "o" {
		t.Errorf("alias %q", f.Tables[0].Alias)
	}
}

func TestEveryKindOfNodeIsStated(t *testing.T) {
	for sql, want := range map[string]string{
		"WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x": "DeleteStmt",
		"SELECT * INTO y FROM x":                                "IntoClause",
		"SELECT * FROM x FOR UPDATE":                            "LockingClause",
		"SELECT CURRENT_USER":                                   "SQLValueFunction:CURRENT_USER",
		"SELECT session_user":                                   "SQLValueFunction:SESSION_USER",
		"COPY t TO PROGRAM 'x'":                                 "CopyStmt",
		"EXPLAIN ANALYZE DELETE FROM t":                         "DeleteStmt",
		"SELECT $1":                                             "ParamRef",
		"SELECT * FROM t TABLESAMPLE SYSTEM (1)":                "RangeTableSample",
		"SELECT XMLPARSE(DOCUMENT 'x')":                         "XmlExpr",
		"DO 'x'":                                                "DoStmt",
		"SELECT (t).* FROM t":                                   "A_Indirection",
		"SELECT 1 LIMIT 1":                                      "A_Const",
	} {
		if got := kinds(facts(t, sql)); !slices.Contains(got, want) {
			t.Errorf("%s: %s is not among %v", sql, want, got)
		}
	}
}

func TestFunctionsAreStatedWhereverTheyHide(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT pg_read_file('x')":                                  ".pg_read_file",
		"SELECT pg_catalog.lo_import('x')":                          "pg_catalog.lo_import",
		"SELECT * FROM dblink('x','y') AS t(a int)":                 ".dblink",
		"SELECT * FROM ROWS FROM (f(1), g(2)) z":                    ".g",
		"SELECT 1 ORDER BY evil()":                                  ".evil",
		"SELECT count(*) FILTER (WHERE evil()) OVER ()":             ".evil",
		"SELECT 1 LIMIT evil()":                                     ".evil",
		"SELECT * FROM a JOIN b ON evil()":                          ".evil",
		"SELECT * FROM a TABLESAMPLE system(evil())":                ".evil",
		"SELECT 1 WINDOW w AS (PARTITION BY evil())":                ".evil",
		"SELECT 'pg_class'::regclass":                               ".regclass",
		"SELECT 1 OPERATOR(evil.+) 2":                               "evil.+",
		"SELECT 'x'::evil.kind":                                     "evil.kind",
		"VALUES (evil())":                                           ".evil",
		"SELECT JSON_VALUE(evil(), '$.a')":                          ".evil",
		"SELECT ARRAY[(CASE WHEN true THEN evil() END)]":            ".evil",
		"SELECT * FROM XMLTABLE('/a' PASSING evil() COLUMNS x int)": ".evil",
	} {
		var got []string
		for _, f := range facts(t, sql).Functions {
			got = append(got, f.Schema+"."+f.Name)
		}
		if !slices.Contains(got, want) {
			t.Errorf("%s: %s is not among %v", sql, want, got)
		}
	}
}

func TestColumnsKnowTheStatementsOwnNames(t *testing.T) {
	for sql, want := range map[string]map[string]bool{
		"SELECT a AS b FROM t ORDER BY b":                        {"a": false, "b": true},
		"SELECT t.a FROM t":                                      {"t.a": false},
		"SELECT 1 AS a, t.a FROM t":                              {"t.a": false},
		"SELECT q.n FROM (SELECT count(*) n FROM t) q":           {"q.n": true},
		"SELECT count FROM (SELECT count(*) FROM t) q":           {"count": true},
		"WITH w(x) AS (SELECT a FROM t) SELECT x, w.x, c FROM w": {"a": false, "x": true, "w.x": true, "c": false},
		"WITH w AS (SELECT a AS z FROM t) SELECT v.z FROM w v":   {"a": false, "v.z": true},
		"SELECT g FROM generate_series(1,2) g":                   {"g": true},
		"SELECT column1 FROM (VALUES (1)) v":                     {"column1": true},
		"SELECT column1 FROM t":                                  {"column1": false},
	} {
		got := map[string]bool{}
		for _, c := range facts(t, sql).Columns {
			got[strings.Join(c.Parts, ".")] = c.Alias
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", sql, d)
		}
	}
}

func TestStatementsAreCountedAndSettingsNamed(t *testing.T) {
	if n := facts(t, "SELECT 1; SELECT 2;").Statements; n != 2 {
		t.Errorf("two statements counted as %d", n)
	}
	if n := facts(t, " -- nothing\n").Statements; n != 0 {
		t.Errorf("no statement counted as %d", n)
	}
	if s := facts(t, "SET app.tenant = 'x'").Set; s != "app.tenant" {
		t.Errorf("setting %q", s)
	}
}

func TestParseErrorHasTheServersMessageAndPlace(t *testing.T) {
	sql := "SELECT 'é' FROM FROM t"
	_, err := pg.Facts(t.Context(), sql)
	f := fault.As(err)
	if f == nil || f.Kind != fault.Rejected || !strings.Contains(f.Message, "syntax error") || f.Position != strings.LastIndex(sql, "FROM") {
		t.Fatalf("got %v at %d", err, f.Position)
	}
}

func TestTextThatIsReadTwoWaysIsRefused(t *testing.T) {
	for _, sql := range []string{
		"SELECT 1\x00; DROP TABLE t", "SELECT '\xff'", "SELECT 1" + strings.Repeat(" ", 1<<20),
		"SELECT * FROM s /* x */ . t", `SELECT * FROM U&"\0061"`, `SELECT a./**/b FROM t`,
	} {
		if _, err := pg.Facts(t.Context(), sql); !fault.Is(err, fault.Rejected) {
			t.Errorf("%.40q: got %v", sql, err)
		}
	}
}

func TestLongNameIsCutAsTheServerDoes(t *testing.T) {
	name := strings.Repeat("a", 62) + "é" + "x"
	f := facts(t, "SELECT * FROM "+name)
	if got := f.Tables[0].Name; got != strings.Repeat("a", 62) {
		t.Errorf("got %q", got)
	}
}

// A deep statement must be refused before the parser sees it: it overflows the
// parser's stack, after which the parser answers nonsense.
func TestDeepStatementIsRefusedAndTheParserLives(t *testing.T) {
	const n = 20000
	for name, sql := range map[string]string{
		"operators":   "SELECT 1" + strings.Repeat("+1", n),
		"brackets":    "SELECT " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n),
		"unclosed":    "SELECT " + strings.Repeat("(SELECT ", n),
		"subqueries":  strings.Repeat("SELECT (", n) + "SELECT 1" + strings.Repeat(")", n),
		"unions":      "SELECT 1,2" + strings.Repeat(" UNION SELECT 1,2", n),
		"not":         "SELECT " + strings.Repeat("NOT ", n) + "true",
		"minus":       "SELECT " + strings.Repeat("- ", n) + "x",
		"casts":       "SELECT 1" + strings.Repeat("::int", n),
		"joins":       "SELECT 1 FROM a" + strings.Repeat(" JOIN b ON x AND y", n),
		"cases":       "SELECT " + strings.Repeat("CASE WHEN ", n) + "true" + strings.Repeat(" THEN true END", n),
		"calls":       "SELECT " + strings.Repeat("f(1,", n) + "1" + strings.Repeat(")", n),
		"left calls":  "SELECT " + strings.Repeat("f(", n) + "1" + strings.Repeat(",1)", n),
		"arrays":      "SELECT " + strings.Repeat("ARRAY[", n) + "1" + strings.Repeat("]", n),
		"collate":     "SELECT x" + strings.Repeat(` COLLATE "C"`, n),
		"in brackets": "SELECT f((1" + strings.Repeat("+1", n) + "))",
		"dollars":     "SELECT $x$ $x$" + strings.Repeat("||$x$ $x$", n),
	} {
		_, err := pg.Facts(t.Context(), sql)
		if !fault.Is(err, fault.Rejected) {
			t.Errorf("%s: got %v", name, err)
		}
		if f, err := pg.Facts(t.Context(), "SELECT a FROM t"); err != nil || len(f.Tables) != 1 {
			t.Fatalf("after %s the parser is broken: %v", name, err)
		}
	}
}

func TestLongFlatStatementIsParsed(t *testing.T) {
	for name, sql := range map[string]string{
		"in list":    "SELECT * FROM t WHERE x IN (1" + strings.Repeat(", -2", 20000) + ")",
		"conditions": "SELECT * FROM t WHERE t.a = 1" + strings.Repeat(" OR t.a >= 2 AND t.b <> 'x+y'", 5000),
		"columns":    "SELECT a" + strings.Repeat(", coalesce(t.b, 1) + 1 AS c", 5000) + " FROM t",
		"values":     "VALUES (1, 'a')" + strings.Repeat(", (2, 'b')", 20000),
		"case":       "SELECT CASE" + strings.Repeat(" WHEN t.x = 1 THEN 'a'", 2000) + " END FROM t",
		"string":     "SELECT '" + strings.Repeat("((( + not ", 5000) + "'",
	} {
		if _, err := pg.Facts(t.Context(), sql); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseWaitsNoLongerThanItsContext(t *testing.T) {
	facts(t, "SELECT 1")
	ctx, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer cancel()
	// Either the parser was free at once, or the wait ended with the context.
	if _, err := pg.Facts(ctx, "SELECT 1"); err != nil && !fault.Is(err, fault.Timeout) {
		t.Fatal(err)
	}
}

func BenchmarkFacts(b *testing.B) {
	for b.Loop() {
		if _, err := pg.Facts(b.Context(), "SELECT id, name FROM customers WHERE id = 42 AND x IN ('a','b')"); err != nil {
			b.Fatal(err)
		}
	}
}

func TestLongChainOfCommonTableExpressionsIsRejected(t *testing.T) {
	chain := func(n int) string {
		var b strings.Builder
		b.WriteString("WITH a0 AS (SELECT 1)")
		for i := 1; i < n; i++ {
			fmt.Fprintf(&b, ", a%d AS (SELECT * FROM a%d)", i, i-1)
		}
		return b.String() + " SELECT 1"
	}
	if _, err := pg.Facts(t.Context(), chain(250)); err != nil {
		t.Error(err)
	}
	if _, err := pg.Facts(t.Context(), chain(251)); !fault.Is(err, fault.Rejected) {
		t.Errorf("251: %v", err)
	}
}
