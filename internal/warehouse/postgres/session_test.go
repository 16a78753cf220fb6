package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/warehouse"
	"github.com/postern/postern/internal/warehouse/postgres"
)

func open(t *testing.T, s product.Source, l warehouse.Login) warehouse.Conn {
	t.Helper()
	c, err := postgres.Driver{}.Open(t.Context(), s, l, loopback)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// value runs a query and gives its only value.
func value(t *testing.T, c warehouse.Conn, sql string, l warehouse.Limits) (string, error) {
	t.Helper()
	rows, err := c.Query(t.Context(), sql, l)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	return first(t, rows)
}

func first(t *testing.T, rows result.Rows) (string, error) {
	t.Helper()
	b, err := rows.Next(t.Context())
	if err != nil {
		return "", err
	}
	return b.Column(0).ValueStr(0), nil
}

func mustValue(t *testing.T, c warehouse.Conn, sql string) string {
	t.Helper()
	got, err := value(t, c, sql, warehouse.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return got
}

func TestSessionIsReadOnlyAndLimitedFromItsFirstByte(t *testing.T) {
	_, s, l := shop(t)
	c := open(t, s, l)
	for name, want := range map[string]string{
		"default_transaction_read_only": "on", "transaction_read_only": "on", "statement_timeout": "1min", "lock_timeout": "5s",
		"idle_in_transaction_session_timeout": "1min", "application_name": "postern", "client_encoding": "UTF8",
	} {
		if got := mustValue(t, c, "SELECT current_setting('"+name+"')"); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// A role that has it off would make the server read '\” as the parser does
// not, and run what was judged to be inside a string.
func TestStringsAreReadAsTheParserReadsThem(t *testing.T) {
	a, s, l := shop(t)
	a.Exec(t, "ALTER ROLE "+l.Username+" SET standard_conforming_strings = off")
	c := open(t, s, l)
	if got := mustValue(t, c, "SELECT '\\', length($$ab$$), '--'"); got != `\` {
		t.Fatalf("the server read the string as %q", got)
	}
}

// The first statement of a transaction could make it writable again.
func TestPreStatementCannotMakeTheQueryWritable(t *testing.T) {
	a, s, l := shop(t)
	a.Exec(t, "CREATE FUNCTION add() RETURNS int LANGUAGE sql AS $$ INSERT INTO customers VALUES (9, 'x') RETURNING id $$")
	for _, pre := range []string{"SET TRANSACTION READ WRITE", "SET transaction_read_only = off", "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", "COMMIT", "ROLLBACK", "SET default_transaction_read_only = off"} {
		for _, sql := range []string{"INSERT INTO customers VALUES (9, 'x') RETURNING id", "SELECT add()", "SELECT set_config('transaction_read_only', 'off', false), add()"} {
			if got, err := value(t, open(t, s, l), sql, warehouse.Limits{Pre: pre}); !fault.Is(err, fault.Denied) && !fault.Is(err, fault.Rejected) {
				t.Errorf("%s; %s: got %q, %v", pre, sql, got, err)
			}
		}
	}
}

func TestResetDropsWhatOutlivesATransaction(t *testing.T) {
	_, s, l := shop(t)
	c := open(t, s, l)
	mustValue(t, c, "SELECT pg_advisory_lock(7)::text, set_config('app.tenant', 'leak', false)")
	if got := mustValue(t, c, "SELECT coalesce(current_setting('app.tenant', true), '')"); got != "" {
		t.Errorf("a setting outlived its query: %q", got)
	}
	if got := mustValue(t, c, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"); got != "1" {
		t.Fatalf("the test holds %s locks", got)
	}
	if err := c.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := mustValue(t, c, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"); got != "0" {
		t.Errorf("%s locks after Reset", got)
	}
	if got := mustValue(t, c, "SELECT current_setting('default_transaction_read_only')"); got != "on" {
		t.Errorf("Reset undid read-only: %q", got)
	}
}

func TestSessionWithAnOpenResultIsNotUsedTwice(t *testing.T) {
	_, s, l := shop(t)
	c := open(t, s, l)
	rows, err := c.Query(t.Context(), "SELECT id FROM customers", warehouse.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Query(t.Context(), "SELECT 1", warehouse.Limits{}); err == nil {
		t.Error("two results at once")
	}
	_ = rows.Close()
	if got := mustValue(t, c, "SELECT 1"); got != "1" {
		t.Errorf("got %q", got)
	}
}

// The formats of a statement are remembered: the table may change meanwhile.
func TestRememberedStatementFollowsATableThatChanges(t *testing.T) {
	a, s, l := shop(t)
	c := open(t, s, l)
	sql := "SELECT item FROM lines ORDER BY pos LIMIT 1"
	for _, step := range []struct{ ddl, want string }{
		{"", "apple"}, {"", "apple"},
		{"UPDATE lines SET item = '7'; ALTER TABLE lines ALTER item TYPE int USING item::int", "7"},
		{"ALTER TABLE lines ALTER item TYPE money USING item::money", "$7.00"},
		{"ALTER TABLE lines ALTER item TYPE aclitem[] USING NULL", "(null)"},
	} {
		if step.ddl != "" {
			if err := c.Reset(t.Context()); err != nil {
				t.Fatal(err)
			}
			a.Exec(t, step.ddl)
		}
		if got := mustValue(t, c, sql); got != step.want {
			t.Errorf("after %q: %q, want %q", step.ddl, got, step.want)
		}
	}
	star := "SELECT * FROM customers WHERE id = 1"
	mustValue(t, c, star)
	if err := c.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.Exec(t, "ALTER TABLE customers ADD more int")
	if got := mustValue(t, c, star); got != "1" {
		t.Errorf("got %q", got)
	}
}

func TestRefusalHasThePlaceInBytes(t *testing.T) {
	_, s, l := shop(t)
	sql := "SELECT 'é', nope FROM customers"
	_, err := value(t, open(t, s, l), sql, warehouse.Limits{})
	if f := fault.As(err); f == nil || f.Position != strings.Index(sql, "nope") {
		t.Errorf("got %+v", f)
	}
}

func TestValueWithoutAPlaceInItsTypeIsRefusedNotChanged(t *testing.T) {
	_, s, l := shop(t)
	for _, sql := range []string{"SELECT 'infinity'::date", "SELECT '-infinity'::timestamptz", "SELECT 'NaN'::numeric(5,2)"} {
		c := open(t, s, l)
		if got, err := value(t, c, sql, warehouse.Limits{}); !fault.Is(err, fault.Rejected) {
			t.Errorf("%s: got %q, %v", sql, got, err)
		}
		if err := c.Reset(t.Context()); err != nil {
			t.Errorf("%s: the session did not survive: %v", sql, err)
		}
	}
}

func TestRowTooLongForMemoryIsRefused(t *testing.T) {
	_, s, l := shop(t)
	if _, err := value(t, open(t, s, l), "SELECT repeat('x', 70 << 20)", warehouse.Limits{}); !fault.Is(err, fault.Rejected) {
		t.Errorf("got %v", err)
	}
}

func TestStatementWithParametersIsRefused(t *testing.T) {
	_, s, l := shop(t)
	c := open(t, s, l)
	for range 2 {
		if _, err := value(t, c, "SELECT $1::int", warehouse.Limits{}); !fault.Is(err, fault.Rejected) {
			t.Errorf("got %v", err)
		}
	}
}

func TestSSLModeIsKept(t *testing.T) {
	_, s, l := shop(t)
	for mode, want := range map[string]string{"disable": "false", "prefer": "true", "require": "true", "allow": "false", "": "true"} {
		s.Params = map[string]string{}
		if mode != "" {
			s.Params["sslmode"] = mode
		}
		if got := mustValue(t, open(t, s, l), "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"); got != want {
			t.Errorf("sslmode=%s: TLS is %s", mode, got)
		}
	}
	for _, mode := range []string{"verify-full", "verify-ca"} {
		s.Params = map[string]string{"sslmode": mode}
		_, err := postgres.Driver{}.Open(t.Context(), s, l, loopback)
		if f := fault.As(err); f == nil || f.Kind != fault.Unavailable || !strings.Contains(f.Message, "certificate") {
			t.Errorf("sslmode=%s trusts a certificate nobody signed: %v", mode, err)
		}
	}
}

func TestEnvironmentTakesNoPart(t *testing.T) {
	_, s, l := shop(t)
	for k, v := range map[string]string{
		"PGHOST": "203.0.113.9", "PGPORT": "1", "PGUSER": "eve", "PGPASSWORD": "eve", "PGDATABASE": "eve", "PGSSLMODE": "verify-full",
		"PGOPTIONS": "-c default_transaction_read_only=off", "PGAPPNAME": "eve", "PGTARGETSESSIONATTRS": "read-write", "PGCONNECT_TIMEOUT": "1",
	} {
		t.Setenv(k, v)
	}
	c := open(t, s, l)
	if got := mustValue(t, c, "SELECT current_user || current_setting('application_name') || current_setting('default_transaction_read_only')"); got != l.Username+"posternon" {
		t.Errorf("got %q", got)
	}
	// Without a password none may come from elsewhere.
	l.Password = secret.Secret{}
	if _, err := (postgres.Driver{}).Open(t.Context(), s, l, loopback); !fault.Is(err, fault.Rejected) {
		t.Errorf("no password: %v", err)
	}
}

func TestDriverReachesNothingButThroughTheGuard(t *testing.T) {
	_, s, l := shop(t)
	s.Host = "warehouse.example"
	var dialed []string
	dial := func(_ context.Context, network, address string) (net.Conn, error) {
		dialed = append(dialed, network+" "+address)
		return nil, fault.New(fault.Denied, "no way")
	}
	_, err := postgres.Driver{}.Open(t.Context(), s, l, dial)
	if !fault.Is(err, fault.Denied) || len(dialed) != 1 || dialed[0] != fmt.Sprintf("tcp warehouse.example:%d", s.Port) {
		t.Errorf("dialed %v, %v", dialed, err)
	}
	for _, host := range []string{"/var/run/postgresql", "@abstract", ""} {
		s.Host = host
		if _, err := (postgres.Driver{}).Open(t.Context(), s, l, dial); !fault.Is(err, fault.Invalid) {
			t.Errorf("host %q: %v", host, err)
		}
	}
	if len(dialed) != 1 {
		t.Errorf("dialed %v", dialed)
	}
}

func TestUnreachableAndRefusedAreToldApart(t *testing.T) {
	_, s, l := shop(t)
	p := warehouse.NewPool(map[product.Engine]warehouse.Driver{product.PostgreSQL: postgres.Driver{}}, loopback, warehouse.Bounds{})
	defer p.Close()
	nowhere := s
	nowhere.Port = 1
	if err := p.Test(t.Context(), nowhere, l); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a closed port: %v", err)
	}
	other := s
	other.Database = "no_such_database"
	if err := p.Test(t.Context(), other, l); !fault.Is(err, fault.Rejected) {
		t.Errorf("no such database: %v", err)
	}
	guarded := warehouse.NewPool(map[product.Engine]warehouse.Driver{product.PostgreSQL: postgres.Driver{}}, warehouse.Guarded(nil), warehouse.Bounds{})
	defer guarded.Close()
	err := guarded.Test(t.Context(), s, l)
	if f := fault.As(err); f == nil || f.Kind != fault.Denied || !strings.Contains(f.Message, "--allow-network 127.0.0.1/32") {
		t.Errorf("loopback without the flag: %v", err)
	}
}

func TestSchemaShowsOnlyWhatTheLoginMaySee(t *testing.T) {
	a, s, l := shop(t)
	a.Exec(t, `
		CREATE SCHEMA hidden; CREATE TABLE hidden.t (id int PRIMARY KEY);
		CREATE TABLE secrets (id int PRIMARY KEY, ref int REFERENCES hidden.t, plain int, pin int);
		CREATE VIEW names AS SELECT id, name FROM customers;
		COMMENT ON TABLE customers IS 'who buys'; COMMENT ON COLUMN customers.name IS 'in full';
		GRANT SELECT (id, ref, plain) ON secrets TO `+l.Username+`; GRANT SELECT ON names TO `+l.Username+`;
		CREATE TABLE nothing (id int); ANALYZE customers`)
	got, err := open(t, s, l).Schema(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	for _, x := range got.Tables {
		seen = append(seen, x.Table.Schema+"."+x.Table.Name)
		switch x.Table.Name {
		case "secrets":
			if len(x.Columns) != 3 || len(x.ForeignKeys) != 0 {
				t.Errorf("secrets: %+v", x)
			}
		case "names":
			if !x.View {
				t.Error("names is a view")
			}
		case "customers":
			if x.Description != "who buys" || x.Columns[1].Description != "in full" || x.Rows != 3 {
				t.Errorf("customers: %+v", x)
			}
		}
	}
	if want := "[public.customers public.lines public.names public.orders public.secrets]"; fmt.Sprint(seen) != want {
		t.Errorf("saw %v, want %s", seen, want)
	}
}

func TestSessionThatTheServerEndsIsNotGivenAgain(t *testing.T) {
	a, s, l := shop(t)
	c := open(t, s, l)
	pid := mustValue(t, c, "SELECT pg_backend_pid()")
	a.Exec(t, "SELECT pg_terminate_backend("+pid+")")
	if _, err := value(t, c, "SELECT 1", warehouse.Limits{}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
	if c.Reset(t.Context()) == nil || c.Ping(t.Context()) == nil {
		t.Error("a dead session passes for a live one")
	}
}

func TestCancelledSessionIsNotGivenAgain(t *testing.T) {
	_, s, l := shop(t)
	c := open(t, s, l)
	ctx, cancel := context.WithCancel(t.Context())
	rows, err := c.Query(ctx, "SELECT n FROM generate_series(1, 1000000) AS n", warehouse.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	for err == nil {
		_, err = rows.Next(t.Context())
	}
	_ = rows.Close()
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if c.Reset(t.Context()) == nil {
		t.Error("a cancel may still be under way to it")
	}
	if _, err := open(t, s, l).Query(ctx, "SELECT 1", warehouse.Limits{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a query of a context that ended: %v", err)
	}
}

// Callers of two credentials take turns on a pool too small for them.
func TestNothingOfOneCallerIsSeenByTheNext(t *testing.T) {
	_, s, l := shop(t)
	p := warehouse.NewPool(map[product.Engine]warehouse.Driver{product.PostgreSQL: postgres.Driver{}}, loopback, warehouse.Bounds{PerKey: 2})
	defer p.Close()
	const seen = "SELECT coalesce(current_setting('app.tenant', true), '')"
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			me := fmt.Sprint("tenant", g)
			for i := range 50 {
				lease, err := p.Acquire(t.Context(), fmt.Sprint("credential", g%2), s, l)
				if err != nil {
					t.Error(err)
					return
				}
				limits, want := warehouse.Limits{}, ""
				if i%2 == 0 {
					limits.Pre, want = "SET app.tenant = '"+me+"'", me
				}
				if got, err := value(t, lease, seen, limits); err != nil || got != want {
					t.Errorf("%s saw %q, %v", me, got, err)
				}
				lease.Release()
			}
		})
	}
	wg.Wait()
}

func BenchmarkMillionRows(b *testing.B) {
	_, s, l := shop(b)
	c, err := postgres.Driver{}.Open(b.Context(), s, l, loopback)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	for b.Loop() {
		rows, err := c.Query(b.Context(), "SELECT n, n * 1.5::float8, 'row ' || n, now(), (n % 1000)::numeric(10,2) FROM generate_series(1, 1000000) AS n", warehouse.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		for err == nil {
			_, err = rows.Next(b.Context())
		}
		_ = rows.Close()
	}
}

func BenchmarkPoint(b *testing.B) {
	_, s, l := shop(b)
	p := warehouse.NewPool(map[product.Engine]warehouse.Driver{product.PostgreSQL: postgres.Driver{}}, loopback, warehouse.Bounds{})
	defer p.Close()
	for i := 0; b.Loop(); i++ {
		lease, err := p.Acquire(b.Context(), "k", s, l)
		if err != nil {
			b.Fatal(err)
		}
		sql := fmt.Sprintf("SELECT id, name, note FROM customers WHERE id = %d", i)
		if _, err := lease.Analyze(b.Context(), sql); err != nil {
			b.Fatal(err)
		}
		rows, err := lease.Query(b.Context(), sql, warehouse.Limits{Rows: 1000})
		if err != nil {
			b.Fatal(err)
		}
		for err == nil {
			_, err = rows.Next(b.Context())
		}
		_ = rows.Close()
		lease.Release()
	}
}

// Which function lower(x) is depends on the search path: an owner's own
// overload would run in place of PostgreSQL's.
func TestACallThatAnOverloadCouldAnswerNamesTheOverload(t *testing.T) {
	a, s, l := shop(t)
	a.Exec(t, "CREATE FUNCTION public.lower(int) RETURNS text LANGUAGE sql AS $$ SELECT 'mine' $$")
	c := open(t, s, l)
	for sql, want := range map[string]string{
		"SELECT lower(1)": "public", "SELECT upper('a')": "", "SELECT s.lower FROM generate_series(1, 1) s": "public",
	} {
		f, err := c.Analyze(t.Context(), sql)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, fn := range f.Functions {
			got += fn.Schema
		}
		if got != want {
			t.Errorf("%s: functions %+v, want schema %q", sql, f.Functions, want)
		}
	}
}
