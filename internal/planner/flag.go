package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// A flag is a column that says yes or no of each row, whatever it says it
// with: a boolean, Y and N, or 1 and 0 where its name says that it does.

// yeses and noes are how columns spell them.
var (
	yeses = map[string]bool{"y": true, "yes": true, "t": true, "true": true}
	noes  = map[string]bool{"n": true, "no": true, "f": true, "false": true}
)

// flag gives what a column of yes and no holds for each; ok is false for
// other columns, and for those that hold neither.
func (x *index) flag(r ref) (yes, no string, ok bool) {
	other := ""
	if r.column < 0 {
		return "", "", false
	}
	c := x.column(r)
	switch {
	case c.Class == semantic.Boolean:
		return "true", "false", true
	case !c.Complete || len(c.Values) == 0 || len(c.Values) > 2:
		return "", "", false
	case !slices.ContainsFunc(c.Values, func(v string) bool { return v != "0" && v != "1" }):
		return "1", "0", flagName(c.Name)
	}
	for _, v := range c.Values {
		switch l := strings.ToLower(v); {
		case yeses[l]:
			yes = v
		case noes[l]:
			no = v
		default:
			other = v
		}
	}
	switch letters := len(yes) == 1 || len(no) == 1; {
	case letters: // F beside M is no "no"
		return yes, no, yes != "" && no != ""
	case other != "": // no, or which
		return "", no, no != ""
	}
	return yes, no, true
}

// saysFlag tells words that say a flag of a table's rows: dogs are sold, sold
// dogs.
func (x *index) saysFlag(r ref, lemma []string) bool {
	last := lemma[len(lemma)-1]
	return x.isTruth(r) && (slices.Contains(lemma[1:], "be") || last == x.words[r.table][len(x.words[r.table])-1] && lemma[0] != last)
}

// flagName tells names of numbers that say yes or no.
func flagName(name string) bool {
	return slices.ContainsFunc(lexicon.SplitName(name), func(w string) bool {
		return w == "is" || w == "be" || w == "has" || w == "have" || w == "flag" || w == "allowed" || w == "enabled"
	})
}

func (x *index) isTruth(r ref) bool {
	_, _, ok := x.flag(r)
	return ok
}

// sure is how near a word must be to a flag's name to be said of its rows.
const sure = 0.7

// plainest tells that nothing else is as near.
func plainest(s *slot) bool {
	n := s.opts[0].score
	return n >= sure || n >= 0.6 && (len(s.opts) == 1 || s.opts[1].score < n-0.15)
}

// isTrue: flights that were cancelled; students on scholarship; phones that do
// not have wifi.
func isTrue(ps *parse, m []item) ([]item, bool) {
	return ps.isFlag(m, m[len(m)-1])
}

// isDone: dogs that are sold, where a flag says which.
func isDone(ps *parse, m []item) ([]item, bool) {
	v := m[len(m)-1]
	for _, c := range ps.p.index.find([]string{lexicon.Lemma(strings.ToLower(v.text))}) {
		if c.column >= 0 && c.score >= 0.85 && ps.p.index.isTruth(c.ref) {
			v.cols = append(v.cols, c)
		}
	}
	if a := ps.after(); len(v.cols) == 0 || len(only(m, "b")) == 0 || a != 0 && a != '.' && a != '&' && a != 'p' {
		return nil, false
	}
	return ps.isFlag(m, v)
}

// postpositive: the medicines, FDA approved.
func postpositive(ps *parse, m []item) ([]item, bool) {
	if a := ps.after(); m[0].end == m[1].start && a != 0 && a != '.' && a != 'p' && a != '&' {
		return nil, false
	}
	out, ok := ps.isFlag(m[1:], m[len(m)-1])
	return append(m[:1:1], out...), ok
}

func (ps *parse) isFlag(m []item, it item) ([]item, bool) {
	s := columnOf(it, anything)
	if s == nil || !ps.p.index.isTruth(s.opts[0].ref) || !plainest(s) || len(only(ps.items[:ps.lo], "CTKG#")) == 0 && m[0].kind != 'T' && len(only(m, "w")) == 0 {
		return nil, false
	}
	if a := ps.after(); a == kValue || a == kNumber || a == 'b' || a == '~' || a == kColumn || a == byte(lexicon.Null) {
		return nil, false
	}
	if len(only(m, "wbhp!v")) == 0 && len(only(ps.items[:ps.lo], "wF")) == 0 {
		return nil, false // the name and the approval are shown
	}
	if p, ok := first(m, "p"); ok && !circumstance[strings.ToLower(p.text)] {
		return nil, false
	}
	return one(kPred, &pred{kind: truth, slot: s, neg: hasNot(m), at: m[0].start}, m), true
}

// circumstance are the prepositions that say how a thing is: on sale, in
// stock, under warranty.
var circumstance = map[string]bool{"on": true, "in": true, "under": true, "with": true}

// trueOf: cancelled flights.
func trueOf(ps *parse, m []item) ([]item, bool) {
	s := columnOf(m[0], anything)
	if s == nil || m[0].end != m[1].start || !ps.p.index.isTruth(s.opts[0].ref) || !plainest(s) {
		return nil, false
	}
	s.owners = m[1].tabs
	return append(one(kPred, &pred{kind: truth, slot: s, at: m[0].start}, m[:1]), m[1]), true
}

// isSet writes that a flag says yes, or, denied, no.
func (b *builder) isSet(p *pred) (semantic.Cond, bool) {
	r := p.slot.pick.ref
	yes, no, ok := b.p.index.flag(r)
	if !ok {
		return nil, b.fail("%s does not say yes or no", quote(p.slot.text))
	}
	class := b.p.index.column(r).Class
	eq := func(v string) semantic.Cond {
		return semantic.Compare{Left: b.ref(p.slot), Op: semantic.Eq, Right: semantic.Value{Class: class, Text: v}}
	}
	switch {
	case class == semantic.Boolean && p.neg:
		return semantic.Not{Cond: eq(yes)}, true
	case p.neg && no != "":
		return eq(no), true
	case p.neg:
		return semantic.Not{Cond: eq(yes)}, true
	case yes == "" && no != "": // no, or which
		return semantic.Compare{Left: b.ref(p.slot), Op: semantic.Ne, Right: semantic.Value{Class: class, Text: no}}, true
	case yes == "":
		return nil, b.fail("%s is yes in no row", quote(p.slot.text))
	}
	return eq(yes), true
}
