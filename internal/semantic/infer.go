package semantic

import (
	"cmp"
	"slices"
	"strings"
)

// Infer guesses what nothing declares: primary keys by name and by distinct
// values, joins by name and type, roles, time columns. A join guessed so is
// marked Inferred; no declared one is touched.
func (m *Model) Infer() { m.InferExcept(func(Join) bool { return false }) }

// InferExcept is Infer without the joins that are known to be none.
func (m *Model) InferExcept(apart func(Join) bool) {
	for i := range m.Tables {
		m.Tables[i].inferKey()
	}
	m.inferJoins(apart)
	joined := m.namesakes().joined
	for i := range m.Tables {
		m.Tables[i].inferRoles(joined)
	}
	m.settle()
}

// Guess adds joins that were found some other way, and makes their columns
// keys to other tables.
func (m *Model) Guess(joins []Join) {
	for _, j := range joins {
		if !m.addJoin(j) {
			continue
		}
		if t, ok := m.Table(j.From); ok {
			for _, name := range j.Columns {
				if c, ok := t.Column(name); ok {
					c.Role, c.Additive = Foreign, ""
				}
			}
		}
	}
	m.settle()
}

// Connected reports whether a join leads from one table to the other, either
// way.
func (m *Model) Connected(a, b string) bool {
	return slices.ContainsFunc(m.Joins, func(j Join) bool {
		return fold(j.From, a) && fold(j.To, b) || fold(j.From, b) && fold(j.To, a)
	})
}

// Singular is the singular of an English noun, by its ending alone.
func Singular(w string) string {
	l := strings.ToLower(w)
	switch {
	case strings.HasSuffix(l, "ies") && len(l) > 4:
		return w[:len(w)-3] + "y"
	case strings.HasSuffix(l, "sses"), strings.HasSuffix(l, "ches"), strings.HasSuffix(l, "shes"), strings.HasSuffix(l, "xes"):
		return w[:len(w)-2]
	case strings.HasSuffix(l, "s") && !strings.HasSuffix(l, "ss") && !strings.HasSuffix(l, "us") && !strings.HasSuffix(l, "is"):
		return w[:len(w)-1]
	}
	return w
}

// squeeze takes out what names differ by without meaning.
func squeeze(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "", ".", "").Replace(name))
}

// inferKey takes the column that is called like a key and has a different
// value in each row, as far as that is known; or the first column, if its
// values are known to be all different.
func (t *Table) inferKey() {
	if len(t.PrimaryKey) > 0 || len(t.Columns) == 0 {
		return
	}
	table, one := squeeze(t.Name), squeeze(Singular(t.Name))
	names := []string{"id", one + "id", table + "id", one + "key", one + "code", one + "no", one + "number"}
	for _, want := range names {
		for _, c := range t.Columns {
			if squeeze(c.Name) == want && t.mayBeKey(&c) {
				t.PrimaryKey, t.KeyInferred = []string{c.Name}, true
				return
			}
		}
	}
	if c := &t.Columns[0]; t.Rows > 1 && c.Distinct == t.Rows && t.mayBeKey(c) {
		t.PrimaryKey, t.KeyInferred = []string{c.Name}, true
	}
}

func (t *Table) mayBeKey(c *Column) bool {
	return c.Class != Date && c.Class != Boolean && (t.Rows < 0 || c.Distinct < 0 || c.Distinct == t.Rows)
}

// namesakes finds tables by what a column that refers to them may be called.
type namesakes struct {
	m         *Model
	whole     map[string][]alike
	ending    map[string][]alike
	joined    map[[2]string]bool // table and column that take part in a join
	connected map[[2]string]bool // tables with a declared join between them
}

type alike struct {
	table    int
	likeness int
	generic  bool // the key is called id or code: the table's name is in the match
}

// How sure a name makes a join.
const (
	likeKey    = 4 // called like the key, or like table and key
	likeEnding = 3 // ending so: home_team_id
	likeTable  = 2 // called like the table alone
)

func (m *Model) namesakes() *namesakes {
	n := &namesakes{m: m, whole: map[string][]alike{}, ending: map[string][]alike{}, joined: map[[2]string]bool{}, connected: map[[2]string]bool{}}
	for i := range m.Tables {
		if len(m.Tables[i].PrimaryKey) == 1 {
			n.add(i)
		}
	}
	for _, j := range m.Joins {
		from, to := strings.ToLower(j.From), strings.ToLower(j.To)
		for _, c := range j.Columns {
			n.joined[[2]string{from, strings.ToLower(c)}] = true
		}
		n.connected[[2]string{from, to}], n.connected[[2]string{to, from}] = true, true
	}
	return n
}

