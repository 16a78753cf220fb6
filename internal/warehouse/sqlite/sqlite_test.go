package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/sqlfacts"
	"github.com/postern/postern/internal/warehouse"
	"github.com/postern/postern/internal/warehouse/sqlite"
)

const shop = `
CREATE TABLE sales (id INTEGER PRIMARY KEY, month TEXT, amount DECIMAL(10,2), paid BOOLEAN, secret TEXT);
INSERT INTO sales VALUES (1, '2026-01', 10.5, 1, 's1'), (2, '2026-02', 20, 0, 's2'), (3, NULL, NULL, NULL, NULL);
CREATE TABLE staff (name TEXT PRIMARY KEY, wage INT) WITHOUT ROWID;
INSERT INTO staff VALUES ('Ann', 1), ('Bea', 2);
CREATE VIEW inner_view AS SELECT id, month FROM sales;
CREATE VIEW months AS WITH hidden AS (SELECT month FROM inner_view) SELECT month FROM hidden WHERE EXISTS (SELECT 1 FROM staff);
CREATE TABLE line (sale_id INT, pos INT, staff TEXT REFERENCES staff, a INT, b INT, PRIMARY KEY (sale_id, pos),
  FOREIGN KEY (a, b) REFERENCES line (sale_id, pos));
CREATE TABLE mixed (v);
`

func file(t testing.TB, ddl string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shop?mode=rwc.sqlite") // no part of a name may act as an option
	db, err := sql.Open("sqlite", "file:"+strings.ReplaceAll(path, "?", "%3f"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(ddl); err != nil {
		t.Fatal(err)
	}
	return path
}

func source(path string) product.Source {
	return product.Source{Engine: product.SQLite, Path: path}
}

func connect(t *testing.T, path string) warehouse.Conn {
	t.Helper()
	c, err := sqlite.Driver{}.Open(t.Context(), source(path), warehouse.Login{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// read gives the column types and all rows as text.
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
			out[i] = append(out[i], c.ValueStr(i))
		}
	}
	return out
}

func query(t *testing.T, c warehouse.Conn, sql string) ([]string, [][]string, error) {
	t.Helper()
	rows, err := c.Query(t.Context(), sql, warehouse.Limits{})
	if err != nil {
		return nil, nil, err
	}
	return read(t, rows)
}

func TestMissingFileIsNotCreated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.sqlite")
	_, err := sqlite.Driver{}.Open(t.Context(), source(path), warehouse.Login{}, nil)
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v, want Unavailable", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is there: %v", err)
	}
}

func TestFileThatIsNoDatabaseIsUnavailable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, filepath.Dir(path)} {
		_, err := sqlite.Driver{}.Open(t.Context(), source(p), warehouse.Login{}, nil)
		if !fault.Is(err, fault.Unavailable) || strings.Contains(fault.As(err).Message, path) {
			t.Errorf("%s: got %v, want Unavailable without the path", p, err)
		}
	}
}

