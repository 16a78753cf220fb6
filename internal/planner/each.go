package planner

import (
	"slices"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// oneEach tells that numbers of each of a table's rows are averaged for another
// column of it: the kinds and the average heights of each tree are by kind.
func (b *builder) oneEach(t int) bool {
	own := func(agg bool) func(*output) bool {
		return func(o *output) bool {
			return (o.agg != "") == agg && !o.rows && o.slot.pick.table == t && !b.naming(o.slot.pick.ref) && b.p.index.column(o.slot.pick.ref).Role != semantic.Key
		}
	}
	return slices.ContainsFunc(b.f.outs, own(true)) && slices.ContainsFunc(b.f.outs, own(false))
}

// tells says that what is shown tells one row of a table from another.
func (b *builder) tells(t int) bool {
	return slices.ContainsFunc(b.f.outs, func(o *output) bool {
		r := o.slot.pick.ref
		return o.agg == "" && r.column >= 0 && (r.table == t && (b.naming(r) || b.p.index.column(r).Role == semantic.Key) || b.p.index.leadsTo(r, t))
	})
}

// groupsLast tells questions whose number comes before what it is taken for:
// "find the number of shops in each city" asks for numbers, "show the number
// of shops for each city" for a list of cities. What decides is how it begins
// and, of "how many", what joins the group to it.
func groupsLast(toks []lexicon.Token) bool {
	if len(toks) < 3 {
		return false
	}
	switch toks[0].Lower {
	case "find", "count", "compute", "calculate":
		return true
	case "return":
		return asksNumber(toks)
	case "what":
		return toks[1].Lower == "is" || toks[1].Lower == "are"
	case "how":
		joint := joinsGroup(toks)
		return joint == "in" || joint == "for"
	}
	return false
}

// asksNumber tells that the first thing asked for, after a verb, is a number.
func asksNumber(toks []lexicon.Token) bool {
	for _, t := range toks[1:] {
		if t.Lower == "the" || t.Lower == "me" || t.Lower == "both" {
			continue
		}
		ph, ok := lexicon.Lookup(t.Lower)
		return t.Lower == "number" || t.Lower == "count" || ok && (ph.Kind == lexicon.Agg || ph.Kind == lexicon.Count)
	}
	return false
}

// joinsGroup is the word before "each" in a question of how many there are:
// empty if it is no preposition, or if it is asked what each has.
func joinsGroup(toks []lexicon.Token) string {
	for i, t := range toks {
		switch t.Lower {
		case "does", "do", "did", "have", "has", "had":
			return ""
		case "each", "every":
			if i > 0 {
				return toks[i-1].Lower
			}
		}
	}
	return ""
}

// orderEvidence says by what wording it was decided whether a group or its
// number is shown first, where the question names the group only as such.
func (e evidence) orderEvidence(toks []lexicon.Token) {
	how, by := toks[0].Lower, "each"
	for i, t := range toks {
		if i > 0 && (t.Lower == "each" || t.Lower == "every") {
			by = toks[i-1].Lower
			break
		}
	}
	switch by {
	case "for", "in", "of", "from", "by", "does", "did", "to", "with":
	default:
		by = "each"
	}
	switch how {
	case "find", "count", "show", "how", "what", "for", "list", "return", "give":
		e.on("group by "+how, true)
	default:
		e.on("group by other words", true)
	}
	e.on("group by "+how+" "+by, how == "how" || how == "what" || how == "find" || how == "count")
}
