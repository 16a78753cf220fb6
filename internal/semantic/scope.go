package semantic

import (
	"slices"
	"strings"
)

// scope is one SELECT being written: the sets it joins, as a tree from its
// root.
type scope struct {
	c     *compiler
	q     *Query
	outer *scope // for queries about a row of another
	sets  []*set // the root first, each after the one it hangs on
	given map[string]JoinAs

	source      string   // FROM instead of sets: another query
	sourceAlias string   //
	columns     []column // its outputs

	link  string   // the condition that ties the root to the outer row
	on    []onCond // conditions of optional sets
	subst []written
}

// set is a table in a scope.
type set struct {
	name     string // as refs name it
	table    *Table
	alias    string
	on       *set // nil for the root
	hop      hop  // from on to here
	optional bool
	multiple bool // rows of the root may meet several
}

type onCond struct {
	set  *set
	cond Cond
}

// written is an expression that stands in a column already.
type written struct {
	expr Expr
	sql  string
}

func (s *scope) readFrom(r compiled) {
	s.sourceAlias = s.c.alias("q")
	s.source, s.columns = "("+r.sql+") AS "+s.sourceAlias, r.columns
}

// open makes the tree of all sets that the select is about.
func (c *compiler) open(q *Query, outer *scope) *scope {
	s := &scope{c: c, q: q, outer: outer, given: map[string]JoinAs{}}
	if q.Source != nil {
		s.readFrom(c.query(q.Source, nil))
		return s
	}
	for _, j := range q.Joins {
		if _, dup := s.given[strings.ToLower(j.As)]; dup || j.As == "" {
			c.fail("the join name %q is empty or there twice", j.As)
		}
		s.given[strings.ToLower(j.As)] = j
	}
	shown, filtered := s.wanted()
	s.root(shown, filtered)
	for _, j := range q.Joins {
		s.need(j.As)
	}
	for _, name := range shown {
		s.need(name)
	}
	if q.From == "" {
		for _, name := range filtered {
			if !s.behindMany(name) {
				s.need(name)
			}
		}
	}
	return s
}

// wanted lists the sets of what is shown, and those that are only filtered
// by, in order.
func (s *scope) wanted() (shown, filtered []string) {
	add := func(to *[]string) func(string) {
		return func(name string) {
			has := func(x string) bool { return fold(x, name) }
			if !slices.ContainsFunc(*to, has) && !slices.ContainsFunc(shown, has) {
				*to = append(*to, name)
			}
		}
	}
	m, q := s.c.m, s.q
	for _, o := range q.Select {
		m.setsIn(o.Expr, add(&shown))
	}
	for _, list := range [][]Expr{q.Group, q.Within} {
		for _, e := range list {
			m.setsIn(e, add(&shown))
		}
	}
	for _, o := range q.Order {
		m.setsIn(o.By, add(&shown))
	}
	m.setsOf(q.Having, add(&shown))
	for _, name := range q.Optional {
		add(&shown)(name)
	}
	m.setsOf(q.Where, add(&filtered))
	return shown, filtered
}

// root chooses the first set: From, or the finest of those in use: the one
// whose rows no other multiplies.
func (s *scope) root(shown, filtered []string) {
	if s.q.From != "" {
		s.plant(s.q.From)
		return
	}
	names := append(slices.Clone(shown), filtered...)
	for _, j := range s.q.Joins {
		if !slices.ContainsFunc(names, func(n string) bool { return fold(n, j.As) }) {
			names = append(names, j.As)
		}
	}
	if len(names) == 0 {
		s.c.fail("the query names no record set")
		return
	}
	best := names[0]
	if len(names) > 1 {
		best = s.finest(names)
	}
	s.plant(best)
}

// finest tries a tree from the first set, and takes the set of the tree that
// reaches all others without being multiplied. Where there is none, the first.
func (s *scope) finest(names []string) string {
	start := names[max(0, slices.IndexFunc(names, func(n string) bool { return !s.isOptional(n) }))]
	for _, j := range s.q.Joins {
		if j.Of == "" {
			s.c.fail("with joins under names of their own, From has to say what %s is joined to", j.As)
			return start
		}
	}
	try := &scope{c: &compiler{m: s.c.m, d: s.c.d, graph: s.c.graph}, q: s.q, given: s.given}
	try.plant(start)
	for _, n := range names {
		try.need(n)
	}
	if try.c.err != nil {
		s.c.fail("%s", try.c.err)
		return start
	}
	for _, t := range try.sets {
		if !t.optional && !s.isOptional(t.name) && len(try.multiplied(t)) == 0 {
			return t.name
		}
	}
	return start
}

func (s *scope) isOptional(name string) bool {
	return slices.ContainsFunc(s.q.Optional, func(o string) bool { return fold(o, name) })
}

func (s *scope) plant(name string) {
	j, given := s.given[strings.ToLower(name)]
	table := name
	if given {
		table = j.Table
	}
	t, ok := s.c.m.Table(table)
	if !ok {
		s.c.fail("there is no record set %q", table)
		t = &Table{Name: table}
	}
	s.sets = append(s.sets, &set{name: name, table: t, alias: s.c.alias("t")})
}

// find looks a set up here, then in the queries around.
func (s *scope) find(name string) *set {
	for at := s; at != nil; at = at.outer {
		if t := at.here(name); t != nil {
			return t
		}
	}
	return nil
}

func (s *scope) here(name string) *set {
	for _, t := range s.sets {
		if fold(t.name, name) {
			return t
		}
	}
	return nil
}

