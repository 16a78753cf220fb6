// Package describe says what a product's model means in the form that a
// machine reads: tables, columns, joins, metrics, values that match a query,
// and no more of all that than a model of language can read at once.
package describe

import (
	"slices"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/rank"
	"github.com/postern/postern/internal/semantic"
)

// Schema is what a product means to one caller.
type Schema struct {
	DataProductID string          `json:"data_product_id"`
	Version       string          `json:"version"`
	Name          string          `json:"name"`
	Description   string          `json:"description,omitempty"`
	Dialect       string          `json:"dialect" jsonschema:"The engine whose SQL to write."`
	ModelVersion  string          `json:"model_version" jsonschema:"Changes when anything of this changes."`
	Tables        []schemaTable   `json:"tables"`
	Joins         []schemaJoin    `json:"joins" jsonschema:"Ways from table to table, declared and inferred."`
	Relationships []relationship  `json:"relationships" jsonschema:"Joins in the words of the product's owner."`
	Metrics       []metric        `json:"metrics" jsonschema:"Named measures: prefer them to sums of your own."`
	Filters       []namedFilter   `json:"filters,omitempty" jsonschema:"Named conditions."`
	Verified      []verifiedQuery `json:"verified_queries,omitempty" jsonschema:"Questions whose SQL a person has accepted."`
	Matches       []match         `json:"matches,omitempty" jsonschema:"Values of the data that match the query, spelled as SQL must spell them."`
	Truncated     bool            `json:"truncated" jsonschema:"True when this is less than the whole schema."`
	Reason        string          `json:"reason,omitempty" jsonschema:"Why it was trimmed."`
	Next          string          `json:"next,omitempty" jsonschema:"What to do to see more."`
	LeftOut       *leftOut        `json:"left_out,omitempty"`

	found foundColumns
}

// leftOut says what a trimmed schema does not show.
type leftOut struct {
	Tables  []string `json:"tables" jsonschema:"Names of tables that are not shown, best match first, as far as there is room."`
	Count   int      `json:"table_count" jsonschema:"How many tables are not shown at all."`
	Columns int      `json:"column_count" jsonschema:"How many columns are not shown, with those of these tables."`
}

type schemaTable struct {
	Name           string         `json:"name" jsonschema:"The name to use in SQL."`
	PhysicalName   string         `json:"physical_name"`
	Label          string         `json:"label,omitempty" jsonschema:"What people call it."`
	Description    string         `json:"description,omitempty"`
	Synonyms       []string       `json:"synonyms,omitempty"`
	Kind           string         `json:"kind" jsonschema:"table or view"`
	RowEstimate    *int64         `json:"row_estimate,omitempty"`
	Columns        []schemaColumn `json:"columns"`
	ColumnsLeftOut int            `json:"columns_left_out,omitempty" jsonschema:"How many columns are not shown."`
	PrimaryKey     []string       `json:"primary_key,omitempty"`
	KeyInferred    bool           `json:"primary_key_inferred,omitempty" jsonschema:"The key is guessed from names and values."`
	ForeignKeys    []foreignKey   `json:"foreign_keys,omitempty"`
	TimeColumn     string         `json:"time_column,omitempty" jsonschema:"The column that 'in 2024' means."`
	TimeGrain      string         `json:"time_grain,omitempty" jsonschema:"day, week, month, quarter or year, where none is asked for."`
}

type schemaColumn struct {
	Name           string   `json:"name"`
	Type           string   `json:"type"`
	Nullable       bool     `json:"nullable"`
	Role           string   `json:"role,omitempty" jsonschema:"key, foreign (leads to another table), measure (to be aggregated), dimension (to group and filter by) or time"`
	Label          string   `json:"label,omitempty" jsonschema:"What people call it."`
	Description    string   `json:"description,omitempty"`
	Synonyms       []string `json:"synonyms,omitempty"`
	Unit           string   `json:"unit,omitempty"`
	Additivity     string   `json:"additivity,omitempty" jsonschema:"semi: never sum over time; none: never sum."`
	SampleValues   []string `json:"sample_values,omitempty"`
	AllValues      bool     `json:"all_values,omitempty" jsonschema:"sample_values holds every value there is."`
	DistinctValues int64    `json:"distinct_values,omitempty" jsonschema:"How many different values there are."`
}

type foreignKey struct {
	Columns           []string `json:"columns"`
	ReferencedTable   string   `json:"referenced_table"`
	ReferencedColumns []string `json:"referenced_columns"`
}

