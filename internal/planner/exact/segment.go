package exact

import (
	"cmp"
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
)

// piece is a stretch of the question with all that it may be.
type piece struct {
	start, end int
	text       string
	lower      string
	terms      []term
	cost       float64
}

func (s piece) as(k kind) (term, bool) {
	for _, t := range s.terms {
		if t.kind == k {
			return t, true
		}
	}
	return term{}, false
}

func (s piece) is(ks ...kind) bool {
	return slices.ContainsFunc(s.terms, func(t term) bool { return slices.Contains(ks, t.kind) })
}

func (s piece) all(k kind) (out []term) {
	for _, t := range s.terms {
		if t.kind == k {
			out = append(out, t)
		}
	}
	return out
}

const (
	maxSpan = 7
	maxWays = 6
)

// own phrases, before those of the lexicon.
var phrases = func() map[string]term {
	m := map[string]term{}
	for line := range strings.Lines(phraseText) {
		head, list, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok {
			continue
		}
		name, arg, _ := strings.Cut(strings.TrimSpace(head), " ")
		for p := range strings.SplitSeq(list, "|") {
			m[strings.TrimSpace(p)] = term{kind: kindNames[name], arg: arg}
		}
	}
	return m
}()

var kindNames = map[string]kind{"share": kShare, "change": kChange, "over": kOver, "which": kWhich, "fill": kFill, "agg": kAgg, "have": kHave, "prep": kPrep, "not": kNot, "verb": kVerb, "ask": kAsk, "count": kCount, "each": kEach, "null": kNull, "compare": kCompare, "top": kTop, "or": kOr, "super": kSuper, "most": kMost}

const phraseText = `
share share = share of | the share of | what share of | proportion of | what proportion of | fraction of | what fraction of | what part of
share percent = percentage of | percent of | what percentage of | what percent of | the percentage of | per cent of
change = change | changed | changes | grow | grew | growth | compared with the period before | compared with the previous one
over = over time | trend | trends | the trend of | trend of | the trend in | develop over time | evolve over time
which = which | what | who
ask = show | list | give | tell | find | display | show me | give me | tell me
fill = the | a | an | is | are | was | were | be | been | do | does | did | there | me | please | all | their | its | it | when | that | this | these | those | any | some | how | ever | would | could | can | you | i | want to know | we | our | as | in the data | value | by how much | altogether | so | had been | have been | has been
agg sum = in total | total | overall | in all
agg much = how much
have = have | has | had | with | having | with a | which have | that have | that had
prep = of | in | at | on | for | from | to | into | by way of | during | within | out of | through | between the
not = not | no | without | never | n't | have no | has no | had no | with no | without any | without a | have never | has never | did not | do not | does not | were not | was not | are not | is not | not at | not from
verb = made | recorded | observed | measured | fell | happen | happened | occur | occurred | take place | took place | go | went | operate | operated | run | ran | seen | reported | registered | leave | left | depart | departed | arrive | arrived | fly | flew | flown | have been made | got | get | fall
null = no value | unknown
count = how many | number of | the number of | count of | the count of | how many times
or = or
`

// lexicalKinds are the lexicon's kinds that mean something here.
var lexicalKinds = map[lexicon.Kind]kind{
	lexicon.Count: kCount, lexicon.Agg: kAgg, lexicon.Compare: kCompare, lexicon.Super: kSuper, lexicon.Most: kMost, lexicon.Each: kEach, lexicon.By: kBy,
	lexicon.Not: kNot, lexicon.And: kAnd, lexicon.Or: kOr, lexicon.Be: kFill, lexicon.Have: kHave, lexicon.Prep: kPrep, lexicon.Relative: kFill,
	lexicon.Distinct: kDistinct, lexicon.Like: kLike, lexicon.Top: kTop, lexicon.Between: kBetween, lexicon.Verb: kVerb, lexicon.Filler: kFill, lexicon.Null: kNull,
}

