package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

func direction(arg string) (desc bool, idea string) {
	op, idea, _ := strings.Cut(arg, ":")
	return op == "max", idea
}

// mostOf: the most orders; the largest number of points.
func mostOf(ps *parse, m []item) ([]item, bool) {
	w, ok := first(m, "ms")
	if !ok {
		return nil, false
	}
	desc, idea := direction(w.arg)
	last := m[len(m)-1]
	s := &super{desc: desc, n: limitOf(m), at: m[0].start}
	if idea != "" {
		return nil, false
	}
	switch {
	case last.kind == 't':
		s.rows = true
	case last.kind == kTable && ps.tally(last) != nil:
		s.slot = ps.tally(last)
	case last.kind == kTable:
		s.slot, s.rows = tableOf(last), true
		if c := columnOf(last, number); c != nil && ps.p.index.isNumber(c.opts[0].ref) && c.opts[0].score >= s.slot.opts[0].score {
			s.slot, s.rows = c, false
		}
	case ps.counts(last):
		s.slot, s.rows = rowsOf(columnOf(last, label)), true
	default:
		if s.slot = columnOf(last, orderable); s.slot == nil || !ps.p.index.isNumber(s.slot.opts[0].ref) {
			return nil, false
		}
	}
	return one(kSuper, s, m), true
}

// counts tells a column of names, of which there may be many: the most sports.
func (ps *parse) counts(it item) bool {
	c := columnOf(it, label)
	if c == nil || c.opts[0].score < 0.75 || strings.HasSuffix(strings.ToLower(it.text), "s") == (lexicon.Lemma(strings.ToLower(it.text)) == strings.ToLower(it.text)) {
		return false
	}
	col := ps.p.index.column(c.opts[0].ref)
	return col.Class == semantic.Text && !col.NumericText && len(rowsOf(c).opts) > 0
}

// superAggregate: the highest average price, of what is shown.
func superAggregate(ps *parse, m []item) ([]item, bool) {
	c := columnOf(m[len(m)-1], number)
	a, _ := first(m, "a")
	desc, idea := direction(m[0].arg)
	if c == nil || idea != "" || !ps.p.index.isNumber(c.opts[0].ref) {
		return nil, false
	}
	if slices.Contains(lexicon.SplitName(ps.p.index.column(c.opts[0].ref).Name), lexicon.Lemma(strings.ToLower(a.text))) {
		return one(kSuper, &super{slot: c, desc: desc, n: 1, at: m[0].start}, m), true // the largest max speed, by its name
	}
	return one(kSuper, &super{slot: c, desc: desc, agg: aggOp(a.arg), n: 1, at: m[0].start}, m), true
}

// numberOfMost: the 3 cheapest.
func numberOfMost(ps *parse, m []item) ([]item, bool) {
	s := m[len(m)-1].node.(*super)
	s.n = limitOf(m)
	return one(kSuper, s, m), s.n > 0
}

// mostOften: who ordered a meal most often.
func mostOften(ps *parse, m []item) ([]item, bool) {
	if a := ps.after(); a != 0 && a != '.' || len(only(ps.items[:ps.lo], "CT")) == 0 {
		return nil, false
	}
	desc, _ := direction(m[1].arg)
	return one(kSuper, &super{slot: tableOf(m[0]), rows: true, desc: desc, n: 1, at: m[0].start}, m), true
}

// mostDone: the product that was ordered most often; the game that is played
// the most. What is done to a thing is counted in the table that the verb
// names, or in the only one whose rows it has.
func mostDone(ps *parse, m []item) ([]item, bool) {
	if a := ps.after(); a != 0 && a != '.' && a != 'p' && a != '&' && a != ',' {
		return nil, false
	}
	desc, idea := direction(m[len(m)-1].arg)
	if idea != "" {
		return nil, false
	}
	s := &super{rows: true, desc: desc, n: 1, done: true, at: m[1].start}
	v, _ := first(m, "v")
	t := &slot{text: v.text, at: v.start, want: tableOnly}
	for _, c := range ps.p.index.find([]string{lexicon.Lemma(strings.ToLower(v.text))}) {
		if c.column < 0 && c.score > 0.4 && !slices.ContainsFunc(m[0].tabs, func(o cand) bool { return o.table == c.table && o.score > 0.9 }) {
			t.opts = append(t.opts, cand{c.ref, max(c.score, 0.7)})
		}
	}
	if len(t.opts) > 0 {
		s.slot = t
	}
	return append(m[:1:1], one(kSuper, s, m[1:])...), true
}

// people are words for rows of any table.
var people = map[string]bool{"person": true, "people": true, "member": true, "item": true, "record": true, "entry": true, "instance": true, "individual": true, "row": true, "one": true}

// mostOfAny: the rank with the most members.
func mostOfAny(ps *parse, m []item) ([]item, bool) {
	desc, idea := direction(m[0].arg)
	if idea != "" || ps.before() != byte(lexicon.Have) || !people[lexicon.Lemma(strings.ToLower(m[1].text))] {
		return nil, false
	}
	return one(kSuper, &super{rows: true, desc: desc, n: 1, done: true, at: m[0].start}, m), true
}

