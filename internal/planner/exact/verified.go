package exact

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// verified finds the question among those whose SQL a person has accepted:
// word by word but for fillers, marks and endings, with values in the places
// of its parameters.
func (r *Reader) verified(q string, toks []lexicon.Token) (Result, bool) {
	for i := range r.m.Verified {
		v := &r.m.Verified[i]
		for _, asked := range append([]string{v.Question}, v.Questions...) {
			have, _ := lexicon.Tokens(asked)
			bound, ok := r.match(q, toks, hyphens(asked, have), v)
			if !ok {
				continue
			}
			if missing := unbound(v, bound); len(missing) > 0 {
				return Result{Own: true, Reason: "it does not say which " + strings.Join(missing, " and which ") + " is meant"}, true
			}
			oneOf(toks, have, v, bound)
			reading := Reading{Verified: v, Bound: bound}
			for _, p := range v.Parameters {
				if _, ok := bound[p.Name]; !ok && p.Default != "" {
					reading.Assumptions = append(reading.Assumptions, strings.Join(words(p.Name), " ")+" is "+p.Default)
				}
			}
			return Result{Readings: []Reading{reading}}, true
		}
	}
	return Result{}, false
}

// oneOf takes "the coldest day" for one of the coldest days.
func oneOf(toks, asked []lexicon.Token, v *semantic.VerifiedQuery, bound map[string]string) {
	for _, p := range v.Parameters {
		if _, ok := bound[p.Name]; ok || p.Class != semantic.Numeric || p.Default == "" {
			continue
		}
		for _, a := range asked {
			if a.Lower != a.Lemma && slices.ContainsFunc(words(p.Name), func(w string) bool { return w == a.Lemma }) &&
				slices.ContainsFunc(toks, func(t lexicon.Token) bool { return t.Lower == a.Lemma }) {
				bound[p.Name] = "1"
			}
		}
	}
}

func unbound(v *semantic.VerifiedQuery, bound map[string]string) (out []string) {
	for _, p := range v.Parameters {
		if _, ok := bound[p.Name]; !ok && p.Default == "" && !p.Optional {
			out = append(out, strings.Join(words(p.Name), " "))
		}
	}
	return out
}

// match compares a question with an accepted one. What is left over in it has
// to be values of the parameters; words that stand for a parameter there (an
// airline) may be missing.
func (r *Reader) match(q string, toks, asked []lexicon.Token, v *semantic.VerifiedQuery) (map[string]string, bool) {
	want := loose(asked)
	bound := map[string]string{}
	var left []lexicon.Token
	at := 0
	for _, t := range toks {
		if silent(t) {
			if len(left) > 0 {
				left = append(left, t)
			}
			continue
		}
		if at < len(want) && stem(t) == want[at] {
			at++
			continue
		}
		if at+1 < len(want) && stem(t) == want[at+1] && placeholder(v, want[at]) {
			at += 2
			continue
		}
		left = append(left, t)
	}
	for ; at < len(want) && placeholder(v, want[at]); at++ {
		continue
	}
	return bound, at == len(want) && r.bind(q, left, v, bound)
}

func loose(toks []lexicon.Token) (out []string) {
	for _, t := range toks {
		if !silent(t) {
			out = append(out, stem(t))
		}
	}
	return out
}

func stem(t lexicon.Token) string { return lexicon.Stem(t.Lemma) }

// silent words make no difference between two questions.
func silent(t lexicon.Token) bool {
	if t.Mark {
		return true
	}
	p, ok := phrases[t.Lower]
	return !t.Quoted && ok && (p.kind == kFill || p.kind == kWhich || p.kind == kPrep || p.kind == kAsk)
}

// placeholder tells that a word of an accepted question stands for a
// parameter.
func placeholder(v *semantic.VerifiedQuery, stemmed string) bool {
	return slices.ContainsFunc(v.Parameters, func(p semantic.Parameter) bool {
		return slices.ContainsFunc(words(p.Name), func(w string) bool { return lexicon.Stem(w) == stemmed })
	})
}

// bind gives what is left of a question to the parameters, each to the one
// whose kind it is.
func (r *Reader) bind(q string, left []lexicon.Token, v *semantic.VerifiedQuery, bound map[string]string) bool {
	for len(left) > 0 {
		if silent(left[0]) {
			left = left[1:]
			continue
		}
		n := 0
		for _, p := range v.Parameters {
			if _, taken := bound[p.Name]; taken {
				continue
			}
			if value, used := r.argument(q, left, p); used > 0 {
				bound[p.Name], n = value, used
				break
			}
		}
		if n == 0 {
			return false
		}
		left = left[n:]
	}
	return true
}

// argument reads a value of a parameter at the beginning of the words.
func (r *Reader) argument(q string, left []lexicon.Token, p semantic.Parameter) (string, int) {
	t := left[0]
	switch {
	case len(p.Values) > 0:
		for _, v := range p.Values {
			for n := len(left); n > 0; n-- {
				if strings.EqualFold(v, text(q, left, 0, n)) {
					return v, n
				}
			}
		}
	case p.Class == semantic.Numeric || p.Class == "number":
		if t.IsNum && !lexicon.IsDate(t.Num) {
			return t.Num, 1
		}
	case p.Class == semantic.Date:
		if d, n := periodAt(left, 0); n > 0 && d.unit == "" && d.from < d.to && t.IsNum {
			return d.from, n
		}
	case p.Class == semantic.Text:
		if t.Quoted {
			return t.Text, 1
		}
		for n := min(len(left), maxSpan); n > 0; n-- {
			if hits := r.find(text(q, left, 0, n)); len(hits) > 0 {
				return hits[0].Value, n
			}
		}
	}
	return "", 0
}
