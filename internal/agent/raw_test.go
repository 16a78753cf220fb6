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

// stopped are the last events of an Anthropic stream.
func stopped(reason string) string {
	return `data: {"type":"message_delta","delta":{"stop_reason":"` + reason + `"},"usage":{}}` + "\n\n" + `data: {"type":"message_stop"}` + "\n\n"
}

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
	{name: "arguments as an object", format: "openai",
		stream: `data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"1","function":{"name":"a","arguments":{"x":1}}}]}}]}` + "\n\n" + finish,
		want:   agent.Reply{Calls: []agent.ToolCall{{ID: "1", Name: "a", Args: `{"x":1}`}}}},
	{name: "a name in each fragment", format: "openai",
		stream: `data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"1","function":{"name":"a","arguments":"{"}}]}}]}` + "\n\n" +
			`data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"1","function":{"name":"a","arguments":"}"}}]}}]}` + "\n\n" + finish,
		want: agent.Reply{Calls: []agent.ToolCall{{ID: "1", Name: "a", Args: `{}`}}}},
	{name: "nulls where there is nothing", format: "openai",
		stream: `data: {"choices":[{"delta":{"role":"assistant","content":null,"tool_calls":null,"refusal":null},"finish_reason":null}],"usage":null,"error":null}` + "\n\n" +
			`data: {"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]}` + "\n\n",
		want: agent.Reply{Text: "hi"}},
	{name: "no choices", format: "openai", stream: `data: {"choices":[]}` + "\n\n" + "data: [DONE]\n\n", fails: fault.Unavailable},
	{name: "a refusal of the model's own", format: "openai", stream: `data: {"choices":[{"delta":{"refusal":"I will not"},"finish_reason":"stop"}]}` + "\n\n", want: agent.Reply{Refused: true}},
	{name: "an end that is an error", format: "openai", stream: `data: {"choices":[{"delta":{},"finish_reason":"error"}]}` + "\n\n", fails: fault.Unavailable},
	{name: "an error with another code than the status", format: "openai", stream: `data: {"error":{"code":400,"message":"x","type":"invalid_request_error"}}` + "\n\n", fails: fault.Denied},
	{name: "input that comes whole, with the block", format: "anthropic",
		stream: `data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"1","name":"a","input":{"x":1}}}` + "\n\n" + stopped("tool_use"),
		want:   agent.Reply{Calls: []agent.ToolCall{{ID: "1", Name: "a", Args: `{"x":1}`}}}},
	{name: "text that begins with the block", format: "anthropic",
		stream: `data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":"h"}}` + "\n\n" +
			`data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"i"}}` + "\n\n" + stopped("end_turn"),
		want: agent.Reply{Text: "hi"}},
	{name: "thoughts of a model that was not asked for any", format: "anthropic",
		stream: `data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}` + "\n\n" +
			`data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}` + "\n\n" + stopped("end_turn")},
	{name: "tokens from a cache count", format: "anthropic",
		stream: `data: {"type":"message_start","message":{"usage":{"input_tokens":1,"cache_read_input_tokens":2,"cache_creation_input_tokens":4}}}` + "\n\n" + stopped("end_turn"),
		want:   agent.Reply{Usage: agent.Usage{In: 7}}},
	{name: "the model's window is full", format: "anthropic", stream: stopped("model_context_window_exceeded"), want: agent.Reply{Cut: true}},
	{name: "a reason but no last event", format: "anthropic", stream: strings.SplitAfter(stopped("end_turn"), "\n\n")[0]},
	{name: "no reason and no last event", format: "anthropic", stream: `data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":"hi"}}` + "\n\n", fails: fault.Unavailable},
	{name: "a question that a filter holds back", format: "gemini", stream: `data: {"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":3}}` + "\n\n",
		want: agent.Reply{Refused: true, Usage: agent.Usage{In: 3}}},
	{name: "a call that the provider cannot read", format: "gemini", stream: `data: {"candidates":[{"content":{},"finishReason":"MALFORMED_FUNCTION_CALL"}]}` + "\n\n", fails: fault.Unavailable},
	{name: "words and a call in one event", format: "gemini",
		stream: `data: {"candidates":[{"content":{"parts":[{"text":"so"},{"functionCall":{"name":"a","args":{"x":1}},"thoughtSignature":"s"}]},"finishReason":"STOP"}]}` + "\n\n",
		want:   agent.Reply{Text: "so", Calls: []agent.ToolCall{{Name: "a", Args: `{"x":1}`, Mark: "s"}}}},
	{name: "a call without arguments", format: "gemini", stream: `data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"a"}}]},"finishReason":"STOP"}]}` + "\n\n",
		want: agent.Reply{Calls: []agent.ToolCall{{Name: "a"}}}},
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
