package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/semantic"
)

// Check is another way to read a question that is nearly as near as the one
// taken. Where both give the same rows, it does not matter which was meant.
type Check struct {
	Kind   string // which of the constants below
	Query  semantic.Query
	Stored bool // compiled over Model.Stored: texts of digits stay texts

	// Rival is the whole of another reading of the words, with its own Checks;
	// nil where the reading itself is varied.
	Rival *Answer

	why string // what is unclear where the rows differ; "" says that there are two readings
}

// The kinds of checks.
const (
	asStored  = "stored"    // texts of digits compared as texts
	withTies  = "ties"      // rows equal to the last of a limit
	asJoined  = "joined"    // rows once for each row that they are found by
	onceEach  = "distinct"  // equal rows once
	byShown   = "by shown"  // grouped by what is shown, not by the rows it names
	otherwise = "otherwise" // the words taken for other terms, values or columns
)

// checks lists the ways in which the reading might differ, without those that
// can make no difference.
func (b *builder) checks(e evidence) (cs []Check) {
	add := func(kind string, q semantic.Query) { cs = append(cs, Check{Kind: kind, Query: q}) }
	q := b.q
	if e["text compared"]+e["text ordered"]+e["text extreme"] > 0 {
		cs = append(cs, Check{Kind: asStored, Query: q, Stored: true,
			why: "the data holds numbers as texts (" + strings.Join(b.texts(), ", ") + "), and compared as numbers and as texts they give different rows"})
	}
	if q.Limit > 0 && !q.Ties && len(q.Within) == 0 {
		tied := q
		tied.Ties = true
		cs = append(cs, Check{Kind: withTies, Query: tied, why: "several rows tie for the last place, and it does not say which of them to show"})
	}
	if joined, ok := b.joined(); ok {
		add(asJoined, joined)
	}
	if !b.aggregated() && len(q.Sets) == 0 && len(q.Group) == 0 && q.Limit == 0 && !b.rowwiseShown() {
		once := q
		once.Distinct = !q.Distinct
		add(onceEach, once)
	}
	if b.aggregated() && b.hidesKey() {
		shown := q
		shown.Group = nil
		add(byShown, shown)
	}
	return cs
}

// joined brings in the sets that rows are only looked for in.
func (b *builder) joined() (semantic.Query, bool) {
	q := b.q
	if q.From == "" || len(q.Sets) > 0 {
		return q, false
	}
	home, ok := b.p.index.names[strings.ToLower(q.From)]
	if !ok {
		return q, false
	}
	q.Joins = slices.Clone(q.Joins)
	n := 0
	for _, p := range b.f.preds {
		if p.slot == nil || p.kind == related || p.kind == holds || p.neg || p.rows || p.slot.pick.column < 0 {
			continue
		}
		t := p.slot.pick.table
		if b.lookedFor(t) {
			continue // rows of its own for each condition: one join finds none of both
		}
		if many, ok := b.p.index.toMany(home, t); ok && many && t != home && !slices.ContainsFunc(q.Joins, func(j semantic.JoinAs) bool { return j.As == b.name(t) }) {
			q.Joins = append(q.Joins, semantic.JoinAs{As: b.name(t), Table: b.name(t)})
			n++
		}
	}
	and, cut := b.withoutBareRelated(q.Where, func(r semantic.Related) {
		q.Joins = append(q.Joins, semantic.JoinAs{As: r.Set, Table: r.Set})
	})
	if cut {
		q.Where = and
		n++
	}
	return q, n > 0
}

// lookedFor tells that rows of a table are looked for by conditions that
// belong together: one that is of A, and one that is of B.
func (b *builder) lookedFor(t int) bool {
	n := 0
	for _, c := range b.where {
		switch c := c.(type) {
		case semantic.Related:
			n += int(bit(c.Set == b.name(t) && c.Where != nil))
		case semantic.And:
			for _, c := range c {
				r, ok := c.(semantic.Related)
				n += int(bit(ok && r.Set == b.name(t) && r.Where != nil))
			}
		}
	}
	return n > 1
}

// withoutBareRelated takes the conditions out that only say that a row has
// some of another table.
func (b *builder) withoutBareRelated(c semantic.Cond, each func(semantic.Related)) (semantic.Cond, bool) {
	cs, ok := c.(semantic.And)
	if !ok && c != nil {
		cs = semantic.And{c}
	}
	var rest semantic.And
	cut := false
	for _, c := range cs {
		if r, ok := c.(semantic.Related); ok && r.Where == nil && r.Op == "" && r.Via == "" {
			each(r)
			cut = true
			continue
		}
		rest = append(rest, c)
	}
	if len(rest) == 0 {
		return nil, cut
	}
	return flat(rest), cut
}

// rowwiseShown tells that a key of the rows is among what is shown, so that
// no two rows are equal.
func (b *builder) rowwiseShown() bool {
	return slices.ContainsFunc(b.f.outs, func(o *output) bool {
		r := o.slot.pick.ref
		if r.column < 0 || o.agg != "" {
			return false
		}
		key, ok := b.p.index.soleKey(r.table)
		return ok && key == r && (b.q.From == "" && b.tables == 1 || strings.EqualFold(b.q.From, b.name(r.table)))
	})
}

// hidesKey tells that rows are grouped by more than what is shown.
func (b *builder) hidesKey() bool {
	return slices.ContainsFunc(b.q.Group, func(g semantic.Expr) bool {
		return !slices.ContainsFunc(b.q.Select, func(o semantic.Output) bool { return o.Expr == g })
	})
}
