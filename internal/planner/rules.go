package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// rules in the order they are tried. Patterns are over kinds: see lexicon for
// lower case and marks, reduce.go for the capitals.
var rules = []rule{
	{re(`^o[CT]`), sortWhat},
	{re(`TC`), tableColumn},
	{re(`CC`), tableColumn},
	{re(`TT`), sameTable},
	{re(`[CT][bhpwv]*!?>a[#p]*[CT]?`), nestedCompare},
	{re(`>a[#p]*[CT]`), nestedCompare},
	{re(`>a`), nestedIdea},
	{re(`>N[tT]|N>[tT]|>[tT]N`), rowsCompare},
	{re(`hN[T]`), rowsExactly},
	{re(`#T[bh]*>N`), rowsCompare},
	{re(`ap?[CT][bhpwv]*>p?N`), aggregateCompare},
	{re(`[CT][bhpwv]*!?[bp]?>p?N`), columnCompare},
	{re(`[CT][bhpwv]*N>`), columnCompare},
	{re(`[CT][bhpwv]*!?kN&N`), columnBetween},
	{re(`kN&N[CT]`), columnBetween},
	{re(`>NC`), columnCompare},
	{re(`>Cp?N`), columnCompare},
	{re(`>N`), ideaCompare},
	{re(`kN&N`), ideaBetween},
	{re(`~Qp*C`), likeText},
	{re(`[CT][bhpw]*!?[bpw]*~Q([&|]Q)?`), likeText},
	{re(`~Q`), likeShown},
	{re(`[CT][bhpw]*!?n`), nullColumn},
	{re(`[CT][bpwhv]*!?[bpw]*[ji]?[VN]((,?[|&]|,)[VN])*`), equals},
	{re(`[ji]?V((,?[|&]|,)V)*[CT]`), valueThenColumn},
	{re(`!?[bhpwv]*[ji]?V((,?[|&]|,)V)*`), bareValue},
	{re(`pN`), inYear},
	{re(`F,?[|&]?[pbw]?>p?N`), sameColumn},
	{re(`FN`), andYear},
	{re(`F,?\|p?N`), orNumber},
	{re(`(a(,?&|,))+m[p]?C`), aggregatesAndMost},
	{re(`y?[m]N?[hp]?[CTt]`), mostOf},
	{re(`[sm]p?a[#p]*C`), superAggregate},
	{re(`sN?p?#p?[CT]`), mostOf},
	{re(`(a(,?&|,))+s[p]?C`), aggregatesAndMost},
	{re(`Nsp?C`), superColumn},
	{re(`[sl]N?[sl]?[p]?C`), superColumn},
	{re(`qp?N?p?[CT]`), frequent},
	{re(`Cb*s`), columnIsSuper},
	{re(`l?N?s`), superIdea},
	{re(`a(,?&a|,a)*p?#?u?p?[CT]`), aggregate},
	{re(`G(,|,?&)[CT]`), aggregateToo},
	{re(`#[up]*F+T`), countSuch},
	{re(`#[upa]*[CT]`), countOf},
	{re(`#F`), countValue},
	{re(`K&C`), countToo},
	{re(`[pw]?d?o[pbyd]*([CTKGS][pbd]*)((,?&|,)d?[CTKG][pbd]*)*d?`), sortedBy},
	{re(`[pv]?d[py]*[CTKG](,?&[CTKG])*`), sortedBy},
	{re(`[p]?(e|y)u?[CT]((,?&|,)e?[CT])*`), groupBy},
}

var lateRules = []rule{
	{re(`FF`), oneName},
	{re(`FT`), valueOfTable},
	{re(`F,?\|[bhpwv]*F`), eitherPred},
	{re(`>F`), otherThan},
	{re(`j[bhp]*F`), bothPred},
	{re(`![bhpvwuy]*F`), notPred},
	{re(`![bhpvwu]*[CT]`), without},
	{re(`A[bhpvw]*F`), withoutSuch},
	{re(`A[bhpvw]*T`), withoutOf},
	{re(`[hpl]*NS`), numberOfMost},
	{re(`Tq`), mostOften},
	{re(`[hv]G`), withMost},
}

