package chart_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/postern/postern/internal/chart"
	"github.com/postern/postern/internal/fault"
)

// strange is a table that nobody meant to draw: columns of every type with
// nulls, infinities, texts in numbers, one value or many, names of all kinds.
func strange(r *rand.Rand) chart.Table {
	names := []string{"a", "a", "", "Year", "month", "weekday", "na.me[0]", "it's", "dep_delay", "total", "id", "日本", strings.Repeat("long ", 60), "x\ny", "<b>", "lat", "lon", "pct_done"}
	types := []string{"integer", "number", "boolean", "string", "date", "timestamp", "time", "binary", "json", "unheard of"}
	units := []string{"", "", "", "USD", "%", "ratio", "miles", "XYZ", "a|b\"c"}
	var t chart.Table
	for range 1 + r.IntN(6) {
		t.Columns = append(t.Columns, chart.Column{Name: names[r.IntN(len(names))], Type: types[r.IntN(len(types))], Unit: units[r.IntN(len(units))], Sums: []string{"", "yes", "no"}[r.IntN(3)]})
	}
	few := 1 + r.IntN(40)
	for range []int{0, 1, 2, 3, 9, 40, 200}[r.IntN(7)] {
		row := make([]any, len(t.Columns))
		for i, c := range t.Columns {
			row[i] = value(r, c.Type, few)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func value(r *rand.Rand, kind string, few int) any {
	if r.IntN(12) == 0 {
		return nil
	}
	n := r.IntN(few)
	switch kind {
	case "integer":
		return []any{int64(n), float64(n), json.Number("12345678901234567890"), int64(-n), int64(2000 + n)}[r.IntN(5)]
	case "number":
		return []any{float64(n) / 7, -float64(n), json.Number("0.000000001"), "NaN", 1e300}[r.IntN(5)]
	case "boolean":
		return n%2 == 0
	case "date":
		return fmt.Sprintf("20%02d-%02d-%02d", n%30, 1+n%12, 1+n%28)
	case "timestamp":
		return fmt.Sprintf("2024-05-%02dT%02d:00:00Z", 1+n%28, n%24)
	case "json":
		return json.RawMessage(`{"a":"</script>"}`)
	}
	return []any{fmt.Sprintf("value %d", n), "", "Monday", "Q1", "65+", "\u202eevil\x00", strings.Repeat("w", 400), "\xff\xfe"}[r.IntN(8)]
}

// Every table gives a chart that may be drawn, or a fault that says why not.
func TestStrangeTablesAreDrawnOrRefused(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	drawn := map[chart.Kind]int{}
	for i := range 4000 {
		tab := strange(r)
		h := chart.Hints{Question: []string{"", "share of it", "top 3", "over time", "distribution", "a versus b", "pie chart", "heat map", "small multiples"}[r.IntN(9)], Dark: r.IntN(4) == 0}
		if r.IntN(3) == 0 {
			h.Intent.Kind = chart.Kinds[r.IntN(len(chart.Kinds))]
		}
		c, err := chart.Recommend(tab, h)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("table %d: %v", i, err)
			}
			continue
		}
		drawn[c.Kind]++
		if c.Marks > 2500 || !json.Valid(c.Spec) || c.Title == "" && len(tab.Columns[0].Name) > 0 {
			t.Errorf("table %d: a %s of %d marks, %q", i, c.Kind, c.Marks, c.Title)
		}
		if i%40 == 0 {
			if err := chart.Check(c.Spec); err != nil {
				t.Errorf("table %d: %v\n%s", i, err, c.Spec)
			}
		}
	}
	for _, k := range chart.Kinds {
		if drawn[k] == 0 {
			t.Errorf("no %s was drawn", k)
		}
	}
}
