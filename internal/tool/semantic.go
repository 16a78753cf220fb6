package tool

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/semantic"
	"github.com/postern/postern/internal/semantic/form"
)

// semanticInput is the form, and what the tool itself has to know.
type semanticInput struct {
	queryInput
	ResultTableName string `json:"result_table_name,omitempty" jsonschema:"A short name for the result; answer when left out."`
	DryRun          bool   `json:"dry_run,omitempty" jsonschema:"True gives the SQL and what it means, and runs nothing."`

	form json.RawMessage
}

type semanticOutput struct {
	sqlOutput
	SQL          string   `json:"sql" jsonschema:"The statement, in the warehouse's own dialect."`
	Restatement  string   `json:"restatement,omitempty" jsonschema:"What was asked, in words made from the query alone."`
	Notes        []string `json:"notes" jsonschema:"What was taken for granted: joins that are inferred, measures that were added up before a join so as not to count twice."`
	Tier         string   `json:"tier" jsonschema:"semantic, or verified_query for SQL that a person has accepted."`
	ModelVersion string   `json:"model_version"`
	DryRun       bool     `json:"dry_run,omitempty" jsonschema:"True when nothing was run."`
}

var semanticQuery = defineSemantic("semantic_query_tool", "Ask in measures and dimensions",
	"Answers a query in the terms of a data product's model: measures (metrics, or aggregates of columns) by dimensions, with filters, time, comparison, share, order and limit. "+
		"Joins are found, dates cut and SQL written for the warehouse by Postern, which refuses what would count a row twice: prefer it to writing SQL. "+
		"Call get_data_schema_tool first for the names of tables, columns, metrics and filters. "+
		`Example: {"data_product_id": "shop:sales", "measures": ["revenue"], "dimensions": ["customers.city"], "filters": [{"column": "orders.status", "op": "=", "value": "paid"}], `+
		`"time": {"column": "orders.placed", "grain": "month", "in": "2024"}, "limit": 10}. `+
		"Input that does not fit is refused with the path of the field and the nearest names.")

func defineSemantic(name, title, description string) Tool {
	in := schemaFor[semanticInput](name)
	resolved := resolve(name, in)
	shown := *in
	shown.AdditionalProperties = nil // what is unknown is refused by name, with the nearest
	shown.Properties, shown.PropertyOrder = map[string]*jsonschema.Schema{}, nil
	var keys map[string]*jsonschema.Schema
	if err := json.Unmarshal(form.Schema, &keys); err != nil {
		panic(fmt.Sprintf("tool %s: %v", name, err))
	}
	for _, k := range slices.Concat(in.PropertyOrder[:1], form.Keys, in.PropertyOrder[1:]) {
		shown.PropertyOrder = append(shown.PropertyOrder, k)
		if shown.Properties[k] = keys[k]; keys[k] == nil {
			shown.Properties[k] = in.Properties[k]
		}
	}
	return define(Tool{Name: name, Title: title, Description: description, In: &shown, Out: schemaFor[semanticOutput](name)},
		func(raw json.RawMessage) (semanticInput, error) { return readSemantic(resolved, raw) }, runSemantic)
}

// readSemantic takes the tool's own fields out of the input; the rest is the
// form. message and tool_approvals are sent along by clients of agents.
func readSemantic(own input, raw json.RawMessage) (semanticInput, error) {
	v, err := decode[semanticInput](own, raw)
	if err != nil {
		return v, err
	}
	rest := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &rest); err != nil {
		return v, fault.Because(err, fault.Invalid, "the input must be a JSON object")
	}
	for k, value := range rest {
		if _, known := own.fields[k]; known || k == "message" || k == "tool_approvals" || bytes.Equal(value, []byte("null")) {
			delete(rest, k)
		}
	}
	v.form, err = json.Marshal(rest)
	return v, err
}

func runSemantic(ctx context.Context, e *Env, in semanticInput) (Answer[semanticOutput], error) {
	var none Answer[semanticOutput]
	pr, err := e.Data.Product(ctx, e.Caller, in.DataProductID, in.DataProductVersion)
	if err != nil {
		return none, err
	}
	m, err := e.Models.Of(ctx, e, pr, in.query(e))
	if err != nil {
		return none, err
	}
	out, err := compile(in.form, m.Model)
	if err != nil {
		return none, err
	}
	name := cmp.Or(in.ResultTableName, "answer")
	if in.DryRun {
		out.DryRun, out.ResultTableName = true, name
		return Answer[semanticOutput]{Content: out}, nil
	}
	ran, err := runSQL(ctx, e, sqlInput{queryInput: in.queryInput, SQL: out.SQL, ResultTableName: name})
	if err != nil {
		return none, err
	}
	out.sqlOutput = ran.Content
	return Answer[semanticOutput]{Content: out, Assets: ran.Assets}, nil
}

// compile turns a form into the statement that answers it.
func compile(raw json.RawMessage, m *semantic.Model) (semanticOutput, error) {
	out := semanticOutput{sqlOutput: sqlOutput{Columns: []column{}, Rows: [][]any{}}, Notes: []string{}, Tier: "semantic", ModelVersion: m.Version}
	if m.Dialect == "" {
		return out, fault.New(fault.Invalid, "Postern compiles no semantic queries for this product's warehouse yet: write SQL for sql_execution_tool")
	}
	f, err := form.Fill(raw, m)
	if err != nil {
		return out, err
	}
	if f.Verified != nil {
		out.Tier, out.Restatement = "verified_query", f.Verified.Question
		out.SQL, err = f.Verified.Bind(f.Values, m.Dialect)
		return out, err
	}
	s, err := semantic.Compile(f.Query, m, m.Dialect)
	if err != nil {
		return out, err
	}
	if len(s.Ambiguous) > 0 {
		return out, fault.New(fault.Invalid, "%s", ambiguous(s.Ambiguous, m))
	}
	for _, c := range s.Columns {
		out.Columns = append(out.Columns, column{Name: c, Type: "unknown"})
	}
	out.SQL, out.Restatement = s.SQL, semantic.Restate(f.Said, m)
	out.Notes = append(out.Notes, append(f.Notes, s.Notes...)...)
	return out, nil
}

// ambiguous says which ways there are, and how to choose one.
func ambiguous(ways []string, m *semantic.Model) string {
	said := strings.Join(ways, "; ")
	var names []string
	for _, j := range m.Joins {
		if strings.Contains(said, j.From+"."+strings.Join(j.Columns, "+")+" and "+j.To+".") {
			names = append(names, j.Name+" (from "+j.From+" to "+j.To+")")
		}
	}
	return "the tables can be joined in more than one way: " + said +
		". Write the name of a join in the place of its table's, as join.column: " + strings.Join(names, ", ")
}