func (n *namesakes) add(i int) {
	t := &n.m.Tables[i]
	pk, one, many := squeeze(t.PrimaryKey[0]), squeeze(Singular(t.Name)), squeeze(t.Name)
	put := func(to map[string][]alike, name string, likeness int, generic bool) {
		if !slices.ContainsFunc(to[name], func(a alike) bool { return a.table == i }) {
			to[name] = append(to[name], alike{i, likeness, generic})
		}
	}
	if !slices.Contains([]string{"id", "name", "code", "key", "no", "number", "num"}, pk) {
		put(n.whole, pk, likeKey, false)
		if len(pk) > 3 {
			put(n.ending, pk, likeEnding, false)
		}
		return
	}
	for _, name := range []string{one, many} {
		put(n.whole, name+pk, likeKey, true)
		put(n.whole, name, likeTable, true)
		if len(name) > 2 {
			put(n.ending, name+pk, likeEnding, true)
		}
	}
}

// of lists the tables that a column may refer to, the likeliest first.
func (n *namesakes) of(t *Table, c *Column) (out []alike) {
	name := squeeze(c.Name)
	for _, a := range n.whole[name] {
		if a.likeness == likeTable && c.Class != Numeric || !a.generic && n.shares(t, c, a) {
			continue
		}
		out = append(out, a)
	}
	for i := 1; i < len(name); i++ {
		out = append(out, n.ending[name[i:]]...)
	}
	if len(out) == 0 && len(t.PrimaryKey) == 1 && slices.Contains(above, name) {
		at := slices.IndexFunc(n.m.Tables, func(x Table) bool { return x.Name == t.Name })
		out = append(out, alike{at, likeTable, true})
	}
	return out
}

// above are columns that lead to another row of their own table.
var above = []string{"reportsto", "managerid", "manager", "mgr", "mgrid", "supervisor", "supervisorid", "boss", "bossid", "parentid", "parent"}

// shares reports whether a column that is called like another table's key is
// itself its table's key, and not called after that other table: then the
// other may as well refer to this one.
func (n *namesakes) shares(t *Table, c *Column, a alike) bool {
	to := &n.m.Tables[a.table]
	if t == to {
		return true
	}
	if len(t.PrimaryKey) != 1 || !fold(t.PrimaryKey[0], c.Name) {
		return false
	}
	start := func(s string) string { return s[:min(len(s), 3)] }
	name := squeeze(c.Name)
	return start(squeeze(t.Name)) == start(name) || start(squeeze(to.Name)) != start(name)
}

// inferJoins finds the table that each column without a join is called after. A
// column that the spec says is something else leads nowhere.
func (m *Model) inferJoins(apart func(Join) bool) {
	n := m.namesakes()
	for i := range m.Tables {
		t := &m.Tables[i]
		for k := range t.Columns {
			c := &t.Columns[k]
			if n.joined[[2]string{strings.ToLower(t.Name), strings.ToLower(c.Name)}] || c.Class == Date || c.Class == Boolean ||
				c.Role != "" && c.Role != Foreign && c.Role != Key {
				continue
			}
			if to := n.likeliest(t, c); to != nil {
				j := Join{From: t.Name, To: to.Name, Columns: []string{c.Name}, RefColumns: slices.Clone(to.PrimaryKey), Inferred: true, FromOptional: c.Nullable}
				j.Cardinality = cardinalityOf(t, j.Columns, to, j.RefColumns)
				if !apart(j) {
					m.addJoin(j)
				}
			}
		}
	}
}

func (n *namesakes) likeliest(t *Table, c *Column) *Table {
	var best *Table
	score := 0
	for _, a := range n.of(t, c) {
		to := &n.m.Tables[a.table]
		key, ok := to.Column(to.PrimaryKey[0])
		if a.likeness <= score || !ok || key.Class != c.Class && key.Class != Unknown && c.Class != Unknown || t == to && fold(key.Name, c.Name) {
			continue
		}
		// Where a join is declared, only a column that names the other table
		// outright is one more.
		if a.likeness < likeEnding && t != to && n.connected[[2]string{strings.ToLower(t.Name), strings.ToLower(to.Name)}] || apart(c, key) {
			continue
		}
		best, score = to, a.likeness
	}
	return best
}

