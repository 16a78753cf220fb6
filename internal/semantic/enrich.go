package semantic

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/postern/postern/internal/product"
)

// FromSchema drafts a model from what introspection found, with no spec.
func FromSchema(s product.Schema, d Dialect) *Model {
	m := &Model{Dialect: d}
	for _, t := range s.Tables {
		m.Tables = append(m.Tables, Table{Name: cmp.Or(t.RecordSet, t.Table.Name), Physical: t.Table.Name, Rows: -1})
	}
	m.Enrich(s)
	return m
}

// Enrich adds what introspection knows and the spec does not say: columns,
// types, keys, comments, samples. What the spec says stays.
func (m *Model) Enrich(s product.Schema) {
	byName := map[string]int{}
	for i, t := range s.Tables {
		name := strings.ToLower(cmp.Or(t.RecordSet, t.Table.Name))
		if _, dup := byName[name]; !dup {
			byName[name] = i
		}
	}
	found := func(t *Table) (product.SchemaTable, bool) {
		for _, name := range []string{t.Name, t.Physical} {
			if i, ok := byName[strings.ToLower(name)]; ok && name != "" {
				return s.Tables[i], true
			}
		}
		return product.SchemaTable{}, false
	}
	for i := range m.Tables {
		if st, ok := found(&m.Tables[i]); ok {
			m.Tables[i].enrich(st)
		}
	}
	for i := range m.Tables {
		if st, ok := found(&m.Tables[i]); ok {
			m.addKeys(&m.Tables[i], st, s)
		}
	}
	m.settle()
}

func (t *Table) enrich(st product.SchemaTable) {
	t.Description = cmp.Or(t.Description, st.Description)
	if st.Rows >= 0 && t.Rows < 0 {
		t.Rows = st.Rows
	}
	bare := len(t.Columns) == 0
	for _, sc := range st.Columns {
		c, ok := t.Column(sc.Name)
		if !ok && !bare {
			continue // the spec leaves the column out
		}
		if !ok {
			t.Columns = append(t.Columns, Column{Name: sc.Name, Distinct: -1, Class: Class(product.ColumnType(sc.Type))})
			c = &t.Columns[len(t.Columns)-1]
		}
		c.EngineType = cmp.Or(c.EngineType, sc.Type)
		c.Description = cmp.Or(c.Description, sc.Description)
		c.Nullable = sc.Nullable
		if len(c.Values) == 0 {
			c.Values = slices.Clone(sc.Samples)
		}
		if c.Class == "" {
			c.Class = Class(product.ColumnType(sc.Type))
		}
	}
	if len(t.PrimaryKey) == 0 && t.hasAll(st.PrimaryKey) {
		t.PrimaryKey = slices.Clone(st.PrimaryKey)
	}
}

func (t *Table) hasAll(columns []string) bool {
	for _, c := range columns {
		if _, ok := t.Column(c); !ok {
			return false
		}
	}
	return len(columns) > 0
}

// addKeys makes joins of a table's foreign keys.
func (m *Model) addKeys(t *Table, st product.SchemaTable, s product.Schema) {
	for _, k := range st.ForeignKeys {
		to := m.referred(k.RefTable, st.Table, s)
		if to == nil {
			continue
		}
		if len(k.RefColumns) == 0 {
			k.RefColumns = to.PrimaryKey
		}
		if len(k.Columns) != len(k.RefColumns) || !t.hasAll(k.Columns) || !to.hasAll(k.RefColumns) {
			continue
		}
		j := Join{Name: k.Name, From: t.Name, To: to.Name, Columns: t.spelled(k.Columns), RefColumns: to.spelled(k.RefColumns)}
		j.Cardinality = cardinalityOf(t, j.Columns, to, j.RefColumns)
		for _, c := range j.Columns {
			col, _ := t.Column(c)
			j.FromOptional = j.FromOptional || col.Nullable && !slices.Contains(t.PrimaryKey, c)
		}
		m.addJoin(j)
	}
}

// spelled gives column names as the table spells them.
func (t *Table) spelled(names []string) (out []string) {
	for _, n := range names {
		c, _ := t.Column(n)
		out = append(out, c.Name)
	}
	return out
}

// cardinalityOf tells from the keys how many rows meet how many. What a
// foreign key refers to is unique by its declaration.
func cardinalityOf(from *Table, columns []string, to *Table, ref []string) Cardinality {
	switch {
	case unique(from, columns) && !(len(from.PrimaryKey) == 0):
		return OneToOne
	case unique(to, ref) || len(to.PrimaryKey) == 0:
		return ManyToOne
	}
	return pick(len(to.PrimaryKey) > 0 && partOf(to.PrimaryKey, ref), ManyToMany, ManyToOne)
}

