package describe

import (
	"cmp"
	"slices"
	"strings"

	"github.com/postern/postern/internal/rank"
	"github.com/postern/postern/internal/semantic"
)

// mostMatches bounds the values that are listed as matching.
const mostMatches = 20

// mostIndexed bounds the values of a column that are looked through.
const mostIndexed = 2_000

// What a word counts by where it stands.
const (
	inName, inSynonym, inColumn, inValue, inText = 4, 4, 2, 2, 1
)

// Index finds a model's tables by words. values gives the texts of a column,
// as far as they are known.
func Index(m *semantic.Model, values func(*semantic.Table, *semantic.Column) []string) *rank.Index {
	x := rank.New()
	for i := range m.Tables {
		t := &m.Tables[i]
		fields := []rank.Field{
			{Name: "name", Text: t.Name, Weight: inName}, {Name: "name", Text: unlike(t.Label, t.Name), Weight: inName},
			{Name: "synonym", Text: strings.Join(t.Synonyms, ", "), Weight: inSynonym},
			{Name: "description", Text: t.Description, Weight: inText},
		}
		for j := range t.Columns {
			fields = append(fields, columnFields(&t.Columns[j], values(t, &t.Columns[j]))...)
		}
		for _, x := range m.Measures {
			if x.Table == t.Name {
				words := strings.Join(append([]string{x.Name, x.Label, x.Description}, x.Synonyms...), ", ")
				fields = append(fields, rank.Field{Name: "metric", Text: words, Weight: inColumn})
			}
		}
		x.Add(t.Name, fields...)
	}
	return x.Done()
}

func columnFields(c *semantic.Column, values []string) []rank.Field {
	fields := []rank.Field{
		{Name: "column", Of: c.Name, Text: c.Name, Weight: inColumn},
		{Name: "column", Of: c.Name, Text: unlike(c.Label, c.Name), Weight: inColumn},
		{Name: "column", Of: c.Name, Text: strings.Join(c.Synonyms, ", "), Weight: inColumn},
		{Name: "column text", Of: c.Name, Text: c.Description, Weight: inText},
	}
	for _, v := range values[:min(len(values), mostIndexed)] {
		fields = append(fields, rank.Field{Name: "value", Of: c.Name, Text: v, Weight: inValue})
	}
	return fields
}

// foundColumns says of tables how many words of a query each column holds.
type foundColumns map[string]map[string]int

// mostFound is up to how many columns of a table are told from the others by
// what they match: a word that is in all of them tells nothing.
const mostFound = 20

// best are the columns of a table that match best.
func (f foundColumns) best(table string) map[string]bool {
	most, out := 0, map[string]bool{}
	for _, n := range f[table] {
		most = max(most, n)
	}
	for c, n := range f[table] {
		if n == most {
			out[c] = true
		}
	}
	if len(out) > mostFound {
		return nil
	}
	return out
}

// Rank puts the tables that match first, then those that join to them, and
// lists the values that match. Nothing is left out here: what does not match
// may still be needed. hits are all that Index found.
func (s *Schema) Rank(hits []rank.Hit) {
	place := map[string]int{}
	s.found = foundColumns{}
	shown := map[string]bool{}
	for _, t := range s.Tables {
		shown[t.Name] = true
	}
	hits = slices.DeleteFunc(slices.Clone(hits), func(h rank.Hit) bool { return !shown[h.ID] })
	for i, h := range hits {
		place[h.ID], s.found[h.ID] = i-len(hits), map[string]int{}
		for _, x := range h.Matches {
			if x.Of != "" {
				s.found[h.ID][x.Of] = max(s.found[h.ID][x.Of], x.Words)
			}
		}
	}
	s.Matches = bestMatches(hits)
	for _, j := range s.Joins {
		for _, side := range [2][2]string{{j.From, j.To}, {j.To, j.From}} {
			if place[side[0]] < 0 && place[side[1]] == 0 {
				place[side[1]] = 1 // next to one that matches
			}
		}
	}
	last := func(t schemaTable) int { return cmp.Or(place[t.Name], 2) }
	slices.SortStableFunc(s.Tables, func(a, b schemaTable) int { return last(a) - last(b) })
}

// bestMatches are the values that hold words of the query: of each column
// those with most of them, short ones first.
func bestMatches(hits []rank.Hit) (out []match) {
	words, most := map[match]int{}, map[match]int{}
	for _, h := range hits {
		for _, x := range h.Matches {
			if x.Field != "value" {
				continue
			}
			v, column := match{h.ID, x.Of, cut(x.Text, 80)}, match{h.ID, x.Of, ""}
			out, words[v], most[column] = append(out, v), x.Words, max(most[column], x.Words)
		}
	}
	out = slices.DeleteFunc(out, func(v match) bool { return words[v] < most[match{v.Table, v.Column, ""}] })
	slices.SortStableFunc(out, func(a, b match) int {
		return cmp.Or(words[b]-words[a], len(a.Value)-len(b.Value))
	})
	return out[:min(len(out), mostMatches)]
}