type schemaJoin struct {
	Name        string   `json:"name"`
	From        string   `json:"from"`
	To          string   `json:"to"`
	On          string   `json:"on" jsonschema:"The condition for SQL."`
	Cardinality string   `json:"cardinality" jsonschema:"How many rows of from meet how many of to."`
	Label       string   `json:"label,omitempty" jsonschema:"What the row of to is to the row of from."`
	Synonyms    []string `json:"synonyms,omitempty"`
	Optional    bool     `json:"optional,omitempty" jsonschema:"A row of from may lead nowhere: LEFT JOIN keeps it."`
	Inferred    bool     `json:"inferred,omitempty" jsonschema:"Guessed from names, types and values; not declared by anybody."`
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
	Name        string   `json:"name"`
	DisplayName string   `json:"display_name,omitempty"`
	Description string   `json:"description,omitempty"`
	Expression  string   `json:"expression"`
	Table       string   `json:"table,omitempty" jsonschema:"Whose rows it is over."`
	Synonyms    []string `json:"synonyms,omitempty"`
	Unit        string   `json:"unit,omitempty"`
	Additivity  string   `json:"additivity,omitempty"`
	SQLOnly     bool     `json:"sql_only,omitempty" jsonschema:"Its expression is for SQL; semantic_query_tool cannot take it."`
}

type namedFilter struct {
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Expression  string   `json:"expression"`
	Table       string   `json:"table,omitempty"`
	Synonyms    []string `json:"synonyms,omitempty"`
	SQLOnly     bool     `json:"sql_only,omitempty" jsonschema:"Its expression is for SQL; semantic_query_tool cannot take it."`
}

type verifiedQuery struct {
	Name       string   `json:"name"`
	Question   string   `json:"question"`
	Parameters []string `json:"parameters,omitempty" jsonschema:"Values that it needs."`
}

type match struct {
	Table  string `json:"table"`
	Column string `json:"column"`
	Value  string `json:"value"`
}

// WithoutValues is the schema without any value of a cell, also of those that
// the product's own spec gives as samples.
func (s Schema) WithoutValues() any {
	s.Matches, s.Tables = nil, slices.Clone(s.Tables)
	for i := range s.Tables {
		columns := slices.Clone(s.Tables[i].Columns)
		for j := range columns {
			columns[j].SampleValues, columns[j].AllValues = nil, false
		}
		s.Tables[i].Columns = columns
	}
	return s
}

// Columns are the names of the columns that are shown, as table.column.
func (s Schema) Columns() (names []string) {
	for _, t := range s.Tables {
		for _, c := range t.Columns {
			names = append(names, t.Name+"."+c.Name)
		}
	}
	return names
}

// Only keeps the tables that were asked for, and the joins from and to them.
// A name that is none of them is Invalid.
func (s *Schema) Only(names []string) error {
	if len(names) == 0 {
		return nil
	}
	var wrong []fault.Field
	for _, n := range names {
		if !slices.ContainsFunc(s.Tables, func(t schemaTable) bool { return strings.EqualFold(t.Name, n) }) {
			wrong = append(wrong, fault.Field{Loc: []string{"body", "tables"}, Type: "value_error",
				Msg: "no table of this product is called " + quoted(n) + rank.DidYouMean(n, s.tableNames())})
		}
	}
	if len(wrong) > 0 {
		said := make([]string, len(wrong))
		for i, f := range wrong {
			said[i] = "tables: " + f.Msg
		}
		e := fault.New(fault.Invalid, "%s", strings.Join(said, "; "))
		e.Fields = wrong
		return e
	}
	asked := func(t string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, t) })
	}
	s.Tables = slices.DeleteFunc(s.Tables, func(t schemaTable) bool { return !asked(t.Name) })
	s.keepJoins(func(from, to string) bool { return asked(from) || asked(to) })
	s.keepNamed(func(table string) bool { return table == "" || asked(table) })
	return nil
}

func (s *Schema) tableNames() []string {
	names := make([]string, len(s.Tables))
	for i, t := range s.Tables {
		names[i] = t.Name
	}
	return names
}

func (s *Schema) keepJoins(keep func(from, to string) bool) {
	s.Joins = slices.DeleteFunc(s.Joins, func(j schemaJoin) bool { return !keep(j.From, j.To) })
	s.Relationships = slices.DeleteFunc(s.Relationships, func(r relationship) bool { return !keep(r.Table, r.RightTable) })
}

// physicalName is how the warehouse calls a table.
func physicalName(t product.Table) string {
	parts := slices.DeleteFunc([]string{t.Database, t.Schema, t.Name}, func(s string) bool { return s == "" })
	return strings.Join(parts, ".")
}

// unlike gives a label where it says more than the name.
func unlike(label, name string) string {
	if strings.EqualFold(label, semantic.Words(name)) {
		return ""
	}
	return label
}

func quoted(s string) string { return strconv.Quote(cut(s, 80)) }
