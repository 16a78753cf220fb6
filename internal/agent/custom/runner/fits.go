package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/agent/custom"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/schemacost"
	"github.com/postern/postern/internal/tool"
)

// checking gathers what of a definition cannot be run.
type checking struct {
	Toolbox
	wrong []fault.Field
}

func (c *checking) fail(rule, msg string, at ...string) {
	c.wrong = append(c.wrong, fault.Field{Loc: append([]string{"body"}, at...), Msg: msg, Type: rule})
}

// Fits says what of a definition cannot be run, and takes out of its input
// schema what Input put there for showing.
func (b Toolbox) Fits(ctx context.Context, models agent.Models, d *custom.Definition) error {
	c := &checking{Toolbox: b}
	if err := c.model(ctx, models, d.Model); err != nil {
		return err
	}
	seen := map[string]bool{}
	for i, t := range d.Tools {
		at := fmt.Sprint(i)
		if seen[t.ID] {
			c.fail("value_error", "this tool is in the list already", "tool_config_ids", at)
			continue
		}
		seen[t.ID] = true
		known, err := b.Find(t.ID)
		if err != nil {
			c.fail("value_error", fault.As(err).Message, "tool_config_ids", at)
			continue
		}
		c.bindings(at, known, t)
	}
	d.Input = c.plainInput(d.Input)
	if d.Output != nil {
		c.schema("output_json_schema", d.Output)
	}
	if len(c.wrong) == 0 {
		if _, err := b.Input(*d); err != nil {
			c.fail("value_error", "with the inputs that are bound to the caller it is not a schema that can be used here", "input_json_schema")
		}
	}
	return custom.Invalid(c.wrong)
}

// model asks whether there is a language model of that id; "" is the server's,
// which may be configured later.
func (c *checking) model(ctx context.Context, models agent.Models, id string) error {
	if id == "" {
		return nil
	}
	err := error(fault.New(fault.NotFound, "no language models"))
	if models != nil {
		var m *agent.Configured
		if m, err = models.Configured(ctx, id); err == nil && m == nil {
			err = fault.New(fault.NotFound, "no such language model")
		}
	}
	if fault.Is(err, fault.NotFound) {
		c.fail("value_error", "there is no language model of this id; leave it out for the server's own", "llm_config_id")
		return nil
	}
	return err
}

func (c *checking) bindings(i string, t tool.Tool, has custom.Tool) {
	for _, name := range sorted(has.Bind) {
		b, at := has.Bind[name], []string{"parameter_bindings", i, name}
		p := t.In.Properties[name]
		switch {
		case p == nil:
			c.fail("value_error", t.Name+" has no input of this name", at...)
		case b.Source == custom.Model && slices.Contains(hidden, name):
			c.fail("value_error", "this input is never a model's: bind it fixed or user, or leave it out", append(at, "source")...)
		case b.Source == custom.Fixed:
			c.value(t, name, b.Value, append(at, "fixed_value"))
		}
	}
}

// value checks a fixed value as the tool would.
func (c *checking) value(t tool.Tool, name string, v json.RawMessage, at []string) {
	one := &jsonschema.Schema{Type: "object", Properties: map[string]*jsonschema.Schema{name: t.In.Properties[name]}, PropertyOrder: []string{name}, Required: []string{name}}
	f, err := tool.FieldsOf(one)
	if err == nil {
		var doc []byte
		if doc, err = json.Marshal(map[string]json.RawMessage{name: v}); err == nil {
			_, err = f.Check(doc)
		}
	}
	if err == nil {
		return
	}
	if f := fault.As(err); f != nil && len(f.Fields) > 0 {
		c.fail(f.Fields[0].Type, f.Fields[0].Msg, at...)
		return
	}
	c.fail("value_error", "Input does not obey the tool's schema", at...)
}

// The bounds of a schema that a maker writes.
const (
	deepest        = 20
	mostProperties = 100
)

// schema reads a schema, or says what is the matter with it.
func (c *checking) schema(field string, doc json.RawMessage) *jsonschema.Schema {
	var any map[string]any
	if err := json.Unmarshal(doc, &any); err != nil || any == nil {
		c.fail("dict_type", "Input should be a valid dictionary", field)
		return nil
	}
	if why := alone(doc); why != "" {
		c.fail("value_error", why, field)
		return nil
	}
	if schemacost.Of(doc).TooHeavy() {
		c.fail("value_error", fmt.Sprintf("its patterns are too large: one has at most %d bytes, and all together are at most %d steps", schemacost.MostPattern, schemacost.MostSteps), field)
		return nil
	}
	var s jsonschema.Schema
	err := json.Unmarshal(doc, &s)
	if err == nil {
		_, err = s.Resolve(nil)
	}
	if err != nil {
		c.fail("value_error", "is not a JSON schema that can be used here", field)
		return nil
	}
	return &s
}

// alone says why a schema does not stand for itself. What it was looked at as
// has each name once, and a reader of schemas puts together what comes twice:
// a reference that got in so would not end.
func alone(doc json.RawMessage) string {
	if len(doc) == 0 {
		return ""
	}
	d := json.NewDecoder(bytes.NewReader(doc))
	if name, twice := repeated(d); twice {
		return fmt.Sprintf("%.64q comes twice", name)
	}
	var v any
	_ = json.Unmarshal(doc, &v) // what is no JSON is refused where it is read
	return contained(v, deepest)
}

