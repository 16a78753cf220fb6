package semantic

import (
	"strconv"
	"strings"
)

// expr writes an expression.
func (s *scope) expr(e Expr) string {
	for _, w := range s.subst {
		if same(w.expr, e) {
			return w.sql
		}
	}
	c := s.c
	switch e := e.(type) {
	case Ref:
		sql, _ := s.ref(e)
		return sql
	case Value:
		return c.check(c.d.literal(e))
	case Aggregate:
		return s.aggregate(e)
	case MeasureOf:
		return s.expr(s.measure(e))
	case Period:
		return c.d.period(s.dated(e.Of), e.Grain)
	case Part:
		return c.d.part(s.dated(e.Of), e.Unit)
	case Arith:
		return s.arith(e)
	case Share, Prior, Running:
		return s.window(e)
	case Scalar:
		r := c.query(e.Query, nil)
		if c.err == nil && len(r.columns) != 1 {
			c.fail("a query that stands for a value must select one")
		}
		return "(" + r.sql + ")"
	case Peers:
		return s.peers(e)
	case indexOf:
		return c.d.index(s.dated(e.Of.Of), e.Of.Grain)
	case Rows:
		c.fail("rows of %s can be counted, nothing else", e.Set)
	default:
		c.fail("an expression is missing")
	}
	return ""
}

func (s *scope) measure(e MeasureOf) Expr {
	m, ok := s.c.m.Measure(e.Name)
	if !ok || m.Expr == nil {
		s.c.fail("there is no measure %q that can be compiled", e.Name)
		return nil
	}
	return m.Expr
}

// ref writes a column, and gives its column in the model (nil for one of
// another query).
func (s *scope) ref(r Ref) (string, *Column) {
	if r.Set == "" {
		for _, col := range s.columns {
			if fold(col.name, r.Column) {
				return s.sourceAlias + "." + ident(col.name), nil
			}
		}
		s.c.fail("the inner query has no output %q", r.Column)
		return "", nil
	}
	t := s.need(r.Set)
	if t == nil {
		return "", nil
	}
	col, ok := t.table.Column(r.Column)
	if !ok {
		s.c.fail("record set %s has no column %q", t.table.Name, r.Column)
		return "", nil
	}
	return t.alias + "." + ident(col.Name), col
}

// number writes an expression where a number is meant.
func (s *scope) number(e Expr) string {
	r, ok := e.(Ref)
	if !ok || s.covers(e) {
		return s.expr(e)
	}
	sql, col := s.ref(r)
	if col != nil && col.Class == Text {
		return s.c.d.fromText(sql, col.sure())
	}
	return sql
}

// covers reports whether an expression stands in a column already.
func (s *scope) covers(e Expr) bool {
	for _, w := range s.subst {
		if same(w.expr, e) {
			return true
		}
	}
	return false
}

// dated writes an expression that has to be a date.
func (s *scope) dated(e Expr) string {
	if class := s.class(e); class != Date && s.c.err == nil {
		s.c.fail("%s is not a date", s.c.m.words(e))
	}
	return s.expr(e)
}

// comparable writes an expression to be ordered by.
func (s *scope) comparable(e Expr) string { return s.sortable(s.expr(e), e) }

// sortable makes an expression that stands in a column already one to be
// ordered by: a text of numbers counts as a number, other texts go by bytes.
func (s *scope) sortable(sql string, e Expr) string {
	class := s.class(e)
	if r, ok := e.(Ref); ok && r.Set != "" {
		if t := s.find(r.Set); t != nil {
			if col, ok := t.table.Column(r.Column); ok && col.NumericText {
				return s.c.d.fromText(sql, col.sure())
			} else if ok && class == Text && !collates(col.EngineType) {
				return sql
			}
		}
	}
	return s.c.d.ordered(sql, class)
}

