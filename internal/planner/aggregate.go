package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// withMost: the one with the maximum price.
func withMost(ps *parse, m []item) ([]item, bool) {
	o := m[1].node.(*output)
	if o.agg != semantic.Max && o.agg != semantic.Min || len(only(ps.items[:ps.lo], "CT")) == 0 || len(only(ps.items, "EGK")) > 1 {
		return nil, false
	}
	return one(kSuper, &super{slot: o.slot, desc: o.agg == semantic.Max, n: 1, at: o.at}, m), true
}

// aggregatesAndMost: the average and the highest price.
func aggregatesAndMost(ps *parse, m []item) ([]item, bool) {
	s := columnOf(m[len(m)-1], number)
	w, _ := first(m, "sm")
	desc, idea := direction(w.arg)
	if s == nil || idea != "" && idea != "age" {
		return nil, false
	}
	var out []item
	for _, a := range only(m, "a") {
		out = append(out, one(kOutput, &output{slot: s, agg: aggOp(a.arg), at: a.start}, m)...)
	}
	last := semantic.Min
	if desc {
		last = semantic.Max
	}
	return append(out, one(kOutput, &output{slot: s, agg: last, at: w.start}, m)...), true
}

// groupBy: for each city and year.
func groupBy(ps *parse, m []item) ([]item, bool) {
	if _, by := first(m, "y"); by && !ps.groupsBy(m) {
		return nil, false
	}
	for i, it := range m { // of each order and the name of its buyer
		if t, ok := first(m[:i], "T"); ok && it.kind == kColumn && i > 1 && t.end < it.start {
			cut := i - 1
			for cut > 0 && strings.IndexByte(",&e", m[cut-1].kind) >= 0 && m[cut].kind != kTable {
				cut--
			}
			return append(one(kGroup, append([]item(nil), only(m[:cut], "CT")...), m[:cut]), m[cut:]...), true
		}
	}
	if _, comma := first(m, ","); ps.lo == 0 && comma && m[0].kind == byte(lexicon.Each) { // for each team, its name and town
		for i := range m {
			if m[i].kind == byte(lexicon.Comma) {
				return append(one(kGroup, append([]item(nil), only(m[:i], "CT")...), m[:i]), m[i:]...), true
			}
		}
	}
	return one(kGroup, append([]item(nil), only(m, "CT")...), m), true
}

// withoutEither: in either 1999 or 2000.
func withoutEither(_ *parse, m []item) ([]item, bool) { return m[1:], true }

// mixed: the highest, lowest and average price.
func mixed(ps *parse, m []item) ([]item, bool) {
	s := columnOf(m[len(m)-1], orderable)
	if s == nil || !ps.p.index.isNumber(s.opts[0].ref) || len(only(m, "sm")) == 0 || len(only(ps.items[:ps.lo], "CGK")) > 0 {
		return nil, false
	}
	var out []item
	for _, w := range only(m, "sma") {
		op := aggOp(w.arg)
		if w.kind != 'a' {
			desc, idea := direction(w.arg)
			if idea != "" {
				return nil, false
			}
			op = semantic.Min
			if desc {
				op = semantic.Max
			}
		}
		out = append(out, one(kOutput, &output{slot: s, agg: op, at: w.start}, m)...)
	}
	return out, true
}

// eachSuch: for each red plant.
func eachSuch(ps *parse, m []item) ([]item, bool) {
	t := m[len(m)-1]
	out := only(m, "F")
	for _, f := range out {
		ps.own(f.node.(*pred), tableOf(t))
	}
	return append(out, one(kGroup, []item{t}, m)...), true
}

// groupDifferent: the average price for different colours.
func groupDifferent(ps *parse, m []item) ([]item, bool) {
	before := ps.items[:ps.lo]
	if len(only(before, "KG")) == 0 || len(only(before, "#EF")) > 0 && len(only(ps.items, "E")) > 0 {
		return nil, false
	}
	return one(kGroup, append([]item(nil), only(m, "CT")...), m), true
}

// groupsBy tells "the number of orders by country" from "orders made by
// customers" and "songs by the artist".
func (ps *parse) groupsBy(m []item) bool {
	if b := ps.before(); b == 'v' || b == 'b' {
		return false
	}
	last := m[len(m)-1]
	if last.kind == kTable && strings.HasSuffix(strings.ToLower(last.text), "s") || ps.after() == kPred || ps.after() == kValue {
		return false
	}
	return len(only(ps.items[:ps.lo], "KG#a")) > 0
}

// countOfEach: the buildings, and the number of rooms the buildings have.
func countOfEach(ps *parse, m []item) ([]item, bool) {
	c := m[1]
	if a := ps.after(); a != 0 && a != '.' || !slices.ContainsFunc(ps.items[:ps.lo], func(it item) bool {
		return it.kind == kColumn && len(it.cols) > 0 && it.cols[0].ref == c.cols[0].ref
	}) {
		return nil, false
	}
	return append(m[:1:1], one(kGroup, []item{c}, m[1:])...), true
}

// countSuch: the number of male students.
func countSuch(ps *parse, m []item) ([]item, bool) {
	t := m[len(m)-1]
	k := one(kRows, &output{slot: tableOf(t), rows: true, agg: semantic.Count, at: m[0].start}, m[:1])
	for _, f := range only(m, "F") {
		p := f.node.(*pred)
		ps.own(p, tableOf(t))
		p.each = p.listed && !p.both
		k = append(k, f)
	}
	return k, true
}