func nestedCompare(ps *parse, m []item) ([]item, bool) {
	cmp, _ := first(m, ">")
	agg, _ := first(m, "a")
	op, idea := compareOp(cmp.arg)
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
		case p.slot == nil:
			p.slot = s
		default:
			p.slot2 = s
		}
	}
	if p.slot == nil {
		return nil, false
	}
	_ = idea
	return one(kPred, p, m), true
}

func columnCompare(ps *parse, m []item) ([]item, bool) {
	cmp, _ := first(m, ">")
	num, _ := first(m, "N")
	col, _ := first(m, "CT")
	op, idea := compareOp(cmp.arg)
	s := columnOf(col, orderable)
	if s == nil || col.kind == kTable && col.tabs[0].score >= s.opts[0].score {
		return nil, false
	}
	if a := ps.after(); (a == kTable || a == kColumn) && len(only(m, "w")) > 0 {
		return nil, false
	}
	if idea == "age" && !strings.Contains(strings.ToLower(col.text), "age") {
		return nil, false
	}
	return one(kPred, &pred{kind: compare, slot: s, op: op, values: []string{num.arg}, neg: hasNot(m), at: m[0].start}, m), true
}

func columnBetween(ps *parse, m []item) ([]item, bool) {
	col, _ := first(m, "CT")
	s := columnOf(col, orderable)
	n := only(m, "N")
	if s == nil || len(n) != 2 {
		return nil, false
	}
	return one(kPred, &pred{kind: between, slot: s, values: []string{n[0].arg, n[1].arg}, neg: hasNot(m), at: m[0].start}, m), true
}

// rowsCompare: more than 2 orders; 3 times or more.
func rowsCompare(ps *parse, m []item) ([]item, bool) {
	cmp, _ := first(m, ">")
	num, _ := first(m, "N")
	op, idea := compareOp(cmp.arg)
	p := &pred{kind: compare, rows: true, op: op, count: atoi(num.arg), at: m[0].start}
	if a := ps.after(); m[0].kind == '#' && (a == kColumn || a == kTable) {
		return nil, false
	}
	if p.count < 0 || idea != "" {
		return nil, false
	}
	if t, ok := first(m, "T"); ok {
		if p.slot = tableOf(t); p.slot == nil {
			return nil, false
		}
		if c := columnOf(t, orderable); c != nil && c.opts[0].score > p.slot.opts[0].score-0.15 && ps.p.index.isNumber(c.opts[0].ref) {
			return nil, false
		}
	}
	return one(kPred, p, m), true
}

// ideaCompare: older than 30, before 1990.
func ideaCompare(ps *parse, m []item) ([]item, bool) {
	cmp, _ := first(m, ">")
	num, _ := first(m, "N")
	op, idea := compareOp(cmp.arg)
	if idea == "" {
		return nil, false
	}
	s := ps.ideaSlot(idea, cmp)
	if s == nil {
		return nil, false
	}
	if idea == "time" {
		s.want = moment
		ps.nearVerb(s)
	}
	if idea == "age" {
		s.opts = slices.DeleteFunc(s.opts, func(c cand) bool { return s.flip[c.ref] })
	}
	return one(kPred, &pred{kind: compare, slot: s, op: op, values: []string{num.arg}, at: m[0].start}, m), true
}

func ideaBetween(ps *parse, m []item) ([]item, bool) {
	n := only(m, "N")
	if !year(n[0].arg) || !year(n[1].arg) {
		return nil, false
	}
	s := &slot{text: n[0].text, at: n[0].start, want: moment, soft: true}
	ps.dates(s)
	return one(kPred, &pred{kind: between, slot: s, values: []string{n[0].arg, n[1].arg}, at: m[0].start}, m), true
}

