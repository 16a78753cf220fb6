package planner

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// Kinds of items that come from the model and from reductions; the rest are
// the lexicon's.
const (
	kColumn  = 'C'
	kTable   = 'T'
	kValue   = 'V'
	kNumber  = 'N'
	kQuoted  = 'Q' // quoted, and no value that is known
	kUnknown = '?'
)

// item is a piece of the question: a phrase, a term, a value, or what several
// of them were reduced to.
type item struct {
	kind       byte
	arg        string
	text       string
	start, end int // tokens
	cols, tabs []cand
	vals       []Hit
	node       any
	quant      string // any, some or all, said before it
}

type weighed struct {
	item
	weight float64
}

const (
	maxSpan   = 8
	termBonus = 0.2 // a longer term before two short ones
)

func (p *Planner) spans(q string, toks []lexicon.Token, i int) []weighed {
	t := toks[i]
	unknown := weighed{item{kind: kUnknown, text: t.Text, start: i, end: i + 1}, 0}
	switch {
	case t.Mark:
		return []weighed{{mark(t, i), 0.5}}
	case t.Quoted:
		return []weighed{{p.quoted(t, i), 2}}
	}
	if i == 0 && t.Lower == "name" && len(toks) > 1 && (toks[1].Lower == "the" || toks[1].Lower == "all" || toks[1].IsNum) {
		unknown.kind = byte(lexicon.Filler) // name the tallest tower
		return []weighed{unknown}
	}
	if it, ok := doneFirst(toks, i); ok {
		return []weighed{{it, 1.2}}
	}
	if i > 0 && toks[i-1].Lower == "this" && plain(t.Lower) {
		unknown.kind = byte(lexicon.Filler) // in this shop: in the data
	}
	out := append(p.dotted(q, toks, i), unknown)
	if guessedVerb(t) && !written(t) && len(p.values.Find(t.Text)) == 0 {
		out = append(out, weighed{item{kind: byte(lexicon.Verb), arg: "guess", text: t.Text, start: i, end: i + 1}, 0.5})
	}
	if verbHere(toks, i) {
		w := 1.0
		if cs := p.index.find([]string{t.Lemma}); len(cs) > 0 && cs[0].score > 0.55 {
			w = 0.6
		}
		out = append(out, weighed{item{kind: byte(lexicon.Verb), text: t.Text, start: i, end: i + 1}, w})
	}
	if t.IsNum {
		out = append(out, weighed{item{kind: kNumber, arg: t.Num, text: t.Text, vals: p.values.Find(t.Text), start: i, end: i + 1}, 1})
	}
	var lower, lemma []string
	for j := i; j < len(toks) && j < i+maxSpan && !toks[j].Mark && !toks[j].Quoted; j++ {
		lower, lemma = append(lower, toks[j].Lower), append(lemma, toks[j].Lemma)
		n := float64(j - i + 1)
		if ph, ok := lexicon.Lookup(strings.Join(lower, " ")); ok && j-i < lexicon.MaxPhrase && !(ph.Kind == lexicon.Count && p.numbersOf(toks, i)) {
			w := n*1.0 + 0.06*(n-1)
			switch {
			case ph.Kind == lexicon.Count && ph.Arg == "kinds":
				w = n * 0.85 // of which a column may tell
			case ph.Kind == lexicon.Filler && strings.HasSuffix(lower[len(lower)-1], "of") && slices.Contains(lower, "amount"):
				w = n * 0.7 // a column may be called so
			case ph.Kind == lexicon.Filler:
				w -= 0.12 / (n * n)
			case ph.Kind == lexicon.Verb && j == i && doesMost(toks, i):
				w += 0.3
			case ph.Kind == lexicon.Verb && j == i:
				if cs := p.index.find(lemma); len(cs) > 0 && cs[0].score > 0.78 {
					w -= 0.4
				}
			}
			out = append(out, weighed{item{kind: byte(ph.Kind), arg: ph.Arg, text: span(q, toks, i, j), start: i, end: j + 1}, w})
		}
		it := item{text: span(q, toks, i, j), start: i, end: j + 1}
		if j == i && t.Lower == "number" && j+1 < len(toks) && toks[j+1].Lower == "of" {
			continue // it counts
		}
		out = append(out, p.readings(it, toks[i:j+1], lemma)...)
		out = append(out, p.wholeName(it, toks, lemma)...)
	}
	return unbroken(out)
}

