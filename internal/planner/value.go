package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// sameAs: in the same department as Clara.
func sameAs(ps *parse, m []item) ([]item, bool) {
	w, _ := first(m, "@")
	if !strings.HasSuffix(strings.ToLower(w.text), "same") {
		return nil, false
	}
	of, _ := first(m, "CT")
	p := &pred{kind: sharing, at: m[0].start}
	if of.kind == kColumn {
		p.slot = columnOf(of, anything)
	} else {
		p.slot = ps.p.index.keysTo(of)
	}
	for _, f := range only(m, "F") {
		in := f.node.(*pred)
		if in.rows || in.kind == related {
			return nil, false
		}
		p.inner = append(p.inner, in)
	}
	return one(kPred, p, m), p.slot != nil && len(p.slot.opts) > 0
}

// reportsTo: employees who report to Ann, by a table's key to itself.
func reportsTo(ps *parse, m []item) ([]item, bool) {
	w, _ := first(m, "@")
	if w.arg != "reports" {
		return nil, false
	}
	p := &pred{kind: reports, at: m[0].start, slot: &slot{text: w.text, at: w.start}}
	for t := range ps.p.index.edges {
		for _, e := range ps.p.index.edges[t] {
			if e.to == t && !e.many && len(e.cols) == 1 {
				if r, ok := ps.p.index.named(t, e.cols[0]); ok {
					p.slot.opts = append(p.slot.opts, cand{r, 0.8})
				}
			}
		}
	}
	for _, f := range only(m, "F") {
		in := f.node.(*pred)
		if in.rows || in.kind == related {
			return nil, false
		}
		p.inner = append(p.inner, in)
	}
	return one(kPred, p, m), len(p.slot.opts) > 0
}

// keysTo gives the foreign keys that lead to a table.
func (x *index) keysTo(t item) *slot {
	s := &slot{text: t.text, at: t.start}
	for from := range x.model.Tables {
		for _, r := range x.columns(from) {
			if x.leadsTo(r, t.tabs[0].table) {
				s.opts = append(s.opts, cand{r, 0.8})
			}
		}
	}
	return s
}

func likeText(ps *parse, m []item) ([]item, bool) {
	if m[0].kind == byte(lexicon.Like) && len(m) > 2 && m[len(m)-1].start == m[1].end {
		return nil, false // what comes next begins something else
	}
	kind, ok := first(m, "~")
	if !ok {
		kind.arg = string(semantic.Contains) // a name that has 'x'
	}
	p := &pred{kind: like, match: semantic.MatchKind(kind.arg), neg: hasNot(m), at: m[0].start}
	for _, q := range only(m, "Q") {
		p.values = append(p.values, q.arg)
	}
	col, ok := first(m, "CT")
	if !ok {
		return nil, false
	}
	if p.slot = columnOf(col, anything); p.slot == nil && col.kind != kTable {
		return nil, false
	}
	if m[0].kind == byte(lexicon.Like) && ps.before() == kPred {
		return nil, false
	}
	p.both = len(only(m, "&")) > 0
	if col.kind == kTable && m[0].kind == kTable {
		if p.slot = ps.calledBy(col); p.slot == nil {
			return nil, false
		}
		return append(m[:1:1], one(kPred, p, m[1:])...), true
	}
	if s := ps.ofColumn(m[0]); s != nil {
		p.slot = s
	}
	return one(kPred, p, m), true
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
	if v, ok := first(m, "V"); ok && (col.kind == kTable || len(only(m, "p")) > 0) && ps.after() == kColumn && ps.items[ps.hi].start == v.end && slices.ContainsFunc(ps.items[ps.hi].cols, func(c cand) bool {
		_, held := ps.p.stored(c.ref, v)
		return held && c.score > 0.6 && (col.kind == kTable || c.ref != s.opts[0].ref && c.score > 0.85)
	}) {
		return nil, false // flats with the Studio type code
	}
	if _, n := first(m, "N"); n && len(m) > 2 && m[1].kind != 'b' {
		if n, _ := first(m, "N"); year(n.arg) && len(only(m, "p")) > 0 && !ps.p.index.isMoment(s.opts[0].ref) {
			return nil, false
		}
		if num, _ := first(m, "N"); len(only(m, "p")) > 0 && ps.hi < len(ps.items) && ps.items[ps.hi].start == num.end && strings.IndexByte("v?VF", ps.items[ps.hi].kind) >= 0 {
			return nil, false // the price of five star hotels
		}
		if next := ps.after(); col.kind == kTable || next == kTable || next == kColumn || next == 's' || next == 'm' || len(only(m, "v")) > 0 {
			return nil, false
		}
	}
	if n, ok := first(m, "N"); ok && year(n.arg) && col.kind == kTable && len(only(m, "j")) > 0 {
		return nil, false // a film both in 1999 and in 2000
	}
	p := &pred{kind: among, slot: s, neg: hasNot(m), at: m[0].start}
	p.both, p.listed = len(only(m, "j")) > 0, len(only(m, "&")) > 0 && len(only(m, "i")) == 0
	if !ps.p.fill(p, vals) {
		return nil, false
	}
	return one(kPred, p, m), true
}

