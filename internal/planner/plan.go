// Package planner turns an English question into a semantic query over a
// product's model, with no language model. It answers only when every word
// that carries meaning has a place and one reading wins; otherwise it says
// which words it could not place and why. The same model, values and question
// give the same answer, always.
package planner

import (
	"math"
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// Planner answers questions over one model. It is safe for concurrent use.
type Planner struct {
	index  *index
	values Values
}

// New reads a model. Values may be nil: then no value is recognised.
func New(m *semantic.Model, v Values) *Planner {
	if v == nil {
		v = &Dictionary{}
	}
	return &Planner{index: newIndex(m), values: v}
}

// Answer is what became of a question.
type Answer struct {
	OK          bool
	Query       semantic.Query
	Verified    *semantic.VerifiedQuery // set instead of Query: a person accepted this SQL
	Restatement string
	Assumptions []string
	Confidence  float64 // 0 to 1

	Trace string // the shape the question was reduced to, for tests and tuning

	// When it is not answered:
	Reason   string   // one sentence
	Unplaced []string // words that have no place in the model
	Choices  []Choice // readings to choose from
	Nearest  []string // questions near it that can be answered
}

// Choice is a reading of a question that can be answered.
type Choice struct {
	ID    string
	Text  string
	Query semantic.Query
}

// licence is the confidence from which a question is answered. It is the
// lowest at which at most 3 in 100 questions over databases that no rule was
// written on are answered wrong (test/planner).
const licence = 0.87

// Plan answers a question, or says why it can't.
func (p *Planner) Plan(question string) Answer {
	toks, cut := lexicon.Tokens(question)
	if cut {
		return Answer{Reason: "it is too long"}
	}
	if len(toks) == 0 {
		return Answer{Reason: "it is empty"}
	}
	if v := p.verified(toks); v != nil {
		return Answer{OK: true, Verified: v, Restatement: v.Question, Confidence: 1}
	}
	toks = withoutYear(lexicon.Dates(toks))
	ps := &parse{p: p, items: likeArguments(p.lattice(question, toks), toks)}
	ps.items = p.share(clean(fullNames(ps.items, toks)))
	items := slices.Clone(ps.items)
	ps.reduce(rules)
	ps.reduce(lateRules)
	ps.reduce(lateRules)
	ps.interpret()
	a := p.answer(ps)
	if !a.OK {
		a.Nearest = p.nearest(items)
	}
	a.Trace = ps.kinds() + " " + a.Trace
	return a
}

// withoutYear drops the word in "in the year 2014", "before the year of 2014".
func withoutYear(toks []lexicon.Token) []lexicon.Token {
	out := toks[:0:0]
	for i := 0; i < len(toks); i++ {
		j := i
		if j < len(toks) && toks[j].Lower == "the" {
			j++
		}
		if j < len(toks) && (toks[j].Lower == "year" || toks[j].Lower == "years") {
			j++
			if j < len(toks) && toks[j].Lower == "of" {
				j++
			}
			if j < len(toks) && i > 0 && year(toks[j].Num) && timeWord[toks[i-1].Lower] {
				i = j - 1
				continue
			}
		}
		out = append(out, toks[i])
	}
	return out
}

var timeWord = map[string]bool{"in": true, "before": true, "after": true, "since": true, "until": true, "during": true, "from": true, "between": true, "than": true, "to": true, "of": true, "for": true}

var bareLike = map[string]bool{"contains": true, "contain": true, "containing": true, "includes": true}

// likeArguments makes the word after "contains" a text, whatever else it
// could be.
func likeArguments(items []item, toks []lexicon.Token) []item {
	for i := 0; i+1 < len(items); i++ {
		n := &items[i+1]
		if bareLike[strings.ToLower(items[i].text)] && !toks[n.start].Quoted {
			items[i].kind = byte(lexicon.Have) // playlists containing songs
			continue
		}
		if items[i].kind == byte(lexicon.Like) && (n.kind != byte(lexicon.Filler) || n.text == "A" || n.text == "I") && n.end == n.start+1 && !toks[n.start].Mark {
			*n = item{kind: kQuoted, arg: toks[n.start].Text, text: n.text, start: n.start, end: n.end}
		}
	}
	return items
}

func (p *Planner) answer(ps *parse) Answer {
	f := &ps.f
	if f.why == "" && len(f.unplaced) > 0 {
		f.why = "these words have no place in the data: " + strings.Join(f.unplaced, ", ")
	}
	if f.why != "" {
		return Answer{Reason: f.why, Unplaced: f.unplaced}
	}
	margin := p.resolve(f)
	if f.why == "" && len(f.slots()) == 0 {
		f.why = "it names nothing of the data"
	}
	if f.why != "" {
		return Answer{Reason: f.why, Unplaced: f.unplaced}
	}
	b := &builder{p: p, f: f}
	q, ok := b.build()
	if !ok {
		return Answer{Reason: b.why}
	}
	traits := b.traits(margin)
	a := Answer{OK: true, Query: q, Assumptions: b.notes, Confidence: confidence(traits), Trace: strings.Join(traits, ",")}
	a.Restatement = semantic.Restate(q, p.index.model)
	if a.Confidence < licence {
		a.OK, a.Reason = false, "it could be read in more than one way"
		a.Choices = []Choice{choice(a)}
	}
	return a
}

// doubts are what each trait of a reading takes from its confidence, in the
// logarithm of its odds; a negative one speaks for it. They were fitted to questions over many databases;
// each is a trait of language or of the way between tables, never of a schema.
var doubts = map[string]float64{
	"text ordered": 2.6, "text extreme": 2, "text compared": 2, "without such": 1.8, "or": 1.5, "kinds": 1.3, "frequent": 1.1, "most rows of one": 1,
	"small margin": 1.1, "not": 0.8, "beside aggregate": 1, "some margin": 0.95, "named twice": 0.9, "no margin": 0.9,
	"three tables": 0.85, "four tables": 2, "groups": 0.65, "nested": 0.65, "weak shown": 0.65, "two verbs": 0.55, "having": 0.5,
	"detour": 0.45, "like": 0.4, "count of one": 0.4, "two tables": 0.35, "superlative": 0.3, "sorted": 0.3, "shown elsewhere": 0.25,
	"named more": 0.45, "unowned": 0.2, "bare": 0.25, "fallback": 0.1,
	"different": -0.5, "aggregate": -0.55, "one table": -0.6, "without": -0.85,
}

// certain is the log odds of a reading without any doubt.
const certain = 2.4

// confidence is the likelihood that the reading is the one that was meant.
func confidence(traits []string) float64 {
	odds := certain
	for _, t := range traits {
		odds -= doubts[t]
	}
	return 1 / (1 + math.Exp(-odds))
}
