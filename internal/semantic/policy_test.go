package semantic_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/semantic"
	"github.com/postern/postern/internal/semantic/semantictest"
	"github.com/postern/postern/internal/sqlfacts"
	"github.com/postern/postern/internal/testpg"
	"github.com/postern/postern/internal/warehouse"
	"github.com/postern/postern/internal/warehouse/grammar/pg"
	wsqlite "github.com/postern/postern/internal/warehouse/sqlite"
)

// shop is the fixture as a product whose columns are listed: each table in a
// query is replaced by one of what may be seen.
func shop(schema string) (p product.Product) {
	for _, t := range semantictest.Schema().Tables {
		rs := product.RecordSet{Key: t.Table.Name, Name: t.Table.Name, Table: product.Table{Schema: schema, Name: t.Table.Name}}
		for _, c := range t.Columns {
			rs.Columns = append(rs.Columns, product.Column{Name: c.Name, Type: product.ColumnType(c.Type)})
		}
		p.RecordSets = append(p.RecordSets, rs)
	}
	return p
}

// permitted takes a statement through the policy, as the gateway does.
func permitted(t *testing.T, statement string, p product.Product, analyze func(string) (sqlfacts.Facts, error)) string {
	t.Helper()
	f, err := analyze(statement)
	if err != nil {
		t.Fatalf("%v\n%s", err, statement)
	}
	v, err := policy.Judge(f, statement, p, false)
	if err != nil {
		t.Fatalf("%v\n%s", err, statement)
	}
	if f.Unresolved {
		if f, err = analyze(v.SQL); err == nil {
			_, err = policy.Judge(f, v.SQL, p, true)
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, v.SQL)
		}
	}
	return v.SQL
}

// passes compiles generated queries, and compares the answer of each with that
// of the statement the policy made of it.
func passes(t *testing.T, d semantic.Dialect, db *sql.DB, p product.Product, analyze func(string) (sqlfacts.Facts, error)) {
	t.Helper()
	passed := 0
	for seed := range uint64(150) {
		s, err := semantic.Compile(semantictest.Generate(seed), semantictest.Model(d), d)
		if err != nil {
			continue
		}
		spliced := permitted(t, s.SQL, p, analyze)
		want, err := semantictest.Answer(t.Context(), db, s.SQL)
		if err != nil {
			t.Fatal(err)
		}
		got, err := semantictest.Answer(t.Context(), db, spliced)
		if err != nil || !semantictest.Same(want, got, s.Ordered) {
			t.Errorf("seed %d: %v\n%s\n%s", seed, err, s.SQL, spliced)
		}
		passed++
	}
	if passed < 130 {
		t.Errorf("only %d queries were compiled", passed)
	}
}

func TestThePolicyTakesWhatTheCompilerWritesForSQLite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.sqlite")
	db := open(t, "sqlite", path)
	conn, err := wsqlite.Driver{}.Open(t.Context(), product.Source{Engine: product.SQLite, Path: path}, warehouse.Login{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // nothing is written
	passes(t, semantic.SQLite, db, shop("main"), func(s string) (sqlfacts.Facts, error) { return conn.Analyze(t.Context(), s) })
}

func TestThePolicyTakesWhatTheCompilerWritesForPostgres(t *testing.T) {
	db := open(t, "pgx", testpg.URL(t))
	passes(t, semantic.Postgres, db, shop("public"), func(s string) (sqlfacts.Facts, error) { return pg.Facts(t.Context(), s) })
}

func TestThePolicyTakesSamplesAndNumbersHeldAsText(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.sqlite")
	open(t, "sqlite", path)
	conn, err := wsqlite.Driver{}.Open(t.Context(), product.Source{Engine: product.SQLite, Path: path}, warehouse.Login{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // nothing is written
	analyze := map[semantic.Dialect]func(string) (sqlfacts.Facts, error){
		semantic.SQLite:   func(s string) (sqlfacts.Facts, error) { return conn.Analyze(t.Context(), s) },
		semantic.Postgres: func(s string) (sqlfacts.Facts, error) { return pg.Facts(t.Context(), s) },
	}
	for d, facts := range analyze {
		m := semantictest.Model(d)
		customer, _ := m.Table("customer")
		name, _ := customer.Column("name")
		name.NumericText = true
		s, err := semantic.Compile(q{Select: out(sum("customer", "name"))}, m, d)
		if err != nil {
			t.Fatal(err)
		}
		count, _ := semantic.CountSQL(customer)
		p := shop(map[semantic.Dialect]string{semantic.SQLite: "main", semantic.Postgres: "public"}[d])
		for _, statement := range []string{s.SQL, count, semantic.ValuesSQL(d, customer, name, 10)} {
			permitted(t, statement, p, facts)
		}
	}
}