// collates reports whether PostgreSQL can order a type by a collation: uuid
// and enumerations are texts to us, not to it.
func collates(engineType string) bool {
	t := strings.ToLower(engineType)
	return t == "" || strings.Contains(t, "char") || strings.HasPrefix(t, "text") || t == "name" || t == "citext"
}

func (s *scope) aggregate(a Aggregate) string {
	if rows, ok := a.Of.(Rows); ok {
		return s.countRows(a, rows)
	}
	if a.Of == nil {
		s.c.fail("a %s of nothing", a.Op)
		return ""
	}
	x := ""
	switch a.Op {
	case Sum, Avg:
		x = s.number(a.Of)
	case Min, Max:
		x = s.comparable(a.Of)
	case Count:
		x = s.expr(a.Of)
	default:
		s.c.fail("there is no aggregate %q", a.Op)
	}
	if a.Where != nil {
		x = "CASE WHEN " + s.cond(a.Where) + " THEN " + x + " END"
	}
	return strings.ToUpper(string(a.Op)) + "(" + pick(a.Distinct && a.Op != Min && a.Op != Max, "DISTINCT ", "") + x + ")"
}

// countRows counts a set's rows: all of them, those that are there (an
// optional set), or each once (a set that others multiply).
func (s *scope) countRows(a Aggregate, rows Rows) string {
	t := s.need(rows.Set)
	if t == nil {
		return ""
	}
	if a.Op != Count {
		s.c.fail("rows of %s can be counted, nothing else", rows.Set)
	}
	multiplied := len(s.multiplied(t)) > 0
	x := "1"
	if multiplied || t.optional {
		key := t.table.PrimaryKey
		if len(key) == 0 && t.optional && !multiplied {
			_, key = t.hop.columns() // not NULL where the join met
		}
		if len(key) == 0 || multiplied && len(key) > 1 {
			s.c.fail("rows of %s have no key of one column to tell them apart by, and are multiplied here", t.table.Name)
			return ""
		}
		x = t.alias + "." + ident(key[0])
	}
	if a.Where != nil {
		x = "CASE WHEN " + s.cond(a.Where) + " THEN " + x + " END"
	} else if x == "1" {
		return "COUNT(*)"
	}
	return "COUNT(" + pick(multiplied, "DISTINCT ", "") + x + ")"
}

func (s *scope) arith(e Arith) string {
	l, r := s.number(e.Left), s.number(e.Right)
	switch e.Op {
	case "+", "-", "*":
		return "(" + l + " " + e.Op + " " + r + ")"
	case "/":
		return "(" + s.c.d.real(l) + " / NULLIF(" + s.c.d.real(r) + ", 0))"
	}
	s.c.fail("there is no operator %q", e.Op)
	return ""
}

// window writes what needs the other groups.
func (s *scope) window(e Expr) string {
	switch e := e.(type) {
	case Share:
		of := s.expr(e.Of)
		return "(" + s.c.d.real(of) + " / NULLIF(" + s.c.d.real("SUM("+of+") OVER ("+s.partition(e.Within)+")") + ", 0))"
	case Prior:
		back := strconv.Itoa(max(e.Back, 1))
		by, others := s.axis()
		return "MAX(" + s.expr(e.Of) + ") OVER (" + join(s.partition(others), "ORDER BY "+by) + " RANGE BETWEEN " + back + " PRECEDING AND " + back + " PRECEDING)"
	case Running:
		by, others := s.axis()
		return "SUM(" + s.expr(e.Of) + ") OVER (" + join(s.partition(others), "ORDER BY "+by) + ")"
	}
	return ""
}

func join(a, b string) string { return strings.TrimSpace(a + " " + b) }

func (s *scope) partition(by []Expr) string {
	if len(by) == 0 {
		return ""
	}
	return "PARTITION BY " + s.list(by)
}

func (s *scope) list(es []Expr) string {
	out := make([]string, len(es))
	for i, e := range es {
		out[i] = s.expr(e)
	}
	return strings.Join(out, ", ")
}

