package lexicon

import "strings"

// qualities are plain adjectives by what they measure, and which way.
var qualities = func() map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(qualityText) {
		measure, words, _ := strings.Cut(line, ":")
		for w := range strings.FieldsSeq(words) {
			m[w] = strings.TrimSpace(measure)
		}
	}
	return m
}()

const qualityText = `max age: old elderly
min age: young
max price: expensive costly pricey dear
min price: cheap inexpensive affordable
max length: long lengthy
min length: short
max height: tall
max weight: heavy
min weight: light lightweight
max speed: fast quick
min speed: slow
max big: large big
min big: small little
max population: populous
max time: recent new late
min time: early
max rating: good
min rating: bad poor
max pay: well-paid
max capacity: spacious roomy
max distance: far distant
max popularity: popular
`

// Quality gives the idea that an adjective measures, and whether more of it is
// more of what the adjective says.
func Quality(adjective string) (desc bool, idea string, ok bool) {
	q, ok := qualities[adjective]
	way, idea, _ := strings.Cut(q, " ")
	return way == "max", idea, ok
}