func TestFactsNameTablesWhereTheyStand(t *testing.T) {
	c := connect(t, file(t, shop))
	for sql, want := range map[string][]string{
		"SELECT * FROM sales":                                          {"sales"},
		"SELECT * FROM main.sales AS s, staff t":                       {"main.sales s", "staff t"},
		`SELECT 1 FROM "sales" JOIN [staff] ON 1, ` + "`line` x":       {"sales", "staff", "line x"},
		"SELECT 'FROM nope' /* FROM nope */ -- FROM nope\n FROM sales": {"sales"},
		"SELECT (SELECT count(*) FROM staff) FROM (SELECT * FROM sales) z WHERE id IN (SELECT sale_id FROM line)": {"staff", "sales", "line"},
		"WITH s AS (SELECT * FROM sales), q(a) AS (SELECT 1 FROM s) SELECT * FROM q, s, staff":                    {"sales", "staff"},
		"SELECT * FROM (sales JOIN staff) LEFT JOIN line USING (pos)":                                             {"sales", "staff", "line"},
		"SELECT id IS NOT DISTINCT FROM 1 FROM sales":                                                             {"sales"},
		"SELECT * FROM json_each('[1]') j, sales":                                                                 {"sales"},
		"SELECT id FROM sales UNION ALL SELECT wage FROM staff ORDER BY 1":                                        {"sales", "staff"},
		`SELECT * FROM fin.sales x JOIN "a:b"."Sales" ON x.id = "a:b"."Sales".id`:                                 {"fin.sales x", "a:b.Sales"},
		"VALUES (1)": nil,
	} {
		f, err := c.Analyze(t.Context(), sql)
		if err != nil && sql[0] != 'S' {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		var got []string
		for _, tb := range f.Tables {
			name := strings.TrimPrefix(tb.Schema+"."+tb.Name, ".")
			if tb.Alias != "" {
				name += " " + tb.Alias
			}
			got = append(got, name)
			if written := sql[tb.Offset:tb.End]; !strings.Contains(strings.NewReplacer(`"`, "", "[", "", "]", "", "`", "").Replace(written), tb.Name) {
				t.Errorf("%s: %s stands at %q", sql, name, written)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", sql, d)
		}
	}
}

func TestReadsAreWhatTheEngineSays(t *testing.T) {
	c := connect(t, file(t, shop))
	for sql, want := range map[string][]string{
		"SELECT * FROM staff":                                            {"staff.name", "staff.wage"},
		"SELECT count(*) FROM staff":                                     {"staff."},
		"SELECT 1 FROM months":                                           {"months."},
		"SELECT * FROM months":                                           {"months.", "months.month"},
		"SELECT * FROM months, inner_view":                               {"inner_view.", "months.", "inner_view.id", "inner_view.month", "months.month"},
		"SELECT month FROM (SELECT month FROM months) AS x":              {"months.", "months.month"},
		"WITH months AS (SELECT secret FROM sales) TABLE_NEVER":          nil,
		"WITH months AS (SELECT secret FROM sales) SELECT * FROM months": {"sales.secret"},
		`WITH "MONTHS"(x) AS NOT MATERIALIZED (SELECT secret FROM sales) SELECT * FROM months`:  {"sales.secret"},
		"WITH hidden AS (SELECT secret FROM sales) SELECT * FROM hidden":                        {"sales.secret"},
		"WITH 'hidden' AS (SELECT secret FROM sales) SELECT * FROM 'hidden'":                    {"sales.secret"},
		"WITH end AS (SELECT 1), 'months' AS (SELECT secret FROM sales) SELECT * FROM 'months'": {"sales.secret"},
		"SELECT name FROM staff WHERE wage > (SELECT max(amount) FROM sales)":                   {"sales.amount", "staff.name", "staff.wage"},
		"SELECT 1 FROM sqlite_schema":     {"sqlite_schema."},
		"SELECT 1 FROM months, staff":     {"months.", "staff."},
		"SELECT 1 FROM months AS staff":   {"months.", "staff."}, // too much, never too little
		"SELECT sql FROM sqlite_master":   {"sqlite_master.sql"},
		"SELECT * FROM pragma_table_list": {"pragma_table_list.schema", "pragma_table_list.name", "pragma_table_list.type", "pragma_table_list.ncol", "pragma_table_list.wr", "pragma_table_list.strict"},
	} {
		f, err := c.Analyze(t.Context(), sql)
		if want == nil {
			if !fault.Is(err, fault.Rejected) {
				t.Errorf("%s: got %v, want Rejected", sql, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		got := map[string]bool{}
		for _, r := range f.Reads {
			got[r.Table+"."+r.Column] = true
		}
		wanted := map[string]bool{}
		for _, w := range want {
			wanted[w] = true
		}
		if d := cmp.Diff(wanted, got); d != "" {
			t.Errorf("%s: %s", sql, d)
		}
	}
}

func TestUnknownNamesAreUnresolvedAndBadSyntaxIsRejected(t *testing.T) {
	c := connect(t, file(t, shop))
	for sql, problem := range map[string]string{
		"SELECT * FROM orders":      "no such table: orders",
		"SELECT * FROM fin.sales":   "no such table: fin.sales",
		"SELECT no FROM sales":      "no such column: no",
		`SELECT "no" FROM sales`:    `no such column: "no"`,
		"SELECT x.month FROM sales": "no such column: x.month",
		"DELETE FROM orders":        "no such table: orders",
	} {
		f, err := c.Analyze(t.Context(), sql)
		if err != nil || !f.Unresolved || !strings.HasPrefix(f.Problem, problem) {
			t.Errorf("%s: unresolved %v %q, error %v", sql, f.Unresolved, f.Problem, err)
		}
	}
	for _, sql := range []string{"SELEC 1", "SELECT", "SELECT nofunction(1)", "SELECT 1 FROM sales WHERE", "SELECT ?", "SELECT 1\x00", "SET a.b = 1"} {
		f, err := c.Analyze(t.Context(), sql)
		if sql[:3] == "SET" && err == nil && !f.ReadOnly {
			continue
		}
		if !fault.Is(err, fault.Rejected) {
			t.Errorf("%q: got %v, want Rejected", sql, err)
		}
	}
}

func TestStatementsAreCounted(t *testing.T) {
	c := connect(t, file(t, shop))
	for sql, want := range map[string]int{
		"": 0, " -- x": 0, ";;": 0, "SELECT 1": 1, "SELECT 1; ;-- x": 1, "SELECT 1; SELECT 2": 2,
		"SELECT ';'": 1, `SELECT 1 AS ";"`: 1, "SELECT 1; DROP TABLE sales": 2, "SELECT 1 /* ; */": 1, "SELECT 1;; x": 2,
	} {
		f, err := c.Analyze(t.Context(), sql)
		if err != nil || f.Statements != want {
			t.Errorf("%q: %d statements (%v), want %d", sql, f.Statements, err, want)
		}
	}
}

// writes must be seen as such by Analyze and be refused by Query, alone.
var writes = []string{
	"INSERT INTO sales (id) VALUES (9)", "UPDATE sales SET id = 9", "DELETE FROM sales", "DROP TABLE sales",
	"CREATE TABLE x (a)", "CREATE TEMP TABLE x AS SELECT 1", "CREATE VIEW x AS SELECT 1", "ALTER TABLE sales ADD x",
	"WITH q AS (SELECT 1) DELETE FROM sales", "WITH q AS (SELECT 9) INSERT INTO sales (id) SELECT * FROM q",
	"DELETE FROM sales RETURNING *", "REPLACE INTO sales (id) VALUES (1)", "PRAGMA query_only = 0",
	"PRAGMA journal_mode = DELETE", "PRAGMA table_list", "PRAGMA trusted_schema = 1", "PRAGMA writable_schema = 1",
	"ATTACH 'OUTSIDE/made.db' AS x", "ATTACH ':memory:' AS x", "DETACH main", "VACUUM", "VACUUM INTO 'OUTSIDE/made.db'",
	"REINDEX", "ANALYZE", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "BEGIN IMMEDIATE",
	"CREATE VIRTUAL TABLE x USING fts5(a)", "CREATE TEMP TRIGGER x AFTER INSERT ON sales BEGIN SELECT 1; END",
	"EXPLAIN DELETE FROM sales",
}

func TestWritesAreFactsAndAreRefusedByTheSession(t *testing.T) {
	path := file(t, shop)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := connect(t, path)
	outside := t.TempDir()
	for _, sql := range writes {
		sql = strings.ReplaceAll(sql, "OUTSIDE", outside)
		f, err := c.Analyze(t.Context(), sql)
		if err == nil && f.ReadOnly && !hasNode(f, "PRAGMA", "EXPLAIN") {
			t.Errorf("Analyze(%s) sees no write: %+v", sql, f)
		}
		if _, _, err := query(t, c, sql); !fault.Is(err, fault.Rejected) {
			t.Errorf("Query(%s): %v, want Rejected", sql, err)
		}
	}
	for _, sql := range []string{"SELECT * FROM pragma_table_info('sales')", "SELECT load_extension('x')", "SELECT 1; SELECT 2", ""} {
		if _, _, err := query(t, c, sql); !fault.Is(err, fault.Rejected) {
			t.Errorf("Query(%s): %v, want Rejected", sql, err)
		}
	}
	after, err := os.ReadFile(path)
	if err != nil || string(after) != string(before) {
		t.Errorf("the file changed (%v)", err)
	}
	if made, _ := filepath.Glob(outside + "/*"); len(made) > 0 {
		t.Errorf("made %v", made)
	}
}

func hasNode(f sqlfacts.Facts, kinds ...string) bool {
	for _, n := range f.Nodes {
		for _, k := range kinds {
			if n.Kind == k {
				return true
			}
		}
	}
	return false
}

func TestFunctionsAreNamedWithTheirPlace(t *testing.T) {
	c := connect(t, file(t, shop))
	const sql = "SELECT upper(month), COUNT(*) FROM sales, json_each('[1]') WHERE month LIKE 'x%'"
	f, err := c.Analyze(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, fn := range f.Functions {
		got[fn.Name] = fn.Offset
	}
	want := map[string]int{"upper": 7, "count": 21, "json_each": strings.Index(sql, "json_each"), "like": -1}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestColumnsHaveOneTypeEach(t *testing.T) {
	c := connect(t, file(t, shop))
	for sql, want := range map[string]string{
		"SELECT id, month, amount, paid FROM sales":                   "int64 utf8 float64 bool: 1 2026-01 10.5 true|2 2026-02 20 false|3 (null) (null) (null)",
		"SELECT id, amount, paid, month FROM sales WHERE id > 9":      "int64 float64 bool utf8: ",
		"SELECT v FROM mixed":                                         "utf8: ",
		"SELECT NULL":                                                 "utf8: (null)",
		"VALUES (1), (2.5)":                                           "float64: 1|2.5",
		"VALUES (1), ('a'), (2.5)":                                    "utf8: 1|a|2.5",
		"VALUES (9007199254740993), (0.5)":                            "utf8: 9007199254740993|0.5",
		"VALUES (x'00ff'), ('a')":                                     "binary: AP8=|YQ==",
		"SELECT 9223372036854775807, -9223372036854775807 - 1, 1e999": "int64 int64 float64: 9223372036854775807 -9223372036854775808 +Inf",
		"SELECT '', x''":                                              "utf8 binary:  ",
		"SELECT 1 AS a, 2 AS a":                                       "int64 int64: 1 2",
	} {
		types, rows, err := query(t, c, sql)
		var lines []string
		for _, r := range rows {
			lines = append(lines, strings.Join(r, " "))
		}
		if got := strings.Join(types, " ") + ": " + strings.Join(lines, "|"); err != nil || got != want {
			t.Errorf("%s:\n got %q (%v)\nwant %q", sql, got, err, want)
		}
	}
}

const numbers = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 20000) "

func TestLaterMisfitFailsWithAdviceAndIsNeverBent(t *testing.T) {
	c := connect(t, file(t, shop))
	_, _, err := query(t, c, numbers+"SELECT CASE WHEN n > 5000 THEN 'x' ELSE n END AS odd FROM c")
	if !fault.Is(err, fault.Rejected) || !strings.Contains(err.Error(), `"odd"`) || !strings.Contains(err.Error(), "CAST") {
		t.Errorf("got %v", err)
	}
	_, rows, err := query(t, c, numbers+"SELECT CASE WHEN n > 5000 THEN n ELSE 'x' END AS odd FROM c")
	if err != nil || len(rows) != 20000 || rows[19999][0] != "20000" {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	if _, _, err := query(t, c, "SELECT 1"); err != nil {
		t.Errorf("after a failure: %v", err)
	}
}

func TestRowLimitEndsTheResult(t *testing.T) {
	c := connect(t, file(t, shop))
	for _, n := range []int64{1, 1024, 1025, 5000} {
		rows, err := c.Query(t.Context(), numbers+"SELECT n FROM c", warehouse.Limits{Rows: n})
		if err != nil {
			t.Fatal(err)
		}
		if _, got, err := read(t, rows); err != nil || int64(len(got)) != n {
			t.Errorf("limit %d: %d rows, %v", n, len(got), err)
		}
	}
}

const slow = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c"

func TestQueryStopsWithItsContextAndAtItsTimeLimit(t *testing.T) {
	c := connect(t, file(t, shop))
	_, err := c.Query(t.Context(), slow, warehouse.Limits{Timeout: 30 * time.Millisecond})
	if !fault.Is(err, fault.Timeout) {
		t.Errorf("time limit: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(30*time.Millisecond, cancel)
	if _, err := c.Query(ctx, slow, warehouse.Limits{}); !errors.Is(err, context.Canceled) {
		t.Errorf("caller gone: %v", err)
	}
	// The step under way in Next stops too: rows come first, then none for ever.
	rows, err := c.Query(t.Context(), "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c WHERE n < 1500", warehouse.Limits{Timeout: time.Minute})
	if err == nil {
		defer rows.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		for err == nil {
			_, err = rows.Next(ctx)
		}
	}
	if !fault.Is(err, fault.Timeout) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("in Next: %v", err)
	}
	_ = c.Reset(t.Context())
	if _, _, err := query(t, c, "SELECT 1"); err != nil {
		t.Errorf("the session is dead after stops: %v", err)
	}
}

func TestSchemaShowsKeysAsDeclared(t *testing.T) {
	c := connect(t, file(t, shop))
	s, err := c.Schema(t.Context(), []product.Table{{Schema: "main", Name: "LINE"}, {Name: "staff"}, {Name: "months"}})
	if err != nil {
		t.Fatal(err)
	}
	main := func(n string) product.Table { return product.Table{Schema: "main", Name: n} }
	want := product.Schema{Tables: []product.SchemaTable{
		{Table: main("staff"), Rows: -1, PrimaryKey: []string{"name"}, Columns: []product.SchemaColumn{
			{Name: "name", Type: "TEXT"}, {Name: "wage", Type: "INT", Nullable: true}}},
		{Table: main("months"), View: true, Rows: -1, Columns: []product.SchemaColumn{{Name: "month", Type: "TEXT", Nullable: true}}},
		{Table: main("line"), PrimaryKey: []string{"sale_id", "pos"},
			Columns: []product.SchemaColumn{
				{Name: "sale_id", Type: "INT"}, {Name: "pos", Type: "INT"}, {Name: "staff", Type: "TEXT", Nullable: true},
				{Name: "a", Type: "INT", Nullable: true}, {Name: "b", Type: "INT", Nullable: true}},
			ForeignKeys: []product.ForeignKey{
				{Name: "line_staff_fkey", Columns: []string{"staff"}, RefTable: main("staff"), RefColumns: []string{"name"}},
				{Name: "line_a_b_fkey", Columns: []string{"a", "b"}, RefTable: main("line"), RefColumns: []string{"sale_id", "pos"}}}},
	}}
	if d := cmp.Diff(want, s); d != "" {
		t.Error(d)
	}
	all, err := c.Schema(t.Context(), nil)
	if err != nil || len(all.Tables) != 6 || all.Tables[0].Rows != 3 {
		t.Errorf("%d tables, %v", len(all.Tables), err)
	}
}

func TestPreSQLIsRefused(t *testing.T) {
	c := connect(t, file(t, shop))
	_, err := c.Query(t.Context(), "SELECT 1", warehouse.Limits{Pre: "SET a.b = 1"})
	if !fault.Is(err, fault.Rejected) {
		t.Errorf("got %v", err)
	}
}

func TestFileInWALModeIsReadBesideItsWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wal.sqlite")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("PRAGMA journal_mode = WAL; CREATE TABLE t (a INT); INSERT INTO t VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	c := connect(t, path)
	for want := range 3 {
		if _, rows, err := query(t, c, "SELECT a FROM t"); err != nil || len(rows) != want+1 {
			t.Errorf("%d rows, %v, want %d", len(rows), err, want+1)
		}
		if _, err := db.Exec("INSERT INTO t VALUES (2)"); err != nil {
			t.Fatalf("the reader stops the writer: %v", err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	later := connect(t, path)
	if _, rows, err := query(t, later, "SELECT a FROM t"); err != nil || len(rows) != 4 {
		t.Errorf("after the writer left: %d rows, %v", len(rows), err)
	}
}

func TestBlanksThatOnlySQLiteSeesAreRejected(t *testing.T) {
	c := connect(t, file(t, shop))
	for _, sql := range []string{
		"WITH \ufeffhidden AS (SELECT secret FROM sales) SELECT * FROM \ufeffhidden",
		"WITH months AS \v(SELECT secret FROM sales) SELECT 1 IN months",
		"SELECT 1 \x01",
	} {
		if f, err := c.Analyze(t.Context(), sql); !fault.Is(err, fault.Rejected) {
			t.Errorf("%q: %+v, %v", sql, f.Reads, err)
		}
	}
	for _, sql := range []string{"SELECT '\ufeff\v'", "SELECT 0x1e+1, 1e+2", `SELECT 1 AS "\v"`} {
		if _, err := c.Analyze(t.Context(), sql); err != nil {
			t.Errorf("%q: %v", sql, err)
		}
	}
}
