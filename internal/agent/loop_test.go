package agent_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/agent/anthropic"
	"github.com/postern/postern/internal/agent/gemini"
	"github.com/postern/postern/internal/agent/openai"
	"github.com/postern/postern/internal/agent/scripted"
	"github.com/postern/postern/internal/agent/wire"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
)

const modelKey = "sk-canary-of-a-model"

// formats are the providers' wire formats, each in front of the same fake.
var formats = map[string]func(wire.Endpoint) agent.Model{
	"openai":    func(e wire.Endpoint) agent.Model { return &openai.Model{Endpoint: e, Name: "fake"} },
	"anthropic": func(e wire.Endpoint) agent.Model { return &anthropic.Model{Endpoint: e, Name: "fake"} },
	"gemini":    func(e wire.Endpoint) agent.Model { return &gemini.Model{Endpoint: e, Name: "fake"} },
}

func endpoint(t testing.TB, h http.Handler) wire.Endpoint {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	base, err := url.Parse(srv.URL)
	must(t, err)
	return wire.Endpoint{HTTP: wire.Client(base, new(net.Dialer).DialContext), Base: srv.URL, Key: secret.New(modelKey)}
}

// seen is what a loop did, in words.
type seen struct {
	End   agent.End
	Text  string
	Steps int
	Calls []string // of the tool: id-less, "name args"
	Waits []time.Duration
}

type scenario struct {
	name   string
	turns  []scripted.Turn
	budget agent.Budget
	text   func(string) error
	skip   string // a format that cannot say this
	want   seen
	check  func(*testing.T, *scripted.Fake)
}

var roomy = agent.Budget{Steps: 8, Tokens: 100_000, Rows: 100, Time: time.Minute}

func call(args string) scripted.Turn {
	return scripted.Turn{Calls: []scripted.Call{{ID: "a", Name: "ask", Args: args}}, In: 10, Out: 5}
}

var done = scripted.Turn{Text: "DONE", In: 10, Out: 1}

// bodies are what the fake was sent, one a line.
func bodies(f *scripted.Fake) string {
	var b strings.Builder
	for _, r := range f.Requests() {
		b.WriteString(r.Body + "\n")
	}
	return b.String()
}

