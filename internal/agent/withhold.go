package agent

import (
	"regexp"
	"strings"
)

// errorWords are what warehouses and the form of semantic queries say when they
// refuse one, apart from names and values. What a column of states would hold
// (open, closed, paid) is not among them.
var errorWords = setOf(`a about absolute again agg aggregate aggregates alias all allow also ambiguous an and another any appear are argument arguments
	arithmetic as at attempt be before begins between binder binding bindings boolean both but by call caller candidate cannot cast
	catalog clause clear column columns compare compares comparison condition conditions contains control conversion convert could
	current data date days deep did dimension dimensions divide division do does done down duplicate each either empty end error
	exactly except exist exists expected explicit expression expressions extract false field fields filter filters find first for form found
	from function functions give given gives goes grain greater group grouping has have having hint holds if implicit in incomplete
	input integer intersect interval into invalid is it its join joins keep key keys knows least left less limit line list lists
	literal locked match mean meant measure measures metric metrics missing misuse month months more most must name named names near
	need needs neither nested no nor not now null number numeric of on one only operator or order orders out outside over overflow
	overlap own parameter parameters parser per percent period permission policy possible product query range read reads record
	referenced refused refuses require required requires result return right row rows run runs say scalar schema select semantic set
	several should show shown side single sql starts statement stops string subquery such sum supported syntax table tables take takes
	text than that the then there this time timestamp to too tree true two type types undefined unexpected union unique unknown
	unrecognized unsupported until use used uses using valid value values varchar verified warehouse was way weekday were when where
	which whose window with within without write written wrong year years yet you your`)

func setOf(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(s) {
		out[w] = true
	}
	return out
}

var wordsAndQuotes = regexp.MustCompile("[\\p{L}\\p{M}\\p{N}_]+|[\"'`]")

// Words is what the model wrote or was sent: nothing in it is news to its
// provider.
type Words map[string]bool

// Add adds the words of a text.
func (w Words) Add(text string) {
	for _, word := range wordsAndQuotes.FindAllString(text, -1) {
		w[strings.ToLower(word)] = true
	}
}

// Withhold takes out of an error's text every word that is not a warehouse's
// own and that the model has not seen: errors quote cells ("invalid input
// syntax for type integer: 'Smith'"). In quotes only seen words stay.
func (w Words) Withhold(text string) string {
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
