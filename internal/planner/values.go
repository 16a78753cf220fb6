package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
)

// Values finds where a text of the question is a value of the data. The
// caller provides it, read under the asking credential, so that a value the
// caller may not see never surfaces.
type Values interface {
	// Find gives the places of a text, compared folded, then by lemmas.
	Find(text string) []Hit
}

// Hit is a column that holds a value. Exact hits differ from the question in
// case at most.
type Hit struct {
	Table  string
	Column string
	Value  string // as stored
	Exact  bool
}

// Dictionary is Values in memory, filled by Add.
type Dictionary struct{ hits map[string][]Hit }

// maxValue is the longest text that is looked for in a question.
const maxValue = 80

// Add enters one distinct value of a column.
func (d *Dictionary) Add(table, column, value string) {
	if len(value) > maxValue || strings.TrimSpace(value) == "" {
		return
	}
	if d.hits == nil {
		d.hits = map[string][]Hit{}
	}
	folded := lexicon.Fold(value)
	d.put(folded, Hit{table, column, value, true})
	if l := lemmas(folded); l != folded {
		d.put(l, Hit{table, column, value, false})
	}
}

func (d *Dictionary) put(key string, h Hit) {
	for _, o := range d.hits[key] {
		if o.Table == h.Table && o.Column == h.Column && o.Value == h.Value {
			return
		}
	}
	d.hits[key] = append(d.hits[key], h)
}

// Find implements Values.
func (d *Dictionary) Find(text string) []Hit {
	folded := lexicon.Fold(text)
	hits := d.hits[folded]
	if len(hits) == 0 {
		hits = d.hits[lemmas(folded)]
	}
	return slices.Clone(hits)
}

func lemmas(folded string) string {
	words := strings.FieldsFunc(folded, func(r rune) bool { return r == ' ' || r == '-' || r == '_' || r == '.' || r == ',' })
	for i, w := range words {
		words[i] = lexicon.Lemma(w)
	}
	return strings.Join(words, " ")
}
