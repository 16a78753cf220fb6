//go:build cgo && duckdb_arrow

package duckdb_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/warehouse"
	"github.com/postern/postern/internal/warehouse/duckdb"
)

const shop = `
CREATE TABLE sales (id INTEGER PRIMARY KEY, month VARCHAR, amount DECIMAL(10,2), secret VARCHAR);
INSERT INTO sales VALUES (1, '2026-01', 10.5, 's1'), (2, NULL, NULL, NULL);
CREATE TABLE part (a INTEGER, b INTEGER, PRIMARY KEY (a, b));
CREATE TABLE line (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, sale INTEGER REFERENCES sales(id), FOREIGN KEY (a, b) REFERENCES part(a, b));
COMMENT ON TABLE sales IS 'What was sold';
COMMENT ON COLUMN sales.month IS 'Year and month';
CREATE VIEW months AS SELECT month FROM sales;
CREATE SCHEMA other;
CREATE TABLE other.sales (x INTEGER);
`

const key = "the-key-of-the-file"

// file makes a DuckDB file, encrypted when key is given.
func file(t testing.TB, ddl, key string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "it's a shop.duckdb")
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	option := ""
	if key != "" {
		option = " (ENCRYPTION_KEY '" + key + "')"
	}
	attach := "ATTACH '" + strings.ReplaceAll(path, "'", "''") + "' AS w" + option
	for _, q := range []string{"SET force_mbedtls_unsafe='true'", attach, "USE w", ddl, "USE memory", "DETACH w"} {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	return path
}

func login(key string) warehouse.Login { return warehouse.Login{Password: secret.New(key)} }

func source(path string) product.Source {
	return product.Source{Engine: product.DuckDB, Path: path}
}

func connect(t *testing.T, d *duckdb.Driver, path, key string) warehouse.Conn {
	t.Helper()
	c, err := d.Open(t.Context(), source(path), login(key), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func shopConn(t *testing.T) warehouse.Conn {
	t.Helper()
	return connect(t, &duckdb.Driver{}, file(t, shop, ""), "")
}

func query(t *testing.T, c warehouse.Conn, sql string) (types []string, values [][]string, err error) {
	t.Helper()
	rows, err := c.Query(t.Context(), sql, warehouse.Limits{})
	if err != nil {
		return nil, nil, err
	}
	return read(t, rows)
}

func read(t *testing.T, rows result.Rows) (types []string, values [][]string, err error) {
	t.Helper()
	defer rows.Close()
	for _, f := range rows.Schema().Fields() {
		types = append(types, f.Type.String())
	}
	for {
		b, err := rows.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return types, values, nil
		}
		if err != nil {
			return types, values, err
		}
		values = append(values, texts(b)...)
	}
}

func texts(b arrow.RecordBatch) [][]string {
	out := make([][]string, b.NumRows())
	for i := range out {
		for _, c := range b.Columns() {
			out[i] = append(out[i], strings.Clone(c.ValueStr(i))) // the batch's memory is the engine's
		}
	}
	return out
}

func TestFileOpensWithItsKeyOnlyAndNoErrorShowsIt(t *testing.T) {
	path := file(t, shop, key)
	d := &duckdb.Driver{}
	good := connect(t, d, path, key)
	for _, wrong := range []string{"", "wrong-key-9876543", key + "'", "x', READ_WRITE, y '"} {
		_, err := d.Open(t.Context(), source(path), login(wrong), nil)
		if !fault.Is(err, fault.Rejected) {
			t.Errorf("key %q: %v, want Rejected", wrong, err)
		}
		if err != nil && (wrong != "" && strings.Contains(err.Error(), wrong) || strings.Contains(err.Error(), "ATTACH") || strings.Contains(err.Error(), key)) {
			t.Errorf("the error shows the key: %v", err)
		}
	}
	if _, rows, err := query(t, good, "SELECT count(*) FROM sales"); err != nil || rows[0][0] != "2" {
		t.Errorf("with the key: %v %v", rows, err)
	}
	if _, _, err := query(t, good, "SELECT '"+key); err == nil {
		t.Error("bad SQL passed")
	}
}

func TestPlainFileRefusesAKey(t *testing.T) {
	_, err := (&duckdb.Driver{}).Open(t.Context(), source(file(t, shop, "")), login("some-key-12345"), nil)
	if !fault.Is(err, fault.Rejected) {
		t.Errorf("got %v, want Rejected", err)
	}
}

func TestFileThatIsNoDatabaseIsUnavailable(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.duckdb")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "none.duckdb")
	for _, path := range []string{text, dir, missing} {
		_, err := (&duckdb.Driver{}).Open(t.Context(), source(path), warehouse.Login{}, nil)
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: got %v, want Unavailable", path, err)
		}
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("the missing file was made")
	}
}