// periodIndex stands for a period's number, which the window's order needs.
type periodIndex struct{ Of Period }

func (periodIndex) expr() {}

// axis is the one key of the query that periods go along, as a number without
// gaps, and the other keys.
func (s *scope) axis() (by string, others []Expr) {
	var at Expr
	for _, k := range s.keys() {
		if _, ok := k.(periodIndex); ok {
			continue
		}
		if s.isAxis(k) {
			if at != nil {
				s.c.fail("a comparison with earlier periods needs one period to group by, and there are two")
			}
			at = k
		} else {
			others = append(others, k)
		}
	}
	if at == nil {
		s.c.fail("a comparison with earlier periods needs a period to group by")
		return "", nil
	}
	if p, ok := at.(Period); ok && p.Grain != Year {
		return s.index(p), others
	}
	return s.expr(at), others
}

func (s *scope) index(p Period) string {
	if i := (periodIndex{p}); s.covers(i) {
		return s.expr(i)
	}
	return s.c.d.index(s.dated(p.Of), p.Grain)
}

// isAxis reports whether a key is a period, or a number that says a time.
func (s *scope) isAxis(k Expr) bool {
	switch k := k.(type) {
	case Period:
		return true
	case Ref:
		if t := s.find(k.Set); t != nil {
			c, ok := t.table.Column(k.Column)
			return ok && c.Role == Time && c.Class == Numeric
		}
	}
	return false
}

// peers writes an aggregate over the rows like this one.
func (s *scope) peers(e Peers) string {
	own, col := s.ref(e.Of)
	t := s.find(e.Of.Set)
	if col == nil || t == nil || own == "" {
		return ""
	}
	alias := s.c.alias("t")
	x := alias + "." + ident(col.Name)
	if col.Class == Text && (e.Op == Sum || e.Op == Avg || col.NumericText) {
		x = s.c.d.fromText(x, col.sure())
	}
	sql := "(SELECT " + strings.ToUpper(string(e.Op)) + "(" + x + ") FROM " + ident(t.table.Name) + " AS " + alias
	for i, name := range e.By {
		by, ok := t.table.Column(name)
		if !ok {
			s.c.fail("record set %s has no column %q", t.table.Name, name)
			return ""
		}
		sql += pick(i == 0, " WHERE ", " AND ") + alias + "." + ident(by.Name) + " = " + t.alias + "." + ident(by.Name)
	}
	return sql + ")"
}

// class is what kind of value an expression has.
func (s *scope) class(e Expr) Class {
	switch e := e.(type) {
	case Ref:
		if e.Set == "" {
			for _, col := range s.columns {
				if fold(col.name, e.Column) {
					return col.class
				}
			}
			return Unknown
		}
		if t := s.find(e.Set); t != nil {
			if col, ok := t.table.Column(e.Column); ok {
				return col.Class
			}
		}
		return Unknown
	case Value:
		return e.Class
	case Aggregate:
		if e.Op == Min || e.Op == Max {
			return s.class(e.Of)
		}
	case MeasureOf:
		return s.class(s.measure(e))
	case Period:
		return pick(e.Grain == Year, Numeric, Text)
	case Prior:
		return s.class(e.Of)
	case Peers:
		if e.Op == Min || e.Op == Max {
			return s.class(e.Of)
		}
	case Scalar:
		if e.Query != nil && len(e.Query.Select) == 1 {
			quiet := &scope{c: &compiler{m: s.c.m, d: s.c.d, graph: s.c.graph}, q: e.Query, given: map[string]JoinAs{}}
			for i := range s.c.m.Tables {
				t := &s.c.m.Tables[i]
				quiet.sets = append(quiet.sets, &set{name: t.Name, table: t})
			}
			return quiet.class(e.Query.Select[0].Expr)
		}
		return Unknown
	}
	return Numeric
}
