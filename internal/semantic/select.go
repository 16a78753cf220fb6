package semantic

import (
	"slices"
	"strconv"
	"strings"
)

// shape is all of a SELECT but what it selects.
type shape struct {
	from, where string
	group       []string
	having      []Cond
}

// selectQuery compiles a query without its set operations.
func (c *compiler) selectQuery(q *Query, outer *scope) compiled {
	s := c.open(q, outer)
	if c.err != nil {
		return compiled{}
	}
	if q.Limit < 0 || q.Offset < 0 || q.Ties && q.Limit == 0 || len(q.Within) > 0 && q.Limit == 0 {
		c.fail("a limit must be positive, and ties and groups of an order need one")
		return compiled{}
	}
	if aggregates := s.aggregates(); len(aggregates) > 0 || len(q.Group) > 0 {
		return s.grouped(aggregates)
	}
	return s.plain()
}

// plain is a list of rows.
func (s *scope) plain() compiled {
	if s.q.Having != nil {
		s.c.fail("a condition on groups needs an aggregate")
	}
	s.refuseCross()
	where := s.where(s.optionalConds(func(on *set, c Cond) { s.on = append(s.on, onCond{on, c}) }))
	return s.finish(shape{from: s.from(), where: where}) // the conditions may have joined sets: FROM comes last
}

// where writes conditions, "" when there is none.
func (s *scope) where(cs []Cond) string {
	terms := make([]string, 0, 2)
	if s.link != "" {
		terms = append(terms, s.link)
	}
	if len(cs) > 0 {
		terms = append(terms, s.and(cs))
	}
	return strings.Join(terms, " AND ")
}

// optionalConds takes the conditions on optional sets out of the others: as
// part of WHERE they would drop the rows that the set is optional for.
func (s *scope) optionalConds(take func(on *set, c Cond)) (rest []Cond) {
	for _, c := range conjuncts(s.q.Where) {
		var last *set
		only := true
		s.c.m.setsOf(c, func(name string) {
			t := s.here(name)
			if t == nil || !t.optional {
				only = false
			} else if last == nil || slices.Index(s.sets, t) > slices.Index(s.sets, last) {
				last = t
			}
		})
		if n, ok := c.(Null); ok && last != nil {
			_ = n // "those without": a condition on what the join did not find
			only = false
		}
		if only && last != nil {
			take(last, c)
		} else {
			rest = append(rest, c)
		}
	}
	return rest
}

// refuseCross refuses to pair the rows of two sets that have nothing to do
// with each other but a row that both belong to.
func (s *scope) refuseCross() {
	if s.source != "" || s.q.Distinct || s.c.err != nil || len(s.sets) == 0 {
		return
	}
	for _, t := range s.sets {
		if len(s.multiplied(t)) == 0 {
			return
		}
	}
	many := s.multiplied(s.sets[0])
	s.c.fail("%s and %s both belong many to one to %s: listing them together would pair every one with every other; ask for them separately",
		many[0].table.Name, many[len(many)-1].table.Name, s.sets[0].table.Name)
}

// aggregates of the select, each once, measures looked into.
func (s *scope) aggregates() (out []Aggregate) {
	m := s.c.m
	for _, o := range s.q.Select {
		out = m.aggregatesIn(o.Expr, out)
	}
	m.eachInCond(s.q.Having, func(e Expr) bool {
		out = m.aggregatesIn(e, out)
		return false
	})
	for _, o := range s.q.Order {
		out = m.aggregatesIn(o.By, out)
	}
	return out
}

// keys are what the rows are grouped by.
func (s *scope) keys() (keys []Expr) {
	add := func(e Expr) {
		if !slices.ContainsFunc(keys, func(k Expr) bool { return same(k, e) }) {
			keys = append(keys, e)
		}
	}
	isKey := func(e Expr) bool {
		switch e.(type) {
		case Value, Scalar:
			return false
		}
		return !s.c.m.has(e, func(x Expr) bool { return isAggregate(x) || isWindow(x) })
	}
	for _, o := range s.q.Select {
		if isKey(o.Expr) {
			add(o.Expr)
		}
	}
	for _, e := range append(slices.Clone(s.q.Group), s.q.Within...) {
		add(e)
	}
	for _, o := range s.q.Order {
		if isKey(o.By) && s.determined(o.By, keys) {
			add(o.By)
		}
	}
	if p, ok := s.indexed(keys); ok {
		add(periodIndex{p})
	}
	return keys
}

