package exact

import (
	"fmt"
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// expr writes a quantity.
func (b *builder) expr(q quantity) (semantic.Expr, bool) {
	if len(q.measures) > 0 {
		var own []term
		for _, t := range q.measures {
			if b.r.tableAt(b.r.m.Measures[t.n].Table) == b.base {
				own = append(own, t)
			}
		}
		if len(own) == 0 {
			return nil, b.fail("%s is not of %s", b.r.m.Measures[q.measures[0].n].Label, b.r.tableLabel(b.base))
		}
		return semantic.MeasureOf{Name: b.r.m.Measures[own[b.pick(len(own))].n].Name}, true
	}
	if len(q.rows) > 0 {
		if !slices.ContainsFunc(q.rows, func(t term) bool { return t.table == b.base }) {
			return nil, b.fail("it counts rows of two tables")
		}
		return semantic.Aggregate{Op: semantic.Count, Of: semantic.Rows{Set: b.r.m.Tables[b.base].Name}}, true
	}
	ts := q.columns
	if q.op == semantic.Sum || q.op == semantic.Avg {
		ts = slices.DeleteFunc(slices.Clone(ts), func(t term) bool { return !b.r.numeric(t) })
	}
	if own := slices.DeleteFunc(slices.Clone(ts), func(t term) bool { return t.table != b.base }); len(own) > 0 {
		ts = own
	}
	ref, c, ok := b.column(ts, nil)
	if !ok {
		return nil, b.fail("what it asks the amount of is no number of %s", b.r.tableLabel(b.base))
	}
	if q.op == semantic.Sum && b.r.column(c).Additive == semantic.NonAdditive {
		return nil, b.fail("%s does not add up", b.r.label(c))
	}
	if q.op == "" {
		return ref, true
	}
	return semantic.Aggregate{Op: q.op, Of: ref, Distinct: q.distinct}, true
}

// outputs writes the select list.
func (b *builder) outputs() bool {
	grouped := len(b.f.outs) > 0 || len(b.have) > 0 || b.f.rank != nil && b.ranksGroups()
	for i, g := range slices.Concat(b.f.shown, b.f.groups) {
		shown, key, ok := b.keys(g)
		if !ok {
			return false
		}
		if i >= len(b.f.shown) && len(b.heads) > 0 && len(b.f.shown) > 0 && g.grain == "" && g.part == "" {
			if !b.stands(g, shown) {
				return b.fail("it is not clear of what each is shown")
			}
			continue
		}
		o := semantic.Output{Expr: shown}
		if !slices.ContainsFunc(b.heads, func(h semantic.Output) bool { return same(h.Expr, shown) }) {
			b.heads = append(b.heads, o)
		}
		if key != nil && grouped {
			b.q.Group = append(b.q.Group, key)
		} else if grouped && len(b.f.outs) == 0 {
			b.q.Group = append(b.q.Group, shown)
		}
	}
	b.q.Select = slices.Clone(b.heads)
	if len(b.f.groups) > 0 && len(b.f.outs) == 0 && !grouped {
		return b.fail("it does not say what is shown for each")
	}
	for _, q := range b.f.outs {
		e, ok := b.expr(q)
		if !ok {
			return false
		}
		b.q.Select = append(b.q.Select, semantic.Output{Expr: e})
	}
	if !grouped {
		b.q.Distinct = b.f.distinct || b.repeats()
	}
	if b.f.share != "" && !b.shares() {
		return false
	}
	if b.f.diff && !b.changes() {
		return false
	}
	return len(b.q.Select) > 0 || b.fail("it does not say what to show")
}

// stands tells that what is shown already says which group it is: it is that,
// or the key that leads to its table.
func (b *builder) stands(g group, shown semantic.Expr) bool {
	return len(b.heads) == 1 && slices.ContainsFunc(b.heads, func(h semantic.Output) bool {
		ref, ok := h.Expr.(semantic.Ref)
		return same(h.Expr, shown) || ok && slices.ContainsFunc(g.terms, func(t term) bool {
			if t.kind != kTable {
				return false
			}
			for _, j := range b.r.direct(b.base, t.table) {
				if x := b.r.m.Joins[j]; len(x.Columns) == 1 && strings.EqualFold(x.Columns[0], ref.Column) && strings.EqualFold(ref.Set, b.q.From) {
					return true
				}
			}
			return false
		})
	})
}

func same(a, z semantic.Expr) bool { return fmt.Sprintf("%#v", a) == fmt.Sprintf("%#v", z) }

// ranksGroups tells that what is ranked stands for many rows each.
func (b *builder) ranksGroups() bool {
	r := b.f.rank
	return r.by.aggregated() || r.most && len(r.by.columns) > 0 && !slices.ContainsFunc(b.f.shown, func(g group) bool { return slices.Contains(b.entity(g), b.base) })
}

// repeats tells that rows are shown by labels that many of them share.
func (b *builder) repeats() bool {
	for _, h := range b.q.Select {
		ref, ok := h.Expr.(semantic.Ref)
		if !ok {
			return true
		}
		c, ok := b.r.columnAt(ref.Set, ref.Column)
		if !ok {
			return false // of a joined set
		}
		name, named := b.r.naming(c.table)
		col := b.r.column(c)
		if c.table == b.base && (named && name.column == c.column || slices.Contains(b.r.m.Tables[c.table].PrimaryKey, col.Name) && len(b.r.m.Tables[c.table].PrimaryKey) == 1) {
			return false
		}
		if col.Class != semantic.Text {
			return false
		}
	}
	return len(b.q.Select) > 0 && b.f.rank == nil && (b.f.which || len(b.f.tables) == 0)
}

// shares makes the quantity a part of its total, or of the rows there are.
func (b *builder) shares() bool {
	if len(b.f.outs) != 1 {
		return b.fail("it is not clear what the share is of")
	}
	last := &b.q.Select[len(b.q.Select)-1]
	if m, ok := last.Expr.(semantic.MeasureOf); ok {
		x, _ := b.r.m.Measure(m.Name)
		if x.Additive == semantic.NonAdditive {
			return b.fail("%s has no shares", x.Label)
		}
	}
	if q := b.f.outs[0]; len(b.heads) > 0 && (len(q.conds) > 0 || b.counted(q)) {
		return b.fail("a share of them may be of all such, or of all there are for each")
	}
	var parts, rest semantic.And
	for i, c := range b.where {
		if b.narrows[i] {
			parts = append(parts, c)
		} else {
			rest = append(rest, c)
		}
	}
	switch {
	case len(parts) == 0 && len(b.heads) > 0:
		last.Expr = semantic.Share{Of: last.Expr}
	case len(parts) == 0 && len(rest) == 1 && len(b.heads) == 0:
		parts, rest = rest, nil
		fallthrough
	case len(parts) > 0:
		a, ok := last.Expr.(semantic.Aggregate)
		if !ok && len(b.f.outs[0].measures) == 1 {
			x, _ := b.r.m.Measure(b.r.m.Measures[b.f.outs[0].measures[0].n].Name)
			a, ok = x.Expr.(semantic.Aggregate)
		}
		if !ok || a.Where != nil || a.Op != semantic.Count && a.Op != semantic.Sum {
			return b.fail("it is not clear what the share is of")
		}
		if rows, ok := a.Of.(semantic.Rows); ok && rows.Set == "" {
			a.Of = semantic.Rows{Set: b.q.From}
		}
		part := a
		part.Where = flat(parts)
		last.Expr, b.where = semantic.Arith{Op: "/", Left: part, Right: a}, rest
		last.As = "share"
	default:
		return b.fail("it is not clear what the share is of")
	}
	if b.f.share == "percent" {
		last.Expr = semantic.Arith{Op: "*", Left: semantic.Value{Class: semantic.Numeric, Text: "100"}, Right: last.Expr}
		last.As = "percent"
	}
	return true
}

// counted tells that a measure counts some of the rows only.
func (b *builder) counted(q quantity) bool {
	return slices.ContainsFunc(q.measures, func(t term) bool {
		a, ok := b.r.m.Measures[t.n].Expr.(semantic.Aggregate)
		return ok && a.Where != nil
	})
}

// changes adds the difference from the period before.
func (b *builder) changes() bool {
	var by semantic.Expr
	for _, h := range b.heads {
		if _, ok := h.Expr.(semantic.Period); ok {
			by = h.Expr
		}
	}
	if by == nil || len(b.f.outs) != 1 {
		return b.fail("it is not clear from when to when something changed")
	}
	e := b.q.Select[len(b.q.Select)-1].Expr
	b.q.Select = append(b.q.Select, semantic.Output{Expr: semantic.Arith{Op: "-", Left: e, Right: semantic.Prior{Of: e}}, As: "change"})
	return true
}

// order writes rank and limit, and puts periods in their order.
func (b *builder) order() bool {
	r := b.f.rank
	if r == nil {
		if b.f.limit > 0 {
			return b.fail("it does not say by what the first are the first")
		}
		for _, h := range b.heads {
			switch h.Expr.(type) {
			case semantic.Period, semantic.Part:
				b.q.Order = append(b.q.Order, semantic.Order{By: h.Expr})
			}
		}
		return true
	}
	desc := r.desc
	var by semantic.Expr
	ok := false
	switch {
	case !r.by.aggregated() && len(r.by.columns) == 0 && r.idea != "":
		flipped := false
		by, flipped, ok = b.ideal(r.idea)
		desc = desc != flipped
	case !r.by.aggregated() && len(r.by.columns) == 0 && len(b.f.outs) == 1:
		by, ok = b.q.Select[len(b.q.Select)-1].Expr, true
	case r.most && !r.by.aggregated() && b.ranksGroups():
		if len(b.f.tables) > 0 && !slices.ContainsFunc(b.f.shown, func(g group) bool { return slices.ContainsFunc(g.terms, func(t term) bool { return t.kind == kTable }) }) {
			return b.fail("it is not clear what has the most")
		}
		q := r.by
		q.op = semantic.Sum
		by, ok = b.expr(q)
	default:
		by, ok = b.expr(r.by)
	}
	if !ok {
		return b.fail("it is not clear by what they are ranked")
	}
	b.q.Order = append(b.q.Order, semantic.Order{By: by, Desc: desc})
	b.q.Limit = max(b.f.limit, 1)
	if ref, plain := by.(semantic.Ref); plain {
		b.where = append(b.where, semantic.Not{Cond: semantic.Null{Of: ref}})
	}
	return true
}

// ideal is the column that an adjective measures; flipped where more of it is
// less of that: the oldest was built first.
func (b *builder) ideal(idea string) (by semantic.Expr, flipped, ok bool) {
	p := &parser{r: b.r}
	var own []term
	for c := range b.r.m.Tables[b.base].Columns {
		t := term{kind: kColumn, table: b.base, column: c}
		if (b.r.numeric(t) || b.r.column(t).Class == semantic.Date) && p.about(t, idea) {
			own = append(own, t)
		}
	}
	for _, w := range lexicon.Ideas[idea] {
		w, back := strings.CutPrefix(w, "-")
		for c := range b.r.m.Tables[b.base].Columns {
			t := term{kind: kColumn, table: b.base, column: c}
			if len(own) == 0 && back && strings.Join(words(b.r.column(t).Name), " ") == w && b.r.numeric(t) {
				own, flipped = append(own, t), true
			}
		}
	}
	for c := range b.r.m.Tables[b.base].Columns { // what is old began early
		if t := (term{kind: kColumn, table: b.base, column: c}); idea == "age" && !flipped && b.r.column(t).Role == semantic.Time {
			own = append(own, t)
		}
	}
	flipped = flipped || idea == "age" && len(own) > 0 && b.r.column(own[0]).Role == semantic.Time
	if len(own) == 0 {
		return nil, false, false
	}
	c := own[b.pick(len(own))]
	b.note("ranked by %s", b.r.label(c))
	return b.r.ref(c), flipped, true
}

// mentions sees that each table that is named is used: what is not asks that
// there is a row of it.
func (b *builder) mentions() bool {
	for _, m := range b.f.tables {
		if b.used[m.table] {
			continue
		}
		b.used[m.table] = true
		direct := b.r.direct(b.base, m.table)
		switch {
		case !b.r.reaches(b.base, m.table):
			return b.fail("%s and %s are not joined", b.r.tableLabel(b.base), b.r.tableLabel(m.table))
		case len(direct) > 0 && !slices.ContainsFunc(direct, func(j int) bool { return b.r.m.Joins[j].FromOptional }):
			continue
		}
		if len(b.between(m.table)) == 0 && len(b.q.Group) == 0 {
			return b.fail("it is not clear what %s have to do with it", b.r.tableLabel(m.table))
		}
		r := semantic.Related{Set: b.r.m.Tables[m.table].Name, Of: b.q.From}
		if vias := b.between(m.table); len(vias) > 1 {
			r.Via = b.r.m.Joins[vias[b.pick(len(vias))]].Name
		}
		b.where = append(b.where, r)
	}
	return true
}

// between are all joins between the base and a table.
func (b *builder) between(t int) (out []int) {
	for i := range b.r.m.Joins {
		a, z := b.r.tableAt(b.r.m.Joins[i].From), b.r.tableAt(b.r.m.Joins[i].To)
		if a == b.base && z == t || a == t && z == b.base {
			out = append(out, i)
		}
	}
	return out
}