// segment cuts a question into pieces: the ways with the fewest, best first;
// or the words that are in none.
func (r *Reader) segment(q string, toks []lexicon.Token) (ways [][]piece, unknown []string) {
	spans := make([][]piece, len(toks))
	covered := make([]bool, len(toks))
	for i := range toks {
		spans[i] = r.spans(q, toks, i)
		for _, s := range spans[i] {
			for j := s.start; j < s.end; j++ {
				covered[j] = true
			}
		}
	}
	for i, c := range covered {
		if !c {
			unknown = append(unknown, toks[i].Text)
		}
	}
	if len(unknown) > 0 {
		return nil, unknown
	}
	type way struct {
		pieces []piece
		cost   float64
	}
	best := make([][]way, len(toks)+1)
	best[len(toks)] = []way{{}}
	for i := len(toks) - 1; i >= 0; i-- {
		for _, s := range spans[i] {
			for _, rest := range best[s.end] {
				best[i] = append(best[i], way{append([]piece{s}, rest.pieces...), s.cost + rest.cost})
			}
		}
		slices.SortStableFunc(best[i], func(a, b way) int { return cmp.Compare(a.cost, b.cost) })
		best[i] = best[i][:min(maxWays, len(best[i]))]
	}
	for _, w := range best[0] {
		ways = append(ways, w.pieces)
	}
	return ways, nil
}

// spans are the pieces that begin at a token.
func (r *Reader) spans(q string, toks []lexicon.Token, i int) (out []piece) {
	t := toks[i]
	if t.Mark {
		k := kMark
		if t.Text == "," {
			k = kAnd
		}
		if c, ok := lexicon.Lookup(t.Text); ok && c.Kind == lexicon.Compare {
			return []piece{{start: i, end: i + 1, text: t.Text, terms: []term{{kind: kCompare, arg: c.Arg}}, cost: 1}}
		}
		return []piece{{start: i, end: i + 1, text: t.Text, terms: []term{{kind: k}}, cost: 0}}
	}
	for j := i; j < len(toks) && j < i+maxSpan; j++ {
		if toks[j].Mark || j > i && (toks[j].Quoted || t.Quoted) {
			break
		}
		if s := r.span(q, toks, i, j+1); len(s.terms) > 0 {
			out = append(out, s)
		}
	}
	out = append(out, r.dotted(q, toks, i)...)
	out = unbroken(toks, i, out)
	if p, n := periodAt(toks, i); n > 0 {
		out = merge(out, piece{start: i, end: i + n, text: q[t.Start:toks[i+n-1].End], terms: []term{{kind: kPeriod, period: p}}, cost: 0.9})
	}
	if behindLike(toks, i) && !t.Quoted {
		out = merge(out, piece{start: i, end: i + 1, text: t.Text, lower: t.Lower, terms: []term{{kind: kText}}, cost: 1})
	}
	if n := relativeAt(toks, i); n > 0 {
		out = merge(out, piece{start: i, end: i + n, text: q[t.Start:toks[i+n-1].End], terms: []term{{kind: kRelative}}, cost: 1})
	}
	return out
}

// unread kinds ask for what nothing here writes.
var unread = map[lexicon.Kind]bool{lexicon.Sort: true, lexicon.Direction: true, lexicon.Frequent: true, lexicon.Beyond: true, lexicon.Write: true, lexicon.Chat: true,
	lexicon.Both: true, lexicon.Either: true, lexicon.Whole: true}

// unbroken keeps whole what changes its meaning when it is taken apart: other
// than, no more than, and all that nothing here reads.
func unbroken(toks []lexicon.Token, i int, out []piece) []piece {
	words, end := "", 0
	for j := i; j < len(toks) && j < i+lexicon.MaxPhrase && !toks[j].Mark && !toks[j].Quoted; j++ {
		words = strings.TrimSpace(words + " " + toks[j].Lower)
		if _, own := phrases[words]; own {
			continue
		}
		p, ok := lexicon.Lookup(words)
		if !ok {
			continue
		}
		k := lexicalKinds[p.Kind]
		if unread[p.Kind] || j > i && (k == kCompare || k == kNot || k == kSuper || k == kMost || k == kEach || k == kBetween || k == kLike) {
			end = j + 1
		}
	}
	for _, s := range out {
		if s.end > i+1 && s.is(kJoin) { // flown by is not flown
			end = max(end, s.end)
		}
	}
	return slices.DeleteFunc(out, func(s piece) bool {
		return s.end < end || s.end == end && len(s.terms) > 0 && !s.is(kMeasure, kFilter, kColumn, kTable, kJoin, kValue) && s.is(kFill, kVerb, kPrep) && end > i+1
	})
}

// behindLike tells that a word is what something contains or starts with.
func behindLike(toks []lexicon.Token, i int) bool {
	words := ""
	for j := i - 1; j >= 0 && j >= i-3; j-- {
		words = strings.TrimSpace(toks[j].Lower + " " + words)
		if p, ok := lexicon.Lookup(words); ok && p.Kind == lexicon.Like {
			return true
		}
	}
	return false
}

