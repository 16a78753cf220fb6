package agent_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
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
	Calls []string // of the tool: id-less, its arguments
	Waits []time.Duration
}

// scenario is what a model does, and what a loop over it comes to. It runs in
// each format, but the one of skip, which cannot say it.
type scenario struct {
	name   string
	turns  []scripted.Turn
	budget agent.Budget
	hears  bool // the caller hears words as they come
	skip   string
	want   seen
	took   time.Duration // in the bubble, where that is known
	cause  string        // that the end's cause says
	check  func(*testing.T, *scripted.Fake)
}

var roomy = agent.Budget{Steps: 8, Tokens: 100_000, Rows: 100, Time: time.Minute}

func call(args string) scripted.Turn {
	return scripted.Turn{Calls: []scripted.Call{{ID: "a", Name: "ask", Args: args}}, In: 10, Out: 5}
}

var done = scripted.Turn{Text: "DONE", In: 10, Out: 1}

// ends is the end of a loop that one reply answers.
func ends(text string) seen { return seen{End: agent.Done, Text: text, Steps: 1} }

// after is what a loop comes to whose first request is made again.
func after(waits ...time.Duration) seen {
	return seen{End: agent.Done, Text: "DONE", Steps: 1 + len(waits), Waits: waits}
}

// notReached is a loop that gives the model up at once.
var notReached = seen{End: agent.NotReached, Steps: 1}

// bodies are what the fake was sent, one a line.
func bodies(f *scripted.Fake) string {
	var b strings.Builder
	for _, r := range f.Requests() {
		b.WriteString(r.Body + "\n")
	}
	return b.String()
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

// scenarios are the tables of the files beside.
func scenarios(t *testing.T) []scenario {
	all := slices.Concat(callScenarios, streamScenarios, retryScenarios, budgetScenarios)
	names := map[string]bool{}
	for _, s := range all {
		if names[s.name] {
			t.Errorf("two scenarios are called %q", s.name)
		}
		names[s.name] = true
	}
	if len(all) < 60 {
		t.Fatalf("only %d scenarios", len(all))
	}
	return all
}

func TestALoopComesToItsEndOverEveryWireFormat(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://proxy.example.com:3128") // which is not asked
	for format, model := range formats {
		for _, s := range scenarios(t) {
			if s.skip != format {
				t.Run(format+"/"+s.name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { s.run(t, model) })
				})
			}
		}
	}
}

// message is what a caller is told of an error.
func message(err error) string {
	if f := fault.As(err); f != nil {
		return f.Message
	}
	return ""
}

// asked is the nth request that the fake got.
func asked(t *testing.T, f *scripted.Fake, n int) scripted.Request {
	t.Helper()
	all := f.Requests()
	if n >= len(all) {
		t.Fatalf("there is no request %d, of %d", n, len(all))
	}
	return all[n]
}

// trial is a scenario under way.
type trial struct {
	scenario
	t     *testing.T
	got   seen
	heard string
}

func (s scenario) run(t *testing.T, model func(wire.Endpoint) agent.Model) {
	f := scripted.New(s.turns...)
	at, net := pipeTo(t, f)
	if s.budget.Steps == 0 {
		s.budget = roomy
	}
	tr := &trial{scenario: s, t: t}
	loop := tr.loop(model(at))
	start := time.Now()
	end, err := loop.Run(t.Context(), "how many?")
	took := time.Since(start)
	must(t, err)
	got := tr.got
	got.End, got.Text, got.Steps = end.End, end.Text, end.Spent.Steps
	if d := cmp.Diff(s.want, got); d != "" {
		t.Errorf("%s\n%v", d, end.Cause)
	}
	if s.took != 0 && took != s.took || took > s.budget.Time {
		t.Errorf("it took %v", took)
	}
	if s.cause != "" && !strings.Contains(message(end.Cause), s.cause) {
		t.Errorf("the cause is %v", end.Cause)
	}
	if end.Cause != nil && strings.Contains(end.Cause.Error(), "canary") {
		t.Errorf("the provider's words came through: %v", end.Cause)
	}
	if s.hears && end.End == agent.Done && !strings.HasSuffix(tr.heard, end.Text) {
		t.Errorf("the caller heard %q", tr.heard)
	}
	if n := len(f.Requests()); n != got.Steps || n > s.budget.Steps {
		t.Errorf("%d requests, %d steps of %d", n, got.Steps, s.budget.Steps)
	}
	if strings.Contains(bodies(f), modelKey) {
		t.Error("the key is in a body")
	}
	if others := net.elsewhere(); len(others) > 0 {
		t.Errorf("%v was dialed", others)
	}
	if s.check != nil {
		s.check(t, f)
	}
}

