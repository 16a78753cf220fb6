package agent

import (
	"context"
	"encoding/json"
)

// Model is a language model of some provider. It is asked for one reply at a
// time, and holds nothing between two.
type Model interface {
	// Reply asks for the next turn. each hears the reply's text as it comes
	// and may be nil; tool calls are gathered and come with the Reply. A
	// fault.Limited or fault.Unavailable may be tried again, nothing else.
	Reply(ctx context.Context, r Request, each func(text string) error) (Reply, error)
}

// Request is a conversation up to where the model is to go on.
type Request struct {
	System    string
	Messages  []Message
	Tools     []Offer
	MaxTokens int // of the reply
}

// Size is how many bytes of text and schemas the request carries.
func (r Request) Size() int {
	n := len(r.System)
	for _, m := range r.Messages {
		n += len(m.Text)
		for _, c := range m.Calls {
			n += len(c.Name) + len(c.Args)
		}
		for _, c := range m.Results {
			n += len(c.Content)
		}
	}
	for _, o := range r.Tools {
		n += len(o.Name) + len(o.Description) + len(o.Schema)
	}
	return n
}

// Message is a turn: what the user says, what the model replied, or what the
// tools that it called gave.
type Message struct {
	FromModel bool
	Text      string
	Calls     []ToolCall   // of the model
	Results   []ToolResult // for the model
}

// Offer is a tool that the model may call. Schema is the JSON schema of its
// arguments, an object's.
type Offer struct {
	Name        string
	Description string
	Schema      json.RawMessage
}

// ToolCall is a call that the model makes, as it was gathered: nothing in it
// is checked.
type ToolCall struct {
	ID   string
	Name string
	Args string
	// Mark is the provider's own, and goes back to it with the call.
	Mark string
}

// ToolResult answers a call.
type ToolResult struct {
	CallID  string
	Name    string
	Content string
	Failed  bool
}

// Reply is the model's turn.
type Reply struct {
	Text  string
	Calls []ToolCall
	Usage Usage
	Cut   bool // it ended at MaxTokens
	// Refused is a reply that the provider, or the model, held back or ended:
	// what is there of it is no answer.
	Refused bool
	Model   string // that replied, as the provider calls it; "" where it does not say
}

// Usage is what the provider counted; zero where it did not say.
type Usage struct{ In, Out int }

func (u Usage) add(o Usage) Usage { return Usage{u.In + o.In, u.Out + o.Out} }