// unique reports whether columns hold a whole primary key.
func unique(t *Table, columns []string) bool {
	for _, k := range t.PrimaryKey {
		if !slices.ContainsFunc(columns, func(c string) bool { return fold(c, k) }) {
			return false
		}
	}
	return len(t.PrimaryKey) > 0
}

// partOf reports whether columns are some but not all of a key.
func partOf(key, columns []string) bool {
	in := 0
	for _, c := range columns {
		if slices.ContainsFunc(key, func(k string) bool { return fold(c, k) }) {
			in++
		}
	}
	return in == len(columns) && in < len(key)
}

// referred finds a key's target: two schemas may have a table of one name, and
// engines leave out the schema where it is the table's own.
func (m *Model) referred(ref, from product.Table, s product.Schema) *Table {
	ref.Database, ref.Schema = cmp.Or(ref.Database, from.Database), cmp.Or(ref.Schema, from.Schema)
	for _, st := range s.Tables {
		if fold(st.Table.Name, ref.Name) && fold(st.Table.Schema, ref.Schema) && fold(st.Table.Database, ref.Database) {
			if t, ok := m.Table(cmp.Or(st.RecordSet, st.Table.Name)); ok {
				return t
			}
		}
	}
	for i := range m.Tables {
		if fold(m.Tables[i].Physical, ref.Name) {
			return &m.Tables[i]
		}
	}
	t, _ := m.Table(ref.Name)
	return t
}

// Sampler looks into columns, under the caller's own credential.
type Sampler interface {
	// Values gives up to limit distinct values in their order, without NULL,
	// how many distinct values there are (-1 when not counted), and how many
	// rows (-1). An error ends the sampling.
	Values(ctx context.Context, t *Table, c *Column, limit int) (values []string, distinct, rows int64, err error)
}

// Sample fills in values. Columns of at most few distinct values are Complete.
func (m *Model) Sample(ctx context.Context, s Sampler, few int) error {
	for i := range m.Tables {
		t := &m.Tables[i]
		for j := range t.Columns {
			c := &t.Columns[j]
			values, distinct, rows, err := s.Values(ctx, t, c, few+1)
			if err != nil {
				return err
			}
			if rows >= 0 {
				t.Rows = rows
			}
			if distinct < 0 && values == nil {
				continue // not looked into: what is known of it stays
			}
			c.Complete = len(values) <= few && distinct <= int64(few)
			if distinct < 0 && c.Complete {
				distinct = int64(len(values))
			}
			c.Distinct, c.Values = distinct, values[:min(len(values), few)]
			c.look(m.Dialect)
		}
	}
	m.settle()
	return nil
}

// look tells from the values what the declared type does not say: SQLite
// keeps dates as texts, and texts of any kind in any column.
func (c *Column) look(d Dialect) {
	if len(c.Values) == 0 {
		return
	}
	dates, numbers := true, true
	for _, v := range c.Values {
		dates = dates && (isDate(v) || isDate(strings.TrimSuffix(strings.Replace(v, "T", " ", 1), "Z")))
		numbers = numbers && number.MatchString(strings.TrimSpace(v))
	}
	clock := len(c.Values[0]) > 2 && len(c.Values[0]) < 9 && c.Values[0][2] == ':'
	switch {
	case d == SQLite && c.Class != Numeric && dates && !clock:
		c.Class = Date
	case d == SQLite && c.Class == Date && !dates:
		c.Class = pick(numbers, Numeric, Text)
	case d == SQLite && c.Class == Numeric && !numbers:
		c.Class = Text
	case d == SQLite && c.Class == Unknown:
		c.Class = pick(numbers, Numeric, Text)
	}
	// A leading zero is part of a code, not of a number.
	c.NumericText = c.Class == Text && numbers && !slices.ContainsFunc(c.Values, func(v string) bool {
		return len(v) > 1 && v[0] == '0' && v[1] != '.'
	})
}

// settle fills what follows from the rest, and seals.
func (m *Model) settle() {
	for i := range m.Tables {
		t := &m.Tables[i]
		t.Label = cmp.Or(t.Label, spoken(t.Name))
		for j := range t.Columns {
			c := &t.Columns[j]
			c.Label = cmp.Or(c.Label, spoken(c.Name))
			c.Class = cmp.Or(c.Class, Unknown)
		}
	}
	for i := range m.Measures {
		m.readMeasure(&m.Measures[i])
	}
	for i := range m.Filters {
		m.readFilter(&m.Filters[i])
	}
	m.Seal()
}

// Seal sets Version to a hash of all the rest. It is to be called after a
// model was changed by hand.
func (m *Model) Seal() {
	m.Version = ""
	b, err := json.Marshal(m)
	if err != nil {
		panic(err) // a model is plain data
	}
	sum := sha256.Sum256(b)
	m.Version = hex.EncodeToString(sum[:8])
	m.graph = newGraph(m)
}
