package planner

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/postern/postern/internal/semantic"
)

// builder writes a resolved form as a semantic query.
type builder struct {
	p     *Planner
	f     *form
	q     semantic.Query
	head  int
	where semantic.And
	have  semantic.And
	notes []string
	why   string

	tables, hops int // how many are used, and how many joins that takes
}

func (b *builder) fail(format string, args ...any) bool {
	if b.why == "" {
		b.why = fmt.Sprintf(format, args...)
	}
	return false
}

func (b *builder) note(s string) {
	if !slices.Contains(b.notes, s) {
		b.notes = append(b.notes, s)
	}
}

func (b *builder) build() (semantic.Query, bool) {
	b.setHead()
	if !b.defaults() || !b.preds() || !b.supers() || !b.outputs() || !b.grouping() || !b.orders() || !b.others() {
		return semantic.Query{}, false
	}
	if len(b.where) > 0 {
		b.q.Where = flat(b.where)
	}
	if len(b.have) > 0 {
		b.q.Having = flat(b.have)
	}
	if b.contradicts() {
		return semantic.Query{}, b.fail("no row has two values of one column")
	}
	if !b.linked() {
		return semantic.Query{}, false
	}
	return b.q, true
}

// contradicts tells that one column is to have two values.
func (b *builder) contradicts() bool {
	seen := map[semantic.Expr]semantic.Expr{}
	above, below := map[semantic.Expr]float64{}, map[semantic.Expr]float64{}
	for _, c := range b.where {
		if cmp, ok := c.(semantic.Compare); ok {
			v, _ := cmp.Right.(semantic.Value)
			n, err := strconv.ParseFloat(v.Text, 64)
			switch {
			case err != nil:
			case cmp.Op == semantic.Gt || cmp.Op == semantic.Ge:
				above[cmp.Left] = n
			case cmp.Op == semantic.Lt || cmp.Op == semantic.Le:
				below[cmp.Left] = n
			}
			if lo, ok := above[cmp.Left]; ok {
				if hi, ok := below[cmp.Left]; ok && hi < lo {
					return true
				}
			}
		}
		if eq, ok := c.(semantic.Compare); ok && eq.Op == semantic.Eq {
			if v, ok := seen[eq.Left]; ok && v != eq.Right {
				return true
			}
			seen[eq.Left] = eq.Right
		}
	}
	return false
}

func flat(a semantic.And) semantic.Cond {
	if len(a) == 1 {
		return a[0]
	}
	return a
}

// setHead finds what the question is about: the table it names first, or the
// table of its first output.
func (b *builder) setHead() {
	b.head = -1
	switch {
	case b.f.head != nil:
		b.head = b.f.head.pick.table
	case len(b.f.outs) > 0:
		b.head = b.f.outs[0].slot.pick.table
	case len(b.f.supers) > 0 && b.f.supers[0].slot != nil:
		b.head = b.f.supers[0].slot.pick.table
	case len(b.f.preds) > 0 && b.f.preds[0].slot != nil:
		b.head = b.f.preds[0].slot.pick.table
	}
	for _, o := range b.f.outs {
		if o.rows && b.f.head == nil && len(b.f.groups) == 0 {
			b.head = o.slot.pick.table
		}
	}
}

func (b *builder) ref(s *slot) semantic.Ref { return b.at(s.pick.ref) }

func (b *builder) at(r ref) semantic.Ref {
	return semantic.Ref{Set: b.p.index.table(r.table).Name, Column: b.p.index.column(r).Name}
}

func (b *builder) name(t int) string { return b.p.index.table(t).Name }

