package semantictest

import (
	"math/rand/v2"

	"github.com/postern/postern/internal/semantic"
)

// Generate makes a query, the same for the same seed. All parts of the
// language turn up; what the compiler refuses is for the caller to skip.
func Generate(seed uint64) semantic.Query {
	g := &generator{r: rand.New(rand.NewPCG(seed, 7))} //nolint:gosec // not for secrets
	return g.query(0)
}

type generator struct{ r *rand.Rand }

func (g *generator) one(n int) bool { return g.r.IntN(n) == 0 }

func choose[T any](g *generator, from ...T) T { return from[g.r.IntN(len(from))] }

// near are sets that questions put together.
var near = [][]string{
	{"customer"}, {"orders"}, {"visit"}, {"order_line"}, {"employee"}, {"product"}, {"region"},
	{"customer", "region"}, {"orders", "customer"}, {"orders", "customer", "region"}, {"order_line", "product"}, {"order_line", "orders", "product"},
	{"visit", "customer"}, {"customer", "visit", "orders"}, {"customer", "orders"}, {"product", "orders"}, {"customer", "product"}, {"employee", "orders"}, {"region", "orders", "visit"},
}

var (
	numbers = map[string][]string{"other": {"salary"}, "region": {"budget"}, "customer": {"credit", "level"}, "employee": {"salary"}, "product": {"price"}, "orders": {"amount"}, "order_line": {"quantity"}, "visit": {"minutes"}}
	texts   = map[string][]string{"other": {"name"}, "region": {"name"}, "customer": {"name"}, "employee": {"name"}, "product": {"name"}}
	dates   = map[string][]string{"customer": {"since"}, "orders": {"placed"}, "visit": {"day"}}
)

func (g *generator) query(deep int) semantic.Query {
	if deep == 0 && g.one(6) {
		return g.special()
	}
	sets := choose(g, near...)
	q := semantic.Query{}
	if g.one(3) {
		q.From = choose(g, sets...)
	}
	if g.one(2) {
		g.rows(&q, sets)
	} else {
		g.groups(&q, sets)
	}
	if !g.one(3) {
		q.Where = g.cond(sets, deep)
	}
	if deep == 0 && g.one(8) && len(q.Order) == 0 && q.Limit == 0 {
		other := q
		other.Where = g.cond(sets, 1)
		q.Sets = []semantic.SetOp{{Op: choose(g, semantic.Union, semantic.UnionAll, semantic.Intersect, semantic.Except), Query: &other}}
	}
	return q
}

// special makes what chance would seldom put together.
func (g *generator) special() (q semantic.Query) {
	id := func(set string) semantic.Ref { return semantic.Ref{Set: set, Column: "id"} }
	count := func(set string) semantic.Expr {
		return semantic.Aggregate{Op: semantic.Count, Of: semantic.Rows{Set: set}}
	}
	show := func(es ...semantic.Expr) {
		for _, e := range es {
			q.Select = append(q.Select, semantic.Output{Expr: e})
		}
	}
	switch g.r.IntN(4) {
	case 0: // those without included
		other := choose(g, "orders", "visit")
		q.From, q.Optional = "customer", []string{other}
		show(id("customer"), count(other), g.aggregate([]string{other}))
		if g.one(2) {
			q.Where = semantic.And{g.cond([]string{other}, 2), g.cond([]string{"customer"}, 2)}
		}
	case 1: // a total of totals
		inner := semantic.Query{Select: []semantic.Output{{Expr: g.plain([]string{"customer"}), As: "k"}, {Expr: g.aggregate([]string{"orders", "visit"}), As: "n"}}}
		q.Source = &inner
		n := semantic.Ref{Column: "n"}
		show(semantic.Aggregate{Op: semantic.Avg, Of: n}, semantic.Aggregate{Op: semantic.Max, Of: n}, semantic.Aggregate{Op: semantic.Count, Of: semantic.Ref{Column: "k"}})
	case 2: // a table twice
		q.From = "employee"
		q.Joins = []semantic.JoinAs{{As: "other", Table: "employee", Via: "employee_boss_id", Backward: g.one(2)}}
		show(semantic.Ref{Set: "employee", Column: "name"}, semantic.Aggregate{Op: choose(g, semantic.Sum, semantic.Max), Of: semantic.Ref{Set: choose(g, "other", "employee"), Column: "salary"}})
		if g.one(2) {
			q.Where = g.cond([]string{"other"}, 2)
		}
	default: // along a time
		set := choose(g, "orders", "visit")
		period := semantic.Period{Of: semantic.Ref{Set: set, Column: dates[set][0]}, Grain: choose(g, semantic.Year, semantic.Quarter, semantic.Month, semantic.Week, semantic.Day)}
		a := g.aggregate([]string{set})
		show(period, a, choose[semantic.Expr](g, semantic.Running{Of: count(set)}, semantic.Prior{Of: a}, semantic.Arith{Op: "-", Left: count(set), Right: semantic.Prior{Of: count(set), Back: 1}}))
		if g.one(2) {
			show(semantic.Ref{Set: set, Column: "customer_id"})
		}
	}
	return q
}

