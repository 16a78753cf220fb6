package planner

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// resembling are Values that also find what is written otherwise in the data:
// with a letter more or less, without its accents, or as a part of more words.
type resembling interface {
	// Resembling gives the places of the one value that text may be a slip of
	// the pen for, and the columns that hold it among other words.
	Resembling(text string) (near, within []Hit)
}

// Bounds of looking for what resembles a text.
const (
	mostPosted  = 5_000 // values that share three letters, above which these tell nothing
	shortest    = 4     // letters of a text that is looked for among other words
	mostNames   = 6     // texts of a question
	longestName = 4     // words of one
)

// post enters a value under each three letters in a row that it is written
// with.
func (d *Dictionary) post(value string, at int32) {
	if d.posted == nil {
		d.posted = map[uint64][]int32{}
	}
	for _, g := range grams(unaccented(value)) {
		if list := d.posted[g]; len(list) <= mostPosted {
			d.posted[g] = append(list, at)
		}
	}
}

// unaccented is a text in small letters, without accents and marks.
func unaccented(s string) string {
	var b strings.Builder
	space := true
	if !isASCII(s) {
		s = norm.NFD.String(s)
	}
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(unicode.ToLower(r))
			space = false
		case !space:
			b.WriteByte(' ')
			space = true
		}
	}
	return strings.TrimSuffix(b.String(), " ")
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// grams are each three letters in a row of a text between spaces, once.
func grams(s string) []uint64 {
	rs := []rune(" " + s + " ")
	out := make([]uint64, 0, len(rs))
	for i := 0; i+3 <= len(rs); i++ {
		out = append(out, uint64(rs[i])<<42|uint64(rs[i+1])<<21|uint64(rs[i+2]))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Resembling implements resembling.
func (d *Dictionary) Resembling(text string) (near, within []Hit) {
	want := unaccented(text)
	if len(want) < shortest {
		return nil, nil
	}
	shared, used := d.shared(grams(want))
	best, name := distance(want)+1, ""
	padded := " " + want + " "
	for _, at := range slices.Sorted(keysOf(shared)) {
		if shared[at]*2 < used {
			continue
		}
		e := &d.entries[at]
		have := unaccented(e.value)
		c := d.columns[e.column]
		if shared[at] == used && len(have) > len(want) && strings.Contains(" "+have+" ", padded) {
			if !slices.ContainsFunc(within, func(h Hit) bool { return h.Table == c.table && h.Column == c.name }) {
				within = append(within, Hit{c.table, c.name, text, false})
			}
			continue
		}
		n := edits(want, have, best)
		if inShort(want, have) {
			n = min(n, 1)
		}
		switch {
		case n > best || n > distance(want):
			continue
		case n < best:
			best, name, near = n, have, nil
		case have != name:
			return nil, within // it may be either
		}
		near = append(near, Hit{c.table, c.name, e.value, false})
	}
	return near, within
}

// shared counts, for each value, how many of the grams it has, of those that
// tell it from others.
func (d *Dictionary) shared(gs []uint64) (of map[int32]int, used int) {
	of = map[int32]int{}
	for _, g := range gs {
		list := d.posted[g]
		if len(list) > mostPosted {
			continue
		}
		used++
		for _, at := range list {
			of[at]++
		}
	}
	return of, max(used, 1)
}

func keysOf(m map[int32]int) func(func(int32) bool) {
	return func(yield func(int32) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// distance is how many letters of a text may be wrong.
func distance(s string) int {
	switch n := len(s); {
	case n >= 9:
		return 2
	case n >= 5:
		return 1
	}
	return 0
}

// edits is how many letters are to be put in, left out or changed to make one
// text of another; more than most is most+1.
func edits(a, b string, most int) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) > most || len(y)-len(x) > most {
		return most + 1
	}
	last, row := make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := range x {
		row[0] = i + 1
		least := row[0]
		for j := range y {
			n := last[j]
			if x[i] != y[j] {
				n = 1 + min(last[j], last[j+1], row[j])
			}
			row[j+1] = n
			least = min(least, n)
		}
		if least > most {
			return most + 1
		}
		last, row = row, last
	}
	return last[len(y)]
}

// name is a run of tokens that are written as a name and are no known value.
type name struct {
	start, end int
	text       string
	quoted     bool
	part       bool // of a longer run
}

// names gives the runs of a question that may name a value which nothing is
// known of: quoted, or written with capitals within the sentence.
func (p *Planner) names(q string, toks []lexicon.Token) (out []name) {
	strange := func(t lexicon.Token) bool {
		return !t.Mark && !t.IsNum && (t.Quoted || written(t)) && len(p.values.Find(t.Text)) == 0
	}
	for i := 0; i < len(toks) && len(out) < mostNames; i++ {
		if !strange(toks[i]) {
			continue
		}
		if toks[i].Quoted {
			out = append(out, name{start: i, end: i + 1, text: toks[i].Text, quoted: true})
			continue
		}
		end := i + 1
		for end < len(toks) && end < i+longestName && !toks[end].Mark && !toks[end].Quoted && !toks[end].IsNum && written(toks[end]) {
			end++
		}
		if end > i+1 && len(p.values.Find(span(q, toks, i, end-1))) == 0 {
			out = append(out, name{start: i, end: end, text: span(q, toks, i, end-1)})
		}
		for j := i; j < end; j++ {
			if strange(toks[j]) && !p.said(toks[j]) {
				near := j > 0 && !toks[j-1].Mark && written(toks[j-1]) || j+1 < len(toks) && !toks[j+1].Mark && written(toks[j+1])
				out = append(out, name{start: j, end: j + 1, text: span(q, toks, j, j), part: near})
			}
		}
		i = end - 1
	}
	return out
}

// said tells a word that the schema or the language has.
func (p *Planner) said(t lexicon.Token) bool {
	if cs := p.index.find([]string{t.Lemma}); len(cs) > 0 && cs[0].score >= 0.6 {
		return true
	}
	_, ok := lexicon.Lookup(t.Lower)
	short := lexicon.ShortValues(t.Lemma, true)
	return ok || slices.ContainsFunc(short, func(v string) bool { return len(p.values.Find(v)) > 0 })
}

// resembles gives the readings of names by what they resemble, by their first
// token.
func (p *Planner) resembles(q string, toks []lexicon.Token) map[int][]weighed {
	v, ok := p.values.(resembling)
	if !ok {
		return nil
	}
	out := map[int][]weighed{}
	for _, n := range p.names(q, toks) {
		near, within := v.Resembling(n.text)
		words := float64(n.end - n.start)
		switch {
		case len(near) > 0:
			it := item{kind: kValue, arg: "near", text: n.text, start: n.start, end: n.end, vals: near}
			out[n.start] = append(out[n.start], weighed{it, words*1.05 + termBonus*(words-1)})
		case len(within) > 0 && !n.quoted && !n.part:
			if f := p.within(n, within); f != nil {
				it := item{kind: kPred, arg: "within", text: n.text, start: n.start, end: n.end, node: f}
				out[n.start] = append(out[n.start], weighed{it, words*0.95 + termBonus*(words-1)})
			}
		}
	}
	return out
}

// within reads a name as a part of what a column holds: the London airports.
func (p *Planner) within(n name, hits []Hit) *pred {
	s := &slot{text: n.text, at: n.start, soft: true}
	for _, h := range hits {
		if r, ok := p.index.locate(h); ok {
			s.opts = append(s.opts, cand{r, 0.7})
		}
	}
	if len(s.opts) == 0 {
		return nil
	}
	return &pred{kind: like, match: semantic.Contains, values: []string{n.text}, slot: s, bare: true, at: n.start}
}

// inShort tells that two texts are of the same words, several, of which some
// are cut short in one of them: Phys. Education, Physical Educ.
func inShort(a, b string) bool {
	as, bs := strings.Fields(a), strings.Fields(b)
	if len(as) != len(bs) || len(as) < 2 || a == b {
		return false
	}
	same := 0
	for i, w := range as {
		switch o := bs[i]; {
		case w == o:
			same++
		case min(len(w), len(o)) < 3 || !strings.HasPrefix(w, o) && !strings.HasPrefix(o, w) || max(len(w), len(o)) < min(len(w), len(o))+3:
			return false
		}
	}
	return same > 0
}
