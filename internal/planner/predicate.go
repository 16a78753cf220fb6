package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// preds writes the conditions.
func (b *builder) preds() bool {
	common, left, right, op := b.branches()
	if left == nil {
		var ok bool
		if common, ok = b.chain(common); !ok {
			return false
		}
	}
	common, ok := b.holding(common)
	if !ok {
		return false
	}
	for _, p := range common {
		if p.counting() {
			c, ok := b.any(p)
			if !ok {
				return false
			}
			b.where = append(b.where, c)
			continue
		}
		if p.rows {
			if !b.having(p) {
				return false
			}
			continue
		}
		c, ok := b.cond(p)
		if !ok {
			return false
		}
		if c != nil {
			b.where = append(b.where, c)
		}
	}
	return left == nil || b.apart(left, right, op)
}

// cond writes one condition. A negated one on rows of which there may be
// several says that there is none such.
func (b *builder) cond(p *pred) (semantic.Cond, bool) {
	if p.kind == related {
		return b.without(p)
	}
	if p.kind == allOf {
		return b.notTogether(p)
	}
	if p.both || p.listed && len(p.values) > 1 {
		return b.every(p)
	}
	if p.neg && len(p.or) == 0 && b.kinds() && p.kind != null && b.f.words[role("never")] {
		return b.never(p)
	}
	if home := b.home(); p.neg && len(p.or) == 0 {
		if many, ok := b.p.index.toMany(home, p.slot.pick.table); ok && many {
			q := *p
			q.neg = false
			c, ok := b.plain(&q)
			return semantic.Related{Set: b.name(p.slot.pick.table), Of: b.name(home), Where: c, Op: semantic.Eq, Count: 0}, ok
		}
	}
	c, ok := b.plain(p)
	if !ok {
		return nil, false
	}
	or := semantic.Or{c}
	for _, o := range p.or {
		if o.rows {
			return nil, b.fail("it joins a count and a condition by or")
		}
		c, ok := b.plain(o)
		if !ok {
			return nil, false
		}
		or = append(or, c)
	}
	if len(or) > 1 {
		return or, true
	}
	return c, true
}

// home is the table whose rows conditions are of: the one that is counted, where
// nothing else is asked for.
func (b *builder) home() int {
	if len(b.f.outs) == 1 && b.f.outs[0].rows && len(b.f.groups) == 0 {
		return b.f.outs[0].slot.pick.table
	}
	return b.head
}

// never takes away the shown values that occur with what is negated: a city
// that never had one is not a city that also had another.
func (b *builder) never(p *pred) (semantic.Cond, bool) {
	q := *p
	q.neg = false
	c, ok := b.plain(&q)
	if !ok {
		return nil, false
	}
	not := &semantic.Query{Where: c}
	for _, o := range b.f.outs {
		not.Select = append(not.Select, semantic.Output{Expr: b.ref(o.slot)})
	}
	b.q.Sets = append(b.q.Sets, semantic.SetOp{Op: semantic.Except, Query: not})
	return nil, true
}

// plain writes a condition on the row itself.
func (b *builder) plain(p *pred) (semantic.Cond, bool) {
	if p.kind == named {
		var c semantic.Cond = semantic.NamedFilter{Name: p.name}
		if p.neg {
			c = semantic.Not{Cond: c}
		}
		return c, true
	}
	if p.slot.pick.column < 0 {
		return nil, b.fail("%s is no column to compare", quote(p.slot.text))
	}
	var c semantic.Cond
	var ok bool
	switch p.kind {
	case compare:
		c, ok = b.compare(p)
	case between:
		c, ok = b.between(p)
	case among:
		return b.among(p), true
	case like:
		c, ok = b.like(p)
	case truth:
		return b.isSet(p)
	case null:
		c, ok = semantic.Null{Of: b.ref(p.slot)}, true
	case nested:
		c, ok = b.nested(p)
	case columns:
		c, ok = b.columns(p)
	case sharing, reports:
		c, ok = b.sharing(p)
	}
	if ok && p.neg {
		c = semantic.Not{Cond: c}
	}
	return c, ok
}

