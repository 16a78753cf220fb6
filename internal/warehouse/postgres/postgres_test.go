package postgres_test

import (
	"net/netip"
	"testing"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/testpg"
	"github.com/postern/postern/internal/warehouse"
	"github.com/postern/postern/internal/warehouse/postgres"
	"github.com/postern/postern/internal/warehouse/warehousetest"
)

func TestMain(m *testing.M) { testpg.Main(m) }

const password = "correct-horse-battery"

// loopback is what an operator allows with --allow-network 127.0.0.0/8.
var loopback = warehouse.Guarded([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})

// shop gives a database with the Shop tables, and a login that may read them.
func shop(t testing.TB) (testpg.Address, product.Source, warehouse.Login) {
	t.Helper()
	a := testpg.TCP(t)
	user := "reader_" + a.Database
	a.Exec(t, warehousetest.Shop+`
		CREATE ROLE `+user+` LOGIN PASSWORD '`+password+`';
		GRANT ALL ON ALL TABLES IN SCHEMA public TO `+user+`;
		GRANT CREATE ON SCHEMA public TO `+user)
	s := product.Source{Engine: product.PostgreSQL, Host: a.Host, Port: a.Port, Database: a.Database, Params: map[string]string{"sslmode": "disable"}}
	return a, s, warehouse.Login{Username: user, Password: secret.New(password)}
}

func subject(t *testing.T) warehousetest.Subject {
	_, s, l := shop(t)
	return warehousetest.Subject{
		Driver: postgres.Driver{}, Source: s, Login: l, Dial: loopback,
		BadLogin: &warehouse.Login{Username: l.Username, Password: secret.New("wrong-horse-battery")},
		Schema:   "public",
		Series:   "SELECT n FROM generate_series(1, 100000) AS n",
		Slow:     "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b",
		Session:  "SET app.tenant = 'leak'",
		Seen:     "SELECT current_setting('app.tenant', true)",
		Writes: []string{
			"WITH x AS (DELETE FROM customers RETURNING id) SELECT * FROM x",
			"SELECT id INTO eve FROM customers",
			"SELECT id FROM customers FOR UPDATE",
			"EXPLAIN ANALYZE DELETE FROM lines",
			"SELECT 1; DELETE FROM lines",
			"TRUNCATE lines",
			"COPY customers TO STDOUT",
			"COPY customers FROM STDIN",
			"SELECT nextval('s')",
			"DO $$ BEGIN DELETE FROM lines; END $$",
			"REFRESH MATERIALIZED VIEW m",
		},
		Types: types,
	}
}

var types = []warehousetest.Type{
	{SQL: "SELECT true", Arrow: "bool", Want: "true"},
	{SQL: "SELECT (-2)::int2", Arrow: "int32", Want: "-2"},
	{SQL: "SELECT -2147483648", Arrow: "int32", Want: "-2147483648"},
	{SQL: "SELECT -9223372036854775808", Arrow: "int64", Want: "-9223372036854775808"},
	{SQL: "SELECT 4294967295::oid", Arrow: "int64", Want: "4294967295"},
	{SQL: "SELECT 1.5::float4", Arrow: "float32", Want: "1.5"},
	{SQL: "SELECT 1e300::float8", Arrow: "float64", Want: "1e+300"},
	{SQL: "SELECT (-99999999.99)::numeric(10,2)", Arrow: "decimal(10, 2)", Want: "-99999999.99"},
	{SQL: "SELECT 5::numeric(38,0)", Arrow: "decimal(38, 0)", Want: "5"},
	{SQL: "SELECT 12345678901234567890123456789012345.678::numeric(38,3)", Arrow: "decimal(38, 3)", Want: "12345678901234567890123456789012345.678"},
	{SQL: "SELECT 0.001::numeric(3,3)", Arrow: "decimal(3, 3)", Want: "0.001"},
	{SQL: "SELECT 1.50", Arrow: "utf8", Want: "1.50"},
	{SQL: "SELECT 1::numeric(40,2)", Arrow: "utf8", Want: "1.00"},
	{SQL: "SELECT 1234::numeric(3,-2)", Arrow: "utf8", Want: "1200"},
	{SQL: "SELECT 'é'::text", Arrow: "utf8", Want: "é"},
	{SQL: "SELECT 'ab'::char(4)", Arrow: "utf8", Want: "ab  "},
	{SQL: "SELECT DATE '1999-12-31'", Arrow: "date32", Want: "1999-12-31"},
	{SQL: "SELECT TIMESTAMP '2024-02-29 12:34:56.789012'", Arrow: "timestamp[us]", Want: "2024-02-29T12:34:56.789012"},
	{SQL: "SELECT TIMESTAMPTZ '2024-02-29 12:34:56+02'", Arrow: "timestamp[us, tz=UTC]", Want: "2024-02-29T10:34:56Z"},
	{SQL: "SELECT TIME '23:59:59.000001'", Arrow: "time64[us]", Want: "23:59:59.000001"},
	{SQL: "SELECT '\\xdeadbeef'::bytea", Arrow: "binary", Want: "3q2+7w=="},
	{SQL: "SELECT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", Arrow: "utf8", Want: "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
	{SQL: `SELECT '{"a": [1]}'::jsonb`, Arrow: "utf8", Want: `{"a": [1]}`},
	{SQL: "SELECT INTERVAL '1 day 2 hours'", Arrow: "utf8", Want: "1 day 02:00:00"},
	{SQL: "SELECT ARRAY[1,NULL,3]", Arrow: "utf8", Want: "{1,NULL,3}"},
	{SQL: "SELECT '10.0.0.0/8'::inet", Arrow: "utf8", Want: "10.0.0.0/8"},
	{SQL: "SELECT ROW(1,'a')", Arrow: "utf8", Want: "(1,a)"},
	{SQL: "SELECT NULL", Arrow: "utf8", Null: true},
	{SQL: "SELECT NULL::int", Arrow: "int32", Null: true},
	{SQL: "SELECT NULL::numeric(5,2)", Arrow: "decimal(5, 2)", Null: true},
}

func TestPostgreSQL(t *testing.T) { warehousetest.Run(t, subject(t)) }
