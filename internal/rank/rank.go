// Package rank finds the documents that a few words are about: a small BM25F
// index in memory, over documents of weighted fields. It is made for names of
// tables and products, and what is written of them: identifiers fall into
// their words, and words are compared without accents, case and endings.
//
// The Go libraries for BM25 at hand are either search engines with a store of
// their own (bleve), or rank one unweighted text per document; the stemmer and
// the stop words are Snowball's.
package rank

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// BM25's usual constants: how soon a repeated word stops counting, and how
// much a long field is held back.
const (
	k1 = 1.2
	b  = 0.6
)

// nearly is what a word counts that only begins like one of the query.
const nearly = 0.5

// Field is a part of a document. Fields of one name are one field with several
// texts, of which each hit says which it found.
type Field struct {
	Name   string  // "name", "description", "value"
	Of     string  // of which part of the document, for the reader of a match
	Text   string  // as shown
	Weight float64 // what a word in it counts; 0 is 1
}

// Hit is a document that holds a word of the query.
type Hit struct {
	ID      string
	Score   float64 // above 0; comparable within one search only
	Matches []Match // in the order in which the fields were added
}

// Match is a text that holds words of the query.
type Match struct {
	Field string
	Of    string
	Text  string
	Words int // how many different words of the query
}

// Index holds documents. It is for one goroutine while documents are added,
// and for any number once they are.
type Index struct {
	ids     []string
	entries []entry
	terms   map[string][]posting
	lengths map[place]int  // words of a field in a document
	fields  map[string]sum // of all documents
	stems   map[string]string
	sorted  []string // the terms, for words that are only begun
}

type entry struct {
	doc int
	Field
}

type posting struct{ entry, count int }

type place struct {
	doc   int
	field string
}

type sum struct{ docs, words int }

// New makes an empty index.
func New() *Index {
	return &Index{terms: map[string][]posting{}, lengths: map[place]int{}, fields: map[string]sum{}, stems: map[string]string{}}
}

// Add adds a document. Hits that score the same come in the order in which
// they were added.
func (x *Index) Add(id string, fields ...Field) {
	doc := len(x.ids)
	x.ids = append(x.ids, id)
	for _, f := range fields {
		words := x.wordsOf(f.Text)
		if len(words) == 0 {
			continue
		}
		f.Weight = cmp.Or(f.Weight, 1)
		at := len(x.entries)
		x.entries = append(x.entries, entry{doc, f})
		s := x.fields[f.Name]
		if x.lengths[place{doc, f.Name}] == 0 {
			s.docs++
		}
		s.words += len(words)
		x.fields[f.Name] = s
		x.lengths[place{doc, f.Name}] += len(words)
		for _, w := range words {
			x.post(w, at)
		}
	}
	x.sorted = nil
}

func (x *Index) post(term string, at int) {
	p := x.terms[term]
	if n := len(p); n > 0 && p[n-1].entry == at {
		p[n-1].count++
		return
	}
	x.terms[term] = append(p, posting{at, 1})
}

// Done prepares the index for searches from several goroutines.
func (x *Index) Done() *Index {
	x.sorted = make([]string, 0, len(x.terms))
	for t := range x.terms {
		x.sorted = append(x.sorted, t)
	}
	slices.Sort(x.sorted)
	return x
}

// Search gives the best documents for a query, at most limit of them (0 is
// all). A query without a word finds nothing.
func (x *Index) Search(query string, limit int) []Hit {
	if x.sorted == nil {
		x.Done()
	}
	scores, found := make([]float64, len(x.ids)), map[int]int{}
	for _, t := range queryTerms(query) {
		met := map[int]float64{}
		if list := x.terms[t.stem]; len(list) > 0 {
			x.meet(list, 1, met, found)
		} else {
			x.begun(t, met, found)
		}
		if len(met) == 0 {
			continue
		}
		rare := math.Log(1 + (float64(len(x.ids)-len(met))+0.5)/(float64(len(met))+0.5))
		for doc, f := range met {
			scores[doc] += t.weight * rare * f * (k1 + 1) / (f + k1)
		}
	}
	return x.hits(scores, found, limit)
}

// begun meets the terms that begin like a word that is nowhere itself.
func (x *Index) begun(t term, met map[int]float64, found map[int]int) {
	if len([]rune(t.word)) < 3 {
		return
	}
	at, _ := slices.BinarySearch(x.sorted, t.word)
	for ; at < len(x.sorted) && strings.HasPrefix(x.sorted[at], t.word); at++ {
		x.meet(x.terms[x.sorted[at]], nearly, met, found)
	}
}

// meet adds what a term counts in each document, long fields held back.
func (x *Index) meet(list []posting, part float64, met map[int]float64, found map[int]int) {
	for _, p := range list {
		e := x.entries[p.entry]
		all := x.fields[e.Name]
		average := float64(all.words) / float64(all.docs)
		long := float64(x.lengths[place{e.doc, e.Name}]) / average
		met[e.doc] += part * e.Weight * float64(p.count) / (1 - b + b*long)
		found[p.entry]++
	}
}

func (x *Index) hits(scores []float64, found map[int]int, limit int) []Hit {
	var docs []int
	for doc, s := range scores {
		if s > 0 {
			docs = append(docs, doc)
		}
	}
	slices.SortStableFunc(docs, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	if limit > 0 {
		docs = docs[:min(limit, len(docs))]
	}
	out, at := make([]Hit, len(docs)), map[int]int{}
	for i, doc := range docs {
		out[i], at[doc] = Hit{ID: x.ids[doc], Score: scores[doc]}, i
	}
	entries := make([]int, 0, len(found))
	for e := range found {
		entries = append(entries, e)
	}
	slices.Sort(entries)
	for _, n := range entries {
		e := x.entries[n]
		if i, ok := at[e.doc]; ok {
			out[i].Matches = append(out[i].Matches, Match{e.Name, e.Of, e.Text, found[n]})
		}
	}
	return out
}