// refused are statements that the session itself must refuse, with no judge
// before it.
var refused = []string{
	"INSERT INTO sales (id) VALUES (9)", "UPDATE sales SET id = 9", "DELETE FROM sales", "DROP TABLE sales",
	"CREATE TABLE x (a INTEGER)", "CREATE TEMP TABLE x (a INTEGER)", "CREATE TABLE memory.main.x (a INTEGER)",
	"WITH q AS (SELECT 1) DELETE FROM sales", "ATTACH ':memory:' AS x", "ATTACH 'OUTSIDE/made.duckdb' AS x",
	"COPY sales TO 'OUTSIDE/made.csv'", "COPY (SELECT 1) TO 'OUTSIDE/made.csv'", "EXPORT DATABASE 'OUTSIDE/made'",
	"SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'", "SELECT * FROM read_text('/etc/hostname')", "SELECT * FROM glob('/*')",
	"INSTALL httpfs", "LOAD httpfs", "SET memory_limit = '9GB'", "SET enable_external_access = true", "RESET lock_configuration",
	"PRAGMA threads = 9", "PRAGMA database_list", "USE memory", "CALL pragma_version()", "CHECKPOINT", "VACUUM", "BEGIN", "COMMIT",
	"SET VARIABLE x = 1", "PREPARE x AS SELECT 1", "EXECUTE x", "EXPLAIN ANALYZE DELETE FROM sales",
	"SELECT 1; SELECT 2", "", "SELECT $1", "SELECT ?", "CREATE SECRET x (TYPE s3)", "SELECT * FROM duckdb_secrets()",
}

func TestSessionRefusesWhatIsNoSelectOfItsFile(t *testing.T) {
	path := file(t, shop, "")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := connect(t, &duckdb.Driver{}, path, "")
	outside := t.TempDir()
	for _, q := range refused {
		q = strings.ReplaceAll(q, "OUTSIDE", outside)
		if _, rows, err := query(t, c, q); !fault.Is(err, fault.Rejected) {
			t.Errorf("%s: %v %v, want Rejected", q, rows, err)
		}
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file changed (%v)", err)
	}
	if found, _ := filepath.Glob(outside + "/*"); len(found) > 0 {
		t.Errorf("made %v", found)
	}
	if _, _, err := query(t, c, "SELECT 1"); err != nil {
		t.Errorf("the session is dead after refusals: %v", err)
	}
}

