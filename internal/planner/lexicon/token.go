// Package lexicon is what the planner knows of English: how a question falls
// into words, which words are one word (plural and singular, abbreviation and
// full form), and which phrases count, compare, order, group or negate. It
// knows nothing of any schema.
package lexicon

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxTokens bounds a question: what follows is cut off and said to be so.
const MaxTokens = 200

// Token is one word, number, quoted text or mark of a question.
type Token struct {
	Text   string // as written, without quotes
	Lower  string
	Lemma  string
	Quoted bool
	Mark   bool // punctuation
	IsNum  bool
	Num    string // a number in SQL's spelling
	Start  int    // byte offsets in the question
	End    int

	Respelt bool // Lower and Lemma are of a word that Text seems to be misspelt for
}

var closing = map[rune]rune{'"': '"', '“': '”', '‘': '’', '`': '`', '«': '»'}

// Tokens splits a question; cut tells that it was longer than MaxTokens.
func Tokens(q string) (tokens []Token, cut bool) {
	for i := 0; i < len(q); {
		if len(tokens) == MaxTokens {
			return tokens, true
		}
		r, n := utf8.DecodeRuneInString(q[i:])
		switch {
		case r == '(' || r == ')' || unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError:
			i += n
		case quoteEnd(q, i, r, n) > 0:
			end := quoteEnd(q, i, r, n)
			tokens = append(tokens, quoted(q, i, n, end))
			_, m := utf8.DecodeRuneInString(q[end:])
			i = end + m
		default:
			end := wordEnd(q, i)
			tokens = append(tokens, words(q, i, end)...)
			i = end
		}
	}
	return tokens, false
}

// quoteEnd gives where a quotation that opens at i closes, 0 when none does.
// A straight apostrophe opens one only after a space and closes one only
// before a space or mark: "players' names" is no quotation.
func quoteEnd(q string, i int, r rune, n int) int {
	rest := q[i+n:]
	if r == '\'' {
		if i > 0 && !strings.ContainsRune(" (,:", rune(q[i-1])) {
			return 0
		}
		for at := 0; at < len(rest); at++ {
			if rest[at] == '\'' && (at+1 == len(rest) || strings.IndexByte(" ,.?!;:)", rest[at+1]) >= 0) {
				return i + n + at
			}
		}
		return 0
	}
	c, ok := closing[r]
	if !ok {
		return 0
	}
	if at := strings.IndexRune(rest, c); at > 0 && at < 200 {
		return i + n + at
	}
	return 0
}

func quoted(q string, i, n, end int) Token {
	text := strings.TrimRight(strings.TrimSpace(q[i+n:end]), ",.?")
	t := Token{Text: text, Lower: Fold(text), Quoted: true, Start: i, End: end}
	t.Lemma = t.Lower
	if num, ok := number(text); ok {
		t.IsNum, t.Num = true, num
	}
	return t
}

// wordEnd gives the end of the word, number or mark that starts at i. Marks
// inside a word or number (3.5, 10:30, A340-300, a@b.c, d'Or) belong to it.
func wordEnd(q string, i int) int {
	j := i
	for j < len(q) {
		r, n := utf8.DecodeRuneInString(q[j:])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '#' && r != '$' && r != '%' {
			next, _ := utf8.DecodeRuneInString(q[j+n:])
			inner := strings.ContainsRune(".,:-/'@&+’", r) && j > i && (unicode.IsLetter(next) || unicode.IsDigit(next))
			if r == ',' {
				inner = inner && unicode.IsDigit(next) && unicode.IsDigit(rune(q[j-1])) && threeDigits(q[j+n:])
			}
			if !inner {
				break
			}
		}
		j += n
	}
	if j == i {
		_, n := utf8.DecodeRuneInString(q[i:])
		if strings.HasPrefix(q[i:], ">=") || strings.HasPrefix(q[i:], "<=") || strings.HasPrefix(q[i:], "!=") || strings.HasPrefix(q[i:], "<>") {
			n = 2
		}
		return i + n
	}
	return j
}

func threeDigits(s string) bool {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n == 3
}

// words makes tokens of one written word: a possessive loses its 's, a
// contraction (don't) gains its not.
func words(q string, i, end int) []Token {
	text := q[i:end]
	low := strings.ReplaceAll(Fold(text), "’", "'")
	if r, _ := utf8.DecodeRuneInString(text); !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '#' && r != '$' {
		return []Token{{Text: text, Lower: low, Lemma: low, Mark: true, Start: i, End: end}}
	}
	if base, ok := contraction(low); ok {
		return []Token{
			{Text: base, Lower: base, Lemma: Lemma(base), Start: i, End: end},
			{Text: "not", Lower: "not", Lemma: "not", Start: i, End: end},
		}
	}
	if base, ok := strings.CutSuffix(low, "'s"); ok && base != "" {
		text, low = text[:len(base)], base
	}
	if len(text) > 1 {
		text, low = strings.TrimPrefix(text, "#"), strings.TrimPrefix(low, "#")
	}
	t := Token{Text: text, Lower: low, Lemma: Lemma(low), Start: i, End: end}
	if num, ok := number(low); ok {
		t.IsNum, t.Num = true, num
	}
	return []Token{t}
}

func contraction(low string) (string, bool) {
	if low == "cannot" {
		return "can", true
	}
	for _, s := range []string{"n't", "nt"} {
		if base, ok := strings.CutSuffix(low, s); ok && auxiliary[base] {
			return base, true
		}
	}
	return "", false
}

var auxiliary = set("do does did is are was were has have had can could would should")

// number reads digits (1,000, $5, 30%, 10k) and words (three, twelfth is not
// one).
func number(low string) (string, bool) {
	if n, ok := numberWords[low]; ok {
		return n, true
	}
	s := strings.TrimSuffix(strings.TrimPrefix(strings.ReplaceAll(low, ",", ""), "$"), "%")
	if s == "" || s[0] == '+' || s[0] == '.' || strings.ContainsAny(s, "xXpPeE_iInN") {
		return "", false
	}
	zeros := ""
	if d, ok := strings.CutSuffix(s, "k"); ok && !strings.Contains(d, ".") {
		s, zeros = d, "000"
	}
	if _, err := strconv.ParseFloat(s, 64); err != nil {
		return "", false
	}
	return s + zeros, true
}

// Fold gives text in the form in which it is compared: lower case, without
// accents' case differences, single spaces.
func Fold(s string) string {
	return strings.Join(strings.Fields(strings.ToLower(s)), " ")
}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}