// indexed finds the period whose number a window has to be ordered by.
func (s *scope) indexed(keys []Expr) (Period, bool) {
	uses := func(e Expr) bool {
		return s.c.m.has(e, func(x Expr) bool {
			switch x.(type) {
			case Prior, Running:
				return true
			}
			return false
		})
	}
	used := slices.ContainsFunc(s.q.Select, func(o Output) bool { return uses(o.Expr) }) ||
		slices.ContainsFunc(s.q.Order, func(o Order) bool { return uses(o.By) })
	s.c.m.eachInCond(s.q.Having, func(e Expr) bool { used = used || uses(e); return false })
	if !used {
		return Period{}, false
	}
	for _, k := range keys {
		if p, ok := k.(Period); ok && p.Grain != Year {
			return p, true
		}
	}
	return Period{}, false
}

// determined reports whether the keys hold a row of the expression's sets
// fast, so that it may be one more key without making more groups.
func (s *scope) determined(e Expr, keys []Expr) (yes bool) {
	yes = true
	s.c.m.setsIn(e, func(name string) {
		t := s.find(name)
		yes = yes && t != nil && slices.ContainsFunc(s.sets, func(by *set) bool {
			return s.fixed(by, keys) && (by == t || !slices.Contains(s.multiplied(by), t))
		})
	})
	return yes && s.source == ""
}

// fixed reports whether a set's primary key is among the keys.
func (s *scope) fixed(t *set, keys []Expr) bool {
	for _, name := range t.table.PrimaryKey {
		if !slices.ContainsFunc(keys, func(k Expr) bool {
			r, ok := k.(Ref)
			return ok && fold(r.Column, name) && fold(r.Set, t.name)
		}) {
			return false
		}
	}
	return len(t.table.PrimaryKey) > 0
}

// finish writes the SELECT: outputs, order and limit.
func (s *scope) finish(sh shape) compiled {
	outs := s.outputs()
	if s.nests(sh) {
		sh = s.nest(sh)
	}
	if s.c.err != nil {
		return compiled{}
	}
	if s.q.Limit > 0 && (s.q.Ties || len(s.q.Within) > 0) {
		return s.ranked(sh, outs)
	}
	if s.q.Distinct && len(s.orders()) > 0 {
		return s.distinctOrdered(sh, outs)
	}
	r := compiled{columns: columnsOf(outs)}
	r.sql = "SELECT " + pick(s.q.Distinct, "DISTINCT ", "") + s.selected(outs) + s.tail(sh)
	var by []string
	for _, o := range s.orders() {
		by = append(by, s.comparable(o.By)+direction(o.Desc))
	}
	r.sql += s.orderBy(by)
	return r
}

func (s *scope) orderBy(by []string) string {
	sql := ""
	if len(by) > 0 {
		sql = " ORDER BY " + strings.Join(by, ", ")
	}
	switch {
	case s.q.Limit > 0:
		sql += " LIMIT " + strconv.Itoa(s.q.Limit)
	case s.q.Offset > 0:
		sql += " LIMIT 9223372036854775807" // SQLite has no OFFSET alone
	}
	if s.q.Offset > 0 {
		sql += " OFFSET " + strconv.Itoa(s.q.Offset)
	}
	return sql
}

func direction(desc bool) string { return pick(desc, " DESC", " ASC") + " NULLS LAST" }

// out is an output with its name.
type out struct {
	expr Expr
	column
}

func columnsOf(outs []out) (cs []column) {
	for _, o := range outs {
		cs = append(cs, o.column)
	}
	return cs
}

