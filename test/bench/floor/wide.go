package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // one of the three that are measured
	_ "modernc.org/sqlite"             // another
)

// Of a database as wide as those of large companies.
const (
	wideTables = 500
	wideRows   = 1000
)

// wideColumns are the twenty of each table, with the SQL of row i's value.
var wideColumns = []struct{ name, kind, value string }{
	{"id", "INTEGER PRIMARY KEY", "i"}, {"parent_id", "INTEGER", "1 + i % 700"}, {"status", "VARCHAR(20)", "'status ' || (i % 5)"}, {"kind", "VARCHAR(20)", "'kind ' || (i % 12)"},
	{"title", "VARCHAR(60)", "'title ' || (i * 7919)"}, {"email", "VARCHAR(60)", "'user' || i || '@example.com'"}, {"city", "VARCHAR(40)", "'city ' || (i % 300)"}, {"code", "VARCHAR(10)", "'c' || (i % 90)"},
	{"amount", "DECIMAL(12,2)", "(i % 997) * 1.5"}, {"quantity", "INTEGER", "i % 50"}, {"price_usd", "DOUBLE PRECISION", "(i % 331) / 3.0"}, {"discount_pct", "INTEGER", "i % 20"},
	{"weight_kg", "DOUBLE PRECISION", "(i % 77) * 0.7"}, {"rating", "INTEGER", "1 + i % 5"}, {"year", "INTEGER", "1990 + i % 30"}, {"ordered_on", "DATE", "DATE"}, {"shipped_on", "DATE", "DATE"},
	{"active", "BOOLEAN", "i % 3 = 0"}, {"region", "VARCHAR(20)", "'region ' || (i % 8)"}, {"comment", "VARCHAR(200)", "'what was said of ' || i || ' by nobody in particular'"},
}

// dateOf is a date of row i in each engine, and a series of rows.
var wideSQL = map[string]struct{ date, series string }{
	"sqlite": {"date('2020-01-01', '+' || (i % 900) || ' days')", "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i FROM n)"},
	"duckdb": {"DATE '2020-01-01' + CAST(i % 900 AS INTEGER)", "(SELECT range AS i FROM range(1, %d + 1))"},
	"pgx":    {"DATE '2020-01-01' + (i % 900)::int", "(SELECT i FROM generate_series(1, %d) AS i)"},
}

func openWide(name string, args []string) (engine string, db *sql.DB, err error) {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.StringVar(&engine, "engine", "pgx", "pgx, sqlite or duckdb")
	source := f.String("source", "", "a URL or a file")
	if err := f.Parse(args); err != nil {
		return "", nil, err
	}
	if _, ok := wideSQL[engine]; !ok {
		return "", nil, fmt.Errorf("there is no engine %q", engine)
	}
	db, err = sql.Open(engine, *source)
	return engine, db, err
}

// makeWide makes 500 tables of 20 columns, each with a key to the one before.
func makeWide(args []string) (any, error) {
	engine, db, err := openWide("wide", args)
	if err != nil {
		return nil, err
	}
	defer db.Close() //nolint:errcheck // committed below
	tx, err := db.Begin()
	if err != nil {
		return nil, err
	}
	defer tx.Rollback() //nolint:errcheck // after the commit it is none
	for n := range wideTables {
		var columns, values []string
		for _, c := range wideColumns {
			kind, value := c.kind, c.value
			if value == "DATE" {
				value = wideSQL[engine].date
			}
			if c.name == "parent_id" && n > 0 {
				kind += fmt.Sprintf(" REFERENCES unit_%03d (id)", n-1)
			}
			columns, values = append(columns, c.name+" "+kind), append(values, value)
		}
		table := fmt.Sprintf("unit_%03d", n)
		for _, s := range []string{
			"CREATE TABLE " + table + " (" + strings.Join(columns, ", ") + ")",
			"INSERT INTO " + table + " SELECT " + strings.Join(values, ", ") + " FROM " + fmt.Sprintf(wideSQL[engine].series, wideRows) + " AS s",
		} {
			if _, err := tx.Exec(s); err != nil {
				return nil, fmt.Errorf("%s: %w", s, err)
			}
		}
	}
	if err := tx.Commit(); err != nil {
		return nil, err
	}
	return nil, nil
}

// catalog times a plain read of all columns: information_schema, or SQLite's
// PRAGMA table by table.
func catalog(args []string) (any, error) {
	engine, db, err := openWide("catalog", args)
	if err != nil {
		return nil, err
	}
	defer db.Close() //nolint:errcheck // read only
	began := time.Now()
	q := "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns WHERE table_name LIKE 'unit%'"
	if engine == "sqlite" {
		q = `SELECT m.name, p.name, p.type, p."notnull" FROM sqlite_schema m JOIN pragma_table_info(m.name) p WHERE m.name LIKE 'unit%'`
	}
	rows, err := db.QueryContext(context.Background(), q)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read to its end
	n := 0
	for rows.Next() {
		var table, column, kind, null string
		if err := rows.Scan(&table, &column, &kind, &null); err != nil {
			return nil, err
		}
		n++
	}
	if n != wideTables*len(wideColumns) {
		return nil, fmt.Errorf("%d columns, not %d", n, wideTables*len(wideColumns))
	}
	return took{Seconds: time.Since(began).Seconds()}, rows.Err()
}
