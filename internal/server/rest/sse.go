package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/postern/postern/internal/server/web"
)

// pingEvery is how often a stream with nothing to say shows that it lives:
// proxies cut silent connections after a minute or less.
const pingEvery = 15 * time.Second

// writeWithin is how long one event may take to be accepted by the client's
// side, so that a stalled reader does not hold a stream for ever.
const writeWithin = time.Minute

// chatEvent is one event of a stream: a whole message, told apart by its id.
type chatEvent struct {
	ID      string          `json:"id"`
	ChatID  string          `json:"chat_id"`
	AgentID string          `json:"agent_id"`
	Input   json.RawMessage `json:"input_payload"`
	Message chatMessage     `json:"model_message"`
	Content any             `json:"content,omitempty"` // read by published clients of two tools
	Postern any             `json:"postern,omitempty"` // an agent's facts about its answer
}

type chatMessage struct {
	Kind  string `json:"kind"` // request, response
	Parts []any  `json:"parts"`
}

type textPart struct {
	Kind    string `json:"part_kind"` // user-prompt, text
	Content string `json:"content"`
}

type toolCallPart struct {
	Kind     string `json:"part_kind"`
	ToolName string `json:"tool_name"`
	Args     string `json:"args"`
	CallID   string `json:"tool_call_id"`
}

type toolReturnPart struct {
	Kind     string `json:"part_kind"`
	ToolName string `json:"tool_name"`
	CallID   string `json:"tool_call_id"`
	Content  any    `json:"content"`
	Metadata any    `json:"metadata"`
}

// chatStream writes the events of one answer.
type chatStream struct {
	w       http.ResponseWriter
	rc      *http.ResponseController
	chatID  string
	agentID string
	input   json.RawMessage
	mu      sync.Mutex // a step of the work and a ping may come at once
}

// openStream begins the answer: after it, failures can only be events.
func openStream(w http.ResponseWriter, chatID, agentID string, input json.RawMessage) *chatStream {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	w.WriteHeader(http.StatusOK)
	return &chatStream{w: w, rc: http.NewResponseController(w), chatID: chatID, agentID: agentID, input: input}
}

// event makes the event of a new message.
func (s *chatStream) event(kind string, parts ...any) chatEvent {
	return chatEvent{
		ID: uuid.NewString(), ChatID: s.chatID, AgentID: s.agentID, Input: s.input,
		Message: chatMessage{Kind: kind, Parts: parts},
	}
}

// send writes events at once: each the prefix, one line of JSON, a blank line.
func (s *chatStream) send(events ...chatEvent) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, e := range events {
		b.WriteString("data: ")
		if err := enc.Encode(e); err != nil {
			return fmt.Errorf("encode event: %w", err)
		}
		b.WriteByte('\n')
	}
	// Some clients split lines at U+0085 too; the encoder escapes the others.
	return s.write(bytes.ReplaceAll(b.Bytes(), []byte("\u0085"), []byte(`\u0085`)))
}

func (s *chatStream) ping(now time.Time) error {
	return s.write([]byte(": ping - " + now.UTC().Format("2006-01-02 15:04:05.000000-07:00") + "\n\n"))
}

func (s *chatStream) write(b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.rc.SetWriteDeadline(time.Now().Add(writeWithin)) // not every writer has one
	if _, err := s.w.Write(b); err != nil {
		return err
	}
	return s.rc.Flush()
}

// close takes the write deadline off: the connection may serve further requests.
func (s *chatStream) close() { _ = s.rc.SetWriteDeadline(time.Time{}) }

// await runs f and pings until it is done. A panic in f is an error: it runs
// outside the goroutine that the mux guards. When the client goes away f's
// context ends, and await still waits for f, so that nothing outlives the
// request.
func await[T any](ctx context.Context, s *chatStream, f func(context.Context) (T, error)) (v T, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				web.Note(ctx, "stack", string(debug.Stack()))
				err = fmt.Errorf("panic: %v", p)
			}
		}()
		v, err = f(ctx)
	}()
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return v, err
		case now := <-tick.C:
			_ = s.ping(now) // a client that is gone shows in ctx
		}
	}
}