// defaults decides what is shown when the question names no column.
func (b *builder) defaults() bool {
	f := b.f
	if len(f.outs) > 0 {
		return true
	}
	if len(f.supers) == 1 && f.head == nil && len(f.preds) == 0 || len(f.supers) == 1 && len(f.groups) > 0 {
		s := f.supers[0]
		if s.freq && f.counted {
			f.outs = append(f.outs, &output{slot: s.slot}, &output{slot: s.slot, rows: true, agg: semantic.Count})
			return true
		}
		if s.freq {
			f.outs = append(f.outs, &output{slot: s.slot})
			return true
		}
		if s.slot != nil && !s.rows && s.agg == "" && !s.slot.soft && s.n == 1 {
			agg := semantic.Min
			if s.desc {
				agg = semantic.Max
			}
			f.outs, f.supers = append(f.outs, &output{slot: s.slot, agg: agg}), nil
			return true
		}
	}
	if len(f.supers) == 1 && f.supers[0].freq {
		f.outs = append(f.outs, &output{slot: f.supers[0].slot})
		return true
	}
	if b.head < 0 || f.head == nil {
		return b.fail("it does not say what to show")
	}
	names := b.p.index.nameOf(b.head)
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

// outputs writes the select list.
func (b *builder) outputs() bool {
	if b.totals() {
		return b.fail("it is not clear whether a number is a total or one of several")
	}
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

// totals tells that a number is asked for beside something of which there
// may be several rows: "the ids of players and the number of goals".
func (b *builder) totals() bool {
	for _, n := range b.f.outs {
		if !n.counts {
			continue
		}
		for _, o := range b.f.outs {
			if r := o.slot.pick.ref; o != n && (r.table != n.slot.pick.table || !b.naming(r) && b.p.index.column(r).Role == semantic.Foreign) {
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
	switch {
	case o.rows:
		t := o.slot.pick.table
		if shown := b.perTable(); shown >= 0 && shown != t {
			t = b.p.index.link(shown, t)
		}
		return b.rows(t), true
	case o.agg != "":
		if o.slot.pick.score < 0.7 {
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
		if g.pick.column >= 0 {
			e := b.ref(g)
			b.showGroup(e)
			continue
		}
		t := g.pick.table
		if slices.ContainsFunc(b.f.outs, func(o *output) bool { return o.agg != "" && !o.rows && o.slot.pick.table == t }) {
			return b.fail("each of %s has one value only", b.name(t))
		}
		key, ok := b.p.index.soleKey(t)
		shown := slices.ContainsFunc(b.f.outs, func(o *output) bool {
			return o.agg == "" && (o.slot.pick.table == t || b.p.index.leadsTo(o.slot.pick.ref, t))
		})
		if !shown {
			names := b.p.index.nameOf(t)
			if len(names) == 0 && ok {
				names = []ref{key}
			}
			if len(names) == 0 {
				return b.fail("it is not clear what tells one of %s from another", b.name(t))
			}
			for _, n := range names {
				b.showGroup(b.at(n))
			}
		}
		if ok && (b.aggregated() || len(b.have) > 0) {
			b.q.Group = append(b.q.Group, b.at(key))
		}
	}
	if b.aggregated() && len(b.f.groups) == 0 {
		b.implied()
	}
	return true
}

// showGroup shows a group's value first unless it is shown already.
func (b *builder) showGroup(e semantic.Ref) {
	if slices.ContainsFunc(b.q.Select, func(s semantic.Output) bool { return s.Expr == semantic.Expr(e) }) {
		return
	}
	b.q.Select = slices.Insert(b.q.Select, 0, semantic.Output{Expr: e})
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

// supers writes superlatives as an order and a limit.
func (b *builder) supers() bool {
	if len(b.f.supers) == 0 {
		return true
	}
	if len(b.f.supers) > 1 {
		return b.fail("it asks for more than one extreme")
	}
	if slices.ContainsFunc(b.f.preds, func(p *pred) bool { return p.kind == related && len(p.inner) == 0 }) {
		return b.fail("it is not clear what the extreme and the exclusion have to do with each other")
	}
	s := b.f.supers[0]
	n := s.n
	if b.f.limit > 0 {
		n = b.f.limit
	}
	switch {
	case s.agg != "":
		if !b.byAggregate(s) {
			return false
		}
	case s.freq:
		if slices.ContainsFunc(b.f.outs, func(o *output) bool { return o.agg == "" && o.slot.pick.ref != s.slot.pick.ref }) {
			return b.fail("the most common %s is not what it shows", s.slot.text)
		}
		b.q.Group = append(b.q.Group, b.ref(s.slot))
		b.q.Order = append(b.q.Order, semantic.Order{By: b.rows(s.slot.pick.table), Desc: s.desc})
	case s.rows:
		if !b.byRows(s) {
			return false
		}
	default:
		if len(b.f.groups) > 0 {
			return b.fail("it asks for an extreme within each group")
		}
		desc := s.desc != s.slot.flip[s.slot.pick.ref]
		b.q.Order = append(b.q.Order, semantic.Order{By: b.ref(s.slot), Desc: desc})
	}
	b.q.Limit = n
	b.note("if several tie, one of them is shown")
	return true
}

// byAggregate orders what is shown by an aggregate of its rows.
func (b *builder) byAggregate(s *super) bool {
	t := b.shownTable()
	if t < 0 || b.aggregated() || len(b.f.groups) > 0 {
		return b.fail("it does not say what %s is taken over", quote(s.slot.text))
	}
	if key, ok := b.p.index.soleKey(t); ok && t != s.slot.pick.table {
		b.q.Group = append(b.q.Group, b.at(key))
	} else {
		for _, o := range b.f.outs {
			b.q.Group = append(b.q.Group, b.ref(o.slot))
		}
	}
	b.q.Order = append(b.q.Order, semantic.Order{By: semantic.Aggregate{Op: s.agg, Of: b.ref(s.slot)}, Desc: s.desc})
	return true
}

func (b *builder) rows(t int) semantic.Expr {
	return semantic.Aggregate{Op: semantic.Count, Of: semantic.Rows{Set: b.name(t)}}
}

// byRows orders by a number of rows: of each value shown, when the rows are
// the ones shown, else of each row of the table shown.
func (b *builder) byRows(s *super) bool {
	t := b.head
	counted := b.counted(s.slot)
	if counted < 0 {
		return b.fail("it does not say the most of what")
	}
	if out := b.shownTable(); out >= 0 {
		t = out
	}
	if t != counted && b.rowwise(t) {
		key, ok := b.p.index.soleKey(t)
		if !ok {
			return b.fail("%s has no key to count by", b.name(t))
		}
		b.q.Group = append(b.q.Group, b.at(key))
	} else {
		for _, o := range b.f.outs {
			if o.agg == "" {
				b.q.Group = append(b.q.Group, b.ref(o.slot))
			}
		}
	}
	b.q.Order = append(b.q.Order, semantic.Order{By: b.rows(b.p.index.link(t, counted)), Desc: s.desc})
	return true
}

// rowwise tells that each row of a table is shown for itself: the question
// names the table, or a column that tells its rows apart.
func (b *builder) rowwise(t int) bool {
	if b.f.head != nil && b.head == t {
		return true
	}
	for _, o := range b.f.outs {
		if o.agg == "" && o.slot.pick.table == t && (b.naming(o.slot.pick.ref) || b.p.index.column(o.slot.pick.ref).Role == semantic.Key) {
			return true
		}
	}
	return len(b.f.outs) == 0
}

// counted is the table whose rows are counted; "the most times" counts the
// rows of the only other table in the question.
func (b *builder) counted(s *slot) int {
	if s != nil {
		return s.pick.table
	}
	if len(b.f.also) == 1 {
		return b.f.also[0].pick.table
	}
	return -1
}

func (b *builder) shownTable() int {
	for _, o := range b.f.outs {
		if o.agg == "" {
			return o.slot.pick.table
		}
	}
	return -1
}

func (b *builder) orders() bool {
	for _, o := range b.f.orders {
		var e semantic.Expr
		if o.out != nil {
			var ok bool
			if e, ok = b.expr(o.out); !ok {
				return false
			}
		} else if o.slot.pick.column < 0 {
			return b.fail("it does not say by what to sort")
		} else {
			e = b.ref(o.slot)
		}
		b.q.Order = append(b.q.Order, semantic.Order{By: e, Desc: o.desc})
	}
	if b.f.limit > 0 && len(b.f.supers) == 0 {
		if len(b.f.orders) == 0 {
			return b.fail("it does not say by what the top is measured")
		}
		b.q.Limit = b.f.limit
	}
	return true
}

// others brings in the tables that are named but not used: only rows that
// have some of theirs count.
func (b *builder) others() bool {
	used := b.used()
	plainCount := len(b.f.groups) == 0 && len(b.f.outs) == 1 && b.f.outs[0].rows
	if plainCount {
		b.q.From = b.name(b.f.outs[0].slot.pick.table)
	}
	for _, s := range b.f.also {
		t := s.pick.table
		if used[t] {
			continue
		}
		used[t] = true
		if b.head >= 0 && t != b.head {
			b.where = append(b.where, semantic.Related{Set: b.name(t), Of: b.name(b.head)})
		}
	}
	switch t := b.soleTable(); {
	case t >= 0 && len(b.f.groups) == 0:
		b.q.From = b.name(t)
	case b.f.head != nil && !used[b.head]:
		b.q.From = b.name(b.head)
	}
	return true
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

// linked refuses a query over tables that no joins lead between, or only by
// way of tables that the question has nothing to do with; and one that leaves
// out what a linking word names ("affected", with a table of that name).
func (b *builder) linked() bool {
	var tables []int
	dist := map[int]map[int]int{}
	for _, s := range b.f.slots() {
		if t := s.pick.table; !slices.Contains(tables, t) {
			tables = append(tables, t)
			dist[t] = b.p.index.from(t)
		}
	}
	b.hops = b.p.index.spread(tables, dist)
	switch {
	case b.hops >= apart:
		return b.fail("the tables it needs are not joined")
	case b.hops-(len(tables)-1) > 1:
		return b.fail("the tables it needs are far apart")
	}
	for _, h := range b.f.hints {
		if !slices.ContainsFunc(h, func(c cand) bool {
			return c.score >= h[0].score-0.1 && slices.Contains(tables, c.table) || b.onTheWay(c.table, tables)
		}) {
			return b.fail("it is not clear what %s has to do with it", b.name(h[0].table))
		}
	}
	b.tables = len(tables)
	return true
}

// onTheWay tells that a table is a step from two of the others, so that the
// way between them may go through it.
func (b *builder) onTheWay(t int, tables []int) bool {
	n := 0
	for _, e := range b.p.index.edges[t] {
		if slices.Contains(tables, e.to) {
			n++
		}
	}
	return n > 1
}

func itoa(n int) string { return strconv.Itoa(n) }
