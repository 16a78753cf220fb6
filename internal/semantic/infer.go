package semantic

import (
	"cmp"
	"slices"
	"strings"
)

// Infer guesses what nothing declares: primary keys by name and by distinct
// values, joins by name and type, roles, time columns. A join guessed so is
// marked Inferred; no declared one is touched.
func (m *Model) Infer() {
	for i := range m.Tables {
		m.Tables[i].inferKey()
	}
	for i := range m.Tables {
		m.inferJoins(&m.Tables[i])
	}
	for i := range m.Tables {
		m.inferRoles(&m.Tables[i])
	}
	m.settle()
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
// value in each row, as far as that is known.
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
	c := &t.Columns[0]
	if t.Rows > 1 && c.Distinct == t.Rows && c.Class != Date && strings.HasSuffix(squeeze(c.Name), "id") {
		t.PrimaryKey, t.KeyInferred = []string{c.Name}, true
	}
}

func (t *Table) mayBeKey(c *Column) bool {
	return c.Class != Date && c.Class != Boolean && (t.Rows < 0 || c.Distinct < 0 || c.Distinct == t.Rows)
}

// inferJoins finds the table that each column without a join is called after.
func (m *Model) inferJoins(t *Table) {
	for i := range t.Columns {
		c := &t.Columns[i]
		if m.joined(t.Name, c.Name) || c.Class == Date || c.Class == Boolean {
			continue
		}
		var best *Table
		score := 0
		for k := range m.Tables {
			to := &m.Tables[k]
			if n := likeness(t, c, to); n > score && !m.connected(t.Name, to.Name, n) {
				best, score = to, n
			}
		}
		if best == nil {
			continue
		}
		j := Join{From: t.Name, To: best.Name, Columns: []string{c.Name}, RefColumns: slices.Clone(best.PrimaryKey), Inferred: true, FromOptional: c.Nullable}
		j.Cardinality = cardinalityOf(t, j.Columns, best, j.RefColumns)
		m.addJoin(j)
	}
}

// joined reports whether a column takes part in a join from its table.
func (m *Model) joined(table, column string) bool {
	return slices.ContainsFunc(m.Joins, func(j Join) bool {
		return fold(j.From, table) && slices.ContainsFunc(j.Columns, func(c string) bool { return fold(c, column) })
	})
}

// connected reports whether two tables are joined by a declared join already:
// only a column that names the other table outright is then one more.
func (m *Model) connected(a, b string, likeness int) bool {
	return likeness < 3 && slices.ContainsFunc(m.Joins, func(j Join) bool {
		return !j.Inferred && (fold(j.From, a) && fold(j.To, b) || fold(j.From, b) && fold(j.To, a))
	})
}

// likeness says how much a column's name is that of another table's key: 0 not
// at all.
func likeness(t *Table, c *Column, to *Table) int {
	if len(to.PrimaryKey) != 1 {
		return 0
	}
	key, ok := to.Column(to.PrimaryKey[0])
	if !ok || key.Class != c.Class && key.Class != Unknown && c.Class != Unknown {
		return 0
	}
	if t == to && fold(key.Name, c.Name) {
		return 0
	}
	name, pk, one, many := squeeze(c.Name), squeeze(key.Name), squeeze(Singular(to.Name)), squeeze(to.Name)
	generic := pk == "id" || pk == "name" || pk == "code" || pk == "key" || pk == "no" || pk == "number"
	own := len(t.PrimaryKey) == 1 && fold(t.PrimaryKey[0], c.Name)
	switch {
	case name == pk && !generic && own && (strings.HasPrefix(squeeze(t.Name), pk[:min(len(pk), 3)]) || !strings.HasPrefix(pk, one[:min(len(one), 3)])):
		return 0 // the same key in both: the one called after it is the other's parent
	case name == pk && !generic:
		return 4
	case t == to && !strings.HasSuffix(name, pk):
		return 0
	case generic && (name == one+pk || name == many+pk):
		return 4
	case !generic && len(pk) > 3 && strings.HasSuffix(name, pk):
		return 3
	case generic && len(one) > 2 && (strings.HasSuffix(name, one+pk) || strings.HasSuffix(name, many+pk)):
		return 3
	case generic && (name == one || name == many) && c.Class == Numeric:
		return 2
	}
	return 0
}

// notSums are words in the names of numbers whose sum means nothing.
var notSums = []string{"rate", "ratio", "percent", "pct", "average", "avg", "age", "rating", "score", "year", "latitude", "longitude", "lat", "lng", "lon",
	"temperature", "rank", "ranking", "level", "grade", "gpa", "height", "speed", "elevation", "density", "index", "number", "code", "zip", "floor", "month", "day", "hour", "price"}

// stocks are words for what may be summed, but not over time.
var stocks = []string{"balance", "stock", "inventory", "onhand", "population", "headcount", "capacity"}

func (m *Model) inferRoles(t *Table) {
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Role == "" {
			c.Role = m.roleOf(t, c)
		}
		if c.Additive == "" && c.Class == Numeric {
			c.Additive = additivity(c)
		}
		if t.TimeColumn == "" && c.Class == Date && !strings.Contains(strings.ToLower(c.EngineType), "time without") {
			t.TimeColumn = c.Name
		}
	}
	if t.TimeColumn != "" {
		t.Grain = cmp.Or(t.Grain, Month)
	}
}

func (m *Model) roleOf(t *Table, c *Column) Role {
	words := strings.Fields(Words(c.Name))
	last := ""
	if len(words) > 0 {
		last = words[len(words)-1]
	}
	switch {
	case slices.ContainsFunc(t.PrimaryKey, func(k string) bool { return fold(k, c.Name) }) && !m.joined(t.Name, c.Name):
		return Key
	case m.joined(t.Name, c.Name):
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
