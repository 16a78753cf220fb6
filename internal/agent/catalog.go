package agent

import (
	"context"
	"fmt"
	"strings"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/tool"
)

type catalogInput struct {
	Message       string `json:"message" jsonschema:"What you look for, in words: a subject, a table, a column, a measure."`
	MarketplaceID string `json:"marketplace_id,omitempty" jsonschema:"Leave out: the marketplace default holds every product that you may see."`
}

const finds = "Finds the data products that hold what a message is about, and says where: in their names and descriptions, tables, columns, measures and synonyms. " +
	"It reads specifications only, and no warehouse. Ask a question about the data of the analytics_agent instead."

// mostFound is how many products the agent lists.
const mostFound = 10

// catalog lists the products that a message is about.
func (a *Agents) catalog(ctx context.Context, e *tool.Env, in catalogInput) (tool.Answer[Output], error) {
	if strings.TrimSpace(in.Message) == "" {
		return tool.Answer[Output]{}, fault.New(fault.Invalid, "message: it is empty")
	}
	call := map[string]any{"search_term": in.Message, "limit": mostFound}
	if in.MarketplaceID != "" {
		call["marketplace_id"] = in.MarketplaceID
	}
	ret, err := use(ctx, e, "list_data_products_tool", call)
	if err != nil {
		return tool.Answer[Output]{}, err
	}
	var found struct {
		Instructions string `json:"instructions"`
		Results      []struct {
			ID          string   `json:"product_id"`
			Name        string   `json:"name"`
			Description string   `json:"description"`
			Matched     []string `json:"matched"`
		} `json:"results"`
	}
	if err := reread(ret.Content, &found); err != nil {
		return tool.Answer[Output]{}, err
	}
	p := plan{Facts: Facts{Status: Answered, Assumptions: []string{}, Unplaced: []string{}, Choices: []Choice{}}}
	if len(found.Results) == 0 {
		p = p.abstain(found.Instructions)
		return tool.Answer[Output]{Content: Output{Facts: p.Facts, Answer: p.refusal()}}, nil
	}
	t := Table{RowCount: int64(len(found.Results))}
	for _, c := range []string{"product_id", "name", "description", "matched"} {
		t.Columns = append(t.Columns, Column{c, "string"})
	}
	for _, r := range found.Results {
		t.Rows = append(t.Rows, []any{r.ID, r.Name, r.Description, strings.Join(r.Matched, ", ")})
	}
	var b strings.Builder
	if n := len(t.Rows); n == 1 {
		b.WriteString("1 data product matches.\n\n")
	} else {
		fmt.Fprintf(&b, "%d data products match, the best first.\n\n", n)
	}
	t.say(&b)
	return tool.Answer[Output]{Content: Output{Facts: p.Facts, Answer: strings.TrimRight(b.String(), "\n"), Table: &t}}, nil
}