var scenarios = []scenario{
	{name: "words alone", turns: []scripted.Turn{done}, want: seen{End: agent.Done, Text: "DONE", Steps: 1}},
	{name: "words in fragments", turns: []scripted.Turn{{Text: "It is DONE, é", Fragment: 1}}, skip: "",
		want: seen{End: agent.Done, Text: "It is DONE, é", Steps: 1}},
	{name: "a call, then words", turns: []scripted.Turn{call(`{"n":1}`), done}, want: seen{End: agent.Done, Text: "DONE", Steps: 2, Calls: []string{`{"n":1}`}},
		check: func(t *testing.T, f *scripted.Fake) {
			if last := f.Requests()[1].Body; !strings.Contains(last, "the answer to") || !strings.Contains(last, `{\"n\":1}`) && !strings.Contains(last, `{"n":1}`) {
				t.Errorf("the call and its result did not go back: %s", last)
			}
		}},
	{name: "arguments in fragments", turns: []scripted.Turn{{Calls: []scripted.Call{{ID: "a", Name: "ask", Args: `{"n":12345}`}}, Fragment: 3}, done},
		want: seen{End: agent.Done, Text: "DONE", Steps: 2, Calls: []string{`{"n":12345}`}}},
	{name: "two calls in one reply", turns: []scripted.Turn{{Calls: []scripted.Call{{ID: "a", Name: "ask", Args: `{"n":1}`}, {ID: "b", Name: "ask", Args: `{"n":2}`}}, Fragment: 2}, done},
		want: seen{End: agent.Done, Text: "DONE", Steps: 2, Calls: []string{`{"n":1}`, `{"n":2}`}}},
	{name: "no arguments", turns: []scripted.Turn{call(""), done}, skip: "gemini", want: seen{End: agent.Done, Text: "DONE", Steps: 2, Calls: []string{`{}`}}},
	{name: "an id twice", turns: []scripted.Turn{call(`{"n":1}`), call(`{"n":2}`), done},
		want: seen{End: agent.Done, Text: "DONE", Steps: 3, Calls: []string{`{"n":1}`, `{"n":2}`}},
		check: func(t *testing.T, f *scripted.Fake) {
			if last := f.Requests()[2]; !strings.Contains(last.Path, ":streamGenerate") && !strings.Contains(last.Body, `"call_2_0_0"`) {
				t.Errorf("the second call kept the first's id: %s", last.Body)
			}
		}},
	{name: "bad JSON is given back once", turns: []scripted.Turn{call(`{"n":`), call(`{"n":1}`), done},
		want: seen{End: agent.Done, Text: "DONE", Steps: 3, Calls: []string{`{"n":1}`}},
		check: func(t *testing.T, f *scripted.Fake) {
			if !strings.Contains(f.Requests()[1].Body, "not a JSON object") {
				t.Error("the model was not told")
			}
		}},
	{name: "bad JSON twice ends it", turns: []scripted.Turn{call(`{"n":`), call(`[1]`), done}, want: seen{End: agent.BadCalls, Steps: 2}},
	{name: "an unknown tool is given back once", turns: []scripted.Turn{{Calls: []scripted.Call{{ID: "a", Name: "drop", Args: "{}"}}}, call(`{"n":1}`), done},
		want: seen{End: agent.Done, Text: "DONE", Steps: 3, Calls: []string{`{"n":1}`}},
		check: func(t *testing.T, f *scripted.Fake) {
			if !strings.Contains(f.Requests()[1].Body, "there is no tool of this name") {
				t.Error("the model was not told")
			}
		}},
	{name: "unknown tools for ever", turns: []scripted.Turn{{Calls: []scripted.Call{{ID: "a", Name: "drop", Args: "{}"}}}}, want: seen{End: agent.BadCalls, Steps: 2}},
	{name: "a failure is mended once", turns: []scripted.Turn{call(`{"fail":1}`), call(`{"n":1}`), done},
		want: seen{End: agent.Done, Text: "DONE", Steps: 3, Calls: []string{`{"fail":1}`, `{"n":1}`}}},
	{name: "two failures withdraw the tool", turns: []scripted.Turn{call(`{"fail":1}`)},
		want: seen{End: agent.BadCalls, Steps: 2, Calls: []string{`{"fail":1}`, `{"fail":1}`}}},
	{name: "more calls than are worked", turns: []scripted.Turn{{Calls: many(20)}, done}, want: seen{End: agent.Done, Text: "DONE", Steps: 2, Calls: manyArgs(8)}},
	{name: "steps run out", turns: []scripted.Turn{call(`{"n":1}`)}, budget: agent.Budget{Steps: 3, Tokens: 1000, Time: time.Minute},
		want: seen{End: agent.OutOfSteps, Steps: 3, Calls: []string{`{"n":1}`, `{"n":1}`, `{"n":1}`}}},
	{name: "tokens run out, by one reply at most", turns: []scripted.Turn{call(`{"n":1}`)}, budget: agent.Budget{Steps: 9, Tokens: 16, Time: time.Minute},
		want: seen{End: agent.OutOfTokens, Steps: 2, Calls: []string{`{"n":1}`, `{"n":1}`}}},
	{name: "tokens that nobody counts are guessed", turns: []scripted.Turn{{Calls: []scripted.Call{{ID: "a", Name: "ask", Args: `{"n":1}`}}}}, budget: agent.Budget{Steps: 9, Tokens: 15, Time: time.Minute},
		want: seen{End: agent.OutOfTokens, Steps: 1, Calls: []string{`{"n":1}`}}},
	{name: "a reply that is cut is no answer", turns: []scripted.Turn{{Text: "DO", Cut: true}}, want: seen{End: agent.OutOfTokens, Steps: 1}},
	{name: "429 is tried again as told", turns: []scripted.Turn{{Status: 429, RetryAfter: "3"}, done}, want: seen{End: agent.Done, Text: "DONE", Steps: 2, Waits: []time.Duration{3 * time.Second}}},
	{name: "an absurd Retry-After is capped", turns: []scripted.Turn{{Status: 429, RetryAfter: "86400"}, done}, want: seen{End: agent.Done, Text: "DONE", Steps: 2, Waits: []time.Duration{8 * time.Second}}},
	{name: "a Retry-After beyond numbers is capped", turns: []scripted.Turn{{Status: 429, RetryAfter: "1e999"}, done}, want: seen{End: agent.Done, Text: "DONE", Steps: 2, Waits: []time.Duration{8 * time.Second}}},
	{name: "429 for ever ends", turns: []scripted.Turn{{Status: 429, RetryAfter: "5"}}, want: seen{End: agent.NotReached, Steps: 3, Waits: []time.Duration{5 * time.Second, 5 * time.Second}}},
	{name: "503 is tried again", turns: []scripted.Turn{{Status: 503, RetryAfter: "2"}, done}, want: seen{End: agent.Done, Text: "DONE", Steps: 2, Waits: []time.Duration{2 * time.Second}}},
	{name: "a refused key is not tried again", turns: []scripted.Turn{{Status: 401, ErrorType: "authentication_error", ErrorText: "bad key " + modelKey}}, want: seen{End: agent.NotReached, Steps: 1}},
	{name: "400 is not tried again", turns: []scripted.Turn{{Status: 400, ErrorText: "too long"}}, want: seen{End: agent.NotReached, Steps: 1}},
	{name: "a redirect is not followed", turns: []scripted.Turn{{Status: 307}}, want: seen{End: agent.NotReached, Steps: 1}},
	{name: "a disconnect before the first event", turns: []scripted.Turn{{Text: "x", Break: 1}, done}, want: seen{End: agent.Done, Text: "DONE", Steps: 2, Waits: []time.Duration{0}}},
	{name: "a disconnect in the middle that nobody heard", turns: []scripted.Turn{{Text: "abcdef", Fragment: 1, Break: 4}, done},
		want: seen{End: agent.Done, Text: "DONE", Steps: 2, Waits: []time.Duration{0}}},
	{name: "a disconnect after the caller heard words", turns: []scripted.Turn{{Text: "abcdef", Fragment: 1, Break: 5}, done}, text: func(string) error { return nil },
		want: seen{End: agent.NotReached, Steps: 1}},
	{name: "an event that is no JSON", turns: []scripted.Turn{{Text: "x", Junk: true}, done}, want: seen{End: agent.Done, Text: "DONE", Steps: 2, Waits: []time.Duration{0}}},
	{name: "an error as an event", turns: []scripted.Turn{{Fail: "overloaded_error", ErrorText: modelKey}, done}, want: seen{End: agent.Done, Text: "DONE", Steps: 2, Waits: []time.Duration{0}}},
	{name: "tries count as steps", turns: []scripted.Turn{{Status: 503}}, budget: agent.Budget{Steps: 2, Tokens: 1000, Time: time.Minute}, want: seen{End: agent.NotReached, Steps: 2, Waits: []time.Duration{0}}},
}

