package agent_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/agent/wire"
	"github.com/postern/postern/internal/fault"
)

// raw answers every request with the same bytes.
type raw string

func (r raw) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(r)))}, nil
}

func replyOf(t testing.TB, format, stream string) (agent.Reply, error) {
	t.Helper()
	m := formats[format](wire.Endpoint{HTTP: &http.Client{Transport: raw(stream)}, Base: "http://fake"})
	return m.Reply(t.Context(), agent.Request{Messages: []agent.Message{{Text: "q"}}}, nil)
}

const finish = `data: {"choices":[{"delta":{},"finish_reason":"tool_calls"}]}` + "\n\n"

// streams are what servers that speak like a provider send in their own ways.
var streams = []struct {
	name, format, stream string
	want                 agent.Reply
	fails                fault.Kind // 0: it does not
}{
	{name: "lines end with CRLF, and the last blank line is missing", format: "openai",
		stream: "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\r\n\r\ndata: [DONE]", want: agent.Reply{Text: "hi"}},
	{name: "no space after data", format: "openai", stream: `data:{"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]}` + "\n\n", want: agent.Reply{Text: "hi"}},
	{name: "calls without an index", format: "openai",
		stream: `data: {"choices":[{"delta":{"tool_calls":[{"id":"1","function":{"name":"a","arguments":"{\"x\""}}]}}]}` + "\n\n" +
			`data: {"choices":[{"delta":{"tool_calls":[{"function":{"arguments":":1}"}}]}}]}` + "\n\n" +
			`data: {"choices":[{"delta":{"tool_calls":[{"id":"2","function":{"name":"b","arguments":"{}"}}]}}]}` + "\n\n" + finish,
		want: agent.Reply{Calls: []agent.ToolCall{{ID: "1", Name: "a", Args: `{"x":1}`}, {ID: "2", Name: "b", Args: "{}"}}}},
	{name: "fragments of two calls, mixed", format: "openai",
		stream: `data: {"choices":[{"delta":{"tool_calls":[{"index":1,"id":"2","function":{"name":"b","arguments":"{"}},{"index":0,"id":"1","function":{"name":"a","arguments":"{"}}]}}]}` + "\n\n" +
			`data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"}"}},{"index":1,"function":{"arguments":"}"}}]}}]}` + "\n\n" + finish,
		want: agent.Reply{Calls: []agent.ToolCall{{ID: "2", Name: "b", Args: "{}"}, {ID: "1", Name: "a", Args: "{}"}}}},
	{name: "done without an end", format: "openai", stream: "data: [DONE]\n\n", fails: fault.Unavailable},
	{name: "nothing at all", format: "openai", fails: fault.Unavailable},
	{name: "an answer that is no stream", format: "anthropic", stream: `{"type":"message"}`, fails: fault.Unavailable},
	{name: "a fragment of no call", format: "anthropic", stream: `data: {"type":"content_block_delta","index":7,"delta":{"type":"input_json_delta","partial_json":"{"}}` + "\n\n", fails: fault.Unavailable},
	{name: "events nobody knows", format: "anthropic", stream: `data: {"type":"ping"}` + "\n\n" + `data: {"type":"new","index":1}` + "\n\n" + `data: {"type":"message_stop"}` + "\n\n"},
	{name: "thoughts are not words", format: "gemini",
		stream: `data: {"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"hi"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1,"thoughtsTokenCount":4}}` + "\n\n",
		want:   agent.Reply{Text: "hi", Usage: agent.Usage{In: 3, Out: 5}}},
	{name: "an event of a megabyte and more", format: "gemini", stream: "data: " + strings.Repeat("x", 1<<20) + "\n\n", fails: fault.Denied},
	{name: "a null where a list is", format: "gemini", stream: `data: {"candidates":null,"usageMetadata":null}` + "\n\n", fails: fault.Unavailable},
}

func TestAStreamIsReadAsServersSendIt(t *testing.T) {
	for _, s := range streams {
		got, err := replyOf(t, s.format, s.stream)
		if s.fails != 0 {
			if !fault.Is(err, s.fails) {
				t.Errorf("%s: %+v, %v", s.name, got, err)
			}
			continue
		}
		if d := cmp.Diff(s.want, got); err != nil || d != "" {
			t.Errorf("%s: %v %s", s.name, err, d)
		}
	}
}

// FuzzAStreamNeverPanics gives each format whatever comes.
func FuzzAStreamNeverPanics(f *testing.F) {
	for _, s := range streams {
		if len(s.stream) < 1<<12 {
			f.Add(s.stream)
		}
	}
	f.Fuzz(func(t *testing.T, stream string) {
		for format := range formats {
			_, _ = replyOf(t, format, stream)
		}
	})
}