// mostSuch: the most female students.
func mostSuch(ps *parse, m []item) ([]item, bool) {
	t := m[len(m)-1]
	desc, _ := direction(m[0].arg)
	out := only(m, "F")
	for _, f := range out {
		ps.own(f.node.(*pred), tableOf(t))
	}
	return append(out, one(kSuper, &super{slot: tableOf(t), rows: true, desc: desc, n: 1, at: m[0].start}, m)...), tableOf(t) != nil
}

func limitOf(m []item) int {
	if n, ok := first(m, "N"); ok {
		return atoi(n.arg)
	}
	return 1
}

// superColumn: the highest price; 3 lowest ratings; top 5 by price.
func superColumn(ps *parse, m []item) ([]item, bool) {
	c := columnOf(m[len(m)-1], orderable)
	w, ok := first(m, "s")
	if c == nil || !ok {
		return nil, false
	}
	desc, idea := direction(w.arg)
	if _, size := sizes[strings.ToLower(w.text)]; (idea != "" || size && w.text[0]|32 != 'h' && !ps.p.index.anyNumber(c)) && !ps.p.index.isNumber(c.opts[0].ref) && !ps.p.index.isMoment(c.opts[0].ref) {
		return nil, false // the largest department has no size in its name
	}
	if l := strings.ToLower(w.text); (l == "highest" || l == "lowest") && ps.p.index.ranks(c.opts[0].ref) {
		desc = !desc
	}
	return one(kSuper, &super{slot: c, desc: desc, n: limitOf(m), at: m[0].start}, m), true
}

// ranks tells columns whose highest value is 1.
func (x *index) ranks(r ref) bool {
	w := lexicon.SplitName(x.column(r).Name)
	return len(w) > 0 && (w[len(w)-1] == "rank" || w[len(w)-1] == "ranking") && x.isNumber(r)
}

func frequent(ps *parse, m []item) ([]item, bool) {
	w, _ := first(m, "q")
	desc, _ := direction(w.arg)
	last := m[len(m)-1]
	if a := ps.after(); last.kind == kTable && !strings.HasSuffix(w.text, " of") && a != kTable && a != kColumn && ps.rowsOnly(last) { // the most common genre, a row of its own
		return append([]item{last}, one(kSuper, &super{rows: true, desc: desc, n: limitOf(m), done: true, at: m[0].start}, m[:len(m)-1])...), true
	}
	c := columnOf(last, label)
	if c == nil {
		return nil, false
	}
	return one(kSuper, &super{slot: c, freq: true, desc: desc, n: limitOf(m), at: m[0].start}, m), true
}

// rowsOnly tells a table that no column which repeats is called like: each of
// its rows is there once, and what is common about one is counted elsewhere.
func (ps *parse) rowsOnly(it item) bool {
	t := it.tabs[0]
	if t.score < 0.9 || len(it.tabs) > 1 && it.tabs[1].score >= t.score {
		return false
	}
	return !slices.ContainsFunc(it.cols, func(c cand) bool {
		return c.score > 0.6 && !ps.p.index.leadsTo(c.ref, t.table) && !(c.table == t.table && ps.p.index.naming(c.ref))
	})
}

func columnIsSuper(ps *parse, m []item) ([]item, bool) {
	if ps.before() == byte(lexicon.Compare) {
		return nil, false // a larger crew than the largest ship
	}
	c := columnOf(m[0], orderable)
	w := m[len(m)-1]
	desc, idea := direction(w.arg)
	if c == nil || idea != "" || !ps.p.index.isNumber(c.opts[0].ref) {
		return nil, false
	}
	return one(kSuper, &super{slot: c, desc: desc, n: 1, at: m[0].start}, m), true
}

// superIdea: the oldest; the cheapest.
func superIdea(ps *parse, m []item) ([]item, bool) {
	w := m[len(m)-1]
	desc, idea := direction(w.arg)
	if idea == "" {
		return nil, false
	}
	s := ps.ideaSlot(idea, w)
	if s == nil {
		return nil, false
	}
	if idea == "time" {
		ps.done(s)
		if ps.after() == kTable { // the latest visit is not the one of the youngest visitor
			t := ps.items[ps.hi]
			s.opts = slices.DeleteFunc(s.opts, func(c cand) bool {
				return s.flip[c.ref] && !slices.ContainsFunc(t.tabs, func(o cand) bool { return o.table == c.table })
			})
		}
	}
	return one(kSuper, &super{slot: s, desc: desc, n: limitOf(m), at: m[0].start}, m), true
}

// mostMeasured: the highest cancellation rate, of what is shown.
func mostMeasured(ps *parse, m []item) ([]item, bool) {
	o := m[len(m)-1].node.(*output)
	w, _ := first(m, "sm")
	desc, idea := direction(w.arg)
	if o.measure == "" || idea != "" {
		return nil, false
	}
	return one(kSuper, &super{out: o, desc: desc, n: limitOf(m), at: m[0].start}, m), true
}

