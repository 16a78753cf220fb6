package semantic

import (
	"strconv"
	"strings"
)

// cond writes a condition; in And and Or, with brackets of its own.
func (s *scope) cond(c Cond) string {
	switch c := c.(type) {
	case And:
		return s.and([]Cond(c))
	case Or:
		return s.terms([]Cond(c), " OR ", s.c.false())
	case Not:
		return s.not(c)
	case NamedFilter:
		f, ok := s.c.m.Filter(c.Name)
		if !ok || f.Where == nil {
			s.c.fail("there is no filter %q that can be compiled", c.Name)
			return ""
		}
		return s.cond(f.Where)
	case Related:
		return s.related(c)
	case nil:
		s.c.fail("a condition is missing")
		return ""
	}
	if name, ok := s.elsewhere(c); ok {
		return s.exists(name, []Cond{c})
	}
	return s.plainCond(c)
}

func (c *compiler) false() string { return "1 = 0" }
func (c *compiler) true() string  { return "1 = 1" }

// and writes conditions that hold together. Those on a set that is only
// reached over a join that multiplies are asked of one row of it: "with an
// order from Berlin over 100" is one order.
func (s *scope) and(cs []Cond) string {
	var parts []Cond
	groups := map[string][]Cond{}
	var order []string
	for _, c := range conjuncts(And(cs)) {
		name, ok := "", false
		switch c.(type) {
		case Or, Not, NamedFilter, Related:
		default:
			name, ok = s.elsewhere(c)
		}
		if !ok {
			parts = append(parts, c)
			continue
		}
		branch := s.branch(name)
		if groups[branch] == nil {
			order = append(order, branch)
		}
		groups[branch] = append(groups[branch], c)
	}
	out := make([]string, 0, len(parts)+len(order))
	for _, c := range parts {
		out = append(out, s.cond(c))
	}
	for _, b := range order {
		name, _ := s.elsewhere(groups[b][0])
		out = append(out, s.exists(name, groups[b]))
	}
	return all(out, " AND ", s.c.true())
}

func (s *scope) terms(cs []Cond, word, none string) string {
	out := make([]string, len(cs))
	for i, c := range cs {
		out[i] = s.cond(c)
	}
	return all(out, word, none)
}

func all(terms []string, word, none string) string {
	switch len(terms) {
	case 0:
		return none
	case 1:
		return terms[0]
	}
	return "(" + strings.Join(terms, word) + ")"
}

func (s *scope) not(c Not) string {
	switch x := c.Cond.(type) {
	case Not:
		if !x.IncludeNull && !c.IncludeNull {
			return s.cond(x.Cond)
		}
	case Null:
		return s.null(x, true)
	case Member:
		if !c.IncludeNull {
			if name, ok := s.elsewhere(x); ok {
				return "NOT " + s.exists(name, []Cond{x})
			}
			return s.member(x, true)
		}
	}
	if c.IncludeNull {
		return "NOT COALESCE(" + s.cond(c.Cond) + ", " + pick(s.c.d == SQLite, "0", "FALSE") + ")"
	}
	return "NOT (" + s.cond(c.Cond) + ")"
}

// elsewhere names a set of a condition that is not joined here and would
// multiply rows if it were.
func (s *scope) elsewhere(c Cond) (string, bool) {
	found := ""
	s.c.m.setsOf(c, func(name string) {
		if found == "" && s.source == "" && s.behindMany(name) {
			found = name
		}
	})
	return found, found != ""
}

// branch is where a set hangs: the set here and the first join that
// multiplies.
func (s *scope) branch(name string) string {
	hops, ok := s.way(name)
	if !ok {
		return name
	}
	for _, h := range hops {
		if h.many() {
			return strings.ToLower(h.from() + "\x00" + h.join.Name)
		}
	}
	return name
}

// exists asks for a row of a set that meets the conditions.
func (s *scope) exists(name string, cs []Cond) string {
	hops, ok := s.way(name)
	if !ok {
		return ""
	}
	at := s.start(hops)
	for len(hops) > 1 && !hops[0].many() {
		at, hops = s.walk(at, hops[:1], hops[0].to()), hops[1:]
	}
	in := s.inner(at, hops, name)
	if in == nil {
		return ""
	}
	where := in.cond(And(cs))
	return "EXISTS (SELECT 1 FROM " + in.from() + " WHERE " + in.link + " AND " + where + ")"
}

