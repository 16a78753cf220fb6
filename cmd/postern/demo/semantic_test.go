//go:build cgo && duckdb_arrow

package demo_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/cmd/postern/demo"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/semantic"
	"github.com/postern/postern/internal/semantic/form"
)

// TestSemanticQueriesPassTheLocksAndGiveWhatSQLByHandGives asks the demo in
// measures and dimensions.
func TestSemanticQueriesPassTheLocksAndGiveWhatSQLByHandGives(t *testing.T) {
	f, c := warehouseOf(t)
	asked := map[string]map[string]string{
		demo.Flights: {
			`{"measures":["flights","average_arrival_delay"],"dimensions":["airlines.name"],"order":["airlines.name"]}`:                                                               "SELECT name, count(*), avg(arrival_delay) FROM flights JOIN airlines USING (carrier) GROUP BY name ORDER BY name",
			`{"measures":["on_time_rate"],"time":{"grain":"quarter"}}`:                                                                                                                "SELECT year(departs) || '-Q' || quarter(departs) AS q, avg(CASE WHEN arrival_delay < 15 THEN 1.0 ELSE 0.0 END) FROM flights GROUP BY q ORDER BY q",
			`{"measures":["count(flights)"],"dimensions":["origin_airport.name"],"filters":[{"column":"destination_airport.name","op":"contains","value":"logan"}],"order":["name"]}`: "SELECT o.name, count(*) FROM flights JOIN airports o ON o.airport = origin JOIN airports d ON d.airport = destination WHERE d.name ILIKE '%logan%' GROUP BY o.name ORDER BY o.name",
			`{"measures":["flights"],"time":{"grain":"month","from":"2013-06","to":"2013-08","compare":"previous_period"}}`:                                                           "SELECT m, n, p, (n - p) / p * 100 FROM (SELECT strftime(departs, '%Y-%m') AS m, count(*) AS n, lag(count(*)) OVER (ORDER BY strftime(departs, '%Y-%m')) AS p FROM flights GROUP BY m) WHERE m BETWEEN '2013-06' AND '2013-08' ORDER BY m",
			`{"dimensions":["airlines.name"],"filters":[{"not_exists":"flights","filters":[{"column":"flights.origin","value":"LGA"}]}],"order":["name"]}`:                            "SELECT name FROM airlines WHERE carrier NOT IN (SELECT carrier FROM flights WHERE origin = 'LGA') ORDER BY name",
			`{"dimensions":["flights.origin","flights.carrier"],"measures":["flights"],"order":["flights desc"],"limit":1,"per":["flights.origin"]}`:                                  "SELECT origin, carrier, count(*) FROM flights GROUP BY origin, carrier QUALIFY row_number() OVER (PARTITION BY origin ORDER BY count(*) DESC) = 1 ORDER BY 3 DESC",
		},
		demo.Weather: {
			`{"measures":["average_temperature"],"time":{"column":"weather.hour","grain":"month"}}`: "SELECT strftime(hour, '%Y-%m') AS m, avg(temperature) FROM weather GROUP BY m ORDER BY m",
		},
	}
	for id, queries := range asked {
		p, err := product.Parse(f.Specs[id])
		if err != nil {
			t.Fatal(err)
		}
		m := semantic.FromProduct(p)
		m.Infer()
		for text, by := range queries {
			filled, err := form.Fill(json.RawMessage(text), m)
			if err != nil {
				t.Errorf("%s: %v", text, err)
				continue
			}
			s, err := semantic.Compile(filled.Query, m, m.Dialect)
			if err != nil || len(s.Ambiguous) > 0 {
				t.Errorf("%s: %v %v", text, err, s.Ambiguous)
				continue
			}
			run, err := judged(t, c, p, s.SQL)
			if err != nil {
				t.Errorf("%s: %v\n%s", text, err, s.SQL)
				continue
			}
			want, got := rows(t, c, by), rows(t, c, run)
			if d := cmp.Diff(want, got); d != "" || len(want) == 0 {
				t.Errorf("%s: %s\n%s", text, d, s.SQL)
			}
		}
	}
}