// nearVerb prefers the date that the verb before names: opened in 2014, by
// the opening year.
func (ps *parse) nearVerb(s *slot) {
	for i := ps.lo - 1; i >= 0 && i >= ps.lo-2; i-- {
		if ps.items[i].kind != byte(lexicon.Verb) {
			continue
		}
		for _, c := range ps.p.index.find([]string{lexicon.Lemma(strings.ToLower(ps.items[i].text))}) {
			for k := range s.opts {
				if s.opts[k].ref == c.ref {
					s.opts[k].score += 0.35
				}
			}
		}
	}
}

func year(s string) bool { return len(s) == 4 && (s[0] == '1' || s[0] == '2') && atoi(s) > 0 }

func likeText(ps *parse, m []item) ([]item, bool) {
	if m[0].kind == byte(lexicon.Like) && len(m) > 2 && m[len(m)-1].start == m[1].end {
		return nil, false // what comes next begins something else
	}
	kind, _ := first(m, "~")
	p := &pred{kind: like, match: semantic.MatchKind(kind.arg), neg: hasNot(m), at: m[0].start}
	for _, q := range only(m, "Q") {
		p.values = append(p.values, q.arg)
	}
	col, ok := first(m, "CT")
	if !ok {
		return nil, false
	}
	if p.slot = columnOf(col, anything); p.slot == nil {
		return nil, false
	}
	if m[0].kind == byte(lexicon.Like) && ps.before() == kPred {
		return nil, false
	}
	p.both = len(only(m, "&")) > 0
	return one(kPred, p, m), true
}

// likeShown is about what is shown last, or what names the rows.
func likeShown(ps *parse, m []item) ([]item, bool) {
	for i := ps.lo - 1; i >= 0; i-- {
		it := ps.items[i]
		var s *slot
		switch it.kind {
		case kColumn:
			s = columnOf(it, anything)
		case kTable:
			s = &slot{text: it.text, at: it.start}
			for _, t := range it.tabs {
				if names := ps.p.index.nameOf(t.table); len(names) > 0 && t.score > 0.8 {
					s.opts = append(s.opts, cand{names[0], 0.9})
				}
			}
		case kPred, kSuper, kRows, kOutput:
			return nil, false
		}
		if s != nil && len(s.opts) > 0 {
			return one(kPred, &pred{kind: like, match: semantic.MatchKind(m[0].arg), values: []string{m[1].arg}, slot: s, at: m[0].start}, m), true
		}
	}
	return nil, false
}

func nullColumn(ps *parse, m []item) ([]item, bool) {
	col, _ := first(m, "CT")
	s := columnOf(col, anything)
	if s == nil {
		return nil, false
	}
	return one(kPred, &pred{kind: null, slot: s, neg: hasNot(m), at: m[0].start}, m), true
}

// equals: the city is Oslo; with status open or closed; room 12.
func equals(ps *parse, m []item) ([]item, bool) {
	col, _ := first(m, "CT")
	vals := only(m, "VN")
	s := columnOf(col, anything)
	if s == nil {
		return nil, false
	}
	if _, n := first(m, "N"); n && len(m) > 2 && m[1].kind != 'b' {
		if n, _ := first(m, "N"); year(n.arg) && len(only(m, "p")) > 0 && !ps.p.index.isMoment(s.opts[0].ref) {
			return nil, false
		}
		if next := ps.after(); col.kind == kTable || next == kTable || next == kColumn || next == 's' || next == 'm' || len(only(m, "v")) > 0 {
			return nil, false
		}
	}
	p := &pred{kind: among, slot: s, neg: hasNot(m), at: m[0].start}
	p.both, p.listed = len(only(m, "j")) > 0, len(only(m, "&")) > 0 && len(only(m, "i")) == 0
	if !ps.p.fill(p, vals) {
		return nil, false
	}
	return one(kPred, p, m), true
}

