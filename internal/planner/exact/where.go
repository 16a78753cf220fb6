package exact

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/semantic"
)

// conditions writes what rows or groups are kept.
func (b *builder) conditions() bool {
	b.narrows = map[int]bool{}
	absent := false
	for _, c := range b.f.conds {
		if c.quantity != nil && !c.quantity.aggregated() && b.ofEntity(c.quantity.columns) {
			c.columns, c.quantity = c.quantity.columns, nil // each plane has its seats
		}
		if c.quantity != nil {
			if !b.having(c) {
				return false
			}
			continue
		}
		w, ok := b.cond(c)
		absent = absent || len(c.without) > 0
		if absent && b.behind {
			return b.fail("it is not clear what there is none of")
		}
		if !ok {
			return b.fail("a condition of it cannot be written over %s", b.r.tableLabel(b.base))
		}
		b.narrows[len(b.where)] = c.filter > 0 || len(c.columns) > 0 && c.num == "true"
		b.where = append(b.where, w)
	}
	return true
}

// ofEntity tells that a column is of the very rows that are shown.
func (b *builder) ofEntity(ts []term) bool {
	return slices.ContainsFunc(b.f.shown, func(g group) bool {
		return slices.ContainsFunc(g.terms, func(t term) bool { return t.kind == kTable && t.table == b.base })
	}) && slices.ContainsFunc(ts, func(t term) bool { return t.table == b.base })
}

func (b *builder) having(c condition) bool {
	q := *c.quantity
	if !q.aggregated() {
		if c := strong(q.columns); len(c) == 0 || b.r.column(c[0]).Additive != semantic.Additive {
			return b.fail("it is not clear which value of %s is compared", strings.Join(words(b.r.column(q.columns[0]).Name), " "))
		}
		q.op = semantic.Sum
	}
	e, ok := b.expr(q)
	if !ok {
		return false
	}
	n := func(s string) semantic.Value { return semantic.Value{Class: semantic.Numeric, Text: s} }
	var w semantic.Cond = semantic.Compare{Left: e, Op: c.op, Right: n(c.num)}
	if c.op == "between" {
		w = semantic.Between{Of: e, Low: n(c.num), High: n(c.hi)}
	}
	if c.not {
		w = semantic.Not{Cond: w}
	}
	b.have = append(b.have, w)
	return true
}

func (b *builder) cond(c condition) (semantic.Cond, bool) {
	switch {
	case c.filter > 0:
		return b.named(c)
	case c.period != nil:
		return b.during(c)
	case len(c.without) > 0:
		return b.without(c)
	case len(c.values) > 0:
		return b.valued(c)
	}
	ref, t, ok := b.column(c.columns, c.roles)
	if !ok {
		return nil, false
	}
	w, ok := b.compare(c, ref, t)
	if ok && c.not {
		w = semantic.Not{Cond: w}
	}
	return w, ok
}

func (b *builder) compare(c condition, ref semantic.Ref, t term) (semantic.Cond, bool) {
	v := func(s string) semantic.Value { return semantic.Value{Class: semantic.Numeric, Text: s} }
	switch {
	case c.null:
		return semantic.Null{Of: ref}, true
	case c.match != "":
		return semantic.Match{Of: ref, Kind: c.match, Text: c.text}, b.r.column(t).Class == semantic.Text
	case c.nestedOp != "":
		if !b.r.numeric(t) {
			return nil, false
		}
		q := &semantic.Query{From: b.r.table(t).Name, Select: []semantic.Output{{Expr: semantic.Aggregate{Op: c.nestedOp, Of: b.r.ref(t)}}}}
		return semantic.Compare{Left: ref, Op: c.op, Right: semantic.Scalar{Query: q}}, true
	case c.num == "true":
		return semantic.Compare{Left: ref, Op: semantic.Eq, Right: semantic.Value{Class: semantic.Boolean, Text: "true"}}, true
	case c.op == "between":
		return semantic.Between{Of: ref, Low: v(c.num), High: v(c.hi)}, true
	}
	return semantic.Compare{Left: ref, Op: c.op, Right: v(c.num)}, true
}

