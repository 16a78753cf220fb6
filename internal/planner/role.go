package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// roles chooses among several joins of the same two tables the one whose key
// is named as the question says it: trips that ended at a station, by their
// end station.
func (b *builder) roles() {
	used := b.used()
	for t := range b.p.index.edges {
		if !used[t] && !b.nextTo(t, used) {
			continue
		}
		byTable := map[int][]edge{}
		for _, e := range b.p.index.edges[t] {
			if !e.many && e.to != t {
				byTable[e.to] = append(byTable[e.to], e)
			}
		}
		for to := range b.p.index.edges { // in order
			if es := byTable[to]; len(es) > 1 && used[to] {
				e, ok := b.otherEnd(es)
				if !ok {
					e, ok = b.said(es)
				}
				if ok {
					b.q.Prefer = append(b.q.Prefer, b.p.index.model.Joins[e.join].Name)
				}
			}
		}
	}
}

// nextTo tells a table that ways between the used ones may go through.
func (b *builder) nextTo(t int, used map[int]bool) bool {
	return slices.ContainsFunc(b.p.index.edges[t], func(e edge) bool { return used[e.to] })
}

// said gives the only join whose key has a word of its own that the question
// has too.
func (b *builder) said(es []edge) (edge, bool) {
	says := func(w string) bool { return b.f.words[w] }
	for _, p := range b.f.preds {
		if p.end != "" && p.slot.pick.table == es[0].to {
			says = func(w string) bool { return w == p.end }
		}
	}
	return b.saidBy(es, says)
}

func (b *builder) saidBy(es []edge, says func(role string) bool) (edge, bool) {
	var found []edge
	for i, e := range es {
		own := b.roleWords(e)
		for j, o := range es {
			if i != j {
				others := b.roleWords(o)
				own = slices.DeleteFunc(own, func(w string) bool { return slices.Contains(others, w) })
			}
		}
		if slices.ContainsFunc(own, func(w string) bool { return says(role(w)) }) {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		return edge{}, false
	}
	return found[0], true
}

// bothEnds writes two conditions of a table that is joined twice to the one
// that is asked for: flights from Oslo to Rome.
func (b *builder) bothEnds(one, two *pred) bool {
	t := one.slot.pick.table
	if one.end == "" || two.end == "" || one.end == two.end || b.head < 0 || t == b.head {
		return false
	}
	var es []edge
	for _, e := range b.p.index.edges[b.head] {
		if e.to == t && !e.many {
			es = append(es, e)
		}
	}
	if len(es) < 2 {
		return false
	}
	for _, p := range []*pred{one, two} {
		e, ok := b.saidBy(es, func(w string) bool { return w == p.end })
		if !ok {
			return false
		}
		p.slot.set = p.end + " " + b.name(t)
		b.q.Joins = append(b.q.Joins, semantic.JoinAs{As: p.slot.set, Table: b.name(t), Via: b.p.index.model.Joins[e.join].Name, Of: b.name(b.head)})
	}
	b.q.From = b.name(b.head)
	c, ok := b.all([]*pred{one, two})
	b.where = append(b.where, c...)
	return ok
}

// roleWords are the words of a join's key, and of what the model calls it.
func (b *builder) roleWords(e edge) (words []string) {
	j := &b.p.index.model.Joins[e.join]
	for _, name := range slices.Concat(e.cols, []string{j.Label}, j.Synonyms) {
		words = append(words, lexicon.SplitName(name)...)
	}
	return slices.DeleteFunc(words, func(w string) bool { return len(w) < 3 || w == "from" })
}

// role is a word's stem, or what words of beginnings and ends have in common.
func role(w string) string {
	switch s := lexicon.Stem(w); s {
	case "start", "begin", "sourc", "source", "origin", "depart", "departur", "leav":
		return "start"
	case "end", "finish", "dest", "destination", "destin", "arriv", "arrival", "target", "land":
		return "end"
	default:
		return s
	}
}

// said words, by role.
func spoken(toks []lexicon.Token) map[string]bool {
	m := map[string]bool{}
	for _, t := range toks {
		if !t.Mark && !t.Quoted && len(t.Lower) > 2 && !strings.ContainsAny(t.Lower, "0123456789") {
			m[role(t.Lower)] = true
		}
	}
	return m
}
