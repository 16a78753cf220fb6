// Package scripted is a fake: a server that speaks the wire formats of the
// three providers from a script. There is no language model in it. Tests and
// trials of what stands on a model run against it.
package scripted

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf16"
)

// Turn is what the fake says to one request.
type Turn struct {
	Text  string
	Calls []Call
	Model string // that it says replied
	In    int    // tokens that it says it counted; with Out zero too it says nothing
	Out   int
	Count string // JSON in the place of each count of tokens
	Cut   bool   // it ends at the limit of tokens
	Held  bool   // it ends because a filter, or the model, refuses

	Fragment int    // of a piece of text or arguments; 0 sends each whole
	By       string // what Fragment counts: characters, "bytes", or "units" of UTF-16
	Break    int    // the connection breaks before this event, counted from 1
	Junk     bool   // an event that is no JSON comes first
	Fail     string // an error of this type comes as an event, after the text
	// Wait is how long nothing comes before event At, counted from 1; At 0 is
	// before the answer begins.
	Wait  time.Duration
	At    int
	Hold  <-chan struct{} // nothing is sent before it is closed
	Asked func()          // called when the request is there

	As     func(events []string) string // the body that is made of the events
	Chop   int                          // bytes of one write; 0 writes each event whole
	Gzip   bool                         // the body is packed, where the client takes that
	Header map[string]string            // beside, or in the place of, the usual ones

	Status     int    // other than 200: the answer has no events
	RetryAfter string // with Status
	ErrorType  string
	ErrorText  string
	ErrorBody  string // the whole of the answer, with Status
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
	if t.At == 0 && !t.waits(r.Context(), 0) {
		return
	}
	if t.Status != 0 && t.Status != http.StatusOK {
		t.refuse(w, r)
		return
	}
	t.send(w, r, events)
}

// waits is whether the turn goes on, after what it waits before event n.
func (t Turn) waits(ctx context.Context, n int) bool {
	if t.Wait == 0 || t.At != n {
		return true
	}
	late := time.NewTimer(t.Wait)
	defer late.Stop()
	select {
	case <-late.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// head writes what comes before the body.
func (t Turn) head(w http.ResponseWriter, kind string, status int) {
	w.Header().Set("Content-Type", kind)
	for k, v := range t.Header {
		w.Header().Set(k, v)
	}
	w.WriteHeader(status)
}

func (t Turn) refuse(w http.ResponseWriter, r *http.Request) {
	if t.RetryAfter != "" {
		w.Header().Set("Retry-After", t.RetryAfter)
	}
	t.head(w, "application/json", t.Status)
	body := t.ErrorBody
	if body == "" {
		body = encode(map[string]any{"error": map[string]any{"type": t.ErrorType, "status": t.ErrorType, "message": t.ErrorText}})
	}
	_, _ = io.WriteString(w, body)
	if t.At > 0 { // the text of the error does not end
		w.(http.Flusher).Flush()
		t.waits(r.Context(), t.At)
	}
}

func (t Turn) send(w http.ResponseWriter, r *http.Request, events []string) {
	var out io.Writer = w
	flush := func() { w.(http.Flusher).Flush() }
	if t.Gzip && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		defer func() { _ = packed.Close() }() // to the test's own client
		out, flush = packed, func() {
			_ = packed.Flush()
			w.(http.Flusher).Flush()
		}
	}
	t.head(w, "text/event-stream", http.StatusOK)
	if t.Junk {
		events = append([]string{`{"choices": [`}, events...)
	}
	if t.As != nil {
		t.write(out, flush, t.As(events))
		return
	}
	for i, e := range events {
		if t.Break == i+1 {
			panic(http.ErrAbortHandler)
		}
		if t.At == i+1 && !t.waits(r.Context(), i+1) {
			return
		}
		t.write(out, flush, fmt.Sprintf(": a comment\nevent: e\ndata: %s\n\n", e))
	}
	if t.At > len(events) { // the stream stays open after its end
		t.waits(r.Context(), t.At)
	}
}

func (t Turn) write(w io.Writer, flush func(), s string) {
	for n := t.Chop; n > 0 && len(s) > n; s = s[n:] {
		_, _ = io.WriteString(w, s[:n])
		flush()
	}
	_, _ = io.WriteString(w, s)
	flush()
}

func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// pieces cuts s as the turn says, into JSON strings.
func (t Turn) pieces(s string) (out []json.RawMessage) {
	switch t.By {
	case "bytes":
		return cut([]byte(s), t.Fragment, func(b []byte) string { // as a server that looks at no characters
			return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(string(b)) + `"`
		})
	case "units":
		return cut(utf16.Encode([]rune(s)), t.Fragment, func(units []uint16) string { // as JavaScript does
			var b strings.Builder
			for _, u := range units {
				fmt.Fprintf(&b, `\u%04x`, u)
			}
			return `"` + b.String() + `"`
		})
	}
	return cut([]rune(s), t.Fragment, func(r []rune) string { return encode(string(r)) })
}

func cut[T any](all []T, n int, quoted func([]T) string) (out []json.RawMessage) {
	for ; n > 0 && len(all) > n; all = all[n:] {
		out = append(out, json.RawMessage(quoted(all[:n])))
	}
	return append(out, json.RawMessage(quoted(all)))
}

// counts are the tokens that the turn says it counted; nil where it does not.
func (t Turn) counts() (in, out any) {
	switch {
	case t.Count != "":
		return json.RawMessage(t.Count), json.RawMessage(t.Count)
	case t.In+t.Out > 0:
		return t.In, t.Out
	}
	return nil, nil
}

// reason is why the turn ends, in a provider's words.
func (t Turn) reason(usual, cut, held string) string {
	switch {
	case t.Cut:
		return cut
	case t.Held:
		return held
	}
	return usual
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
	choice(object{}, t.reason("stop", "length", "content_filter"))
	if in, counted := t.counts(); in != nil {
		out = append(out, encode(object{"choices": []any{}, "usage": object{"prompt_tokens": in, "completion_tokens": counted}}))
	}
	return append(out, "[DONE]")
}

func (t Turn) anthropic() (out []string) {
	event := func(kind string, fields object) {
		fields["type"] = kind
		out = append(out, encode(fields))
	}
	in, counted := t.counts()
	event("message_start", object{"message": object{"model": t.Model, "usage": object{"input_tokens": in}}})
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
	event("message_delta", object{"delta": object{"stop_reason": t.reason("end_turn", "max_tokens", "refusal")}, "usage": object{"output_tokens": counted}})
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
		if in, counted := t.counts(); in != nil && finish != "" {
			doc["usageMetadata"] = object{"promptTokenCount": in, "candidatesTokenCount": counted}
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
	candidate([]any{}, t.reason("STOP", "MAX_TOKENS", "SAFETY"))
	return out
}