// need gives a set, joined if it is not there yet.
func (s *scope) need(name string) *set {
	if t := s.find(name); t != nil {
		return t
	}
	if s.c.err != nil || len(s.sets) == 0 {
		s.c.fail("there is no record set %q here", name)
		return nil
	}
	if j, ok := s.given[strings.ToLower(name)]; ok {
		return s.join(j)
	}
	hops, ok := s.way(name)
	if !ok {
		return nil
	}
	return s.walk(s.start(hops), hops, name)
}

// start is the set that a way begins at.
func (s *scope) start(hops []hop) *set {
	for _, t := range s.sets {
		if fold(t.table.Name, hops[0].from()) {
			return t
		}
	}
	return nil
}

// way finds the shortest way from the sets here to a table.
func (s *scope) way(name string) ([]hop, bool) {
	if _, ok := s.c.m.Table(name); !ok {
		s.c.fail("there is no record set %q", name)
		return nil, false
	}
	var from []string
	for _, t := range s.sets {
		from = append(from, t.table.Name)
	}
	best, other, ok := s.c.graph.path(from, name)
	if !ok {
		s.c.fail("nothing says how %s and %s belong together", s.sets[0].table.Name, name)
		return nil, false
	}
	if other != nil {
		s.c.ambiguity(best, other)
	}
	return best, true
}

func (c *compiler) ambiguity(best, other []hop) {
	words := "by " + c.m.wordsOf(best) + ", not " + c.m.wordsOf(other)
	if !slices.Contains(c.ambiguous, words) {
		c.ambiguous = append(c.ambiguous, words)
	}
}

// walk joins along a way. Sets between are called like their tables.
func (s *scope) walk(at *set, hops []hop, name string) *set {
	for i, h := range hops {
		next := h.to()
		if i == len(hops)-1 {
			next = name
		} else if t := s.here(next); t != nil {
			at = t
			continue
		}
		at = s.hang(at, h, next)
	}
	return at
}

// hang joins one table.
func (s *scope) hang(on *set, h hop, name string) *set {
	t, ok := s.c.m.Table(h.to())
	if !ok || on == nil {
		s.c.fail("the join %s leads to no record set", h.join.Name)
		return nil
	}
	if h.join.Inferred {
		s.c.note("that " + s.c.m.wordsOf([]hop{h}) + " belong together is inferred, not declared")
	}
	n := &set{name: name, table: t, alias: s.c.alias("t"), on: on, hop: h}
	n.optional = on.optional || s.isOptional(name)
	n.multiple = on.multiple || h.many()
	s.sets = append(s.sets, n)
	return n
}

// join brings in a set by its JoinAs.
func (s *scope) join(j JoinAs) *set {
	of := s.sets[0]
	if j.Of != "" {
		if of = s.need(j.Of); of == nil {
			return nil
		}
	}
	h, ok := s.c.via(of.table.Name, j.Table, j.Via, j.Backward)
	if !ok {
		return nil
	}
	return s.walk(of, h, j.As)
}

// via is a chosen join as a way, or the shortest one.
func (c *compiler) via(from, to, name string, back bool) ([]hop, bool) {
	if name == "" {
		best, other, ok := c.graph.path([]string{from}, to)
		if !ok {
			c.fail("nothing says how %s and %s belong together", from, to)
		}
		if other != nil {
			c.ambiguity(best, other)
		}
		return best, ok
	}
	j, ok := c.m.Join(name)
	switch {
	case !ok:
		c.fail("there is no join %q", name)
	case fold(j.From, from) && fold(j.To, to) && (!fold(j.From, j.To) || !back):
		return []hop{{j, false}}, true
	case fold(j.To, from) && fold(j.From, to):
		return []hop{{j, true}}, true
	default:
		c.fail("the join %s does not lead from %s to %s", name, from, to)
	}
	return nil, false
}

// behindMany reports whether a set that is not here could only be reached
// over a join that multiplies.
func (s *scope) behindMany(name string) bool {
	if s.find(name) != nil || s.c.err != nil {
		return false
	}
	if j, ok := s.given[strings.ToLower(name)]; ok && j.As != "" {
		return false
	}
	hops, ok := s.way(name)
	return ok && slices.ContainsFunc(hops, hop.many)
}

// multiplied lists the sets of the tree whose rows may stand several to one
// row of the given set: what a total over it would count twice for.
func (s *scope) multiplied(home *set) (by []*set) {
	reached := map[*set]bool{home: true}
	type edge struct {
		to   *set
		many bool
	}
	edges := func(t *set) (out []edge) {
		if t.on != nil {
			out = append(out, edge{t.on, t.hop.turned().many()})
		}
		for _, n := range s.sets {
			if n.on == t {
				out = append(out, edge{n, n.hop.many()})
			}
		}
		return out
	}
	var visit func(t *set, many bool)
	visit = func(t *set, many bool) {
		if many {
			by = append(by, t)
		}
		for _, e := range edges(t) {
			if !reached[e.to] {
				reached[e.to] = true
				visit(e.to, many || e.many)
			}
		}
	}
	visit(home, false)
	return by
}

// from writes the FROM clause.
func (s *scope) from() string {
	if s.source != "" {
		return s.source
	}
	sql := ""
	for _, t := range s.sets {
		name := ident(t.table.Name) + " AS " + t.alias
		if t.on == nil {
			sql = name
			continue
		}
		sql += pick(t.optional, " LEFT JOIN ", " JOIN ") + name + " ON " + tie(t.on.alias, t.alias, t.hop)
		for _, c := range s.on {
			if c.set == t {
				sql += " AND " + s.cond(c.cond)
			}
		}
	}
	return sql
}

// tie writes a join's condition.
func tie(from, to string, h hop) string {
	left, right := h.columns()
	terms := make([]string, len(left))
	for i := range left {
		terms[i] = from + "." + ident(left[i]) + " = " + to + "." + ident(right[i])
	}
	return strings.Join(terms, " AND ")
}
