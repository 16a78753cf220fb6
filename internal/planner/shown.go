package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// defaults decides what is shown when the question names no column.
func (b *builder) defaults() bool {
	f := b.f
	if f.onlyMoment() {
		return true
	}
	if f.grain != "" && len(f.outs) == 0 && len(f.supers) == 0 && f.head != nil { // orders per week: how many
		f.outs = append(f.outs, &output{slot: f.head, rows: true, agg: semantic.Count})
		return true
	}
	if len(f.outs) > 0 || f.grain != "" && len(f.supers) == 1 {
		return true
	}
	if f.grain == "" && len(f.supers) == 0 && f.head == nil && len(f.groups) > 0 && !slices.ContainsFunc(f.groups, func(g *slot) bool {
		return g.pick.column < 0 || !strings.Contains(g.text, "'") && !strings.Contains(g.text, "’")
	}) {
		for _, g := range f.groups { // every album's title: a row each
			f.outs = append(f.outs, &output{slot: g})
		}
		f.groups = nil
		return true
	}
	if b.extremeAlone() {
		return true
	}
	if f.head == nil && !f.whole && len(f.supers) == 0 && len(f.groups) == 0 && len(f.preds) > 0 && f.preds[0].kind == like {
		f.outs = append(f.outs, &output{slot: f.preds[0].slot}) // which names contain a word
		return true
	}
	if f.head == nil && !f.whole && len(f.supers) == 0 && len(f.groups) == 1 && f.groups[0].pick.column < 0 {
		f.head, f.groups = f.groups[0], nil // list every album
		b.head = f.head.pick.table
	}
	if f.whole && f.head == nil {
		switch {
		case len(f.groups) == 1 && f.groups[0].pick.column < 0:
			f.head, f.groups = f.groups[0], nil
		case len(f.preds) > 0 && f.preds[0].slot != nil:
			f.head = f.preds[0].slot
		}
		if f.head != nil {
			b.head = f.head.pick.table
		}
	}
	if f.head == nil && len(f.supers) == 1 && f.supers[0].slot != nil && f.supers[0].slot.soft && len(f.groups) == 0 {
		f.head = f.supers[0].slot // who is the youngest woman
	}
	if b.head < 0 || f.head == nil {
		return b.fail("it does not say what to show")
	}
	names := b.p.index.shownBy(b.head)
	if f.whole {
		names = b.p.index.columns(b.head)
	}
	if len(names) == 0 {
		return b.fail("it does not say what to show of %s", b.name(b.head))
	}
	for _, r := range names {
		f.outs = append(f.outs, &output{slot: &slot{pick: cand{r, 0.8}, opts: []cand{{r, 0.8}}, text: b.p.index.column(r).Name}})
	}
	f.fallback = !f.whole
	return true
}

// extremeAlone shows what is the most or the least where no rows are asked for:
// the highest price, the most common colour, the date of the latest.
func (b *builder) extremeAlone() bool {
	f := b.f
	if len(f.supers) != 1 {
		return false
	}
	s := f.supers[0]
	if f.head == nil && len(f.preds) == 0 || f.lead && !s.freq || len(f.groups) > 0 {
		if s.freq && f.counted {
			f.outs = append(f.outs, &output{slot: s.slot}, &output{slot: s.slot, rows: true, agg: semantic.Count})
			return true
		}
		if !s.freq && s.slot != nil && !s.rows && s.agg == "" && !s.slot.soft && s.n == 1 {
			agg := semantic.Min
			if s.desc {
				agg = semantic.Max
			}
			f.outs, f.supers = append(f.outs, &output{slot: s.slot, agg: agg}), nil
			return true
		}
	}
	if s.freq || b.extremeDate(s) {
		f.outs = append(f.outs, &output{slot: s.slot})
		return true
	}
	return false
}

// outputs writes the select list.
func (b *builder) outputs() bool {
	b.sums()
	if b.totals() {
		return b.fail("it is not clear whether a number is a total or one of several")
	}
	b.keysToNames()
	for _, o := range b.fullNames() {
		e, ok := b.expr(o)
		if !ok {
			return false
		}
		if slices.ContainsFunc(b.q.Select, func(s semantic.Output) bool { return fmt.Sprint(s.Expr) == fmt.Sprint(e) }) {
			continue
		}
		b.q.Select = append(b.q.Select, semantic.Output{Expr: e})
	}
	b.q.Distinct = (b.f.distinct || b.kinds()) && !b.aggregated()
	if b.f.distinct && b.aggregated() {
		b.distinctCount()
	}
	return true
}