func (tr *trial) loop(m agent.Model) *agent.Loop {
	used := 0
	l := &agent.Loop{
		Model: m, Budget: tr.budget, System: "be brief",
		Tools: []agent.LoopTool{{
			Offer: agent.Offer{Name: "ask", Description: "asks", Schema: json.RawMessage(`{"type":"object"}`)}, Needed: true, Call: tr.ask,
		}},
		Around: func(_ context.Context, r agent.Request) (func(agent.Reply, error) error, error) {
			if left := tr.budget.Tokens - used; left <= 0 || r.MaxTokens <= 0 || r.MaxTokens > left {
				tr.t.Errorf("a request of %d tokens is made where %d are left", r.MaxTokens, left)
			}
			return func(reply agent.Reply, _ error) error {
				used += max(0, reply.Usage.In) + max(0, reply.Usage.Out)
				return nil
			}, nil
		},
		Wait: func(_ context.Context, d time.Duration) error {
			time.Sleep(d)
			if d < 2*time.Second { // a backoff of chance
				d = 0
			}
			tr.got.Waits = append(tr.got.Waits, d)
			return nil
		},
	}
	if tr.hears {
		l.Text = func(s string) error {
			tr.heard += s
			return nil
		}
	}
	return l
}

// ask is the tool. Its arguments say how it comes out.
func (tr *trial) ask(ctx context.Context, args json.RawMessage) (string, bool, error) {
	var say struct {
		Fail  bool
		Sleep int // seconds
		Words string
	}
	must(tr.t, json.Unmarshal(args, &say))
	tr.got.Calls = append(tr.got.Calls, string(args))
	if say.Sleep > 0 {
		select {
		case <-time.After(time.Duration(say.Sleep) * time.Second):
		case <-ctx.Done():
			return "", false, ctx.Err()
		}
	}
	return "the answer to " + string(args) + say.Words, say.Fail, nil
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

// counting is a model that says it used so many tokens.
type counting agent.Usage

func (c counting) Reply(context.Context, agent.Request, func(string) error) (agent.Reply, error) {
	return agent.Reply{Calls: []agent.ToolCall{{Name: "ask", Args: "{}"}}, Usage: agent.Usage(c)}, nil
}

// TestNoCountOfTokensOpensTheBudget is of models that no wire format bounds.
func TestNoCountOfTokensOpensTheBudget(t *testing.T) {
	for _, c := range []counting{{In: -1 << 60, Out: -1 << 60}, {In: 1<<63 - 1, Out: 1<<63 - 1}, {}} {
		loop := (&trial{scenario: scenario{budget: budget(50, 200, 0)}, t: t}).loop(c)
		loop.Around = nil
		end, err := loop.Run(t.Context(), "how many?")
		if err != nil || end.End != agent.OutOfTokens || end.Spent.Steps > 10 {
			t.Errorf("%+v: %+v, %v", c, end, err)
		}
	}
}

// TestAServerThatIsNotThereIsTriedAgain, and one that the dial guard refuses is
// not.
func TestAServerThatIsNotThereIsTriedAgain(t *testing.T) {
	for why, want := range map[error]seen{
		errors.New("connection refused by canary"):                  {End: agent.NotReached, Steps: 3, Waits: []time.Duration{0, 0}},
		fault.New(fault.Denied, "10.0.0.1 is private, says canary"): notReached,
	} {
		for format, model := range formats {
			synctest.Test(t, func(t *testing.T) {
				at, p := pipeTo(t, scripted.New(done))
				p.fails = why
				tr := &trial{scenario: scenario{budget: roomy}, t: t}
				end, err := tr.loop(model(at)).Run(t.Context(), "how many?")
				must(t, err)
				tr.got.End, tr.got.Steps = end.End, end.Spent.Steps
				if d := cmp.Diff(want, tr.got); d != "" || strings.Contains(message(end.Cause), "canary") {
					t.Errorf("%s: %s\n%v", format, d, end.Cause)
				}
			})
		}
	}
}

func TestWordsThatDoNotFitAreGivenBackOnce(t *testing.T) {
	for format, model := range formats {
		for want, turns := range map[agent.End][]scripted.Turn{
			agent.Done:     {{In: 1, Out: 1}, {Text: "7", In: 1, Out: 1}},
			agent.BadCalls: {{Text: "seven", In: 1, Out: 1}},
		} {
			synctest.Test(t, func(t *testing.T) {
				f := scripted.New(turns...)
				at, _ := pipeTo(t, f)
				loop := agent.Loop{Model: model(at), Budget: roomy, Check: func(text string) string {
					if text == "7" {
						return ""
					}
					return "say a number"
				}}
				end, err := loop.Run(t.Context(), "how many?")
				if err != nil || end.End != want || len(f.Requests()) != 2 {
					t.Errorf("%s: %+v, %v after %d requests", format, end, err, len(f.Requests()))
				}
				said := map[agent.End]string{agent.Done: "(nothing)", agent.BadCalls: "seven"}[want]
				told(1, said, "say a number")(t, f)
			})
		}
	}
}