// numbersOf tells "the flight number of" from a count: the word before it makes
// a column's name of it.
func (p *Planner) numbersOf(toks []lexicon.Token, i int) bool {
	if i == 0 || toks[i].Lower != "number" || toks[i-1].Mark || edgeWord(toks[i-1].Lower) {
		return false
	}
	cs := p.index.find([]string{toks[i-1].Lemma, "number"})
	return len(cs) > 0 && cs[0].column >= 0 && cs[0].score >= 0.7
}

// doneTo tells that what looks like a column is a table's rows and what was done
// to them: students advised are no advisors of students.
func (p *Planner) doneTo(toks []lexicon.Token, r ref) bool {
	last := toks[len(toks)-1].Lower
	if len(toks) != 2 || !strings.HasSuffix(last, "ed") || toks[0].Lower == toks[0].Lemma || strings.HasSuffix(strings.ToLower(p.index.column(r).Name), "ed") {
		return false
	}
	w := p.index.words[r.table]
	return len(w) == 1 && w[0] == toks[0].Lemma
}

// numbersOfMany tells "number of rooms", which counts them, from "number of the
// room".
func numbersOfMany(toks []lexicon.Token) bool {
	last := toks[len(toks)-1]
	return len(toks) > 2 && toks[0].Lower == "number" && toks[1].Lower == "of" && last.Lower != last.Lemma
}

// numbering tells columns such as room_number, which number rows.
func (x *index) numbering(r ref) bool {
	w := lexicon.SplitName(x.column(r).Name)
	return len(w) > 1 && w[len(w)-1] == "number"
}

// unbroken keeps whole what asks for something that no reading is to pass
// over: "report to" is no verb with a preposition.
func unbroken(spans []weighed) []weighed {
	end := 0
	for _, s := range spans {
		if k := lexicon.Kind(s.kind); k == lexicon.Beyond || k == lexicon.Write || k == lexicon.Chat || k == lexicon.Sort && s.end > s.start+1 {
			end = max(end, s.end)
		}
	}
	return slices.DeleteFunc(spans, func(s weighed) bool { return s.end < end })
}

// guessedVerb tells words that end as verbs do and are in no list.
func guessedVerb(t lexicon.Token) bool {
	if len(t.Lower) < 5 || !plain(t.Lower) || lexicon.Known(t.Lower) {
		return false
	}
	return strings.HasSuffix(t.Lower, "ed") || strings.HasSuffix(t.Lower, "ing")
}

// verbHere tells a noun that is a verb where it stands: the plays that guests
// watch, the halls that Ada did not visit.
func verbHere(toks []lexicon.Token, i int) bool {
	if i == 0 || !lexicon.Doing(toks[i].Lower) || written(toks[i]) {
		return false
	}
	switch toks[i-1].Lower {
	case "who", "they", "to", "not", "n't", "never", "also", "he", "she", "we", "you", "i":
		return true
	}
	for j := i - 1; j >= max(0, i-7) && !toks[j].Mark; j-- {
		switch toks[j].Lower {
		case "do", "does", "did", "don't", "doesn't", "didn't":
			return i+1 == len(toks) || toks[i+1].Mark || edgeWord(toks[i+1].Lower)
		}
		if ph, ok := lexicon.Lookup(toks[j].Lower); ok && (ph.Kind == lexicon.Verb || ph.Kind == lexicon.Have) {
			return false // the question has its verb
		}
	}
	return false
}