func many(n int) (out []scripted.Call) {
	for range n {
		out = append(out, scripted.Call{ID: "same", Name: "ask", Args: `{"n":1}`})
	}
	return out
}

func manyArgs(n int) (out []string) {
	for range n {
		out = append(out, `{"n":1}`)
	}
	return out
}

func TestALoopComesToItsEndOverEveryWireFormat(t *testing.T) {
	for format, model := range formats {
		for _, s := range scenarios {
			if s.skip == format {
				continue
			}
			t.Run(format+"/"+s.name, func(t *testing.T) {
				f := scripted.New(s.turns...)
				budget := s.budget
				if budget.Steps == 0 {
					budget = roomy
				}
				got := seen{}
				loop := agent.Loop{
					Model: model(endpoint(t, f)), Budget: budget, System: "be brief", Text: s.text,
					Tools: []agent.LoopTool{{
						Offer: agent.Offer{Name: "ask", Description: "asks", Schema: json.RawMessage(`{"type":"object"}`)}, Needed: true,
						Call: func(_ context.Context, args json.RawMessage) (string, bool, error) {
							var compact map[string]any
							must(t, json.Unmarshal(args, &compact))
							got.Calls = append(got.Calls, string(args))
							return "the answer to " + string(args), compact["fail"] != nil, nil
						},
					}},
					Wait: func(_ context.Context, d time.Duration) error {
						if d < 2*time.Second { // a backoff of chance
							d = 0
						}
						got.Waits = append(got.Waits, d)
						return nil
					},
				}
				end, err := loop.Run(t.Context(), "how many?")
				must(t, err)
				got.End, got.Text, got.Steps = end.End, end.Text, end.Spent.Steps
				if d := cmp.Diff(s.want, got); d != "" {
					t.Error(d)
				}
				if end.Cause != nil && strings.Contains(end.Cause.Error(), "canary") {
					t.Errorf("the provider's words came through: %v", end.Cause)
				}
				if n := len(f.Requests()); n != got.Steps {
					t.Errorf("%d requests, %d steps", n, got.Steps)
				}
				if strings.Contains(bodies(f), modelKey) {
					t.Error("the key is in a body")
				}
				if s.check != nil {
					s.check(t, f)
				}
			})
		}
	}
}