func countOf(ps *parse, m []item) ([]item, bool) {
	if strings.Contains(strings.ToLower(m[0].text), " and") {
		return nil, false // the number and what comes after it
	}
	it := m[len(m)-1]
	distinct := len(only(m, string(rune(lexicon.Distinct)))) > 0
	if it.kind == kTable {
		if distinct {
			if c := columnOf(it, label); c != nil && it.tabs[0].score < 0.95 {
				return one(kRows, &output{slot: c, agg: semantic.Count, distinct: true, at: m[0].start}, m), true
			}
			if c := ps.differentRows(it); c != nil {
				return one(kRows, &output{slot: c, agg: semantic.Count, distinct: true, at: m[0].start}, m), true
			}
		}
		return one(kRows, &output{slot: tableOf(it), rows: true, agg: semantic.Count, at: m[0].start}, m), true
	}
	c := columnOf(it, anything)
	if ps.p.index.isNumber(c.opts[0].ref) && !distinct {
		if strings.Contains(strings.ToLower(m[0].text), "total") {
			c.want = number
			return one(kOutput, &output{slot: c, agg: semantic.Sum, at: m[0].start}, m), true
		}
		it.arg = "number"
		if strings.Contains(m[0].text, "of") {
			return []item{it}, true
		}
		if slices.ContainsFunc(ps.items[ps.hi:], func(it item) bool { return it.kind == kGroup || it.kind == byte(lexicon.Each) }) {
			c.want = number
			return one(kOutput, &output{slot: c, agg: semantic.Sum, at: m[0].start}, m), true
		}
		if c.opts[0].score >= 0.9 {
			return []item{it}, true
		}
	}
	if r := c.opts[0].ref; ps.p.index.column(r).Role == semantic.Foreign && strings.HasSuffix(strings.ToLower(it.text), "ed") && !distinct { // students advised, by their advisor
		if t := rowsOf(c); len(t.opts) > 0 {
			return one(kRows, &output{slot: t, rows: true, agg: semantic.Count, at: m[0].start}, m), true
		}
	}
	if w := strings.Fields(strings.ToLower(it.text)); sorts[lexicon.Lemma(w[len(w)-1])] && c.opts[0].score >= 0.7 {
		distinct = true // how many card types are there
	}
	if r := c.opts[0].ref; !distinct && ps.p.index.column(r).Class == semantic.Date { // how many flights departed
		if t := rowsOf(c); len(t.opts) > 0 {
			return one(kRows, &output{slot: t, rows: true, agg: semantic.Count, at: m[0].start}, m), true
		}
	}
	if !distinct && c.opts[0].score < 0.9 || ps.p.index.isNumber(c.opts[0].ref) && !distinct {
		if t := rowsOf(c); len(t.opts) > 0 {
			return one(kRows, &output{slot: t, rows: true, agg: semantic.Count, at: m[0].start}, m), true
		}
		return nil, false
	}
	return one(kRows, &output{slot: c, agg: semantic.Count, distinct: true, at: m[0].start}, m), true
}

// sorts are words for what differs among rows.
var sorts = map[string]bool{"type": true, "kind": true, "category": true, "genre": true, "class": true, "status": true}

// rowsOf gives the tables of columns, to count the rows of.
func rowsOf(c *slot) *slot {
	t := &slot{text: c.text, at: c.at, want: tableOnly}
	for _, o := range c.opts {
		if o.score > 0.55 && !slices.ContainsFunc(t.opts, func(x cand) bool { return x.table == o.table }) {
			t.opts = append(t.opts, cand{ref{o.table, -1}, o.score - 0.05})
		}
	}
	return t
}

// countToo: the number of different cities and regions.
func countToo(ps *parse, m []item) ([]item, bool) {
	k := m[0].node.(*output)
	s := columnOf(m[2], label)
	if k.rows || s == nil {
		return nil, false
	}
	too := one(kRows, &output{slot: s, agg: semantic.Count, distinct: true, at: s.at}, m[1:])
	too[0].start = m[0].start
	return append(m[:1:1], too...), true
}

// aggregateToo: the average price and score.
func aggregateToo(ps *parse, m []item) ([]item, bool) {
	a := m[0].node.(*output)
	s := columnOf(m[len(m)-1], number)
	if s == nil || !ps.p.index.isNumber(s.opts[0].ref) || m[len(m)-1].kind == kTable {
		return nil, false
	}
	too := one(kOutput, &output{slot: s, agg: a.agg, at: s.at}, m[1:])
	too[0].start = m[0].start
	return append(m[:1:1], too...), true
}

// aggregate: the average price; minimum and maximum age.
func aggregate(ps *parse, m []item) ([]item, bool) {
	it := m[len(m)-1]
	var out []item
	for _, a := range only(m, "a") {
		s := columnOf(it, number)
		if s == nil {
			return nil, false
		}
		if a.arg == "max" || a.arg == "min" {
			s.want = orderable
		}
		if len(out) > 0 {
			s = out[0].node.(*output).slot
		}
		out = append(out, one(kOutput, &output{slot: s, agg: aggOp(a.arg), at: a.start, distinct: len(only(m, "u")) > 0}, m)...)
	}
	return out, true
}
