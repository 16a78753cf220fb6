package semantic

import (
	"slices"
	"strconv"
	"strings"
)

// grouped compiles an aggregated query.
//
// A total over the rows of a set is right only where nothing that is joined
// stands several to one of them. Where something does, the rows are made
// distinct by their key before they are totalled; totals over different sets
// are made apart and put together by the group keys. What can't be told apart
// is refused.
func (s *scope) grouped(aggregates []Aggregate) compiled {
	aggregates = s.pushOptional(aggregates)
	keys := s.keys()
	s.settled(keys)
	s.tellTotals(keys, aggregates)
	if s.c.err != nil {
		return compiled{}
	}
	homes := s.homes(aggregates)
	switch {
	case s.source != "" || !s.anyMultiplied(homes):
		return s.finish(s.direct(keys))
	case len(distinctSets(homes)) > 1:
		return s.finish(s.branches(keys, aggregates, homes))
	case s.allCounted(aggregates, homes):
		s.tell(keys, homes[0])
		return s.finish(s.direct(keys))
	}
	s.tell(keys, homes[0])
	return s.finish(s.deduped(keys, aggregates, homes[0]))
}

// pushOptional moves conditions on optional sets into the aggregates over
// them: a group stays, with nothing counted in it.
func (s *scope) pushOptional(aggregates []Aggregate) []Aggregate {
	var pushed []Cond
	rest := s.optionalConds(func(_ *set, c Cond) { pushed = append(pushed, c) })
	if len(pushed) == 0 {
		return aggregates
	}
	q := *s.q
	q.Where = And(rest)
	add := func(a Aggregate) Aggregate {
		optional := false
		s.c.m.setsIn(a.Of, func(name string) {
			t := s.here(name)
			optional = optional || t != nil && t.optional
		})
		if optional {
			a.Where = And(append(conjuncts(a.Where), pushed...))
		}
		return a
	}
	q.Select = slices.Clone(q.Select)
	for i := range q.Select {
		q.Select[i].Expr = s.c.m.mapAggregates(q.Select[i].Expr, add)
	}
	q.Order = slices.Clone(q.Order)
	for i := range q.Order {
		q.Order[i].By = s.c.m.mapAggregates(q.Order[i].By, add)
	}
	q.Having = s.c.m.mapInCond(q.Having, add)
	s.q = &q
	return s.aggregates()
}

// settled refuses columns that are neither grouped by nor aggregated: SQLite
// would take the value of some row.
func (s *scope) settled(keys []Expr) {
	check := func(e Expr) bool {
		if isAggregate(e) || slices.ContainsFunc(keys, func(k Expr) bool { return same(k, e) }) {
			return false
		}
		switch e.(type) {
		case Ref, Peers:
			s.c.fail("%s is neither grouped by nor aggregated", s.c.m.words(e))
			return false
		}
		return true
	}
	for _, o := range s.q.Select {
		s.c.m.eachExpr(o.Expr, check)
	}
	for _, o := range s.q.Order {
		s.c.m.eachExpr(o.By, check)
	}
	s.c.m.eachInCond(s.q.Having, check)
	for _, k := range keys {
		if s.c.m.has(k, isAggregate) {
			s.c.fail("an aggregate can't be grouped by: make it an inner query")
		}
	}
}

// homes gives each aggregate's set: the one whose rows it is over. An
// expression over several sets is over the finest of them.
func (s *scope) homes(aggregates []Aggregate) []*set {
	homes := make([]*set, len(aggregates))
	for i, a := range aggregates {
		var sets []*set
		s.c.m.setsIn(a.Of, func(name string) {
			if t := s.need(name); t != nil {
				sets = append(sets, t)
			}
		})
		for _, t := range sets {
			by := s.multiplied(t)
			if !slices.ContainsFunc(sets, func(o *set) bool { return slices.Contains(by, o) }) {
				homes[i] = t
				break
			}
		}
		if len(sets) > 0 && homes[i] == nil {
			s.c.fail("%s takes from record sets that do not belong one to the other", s.c.m.words(a))
			return nil
		}
	}
	return homes
}

func distinctSets(homes []*set) (out []*set) {
	for _, h := range homes {
		if h != nil && !slices.Contains(out, h) {
			out = append(out, h)
		}
	}
	return out
}

func (s *scope) anyMultiplied(homes []*set) bool {
	return slices.ContainsFunc(homes, func(h *set) bool { return h != nil && len(s.multiplied(h)) > 0 })
}

// allCounted reports whether each aggregate over the one home comes out right
// though its rows are multiplied: extremes, counts of different values, and
// counts of rows that have a key of one column.
func (s *scope) allCounted(aggregates []Aggregate, homes []*set) bool {
	for i, a := range aggregates {
		_, rows := a.Of.(Rows)
		if homes[i] == nil || a.Op == Min || a.Op == Max || a.Distinct || rows && len(homes[i].table.PrimaryKey) == 1 {
			continue
		}
		return false
	}
	return true
}

