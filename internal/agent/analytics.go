package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/postern/postern/internal/chart"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/tool"
)

type analyticsInput struct {
	Message       string `json:"message" jsonschema:"The question, in English. It may ask for a statistic: a correlation, a summary, outliers, a regression, what contributes most."`
	MarketplaceID string `json:"marketplace_id,omitempty" jsonschema:"Leave out: the marketplace default holds every product that you may see."`
	DataProductID string `json:"data_product_id,omitempty" jsonschema:"Ask this product only; leave out to have the product found."`
	AuthID        string `json:"auth_id,omitempty" jsonschema:"A stored warehouse credential (auth_id) of the product, with data_product_id."`
	ChoiceID      string `json:"choice_id,omitempty" jsonschema:"Id of one of the choices that an earlier answer to the same message gave."`
}

const analyses = "Finds the data product that a question in English is about among those the caller may use, and answers it with a table, the SQL that gave it, " +
	"statistics where the question asks for one, and a chart. It answers only when one product has one reading of the whole question; otherwise it says why not. " + modelToo

// mostAsked is how many of the products that a search finds are asked.
const mostAsked = 3

// candidate is a product that was asked.
type candidate struct {
	in   queryInput
	want statistic
	pr   product.Product
	r    reading
	plan plan
	ran  *modeledAnswer // what a language model has run for it already
}

// analyze finds the product, answers from it, and computes what was asked for.
func (a *Agents) analyze(ctx context.Context, e *tool.Env, in analyticsInput) (tool.Answer[Output], error) {
	if strings.TrimSpace(in.Message) == "" {
		return tool.Answer[Output]{}, fault.New(fault.Invalid, "message: the question is empty")
	}
	products, err := productsFor(ctx, e, in)
	if err != nil {
		return tool.Answer[Output]{}, err
	}
	asked, closed, err := ask(ctx, e, in, products)
	if err != nil {
		return tool.Answer[Output]{}, err
	}
	model, err := a.model(ctx)
	if err != nil {
		return tool.Answer[Output]{}, err
	}
	for i, c := range asked {
		asked[i].plan = c.plan.without(model, in.Message)
	}
	best, out := pick(asked, closed)
	if best == nil && !slices.ContainsFunc(asked, answers) {
		var why string
		if best, why, err = a.unread(ctx, e, in, asked, closed); err != nil {
			return tool.Answer[Output]{}, err
		}
		if why != "" {
			out.Answer += "\n\n" + why
		}
	}
	if best == nil {
		return tool.Answer[Output]{Content: out}, nil
	}
	return a.conclude(ctx, e, in, *best)
}

func answers(c candidate) bool { return c.plan.Status == Answered }

// unread is what no product's planner has a reading of: the language model's,
// of the one product there is, or of the one that it chooses. Two that answer
// are not its to choose between.
func (a *Agents) unread(ctx context.Context, e *tool.Env, in analyticsInput, asked []candidate, closed []string) (*candidate, string, error) {
	if len(asked) != 1 || len(closed) > 0 {
		return a.chooseFrom(ctx, e, in, asked)
	}
	model, err := a.model(ctx)
	if err != nil {
		return nil, "", err
	}
	return fillIn(ctx, e, model, asked[0])
}

// fillIn puts the question to the language model, of one product.
func fillIn(ctx context.Context, e *tool.Env, model *Configured, c candidate) (*candidate, string, error) {
	ran, why, err := model.ask(ctx, e, c.pr, c.in)
	if ran == nil || err != nil {
		return nil, why, err
	}
	if c.plan, c.ran, err = c.plan.weighed(ctx, e, c.in, ran); err != nil {
		return nil, "", err
	}
	return &c, "", nil
}

// conclude runs the one reading there is.
func (a *Agents) conclude(ctx context.Context, e *tool.Env, in analyticsInput, c candidate) (tool.Answer[Output], error) {
	t, assets, err := c.execute(ctx, e)
	if err != nil {
		return tool.Answer[Output]{}, err
	}
	ans := tool.Answer[Output]{Content: Output{Facts: c.plan.Facts, Table: &t}, Assets: assets}
	out := &ans.Content
	switch {
	case c.want.tool == "" && c.ran != nil:
		ans = c.plan.content(c.ran)
	case c.want.tool == "":
		out.Answer = c.plan.answer(t)
	default:
		if out.Statistics, err = compute(ctx, e, c, t); err != nil {
			return tool.Answer[Output]{}, err
		}
		out.Answer = c.plan.computed(*out.Statistics)
	}
	if in.DataProductID == "" {
		out.Answer += "\n\nFrom the data product " + c.in.DataProductID + "."
	}
	return drawn(ctx, e, c.in, in.Message, ans)
}

func (c candidate) execute(ctx context.Context, e *tool.Env) (Table, []tool.AssetRef, error) {
	if c.ran != nil {
		return c.ran.table, c.ran.assets, nil
	}
	return execute(ctx, e, c.in, c.plan.SQL)
}

