package exact

import (
	"fmt"
	"slices"
	"strings"

	"github.com/postern/postern/internal/semantic"
)

// maxReadings bounds how many readings of one question are written.
const maxReadings = 8

// build writes a frame as queries: one for each way to take what has several.
func (r *Reader) build(f *frame) (out []Reading) {
	script := []int{}
	for n := 0; n < maxReadings; n++ {
		b := &builder{r: r, f: f, script: script, used: map[int]bool{}}
		if b.write() {
			out = append(out, Reading{Query: b.q, Assumptions: b.notes})
		} else if f.failed == "" {
			f.failed = b.why
		}
		script = b.following()
		if script == nil {
			break
		}
	}
	return out
}

// builder writes one of a frame's queries. At each choice it takes what the
// script says, then the first.
type builder struct {
	r      *Reader
	f      *frame
	q      semantic.Query
	base   int
	where  semantic.And
	have   semantic.And
	used   map[int]bool
	notes  []string
	why    string
	script []int
	sizes  []int
	heads  []semantic.Output // what groups are shown by

	behind  bool         // something is said of rows that there may be several of
	narrows map[int]bool // conditions that say which part of the rows a share is of
}

// following is the script of the next combination, nil after the last.
func (b *builder) following() []int {
	now := make([]int, len(b.sizes))
	copy(now, b.script)
	for i := len(b.sizes) - 1; i >= 0; i-- {
		if now[i]+1 < b.sizes[i] {
			return append(now[:i:i], now[i]+1)
		}
	}
	return nil
}

func (b *builder) pick(n int) int {
	i := len(b.sizes)
	b.sizes = append(b.sizes, n)
	if i < len(b.script) {
		return min(b.script[i], n-1)
	}
	return 0
}

func (b *builder) fail(format string, args ...any) bool {
	if b.why == "" {
		b.why = fmt.Sprintf(format, args...)
	}
	return false
}

func (b *builder) note(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); !slices.Contains(b.notes, s) {
		b.notes = append(b.notes, s)
	}
}

func (b *builder) write() bool {
	if !b.setBase() {
		return false
	}
	b.q.From = b.r.m.Tables[b.base].Name
	b.used[b.base] = true
	if b.f.over && !slices.ContainsFunc(b.f.groups, func(g group) bool { return g.grain != "" }) {
		grain := b.r.m.Tables[b.base].Grain
		if grain == "" {
			grain = semantic.Month
		}
		b.note("over time is by %s", grain)
		b.f.groups = append(b.f.groups, group{grain: grain})
	}
	if b.f.change != "" && !slices.ContainsFunc(b.f.groups, func(g group) bool { return g.grain != "" }) {
		b.f.groups = append(b.f.groups, group{grain: b.f.change})
	}
	if !b.conditions() || !b.outputs() || !b.order() || !b.mentions() {
		return false
	}
	if len(b.where) > 0 {
		b.q.Where = flat(b.where)
	}
	if len(b.have) > 0 {
		b.q.Having = flat(b.have)
	}
	return true
}

func flat(a semantic.And) semantic.Cond {
	if len(a) == 1 {
		return a[0]
	}
	return a
}

// setBase finds the table whose rows the question is about.
func (b *builder) setBase() bool {
	var from []int
	quantities := slices.Clone(b.f.outs)
	if r := b.f.rank; r != nil {
		quantities = append(quantities, r.by)
	}
	for _, c := range b.f.conds {
		if c.quantity != nil {
			quantities = append(quantities, *c.quantity)
		}
	}
	for _, q := range quantities {
		if from = b.tablesOf(q); len(from) > 0 {
			break
		}
	}
	if len(from) == 0 {
		if len(b.f.shown) == 0 {
			return b.fail("it does not say what to show")
		}
		for _, g := range b.f.shown {
			from = b.entity(g)
			if len(from) > 0 {
				break
			}
		}
	}
	if len(from) == 0 {
		return b.fail("it does not say of what")
	}
	if said := slices.DeleteFunc(slices.Clone(from), func(t int) bool {
		return !slices.ContainsFunc(b.f.tables, func(m term) bool { return m.table == t })
	}); len(said) > 0 {
		from = said
	}
	if len(from) > 1 {
		from = b.holding(from)
	}
	b.base = from[b.pick(len(from))]
	return b.base >= 0
}

// holding keeps the tables that hold the values of the question themselves,
// where any do.
func (b *builder) holding(from []int) []int {
	var keep []int
	for _, t := range from {
		values := 0
		for _, c := range b.f.conds {
			for _, v := range c.values {
				values++
				if !slices.ContainsFunc(v.hits, func(h Hit) bool { return b.r.tableAt(h.Table) == t }) {
					values = -len(b.f.conds) * maxWords
				}
			}
		}
		if values > 0 {
			keep = append(keep, t)
		}
	}
	if len(keep) > 0 {
		return keep
	}
	return from
}