func (b *builder) class(s *slot) semantic.Class {
	c := b.p.index.column(s.pick.ref)
	if c.NumericText {
		b.note(c.Name + " is a text of digits and is compared as a number")
		return semantic.Numeric
	}
	return c.Class
}

var turned = map[semantic.CompareOp]semantic.CompareOp{semantic.Gt: semantic.Lt, semantic.Lt: semantic.Gt, semantic.Ge: semantic.Le, semantic.Le: semantic.Ge, semantic.Eq: semantic.Eq, semantic.Ne: semantic.Ne}

func (b *builder) compare(p *pred) (semantic.Cond, bool) {
	op := p.op
	if p.slot.flip[p.slot.pick.ref] {
		op = turned[op]
	}
	v := p.values[0]
	if lexicon.IsDate(v) {
		class := b.p.index.column(p.slot.pick.ref).Class
		if class == semantic.Numeric || class == semantic.Text && p.op != semantic.Eq {
			return nil, b.fail("%s holds no dates", quote(p.slot.text))
		}
		return semantic.Compare{Left: b.ref(p.slot), Op: op, Right: semantic.Value{Class: class, Text: v}}, true
	}
	if monthly(v) && b.class(p.slot) != semantic.Date {
		return nil, b.fail("%s holds no dates", quote(p.slot.text))
	}
	switch b.class(p.slot) {
	case semantic.Date:
		return b.during(p.slot, op, v)
	case semantic.Numeric:
		return semantic.Compare{Left: b.ref(p.slot), Op: op, Right: semantic.Value{Class: semantic.Numeric, Text: v}}, true
	}
	if op == semantic.Eq || op == semantic.Ne {
		return semantic.Compare{Left: b.ref(p.slot), Op: op, Right: semantic.Value{Class: semantic.Text, Text: v}}, true
	}
	return nil, b.fail("%s is no number", quote(p.slot.text))
}

// during writes comparisons of a date with a year or month.
func (b *builder) during(s *slot, op semantic.CompareOp, v string) (semantic.Cond, bool) {
	this, next, ok := lexicon.Span(v)
	if !ok {
		return nil, b.fail("%s is no date", quote(v))
	}
	d := semantic.During{Of: b.ref(s)}
	switch op {
	case semantic.Eq:
		d.From, d.To = this, next
	case semantic.Gt:
		d.From = next
	case semantic.Ge:
		d.From = this
	case semantic.Lt:
		d.To = this
	case semantic.Le:
		d.To = next
	default:
		return semantic.Not{Cond: semantic.During{Of: d.Of, From: this, To: next}}, true
	}
	return d, true
}

func (b *builder) between(p *pred) (semantic.Cond, bool) {
	from, _, ok := lexicon.Span(p.values[0])
	_, to, ok2 := lexicon.Span(p.values[1])
	if lexicon.IsDate(p.values[0]) || lexicon.IsDate(p.values[1]) {
		if b.class(p.slot) != semantic.Date {
			return nil, b.fail("%s holds no dates", quote(p.slot.text))
		}
	}
	if b.class(p.slot) == semantic.Date {
		if !ok || !ok2 {
			return nil, b.fail("%s is no date", quote(p.values[0]))
		}
		return semantic.During{Of: b.ref(p.slot), From: from, To: to}, true
	}
	if monthly(p.values[0]) || monthly(p.values[1]) {
		return nil, b.fail("%s holds no dates", quote(p.slot.text))
	}
	v := func(i int) semantic.Value { return semantic.Value{Class: semantic.Numeric, Text: p.values[i]} }
	return semantic.Between{Of: b.ref(p.slot), Low: v(0), High: v(1)}, true
}

// monthly tells a month of a year (2013-03) from a number.
func monthly(s string) bool {
	_, _, ok := lexicon.Span(s)
	return ok && len(s) == 7
}

