package planner

import (
	"cmp"
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// asksMoment tells a question that asks only when something was: on which day
// was the vase made? In what year did Ada join?
func asksMoment(toks []lexicon.Token) bool {
	at := func(i int, words ...string) bool {
		return i < len(toks) && (slices.Contains(words, toks[i].Lower) || slices.Contains(words, toks[i].Lemma))
	}
	i := 0
	if at(i, "on", "in", "at", "during") {
		i++
	}
	if !at(i, "which", "what") || !at(i+1, "day", "date", "week", "month", "quarter", "year", "time") {
		return false
	}
	return at(i+2, "was", "were", "did", "does", "do", "is", "are", "has", "have", "had")
}

// onlyMoment tells that nothing but a period is asked for, and nothing of it
// to be counted.
func (f *form) onlyMoment() bool {
	return f.asksMoment && f.grain != "" && len(f.outs) == 0 && len(f.supers) == 0 && len(f.groups) == 0 && !f.counted
}

// moments shows the periods that were asked for: a day as it is held.
func (b *builder) moments() {
	if b.f.grain == semantic.Day {
		b.q.Select = append(b.q.Select, semantic.Output{Expr: b.ref(b.f.when)})
		return
	}
	b.q.Select = append(b.q.Select, semantic.Output{Expr: semantic.Period{Of: b.ref(b.f.when), Grain: b.f.grain}})
	b.q.Distinct = true
}

// whose reads a date that is asked for of what the question is about: on what
// date was the parcel sent? Of its dates it is the one that is said.
func (r *reader) whose() {
	f := &r.f
	switch {
	case !f.asksMoment || f.head == nil:
	case f.onlyMoment():
		r.saidDates(f.when)
	case f.grain == "" && len(f.outs) == 1 && f.outs[0].agg == "" && dateWord(lexicon.Lemma(f.outs[0].slot.text)):
		r.saidDates(f.outs[0].slot)
		f.outs[0].slot.owners = f.head.opts
	}
}

func dateWord(w string) bool { return w == "date" || w == "day" || w == "time" }

// saidDates puts the dates first that share a word with the question.
func (r *reader) saidDates(s *slot) {
	s.opts = slices.Clone(s.opts)
	for i, o := range s.opts {
		if o.column >= 0 && slices.ContainsFunc(lexicon.SplitName(r.p.index.column(o.ref).Name), func(w string) bool {
			return !dateWord(w) && r.f.words[role(w)]
		}) {
			s.opts[i].score += 0.1
		}
	}
	slices.SortStableFunc(s.opts, func(a, b cand) int { return cmp.Compare(b.score, a.score) })
}

// doneThen takes what was done for what it is where a date is called after it:
// the day on which a vase was glazed is its date_glazed.
func (p *Planner) doneThen(items []item) []item {
	for i, it := range items {
		if i == 0 || it.kind != kColumn || it.end != it.start+1 || !strings.HasSuffix(strings.ToLower(it.text), "ed") || !p.index.isMoment(it.cols[0].ref) {
			continue
		}
		items[i] = item{kind: byte(lexicon.Verb), text: it.text, start: it.start, end: it.end}
	}
	return items
}