// tellTotals notes sums that mean little: of what is no amount, and of levels
// at several times.
func (s *scope) tellTotals(keys []Expr, aggregates []Aggregate) {
	timed := slices.ContainsFunc(keys, func(k Expr) bool { _, ok := k.(Period); return ok })
	for _, a := range aggregates {
		r, ok := a.Of.(Ref)
		t := s.find(r.Set)
		if !ok || a.Op != Sum || t == nil {
			continue
		}
		switch c, _ := t.table.Column(r.Column); {
		case c == nil:
		case c.Additive == NonAdditive && c.Role == Measured:
			s.c.note("a total of " + c.Label + " may mean little: it is no amount")
		case c.Additive == SemiAdditive && t.table.TimeColumn != "" && !timed:
			s.c.note("a total of " + c.Label + " over several times counts what was there each time")
		}
	}
}

// tell notes when a row counts in several groups.
func (s *scope) tell(keys []Expr, home *set) {
	by := s.multiplied(home)
	for _, k := range keys {
		s.c.m.setsIn(k, func(name string) {
			if t := s.here(name); t != nil && slices.Contains(by, t) {
				s.c.note("one of " + s.c.m.tableWords(home.table) + " that belongs to several " + s.c.m.tableWords(t.table) + " counts once for each, so groups do not add up to the whole")
			}
		})
	}
}

// direct groups the joined rows.
func (s *scope) direct(keys []Expr) shape {
	where := s.where(conjuncts(s.q.Where)) // may join sets: before FROM
	return shape{from: s.from(), where: where, group: s.each(keys), having: conjuncts(s.q.Having)}
}

func (s *scope) each(es []Expr) []string {
	out := make([]string, len(es))
	for i, e := range es {
		if p, ok := e.(periodIndex); ok && !s.covers(e) {
			out[i] = s.index(p.Of)
			continue
		}
		out[i] = s.expr(e)
	}
	return out
}

// deduped groups the home's rows, each once per group.
func (s *scope) deduped(keys []Expr, aggregates []Aggregate, home *set) shape {
	if len(home.table.PrimaryKey) == 0 {
		by := s.multiplied(home)
		s.c.fail("a total over %s would count rows several times, as several of %s belong to one of them, and %s has no key to tell its rows apart",
			home.table.Name, by[0].table.Name, home.table.Name)
		return shape{}
	}
	inner, q := []string{}, s.c.alias("q")
	var subst []written
	var group []string
	for i, sql := range s.each(keys) {
		name := "k" + strconv.Itoa(i+1)
		inner = append(inner, sql+" AS "+name)
		subst, group = append(subst, written{keys[i], q + "." + name}), append(group, q+"."+name)
	}
	for i, k := range home.table.PrimaryKey {
		inner = append(inner, home.alias+"."+ident(k)+" AS p"+strconv.Itoa(i+1))
	}
	for i, a := range aggregates {
		name := "v" + strconv.Itoa(i+1)
		inner = append(inner, s.input(a)+" AS "+name)
		distinct := pick(a.Distinct && a.Op != Min && a.Op != Max, "DISTINCT ", "")
		subst = append(subst, written{a, strings.ToUpper(string(a.Op)) + "(" + distinct + q + "." + name + ")"})
	}
	where := s.where(conjuncts(s.q.Where)) // may join sets: before FROM
	sql := "SELECT DISTINCT " + strings.Join(inner, ", ") + " FROM " + s.from() + pick(where == "", "", " WHERE "+where)
	s.subst = subst
	return shape{from: "(" + sql + ") AS " + q, group: group, having: conjuncts(s.q.Having)}
}

// input is what an aggregate takes from one row.
func (s *scope) input(a Aggregate) string {
	x := "1"
	switch _, rows := a.Of.(Rows); {
	case rows:
		if t := s.need(a.Of.(Rows).Set); t != nil && t.optional && len(t.table.PrimaryKey) > 0 {
			x = t.alias + "." + ident(t.table.PrimaryKey[0])
		}
	case a.Op == Sum || a.Op == Avg:
		x = s.number(a.Of)
	case a.Op == Min || a.Op == Max:
		x = s.comparable(a.Of)
	default:
		x = s.expr(a.Of)
	}
	if a.Where != nil {
		x = "CASE WHEN " + s.cond(a.Where) + " THEN " + x + " END"
	}
	return x
}