// inner opens a query about one row here: its root is the first table of the
// way, tied to the row.
func (s *scope) inner(at *set, hops []hop, name string) *scope {
	in := &scope{c: s.c, q: &Query{}, outer: s}
	first := hops[0].to()
	if len(hops) == 1 {
		first = name
	}
	t, ok := s.c.m.Table(hops[0].to())
	if !ok || at == nil {
		s.c.fail("the join %s leads to no record set", hops[0].join.Name)
		return nil
	}
	if hops[0].join.Inferred {
		s.c.note("that " + s.c.m.wordsOf(hops[:1]) + " belong together is inferred, not declared")
	}
	root := &set{name: first, table: t, alias: s.c.alias("t")}
	in.sets = []*set{root}
	in.link = tie(at.alias, root.alias, hops[0])
	in.walk(root, hops[1:], name)
	return in
}

// related counts the rows that belong to one here.
func (s *scope) related(r Related) string {
	if s.source != "" || len(s.sets) == 0 {
		s.c.fail("rows of another query have no related rows")
		return ""
	}
	at := s.sets[0]
	if r.Of != "" {
		at = s.need(r.Of)
	}
	if at == nil {
		return ""
	}
	hops, ok := s.relation(at, r)
	if !ok {
		return ""
	}
	in := s.inner(at, hops, r.Set)
	if in == nil {
		return ""
	}
	where := in.link
	if r.Where != nil {
		where += " AND " + in.cond(r.Where)
	}
	none := r.Op == Eq && r.Count == 0 || r.Op == Lt && r.Count == 1 || r.Op == Le && r.Count == 0
	some := r.Op == "" || r.Op == Ge && r.Count == 1 || r.Op == Gt && r.Count == 0 || r.Op == Ne && r.Count == 0
	if none || some {
		return pick(none, "NOT ", "") + "EXISTS (SELECT 1 FROM " + in.from() + " WHERE " + where + ")"
	}
	return "(SELECT " + in.counted(r, hops) + " FROM " + in.from() + " WHERE " + where + ") " + s.op(r.Op) + " " + strconv.Itoa(r.Count)
}

// relation is the way from a row to the related ones.
func (s *scope) relation(at *set, r Related) ([]hop, bool) {
	if r.Via == "" {
		return s.c.via(at.table.Name, r.Set, "", false)
	}
	j, ok := s.c.m.Join(r.Via)
	if !ok {
		s.c.fail("there is no join %q", r.Via)
		return nil, false
	}
	first := hop{j, !fold(j.From, at.table.Name) || fold(j.From, j.To)} // a table's own join is asked of its other end
	if !fold(first.from(), at.table.Name) {
		s.c.fail("the join %s does not lead from %s", r.Via, at.table.Name)
		return nil, false
	}
	if fold(first.to(), r.Set) {
		return []hop{first}, true
	}
	rest, ok := s.c.via(first.to(), r.Set, "", false)
	return append([]hop{first}, rest...), ok
}

// counted writes what a Related counts: its rows, each once.
func (s *scope) counted(r Related, hops []hop) string {
	t := s.here(r.Set)
	if t == nil {
		return ""
	}
	if r.Distinct != "" {
		sql, _ := s.ref(Ref{Set: r.Set, Column: r.Distinct})
		return "COUNT(DISTINCT " + sql + ")"
	}
	for _, h := range hops[1:] {
		if !h.turned().many() {
			continue
		}
		if len(t.table.PrimaryKey) != 1 {
			s.c.fail("rows of %s have no key of one column to tell them apart by", t.table.Name)
			return ""
		}
		return "COUNT(DISTINCT " + t.alias + "." + ident(t.table.PrimaryKey[0]) + ")"
	}
	return "COUNT(*)"
}

func (s *scope) op(o CompareOp) string {
	switch o {
	case Eq, Ne, Lt, Le, Gt, Ge:
		return string(o)
	}
	s.c.fail("there is no comparison %q", o)
	return ""
}

// plainCond writes a condition whose sets are all here.
func (s *scope) plainCond(c Cond) string {
	switch c := c.(type) {
	case Compare:
		return s.compare(c)
	case Between:
		of, low := s.pair(c.Of, c.Low, true)
		_, high := s.pair(c.Of, c.High, true)
		return of + " BETWEEN " + low + " AND " + high
	case During:
		return s.during(c)
	case In:
		return s.in(c)
	case Member:
		return s.member(c, false)
	case Match:
		return s.match(c)
	case Null:
		return s.null(c, false)
	}
	s.c.fail("there is no condition %T", c)
	return ""
}

func (s *scope) compare(c Compare) string {
	if c.Fold && s.class(c.Left) == Text {
		return "LOWER(" + s.expr(c.Left) + ") " + s.op(c.Op) + " LOWER(" + s.expr(c.Right) + ")"
	}
	left, right := s.pair(c.Left, c.Right, c.Op != Eq && c.Op != Ne)
	return left + " " + s.op(c.Op) + " " + right
}