// merge adds a piece, or its meanings to the one of the same stretch.
func merge(out []piece, s piece) []piece {
	for i := range out {
		if out[i].end == s.end {
			out[i].terms = append(s.terms, out[i].terms...)
			out[i].cost = min(out[i].cost, s.cost)
			return out
		}
	}
	return append(out, s)
}

// span gives what a stretch of words may be.
func (r *Reader) span(q string, toks []lexicon.Token, i, end int) piece {
	low, lemma := make([]string, 0, end-i), make([]string, 0, end-i)
	for _, t := range toks[i:end] {
		low, lemma = append(low, t.Lower), append(lemma, t.Lemma)
	}
	s := piece{start: i, end: end, text: text(q, toks, i, end), lower: strings.Join(low, " "), cost: 1}
	t := toks[i]
	if t.Quoted {
		s.terms = append(s.terms, term{kind: kValue, arg: t.Text, hits: r.find(t.Text)})
		if t.IsNum {
			s.terms = append(s.terms, term{kind: kNumber, arg: t.Num})
		}
		return s
	}
	key := strings.Join(lemma, " ")
	s.terms = append(s.terms, r.terms[key]...)
	if len(s.terms) == 0 && !stop(t.Lower) {
		for _, t := range r.stems[stemmed(fixed(lemma))] {
			verb := strings.HasSuffix(s.lower, "ed") || strings.HasSuffix(s.lower, "ing")
			switch t.kind {
			case kFilter: // a delay is no delayed flight
				verb = !verb
			case kJoin: // sailings by are not sailed by
				verb = end-i > 1 && slices.ContainsFunc(r.terms[lemma[0]], func(t term) bool { return t.kind == kTable })
			case kColumn, kTable, kMeasure: // advising is no advisor
			default:
				verb = false
			}
			if !verb {
				s.terms = append(s.terms, t)
			}
		}
	}
	model := len(s.terms) > 0
	s.lexical(toks, key)
	if !model && end-i == 1 && !s.is(kFill, kPrep, kHave, kGrain, kNumber) {
		if heads := r.heads[lemma[0]]; len(heads) > 0 && len(s.terms) == 0 {
			s.terms, s.cost = append(s.terms, heads...), 1.2
		}
	}
	s.value(r, toks)
	if model {
		s.cost = 0.95
	}
	return s
}

// fixed gives verbs that are too short for stems their plain form.
func fixed(lemma []string) []string {
	out := slices.Clone(lemma)
	for i, l := range out {
		if l == "going" || l == "goes" {
			out[i] = "go"
		}
	}
	return out
}

func stop(lower string) bool {
	p, ok := phrases[lower]
	return ok && (p.kind == kFill || p.kind == kPrep || p.kind == kHave || p.kind == kWhich || p.kind == kVerb)
}

// lexical adds what English makes of the words.
func (s *piece) lexical(toks []lexicon.Token, key string) {
	single := s.end-s.start == 1
	if p, ok := phrases[s.lower]; ok {
		s.terms = append(s.terms, p)
	} else if p, ok := lexicon.Lookup(s.lower); ok {
		if k, ok := lexicalKinds[p.Kind]; ok {
			s.terms = append(s.terms, term{kind: k, arg: p.Arg})
		}
	} else if op, ok := comparative(s.lower); ok {
		s.terms = append(s.terms, term{kind: kCompare, arg: op})
	} else if op, ok := superlatives[s.lower]; ok {
		s.terms = append(s.terms, term{kind: kSuper, arg: op})
	}
	if g, ok := grains[key]; ok {
		s.terms = append(s.terms, term{kind: kGrain, arg: string(g)})
	}
	if u, ok := parts[key]; ok {
		s.terms = append(s.terms, term{kind: kPart, arg: string(u)})
	}
	if u, ok := units[s.lower]; ok && s.start > 0 && toks[s.start-1].IsNum {
		s.terms = append(s.terms, term{kind: kUnit, unit: u})
	}
	if t := toks[s.start]; single && t.IsNum && !lexicon.IsDate(t.Num) {
		n := term{kind: kNumber, arg: t.Num}
		if strings.HasSuffix(t.Text, "%") {
			n.unit = units["%"]
		} else if strings.HasPrefix(t.Text, "$") {
			n.unit = units["usd"]
		}
		s.terms = append(s.terms, n)
	}
	if g := changeOf(s.lower); g != "" {
		s.terms = append(s.terms, term{kind: kChange, arg: g})
	}
}

