package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// interpret reads what reduction has left, from left to right, into the form.
// Whatever has no place in it is unplaced, and the question is not answered.
func (ps *parse) interpret() {
	r := &reader{parse: ps, selecting: true}
	for i := 0; i < len(ps.items); i++ {
		i += r.read(i)
	}
	if g := slices.IndexFunc(r.f.groups, func(s *slot) bool { return s.want == tableOnly }); g >= 0 {
		r.last = r.f.groups[g]
	}
	if r.last != nil {
		for _, s := range r.pending {
			if s != r.last && !r.countedAfter(s) {
				s.owners = r.last.opts
			}
		}
	}
	r.f.eachLed = r.at(0).kind == kGroup
	r.whichThenShow()
	r.totalsToo()
	r.extremes()
	r.leadShown()
	r.when()
	r.whenAndWhere()
	r.besideExtreme()
	r.byCounts()
	r.sortedShown()
	r.ordersGroups()
}

// when shows a date where the question asks for one and names none.
func (r *reader) when() {
	f := &r.f
	r.whose()
	if f.asksWhen && len(f.supers) == 1 && len(f.outs) == 0 && f.supers[0].slot != nil && f.supers[0].slot.soft && f.supers[0].slot.want == moment {
		f.outs = []*output{{slot: f.supers[0].slot}} // when the first one came
		return
	}
	if !f.asksWhen || slices.ContainsFunc(f.supers, func(s *super) bool { return s.rows || s.freq || s.out != nil }) || slices.ContainsFunc(f.outs, func(o *output) bool {
		return o.agg != "" || slices.ContainsFunc(o.slot.opts, func(c cand) bool { return c.score > 0.4 && r.p.index.isTime(c.ref) })
	}) {
		return
	}
	s := &slot{text: "when", want: moment, soft: true}
	r.dates(s)
	for i := range s.opts {
		for _, w := range lexicon.SplitName(r.p.index.column(s.opts[i].ref).Name) {
			if w != "date" && w != "time" && f.words[role(w)] {
				s.opts[i].score += 0.3
			}
		}
	}
	if len(s.opts) == 0 {
		f.why = "it asks when, and there is no date"
		return
	}
	if f.head != nil {
		s.owners = f.head.opts
	}
	f.outs = []*output{{slot: s}}
}

// extremes reads several superlatives as what they are of: the highest cost
// and the lowest cost.
func (r *reader) extremes() {
	f := &r.f
	if r.bothEnds() {
		return
	}
	if len(f.supers) < 2 || slices.ContainsFunc(f.outs, func(o *output) bool { return o.agg == "" }) ||
		slices.ContainsFunc(f.supers, func(s *super) bool {
			return s.rows || s.freq || s.slot == nil || s.slot.soft || s.agg != "" || s.n != 1
		}) {
		return
	}
	outs := f.outs
	for _, s := range f.supers {
		agg := semantic.Min
		if s.desc {
			agg = semantic.Max
		}
		outs = append(outs, &output{slot: s.slot, agg: agg, at: s.at})
	}
	slices.SortStableFunc(outs, func(a, b *output) int { return a.at - b.at })
	f.outs, f.supers = outs, nil
}

// whichThenShow: in "Which teams ...? Show their id" the id is shown, and the
// first sentence says of which.
func (r *reader) whichThenShow() {
	plain := func(o *output) bool { return o.agg == "" }
	for _, o := range r.f.outs[:r.sentence] {
		if c := o.slot.opts[0]; plain(o) && c.column >= 0 && (r.p.index.column(c.ref).Role == semantic.Foreign || o.slot.text == lexicon.Lemma(o.slot.text) && r.p.index.isKeyish(c.ref) && !r.p.index.naming(c.ref) && !slices.ContainsFunc(r.f.outs[r.sentence:], func(o *output) bool { return o.slot.opts[0].ref == c.ref })) && len(r.f.outs) > r.sentence && !r.ofKey(c.ref) {
			r.f.unplaced = append(r.f.unplaced, o.slot.text) // it stands for a row of another table
		}
	}
	if n := r.sentence; n > 0 && len(r.f.outs) > n && slices.ContainsFunc(r.f.outs[n:], plain) {
		if first := slices.IndexFunc(r.f.outs[:n], plain); first == 0 && r.f.head != nil && r.f.outs[0].at < 4 && len(r.f.supers) == 0 {
			r.ofFirst(r.f.outs[first].slot, r.f.outs[n:])
		}
		r.f.outs = slices.Concat(slices.DeleteFunc(slices.Clone(r.f.outs[:n]), plain), r.f.outs[n:])
	}
}

