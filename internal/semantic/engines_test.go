package semantic_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver
	_ "modernc.org/sqlite"             // the driver

	"github.com/postern/postern/internal/semantic"
	"github.com/postern/postern/internal/semantic/semantictest"
	"github.com/postern/postern/internal/testpg"
)

func TestMain(m *testing.M) { testpg.Main(m) }

func open(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	if err := semantictest.Fill(context.Background(), db); err != nil {
		t.Fatal(err)
	}
	return db
}

func sqlite(t *testing.T) *sql.DB { return open(t, "sqlite", ":memory:") }

// compiledFor compiles, twice: the second must be the first.
func compiledFor(t *testing.T, q semantic.Query, d semantic.Dialect) (semantic.Statement, error) {
	t.Helper()
	s, err := semantic.Compile(q, semantictest.Model(d), d)
	again, err2 := semantic.Compile(q, semantictest.Model(d), d)
	if again.SQL != s.SQL || (err == nil) != (err2 == nil) {
		t.Fatalf("two compilations differ:\n%s\n%s", s.SQL, again.SQL)
	}
	return s, err
}

func TestGeneratedQueriesAnswerTheSameOnSQLiteAndPostgres(t *testing.T) {
	lite, pg := sqlite(t), open(t, "pgx", testpg.URL(t))
	const seeds, fewest = 450, 400
	ran, refused := 0, map[string]int{}
	for seed := range uint64(seeds) {
		q := semantictest.Generate(seed)
		s, err := compiledFor(t, q, semantic.SQLite)
		p, err2 := compiledFor(t, q, semantic.Postgres)
		if err != nil || err2 != nil {
			if (err == nil) != (err2 == nil) {
				t.Fatalf("seed %d: refused for one dialect only: %v, %v", seed, err, err2)
			}
			refused[strings.Join(strings.Fields(err.Error())[1:4], " ")]++
			continue
		}
		ran++
		sameOn(t, seed, s, p, lite, pg)
	}
	t.Logf("%d of %d queries ran; refused: %v", ran, seeds, refused)
	if ran < fewest {
		t.Errorf("only %d queries ran", ran)
	}
}

func sameOn(t *testing.T, seed uint64, s, p semantic.Statement, lite, pg *sql.DB) {
	t.Helper()
	a, err := semantictest.Answer(t.Context(), lite, s.SQL)
	if err != nil {
		t.Fatalf("seed %d on SQLite: %v\n%s", seed, err, s.SQL)
	}
	b, err := semantictest.Answer(t.Context(), pg, p.SQL)
	if err != nil {
		t.Fatalf("seed %d on PostgreSQL: %v\n%s", seed, err, p.SQL)
	}
	if !semantictest.Same(a, b, false) {
		t.Fatalf("seed %d:\n%s\n%v\n%s\n%v", seed, s.SQL, a, p.SQL, b)
	}
}
