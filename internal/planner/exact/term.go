package exact

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// kind is what a stretch of words may be.
type kind byte

const (
	kMeasure kind = iota + 1
	kFilter
	kColumn
	kTable
	kJoin
	kValue
	kNumber
	kUnit
	kPeriod
	kGrain
	kPart
	kRelative // a time counted from today
	kCount
	kAgg
	kCompare
	kSuper
	kMost
	kTop
	kBy
	kEach
	kNot
	kAnd
	kOr
	kBetween
	kDistinct
	kLike
	kShare
	kChange
	kOver // over time
	kHave
	kPrep
	kVerb
	kWhich
	kAsk
	kFill
	kNull
	kWhole
	kMark
	kText // any word, behind contains
)

// term is one meaning of a stretch of words.
type term struct {
	kind          kind
	table, column int // of kColumn, kTable
	n             int // measure, filter or join
	arg           string
	weak          bool // by a part of its name
	hits          []Hit
	period        period
	unit          unit
}

// words gives the key of a name: its words' lemmas.
func words(name string) []string {
	var out []string
	for _, f := range strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == ' ' || r == '_' || r == '-' || r == '.' }) {
		out = append(out, lexicon.Lemma(f))
	}
	return out
}

func stemmed(ws []string) string {
	out := make([]string, len(ws))
	for i, w := range ws {
		out[i] = w
		if len(w) > 2 { // by is no be
			out[i] = lexicon.Stem(w)
		}
	}
	return strings.Join(out, " ")
}

func (r *Reader) name(t term, names ...string) {
	for _, name := range names {
		ws := words(name)
		if len(ws) == 0 {
			continue
		}
		put(r.terms, strings.Join(ws, " "), t)
		put(r.stems, stemmed(ws), t)
	}
}

func put(m map[string][]term, key string, t term) {
	same := func(o term) bool { return o.kind == t.kind && o.table == t.table && o.column == t.column && o.n == t.n }
	if !slices.ContainsFunc(m[key], same) {
		m[key] = append(m[key], t)
	}
}

// Curated tells that somebody has written down how people speak of a model:
// synonyms, named filters, or measures that no draft proposed.
func Curated(m *semantic.Model) bool {
	return len(m.Filters) > 0 ||
		slices.ContainsFunc(m.Measures, func(x semantic.Measure) bool { return !x.Inferred }) ||
		slices.ContainsFunc(m.Joins, func(j semantic.Join) bool { return len(j.Synonyms) > 0 }) ||
		slices.ContainsFunc(m.Tables, func(t semantic.Table) bool {
			return len(t.Synonyms) > 0 || slices.ContainsFunc(t.Columns, func(c semantic.Column) bool { return len(c.Synonyms) > 0 })
		})
}

// enter indexes the model.
func (r *Reader) enter() {
	m := r.m
	for i := range m.Tables {
		t := &m.Tables[i]
		r.name(term{kind: kTable, table: i, column: -1}, append([]string{t.Name, t.Label}, t.Synonyms...)...)
		for j := range t.Columns {
			c := &t.Columns[j]
			r.name(term{kind: kColumn, table: i, column: j}, append([]string{c.Name, c.Label}, c.Synonyms...)...)
			for _, name := range append([]string{c.Name, c.Label}, c.Synonyms...) {
				if ws := words(name); len(ws) > 1 {
					put(r.heads, ws[len(ws)-1], term{kind: kColumn, table: i, column: j, weak: true})
				}
			}
		}
	}
	for i := range m.Measures {
		x := &m.Measures[i]
		if x.Expr == nil || x.Inferred {
			continue
		}
		r.name(term{kind: kMeasure, n: i}, append([]string{x.Name, x.Label}, x.Synonyms...)...)
	}
	for i := range m.Filters {
		if f := &m.Filters[i]; f.Where != nil {
			r.name(term{kind: kFilter, n: i}, append([]string{f.Name, f.Label}, f.Synonyms...)...)
		}
	}
	for i := range m.Joins {
		j := &m.Joins[i]
		r.name(term{kind: kJoin, n: i}, append([]string{j.Label}, j.Synonyms...)...)
	}
}

func (r *Reader) table(t term) *semantic.Table   { return &r.m.Tables[t.table] }
func (r *Reader) column(t term) *semantic.Column { return &r.m.Tables[t.table].Columns[t.column] }

func (r *Reader) ref(t term) semantic.Ref {
	return semantic.Ref{Set: r.table(t).Name, Column: r.column(t).Name}
}

func (r *Reader) numeric(t term) bool {
	c := r.column(t)
	return (c.Class == semantic.Numeric || c.NumericText) && c.Role != semantic.Key && c.Role != semantic.Foreign
}

// tableAt finds a table by name; -1 for none.
func (r *Reader) tableAt(name string) int {
	return slices.IndexFunc(r.m.Tables, func(t semantic.Table) bool { return strings.EqualFold(t.Name, name) })
}

func (r *Reader) columnAt(table, column string) (term, bool) {
	t := r.tableAt(table)
	if t < 0 {
		return term{}, false
	}
	c := slices.IndexFunc(r.m.Tables[t].Columns, func(c semantic.Column) bool { return strings.EqualFold(c.Name, column) })
	return term{kind: kColumn, table: t, column: c}, c >= 0
}

// naming is the column that says which row of a table one is, as people do.
func (r *Reader) naming(t int) (term, bool) {
	table := &r.m.Tables[t]
	own := strings.Join(words(table.Name), " ")
	for _, want := range []string{"name", own + " name", "title", own, "label"} {
		for i := range table.Columns {
			c := &table.Columns[i]
			if c.Class == semantic.Text && strings.Join(words(c.Name), " ") == want {
				return term{kind: kColumn, table: t, column: i}, true
			}
		}
	}
	if len(table.PrimaryKey) == 1 {
		c, ok := r.columnAt(table.Name, table.PrimaryKey[0])
		return c, ok && r.column(c).Class == semantic.Text
	}
	return term{}, false
}

// time is the column that dates a table's rows.
func (r *Reader) time(t int) (term, bool) {
	table := &r.m.Tables[t]
	if table.TimeColumn != "" {
		if c, ok := r.columnAt(table.Name, table.TimeColumn); ok && r.column(c).Class == semantic.Date {
			return c, true
		}
	}
	found, n := term{}, 0
	for i := range table.Columns {
		if table.Columns[i].Class == semantic.Date {
			found, n = term{kind: kColumn, table: t, column: i}, n+1
		}
	}
	return found, n == 1
}