// fill gives a predicate its values and keeps the columns that hold them all.
func (p *Planner) fill(pr *pred, vals []item) bool {
	s := &slot{text: pr.slot.text, at: pr.slot.at, want: pr.slot.want, hits: map[ref][]string{}}
	for _, o := range pr.slot.opts {
		var stored []string
		for _, v := range vals {
			if got, ok := p.stored(o.ref, v); ok {
				stored = append(stored, got)
			}
		}
		if len(stored) == len(vals) {
			s.opts = append(s.opts, o)
			s.hits[o.ref] = stored
		}
	}
	if len(s.opts) == 0 {
		return false
	}
	pr.slot = s
	pr.values = make([]string, len(vals))
	for i, v := range vals {
		pr.values[i] = v.text
	}
	return true
}

// stored gives a value as the column holds it.
func (p *Planner) stored(r ref, v item) (string, bool) {
	table, column := p.index.table(r.table).Name, p.index.column(r).Name
	for _, h := range v.vals {
		if h.Table == table && h.Column == column {
			return h.Value, true
		}
	}
	if v.kind == kNumber && (p.index.isNumber(r) || p.index.isKeyish(r)) {
		return v.arg, true
	}
	return "", false
}

// valueThenColumn: the rock genre, red colour.
func valueThenColumn(ps *parse, m []item) ([]item, bool) {
	col := m[len(m)-1]
	vals := only(m, "V")
	s := columnOf(col, anything)
	if s == nil {
		return nil, false
	}
	p := &pred{kind: among, slot: s, at: m[0].start, both: len(only(m, "j")) > 0, listed: len(only(m, "&")) > 0 && len(only(m, "i")) == 0}
	if !ps.p.fill(p, vals) {
		return nil, false
	}
	out := one(kPred, p, m)
	if col.kind == kTable { // "Rock genres": the table is named as well
		col.cols = nil
		return append(out, col), true
	}
	return out, true
}

// bareValue: customers in Oslo; female students.
func bareValue(ps *parse, m []item) ([]item, bool) {
	vals := only(m, "V")
	all := &slot{text: vals[0].text, at: vals[0].start, soft: true}
	seen := map[ref]bool{}
	for _, h := range vals[0].vals {
		if r, ok := ps.p.index.locate(h); ok && !seen[r] {
			seen[r] = true
			score := 0.9
			if !h.Exact {
				score = 0.8
			}
			all.opts = append(all.opts, cand{r, score})
		}
	}
	p := &pred{kind: among, slot: all, neg: hasNot(m), at: m[0].start, bare: true, both: len(only(m, "j")) > 0, listed: len(only(m, "&")) > 0 && len(only(m, "i")) == 0}
	if !ps.p.fill(p, vals) {
		if len(vals) == 1 {
			return nil, false
		}
		out, ok := bareValue(ps, []item{vals[0]}) // Oslo, Norway: a value each
		for i := range m {
			if m[i].start == vals[0].start {
				out = append(out, m[i+1:]...)
			}
		}
		return out, ok
	}
	return one(kPred, p, m), true
}

// sameColumn: above 100 or below 50.
func sameColumn(ps *parse, m []item) ([]item, bool) {
	p := m[0].node.(*pred)
	cmp, _ := first(m, ">")
	num, _ := first(m, "N")
	op, idea := compareOp(cmp.arg)
	_, or := first(m, "|")
	if inner, ok := strings.CutPrefix(strings.ToLower(cmp.text), "or "); ok {
		ph, _ := lexicon.Lookup(inner)
		op, idea = compareOp(ph.Arg)
		or = true
	} else if m[1].kind == '>' {
		return nil, false
	}
	if p.kind != compare || p.rows || idea != "" {
		return nil, false
	}
	q := &pred{kind: compare, slot: p.slot, op: op, values: []string{num.arg}, at: cmp.start}
	if or {
		p.or = append(p.or, q)
		return one(kPred, p, m), true
	}
	return append(m[:1:1], one(kPred, q, m[1:])...), true
}

func eitherPred(ps *parse, m []item) ([]item, bool) {
	a, b := m[0].node.(*pred), m[len(m)-1].node.(*pred)
	a.or = append(a.or, b)
	return one(kPred, a, m), true
}

