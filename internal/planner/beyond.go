package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// comparatives are the superlatives that measure the same.
var comparatives = map[string]string{"larger than": "largest", "bigger than": "biggest", "smaller than": "smallest", "higher than": "highest", "lower than": "lowest"}

// comparedBy is the column that a comparison is of: one that it names, that its
// adjective measures, or that such a size of the table's rows is.
func (ps *parse) comparedBy(cmp item, t *slot) *slot {
	_, idea := compareOp(cmp.arg)
	of := func(c cand) bool {
		return !ps.p.index.isNumber(c.ref) && !ps.p.index.isMoment(c.ref) || t != nil && !slices.ContainsFunc(t.opts, func(o cand) bool { return o.table == c.table })
	}
	if idea == "" {
		size, ok := sizes[comparatives[strings.ToLower(cmp.text)]]
		if !ok || t == nil {
			return nil
		}
		idea = size
	}
	s := ps.ideaSlot(idea, cmp)
	if s == nil {
		return nil
	}
	if s.opts = slices.DeleteFunc(s.opts, of); len(s.opts) == 0 {
		return nil
	}
	return s
}

// nestedExtreme: below the highest price of films of 2006; paid more than the
// best paid of that crew. The column is compared with the extreme of it.
func nestedExtreme(ps *parse, m []item) ([]item, bool) {
	at := slices.IndexFunc(m, func(it item) bool { return it.kind == byte(lexicon.Compare) })
	cmp, last := m[at], m[len(m)-1]
	op, idea := compareOp(cmp.arg)
	w, _ := first(m, "S")
	sup := w.node.(*super)
	if a := ps.after(); a == kUnknown || a == byte(lexicon.Have) || a == byte(lexicon.Relative) {
		return nil, false // what it is the extreme of is not read yet
	}
	if op == semantic.Eq || op == semantic.Ne || sup.slot == nil || sup.rows || sup.freq || sup.agg != "" || sup.out != nil || sup.n != 1 || last.kind == kSuper && sup.slot.soft {
		return nil, false
	}
	s, keep := sup.slot, m[:at:at]
	if c, ok := first(m[at:], "C"); ok {
		s = columnOf(c, number)
	} else if c := m[0]; at > 0 && c.kind == kColumn {
		s, keep = columnOf(c, number), nil
	} else if idea != "" {
		s = ps.ideaSlot(idea, cmp)
	}
	if s == nil || !sup.slot.soft && !slices.ContainsFunc(s.opts, func(c cand) bool { return c.ref == sup.slot.opts[0].ref && c.score > 0.55 }) ||
		!ps.p.index.isNumber(s.opts[0].ref) && !ps.p.index.isMoment(s.opts[0].ref) {
		return nil, false
	}
	p := &pred{kind: nested, op: op, agg: semantic.Min, slot: s, neg: hasNot(m), at: cmp.start}
	if sup.desc != sup.slot.flip[sup.slot.opts[0].ref] {
		p.agg = semantic.Max
	}
	var of *slot
	if t, ok := first(m[at:], "T"); ok {
		of = tableOf(t)
		s.owners = of.opts
	}
	return append(keep, one(kPred, p, m[len(keep):])...), ps.inner(p, of, only(m, "F"))
}

// nestedValue: older than every engineer, where that is what some are.
func nestedValue(ps *parse, m []item) ([]item, bool) {
	at := slices.IndexFunc(m, func(it item) bool { return it.kind == byte(lexicon.Compare) })
	cmp, f := m[at], m[len(m)-1]
	op, _ := compareOp(cmp.arg)
	_, each := first(m, "e")
	quant := f.quant
	if each {
		quant = "all"
	}
	in := f.node.(*pred)
	if quant == "" || !in.bare || in.kind != among || in.neg || op == semantic.Eq || op == semantic.Ne {
		return nil, false
	}
	of := &slot{text: f.text, at: f.start, want: tableOnly}
	for _, c := range in.slot.opts {
		of.opts = append(of.opts, cand{ref{c.table, -1}, c.score})
	}
	s, keep := (*slot)(nil), m[:at:at]
	if at > 0 && m[0].kind == kColumn {
		s, keep = columnOf(m[0], number), nil
	} else {
		s = ps.comparedBy(cmp, of)
	}
	if s == nil || !ps.p.index.isNumber(s.opts[0].ref) && !ps.p.index.isMoment(s.opts[0].ref) {
		return nil, false
	}
	p := &pred{kind: nested, op: op, agg: ofAll(op, quant), slot: s, at: cmp.start}
	return append(keep, one(kPred, p, m[len(keep):])...), ps.inner(p, of, []item{f})
}

// ofAll is the extreme that is compared with, to be above all rows or above
// some one of them.
func ofAll(op semantic.CompareOp, quant string) semantic.AggOp {
	if most := op == semantic.Gt || op == semantic.Ge; most == (quant != "some") {
		return semantic.Max
	}
	return semantic.Min
}