// superTable: the highest building, the largest city. What makes one so is a
// column of its table.
func superTable(ps *parse, m []item) ([]item, bool) {
	w, _ := first(m, "s")
	t := m[len(m)-1]
	desc, idea := direction(w.arg)
	size, ok := sizes[strings.ToLower(w.text)]
	if idea != "" || !ok || ps.after() == kColumn {
		return nil, false
	}
	s := ps.ideaSlot(size, w)
	if s == nil {
		return nil, false
	}
	s.opts = slices.DeleteFunc(s.opts, func(c cand) bool {
		return !ps.p.index.isNumber(c.ref) || !slices.ContainsFunc(t.tabs, func(o cand) bool { return o.table == c.table && o.score > 0.7 })
	})
	return append(one(kSuper, &super{slot: s, desc: desc, n: limitOf(m), at: m[0].start}, m[:len(m)-1]), t), len(s.opts) > 0
}

// firstOf: the first claim; when the first member joined. What comes first
// does so by a date of its own.
func firstOf(ps *parse, m []item) ([]item, bool) {
	w, t := m[0], m[1]
	if !strings.HasSuffix(strings.ToLower(w.text), "first") || w.end != t.start || len(only(ps.items, "smqN")) > 0 {
		return nil, false
	}
	s := ps.ideaSlot("time", w)
	if s == nil {
		return nil, false
	}
	s.want = moment
	s.opts = slices.DeleteFunc(s.opts, func(c cand) bool {
		return !ps.p.index.isMoment(c.ref) || !slices.ContainsFunc(t.tabs, func(o cand) bool { return o.table == c.table && o.score > 0.7 })
	})
	return append(one(kSuper, &super{slot: s, n: 1, at: w.start}, m[:1]), t), len(s.opts) > 0
}

// sizes are what adjectives of size measure.
var sizes = map[string]string{"highest": "high", "lowest": "high", "largest": "big", "biggest": "big", "greatest": "big", "smallest": "big"}

// valueIsFrequent: the payment method that is used most often; the genre that is most
// common among the songs.
func valueIsFrequent(ps *parse, m []item) ([]item, bool) {
	w, _ := first(m, "q")
	desc, _ := direction(w.arg)
	c := columnOf(m[0], label)
	if a := ps.after(); c == nil || strings.IndexByte("CTGKNV", a) >= 0 && a != 0 {
		return nil, false
	}
	if t := m[len(m)-1]; t.kind == kTable && len(t.tabs) > 0 {
		own, elsewhere := ps.among(c, t)
		if many, ok := ps.p.index.toMany(c.opts[0].table, t.tabs[0].table); elsewhere && ok && many {
			return append(m[:1:1], one(kSuper, &super{slot: tableOf(t), rows: true, desc: desc, n: 1, at: m[0].start}, m[1:])...), true
		}
		c.opts, m[0].cols = own, own
	}
	return append(m[:1:1], one(kSuper, &super{slot: c, freq: true, desc: desc, n: 1, at: m[0].start}, m[1:])...), true
}

// startingWith: starting with the oldest; sorted by the highest price first.
func startingWith(ps *parse, m []item) ([]item, bool) {
	w := m[len(m)-1]
	l := w.kind == byte(lexicon.Top)
	if l {
		w = m[len(m)-2]
	}
	s := w.node.(*super)
	if m[0].kind == byte(lexicon.Beyond) && !strings.HasPrefix(strings.ToLower(m[0].text), "starting") && !strings.HasPrefix(strings.ToLower(m[0].text), "beginning") || m[0].kind == byte(lexicon.Sort) && !l {
		return nil, false
	}
	if s.slot == nil || s.freq || s.out != nil || s.agg != "" || s.rows || s.n != 1 {
		return nil, false
	}
	for i := ps.lo - 1; i >= 0 && s.slot.owners == nil; i-- {
		s.slot.owners = ps.items[i].tabs
	}
	return one(kOrders, []*orderBy{{slot: s.slot, desc: s.desc}}, m), true
}

// sortedBy: sorted by age descending; in ascending order of name.
func sortedBy(ps *parse, m []item) ([]item, bool) {
	desc, since := false, 0
	var os []*orderBy
	for _, it := range m {
		switch it.kind {
		case 'd': // of what comes after it, or of what came since the last one
			desc = it.arg == "desc"
			for _, o := range os[since:] {
				o.desc = desc
			}
			since = len(os)
		case kColumn, kTable:
			c := columnOf(it, anything)
			if c == nil {
				return nil, false
			}
			os = append(os, &orderBy{slot: c, desc: desc})
		case kRows, kOutput:
			os = append(os, &orderBy{out: it.node.(*output), desc: desc})
		case kSuper:
			return nil, false
		}
	}
	return one(kOrders, os, m), len(os) > 0
}
