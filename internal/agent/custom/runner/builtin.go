package runner

import (
	"github.com/postern/postern/internal/agent/custom"
	"github.com/postern/postern/internal/tool"
)

// starts are what the built-in agents are as custom ones: where a clone of one
// begins. The built-in agents themselves have no prompt: they ask the planner
// first.
var starts = map[string]struct {
	prompt string
	tools  []string
}{
	"sql_query_agent": {
		answers + " End with the one query whose table answers the whole question.",
		[]string{"get_data_schema_tool", "semantic_query_tool", "sql_execution_tool"},
	},
	"data_product_query_agent": {
		answers + " Where a picture helps, draw one chart of the result, and stop at the first reasonable one.",
		[]string{"get_data_schema_tool", "semantic_query_tool", "sql_execution_tool", "generate_chart_tool"},
	},
	"charting_agent": {
		answers + " Draw one chart of the result, and stop at the first reasonable one.",
		[]string{"get_data_schema_tool", "semantic_query_tool", "sql_execution_tool", "generate_chart_tool"},
	},
	"analytics_agent": {
		"Find the data product that the question is about, read its tables, and answer with the fewest queries. Compute statistics with the tools for them, never by yourself.",
		[]string{"list_data_products_tool", "get_data_schema_tool", "semantic_query_tool", "sql_execution_tool", "summary_statistics_tool", "correlation_tool", "linear_regression_tool", "outliers_tool", "generate_chart_tool"},
	},
	"catalog_context_search_agent": {
		"Say which data products hold what the message is about, and where in them.",
		[]string{"list_data_products_tool"},
	},
}

const answers = "Answer the question from the data product. Read its tables first, then query it: in measures and dimensions where that says it, else in SQL."

// Start is the definition that a clone of a built-in agent begins with.
func Start(agent tool.Tool) (custom.Definition, bool) {
	s, ok := starts[agent.Name]
	d := custom.Definition{Name: agent.Title, Description: "Like " + agent.Name + ", worked by a language model alone: no planner reads the question first.", Prompt: s.prompt, Tags: []string{}}
	for _, name := range s.tools {
		t := custom.Tool{ID: tool.ID(name), Bind: map[string]custom.Binding{}}
		if known, err := tool.Find(tool.Builtin(), name); err == nil && agent.Name != "analytics_agent" {
			for _, p := range []string{Product, version, "auth_id"} {
				if known.In.Properties[p] != nil {
					t.Bind[p] = custom.Binding{Source: custom.User}
				}
			}
		}
		d.Tools = append(d.Tools, t)
	}
	return d, ok
}
