package runner

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/agent/custom"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/tool"
)

// tools are what the model may call: the agent's tools, with the inputs that
// are the model's.
func (r *running) tools() ([]agent.LoopTool, error) {
	var out []agent.LoopTool
	for _, has := range r.ag.Tools {
		t, err := r.Find(has.ID)
		if err != nil {
			return nil, err // a tool that an older release had
		}
		schema, err := json.Marshal(visible(t, has))
		if err != nil {
			return nil, err
		}
		about := t.Description
		if source(has, Product) != custom.Model {
			about = strings.ReplaceAll(about, `"data_product_id": "shop:sales", `, "")
		}
		out = append(out, agent.LoopTool{
			Offer: agent.Offer{Name: t.Name, Description: about, Schema: schema},
			Call: func(ctx context.Context, args json.RawMessage) (string, bool, error) {
				return r.use(ctx, t, has, args)
			},
		})
	}
	return out, nil
}

// visible is a tool's input as the model sees it.
func visible(t tool.Tool, has custom.Tool) *jsonschema.Schema {
	s := t.In.CloneSchemas()
	theirs := func(name string) bool { return source(has, name) != custom.Model }
	for name := range s.Properties {
		if theirs(name) {
			delete(s.Properties, name)
		}
	}
	s.Required = slices.DeleteFunc(slices.Clone(s.Required), theirs) // the clone shares its lists
	s.PropertyOrder = slices.DeleteFunc(slices.Clone(s.PropertyOrder), theirs)
	return s
}

// arguments are what a tool is called with: of the model's what is the model's,
// and the rest as it is bound, whatever the model wrote for it.
func (r *running) arguments(t tool.Tool, has custom.Tool, args json.RawMessage) (map[string]any, error) {
	var written map[string]json.RawMessage
	if err := json.Unmarshal(args, &written); err != nil {
		return nil, fault.New(fault.Invalid, "the arguments are not a JSON object")
	}
	call := map[string]any{}
	for name := range t.In.Properties {
		b := has.Bind[name]
		var v json.RawMessage
		switch source(has, name) {
		case custom.Model:
			v = written[name]
		case custom.Fixed:
			v = b.Value
		case custom.User:
			v = r.given[key(name, b)]
		default:
			if d := filled[name]; d != "" {
				call[name] = d
			}
		}
		if v != nil {
			call[name] = v
		}
	}
	return call, nil
}

// use calls a tool for the model, and gives what the model sees of it. An error
// ends the run: what the model can mend is a content that failed.
func (r *running) use(ctx context.Context, t tool.Tool, has custom.Tool, args json.RawMessage) (string, bool, error) {
	r.seen.Add(string(args))
	call, err := r.arguments(t, has, args)
	var may product.ModelUse
	if err == nil {
		may, err = r.may(ctx, t, call)
	}
	var ret tool.Return
	if err == nil {
		if s := sorts[t.Name]; s == table || s == asked {
			r.last = nil // what the answer rests on has to have run
		}
		alone := *r.e
		alone.Earlier, alone.Answers = nil, nil // a tool goes on from nothing
		ret, err = agent.Use(ctx, &alone, t, call)
	}
	if err != nil {
		content, err := r.failure(ctx, may, err)
		return content, true, err
	}
	content, err := r.shown(ctx, t, may, call, ret)
	return content, false, err
}

