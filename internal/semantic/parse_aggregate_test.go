package semantic_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/semantic"
)

// measured reads one metric of two record sets.
func measured(t *testing.T, expression, columns string) semantic.Measure {
	t.Helper()
	p, err := product.Parse(fmt.Appendf(nil, `
product:
  productId: trips
  version: 1.0.0
  contactEmail: a@example.com
  contactName: A
  en: {name: Trips, description: Trips}
  deliverySystems:
    wh: {type: sql, uri: "postgresql://h/db"}
  recordSets:
    trips:
      name: trips
      schema: [{name: id, type: numeric}, {name: miles, type: numeric}, {name: late, type: boolean}, {name: kind, type: text}]
      dataAccess: [{type: SQL, qualifiedName: {schema: public, table: trips}}]
    cars:
      name: cars
      schema: [{name: id, type: numeric}, {name: old, type: boolean}]
      dataAccess: [{type: SQL, qualifiedName: {schema: public, table: cars}}]
  metadata:
    metrics:
      m: {displayName: M, description: d, expression: %q, columns: [%s]}
`, expression, columns))
	if err != nil {
		t.Fatal(err)
	}
	return semantic.FromProduct(p).Measures[0]
}

func TestAMeasureMayCountSomeOfItsRows(t *testing.T) {
	late := semantic.Compare{Left: semantic.Ref{Set: "trips", Column: "late"}, Op: semantic.Eq, Right: semantic.Value{Class: semantic.Boolean, Text: "true"}}
	all := semantic.Aggregate{Op: semantic.Count, Of: semantic.Rows{Set: "trips"}}
	lateRows := semantic.Aggregate{Op: semantic.Count, Of: semantic.Rows{Set: "trips"}, Where: late}
	miles := semantic.Ref{Set: "trips", Column: "miles"}
	for expression, want := range map[string]semantic.Expr{
		"count(*)":                                                     all,
		"COUNT(*) FILTER (WHERE trips.late)":                           lateRows,
		"count(*) filter (where late = true)":                          lateRows,
		"sum(miles) FILTER (WHERE trips.late)":                         semantic.Aggregate{Op: semantic.Sum, Of: miles, Where: late},
		"sum(CASE WHEN trips.late THEN trips.miles END)":               semantic.Aggregate{Op: semantic.Sum, Of: miles, Where: late},
		"sum(case when late then miles else 0 end)":                    semantic.Aggregate{Op: semantic.Sum, Of: miles, Where: late},
		"avg(CASE WHEN late THEN miles END)":                           semantic.Aggregate{Op: semantic.Avg, Of: miles, Where: late},
		"sum(CASE WHEN late THEN 1 ELSE 0 END)":                        lateRows,
		"avg(CASE WHEN trips.late THEN 1.0 ELSE 0.0 END)":              semantic.Arith{Op: "/", Left: lateRows, Right: all},
		"count(*) FILTER (WHERE late AND kind IS NOT NULL) / count(*)": semantic.Arith{Op: "/", Left: semantic.Aggregate{Op: semantic.Count, Of: semantic.Rows{Set: "trips"}, Where: semantic.And{late, semantic.Not{Cond: semantic.Null{Of: semantic.Ref{Set: "trips", Column: "kind"}}}}}, Right: all},
		"avg(CASE WHEN late THEN miles ELSE 0 END)":                    nil, // the mean of other rows than it seems
		"sum(CASE WHEN late THEN miles ELSE -1 END)":                   nil,
		"count(CASE WHEN late THEN 1 ELSE 0 END)":                      nil, // counts all
		"sum(CASE WHEN late THEN 1 WHEN miles > 1 THEN 2 END)":         nil,
		"sum(CASE WHEN trips.late OR cars.old THEN 1 ELSE 0 END)":      nil,
		"sum(CASE WHEN late THEN miles":                                nil,
		"count(*) FILTER (WHERE kind)":                                 nil,
	} {
		if d := cmp.Diff(want, measured(t, expression, "trips.id").Expr); d != "" {
			t.Errorf("%s: %s", expression, d)
		}
	}
}

func TestRowsAreCountedOfTheMeasuresOwnRecordSet(t *testing.T) {
	for columns, want := range map[string]string{"trips.id": "trips", "cars.id, cars.old": "cars", "trips.id, cars.id": "", "": ""} {
		m := measured(t, "count(*)", columns)
		if m.Table != want || (m.Expr == nil) != (want == "") {
			t.Errorf("%s: %q %v", columns, m.Table, m.Expr)
		}
	}
}
