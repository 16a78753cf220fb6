package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
)

// spelt corrects words that neither the model nor the lexicon has, where one
// word of theirs differs in a single letter. The model's come first.
func (p *Planner) spelt(toks []lexicon.Token) []lexicon.Token {
	out := slices.Clone(toks)
	for i, t := range out {
		if t.Mark || t.Quoted || t.IsNum || written(t) || !plain(t.Lower) || lexicon.Known(t.Lower) || p.index.vocabulary[t.Lemma] || p.index.vocabulary[t.Lower] {
			continue
		}
		if len(p.index.find([]string{t.Lemma})) > 0 || len(p.values.Find(t.Text)) > 0 {
			continue
		}
		w := corrected(t, p.index.vocabulary)
		if w == "" {
			w = corrected(t, lexicon.Words())
		}
		if w != "" {
			out[i].Lower, out[i].Lemma, out[i].Respelt = w, lexicon.Lemma(w), true
		}
	}
	return out
}

// hyphenless splits what is joined by a hyphen and is known only in its parts:
// the all-female dorms.
func (p *Planner) hyphenless(toks []lexicon.Token) []lexicon.Token {
	known := func(w string) bool {
		ph, said := lexicon.Lookup(w)
		return said && (ph.Kind == lexicon.Filler || ph.Kind == lexicon.Not) || len(p.values.Find(w)) > 0 || len(lexicon.ShortValues(lexicon.Lemma(w), false)) > 0 || len(p.index.find([]string{lexicon.Lemma(w)})) > 0
	}
	out := toks[:0:0]
	for _, t := range toks {
		parts := strings.Split(t.Text, "-")
		if t.Mark || t.Quoted || t.IsNum || len(parts) < 2 || known(t.Lower) || slices.ContainsFunc(parts, func(w string) bool { return len(w) < 3 || !plain(w) || !known(w) }) {
			out = append(out, t)
			continue
		}
		at := t.Start
		for _, w := range parts {
			out = append(out, lexicon.Token{Text: w, Lower: w, Lemma: lexicon.Lemma(w), Start: at, End: at + len(w)})
			at += len(w) + 1
		}
	}
	return out
}

// corrected gives the only word that a word may be a misspelling of.
func corrected(t lexicon.Token, words map[string]bool) string {
	found := ""
	for w := range words {
		for _, form := range []string{t.Lower, t.Lemma} {
			if !lexicon.Misspelt(form, w) || w == found {
				continue
			}
			if found != "" && lexicon.Lemma(found) != lexicon.Lemma(w) {
				return ""
			}
			if found == "" || w < found {
				found = w
			}
		}
	}
	return found
}

// plain tells words of lower-case letters.
func plain(w string) bool {
	return strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") == ""
}

// unquoted splits a quotation that is no value, each word of which is one: a
// first and a last name.
func (p *Planner) unquoted(toks []lexicon.Token) []lexicon.Token {
	out := toks[:0:0]
	for _, t := range toks {
		words := strings.Fields(t.Text)
		if !t.Quoted || len(words) < 2 || len(words) > 3 || len(p.values.Find(t.Text)) > 0 || slices.ContainsFunc(words, func(w string) bool { return len(p.values.Find(w)) == 0 }) {
			out = append(out, t)
			continue
		}
		for _, w := range words {
			part := t
			part.Text, part.Lower, part.Lemma = w, lexicon.Fold(w), lexicon.Fold(w)
			out = append(out, part)
		}
	}
	return out
}

// spelledOut drops "full name" where its parts follow: full name (first and
// last name).
func spelledOut(toks []lexicon.Token) []lexicon.Token {
	for i := 0; i+2 < len(toks); i++ { // name (first name and last name)
		if toks[i].Lower == "name" && toks[i+1].Lower == "first" && toks[i+2].Lower == "name" && (i == 0 || toks[i-1].Lower != "first" && toks[i-1].Lower != "last") {
			return append(slices.Clone(toks[:i]), toks[i+1:]...)
		}
	}
	for i := 0; i+4 < len(toks); i++ {
		if toks[i].Lower == "full" && toks[i+1].Lemma == "name" && (toks[i+2].Lower == "first" || toks[i+2].Lower == "last") {
			rest := slices.Clone(toks[i+2:])
			if len(rest) > 3 && rest[1].Lower == "and" && (rest[2].Lower == "last" || rest[2].Lower == "first") && rest[3].Lemma != "name" {
				name := rest[2]
				name.Text, name.Lower, name.Lemma = "name", "name", "name"
				rest = slices.Insert(rest, 3, name)
			}
			return slices.Concat(toks[:i], rest)
		}
	}
	return toks
}

// brokenOff tells a question whose last word leads to one that is not there.
func brokenOff(toks []lexicon.Token) bool {
	for i := len(toks) - 1; i >= 0; i-- {
		if !toks[i].Mark {
			if toks[i].Text == "of" && i+1 < len(toks) && toks[i+1].Text == "?" && len(toks) > 6 {
				return false // who is she the author of?
			}
			return len(toks) > 1 && !toks[i].Quoted && leading[toks[i].Text]
		}
	}
	return false
}

var leading = map[string]bool{"of": true, "the": true, "an": true, "and": true, "or": true, "than": true, "whose": true, "between": true}
