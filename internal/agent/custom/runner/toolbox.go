// Package runner is what custom agents do: which tools they may have, whose each
// input of a tool is, what a language model sees of what they give, and the run
// itself, in the same loop as Postern's own agents.
package runner

import (
	"slices"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/agent/custom"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/tool"
)

// Toolbox has the tools that a custom agent may have.
type Toolbox struct{ Tools []tool.Tool }

// Everything is a toolbox of what there is: the built-in tools, and those
// agents that answer about one product. As tools the agents have no language
// model of their own: one asks already, within its budget.
func Everything() Toolbox {
	return Toolbox{slices.Concat(tool.Builtin(), (&agent.Agents{}).Tools())}
}

// sort is what a tool gives, which decides what a model sees of it. A tool that
// has none cannot be given to a model that somebody else instructs.
type sort int

const (
	table   sort = iota + 1 // of cells
	schema                  // what a product's tables are
	figures                 // computed over cells
	drawing                 // a picture of cells
	found                   // products
	spec                    // a product's whole specification
	asked                   // an answer of the planner's
)

// sorts are the tools that can be had. What is not here cannot.
var sorts = map[string]sort{
	"sql_execution_tool": table, "semantic_query_tool": table,
	"get_data_schema_tool": schema, "list_data_products_tool": found, "get_data_product_spec_tool": spec,
	"generate_chart_tool": drawing, "generate_chart_from_sql_and_code_tool": drawing,
	"summary_statistics_tool": figures, "correlation_tool": figures, "t_test_tool": figures, "chi_square_tool": figures,
	"mann_whitney_tool": figures, "linear_regression_tool": figures, "outliers_tool": figures, "contribution_tool": figures,
	"period_change_tool": figures,
	"sql_query_agent":    asked, "data_product_query_agent": asked, "charting_agent": asked,
}

// hidden are inputs that no model fills: they choose a login or a session. They
// are fixed, or the caller's, or left out.
var hidden = []string{"auth_id", "auth_mode", "allow_fallback_auth", "pre_exec_sql"}

// filled are inputs that mean nothing here and that a tool wants all the same.
var filled = map[string]string{"result_table_name": "result"}

// Product is the input that says which data product a call is about.
const Product = "data_product_id"

const version = "data_product_version"

// Find gives a tool by its id. Why it cannot be had says so to a maker.
func (b Toolbox) Find(id string) (tool.Tool, error) {
	i := slices.IndexFunc(b.Tools, func(t tool.Tool) bool { return tool.ID(t.Name) == id })
	switch {
	case i < 0:
		return tool.Tool{}, fault.New(fault.Invalid, "there is no tool of this id")
	case !b.Tools[i].Available:
		return tool.Tool{}, fault.New(fault.Invalid, "%s is not available here", b.Tools[i].Name)
	case sorts[b.Tools[i].Name] == 0:
		return tool.Tool{}, fault.New(fault.Invalid, "%s cannot be given to a custom agent", b.Tools[i].Name)
	}
	return b.Tools[i], nil
}

// Parameters is a tool's input as its configuration shows it: what no model
// fills is marked.
func Parameters(t tool.Tool) *jsonschema.Schema {
	s := t.In.CloneSchemas()
	for _, name := range hidden {
		if p := s.Properties[name]; p != nil {
			p.Extra = map[string]any{"x-hidden-from-model": true}
		}
	}
	return s
}

// source is whose an input is: what is not bound is the model's, but for what no
// model fills, and the version of a product that it does not choose.
func source(t custom.Tool, name string) custom.Source {
	b, bound := t.Bind[name]
	switch {
	case bound:
		return b.Source
	case name == version && source(t, Product) != custom.Model:
		return ""
	case slices.Contains(hidden, name) || filled[name] != "":
		return ""
	}
	return custom.Model
}

// key is where in the caller's input a value of the caller's stands.
func key(name string, b custom.Binding) string {
	if b.Key != "" {
		return b.Key
	}
	return name
}