// equalsText: the publisher is "Person", which no value of the data is.
func equalsText(ps *parse, m []item) ([]item, bool) {
	s := columnOf(m[0], anything)
	if s == nil || m[0].kind == kTable || len(m) < 3 && m[1].start != m[0].end || ps.p.index.isKeyish(s.opts[0].ref) {
		return nil, false
	}
	p := &pred{kind: among, slot: s, at: m[0].start}
	for _, q := range only(m, "Q") {
		p.values = append(p.values, q.arg)
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
	ps.wayOf(all, m[0])
	p := &pred{kind: among, slot: all, neg: hasNot(m), at: m[0].start, bare: true, end: ps.endBefore(m), apart: len(m) > 1 && m[0].kind == byte(lexicon.Verb) && m[1].kind == kValue && m[1].start > m[0].end, both: len(only(m, "j")) > 0, listed: len(only(m, "&")) > 0 && len(only(m, "i")) == 0}
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

// ends are words of columns that hold where a way begins, and where it ends.
var ends = map[string]map[string]bool{
	"from": {"from": true, "source": true, "origin": true, "departure": true, "depart": true, "start": true, "begin": true},
	"to":   {"to": true, "destination": true, "arrival": true, "arrive": true, "end": true, "target": true},
}

// wayOf prefers, for what comes after "from" or "to", columns of that end.
func (ps *parse) wayOf(s *slot, before item) {
	words := strings.Fields(strings.ToLower(before.text))
	if before.kind != byte(lexicon.Prep) || len(words) == 0 {
		return
	}
	for i := range s.opts {
		for _, w := range lexicon.SplitName(ps.p.index.column(s.opts[i].ref).Name) {
			if ends[words[0]][w] {
				s.opts[i].score += 0.15
			}
		}
	}
}

// endBefore tells whether what comes before a value makes it a beginning or
// an end: from, departing from, arriving at.
func (ps *parse) endBefore(m []item) string {
	n := slices.IndexFunc(m, func(it item) bool { return it.kind == kValue })
	if n > 0 && m[n-1].kind == byte(lexicon.Prep) {
		switch w, _, _ := strings.Cut(strings.ToLower(m[n-1].text), " "); w {
		case "from":
			return "start"
		case "to", "into", "towards":
			return "end"
		}
	}
	near := slices.Concat(ps.items[max(0, ps.lo-3):ps.lo], m[:n])
	for i := len(near) - 1; i >= 0; i-- {
		if strings.IndexByte("vphCTb", near[i].kind) < 0 {
			break
		}
		if r := role(lexicon.Lemma(strings.ToLower(near[i].text))); r == "start" || r == "end" {
			return r
		}
	}
	return ""
}

func eitherPred(ps *parse, m []item) ([]item, bool) {
	a, b := m[0].node.(*pred), m[len(m)-1].node.(*pred)
	if t, ok := first(m, "T"); ok {
		if b.slot == nil || !slices.ContainsFunc(b.slot.opts, func(c cand) bool { return c.table == t.tabs[0].table || ps.p.index.leadsTo(c.ref, t.tabs[0].table) }) {
			return nil, false
		}
		ps.own(b, tableOf(t))
	}
	a.or = append(a.or, b)
	return one(kPred, a, m), true
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

// countValue: how many managers, where manager is a value.
func countValue(ps *parse, m []item) ([]item, bool) {
	p := m[1].node.(*pred)
	if p.slot == nil || p.rows || p.kind == nested || m[1].start > m[0].end+1 || p.apart || p.slot.soft && !p.bare || p.bare && (p.neg || len(p.values) != 1) {
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

// nounOfValue drops what says only what kind of thing a value is: with the name
// Ann, on the east side, in cancelled state.
func nounOfValue(ps *parse, m []item) ([]item, bool) {
	f, w := m[0], m[1]
	after := w.kind != kPred
	if !after {
		f, w = w, f
	}
	p := f.node.(*pred)
	noun := lexicon.Lemma(strings.ToLower(w.text))
	if p.kind != among || m[0].end != m[1].start || w.end > w.start+1 || !p.bare && !(after && w.kind == kUnknown) {
		return nil, false
	}
	if after && (sortNouns[noun] || sideNouns[noun] || w.kind == kUnknown && placeNouns[noun]) || !after && nameWord[noun] && ps.before() == byte(lexicon.Have) {
		f.start, f.end = m[0].start, m[1].end
		return []item{f}, true
	}
	return nil, false
}

// sideNouns are what values of place and manner are said of.
var sideNouns = map[string]bool{"side": true, "style": true, "mode": true, "format": true, "position": true, "area": true, "version": true, "condition": true, "color": true, "colour": true}

// placeNouns say of a place or a body that it is one, where no table or column
// does.
var placeNouns = map[string]bool{"city": true, "town": true, "country": true, "nation": true, "county": true, "region": true, "district": true, "province": true, "zone": true, "neighborhood": true, "continent": true,
	"company": true, "firm": true, "organization": true, "institution": true, "university": true, "college": true, "school": true, "team": true, "club": true, "brand": true, "role": true, "rank": true, "topic": true, "theme": true, "genre": true,
	"subject": true, "language": true, "label": true, "tag": true, "section": true, "division": true, "department": true, "policy": true, "plan": true, "method": true, "title": true, "grade": true, "variety": true, "breed": true, "species": true}

// saidTwice: in a city with city code BAL.
func saidTwice(ps *parse, m []item) ([]item, bool) {
	p := m[2].node.(*pred)
	if p.slot == nil || p.bare || p.rows || len(p.slot.opts) == 0 || strings.IndexByte("phv", ps.before()) < 0 || ps.lo == 0 || !slices.ContainsFunc(m[0].cols, func(c cand) bool { return c.ref == p.slot.opts[0].ref && c.score > 0.55 }) {
		return nil, false
	}
	return m[2:], true
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

// otherThan: other than F.
func otherThan(ps *parse, m []item) ([]item, bool) {
	p := m[len(m)-1].node.(*pred)
	if m[0].arg != "ne" || p.rows && len(m) > 2 && p.slot == nil {
		return nil, false
	}
	if p.rows {
		p.op = opposite[p.op]
		return one(kPred, p, m), true
	}
	p.neg = !p.neg
	return one(kPred, p, m), true
}

// exceptHaving: except for those that have an order.
func exceptHaving(ps *parse, m []item) ([]item, bool) {
	s := tableOf(m[len(m)-1])
	if m[0].arg != "ne" || s == nil {
		return nil, false
	}
	return one(kWithout, &pred{kind: related, slot: s, neg: true, at: m[0].start}, m), true
}

// valueAs: with cash as payment method.
func valueAs(ps *parse, m []item) ([]item, bool) {
	p := m[0].node.(*pred)
	if !p.bare || p.kind != among || strings.ToLower(m[1].text) != "as" {
		return nil, false
	}
	opts := slices.DeleteFunc(slices.Clone(p.slot.opts), func(o cand) bool {
		return !slices.ContainsFunc(m[2].cols, func(c cand) bool { return c.ref == o.ref && c.score > 0.55 })
	})
	if len(opts) == 0 {
		return nil, false
	}
	p.slot.opts, p.bare, p.slot.soft = opts, false, false
	return one(kPred, p, m), true
}
