package llms

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/llm"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/server/web"
)

// input is a body's fields by what they hold; what was not given is not there.
type input struct {
	text   map[string]*string
	flag   map[string]*bool
	budget *llm.Budget
	wrong  []fault.Field
}

func (in *input) fail(rule, msg string, at ...string) {
	in.wrong = append(in.wrong, fault.Field{Loc: append([]string{"body"}, at...), Msg: msg, Type: rule})
}

// read reads an object that may have these fields, and must have those that
// are needed. Every wrong one is named, and nothing of what it holds: a key may
// stand in any of them.
func read(w http.ResponseWriter, r *http.Request, fields []string, needed ...string) (*input, error) {
	var body map[string]json.RawMessage
	if err := web.Decode(w, r, &body); err != nil {
		return nil, err
	}
	in := &input{text: map[string]*string{}, flag: map[string]*bool{}}
	for _, name := range slices.Sorted(maps.Keys(body)) {
		switch v := body[name]; {
		case !slices.Contains(fields, name):
			in.fail("extra_forbidden", "Extra inputs are not permitted: this takes "+strings.Join(fields, ", "), shortened(name))
		case name == "budget":
			in.readBudget(v)
		case name == "is_default":
			var b *bool
			if json.Unmarshal(v, &b) != nil || b == nil {
				in.fail("bool_type", "Input should be a valid boolean", name)
			}
			in.flag[name] = b
		default:
			in.readText(name, v)
		}
	}
	for _, name := range needed {
		if body[name] == nil {
			in.fail("missing", "Field required", name)
		}
	}
	if len(in.wrong) > 0 {
		e := fault.New(fault.Invalid, "the fields of the body are not right")
		e.Fields = in.wrong
		return nil, e
	}
	return in, nil
}

// readText reads a string; of the one that may be taken away, null is none.
func (in *input) readText(name string, v json.RawMessage) {
	var s *string
	err := json.Unmarshal(v, &s)
	if err == nil && s == nil && name == "llm_credential_id" {
		s = new(string)
	}
	if err != nil || s == nil {
		in.fail("string_type", "Input should be a valid string", name)
		return
	}
	if *s == "" && name == "api_key" {
		in.fail("value_error", "it is not a key: one line of letters, digits and signs", name)
	}
	in.text[name] = s
}

func (in *input) readBudget(v json.RawMessage) {
	var parts map[string]json.RawMessage
	if json.Unmarshal(v, &parts) != nil || parts == nil {
		in.fail("dict_type", "Input should be a valid object", "budget")
		return
	}
	in.budget = &llm.Budget{}
	to := map[string]*int{"steps": &in.budget.Steps, "tokens": &in.budget.Tokens, "rows": &in.budget.Rows, "seconds": &in.budget.Seconds}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		n := to[name]
		switch {
		case n == nil:
			in.fail("extra_forbidden", "Extra inputs are not permitted: this takes steps, tokens, rows and seconds", "budget", shortened(name))
		case json.Unmarshal(parts[name], n) != nil:
			in.fail("int_type", "Input should be a valid integer", "budget", name)
		}
	}
}

// shortened keeps what a caller sent as a name from filling the answer.
func shortened(s string) string {
	if r := []rune(s); len(r) > 64 {
		return string(r[:63]) + "…"
	}
	return s
}

// readConfig reads what is to be different of a configuration. Which private
// networks a model may be in is the operator's to say, and no field here.
func readConfig(w http.ResponseWriter, r *http.Request, needed ...string) (llm.Change, error) {
	in, err := read(w, r, []string{"name", "provider", "model", "base_url", "llm_credential_id", "api_key", "budget", "is_default"}, needed...)
	if err != nil {
		return llm.Change{}, err
	}
	ch := llm.Change{
		Name: in.text["name"], Provider: in.text["provider"], Model: in.text["model"], BaseURL: in.text["base_url"],
		CredentialID: in.text["llm_credential_id"], Budget: in.budget, Default: in.flag["is_default"],
	}
	if s := in.text["api_key"]; s != nil {
		if ch.CredentialID != nil {
			return ch, fault.BadField("api_key", "value_error", "give an api_key or an llm_credential_id, not both")
		}
		ch.Key = secret.New(*s)
	}
	return ch, nil
}
