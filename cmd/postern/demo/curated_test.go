//go:build cgo && duckdb_arrow

package demo_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"testing"

	"github.com/postern/postern/cmd/postern/demo"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/semantic"
)

// known are the keys that the specs may hold: one that is spelled otherwise
// would be kept and mean nothing.
var known = []string{"x-postern-primary-key", "x-postern-time-column", "x-postern-grain", "x-postern-synonyms", "x-postern-unit", "x-postern-additivity", "x-postern-role",
	"x-postern-values", "x-postern-label", "x-postern-filters", "x-postern-verified-queries"}

func TestWhatTheSpecsMeanIsUnderstood(t *testing.T) {
	f, c := warehouseOf(t)
	for _, id := range []string{demo.Flights, demo.Weather} {
		p, err := product.Parse(f.Specs[id])
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range regexp.MustCompile(`"(x-[a-z-]+)":`).FindAllStringSubmatch(string(p.Spec), -1) {
			if !slices.Contains(known, key[1]) {
				t.Errorf("%s: the key %s means nothing", id, key[1])
			}
		}
		m := semantic.FromProduct(p)
		m.Infer()
		if len(m.Measures) < 10 || len(m.Filters) < 5 || len(m.Verified) < 3 {
			t.Fatalf("%s has %d measures, %d filters, %d verified queries", id, len(m.Measures), len(m.Filters), len(m.Verified))
		}
		answers := func(what, sql string) {
			t.Helper()
			sql, err := judged(t, c, p, sql)
			if err != nil {
				t.Errorf("%s: %s: %v", id, what, err)
				return
			}
			if got := rows(t, c, sql); len(got) == 0 {
				t.Errorf("%s: %s: there are no rows\n%s", id, what, sql)
			}
		}
		for _, x := range m.Measures {
			s, err := semantic.Compile(semantic.Query{From: x.Table, Select: []semantic.Output{{Expr: semantic.MeasureOf{Name: x.Name}}}}, m, m.Dialect)
			if err != nil {
				t.Errorf("%s: the measure %s: %v", id, x.Name, err)
				continue
			}
			answers(x.Name, s.SQL)
		}
		for _, x := range m.Filters {
			s, err := semantic.Compile(semantic.Query{From: x.Table, Select: []semantic.Output{{Expr: semantic.Aggregate{Op: semantic.Count, Of: semantic.Rows{Set: x.Table}}}}, Where: semantic.NamedFilter{Name: x.Name}}, m, m.Dialect)
			if err != nil {
				t.Errorf("%s: the filter %s: %v", id, x.Name, err)
				continue
			}
			answers(x.Name, s.SQL)
		}
		for _, v := range m.Verified {
			sql, err := v.Bind(example(v), m.Dialect)
			if err != nil {
				t.Errorf("%s: the verified query %s: %v", id, v.Name, err)
				continue
			}
			answers(v.Name, sql)
		}
	}
}

// example gives a value to each parameter that has no default.
func example(v semantic.VerifiedQuery) map[string]string {
	values := map[string]string{}
	for _, p := range v.Parameters {
		if p.Default == "" {
			values[p.Name] = map[string]string{"airline": "JetBlue Airways", "airport": "JFK", "day": "2013-07-04"}[p.Name]
		}
	}
	return values
}

func TestEveryColumnIsDescribed(t *testing.T) {
	f, _ := warehouseOf(t)
	for id, spec := range f.Specs {
		p, err := product.Parse(spec)
		if err != nil {
			t.Fatal(err)
		}
		for _, rs := range p.RecordSets {
			for _, c := range rs.Columns {
				if c.Description == "" || c.DisplayName == "" {
					t.Errorf("%s: %s.%s has no description", id, rs.Name, c.Name)
				}
			}
		}
		if !json.Valid(p.Spec) {
			t.Errorf("%s is not done", id)
		}
	}
}
