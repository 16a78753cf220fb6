package tool

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/product"
)

// Library gives the tools that come with data: each caller has its own.
type Library interface {
	// Tools gives those that the caller may use.
	Tools(ctx context.Context, c auth.Caller) ([]Tool, error)
	// Tool gives one by name, NotFound unless the caller may use it.
	Tool(ctx context.Context, c auth.Caller, name string) (Tool, error)
}

// Published finds the verified queries that are tools; the gateway does.
type Published interface {
	Published(ctx context.Context, c auth.Caller) ([]product.Published, error)
	PublishedAs(ctx context.Context, c auth.Caller, tool string) (product.Published, error)
}

// Verified makes tools of verified queries.
type Verified struct{ Queries Published }

// Tools implements Library.
func (v Verified) Tools(ctx context.Context, c auth.Caller) ([]Tool, error) {
	all, err := v.Queries.Published(ctx, c)
	out := make([]Tool, 0, len(all))
	for _, p := range all {
		out = append(out, ofQuery(p))
	}
	return out, err
}

// Tool implements Library.
func (v Verified) Tool(ctx context.Context, c auth.Caller, name string) (Tool, error) {
	p, err := v.Queries.PublishedAs(ctx, c, name)
	if err != nil {
		return Tool{}, err
	}
	return ofQuery(p), nil
}

// Choose finds a tool by name: one that everybody has, or one of the caller's
// own.
func Choose(ctx context.Context, tools []Tool, own Library, c auth.Caller, name string) (Tool, error) {
	t, err := Find(tools, name)
	if err == nil || own == nil {
		return t, err
	}
	return own.Tool(ctx, c, name)
}

// verifiedOutput is the result of a verified query; the full one is the asset.
type verifiedOutput struct {
	DataProductID      string   `json:"data_product_id"`
	DataProductVersion string   `json:"data_product_version" jsonschema:"The version of the data product that the query is of."`
	VerifiedQuery      string   `json:"verified_query"`
	Columns            []column `json:"columns"`
	Rows               [][]any  `json:"rows" jsonschema:"Values in the order of columns."`
	RowCount           int64    `json:"row_count" jsonschema:"Rows of the full result."`
	Truncated          bool     `json:"truncated" jsonschema:"True when rows holds less than the full result."`
	Reason             string   `json:"reason,omitempty" jsonschema:"Why it was trimmed."`
	Next               string   `json:"next,omitempty" jsonschema:"What to do to see more."`
}

var verifiedOut = schemaFor[verifiedOutput]("verified queries")

// ofQuery makes the tool of a published query: its parameters are the input.
func ofQuery(p product.Published) Tool {
	name := p.ToolName()
	in := inputOf(p.Query)
	fields := resolve(name, in)
	t := Tool{
		Name: name, Title: titleOf(p), Description: about(p), Scope: auth.ScopeQuery,
		Available: true, In: in, Out: verifiedOut,
	}
	t.Check = func(_ context.Context, _ *Env, raw json.RawMessage) error {
		_, err := fields.known(raw)
		return err
	}
	t.Call = func(ctx context.Context, e *Env, raw json.RawMessage) (Return, error) {
		known, err := fields.known(raw)
		if err != nil {
			return Failed(ctx, err), nil
		}
		out, assets, err := runVerified(ctx, e, p, known)
		if err != nil {
			return Failed(ctx, err), nil
		}
		return Return{Content: out, Assets: assets}, nil
	}
	return t
}

func titleOf(p product.Published) string {
	if p.Query.Question != "" {
		return p.Query.Question
	}
	return strings.ReplaceAll(p.Query.Name, "_", " ")
}

func about(p product.Published) string {
	var b strings.Builder
	if p.Query.Question != "" {
		fmt.Fprintf(&b, "Answers %q. ", p.Query.Question)
	}
	if p.Query.Description != "" {
		b.WriteString(strings.TrimSpace(p.Query.Description) + " ")
	}
	fmt.Fprintf(&b, "Runs the verified query %s of the data product %s (%s) with the caller's own warehouse credentials and returns the rows. The SQL is fixed; only the values of its parameters are chosen.",
		p.Query.Name, p.Product.ID, p.Product.Name)
	return b.String()
}

