// Package openai speaks streaming chat completions: OpenAI's own API, and the
// many servers and gateways that speak it too (vLLM, llama.cpp, Ollama).
package openai

import (
	"context"
	"encoding/json"
	"errors"
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
	Index    *int     `json:"index,omitempty"`
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
		Delta struct {
			Content   string     `json:"content"`
			ToolCalls []toolCall `json:"tool_calls"`
		} `json:"delta"`
		FinishReason string `json:"finish_reason"`
	} `json:"choices"`
	Usage *struct {
		In  int `json:"prompt_tokens"`
		Out int `json:"completion_tokens"`
	} `json:"usage"`
	Error *struct {
		Type string `json:"type"`
	} `json:"error"`
}

// Reply implements agent.Model.
func (m *Model) Reply(ctx context.Context, r agent.Request, each func(string) error) (agent.Reply, error) {
	g := gathered{each: each}
	header := map[string]string{}
	if !m.Key.Empty() {
		header["Authorization"] = "Bearer " + m.Key.Reveal()
	}
	err := m.Post(ctx, "/chat/completions", header, m.body(r), g.take)
	if err == nil && !g.whole {
		err = wire.Broken(errors.New("no finish_reason"))
	}
	return g.reply, err
}

// gathered puts a reply together.
type gathered struct {
	reply   agent.Reply
	indexes []int // of the calls, as the provider counts them
	whole   bool
	each    func(string) error
}

func (g *gathered) take(data []byte) error {
	if string(data) == "[DONE]" {
		return nil
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
		g.reply.Usage = agent.Usage{In: c.Usage.In, Out: c.Usage.Out}
	}
	for _, choice := range c.Choices {
		if s := choice.Delta.Content; s != "" {
			g.reply.Text += s
			if g.each != nil {
				if err := g.each(s); err != nil {
					return err
				}
			}
		}
		for _, t := range choice.Delta.ToolCalls {
			g.fragment(t)
		}
		if choice.FinishReason != "" {
			g.whole, g.reply.Cut = true, choice.FinishReason == "length"
		}
	}
	return nil
}

// fragment adds to the call that a piece belongs to: by its index or, where a
// server gives none, a new id begins a new call.
func (g *gathered) fragment(t toolCall) {
	at := len(g.indexes) - 1
	switch {
	case t.Index != nil:
		for at = len(g.indexes) - 1; at >= 0 && g.indexes[at] != *t.Index; at-- {
		}
	case t.ID != "" && (at < 0 || g.reply.Calls[at].ID != t.ID):
		at = -1
	}
	if at < 0 {
		index := len(g.indexes)
		if t.Index != nil {
			index = *t.Index
		}
		g.indexes = append(g.indexes, index)
		g.reply.Calls = append(g.reply.Calls, agent.ToolCall{})
		at = len(g.indexes) - 1
	}
	c := &g.reply.Calls[at]
	if c.ID == "" {
		c.ID = t.ID
	}
	if c.Name == "" {
		c.Name = t.Function.Name
	}
	c.Args += t.Function.Arguments
}
