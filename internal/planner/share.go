package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
)

// share gives words in a list the noun that they share with the last of it:
// "first and last names", "start, end and due dates".
func (p *Planner) share(items []item) []item {
	for i := len(items) - 1; i >= 2; i-- {
		if items[i].kind != kColumn {
			continue
		}
		words := strings.Fields(strings.ToLower(items[i].text))
		if len(words) < 2 {
			continue
		}
		noun := lexicon.Lemma(words[len(words)-1])
		j := i - 1
		for j > 0 && (items[j].kind == byte(lexicon.And) || items[j].kind == byte(lexicon.Comma) || items[j].kind == byte(lexicon.Or)) {
			j--
		}
		if j == i-1 || items[j].kind == kValue || items[j].kind == kColumn && items[j].cols[0].score >= 0.9 {
			continue
		}
		if lexicon.Lemma(strings.ToLower(items[j].text)) == lexicon.Lemma(words[0]) {
			continue // who taught a course, and the course code
		}
		for _, c := range p.index.find([]string{lexicon.Lemma(strings.ToLower(items[j].text)), noun}) {
			if c.column >= 0 && c.score >= 0.6 {
				if items[j].kind != kColumn {
					items[j] = item{kind: kColumn, text: items[j].text + " " + noun, start: items[j].start, end: items[j].end}
				}
				items[j].cols = append(items[j].cols, c)
			}
		}
	}
	return items
}

// modified gives a word in a list what modifies the one before it, where a
// column is called so in full: "color code and description" are those of the
// color, in what it is a color of.
func (p *Planner) modified(items []item) []item {
	for i := 2; i < len(items); i++ {
		a, b := items[i-2], items[i]
		if a.kind != kColumn || b.kind != kColumn || items[i-1].kind != byte(lexicon.And) || items[i-1].end != b.start || a.cols[0].score < 0.95 || b.end-b.start > 1 || items[i-1].text != "and" {
			continue
		}
		words := strings.Fields(strings.ToLower(a.text))
		if len(words) < 2 {
			continue
		}
		words[len(words)-1] = strings.ToLower(b.text)
		for j, w := range words {
			words[j] = lexicon.Lemma(w)
		}
		var whole []cand
		for _, c := range p.index.find(words) {
			if c.column < 0 || c.score < 0.95 || len(lexicon.SplitName(p.index.column(c.ref).Name)) < len(words) {
				continue
			}
			if slices.ContainsFunc(a.cols, func(o cand) bool {
				return o.score >= 0.95 && (o.table == c.table || p.index.leadsTo(o.ref, c.table))
			}) {
				whole = append(whole, cand{c.ref, 1})
			}
		}
		if len(whole) > 0 {
			items[i].cols, items[i].text = whole, strings.Join(words, " ")
		}
	}
	return items
}

// named gives, for a full name, the first of the columns that name a row of
// each table.
func (p *Planner) named(it item) *slot {
	s := &slot{text: "full name", at: it.start}
	for t := range p.index.model.Tables {
		if names := p.index.nameOf(t); len(names) > 0 {
			s.opts = append(s.opts, cand{names[0], 0.95})
		}
	}
	if len(s.opts) == 0 {
		return nil
	}
	return s
}

// fullNames reads "full name", where no column is called so, as all that
// names a row.
func fullNames(items []item, toks []lexicon.Token) []item {
	for i := range items {
		if items[i].kind == kColumn && items[i].end-items[i].start == 1 && items[i].start > 0 &&
			toks[items[i].start].Lemma == "name" && toks[items[i].start-1].Lemma == "full" {
			items[i].arg = "full"
			for j := range items[:i] {
				if items[j].end == items[i].start {
					items[j].kind = byte(lexicon.Filler)
				}
			}
		}
	}
	return items
}
