package tool

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/chart"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/semantic"
)

// ColumnFacts gives the columns of a result what the product says of them, by
// their names: titles, units, and whether sums over them mean something. A
// name that two tables use for different things says nothing.
func ColumnFacts(pr product.Product, cols []chart.Column) {
	ModelFacts(semantic.FromProduct(pr), cols)
}

// ModelFacts is ColumnFacts for a model that is at hand.
func ModelFacts(m *semantic.Model, cols []chart.Column) {
	for i := range cols {
		c := &cols[i]
		if ms, ok := m.Measure(c.Name); ok {
			c.Title, c.Unit, c.Sums = ms.Label, ms.Unit, additive(ms.Additive)
			if c.Role == "" {
				c.Role = chart.Measure
			}
			continue
		}
		if known := columnsNamed(m, c.Name); len(known) > 0 {
			k := known[0]
			if agree(known, func(k *semantic.Column) string { return k.Label }) {
				c.Title = k.Label
			}
			if agree(known, func(k *semantic.Column) string { return k.Unit }) {
				c.Unit = k.Unit
			}
			if c.Type == "integer" && agree(known, func(k *semantic.Column) string { return string(k.Role) }) && (k.Role == semantic.Key || k.Role == semantic.Foreign) {
				c.Role = chart.Role(k.Role)
			}
			continue
		}
		aggregateFacts(m, c)
	}
}

// aggregates are how aggregates of columns are named, by people and by
// Postern's own compiler.
var aggregates = []struct{ prefix, title, sums string }{
	{"avg", "Average", "no"}, {"average", "Average", "no"}, {"mean", "Average", "no"}, {"median", "Median", "no"}, {"sum", "Total", "yes"}, {"total", "Total", "yes"},
	{"min", "Minimum", "no"}, {"max", "Maximum", "no"}, {"minimum", "Minimum", "no"}, {"maximum", "Maximum", "no"},
}

func aggregateFacts(m *semantic.Model, c *chart.Column) {
	for _, a := range aggregates {
		rest, ok := strings.CutPrefix(strings.ToLower(c.Name), a.prefix+"_")
		if !ok {
			continue
		}
		known := columnsNamed(m, rest)
		if len(known) == 0 {
			return
		}
		c.Sums = a.sums
		if agree(known, func(k *semantic.Column) string { return k.Unit }) {
			c.Unit = known[0].Unit
		}
		if agree(known, func(k *semantic.Column) string { return k.Label }) && known[0].Label != "" {
			c.Title = a.title + " " + known[0].Label
		}
		return
	}
}

func columnsNamed(m *semantic.Model, name string) (out []*semantic.Column) {
	for i := range m.Tables {
		if c, ok := m.Tables[i].Column(name); ok {
			out = append(out, c)
		}
	}
	return out
}

func agree(cols []*semantic.Column, of func(*semantic.Column) string) bool {
	return !slices.ContainsFunc(cols, func(c *semantic.Column) bool { return of(c) != of(cols[0]) })
}

func additive(a semantic.Additivity) string {
	switch a {
	case semantic.Additive:
		return "yes"
	case semantic.SemiAdditive, semantic.NonAdditive:
		return "no"
	}
	return ""
}