// productsFor gives the ids of the products to ask, the likeliest first.
func productsFor(ctx context.Context, e *tool.Env, in analyticsInput) ([]string, error) {
	if in.DataProductID != "" {
		_, err := e.Data.Product(ctx, e.Caller, in.DataProductID, "")
		return []string{in.DataProductID}, err
	}
	call := map[string]any{"search_term": in.Message, "limit": mostAsked}
	if in.MarketplaceID != "" {
		call["marketplace_id"] = in.MarketplaceID
	}
	ids, err := search(ctx, e, call)
	if err == nil && len(ids) == 0 {
		// No word of the question is in a product's specification: it may
		// still be about values.
		call["search_term"] = ""
		ids, err = search(ctx, e, call)
	}
	return ids, err
}

func search(ctx context.Context, e *tool.Env, call map[string]any) ([]string, error) {
	ret, err := use(ctx, e, "list_data_products_tool", call)
	if err != nil {
		return nil, err
	}
	var found struct {
		Results []struct {
			ID string `json:"product_id"`
		} `json:"results"`
	}
	if err := reread(ret.Content, &found); err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(found.Results))
	for _, f := range found.Results {
		ids = append(ids, f.ID)
	}
	return ids, nil
}

// use calls a built-in tool as a step that is told.
func use(ctx context.Context, e *tool.Env, name string, call any) (tool.Return, error) {
	t, err := tool.Find(tool.Builtin(), name)
	if err != nil {
		return tool.Return{}, err
	}
	return Use(ctx, e, t, call)
}

// Use calls a tool as a step that is told; a failure of the tool is an error.
func Use(ctx context.Context, e *tool.Env, t tool.Tool, call any) (ret tool.Return, err error) {
	args, err := plainJSON(call)
	if err != nil {
		return tool.Return{}, err
	}
	step := tool.Step{Tool: t.Name, CallID: "call_" + uuid.NewString(), Args: args}
	if err := e.Tell(step); err != nil {
		return tool.Return{}, err
	}
	within := *e
	within.CallID = step.CallID
	if ret, err = traced(t, contentIn(ctx))(ctx, &within, args); err != nil {
		return tool.Return{}, err
	}
	step.Return = &ret
	if err := e.Tell(step); err != nil {
		return tool.Return{}, err
	}
	return ret, ret.Err
}

// reread reads a tool's content as another type.
func reread(content, into any) error {
	b, err := json.Marshal(content)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}

// ask plans the question over each product. A product whose warehouse the
// caller has no credential for is closed, and named: it might have answered.
func ask(ctx context.Context, e *tool.Env, in analyticsInput, products []string) (asked []candidate, closed []string, err error) {
	want, question := statisticOf(chart.Plain(in.Message))
	for _, id := range products {
		pr, err := e.Data.Product(ctx, e.Caller, id, "")
		if err != nil {
			return nil, nil, err
		}
		c := candidate{pr: pr, in: queryInput{Message: question, DataProductID: id, AuthID: in.AuthID, ChoiceID: in.ChoiceID, analyses: want.tool == ""}, want: want}
		if c.r, err = read(ctx, e, pr, c.in); err == nil {
			c.plan, err = c.r.plan(ctx, e, c.in)
		}
		switch {
		case ctx.Err() != nil:
			return nil, nil, ctx.Err()
		case err != nil && len(products) > 1:
			closed = append(closed, id+": "+said(err))
		case err != nil:
			return nil, nil, err
		default:
			asked = append(asked, c)
		}
	}
	return asked, closed, nil
}

func said(err error) string {
	if f := fault.As(err); f != nil {
		return f.Message
	}
	return "it could not be asked"
}

// pick takes the one product that answers. Two that do are a choice for the
// caller: which of them is meant is not in the question.
func pick(asked []candidate, closed []string) (*candidate, Output) {
	var answers []*candidate
	for i := range asked {
		if asked[i].plan.Status == Answered {
			answers = append(answers, &asked[i])
		}
	}
	if len(answers) == 1 {
		if len(closed) > 0 {
			answers[0].plan.Assumptions = append(answers[0].plan.Assumptions, "Not asked: "+strings.Join(closed, "; "))
		}
		return answers[0], Output{}
	}
	p := plan{Facts: Facts{Assumptions: []string{}, Unplaced: []string{}, Choices: []Choice{}}}
	switch {
	case len(answers) > 1:
		p = p.abstain("more than one data product answers it: ask again with the data_product_id of one")
		for _, c := range answers {
			p.nearest = append(p.nearest, fmt.Sprintf("%s: %s", c.in.DataProductID, c.plan.Restatement))
		}
	case len(asked) > 0:
		p = asked[0].plan // the likeliest product's reasons
		p.reason = strings.TrimSuffix("of "+asked[0].in.DataProductID+", "+lower(p.reason), ", ")
	case len(closed) > 0:
		p = p.abstain("no data product could be asked")
	default:
		p = p.abstain("no data product is shared with you")
	}
	if len(closed) > 0 {
		p.reason = strings.TrimRight(p.reason, ".") + "; not asked: " + strings.Join(closed, "; ")
	}
	return nil, Output{Facts: p.Facts, Answer: p.refusal()}
}
