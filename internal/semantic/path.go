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
// before inferred ones, what a row has one of before what it has many of (the
// professor's department, not the one that an employee heads), and ways
// through a common parent last: two rows that share a country have little to
// do with each other.
const (
	costHop      = 10000
	costInferred = 1000
	costSibling  = costHop + 100
	costMany     = 10
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
	tables map[string]int // by folded name
	from   [][]hop
	to     [][]int // the table that each hop leads to
	joins  int
}

func newGraph(m *Model) *graph {
	g := &graph{tables: map[string]int{}, joins: len(m.Joins)}
	at := func(name string) int {
		key := strings.ToLower(name)
		i, ok := g.tables[key]
		if !ok {
			i = len(g.from)
			g.tables[key] = i
			g.from, g.to = append(g.from, nil), append(g.to, nil)
		}
		return i
	}
	for i := range m.Joins {
		j := &m.Joins[i]
		from, to := at(j.From), at(j.To)
		g.from[from], g.to[from] = append(g.from[from], hop{j, false}), append(g.to[from], to)
		g.from[to], g.to[to] = append(g.from[to], hop{j, true}), append(g.to[to], from)
	}
	return g
}

// preferring leaves out the joins that lead between the same two tables as one
// of those named, unless they are named as well.
func (g *graph) preferring(names []string) *graph {
	if len(names) == 0 {
		return g
	}
	pairs := map[[2]int]bool{}
	named := func(h hop) bool { return slices.Contains(names, h.join.Name) }
	for t, hops := range g.from {
		for i, h := range hops {
			if named(h) {
				pairs[[2]int{t, g.to[t][i]}] = true
			}
		}
	}
	out := &graph{tables: g.tables, from: make([][]hop, len(g.from)), to: make([][]int, len(g.to)), joins: g.joins}
	for t, hops := range g.from {
		for i, h := range hops {
			if to := g.to[t][i]; named(h) || !pairs[[2]int{t, to}] {
				out.from[t], out.to[t] = append(out.from[t], h), append(out.to[t], to)
			}
		}
	}
	return out
}

// Path gives the shortest way from a table to another, and whether another
// one is as short.
func (m *Model) Path(from, to string) (p Path, ambiguous, ok bool) {
	hops, other, ok := m.joinGraph().path([]string{from}, to)
	for i, h := range hops {
		p.Joins, p.Backward = append(p.Joins, h.join.Name), append(p.Backward, h.back)
		p.Many = p.Many || h.many()
		p.Cost += costOf(h, i > 0 && !hops[i-1].many())
	}
	return p, other != nil, ok
}

// joinGraph is the graph that Seal made, or a new one for a model that was
// changed since.
func (m *Model) joinGraph() *graph {
	if m.graph != nil && m.graph.joins == len(m.Joins) {
		return m.graph
	}
	return newGraph(m)
}

func costOf(h hop, afterOne bool) int {
	n := costHop
	if h.join.Inferred {
		n += costInferred
	}
	if h.many() {
		n += costMany + pick(afterOne, costSibling, 0)
	}
	if h.join.FromOptional {
		n += costOptional
	}
	return n
}

// step is how a place of the search was reached: by a hop from another place.
// A place is a table and whether the last hop was to-one: 2*table or 2*table+1.
type step struct {
	hop  hop
	prev int
}

// reached is what is known of a place. steps are the ways of the least cost,
// two at most: a second one is an ambiguity.
type reached struct {
	cost  int
	steps []step
	done  bool
}

type waiting struct{ place, cost, seq int }

type frontier []waiting

func (f frontier) Len() int { return len(f) }
func (f frontier) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(f[i].cost, f[j].cost), cmp.Compare(f[i].seq, f[j].seq)) < 0
}
func (f frontier) Swap(i, j int) { f[i], f[j] = f[j], f[i] }

// Push and Pop implement heap.Interface.
func (f *frontier) Push(x any) { *f = append(*f, x.(waiting)) }

// Pop takes the last.
func (f *frontier) Pop() any {
	old := *f
	w := old[len(old)-1]
	*f = old[:len(old)-1]
	return w
}

// path finds the cheapest way from any of the tables to another; among equals
// the first of the model's joins. other is a different way of the same cost,
// nil when there is none.
func (g *graph) path(from []string, to string) (best, other []hop, ok bool) {
	target, known := g.tables[strings.ToLower(to)]
	if !known {
		return nil, nil, false
	}
	var starts []int
	for _, f := range from {
		if i, ok := g.tables[strings.ToLower(f)]; ok && i == target {
			return g.loop(target)
		} else if ok {
			starts = append(starts, i)
		}
	}
	places := g.search(starts, target)
	end := 2 * target
	switch one, many := places[end+1], places[end]; {
	case one == nil && many == nil:
		return nil, nil, false
	case many == nil || one != nil && one.cost < many.cost:
		end++
	case one != nil && one.cost == many.cost:
		other = walkBack(places, end+1, false)
	}
	if other == nil {
		other = walkBack(places, end, true)
	}
	return walkBack(places, end, false), other, true
}

// loop is a table's join to itself.
func (g *graph) loop(table int) (best, other []hop, ok bool) {
	for i, h := range g.from[table] {
		if g.to[table][i] != table || h.back {
			continue
		}
		if best != nil {
			return best, []hop{h}, true
		}
		best = []hop{h}
	}
	return best, nil, best != nil
}

// search spreads from the starts until the target's cost is passed.
func (g *graph) search(starts []int, target int) map[int]*reached {
	places, seq := map[int]*reached{}, 0
	var open frontier
	for _, s := range starts {
		places[2*s] = &reached{}
		heap.Push(&open, waiting{2 * s, 0, seq})
		seq++
	}
	limit := -1
	for open.Len() > 0 {
		w := heap.Pop(&open).(waiting)
		at := places[w.place]
		if limit >= 0 && w.cost > limit {
			break
		}
		if at.done || w.cost > at.cost {
			continue
		}
		at.done = true
		if w.place/2 == target {
			limit = w.cost
			continue
		}
		for i, h := range g.from[w.place/2] {
			next := 2*g.to[w.place/2][i] + pick(h.many(), 0, 1)
			cost := w.cost + costOf(h, w.place%2 == 1)
			switch r := places[next]; {
			case next/2 == w.place/2:
			case r == nil || cost < r.cost:
				places[next] = &reached{cost: cost, steps: []step{{h, w.place}}}
				seq++
				heap.Push(&open, waiting{next, cost, seq})
			case cost == r.cost && len(r.steps) == 1:
				r.steps = append(r.steps, step{h, w.place})
			}
		}
	}
	return places
}

// walkBack gives the way to a place: the first, or with second one that takes
// the other step where, nearest to the end, there is one; nil if nowhere.
func walkBack(places map[int]*reached, end int, second bool) (hops []hop) {
	for at := places[end]; len(at.steps) > 0; {
		s := at.steps[0]
		if second && len(at.steps) > 1 {
			s, second = at.steps[1], false
		}
		hops = append(hops, s.hop)
		at = places[s.prev]
	}
	if second {
		return nil
	}
	slices.Reverse(hops)
	return hops
}

func pick[T any](b bool, yes, no T) T {
	if b {
		return yes
	}
	return no
}
