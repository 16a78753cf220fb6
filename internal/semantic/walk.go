package semantic

import (
	"reflect"
	"slices"
)

// eachExpr calls f with e and, while f says so, with all that e is made of.
// Measures and named filters are looked into; other queries are not.
func (m *Model) eachExpr(e Expr, f func(Expr) bool) {
	if e == nil || !f(e) {
		return
	}
	switch e := e.(type) {
	case Aggregate:
		m.eachExpr(e.Of, f)
		m.eachInCond(e.Where, f)
	case MeasureOf:
		if x, ok := m.Measure(e.Name); ok {
			m.eachExpr(x.Expr, f)
		}
	case Period:
		m.eachExpr(e.Of, f)
	case Part:
		m.eachExpr(e.Of, f)
	case Arith:
		m.eachExpr(e.Left, f)
		m.eachExpr(e.Right, f)
	case Share:
		m.eachExpr(e.Of, f)
		for _, w := range e.Within {
			m.eachExpr(w, f)
		}
	case Prior:
		m.eachExpr(e.Of, f)
	case Running:
		m.eachExpr(e.Of, f)
	case Peers:
		m.eachExpr(e.Of, f)
	case periodIndex:
		m.eachExpr(e.Of, f)
	case indexOf:
		m.eachExpr(e.Of, f)
	}
}

// eachInCond calls f with every expression of a condition.
func (m *Model) eachInCond(c Cond, f func(Expr) bool) {
	switch c := c.(type) {
	case And:
		for _, x := range c {
			m.eachInCond(x, f)
		}
	case Or:
		for _, x := range c {
			m.eachInCond(x, f)
		}
	case Not:
		m.eachInCond(c.Cond, f)
	case NamedFilter:
		if x, ok := m.Filter(c.Name); ok {
			m.eachInCond(x.Where, f)
		}
	default:
		for _, e := range sides(c) {
			m.eachExpr(e, f)
		}
	}
}

// sides are the expressions of a plain condition.
func sides(c Cond) []Expr {
	switch c := c.(type) {
	case Compare:
		return []Expr{c.Left, c.Right}
	case Between:
		return []Expr{c.Of, c.Low, c.High}
	case During:
		return []Expr{c.Of}
	case In:
		return []Expr{c.Of}
	case Member:
		return []Expr{c.Of}
	case Match:
		return []Expr{c.Of}
	case Null:
		return []Expr{c.Of}
	}
	return nil
}

// setsIn lists the sets that an expression names, in order, "" left out.
func (m *Model) setsIn(e Expr, add func(set string)) {
	m.eachExpr(e, func(e Expr) bool { return named(e, add) })
}

// setsOf lists the sets that a condition names. A Related names the set whose
// rows it is about.
func (m *Model) setsOf(c Cond, add func(set string)) {
	m.eachInCond(c, func(e Expr) bool { return named(e, add) })
	m.eachCond(c, func(c Cond) {
		if r, ok := c.(Related); ok && r.Of != "" {
			add(r.Of)
		}
	})
}

func named(e Expr, add func(set string)) bool {
	switch e := e.(type) {
	case Ref:
		if e.Set != "" {
			add(e.Set)
		}
	case Rows:
		add(e.Set)
	}
	return true
}

// eachCond calls f with every part of a condition that is no And, Or or Not.
func (m *Model) eachCond(c Cond, f func(Cond)) {
	switch c := c.(type) {
	case nil:
	case And:
		for _, x := range c {
			m.eachCond(x, f)
		}
	case Or:
		for _, x := range c {
			m.eachCond(x, f)
		}
	case Not:
		m.eachCond(c.Cond, f)
	case NamedFilter:
		if x, ok := m.Filter(c.Name); ok {
			m.eachCond(x.Where, f)
		}
	default:
		f(c)
	}
}

// aggregatesIn adds the aggregates of an expression, each once.
func (m *Model) aggregatesIn(e Expr, to []Aggregate) []Aggregate {
	m.eachExpr(e, func(e Expr) bool {
		a, ok := e.(Aggregate)
		if ok {
			for _, x := range to {
				if same(x, a) {
					return false
				}
			}
			to = append(to, a)
		}
		return !ok
	})
	return to
}

// has reports whether any part of an expression is like f says.
func (m *Model) has(e Expr, f func(Expr) bool) (found bool) {
	m.eachExpr(e, func(e Expr) bool {
		found = found || f(e)
		return !found
	})
	return found
}

func isAggregate(e Expr) bool { _, ok := e.(Aggregate); return ok }

// isWindow reports whether a part needs the other groups.
func isWindow(e Expr) bool {
	switch e.(type) {
	case Share, Prior, Running:
		return true
	}
	return false
}

// same compares two trees.
func same(a, b any) bool { return reflect.DeepEqual(a, b) }

// conjuncts takes an And apart.
func conjuncts(c Cond) []Cond {
	switch c := c.(type) {
	case nil:
		return nil
	case And:
		var out []Cond
		for _, x := range c {
			if x == nil {
				out = append(out, nil) // to be refused: a lost condition is no "all rows"
				continue
			}
			out = append(out, conjuncts(x)...)
		}
		return out
	}
	return []Cond{c}
}

// mapAggregates copies an expression with each aggregate replaced.
func (m *Model) mapAggregates(e Expr, f func(Aggregate) Aggregate) Expr {
	switch e := e.(type) {
	case Aggregate:
		return f(e)
	case MeasureOf:
		if x, ok := m.Measure(e.Name); ok {
			return m.mapAggregates(x.Expr, f)
		}
	case Arith:
		return Arith{e.Op, m.mapAggregates(e.Left, f), m.mapAggregates(e.Right, f)}
	case Share:
		return Share{m.mapAggregates(e.Of, f), e.Within}
	case Prior:
		return Prior{m.mapAggregates(e.Of, f), e.Back}
	case Running:
		return Running{m.mapAggregates(e.Of, f)}
	}
	return e
}

// mapInCond copies a condition with each aggregate in it replaced.
func (m *Model) mapInCond(c Cond, f func(Aggregate) Aggregate) Cond {
	to := func(e Expr) Expr { return m.mapAggregates(e, f) }
	list := func(cs []Cond) (out []Cond) {
		for _, x := range cs {
			out = append(out, m.mapInCond(x, f))
		}
		return out
	}
	switch c := c.(type) {
	case And:
		return And(list(c))
	case Or:
		return Or(list(c))
	case Not:
		return Not{m.mapInCond(c.Cond, f), c.IncludeNull}
	case Compare:
		return Compare{to(c.Left), c.Op, to(c.Right), c.Fold}
	case Between:
		return Between{to(c.Of), to(c.Low), to(c.High)}
	case In:
		return In{to(c.Of), c.Values, c.Fold}
	case Null:
		return Null{to(c.Of), c.Empty}
	}
	return c
}

// Sets are the sets that an expression takes from, in order.
func (m *Model) Sets(e Expr) (out []string) {
	m.setsIn(e, func(set string) {
		if !slices.Contains(out, set) {
			out = append(out, set)
		}
	})
	return out
}

// Only gives an expression whose aggregates take just the rows for which the
// condition holds: the revenue of 2024, next to that of 2023.
func (m *Model) Only(e Expr, c Cond) Expr {
	return m.mapAggregates(e, func(a Aggregate) Aggregate {
		if a.Where == nil {
			a.Where = c
		} else {
			a.Where = And{a.Where, c}
		}
		return a
	})
}
