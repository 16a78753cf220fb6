package lexicon

import "strings"

// known are the words of all phrases, near words and abbreviations.
var known = func() map[string]bool {
	m := map[string]bool{}
	for p := range phrases {
		for w := range strings.FieldsSeq(p) {
			m[w] = true
		}
	}
	for _, list := range []map[string][]string{near, loose} {
		for w := range list {
			m[w] = true
		}
	}
	for _, pairs := range []map[string]string{irregular, abbreviations, numberWords, months} {
		for w := range pairs {
			m[w] = true
		}
	}
	return m
}()

// Known tells words that the lexicon has.
func Known(w string) bool { return known[w] || known[Lemma(w)] }

// Words are all that Known knows, to correct a misspelt word by.
func Words() map[string]bool { return known }

// shortest is the least length of a word that is taken to be misspelt: of
// shorter ones too many differ in one letter.
const shortest = 5

// Misspelt tells that a word is another with one letter too many, missing,
// wrong or in the place of its neighbour, or a long one without two of its
// letters.
func Misspelt(w, right string) bool {
	if n := len(w); n == len(right) && n == shortest-1 && w[0] == right[0] { // tahn
		return w[1] == right[1] && w[2] == right[3] && w[3] == right[2] || w[1] == right[2] && w[2] == right[1] && w[3] == right[3]
	}
	if leftOut(w, right) {
		return true
	}
	if len(w) < shortest || len(right) < shortest || w == right || w[0] != right[0] {
		return false
	}
	if len(w) > len(right) {
		w, right = right, w
	}
	if len(right)-len(w) > 1 {
		return false
	}
	i := 0
	for i < len(w) && w[i] == right[i] {
		i++
	}
	if len(w) < len(right) {
		return w[i:] == right[i+1:]
	}
	if w[i+1:] == right[i+1:] {
		return true
	}
	return i+1 < len(w) && w[i] == right[i+1] && w[i+1] == right[i] && w[i+2:] == right[i+2:]
}

// leftOut tells that a long word is another without two of its letters:
// headquarted, accomdate.
func leftOut(w, right string) bool {
	n := len(w)
	if n < 8 || len(right) != n+2 || w[:2] != right[:2] || w[n-1] != right[n+1] {
		return false
	}
	i := 0
	for j := 0; j < len(right) && i < n; j++ {
		if w[i] == right[j] {
			i++
		}
	}
	return i == n
}
