package rank

import (
	"strings"
	"unicode"

	"github.com/kljensen/snowball/english"
	"golang.org/x/text/unicode/norm"
)

// mostWords bounds a query: what follows is not looked for.
const mostWords = 64

// term is a word of a query.
type term struct {
	word   string  // folded
	stem   string  // as the index knows it
	weight float64 // repeated words weigh more
}

// queryTerms are the words of a query. Words like "of" and "which" are in
// everything, and count only where there are no others.
func queryTerms(q string) []term {
	all := fold(q)
	all = all[:min(len(all), mostWords)]
	var told []term
	for _, stops := range []bool{false, true} {
		at := map[string]int{}
		for _, w := range all {
			if english.IsStopWord(w) != stops {
				continue
			}
			s := stem(w)
			if i, ok := at[s]; ok {
				told[i].weight++
				continue
			}
			at[s] = len(told)
			told = append(told, term{w, s, 1})
		}
		if len(told) > 0 {
			break
		}
	}
	return told
}

// wordsOf are the words of a text as the index keeps them. Texts of one index
// say the same words over and over.
func (x *Index) wordsOf(text string) []string {
	words := fold(text)
	for i, w := range words {
		s, known := x.stems[w]
		if !known {
			s = stem(w)
			x.stems[w] = s
		}
		words[i] = s
	}
	return words
}

func stem(w string) string { return english.Stem(w, true) }

// fold splits a text into words in lower case and without accents. An
// identifier of several words (order_items, orderItems, item2) gives each, and
// itself as one; a script without spaces gives each character.
func fold(text string) (words []string) {
	for _, run := range strings.FieldsFunc(plain(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' }) {
		parts := split([]rune(run))
		for _, p := range parts {
			words = append(words, strings.ToLower(p))
		}
		if len(parts) > 1 && !spaceless([]rune(run)[0]) {
			words = append(words, strings.ToLower(strings.Join(parts, "")))
		}
	}
	return words
}

// plain takes off accents and apostrophes.
func plain(text string) string {
	ascii := true
	for i := range len(text) {
		ascii = ascii && text[i] < 128 && text[i] != '\''
	}
	if ascii {
		return text
	}
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) || r == '\'' || r == '’' {
			return -1
		}
		return r
	}, norm.NFKD.String(text))
}

// split cuts an identifier where a word begins in it.
func split(r []rune) (parts []string) {
	start := 0
	cut := func(end int) {
		if end > start {
			parts = append(parts, string(r[start:end]))
		}
		start = end
	}
	for i := range r {
		switch {
		case r[i] == '_':
			cut(i)
			start = i + 1
		case i == start:
		case spaceless(r[i]) || spaceless(r[i-1]),
			unicode.IsDigit(r[i]) != unicode.IsDigit(r[i-1]),
			unicode.IsUpper(r[i]) && unicode.IsLower(r[i-1]),
			unicode.IsUpper(r[i]) && unicode.IsUpper(r[i-1]) && i+1 < len(r) && unicode.IsLower(r[i+1]):
			cut(i)
		}
	}
	cut(len(r))
	return parts
}

// spaceless tells scripts that write no spaces between words.
func spaceless(r rune) bool {
	return r > 0xe00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
}
