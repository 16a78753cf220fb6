package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// pair is a table that pairs rows of one other table: a course and its
// prerequisite, a person and a friend of theirs. own is the join to the row
// that has it, part the one to what it has.
type pair struct {
	table, of int
	own, part edge
}

// pairIn tells a table that does nothing but pair rows of one other, where the
// name of one key says what it is to the other.
func (x *index) pairIn(t int) (pair, bool) {
	var es []edge
	for _, e := range x.edges[t] {
		if !e.many && len(e.cols) == 1 {
			es = append(es, e)
		}
	}
	if len(es) != 2 || es[0].to != es[1].to || es[0].to == t {
		return pair{}, false
	}
	bare := func(e edge) bool { // it is called as what it leads to
		return !slices.ContainsFunc(lexicon.SplitName(e.cols[0]), func(w string) bool {
			return !keyWord[w] && !slices.Contains(x.words[e.to], w) && !slices.Contains(lexicon.SplitName(e.their[0]), w)
		})
	}
	titled := func(e edge) bool { // the pairs are called by it
		return slices.ContainsFunc(lexicon.SplitName(e.cols[0]), func(w string) bool { return !keyWord[w] && slices.Contains(x.words[t], w) })
	}
	for i, part := range es {
		if own := es[1-i]; !bare(part) && (bare(own) || titled(part) && !titled(own)) {
			return pair{table: t, of: part.to, own: own, part: part}, true
		}
	}
	return pair{}, false
}

// paired reads what one row is to another: the title of the prerequisite of a
// course, the friends of Bob.
func (b *builder) paired() {
	f := b.f
	if len(f.supers)+len(f.groups)+len(f.orders) > 0 || len(f.preds) != 1 {
		return
	}
	p := f.preds[0]
	if p.slot == nil || p.kind != compare && p.kind != among || p.kind == compare && p.op != semantic.Eq || p.neg || p.rows || len(p.or) > 0 || p.slot.pick.column < 0 {
		return
	}
	if l, ok := b.p.index.pairIn(p.slot.pick.table); ok {
		b.partsOf(l, p)
		return
	}
	if len(f.outs) == 1 && f.outs[0].rows && f.outs[0].agg == semantic.Count && f.head == nil { // how many prerequisites does it have
		if l, ok := b.p.index.pairIn(f.outs[0].slot.pick.table); ok && p.slot.pick.table == l.of {
			p.slot.set = b.endOf(l, l.own)
			b.q.From, b.linkedBy = b.name(l.table), true
		}
		return
	}
	mentions := f.also
	if f.head != nil {
		mentions = append(slices.Clone(f.also), f.head)
	}
	for _, s := range mentions {
		l, ok := b.p.index.pairIn(s.pick.table)
		if ok && s.pick.column < 0 && p.slot.pick.table == l.of && b.showsOnly(l.of) {
			b.link(l, s, p)
			return
		}
	}
}

// showsOnly tells that all that is shown is of one table's rows: when nothing
// is, what names them.
func (b *builder) showsOnly(t int) bool {
	f := b.f
	if len(f.outs) == 0 && f.head != nil && !f.whole {
		for _, r := range b.p.index.shownBy(t) {
			f.outs = append(f.outs, &output{slot: &slot{pick: cand{r, 0.8}, opts: []cand{{r, 0.8}}, text: b.p.index.column(r).Name}})
		}
		f.fallback = true
	}
	return len(f.outs) > 0 && !slices.ContainsFunc(f.outs, func(o *output) bool {
		return o.agg != "" || o.rows || o.slot.pick.table != t
	})
}

// link shows one row of each pair and asks of the other.
func (b *builder) link(l pair, mention *slot, p *pred) {
	shown, asked := l.part, l.own
	if mention.inverse {
		shown, asked = asked, shown
	}
	for _, o := range b.f.outs {
		o.slot.set = b.endOf(l, shown)
	}
	p.slot.set = b.endOf(l, asked)
	b.q.From, b.linkedBy = b.name(l.table), true
	b.f.also = slices.DeleteFunc(slices.Clone(b.f.also), func(s *slot) bool { return s == mention || s.pick.table == l.of })
}

// endOf joins one of the two rows of a pair by a name of its own.
func (b *builder) endOf(l pair, e edge) string {
	name := strings.Join(lexicon.SplitName(e.cols[0]), " ") + " " + b.name(l.of)
	if !slices.ContainsFunc(b.q.Joins, func(j semantic.JoinAs) bool { return j.As == name }) {
		b.q.Joins = append(b.q.Joins, semantic.JoinAs{As: name, Table: b.name(l.of), Via: b.p.index.model.Joins[e.join].Name, Of: b.name(l.table)})
	}
	return name
}

// partsOf reads a value beside what pairs are called by as whose they are: the
// friends of Bob are not those rows in which Bob is the friend.
func (b *builder) partsOf(l pair, p *pred) {
	part, ok := b.p.index.named(l.table, l.part.cols[0])
	own, has := b.p.index.named(l.table, l.own.cols[0])
	if !ok || !has || p.slot.pick.ref != part || b.f.head != nil && b.f.head.pick.table != l.table {
		return
	}
	pick := cand{part, p.slot.pick.score}
	switch o := b.f.outs; {
	case len(o) == 0:
		b.f.outs = []*output{{slot: &slot{text: p.slot.text, at: p.slot.at, pick: pick, opts: []cand{pick}}}}
	case len(o) == 1 && o[0].agg == semantic.Count && o[0].slot.pick.table == l.table:
	default:
		return
	}
	p.slot.pick.ref = own
}

// otherEnd gives the join that leads from a pair of rows to the one that a
// condition on the pair does not name: persons who are friends with Bob.
func (b *builder) otherEnd(es []edge) (edge, bool) {
	if len(es) != 2 {
		return edge{}, false
	}
	for i, e := range es {
		for _, p := range b.f.preds {
			if p.slot != nil && p.slot.pick.column >= 0 && len(e.cols) == 1 && (p.kind == compare || p.kind == among) && strings.EqualFold(b.p.index.column(p.slot.pick.ref).Name, e.cols[0]) && b.p.index.leadsTo(p.slot.pick.ref, e.to) {
				return es[1-i], true
			}
		}
	}
	return edge{}, false
}

// hadAs tells a table that is named as what a row has: whose prerequisite is
// Algebra, with Algebra as a prerequisite.
func (ps *parse) hadAs(it item) bool {
	for i := it.start - 1; i >= 0; i-- {
		switch ps.toks[i].Lower {
		case "a", "an", "the", "its", "their", "one":
			continue
		case "whose", "as", "have", "has", "having", "with":
			return true
		}
		return false
	}
	return false
}