// span is the question's text from token i to j, without a last one's 's.
func span(q string, toks []lexicon.Token, i, j int) string {
	text := q[toks[i].Start:toks[j].End]
	if t := toks[j]; !t.Quoted && len(t.Text) < t.End-t.Start {
		text = strings.TrimSuffix(strings.TrimSuffix(text, "'s"), "’s")
	}
	return text
}

// dotted gives the values that hold full stops or commas: the Dept. of St.
// Helena; Paris, France.
func (p *Planner) dotted(q string, toks []lexicon.Token, i int) (out []weighed) {
	stops := 0
	for j := i; j < len(toks) && j < i+maxSpan && !toks[j].Quoted; j++ {
		if toks[j].Mark {
			if toks[j].Text != "." && toks[j].Text != "," {
				break
			}
			stops++
		}
		if stops == 0 {
			continue
		}
		it := item{kind: kValue, text: q[toks[i].Start:toks[j].End], start: i, end: j + 1}
		if it.vals = p.values.Find(it.text); len(it.vals) > 0 && strings.ContainsAny(it.vals[0].Value, ".,") {
			out = append(out, weighed{it, 1.25 * float64(j-i+1)})
		}
	}
	return out
}

// readings of a span as a term or a value of the model.
func (p *Planner) readings(it item, toks []lexicon.Token, lemma []string) []weighed {
	n := float64(len(toks))
	it.vals = p.values.Find(it.text)
	if len(toks) <= 3 && len(it.vals) == 0 {
		short := lexicon.ShortValues(strings.Join(lemma, " "), written(toks[0]))
		if len(short) == 0 {
			short = lexicon.ShortValues(strings.ToLower(it.text), written(toks[0]))
		}
		for _, v := range short {
			it.vals = append(it.vals, p.values.Find(v)...)
		}
	}
	if lemma[0] == "on" && len(lemma) > 1 { // on sale, on scholarship
		for _, c := range p.index.keys[strings.Join(lemma, "")] {
			if c.column >= 0 && c.score == 1 && p.index.isTruth(c.ref) {
				it.cols = append(it.cols, c)
			}
		}
	}
	if !p.ofTable(lemma) && !edgeWord(lemma[0]) && !edgeWord(lemma[len(lemma)-1]) && len(toks) <= 6 {
		for _, c := range p.index.find(lemma) {
			if c.column >= 0 && (numbersOfMany(toks) && (p.index.numbering(c.ref) || p.index.column(c.ref).Role == semantic.Key) || p.doneTo(toks, c.ref)) {
				continue
			}
			if c.column < 0 {
				it.tabs = append(it.tabs, c)
			} else if len(toks) == 1 || !p.index.saysFlag(c.ref, lemma) {
				it.cols = append(it.cols, c)
			}
		}
	}
	it.tabs = p.led(it)
	var out []weighed
	if m, ok := p.meaning(it, lemma); ok {
		out = append(out, m)
	}
	if s := top(it.cols, it.tabs); s > 0 {
		term, other := it, it
		term.kind, other.kind = kColumn, kTable
		if top(it.tabs) >= top(it.cols)-0.02 {
			term.kind, other.kind = kTable, kColumn
		}
		w := n*(0.35+0.75*s) + termBonus*(n-1)
		out = append(out, weighed{term, w})
		if s := min(top(it.tabs), top(it.cols)); s >= 0.6 {
			out = append(out, weighed{other, w - 0.3 - n*0.75*(1-s)})
		}
	}
	if len(it.vals) > 0 && !(len(toks) == 1 && (toks[0].IsNum || small(toks[0]))) && (it.vals[0].Exact || len(toks) > 1 || written(toks[0])) {
		it.kind = kValue
		out = append(out, weighed{it, n * valueWeight(toks, it.vals)})
	}
	return out
}