func (b *builder) named(c condition) (semantic.Cond, bool) {
	f := &b.r.m.Filters[c.filter-1]
	t := b.r.tableAt(f.Table)
	if t != b.base && len(b.ways(t, nil)) == 0 {
		return nil, b.fail("%s is not said of %s", f.Label, b.r.tableLabel(b.base))
	}
	if t != b.base && c.not && len(b.r.direct(b.base, t)) == 0 {
		return nil, b.fail("it is not clear which of %s are not %s", b.r.tableLabel(t), f.Label)
	}
	b.used[t] = true
	var w semantic.Cond = semantic.NamedFilter{Name: f.Name}
	if f.Description != "" {
		b.note("%s: %s", f.Label, f.Description)
	}
	if c.not {
		w = semantic.Not{Cond: w}
	}
	return w, true
}

// during writes a period, or what is before or after it.
func (b *builder) during(c condition) (semantic.Cond, bool) {
	at, ok := b.date(c.dated)
	if !ok {
		return nil, false
	}
	p := *c.period
	if p.unit != "" {
		if c.timeOp != "" {
			return nil, b.fail("it does not say of which year")
		}
		b.note("%s of any year", p.text)
	}
	switch c.timeOp {
	case "before":
		p.from, p.to = "", p.from
	case "after":
		p.from, p.to = p.to, ""
	case "since", "on or after":
		p.to = ""
	case "until", "on or before", "through", "till":
		p.from = ""
	}
	w := p.cond(at)
	if c.not {
		w = semantic.Not{Cond: w}
	}
	return w, true
}

// without says that there is no row of another table.
func (b *builder) without(c condition) (semantic.Cond, bool) {
	t := c.without[b.pick(len(c.without))].table
	if t == b.base || t < 0 {
		return nil, b.fail("it is not clear what %s are without", b.r.tableLabel(b.base))
	}
	b.used[t] = true
	r := semantic.Related{Set: b.r.m.Tables[t].Name, Of: b.q.From, Op: semantic.Eq}
	vias := b.between(t)
	switch {
	case c.via >= 0 && !slices.Contains(vias, c.via):
		return nil, false
	case c.via >= 0 && len(vias) > 1:
		r.Via = b.r.m.Joins[c.via].Name
	case len(vias) > 1:
		r.Via = b.r.m.Joins[vias[b.pick(len(vias))]].Name
	case len(vias) == 0 && !b.r.reaches(b.base, t):
		return nil, false
	}
	return r, true
}

// place is a column that values may be of, by a join or anyway.
type place struct {
	table, column string
	via           int
	stored        string
}

// valued keeps the rows that have one of the values.
func (b *builder) valued(c condition) (semantic.Cond, bool) {
	var at []place
	var texts [][]string
	for i, v := range c.values {
		ps := b.places(c, v)
		if i == 0 {
			at = ps
			for _, p := range ps {
				texts = append(texts, []string{p.stored})
			}
			continue
		}
		var keep []place
		var kept [][]string
		for k, p := range at {
			if j := slices.IndexFunc(ps, func(o place) bool { return o.table == p.table && o.column == p.column && o.via == p.via }); j >= 0 {
				keep, kept = append(keep, p), append(kept, append(slices.Clone(texts[k]), ps[j].stored))
			}
		}
		at, texts = keep, kept
	}
	if len(at) == 0 {
		return nil, b.fail("“%s” is no value of %s", c.values[0].arg, b.r.tableLabel(b.base))
	}
	k := b.pick(len(at))
	t, _ := b.r.columnAt(at[k].table, at[k].column)
	ref := b.r.ref(t)
	if t.table != b.base {
		ref.Set = b.set(t.table, at[k].via)
	}
	class := b.r.column(t).Class
	if class != semantic.Numeric {
		class = semantic.Text
	}
	if len(c.values) > 1 && c.both && b.behind {
		return nil, b.fail("“%s” and “%s” may mean both together or any of them", c.values[0].arg, c.values[1].arg)
	}
	var vs []semantic.Value
	for _, s := range texts[k] {
		vs = append(vs, semantic.Value{Class: class, Text: s})
	}
	if len(vs) == 1 {
		op := semantic.Eq
		if c.not {
			op = semantic.Ne
		}
		return semantic.Compare{Left: ref, Op: op, Right: vs[0]}, true
	}
	var w semantic.Cond = semantic.In{Of: ref, Values: vs}
	if c.not {
		w = semantic.Not{Cond: w}
	}
	return w, true
}

