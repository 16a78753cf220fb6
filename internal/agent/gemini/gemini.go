// Package gemini speaks Gemini's streamGenerateContent.
package gemini

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/agent/wire"
)

// DefaultBase is Google's own.
const DefaultBase = "https://generativelanguage.googleapis.com"

// Model is one model at one endpoint. It implements agent.Model.
type Model struct {
	wire.Endpoint
	Name string
}

type content struct {
	Role  string `json:"role,omitempty"`
	Parts []part `json:"parts"`
}

type part struct {
	Text     string    `json:"text,omitempty"`
	Thought  bool      `json:"thought,omitempty"`
	Call     *call     `json:"functionCall,omitempty"`
	Response *response `json:"functionResponse,omitempty"`
	// Signature goes back with a call, or newer models refuse the request.
	Signature string `json:"thoughtSignature,omitempty"`
}

type call struct {
	ID   string          `json:"id,omitempty"`
	Name string          `json:"name"`
	Args json.RawMessage `json:"args,omitempty"`
}

type response struct {
	Name     string            `json:"name"`
	Response map[string]string `json:"response"`
}

type declaration struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Schema      json.RawMessage `json:"parametersJsonSchema"`
}

type declarations struct {
	Functions []declaration `json:"functionDeclarations"`
}

type body struct {
	System   *content       `json:"systemInstruction,omitempty"`
	Contents []content      `json:"contents"`
	Tools    []declarations `json:"tools,omitempty"`
	Config   struct {
		MaxTokens int `json:"maxOutputTokens"`
	} `json:"generationConfig"`
}

func bodyOf(r agent.Request) body {
	b := body{System: &content{Parts: []part{{Text: r.System}}}}
	b.Config.MaxTokens = r.MaxTokens
	for _, x := range r.Messages {
		b.Contents = append(b.Contents, spoken(x))
	}
	var d declarations
	for _, t := range r.Tools {
		d.Functions = append(d.Functions, declaration{t.Name, t.Description, t.Schema})
	}
	if len(d.Functions) > 0 {
		b.Tools = []declarations{d}
	}
	return b
}

func spoken(x agent.Message) content {
	c := content{Role: "user"}
	if x.FromModel {
		c.Role = "model"
	}
	for _, res := range x.Results {
		key := "output"
		if res.Failed {
			key = "error"
		}
		c.Parts = append(c.Parts, part{Response: &response{res.Name, map[string]string{key: res.Content}}})
	}
	if x.Text != "" {
		c.Parts = append(c.Parts, part{Text: x.Text})
	}
	for _, k := range x.Calls {
		args := json.RawMessage(k.Args)
		if !json.Valid(args) { // it was refused; the wire takes JSON only
			args = json.RawMessage("{}")
		}
		c.Parts = append(c.Parts, part{Call: &call{Name: k.Name, Args: args}, Signature: k.Mark})
	}
	return c
}

type chunk struct {
	Model      string `json:"modelVersion"`
	Candidates []struct {
		Content      content `json:"content"`
		FinishReason string  `json:"finishReason"`
	} `json:"candidates"`
	Usage *struct {
		In      int `json:"promptTokenCount"`
		Out     int `json:"candidatesTokenCount"`
		Thought int `json:"thoughtsTokenCount"`
	} `json:"usageMetadata"`
	Error *struct {
		Status string `json:"status"`
	} `json:"error"`
}

// Reply implements agent.Model.
func (m *Model) Reply(ctx context.Context, r agent.Request, each func(string) error) (agent.Reply, error) {
	g := gathered{each: each}
	header := map[string]string{}
	if !m.Key.Empty() {
		header["x-goog-api-key"] = m.Key.Reveal() // never in the URL
	}
	path := "/v1beta/models/" + url.PathEscape(m.Name) + ":streamGenerateContent?alt=sse"
	err := m.Post(ctx, path, header, bodyOf(r), g.take)
	if err == nil && !g.whole {
		err = wire.Broken(errors.New("no finishReason"))
	}
	return g.reply, err
}

// gathered puts a reply together.
type gathered struct {
	reply agent.Reply
	whole bool
	each  func(string) error
}

func (g *gathered) take(data []byte) error {
	var c chunk
	if err := json.Unmarshal(data, &c); err != nil {
		return wire.Broken(err)
	}
	if c.Error != nil {
		return wire.Failing(c.Error.Status)
	}
	if c.Model != "" {
		g.reply.Model = wire.ModelName(c.Model)
	}
	if u := c.Usage; u != nil {
		g.reply.Usage = agent.Usage{In: u.In, Out: u.Out + u.Thought}
	}
	for _, x := range c.Candidates {
		for _, p := range x.Content.Parts {
			if err := g.part(p); err != nil {
				return err
			}
		}
		if x.FinishReason != "" {
			g.whole, g.reply.Cut = true, x.FinishReason == "MAX_TOKENS"
		}
	}
	return nil
}

func (g *gathered) part(p part) error {
	switch {
	case p.Call != nil:
		g.reply.Calls = append(g.reply.Calls, agent.ToolCall{ID: p.Call.ID, Name: p.Call.Name, Args: string(p.Call.Args), Mark: p.Signature})
	case p.Text != "" && !p.Thought:
		g.reply.Text += p.Text
		if g.each != nil {
			return g.each(p.Text)
		}
	}
	return nil
}
