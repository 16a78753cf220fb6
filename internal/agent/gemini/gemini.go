// Package gemini speaks Gemini's streamGenerateContent.
package gemini

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

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
		Index   int `json:"index"`
		Content struct {
			Parts []said `json:"parts"`
		} `json:"content"`
		FinishReason string `json:"finishReason"`
	} `json:"candidates"`
	Feedback struct {
		BlockReason string `json:"blockReason"`
	} `json:"promptFeedback"`
	Usage *struct {
		In      wire.Count `json:"promptTokenCount"`
		Out     wire.Count `json:"candidatesTokenCount"`
		Thought wire.Count `json:"thoughtsTokenCount"`
	} `json:"usageMetadata"`
	Error *struct {
		Status string `json:"status"`
	} `json:"error"`
}

// said is a part as it comes.
type said struct {
	Text      wire.Piece `json:"text"`
	Thought   bool       `json:"thought"`
	Call      *call      `json:"functionCall"`
	Signature string     `json:"thoughtSignature"`
}

// Reply implements agent.Model.
func (m *Model) Reply(ctx context.Context, r agent.Request, each func(string) error) (agent.Reply, error) {
	g := gathered{text: wire.Text{Hear: each}}
	header := map[string]string{}
	if !m.Key.Empty() {
		header["x-goog-api-key"] = m.Key.Reveal() // never in the URL
	}
	path := "/v1beta/models/" + url.PathEscape(m.Name) + ":streamGenerateContent?alt=sse"
	err := wire.Ended(m.Post(ctx, path, header, bodyOf(r), g.take), g.whole)
	if err == nil {
		err = g.text.End()
	}
	g.reply.Text = g.text.String()
	return g.reply, err
}

// gathered puts a reply together.
type gathered struct {
	reply agent.Reply
	text  wire.Text
	whole bool
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
		g.reply.Usage = agent.Usage{In: int(u.In), Out: int(u.Out + u.Thought)}
	}
	if c.Feedback.BlockReason != "" { // and no candidate comes
		g.reply.Refused, g.whole = true, true
	}
	for _, x := range c.Candidates {
		if x.Index != 0 { // one is asked for
			continue
		}
		for _, p := range x.Content.Parts {
			if err := g.part(p); err != nil {
				return err
			}
		}
		if err := g.finish(x.FinishReason); err != nil {
			return err
		}
	}
	if g.whole && c.Usage != nil { // it comes with the last event
		return wire.ErrWhole
	}
	return nil
}

func (g *gathered) finish(reason string) error {
	switch reason {
	case "":
		return nil
	case "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL":
		return wire.Broken(errors.New(reason)) // another try may write it right
	case "MAX_TOKENS":
		g.reply.Cut = true
	case "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY":
		g.reply.Refused = true
	}
	g.whole = true
	return nil
}

func (g *gathered) part(p said) error {
	switch {
	case p.Call != nil:
		args := strings.ToValidUTF8(string(p.Call.Args), "\ufffd")
		g.reply.Calls = append(g.reply.Calls, agent.ToolCall{ID: p.Call.ID, Name: p.Call.Name, Args: args, Mark: p.Signature})
	case !p.Thought:
		return g.text.Add(p.Text)
	}
	return nil
}
