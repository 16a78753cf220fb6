package form

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/semantic"
)

// asked is one query of a form, being read.
type asked struct {
	*reader
	q     semantic.Query
	table *semantic.Table // whose rows it is about, where the form says
	named []output        // what is shown, by name
	time  *period
}

// output is a column of the answer.
type output struct {
	as      string
	expr    semantic.Expr
	measure bool
	hidden  bool
}

func (r *reader) top(n node) Read {
	if _, ok := n.v.(map[string]any); !r.object(n, strings.Join(Keys, " ")) && !ok {
		return Read{}
	}
	if n.has("verified_query") {
		return r.verified(n)
	}
	q, said := r.query(n)
	return Read{Query: q, Said: said, Notes: r.notes}
}

func (r *reader) verified(n node) Read {
	for _, k := range Keys {
		if k != "verified_query" && k != "parameters" && n.has(k) {
			r.bad(n.at(k), "extra_forbidden", "a verified query stands alone, with parameters only")
		}
	}
	out := Read{Values: map[string]string{}}
	name := r.text(n.at("verified_query"))
	var names []string
	for i := range r.m.Verified {
		if v := &r.m.Verified[i]; strings.EqualFold(v.Name, name) {
			out.Verified = v
		}
		names = append(names, r.m.Verified[i].Name)
	}
	if out.Verified == nil {
		r.bad(n.at("verified_query"), "value_error", "this product has no verified query "+quoted(name)+nearest(name, names))
	}
	values, ok := n.at("parameters").v.(map[string]any)
	if !ok && n.has("parameters") {
		r.bad(n.at("parameters"), "dict_type", "Input should be an object of names and values")
	}
	for k, v := range values {
		switch v := v.(type) {
		case string:
			out.Values[k] = v
		case json.Number:
			out.Values[k] = v.String()
		case bool:
			out.Values[k] = strconv.FormatBool(v)
		default:
			r.bad(n.at("parameters").at(k), "value_error", "Input should be a text, number or boolean")
		}
	}
	return out
}

// query reads a form, or one that it is combined with. said is the same
// without what is only there to write it.
func (r *reader) query(n node) (q, said semantic.Query) {
	if r.deep++; r.deep > deepest {
		r.bad(n, "value_error", "queries are nested too deep")
		return q, said
	}
	defer func() { r.deep-- }()
	a := &asked{reader: r}
	a.from(n)
	for _, f := range n.at("filters").items() {
		if c := a.filter(f); c != nil {
			a.where(c)
		}
	}
	rows := a.flag(n.at("rows"))
	a.time = a.readTime(n.at("time"), n.at("measures"))
	for _, d := range a.few(n.at("dimensions")) {
		a.dimension(d)
	}
	measures := a.few(n.at("measures"))
	for _, x := range measures {
		a.measure(x)
	}
	if len(a.named) == 0 && len(r.wrong) == 0 {
		r.bad(n, "missing", "a query needs measures or dimensions")
	}
	a.readPeriods(n.at("time"))
	a.q.Distinct = len(measures) == 0 && !rows
	having := a.having(n.at("having"))
	a.order(n)
	return a.finish(n, having)
}

// from reads what the query is about and how its tables are joined.
func (a *asked) from(n node) {
	if name := a.text(n.at("table")); name != "" {
		if a.table = a.tableOf(n.at("table"), name); a.table != nil {
			a.q.From = a.table.Name
		}
	}
	for _, j := range a.few(n.at("joins")) {
		a.join(j)
	}
	for _, k := range a.few(n.at("keep_without")) {
		if name := a.text(k); name != "" {
			if set := a.set(k, name); set != "" {
				a.q.Optional = append(a.q.Optional, set)
			}
		}
	}
}

// join reads a table under a name of its own.
func (a *asked) join(n node) {
	if !a.object(n, "as table via of") {
		return
	}
	j := semantic.JoinAs{As: a.text(n.at("as")), Via: a.text(n.at("via")), Of: a.text(n.at("of"))}
	via, ok := a.m.Join(j.Via)
	if j.Via != "" && !ok {
		a.bad(n.at("via"), "value_error", "there is no join "+quoted(j.Via)+nearest(j.Via, a.joinNames()))
		return
	}
	switch name := a.text(n.at("table")); {
	case name != "":
		if t := a.tableOf(n.at("table"), name); t != nil {
			j.Table = t.Name
		}
	case ok:
		j.Table = via.To
	default:
		a.bad(n.at("table"), "missing", "Field required, or via")
	}
	if j.As == "" {
		a.bad(n.at("as"), "missing", "Field required")
	}
	a.q.Joins = append(a.q.Joins, j)
}

func (a *asked) joinNames() (names []string) {
	for _, j := range a.m.Joins {
		names = append(names, j.Name)
	}
	return names
}

