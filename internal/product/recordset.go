package product

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/postern/postern/internal/product/spec"
)

// columnTypes are the documented ones.
var columnTypes = []string{"text", "numeric", "date", "boolean", "unknown"}

func (r *reader) recordSets(o spec.Object, defaultSchema bool) (out []RecordSet) {
	m, _ := r.Mapping(o.Get("recordSets"))
	names := map[string]string{} // by lower-case name: SQL folds case
	for _, k := range m.Keys {
		r.Plain(m.At[k], k)
		rs := r.recordSet(k, m.At[k], defaultSchema)
		if other, dup := names[strings.ToLower(rs.Name)]; dup {
			r.Fail(m.At[k].Child("name", m.At[k].Node), "value_error", "has the same name as record set %s: SQL could not tell them apart", spec.Quote(other))
		}
		names[strings.ToLower(rs.Name)] = k
		out = append(out, rs)
	}
	for i, k := range m.Keys {
		r.rightTables(m.At[k], out[i], out)
	}
	return out
}

func (r *reader) recordSet(key string, a spec.Place, defaultSchema bool) RecordSet {
	rs := RecordSet{Key: key, Name: key}
	if spec.Absent(a.Node) {
		r.Fail(a, "missing", "must be a map with dataAccess")
		return rs
	}
	o, ok := r.Object(a, "name", "displayName", "description", "schema", "sample", "dataAccess", "relationships")
	if !ok {
		return rs
	}
	if n := r.Optional(o, "name"); n != "" {
		rs.Name = n
	}
	rs.DisplayName = r.Optional(o, "displayName")
	rs.Description = r.Prose(o, "description")
	rs.Columns = r.columns(o.Get("schema"))
	if c := o.Get("sample"); !spec.Absent(c.Node) {
		if s, ok := r.Object(c, "type", "data"); ok {
			r.Optional(s, "type")
			r.Prose(s, "data")
		}
	}
	rs.Table = r.dataAccess(o, defaultSchema)
	for _, item := range r.List(o.Get("relationships")) {
		rs.Relationships = append(rs.Relationships, r.relationship(item))
	}
	return rs
}

func (r *reader) columns(a spec.Place) (out []Column) {
	seen := map[string]bool{}
	for _, item := range r.List(a) {
		if spec.Absent(item.Node) {
			r.Fail(item, "missing", "must be a map with name and type")
			continue
		}
		o, ok := r.Object(item, "name", "type", "displayName", "description")
		if !ok {
			continue
		}
		c := Column{DisplayName: r.Optional(o, "displayName"), Description: r.Prose(o, "description")}
		c.Name, ok = r.Name(o, "name", "")
		if ok && seen[c.Name] {
			r.Fail(o.Get("name"), "value_error", "the column %s is there twice: keep one", spec.Quote(c.Name))
		}
		seen[c.Name] = true
		c.Type, ok = r.Name(o, "type", ": one of "+strings.Join(columnTypes, ", "))
		if ok && !slices.Contains(columnTypes, c.Type) {
			r.Fail(o.Get("type"), "literal_error", "must be one of %s, in lower case", strings.Join(columnTypes, ", "))
		}
		out = append(out, c)
	}
	return out
}

// dataAccess gives the physical table: of the first entry, as all name the
// same data.
func (r *reader) dataAccess(o spec.Object, defaultSchema bool) (t Table) {
	c, ok := r.Need(o, "dataAccess", ": a list with type: SQL and the table's qualifiedName")
	if !ok {
		return t
	}
	items := r.List(c)
	if c.Node.Kind == yaml.SequenceNode && len(items) == 0 {
		r.Fail(c, "too_short", "must hold an entry with type: SQL and the table's qualifiedName")
	}
	for i, item := range items {
		if spec.Absent(item.Node) {
			r.Fail(item, "missing", "must be a map with type: SQL and qualifiedName")
			continue
		}
		e, ok := r.Object(item, "type", "format", "host", "qualifiedName", "documentationUrl")
		if !ok {
			continue
		}
		kind, ok := r.Name(e, "type", ": SQL")
		if ok && kind != "SQL" {
			r.Fail(e.Get("type"), "literal_error", "must be SQL, in upper case")
		}
		if found := r.qualifiedName(e, defaultSchema); i == 0 {
			t = found
		}
	}
	return t
}

func (r *reader) qualifiedName(e spec.Object, defaultSchema bool) (t Table) {
	c, ok := r.Need(e, "qualifiedName", ": a map with database, schema and table")
	if !ok {
		return t
	}
	q, ok := r.Object(c, "database", "schema", "table", "column")
	if !ok {
		return t
	}
	t.Database = r.Optional(q, "database")
	r.Optional(q, "column")
	t.Name, _ = r.Name(q, "table", "")
	if defaultSchema && spec.Absent(q.Get("schema").Node) {
		t.Schema = "main"
		return t
	}
	t.Schema, _ = r.Name(q, "schema", "")
	return t
}

func (r *reader) relationship(a spec.Place) (out Relationship) {
	if spec.Absent(a.Node) {
		r.Fail(a, "missing", "must be a map with rightTable, expression, sqlDialect, cardinality, leftNullable and rightNullable")
		return out
	}
	o, ok := r.Object(a, "name", "rightTable", "expression", "sqlDialect", "cardinality", "leftNullable", "rightNullable", "notes")
	if !ok {
		return out
	}
	out.Name = r.Optional(o, "name")
	out.RightTable, _ = r.Name(o, "rightTable", ": the name of a record set")
	out.Expression = r.expression(o)
	out.SQLDialect, _ = r.Name(o, "sqlDialect", "")
	out.Cardinality, _ = r.Name(o, "cardinality", ", such as many_to_one")
	out.LeftNullable = r.Flag(o, "leftNullable")
	out.RightNullable = r.Flag(o, "rightNullable")
	out.Notes = r.Prose(o, "notes")
	return out
}

// rightTables checks that relationships lead to a record set of the product.
func (r *reader) rightTables(a spec.Place, rs RecordSet, all []RecordSet) {
	for i, rel := range rs.Relationships {
		known := func(x RecordSet) bool {
			return strings.EqualFold(x.Key, rel.RightTable) || strings.EqualFold(x.Name, rel.RightTable) || strings.EqualFold(x.Table.Name, rel.RightTable)
		}
		if rel.RightTable == "" || slices.ContainsFunc(all, known) {
			continue
		}
		c, _ := lookup(a, "relationships", i, "rightTable")
		r.Fail(c, "value_error", "%s is not a record set of this product", spec.Quote(rel.RightTable))
	}
}

// lookup finds the spec.Place of a list item's key again.
func lookup(a spec.Place, list string, i int, key string) (spec.Place, bool) {
	quiet := &reader{}
	o, ok := quiet.Mapping(a)
	if !ok {
		return a, false
	}
	items := quiet.List(o.Get(list))
	if i >= len(items) {
		return a, false
	}
	item, ok := quiet.Mapping(items[i])
	return item.Get(key), ok
}