// stored gives the values of a condition as the picked column holds them.
func (b *builder) stored(p *pred) []semantic.Value {
	texts := p.slot.hits[p.slot.pick.ref]
	if texts == nil {
		texts = p.values
	}
	class := semantic.Text
	if c := b.p.index.column(p.slot.pick.ref); c.Class == semantic.Numeric {
		class = semantic.Numeric
	}
	vs := make([]semantic.Value, len(texts))
	for i, t := range texts {
		vs[i] = semantic.Value{Class: class, Text: t}
		if i < len(p.values) && lemmas(unaccented(t)) != lemmas(unaccented(p.values[i])) && class == semantic.Text {
			b.note(quote(p.values[i]) + " is taken for " + quote(t))
		}
	}
	return vs
}

func (b *builder) among(p *pred) semantic.Cond {
	vs := b.stored(p)
	var c semantic.Cond = semantic.In{Of: b.ref(p.slot), Values: vs}
	if len(vs) == 1 {
		op := semantic.Eq
		if p.neg {
			op = semantic.Ne
		}
		return semantic.Compare{Left: b.ref(p.slot), Op: op, Right: vs[0]}
	}
	if p.neg {
		c = semantic.Not{Cond: c}
	}
	return c
}

func (b *builder) like(p *pred) (semantic.Cond, bool) {
	or := semantic.Or{}
	for _, v := range p.values {
		or = append(or, semantic.Match{Of: b.ref(p.slot), Kind: p.match, Text: v})
	}
	if len(or) == 1 {
		return or[0], true
	}
	if p.both {
		return semantic.And(or), true
	}
	return or, true
}

// columns compares two columns of one row.
func (b *builder) columns(p *pred) (semantic.Cond, bool) {
	if p.slot.pick.ref == p.slot2.pick.ref || b.class(p.slot) != b.class(p.slot2) || b.several(p.slot.pick.table) || b.several(p.slot2.pick.table) {
		return nil, b.fail("%s and %s are not to be compared", quote(p.slot.text), quote(p.slot2.text))
	}
	return semantic.Compare{Left: b.ref(p.slot), Op: p.op, Right: b.ref(p.slot2)}, true
}

// several tells that there may be several rows of a table for one of those
// that are asked for.
func (b *builder) several(t int) bool {
	many, ok := b.p.index.toMany(b.head, t)
	return many || !ok
}

// nested compares with an aggregate over all rows of the table.
func (b *builder) nested(p *pred) (semantic.Cond, bool) {
	of := p.slot
	if p.slot2 != nil {
		of = p.slot2
	}
	q := &semantic.Query{From: b.name(of.pick.table), Select: []semantic.Output{{Expr: semantic.Aggregate{Op: p.agg, Of: b.ref(of)}}}}
	if p.agg == "" { // of one row
		q.Select[0].Expr = b.ref(of)
	}
	if p.of != nil && p.of.freq {
		q.Group = []semantic.Expr{b.ref(of)}
		q.Order, q.Limit = []semantic.Order{{By: semantic.Aggregate{Op: semantic.Count, Of: b.ref(of)}, Desc: p.of.desc}}, 1
	} else if p.of != nil {
		q.Order, q.Limit = []semantic.Order{{By: b.ref(p.of.slot), Desc: p.of.desc}}, 1
	}
	if len(p.inner) > 0 {
		in, ok := b.all(p.inner)
		if !ok {
			return nil, false
		}
		q.Where = flat(in)
	}
	return semantic.Compare{Left: b.ref(p.slot), Op: p.op, Right: semantic.Scalar{Query: q}}, true
}

// sharing keeps the rows whose value is one of those of the rows named.
func (b *builder) sharing(p *pred) (semantic.Cond, bool) {
	in, ok := b.all(p.inner)
	if !ok {
		return nil, false
	}
	of := b.ref(p.slot)
	if p.kind == reports {
		for _, e := range b.p.index.edges[p.slot.pick.table] {
			if e.to == p.slot.pick.table && !e.many && strings.EqualFold(e.cols[0], of.Column) {
				of.Column = e.their[0]
				break
			}
		}
	}
	q := &semantic.Query{From: of.Set, Select: []semantic.Output{{Expr: of}}, Where: flat(in)}
	return semantic.Member{Of: b.ref(p.slot), Query: q}, true
}

