package lexicon

import "strings"

// addOrders enters "in an ascending manner", "sorted in the order of", "most
// widely used" and their like, where no line of phrases has them.
func addOrders(m map[string]Phrase) {
	enter := func(words string, p Phrase) {
		if _, ok := m[words]; !ok && len(strings.Fields(words)) <= MaxPhrase {
			m[words] = p
		}
	}
	for _, d := range []struct{ arg, words string }{
		{"asc", "ascending increasing rising ascendant"},
		{"desc", "descending decreasing falling descendant reverse reversed"},
		{"abc", "alphabetical alphabetic lexicographical lexicographic alphabetically"},
	} {
		for w := range strings.FieldsSeq(d.words) {
			for _, noun := range []string{"order", "manner", "fashion", "sequence", "way"} {
				for _, before := range []string{"", "in ", "in an ", "in a ", "in the ", "by ", "an ", "a ", "list in ", "listed in ", "sorted in ", "ordered in ", "arranged in ", "show in ", "displayed in "} {
					for _, after := range []string{"", " of", " by", " of the", " based on", " according to"} {
						enter(before+w+" "+noun+after, Phrase{Direction, d.arg})
					}
				}
			}
		}
	}
	for _, az := range []string{"from a to z", "a to z", "a-z", "from a - z"} {
		enter(az, Phrase{Direction, "abc"})
	}
	for _, za := range []string{"z to a", "z-a"} {
		enter(za, Phrase{Direction, "desc"})
	}
	for v := range strings.FieldsSeq("sort sorted sorting order ordered ordering arrange arranged arranging rank ranked ranking list listed listing") {
		ing := strings.HasSuffix(v, "ing")
		for _, after := range []string{"by", "by the order of", "in the order of", "in order of", "by order of", "based on", "according to", "with respect to", "in accordance with", "on the basis of"} {
			enter(v+" "+after, Phrase{Sort, ""})
			enter(v+" "+after+" the", Phrase{Sort, ""})
			enter("and "+v+" "+after, Phrase{Sort, ""})
			for _, what := range []string{"them", "it", "the list", "the result", "the results", "results", "the rows", "the records", "the output", "the answer", "the answers"} {
				if !strings.HasSuffix(v, "ed") || ing {
					enter(v+" "+what+" "+after, Phrase{Sort, ""})
					enter("and "+v+" "+what+" "+after, Phrase{Sort, ""})
				}
			}
		}
	}
	for _, s := range []struct{ arg, words string }{{"max", "most"}, {"min", "least less"}} {
		for w := range strings.FieldsSeq(s.words) {
			for adverb := range strings.FieldsSeq("widely commonly frequently often heavily regularly popularly typically usually generally") {
				for _, before := range []string{"", "the "} {
					if adverb != "heavily" && adverb != "widely" {
						enter(before+w+" "+adverb, Phrase{Frequent, s.arg})
					}
					for _, done := range []string{"used", "seen", "found", "occurring", "chosen", "selected", "encountered", "appearing", "mentioned"} {
						enter(before+w+" "+adverb+" "+done, Phrase{Frequent, s.arg})
						enter(before+w+" "+adverb+"-"+done, Phrase{Frequent, s.arg})
					}
				}
			}
		}
	}
}
