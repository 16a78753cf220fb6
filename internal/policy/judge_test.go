package policy_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/sqlfacts"
	"github.com/postern/postern/internal/testpg"
	"github.com/postern/postern/internal/warehouse/grammar/pg"
)

func judge(t *testing.T, sql string) error {
	t.Helper()
	f, err := pg.Facts(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	_, err = policy.Judge(f, sql, specimen("public", "crm"), false)
	return err
}

func TestRefusalNamesTheLockThePlaceAndWhatToDo(t *testing.T) {
	for _, c := range []struct {
		sql, lock, at, message string
		code                   int
	}{
		{"DELETE FROM sales", "statement", "DELETE", "only SELECT is allowed: DELETE is not", 20001},
		{"SELECT 1; SELECT 2", "statement", "", "one statement at a time: this text holds 2; send them one by one", 20001},
		{"SELECT * FROM sales FOR UPDATE", "statement", "", "only SELECT is allowed: FOR UPDATE or FOR SHARE is not", 20001},
		{"SELECT session_user", "statement", "session_user", "only SELECT is allowed: SESSION_USER is not", 20001},
		{"SELECT 1, datetrunc('day', now())", "functions", "datetrunc", "the function datetrunc is not among those allowed on PostgreSQL; did you mean date_trunc?", 20001},
		{"SELECT 'é', public.f(1)", "functions", "public.f", "the function public.f is not among those allowed on PostgreSQL", 20001},
		{"SELECT * FROM custommers", "tables", "custommers", "custommers is not a record set of this data product; it has: customers, notes, sales; did you mean customers?", 20002},
		{"SELECT * FROM pg_authid", "tables", "pg_authid", "pg_authid is in PostgreSQL's own catalog, which no data product shows; this one has: customers, notes, sales", 20002},
		{"SELECT 'é', s.ammount FROM sales s", "columns", "s.ammount", "s.ammount is not a column of sales in this data product; it has: amount, customer_id, month, region; did you mean amount?", 20002},
	} {
		f := fault.As(judge(t, c.sql))
		if f == nil || f.Kind != fault.Denied || f.Lock != c.lock || f.Message != c.message || f.Code != c.code {
			t.Errorf("%s:\n got %+v\nwant %s: %s", c.sql, f, c.lock, c.message)
			continue
		}
		if c.at != "" && f.Position != strings.Index(c.sql, c.at) {
			t.Errorf("%s: at %d, want %d", c.sql, f.Position, strings.Index(c.sql, c.at))
		}
	}
}

func TestAmbiguousNameIsRefusedWithTheNamesItCanMean(t *testing.T) {
	pr := product.Product{ID: "a:b", RecordSets: []product.RecordSet{
		{Name: "east", Table: product.Table{Schema: "east", Name: "orders"}},
		{Name: "west", Table: product.Table{Schema: "west", Name: "orders"}},
	}}
	for sql, want := range map[string]string{
		"SELECT * FROM orders": "tables", "SELECT * FROM east.orders": "allow", "SELECT * FROM west": "allow",
		"SELECT * FROM east.west": "tables", "SELECT * FROM b.west": "allow",
	} {
		if got, _, err := through(pgFacts(t), sql, pr); got != want {
			t.Errorf("%s: %s (%v)", sql, got, err)
		}
	}
}

func TestRecordSetOverTheEnginesOwnCatalogIsRefused(t *testing.T) {
	for _, table := range []product.Table{{Schema: "pg_catalog", Name: "pg_authid"}, {Name: "pg_authid"}, {Schema: "information_schema", Name: "tables"}} {
		pr := product.Product{ID: "a:b", RecordSets: []product.RecordSet{{Name: "logins", Table: table}}}
		if got, _, err := through(pgFacts(t), "SELECT * FROM logins", pr); got != "tables" {
			t.Errorf("%v: %s (%v)", table, got, err)
		}
	}
	pr := product.Product{ID: "a:b", RecordSets: []product.RecordSet{{Name: "pg_class", Table: product.Table{Schema: "public", Name: "pg_class"}}}}
	if got, out, err := through(pgFacts(t), "SELECT * FROM pg_class", pr); got != "allow" || !strings.Contains(out, `"public"."pg_class"`) {
		t.Errorf("a table of the product's own: %s, %s (%v)", got, out, err)
	}
}

func TestNamesThatNeedQuotesAreQuoted(t *testing.T) {
	pr := product.Product{ID: "a:b", RecordSets: []product.RecordSet{{
		Name: `we"ird`, Table: product.Table{Schema: `S "1"`, Name: `t";DROP`}, Columns: []product.Column{{Name: `c",pg_sleep(1),"`}},
	}}}
	got, out, err := through(pgFacts(t), `SELECT * FROM "we""ird"`, pr)
	want := `SELECT * FROM (SELECT "c"",pg_sleep(1),""" FROM "S ""1"""."t"";DROP") AS "we""ird"`
	if got != "allow" || out != want {
		t.Errorf("%s %v\n got %s\nwant %s", got, err, out, want)
	}
}

func TestRecordSetWithoutASchemaIsInTheOnlyOneThereIs(t *testing.T) {
	pr := product.Product{ID: "a:b", RecordSets: []product.RecordSet{{Name: "f", Table: product.Table{Name: "data.csv"}}}}
	sql := "SELECT * FROM f"
	for dialect, want := range map[string]string{
		"duckdb": `SELECT * FROM "main"."data.csv" AS "f"`, "sqlite": `SELECT * FROM "main"."data.csv" AS "f"`, "postgres": `SELECT * FROM "data.csv" AS "f"`,
	} {
		f := sqlfacts.Facts{Dialect: dialect, Statements: 1, ReadOnly: true, Unresolved: true, Tables: []sqlfacts.Table{{Name: "f", Offset: 14, End: 15}}}
		v, err := policy.Judge(f, sql, pr, false)
		if err != nil || v.SQL != want {
			t.Errorf("%s: %s, %v", dialect, v.SQL, err)
		}
	}
}

// What SQLite says it reads is judged even where no name was seen to splice.
func TestReadsOfTheEngineAreJudgedColumnByColumn(t *testing.T) {
	pr := specimen("main", "main")
	for want, r := range map[string]sqlfacts.Read{
		"columns": {Schema: "main", Table: "fact_sales", Column: "cost"}, "columns ": {Schema: "main", Table: "FACT_SALES", Column: "ROWID"},
		"allow": {Schema: "main", Table: "fact_sales", Column: "Month"}, "allow ": {Schema: "main", Table: "fact_sales"},
		"allow  ": {Schema: "main", Table: "notes", Column: "ROWID"}, "tables": {Schema: "main", Table: "sales", Column: "month"},
		"tables ": {Schema: "temp", Table: "fact_sales", Column: "month"}, "tables  ": {Schema: "main", Table: "sqlite_master"},
	} {
		f := sqlfacts.Facts{Dialect: "sqlite", Statements: 1, ReadOnly: true, Nodes: []sqlfacts.Node{{Kind: "SELECT"}}, Reads: []sqlfacts.Read{r}}
		for _, rewritten := range []bool{false, true} {
			if _, err := policy.Judge(f, "SELECT 1", pr, rewritten); lockOf(err) != strings.TrimSpace(want) {
				t.Errorf("%+v, rewritten %v: %v", r, rewritten, err)
			}
		}
	}
	f := sqlfacts.Facts{Dialect: "sqlite", Statements: 1, ReadOnly: true, Unresolved: true, Problem: "no such column: x"}
	if _, err := policy.Judge(f, "SELECT x", pr, true); !fault.Is(err, fault.Rejected) || fault.As(err).Message != f.Problem {
		t.Errorf("a name that is still unknown: %v", err)
	}
}

// Each name is replaced by a query, so that many names in a short text would
// make an endless one.
func TestStatementOfTooManyTablesIsRefused(t *testing.T) {
	sql := "SELECT 1 FROM sales" + strings.Repeat(", sales", 500)
	if f := fault.As(judge(t, sql)); f == nil || f.Lock != "tables" || !strings.Contains(f.Message, "at most 500 tables") || f.Position != len(sql)-len("sales") {
		t.Errorf("got %+v", f)
	}
	if err := judge(t, strings.TrimSuffix(sql, ", sales")); err != nil {
		t.Error(err)
	}
}

// Facts that do not fit the text must never move a splice.
func TestFactsThatDoNotFitTheTextAreRefused(t *testing.T) {
	base := sqlfacts.Facts{Dialect: "postgres", Statements: 1, ReadOnly: true, Nodes: []sqlfacts.Node{{Kind: "SelectStmt"}}}
	sql := "SELECT * FROM sales s"
	for name, table := range map[string]sqlfacts.Table{
		"no place":          {Name: "sales", Offset: -1, End: -1},
		"beyond the end":    {Name: "sales", Offset: 14, End: 99},
		"another name":      {Name: "sales", Offset: 0, End: 6},
		"the end of a name": {Name: "sales", Offset: 8, End: 19},
		"backwards":         {Name: "sales", Offset: 19, End: 14},
	} {
		f := base
		f.Tables = []sqlfacts.Table{table}
		if v, err := policy.Judge(f, sql, specimen("public", "crm"), false); err == nil {
			t.Errorf("%s: %s", name, v.SQL)
		}
	}
	twice := base
	twice.Tables = []sqlfacts.Table{{Name: "sales", Offset: 14, End: 19}, {Name: "sales", Offset: 14, End: 19}}
	if v, err := policy.Judge(twice, sql, specimen("public", "crm"), false); err == nil {
		t.Errorf("overlapping: %s", v.SQL)
	}
	for _, f := range []sqlfacts.Facts{{}, {Dialect: "postgres"}, {Dialect: "postgres", Statements: 1, ReadOnly: true}, {Dialect: "oracle", Statements: 1, ReadOnly: true, Nodes: base.Nodes}} {
		if _, err := policy.Judge(f, "SELECT 1", specimen("public", "crm"), false); err == nil {
			t.Errorf("facts of nothing pass: %+v", f)
		}
	}
}

func TestRewrittenTextMayNameOnlyPhysicalTables(t *testing.T) {
	for sql, want := range map[string]string{
		`SELECT * FROM "public"."fact_sales"`: "allow", `SELECT 1`: "allow",
		`SELECT * FROM sales`: "tables", `SELECT * FROM fact_sales`: "tables", `SELECT * FROM "public"."Fact_Sales"`: "tables",
		`SELECT * FROM "warehouse"."public"."fact_sales"`: "tables", `SELECT * FROM public.secrets`: "tables",
		`SELECT pg_sleep(1)`: "functions", `DELETE FROM "public"."fact_sales"`: "statement",
	} {
		f, err := pg.Facts(t.Context(), sql)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := policy.Judge(f, sql, specimen("public", "crm"), true); lockOf(err) != want {
			t.Errorf("%s: want %s, got %v", sql, want, err)
		}
	}
}

func TestPreExecMaySetOneVariableOfItsOwnAndNothingElse(t *testing.T) {
	for sql, ok := range map[string]bool{
		"SET app.tenant = 'x'": true, "SET LOCAL app.tenant TO 7": true, "SET SESSION app.tenant = 'a', 'b'": true, "SET App.Tenant = true": true,
		"SET role = 'postgres'": false, "SET ROLE postgres": false, "SET search_path = secrets": false, "SET statement_timeout = 0": false,
		"SET plpgsql.variable_conflict = 'error'": false, "SET auto_explain.log_analyze = on": false, "SET pgaudit.log = 'none'": false,
		"SET SESSION AUTHORIZATION postgres": false, "SET TRANSACTION READ WRITE": false, "SET TIME ZONE 'UTC'": false, "SET a.b.c = 1": false,
		"SELECT set_config('app.x', 'y', false)": false, "SELECT 1": false, "SET app.a = 1; SET app.b = 2": false, "": false,
		"SET app.a = 1; DROP TABLE x": false, "DROP TABLE x": false, "RESET ALL": false, "DISCARD ALL": false,
	} {
		f, err := pg.Facts(t.Context(), sql)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		err = policy.JudgePre(f, sql)
		if (err == nil) != ok || err != nil && fault.As(err).Lock != "statement" {
			t.Errorf("%s: %v", sql, err)
		}
	}
	variable := sqlfacts.Facts{Dialect: "duckdb", Statements: 1, Nodes: []sqlfacts.Node{{Kind: "SET_STATEMENT"}}, Set: "tenant"}
	if err := policy.JudgePre(variable, "SET VARIABLE tenant = 'x'"); err != nil {
		t.Error(err)
	}
	variable.Set = ""
	if err := policy.JudgePre(variable, "SET threads = 1"); err == nil {
		t.Error("a setting of DuckDB's passes")
	}
	if err := policy.JudgePre(sqlfacts.Facts{Dialect: "sqlite", Statements: 1, Nodes: []sqlfacts.Node{{Kind: "SELECT"}}}, "SELECT 1"); err == nil {
		t.Error("SQLite takes a pre_exec_sql")
	}
}

func entries(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile("allow/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

func TestListsAreSortedWithoutTwins(t *testing.T) {
	for _, d := range []string{"postgres", "duckdb", "sqlite"} {
		for _, kind := range []string{"nodes", "functions"} {
			list := entries(t, d+"."+kind+".txt")
			if len(list) < 4 || !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
				t.Errorf("%s.%s.txt: %d entries, not sorted or with twins", d, kind, len(list))
			}
		}
	}
}

// Words that have no place in a list of harmless functions, whoever adds them.
var harmful = regexp.MustCompile(`^(lo_|dblink|read_|write|load|copy|scan|.*_scan$|query$|query_|attach|install|getenv|getvariable|current_(setting|user|role|schema|database|query)|set_config|setseed|nextval|setval|currval|lastval|sleep|pg_(sleep|read|ls|stat|terminate|cancel|advisory|try|get|reload|notify)|txid|.*_to_xml|xpath|ts_stat|ts_rewrite|sqlite_|load_extension|duckdb_|pragma_|glob$|version$)`)

func TestNoListOfFunctionsHoldsAHarmfulOne(t *testing.T) {
	for _, d := range []string{"postgres", "duckdb", "sqlite"} {
		for _, name := range entries(t, d+".functions.txt") {
			if harmful.MatchString(name) && !(d == "sqlite" && name == "glob") {
				t.Errorf("%s: %s", d, name)
			}
		}
	}
}

// volatileButHarmless give chance or the clock, and change nothing.
var volatileButHarmless = []string{"random", "random_normal", "gen_random_uuid", "uuidv4", "uuidv7", "clock_timestamp", "array_sample", "array_shuffle"}

func TestAllowedFunctionsOfPostgresAreNotVolatile(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), testpg.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var volatile []string
	var known int
	err = conn.QueryRow(t.Context(), `SELECT coalesce(array_agg(DISTINCT proname::text) FILTER (WHERE provolatile = 'v' OR proparallel = 'u' AND prokind = 'f'), '{}'), count(DISTINCT proname)
		FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY ($1)`, entries(t, "postgres.functions.txt")).Scan(&volatile, &known)
	if err != nil {
		t.Fatal(err)
	}
	volatile = slices.DeleteFunc(volatile, func(n string) bool { return slices.Contains(volatileButHarmless, n) })
	if len(volatile) > 0 || known < 300 {
		t.Errorf("of %d functions known to this server, these are volatile: %v", known, volatile)
	}
}

func BenchmarkJudge(b *testing.B) {
	sql := "SELECT s.region, sum(s.amount) FROM sales s JOIN customers c ON c.id = s.customer_id GROUP BY 1"
	f, err := pg.Facts(b.Context(), sql)
	if err != nil {
		b.Fatal(err)
	}
	pr := specimen("public", "crm")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := policy.Judge(f, sql, pr, false); err != nil {
			b.Fatal(err)
		}
	}
}