// inner puts conditions on the rows that are compared with.
func (ps *parse) inner(p *pred, of *slot, fs []item) bool {
	for _, f := range fs {
		in := f.node.(*pred)
		if in.rows || in.kind == related || in.kind == nested {
			return false
		}
		ps.own(in, of)
		p.inner = append(p.inner, in)
	}
	return true
}

// eitherMost: more than two masts, or the greatest length.
func eitherMost(ps *parse, m []item) ([]item, bool) {
	a, p := m[0].node.(*pred), &pred{kind: nested, op: semantic.Eq, at: m[len(m)-1].start}
	switch n := m[len(m)-1].node.(type) {
	case *super:
		if n.slot == nil || n.rows || n.freq || n.agg != "" || n.out != nil || n.n != 1 {
			return nil, false
		}
		p.slot, p.agg = n.slot, semantic.Min
		if n.desc != n.slot.flip[n.slot.opts[0].ref] {
			p.agg = semantic.Max
		}
	case *output:
		if n.agg != semantic.Max && n.agg != semantic.Min || n.measure != "" {
			return nil, false
		}
		p.slot, p.agg = n.slot, n.agg
	}
	a.or = append(a.or, p)
	return one(kPred, a, m), true
}

// comparing reads "more expensive then" as "than", and drops the last word of
// "who never won before".
func comparing(toks []lexicon.Token) []lexicon.Token {
	out := slices.Clone(toks)
	never := false
	for i := 0; i < len(out); i++ {
		switch out[i].Lower {
		case "never", "not", "n't", "haven't", "hasn't", "hadn't", "no":
			never = true
		case "then":
			if i > 0 && compares(out[i-1].Lower+" than") || i > 1 && compares(out[i-2].Lower+" "+out[i-1].Lower+" than") {
				out[i].Lower, out[i].Lemma, out[i].Text = "than", "than", "than"
			}
		case "single":
			if i > 1 && out[i-1].Lower == "a" && out[i-2].Lower == "than" {
				out[i].Lower, out[i].Lemma, out[i].IsNum, out[i].Num = "one", "one", true, "1"
				out = slices.Delete(out, i-1, i)
			}
		case "before":
			if never && (i+1 == len(out) || out[i+1].Mark && out[i+1].Text != ",") {
				out = slices.Delete(out, i, i+1)
			}
		}
	}
	return out
}

func compares(words string) bool {
	ph, ok := lexicon.Lookup(words)
	return ok && ph.Kind == lexicon.Compare
}

// verbAverage: who earn more than average.
func verbAverage(ps *parse, m []item) ([]item, bool) {
	idea, ok := verbIdeas[lexicon.Stem(strings.ToLower(m[0].text))]
	op, other := compareOp(m[1].arg)
	if !ok || other != "" || m[2].arg == "sum" {
		return nil, false
	}
	s := ps.ideaSlot(idea, m[0])
	if s == nil {
		return nil, false
	}
	return one(kPred, &pred{kind: nested, op: op, agg: aggOp(m[2].arg), slot: s, at: m[0].start}, m), true
}

// totalCompare: with more than 1000 total views.
func totalCompare(ps *parse, m []item) ([]item, bool) {
	op, idea := compareOp(m[0].arg)
	o := m[2].node.(*output)
	if idea != "" || o.agg != semantic.Sum && o.agg != semantic.Avg || o.slot == nil || o.rows || o.measure != "" || !ps.p.index.isNumber(o.slot.opts[0].ref) {
		return nil, false
	}
	return one(kPred, &pred{kind: compare, slot: o.slot, agg: o.agg, op: op, values: []string{m[1].arg}, at: m[0].start, rows: true}, m), true
}

// notMost: not of the most common kind; who are not the oldest.
func notMost(ps *parse, m []item) ([]item, bool) {
	sup := m[len(m)-1].node.(*super)
	if a := ps.after(); sup.slot == nil || sup.rows || sup.agg != "" || sup.out != nil || sup.n != 1 || a != 0 && a != '.' {
		return nil, false
	}
	p := &pred{kind: nested, op: semantic.Ne, slot: sup.slot, at: m[0].start}
	if in, ok := first(m, "p"); !sup.slot.soft && (ok && strings.HasPrefix(strings.ToLower(in.text), "in") || strings.HasSuffix(strings.ToLower(m[0].text), "not in")) {
		sup.freq = true // not in the largest club: the one that most are in
	}
	if sup.freq {
		p.of = sup
	} else if p.agg = semantic.Min; sup.desc != sup.slot.flip[sup.slot.opts[0].ref] {
		p.agg = semantic.Max
	}
	return one(kPred, p, m), true
}