// keysToNames shows, for a foreign key that is asked for by the name of what it
// leads to (the department of each employee), what names that.
func (b *builder) keysToNames() {
	for _, o := range b.f.outs {
		if b.f.whole || o.agg != "" {
			continue
		}
		if name, ok := b.nameOfKey(o.slot); ok {
			o.slot = &slot{text: o.slot.text, at: o.slot.at, owners: o.slot.owners, opts: []cand{{name, o.slot.pick.score}}, pick: cand{name, o.slot.pick.score}}
			o.full = o.full || len(b.p.index.nameOf(name.table)) > 1
		}
	}
}

// nameOfKey gives what names the row that a foreign key leads to, unless the
// key itself is asked for.
func (b *builder) nameOfKey(s *slot) (ref, bool) {
	r := s.pick.ref
	if r.column < 0 || b.p.index.column(r).Role != semantic.Foreign || slices.ContainsFunc(strings.Fields(strings.ToLower(s.text)), func(w string) bool { return keyWord[lexicon.Lemma(w)] }) {
		return ref{}, false
	}
	for _, e := range b.p.index.edges[r.table] {
		if names := b.p.index.nameOf(e.to); (len(names) == 1 || len(names) == 2 && b.f.words["who"]) && e.to != r.table && b.p.index.leadsTo(r, e.to) && b.parallel(r.table, e.to) == 1 && !b.p.index.joined(r, names[0]) {
			return names[0], true
		}
	}
	return ref{}, false
}

// parallel is how many joins lead from a table to another.
func (b *builder) parallel(from, to int) (n int) {
	for _, e := range b.p.index.edges[from] {
		if e.to == to && !e.many {
			n++
		}
	}
	return n
}

// keyWord tells words that ask for a key itself.
var keyWord = map[string]bool{"id": true, "code": true, "number": true, "key": true, "identifier": true, "ssn": true, "no": true}

// sums adds up a number that is asked for beside aggregates alone, of no one
// row: the total price and the number of seats.
func (b *builder) sums() {
	if !b.aggregated() || len(b.f.groups)+len(b.f.supers) > 0 || slices.ContainsFunc(b.f.outs, func(o *output) bool {
		return o.agg == "" && !(o.counts && b.p.index.isNumber(o.slot.pick.ref))
	}) {
		return
	}
	for _, o := range b.f.outs {
		if o.agg == "" {
			o.agg = semantic.Sum
		}
	}
}

// totals tells that a number is asked for beside something of which there
// may be several rows: "the ids of players and the number of goals".
func (b *builder) totals() bool {
	for _, n := range b.f.outs {
		if !n.counts {
			continue
		}
		for _, o := range b.f.outs {
			if r := o.slot.pick.ref; o != n && r.column >= 0 && (r.table != n.slot.pick.table || !b.naming(r) && b.p.index.column(r).Role == semantic.Foreign) {
				return true
			}
		}
	}
	return false
}

// kinds tells that a question asks which values there are ("what payment
// methods"), not for rows: it names no table, and shows no column that tells
// rows apart.
func (b *builder) kinds() bool {
	if b.f.head != nil || len(b.f.supers) > 0 || len(b.f.orders) > 0 || len(b.have) > 0 {
		return false
	}
	for _, o := range b.f.outs {
		if len(b.f.outs) > 1 || o.slot.pick.score < 0.7 || o.agg != "" || b.naming(o.slot.pick.ref) || b.p.index.column(o.slot.pick.ref).Role == semantic.Key {
			return false
		}
	}
	return true
}

// fullNames puts all that names a row in the place of a full name.
func (b *builder) fullNames() []*output {
	var outs []*output
	for _, o := range b.f.outs {
		names := b.p.index.nameOf(o.slot.pick.table)
		if !o.full || len(names) == 0 {
			outs = append(outs, o)
			continue
		}
		for _, r := range names {
			outs = append(outs, &output{slot: &slot{pick: cand{r, o.slot.pick.score}, opts: []cand{{r, 1}}}})
		}
	}
	b.f.outs = outs
	return outs
}

// distinctCount moves "different" to the counts that can have it.
func (b *builder) distinctCount() {
	for i, s := range b.q.Select {
		if a, ok := s.Expr.(semantic.Aggregate); ok && a.Op == semantic.Count {
			if _, rows := a.Of.(semantic.Rows); !rows {
				a.Distinct = true
				b.q.Select[i].Expr = a
			}
		}
	}
}