// apart reports whether the values are known to be others: of a column of few
// values more than a third are not there.
func apart(c, key *Column) bool {
	if !c.Complete || !key.Complete || len(c.Values) == 0 {
		return false
	}
	missing := 0
	for _, v := range c.Values {
		if _, ok := slices.BinarySearch(key.Values, v); !ok && !slices.Contains(key.Values, v) {
			missing++
		}
	}
	return missing*3 > len(c.Values)
}

// notSums are words in the names of numbers whose sum means nothing.
var notSums = []string{"rate", "ratio", "percent", "pct", "average", "avg", "age", "rating", "score", "year", "latitude", "longitude", "lat", "lng", "lon",
	"temperature", "rank", "ranking", "level", "grade", "gpa", "height", "speed", "elevation", "density", "index", "number", "code", "zip", "floor", "month", "day", "hour", "price"}

// stocks are words for what may be summed, but not over time.
var stocks = []string{"balance", "stock", "inventory", "onhand", "population", "headcount", "capacity"}

func (t *Table) inferRoles(joined map[[2]string]bool) {
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Role == "" {
			c.Role = t.roleOf(c, joined[[2]string{strings.ToLower(t.Name), strings.ToLower(c.Name)}])
		}
		if c.Additive == "" && c.Class == Numeric {
			c.Additive = additivity(c)
		}
	}
	if t.TimeColumn == "" {
		t.TimeColumn = t.when()
	}
	if t.TimeColumn != "" {
		t.Grain = cmp.Or(t.Grain, Month)
	}
}

// besides are words for dates that are no time of the row itself: when a
// person was born, when a record was changed, until when something holds.
var besides = []string{"birth", "birthday", "birthdate", "dob", "born", "updated", "update", "modified", "changed", "deleted", "expiry", "expires", "expiration", "due", "until", "end", "ended", "death", "last"}

// when is the column that "in 2024" is most likely about: the first date that
// is not one besides, or else the first.
func (t *Table) when() (name string) {
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Class != Date || strings.Contains(strings.ToLower(c.EngineType), "time without") {
			continue
		}
		if !slices.ContainsFunc(strings.Fields(Words(c.Name)), func(w string) bool { return slices.Contains(besides, w) }) {
			return c.Name
		}
		name = cmp.Or(name, c.Name)
	}
	return name
}

func (t *Table) roleOf(c *Column, joined bool) Role {
	words := strings.Fields(Words(c.Name))
	last := ""
	if len(words) > 0 {
		last = words[len(words)-1]
	}
	switch {
	case slices.ContainsFunc(t.PrimaryKey, func(k string) bool { return fold(k, c.Name) }) && !joined:
		return Key
	case joined:
		return Foreign
	case c.Class == Date:
		return Time
	case c.Class == Numeric && slices.Contains(words, "year") && !slices.Contains(words, "years"):
		return Time
	case c.Class == Numeric && (last == "id" || last == "code" || last == "zip" || last == "zipcode" || last == "phone"):
		return Dimension
	case c.Class == Numeric || c.NumericText:
		return Measured
	}
	return Dimension
}

func additivity(c *Column) Additivity {
	for _, w := range strings.Fields(Words(c.Name)) {
		if slices.Contains(notSums, w) {
			return NonAdditive
		}
		if slices.Contains(stocks, w) {
			return SemiAdditive
		}
	}
	return pick(c.Role == Measured, Additive, NonAdditive)
}

// Words splits a name: order_items, OrderItems and order-items are "order
// items"; a number stands apart.
func Words(name string) string {
	var b strings.Builder
	runes := []rune(name)
	upper := func(r rune) bool { return r >= 'A' && r <= 'Z' }
	lower := func(r rune) bool { return r >= 'a' && r <= 'z' }
	digit := func(r rune) bool { return r >= '0' && r <= '9' }
	for i, r := range runes {
		if i > 0 {
			p := runes[i-1]
			camel := upper(r) && (lower(p) || upper(p) && i+1 < len(runes) && lower(runes[i+1]))
			if camel || digit(r) != digit(p) && (digit(r) && lower(p) || digit(p) && lower(r)) {
				b.WriteByte(' ')
			}
		}
		if r == '_' || r == '-' || r == '.' || r == '/' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return strings.Join(strings.Fields(strings.ToLower(b.String())), " ")
}
