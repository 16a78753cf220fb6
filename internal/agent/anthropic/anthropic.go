// Package anthropic speaks Anthropic's Messages API, streaming.
package anthropic

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

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
	Block struct {
		Type  string          `json:"type"`
		Text  wire.Piece      `json:"text"`
		ID    string          `json:"id"`
		Name  string          `json:"name"`
		Input json.RawMessage `json:"input"`
	} `json:"content_block"`
	Delta struct {
		Type       string     `json:"type"`
		Text       wire.Piece `json:"text"`
		JSON       wire.Piece `json:"partial_json"`
		StopReason string     `json:"stop_reason"`
	} `json:"delta"`
	Usage usage `json:"usage"`
	Error struct {
		Type string `json:"type"`
	} `json:"error"`
}

type usage struct {
	In      wire.Count `json:"input_tokens"`
	Cached  wire.Count `json:"cache_read_input_tokens"`
	Written wire.Count `json:"cache_creation_input_tokens"`
	Out     wire.Count `json:"output_tokens"`
}

// Reply implements agent.Model.
func (m *Model) Reply(ctx context.Context, r agent.Request, each func(string) error) (agent.Reply, error) {
	g := gathered{text: wire.Text{Hear: each}, at: map[int]int{}}
	header := map[string]string{"anthropic-version": apiVersion}
	if !m.Key.Empty() {
		header["x-api-key"] = m.Key.Reveal()
	}
	err := wire.Ended(m.Post(ctx, "/v1/messages", header, m.body(r), g.take), g.whole)
	if err == nil {
		err = g.text.End()
	}
	g.reply.Text = g.text.String()
	for i := range g.reply.Calls {
		if args := g.args[i].String(); args != "" {
			g.reply.Calls[i].Args = args // else it came whole, with the beginning
		}
	}
	return g.reply, err
}

// gathered puts a reply together.
type gathered struct {
	reply agent.Reply
	text  wire.Text
	args  []*wire.Text // of the calls
	at    map[int]int  // where a call is, by the index of its block
	whole bool
}

func (g *gathered) take(data []byte) error {
	var e event
	if err := json.Unmarshal(data, &e); err != nil {
		return wire.Broken(err)
	}
	switch e.Type {
	case "message_start":
		u := e.Message.Usage
		g.reply.Model = wire.ModelName(e.Message.Model)
		g.reply.Usage.In = int(u.In + u.Cached + u.Written)
	case "content_block_start":
		return g.begin(e)
	case "content_block_delta":
		return g.fragment(e)
	case "message_delta":
		g.reply.Usage.Out = int(e.Usage.Out)
		g.finish(e.Delta.StopReason)
	case "message_stop":
		g.whole = true
		return wire.ErrWhole
	case "error":
		return wire.Failing(e.Error.Type)
	}
	return nil
}

func (g *gathered) finish(reason string) {
	switch reason {
	case "":
		return
	case "max_tokens", "model_context_window_exceeded":
		g.reply.Cut = true
	case "refusal":
		g.reply.Refused = true
	}
	g.whole = true
}

func (g *gathered) begin(e event) error {
	switch e.Block.Type {
	case "text":
		return g.text.Add(e.Block.Text)
	case "tool_use":
		g.at[e.Index] = len(g.args)
		g.args = append(g.args, new(wire.Text))
		g.reply.Calls = append(g.reply.Calls, agent.ToolCall{ID: e.Block.ID, Name: e.Block.Name, Args: strings.ToValidUTF8(string(e.Block.Input), "\ufffd")})
	}
	return nil
}

func (g *gathered) fragment(e event) error {
	switch e.Delta.Type {
	case "text_delta":
		return g.text.Add(e.Delta.Text)
	case "input_json_delta":
		i, ok := g.at[e.Index]
		if !ok {
			return wire.Broken(errors.New("a fragment of no call"))
		}
		return g.args[i].Add(e.Delta.JSON)
	}
	return nil
}