// changeOf reads month to month, week over week, compared with the month
// before.
func changeOf(lower string) string {
	w := strings.Fields(lower)
	if len(w) > 3 && w[0] == "from" {
		w = w[1:]
	}
	if len(w) == 3 && w[0] == w[2] && (w[1] == "to" || w[1] == "over" || w[1] == "on") {
		return string(grains[w[0]])
	}
	for _, head := range []string{"compared with the ", "compared to the ", "versus the ", "against the ", "over the ", "than the ", "vs the ", "relative to the "} {
		rest, ok := strings.CutPrefix(lower, head)
		if !ok {
			continue
		}
		if g, ok := strings.CutSuffix(rest, " before"); ok {
			return string(grains[g])
		}
		if g, ok := strings.CutPrefix(rest, "previous "); ok {
			return string(grains[g])
		}
		if g, ok := strings.CutPrefix(rest, "prior "); ok {
			return string(grains[g])
		}
	}
	return ""
}

// value adds the columns that hold the words.
func (s *piece) value(r *Reader, toks []lexicon.Token) {
	t, last := toks[s.start], toks[s.end-1]
	if t.IsNum && s.end == s.start+1 || s.end == s.start+1 && t.Text == t.Lower && len(s.terms) > 0 {
		return
	}
	if s.end-s.start > 1 && (stop(last.Lower) && last.Text == last.Lower || stop(t.Lower) && t.Text == t.Lower) {
		return
	}
	hits := r.find(s.text)
	if len(hits) == 0 && t.Text != t.Lower {
		hits = r.company(s.text)
	}
	if len(hits) == 0 {
		return
	}
	s.terms = append(s.terms, term{kind: kValue, arg: s.text, hits: hits})
	if s.end-s.start > 1 {
		s.cost = 0.9
	}
}

// company finds a firm by its name without its legal form.
func (r *Reader) company(name string) []Hit {
	for _, form := range []string{" Inc.", " Inc", ", Inc.", " Co.", " Corp.", " Corporation", " Company", " Ltd.", " Ltd", " LLC", " plc", " AG", " GmbH", " SA", " S.A."} {
		if hits := r.find(name + form); len(hits) > 0 {
			return hits
		}
	}
	return nil
}

// dotted gives the values that hold full stops, or end with one.
func (r *Reader) dotted(q string, toks []lexicon.Token, i int) (out []piece) {
	stops := false
	for j := i; j < len(toks) && j < i+maxSpan+2 && !toks[j].Quoted; j++ {
		if toks[j].Mark && toks[j].Text != "." && toks[j].Text != "," {
			break
		}
		stops = stops || toks[j].Mark
		if !stops || j == i {
			continue
		}
		text := q[toks[i].Start:toks[j].End]
		if hits := r.find(text); len(hits) > 0 {
			out = append(out, piece{start: i, end: j + 1, text: text, lower: strings.ToLower(text), terms: []term{{kind: kValue, arg: text, hits: hits}}, cost: 0.9})
		}
	}
	return out
}

// text is the question's, without a possessive at its end.
func text(q string, toks []lexicon.Token, i, end int) string {
	if toks[i].Quoted {
		return toks[i].Text
	}
	t := toks[end-1]
	w := q[toks[i].Start:t.End]
	if len(t.Text) < t.End-t.Start {
		w = strings.TrimSuffix(strings.TrimSuffix(w, "'s"), "’s")
	}
	return w
}

// Adjectives of quantities, by the direction that they compare in.
var (
	upward   = strings.Fields("warm hot high large big great long tall heavy fast expensive old late strong wet humid windy deep wide busy loud bright rich strict steep dense")
	downward = strings.Fields("cold cool low small short light slow cheap young early weak dry calm narrow shallow quiet dark poor thin")
)

var superlatives, comparatives = func() (sup, cmp map[string]string) {
	sup, cmp = map[string]string{}, map[string]string{}
	for op, list := range map[string][]string{"max": upward, "min": downward} {
		for _, w := range list {
			base := strings.TrimSuffix(w, "e")
			switch {
			case strings.HasSuffix(w, "y"):
				base = w[:len(w)-1] + "i"
			case strings.HasSuffix(w, "ot") || strings.HasSuffix(w, "et") && len(w) == 3 || strings.HasSuffix(w, "ig") || strings.HasSuffix(w, "in"):
				base = w + w[len(w)-1:]
			}
			sup[base+"est"] = op + ":" + w
			cmp[base+"er"] = map[string]string{"max": "gt:", "min": "lt:"}[op] + w
		}
	}
	return sup, cmp
}()

// comparative reads "warmer than".
func comparative(lower string) (string, bool) {
	w, ok := strings.CutSuffix(lower, " than")
	if !ok {
		return "", false
	}
	op, ok := comparatives[w]
	return op, ok
}
