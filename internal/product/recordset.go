package product

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// columnTypes are the documented ones.
var columnTypes = []string{"text", "numeric", "date", "boolean", "unknown"}

func (r *reader) recordSets(o object, defaultSchema bool) (out []RecordSet) {
	m, _ := r.mapping(o.get("recordSets"))
	names := map[string]string{} // by lower-case name: SQL folds case
	for _, k := range m.keys {
		r.plain(m.at[k], k)
		rs := r.recordSet(k, m.at[k], defaultSchema)
		if other, dup := names[strings.ToLower(rs.Name)]; dup {
			r.fail(m.at[k].child("name", m.at[k].node), "value_error", "has the same name as record set %s: SQL could not tell them apart", shown(other))
		}
		names[strings.ToLower(rs.Name)] = k
		out = append(out, rs)
	}
	for i, k := range m.keys {
		r.rightTables(m.at[k], out[i], out)
	}
	return out
}

func (r *reader) recordSet(key string, a place, defaultSchema bool) RecordSet {
	rs := RecordSet{Key: key, Name: key}
	if absent(a.node) {
		r.fail(a, "missing", "must be a map with dataAccess")
		return rs
	}
	o, ok := r.object(a, "name", "displayName", "description", "schema", "sample", "dataAccess", "relationships")
	if !ok {
		return rs
	}
	if n := r.optional(o, "name"); n != "" {
		rs.Name = n
	}
	rs.DisplayName = r.optional(o, "displayName")
	rs.Description = r.prose(o, "description")
	rs.Columns = r.columns(o.get("schema"))
	if c := o.get("sample"); !absent(c.node) {
		if s, ok := r.object(c, "type", "data"); ok {
			r.optional(s, "type")
			r.prose(s, "data")
		}
	}
	rs.Table = r.dataAccess(o, defaultSchema)
	for _, item := range r.list(o.get("relationships")) {
		rs.Relationships = append(rs.Relationships, r.relationship(item))
	}
	return rs
}

func (r *reader) columns(a place) (out []Column) {
	seen := map[string]bool{}
	for _, item := range r.list(a) {
		if absent(item.node) {
			r.fail(item, "missing", "must be a map with name and type")
			continue
		}
		o, ok := r.object(item, "name", "type", "displayName", "description")
		if !ok {
			continue
		}
		c := Column{DisplayName: r.optional(o, "displayName"), Description: r.prose(o, "description")}
		c.Name, ok = r.name(o, "name", "")
		if ok && seen[c.Name] {
			r.fail(o.get("name"), "value_error", "the column %s is there twice: keep one", shown(c.Name))
		}
		seen[c.Name] = true
		c.Type, ok = r.name(o, "type", ": one of "+strings.Join(columnTypes, ", "))
		if ok && !slices.Contains(columnTypes, c.Type) {
			r.fail(o.get("type"), "literal_error", "must be one of %s, in lower case", strings.Join(columnTypes, ", "))
		}
		out = append(out, c)
	}
	return out
}

// dataAccess gives the physical table: of the first entry, as all name the
// same data.
func (r *reader) dataAccess(o object, defaultSchema bool) (t Table) {
	c, ok := r.need(o, "dataAccess", ": a list with type: SQL and the table's qualifiedName")
	if !ok {
		return t
	}
	items := r.list(c)
	if c.node.Kind == yaml.SequenceNode && len(items) == 0 {
		r.fail(c, "too_short", "must hold an entry with type: SQL and the table's qualifiedName")
	}
	for i, item := range items {
		if absent(item.node) {
			r.fail(item, "missing", "must be a map with type: SQL and qualifiedName")
			continue
		}
		e, ok := r.object(item, "type", "format", "host", "qualifiedName", "documentationUrl")
		if !ok {
			continue
		}
		kind, ok := r.name(e, "type", ": SQL")
		if ok && kind != "SQL" {
			r.fail(e.get("type"), "literal_error", "must be SQL, in upper case")
		}
		if found := r.qualifiedName(e, defaultSchema); i == 0 {
			t = found
		}
	}
	return t
}

func (r *reader) qualifiedName(e object, defaultSchema bool) (t Table) {
	c, ok := r.need(e, "qualifiedName", ": a map with database, schema and table")
	if !ok {
		return t
	}
	q, ok := r.object(c, "database", "schema", "table", "column")
	if !ok {
		return t
	}
	t.Database = r.optional(q, "database")
	r.optional(q, "column")
	t.Name, _ = r.name(q, "table", "")
	if defaultSchema && absent(q.get("schema").node) {
		t.Schema = "main"
		return t
	}
	t.Schema, _ = r.name(q, "schema", "")
	return t
}

func (r *reader) relationship(a place) (out Relationship) {
	if absent(a.node) {
		r.fail(a, "missing", "must be a map with rightTable, expression, sqlDialect, cardinality, leftNullable and rightNullable")
		return out
	}
	o, ok := r.object(a, "name", "rightTable", "expression", "sqlDialect", "cardinality", "leftNullable", "rightNullable", "notes")
	if !ok {
		return out
	}
	out.Name = r.optional(o, "name")
	out.RightTable, _ = r.name(o, "rightTable", ": the name of a record set")
	out.Expression = r.expression(o)
	out.SQLDialect, _ = r.name(o, "sqlDialect", "")
	out.Cardinality, _ = r.name(o, "cardinality", ", such as many_to_one")
	out.LeftNullable = r.flag(o, "leftNullable")
	out.RightNullable = r.flag(o, "rightNullable")
	out.Notes = r.prose(o, "notes")
	return out
}

// rightTables checks that relationships lead to a record set of the product.
func (r *reader) rightTables(a place, rs RecordSet, all []RecordSet) {
	for i, rel := range rs.Relationships {
		known := func(x RecordSet) bool {
			return strings.EqualFold(x.Key, rel.RightTable) || strings.EqualFold(x.Name, rel.RightTable) || strings.EqualFold(x.Table.Name, rel.RightTable)
		}
		if rel.RightTable == "" || slices.ContainsFunc(all, known) {
			continue
		}
		c, _ := lookup(a, "relationships", i, "rightTable")
		r.fail(c, "value_error", "%s is not a record set of this product", shown(rel.RightTable))
	}
}

// lookup finds the place of a list item's key again.
func lookup(a place, list string, i int, key string) (place, bool) {
	quiet := &reader{}
	o, ok := quiet.mapping(a)
	if !ok {
		return a, false
	}
	items := quiet.list(o.get(list))
	if i >= len(items) {
		return a, false
	}
	item, ok := quiet.mapping(items[i])
	return item.get(key), ok
}