// ofFirst puts what a later sentence shows under what the first asks for:
// which countries have a shop? List their names.
func (r *reader) ofFirst(first *slot, outs []*output) {
	var owners []cand
	for _, c := range first.opts {
		if c.column < 0 || c.score < first.opts[0].score-0.05 {
			continue
		}
		t := c.table
		for _, e := range r.p.index.edges[c.table] {
			if r.p.index.leadsTo(c.ref, e.to) {
				t = e.to
			}
		}
		owners = append(owners, cand{ref{t, -1}, c.score})
	}
	for _, o := range outs {
		if o.agg == "" && len(owners) > 0 && o.slot.opts[0].ref != first.opts[0].ref {
			o.slot.owners = owners
		}
	}
}

// reader is where interpret is in the question.
type reader struct {
	*parse
	pending   []*slot // outputs that wait for the table they are of
	last      *slot   // the table named last
	selecting bool    // a column named here is to be shown
	shown     int     // outputs of earlier parts
	sentence  int     // outputs of earlier sentences
	later     bool    // there was an earlier sentence
}

// read takes item i; it gives how many more than that it took.
func (r *reader) read(i int) int {
	it := r.items[i]
	f := &r.f
	switch it.kind {
	case kColumn:
		r.column(i, it)
	case kTable:
		return r.table(i, it)
	case kRows, kOutput:
		o := it.node.(*output)
		if i > 0 && (r.items[i-1].kind == kColumn || r.items[i-1].kind == kOutput) && r.items[i-1].start != it.start {
			f.unplaced = append(f.unplaced, it.text)
		}
		if n := slices.IndexFunc(f.outs[:r.sentence], func(x *output) bool { return sameOutput(x, o) }); n >= 0 && len(f.outs) > r.sentence {
			r.toEnd(n) // List the id and the number of orders
			return 0
		}
		f.outs = append(f.outs, o)
		if o.rows {
			r.last = o.slot
		} else {
			r.pending = append(r.pending, o.slot)
		}
	case kPred, kWithout:
		p := it.node.(*pred)
		owner := r.last
		if p.bare && i+1 < len(r.items) && r.items[i+1].kind == kTable {
			owner = tableOf(r.items[i+1])
		}
		r.own(p, owner)
		f.preds = append(f.preds, p)
		r.selecting = r.selecting && len(f.outs) == 0
	case kSuper:
		s := it.node.(*super)
		r.f.lead = r.f.lead || i == 0 && (r.at(1).kind == byte(lexicon.Prep) || r.at(1).kind == kPred || r.at(1).kind == byte(lexicon.Relative) && s.slot != nil && !s.slot.soft)
		if s.out != nil && r.last == nil {
			r.last = s.out.slot
		}
		if s.slot != nil && !s.rows {
			if r.last != nil {
				s.slot.owners = r.last.opts
			} else {
				if s.freq && i > 0 && r.items[i-1].kind == byte(lexicon.Prep) {
					r.ofFrequent(s.slot)
				}
				r.pending = append(r.pending, s.slot)
			}
		}
		f.supers = append(f.supers, s)
	case kOrders:
		f.orders = append(f.orders, it.node.([]*orderBy)...)
	case kGroup:
		if n := len(f.outs); i > 0 && n > 0 && r.items[i-1].kind == kColumn && lexicon.Lemma(strings.ToLower(r.items[i-1].text)) == "name" && it.node.([]item)[0].kind == kColumn {
			f.outs = f.outs[:n-1] // the name of each city is the city
		}
		r.groups(it)
		if g := it.node.([]item)[0]; g.kind == kTable {
			r.ofGroup(g)
		}
	default:
		return r.rest(i)
	}
	return 0
}