func (b *builder) expr(o *output) (semantic.Expr, bool) {
	if o.share {
		plain := *o
		plain.share = false
		whole, ok := b.expr(&plain)
		if !ok {
			return nil, false
		}
		part, ok := b.part(o, whole)
		if o.percent {
			part = semantic.Arith{Op: "*", Left: part, Right: semantic.Value{Class: semantic.Numeric, Text: "100"}}
		}
		return part, ok
	}
	switch {
	case o.measure != "":
		return semantic.MeasureOf{Name: o.measure}, true
	case o.rows:
		t := o.slot.pick.table
		if shown := b.perTable(); shown >= 0 && shown != t {
			t = b.p.index.link(shown, t)
		}
		return b.rows(t), true
	case o.agg != "":
		if o.slot.pick.score < 0.6 {
			return nil, b.fail("it is not clear what %s is", quote(o.slot.text))
		}
		if role := b.p.index.column(o.slot.pick.ref).Role; (o.agg == semantic.Sum || o.agg == semantic.Avg) && (role == semantic.Key || role == semantic.Foreign) {
			return nil, b.fail("%s is a key, and no key adds up", quote(o.slot.text))
		}
		return semantic.Aggregate{Op: o.agg, Of: b.ref(o.slot), Distinct: o.distinct}, true
	}
	return b.ref(o.slot), true
}

func (b *builder) aggregated() bool {
	return slices.ContainsFunc(b.f.outs, func(o *output) bool { return o.agg != "" })
}

// grouping writes "for each": the key of a table groups its rows, and what
// tells the row is shown.
func (b *builder) grouping() bool {
	for _, g := range b.f.groups {
		if name, ok := b.nameOfKey(g); ok && !slices.ContainsFunc(b.f.outs, func(o *output) bool {
			return o.agg == "" && (o.slot.pick.ref == g.pick.ref || o.slot.pick.table == name.table)
		}) {
			b.showGroup(b.at(name))
			if key, ok := b.p.index.soleKey(name.table); ok && (b.aggregated() || len(b.have) > 0) {
				b.q.Group = append(b.q.Group, b.at(key))
			}
			continue
		}
		if g.pick.column >= 0 {
			b.showGroup(b.ref(g))
			continue
		}
		if b.oneEach(g.pick.table) {
			continue
		}
		t := g.pick.table
		if slices.ContainsFunc(b.f.outs, func(o *output) bool { return o.agg != "" && o.agg != semantic.Sum && !o.rows && o.slot.pick.table == t }) {
			return b.fail("each of %s has one value only", b.name(t))
		}
		key, ok := b.p.index.soleKey(t)
		shown := slices.ContainsFunc(b.f.outs, func(o *output) bool {
			return o.agg == "" && (o.slot.pick.table == t || b.p.index.leadsTo(o.slot.pick.ref, t))
		})
		if shown && b.f.eachLed && b.aggregated() && !b.tells(t) {
			shown = false // for each station, its height and the number of trains: which station
		}
		if !shown {
			names := b.p.index.nameOf(t)
			if len(names) == 0 && ok {
				names = []ref{key}
			}
			if len(names) == 0 && !b.aggregated() && len(b.have) == 0 && len(b.f.outs) > 0 {
				b.q.From = b.name(t) // a list, of one row each
				continue
			}
			if len(names) == 0 {
				return b.fail("it is not clear what tells one of %s from another", b.name(t))
			}
			for _, n := range names {
				b.showGroup(b.at(n))
			}
		}
		counted := slices.ContainsFunc(b.f.outs, func(o *output) bool { return o.rows && o.slot.pick.table == t })
		if ok && !counted && (b.aggregated() || len(b.have) > 0) {
			b.q.Group = append(b.q.Group, b.at(key))
		}
	}
	if b.aggregated() && len(b.f.groups) == 0 {
		b.implied()
	}
	return b.periods()
}

// showGroup shows a group's value unless it is shown already: before all
// else, or after it (groupsLast), several in the order of the question.
func (b *builder) showGroup(e semantic.Ref) {
	if slices.ContainsFunc(b.q.Select, func(s semantic.Output) bool { return s.Expr == semantic.Expr(e) }) {
		return
	}
	b.ledByGroup = b.ledByGroup || len(b.q.Select) > 0
	if b.f.groupsLast {
		b.q.Select = append(b.q.Select, semantic.Output{Expr: e})
		return
	}
	b.q.Select = slices.Insert(b.q.Select, b.grouped, semantic.Output{Expr: e})
	b.grouped++
}

// perTable is the table that counts are taken for each row of; -1 for none.
func (b *builder) perTable() int {
	for _, g := range b.f.groups {
		return g.pick.table
	}
	return b.shownTable()
}

