package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// isNumber tells columns that hold measures rather than labels or keys.
func (x *index) isNumber(r ref) bool {
	if r.column < 0 {
		return false
	}
	c := x.column(r)
	if w := lexicon.SplitName(c.Name); len(w) > 0 && labels[w[len(w)-1]] {
		return false
	}
	return (c.Class == semantic.Numeric || c.NumericText) && c.Role != semantic.Key && c.Role != semantic.Foreign
}

// labels are last words of the names of numbers that nobody adds up.
var labels = map[string]bool{"number": true, "code": true, "id": true, "phone": true, "zip": true, "isbn": true, "ssn": true, "fax": true}

func (x *index) isKeyish(r ref) bool {
	c := x.column(r)
	return c.Class == semantic.Numeric || c.NumericText || c.Role == semantic.Key || c.Role == semantic.Foreign
}

// isMoment tells dates and years.
func (x *index) isMoment(r ref) bool {
	if r.column < 0 {
		return false
	}
	c := x.column(r)
	if c.Class == semantic.Date {
		return true
	}
	if c.Class != semantic.Numeric && !c.NumericText {
		return false
	}
	for _, w := range lexicon.SplitName(c.Name) {
		if w == "year" || w == "date" || w == "founded" || w == "opened" || w == "built" || w == "established" {
			return true
		}
	}
	return c.Role != semantic.Key && c.Role != semantic.Foreign && slices.ContainsFunc(lexicon.SplitName(c.Name), func(w string) bool { return begun[lexicon.Stem(w)] }) && allYears(c.Values)
}

// begun are what happens to a thing once, by their stems: numbers called so
// are years when all of them look like it.
var begun = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq("launch creation created formed formation released release introduced introduction completed completion joined born birth debut inauguration publication published discovered construction constructed retired incorporated commissioned closed started") {
		m[lexicon.Stem(w)] = true
	}
	return m
}()

// allYears tells that there are values, and that all of them may be years.
func allYears(values []string) bool {
	return len(values) > 0 && !slices.ContainsFunc(values, func(v string) bool { return !year(strings.TrimSuffix(v, ".0")) })
}

// isTime tells what answers "when": a date, a year, a time of day.
func (x *index) isTime(r ref) bool {
	if r.column < 0 {
		return false
	}
	return x.isMoment(r) || slices.ContainsFunc(lexicon.SplitName(x.column(r).Name), func(w string) bool {
		return w == "date" || w == "time" || w == "year" || w == "month" || w == "day" || w == "hour" || w == "when" || w == "season" || w == "since"
	})
}

// naming tells columns that name a row, or are its key.
func (x *index) naming(r ref) bool {
	return slices.Contains(x.nameOf(r.table), r) || x.column(r).Role == semantic.Key
}

func (x *index) soleKey(t int) (ref, bool) {
	pk := x.table(t).PrimaryKey
	if len(pk) != 1 {
		return ref{}, false
	}
	return x.named(t, pk[0])
}

func (x *index) named(t int, column string) (ref, bool) {
	for c := range x.table(t).Columns {
		if strings.EqualFold(x.table(t).Columns[c].Name, column) {
			return ref{t, c}, true
		}
	}
	return ref{}, false
}

func (x *index) locate(h Hit) (ref, bool) {
	t, ok := x.names[strings.ToLower(h.Table)]
	if !ok {
		return ref{}, false
	}
	return x.named(t, h.Column)
}

// nameOf gives the columns that tell which row it is: name, title, or first
// and last name.
func (x *index) nameOf(t int) []ref {
	var first, last ref
	var got []ref
	tw := x.words[t]
	for c := range x.table(t).Columns {
		w := x.bare(t, lexicon.SplitName(x.table(t).Columns[c].Name))
		if len(w) == 2 && len(w[0]) == 1 { // gname
			w = w[1:]
		}
		switch joined := strings.Join(w, " "); joined {
		case strings.Join(tw, " "):
			got = append(got, ref{t, c})
		case "name", "title", "full name":
			got = append(got, ref{t, c})
		case "first name":
			first = ref{t, c}
		case "last name":
			last = ref{t, c}
		}
	}
	if first != last && first != (ref{}) && last != (ref{}) {
		return []ref{first, last}
	}
	if len(got) > 1 {
		for _, r := range got { // a name before a title
			if w := lexicon.SplitName(x.column(r).Name); w[len(w)-1] == "name" {
				return []ref{r}
			}
		}
		got = got[:1]
	}
	return got
}

// shownBy gives what is shown of a table's rows: their names, else what
// describes them, else their only text, else their key.
func (x *index) shownBy(t int) []ref {
	if names := x.nameOf(t); len(names) > 0 {
		return names
	}
	var texts, says, names []ref
	for _, r := range x.columns(t) {
		c := x.column(r)
		if c.Class != semantic.Text || c.Role == semantic.Key || c.Role == semantic.Foreign || c.NumericText {
			continue
		}
		texts = append(texts, r)
		switch w := lexicon.SplitName(c.Name); {
		case len(w) == 0:
		case w[len(w)-1] == "name":
			names = append(names, r)
		case describing[w[len(w)-1]]:
			says = append(says, r)
		}
	}
	key, ok := x.soleKey(t)
	switch {
	case len(names) == 1:
		return names
	case len(says) == 1:
		return says
	case len(texts) == 1:
		return texts
	case ok:
		return []ref{key}
	}
	return nil
}

