package planner

import (
	"fmt"
	"strings"
)

func (b *builder) features(margin float64) string {
	f := b.f
	var out []string
	add := func(name string, on bool) {
		if on {
			out = append(out, name)
		}
	}
	worst, soft, weak := 1.0, 0, 0
	for _, s := range f.slots() {
		worst = min(worst, s.pick.score)
		if s.soft {
			soft++
		}
		if s.pick.score < 0.85 {
			weak++
		}
	}
	add("worst<.7", worst < 0.7)
	add("worst.7-.8", worst >= 0.7 && worst < 0.8)
	add("worst.8-.9", worst >= 0.8 && worst < 0.9)
	add("weak2", weak > 1)
	add("margin<.03", margin < 0.03)
	add("margin<.1", margin >= 0.03 && margin < 0.1)
	add("margin<.2", margin >= 0.1 && margin < 0.2)
	add("verbs1", f.verbs == 1)
	add("verbs2", f.verbs >= 2)
	add("extra", b.hops-(b.tables-1) > 0)
	add("t2", b.tables == 2)
	add("t3", b.tables == 3)
	add("t4", b.tables > 3)
	add("fallback", f.fallback)
	add("kinds", b.kinds())
	add("nohead", f.head == nil)
	add("also", len(f.also) > 0)
	add("also2", len(f.also) > 1)
	add("groups", len(f.groups) > 0)
	add("supers", len(f.supers) > 0)
	add("aggout", b.aggregated())
	add("distinct", f.distinct)
	add("outs3", len(f.outs) > 2)
	for _, s := range f.supers {
		add("srows", s.rows)
		add("sfreq", s.freq)
		add("sagg", s.agg != "")
		add("ssoft", s.slot != nil && s.slot.soft)
	}
	for _, p := range f.preds {
		add("neg", p.neg)
		add("nested", p.kind == nested)
		add("having", p.rows)
		add("or", len(p.or) > 0)
		add("both", p.both || p.listed && len(p.values) > 1)
		add("bare", p.bare)
		add("like", p.kind == like)
		add("soft", p.slot != nil && p.slot.soft && !p.bare)
		add("related", p.kind == related)
		add("unowned", p.slot != nil && p.slot.owners == nil && !p.bare)
		add("elsewhere", p.slot != nil && p.slot.owners != nil && !p.slot.owns(p.slot.pick.table))
	}
	for _, o := range f.outs {
		add("outelsewhere", o.slot.owners != nil && !o.slot.owns(o.slot.pick.table))
		add("outunowned", o.slot.owners == nil && !o.rows)
		add("outweak", o.slot.pick.score < 0.85)
	}
	add("preds2", len(f.preds) > 1)
	add("orders", len(f.orders) > 0)
	return strings.Join(out, ",") + fmt.Sprintf(" %.3f %.3f", worst, margin)
}