// places are where a value may be meant: columns of the base that hold it,
// then those of the tables that it leads to, the base's own keys before those
// that they lead to.
func (b *builder) places(c condition, v term) (out []place) {
	var keys []place
	c.roles = slices.DeleteFunc(slices.Clone(c.roles), func(r term) bool { return b.r.tableAt(b.r.m.Joins[r.n].To) == b.base })
	add := func(list *[]place, p place) {
		if !slices.ContainsFunc(*list, func(o place) bool { return o.table == p.table && o.column == p.column && o.via == p.via }) {
			*list = append(*list, p)
		}
	}
	base := b.r.m.Tables[b.base].Name
	for _, h := range v.hits {
		t := b.r.tableAt(h.Table)
		if t < 0 || len(c.columns) > 0 && !slices.ContainsFunc(c.columns, func(x term) bool {
			return strings.EqualFold(b.r.table(x).Name, h.Table) && strings.EqualFold(b.r.column(x).Name, h.Column)
		}) {
			continue
		}
		if far, ok := b.far(c.roles, t, h); ok {
			add(&out, far)
			continue
		}
		if t == b.base {
			if len(c.roles) == 0 || b.played(c.roles, h.Column) {
				add(&out, place{base, h.Column, anyway, h.Value})
			}
			continue
		}
		for _, via := range b.waysBy(t, c.roles) {
			if fk, ok := b.foreign(t, via, h.Column); ok {
				add(&keys, place{base, fk.Column, anyway, h.Value})
				continue
			}
			add(&out, place{b.r.m.Tables[t].Name, h.Column, via, h.Value})
		}
	}
	if !slices.ContainsFunc(out, func(p place) bool { return p.table == base }) {
		return append(keys, out...)
	}
	return slices.DeleteFunc(out, func(p place) bool { // its own before what only leads here
		return p.table != base && len(b.r.direct(b.base, b.r.tableAt(p.table))) == 0 && len(c.roles) == 0
	})
}

// far is where a value is meant by a join of another table: the carriers that
// fly from an airport.
func (b *builder) far(roles []term, t int, h Hit) (place, bool) {
	for _, r := range roles {
		j := &b.r.m.Joins[r.n]
		from := b.r.tableAt(j.From)
		if from == b.base || len(j.Columns) != 1 || !b.r.reaches(b.base, from) {
			continue
		}
		if t == b.r.tableAt(j.To) && !strings.EqualFold(h.Column, j.RefColumns[0]) {
			return place{j.To, h.Column, anyway, h.Value}, true
		}
		if t == from && strings.EqualFold(h.Column, j.Columns[0]) || t == b.r.tableAt(j.To) && strings.EqualFold(h.Column, j.RefColumns[0]) {
			return place{j.From, j.Columns[0], anyway, h.Value}, true
		}
	}
	return place{}, false
}

// waysBy are the ways to a table that the words before a value allow.
func (b *builder) waysBy(t int, roles []term) []int {
	if len(roles) == 0 {
		return b.ways(t, nil)
	}
	var out []int
	direct := b.r.direct(b.base, t)
	for _, r := range roles {
		if slices.Contains(direct, r.n) {
			if len(direct) == 1 {
				out = append(out, anyway)
			} else {
				out = append(out, r.n)
			}
		}
	}
	return distinct(out)
}

// played tells that a column of the base is the key of one of the joins.
func (b *builder) played(roles []term, column string) bool {
	return slices.ContainsFunc(roles, func(r term) bool {
		j := &b.r.m.Joins[r.n]
		return b.r.tableAt(j.From) == b.base && slices.ContainsFunc(j.Columns, func(c string) bool { return strings.EqualFold(c, column) })
	})
}