func distinct(ts []int) (out []int) {
	for _, t := range ts {
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// tablesOf are the tables that a quantity may be of.
func (b *builder) tablesOf(q quantity) (out []int) {
	for _, t := range q.measures {
		out = append(out, b.r.tableAt(b.r.m.Measures[t.n].Table))
	}
	for _, t := range q.rows {
		out = append(out, t.table)
	}
	if len(out) == 0 {
		for _, t := range strong(q.columns) {
			if q.op != "" && q.op != semantic.Count && !b.r.numeric(t) && b.r.column(t).Class != semantic.Date {
				continue
			}
			out = append(out, t.table)
		}
	}
	return distinct(out)
}

// entity are the tables whose rows a shown thing stands for.
func (b *builder) entity(g group) (out []int) {
	for _, t := range g.terms {
		if t.kind == kTable {
			out = append(out, t.table)
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, t := range strong(g.terms) {
		if t.kind == kColumn {
			out = append(out, t.table)
		}
	}
	if g.grain != "" {
		for _, t := range b.f.tables {
			out = append(out, t.table)
		}
	}
	return distinct(out)
}

// strong drops what is meant by a part of its name where something else is
// meant by all of it.
func strong(ts []term) []term {
	if !slices.ContainsFunc(ts, func(t term) bool { return !t.weak }) {
		return ts
	}
	return slices.DeleteFunc(slices.Clone(ts), func(t term) bool { return t.weak })
}

// column picks one of the columns that a word may be.
func (b *builder) column(ts []term, roles []term) (semantic.Ref, term, bool) {
	ts = slices.DeleteFunc(strong(ts), func(t term) bool { return t.kind != kColumn })
	if own := slices.DeleteFunc(slices.Clone(ts), func(t term) bool { return t.table != b.base }); len(own) > 0 {
		c := own[b.pick(len(own))]
		if c.weak {
			b.note("“%s” is taken for %s", lastWord(b.r.column(c).Name), b.r.label(c))
		}
		return b.r.ref(c), c, true
	}
	type option struct {
		c   term
		via int
	}
	var to []option
	for _, c := range ts {
		for _, via := range b.ways(c.table, roles) {
			to = append(to, option{c, via})
		}
	}
	if len(to) == 0 {
		return semantic.Ref{}, term{}, false
	}
	o := to[b.pick(len(to))]
	ref := b.r.ref(o.c)
	ref.Set = b.set(o.c.table, o.via)
	return ref, o.c, true
}

func lastWord(name string) string {
	ws := words(name)
	return ws[len(ws)-1]
}

func (r *Reader) label(t term) string {
	if l := r.column(t).Label; l != "" {
		return l
	}
	return strings.Join(words(r.column(t).Name), " ")
}

// direct are the joins by which each row of a table has one of another.
func (r *Reader) direct(from, to int) (out []int) {
	for i := range r.m.Joins {
		j := &r.m.Joins[i]
		a, z := r.tableAt(j.From), r.tableAt(j.To)
		switch {
		case a == from && z == to && (j.Cardinality == semantic.ManyToOne || j.Cardinality == semantic.OneToOne),
			z == from && a == to && (j.Cardinality == semantic.OneToMany || j.Cardinality == semantic.OneToOne):
			out = append(out, i)
		}
	}
	return out
}

// anyway is the way to a table that the compiler finds by itself.
const anyway = -1

// ways are the joins to take from the base to a table; anyway where there is
// one way only, or a longer one.
func (b *builder) ways(to int, roles []term) []int {
	direct := b.r.direct(b.base, to)
	var by []int
	for _, role := range slices.Concat(roles, b.f.roles) {
		if slices.Contains(direct, role.n) {
			by = append(by, role.n)
		}
	}
	switch {
	case len(by) > 0 && len(direct) > 1:
		return distinct(by)
	case len(direct) > 1:
		return direct
	case len(direct) == 1, b.r.reaches(b.base, to):
		return []int{anyway}
	}
	return nil
}

// reaches tells that joins lead from a table to another, whichever way.
func (r *Reader) reaches(from, to int) bool {
	seen := map[int]bool{from: true}
	for next := []int{from}; len(next) > 0; next = next[1:] {
		if next[0] == to {
			return true
		}
		for i := range r.m.Joins {
			a, z := r.tableAt(r.m.Joins[i].From), r.tableAt(r.m.Joins[i].To)
			for _, n := range [][2]int{{a, z}, {z, a}} {
				if n[0] == next[0] && n[1] >= 0 && !seen[n[1]] {
					seen[n[1]] = true
					next = append(next, n[1])
				}
			}
		}
	}
	return false
}

// set is what a table is called in the query when it is reached by a join.
func (b *builder) set(t, via int) string {
	b.used[t] = true
	b.behind = b.behind || t != b.base && len(b.r.direct(b.base, t)) == 0
	name := b.r.m.Tables[t].Name
	if via == anyway {
		return name
	}
	as := b.r.m.Joins[via].Name
	for b.r.tableAt(as) >= 0 {
		as += "_row"
	}
	j := semantic.JoinAs{As: as, Table: name, Via: b.r.m.Joins[via].Name}
	if !slices.Contains(b.q.Joins, j) {
		b.q.Joins = append(b.q.Joins, j)
	}
	return as
}

// date is the column that dates the base's rows.
func (b *builder) date(said *term) (semantic.Ref, bool) {
	if said != nil && said.table == b.base {
		return b.r.ref(*said), true
	}
	c, ok := b.r.time(b.base)
	if !ok {
		return semantic.Ref{}, b.fail("it is not clear which date of %s is meant", strings.ToLower(b.r.tableLabel(b.base)))
	}
	b.note("dates are those of %s", b.r.label(c))
	return b.r.ref(c), true
}

func (r *Reader) tableLabel(t int) string {
	if l := r.m.Tables[t].Label; l != "" {
		return l
	}
	return r.m.Tables[t].Name
}

// keys gives what a group is shown by, and what else it is grouped by.
func (b *builder) keys(g group) (shown, group semantic.Expr, ok bool) {
	if g.grain != "" || g.part != "" {
		at, ok := b.date(g.dated)
		if g.part != "" {
			return semantic.Part{Of: at, Unit: g.part}, nil, ok
		}
		return semantic.Period{Of: at, Grain: g.grain}, nil, ok
	}
	if len(b.f.tables) > 0 {
		g.terms = b.owned(g.terms, b.f.tables[0].table)
	}
	var tables []term
	own := false
	for _, t := range strong(g.terms) {
		own = own || t.kind == kColumn && t.table == b.base
		if t.kind == kTable {
			tables = append(tables, t)
		}
	}
	if slices.ContainsFunc(tables, func(t term) bool { return t.table == b.base }) {
		c, ok := b.r.naming(b.base)
		if !ok {
			return nil, nil, b.fail("it is not clear what tells one of %s from another", b.r.tableLabel(b.base))
		}
		return b.r.ref(c), b.key(b.base, b.r.m.Tables[b.base].Name, b.r.ref(c)), true
	}
	var joins []term
	for _, t := range g.terms {
		if t.kind == kJoin && b.r.tableAt(b.r.m.Joins[t.n].From) == b.base {
			joins = append(joins, t)
			if to := b.r.tableAt(b.r.m.Joins[t.n].To); !slices.ContainsFunc(tables, func(o term) bool { return o.table == to }) {
				tables = append(tables, term{kind: kTable, table: to, column: -1})
			}
		}
	}
	if len(tables) > 0 && !own {
		return b.row(tables, joins)
	}
	ref, _, ok := b.column(g.terms, joins)
	if !ok {
		return nil, nil, b.fail("what it is grouped by cannot be reached from %s", b.r.tableLabel(b.base))
	}
	return ref, nil, true
}

// owned keeps the columns of the table that is named first, where there are
// any: the ids of the ferries.
func (b *builder) owned(ts []term, table int) []term {
	keep := slices.DeleteFunc(slices.Clone(ts), func(t term) bool { return t.kind == kColumn && t.table != table })
	if slices.ContainsFunc(keep, func(t term) bool { return t.kind == kColumn && t.weak == strong(ts)[0].weak }) {
		return keep
	}
	return ts
}

// row shows a row of another table by what names it.
func (b *builder) row(tables, joins []term) (shown, group semantic.Expr, ok bool) {
	type option struct{ table, via int }
	var to []option
	for _, t := range tables {
		for _, via := range b.ways(t.table, joins) {
			to = append(to, option{t.table, via})
		}
	}
	if len(to) == 0 {
		return nil, nil, b.fail("what it is grouped by cannot be reached from %s", b.r.tableLabel(b.base))
	}
	o := to[b.pick(len(to))]
	c, ok := b.r.naming(o.table)
	if !ok {
		return nil, nil, b.fail("it is not clear what tells one of %s from another", b.r.tableLabel(o.table))
	}
	if fk, ok := b.foreign(o.table, o.via, b.r.column(c).Name); ok {
		return fk, nil, true
	}
	ref := b.r.ref(c)
	ref.Set = b.set(o.table, o.via)
	return ref, b.key(o.table, ref.Set, ref), true
}

// foreign is the base's own column for a key of another table.
func (b *builder) foreign(table, via int, column string) (semantic.Ref, bool) {
	direct := b.r.direct(b.base, table)
	if via == anyway && len(direct) == 1 {
		via = direct[0]
	}
	if via == anyway {
		return semantic.Ref{}, false
	}
	j := &b.r.m.Joins[via]
	if len(j.Columns) != 1 || b.r.tableAt(j.From) != b.base || !strings.EqualFold(j.RefColumns[0], column) {
		return semantic.Ref{}, false
	}
	b.used[table] = true
	return semantic.Ref{Set: b.r.m.Tables[b.base].Name, Column: j.Columns[0]}, true
}

// key is the table's key where what is shown is not, so that two rows of one
// name stay two.
func (b *builder) key(t int, set string, shown semantic.Ref) semantic.Expr {
	pk := b.r.m.Tables[t].PrimaryKey
	if len(pk) != 1 || strings.EqualFold(pk[0], shown.Column) {
		return nil
	}
	return semantic.Ref{Set: set, Column: pk[0]}
}
