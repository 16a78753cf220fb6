package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// measureNouns say of a number only that it is one: the enrollment size, the
// cloud cover rate, the gross sales.
var measureNouns = map[string]bool{"size": true, "amount": true, "value": true, "figure": true, "rate": true, "score": true, "sale": true, "percentage": true, "percent": true,
	"number": true, "count": true, "result": true, "level": true, "total": true, "balance": true, "money": true, "mark": true, "quantity": true, "unit": true, "population": true, "reading": true}

// sortNouns say of a label only that it is one: the approval status.
var sortNouns = map[string]bool{"status": true, "state": true, "type": true, "kind": true, "category": true, "class": true, "group": true, "option": true, "name": true, "location": true}

// flagNouns say of a flag only what it is of.
var flagNouns = map[string]bool{"function": true, "feature": true, "capability": true, "support": true, "option": true, "status": true}

// heads drops the nouns that add nothing to the column before them, where
// they name none themselves.
func (ps *parse) heads(items []item) []item {
	out := items[:0:0]
	for i, it := range items {
		n := len(out)
		if it.kind == kUnknown && i+1 < len(items) && items[i+1].start == it.end && strings.IndexByte("CT", items[i+1].kind) >= 0 && ps.p.index.subject[lexicon.Lemma(strings.ToLower(it.text))] {
			items[i+1].start = it.start
			continue // music genres, of a product on music
		}
		if n == 0 || out[n-1].kind != kColumn || out[n-1].end != it.start || out[n-1].cols[0].score < 0.85 {
			out = append(out, it)
			continue
		}
		c := out[n-1].cols[0]
		noun := lexicon.Lemma(strings.ToLower(it.text))
		number := ps.p.index.isNumber(c.ref)
		names := it.kind == kUnknown || it.kind == byte(lexicon.Verb) || it.kind == kColumn && (it.cols[0].score < 0.7 || noun == "location" && it.cols[0].score < 0.85) || it.kind == byte(lexicon.Agg) && noun == "total"
		switch {
		case !names || strings.EqualFold(it.text, out[n-1].text):
		case number && measureNouns[noun], ps.p.index.isTruth(c.ref) && flagNouns[noun], !number && sortNouns[noun] && ps.p.index.column(c.ref).Role != semantic.Key:
			continue
		case number && it.kind == kUnknown && c.score >= 0.95 && strings.HasSuffix(it.text, "s") && i > 1 && counts(items[:i-1]):
			continue // the number of gold medals, where gold is a number
		}
		out = append(out, it)
	}
	return out
}

// addSubject takes the words of the product's name: what it is about need not
// be said, and may be. A table that is called by nothing in particular, or that
// is the only one, holds what the product is called by.
func (x *index) addSubject() {
	x.subject = map[string]bool{}
	var words []string
	for _, w := range lexicon.SplitName(x.model.Name) {
		if strings.Trim(w, "0123456789") != "" && len(w) > 2 && !genericTable[w] {
			words = append(words, w)
			x.subject[w] = true
		}
	}
	if len(words) == 0 {
		return
	}
	var plain []int
	for t := range x.model.Tables {
		if genericTable[strings.Join(x.words[t], " ")] {
			plain = append(plain, t)
		}
	}
	if len(plain) == 1 && len(x.keys[strings.Join(words, "")]) == 0 {
		x.add(words, cand{ref{plain[0], -1}, 0.85})
	}
}

// genericTable are names of tables that say nothing of what they hold.
var genericTable = map[string]bool{"list": true, "data": true, "table": true, "main": true, "record": true, "row": true, "sheet": true, "sheet 1": true, "entry": true, "item": true,
	"detail": true, "information": true, "dataset": true, "all": true, "export": true, "extract": true, "import": true}

// counts tells that what comes next is a number that is asked for: the number
// of, the average.
func counts(before []item) bool {
	for i := len(before) - 1; i >= 0; i-- {
		switch lexicon.Kind(before[i].kind) {
		case lexicon.Filler, lexicon.Prep:
			continue
		case lexicon.Count:
			return strings.HasSuffix(before[i].text, "of")
		case lexicon.Agg, lexicon.Super, lexicon.Most:
			return true
		}
		return false
	}
	return false
}

// whenWords are what a time is called.
var whenWords = map[string]bool{"year": true, "date": true, "time": true, "day": true, "month": true}

// whenDone: the year they joined; the date it was settled; the time they left
// office. What was done names the column.
func whenDone(ps *parse, m []item) ([]item, bool) {
	w, v := m[0], m[len(m)-1]
	noun := lexicon.Lemma(strings.ToLower(w.text))
	if !whenWords[noun] && !(w.kind == byte(lexicon.Relative) && strings.HasSuffix(strings.ToLower(w.text), "when")) {
		return nil, false
	}
	verb := lexicon.Lemma(strings.ToLower(v.text))
	var own []cand
	for _, words := range [][]string{{noun, verb}, {verb}} {
		for _, c := range ps.p.index.find(words) {
			if c.column >= 0 && c.score >= 0.45 && (ps.p.index.isTime(c.ref) || ps.p.index.isYear(c.ref)) && !slices.ContainsFunc(own, func(o cand) bool { return o.ref == c.ref }) {
				own = append(own, cand{c.ref, max(c.score, 0.85)})
			}
		}
		if len(own) > 0 {
			break
		}
	}
	a := ps.after()
	if w.kind == kColumn && len(own) == 0 && v.kind == byte(lexicon.Verb) && w.cols[0].score >= 0.95 && ps.p.index.isMoment(w.cols[0].ref) && a != kTable && a != kColumn && happening[verb] && len(only(ps.items, "T")) > 0 {
		w.end, w.text = v.end, w.text+" "+v.text
		return []item{w}, true // the year it was held
	}
	if len(own) == 0 || a == kNumber || a == kValue {
		return nil, false
	}
	c := item{kind: kColumn, cols: own, start: w.start, end: v.end, text: w.text + " " + v.text}
	return []item{c}, true
}

// happening are verbs of all that has a date.
var happening = map[string]bool{"held": true, "happened": true, "occurred": true, "occur": true, "happen": true, "took place": true, "take place": true, "taken place": true}

// doneWhen: the opening year, the founding date.
func doneWhen(ps *parse, m []item) ([]item, bool) {
	if m[0].end != m[1].start || !whenWords[lexicon.Lemma(strings.ToLower(m[1].text))] || m[1].end != m[1].start+1 {
		return nil, false
	}
	own := slices.DeleteFunc(ps.p.index.find([]string{lexicon.Lemma(strings.ToLower(m[0].text))}), func(c cand) bool {
		return c.column < 0 || c.score < 0.45 || !ps.p.index.isTime(c.ref) && !ps.p.index.isYear(c.ref)
	})
	if len(own) == 0 {
		return nil, false
	}
	for i := range own {
		own[i].score = max(own[i].score, 0.85)
	}
	return []item{{kind: kColumn, cols: own, start: m[0].start, end: m[1].end, text: m[0].text + " " + m[1].text}}, true
}

// isYear tells numbers that are all years, as far as they are known.
func (x *index) isYear(r ref) bool {
	c := x.column(r)
	if c.Class != semantic.Numeric && !c.NumericText || len(c.Values) == 0 {
		return false
	}
	return !slices.ContainsFunc(c.Values, func(v string) bool { return !year(v) })
}