func (r *reader) tableOf(n node, name string) *semantic.Table {
	t, ok := r.m.Table(name)
	if !ok {
		var names []string
		for i := range r.m.Tables {
			names = append(names, r.m.Tables[i].Name)
		}
		r.bad(n, "value_error", "there is no table "+quoted(name)+nearest(name, names))
		return nil
	}
	return t
}

func (a *asked) where(c semantic.Cond) { a.q.Where = and(a.q.Where, c) }

// show adds a column to the answer, under a name that no other has.
func (a *asked) show(o output) {
	base := o.as
	for i := 2; a.find(o.as) != nil; i++ {
		o.as = base + "_" + strconv.Itoa(i)
	}
	a.named = append(a.named, o)
}

func (a *asked) find(as string) *output {
	for i := range a.named {
		if strings.EqualFold(a.named[i].as, as) {
			return &a.named[i]
		}
	}
	return nil
}

// having reads conditions on measures.
func (a *asked) having(n node) (out []condition) {
	for _, h := range a.few(n) {
		if !a.object(h, "measure op value") {
			continue
		}
		o := a.measured(h.at("measure"))
		op, ok := comparison(a.text(h.at("op")), "=")
		if !ok {
			a.bad(h.at("op"), "enum", "Input should be one of =, !=, <, <=, >, >=")
		}
		v, ok := a.constant(h.at("value"), semantic.Numeric)
		if !ok {
			a.bad(h.at("value"), "float_type", "Input should be a number")
		}
		if o != nil {
			out = append(out, condition{*o, op, v})
		}
	}
	return out
}

// condition on a measure.
type condition struct {
	on output
	op semantic.CompareOp
	v  semantic.Value
}

// measured finds what a condition or an order is on: a column of the answer
// by its name, or a measure that is not shown.
func (a *asked) measured(n node) *output {
	if s, ok := n.v.(string); ok {
		if o := a.find(s); o != nil {
			return o
		}
	}
	e, as := a.measureExpr(n)
	if e == nil {
		return nil
	}
	for i := range a.named {
		if a.named[i].measure && strings.EqualFold(a.named[i].as, as) {
			return &a.named[i]
		}
	}
	a.show(output{as, e, true, true})
	return &a.named[len(a.named)-1]
}

// order reads order, limit, offset, ties and per.
func (a *asked) order(n node) {
	for _, o := range a.few(n.at("order")) {
		by, desc := o, false
		if s, ok := o.v.(string); ok {
			words := strings.Fields(strings.ToLower(s))
			if len(words) > 1 && (words[len(words)-1] == "desc" || words[len(words)-1] == "asc") {
				desc = words[len(words)-1] == "desc"
				s = strings.TrimSpace(s[:strings.LastIndexByte(strings.TrimSpace(s), ' ')])
			}
			if rest, minus := strings.CutPrefix(s, "-"); minus {
				s, desc = rest, true
			}
			by.v = s
		} else if a.object(o, "by dir") {
			by, desc = o.at("by"), a.oneOf(o.at("dir"), "asc desc") == "desc"
		} else {
			continue
		}
		if x := a.ordered(by); x != nil {
			a.q.Order = append(a.q.Order, semantic.Order{By: x, Desc: desc})
		}
	}
	a.q.Limit, a.q.Offset = a.number(n.at("limit"), 1, 0), a.number(n.at("offset"), 0, 0)
	a.q.Ties = a.flag(n.at("ties"))
	for _, p := range a.few(n.at("per")) {
		if x := a.ordered(p); x != nil {
			a.q.Within = append(a.q.Within, x)
		}
	}
	a.defaultOrder()
	a.noteLost()
}

// noteLost says which rows a join leaves out: those that lead nowhere.
func (a *asked) noteLost() {
	for _, x := range a.named {
		for _, from := range a.m.Sets(x.expr) {
			for _, y := range a.named {
				if x.measure && !y.measure {
					for _, to := range a.m.Sets(y.expr) {
						a.noteLostBetween(from, to)
					}
				}
			}
		}
	}
}

func (a *asked) noteLostBetween(from, to string) {
	kept := func(set string) bool {
		return slices.ContainsFunc(a.q.Optional, func(o string) bool { return strings.EqualFold(o, set) })
	}
	if strings.EqualFold(from, to) || kept(to) || kept(from) {
		return
	}
	table := to
	var ways []string
	for _, j := range a.q.Joins {
		if strings.EqualFold(j.As, to) && j.Via != "" {
			table, ways = j.Table, []string{j.Via}
		}
	}
	if ways == nil {
		p, _, _ := a.m.Path(from, table)
		for i, name := range p.Joins {
			if !p.Backward[i] {
				ways = append(ways, name)
			}
		}
	}
	for _, name := range ways {
		if j, ok := a.m.Join(name); ok && j.FromOptional {
			a.note("rows of " + j.From + " that lead to none of " + j.To + " are left out; keep_without " + quoted(to) + " keeps them")
		}
	}
}