func (g *generator) number(sets []string) semantic.Ref {
	set := choose(g, sets...)
	return semantic.Ref{Set: set, Column: choose(g, numbers[set]...)}
}

// plain is a column to show or to group by.
func (g *generator) plain(sets []string) semantic.Expr {
	set := choose(g, sets...)
	switch n := g.r.IntN(4); {
	case n == 0 && dates[set] != nil:
		of := semantic.Ref{Set: set, Column: dates[set][0]}
		if g.one(3) {
			return semantic.Part{Of: of, Unit: choose(g, semantic.YearPart, semantic.QuarterPart, semantic.MonthPart, semantic.DayPart, semantic.WeekdayPart)}
		}
		return semantic.Period{Of: of, Grain: choose(g, semantic.Year, semantic.Quarter, semantic.Month, semantic.Week, semantic.Day)}
	case n < 3 && texts[set] != nil:
		return semantic.Ref{Set: set, Column: texts[set][0]}
	}
	return g.number(sets)
}

func (g *generator) rows(q *semantic.Query, sets []string) {
	for range 1 + g.r.IntN(3) {
		q.Select = append(q.Select, semantic.Output{Expr: g.plain(sets)})
	}
	q.Distinct = g.one(3)
	if g.one(2) {
		q.Order = []semantic.Order{{By: choose(g, q.Select[0].Expr, semantic.Expr(g.number(sets))), Desc: g.one(2)}}
		g.limit(q)
	}
}

func (g *generator) limit(q *semantic.Query) {
	if g.one(3) {
		return
	}
	q.Limit = 1 + g.r.IntN(5)
	switch g.r.IntN(4) {
	case 0:
		q.Ties = true
	case 1:
		q.Offset = g.r.IntN(3)
	}
}

func (g *generator) aggregate(sets []string) semantic.Expr {
	a := semantic.Aggregate{Op: choose(g, semantic.Sum, semantic.Avg, semantic.Min, semantic.Max, semantic.Count), Of: g.number(sets)}
	if g.one(3) {
		a = semantic.Aggregate{Op: semantic.Count, Of: semantic.Rows{Set: choose(g, sets...)}}
	}
	if g.one(6) && a.Op != semantic.Avg && a.Op != semantic.Sum {
		a.Distinct = true
		a.Of = g.number(sets)
	}
	if r, ok := a.Of.(semantic.Ref); ok && g.one(6) {
		a.Where = semantic.Compare{Left: r, Op: semantic.Gt, Right: semantic.Value{Class: semantic.Numeric, Text: "3"}}
	}
	return a
}

func (g *generator) groups(q *semantic.Query, sets []string) {
	a := g.aggregate(sets)
	for range g.r.IntN(3) {
		q.Select = append(q.Select, semantic.Output{Expr: g.plain(sets)})
	}
	keyed := len(q.Select) > 0
	q.Select = append(q.Select, semantic.Output{Expr: a})
	if g.one(3) {
		q.Select = append(q.Select, semantic.Output{Expr: g.aggregate(sets)})
	}
	switch {
	case keyed && g.one(5):
		q.Select = append(q.Select, semantic.Output{Expr: semantic.Share{Of: a}})
	case keyed && g.one(5):
		q.Select = append(q.Select, semantic.Output{Expr: semantic.Arith{Op: "/", Left: a, Right: g.aggregate(sets)}})
	}
	if p, ok := q.Select[0].Expr.(semantic.Period); ok && len(q.Select) < 4 {
		q.Select = append(q.Select, semantic.Output{Expr: choose[semantic.Expr](g, semantic.Prior{Of: a}, semantic.Prior{Of: a, Back: 2}, p)})
	}
	if keyed && g.one(4) {
		q.Having = semantic.Compare{Left: a, Op: choose(g, semantic.Gt, semantic.Le, semantic.Ne), Right: semantic.Value{Class: semantic.Numeric, Text: choose(g, "1", "5", "40.5")}}
	}
	if keyed && g.one(2) {
		q.Order = []semantic.Order{{By: choose(g, a, q.Select[0].Expr), Desc: g.one(2)}}
		g.limit(q)
		if q.Limit > 0 && q.Offset == 0 && len(q.Select) > 2 && g.one(3) {
			q.Within = []semantic.Expr{q.Select[0].Expr}
		}
	}
}

