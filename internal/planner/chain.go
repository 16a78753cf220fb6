package planner

import (
	"slices"

	"github.com/postern/postern/internal/semantic"
)

// chain writes the conditions that hold of what another table leads to:
// students who took courses of a department are not students of it. The table
// is one that the question names, or that a linking word does (took, takes),
// between what is asked for and the condition. It gives the other conditions.
func (b *builder) chain(ps []*pred) ([]*pred, bool) {
	var rest []*pred
	var order []int
	held := map[int]semantic.And{}
	links := map[int]bool{}
	for _, p := range ps {
		links[b.linkOf(p)] = true
	}
	for _, p := range ps {
		t := b.linkOf(p)
		if p.slot != nil && links[p.slot.pick.table] && !p.neg && !p.rows && len(p.or) == 0 && p.kind != related {
			t = p.slot.pick.table // of the same row as what it leads to
		}
		if t < 0 {
			rest = append(rest, p)
			continue
		}
		c, ok := b.plain(p)
		if !ok {
			return nil, false
		}
		if held[t] == nil {
			order = append(order, t)
		}
		held[t] = append(held[t], c)
	}
	for _, t := range order {
		b.where = append(b.where, semantic.Related{Set: b.name(t), Of: b.name(b.head), Where: flat(held[t])})
		b.chained = append(b.chained, t)
	}
	return rest, true
}

// linkOf gives the table that a condition is asked by way of, -1 for none.
func (b *builder) linkOf(p *pred) int {
	if b.head < 0 || p.slot == nil || p.neg || p.rows || p.both || p.listed || len(p.or) > 0 || len(p.inner) > 0 || p.slot.pick.column < 0 ||
		p.kind == related || p.kind == nested || p.kind == sharing || p.kind == reports || p.slot.pick.table == b.head {
		return -1
	}
	var links []int
	for _, h := range b.f.hints {
		if slices.ContainsFunc(h, func(c cand) bool {
			return c.column < 0 && c.score > 0.4 && b.adjacent(c.table, b.head) && b.adjacent(c.table, p.slot.pick.table)
		}) {
			return -1 // the way there goes through it
		}
		for _, c := range h {
			if c.column < 0 && c.score >= h[0].score-0.05 && c.score > 0.4 {
				links = append(links, c.table)
			}
		}
	}
	for _, s := range b.f.also {
		if s.at < p.at {
			links = append(links, s.pick.table)
		}
	}
	used := b.used()
	for _, t := range links {
		if t == b.head || t == p.slot.pick.table || !b.straight(t, p.slot.pick.table) || b.shows(t) || b.shows(p.slot.pick.table) && used[t] {
			continue
		}
		many, ok := b.p.index.toMany(b.head, t)
		on, ok2 := b.p.index.toMany(t, p.slot.pick.table)
		if ok && many && ok2 && !on {
			return t
		}
	}
	return -1
}

// straight tells that the way from a table to another is none that leads back
// over what is asked for.
func (b *builder) straight(t, to int) bool {
	if b.adjacent(t, to) {
		return true
	}
	dist, home := b.p.index.from(t), b.p.index.from(b.head)
	way, ok := dist[to]
	back, ok2 := home[to]
	return ok && b.adjacent(b.head, t) && (!ok2 || way < dist[b.head]+back)
}

// adjacent tells that a join leads from a table to another.
func (b *builder) adjacent(a, t int) bool {
	return slices.ContainsFunc(b.p.index.edges[a], func(e edge) bool { return e.to == t })
}

// shows tells that something of a table is shown, grouped or ordered by.
func (b *builder) shows(t int) bool {
	of := func(s *slot) bool { return s != nil && s.pick.table == t }
	return slices.ContainsFunc(b.f.outs, func(o *output) bool { return of(o.slot) }) || slices.ContainsFunc(b.f.groups, of) ||
		slices.ContainsFunc(b.f.supers, func(s *super) bool { return of(s.slot) }) || slices.ContainsFunc(b.f.orders, func(o *orderBy) bool { return of(o.slot) })
}
