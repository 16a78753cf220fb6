package semantic

import (
	"cmp"
	"container/heap"
	"slices"
	"strings"
)

// hop is a join walked in one direction.
type hop struct {
	join *Join
	back bool // from To to From
}

func (h hop) from() string { return pick(h.back, h.join.To, h.join.From) }
func (h hop) to() string   { return pick(h.back, h.join.From, h.join.To) }

func (h hop) columns() (from, to []string) {
	if h.back {
		return h.join.RefColumns, h.join.Columns
	}
	return h.join.Columns, h.join.RefColumns
}

// many reports whether one row may meet several.
func (h hop) many() bool {
	switch h.join.Cardinality {
	case OneToOne:
		return false
	case ManyToOne:
		return h.back
	case OneToMany:
		return !h.back
	}
	return true
}

func (h hop) turned() hop { return hop{h.join, !h.back} }

// The cost of a path is its hops first; among paths of as many, declared joins
// before inferred ones, and ways through a common parent last: two rows that
// share a country have little to do with each other.
const (
	costHop      = 10000
	costInferred = 100
	costSibling  = 10
	costOptional = 1
)

// Path is one way between two tables, for those who choose one themselves.
type Path struct {
	Joins    []string // names of the joins, in order
	Backward []bool   // walked from To to From
	Many     bool     // a row at the start may meet several at the end
	Cost     int      // to compare paths by
}

// graph is a model's joins by table.
type graph struct {
	m    *Model
	from map[string][]hop // by folded table name
}

func newGraph(m *Model) *graph {
	g := &graph{m: m, from: map[string][]hop{}}
	for i := range m.Joins {
		j := &m.Joins[i]
		for _, h := range []hop{{j, false}, {j, true}} {
			at := strings.ToLower(h.from())
			g.from[at] = append(g.from[at], h)
		}
	}
	return g
}

// Path gives the shortest way from a table to another, and whether another
// one is as short.
func (m *Model) Path(from, to string) (p Path, ambiguous, ok bool) {
	hops, other, ok := newGraph(m).path([]string{from}, to)
	for i, h := range hops {
		p.Joins, p.Backward = append(p.Joins, h.join.Name), append(p.Backward, h.back)
		p.Many = p.Many || h.many()
		p.Cost += costOf(h, i > 0 && !hops[i-1].many())
	}
	return p, other != nil, ok
}

// state is a place of the search: at a table, having come over a to-one hop
// or not.
type state struct {
	table string
	one   bool
}

type visit struct {
	state
	cost int
	seq  int // first found wins a tie, which is the order of the model's joins
	hops []hop
}

type frontier []*visit

func (f frontier) Len() int { return len(f) }
func (f frontier) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(f[i].cost, f[j].cost), cmp.Compare(f[i].seq, f[j].seq)) < 0
}
func (f frontier) Swap(i, j int) { f[i], f[j] = f[j], f[i] }

// Push and Pop implement heap.Interface.
func (f *frontier) Push(x any) { *f = append(*f, x.(*visit)) }

// Pop takes the last.
func (f *frontier) Pop() any {
	old := *f
	v := old[len(old)-1]
	*f = old[:len(old)-1]
	return v
}

func costOf(h hop, afterOne bool) int {
	n := costHop
	if h.join.Inferred {
		n += costInferred
	}
	if h.many() && afterOne {
		n += costSibling
	}
	if h.join.FromOptional {
		n += costOptional
	}
	return n
}

// path finds the cheapest way from any of the tables to another. other is a
// different way of the same cost, nil when there is none.
func (g *graph) path(from []string, to string) (best, other []hop, ok bool) {
	to = strings.ToLower(to)
	var open frontier
	seq := 0
	push := func(s state, cost int, hops []hop) {
		seq++
		heap.Push(&open, &visit{state: s, cost: cost, seq: seq, hops: hops})
	}
	for _, f := range from {
		push(state{strings.ToLower(f), false}, 0, nil)
	}
	done, found := map[state]int{}, -1
	for open.Len() > 0 {
		v := heap.Pop(&open).(*visit)
		if found >= 0 && v.cost > found {
			break
		}
		if v.table == to && len(v.hops) > 0 {
			if found >= 0 {
				return best, v.hops, true
			}
			best, found = v.hops, v.cost
			continue
		}
		// Ways of the same cost are followed too: they show an ambiguity.
		if c, seen := done[v.state]; seen && c < v.cost {
			continue
		} else if seen && len(v.hops) == 0 {
			continue
		}
		done[v.state] = v.cost
		for _, h := range g.from[v.table] {
			next := strings.ToLower(h.to())
			if visits(v, next) {
				continue
			}
			push(state{next, !h.many()}, v.cost+costOf(h, v.one), append(slices.Clip(v.hops), h))
		}
		if seq > 20000 { // a graph so dense has no path that means anything
			break
		}
	}
	return best, nil, found >= 0
}

// visits reports whether the way has been at the table.
func visits(v *visit, table string) bool {
	for _, h := range v.hops {
		if strings.EqualFold(h.from(), table) || strings.EqualFold(h.to(), table) {
			return true
		}
	}
	return v.table == table && len(v.hops) > 0
}

func pick[T any](b bool, yes, no T) T {
	if b {
		return yes
	}
	return no
}
