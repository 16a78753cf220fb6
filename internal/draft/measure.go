package draft

import (
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/semantic"
)

// Bounds of what is proposed: a list that nobody reads helps nobody.
const (
	mostOfTable = 6
	mostMetrics = 200
)

// metrics proposes measures of the tables that things happen in: those with a
// time, or that lead to others. Each is marked as a guess.
func (d *drafter) metrics() *yaml.Node {
	out, taken := mapOf(), map[string]bool{}
	for _, st := range d.schema.Tables {
		t, ok := d.model.Table(st.RecordSet)
		if !ok || st.View || !d.happens(t) {
			continue
		}
		for i, p := range d.proposed(t) {
			if i >= mostOfTable || len(out.Content) >= 2*mostMetrics {
				break
			}
			key := p.key
			if taken[key] {
				key = snake(t.Label) + "_" + key
			}
			if taken[key] {
				continue
			}
			taken[key] = true
			add(out, key, p.node)
		}
	}
	return out
}

// happens reports whether a table has a time or leads to another.
func (d *drafter) happens(t *semantic.Table) bool {
	for _, j := range d.model.Joins {
		if strings.EqualFold(j.From, t.Name) {
			return true
		}
	}
	return t.TimeColumn != ""
}

type proposal struct {
	key  string
	node *yaml.Node
}

// proposed are a count of rows where a key tells them apart, sums of what may
// be summed, and means of what may not.
func (d *drafter) proposed(t *semantic.Table) (out []proposal) {
	name := func(c string) string { return d.ident(t.Name) + "." + d.ident(c) }
	if len(t.PrimaryKey) == 1 {
		key := t.PrimaryKey[0]
		out = append(out, d.metric("Number of "+t.Label, "Rows of "+t.Name+".", "count("+name(key)+")", t.Name+"."+key, semantic.Additive, ""))
	}
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Role != semantic.Measured || c.Class != semantic.Numeric {
			continue
		}
		if c.Additive == semantic.NonAdditive {
			out = append(out, d.metric(called("Average", c.Label), "Mean of "+t.Name+"."+c.Name+".", "avg("+name(c.Name)+")", t.Name+"."+c.Name, c.Additive, unit(c.Name)))
		} else {
			out = append(out, d.metric(called("Total", c.Label), "Sum of "+t.Name+"."+c.Name+".", "sum("+name(c.Name)+")", t.Name+"."+c.Name, c.Additive, unit(c.Name)))
		}
	}
	return out
}

// called puts a word before a label that does not begin with it.
func called(word, label string) string {
	first, rest, _ := strings.Cut(label, " ")
	switch {
	case !strings.EqualFold(first, word):
		return word + " " + label
	case rest == "":
		return word
	}
	return word + " " + rest
}

func (d *drafter) metric(label, description, expression, column string, a semantic.Additivity, unit string) proposal {
	m := mapOf("displayName", text(label), "description", text(description), "expression", text(expression), "type", text(string(semantic.Numeric)),
		"columns", list([]string{column}), "x-postern-additivity", text(string(a)))
	say(m, "x-postern-unit", unit)
	add(m, "x-postern-inferred", flag(true))
	return proposal{snake(label), m}
}

func snake(label string) string {
	return strings.ReplaceAll(semantic.Words(label), " ", "_")
}

// units by the word for them in a column's name.
var units = map[string]string{
	"usd": "USD", "eur": "EUR", "gbp": "GBP", "jpy": "JPY", "chf": "CHF", "dollars": "USD", "euros": "EUR", "cents": "cents",
	"pct": "percent", "percent": "percent", "percentage": "percent",
	"km": "km", "kilometers": "km", "kilometres": "km", "miles": "miles", "meters": "m", "metres": "m", "cm": "cm", "mm": "mm", "feet": "feet", "ft": "feet", "inches": "inches",
	"kg": "kg", "kilograms": "kg", "grams": "g", "lb": "lb", "lbs": "lb", "tons": "t", "tonnes": "t",
	"ms": "ms", "millis": "ms", "milliseconds": "ms", "seconds": "s", "secs": "s", "minutes": "minutes", "mins": "minutes", "hours": "hours", "hrs": "hours", "days": "days", "weeks": "weeks", "months": "months", "years": "years",
	"bytes": "bytes", "kb": "kB", "mb": "MB", "gb": "GB", "celsius": "°C", "fahrenheit": "°F", "mph": "mph", "kph": "km/h", "kmh": "km/h", "kw": "kW", "kwh": "kWh", "mwh": "MWh",
	"sqft": "square feet", "sqm": "m²", "hectares": "ha", "acres": "acres", "liters": "l", "litres": "l", "gallons": "gallons",
}

// unit is what a column's name says its numbers are of.
func unit(name string) string {
	words := strings.Fields(semantic.Words(name))
	for i := len(words) - 1; i >= 0; i-- {
		if u := units[words[i]]; u != "" {
			return u
		}
	}
	return ""
}

// Model is the model of a Named schema, before anything was looked at.
func Model(s product.Schema, e product.Engine) *semantic.Model {
	return semantic.FromSchema(s, semantic.DialectOf(e))
}