// outputs names what is shown.
func (s *scope) outputs() (outs []out) {
	taken := map[string]bool{}
	for _, o := range s.q.Select {
		if o.Hidden {
			continue
		}
		name := o.As
		if name == "" {
			name = s.name(o.Expr)
			if r, ok := o.Expr.(Ref); ok && taken[strings.ToLower(name)] && r.Set != "" {
				name = r.Set + "_" + name
			}
		}
		base := name
		for i := 2; taken[strings.ToLower(name)]; i++ {
			name = base + "_" + strconv.Itoa(i)
		}
		taken[strings.ToLower(name)] = true
		outs = append(outs, out{o.Expr, column{name, s.class(o.Expr)}})
	}
	if len(outs) == 0 {
		s.c.fail("nothing of the query is shown")
	}
	return outs
}

// name is what an output is called when the query does not say.
func (s *scope) name(e Expr) string {
	switch e := e.(type) {
	case Ref:
		if t := s.find(e.Set); t != nil {
			if col, ok := t.table.Column(e.Column); ok {
				return col.Name
			}
		}
		return e.Column
	case Aggregate:
		if _, ok := e.Of.(Rows); ok {
			return "count"
		}
		if r, ok := e.Of.(Ref); ok {
			return string(e.Op) + "_" + s.name(r)
		}
		return string(e.Op)
	case MeasureOf:
		return e.Name
	case Period:
		return string(e.Grain)
	case Part:
		return string(e.Unit)
	case Share:
		return "share"
	case Prior:
		return "prior_" + s.name(e.Of)
	case Running:
		return "running_" + s.name(e.Of)
	case Peers:
		return string(e.Op) + "_" + s.name(e.Of)
	case Arith:
		return map[string]string{"/": "ratio", "-": "difference", "+": "sum", "*": "product"}[e.Op]
	}
	return "value"
}

func (s *scope) selected(outs []out) string {
	terms := make([]string, len(outs))
	for i, o := range outs {
		terms[i] = s.expr(o.expr) + " AS " + ident(o.name)
	}
	return strings.Join(terms, ", ")
}

// tail writes FROM to HAVING.
func (s *scope) tail(sh shape) string {
	sql := " FROM " + sh.from
	if sh.where != "" {
		sql += " WHERE " + sh.where
	}
	if len(sh.group) > 0 {
		sql += " GROUP BY " + strings.Join(sh.group, ", ")
	}
	if len(sh.having) > 0 {
		sql += " HAVING " + s.and(sh.having)
	}
	return sql
}

// orders is the query's order and, where a limit cuts it, what else makes it
// the same on every engine and every day.
func (s *scope) orders() []Order {
	orders := slices.Clone(s.q.Order)
	if s.q.Limit == 0 && s.q.Offset == 0 {
		return orders
	}
	for _, e := range s.tieBreakers() {
		if !slices.ContainsFunc(orders, func(o Order) bool { return same(o.By, e) }) {
			orders = append(orders, Order{By: e, Desc: s.tiesTurned(e)})
		}
	}
	return orders
}

// tiesTurned tells that groups of one column shown tie in the direction of
// their one order. Any of them may come first; this one does where the plain
// statement is run on SQLite, so whoever checks an answer by hand sees it.
func (s *scope) tiesTurned(e Expr) bool {
	if _, column := e.(Ref); !column || len(s.q.Order) != 1 || !s.q.Order[0].Desc || len(s.q.Group) == 0 {
		return false
	}
	shown := 0
	for _, o := range s.q.Select {
		if !o.Hidden && !s.c.m.has(o.Expr, func(x Expr) bool { return isAggregate(x) || isWindow(x) }) {
			if !same(o.Expr, e) {
				return false
			}
			shown++
		}
	}
	return shown == 1
}

