package tool

import (
	"context"
	"strings"

	"github.com/postern/postern/internal/rank"
	"github.com/postern/postern/internal/semantic"
	"github.com/postern/postern/internal/tool/describe"
)

// schemaChars is about how many characters a model gets to read of a schema.
// It is more than of a result, since what is missing here is guessed.
const schemaChars = 24_000

type schemaInput struct {
	queryInput
	Query  string   `json:"query,omitempty" jsonschema:"What you are looking for, in words: the tables whose names, descriptions, synonyms or values match come first."`
	Tables []string `json:"tables,omitempty" jsonschema:"Names of the tables to show, when you know which; leave out for all. Use it to see what an earlier answer left out."`
}

var dataSchema = Define("get_data_schema_tool", "Get data schema",
	"Gives what a data product means: tables and columns with types, descriptions, synonyms, roles and sample values, keys, joins with their cardinality, "+
		"metrics, named filters and verified queries, read with the caller's own warehouse credentials. "+
		"Call it before writing SQL or a semantic query: sql_execution_tool and semantic_query_tool see exactly these tables and columns, under these names. "+
		"Pass words of the question as query: what matches comes first, and matches lists values of the data as they are spelled. "+
		"A large schema is trimmed: left_out names the tables that are not shown; ask for them by tables.",
	readSchema)

func readSchema(ctx context.Context, e *Env, in schemaInput) (Answer[describe.Schema], error) {
	var none Answer[describe.Schema]
	pr, err := e.Data.Product(ctx, e.Caller, in.DataProductID, in.DataProductVersion)
	if err != nil {
		return none, err
	}
	m, err := e.Models.Of(ctx, e, pr, in.query(e))
	if err != nil {
		return none, err
	}
	out := describe.New(m.Product, m.Model, m.Schema)
	if err := out.Only(in.Tables); err != nil {
		return none, err
	}
	if strings.TrimSpace(in.Query) != "" {
		out.Rank(m.index().Search(in.Query, 0))
	}
	out.Trim(schemaChars)
	return Answer[describe.Schema]{Content: out}, nil
}

// index finds the tables by words.
func (m *Meaning) index() *rank.Index {
	return Made(m, func() *rank.Index { return describe.Index(m.Model, m.valuesOf) })
}

// valuesOf are the texts of a column, as far as they are known.
func (m *Meaning) valuesOf(t *semantic.Table, c *semantic.Column) []string {
	for _, v := range m.Values {
		if v.Table == t.Name && v.Column == c.Name {
			return v.Values
		}
	}
	if c.Class == semantic.Text {
		return c.Values
	}
	return nil
}
