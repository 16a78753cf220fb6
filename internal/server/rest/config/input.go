package config

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/agent/custom"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/server/web"
)

// agentInput is what was sent of an agent: nil is not given.
type agentInput struct {
	name, description, prompt, model *string
	tools                            *[]string
	bindings                         *[]map[string]custom.Binding
	input, output                    *json.RawMessage
	tags                             *[]string
	public                           *bool
}

// reading reads an object's fields and gathers what is wrong with them.
type reading struct{ wrong []fault.Field }

func (rd *reading) fail(rule, msg string, at ...string) {
	rd.wrong = append(rd.wrong, fault.Field{Loc: append([]string{"body"}, at...), Msg: msg, Type: rule})
}

// Define puts the fields of an agent, as they are on the wire, over a
// definition; public is nil where they do not say. What Written gives is what
// it takes.
func Define(fields map[string]json.RawMessage, d *custom.Definition) (public *bool, err error) {
	in, err := readFields(fields)
	if err != nil {
		return nil, err
	}
	return in.public, in.onto(d)
}

// Written is a definition on the wire.
func Written(d custom.Definition) any { return written(d, d.Input) }

func readAgent(w http.ResponseWriter, r *http.Request) (agentInput, error) {
	var body map[string]json.RawMessage
	if err := web.Decode(w, r, &body); err != nil {
		return agentInput{}, err
	}
	return readFields(body)
}

// readFields reads the fields of an agent. Every wrong one is named, and so is
// every one that there is not.
func readFields(body map[string]json.RawMessage) (agentInput, error) {
	var in agentInput
	rd := &reading{}
	fields := map[string]func(json.RawMessage, string){
		"name":               func(v json.RawMessage, at string) { in.name = rd.text(v, at) },
		"description":        func(v json.RawMessage, at string) { in.description = rd.textOrNull(v, at) },
		"prompt":             func(v json.RawMessage, at string) { in.prompt = rd.textOrNull(v, at) },
		"llm_config_id":      func(v json.RawMessage, at string) { in.model = rd.textOrNull(v, at) },
		"tool_config_ids":    func(v json.RawMessage, at string) { in.tools = rd.texts(v, at) },
		"parameter_bindings": func(v json.RawMessage, at string) { in.bindings = rd.bindings(v, at) },
		"input_json_schema":  func(v json.RawMessage, at string) { in.input = rd.schema(v, at) },
		"output_json_schema": func(v json.RawMessage, at string) { in.output = rd.schema(v, at) },
		"tags":               func(v json.RawMessage, at string) { in.tags = rd.texts(v, at) },
		"visibility":         func(v json.RawMessage, at string) { in.public = rd.visibility(v, at) },
		"llm_extra_config": func(v json.RawMessage, at string) {
			rd.empty(v, at, "{}", "nothing of it can be honoured here: leave it out")
		},
		"mcp_server_config_ids": func(v json.RawMessage, at string) {
			rd.empty(v, at, "[]", "there are no external MCP servers here: leave it out")
		},
	}
	names := make([]string, 0, len(body))
	for name := range body {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if read := fields[name]; read != nil {
			read(body[name], name)
		} else {
			rd.fail("extra_forbidden", "Extra inputs are not permitted", clip(name))
		}
	}
	return in, custom.Invalid(rd.wrong)
}

// clip keeps what a caller sent as a name from filling the answer.
func clip(name string) string { return shorter(name, 64) }