// column takes a column that no phrase has: it is shown, when the question is
// still (or again) saying what to show.
func (r *reader) column(i int, it item) {
	if l := lexicon.Lemma(strings.ToLower(it.text)); (l == "count" || l == "number") && (r.countAgain() || r.ends(i+1) && r.countMost(it)) {
		return
	}
	if len(r.f.outs) > r.shown && r.selecting && !r.separated(i) {
		if r.entity(i, it) || r.nameOfColumn(i, it) {
			return
		}
		r.selecting = false
	}
	if i > 0 && r.selecting && r.items[i-1].kind == kColumn && r.items[i-1].end == it.start && (r.at(i+1).kind == byte(lexicon.And) || r.at(i+1).kind == byte(lexicon.Comma)) && r.items[i-1].cols[0].score >= 0.95 && it.cols[0].score >= 0.95 && it.arg != "full" {
		s := columnOf(it, anything) // first name middle name and last name
		r.pending = append(r.pending, s)
		r.f.outs = append(r.f.outs, &output{slot: s, at: it.start})
		return
	}
	if len(r.f.outs) > 0 && r.roleOf(it) {
		return
	}
	if i > 0 && (r.items[i-1].kind == kColumn || r.items[i-1].kind == kRows || r.items[i-1].kind == kOutput || r.items[i-1].kind == kSuper || r.items[i-1].kind == kPred && len(r.f.outs) > 0) {
		r.f.unplaced = append(r.f.unplaced, it.text)
		return
	}
	if !r.selecting {
		if i > 0 && strings.IndexByte("h&+,.", r.items[i-1].kind) < 0 && slices.ContainsFunc(r.f.outs, func(o *output) bool {
			return o.agg == "" && len(o.slot.opts) > 0 && len(it.cols) > 0 && o.slot.opts[0].ref == it.cols[0].ref
		}) {
			return // it was said before
		}
		if r.held(i, it) || r.keyNoun(i, it) || r.trailing(i, it) {
			return
		}
		if t := tableOf(it); t != nil && t.opts[0].score >= 0.7 {
			r.table(i, it)
			return
		}
		if !r.people(i, it) && !r.rowsOf(it) {
			r.f.unplaced = append(r.f.unplaced, it.text)
		}
		return
	}
	s := columnOf(it, anything)
	if it.arg == "full" {
		s = r.p.named(it)
	}
	if s == nil {
		r.f.unplaced = append(r.f.unplaced, it.text)
		return
	}
	if i > 0 && r.last != nil && r.items[i-1].kind == kTable {
		s.owners = r.last.opts
	} else {
		r.pending = append(r.pending, s)
	}
	r.f.outs = append(r.f.outs, &output{slot: s, at: it.start, full: it.arg == "full", counts: it.arg == "number"})
}

// separated tells that an item begins a part of a list: the one before it is
// a comma or an "and".
func (r *reader) separated(i int) bool {
	for i--; i >= 0; i-- {
		switch lexicon.Kind(r.items[i].kind) {
		case lexicon.Distinct, lexicon.Be:
			continue
		case lexicon.And, lexicon.Comma, lexicon.Also, lexicon.Stop:
			return true
		}
		return false
	}
	return true
}

