package planner

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/postern/postern/internal/semantic"
)

// builder writes a resolved form as a semantic query.
type builder struct {
	p     *Planner
	f     *form
	q     semantic.Query
	head  int
	where semantic.And
	have  semantic.And
	notes []string
	why   string

	ofMost bool // only rows of the one with the most are shown

	chained      []int // tables that conditions are asked by way of
	grouped      int   // values of groups that are shown
	ledByGroup   bool  // beside numbers, unasked
	linkedBy     bool  // a table of pairs is what rows are of
	frequentOf   int   // the table whose rows tell how frequent what is of another is
	tables, hops int   // how many are used, and how many joins that takes
}

func (b *builder) fail(format string, args ...any) bool {
	if b.why == "" {
		b.why = fmt.Sprintf(format, args...)
	}
	return false
}

func (b *builder) note(s string) {
	if !slices.Contains(b.notes, s) {
		b.notes = append(b.notes, s)
	}
}

func (b *builder) build() (semantic.Query, bool) {
	b.setHead()
	b.paired()
	if !b.defaults() {
		return semantic.Query{}, false
	}
	if b.f.abc && len(b.f.orders) == 0 {
		b.f.orders = append(b.f.orders, &orderBy{slot: b.f.outs[0].slot})
	}
	if !b.preds() || !b.supers() || !b.outputs() || !b.grouping() || !b.orders() || !b.others() || !b.listedBeside() {
		return semantic.Query{}, false
	}
	if len(b.where) > 0 {
		b.q.Where = flat(b.where)
	}
	if len(b.have) > 0 {
		b.q.Having = flat(b.have)
	}
	if len(b.q.Sets) == 0 && b.contradicts() {
		return semantic.Query{}, b.fail("no row has two values of one column")
	}
	if b.f.beside == nil && !b.linked() {
		return semantic.Query{}, false
	}
	b.roles()
	b.nearest()
	return b.q, true
}

// contradicts tells that one column is to have two values.
func (b *builder) contradicts() bool {
	seen := map[semantic.Expr]semantic.Expr{}
	above, below := map[semantic.Expr]float64{}, map[semantic.Expr]float64{}
	for _, c := range b.where {
		if cmp, ok := c.(semantic.Compare); ok {
			v, _ := cmp.Right.(semantic.Value)
			n, err := strconv.ParseFloat(v.Text, 64)
			switch {
			case err != nil:
			case cmp.Op == semantic.Gt || cmp.Op == semantic.Ge:
				above[cmp.Left] = n
			case cmp.Op == semantic.Lt || cmp.Op == semantic.Le:
				below[cmp.Left] = n
			}
			if lo, ok := above[cmp.Left]; ok {
				if hi, ok := below[cmp.Left]; ok && hi < lo {
					return true
				}
			}
		}
		if eq, ok := c.(semantic.Compare); ok && eq.Op == semantic.Eq {
			if v, ok := seen[eq.Left]; ok && v != eq.Right {
				return true
			}
			seen[eq.Left] = eq.Right
		}
	}
	return false
}

func flat(a semantic.And) semantic.Cond {
	if len(a) == 1 {
		return a[0]
	}
	return a
}

// setHead finds what the question is about: the table it names first, or the
// table of its first output.
func (b *builder) setHead() {
	b.head, b.frequentOf = -1, -1
	switch {
	case b.f.head != nil:
		b.head = b.f.head.pick.table
	case len(b.f.outs) > 0:
		b.head = b.f.outs[0].slot.pick.table
	case len(b.f.supers) > 0 && b.f.supers[0].slot != nil:
		b.head = b.f.supers[0].slot.pick.table
	case len(b.f.preds) > 0 && b.f.preds[0].slot != nil:
		b.head = b.f.preds[0].slot.pick.table
	}
	for _, o := range b.f.outs {
		if o.rows && b.f.head == nil && len(b.f.groups) == 0 {
			b.head = o.slot.pick.table
		}
	}
}

func (b *builder) ref(s *slot) semantic.Ref {
	r := b.at(s.pick.ref)
	if s.set != "" {
		r.Set = s.set
	}
	return r
}

func (b *builder) at(r ref) semantic.Ref {
	return semantic.Ref{Set: b.p.index.table(r.table).Name, Column: b.p.index.column(r).Name}
}

func (b *builder) name(t int) string { return b.p.index.table(t).Name }

// linked refuses a query over tables that no joins lead between, or only by
// way of tables that the question has nothing to do with; and one that leaves
// out what a linking word names ("affected", with a table of that name).
func (b *builder) linked() bool {
	var tables []int
	dist := map[int]map[int]int{}
	for _, s := range b.f.slots() {
		if t := s.pick.table; !slices.Contains(tables, t) {
			tables = append(tables, t)
			dist[t] = b.p.index.from(t)
		}
	}
	b.hops = b.p.index.spread(tables, dist)
	switch {
	case b.hops >= apart:
		return b.fail("the tables it needs are not joined")
	case b.hops-(len(tables)-1) > 2, b.hops-(len(tables)-1) == 2 && !b.inLine(tables):
		return b.fail("the tables it needs are far apart")
	}
	for _, h := range b.f.hints {
		if h[0].column >= 0 {
			continue
		}
		if !slices.ContainsFunc(h, func(c cand) bool {
			return c.score >= h[0].score-0.1 && slices.Contains(tables, c.table) || b.onTheWay(c.table, tables)
		}) {
			return b.fail("it is not clear what %s has to do with it", b.name(h[0].table))
		}
	}
	b.tables = len(tables)
	return true
}

// inLine tells that the shortest ways from what the question is about to all
// of the tables, or on from one that it names, are ones along which rows belong
// to each other: an order's items and their products, an employee's
// department, place and country; not two tables that only share a parent.
func (b *builder) inLine(tables []int) bool {
	in := []int{b.head}
	left := slices.DeleteFunc(slices.Clone(tables), func(t int) bool { return t == b.head })
	for n := -1; len(left) != n && b.head >= 0; {
		n = len(left)
		left = slices.DeleteFunc(left, func(t int) bool {
			if !slices.ContainsFunc(in, func(from int) bool { return b.p.index.inLine(from)[t] }) {
				return false
			}
			in = append(in, t)
			return true
		})
	}
	return b.head >= 0 && len(left) == 0
}

// onTheWay tells that a table is a step from two of the others, so that the
// way between them may go through it.
func (b *builder) onTheWay(t int, tables []int) bool {
	n := 0
	for _, e := range b.p.index.edges[t] {
		if slices.Contains(tables, e.to) {
			n++
		}
	}
	return n > 1
}

func itoa(n int) string { return strconv.Itoa(n) }