// describing are last words of columns that say what a row is.
var describing = map[string]bool{"description": true, "detail": true, "label": true, "text": true, "title": true}

// link gives the table between two whose rows lead to one of each, as a pair of
// theirs; b itself when there is none.
func (x *index) link(a, b int) int {
	if a == b {
		return b
	}
	for _, e := range x.edges[a] {
		if e.to == b && e.many {
			return b
		}
	}
	for _, e := range x.edges[a] {
		if slices.ContainsFunc(x.edges[e.to], func(f edge) bool { return f.to == b && !f.many }) && e.many {
			return e.to
		}
	}
	return b
}

// leadsTo tells a foreign key to table t.
func (x *index) leadsTo(r ref, t int) bool {
	name := x.column(r).Name
	return slices.ContainsFunc(x.edges[r.table], func(e edge) bool {
		return e.to == t && len(e.cols) == 1 && strings.EqualFold(e.cols[0], name)
	})
}

// joined tells that two columns are the ends of a join.
func (x *index) joined(a, b ref) bool {
	from, to := x.column(a).Name, x.column(b).Name
	return slices.ContainsFunc(x.edges[a.table], func(e edge) bool {
		return e.to == b.table && len(e.cols) == 1 && strings.EqualFold(e.cols[0], from) && strings.EqualFold(e.their[0], to)
	})
}

// columns are all columns of a table.
func (x *index) columns(t int) []ref {
	var rs []ref
	for c := range x.table(t).Columns {
		rs = append(rs, ref{t, c})
	}
	return rs
}

// maxHops bounds how far apart tables may be in one question.
const maxHops = 4

// from gives the distance of every table within maxHops.
func (x *index) from(t int) map[int]int {
	dist := map[int]int{t: 0}
	queue := []int{t}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if dist[at] == maxHops {
			continue
		}
		for _, e := range x.edges[at] {
			if _, ok := dist[e.to]; !ok {
				dist[e.to] = dist[at] + 1
				queue = append(queue, e.to)
			}
		}
	}
	return dist
}

// apart is the distance of tables that are not joined at all.
const apart = 50

// spread is the number of joins it takes to connect the tables, nearly: each
// is attached to the nearest one that is connected already, or to one on the
// way between such.
func (x *index) spread(tables []int, dist map[int]map[int]int) int {
	if len(tables) < 2 {
		return 0
	}
	in := []int{tables[0]}
	left := slices.Clone(tables[1:])
	sum := 0
	for len(left) > 0 {
		bestAt, from, best := 0, in[0], apart
		for i, t := range left {
			for _, s := range in {
				if d, ok := dist[t][s]; ok && d < best {
					bestAt, from, best = i, s, d
				}
			}
		}
		sum += best
		if best < apart {
			in = append(in, x.between(from, dist[left[bestAt]])...)
		}
		in = append(in, left[bestAt])
		left = slices.Delete(left, bestAt, bestAt+1)
	}
	return sum
}

// between gives the tables on a shortest way from a table to the one that
// distances are of, without the ends.
func (x *index) between(from int, dist map[int]int) []int {
	var way []int
	for at := from; dist[at] > 1; {
		next := -1
		for _, e := range x.edges[at] {
			if d, ok := dist[e.to]; ok && d == dist[at]-1 && (next < 0 || e.to < next) {
				next = e.to
			}
		}
		if next < 0 {
			break
		}
		way = append(way, next)
		at = next
	}
	return way
}

// toMany tells whether a row of from may have several rows of to, by the
// shortest way; ok is false when there is none.
func (x *index) toMany(from, to int) (many, ok bool) {
	type step struct {
		table int
		many  bool
	}
	seen := map[int]bool{from: true}
	queue := []step{{from, false}}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		if s.table == to {
			return s.many, true
		}
		for _, e := range x.edges[s.table] {
			if !seen[e.to] {
				seen[e.to] = true
				queue = append(queue, step{e.to, s.many || e.many})
			}
		}
	}
	return false, false
}

// inLine gives the tables to which, on a shortest way from this one, no step to
// what a row has one of is followed by one to what that has several of: those
// would only have it in common.
func (x *index) inLine(from int) map[int]bool {
	type place struct {
		table int
		up    bool
	}
	line, shortest := map[int]bool{from: true}, x.from(from)
	dist := map[place]int{{from, false}: 0}
	for queue := []place{{from, false}}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		for _, e := range x.edges[at.table] {
			next := place{e.to, at.up || !e.many}
			if _, seen := dist[next]; seen || at.up && e.many || dist[at] == maxHops {
				continue
			}
			dist[next] = dist[at] + 1
			queue = append(queue, next)
			if dist[next] == shortest[e.to] {
				line[e.to] = true
			}
		}
	}
	return line
}

// aside counts the tables that no rows of the others belong to or have: on the
// shortest way there is one that both only belong to, like the department of a
// student and of a course. The lines are those of each table.
func (x *index) aside(tables []int, line map[int]map[int]bool) int {
	if len(tables) < 2 {
		return 0
	}
	in, left := []int{tables[0]}, slices.Clone(tables[1:])
	for n := -1; len(left) != n; {
		n = len(left)
		left = slices.DeleteFunc(left, func(t int) bool {
			if !slices.ContainsFunc(in, func(from int) bool { return line[from][t] || line[t][from] }) {
				return false
			}
			in = append(in, t)
			return true
		})
	}
	return len(left)
}