// led adds, to a foreign key that is called like the table it leads to (home
// team), that table.
func (p *Planner) led(it item) []cand {
	if len(it.tabs) > 0 && it.tabs[0].score > 0.7 {
		return it.tabs
	}
	for _, c := range it.cols {
		if c.score < 0.9 || p.index.column(c.ref).Role != semantic.Foreign {
			break
		}
		for _, e := range p.index.edges[c.table] {
			if tw := p.index.words[e.to]; p.index.leadsTo(c.ref, e.to) && strings.HasSuffix(lexicon.Lemma(strings.ToLower(it.text)), tw[len(tw)-1]) {
				return []cand{{ref{e.to, -1}, c.score - 0.15}}
			}
		}
	}
	return it.tabs
}

// ofTable tells "salary of instructors" from "date of birth": what follows
// "of" is a table, and is to be read as one.
func (p *Planner) ofTable(lemma []string) bool {
	for i := 1; i < len(lemma)-1; i++ {
		if lemma[i] != "of" && lemma[i] != "for" && lemma[i] != "in" {
			continue
		}
		rest := lemma[i+1:]
		if len(rest) > 1 && (rest[0] == "the" || rest[0] == "a") {
			rest = rest[1:]
		}
		for _, c := range p.index.keys[strings.Join(rest, "")] {
			if c.column < 0 && c.score >= 0.8 {
				return true
			}
		}
	}
	return false
}

// edgeWord tells words that start and end no term.
func edgeWord(l string) bool {
	switch l {
	case "of", "the", "a", "an", "in", "for", "and", "or", "by", "to", "with", "is", "be", "at", "on", "from", "have", "do", "that", "who", "which", "what", "are", "each", "all", "not", "no", "how", "show", "list", "find", "as", "there", "their", "any":
		return true
	}
	return false
}

// small tells the little words of a sentence, which are no codes of states
// unless they are written so.
func small(t lexicon.Token) bool {
	if t.Text != t.Lower {
		return false
	}
	ph, ok := lexicon.Lookup(t.Lower)
	return ok && (ph.Kind == lexicon.Prep || ph.Kind == lexicon.And || ph.Kind == lexicon.Or || ph.Kind == lexicon.Be || ph.Kind == lexicon.Relative || ph.Kind == lexicon.Filler && len(t.Lower) < 4)
}

// written tells a word that is written as a name, within the sentence.
func written(t lexicon.Token) bool {
	r, _ := utf8.DecodeRuneInString(t.Text)
	return unicode.IsUpper(r) && t.Start > 0
}

// valueWeight is a word's: high when it is written as a name.
func valueWeight(toks []lexicon.Token, hits []Hit) float64 {
	switch {
	case len(toks) > 1 && hits[0].Exact:
		return 1.2
	case len(toks) > 1:
		return 1.08
	case written(toks[0]):
		return 1.12
	case hits[0].Exact && len(toks[0].Text) > 2:
		return 0.87
	}
	return 0.8
}

func top(lists ...[]cand) float64 {
	s := 0.0
	for _, l := range lists {
		if len(l) > 0 {
			s = max(s, l[0].score)
		}
	}
	return s
}

func mark(t lexicon.Token, i int) item {
	it := item{kind: byte(lexicon.Filler), text: t.Text, start: i, end: i + 1}
	switch t.Text {
	case ",":
		it.kind = byte(lexicon.Comma)
	case ".", "?", ";", "!":
		it.kind = byte(lexicon.Stop)
	default:
		if ph, ok := lexicon.Lookup(t.Text); ok {
			it.kind, it.arg = byte(ph.Kind), ph.Arg
		}
	}
	return it
}

func (p *Planner) quoted(t lexicon.Token, i int) item {
	it := item{kind: kQuoted, text: t.Text, arg: t.Text, start: i, end: i + 1}
	if it.vals = p.values.Find(t.Text); len(it.vals) > 0 {
		it.kind = kValue
	} else if t.IsNum {
		it.kind, it.arg = kNumber, t.Num
	} else if w := lexicon.SplitName(t.Text); len(w) > 1 { // "active to date", as the column is called
		for _, c := range p.index.keys[strings.Join(w, "")] {
			if c.column >= 0 && c.score > 0.9 {
				it.kind, it.arg, it.cols = kColumn, "", append(it.cols, c)
			}
		}
	}
	return it
}