// pair writes two expressions so that they can be compared: constants become
// the other's type, a text that holds numbers becomes one.
func (s *scope) pair(left, right Expr, ranged bool) (string, string) {
	if v, ok := right.(Value); ok {
		return s.withValue(left, v, ranged)
	}
	if v, ok := left.(Value); ok {
		r, l := s.withValue(right, v, ranged)
		return l, r
	}
	lc, rc := s.class(left), s.class(right)
	switch {
	case !s.c.m.stored && (lc == Text && rc == Numeric || lc == Numeric && rc == Text):
		return s.number(left), s.number(right)
	case ranged && !s.c.m.stored:
		return s.comparable(left), s.comparable(right)
	}
	return s.expr(left), s.expr(right)
}

func (s *scope) withValue(e Expr, v Value, ranged bool) (string, string) {
	c, class := s.c, s.class(e)
	switch {
	case class == Text && v.Class == Numeric && !c.m.stored && (ranged || s.numericText(e)):
		return s.number(e), c.check(c.d.literal(v))
	case class == Text && v.Class != Text:
		v.Class = Text
	case class == Numeric && v.Class != Numeric:
		if !number.MatchString(v.Text) {
			c.fail("%s is a number, and %q is none", c.m.words(e), v.Text)
		}
		v.Class = Numeric
	case class == Date && v.Class != Date:
		if !isDate(v.Text) {
			c.fail("%s is a date, and %q is none like 2024-03-01", c.m.words(e), v.Text)
		}
		v.Class = Date
	case class == Boolean && v.Class != Boolean:
		v.Class = Boolean
	}
	left := s.expr(e)
	if ranged {
		left = s.comparable(e)
	}
	return left, c.check(c.d.literal(v))
}

// numericText reports whether a text column holds numbers only.
func (s *scope) numericText(e Expr) bool {
	r, ok := e.(Ref)
	if !ok || r.Set == "" {
		return false
	}
	_, col := s.ref(r)
	return col != nil && col.NumericText
}

func (s *scope) during(c During) string {
	var terms []string
	x := s.dated(c.Of)
	if c.From != "" {
		terms = append(terms, x+" >= "+s.c.check(s.c.d.date(c.From)))
	}
	if c.To != "" {
		terms = append(terms, x+" < "+s.c.check(s.c.d.date(c.To)))
	}
	return all(terms, " AND ", s.c.true())
}

func (s *scope) in(c In) string {
	if len(c.Values) == 0 {
		return s.c.false()
	}
	folded := c.Fold && s.class(c.Of) == Text
	left, values := "", make([]string, len(c.Values))
	for i, v := range c.Values {
		left, values[i] = s.withValue(c.Of, v, false)
		if folded {
			values[i] = "LOWER(" + values[i] + ")"
		}
	}
	return pick(folded, "LOWER("+left+")", left) + " IN (" + strings.Join(values, ", ") + ")"
}

func (s *scope) member(c Member, not bool) string {
	of := s.expr(c.Of)
	r := s.c.query(c.Query, nil)
	if s.c.err != nil {
		return ""
	}
	if len(r.columns) != 1 {
		s.c.fail("a query to be a member of must select one column")
		return ""
	}
	if !not {
		return of + " IN (" + r.sql + ")"
	}
	q := s.c.alias("q") // one NULL among them would make NOT IN match nothing
	name := q + "." + ident(r.columns[0].name)
	return of + " NOT IN (SELECT " + name + " FROM (" + r.sql + ") AS " + q + " WHERE " + name + " IS NOT NULL)"
}

var escapeLike = strings.NewReplacer(`!`, `!!`, `%`, `!%`, `_`, `!_`)

func (s *scope) match(c Match) string {
	pattern := escapeLike.Replace(c.Text)
	switch c.Kind {
	case Contains:
		pattern = "%" + pattern + "%"
	case Starts:
		pattern += "%"
	case Ends:
		pattern = "%" + pattern
	case Pattern:
		pattern = strings.ReplaceAll(c.Text, "!", "!!")
	default:
		s.c.fail("there is no match %q", c.Kind)
	}
	x := s.expr(c.Of)
	if s.class(c.Of) != Text || s.c.d == Postgres {
		x = "CAST(" + x + " AS " + pick(s.c.d == SQLite, "TEXT", "VARCHAR") + ")"
	}
	return "LOWER(" + x + ") LIKE LOWER(" + s.c.check(s.c.d.text(pattern)) + ") ESCAPE '!'"
}

func (s *scope) null(c Null, not bool) string {
	x := s.expr(c.Of)
	sql := x + pick(not, " IS NOT NULL", " IS NULL")
	if c.Empty && s.class(c.Of) == Text {
		return "(" + sql + pick(not, " AND TRIM("+x+") <> '')", " OR TRIM("+x+") = '')")
	}
	return sql
}