func shorter(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

func isNull(v json.RawMessage) bool { return string(v) == "null" }

func (rd *reading) text(v json.RawMessage, at ...string) *string {
	var s *string
	if err := json.Unmarshal(v, &s); err != nil || s == nil {
		rd.fail("string_type", "Input should be a valid string", at...)
		return nil
	}
	return s
}

func (rd *reading) textOrNull(v json.RawMessage, at string) *string {
	if isNull(v) {
		return new(string)
	}
	return rd.text(v, at)
}

func (rd *reading) items(v json.RawMessage, at string) []json.RawMessage {
	if isNull(v) {
		return []json.RawMessage{}
	}
	var list []json.RawMessage
	if err := json.Unmarshal(v, &list); err != nil {
		rd.fail("list_type", "Input should be a valid list", at)
	}
	return list
}

func (rd *reading) texts(v json.RawMessage, at string) *[]string {
	out := []string{}
	for i, item := range rd.items(v, at) {
		if s := rd.text(item, at, strconv.Itoa(i)); s != nil {
			out = append(out, *s)
		}
	}
	return &out
}

// object reads an object of which only some fields are known; null is none.
func (rd *reading) object(v json.RawMessage, at []string, known ...string) (map[string]json.RawMessage, bool) {
	var o map[string]json.RawMessage
	if err := json.Unmarshal(v, &o); err != nil {
		rd.fail("dict_type", "Input should be a valid dictionary", at...)
		return nil, false
	}
	for name := range o {
		if len(known) > 0 && !slices.Contains(known, name) {
			rd.fail("extra_forbidden", "Extra inputs are not permitted", append(slices.Clone(at), clip(name))...)
		}
	}
	return o, true
}

func (rd *reading) bindings(v json.RawMessage, at string) *[]map[string]custom.Binding {
	out := []map[string]custom.Binding{}
	for i, item := range rd.items(v, at) {
		where := []string{at, strconv.Itoa(i)}
		of := map[string]custom.Binding{}
		o, _ := rd.object(item, where)
		for name, raw := range o {
			if b, ok := rd.binding(raw, append(slices.Clone(where), clip(name))); ok {
				of[name] = b
			}
		}
		out = append(out, of)
	}
	return &out
}

func (rd *reading) binding(v json.RawMessage, at []string) (b custom.Binding, ok bool) {
	o, ok := rd.object(v, at, "source", "fixed_value", "payload_key")
	if !ok {
		return b, false
	}
	field := func(name string) []string { return append(slices.Clone(at), name) }
	if o["source"] == nil {
		rd.fail("missing", "Field required", field("source")...)
		return b, false
	}
	if s := rd.text(o["source"], field("source")...); s != nil {
		b.Source = custom.Source(*s)
	}
	if k := o["payload_key"]; k != nil && !isNull(k) {
		if s := rd.text(k, field("payload_key")...); s != nil {
			b.Key = *s
		}
	}
	if f := o["fixed_value"]; b.Source == custom.Fixed || !isNull(f) {
		b.Value = f
	}
	return b, true
}

func (rd *reading) schema(v json.RawMessage, at string) *json.RawMessage {
	if isNull(v) {
		return new(json.RawMessage)
	}
	o, ok := rd.object(v, []string{at})
	switch {
	case !ok:
		return nil
	case len(o) == 0: // it asks for nothing, which is what none does
		return new(json.RawMessage)
	}
	return &v
}

func (rd *reading) visibility(v json.RawMessage, at string) *bool {
	var s string
	if err := json.Unmarshal(v, &s); err != nil || s != "private" && s != "public" {
		rd.fail("enum", "Input should be 'private' or 'public'", at)
		return nil
	}
	public := s == "public"
	return &public
}

// empty refuses what cannot be honoured.
func (rd *reading) empty(v json.RawMessage, at, none, why string) {
	if !isNull(v) && strings.Join(strings.Fields(string(v)), "") != none {
		rd.fail("value_error", why, at)
	}
}

// onto puts what was sent over what is there.
func (in agentInput) onto(d *custom.Definition) error {
	for _, f := range []struct {
		from *string
		to   *string
	}{{in.name, &d.Name}, {in.description, &d.Description}, {in.prompt, &d.Prompt}, {in.model, &d.Model}} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	if d.Name == "" && in.name == nil {
		return fault.Missing("name")
	}
	if in.input != nil {
		d.Input = *in.input
	}
	if in.output != nil {
		d.Output = *in.output
	}
	if in.tags != nil {
		d.Tags = *in.tags
	}
	return in.tooled(d)
}

// tooled puts tools and bindings together. Tools that come without bindings
// keep those that they had.
func (in agentInput) tooled(d *custom.Definition) error {
	had := map[string]map[string]custom.Binding{}
	var ids []string
	for _, t := range d.Tools {
		had[t.ID] = t.Bind
		ids = append(ids, t.ID)
	}
	if in.tools != nil {
		ids = *in.tools
	}
	if in.bindings != nil && len(*in.bindings) != len(ids) {
		return fault.BadField("parameter_bindings", "value_error", "List should have as many items as tool_config_ids, which are %d", len(ids))
	}
	d.Tools = []custom.Tool{}
	for i, id := range ids {
		t := custom.Tool{ID: id, Bind: had[id]}
		if in.bindings != nil {
			t.Bind = (*in.bindings)[i]
		}
		if t.Bind == nil {
			t.Bind = map[string]custom.Binding{}
		}
		d.Tools = append(d.Tools, t)
	}
	return nil
}

func etag(version int64) string { return fmt.Sprintf("%q", strconv.FormatInt(version, 10)) }

// ifMatch reads the version that a change is to be made to; 0 is whichever.
func ifMatch(r *http.Request) (int64, error) {
	given := r.Header.Get("If-Match")
	if given == "" || given == "*" {
		return 0, nil
	}
	n, err := strconv.ParseInt(strings.Trim(strings.TrimPrefix(given, "W/"), `"`), 10, 64)
	if err != nil || n < 1 {
		e := fault.New(fault.Invalid, "If-Match must be the ETag that the agent was read with")
		e.Fields = []fault.Field{{Loc: []string{"header", "If-Match"}, Msg: e.Message, Type: "value_error"}}
		return 0, e
	}
	return n, nil
}
