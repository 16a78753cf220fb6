package custom

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postern/postern/internal/fault"
)

// Limits of an agent. They bound what one caller can make the store hold, and
// what a model is sent with each request.
const (
	longestName        = 255    // characters
	longestDescription = 4_000  // characters
	longestPrompt      = 32_000 // characters
	mostTools          = 20
	mostBindings       = 50
	longestValue       = 8 << 10  // bytes of a fixed value
	longestSchema      = 32 << 10 // bytes
	mostTags           = 50
	longestTag         = 64 // characters
	// mostOwned is how many agents one caller may have.
	mostOwned = 200
	// MostListed bounds one page.
	MostListed = 1000
)

// problems gathers what is wrong with a definition, by field.
type problems []fault.Field

func (p *problems) add(rule, msg string, at ...string) {
	*p = append(*p, fault.Field{Loc: append([]string{"body"}, at...), Msg: msg, Type: rule})
}

// err is the fault of all problems together, nil where there are none.
func (p problems) err() error { return Invalid(p) }

// Invalid is the fault of what is wrong with a definition; nil for nothing.
func Invalid(wrong []fault.Field) error {
	if len(wrong) == 0 {
		return nil
	}
	said := make([]string, len(wrong))
	for i, f := range wrong {
		said[i] = strings.Join(f.Loc[1:], ".") + ": " + f.Msg
	}
	e := fault.New(fault.Invalid, "%s", strings.Join(said, "; "))
	e.Fields = wrong
	return e
}

// check says what of a definition is too long, too much, or no text. What its
// tools and schemas mean is checked by who runs it.
func (d *Definition) check() error {
	var p problems
	p.text("name", d.Name, longestName, false)
	if strings.TrimSpace(d.Name) == "" {
		p.add("string_too_short", "String should have at least 1 character", "name")
	}
	p.text("description", d.Description, longestDescription, true)
	p.text("prompt", d.Prompt, longestPrompt, true)
	p.text("llm_config_id", d.Model, longestTag, false)
	if len(d.Tools) > mostTools {
		p.add("too_long", fmt.Sprintf("List should have at most %d items", mostTools), "tool_config_ids")
	}
	for i, t := range d.Tools {
		p.bindings(i, t)
	}
	p.size("input_json_schema", d.Input, longestSchema)
	p.size("output_json_schema", d.Output, longestSchema)
	d.Tags = p.tags(d.Tags)
	return p.err()
}

func (p *problems) text(field, s string, most int, lines bool) {
	if utf8.RuneCountInString(s) > most {
		p.add("string_too_long", fmt.Sprintf("String should have at most %d characters", most), field)
		return
	}
	control := func(r rune) bool { return unicode.IsControl(r) && !(lines && (r == '\n' || r == '\t' || r == '\r')) }
	if !utf8.ValidString(s) || strings.ContainsFunc(s, control) {
		p.add("value_error", "Input should be printable text", field)
	}
}

func (p *problems) size(field string, doc json.RawMessage, most int) {
	if len(doc) > most {
		p.add("too_long", fmt.Sprintf("the schema should have at most %d bytes", most), field)
	}
}

func (p *problems) bindings(i int, t Tool) {
	at := []string{"parameter_bindings", fmt.Sprint(i)}
	if len(t.Bind) > mostBindings {
		p.add("too_long", fmt.Sprintf("at most %d inputs of a tool can be bound", mostBindings), at...)
	}
	for _, name := range sortedKeys(t.Bind) {
		b, at := t.Bind[name], append(slices.Clone(at), name)
		switch b.Source {
		case Fixed:
			if len(b.Value) == 0 {
				p.add("missing", "Field required", append(at, "fixed_value")...)
			} else if len(b.Value) > longestValue {
				p.add("too_long", fmt.Sprintf("a fixed value has at most %d bytes", longestValue), append(at, "fixed_value")...)
			}
		case User, Model:
			if len(b.Value) > 0 && !bytes.Equal(b.Value, []byte("null")) {
				p.add("value_error", "only the source fixed has a value", append(at, "fixed_value")...)
			}
		default:
			p.add("enum", "Input should be 'fixed', 'user' or 'agent'", append(at, "source")...)
		}
		if b.Key != "" && b.Source != User {
			p.add("value_error", "only the source user has a key", append(at, "payload_key")...)
		}
		if len(b.Key) > longestName || len(name) > longestName {
			p.add("string_too_long", fmt.Sprintf("String should have at most %d characters", longestName), append(at, "payload_key")...)
		}
	}
}

// tags gives the tags sorted, each once.
func (p *problems) tags(tags []string) []string {
	out := []string{}
	for i, t := range tags {
		t = strings.TrimSpace(t)
		at := fmt.Sprint(i)
		if t == "" || utf8.RuneCountInString(t) > longestTag || !utf8.ValidString(t) || strings.ContainsFunc(t, unicode.IsControl) {
			p.add("value_error", fmt.Sprintf("a tag is 1 to %d printable characters", longestTag), "tags", at)
		}
		out = append(out, t)
	}
	slices.Sort(out)
	if out = slices.Compact(out); len(out) > mostTags {
		p.add("too_long", fmt.Sprintf("List should have at most %d items", mostTags), "tags")
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// changed names the fields that are other in b, as the wire has them.
func changed(a, b Definition) []string {
	var out []string
	for _, f := range []struct {
		name string
		of   func(Definition) any
	}{
		{"name", func(d Definition) any { return d.Name }},
		{"description", func(d Definition) any { return d.Description }},
		{"prompt", func(d Definition) any { return d.Prompt }},
		{"llm_config_id", func(d Definition) any { return d.Model }},
		{"tool_config_ids", func(d Definition) any { return d.Tools }},
		{"input_json_schema", func(d Definition) any { return d.Input }},
		{"output_json_schema", func(d Definition) any { return d.Output }},
		{"tags", func(d Definition) any { return d.Tags }},
	} {
		was, _ := json.Marshal(f.of(a)) // texts, maps of them and checked JSON always encode
		is, _ := json.Marshal(f.of(b))
		if !bytes.Equal(was, is) {
			out = append(out, f.name)
		}
	}
	return out
}