func (s *scope) tieBreakers() (es []Expr) {
	grouped := len(s.aggregates()) > 0 || len(s.q.Group) > 0
	switch {
	case grouped && !s.q.Distinct:
		return slices.DeleteFunc(s.keys(), func(e Expr) bool { _, ok := e.(periodIndex); return ok })
	case !s.q.Distinct && len(s.sets) > 0 && len(s.sets[0].table.PrimaryKey) > 0:
		for i, t := range s.sets {
			if i > 0 && !t.multiple {
				continue
			}
			for _, k := range t.table.PrimaryKey {
				es = append(es, Ref{t.name, k})
			}
		}
		return es
	}
	for _, o := range s.q.Select {
		if _, constant := o.Expr.(Value); !o.Hidden && !constant {
			es = append(es, o.Expr)
		}
	}
	return es
}

// distinctOrdered is DISTINCT with an order, which engines allow by what is
// shown, letter for letter, only. Where it goes by what is not shown, of the
// rows that are shown as one the first of the order counts.
func (s *scope) distinctOrdered(sh shape, outs []out) compiled {
	sql := "SELECT " + s.selected(outs)
	orders := s.orders()
	for i, o := range orders {
		sql += ", " + s.expr(o.By) + " AS o" + strconv.Itoa(i+1)
	}
	q := s.c.alias("q")
	names, group := under(q, outs)
	by := make([]string, 0, len(orders))
	for i, o := range orders {
		x := s.sortable(q+".o"+strconv.Itoa(i+1), o.By)
		by = append(by, pick(o.Desc, "MAX(", "MIN(")+x+")"+direction(o.Desc))
	}
	sql = "SELECT " + names + " FROM (" + sql + s.tail(sh) + ") AS " + q + " GROUP BY " + strings.Join(group, ", ") + s.orderBy(by)
	return compiled{sql, columnsOf(outs)}
}

// under lists the outputs of a query under its alias, as outputs and bare.
func under(q string, outs []out) (selected string, bare []string) {
	for i, o := range outs {
		x := q + "." + ident(o.name)
		bare = append(bare, x)
		selected += pick(i > 0, ", ", "") + x + " AS " + ident(o.name)
	}
	return selected, bare
}

// ranked keeps rows by their rank: ties, and limits within groups.
func (s *scope) ranked(sh shape, outs []out) compiled {
	sql := "SELECT " + s.selected(outs)
	q := s.c.alias("q")
	var final, window []string
	hide := func(prefix string, i int, e Expr, desc bool) {
		name := prefix + strconv.Itoa(i+1)
		sql += ", " + s.expr(e) + " AS " + name
		final = append(final, s.sortable(q+"."+name, e)+direction(desc))
	}
	for i, w := range s.q.Within {
		hide("w", i, w, false)
	}
	orders := s.q.Order
	if !s.q.Ties {
		orders = s.orders()
	}
	for i, o := range orders {
		hide("o", i, o.By, o.Desc)
		window = append(window, s.comparable(o.By)+direction(o.Desc))
	}
	if len(window) == 0 {
		s.c.fail("the first rows need an order")
		return compiled{}
	}
	rank := "ROW_NUMBER"
	if s.q.Ties {
		rank = pick(s.q.Offset > 0 || s.q.Distinct, "DENSE_RANK", "RANK")
	}
	sql += ", " + rank + "() OVER (" + join(s.partition(s.q.Within), "ORDER BY "+strings.Join(window, ", ")) + ") AS r" + s.tail(sh)
	names, bare := under(q, outs)
	for i, o := range outs {
		final = append(final, s.sortable(bare[i], o.expr)+direction(false))
	}
	if s.q.Distinct {
		return compiled{"SELECT DISTINCT " + names + " FROM (" + sql + ") AS " + q + " WHERE " + s.upTo(q), columnsOf(outs)}
	}
	return compiled{"SELECT " + names + " FROM (" + sql + ") AS " + q + " WHERE " + s.upTo(q) + " ORDER BY " + strings.Join(final, ", "), columnsOf(outs)}
}

func (s *scope) upTo(q string) string {
	sql := q + ".r <= " + strconv.Itoa(s.q.Offset+s.q.Limit)
	if s.q.Offset > 0 {
		sql += " AND " + q + ".r > " + strconv.Itoa(s.q.Offset)
	}
	return sql
}
