package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/postern/postern/internal/chat"
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

// message makes the event of a new message.
func (c *spoken) message(kind string, parts ...any) chatEvent {
	return chatEvent{
		ID: uuid.NewString(), ChatID: c.chatID, AgentID: c.agentID, Input: c.input,
		Message: chatMessage{Kind: kind, Parts: parts},
	}
}

// spoken is what all events of one call share.
type spoken struct {
	chatID, agentID string
	input           json.RawMessage
}

// encoded gives events as they are kept and sent: one line of JSON each.
func encoded(events ...chatEvent) ([]chat.Event, error) {
	out := make([]chat.Event, 0, len(events))
	for _, e := range events {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(e); err != nil {
			return nil, fmt.Errorf("encode event: %w", err)
		}
		// Some clients split lines at U+0085 too; the encoder escapes the others.
		body := bytes.ReplaceAll(bytes.TrimSuffix(b.Bytes(), []byte("\n")), []byte("\u0085"), []byte(`\u0085`))
		out = append(out, chat.Event{ID: e.ID, Body: body})
	}
	return out, nil
}

// chatStream writes the events of one call to who asked.
type chatStream struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

// openStream begins the answer: after it, failures can only be events.
func openStream(w http.ResponseWriter, status int) *chatStream {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	w.WriteHeader(status)
	return &chatStream{w: w, rc: http.NewResponseController(w)}
}

// send writes events at once: each the prefix, one line of JSON, a blank line.
func (s *chatStream) send(events ...chat.Event) error {
	var b bytes.Buffer
	for _, e := range events {
		b.WriteString("data: ")
		b.Write(e.Body)
		b.WriteString("\n\n")
	}
	return s.write(b.Bytes())
}

func (s *chatStream) ping(now time.Time) error {
	return s.write([]byte(": ping - " + now.UTC().Format("2006-01-02 15:04:05.000000-07:00") + "\n\n"))
}

func (s *chatStream) write(b []byte) error {
	_ = s.rc.SetWriteDeadline(time.Now().Add(writeWithin)) // not every writer has one
	if _, err := s.w.Write(b); err != nil {
		return err
	}
	return s.rc.Flush()
}

// close takes the write deadline off: the connection may serve further requests.
func (s *chatStream) close() { _ = s.rc.SetWriteDeadline(time.Time{}) }
