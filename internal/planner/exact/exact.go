// Package exact reads questions that are said in a model's own words: its
// measures, named filters, columns, tables and joins by name, label or synonym,
// its values, and what English has for numbers with units, dates, periods,
// orders and shares. It guesses no word: a question with one that has no place
// is not read, and one with two readings gives both.
package exact

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// Hit is a column that holds a text of the question.
type Hit struct {
	Table  string
	Column string
	Value  string // as stored
}

// Reader reads questions over one model. It is safe for concurrent use.
type Reader struct {
	m     *semantic.Model
	find  func(text string) []Hit
	terms map[string][]term
	stems map[string][]term
	heads map[string][]term // columns by the last word of their names
}

// New reads a model's words. find gives the columns that hold a text.
func New(m *semantic.Model, find func(text string) []Hit) *Reader {
	r := &Reader{m: m, find: find, terms: map[string][]term{}, stems: map[string][]term{}, heads: map[string][]term{}}
	r.enter()
	return r
}

// Reading is one way to take a question.
type Reading struct {
	Query       semantic.Query
	Assumptions []string

	Verified *semantic.VerifiedQuery // instead of Query
	Bound    map[string]string       // values of its parameters
}

// Result is what became of a question.
type Result struct {
	// Readings are all that differ: one is an answer, more are choices, none
	// leaves the question to others, unless Own.
	Readings []Reading
	// Own says that the question uses a measure, a named filter, a date or a
	// unit of the model, which nothing else reads: without a reading there is
	// no answer, for Reason.
	Own      bool
	Reason   string
	Unplaced []string
}

// maxWords is the longest question that is read here.
const maxWords = 60

// Read reads a question.
func (r *Reader) Read(question string) Result {
	toks, cut := lexicon.Tokens(question)
	if cut || len(toks) == 0 || len(toks) > maxWords {
		return Result{}
	}
	toks = hyphens(question, lexicon.Dates(toks))
	if v, ok := r.verified(question, toks); ok {
		return v
	}
	if opens[toks[0].Lower] && !(len(toks) > 1 && strings.Contains(follows[toks[0].Lower], " "+toks[1].Lower+" ")) {
		return Result{Own: true, Reason: "it asks for something other than how many, how much or which", Unplaced: []string{toks[0].Text}}
	}
	ways, unknown := r.segment(question, toks)
	if len(unknown) > 0 {
		return Result{Unplaced: unknown, Own: slices.ContainsFunc(unknown, verbal)}
	}
	res, furthest := Result{}, -1
	for _, way := range ways {
		for _, p := range r.parses(way) {
			res.Own = res.Own || p.own
			if p.why != "" {
				if p.reached > furthest {
					res.Reason, res.Unplaced, furthest = p.why, p.unplaced, p.reached
				}
				continue
			}
			res.add(r.m, r.build(&p)...)
			if p.failed != "" {
				res.Reason, res.Unplaced, furthest = p.failed, nil, maxWords
			}
		}
		if len(res.Readings) > 0 {
			res.Reason, res.Unplaced = "", nil
			break
		}
	}
	return res
}

// add keeps each once of the queries that say the same.
func (res *Result) add(m *semantic.Model, rs ...Reading) {
	for _, x := range rs {
		same := false
		for _, y := range res.Readings {
			same = same || semantic.Restate(x.Query, m) == semantic.Restate(y.Query, m)
		}
		if !same {
			res.Readings = append(res.Readings, x)
		}
	}
}

// hyphens takes words apart at their hyphens: on-time, long-haul.
func hyphens(q string, toks []lexicon.Token) []lexicon.Token {
	var out []lexicon.Token
	for _, t := range toks {
		if t.Quoted || t.Mark || t.IsNum || !strings.Contains(t.Lower, "-") || strings.ContainsAny(t.Lower, "0123456789") || len(t.Text) != t.End-t.Start {
			out = append(out, t)
			continue
		}
		at := t.Start
		for part := range strings.SplitSeq(q[t.Start:t.End], "-") {
			low := lexicon.Fold(part)
			if part != "" {
				out = append(out, lexicon.Token{Text: part, Lower: low, Lemma: lexicon.Lemma(low), Start: at, End: at + len(part)})
			}
			at += len(part) + 1
		}
	}
	return out
}

// verbal tells a word that ends as verbs do. What is done to a thing is not to
// be passed over, whatever it is.
func verbal(word string) bool {
	low := strings.ToLower(word)
	return len(low) > 4 && low == word && (strings.HasSuffix(low, "ed") || strings.HasSuffix(low, "ing"))
}

// opens are words that ask for what is not read here: a time, a place, a
// reason, a manner.
var opens = map[string]bool{"who": true, "when": true, "where": true, "why": true, "how": true, "whose": true, "whom": true, "is": true, "are": true, "was": true, "were": true, "do": true, "does": true, "did": true, "can": true}

// follows are the words behind one of them that make it another question.
var follows = map[string]string{"how": " many much did has have ", "who": " is are was were has have had "}
