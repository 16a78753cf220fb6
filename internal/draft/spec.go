package draft

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/semantic"
)

const head = `A draft made from the warehouse. Change contactEmail, contactName and the
names and descriptions, take out what is not to be shared, then run:
  postern product apply -f FILE
What is marked x-postern-inferred is a guess: look it over, and take the mark
out, or the guess.`

const headValues = `
x-postern-values are values found in the data. Whoever may read this
specification reads them: take out what is not to be known.`

// Options are what a draft is made for.
type Options struct {
	URI      string
	ID, Name string // "" takes them from the URI
	// NoLogin says that the warehouse was read without signing in, as every
	// SQLite file is; the product then says so too.
	NoLogin bool
	// NoSamples leaves the values out.
	NoSamples bool
}

// Spec writes the spec of what introspection found and the model knows. The
// schema has been Named, and the model is of its record sets; every foreign
// key is a relationship, a composite one too. The same input gives the same
// text.
func Spec(s product.Schema, m *semantic.Model, o Options) ([]byte, error) {
	src, err := product.ParseSource(o.URI)
	if err != nil {
		return nil, err
	}
	id := cmp.Or(o.ID, ID(src))
	system := []any{"type", text("sql"), "uri", text(o.URI)}
	if o.NoLogin {
		system = append(system, "x-postern-login", text("none"))
	}
	d := &drafter{schema: s, model: m, dialect: dialect(src.Engine), most: mostValues(m, o.NoSamples)}
	p := mapOf(
		"productId", text(id), "version", text("1.0.0"),
		"contactEmail", text("owner@example.com"), "contactName", text("Data owner"),
		"en", mapOf("name", text(cmp.Or(o.Name, title(id))), "description", text(fmt.Sprintf("Drafted from %d tables and views.", len(s.Tables)))),
		"deliverySystems", mapOf(string(src.Engine), mapOf(system...)),
		"recordSets", d.recordSets(),
	)
	if metrics := d.metrics(); len(metrics.Content) > 0 {
		add(p, "metadata", mapOf("metrics", metrics))
	}
	root := mapOf("product", p)
	root.HeadComment = head
	if d.wrote {
		root.HeadComment += headValues
	}
	out, err := encode(root)
	if err != nil {
		return nil, err
	}
	if _, err := product.Parse(out); err != nil {
		return nil, fault.Because(err, fault.Invalid, "no draft can be made: %s", fault.As(err).Message)
	}
	return out, nil
}

type drafter struct {
	schema  product.Schema
	model   *semantic.Model
	dialect string
	most    int  // values of a column
	wrote   bool // there are values in the text
}

// dialect is the SQL's name in a relationship.
func dialect(e product.Engine) string {
	switch e {
	case product.SQLServer:
		return "tsql"
	case product.PostgreSQL:
		return "postgres"
	}
	return string(e)
}

func (d *drafter) recordSets() *yaml.Node {
	m := mapOf()
	for _, st := range d.schema.Tables {
		if t, ok := d.model.Table(st.RecordSet); ok {
			add(m, t.Name, d.recordSet(st, t))
		}
	}
	return m
}

func (d *drafter) recordSet(st product.SchemaTable, t *semantic.Table) *yaml.Node {
	m := mapOf("name", text(t.Name), "displayName", text(title(t.Label)))
	say(m, "description", t.Description)
	columns := sequence()
	for i := range t.Columns {
		columns.Content = append(columns.Content, d.column(t, &t.Columns[i]))
	}
	add(m, "schema", columns)
	var guessed []string
	if len(t.PrimaryKey) > 0 {
		add(m, "x-postern-primary-key", list(t.PrimaryKey))
		if t.KeyInferred {
			guessed = append(guessed, "x-postern-primary-key")
		}
	}
	if t.TimeColumn != "" {
		add(m, "x-postern-time-column", text(t.TimeColumn))
		add(m, "x-postern-grain", text(string(t.Grain)))
		guessed = append(guessed, "x-postern-time-column")
	}
	if t.Rows >= 0 {
		add(m, "x-postern-rows", number(t.Rows))
	}
	if len(guessed) > 0 {
		add(m, "x-postern-inferred", list(guessed))
	}
	add(m, "dataAccess", sequence(mapOf("type", text("SQL"), "qualifiedName", qualified(st.Table))))
	if rels := d.relationships(st, t); len(rels.Content) > 0 {
		add(m, "relationships", rels)
	}
	return m
}

