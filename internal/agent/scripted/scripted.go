// Package scripted is a fake: a server that speaks the wire formats of the
// three providers from a script. There is no language model in it. Tests and
// trials of what stands on a model run against it.
package scripted

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// Turn is what the fake says to one request.
type Turn struct {
	Text  string
	Calls []Call
	Model string // that it says replied
	In    int    // tokens that it says it counted; with Out zero too it says nothing
	Out   int
	Cut   bool // it ends at the limit of tokens

	Fragment int             // characters of a piece of text or arguments; 0 sends each whole
	Break    int             // the connection breaks before this event, counted from 1
	Junk     bool            // an event that is no JSON comes first
	Fail     string          // an error of this type comes as an event, after the text
	Hold     <-chan struct{} // nothing is sent before it is closed
	Asked    func()          // called when the request is there

	Status     int    // other than 200: the answer has no events
	RetryAfter string // with Status
	ErrorType  string
	ErrorText  string
}

// Call is a call of a tool.
type Call struct{ ID, Name, Args string }

// Request is one that the fake got.
type Request struct {
	Path   string
	Header http.Header
	Body   string
}

// Fake answers one request with each turn, and with the last again and again.
// It is an http.Handler.
type Fake struct {
	mu       sync.Mutex
	turns    []Turn
	requests []Request
}

// New makes a fake of a script.
func New(turns ...Turn) *Fake { return &Fake{turns: turns} }

// Requests are those that came, in order.
func (f *Fake) Requests() []Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Request{}, f.requests...)
}

func (f *Fake) next(r Request) (Turn, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, r)
	if len(f.turns) == 0 {
		return Turn{}, false
	}
	return f.turns[min(len(f.requests), len(f.turns))-1], true
}

// ServeHTTP implements http.Handler.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	t, ok := f.next(Request{r.URL.Path, r.Header, string(body)})
	var events []string
	switch {
	case strings.HasSuffix(r.URL.Path, "/chat/completions"):
		events = t.openai()
	case strings.HasSuffix(r.URL.Path, "/v1/messages"):
		events = t.anthropic()
	case strings.HasSuffix(r.URL.Path, ":streamGenerateContent"):
		events = t.gemini()
	default:
		ok = false
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	if t.Asked != nil {
		t.Asked()
	}
	if t.Hold != nil {
		select {
		case <-t.Hold:
		case <-r.Context().Done():
			return
		}
	}
	if t.Status != 0 && t.Status != http.StatusOK {
		w.Header().Set("Retry-After", t.RetryAfter)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(t.Status)
		_, _ = fmt.Fprint(w, encode(map[string]any{"error": map[string]any{"type": t.ErrorType, "status": t.ErrorType, "message": t.ErrorText}}))
		return
	}
	send(w, t, events)
}

func send(w http.ResponseWriter, t Turn, events []string) {
	w.Header().Set("Content-Type", "text/event-stream")
	if t.Junk {
		events = append([]string{`{"choices": [`}, events...)
	}
	for i, e := range events {
		if t.Break == i+1 {
			panic(http.ErrAbortHandler)
		}
		_, _ = fmt.Fprintf(w, ": a comment\nevent: e\ndata: %s\n\n", e)
		w.(http.Flusher).Flush()
	}
}

func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// pieces cuts s as the turn says.
func (t Turn) pieces(s string) (out []string) {
	r := []rune(s)
	for n := t.Fragment; n > 0 && len(r) > n; r = r[n:] {
		out = append(out, string(r[:n]))
	}
	return append(out, string(r))
}

type object = map[string]any

func (t Turn) openai() (out []string) {
	choice := func(delta object, finish any) {
		out = append(out, encode(object{"model": t.Model, "choices": []any{object{"index": 0, "delta": delta, "finish_reason": finish}}}))
	}
	for _, p := range t.pieces(t.Text) {
		choice(object{"content": p}, nil)
	}
	if t.Fail != "" {
		return append(out, encode(object{"error": object{"type": t.Fail, "message": t.ErrorText}}))
	}
	for i, c := range t.Calls {
		for j, p := range t.pieces(c.Args) {
			f := object{"arguments": p}
			call := object{"index": i, "function": f}
			if j == 0 {
				f["name"], call["id"], call["type"] = c.Name, c.ID, "function"
			}
			choice(object{"tool_calls": []any{call}}, nil)
		}
	}
	reason := "stop"
	if t.Cut {
		reason = "length"
	}
	choice(object{}, reason)
	if t.In+t.Out > 0 {
		out = append(out, encode(object{"choices": []any{}, "usage": object{"prompt_tokens": t.In, "completion_tokens": t.Out}}))
	}
	return append(out, "[DONE]")
}

func (t Turn) anthropic() (out []string) {
	event := func(kind string, fields object) {
		fields["type"] = kind
		out = append(out, encode(fields))
	}
	event("message_start", object{"message": object{"model": t.Model, "usage": object{"input_tokens": t.In}}})
	event("content_block_start", object{"index": 0, "content_block": object{"type": "text", "text": ""}})
	for _, p := range t.pieces(t.Text) {
		event("content_block_delta", object{"index": 0, "delta": object{"type": "text_delta", "text": p}})
	}
	event("content_block_stop", object{"index": 0})
	if t.Fail != "" {
		event("error", object{"error": object{"type": t.Fail, "message": t.ErrorText}})
		return out
	}
	for i, c := range t.Calls {
		event("content_block_start", object{"index": i + 1, "content_block": object{"type": "tool_use", "id": c.ID, "name": c.Name, "input": object{}}})
		for _, p := range t.pieces(c.Args) {
			event("content_block_delta", object{"index": i + 1, "delta": object{"type": "input_json_delta", "partial_json": p}})
		}
		event("content_block_stop", object{"index": i + 1})
	}
	reason := "end_turn"
	if t.Cut {
		reason = "max_tokens"
	}
	event("message_delta", object{"delta": object{"stop_reason": reason}, "usage": object{"output_tokens": t.Out}})
	event("message_stop", object{})
	return out
}

func (t Turn) gemini() (out []string) {
	candidate := func(parts []any, finish string) {
		c := object{"content": object{"role": "model", "parts": parts}}
		if finish != "" {
			c["finishReason"] = finish
		}
		doc := object{"modelVersion": t.Model, "candidates": []any{c}}
		if t.In+t.Out > 0 {
			doc["usageMetadata"] = object{"promptTokenCount": t.In, "candidatesTokenCount": t.Out}
		}
		out = append(out, encode(doc))
	}
	for _, p := range t.pieces(t.Text) {
		candidate([]any{object{"text": p}}, "")
	}
	if t.Fail != "" {
		return append(out, encode(object{"error": object{"status": t.Fail, "message": t.ErrorText}}))
	}
	for _, c := range t.Calls {
		args := json.RawMessage(c.Args)
		if !json.Valid(args) { // this provider sends arguments whole, as a value
			args = json.RawMessage(encode(c.Args))
		}
		call := object{"name": c.Name, "args": args}
		if c.ID != "" {
			call["id"] = c.ID
		}
		candidate([]any{object{"functionCall": call, "thoughtSignature": "signed:" + c.Name}}, "")
	}
	reason := "STOP"
	if t.Cut {
		reason = "MAX_TOKENS"
	}
	candidate([]any{}, reason)
	return out
}
