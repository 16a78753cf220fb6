package policy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/sqlfacts"
	"github.com/postern/postern/internal/testpg"
	"github.com/postern/postern/internal/warehouse/grammar/pg"
)

func TestMain(m *testing.M) { testpg.Main(m) }

func pgFacts(t *testing.T) analyze {
	return func(sql string) (sqlfacts.Facts, error) { return pg.Facts(t.Context(), sql) }
}

func TestPostgresCorpusComesOutAsWritten(t *testing.T) {
	pr := specimen("public", "crm")
	for _, c := range corpus(t, "testdata/postgres.corpus", 300) {
		got, out, err := through(pgFacts(t), c.sql, pr)
		if !slices.Contains(c.want, got) {
			t.Errorf("line %d: want %v, got %s (%v)\n  %s\n  %s", c.line, c.want, got, err, c.sql, out)
			continue
		}
		if f := fault.As(err); f != nil && f.Kind == fault.Denied && (f.Code == 0 || f.Name == "" || f.Position < -1 || f.Position > len(c.sql)) {
			t.Errorf("line %d: a refusal without code or place: %+v", c.line, f)
		}
	}
}

const pgWarehouse = `
CREATE TABLE fact_sales (month date, region text, amount numeric, customer_id int, cost numeric);
CREATE SCHEMA crm;
CREATE TABLE crm.customers (id int, name text, segment text, region text, email text, ssn text);
CREATE TABLE notes (anything text);
CREATE TABLE secrets (k text);
INSERT INTO fact_sales VALUES ('2024-01-01', 'north', 10, 1, 123456789);
INSERT INTO crm.customers VALUES (1, 'Ann', 'big', 'north', 'canary@example.com', 'canary-ssn');
INSERT INTO notes VALUES ('note');
INSERT INTO secrets VALUES ('canary-secret');`

// What policy lets through must also run, and show nothing of what the product
// does not: the difference between the parser's word and the server's is where
// holes are.
func TestAllowedStatementsRunOnPostgresAndShowNoCanary(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), testpg.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), pgWarehouse); err != nil {
		t.Fatal(err)
	}
	pr, ran := specimen("public", "crm"), 0
	for _, c := range corpus(t, "testdata/postgres.corpus", 300) {
		got, out, _ := through(pgFacts(t), c.sql, pr)
		if got != "allow" {
			continue
		}
		ran++
		answer, err := readOnly(t, conn, out)
		if err != nil {
			t.Errorf("line %d: %v\n  %s\n  %s", c.line, err, c.sql, out)
		}
		for _, canary := range []string{"canary", "123456789"} {
			if strings.Contains(answer, canary) {
				t.Errorf("line %d shows %s: %s", c.line, canary, out)
			}
		}
	}
	if ran < 70 {
		t.Fatalf("only %d statements ran", ran)
	}
}

func readOnly(t *testing.T, conn *pgx.Conn, sql string) (string, error) {
	t.Helper()
	tx, err := conn.BeginTx(t.Context(), pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	rows, err := tx.Query(t.Context(), sql)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		for _, v := range rows.RawValues() {
			b.Write(v)
			b.WriteByte('|')
		}
	}
	return b.String(), rows.Err()
}
