package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/semantic"
	"github.com/postern/postern/internal/tool"
)

// query answers a question from the table of one query, or abstains.
func (a *Agents) query(ctx context.Context, e *tool.Env, in queryInput) (tool.Answer[Output], error) {
	if strings.TrimSpace(in.Message) == "" {
		return tool.Answer[Output]{}, fault.New(fault.Invalid, "message: the question is empty")
	}
	pr, err := e.Data.Product(ctx, e.Caller, in.DataProductID, in.DataProductVersion)
	if err != nil {
		return tool.Answer[Output]{}, err
	}
	about(ctx, pr.ID)
	r, err := read(ctx, e, pr, in)
	if err != nil {
		return tool.Answer[Output]{}, err
	}
	p, err := r.plan(ctx, e, in)
	if err != nil {
		return tool.Answer[Output]{}, err
	}
	if p.Status == Abstained {
		return a.declined(ctx, e, pr, in, p)
	}
	t, assets, err := execute(ctx, e, in, p.SQL)
	if err != nil {
		return tool.Answer[Output]{}, err
	}
	return tool.Answer[Output]{Content: Output{Facts: p.Facts, Answer: p.answer(t), Table: &t}, Assets: assets}, nil
}

// declined is what the planner has no one reading of: the language model's to
// answer, where there is one and the product allows it.
func (a *Agents) declined(ctx context.Context, e *tool.Env, pr product.Product, in queryInput, p plan) (tool.Answer[Output], error) {
	model, err := a.model(ctx)
	if err != nil {
		return tool.Answer[Output]{}, err
	}
	p = p.without(model, in.Message)
	ans, why, err := model.ask(ctx, e, pr, in)
	if err != nil {
		return tool.Answer[Output]{}, err
	}
	if ans != nil {
		if p, ans, err = p.weighed(ctx, e, in, ans); err != nil {
			return tool.Answer[Output]{}, err
		}
		return p.content(ans), nil
	}
	out := Output{Facts: p.Facts, Answer: p.refusal()}
	if why != "" {
		out.Answer += "\n\n" + why
	}
	return tool.Answer[Output]{Content: out}, nil
}

// without says of an abstention that the question takes a language model,
// where it does and there is none.
func (p plan) without(model *Configured, message string) plan {
	if model != nil || p.Status == Answered || !openEnded(message) {
		return p
	}
	return p.abstain("it asks for what no query gives, which takes a language model, and none is configured (llm_not_configured)")
}

// plan is what is to be run, or why nothing is.
type plan struct {
	Facts
	reason  string
	nearest []string
	// withheld is the planner's reading that it was not sure enough of; ordered,
	// that its rows have an order.
	withheld *plan
	ordered  bool
	other    string // what the planner read where a model's answer differs
}

// plan reads the question, or the choice that was taken of its readings.
func (r reading) plan(ctx context.Context, e *tool.Env, in queryInput) (plan, error) {
	p := plan{Facts: Facts{Assumptions: []string{}, Unplaced: []string{}, Choices: []Choice{}, ModelVersion: r.model.Version, MayLeave: string(r.use)}}
	if r.model.Dialect == "" {
		return p.abstain("Postern writes no SQL for this product's warehouse yet"), nil
	}
	found := r.found(ctx, e, in)
	if ctx.Err() != nil {
		return p, ctx.Err()
	}
	if in.ChoiceID != "" {
		i := slices.IndexFunc(found.Choices, func(c planner.Choice) bool { return c.ID == in.ChoiceID })
		if i < 0 {
			return p, fault.New(fault.Invalid, "choice_id is not one of the choices of this message; it may have changed with the data")
		}
		found = planner.Answer{OK: true, Query: found.Choices[i].Query, Restatement: semantic.Restate(found.Choices[i].Query, r.model)}
	}
	if !found.OK {
		p.Unplaced, p.nearest = append(p.Unplaced, found.Unplaced...), found.Nearest
		if found.Read {
			if w := p.compile(found, r.model); w.Status == Answered {
				w.ordered = len(found.Query.Order) > 0
				p.withheld = &w
			}
		}
		for _, c := range found.Choices {
			p.Choices = append(p.Choices, Choice{c.ID, c.Text})
		}
		return p.abstain(found.Reason), nil
	}
	return p.compile(found, r.model), nil
}

// compile turns a reading into SQL. What the compiler refuses, or what could
// be joined in two ways, is an abstention.
func (p plan) compile(found planner.Answer, m *semantic.Model) plan {
	p.Restatement, p.Assumptions = found.Restatement, append(p.Assumptions, found.Assumptions...)
	if v := found.Verified; v != nil {
		sql, err := v.Bind(found.Bound, m.Dialect)
		if err != nil {
			return p.abstain("its verified query needs values that the question does not give")
		}
		p.Status, p.Tier, p.SQL = Answered, Verified, sql
		return p
	}
	s, err := semantic.Compile(found.Query, m, m.Dialect)
	if err != nil {
		why := "the query that it asks for cannot be written"
		if f := fault.As(err); f != nil && f.Kind == fault.Invalid {
			why = f.Message
		}
		return p.abstain(why)
	}
	if len(s.Ambiguous) > 0 {
		return p.abstain("the tables can be joined in more than one way: " + strings.Join(s.Ambiguous, "; "))
	}
	for _, n := range s.Notes {
		if !slices.Contains(p.Assumptions, n) {
			p.Assumptions = append(p.Assumptions, n)
		}
	}
	p.Status, p.Tier, p.SQL = Answered, Semantic, s.SQL
	return p
}

func (p plan) abstain(why string) plan {
	p.Status, p.reason = Abstained, why
	return p
}

// execute runs the statement as the caller would, with the same tool.
func execute(ctx context.Context, e *tool.Env, in queryInput, sql string) (Table, []tool.AssetRef, error) {
	call := map[string]string{"data_product_id": in.DataProductID, "sql": sql, "result_table_name": "answer"}
	if in.DataProductVersion != "" {
		call["data_product_version"] = in.DataProductVersion
	}
	if in.AuthID != "" {
		call["auth_id"] = in.AuthID
	}
	ret, err := use(ctx, e, "sql_execution_tool", call)
	if err != nil {
		return Table{}, nil, err
	}
	t, err := TableOf(ret.Content)
	return t, ret.Assets, err
}

// TableOf reads a result as the tool shows it.
func TableOf(content any) (Table, error) {
	var t Table
	b, err := json.Marshal(content)
	if err != nil {
		return t, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	err = d.Decode(&t)
	return t, err
}

// plainJSON leaves < and > as they are: SQL is full of them.
func plainJSON(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}
