package semantic

import (
	"strconv"
	"strings"
)

// Restate says a query in words, made from its parts alone: what the reader
// is told was asked, whatever the question said.
func Restate(q Query, m *Model) string {
	s := &speaker{m: m}
	words := s.query(&q, 0)
	if words == "" {
		return ""
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// speaker puts queries in words.
type speaker struct {
	m      *Model
	joins  []JoinAs
	tables []*Table // of the query, for columns of the same name
}

func (s *speaker) query(q *Query, deep int) string {
	if q == nil || deep > deepest {
		return "another query"
	}
	in := &speaker{m: s.m, joins: q.Joins}
	in.meet(q)
	words := in.selectWords(q, deep)
	for _, op := range q.Sets {
		link := map[SetOperator]string{Union: "or", UnionAll: "and also, duplicates kept,", Intersect: "that are also among", Except: "that are not among"}[op.Op]
		words += "; " + link + " " + s.query(op.Query, deep+1)
	}
	return words + in.orderWords(q)
}

// meet notes the tables that a query takes from.
func (s *speaker) meet(q *Query) {
	add := func(set string) {
		for _, j := range q.Joins {
			if fold(j.As, set) {
				set = j.Table
			}
		}
		if t, ok := s.m.Table(set); ok {
			s.tables = append(s.tables, t)
		}
	}
	for _, o := range q.Select {
		s.m.setsIn(o.Expr, add)
	}
	for _, o := range q.Order {
		s.m.setsIn(o.By, add)
	}
	s.m.setsOf(q.Where, add)
	add(q.From)
}

func (s *speaker) selectWords(q *Query, deep int) string {
	var shown, totals []string
	var keys []Expr
	grouped := len(q.Group) > 0
	for _, o := range q.Select {
		aggregate := s.m.has(o.Expr, isAggregate)
		grouped = grouped || aggregate
		if aggregate && !o.Hidden {
			totals = append(totals, s.expr(o.Expr))
		}
		if !o.Hidden {
			shown = append(shown, s.expr(o.Expr))
		}
		if !aggregate {
			keys = append(keys, o.Expr)
		}
	}
	if grouped && len(totals) > 0 {
		shown = totals // the keys are said in "for each"
	}
	words := pick(q.Distinct, "distinct ", "") + list(shown, "and")
	if of := s.subject(q, deep); of != "" && !strings.HasSuffix(words, " of "+of) && !s.named(q, of) {
		words += " of " + of
	}
	if q.Where != nil && len(conjuncts(q.Where)) > 0 {
		words += ", where " + s.cond(q.Where)
	}
	if keys = append(keys, q.Group...); grouped && len(keys) > 0 && (len(totals) > 0 || len(q.Group) > 0) {
		var by []string
		for i, k := range keys {
			if !sameAsOne(keys[:i], k) {
				by = append(by, s.expr(k))
			}
		}
		words += ", for each " + list(by, "and")
	}
	if q.Having != nil {
		words += ", keeping groups where " + s.cond(q.Having)
	}
	if len(q.Optional) > 0 {
		var names []string
		for _, o := range q.Optional {
			names = append(names, s.set(o))
		}
		words += ", those without " + list(names, "or") + " included"
	}
	return words
}

// named tells that all that is shown is one measure which says in its own name
// whose rows it is of: flights, delayed flights.
func (s *speaker) named(q *Query, of string) bool {
	var only Expr
	for _, o := range q.Select {
		switch {
		case o.Hidden || !s.m.has(o.Expr, isAggregate):
		case only != nil:
			return false
		default:
			only = o.Expr
		}
	}
	m, ok := only.(MeasureOf)
	return ok && strings.HasSuffix(" "+strings.ToLower(s.expr(m)), " "+strings.ToLower(of))
}

func sameAsOne(es []Expr, e Expr) bool {
	for _, x := range es {
		if same(x, e) {
			return true
		}
	}
	return false
}

// subject names what the rows are.
func (s *speaker) subject(q *Query, deep int) string {
	if q.Source != nil {
		return "the result of (" + s.query(q.Source, deep+1) + ")"
	}
	if q.From != "" {
		return s.set(q.From)
	}
	if s.apart(q) {
		return "" // each total says its own rows; to join them here would not be true
	}
	var names []string
	seen := map[string]bool{}
	add := func(set string) {
		if name := s.set(set); !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	for _, o := range q.Select {
		s.m.setsIn(o.Expr, add)
	}
	return list(names, "with")
}

// apart reports whether the query's totals are over different record sets, each
// counted whole.
func (s *speaker) apart(q *Query) bool {
	var homes []map[string]bool
	for _, o := range q.Select {
		if !s.m.has(o.Expr, isAggregate) {
			continue
		}
		sets := map[string]bool{}
		s.m.setsIn(o.Expr, func(set string) { sets[set] = true })
		for _, other := range homes {
			if len(sets) > 0 && !shares(sets, other) {
				return true
			}
		}
		homes = append(homes, sets)
	}
	return false
}

func shares(a, b map[string]bool) bool {
	for k := range a {
		if b[k] {
			return true
		}
	}
	return len(a) == 0 || len(b) == 0
}

func (s *speaker) orderWords(q *Query) string {
	var by []string
	for _, o := range q.Order {
		by = append(by, s.expr(o.By)+pick(o.Desc, " from high to low", " from low to high"))
	}
	words := ""
	if len(by) > 0 {
		words = ", ordered by " + list(by, "then")
	}
	if q.Offset > 0 {
		words += ", leaving out the first " + strconv.Itoa(q.Offset)
	}
	if q.Limit > 0 {
		words += ", the first " + pick(q.Limit == 1, "", strconv.Itoa(q.Limit)+" ") + "only" + pick(q.Ties, " (with ties)", "")
		words = strings.Replace(words, "first only", "first one only", 1)
	}
	if len(q.Within) > 0 {
		var within []string
		for _, w := range q.Within {
			within = append(within, s.expr(w))
		}
		words += " within each " + list(within, "and")
	}
	return words
}

// list joins words: a, b and c.
func list(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + last + " " + words[len(words)-1]
}

// set is what people call a set.
func (s *speaker) set(name string) string {
	for _, j := range s.joins {
		if fold(j.As, name) {
			if via, ok := s.m.Join(j.Via); ok && via.Label != "" {
				return via.Label
			}
			return spoken(j.As)
		}
	}
	if t, ok := s.m.Table(name); ok {
		return s.m.tableWords(t)
	}
	return spoken(name)
}

var aggregateWords = map[AggOp]string{Sum: "total", Avg: "average", Min: "smallest", Max: "largest"}

func (s *speaker) expr(e Expr) string {
	switch e := e.(type) {
	case Ref:
		return s.column(e)
	case Rows:
		return "rows of " + s.set(e.Set)
	case Value:
		return pick(e.Class == Text, strconv.Quote(e.Text), e.Text)
	case Aggregate:
		return s.aggregate(e)
	case MeasureOf:
		if x, ok := s.m.Measure(e.Name); ok && x.Label != "" {
			return x.Label
		}
		return spoken(e.Name)
	case Period:
		return string(e.Grain) + " of " + s.expr(e.Of)
	case Part:
		return string(e.Unit) + pick(e.Unit == YearPart || e.Unit == WeekdayPart, "", " number") + " of " + s.expr(e.Of)
	case Arith:
		if e.Op == "/" {
			return "ratio of " + s.expr(e.Left) + " to " + s.expr(e.Right)
		}
		word := map[string]string{"+": "plus", "-": "minus", "*": "times"}[e.Op]
		return s.expr(e.Left) + " " + word + " " + s.expr(e.Right)
	case Share:
		words := "share of " + s.expr(e.Of) + " in the total"
		for _, w := range e.Within {
			words += " of the same " + s.expr(w)
		}
		return words
	case Prior:
		return s.expr(e.Of) + " " + pick(e.Back < 2, "one period", strconv.Itoa(e.Back)+" periods") + " before"
	case Running:
		return "running total of " + s.expr(e.Of)
	case Scalar:
		return "the value of (" + s.query(e.Query, 1) + ")"
	case Peers:
		var by []string
		for _, b := range e.By {
			by = append(by, s.column(Ref{e.Of.Set, b}))
		}
		return aggregateWords[e.Op] + pick(e.Op == Count, "count of ", " ") + s.column(e.Of) + pick(len(by) > 0, " of all with the same "+list(by, "and"), " of all")
	}
	return "something"
}

func (s *speaker) column(r Ref) string {
	for _, j := range s.joins {
		if fold(j.As, r.Set) {
			return s.columnOf(j.Table, r.Column) + " of " + s.set(j.As)
		}
	}
	if r.Set == "" {
		return spoken(r.Column)
	}
	return s.columnOf(r.Set, r.Column)
}

// columnOf says a column; with its table where another one of the query has
// one of that name.
func (s *speaker) columnOf(table, column string) string {
	t, ok := s.m.Table(table)
	if !ok {
		return spoken(column)
	}
	label := spoken(column)
	if c, ok := t.Column(column); ok && c.Label != "" {
		label = c.Label
	}
	for _, o := range s.tables {
		if _, shared := o.Column(column); shared && o != t {
			return Singular(s.m.tableWords(t)) + " " + label
		}
	}
	return label
}

func (s *speaker) aggregate(a Aggregate) string {
	words := ""
	switch rows, isRows := a.Of.(Rows); {
	case isRows:
		words = "number of " + s.set(rows.Set)
	case a.Op == Count:
		words = "number of " + pick(a.Distinct, "different ", "") + s.expr(a.Of)
	default:
		words = aggregateWords[a.Op] + " " + s.expr(a.Of)
	}
	if a.Where != nil {
		words += " (only where " + s.cond(a.Where) + ")"
	}
	return words
}

func (s *speaker) cond(c Cond) string {
	switch c := c.(type) {
	case And:
		return s.conds([]Cond(c), "and", "anything holds")
	case Or:
		return s.conds([]Cond(c), "or", "nothing holds")
	case Not:
		return s.not(c.Cond)
	case Compare:
		return s.expr(c.Left) + " " + compareWords[c.Op] + " " + s.expr(c.Right)
	case Between:
		return s.expr(c.Of) + " is from " + s.expr(c.Low) + " to " + s.expr(c.High)
	case During:
		return s.expr(c.Of) + " is" + pick(c.From != "", " on or after "+c.From, "") + pick(c.From != "" && c.To != "", " and", "") + pick(c.To != "", " before "+c.To, "")
	case In:
		var values []string
		for _, v := range c.Values {
			values = append(values, s.expr(v))
		}
		return s.expr(c.Of) + " is " + list(values, "or")
	case Member:
		return s.expr(c.Of) + " is among (" + s.query(c.Query, 1) + ")"
	case Match:
		return s.expr(c.Of) + " " + map[MatchKind]string{Contains: "contains", Starts: "starts with", Ends: "ends with", Pattern: "is like"}[c.Kind] + " " + strconv.Quote(c.Text)
	case Null:
		return s.expr(c.Of) + " has no value"
	case Related:
		return s.related(c)
	case NamedFilter:
		if f, ok := s.m.Filter(c.Name); ok && f.Label != "" {
			return f.Label
		}
		return spoken(c.Name)
	}
	return "something"
}

var compareWords = map[CompareOp]string{Eq: "is", Ne: "is not", Lt: "is less than", Le: "is at most", Gt: "is more than", Ge: "is at least"}

func (s *speaker) conds(cs []Cond, word, none string) string {
	var out []string
	for _, c := range cs {
		words := s.cond(c)
		switch c.(type) {
		case And, Or:
			words = "(" + words + ")"
		}
		out = append(out, words)
	}
	if len(out) == 0 {
		return none
	}
	return strings.Join(out, " "+word+" ")
}

func (s *speaker) not(c Cond) string {
	switch c := c.(type) {
	case Null:
		return s.expr(c.Of) + " has a value"
	case In:
		return strings.Replace(s.cond(c), " is ", " is not ", 1)
	case Member:
		return s.expr(c.Of) + " is not among (" + s.query(c.Query, 1) + ")"
	}
	return "it is not so that " + s.cond(c)
}

func (s *speaker) related(r Related) string {
	what := s.set(r.Set)
	if r.Via != "" {
		if j, ok := s.m.Join(r.Via); ok && j.Label != "" {
			what += " (" + j.Label + ")"
		}
	}
	if r.Distinct != "" {
		what = "different " + s.column(Ref{r.Set, r.Distinct}) + " of " + what
	}
	if r.Where != nil {
		what += " where " + s.cond(r.Where)
	}
	none := r.Op == Eq && r.Count == 0 || r.Op == Lt && r.Count == 1 || r.Op == Le && r.Count == 0
	n := strconv.Itoa(r.Count) + " "
	words := map[CompareOp]string{"": "there is at least one of ", Eq: "there are exactly " + n, Ne: "there are not exactly " + n,
		Lt: "there are fewer than " + n, Le: "there are at most " + n, Gt: "there are more than " + n, Ge: "there are at least " + n}[r.Op]
	if none {
		words = "there are no "
	}
	return words + what
}

// words says an expression, for messages.
func (m *Model) words(e Expr) string { return (&speaker{m: m}).expr(e) }

// tableWords is what people call a table's rows.
func (m *Model) tableWords(t *Table) string {
	if t.Label != "" {
		return t.Label
	}
	return spoken(t.Name)
}

// spoken makes words of a name.
func spoken(name string) string { return Words(name) }

// wordsOf says a way of joins.
func (m *Model) wordsOf(hops []hop) string {
	names := make([]string, 0, len(hops))
	for _, h := range hops {
		from, to := h.columns()
		names = append(names, h.from()+"."+strings.Join(from, "+")+" and "+h.to()+"."+strings.Join(to, "+"))
	}
	return strings.Join(names, ", ")
}