// authID is the input beside the parameters, where none of them has its name.
const authID = "auth_id"

var classTypes = map[string]string{"numeric": "number", "boolean": "boolean"}

func inputOf(q product.VerifiedQuery) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "object", Properties: map[string]*jsonschema.Schema{}}
	for _, p := range q.Parameters {
		s.Properties[p.Name] = parameterSchema(p)
		s.PropertyOrder = append(s.PropertyOrder, p.Name)
		if p.Default == "" && !p.Optional {
			s.Required = append(s.Required, p.Name)
		}
	}
	if s.Properties[authID] == nil {
		s.Properties[authID] = &jsonschema.Schema{Type: "string", Description: "A stored warehouse credential (auth_id) to use; leave out to use the newest active one."}
		s.PropertyOrder = append(s.PropertyOrder, authID)
	}
	return s
}

func parameterSchema(p product.QueryParameter) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string", Description: p.Description}
	if t := classTypes[p.Type]; t != "" {
		s.Type = t
	}
	if p.Type == "date" {
		s.Description = strings.TrimSpace(p.Description + " A date such as 2024-03-01, or a time such as 2024-03-01 15:04:05.")
	}
	if p.Optional && p.Default == "" {
		s.Description = strings.TrimSpace(s.Description + " Left out, it is NULL.")
	}
	for _, v := range p.Values {
		s.Enum = append(s.Enum, jsonValue(s.Type, v))
	}
	if p.Default != "" {
		s.Default, _ = json.Marshal(jsonValue(s.Type, p.Default))
	}
	return s
}

// jsonValue is a value of the spec in the type of the schema.
func jsonValue(kind, v string) any {
	switch kind {
	case "number":
		var f float64
		if json.Unmarshal([]byte(v), &f) == nil {
			return f
		}
	case "boolean":
		return v == "true"
	}
	return v
}

func runVerified(ctx context.Context, e *Env, p product.Published, known map[string]json.RawMessage) (verifiedOutput, []AssetRef, error) {
	q := product.Query{ProductID: p.Product.ID, Verified: p.Query.Name, Values: map[string]string{}, Via: e.Via}
	for _, param := range p.Query.Parameters {
		if raw, given := known[param.Name]; given {
			q.Values[param.Name] = valueText(param, raw)
			delete(known, param.Name)
		}
	}
	if raw := known[authID]; raw != nil {
		_ = json.Unmarshal(raw, &q.AuthID) // a string: the schema said so
	}
	rows, err := e.Data.Run(ctx, e.Caller, q)
	if err != nil {
		return verifiedOutput{}, nil, err
	}
	t, assets, err := e.read(ctx, rows, p.Query.Name)
	if cerr := rows.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return verifiedOutput{}, nil, err
	}
	out := verifiedOutput{
		DataProductID: p.Product.ID, DataProductVersion: p.Product.Version, VerifiedQuery: p.Query.Name,
		Columns: []column{}, Rows: t.Rows, RowCount: t.RowCount, Truncated: t.Truncated, Reason: t.Reason,
	}
	for _, c := range t.Columns {
		out.Columns = append(out.Columns, column(c))
	}
	if out.Rows == nil {
		out.Rows = [][]any{}
	}
	if out.Truncated && len(assets) > 0 {
		out.Next = fmt.Sprintf("GET /ai/api/v1/assets/%s?chat_id=%s gives the full result.", assets[0].ID, e.ChatID)
	}
	return out, assets, nil
}

// valueText is a value as it is bound. One of the spec's values is bound as
// the spec writes it: 1 and 1.0 are one number.
func valueText(p product.QueryParameter, raw json.RawMessage) string {
	text := string(raw)
	var s string
	if json.Unmarshal(raw, &s) == nil {
		text = s
	}
	for _, v := range p.Values {
		if jsonValue(classTypes[p.Type], v) == jsonValue(classTypes[p.Type], text) {
			return v
		}
	}
	return text
}
