// Package planner turns an English question into a semantic query over a
// product's model, with no language model. It answers only when every word
// that carries meaning has a place and one reading wins; otherwise it says
// which words it could not place and why. The same model, values and question
// give the same answer, always.
package planner

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/postern/postern/internal/planner/exact"
	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// Planner answers questions over one model. It is safe for concurrent use.
type Planner struct {
	index  *index
	values Values
	exact  *exact.Reader // nil for a model that nobody wrote with care
	now    time.Time     // zero without a clock
}

// New reads a model. Values may be nil: then no value is recognised.
func New(m *semantic.Model, v Values) *Planner {
	if v == nil {
		v = &Dictionary{}
	}
	p := &Planner{index: newIndex(m), values: v}
	if exact.Curated(m) {
		p.exact = exact.New(m, exactValues(v))
	}
	return p
}

// Answer is what became of a question.
type Answer struct {
	OK          bool
	Query       semantic.Query          // the reading; also of one that is withheld, see Read
	Verified    *semantic.VerifiedQuery // set instead of Query: a person accepted this SQL
	Bound       map[string]string       // values of Verified's parameters
	Restatement string
	Assumptions []string
	Confidence  float64 // 0 to 1

	// Read says that there is a reading. One that is not OK was not sure
	// enough, and Settle may still make it so.
	Read   bool
	Checks []Check // other ways to read it, for Settle
	sure   bool    // said in the model's own words: rows decide nothing

	Evidence map[string]float64 // what the confidence was made from
	Trace    string             // the shape the question was reduced to, for tests and tuning

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

// Plan answers a question, or says why it can't.
func (p *Planner) Plan(question string) Answer {
	dates, notes := p.counted(question)
	if len(notes) > 0 {
		if a := p.plan(dates); a.Read || a.OK {
			a.Assumptions = append(slices.Clone(a.Assumptions), notes...)
			return a
		}
	}
	return p.plan(question)
}

func (p *Planner) plan(question string) Answer {
	toks, cut := lexicon.Tokens(question)
	if cut {
		return Answer{Reason: "it is too long"}
	}
	if len(toks) == 0 {
		return Answer{Reason: "it is empty"}
	}
	if a, ok := p.plainly(question); ok {
		return a
	}
	if brokenOff(toks) {
		return Answer{Reason: "it breaks off: something is missing at its end"}
	}
	if v := p.verified(toks); v != nil {
		return Answer{OK: true, Verified: v, Restatement: v.Question, Confidence: 1}
	}
	toks = p.spelt(p.hyphenless(p.unquoted(spelledOut(withoutYear(lexicon.Dates(comparing(toks)))))))
	ways, weights := p.lattice(question, toks)
	a, items, at := p.first(toks, ways)
	if !a.Read {
		a.Nearest = p.nearest(items)
		return a
	}
	p.rivals(&a, toks, ways, weights, at)
	a.Confidence = unseen().confidence(a.Evidence)
	if a.OK = a.Confidence >= unseenLicence; !a.OK {
		p.withhold(&a, nil)
		a.Nearest = p.nearest(items)
	}
	return a
}

// first gives the reading of the first way through the lattice that has one,
// and which way that was; else what was wrong with the first of all.
func (p *Planner) first(toks []lexicon.Token, ways [][]item) (Answer, []item, int) {
	var why Answer
	var named []item
	for i, way := range ways {
		a, items := p.read(toks, way, 0)
		if a.Read {
			a.Evidence["way"] = float64(i)
			return a, items, i
		}
		if i == 0 {
			why, named = a, items
		}
	}
	return why, named, 0
}

const (
	maxWays   = 6 // ways through the lattice that are read
	maxRivals = 7 // readings beside the one that is taken
)

// alone is the choice that leaves out the tables that are named beside what
// the question is about: they may only say what it is.
const alone = -1

// read reads one way through the lattice by the nth choice of columns and
// tables.
func (p *Planner) read(toks []lexicon.Token, way []item, nth int) (Answer, []item) {
	ps := &parse{p: p, toks: toks, items: likeArguments(slices.Clone(way), toks)}
	ps.f.words, ps.f.asksWhen = spoken(toks), toks[0].Lower == "when"
	ps.f.asksMoment = asksMoment(toks)
	e := evidence{}
	e.words(p, toks, ps.items)
	ps.items = p.modified(p.share(clean(ps.heads(ps.meanings(ps.measures(fullNames(ps.items, toks)))))))
	if ps.f.asksMoment || ps.f.asksWhen {
		ps.items = p.doneThen(ps.items)
	}
	items := slices.Clone(ps.items)
	ps.reduce(rules)
	ps.reduce(lateRules)
	ps.reduce(lateRules)
	ps.interpret()
	ps.f.groupsLast = groupsLast(toks)
	if nth == alone {
		nth, ps.f.also, ps.f.hints = 0, nil, nil
	}
	a := p.answer(ps, nth, e)
	a.Trace = ps.shape() + a.Trace
	return a, items
}

// rivals adds the other readings to the checks: by each way through the
// lattice, and by each choice of columns and tables.
func (p *Planner) rivals(a *Answer, toks []lexicon.Token, ways [][]item, weights []float64, at int) {
	a.Evidence["way aside"] = weights[0] - weights[at]
	queries, rivals, most := []semantic.Query{a.Query}, 0, maxWays
	if len(p.index.model.Tables) > wideModel {
		most = 2
	}
	for i := at; i < len(ways) && most > 0; i++ {
		for _, nth := range []int{0, 1, 2, alone} {
			if i == at && nth == 0 {
				continue
			}
			r, _ := p.read(toks, ways[i], nth)
			if !r.Read {
				if nth == 0 {
					break
				}
				continue
			}
			known := slices.ContainsFunc(queries, func(q semantic.Query) bool { return reflect.DeepEqual(q, r.Query) })
			if known || p.index.curated && i > at && a.Evidence["meanings"] > r.Evidence["meanings"] {
				continue // a person has named what the words say
			}
			queries, rivals = append(queries, r.Query), rivals+1
			r.Evidence["way"], r.Evidence["way aside"] = float64(i), weights[0]-weights[i]
			r.Evidence["choice"], r.Evidence["rival"] = float64(max(nth, 0)), float64(rivals)
			evidence(r.Evidence).on("alone", nth == alone)
			a.Checks = append(a.Checks, Check{Kind: otherwise, Query: r.Query, Rival: &r})
			if rivals == maxRivals {
				return
			}
		}
		most--
	}
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
		if bareLike[strings.ToLower(items[i].text)] && !toks[n.start].Quoted && !(n.kind == kUnknown && written(toks[n.start])) {
			items[i].kind = byte(lexicon.Have) // playlists containing songs
			continue
		}
		if items[i].kind == byte(lexicon.Like) && (n.kind != byte(lexicon.Filler) || n.text == "A" || n.text == "I" || strings.Contains(strings.ToLower(items[i].text), "letter")) && n.end == n.start+1 && !toks[n.start].Mark {
			*n = item{kind: kQuoted, arg: toks[n.start].Text, text: n.text, start: n.start, end: n.end}
			if i+3 < len(items) && strings.Contains(strings.ToLower(items[i].text), "letter") && (items[i+2].kind == byte(lexicon.Or) || items[i+2].kind == byte(lexicon.And)) && len(toks[items[i+3].start].Text) == 1 {
				o := &items[i+3] // the letters D or S
				*o = item{kind: kQuoted, arg: toks[o.start].Text, text: o.text, start: o.start, end: o.end}
			}
		}
	}
	return items
}

func (p *Planner) answer(ps *parse, nth int, e evidence) Answer {
	f := &ps.f
	if f.why == "" && len(f.unplaced) > 0 {
		f.why = "these words have no place in the data: " + strings.Join(f.unplaced, ", ")
	}
	if f.why != "" {
		return Answer{Reason: f.why, Unplaced: f.unplaced}
	}
	s, ok := p.resolve(f, nth)
	if f.why == "" && (!ok || len(f.slots()) == 0) {
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
	b.read(e, s)
	if b.ledByGroup {
		e.orderEvidence(ps.toks)
	}
	b.told(e)
	b.ways(e)
	e.left(ps.kinds())
	text := semantic.Restate(q, p.index.model)
	e.restated(ps.toks, text)
	return Answer{Read: true, Query: q, Assumptions: b.notes, Evidence: e, Checks: b.checks(e), Restatement: text}
}