func notPred(ps *parse, m []item) ([]item, bool) {
	p := m[len(m)-1].node.(*pred)
	if p.rows {
		p.op = opposite[p.op]
		return one(kPred, p, m), true
	}
	p.neg = p.neg != hasNot(m)
	return one(kPred, p, m), true
}

var opposite = map[semantic.CompareOp]semantic.CompareOp{semantic.Gt: semantic.Le, semantic.Le: semantic.Gt, semantic.Lt: semantic.Ge, semantic.Ge: semantic.Lt, semantic.Eq: semantic.Ne, semantic.Ne: semantic.Eq}

func without(ps *parse, m []item) ([]item, bool) {
	s := tableOf(m[len(m)-1])
	if s == nil || m[len(m)-1].kind == kColumn && s.opts[0].score < 0.55 {
		return nil, false
	}
	return one(kWithout, &pred{kind: related, slot: s, neg: true, at: m[0].start}, m), true
}

// withoutOf: no orders of any shop. That an order is of some shop goes
// without saying.
func withoutOf(ps *parse, m []item) ([]item, bool) {
	return one(kWithout, m[0].node, m), true
}

// withMost: the one with the maximum price.
func withMost(ps *parse, m []item) ([]item, bool) {
	o := m[1].node.(*output)
	if o.agg != semantic.Max && o.agg != semantic.Min || len(only(ps.items[:ps.lo], "CT")) == 0 || len(only(ps.items, "EGK")) > 1 {
		return nil, false
	}
	return one(kSuper, &super{slot: o.slot, desc: o.agg == semantic.Max, n: 1, at: o.at}, m), true
}

// sameTable reads two words that are both of one table's name as that table.
func sameTable(ps *parse, m []item) ([]item, bool) {
	if m[0].end != m[1].start {
		return nil, false
	}
	it := m[1]
	it.tabs = nil
	for _, a := range m[0].tabs {
		for _, b := range m[1].tabs {
			if a.table == b.table {
				it.tabs = append(it.tabs, cand{a.ref, max(a.score, b.score)})
			}
		}
	}
	it.start, it.text, it.cols = m[0].start, m[0].text+" "+it.text, nil
	return []item{it}, len(it.tabs) > 0
}

// sortWhat: sort the names by age. What is sorted is shown.
func sortWhat(ps *parse, m []item) ([]item, bool) {
	for _, it := range ps.items[ps.hi:] {
		switch it.kind {
		case 'd', 'y', 'o':
			return m[1:], true
		case '.':
			return nil, false
		}
	}
	return nil, false
}

// oneName reads two values side by side (Ann Lee) as of one row: of columns of
// one table, the first name's first.
func oneName(ps *parse, m []item) ([]item, bool) {
	a, b := m[0].node.(*pred), m[1].node.(*pred)
	if !a.bare || !b.bare || m[0].end != m[1].start {
		return nil, false
	}
	in := func(s *slot) func(cand) bool {
		return func(c cand) bool {
			return !slices.ContainsFunc(s.opts, func(o cand) bool { return o.table == c.table && o.column != c.column })
		}
	}
	x, y := slices.DeleteFunc(slices.Clone(a.slot.opts), in(b.slot)), slices.DeleteFunc(slices.Clone(b.slot.opts), in(a.slot))
	if len(x) > 0 && len(y) > 0 {
		a.slot.opts, b.slot.opts = x, y
	}
	return m, true
}

// valueOfTable: in the history department. The table says what the value is.
func valueOfTable(ps *parse, m []item) ([]item, bool) {
	p := m[0].node.(*pred)
	if !p.bare || p.kind != among || m[1].start != m[0].end {
		return nil, false
	}
	t := m[1].tabs[0]
	var of []cand
	for _, o := range p.slot.opts {
		if o.table == t.table || ps.p.index.leadsTo(o.ref, t.table) {
			of = append(of, o)
		}
	}
	if len(of) == 0 || t.score < 0.7 || ps.lo == 0 || strings.IndexByte("phvyF!", ps.before()) < 0 {
		return nil, false
	}
	p.slot.opts = of
	return one(kPred, p, m), true
}

