// Package tool is what a machine may ask for, defined once and served by every
// door: a name, a description written for a model, the types of its input and
// output, and a function. The schemas come from the types; input that does not
// obey them never reaches the function.
//
// Tools hold nothing but the gateway's path (Data), so that no tool can reach a
// warehouse past policy and the record.
package tool

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/google/uuid"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/stack"
)

// Data is the path to products and their rows; the gateway implements it.
type Data interface {
	Run(ctx context.Context, c auth.Caller, q product.Query) (result.Rows, error)
	Schema(ctx context.Context, c auth.Caller, q product.Query) (product.Schema, error)
	Products(ctx context.Context, c auth.Caller) ([]product.Product, error)
	Product(ctx context.Context, c auth.Caller, id, version string) (product.Product, error)
}

// Env is what a call works with: made by a door from the verified request.
type Env struct {
	Caller auth.Caller
	Data   Data
	Assets *result.Assets // nil where full results are not kept
	Charts *Charts        // draws charts and keeps them; nil gives specs only
	Models *Models        // what is remembered of products; nil remembers nothing
	ChatID string
	CallID string // of this call in its chat, "" where it has none
	// Earlier are the inputs of the chat's calls that agents answered, the
	// oldest first: what a question may follow up on.
	Earlier []json.RawMessage
	// Answers are what was answered to each of Earlier.
	Answers []Answered
	Via     string // which door and tool, for the record
	// Told hears of the tools that a tool calls on its way, if it does; nil
	// hears nothing.
	Told func(Step) error
}

// Answered is an agent's answer in a chat: its words, and its facts as they
// were shown.
type Answered struct {
	Text  string
	Facts json.RawMessage
}

// Step is a call that a tool made of another: told when it starts, and again,
// with what it gave, when it ended.
type Step struct {
	Tool   string
	CallID string
	Args   json.RawMessage
	Return *Return // nil at the start
}

// Tell tells whoever listens of a step.
func (e *Env) Tell(s Step) error {
	if e.Told == nil {
		return nil
	}
	return e.Told(s)
}

// Return is a finished call. A failure that the caller can act on is content
// too (see Failure): an error is only for what stops the door itself.
type Return struct {
	Content any
	Assets  []AssetRef
	// Top is the extra top-level content that published clients read from the
	// stream's events; nil for most tools.
	Top any
	// Image is Content as a picture, for doors that show one; nil for most.
	Image func(context.Context) (Image, error)
	// Err is the failure that Content describes, nil when the call succeeded.
	Err error
}

// Answer is what a typed tool function gives.
type Answer[Out any] struct {
	Content Out
	Assets  []AssetRef
	Top     any
	Image   func(context.Context) (Image, error)
}

// AssetRef names a stored asset, in the wire's form.
type AssetRef struct {
	Kind string `json:"kind"` // "sql", "chart"
	ID   string `json:"id"`
}

// Tool is one tool. In and Out describe its JSON.
type Tool struct {
	Name        string
	Title       string
	Description string
	// Scope is what a caller needs beyond reaching the door.
	Scope auth.Scope
	// Available is false for tools that published clients call and Postern
	// does not have: they answer so, and are not offered to models.
	Available bool
	// Leads is set where a published client takes its answer from the first
	// event of a stream: the tool's Top then goes on every event, so the tool
	// runs before the first. Only for quick tools.
	Leads   bool
	In, Out *jsonschema.Schema
	// Check refuses a call before anything was answered: input that does not
	// obey In, a product the caller cannot see.
	Check func(ctx context.Context, e *Env, raw json.RawMessage) error
	// Call runs the tool. Input is checked here too.
	Call func(ctx context.Context, e *Env, raw json.RawMessage) (Return, error)
}

// ofProduct is an input that is about one data product.
type ofProduct interface{ Product() (id, version string) }

// bounded is an input with numbers that have limits, by name: least and most.
type bounded interface{ bounds() map[string][2]float64 }

