package product

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/postern/postern/internal/fault"
)

const draftHead = "A draft made from the warehouse. Change contactEmail, contactName and the\nnames and descriptions, take out what is not to be shared, then run:\n  postern product apply -f FILE"

// Draft writes a spec for what introspection found: every table a record set,
// every foreign key a relationship. noLogin says that the warehouse was read
// without signing in, as every SQLite file is; the product then says so too.
// The same schema gives the same text.
func Draft(s Schema, uri, id, name string, noLogin bool) ([]byte, error) {
	src, err := ParseSource(uri)
	if err != nil {
		return nil, err
	}
	d := newDrafter(s, src)
	id = cmp.Or(id, DraftID(src))
	name = cmp.Or(name, title(id))
	system := []any{"type", text("sql"), "uri", text(uri)}
	if noLogin {
		system = append(system, "x-postern-login", text("none"))
	}
	p := mapOf(
		"productId", text(id), "version", text("1.0.0"),
		"contactEmail", text("owner@example.com"), "contactName", text("Data owner"),
		"en", mapOf("name", text(name), "description", text(fmt.Sprintf("Drafted from %d tables and views.", len(d.tables)))),
		"deliverySystems", mapOf(string(src.Engine), mapOf(system...)),
		"recordSets", d.recordSets(),
	)
	root := mapOf("product", p)
	root.HeadComment = draftHead
	out, err := encodeYAML(root)
	if err != nil {
		return nil, err
	}
	if _, err := Parse(out); err != nil {
		return nil, fault.Because(err, fault.Invalid, "no draft can be made: %s", fault.As(err).Message)
	}
	return out, nil
}

// DraftID makes a product id out of a Source: the file's or database's name.
func DraftID(s Source) string {
	base := s.Database
	if s.Path != "" {
		base = strings.TrimSuffix(s.Path, "/")
		base = base[strings.LastIndexByte(base, '/')+1:]
		if i := strings.LastIndexByte(base, '.'); i > 0 {
			base = base[:i]
		}
	}
	base = strings.Trim(notID.ReplaceAllString(strings.ToLower(base), "_"), "_.-:")
	return cmp.Or(base, string(s.Engine))
}

