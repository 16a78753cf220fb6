package search_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/product/search"
)

func shelf() []product.Product {
	return []product.Product{
		{ID: "shop:sales", Name: "Sales", Description: "Orders of the web shop",
			RecordSets: []product.RecordSet{{Key: "o", Name: "t_ord", DisplayName: "Orders", Columns: []product.Column{{Name: "amt", Description: "Order value in euro"}, {Name: "homeCity"}}}},
			Metrics:    []product.Metric{{Key: "revenue", DisplayName: "Revenue"}},
			Verified:   []product.VerifiedQuery{{Name: "v", Question: "Who is our best customer?"}},
			Spec: json.RawMessage(`{"product":{"recordSets":{"o":{"schema":[{"x-postern-synonyms":["turnover"]}]}},
				"x-postern-filters":[{"name":"overdue"}]}}`)},
		{ID: "hr:people", Name: "People", ShortDescription: "Staff and their salaries"},
		{ID: "air:flights", Name: "Flights", Description: "Departures, delays and who is to blame for orders to wait"},
	}
}

func TestProductsAreFoundByAllThatTheirSpecsSay(t *testing.T) {
	for query, want := range map[string]string{
		"orders":            "shop:sales(description,table t_ord,column t_ord.amt) air:flights(description)",
		"home cities":       "shop:sales(column t_ord.homeCity)",
		"turnover":          "shop:sales(column t_ord.amt)",
		"revenues":          "shop:sales(metric revenue)",
		"overdue":           "shop:sales(filter overdue)",
		"best customers":    "shop:sales(verified query v)",
		"salary":            "hr:people(description)",
		"hr":                "hr:people(id)",
		"flight delays":     "air:flights(name,id,description)",
		"zebra":             "",
		"  ":                "air:flights() hr:people() shop:sales()",
		"people and orders": "hr:people(name,id) shop:sales(description,table t_ord,column t_ord.amt) air:flights(description)",
	} {
		var got []string
		for _, h := range search.Products(shelf(), query) {
			got = append(got, h.Product.ID+"("+strings.Join(h.Matched, ",")+")")
		}
		if d := cmp.Diff(want, strings.Join(got, " ")); d != "" {
			t.Errorf("%q: %s", query, d)
		}
	}
}

func BenchmarkThousandProducts(b *testing.B) {
	var all []product.Product
	for i := range 1000 {
		p := shelf()[0]
		p.ID = fmt.Sprint("p", i)
		for c := range 60 {
			p.RecordSets[0].Columns = append(p.RecordSets[0].Columns, product.Column{Name: fmt.Sprint("column_", c), Description: "What it holds"})
		}
		all = append(all, p)
	}
	b.ResetTimer()
	for b.Loop() {
		search.Products(all, "orders by city")
	}
}