func (g *generator) cond(sets []string, deep int) semantic.Cond {
	if deep < 2 && g.one(3) {
		parts := []semantic.Cond{g.cond(sets, deep+1), g.cond(sets, deep+1)}
		switch g.r.IntN(4) {
		case 0:
			return semantic.Or(parts)
		case 1:
			return semantic.Not{Cond: parts[0], IncludeNull: g.one(2)}
		}
		return semantic.And(parts)
	}
	num := func(s string) semantic.Value { return semantic.Value{Class: semantic.Numeric, Text: s} }
	n := g.number(sets)
	set := choose(g, sets...)
	text := semantic.Ref{Set: "customer", Column: "name"}
	if texts[set] != nil {
		text = semantic.Ref{Set: set, Column: texts[set][0]}
	}
	switch g.r.IntN(11) {
	case 0:
		return semantic.Between{Of: n, Low: num("2"), High: num("50")}
	case 1:
		return semantic.In{Of: n, Values: []semantic.Value{num("1"), num("2"), num("21")}}
	case 2:
		return semantic.Match{Of: text, Kind: choose(g, semantic.Contains, semantic.Starts, semantic.Ends), Text: choose(g, "A", "_1", "é%", "north", "'")}
	case 3:
		return semantic.Null{Of: choose(g, n, semantic.Ref{Set: "customer", Column: "level"})}
	case 4:
		if dates[set] != nil {
			return semantic.During{Of: semantic.Ref{Set: set, Column: dates[set][0]}, From: "2022-06-01", To: choose(g, "", "2024-01-01")}
		}
	case 5:
		return semantic.Compare{Left: n, Op: semantic.Gt, Right: semantic.Scalar{Query: &semantic.Query{Select: []semantic.Output{{Expr: semantic.Aggregate{Op: semantic.Avg, Of: n}}}}}}
	case 6:
		return semantic.Compare{Left: n, Op: semantic.Ge, Right: semantic.Peers{Op: semantic.Avg, Of: n, By: []string{choose(g, numbers[n.Set]...)}}}
	case 7:
		return g.related(sets[0])
	case 8:
		inner := semantic.Query{Select: []semantic.Output{{Expr: semantic.Ref{Set: "orders", Column: "customer_id"}}}, Where: g.cond([]string{"orders"}, 2)}
		c := semantic.Member{Of: semantic.Ref{Set: "customer", Column: "id"}, Query: &inner}
		return choose[semantic.Cond](g, c, semantic.Not{Cond: c})
	case 9:
		return semantic.Compare{Left: text, Op: choose(g, semantic.Eq, semantic.Ne, semantic.Lt), Right: semantic.Value{Class: semantic.Text, Text: choose(g, "cust_3", "O'Hare \\ é%", "thing C")}, Fold: g.one(3)}
	}
	return semantic.Compare{Left: n, Op: choose(g, semantic.Eq, semantic.Ne, semantic.Lt, semantic.Ge), Right: num(choose(g, "1", "2", "10.5", "30"))}
}

func (g *generator) related(of string) semantic.Cond {
	others := map[string][]string{"customer": {"orders", "visit", "product"}, "orders": {"order_line", "product"}, "employee": {"orders"}, "product": {"order_line", "orders"}, "region": {"customer", "employee"}}[of]
	if others == nil {
		return semantic.And{}
	}
	r := semantic.Related{Of: of, Set: choose(g, others...)}
	if !g.one(3) {
		r.Op, r.Count = choose(g, semantic.Eq, semantic.Ge, semantic.Lt, semantic.Gt), g.r.IntN(4)
	}
	if g.one(2) {
		r.Where = semantic.Compare{Left: semantic.Ref{Set: r.Set, Column: choose(g, numbers[r.Set]...)}, Op: semantic.Gt, Right: semantic.Value{Class: semantic.Numeric, Text: "2"}}
	}
	return r
}
