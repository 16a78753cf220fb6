// Package search finds data products by words: by what their specs say of
// them, their record sets, columns, metrics and synonyms. It looks at no
// value of any warehouse, and at no product it was not given.
package search

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/rank"
	"github.com/postern/postern/internal/semantic"
)

// Hit is a product that holds a word of the query.
type Hit struct {
	Product product.Product
	Score   float64 // comparable within one search only; 0 without a query
	// Matched says where the words were found, best places first: "name",
	// "table orders", "column orders.city".
	Matched []string
}

// mostMatched bounds what is said of one hit.
const mostMatched = 8

// Products gives those of all that match, best first; all of them by id where
// the query holds no word. Products that match alike are in order of their id.
func Products(all []product.Product, query string) []Hit {
	all = slices.SortedFunc(slices.Values(all), func(a, b product.Product) int { return strings.Compare(a.ID, b.ID) })
	out := make([]Hit, 0, len(all))
	if strings.TrimSpace(query) == "" {
		for _, p := range all {
			out = append(out, Hit{Product: p})
		}
		return out
	}
	x, at := rank.New(), map[string]int{}
	for i, p := range all {
		x.Add(p.ID, fields(p)...)
		at[p.ID] = i
	}
	for _, h := range x.Search(query, 0) {
		out = append(out, Hit{all[at[h.ID]], h.Score, matched(h)})
	}
	return out
}

// matched names the places with most words of the query first, and of those
// the weightier: fields come in that order.
func matched(h rank.Hit) []string {
	slices.SortStableFunc(h.Matches, func(a, b rank.Match) int { return b.Words - a.Words })
	out := []string{}
	for _, m := range h.Matches {
		where := strings.TrimSpace(m.Field + " " + m.Of)
		if !slices.Contains(out, where) && len(out) < mostMatched {
			out = append(out, where)
		}
	}
	return out
}

// fields are a product's texts, the weightiest first.
func fields(p product.Product) []rank.Field {
	m := semantic.FromProduct(p)
	out := []rank.Field{
		{Name: "name", Text: p.Name, Weight: 6}, {Name: "id", Text: p.ID, Weight: 6},
		{Name: "description", Text: p.ShortDescription, Weight: 2}, {Name: "description", Text: p.Description, Weight: 2},
	}
	for _, t := range m.Tables {
		out = append(out, part("table", t.Name, t.Name, 4, t.Label, t.Description, t.Synonyms)...)
	}
	for _, x := range m.Measures {
		out = append(out, part("metric", x.Name, x.Name, 4, x.Label, x.Description, x.Synonyms)...)
	}
	for _, t := range m.Tables {
		for _, c := range t.Columns {
			out = append(out, part("column", t.Name+"."+c.Name, c.Name, 2, c.Label, c.Description, c.Synonyms)...)
		}
	}
	for _, f := range m.Filters {
		out = append(out, part("filter", f.Name, f.Name, 2, f.Label, f.Description, f.Synonyms)...)
	}
	for _, v := range m.Verified {
		out = append(out, part("verified query", v.Name, v.Name, 2, v.Question, "", v.Questions)...)
	}
	return out
}

// part are the texts of a part of a product. What it is called counts weight,
// what is said of it 1.
func part(kind, of, name string, weight float64, label, description string, synonyms []string) []rank.Field {
	return []rank.Field{
		{Name: kind, Of: of, Text: name, Weight: weight},
		{Name: kind, Of: of, Text: label, Weight: weight},
		{Name: kind, Of: of, Text: strings.Join(synonyms, ", "), Weight: weight},
		{Name: kind, Of: of, Text: description, Weight: 1},
	}
}