// without says that a row has no rows of another table.
func (b *builder) without(p *pred) (semantic.Cond, bool) {
	t := p.slot.pick.table
	if t == b.head || b.shownTable() == t {
		return nil, b.besides(p)
	}
	if b.kinds() { // types that no order is of: not those that some row without one has
		in, ok := b.all(p.inner)
		if !ok {
			return nil, false
		}
		some := semantic.Related{Set: b.name(t), Of: b.name(b.head)}
		if len(in) > 0 {
			some.Where = flat(in)
		}
		not := &semantic.Query{Where: some}
		for _, o := range b.f.outs {
			not.Select = append(not.Select, semantic.Output{Expr: b.ref(o.slot)})
		}
		b.q.Sets = append(b.q.Sets, semantic.SetOp{Op: semantic.Except, Query: not})
		return nil, true
	}
	r := semantic.Related{Set: b.name(t), Of: b.name(b.head), Op: semantic.Eq, Count: 0}
	var and semantic.And
	for _, in := range p.inner {
		c, ok := b.plain(in)
		if !ok {
			return nil, false
		}
		and = append(and, c)
	}
	if len(and) > 0 {
		r.Where = flat(and)
	}
	return r, true
}

// besides takes away the shown values that such rows have: the cities without
// a shop of that kind, where a city is a column of shops.
func (b *builder) besides(p *pred) bool {
	t := p.slot.pick.table
	if len(p.inner) == 0 || b.aggregated() || len(b.f.outs) == 0 || len(b.f.groups)+len(b.f.supers) > 0 {
		return b.fail("it is not clear what %s are without", b.name(t))
	}
	in, ok := b.all(p.inner)
	if !ok {
		return false
	}
	q := &semantic.Query{Where: flat(in)}
	for _, o := range b.f.outs {
		q.Select = append(q.Select, semantic.Output{Expr: b.ref(o.slot)})
	}
	b.q.Sets = append(b.q.Sets, semantic.SetOp{Op: semantic.Except, Query: q})
	return true
}

// havingAggregate keeps groups by an aggregate of their rows.
func (b *builder) havingAggregate(p *pred) bool {
	shown := b.shownTable()
	if shown < 0 && len(b.f.groups) == 0 {
		return b.fail("it is not clear what %s is taken over", quote(p.slot.text))
	}
	b.have = append(b.have, semantic.Compare{
		Left: semantic.Aggregate{Op: p.agg, Of: b.ref(p.slot)}, Op: p.op, Right: semantic.Value{Class: semantic.Numeric, Text: p.values[0]}})
	if len(b.f.groups) > 0 {
		return true
	}
	for _, o := range b.f.outs {
		if o.agg == "" {
			b.q.Group = append(b.q.Group, b.ref(o.slot))
		}
	}
	if key, ok := b.p.index.soleKey(shown); ok && shown != p.slot.pick.table {
		b.q.Group = append(b.q.Group, b.at(key))
	}
	return true
}

// having writes conditions on numbers of rows.
func (b *builder) having(p *pred) bool {
	if p.agg != "" {
		return b.havingAggregate(p)
	}
	t := b.counted(p.slot)
	if t < 0 {
		return b.fail("it does not say what is counted")
	}
	shown := b.shownTable()
	if shown < 0 {
		shown = b.head
	}
	n := semantic.Value{Class: semantic.Numeric, Text: itoa(p.count)}
	if shown == t || !b.rowwise(shown) {
		b.have = append(b.have, semantic.Compare{Left: b.rows(t), Op: p.op, Right: n})
		for _, o := range b.f.outs {
			if o.agg == "" && !slices.Contains(b.q.Group, semantic.Expr(b.ref(o.slot))) {
				b.q.Group = append(b.q.Group, b.ref(o.slot))
			}
		}
		return true
	}
	b.where = append(b.where, semantic.Related{Set: b.name(b.p.index.link(shown, t)), Of: b.name(shown), Op: p.op, Count: p.count})
	return true
}
