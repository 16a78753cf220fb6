package tool

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/postern/postern/internal/fault"
)

// input is a resolved input schema, field by field, so that every wrong field
// is named and not just the first.
type input struct {
	order    []string
	required []string
	fields   map[string]*jsonschema.Schema
	check    map[string]*jsonschema.Resolved
}

func resolve(name string, s *jsonschema.Schema) input {
	in, err := inputOfSchema(s)
	if err != nil {
		panic(fmt.Sprintf("tool %s, input %v", name, err))
	}
	return in
}

func inputOfSchema(s *jsonschema.Schema) (input, error) {
	in := input{order: s.PropertyOrder, required: s.Required, fields: s.Properties, check: map[string]*jsonschema.Resolved{}}
	for field, fs := range s.Properties {
		r, err := fs.Resolve(nil)
		if err != nil {
			return in, fmt.Errorf("%s: %w", field, err)
		}
		in.check[field] = r
	}
	return in, nil
}

// Fields checks input against a schema that came with data, as a tool's own
// input is checked.
type Fields struct {
	in    input
	whole *jsonschema.Resolved
}

// FieldsOf makes the check of an object's schema. Its PropertyOrder must have
// every property. An error is a schema that cannot be used.
func FieldsOf(s *jsonschema.Schema) (Fields, error) {
	in, err := inputOfSchema(s)
	if err != nil {
		return Fields{}, err
	}
	whole, err := s.CloneSchemas().Resolve(nil)
	return Fields{in, whole}, err
}

// Check names every field that does not obey the schema. It gives those that
// the schema knows.
func (f Fields) Check(raw json.RawMessage) (map[string]json.RawMessage, error) {
	known, err := f.in.known(raw)
	if err != nil {
		return nil, err
	}
	var all map[string]any
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &all); err != nil {
			return nil, fault.New(fault.Invalid, "the input must be a JSON object")
		}
	}
	for name, v := range all {
		if v == nil && known[name] == nil {
			delete(all, name) // a null stands for leaving it out
		}
	}
	if f.whole.Validate(all) != nil {
		e := fault.New(fault.Invalid, "the input does not obey the schema as a whole")
		e.Fields = []fault.Field{{Loc: []string{"body"}, Msg: "Input does not obey the schema as a whole", Type: "value_error"}}
		return nil, e
	}
	return known, nil
}

// decode reads raw into In: extras are dropped, a null that stands for an
// optional field is the same as leaving it out, names match exactly.
func decode[In any](in input, raw json.RawMessage) (In, error) {
	var v In
	known, err := in.known(raw)
	if err != nil {
		return v, err
	}
	b, err := json.Marshal(known)
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return v, fault.Because(err, fault.Invalid, "the input does not obey the tool's schema")
	}
	return v, nil
}

func (in input) known(raw json.RawMessage) (map[string]json.RawMessage, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		raw = json.RawMessage("{}")
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil || all == nil {
		return nil, fault.New(fault.Invalid, "the input must be a JSON object")
	}
	known := map[string]json.RawMessage{}
	var wrong []fault.Field
	for _, name := range in.order {
		value, given := all[name]
		need := slices.Contains(in.required, name)
		if !need && string(value) == "null" {
			continue
		}
		if !given {
			if need {
				wrong = append(wrong, fault.Field{Loc: []string{"body", name}, Msg: "Field required", Type: "missing"})
			}
			continue
		}
		value = in.unpacked(name, value)
		if f, bad := in.wrong(name, value); bad {
			wrong = append(wrong, f)
			continue
		}
		known[name] = value
	}
	if len(wrong) > 0 {
		return nil, invalid(wrong)
	}
	return known, nil
}

// unpacked takes an object out of the text that models put it into.
func (in input) unpacked(name string, value json.RawMessage) json.RawMessage {
	var text string
	if in.fields[name].Type != "object" || json.Unmarshal(value, &text) != nil {
		return value
	}
	inner := json.RawMessage(strings.TrimSpace(text))
	if !json.Valid(inner) || inner[0] != '{' {
		return value
	}
	return inner
}

func invalid(wrong []fault.Field) error {
	said := make([]string, len(wrong))
	for i, f := range wrong {
		said[i] = strings.Join(f.Loc[1:], ".") + ": " + f.Msg
	}
	e := fault.New(fault.Invalid, "%s", strings.Join(said, "; "))
	e.Fields = wrong
	return e
}

// wrong says what is the matter with one field, in the words published clients
// know. It never repeats the value.
func (in input) wrong(name string, value json.RawMessage) (fault.Field, bool) {
	f := fault.Field{Loc: []string{"body", name}}
	s := in.fields[name]
	var v any
	if err := json.Unmarshal(value, &v); err != nil {
		f.Msg, f.Type = "Input should be valid JSON", "json_invalid"
		return f, true
	}
	if s.Type != "" && !isOf(v, s.Type) {
		f.Msg, f.Type = typeWords(s.Type)
		return f, true
	}
	if in.check[name].Validate(v) == nil {
		return f, false
	}
	f.Msg, f.Type = boundWords(s, v)
	return f, true
}

func isOf(v any, want string) bool {
	switch v := v.(type) {
	case string:
		return want == "string"
	case bool:
		return want == "boolean"
	case float64:
		return want == "number" || want == "integer" && v == float64(int64(v))
	case []any:
		return want == "array"
	case map[string]any:
		return want == "object"
	}
	return false
}

func typeWords(t string) (msg, rule string) {
	switch t {
	case "boolean":
		return "Input should be a valid boolean", "bool_type"
	case "integer":
		return "Input should be a valid integer", "int_type"
	case "number":
		return "Input should be a valid number", "float_type"
	case "array":
		return "Input should be a valid list", "list_type"
	case "object":
		return "Input should be a valid dictionary", "dict_type"
	}
	return "Input should be a valid string", "string_type"
}

func boundWords(s *jsonschema.Schema, v any) (msg, rule string) {
	n, _ := v.(float64)
	switch {
	case s.Minimum != nil && n < *s.Minimum:
		return "Input should be greater than or equal to " + number(*s.Minimum), "greater_than_equal"
	case s.Maximum != nil && n > *s.Maximum:
		return "Input should be less than or equal to " + number(*s.Maximum), "less_than_equal"
	case s.Enum != nil:
		names := make([]string, len(s.Enum))
		for i, e := range s.Enum {
			names[i] = fmt.Sprintf("%v", e)
		}
		return "Input should be one of: " + strings.Join(names, ", "), "enum"
	case s.MinLength != nil:
		return "String should have at least " + strconv.Itoa(*s.MinLength) + " character", "string_too_short"
	}
	return "Input does not obey the schema", "value_error"
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