// rowsExactly: with two owners.
func rowsExactly(ps *parse, m []item) ([]item, bool) {
	if a := ps.after(); a == 's' || a == 'h' || a == kSuper {
		return nil, false
	}
	t := tableOf(m[2])
	n := atoi(m[1].arg)
	if t == nil || n < 0 || t.opts[0].score < 0.75 {
		return nil, false
	}
	return one(kPred, &pred{kind: compare, rows: true, op: semantic.Eq, count: n, slot: t, at: m[0].start}, m), true
}

// andYear: spring 2010.
func andYear(ps *parse, m []item) ([]item, bool) {
	out, ok := inYear(ps, []item{m[1], m[1]})
	if !ok || m[0].end != m[1].start {
		return nil, false
	}
	return append(m[:1:1], out...), true
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

func withoutSuch(ps *parse, m []item) ([]item, bool) {
	p, in := m[0].node.(*pred), m[len(m)-1].node.(*pred)
	if in.slot != nil {
		in.slot.owners = p.slot.opts
	}
	p.inner = append(p.inner, in)
	return one(kWithout, p, m), true
}

// groupBy: for each city and year.
func groupBy(ps *parse, m []item) ([]item, bool) {
	var g []item
	if _, by := first(m, "y"); by && !ps.groupsBy(m) {
		return nil, false
	}
	for _, it := range only(m, "CT") {
		g = append(g, it)
	}
	return one(kGroup, g, m), true
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

// tableColumn reads "customer name" as a column when it is one of the table.
func tableColumn(ps *parse, m []item) ([]item, bool) {
	t, c := m[0], m[1]
	if m[1].start != m[0].end {
		return nil, false
	}
	var own []cand
	for _, o := range c.cols {
		if slices.ContainsFunc(t.tabs, func(x cand) bool { return x.table == o.table && x.score > 0.55 }) {
			own = append(own, o)
		}
	}
	if m[0].kind == kColumn {
		own = ps.p.ofTableNamed(m[0], c.cols)
	}
	if len(own) == 0 || own[0].score < 0.6 {
		return nil, false
	}
	c.cols, c.start, c.text = own, t.start, t.text+" "+c.text
	return []item{c}, true
}

// ofTableNamed keeps the columns whose table's name holds the word before
// them: "membership level" in table members.
func (p *Planner) ofTableNamed(modifier item, cols []cand) []cand {
	stem := lexicon.Stem(strings.ToLower(modifier.text))
	var own []cand
	for _, c := range cols {
		for _, w := range p.index.words[c.table] {
			if s := lexicon.Stem(w); s == stem || len(s) > 4 && strings.HasPrefix(stem, s) {
				own = append(own, c)
				break
			}
		}
	}
	return own
}

// countSuch: the number of male students.
func countSuch(ps *parse, m []item) ([]item, bool) {
	t := m[len(m)-1]
	k := one(kRows, &output{slot: tableOf(t), rows: true, agg: semantic.Count, at: m[0].start}, m[:1])
	for _, f := range only(m, "F") {
		p := f.node.(*pred)
		ps.own(p, tableOf(t))
		k = append(k, f)
	}
	return k, true
}

// countValue: how many managers, where manager is a value.
func countValue(ps *parse, m []item) ([]item, bool) {
	p := m[1].node.(*pred)
	if p.slot == nil || p.rows || p.kind == nested || m[1].start > m[0].end+1 || p.slot.soft && !p.bare || p.bare && (p.neg || len(p.values) != 1) {
		return nil, false
	}
	t := &slot{text: m[1].text, at: m[1].start, want: tableOnly}
	seen := map[int]bool{}
	for _, o := range p.slot.opts {
		if !seen[o.table] {
			seen[o.table] = true
			t.opts = append(t.opts, cand{ref{o.table, -1}, 0.72})
		}
	}
	ps.own(p, t)
	return append(one(kRows, &output{slot: t, rows: true, agg: semantic.Count, at: m[0].start}, m[:1]), m[1]), true
}

// orNumber: in 2014 or 2015; with id 3 or 4.
func orNumber(ps *parse, m []item) ([]item, bool) {
	p := m[0].node.(*pred)
	n := m[len(m)-1]
	if p.rows || p.neg || !(p.kind == compare && p.op == semantic.Eq || p.kind == among && !p.both) {
		return nil, false
	}
	if p.kind == among && !ps.p.index.isKeyish(p.slot.opts[0].ref) {
		return nil, false
	}
	p.or = append(p.or, &pred{kind: compare, op: semantic.Eq, slot: p.slot, values: []string{n.arg}, at: n.start})
	return one(kPred, p, m), true
}

// bothPred: both A and B.
func bothPred(ps *parse, m []item) ([]item, bool) {
	p := m[len(m)-1].node.(*pred)
	if !p.listed {
		return nil, false
	}
	p.both = true
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

// otherThan: other than F.
func otherThan(ps *parse, m []item) ([]item, bool) {
	p := m[1].node.(*pred)
	if m[0].arg != "ne" {
		return nil, false
	}
	p.neg = !p.neg
	return one(kPred, p, m), true
}

// aggregateCompare: with an average price above 10.
func aggregateCompare(ps *parse, m []item) ([]item, bool) {
	agg, _ := first(m, "a")
	cmp, _ := first(m, ">")
	num, _ := first(m, "N")
	col, _ := first(m, "CT")
	op, idea := compareOp(cmp.arg)
	s := columnOf(col, number)
	if s == nil || idea != "" || !ps.p.index.isNumber(s.opts[0].ref) {
		return nil, false
	}
	return one(kPred, &pred{kind: compare, slot: s, agg: aggOp(agg.arg), op: op, values: []string{num.arg}, at: m[0].start, rows: true}, m), true
}

func countOf(ps *parse, m []item) ([]item, bool) {
	it := m[len(m)-1]
	distinct := len(only(m, string(rune(lexicon.Distinct)))) > 0
	if it.kind == kTable {
		if distinct {
			if c := columnOf(it, label); c != nil && it.tabs[0].score < 0.95 {
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
		return []item{it}, strings.Contains(m[0].text, "of")
	}
	if !distinct && c.opts[0].score < 0.9 {
		return nil, false
	}
	return one(kRows, &output{slot: c, agg: semantic.Count, distinct: true, at: m[0].start}, m), true
}

// countToo: the number of different cities and regions.
func countToo(ps *parse, m []item) ([]item, bool) {
	k := m[0].node.(*output)
	s := columnOf(m[2], label)
	if k.rows || s == nil {
		return nil, false
	}
	return append(m[:1:1], one(kRows, &output{slot: s, agg: semantic.Count, distinct: true, at: s.at}, m[1:])...), true
}

// inYear: in 2014.
func inYear(ps *parse, m []item) ([]item, bool) {
	if a := ps.after(); !year(m[1].arg) || a == kTable || a == kColumn {
		return nil, false
	}
	s := &slot{text: m[1].text, at: m[1].start, want: moment, soft: true}
	ps.dates(s)
	ps.nearVerb(s)
	return one(kPred, &pred{kind: compare, op: semantic.Eq, slot: s, values: []string{m[1].arg}, at: m[1].start}, m), len(s.opts) > 0
}

// aggregateToo: the average price and score.
func aggregateToo(ps *parse, m []item) ([]item, bool) {
	a := m[0].node.(*output)
	s := columnOf(m[len(m)-1], number)
	if s == nil || !ps.p.index.isNumber(s.opts[0].ref) || m[len(m)-1].kind == kTable {
		return nil, false
	}
	return append(m[:1:1], one(kOutput, &output{slot: s, agg: a.agg, at: s.at}, m[1:])...), true
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
