package planner

import (
	"hash/fnv"
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

// Dictionary is Values in memory, filled by Add. It keeps hashes of what may
// be written for a value rather than the texts: some 80 bytes a value beside
// the value itself.
type Dictionary struct {
	columns []column
	known   map[column]bool
	entries []entry
	folded  map[uint64]int32   // first entry by the hash of its folded text
	lemmas  map[uint64]int32   // first entry by the hash of its lemmas, where they differ
	posted  map[uint64][]int32 // entries by each three letters in a row, see Resembling
	short   map[string][]int32 // entries with words cut short (Comp. Sci.), by the first letters of all words
}

type column struct{ table, name string }

// Knows implements knowing: all values of a column are added, or none.
func (d *Dictionary) Knows(table, name string) bool { return d.known[column{table, name}] }

// entry is a value of a column. The next ones are others of the same hash, -1
// at the end.
type entry struct {
	value                  string
	column                 int32
	nextFolded, nextLemmas int32
}

// maxValue is the longest text that is looked for in a question.
const maxValue = 80

// Add enters one distinct value of a column.
func (d *Dictionary) Add(table, name, value string) {
	if len(value) > maxValue || strings.TrimSpace(value) == "" {
		return
	}
	if d.folded == nil {
		d.folded, d.lemmas, d.known = map[uint64]int32{}, map[uint64]int32{}, map[column]bool{}
	}
	c := column{table, name}
	if n := len(d.columns); n == 0 || d.columns[n-1] != c {
		d.columns = append(d.columns, c)
		d.known[c] = true
	}
	folded, at := lexicon.Fold(value), int32(len(d.entries))
	e := entry{value: value, column: int32(len(d.columns) - 1), nextLemmas: -1}
	e.nextFolded = before(d.folded, folded, at)
	if l := lemmas(folded); l != folded {
		e.nextLemmas = before(d.lemmas, l, at)
	}
	d.entries = append(d.entries, e)
	if strings.Contains(value, ".") {
		d.addShort(value, at)
	}
	d.post(value, at)
}

// before puts an entry before those of the same hash, and gives the first of
// them.
func before(m map[uint64]int32, text string, at int32) int32 {
	h := hash(text)
	next, ok := m[h]
	if !ok {
		next = -1
	}
	m[h] = at
	return next
}

func hash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s)) //nolint:errcheck // never fails
	return h.Sum64()
}

// Find implements Values.
func (d *Dictionary) Find(text string) []Hit {
	folded := lexicon.Fold(text)
	hits := append(d.find(folded, true), d.find(folded, false)...)
	if l := lemmas(folded); len(hits) == 0 && l != folded {
		hits = append(d.find(l, true), d.find(l, false)...)
	}
	if len(hits) == 0 && len(d.short) > 0 {
		hits = d.findShort(folded)
	}
	return hits
}

// find looks by the folded texts of values, or by their lemmas.
func (d *Dictionary) find(want string, exact bool) (hits []Hit) {
	m := d.lemmas
	if exact {
		m = d.folded
	}
	at, ok := m[hash(want)]
	for ok && at >= 0 {
		e := &d.entries[at]
		have, next := lexicon.Fold(e.value), e.nextFolded
		if !exact {
			have, next = lemmas(have), e.nextLemmas
		}
		if have == want {
			c := d.columns[e.column]
			hits = append(hits, Hit{c.table, c.name, e.value, exact})
		}
		at = next
	}
	slices.Reverse(hits) // in the order of Add
	return hits
}

func lemmas(folded string) string {
	words := strings.FieldsFunc(folded, func(r rune) bool { return r == ' ' || r == '-' || r == '_' || r == '.' || r == ',' })
	for i, w := range words {
		words[i] = lexicon.Lemma(w)
	}
	return strings.Join(words, " ")
}
