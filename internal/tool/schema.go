package tool

import (
	"context"
	"slices"
	"strings"

	"github.com/postern/postern/internal/product"
)

type schemaInput struct {
	queryInput
	Query string `json:"query,omitempty" jsonschema:"What you are looking for: tables and columns whose names, descriptions or sample values match come first."`
}

type schemaOutput struct {
	DataProductID string         `json:"data_product_id"`
	Version       string         `json:"version"`
	Name          string         `json:"name"`
	Description   string         `json:"description,omitempty"`
	Dialect       string         `json:"dialect" jsonschema:"The engine whose SQL to write."`
	Tables        []schemaTable  `json:"tables"`
	Relationships []relationship `json:"relationships"`
	Metrics       []metric       `json:"metrics"`
	Matches       []match        `json:"matches,omitempty" jsonschema:"Sample values that match the query."`
}

type schemaTable struct {
	Name         string         `json:"name" jsonschema:"The name to use in SQL."`
	PhysicalName string         `json:"physical_name"`
	Description  string         `json:"description,omitempty"`
	Kind         string         `json:"kind" jsonschema:"table or view"`
	RowEstimate  *int64         `json:"row_estimate,omitempty"`
	Columns      []schemaColumn `json:"columns"`
	PrimaryKey   []string       `json:"primary_key,omitempty"`
	ForeignKeys  []foreignKey   `json:"foreign_keys,omitempty"`
}

type schemaColumn struct {
	Name         string   `json:"name"`
	Type         string   `json:"type"`
	Nullable     bool     `json:"nullable"`
	Description  string   `json:"description,omitempty"`
	SampleValues []string `json:"sample_values,omitempty"`
}

type foreignKey struct {
	Columns           []string `json:"columns"`
	ReferencedTable   string   `json:"referenced_table"`
	ReferencedColumns []string `json:"referenced_columns"`
}

type relationship struct {
	Table       string `json:"table"`
	RightTable  string `json:"right_table"`
	Name        string `json:"name,omitempty"`
	Expression  string `json:"expression"`
	Cardinality string `json:"cardinality,omitempty"`
	Notes       string `json:"notes,omitempty"`
}

type metric struct {
	Name        string `json:"name"`
	DisplayName string `json:"display_name,omitempty"`
	Description string `json:"description,omitempty"`
	Expression  string `json:"expression"`
}

type match struct {
	Table  string `json:"table"`
	Column string `json:"column"`
	Value  string `json:"value"`
}

var dataSchema = Define("get_data_schema_tool", "Get data schema",
	"Gives a data product's tables and columns with types, descriptions, keys, relationships and sample values, read with the caller's own warehouse credentials. "+
		"Call it before writing SQL: sql_execution_tool sees exactly these tables and columns, under these names.",
	readSchema)

func readSchema(ctx context.Context, e *Env, in schemaInput) (Answer[schemaOutput], error) {
	pr, err := e.Data.Product(ctx, e.Caller, in.DataProductID, in.DataProductVersion)
	if err != nil {
		return Answer[schemaOutput]{}, err
	}
	s, err := e.Data.Schema(ctx, e.Caller, in.query(e))
	if err != nil {
		return Answer[schemaOutput]{}, err
	}
	return Answer[schemaOutput]{Content: describe(pr, s, in.Query)}, nil
}

func describe(pr product.Product, s product.Schema, query string) schemaOutput {
	out := schemaOutput{
		DataProductID: pr.ID, Version: pr.Version, Name: pr.Name, Description: pr.Description,
		Tables: []schemaTable{}, Relationships: []relationship{}, Metrics: []metric{},
	}
	if sys, ok := pr.System(); ok {
		out.Dialect = string(sys.Source.Engine)
	}
	names := map[product.Table]string{} // physical to shown, for foreign keys
	for _, t := range s.Tables {
		names[t.Table] = shownName(t)
	}
	for _, t := range s.Tables {
		out.Tables = append(out.Tables, describeTable(t, names))
	}
	for _, rs := range pr.RecordSets {
		for _, r := range rs.Relationships {
			out.Relationships = append(out.Relationships, relationship{
				Table: rs.Name, RightTable: r.RightTable, Name: r.Name,
				Expression: r.Expression, Cardinality: r.Cardinality, Notes: r.Notes,
			})
		}
	}
	for _, m := range pr.Metrics {
		out.Metrics = append(out.Metrics, metric{m.Key, m.DisplayName, m.Description, m.Expression})
	}
	out.rank(terms(query))
	return out
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
		st.Columns = append(st.Columns, schemaColumn{c.Name, c.Type, c.Nullable, c.Description, c.Samples})
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
	if t.RecordSet != "" {
		return t.RecordSet
	}
	return physicalName(t.Table)
}

func physicalName(t product.Table) string {
	parts := slices.DeleteFunc([]string{t.Database, t.Schema, t.Name}, func(s string) bool { return s == "" })
	return strings.Join(parts, ".")
}

// rank puts the tables that match the terms first and lists the sample values
// that do. Nothing is left out: what does not match may still be needed.
func (s *schemaOutput) rank(want []string) {
	if len(want) == 0 {
		return
	}
	points := map[string]int{}
	for _, t := range s.Tables {
		n := 3*hits(want, t.Name) + hits(want, t.Description)
		for _, c := range t.Columns {
			n += 2*hits(want, c.Name) + hits(want, c.Description)
			for _, v := range c.SampleValues {
				if hits(want, v) > 0 {
					n++
					s.Matches = append(s.Matches, match{t.Name, c.Name, v})
				}
			}
		}
		points[t.Name] = n
	}
	slices.SortStableFunc(s.Tables, func(a, b schemaTable) int { return points[b.Name] - points[a.Name] })
}