// may says how much of what a call gives its model may see: as much as the
// product lets it. A product that lets it see nothing is not asked.
func (r *running) may(ctx context.Context, t tool.Tool, call map[string]any) (product.ModelUse, error) {
	if t.Name == "generate_chart_tool" {
		return r.ofAsset(call)
	}
	if t.In.Properties[Product] == nil {
		return product.ModelSchema, nil
	}
	id, v := textOf(call[Product]), textOf(call[version])
	if id == "" {
		return product.ModelSchema, nil // the tool says what is the matter with it
	}
	use := product.ModelRows
	for _, v := range slices.Compact([]string{"", v}) { // an older version lets no more be seen than the current one
		pr, err := r.e.Data.Product(ctx, r.e.Caller, id, v)
		if err != nil {
			return "", err
		}
		switch {
		case pr.ModelUse == product.ModelRows:
		case pr.ModelUse == product.ModelSchema && use == product.ModelRows:
			use = product.ModelSchema
		case pr.ModelUse != product.ModelSchema:
			return "", fault.New(fault.Invalid, "this data product lets a language model see nothing of it: its tools cannot be called for you")
		}
	}
	r.uses[id] = use
	return use, nil
}

// ofAsset lets only results of this run be drawn: of others nobody here knows
// which product they are of.
func (r *running) ofAsset(call map[string]any) (product.ModelUse, error) {
	use, ours := r.kept[textOf(call["asset_id"])]
	if !ours {
		return "", fault.BadField("asset_id", "value_error", "is not the asset of a result of this run")
	}
	return use, nil
}

func textOf(v any) (s string) {
	if raw, ok := v.(json.RawMessage); ok {
		_ = json.Unmarshal(raw, &s) // what is no text is refused by the tool
	}
	return s
}

// failure is what the model is told of a call that did not go well. What it
// cannot mend ends the answer as it ends a call of the caller's own.
func (r *running) failure(ctx context.Context, may product.ModelUse, err error) (string, error) {
	f := fault.As(err)
	if ctx.Err() != nil || f == nil || f.Lock == "" && f.Kind != fault.Invalid && f.Kind != fault.Rejected && f.Kind != fault.NotFound {
		return "", err
	}
	message := f.Message
	if may != product.ModelRows {
		message = r.seen.Withhold(message)
	}
	return r.data(map[string]string{"error": message})
}

// data encodes what is no instruction.
func (r *running) data(v any) (string, error) {
	text, err := agent.Quoted(v)
	r.seen.Add(text)
	return text, err
}

// withheld is what the model sees where no value may leave.
var withheld = map[string]any{"done": true, "note": "its values do not leave the server; the caller sees them"}

// shown is what the model sees of a tool's return.
func (r *running) shown(ctx context.Context, t tool.Tool, may product.ModelUse, call map[string]any, ret tool.Return) (string, error) {
	rows := may == product.ModelRows
	switch sorts[t.Name] {
	case table:
		return r.table(may, call, ret)
	case schema:
		return r.schema(rows, textOf(call[Product]), ret)
	case figures:
		return r.figures(rows, ret)
	case drawing:
		return r.drawn(ret)
	case found:
		return r.found(ctx, ret)
	case asked:
		return r.answered(may, ret)
	case spec:
		if rows {
			return r.data(ret.Content)
		}
		return r.data(map[string]any{"done": true, "note": "the specification stays here; get_data_schema_tool has what you may see of it"})
	}
	return "", fmt.Errorf("nobody knows what a model may see of %s", t.Name)
}

// table keeps a result as what the answer rests on.
func (r *running) table(may product.ModelUse, call map[string]any, ret tool.Return) (string, error) {
	var said struct {
		SQL         string   `json:"sql"`
		Restatement string   `json:"restatement"`
		Notes       []string `json:"notes"`
	}
	if err := reread(ret.Content, &said); err != nil {
		return "", err
	}
	if said.SQL == "" {
		said.SQL = textOf(call["sql"])
	}
	t, err := agent.TableOf(ret.Content)
	if err != nil {
		return "", err
	}
	r.last = &result{t, said.SQL, said.Restatement, said.Notes}
	return r.tabled(may, ret.Assets, map[string]any{})
}