// implied groups by the row that names and counts are asked for: "the names
// of teams and their number of players" counts for each team, not each name.
func (b *builder) implied() {
	for _, o := range b.f.outs {
		if o.agg != "" {
			continue
		}
		t := o.slot.pick.table
		if key, ok := b.p.index.soleKey(t); ok && b.naming(o.slot.pick.ref) && b.countsOther(t) {
			b.q.Group = append(b.q.Group, b.at(key))
		}
	}
}

// naming tells columns that tell a row from others.
func (b *builder) naming(r ref) bool {
	return slices.Contains(b.p.index.nameOf(r.table), r)
}

func (b *builder) countsOther(t int) bool {
	return slices.ContainsFunc(b.f.outs, func(o *output) bool { return o.agg != "" && o.slot.pick.table != t })
}

// others brings in the tables that are named but not used: only rows that
// have some of theirs count.
func (b *builder) others() bool {
	used := b.used()
	plainCount := len(b.f.groups) == 0 && len(b.f.outs) == 1 && b.f.outs[0].rows
	if plainCount {
		b.q.From = b.name(b.f.outs[0].slot.pick.table)
	}
	for _, t := range b.chained {
		used[t] = true
	}
	for _, s := range b.f.also {
		t := s.pick.table
		if used[t] || b.isKeyed(s) || b.isColumnOf(used, s) {
			continue
		}
		used[t] = true
		if b.head >= 0 && t != b.head {
			b.where = append(b.where, semantic.Related{Set: b.name(t), Of: b.name(b.head)})
		}
	}
	switch t := b.soleTable(); {
	case b.linkedBy:
	case t >= 0 && b.ofHead(t) && len(b.f.groups) == 0:
		b.q.From = b.name(b.head)
	case t >= 0 && len(b.f.groups) == 0:
		b.q.From = b.name(t)
	case b.f.head != nil && !used[b.head]:
		b.q.From = b.name(b.head)
	}
	return true
}

// isKeyed tells that a table is named beside a value of a key to it, which says
// all there is to say of it: the students of the History department.
func (b *builder) isKeyed(s *slot) bool {
	return slices.ContainsFunc(b.f.preds, func(p *pred) bool {
		return p.slot != nil && p.kind == among && !p.rows && (p.at == s.at-1 || s.at == p.at-1) && p.slot.pick.column >= 0 && b.p.index.leadsTo(p.slot.pick.ref, s.pick.table)
	})
}

// isColumnOf tells that a table is named whose name a column of what is asked
// has too, and says all there is to say of it: the season, the player and the
// country that the player plays for, where a season's row has them all.
func (b *builder) isColumnOf(used map[int]bool, s *slot) bool {
	t := s.pick.table
	for _, c := range b.p.index.find(strings.Fields(strings.Join(b.p.index.words[t], " "))) {
		if c.column >= 0 && c.table != t && used[c.table] && c.score >= 0.9 && !b.p.index.leadsTo(c.ref, t) {
			return true
		}
	}
	return false
}

// ofHead tells that what is shown is put under another table, each row of
// which has one: "the region names of shops" is one name a shop.
func (b *builder) ofHead(t int) bool {
	if b.f.head == nil || b.head == t || len(b.f.outs) == 0 {
		return false
	}
	many, ok := b.p.index.toMany(b.head, t)
	for _, o := range b.f.outs {
		if o.slot.owners == nil || !o.slot.owns(b.head) {
			return false
		}
	}
	return ok && !many
}

// soleTable is the table that every column shown, grouped or ordered by is
// of; -1 when there are several or an aggregate. Rows of it are asked for, and
// all else only says which.
func (b *builder) soleTable() int {
	t := -1
	same := func(s *slot) bool {
		if t < 0 {
			t = s.pick.table
		}
		return s.pick.table == t
	}
	for _, o := range b.f.outs {
		if o.agg != "" || !same(o.slot) {
			return -1
		}
	}
	for _, o := range b.f.orders {
		if o.out != nil || !same(o.slot) {
			return -1
		}
	}
	for _, s := range b.f.supers {
		if s.slot == nil || s.rows || s.agg != "" || !same(s.slot) {
			return -1
		}
	}
	return t
}

// used are the tables that some part of the query reads.
func (b *builder) used() map[int]bool {
	used := map[int]bool{}
	also := map[*slot]bool{}
	for _, s := range b.f.also {
		also[s] = true
	}
	for _, s := range b.f.slots() {
		if s != b.f.head && !also[s] {
			used[s.pick.table] = true
		}
	}
	return used
}