// defaultOrder puts time in its order, and the first of a few on top.
func (a *asked) defaultOrder() {
	if len(a.q.Order) > 0 {
		return
	}
	for _, o := range a.named {
		switch o.expr.(type) {
		case semantic.Period, semantic.Part:
			if a.q.Limit == 0 {
				a.q.Order = append(a.q.Order, semantic.Order{By: o.expr})
				return
			}
		}
	}
	if a.q.Limit == 0 {
		return
	}
	for _, o := range a.named {
		if o.measure && !o.hidden {
			a.q.Order = []semantic.Order{{By: o.expr, Desc: true}}
			a.note("no order was given: the first are those with most " + o.as)
			return
		}
	}
}

// ordered is what an order is by: a column of the answer, a measure, or a
// column of a table.
func (a *asked) ordered(n node) semantic.Expr {
	s, ok := n.v.(string)
	if !ok {
		if o := a.measured(n); o != nil {
			return o.expr
		}
		return nil
	}
	if o := a.find(s); o != nil {
		return o.expr
	}
	for _, o := range a.named {
		if r, ok := o.expr.(semantic.Ref); ok && (strings.EqualFold(s, r.Set+"."+r.Column) || strings.EqualFold(s, r.Column)) {
			return o.expr
		}
	}
	if _, ok := a.m.Measure(s); ok || strings.Contains(s, "(") {
		if o := a.measured(n); o != nil {
			return o.expr
		}
		return nil
	}
	if c, ok := a.lookup(s); ok {
		return c.ref
	}
	var names []string
	for _, o := range a.named {
		names = append(names, o.as)
	}
	a.bad(n, "value_error", quoted(s)+" is neither a column of the answer, nor a metric, nor a column of a table"+nearest(s, names))
	return nil
}

// finish puts the query together. A comparison with a period before the first
// one shown needs that period's rows, which are taken away again around it.
func (a *asked) finish(n node, having []condition) (q, said semantic.Query) {
	for _, o := range a.named {
		a.q.Select = append(a.q.Select, semantic.Output{Expr: o.expr, As: o.as, Hidden: o.hidden})
	}
	for _, c := range a.few(n.at("combine")) {
		if !a.object(c, "op query") {
			continue
		}
		op := semantic.SetOperator(a.oneOf(c.at("op"), "union union_all intersect except"))
		if op == "" && !c.has("op") {
			a.bad(c.at("op"), "missing", "Field required")
		}
		inner := c.at("query")
		if a.object(inner, strings.Join(Keys[:len(Keys)-3], " ")) {
			q, _ := a.query(inner)
			a.q.Sets = append(a.q.Sets, semantic.SetOp{Op: op, Query: &q})
		}
	}
	said = a.q
	for _, h := range having {
		said.Having = and(said.Having, semantic.Compare{Left: h.on.expr, Op: h.op, Right: h.v})
	}
	if a.time == nil || !a.time.wrapped() {
		return said, said
	}
	said.Where = a.time.said
	return a.wrap(having), said
}

func and(c, more semantic.Cond) semantic.Cond {
	if c == nil {
		return more
	}
	if all, ok := c.(semantic.And); ok {
		return append(slices.Clone(all), more)
	}
	return semantic.And{c, more}
}

// wrap takes the periods that were only read to compare with off the answer.
func (a *asked) wrap(having []condition) semantic.Query {
	inner := a.q
	outer := semantic.Query{Limit: inner.Limit, Offset: inner.Offset, Ties: inner.Ties}
	inner.Limit, inner.Offset, inner.Ties, inner.Order, inner.Within = 0, 0, false, nil, nil
	ref := func(e semantic.Expr) semantic.Expr {
		for _, o := range a.named {
			if reflect.DeepEqual(o.expr, e) {
				return semantic.Ref{Column: o.as}
			}
		}
		a.bad(node{path: []string{"order"}}, "value_error", "with a comparison, order and per can only name columns of the answer")
		return e
	}
	inner.Select = slices.Clone(inner.Select)
	for i, o := range a.named {
		inner.Select[i].Hidden = false
		if !o.hidden {
			outer.Select = append(outer.Select, semantic.Output{Expr: semantic.Ref{Column: o.as}, As: o.as})
		}
	}
	for _, o := range a.q.Order {
		outer.Order = append(outer.Order, semantic.Order{By: ref(o.By), Desc: o.Desc})
	}
	for _, e := range a.q.Within {
		outer.Within = append(outer.Within, ref(e))
	}
	outer.Where = a.time.since()
	for _, h := range having {
		outer.Where = and(outer.Where, semantic.Compare{Left: semantic.Ref{Column: h.on.as}, Op: h.op, Right: h.v})
	}
	outer.Source = &inner
	return outer
}