// branches makes the totals of each home apart, over the keys alone, and puts
// them together: each total stands in one branch and is NULL in the others.
func (s *scope) branches(keys []Expr, aggregates []Aggregate, homes []*set) shape {
	q := s.c.alias("q")
	var subst []written
	var group []string
	for i, k := range keys {
		name := q + ".k" + strconv.Itoa(i+1)
		subst, group = append(subst, written{k, name}), append(group, name)
	}
	for i, a := range aggregates {
		x := "MAX(" + q + ".a" + strconv.Itoa(i+1) + ")"
		subst = append(subst, written{a, pick(a.Op == Count, "COALESCE("+x+", 0)", x)})
	}
	var parts []string
	for _, home := range distinctSets(homes) {
		parts = append(parts, s.branchOf(keys, aggregates, homes, home))
	}
	s.c.note("totals over " + s.homeWords(homes) + " are made apart and put side by side")
	s.subst = subst
	return shape{from: "(" + strings.Join(parts, " UNION ALL ") + ") AS " + q, group: group, having: conjuncts(s.q.Having)}
}

func (s *scope) homeWords(homes []*set) string {
	var names []string
	for _, h := range distinctSets(homes) {
		names = append(names, s.c.m.tableWords(h.table))
	}
	return strings.Join(names, " and ")
}

// branchOf is one home's totals.
func (s *scope) branchOf(keys []Expr, aggregates []Aggregate, homes []*set, home *set) string {
	q := Query{From: s.q.From, Joins: s.q.Joins, Optional: s.q.Optional, Where: s.q.Where}
	add := func(e Expr, prefix string, i int) {
		q.Select = append(q.Select, Output{Expr: e, As: prefix + strconv.Itoa(i+1)})
	}
	for i, k := range keys {
		if p, ok := k.(periodIndex); ok {
			k = indexOf(p)
		}
		add(k, "k", i)
	}
	has := map[int]bool{}
	for i, a := range aggregates {
		if homes[i] == home || homes[i] == nil && home == distinctSets(homes)[0] {
			has[i] = true
			add(a, "a", i)
		}
	}
	part := s.c.query(&q, s.outer)
	alias := s.c.alias("q")
	var terms []string
	for i := range keys {
		terms = append(terms, alias+".k"+strconv.Itoa(i+1)+" AS k"+strconv.Itoa(i+1))
	}
	for i, a := range aggregates {
		name := "a" + strconv.Itoa(i+1)
		x := alias + "." + name
		if !has[i] {
			x = s.c.d.null(s.class(a))
		}
		terms = append(terms, x+" AS "+name)
	}
	return "SELECT " + strings.Join(terms, ", ") + " FROM (" + part.sql + ") AS " + alias
}

// indexOf is a period's number as an expression that any query can select.
type indexOf struct{ Of Period }

func (indexOf) expr() {}

// null is NULL of a type: PostgreSQL takes a bare one for text.
func (d Dialect) null(class Class) string {
	if d != Postgres {
		return "NULL"
	}
	return "CAST(NULL AS " + map[Class]string{Numeric: "BIGINT", Date: "DATE", Boolean: "BOOLEAN"}[class] + pick(class == Numeric || class == Date || class == Boolean, "", "TEXT") + ")"
}

// nests reports whether the query needs its groups finished before it goes on:
// a condition on, or a rank by, what needs the other groups.
func (s *scope) nests(sh shape) bool {
	window := func(e Expr) bool { return s.c.m.has(e, isWindow) }
	found := false
	for _, h := range sh.having {
		s.c.m.eachInCond(h, func(e Expr) bool { found = found || window(e); return false })
	}
	ranks := s.q.Limit > 0 && (s.q.Ties || len(s.q.Within) > 0)
	return found || ranks && slices.ContainsFunc(s.q.Order, func(o Order) bool { return window(o.By) })
}

// nest finishes the groups in an inner query, each key, aggregate and window a
// column, and goes on over that.
func (s *scope) nest(sh shape) shape {
	q := s.c.alias("q")
	var cols []string
	var subst []written
	add := func(e Expr, sql string) {
		for _, w := range subst {
			if same(w.expr, e) {
				return
			}
		}
		name := "c" + strconv.Itoa(len(cols)+1)
		cols, subst = append(cols, sql+" AS "+name), append(subst, written{e, q + "." + name})
	}
	keys := s.keys()
	for i, sql := range s.each(keys) {
		add(keys[i], sql)
	}
	visit := func(e Expr) bool {
		if isAggregate(e) || isWindow(e) {
			add(e, s.expr(e))
			return !isAggregate(e)
		}
		return true
	}
	for _, o := range s.q.Select {
		s.c.m.eachExpr(o.Expr, visit)
	}
	for _, o := range s.q.Order {
		s.c.m.eachExpr(o.By, visit)
	}
	s.c.m.eachInCond(s.q.Having, visit)
	var early, late []Cond
	for _, h := range sh.having {
		window := false
		s.c.m.eachInCond(h, func(e Expr) bool { window = window || s.c.m.has(e, isWindow); return false })
		if window {
			late = append(late, h)
		} else {
			early = append(early, h)
		}
	}
	sh.having = early
	sql := "SELECT " + strings.Join(cols, ", ") + s.tail(sh)
	s.subst = subst
	return shape{from: "(" + sql + ") AS " + q, where: s.and(late)}
}