// repeated finds a name that an object has twice, in the value that comes next.
func repeated(d *json.Decoder) (string, bool) {
	t, err := d.Token()
	open, is := t.(json.Delim)
	if err != nil || !is {
		return "", false
	}
	names := map[string]bool{}
	for d.More() {
		if open == '{' {
			t, err := d.Token()
			name, _ := t.(string)
			if err != nil || names[name] {
				return name, err == nil
			}
			names[name] = true
		}
		if name, twice := repeated(d); twice {
			return name, true
		}
	}
	_, _ = d.Token() // the end of it
	return "", false
}

// contained says why a schema does not stand for itself.
func contained(v any, left int) string {
	if left == 0 {
		return fmt.Sprintf("is nested more than %d deep", deepest)
	}
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			if why := contained(x, left-1); why != "" {
				return why
			}
		}
	case map[string]any:
		if len(v) > mostProperties {
			return fmt.Sprintf("has more than %d properties", mostProperties)
		}
		for _, k := range sorted(v) {
			if len(k) > 0 && k[0] == '$' && k != "$schema" && k != "$comment" {
				return k + ": references are not supported, write the schema out"
			}
			if why := contained(v[k], left-1); why != "" {
				return why
			}
		}
	}
	return ""
}

// Marks in a shown input schema: which tools an input that was added is for,
// and which inputs are the maker's own.
const (
	forTools = "x-tool-bindings"
	makers   = "x-original-agent-input"
)

// plainInput checks an input schema, and gives it as its maker wrote it.
func (c *checking) plainInput(doc json.RawMessage) json.RawMessage {
	const field = "input_json_schema"
	if doc == nil {
		return nil
	}
	s := c.schema(field, doc)
	if s == nil {
		return doc
	}
	if s.Type != "object" {
		c.fail("value_error", "must be the schema of an object: \"type\": \"object\"", field)
		return doc
	}
	for name, p := range s.Properties {
		if p.Extra[forTools] != nil && p.Extra[makers] == nil {
			delete(s.Properties, name)
			s.Required = slices.DeleteFunc(s.Required, func(r string) bool { return r == name })
			continue
		}
		delete(p.Extra, forTools)
		delete(p.Extra, makers)
	}
	if p := s.Properties["message"]; p != nil && p.Type != "string" {
		c.fail("value_error", "message is what the caller says: it must be a string", field, "properties", "message")
	}
	s.PropertyOrder = order(s, doc)
	plain, err := json.Marshal(s)
	if err != nil {
		c.fail("value_error", "is not a JSON schema that can be used here", field)
		return doc
	}
	return plain
}

// order gives the names of properties in the order of the document.
func order(s *jsonschema.Schema, doc json.RawMessage) []string {
	var top struct {
		Properties json.RawMessage `json:"properties"`
	}
	var names []string
	if json.Unmarshal(doc, &top) == nil && len(top.Properties) > 0 {
		d := json.NewDecoder(bytes.NewReader(top.Properties))
		_, _ = d.Token() // the brace
		for d.More() {
			name, err := d.Token()
			var skip json.RawMessage
			if err != nil || d.Decode(&skip) != nil {
				break
			}
			if n, ok := name.(string); ok && s.Properties[n] != nil && !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	for _, n := range sorted(s.Properties) {
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// Input is the schema of what an agent is called with: its maker's, or a
// message, and the inputs of tools that are bound to the caller.
func (b Toolbox) Input(d custom.Definition) (*jsonschema.Schema, error) {
	s := &jsonschema.Schema{
		Type: "object", Required: []string{"message"}, PropertyOrder: []string{"message"},
		Properties: map[string]*jsonschema.Schema{"message": {Type: "string", Description: "What is asked of the agent."}},
	}
	if d.Input != nil {
		s = &jsonschema.Schema{}
		if err := json.Unmarshal(d.Input, s); err != nil {
			return nil, err
		}
		s.PropertyOrder = order(s, d.Input)
	}
	if s.Properties == nil {
		s.Properties = map[string]*jsonschema.Schema{}
	}
	for _, p := range s.Properties {
		mark(p, makers, true)
	}
	for _, t := range d.Tools {
		known, err := b.Find(t.ID)
		if err != nil {
			continue // a tool that another release had: the agent is still shown, and says so when it runs
		}
		for _, name := range sorted(t.Bind) {
			if bind := t.Bind[name]; bind.Source == custom.User && known.In.Properties[name] != nil {
				add(s, key(name, bind), known, name)
			}
		}
	}
	_, err := tool.FieldsOf(s)
	return s, err
}

// add puts an input of a tool into the schema of the agent's own.
func add(s *jsonschema.Schema, key string, t tool.Tool, name string) {
	p := s.Properties[key]
	if p == nil {
		p = t.In.Properties[name].CloneSchemas()
		s.Properties[key] = p
		s.PropertyOrder = append(s.PropertyOrder, key)
	}
	if slices.Contains(t.In.Required, name) && !slices.Contains(s.Required, key) {
		s.Required = append(s.Required, key)
	}
	tools, _ := p.Extra[forTools].([]string)
	mark(p, forTools, append(tools, t.Name))
}

func mark(s *jsonschema.Schema, name string, v any) {
	extra := map[string]any{}
	for k, x := range s.Extra {
		extra[k] = x
	}
	extra[name] = v
	s.Extra = extra
}
