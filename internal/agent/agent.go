// Package agent is who answers questions: an agent takes a question about a
// data product, and answers from the table of a query that ran, or says why it
// cannot. Agents hold only tools, and tools only the gateway's path, so an
// agent can do what its caller can and nothing more.
package agent

import (
	"context"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/tool"
)

// Status is how an answer came out.
type Status string

// The statuses.
const (
	Answered  Status = "answered"
	Abstained Status = "abstained" // the question has no one reading over the product's data
	Failed    Status = "failed"
)

// Tier is what an answer rests on.
type Tier string

// The tiers.
const (
	Verified Tier = "verified_query" // SQL that a person has accepted for the question
	Semantic Tier = "semantic"       // the planner's reading, compiled

	LLMSemantic Tier = "llm_semantic" // a language model's semantic query, compiled
	LLMSQL      Tier = "llm_sql"      // SQL that a language model wrote
	LLMText     Tier = "llm_text"     // a language model's words, of a custom agent
)

// Facts are an answer's facts, as every door shows them.
type Facts struct {
	Status       Status   `json:"status" jsonschema:"answered or abstained"`
	Tier         Tier     `json:"tier,omitempty" jsonschema:"What the answer rests on: semantic, verified_query, llm_semantic (a language model chose the measures and dimensions) or llm_sql (it wrote the SQL)."`
	SQL          string   `json:"sql,omitempty" jsonschema:"The statement that ran."`
	Restatement  string   `json:"restatement,omitempty" jsonschema:"The question as it was understood, made from the query alone."`
	Assumptions  []string `json:"assumptions" jsonschema:"What was taken for granted."`
	Unplaced     []string `json:"unplaced" jsonschema:"Words of the question that have no place in the data."`
	Choices      []Choice `json:"choices" jsonschema:"Readings to choose from: ask again with the choice_id of one."`
	ModelVersion string   `json:"model_version,omitempty" jsonschema:"Which state of the product's meaning was read."`
	MayLeave     string   `json:"may_leave,omitempty" jsonschema:"What of the product might leave to a language model when this was answered: none, schema or rows."`
}

// Choice is a reading of the question that can be answered.
type Choice struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// Output is an agent's answer.
type Output struct {
	Facts
	Answer string `json:"answer" jsonschema:"The answer in words, with the beginning of the table."`
	Table  *Table `json:"table,omitempty" jsonschema:"What the statement gave."`
	// Statistics are of agents that analyse, where the question asked for one.
	Statistics *Statistics       `json:"statistics,omitempty" jsonschema:"What was computed over the statement's rows."`
	Chart      *tool.ChartOutput `json:"chart,omitempty" jsonschema:"The chart of the table, of agents that draw one."`
}

// Said is the answer as a stream's last event shows it.
func (o Output) Said() (text string, facts any) { return o.Answer, o.Facts }

// Agents makes the agents. What they know of products comes with each call.
type Agents struct {
	// Models has the language model that is asked what the planner declines.
	Models Models
	// Content puts what is said on spans, where the operator traces.
	Content bool
}

// Models are the language models that may be asked, as they stand now.
type Models interface {
	// Configured gives one by the id of its configuration; "" is the default.
	// NotFound where there is none.
	Configured(ctx context.Context, id string) (*Configured, error)
}

// model is the language model to ask; nil where none is configured.
func (a *Agents) model(ctx context.Context) (*Configured, error) {
	if a.Models == nil {
		return nil, nil
	}
	c, err := a.Models.Configured(ctx, "")
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	return c, err
}

type queryInput struct {
	Message            string `json:"message" jsonschema:"The question, in English."`
	DataProductID      string `json:"data_product_id" jsonschema:"Id of the data product, as list_data_products_tool gives it."`
	DataProductVersion string `json:"data_product_version,omitempty" jsonschema:"Version of the data product; leave out for the current one."`
	AuthID             string `json:"auth_id,omitempty" jsonschema:"A stored warehouse credential (auth_id) to use; leave out to use the newest active one."`
	ChoiceID           string `json:"choice_id,omitempty" jsonschema:"Id of one of the choices that an earlier answer to the same message gave."`

	analyses bool // a language model may compute statistics and draw
}

// Product says which product the input is about, so that tools check it first.
func (q queryInput) Product() (id, version string) { return q.DataProductID, q.DataProductVersion }

const does = "Answers a question in English about one data product with a table, and the SQL that gave it, read with the caller's own warehouse credentials. " +
	"It answers only when every word of the question has a place in the product's data and one reading wins; " +
	"otherwise it says which words it could not place and what it can answer. "

// modelToo is said whether there is a model or not: which may change at any time.
const modelToo = "What it would decline, a language model fills in as a query, where one is configured and the product allows it; tier says so."

// Tools gives the agents as tools, which is how the doors call them.
func (a *Agents) Tools() []tool.Tool {
	const draws = "It ends with the table and a chart of it; the question may say which kind (as a line chart). " + modelToo
	flow := tool.Define("query_flow_agent", "Analyse data", analyses, a.analyze)
	flow.Available = false // an older name of analytics_agent, which clients call; nobody needs both
	alias := tool.Define("chart_create_agent", "Chart an answer", does+draws, a.charted)
	alias.Available = false // likewise of charting_agent
	all := []tool.Tool{
		tool.Define("sql_query_agent", "Ask a question", does+"For counts, sums, averages, rankings and lists. "+modelToo, a.query),
		tool.Define("catalog_context_search_agent", "Find data products", finds, a.catalog),
		tool.Define("analytics_agent", "Analyse data", analyses, a.analyze),
		flow,
		tool.Define("data_product_query_agent", "Ask a data product", does+draws, a.charted),
		tool.Define("charting_agent", "Chart an answer", does+draws, a.charted),
		alias,
	}
	for i := range all {
		all[i] = a.invoked(all[i])
	}
	return all
}