func TestTypesThatArrowCannotCarryComeAsText(t *testing.T) {
	c := shopConn(t)
	for expr, want := range map[string]string{
		"1::TINYINT": "int8 1", "200::UTINYINT": "uint8 200", "1::INTEGER": "int32 1", "1::BIGINT": "int64 1", "18446744073709551615::UBIGINT": "uint64 18446744073709551615",
		"sum(1)": "decimal(38, 0) 1", "1.50::DECIMAL(10,2)": "decimal(10, 2) 1.5", "1.5::FLOAT": "float32 1.5", "'nan'::DOUBLE": "float64 NaN",
		"true": "bool true", "'é'": "utf8 é", "'ab'::BLOB": "binary YWI=", "NULL": "int32 (null)",
		"DATE '2026-02-03'": "date32 2026-02-03", "TIME '10:00:00.5'": "time64[us] 10:00:00.500000",
		"TIMESTAMP '2026-02-03 04:05:06.789'":          "timestamp[us] 2026-02-03T04:05:06.789",
		"TIMESTAMPTZ '2026-02-03 04:05:06+02'":         "timestamp[us, tz=UTC] 2026-02-03T02:05:06Z",
		"'550e8400-e29b-41d4-a716-446655440000'::UUID": "utf8 550e8400-e29b-41d4-a716-446655440000",
		"'{\"a\":1}'::JSON":                            `utf8 {"a":1}`,
		"INTERVAL 1 MONTH":                             `month_day_nano_interval {"months":1,"days":0,"nanoseconds":0}`,
		"[1, 2]":                                       "list<l: int32, nullable> [1,2]",
		"{'a': 1, 'b': 'x'}":                           `struct<a: int32 nullable, b: utf8 nullable> {"a":1,"b":"x"}`,
		"'b'::ENUM('a', 'b')":                          "utf8 b",
		"['b'::ENUM('a', 'b')]":                        "utf8 [b]",
		"5::UHUGEINT":                                  "utf8 5",
		"'101'::BIT":                                   "utf8 101",
		"union_value(k := 1)":                          "utf8 1",
		"'10:00:00+02'::TIMETZ":                        "utf8 10:00:00+02",
		"123456789012345678901234567890::BIGNUM":       "utf8 123456789012345678901234567890",
	} {
		types, rows, err := query(t, c, "SELECT "+expr+" AS \"v AS \"\"1\" ; -- done")
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		if got := types[0] + " " + rows[0][0]; got != want {
			t.Errorf("%s: got %s, want %s", expr, got, want)
		}
	}
	rows, err := c.Query(t.Context(), "SELECT 'b'::ENUM('a','b') AS e, 1 AS e /* x */;", warehouse.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if n := rows.Schema(); n.Field(0).Name != "e" || n.Field(1).Name != "e" {
		t.Errorf("names changed: %v", n)
	}
}

func TestRowLimitEndsTheResult(t *testing.T) {
	c := shopConn(t)
	for _, n := range []int64{1, 2047, 2048, 2049, 5000} {
		rows, err := c.Query(t.Context(), "SELECT * FROM range(100000)", warehouse.Limits{Rows: n})
		if err != nil {
			t.Fatal(err)
		}
		if _, got, err := read(t, rows); err != nil || int64(len(got)) != n || got[n-1][0] != fmt.Sprint(n-1) {
			t.Errorf("limit %d: %d rows, %v", n, len(got), err)
		}
	}
}

const slow = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE (a.range * b.range) % 7 = 3"

func TestQueryStopsWithItsContextAndAtItsTimeLimit(t *testing.T) {
	c := shopConn(t)
	if _, err := drain(t.Context(), c, slow, warehouse.Limits{Timeout: 50 * time.Millisecond}); !fault.Is(err, fault.Timeout) {
		t.Errorf("time limit: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := drain(ctx, c, slow, warehouse.Limits{}); !errors.Is(err, context.Canceled) {
		t.Errorf("caller gone: %v", err)
	}
	if _, rows, err := query(t, c, "SELECT 1"); err != nil || len(rows) != 1 {
		t.Errorf("the session is dead after stops: %v", err)
	}
}

func drain(ctx context.Context, c warehouse.Conn, sql string, l warehouse.Limits) (int64, error) {
	rows, err := c.Query(ctx, sql, l)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var n int64
	for {
		b, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		n += b.NumRows()
	}
}

func TestErrorInTheMiddleOfAResultIsAnError(t *testing.T) {
	c := shopConn(t)
	n, err := drain(t.Context(), c, "SELECT CASE WHEN range < 90000 THEN range ELSE error('boom') END FROM range(100000)", warehouse.Limits{})
	if !fault.Is(err, fault.Rejected) || !strings.Contains(err.Error(), "boom") {
		t.Errorf("after %d rows: %v", n, err)
	}
}

func TestResetTakesVariablesAway(t *testing.T) {
	c := shopConn(t)
	const seen = "SELECT getvariable('tenant')"
	rows, err := c.Query(t.Context(), seen, warehouse.Limits{Pre: "SET VARIABLE tenant = 'leak'"})
	if err != nil {
		t.Fatal(err)
	}
	if _, got, err := read(t, rows); err != nil || got[0][0] != "leak" {
		t.Fatalf("%v %v", got, err)
	}
	if err := c.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, got, err := query(t, c, seen); err != nil || got[0][0] != "(null)" {
		t.Errorf("after Reset: %v %v", got, err)
	}
	for _, pre := range []string{"CREATE TEMP TABLE x AS SELECT 1", "SET memory_limit = '1GB'", "SELECT 1", "SET VARIABLE a = 1; SET VARIABLE b = 1"} {
		if _, err := c.Query(t.Context(), "SELECT 1", warehouse.Limits{Pre: pre}); !fault.Is(err, fault.Rejected) {
			t.Errorf("pre %q: %v, want Rejected", pre, err)
		}
	}
}

func TestSessionsOfOneCredentialShareAnInstanceUntilTheLastCloses(t *testing.T) {
	path := file(t, shop, key)
	d := &duckdb.Driver{}
	a, b := connect(t, d, path, key), connect(t, d, path, key)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if _, rows, err := query(t, b, "SELECT id FROM sales ORDER BY id"); err != nil || len(rows) != 2 {
		t.Errorf("%v %v", rows, err)
	}
	_ = a.Close()
	_ = b.Close()
	again := connect(t, d, path, key)
	if err := again.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestSchemaShowsKeysAndComments(t *testing.T) {
	c := shopConn(t)
	s, err := c.Schema(t.Context(), []product.Table{{Schema: "main", Name: "SALES"}, {Name: "line"}, {Name: "months"}})
	if err != nil {
		t.Fatal(err)
	}
	main := func(n string) product.Table { return product.Table{Schema: "main", Name: n} }
	want := product.Schema{Tables: []product.SchemaTable{
		{Table: main("sales"), Description: "What was sold", Rows: 2, PrimaryKey: []string{"id"}, Columns: []product.SchemaColumn{
			{Name: "id", Type: "INTEGER"}, {Name: "month", Type: "VARCHAR", Nullable: true, Description: "Year and month"},
			{Name: "amount", Type: "DECIMAL(10,2)", Nullable: true}, {Name: "secret", Type: "VARCHAR", Nullable: true}}},
		{Table: main("line"), PrimaryKey: []string{"id"},
			Columns: []product.SchemaColumn{
				{Name: "id", Type: "INTEGER"}, {Name: "a", Type: "INTEGER", Nullable: true}, {Name: "b", Type: "INTEGER", Nullable: true}, {Name: "sale", Type: "INTEGER", Nullable: true}},
			ForeignKeys: []product.ForeignKey{
				{Columns: []string{"sale"}, RefTable: main("sales"), RefColumns: []string{"id"}},
				{Columns: []string{"a", "b"}, RefTable: main("part"), RefColumns: []string{"a", "b"}}}},
		{Table: main("months"), View: true, Rows: -1, Columns: []product.SchemaColumn{{Name: "month", Type: "VARCHAR", Nullable: true}}},
	}}
	for i := range s.Tables {
		for k := range s.Tables[i].ForeignKeys {
			s.Tables[i].ForeignKeys[k].Name = ""
		}
	}
	if d := cmp.Diff(want, s); d != "" {
		t.Error(d)
	}
	all, err := c.Schema(t.Context(), nil)
	if err != nil || len(all.Tables) != 5 {
		t.Errorf("%d tables, %v", len(all.Tables), err)
	}
}

func kinds(t *testing.T, c warehouse.Conn, sql string) []string {
	t.Helper()
	f, err := c.Analyze(t.Context(), sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var out []string
	for _, n := range f.Nodes {
		out = append(out, n.Kind)
	}
	slices.Sort(out)
	return out
}

func TestFactsNameTablesWhereTheyStand(t *testing.T) {
	c := shopConn(t)
	for sql, want := range map[string][]string{
		"SELECT * FROM sales": {"sales"},
		`SELECT 'é', "s".id FROM Main."sales" AS s, other.sales`:                                     {"Main.sales s", "other.sales"},
		"SELECT * FROM (SELECT 1 FROM a) JOIN b USING (x) WHERE y IN (SELECT 1 FROM c)":              {"a", "b", "c"},
		"WITH q AS (SELECT 1 FROM a), r AS (SELECT * FROM q) SELECT * FROM q, r, z":                  {"a", "z"},
		"WITH a AS (SELECT * FROM a) SELECT * FROM a":                                                {"a"},
		"WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a, b":                            {"b"},
		"WITH a AS (SELECT 1) SELECT * FROM main.a":                                                  {"main.a"},
		"SELECT * FROM (WITH a AS (SELECT 1) SELECT * FROM a), a":                                    {"a"},
		"WITH RECURSIVE r(n) AS (SELECT 1 FROM x UNION ALL SELECT n + 1 FROM r) SELECT * FROM r":     {"x"},
		"WITH RECURSIVE r(n) AS (SELECT n FROM r UNION ALL SELECT n + 1 FROM r) SELECT * FROM r":     {"r"},
		"WITH A AS MATERIALIZED (SELECT 1) SELECT (SELECT 1 FROM a), * FROM a UNION SELECT 2 FROM A": nil,
		"FROM sales":                  {"sales"},
		"SELECT * FROM '/etc/passwd'": {"/etc/passwd"},
		"SELECT x FROM a.b.c t":       {"a.b.c t"},
		"VALUES (1)":                  nil,
		"SELECT 1":                    nil,
		"SELECT list_transform([1], x -> (SELECT count(*) FROM sales))": {"sales"},
	} {
		f, err := c.Analyze(t.Context(), sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		var got []string
		for _, tb := range f.Tables {
			name := strings.TrimLeft(tb.Catalog+"."+tb.Schema+"."+tb.Name, ".")
			written := strings.Trim(strings.ReplaceAll(sql[tb.Offset:tb.End], `"`, ""), "'")
			if written != name {
				t.Errorf("%s: %s stands at %q", sql, name, written)
			}
			if tb.Alias != "" {
				name += " " + tb.Alias
			}
			got = append(got, name)
		}
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", sql, d)
		}
	}
}

func TestViewIsReadAsItself(t *testing.T) {
	c := connect(t, &duckdb.Driver{}, file(t, shop+"CREATE MACRO lower(x) AS (SELECT max(secret) FROM sales);", ""), "")
	for sql, want := range map[string][]string{
		"SELECT month FROM months":                                      {"months"},
		"SELECT month FROM main.months":                                 {"months"},
		"SELECT 1 FROM months m JOIN part ON m.month = part.a::VARCHAR": {"months", "part"},
		"SELECT lower('A') FROM part":                                   {"part", "sales"}, // the file's own macro
	} {
		f, err := c.Analyze(t.Context(), sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
		}
		var got []string
		for _, table := range f.Tables {
			got = append(got, table.Name)
		}
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", sql, d)
		}
	}
}

func TestFactsNameFunctionsColumnsAndKinds(t *testing.T) {
	c := shopConn(t)
	const sql = "SELECT upper(s.month) AS m, row_number() OVER (ORDER BY id), a + 1, x LIKE 'y', [1] FROM sales s, read_csv('z') GROUP BY m, main.f(1)"
	f, err := c.Analyze(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	var functions []string
	for _, fn := range f.Functions {
		functions = append(functions, fn.Name)
		if fn.Offset >= 0 && fn.Name != "list_value" && !strings.Contains(strings.ToLower(sql[fn.Offset:]), fn.Name) {
			t.Errorf("%s stands at %q", fn.Name, sql[fn.Offset:])
		}
	}
	slices.Sort(functions)
	if d := cmp.Diff([]string{"f", "list_value", "read_csv", "row_number", "upper"}, functions); d != "" {
		t.Error(d)
	}
	columns := map[string]bool{}
	for _, col := range f.Columns {
		columns[strings.Join(col.Parts, ".")] = col.Alias
		if got := sql[col.Offset:col.End]; got != strings.Join(col.Parts, ".") {
			t.Errorf("%v stands at %q", col.Parts, got)
		}
	}
	if d := cmp.Diff(map[string]bool{"s.month": false, "id": false, "a": false, "x": false, "m": true}, columns); d != "" {
		t.Error(d)
	}
	for sql, want := range map[string][]string{
		"SELECT 1":                          {"CONSTANT", "EMPTY", "SELECT_NODE"},
		"SELECT * EXCLUDE (a) FROM t":       {"BASE_TABLE", "SELECT_NODE", "STAR", "STAR_EXCLUDE"},
		"DESCRIBE t":                        {"BASE_TABLE", "SELECT_NODE", "SHOW_REF", "STAR"},
		"SHOW TABLES":                       {"SELECT_NODE", "SHOW_REF", "STAR"},
		"SELECT * FROM t AT (VERSION => 1)": {"AT_CLAUSE", "BASE_TABLE", "CONSTANT", "SELECT_NODE", "STAR"},
		"DROP TABLE t":                      {"DROP_STATEMENT"},
		"/* SELECT */ WITH q AS (SELECT 1) DELETE FROM t": {"WITH_STATEMENT"},
		"PIVOT t ON a USING sum(b)":                       {"PIVOT_STATEMENT"},
		"EXPLAIN SELECT 1":                                {"EXPLAIN_STATEMENT"},
		"SELECT 1; DROP TABLE t":                          {"DROP_STATEMENT", "SELECT_STATEMENT"},
		"ATTACH 'x' AS y (ENCRYPTION_KEY 'k')":            {"ATTACH_STATEMENT"},
	} {
		if d := cmp.Diff(want, kinds(t, c, sql)); d != "" {
			t.Errorf("%s: %s", sql, d)
		}
	}
}

func TestStatementsAreCounted(t *testing.T) {
	c := shopConn(t)
	for sql, want := range map[string]int{
		"": 0, "-- x": 0, ";": 0, "SELECT 1;": 1, "SELECT 1; SELECT 2": 2, "SELECT ';', $$;$$, $a$;$a$, E'\\';'": 1,
		"SELECT 1 /* /* */ ; */": 1, "SELECT 1; DROP TABLE x": 2, "DROP TABLE x": 1,
	} {
		f, err := c.Analyze(t.Context(), sql)
		if err != nil || f.Statements != want {
			t.Errorf("%q: %d statements (%v), want %d", sql, f.Statements, err, want)
		}
	}
}

func TestOnlyALiteralVariableIsASet(t *testing.T) {
	c := shopConn(t)
	for sql, want := range map[string]string{
		"SET VARIABLE tenant = 'x'": "tenant", "set variable n = -5;": "n", `SET VARIABLE "a b" TO true`: "a b",
		"SET VARIABLE x = (SELECT 1)": "", "SET VARIABLE x = f()": "", "SET memory_limit = '1GB'": "",
		"SET VARIABLE x = 1; SET VARIABLE y = 1": "", "RESET VARIABLE x": "", "SET VARIABLE x = 1 + 1": "",
	} {
		f, err := c.Analyze(t.Context(), sql)
		if err != nil || f.Set != want || f.ReadOnly {
			t.Errorf("%s: set %q, read-only %v, %v", sql, f.Set, f.ReadOnly, err)
		}
	}
}

func TestBadSyntaxIsRejectedAtItsPlace(t *testing.T) {
	c := shopConn(t)
	_, err := c.Analyze(t.Context(), "SELECT 1 FORM sales x y")
	if f := fault.As(err); f == nil || f.Kind != fault.Rejected || f.Position < 9 {
		t.Errorf("got %+v", f)
	}
	for _, sql := range []string{"SELECT 1\x00", "SELECT \xff", "SELEC"} {
		if _, err := c.Analyze(t.Context(), sql); !fault.Is(err, fault.Rejected) {
			t.Errorf("%q: %v, want Rejected", sql, err)
		}
	}
	if _, _, err := query(t, c, "SELECT nope FROM sales"); !fault.Is(err, fault.Rejected) || strings.Contains(err.Error(), "LINE 1") {
		t.Errorf("unknown column: %v", err)
	}
}

func TestSessionsOfRightAndWrongKeysDoNotMixUnderLoad(t *testing.T) {
	path := file(t, shop, key)
	d := &duckdb.Driver{}
	var all errgroup.Group
	for i := range 8 {
		all.Go(func() error {
			for range 5 {
				if i%2 == 1 {
					if _, err := d.Open(t.Context(), source(path), login("wrong-key-9876543"), nil); !fault.Is(err, fault.Rejected) {
						return fmt.Errorf("wrong key: %w", err)
					}
					continue
				}
				c, err := d.Open(t.Context(), source(path), login(key), nil)
				if err != nil {
					return err
				}
				n, err := drain(t.Context(), c, "SELECT * FROM sales", warehouse.Limits{})
				if err := errors.Join(err, c.Close()); err != nil || n != 2 {
					return fmt.Errorf("%d rows: %w", n, err)
				}
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		t.Error(err)
	}
}

func TestTextThatWouldKeepTheCompilerBusyIsRejected(t *testing.T) {
	c := shopConn(t)
	for name, sql := range map[string]string{
		"long":   "SELECT 1 IN (1" + strings.Repeat(", 1", 64<<10) + ")",
		"unions": "SELECT 1" + strings.Repeat(" UNION ALL SELECT 1", 501),
		"sums":   "SELECT 1" + strings.Repeat("+1", 2000),
		"depth":  "SELECT " + strings.Repeat("NOT ", 2000) + "true",
	} {
		_, err := c.Analyze(t.Context(), sql)
		if !fault.Is(err, fault.Rejected) || strings.Contains(err.Error(), "SET ") {
			t.Errorf("%s: %v, want Rejected", name, err)
		}
	}
	for name, sql := range map[string]string{
		"sums":  "SELECT 1" + strings.Repeat("+1", 400),
		"calls": "SELECT " + strings.Repeat("abs(", 400) + "1" + strings.Repeat(")", 400),
	} {
		if _, _, err := query(t, c, sql); !fault.Is(err, fault.Rejected) || strings.Contains(err.Error(), "SET ") {
			t.Errorf("%s: %v, want Rejected", name, err)
		}
	}
}