// nameOfColumn: the names of the studios, where a studio is a column of films.
// It is shown, in place of its name.
func (r *reader) nameOfColumn(i int, it item) bool {
	n := len(r.f.outs)
	o := r.f.outs[n-1]
	if n != r.shown+1 || r.f.head != nil || o.agg != "" || !nameWord[lexicon.Lemma(strings.ToLower(o.slot.text))] || r.items[i-1].kind != byte(lexicon.Prep) {
		return false
	}
	s := columnOf(it, label)
	if s == nil || s.opts[0].score < 0.75 || r.p.index.isNumber(s.opts[0].ref) {
		return false
	}
	if role := r.p.index.column(s.opts[0].ref).Role; role == semantic.Key || role == semantic.Foreign {
		return false
	}
	t := &slot{text: it.text, at: it.start, want: tableOnly}
	for _, c := range s.opts {
		if c.score >= s.opts[0].score-0.1 {
			t.opts = append(t.opts, cand{ref{c.table, -1}, c.score})
		}
	}
	o.slot, o.full, r.pending, r.last, r.selecting = s, false, nil, t, false
	return true
}

// nameWord tells words that only say that a thing is called by itself.
var nameWord = map[string]bool{"name": true, "type": true, "kind": true, "title": true, "code": true, "list": true, "value": true, "category": true}

// entity reads a plural column after "of all", in a table that is called
// otherwise, as the rows of its table.
func (r *reader) entity(i int, it item) bool {
	if it.cols[0].score < 0.85 || r.items[i-1].kind != byte(lexicon.Prep) || r.f.head != nil {
		return false
	}
	holds := func(t int) bool { // all that is shown
		return !slices.ContainsFunc(r.f.outs, func(o *output) bool {
			return o.agg == "" && (len(r.f.outs) == 1 && nameWord[lexicon.Lemma(strings.ToLower(o.slot.text))] || !slices.ContainsFunc(o.slot.opts, func(c cand) bool { return c.table == t && c.score > 0.8 }))
		})
	}
	t := &slot{text: it.text, at: it.start, want: tableOnly}
	for _, c := range it.cols {
		if !r.p.index.isNumber(c.ref) && holds(c.table) {
			t.opts = append(t.opts, cand{ref{c.table, -1}, c.score - 0.1})
		}
	}
	if len(t.opts) == 0 {
		return false
	}
	r.take(t, it)
	return true
}

// take makes a table the one that is spoken of.
func (r *reader) take(t *slot, it item) {
	for _, s := range r.pending {
		s.owners = t.opts
	}
	r.pending, r.last = nil, t
	r.mention(t, it)
}

// table takes a table's name, or the column of the same name in a list of
// columns to show.
func (r *reader) table(i int, it item) int {
	if r.besideHead(i, it) {
		return 0
	}
	if r.selecting && r.separated(i) && r.listed(i) && columnOf(it, anything) != nil {
		it.kind = kColumn
		r.column(i, it)
		return 0
	}
	if r.selecting && len(r.f.outs) > r.sentence && r.f.head == nil && r.separated(i) && i+1 < len(r.items) && r.items[i+1].kind == byte(lexicon.Prep) {
		r.f.unplaced = append(r.f.unplaced, it.text)
	}
	if r.ofEach(i, it) {
		return 0
	}
	if r.selecting && len(r.f.outs) > r.sentence && r.f.head != nil && r.separated(i) && !r.alongside(i) {
		r.nameToo(it)
		r.mention(tableOf(it), it)
		return 0
	}
	if r.selecting && len(r.f.outs) == 0 && i+2 < len(r.items) && (r.items[i+1].kind == byte(lexicon.And) || r.items[i+1].kind == byte(lexicon.Comma)) && r.items[i+2].kind == kColumn {
		r.nameToo(it)
	}
	if !r.alongside(i) && !r.selecting && i > 1 && r.items[i-1].kind == byte(lexicon.And) && r.items[i-2].kind == kTable || i > 0 && r.items[i-1].kind == kRows && r.items[i-1].end == it.start {
		r.f.unplaced = append(r.f.unplaced, it.text)
		return 0
	}
	took := 0
	if i+1 < len(r.items) && r.items[i+1].kind == kNumber && r.numbered(it, r.items[i+1]) {
		took = 1
		if n := r.at(i + 3); r.at(i+2).kind == byte(lexicon.Or) && n.kind == kNumber { // room 12 or 14
			p := r.f.preds[len(r.f.preds)-1]
			p.or = append(p.or, &pred{kind: compare, op: semantic.Eq, slot: p.slot, values: []string{n.arg}, at: n.start})
			took = 3
		}
	}
	t := tableOf(it)
	if i > 0 && r.items[i-1].kind == byte(lexicon.Also) && len(r.f.outs) > 0 {
		r.f.unplaced = append(r.f.unplaced, it.text)
	}
	r.take(t, it)
	return took
}

