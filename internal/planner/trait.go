package planner

import "github.com/postern/postern/internal/semantic"

// traits are what makes a reading doubtful, by the names of doubts.
func (b *builder) traits(margin float64) []string {
	var out []string
	add := func(name string, on bool) {
		if on {
			out = append(out, name)
		}
	}
	f := b.f
	worst := 1.0
	for _, s := range f.slots() {
		worst = min(worst, s.pick.score)
	}
	add("weak", worst < 0.7)
	add("no margin", margin < 0.03)
	add("small margin", margin >= 0.03 && margin < 0.1)
	add("some margin", margin >= 0.1 && margin < 0.2)
	add("one table", b.tables == 1)
	add("two tables", b.tables == 2)
	add("three tables", b.tables == 3)
	add("four tables", b.tables > 3)
	add("detour", b.hops > b.tables-1)
	add("two verbs", f.verbs > 1)
	add("fallback", f.fallback)
	add("kinds", b.kinds())
	add("named more", len(f.also) > 0)
	add("named twice", len(f.also) > 1)
	for _, s := range f.supers {
		add("superlative", true)
		add("frequent", s.freq)
		add("most rows of one", s.rows && b.tables == 1)
	}
	b.shownTraits(add)
	b.predTraits(add)
	b.textTraits(add)
	add("count of one", len(f.outs) == 1 && f.outs[0].rows)
	add("aggregate", b.aggregated())
	add("beside aggregate", b.aggregated() && len(f.groups) == 0 && len(f.outs) > 1)
	return out
}

func (b *builder) shownTraits(add func(string, bool)) {
	elsewhere, weak, unowned := false, false, false
	for _, o := range b.f.outs {
		elsewhere = elsewhere || o.slot.owners != nil && !o.slot.owns(o.slot.pick.table)
		weak = weak || o.slot.pick.score < 0.85
		unowned = unowned || o.slot.owners == nil && !o.rows
	}
	add("shown elsewhere", elsewhere)
	add("weak shown", weak)
	add("unowned", unowned)
	add("different", b.f.distinct)
	add("groups", len(b.f.groups) > 0)
	add("sorted", len(b.f.orders) > 0)
}

func (b *builder) predTraits(add func(string, bool)) {
	var not, or, bare, text, deep, rel, inner, rows, size, many bool
	for _, p := range b.f.preds {
		not = not || p.neg && p.kind != related
		or = or || len(p.or) > 0
		bare = bare || p.bare
		text = text || p.kind == like
		deep = deep || p.kind == nested
		rel = rel || p.kind == related
		inner = inner || len(p.inner) > 0
		rows = rows || p.rows
		size = size || p.kind == compare && !p.rows
		many = many || p.bare && len(p.slot.opts) > 1
	}
	add("without", rel)
	add("without such", inner)
	add("having", rows)
	add("compared", size)
	add("bare in several", many)
	add("not", not)
	add("or", or)
	add("bare", bare)
	add("like", text)
	add("nested", deep)
}

// textTraits tell what takes texts for numbers: that they all are is known of
// some, and what else reads the data may order them as texts.
func (b *builder) textTraits(add func(string, bool)) {
	text := func(s *slot) bool {
		return s != nil && s.pick.column >= 0 && b.p.index.column(s.pick.ref).NumericText
	}
	var size, order, end bool
	for _, p := range b.f.preds {
		size = size || (p.kind == compare && !p.rows || p.kind == between || p.kind == nested) && text(p.slot)
	}
	for _, s := range b.f.supers {
		order = order || !s.rows && !s.freq && s.agg == "" && text(s.slot)
	}
	for _, o := range b.f.orders {
		order = order || o.out == nil && text(o.slot)
	}
	for _, o := range b.f.outs {
		end = end || (o.agg == semantic.Min || o.agg == semantic.Max) && text(o.slot)
	}
	add("text compared", size)
	add("text ordered", order)
	add("text extreme", end)
}
