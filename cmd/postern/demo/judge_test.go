//go:build cgo && duckdb_arrow

package demo_test

import (
	"testing"

	"github.com/postern/postern/cmd/postern/demo"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/warehouse"
)

// judged asks as the gateway does: facts, verdict, and where names were
// replaced, facts and verdict of that too.
func judged(t *testing.T, c warehouse.Conn, p product.Product, sql string) (string, error) {
	t.Helper()
	for _, rewritten := range []bool{false, true} {
		f, err := c.Analyze(t.Context(), sql)
		if err != nil {
			return "", err
		}
		v, err := policy.Judge(f, sql, p, rewritten)
		if err != nil {
			return "", err
		}
		sql = v.SQL
	}
	return sql, nil
}

func TestQuestionsOfABusinessPassTheLocksAndOthersDoNot(t *testing.T) {
	f, c := warehouseOf(t)
	p, err := product.Parse(f.Specs[demo.Flights])
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"SELECT name, round(avg(arrival_delay), 1) AS late FROM flights JOIN airlines USING (carrier) GROUP BY name ORDER BY late DESC LIMIT 5",
		"SELECT month(departs) AS m, count(*) FILTER (WHERE cancelled) AS gone FROM flights GROUP BY m ORDER BY m",
		"WITH far AS (SELECT * FROM flights WHERE distance > 2000) SELECT f.destination, a.name, count(*) FROM far f JOIN airports a ON a.airport = f.destination GROUP BY ALL ORDER BY 3 DESC",
		`SELECT "demo:flights".flights.flight_id FROM "demo:flights".flights LIMIT 1`,
		`SELECT * FROM flights.main.flights LIMIT 3`,
		"SELECT p.manufacturer, median(f.departure_delay) FROM flights f LEFT JOIN planes p ON f.tail_number = p.tail_number GROUP BY 1",
		"SELECT carrier, row_number() OVER (PARTITION BY origin ORDER BY count(*) DESC) FROM main.flights GROUP BY carrier, origin",
		"SELECT date_trunc('month', departs) AS month, sum(CASE WHEN arrival_delay < 15 THEN 1 ELSE 0 END) * 1.0 / count(*) FROM FLIGHTS GROUP BY 1",
		"FROM airlines",
		"SELECT 1",
	} {
		run, err := judged(t, c, p, sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		if len(rows(t, c, run)) == 0 {
			t.Errorf("%s: no rows", sql)
		}
	}
	for sql, lock := range map[string]string{
		"SELECT * FROM weather":                             "tables",
		"SELECT * FROM flights WHERE EXISTS (FROM weather)": "tables",
		"SELECT * FROM duckdb_tables()":                     "functions",
		"SELECT * FROM read_csv('/etc/passwd')":             "functions",
		"SELECT * FROM '/etc/passwd'":                       "tables",
		"SELECT * FROM information_schema.tables":           "tables",
		"DROP TABLE flights":                                "statement",
		"SELECT 1; SELECT 2":                                "statement",
		"SHOW TABLES":                                       "statement",
		"SELECT getvariable('x')":                           "functions",
	} {
		_, err := judged(t, c, p, sql)
		if e := fault.As(err); e == nil || e.Kind != fault.Denied || e.Lock != lock {
			t.Errorf("%s: %+v, want the lock %s", sql, e, lock)
		}
	}
}