func (d *drafter) column(t *semantic.Table, c *semantic.Column) *yaml.Node {
	n := mapOf("name", text(c.Name), "type", text(string(c.Class)))
	say(n, "description", c.Description)
	say(n, "x-postern-type", c.EngineType)
	var guessed []string
	if c.Role == semantic.Measured || c.Role == semantic.Time || c.Role == semantic.Dimension && c.Class == semantic.Numeric {
		add(n, "x-postern-role", text(string(c.Role)))
		guessed = append(guessed, "x-postern-role")
	}
	if c.Role == semantic.Measured {
		add(n, "x-postern-additivity", text(string(c.Additive)))
		guessed = append(guessed, "x-postern-additivity")
		if u := unit(c.Name); u != "" {
			add(n, "x-postern-unit", text(u))
			guessed = append(guessed, "x-postern-unit")
		}
	}
	if c.NumericText {
		add(n, "x-postern-numeric-text", flag(true))
	}
	if showable(t, c, d.most) {
		add(n, pick(c.Complete, "x-postern-values", "x-postern-samples"), list(c.Values))
		d.wrote = true
	} else if c.Distinct >= 0 {
		add(n, "x-postern-distinct", number(c.Distinct))
	}
	if len(guessed) > 0 {
		add(n, "x-postern-inferred", list(guessed))
	}
	return n
}

func qualified(t product.Table) *yaml.Node {
	q := mapOf()
	for _, part := range [][2]string{{"database", t.Database}, {"schema", t.Schema}, {"table", t.Name}} {
		say(q, part[0], part[1])
	}
	return q
}

// relationships gives one per foreign key, and then those that are guessed. A
// key to a table that is not in the schema has nowhere to lead.
func (d *drafter) relationships(st product.SchemaTable, t *semantic.Table) *yaml.Node {
	out := sequence()
	keys := slices.Clone(st.ForeignKeys)
	slices.SortStableFunc(keys, func(a, b product.ForeignKey) int {
		return cmp.Or(slices.Compare(a.Columns, b.Columns), strings.Compare(a.Name, b.Name))
	})
	for _, k := range keys {
		right, ok := find(d.schema, k.RefTable, st.Table)
		if len(k.RefColumns) == 0 {
			k.RefColumns = right.PrimaryKey // REFERENCES parent, without columns
		}
		if !ok || len(k.Columns) == 0 || len(k.Columns) != len(k.RefColumns) {
			continue
		}
		j := semantic.Join{Name: k.Name, From: t.Name, Columns: k.Columns, To: right.RecordSet, RefColumns: k.RefColumns, Cardinality: semantic.ManyToOne}
		if slices.Equal(sorted(k.Columns), sorted(st.PrimaryKey)) {
			j.Cardinality = semantic.OneToOne
		}
		for _, known := range d.model.Joins {
			if sameJoin(known, j) {
				j.Cardinality = known.Cardinality
			}
		}
		out.Content = append(out.Content, d.relationship(j, anyNullable(st, k.Columns), anyNullable(right, k.RefColumns)))
	}
	for _, j := range d.model.Joins {
		if j.Inferred && strings.EqualFold(j.From, t.Name) {
			n := d.relationship(j, j.FromOptional, false)
			add(n, "x-postern-inferred", flag(true))
			out.Content = append(out.Content, n)
		}
	}
	return out
}

func (d *drafter) relationship(j semantic.Join, leftNullable, rightNullable bool) *yaml.Node {
	terms := make([]string, len(j.Columns))
	for i, c := range j.Columns {
		terms[i] = d.ident(j.From) + "." + d.ident(c) + " = " + d.ident(j.To) + "." + d.ident(j.RefColumns[i])
	}
	return mapOf("name", text(cmp.Or(j.Name, j.From+"_"+strings.Join(j.Columns, "_"))), "rightTable", text(j.To),
		"expression", text(strings.Join(terms, " AND ")), "sqlDialect", text(d.dialect), "cardinality", text(string(j.Cardinality)),
		"leftNullable", flag(leftNullable), "rightNullable", flag(rightNullable))
}

func sameJoin(a, b semantic.Join) bool {
	return strings.EqualFold(a.From, b.From) && strings.EqualFold(a.To, b.To) &&
		slices.EqualFunc(a.Columns, b.Columns, strings.EqualFold) && slices.EqualFunc(a.RefColumns, b.RefColumns, strings.EqualFold)
}

var plainIdent = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// ident writes a name as SQL.
func (d *drafter) ident(s string) string {
	if plainIdent.MatchString(s) {
		return s
	}
	if d.dialect == "mysql" || d.dialect == "mariadb" || d.dialect == "bigquery" || d.dialect == "databricks" {
		return "`" + strings.ReplaceAll(s, "`", "``") + "`"
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

func sorted(a []string) []string {
	return slices.Sorted(slices.Values(a))
}

// anyNullable asks the columns, but not those of the primary key, which
// SQLite calls nullable.
func anyNullable(t product.SchemaTable, columns []string) bool {
	has := func(in []string, name string) bool {
		return slices.ContainsFunc(in, func(n string) bool { return strings.EqualFold(n, name) })
	}
	for _, c := range t.Columns {
		if c.Nullable && has(columns, c.Name) && !has(t.PrimaryKey, c.Name) {
			return true
		}
	}
	return false
}

func pick[T any](b bool, yes, no T) T {
	if b {
		return yes
	}
	return no
}
