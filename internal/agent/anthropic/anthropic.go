// Package anthropic speaks Anthropic's Messages API, streaming.
package anthropic

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/agent/wire"
)

// DefaultBase is Anthropic's own.
const DefaultBase = "https://api.anthropic.com"

const apiVersion = "2023-06-01"

// Model is one model at one endpoint. It implements agent.Model.
type Model struct {
	wire.Endpoint
	Name string
}

type message struct {
	Role    string  `json:"role"`
	Content []block `json:"content"`
}

type block struct {
	Type      string          `json:"type"`
	Text      string          `json:"text,omitempty"`
	ID        string          `json:"id,omitempty"`
	Name      string          `json:"name,omitempty"`
	Input     json.RawMessage `json:"input,omitempty"`
	ToolUseID string          `json:"tool_use_id,omitempty"`
	Content   string          `json:"content,omitempty"`
	IsError   bool            `json:"is_error,omitempty"`
}

type offer struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	InputSchema json.RawMessage `json:"input_schema"`
}

type body struct {
	Model     string    `json:"model"`
	MaxTokens int       `json:"max_tokens"`
	System    string    `json:"system,omitempty"`
	Messages  []message `json:"messages"`
	Tools     []offer   `json:"tools,omitempty"`
	Stream    bool      `json:"stream"`
}

func (m *Model) body(r agent.Request) body {
	b := body{Model: m.Name, MaxTokens: r.MaxTokens, System: r.System, Stream: true}
	for _, x := range r.Messages {
		b.Messages = append(b.Messages, spoken(x))
	}
	for _, t := range r.Tools {
		b.Tools = append(b.Tools, offer{t.Name, t.Description, t.Schema})
	}
	return b
}

func spoken(x agent.Message) message {
	m := message{Role: "user"}
	if x.FromModel {
		m.Role = "assistant"
	}
	for _, res := range x.Results {
		m.Content = append(m.Content, block{Type: "tool_result", ToolUseID: res.CallID, Content: res.Content, IsError: res.Failed})
	}
	if x.Text != "" {
		m.Content = append(m.Content, block{Type: "text", Text: x.Text})
	}
	for _, c := range x.Calls {
		input := json.RawMessage(c.Args)
		if !json.Valid(input) { // it was refused; the wire takes JSON only
			input = json.RawMessage("{}")
		}
		m.Content = append(m.Content, block{Type: "tool_use", ID: c.ID, Name: c.Name, Input: input})
	}
	return m
}

type event struct {
	Type    string `json:"type"`
	Index   int    `json:"index"`
	Message struct {
		Model string `json:"model"`
		Usage usage  `json:"usage"`
	} `json:"message"`
	Block block `json:"content_block"`
	Delta struct {
		Type       string `json:"type"`
		Text       string `json:"text"`
		JSON       string `json:"partial_json"`
		StopReason string `json:"stop_reason"`
	} `json:"delta"`
	Usage usage `json:"usage"`
	Error struct {
		Type string `json:"type"`
	} `json:"error"`
}

type usage struct {
	In     int `json:"input_tokens"`
	Cached int `json:"cache_read_input_tokens"`
	Out    int `json:"output_tokens"`
}

// Reply implements agent.Model.
func (m *Model) Reply(ctx context.Context, r agent.Request, each func(string) error) (agent.Reply, error) {
	g := gathered{each: each, calls: map[int]int{}}
	header := map[string]string{"anthropic-version": apiVersion}
	if !m.Key.Empty() {
		header["x-api-key"] = m.Key.Reveal()
	}
	err := m.Post(ctx, "/v1/messages", header, m.body(r), g.take)
	if err == nil && !g.whole {
		err = wire.Broken(errors.New("no message_stop"))
	}
	return g.reply, err
}

// gathered puts a reply together.
type gathered struct {
	reply agent.Reply
	calls map[int]int // by the index of their block
	whole bool
	each  func(string) error
}

func (g *gathered) take(data []byte) error {
	var e event
	if err := json.Unmarshal(data, &e); err != nil {
		return wire.Broken(err)
	}
	switch e.Type {
	case "message_start":
		g.reply.Model = wire.ModelName(e.Message.Model)
		g.reply.Usage.In = e.Message.Usage.In + e.Message.Usage.Cached
	case "content_block_start":
		if e.Block.Type == "tool_use" {
			g.calls[e.Index] = len(g.reply.Calls)
			g.reply.Calls = append(g.reply.Calls, agent.ToolCall{ID: e.Block.ID, Name: e.Block.Name})
		}
	case "content_block_delta":
		return g.fragment(e)
	case "message_delta":
		g.reply.Usage.Out = e.Usage.Out
		g.reply.Cut = e.Delta.StopReason == "max_tokens"
	case "message_stop":
		g.whole = true
	case "error":
		return wire.Failing(e.Error.Type)
	}
	return nil
}

func (g *gathered) fragment(e event) error {
	switch e.Delta.Type {
	case "text_delta":
		g.reply.Text += e.Delta.Text
		if g.each != nil {
			return g.each(e.Delta.Text)
		}
	case "input_json_delta":
		i, ok := g.calls[e.Index]
		if !ok {
			return wire.Broken(errors.New("a fragment of no call"))
		}
		g.reply.Calls[i].Args += e.Delta.JSON
	}
	return nil
}
