// Package openai speaks streaming chat completions: OpenAI's own API, and the
// many servers and gateways that speak it too (vLLM, llama.cpp, Ollama).
package openai

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/agent/wire"
)

// DefaultBase is OpenAI's own.
const DefaultBase = "https://api.openai.com/v1"

// Model is one model at one endpoint. It implements agent.Model.
type Model struct {
	wire.Endpoint
	Name string
}

type message struct {
	Role       string     `json:"role"`
	Content    *string    `json:"content"`
	ToolCalls  []toolCall `json:"tool_calls,omitempty"`
	ToolCallID string     `json:"tool_call_id,omitempty"`
}

type toolCall struct {
	ID       string   `json:"id,omitempty"`
	Type     string   `json:"type,omitempty"`
	Function function `json:"function"`
}

type function struct {
	Name        string          `json:"name,omitempty"`
	Arguments   string          `json:"arguments"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters,omitempty"`
}

type offer struct {
	Type     string `json:"type"`
	Function struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
	} `json:"function"`
}

func (m *Model) body(r agent.Request) map[string]any {
	messages := []message{{Role: "system", Content: &r.System}}
	for _, x := range r.Messages {
		messages = append(messages, spoken(x)...)
	}
	var tools []offer
	for _, t := range r.Tools {
		o := offer{Type: "function"}
		o.Function.Name, o.Function.Description, o.Function.Parameters = t.Name, t.Description, t.Schema
		tools = append(tools, o)
	}
	body := map[string]any{
		"model": m.Name, "messages": messages, "stream": true,
		"stream_options": map[string]bool{"include_usage": true},
	}
	if len(tools) > 0 {
		body["tools"] = tools
	}
	// OpenAI's newer models refuse max_tokens; others know nothing else.
	if strings.HasPrefix(m.Base, "https://api.openai.com/") {
		body["max_completion_tokens"] = r.MaxTokens
	} else {
		body["max_tokens"] = r.MaxTokens
	}
	return body
}

func spoken(x agent.Message) (out []message) {
	for _, res := range x.Results {
		out = append(out, message{Role: "tool", Content: &res.Content, ToolCallID: res.CallID})
	}
	switch {
	case x.FromModel:
		m := message{Role: "assistant"}
		if x.Text != "" {
			m.Content = &x.Text
		}
		for _, c := range x.Calls {
			m.ToolCalls = append(m.ToolCalls, toolCall{ID: c.ID, Type: "function", Function: function{Name: c.Name, Arguments: c.Args}})
		}
		out = append(out, m)
	case x.Text != "":
		out = append(out, message{Role: "user", Content: &x.Text})
	}
	return out
}

type chunk struct {
	Model   string `json:"model"`
	Choices []struct {
		Index int `json:"index"`
		Delta struct {
			Content   wire.Piece `json:"content"`
			Refusal   wire.Piece `json:"refusal"`
			ToolCalls []fragment `json:"tool_calls"`
		} `json:"delta"`
		FinishReason string `json:"finish_reason"`
	} `json:"choices"`
	Usage *struct {
		In  wire.Count `json:"prompt_tokens"`
		Out wire.Count `json:"completion_tokens"`
	} `json:"usage"`
	Error *struct {
		Type string `json:"type"`
	} `json:"error"`
}

// fragment is a piece of a call.
type fragment struct {
	Index    *int   `json:"index"`
	ID       string `json:"id"`
	Function struct {
		Name      string     `json:"name"`
		Arguments wire.Piece `json:"arguments"`
	} `json:"function"`
}

// Reply implements agent.Model.
func (m *Model) Reply(ctx context.Context, r agent.Request, each func(string) error) (agent.Reply, error) {
	g := gathered{text: wire.Text{Hear: each}, at: map[int]int{}}
	header := map[string]string{}
	if !m.Key.Empty() {
		header["Authorization"] = "Bearer " + m.Key.Reveal()
	}
	err := wire.Ended(m.Post(ctx, "/chat/completions", header, m.body(r), g.take), g.whole)
	if err == nil {
		err = g.text.End()
	}
	g.reply.Text = g.text.String()
	for i := range g.reply.Calls {
		g.reply.Calls[i].Args = g.args[i].String()
	}
	return g.reply, err
}

// gathered puts a reply together.
type gathered struct {
	reply agent.Reply
	text  wire.Text
	args  []*wire.Text // of the calls
	at    map[int]int  // where a call is, by its index as the provider counts
	whole bool
}

func (g *gathered) take(data []byte) error {
	if string(data) == "[DONE]" {
		return wire.ErrWhole
	}
	var c chunk
	if err := json.Unmarshal(data, &c); err != nil {
		return wire.Broken(err)
	}
	if c.Error != nil {
		return wire.Failing(c.Error.Type)
	}
	if c.Model != "" {
		g.reply.Model = wire.ModelName(c.Model)
	}
	if c.Usage != nil {
		g.reply.Usage = agent.Usage{In: int(c.Usage.In), Out: int(c.Usage.Out)}
	}
	for _, choice := range c.Choices {
		if choice.Index != 0 { // one is asked for
			continue
		}
		if err := g.text.Add(choice.Delta.Content); err != nil {
			return err
		}
		for _, t := range choice.Delta.ToolCalls {
			if err := g.fragment(t); err != nil {
				return err
			}
		}
		if len(choice.Delta.Refusal) > 0 {
			g.reply.Refused = true
		}
		if err := g.finish(choice.FinishReason); err != nil {
			return err
		}
	}
	if g.whole && c.Usage != nil { // it is asked for, and comes last
		return wire.ErrWhole
	}
	return nil
}

func (g *gathered) finish(reason string) error {
	switch reason {
	case "":
		return nil
	case "error": // of gateways
		return wire.Failing(reason)
	case "length":
		g.reply.Cut = true
	case "content_filter":
		g.reply.Refused = true
	}
	g.whole = true
	return nil
}

// fragment adds to the call that a piece belongs to: by its index or, where a
// server gives none, a new id begins a new call.
func (g *gathered) fragment(t fragment) error {
	at := len(g.args) - 1
	switch {
	case t.Index != nil:
		known, ok := g.at[*t.Index]
		if at = known; !ok {
			at = -1
		}
	case t.ID != "" && (at < 0 || g.reply.Calls[at].ID != t.ID):
		at = -1
	}
	if at < 0 {
		at = len(g.args)
		g.args = append(g.args, new(wire.Text))
		g.reply.Calls = append(g.reply.Calls, agent.ToolCall{})
		if t.Index != nil {
			g.at[*t.Index] = at
		}
	}
	c := &g.reply.Calls[at]
	if c.ID == "" {
		c.ID = t.ID
	}
	if c.Name == "" {
		c.Name = t.Function.Name
	}
	return g.args[at].Add(t.Function.Arguments)
}
