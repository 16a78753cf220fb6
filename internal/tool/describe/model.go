package describe

import (
	"cmp"
	"strings"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/semantic"
)

// allShown is up to how many values a column shows all that it has.
const allShown = 12

// New says the whole of a product's model. It shows the tables that
// introspection found, those that the caller's login sees, whatever the spec
// lists.
func New(pr product.Product, m *semantic.Model, found product.Schema) Schema {
	out := Schema{
		DataProductID: pr.ID, Version: pr.Version, Name: pr.Name, Description: pr.Description, ModelVersion: m.Version,
		Tables: []schemaTable{}, Joins: []schemaJoin{}, Relationships: []relationship{}, Metrics: []metric{},
	}
	if sys, ok := pr.System(); ok {
		out.Dialect = string(sys.Source.Engine)
	}
	names := map[product.Table]string{} // physical to shown, for foreign keys
	seen := map[string]bool{}
	for _, t := range found.Tables {
		names[t.Table] = shownName(t)
		seen[strings.ToLower(shownName(t))] = true
	}
	for _, t := range found.Tables {
		st := describeTable(t, names)
		if own, ok := m.Table(st.Name); ok {
			st.addMeaning(own)
		}
		out.Tables = append(out.Tables, st)
	}
	for _, rs := range pr.RecordSets {
		for _, r := range rs.Relationships {
			out.Relationships = append(out.Relationships, relationship{
				Table: rs.Name, RightTable: r.RightTable, Name: r.Name,
				Expression: r.Expression, Cardinality: r.Cardinality, Notes: r.Notes,
			})
		}
	}
	for i := range m.Joins {
		if j := &m.Joins[i]; seen[strings.ToLower(j.From)] && seen[strings.ToLower(j.To)] {
			out.Joins = append(out.Joins, describeJoin(j))
		}
	}
	out.named(pr, m)
	return out
}

// named adds what has a name of its own: metrics, filters, verified queries.
func (s *Schema) named(pr product.Product, m *semantic.Model) {
	for i := range m.Measures {
		x := &m.Measures[i]
		d := metric{Name: x.Name, Description: x.Description, Expression: x.Expression, Table: x.Table,
			Synonyms: x.Synonyms, Unit: x.Unit, Additivity: additivity(x.Additive), SQLOnly: x.Expr == nil}
		for _, p := range pr.Metrics {
			if p.Key == x.Name {
				d.DisplayName = p.DisplayName
			}
		}
		s.Metrics = append(s.Metrics, d)
	}
	for _, f := range m.Filters {
		s.Filters = append(s.Filters, namedFilter{f.Name, f.Description, f.Expression, f.Table, f.Synonyms, f.Where == nil})
	}
	for _, v := range m.Verified {
		q := verifiedQuery{Name: v.Name, Question: v.Question}
		for _, p := range v.Parameters {
			q.Parameters = append(q.Parameters, p.Name)
		}
		s.Verified = append(s.Verified, q)
	}
}

func describeTable(t product.SchemaTable, names map[product.Table]string) schemaTable {
	st := schemaTable{
		Name: shownName(t), PhysicalName: physicalName(t.Table), Description: t.Description,
		Kind: "table", Columns: []schemaColumn{}, PrimaryKey: t.PrimaryKey,
	}
	if t.View {
		st.Kind = "view"
	}
	if t.Rows >= 0 {
		st.RowEstimate = &t.Rows
	}
	for _, c := range t.Columns {
		st.Columns = append(st.Columns, schemaColumn{Name: c.Name, Type: c.Type, Nullable: c.Nullable, Description: c.Description, SampleValues: c.Samples})
	}
	for _, fk := range t.ForeignKeys {
		ref, ours := names[fk.RefTable]
		if !ours {
			continue // a table outside the product is not the caller's to know
		}
		st.ForeignKeys = append(st.ForeignKeys, foreignKey{fk.Columns, ref, fk.RefColumns})
	}
	return st
}

func shownName(t product.SchemaTable) string {
	return cmp.Or(t.RecordSet, physicalName(t.Table))
}

// addMeaning adds what the model knows and introspection does not.
func (s *schemaTable) addMeaning(t *semantic.Table) {
	s.Label, s.Synonyms = unlike(t.Label, t.Name), t.Synonyms
	s.Description = cmp.Or(s.Description, t.Description)
	if t.Rows >= 0 {
		s.RowEstimate = &t.Rows
	}
	if len(s.PrimaryKey) == 0 {
		s.PrimaryKey, s.KeyInferred = t.PrimaryKey, t.KeyInferred
	}
	if s.TimeColumn = t.TimeColumn; s.TimeColumn != "" {
		s.TimeGrain = string(t.Grain)
	}
	for i := range s.Columns {
		if c, ok := t.Column(s.Columns[i].Name); ok {
			s.Columns[i].addMeaning(c)
		}
	}
}

func (s *schemaColumn) addMeaning(c *semantic.Column) {
	s.Role, s.Label, s.Synonyms, s.Unit = string(c.Role), unlike(c.Label, c.Name), c.Synonyms, c.Unit
	if c.Role == semantic.Measured {
		s.Additivity = additivity(c.Additive)
	}
	s.DistinctValues = max(c.Distinct, 0)
	switch {
	case c.Complete && len(c.Values) > 0 && len(c.Values) <= allShown:
		s.SampleValues, s.AllValues = short(c.Values), true
	case len(s.SampleValues) == 0:
		s.SampleValues = short(c.Values[:min(len(c.Values), 5)])
	}
}

// additivity is said where it forbids something.
func additivity(a semantic.Additivity) string {
	if a == semantic.Additive {
		return ""
	}
	return string(a)
}

// short cuts long values.
func short(values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = cut(v, 80)
	}
	return out
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

func describeJoin(j *semantic.Join) schemaJoin {
	on := make([]string, len(j.Columns))
	for i := range j.Columns {
		on[i] = j.From + "." + j.Columns[i] + " = " + j.To + "." + j.RefColumns[i]
	}
	return schemaJoin{
		Name: j.Name, From: j.From, To: j.To, On: strings.Join(on, " AND "), Cardinality: string(j.Cardinality),
		Label: j.Label, Synonyms: j.Synonyms, Optional: j.FromOptional, Inferred: j.Inferred,
	}
}