// alongside tells a table that does with another what is said of both:
// addresses that are shared by students and teachers.
func (r *reader) alongside(i int) bool {
	if i < 3 || r.items[i-1].kind != byte(lexicon.And) {
		return false
	}
	i -= 2
	return r.items[i].kind == kTable && r.items[i-1].kind == byte(lexicon.By) && r.f.head != nil && r.items[i].start != r.f.head.at
}

// nameToo shows the names of a table's rows: "games and their types".
func (r *reader) nameToo(it item) {
	s := &slot{text: it.text, at: it.start, owners: it.tabs}
	for _, t := range it.tabs {
		if names := r.p.index.shownBy(t.table); len(names) > 0 {
			s.opts = append(s.opts, cand{names[0], t.score - 0.1})
		}
	}
	if len(s.opts) == 0 {
		r.f.unplaced = append(r.f.unplaced, it.text)
		return
	}
	r.f.outs = append(r.f.outs, &output{slot: s, at: it.start, full: true})
}

// listed tells that an item stands in a list of columns: "team, age and name".
func (r *reader) listed(i int) bool {
	comma := func(j int) bool {
		return j >= 0 && j < len(r.items) && (r.items[j].kind == byte(lexicon.Comma) || r.items[j].kind == byte(lexicon.And))
	}
	column := func(j int) bool {
		return j >= 0 && j < len(r.items) && (r.items[j].kind == kColumn || r.items[j].kind == kTable && len(r.items[j].cols) > 0)
	}
	return comma(i+1) && (column(i+2) || comma(i+2) && column(i+3)) || comma(i-1) && len(r.f.outs) > 0 && i > 1 && (r.items[i-2].kind == kColumn || comma(i-2))
}

// mention puts a table into the form: the first is what the question is about.
func (ps *parse) mention(t *slot, it item) {
	t.inverse = ps.hadAs(it)
	if ps.f.head == nil {
		ps.f.head = t
		ps.f.plural = strings.HasSuffix(strings.ToLower(it.text), "s")
		return
	}
	ps.f.also = append(ps.f.also, t)
}

func (ps *parse) own(p *pred, last *slot) {
	if last == nil {
		return
	}
	if p.slot != nil && p.slot.owners == nil && p.kind != related && !p.rows {
		p.slot.owners = last.opts
	}
	for _, q := range p.or {
		ps.own(q, last)
	}
	if p.kind == sharing || p.kind == reports || p.kind == allOf {
		for _, q := range p.inner {
			ps.own(q, last)
		}
	}
}

// numbered reads "room 12": the key, or the column of that name, is 12.
func (ps *parse) numbered(t, n item) bool {
	p := &pred{kind: compare, op: semantic.Eq, values: []string{n.arg}, at: n.start}
	if c := columnOf(t, anything); c != nil && c.opts[0].score >= 0.9 {
		p.slot = c
	} else if k, ok := ps.p.index.soleKey(t.tabs[0].table); ok {
		p.slot = &slot{opts: []cand{{k, 0.8}}, text: t.text, at: t.start}
	} else {
		return false
	}
	ps.f.preds = append(ps.f.preds, p)
	return true
}
