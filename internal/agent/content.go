package agent

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/google/jsonschema-go/jsonschema"
)

// What is said, as spans show it where the operator wants it there.

// turn and part are a message by the conventions' schema.
type turn struct {
	Role   string `json:"role"`
	Parts  []part `json:"parts"`
	Finish string `json:"finish_reason,omitempty"`
}

type part struct {
	Type      string          `json:"type"`
	Content   string          `json:"content,omitempty"`
	ID        string          `json:"id,omitempty"`
	Name      string          `json:"name,omitempty"`
	Arguments json.RawMessage `json:"arguments,omitempty"`
	Response  string          `json:"response,omitempty"`
}

const longestPart = 16 << 10 // characters of one text on a span

func short(s string) string {
	if utf8.RuneCountInString(s) > longestPart {
		return string([]rune(s)[:longestPart]) + "…"
	}
	return strings.ToValidUTF8(s, "")
}

func sent(r Request) (out []turn) {
	for _, m := range r.Messages {
		t := turn{Role: "user"}
		if m.FromModel {
			t.Role = "assistant"
		}
		if m.Text != "" {
			t.Parts = append(t.Parts, part{Type: "text", Content: short(m.Text)})
		}
		for _, c := range m.Calls {
			t.Parts = append(t.Parts, called(c))
		}
		for _, res := range m.Results {
			t.Role = "tool"
			t.Parts = append(t.Parts, part{Type: "tool_call_response", ID: res.CallID, Response: short(res.Content)})
		}
		out = append(out, t)
	}
	return out
}

func replied(r Reply) turn {
	t := turn{Role: "assistant", Finish: r.finish()}
	if r.Text != "" {
		t.Parts = append(t.Parts, part{Type: "text", Content: short(r.Text)})
	}
	for _, c := range r.Calls {
		t.Parts = append(t.Parts, called(c))
	}
	return t
}

// called is a call of the model. Its arguments are what it wrote, which need
// not be JSON.
func called(c ToolCall) part {
	args := json.RawMessage(c.Args)
	if !json.Valid(args) || len(args) > longestPart {
		args, _ = json.Marshal(short(c.Args)) // a text always encodes
	}
	return part{Type: "tool_call", ID: c.ID, Name: c.Name, Arguments: args}
}

func turns(all ...turn) string { return shownJSON(all) }

func shownJSON(v any) string {
	b, err := plainJSON(v)
	if err != nil {
		return ""
	}
	return string(b)
}

// asked is the question of an agent's input.
func asked(raw json.RawMessage) turn {
	var in struct {
		Message string `json:"message"`
	}
	_ = json.Unmarshal(raw, &in) // the agent has read it before
	return turn{Role: "user", Parts: []part{{Type: "text", Content: short(in.Message)}}}
}

// inputs are what a tool was called with: its own inputs alone, since callers
// send others with it.
func inputs(in *jsonschema.Schema, raw json.RawMessage) map[string]json.RawMessage {
	var given map[string]json.RawMessage
	_ = json.Unmarshal(raw, &given) // the tool has read it before
	for k, v := range given {
		switch {
		case in == nil || in.Properties[k] == nil:
			delete(given, k)
		case len(v) > longestPart:
			given[k], _ = json.Marshal(short(string(v))) // a text always encodes
		}
	}
	return given
}