func TestACancelledLoopEndsAtOnceWhereverItIs(t *testing.T) {
	never := make(chan struct{})
	for format, model := range formats {
		for where, turns := range map[string][]scripted.Turn{
			"before the first byte": {{Hold: never}},
			"in a pause":            {{Status: 429, RetryAfter: "8"}},
			"in a tool":             {call(`{"wait":true}`)},
		} {
			t.Run(format+"/"+where, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				f := scripted.New(turns...)
				loop := agent.Loop{Model: model(endpoint(t, f)), Budget: roomy, Tools: []agent.LoopTool{{
					Offer: agent.Offer{Name: "ask", Schema: json.RawMessage(`{}`)}, Needed: true,
					Call: func(ctx context.Context, _ json.RawMessage) (string, bool, error) {
						cancel()
						<-ctx.Done()
						return "", false, ctx.Err()
					},
				}}, Around: func(context.Context, agent.Request) (func(agent.Reply, error) error, error) {
					if where == "before the first byte" {
						time.AfterFunc(10*time.Millisecond, cancel)
					}
					return func(_ agent.Reply, err error) error {
						if fault.Is(err, fault.Limited) {
							time.AfterFunc(10*time.Millisecond, cancel)
						}
						return nil
					}, nil
				}}
				ended := make(chan error, 1)
				go func() {
					_, err := loop.Run(ctx, "how many?")
					ended <- err
				}()
				if err := <-ended; !errors.Is(err, context.Canceled) {
					t.Errorf("ended with %v", err)
				}
			})
		}
	}
}

func TestASlowFirstByteEndsWithTheBudgetOfTime(t *testing.T) {
	for format, model := range formats {
		b := roomy
		b.Time = 30 * time.Millisecond
		loop := agent.Loop{Model: model(endpoint(t, scripted.New(scripted.Turn{Hold: make(chan struct{})}))), Budget: b}
		if end, err := loop.Run(t.Context(), "how many?"); err != nil || end.End != agent.OutOfTime {
			t.Errorf("%s: %v, %v", format, end.End, err)
		}
	}
}

func TestWhatCannotBeRecordedIsNotSent(t *testing.T) {
	f := scripted.New(done)
	broken := errors.New("the record is full")
	loop := agent.Loop{Model: formats["openai"](endpoint(t, f)), Budget: roomy, Around: func(context.Context, agent.Request) (func(agent.Reply, error) error, error) {
		return nil, broken
	}}
	if _, err := loop.Run(t.Context(), "how many?"); !errors.Is(err, broken) || len(f.Requests()) != 0 {
		t.Errorf("%v after %d requests", err, len(f.Requests()))
	}
}

func TestOnlyTheConfiguredHostIsReached(t *testing.T) {
	base, err := url.Parse("https://models.example.com/v1")
	must(t, err)
	var reached []string
	c := wire.Client(base, func(_ context.Context, _, address string) (net.Conn, error) {
		reached = append(reached, address)
		return nil, errors.New("no network here")
	})
	for at, kind := range map[string]fault.Kind{"https://models.example.com/v1": fault.Unavailable, "https://elsewhere.example.com": fault.Denied, "http://models.example.com": fault.Denied} {
		err := wire.Endpoint{HTTP: c, Base: at}.Post(t.Context(), "/x", nil, struct{}{}, nil)
		if !fault.Is(err, kind) {
			t.Errorf("%s: %v", at, err)
		}
	}
	if d := cmp.Diff([]string{"models.example.com:443"}, reached); d != "" {
		t.Error(d)
	}
}