// tabled shows the last result, as much as may be, beside what more there is.
func (r *running) tabled(may product.ModelUse, assets []tool.AssetRef, more map[string]any) (string, error) {
	r.assets = append(r.assets, assets...)
	rows := may == product.ModelRows
	shown, n, err := r.last.table.Shown(rows, r.conf.Budget.Rows-r.rows)
	if err != nil {
		return "", err
	}
	r.rows += n
	maps.Copy(shown, more)
	if !rows {
		shown["note"] = withheld["note"]
	}
	for _, a := range assets {
		if a.Kind == "sql" {
			r.kept[a.ID], shown["asset_id"] = may, a.ID
		}
	}
	return r.data(shown)
}

func reread(content, into any) error {
	b, err := json.Marshal(content)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}

func (r *running) schema(rows bool, id string, ret tool.Return) (string, error) {
	d, ok := ret.Content.(interface {
		WithoutValues() any
		Columns() []string
	})
	if !ok {
		return "", fmt.Errorf("get_data_schema_tool gave %T", ret.Content)
	}
	for _, c := range d.Columns() {
		if c = id + " " + c; !slices.Contains(r.columns, c) {
			r.columns = append(r.columns, c)
		}
	}
	if rows {
		return r.data(ret.Content)
	}
	return r.data(d.WithoutValues())
}

func (r *running) figures(rows bool, ret tool.Return) (string, error) {
	var said agent.Statistics
	if err := reread(ret.Content, &said); err != nil {
		return "", err
	}
	r.findings = append(r.findings, said.Markdown())
	if !rows || r.rows+len(said.Rows) > r.conf.Budget.Rows {
		return r.data(withheld)
	}
	r.rows += len(said.Rows)
	return r.data(ret.Content)
}

// drawn tells of a chart that it is there: its title and description speak of
// values.
func (r *running) drawn(ret tool.Return) (string, error) {
	c, ok := ret.Content.(tool.ChartOutput)
	if !ok {
		return "", fmt.Errorf("a chart is %T", ret.Content)
	}
	r.chart, r.image = &c, ret.Image
	r.assets = append(r.assets, ret.Assets...)
	return r.data(map[string]any{"done": true, "chart": c.Chart, "note": "the caller sees the chart"})
}

// found leaves out the products that let a model see nothing of them.
func (r *running) found(ctx context.Context, ret tool.Return) (string, error) {
	var list struct {
		Instructions string           `json:"instructions"`
		Results      []map[string]any `json:"results"`
	}
	if err := reread(ret.Content, &list); err != nil {
		return "", err
	}
	shown := []map[string]any{}
	for _, p := range list.Results {
		id, _ := p["product_id"].(string)
		pr, err := r.e.Data.Product(ctx, r.e.Caller, id, "")
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return "", err
		}
		if pr.ModelUse == product.ModelRows || pr.ModelUse == product.ModelSchema {
			r.uses[id] = pr.ModelUse
			shown = append(shown, p)
		}
	}
	return r.data(map[string]any{"results": shown})
}

// answered is what the model sees of the planner's answer: the statement and the
// table, which is what the answer then rests on, or the words without a place.
// Its sentences spell values as the data does.
func (r *running) answered(may product.ModelUse, ret tool.Return) (string, error) {
	out, ok := ret.Content.(agent.Output)
	if !ok {
		return "", fmt.Errorf("an agent gave %T", ret.Content)
	}
	rows := may == product.ModelRows
	if out.Table == nil {
		shown := map[string]any{"status": out.Status, "unplaced": out.Unplaced, "note": "the planner has no one reading of it: ask otherwise, or query the tables"}
		if rows {
			shown["answer"] = out.Answer
		}
		return r.data(shown)
	}
	if out.Chart != nil {
		r.chart, r.image = out.Chart, ret.Image
	}
	r.last = &result{*out.Table, out.SQL, out.Restatement, out.Assumptions}
	shown := map[string]any{"status": out.Status, "sql": r.seen.WithoutLiterals(out.SQL)}
	if rows {
		shown["sql"], shown["understood_as"] = out.SQL, out.Restatement
	}
	return r.tabled(may, ret.Assets, shown)
}
