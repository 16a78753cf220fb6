package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// plural tells a noun that is said of several rows.
func plural(it item) bool {
	l := strings.ToLower(it.text)
	return lexicon.Lemma(l) != l && strings.HasSuffix(l, "s")
}

func nestedCompare(ps *parse, m []item) ([]item, bool) {
	cmp, _ := first(m, ">")
	agg, _ := first(m, "a")
	op, _ := compareOp(cmp.arg)
	cols := only(m, "CT")
	p := &pred{kind: nested, op: op, agg: aggOp(agg.arg), neg: hasNot(m), at: m[0].start}
	if agg.arg == "sum" {
		return nil, false
	}
	for _, c := range cols {
		s := columnOf(c, number)
		switch {
		case s == nil:
			return nil, false
		case p.slot == nil && len(cols) > 1 && !ps.p.index.isNumber(s.opts[0].ref):
			return nil, false // departments with a greater than average budget
		case p.slot == nil:
			p.slot = s
		default:
			p.slot2 = s
		}
	}
	if p.slot == nil {
		return nil, false
	}
	return one(kPred, p, m), true
}

// nestedRows compares with a column of some rows: a price above that of all
// wines of 2006, a higher price than any wine of 2006.
func nestedRows(ps *parse, m []item) ([]item, bool) {
	cmp, _ := first(m, ">")
	op, idea := compareOp(cmp.arg)
	cols := only(m, "CT")
	var s *slot
	rest := cols
	if cmp.start < cols[0].start && idea != "" {
		s = ps.ideaSlot(idea, cmp)
	} else if cmp.start < cols[0].start && cols[0].kind == kTable {
		s = ps.comparedBy(cmp, tableOf(cols[0]))
	} else {
		s, rest = columnOf(cols[0], number), cols[1:]
	}
	if s == nil || len(rest) == 0 && len(only(m, "F")) == 0 || op == semantic.Eq || op == semantic.Ne {
		return nil, false
	}
	quant := ""
	for _, c := range m {
		if c.quant != "" {
			quant = c.quant
		} else if c.kind == byte(lexicon.Each) {
			quant = "all"
		}
	}
	if n := len(rest); quant == "" && n > 0 && rest[n-1].kind == kTable && len(only(m, "F")) > 0 && plural(rest[n-1]) {
		quant = "all" // a higher price than French wines
	}
	if len(rest) > 0 && rest[len(rest)-1].kind == kColumn && len(rest) > 1 {
		return nil, false
	}
	same := len(rest) > 0 && rest[0].kind == kColumn && slices.ContainsFunc(rest[0].cols, func(c cand) bool { return c.ref == s.opts[0].ref && c.score > 0.85 })
	if same {
		rest = rest[1:]
	}
	fs := only(m, "F")
	sup, super1 := first(m, "s")
	if quant == "" && !(super1 && same) || len(rest) > 1 || len(rest) == 1 && len(rest[0].tabs) == 0 {
		return nil, false
	}
	agg := ofAll(op, quant)
	if super1 {
		if desc, _ := direction(sup.arg); desc {
			agg = semantic.Max
		} else {
			agg = semantic.Min
		}
	}
	p := &pred{kind: nested, op: op, agg: agg, slot: s, at: m[0].start}
	for _, f := range fs {
		in := f.node.(*pred)
		if in.rows || in.kind == related {
			return nil, false
		}
		if len(rest) == 1 {
			ps.own(in, tableOf(rest[0]))
		}
		p.inner = append(p.inner, in)
	}
	if len(rest) == 1 && s.owners == nil {
		s.owners = tableOf(rest[0]).opts
	}
	return one(kPred, p, m), true
}

// nestedOf: above the average price of wines from 2006, among wines. The rows
// that are averaged are such ones.
func nestedOf(ps *parse, m []item) ([]item, bool) {
	p := m[0].node.(*pred)
	t := tableOf(m[2])
	if p.kind != nested || len(p.inner) > 0 || t == nil || !slices.ContainsFunc(ps.items[:ps.lo], func(it item) bool {
		return it.kind == kTable && it.tabs[0].table == t.opts[0].table
	}) {
		return nil, false
	}
	for _, f := range only(m[1:], "F") {
		in := f.node.(*pred)
		if in.rows || in.kind == related || in.kind == nested {
			return nil, false
		}
		ps.own(in, t)
		p.inner = append(p.inner, in)
	}
	return one(kPred, p, m), true
}

// nestedRow: heavier than the one with the most seats; more than Ann earns. The
// column is compared with the same of one other row.
func nestedRow(ps *parse, m []item) ([]item, bool) {
	cmp, _ := first(m, ">")
	op, idea := compareOp(cmp.arg)
	cols := only(m, "CT")
	s, t := columnOf(cols[0], number), cols[len(cols)-1]
	if s == nil || idea != "" || len(cols) != 2 || t.kind != kTable || slices.ContainsFunc(m, func(it item) bool { return it.quant != "" }) || !ps.p.index.isNumber(s.opts[0].ref) ||
		!slices.ContainsFunc(s.opts, func(c cand) bool { return c.table == t.tabs[0].table }) {
		return nil, false
	}
	p := &pred{kind: nested, op: op, slot: s, at: m[0].start}
	s.owners = t.tabs
	if w, ok := first(m, "S"); ok {
		p.of = w.node.(*super)
		if p.of.slot == nil || p.of.rows || p.of.freq || p.of.agg != "" || p.of.out != nil {
			return nil, false
		}
		p.of.slot.owners = t.tabs
	}
	for _, f := range only(m, "F") {
		in := f.node.(*pred)
		if in.kind != among && in.kind != compare || in.rows || in.neg || len(in.values) != 1 || in.kind == compare && in.op != semantic.Eq || !ps.p.index.naming(in.slot.opts[0].ref) {
			return nil, false
		}
		ps.own(in, tableOf(t))
		p.inner = append(p.inner, in)
	}
	return one(kPred, p, m), true
}

// columnsCompare: whose income is higher than the expense; a lower minimum
// than maximum.
func columnsCompare(ps *parse, m []item) ([]item, bool) {
	cmp, _ := first(m, ">")
	op, idea := compareOp(cmp.arg)
	cols := only(m, "C")
	if a := ps.after(); idea != "" && idea != "time" || a == kPred || a == kSuper || a == kTable || a == kColumn {
		return nil, false
	}
	p := &pred{kind: columns, op: op, slot: columnOf(cols[0], orderable), slot2: columnOf(cols[1], orderable), neg: hasNot(m), at: cols[0].start}
	if p.slot == nil || p.slot2 == nil || p.slot.opts[0].score < 0.7 || p.slot2.opts[0].score < 0.7 || p.slot.opts[0].ref == p.slot2.opts[0].ref {
		return nil, false
	}
	return one(kPred, p, m), true
}

// nestedIdea: younger than average.
func nestedIdea(ps *parse, m []item) ([]item, bool) {
	op, idea := compareOp(m[0].arg)
	if idea == "" || m[1].arg == "sum" {
		return nil, false
	}
	s := ps.ideaSlot(idea, m[0])
	if s == nil {
		return nil, false
	}
	s.opts = slices.DeleteFunc(s.opts, func(c cand) bool { return s.flip[c.ref] })
	return one(kPred, &pred{kind: nested, op: op, agg: aggOp(m[1].arg), slot: s, at: m[0].start}, m), len(s.opts) > 0
}
