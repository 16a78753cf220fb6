package agent

import (
	"regexp"
	"strings"
)

// errorWords are what warehouses say when they refuse a statement, apart from
// names and values.
var errorWords = setOf(`a absolute aggregate aggregates alias all also ambiguous an and any appear are argument arguments as at attempt
	be before binder binding bindings boolean but by call candidate cannot cast catalog clause close closed column columns conversion convert could
	current data date denied did divide division does done double duplicate each either empty end error exactly exist exists expected explicit expression
	field fields find for found from function functions given group grouping has have having hint implicit in incomplete input integer interval invalid
	is it join key left limit line list literal locked match maybe mean meant misuse missing more most must name named names near need needs no not
	null number numeric of on one only operator or order out outside over overflow parameter parser permission possible product query range record
	referenced refused result return right row rows scalar schema select set several side single sql statement string subquery such sum supported syntax
	table tables takes text than that the there this time timestamp to too type types undefined unexpected unique unknown unrecognized unsupported
	use used uses using valid value values varchar was were when where which window with within without wrong you your`)

func setOf(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(s) {
		out[w] = true
	}
	return out
}

var wordsAndQuotes = regexp.MustCompile("[\\p{L}\\p{M}\\p{N}_]+|[\"'`]")

// words is what the model wrote or was sent: nothing in it is news to its
// provider.
type words map[string]bool

func (w words) add(text string) {
	for _, word := range wordsAndQuotes.FindAllString(text, -1) {
		w[strings.ToLower(word)] = true
	}
}

// withhold takes out of an error's text every word that is not a warehouse's
// own and that the model has not seen: errors quote cells ("invalid input
// syntax for type integer: 'Smith'"). In quotes only seen words stay.
func (w words) withhold(text string) string {
	quote := ""
	return wordsAndQuotes.ReplaceAllStringFunc(text, func(word string) string {
		switch word {
		case `"`, `'`, "`":
			if quote == "" {
				quote = word
			} else if quote == word {
				quote = ""
			}
			return word
		}
		low := strings.ToLower(word)
		if w[low] || quote == "" && errorWords[low] {
			return word
		}
		return "…"
	})
}
