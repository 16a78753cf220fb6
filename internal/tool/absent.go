package tool

import (
	"context"
	"encoding/json"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
)

// param is one documented parameter of a tool that Postern answers to without
// having it.
type param struct {
	name, kind string // kind "" takes any JSON
	required   bool
}

func need(name, kind string) param { return param{name, kind, true} }
func may(name, kind string) param  { return param{name, kind, false} }

// missing lists the tools that published clients call and Postern does not
// have: they answer so in a tool-return, since a 404 or an empty stream reads
// like a broken server.
var missing = []struct {
	name   string
	params []param
}{
	{"lineage_tool", []param{
		may("root_node", "object"), may("root_node_ids", ""), may("otype", "string"), may("direction", "string"),
		may("limit", "integer"), may("batch_size", "integer"), may("pagination", "object"), may("processing_mode", "string"),
		may("show_temporal_objects", "boolean"), may("design_time", ""), may("max_depth", "integer"),
		may("excluded_schema_ids", ""), may("allowed_otypes", ""), may("time_from", ""), may("time_to", ""),
	}},
	{"get_data_quality_tool", []param{
		may("table_ids", "array"), may("sql_query", "string"), may("ds_id", "integer"), may("db_uri", "string"),
		may("output_format", "string"), may("dq_score_threshold", "integer"),
		may("bypassed_dq_sources", "array"), may("default_schema_name", "string"),
	}},
	{"alation_context_tool", []param{need("question", "string"), may("signature", "")}},
	{"bulk_retrieval_tool", []param{need("signature", "")}},
	{"get_context_by_id_tool", []param{need("signature", "")}},
	{"analyze_catalog_question_tool", []param{need("question", "string")}},
	{"get_signature_creation_instructions_tool", nil},
	{"get_custom_fields_definitions_tool", nil},
	{"get_data_dictionary_instructions_tool", nil},
	{"generate_data_product_tool", nil},
	{"search_catalog_tool", []param{need("search_term", "string"), may("object_types", "array"), may("filters", "array")}},
	{"get_search_filter_fields_tool", []param{may("search_term", "string"), may("limit", "integer")}},
	{"get_search_filter_values_tool", []param{may("field_id", ""), may("search_term", "string"), may("limit", "integer")}},
	{"get_catalog_object_tool", nil},
	{"update_catalog_object_tool", nil},
	{"bi_report_search_tool", nil},
}

// NotAvailable is the name of the failure of a tool that Postern lacks.
const NotAvailable = "not_available"

func absent() []Tool {
	out := make([]Tool, 0, len(missing))
	for _, m := range missing {
		in := &jsonschema.Schema{Type: "object", Properties: map[string]*jsonschema.Schema{}}
		for _, p := range m.params {
			in.Properties[p.name] = &jsonschema.Schema{Type: p.kind}
			in.PropertyOrder = append(in.PropertyOrder, p.name)
			if p.required {
				in.Required = append(in.Required, p.name)
			}
		}
		out = append(out, absentTool(m.name, in))
	}
	return out
}

func absentTool(name string, schema *jsonschema.Schema) Tool {
	in := resolve(name, schema)
	t := Tool{Name: name, Title: name, Description: "Not available in Postern.", Scope: auth.ScopeQuery, In: schema}
	t.Check = func(_ context.Context, _ *Env, raw json.RawMessage) error {
		_, err := in.known(raw)
		return err
	}
	t.Call = func(ctx context.Context, _ *Env, raw json.RawMessage) (Return, error) {
		if _, err := in.known(raw); err != nil {
			return Failed(ctx, err), nil
		}
		return Failed(ctx, fault.New(fault.NotFound, "%s is not available in Postern, which has no data catalog; "+
			"available are sql_execution_tool, get_data_schema_tool, get_data_product_spec_tool, list_data_products_tool, get_data_sources_tool and the chart tools", name).
			Coded(501, NotAvailable)), nil
	}
	return t
}