var (
	notID      = regexp.MustCompile(`[^a-z0-9._-]+`)
	plainIdent = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

type drafter struct {
	tables  []SchemaTable
	dialect string
	names   map[Table]string
}

func newDrafter(s Schema, src Source) *drafter {
	d := &drafter{tables: slices.Clone(s.Tables), dialect: dialect(src.Engine), names: map[Table]string{}}
	slices.SortFunc(d.tables, func(a, b SchemaTable) int {
		return cmp.Or(strings.Compare(a.Table.Schema, b.Table.Schema), strings.Compare(a.Table.Name, b.Table.Name), strings.Compare(a.Table.Database, b.Table.Database))
	})
	count := map[string]int{}
	for _, t := range d.tables {
		count[strings.ToLower(t.Table.Name)]++
	}
	taken := map[string]bool{}
	for _, t := range d.tables {
		n := t.Table.Name
		if count[strings.ToLower(n)] > 1 && t.Table.Schema != "" {
			n = t.Table.Schema + "_" + n
		}
		base := n
		for i := 2; taken[strings.ToLower(n)]; i++ {
			n = base + "_" + strconv.Itoa(i)
		}
		taken[strings.ToLower(n)] = true
		d.names[t.Table] = n
	}
	return d
}

// dialect is the SQL's name in a relationship.
func dialect(e Engine) string {
	switch e {
	case SQLServer:
		return "tsql"
	case PostgreSQL:
		return "postgres"
	}
	return string(e)
}

func (d *drafter) recordSets() *yaml.Node {
	m := mapOf()
	for _, t := range d.tables {
		add(m, d.names[t.Table], d.recordSet(t))
	}
	return m
}

func (d *drafter) recordSet(t SchemaTable) *yaml.Node {
	name := d.names[t.Table]
	m := mapOf("name", text(name), "displayName", text(title(t.Table.Name)))
	if t.Description != "" {
		add(m, "description", text(t.Description))
	}
	columns := &yaml.Node{Kind: yaml.SequenceNode}
	for _, c := range t.Columns {
		n := mapOf("name", text(c.Name), "type", text(ColumnType(c.Type)))
		if c.Description != "" {
			add(n, "description", text(c.Description))
		}
		if c.Type != "" {
			add(n, "x-postern-type", text(c.Type))
		}
		columns.Content = append(columns.Content, n)
	}
	add(m, "schema", columns)
	if len(t.PrimaryKey) > 0 {
		key := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, c := range t.PrimaryKey {
			key.Content = append(key.Content, text(c))
		}
		add(m, "x-postern-primary-key", key)
	}
	add(m, "dataAccess", sequence(mapOf("type", text("SQL"), "qualifiedName", qualified(t.Table))))
	if rels := d.relationships(t); len(rels.Content) > 0 {
		add(m, "relationships", rels)
	}
	return m
}

func qualified(t Table) *yaml.Node {
	q := mapOf()
	for _, part := range [][2]string{{"database", t.Database}, {"schema", t.Schema}, {"table", t.Name}} {
		if part[1] != "" {
			add(q, part[0], text(part[1]))
		}
	}
	return q
}

// relationships gives one per foreign key; a composite key is one. A key to a
// table that is not in the schema has nowhere to lead.
func (d *drafter) relationships(t SchemaTable) *yaml.Node {
	out := &yaml.Node{Kind: yaml.SequenceNode}
	keys := slices.Clone(t.ForeignKeys)
	slices.SortStableFunc(keys, func(a, b ForeignKey) int {
		return cmp.Or(slices.Compare(a.Columns, b.Columns), strings.Compare(a.Name, b.Name))
	})
	for _, k := range keys {
		if n := d.relationship(t, k); n != nil {
			out.Content = append(out.Content, n)
		}
	}
	return out
}

func (d *drafter) relationship(t SchemaTable, k ForeignKey) *yaml.Node {
	right, ok := d.find(k.RefTable, t.Table)
	if len(k.RefColumns) == 0 {
		k.RefColumns = right.PrimaryKey // REFERENCES parent, without columns
	}
	if !ok || len(k.Columns) == 0 || len(k.Columns) != len(k.RefColumns) {
		return nil
	}
	left, rightName := d.names[t.Table], d.names[right.Table]
	terms := make([]string, len(k.Columns))
	for i, c := range k.Columns {
		terms[i] = d.column(left, c) + " = " + d.column(rightName, k.RefColumns[i])
	}
	cardinality := "many_to_one"
	if sameColumns(k.Columns, t.PrimaryKey) {
		cardinality = "one_to_one"
	}
	name := k.Name
	if name == "" {
		name = left + "_" + strings.Join(k.Columns, "_")
	}
	return mapOf("name", text(name), "rightTable", text(rightName),
		"expression", text(strings.Join(terms, " AND ")), "sqlDialect", text(d.dialect), "cardinality", text(cardinality),
		"leftNullable", flag(anyNullable(t, k.Columns)), "rightNullable", flag(anyNullable(right, k.RefColumns)))
}

// find looks a key's target up; engines leave out the database or schema where
// it is the table's own, and SQLite keeps the case of the declaration.
func (d *drafter) find(ref, from Table) (SchemaTable, bool) {
	ref.Database, ref.Schema = cmp.Or(ref.Database, from.Database), cmp.Or(ref.Schema, from.Schema)
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		for _, t := range d.tables {
			if same(t.Table.Name, ref.Name) && same(t.Table.Schema, ref.Schema) && same(t.Table.Database, ref.Database) {
				return t, true
			}
		}
	}
	return SchemaTable{}, false
}

// column writes a qualified column as SQL.
func (d *drafter) column(table, column string) string {
	return d.ident(table) + "." + d.ident(column)
}

func (d *drafter) ident(s string) string {
	if plainIdent.MatchString(s) {
		return s
	}
	if d.dialect == "mysql" || d.dialect == "mariadb" || d.dialect == "bigquery" || d.dialect == "databricks" {
		return "`" + strings.ReplaceAll(s, "`", "``") + "`"
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

func sameColumns(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return len(a) > 0 && slices.Equal(a, b)
}

// anyNullable asks the columns, but not those of the primary key, which
// SQLite calls nullable.
func anyNullable(t SchemaTable, columns []string) bool {
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

// title makes order_items into Order items.
func title(s string) string {
	words := strings.TrimSpace(strings.ReplaceAll(s, "_", " "))
	if words == "" {
		return s
	}
	first, size := utf8.DecodeRuneInString(words)
	return string(unicode.ToUpper(first)) + words[size:]
}

// older is what YAML 1.1 readers take for booleans, merge keys and base-60
// numbers.
var older = regexp.MustCompile(`^(?i:y|n|yes|no|on|off)$|^<<$|^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$`)

// text is a scalar that stays text however it looks, in any reader.
func text(s string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(strings.ToValidUTF8(s, "�"))
	if older.MatchString(s) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

func flag(b bool) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(b)}
}

func sequence(items ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Content: items}
}

// mapOf takes keys and nodes in turn.
func mapOf(pairs ...any) *yaml.Node {
	m := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i+1 < len(pairs); i += 2 {
		add(m, pairs[i].(string), pairs[i+1].(*yaml.Node))
	}
	return m
}

func add(m *yaml.Node, key string, v *yaml.Node) {
	m.Content = append(m.Content, text(key), v)
}