// shaped is an input whose types say less than its schema.
type shaped interface {
	shape(fields map[string]*jsonschema.Schema)
}

// Define makes a tool from its types. It panics on a type that has no schema,
// which is a programmer's mistake seen at start.
func Define[In, Out any](name, title, description string, call func(context.Context, *Env, In) (Answer[Out], error)) Tool {
	in := schemaFor[In](name)
	in.AdditionalProperties = nil // published clients send extras
	if b, ok := any(*new(In)).(bounded); ok {
		for field, lim := range b.bounds() {
			in.Properties[field].Minimum, in.Properties[field].Maximum = &lim[0], &lim[1]
		}
	}
	if b, ok := any(*new(In)).(shaped); ok {
		b.shape(in.Properties)
	}
	resolved := resolve(name, in)
	return define(Tool{Name: name, Title: title, Description: description, In: in, Out: schemaFor[Out](name)},
		func(raw json.RawMessage) (In, error) { return decode[In](resolved, raw) }, call)
}

// define makes a tool of what reads its input and what answers it.
func define[In, Out any](t Tool, read func(json.RawMessage) (In, error), call func(context.Context, *Env, In) (Answer[Out], error)) Tool {
	t.Scope, t.Available = auth.ScopeQuery, true
	t.Check = func(ctx context.Context, e *Env, raw json.RawMessage) error {
		v, err := read(raw)
		if err != nil {
			return err
		}
		if p, ok := any(v).(ofProduct); ok {
			id, version := p.Product()
			_, err = e.Data.Product(ctx, e.Caller, id, version)
		}
		return err
	}
	_, aboutProduct := any(*new(In)).(ofProduct)
	t.Call = func(ctx context.Context, e *Env, raw json.RawMessage) (Return, error) {
		v, err := stack.Apart(func() (In, error) { return read(raw) })
		if err != nil {
			return Failed(ctx, err), nil
		}
		r, err := call(ctx, e, v)
		if f := fault.As(err); aboutProduct && f != nil && f.Kind == fault.NotFound && f.Code == 0 {
			named := *f
			err = named.Coded(30002, "DATA_PRODUCT_NOT_FOUND")
		}
		if err != nil {
			return Failed(ctx, err), nil
		}
		return Return{Content: r.Content, Assets: r.Assets, Top: r.Top, Image: r.Image}, nil
	}
	return t
}

// leading marks a tool whose answer published clients read from the first event.
func leading(t Tool) Tool {
	t.Leads = true
	return t
}

func schemaFor[T any](name string) *jsonschema.Schema {
	s, err := jsonschema.For[T](nil)
	if err != nil {
		panic(fmt.Sprintf("tool %s: %v", name, err))
	}
	neverNull(s)
	return s
}

// neverNull takes null out of lists: tools give empty ones.
func neverNull(s *jsonschema.Schema) {
	if len(s.Types) == 2 && s.Types[0] == "null" {
		s.Type, s.Types = s.Types[1], nil
	}
	for _, p := range s.Properties {
		neverNull(p)
	}
	if s.Items != nil {
		neverNull(s.Items)
	}
}

// Builtin lists every tool Postern answers to, in the order they are offered.
func Builtin() []Tool {
	return slices.Concat([]Tool{
		sqlExecution, dataSchema, semanticQuery, productSpec, productSearch, dataSources, chartOfAsset, chartOfSQL,
	}, statistics, absent())
}

// ID is the id of a built-in tool or agent: made from its name, so that it is
// the same on every node and after every restart.
func ID(name string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("postern:"+name)).String()
}

// Find gives the tool of that name.
func Find(tools []Tool, name string) (Tool, error) {
	for _, t := range tools {
		if t.Name == name {
			return t, nil
		}
	}
	return Tool{}, fault.New(fault.NotFound, "there is no tool of this name")
}
