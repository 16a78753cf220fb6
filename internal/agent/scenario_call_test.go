package agent_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/agent/scripted"
)

// asks is a turn of calls of the tool, in fragments of n.
func asks(n int, by string, args ...string) scripted.Turn {
	t := scripted.Turn{Fragment: n, By: by, In: 10, Out: 5}
	for i, a := range args {
		t.Calls = append(t.Calls, scripted.Call{ID: string(rune('a' + i)), Name: "ask", Args: a})
	}
	return t
}

func of(name string) scripted.Turn {
	return scripted.Turn{Calls: []scripted.Call{{ID: "a", Name: name, Args: "{}"}}, In: 10, Out: 5}
}

// worked is a loop of so many steps that ran these calls and was done.
func worked(steps int, calls ...string) seen {
	return seen{End: agent.Done, Text: "DONE", Steps: steps, Calls: calls}
}

// told is a check that the nth request says something.
func told(n int, what ...string) func(*testing.T, *scripted.Fake) {
	return func(t *testing.T, f *scripted.Fake) {
		t.Helper()
		for _, w := range what {
			if body := asked(t, f, n).Body; !strings.Contains(body, w) {
				t.Errorf("request %d does not say %q: %s", n, w, body)
			}
		}
	}
}

// hard has what cutting harms: characters of two to four bytes, escapes, quotes.
const hard = `{"words":"é€😀 \"q\" \\ \n \u00e9 \ud83d\ude00","n":12345}`

// callScenarios are about what a model calls, and how that is put together.
var callScenarios = []scenario{
	{name: "a call, then words", turns: []scripted.Turn{call(`{"n":1}`), done}, want: worked(2, `{"n":1}`), check: told(1, "the answer to", `n\":1`)},
	{name: "a provider's mark goes back with its call", turns: []scripted.Turn{call(`{"n":1}`), done}, want: worked(2, `{"n":1}`), check: func(t *testing.T, f *scripted.Fake) {
		if last := asked(t, f, 1); strings.Contains(last.Path, ":streamGenerate") && !strings.Contains(last.Body, `"thoughtSignature":"signed:ask"`) {
			t.Errorf("it does not: %s", last.Body)
		}
	}},
	{name: "arguments in fragments", turns: []scripted.Turn{asks(3, "", `{"n":12345}`), done}, want: worked(2, `{"n":12345}`)},
	{name: "arguments cut at every character", turns: []scripted.Turn{asks(1, "", hard), done}, want: worked(2, hard)},
	{name: "arguments cut at every byte, inside characters too", turns: []scripted.Turn{asks(1, "bytes", hard), done}, want: worked(2, hard)},
	{name: "arguments cut inside pairs of UTF-16, as JavaScript does", turns: []scripted.Turn{asks(1, "units", hard), done}, want: worked(2, hard)},
	{name: "arguments cut after every third byte", turns: []scripted.Turn{asks(3, "bytes", hard), done}, want: worked(2, hard)},
	{name: "half a character at the end is no character", turns: []scripted.Turn{{Text: "DONE \xf0\x9f", Fragment: 1, By: "bytes"}}, want: ends("DONE \ufffd\ufffd"), hears: true},
	{name: "two calls in one reply", turns: []scripted.Turn{asks(2, "", `{"n":1}`, `{"n":2}`), done}, want: worked(2, `{"n":1}`, `{"n":2}`)},
	{name: "words and calls in one reply", turns: []scripted.Turn{{Text: "let me see", Calls: []scripted.Call{{ID: "a", Name: "ask", Args: `{"n":1}`}}}, done}, want: worked(2, `{"n":1}`),
		check: told(1, "let me see")},
	{name: "more calls than are worked", turns: []scripted.Turn{{Calls: many(20)}, done}, want: worked(2, manyArgs(8)...)},
	{name: "no arguments", turns: []scripted.Turn{call(""), done}, skip: "gemini", want: worked(2, `{}`)},
	{name: "an id twice", turns: []scripted.Turn{call(`{"n":1}`), call(`{"n":2}`), done}, want: worked(3, `{"n":1}`, `{"n":2}`), check: renamed(2, "call_2_0_0")},
	{name: "an id twice in one reply", turns: []scripted.Turn{{Calls: many(2)}, done}, want: worked(2, manyArgs(2)...), check: renamed(1, "call_1_1_0")},
	{name: "no ids", turns: []scripted.Turn{{Calls: []scripted.Call{{Name: "ask", Args: `{"n":1}`}, {Name: "ask", Args: `{"n":2}`}}}, done},
		want: worked(2, `{"n":1}`, `{"n":2}`), check: renamed(1, "call_1_0_0")},
	{name: "an id of a page", turns: []scripted.Turn{{Calls: []scripted.Call{{ID: strings.Repeat("x", 5000), Name: "ask", Args: `{"n":1}`}}}, done},
		want: worked(2, `{"n":1}`), check: renamed(1, "call_1_0_0")},
	{name: "bad JSON is given back once", turns: []scripted.Turn{call(`{"n":`), call(`{"n":1}`), done}, want: worked(3, `{"n":1}`), check: told(1, "not a JSON object")},
	{name: "two bad calls in one reply are given back like one", turns: []scripted.Turn{asks(0, "", `{"n":`, `[1]`), call(`{"n":1}`), done},
		want: worked(3, `{"n":1}`), check: told(1, "not a JSON object")},
	{name: "bad JSON twice ends it", turns: []scripted.Turn{call(`{"n":`), call(`[1]`), done}, want: seen{End: agent.BadCalls, Steps: 2}},
	{name: "bad JSON three times is not heard the third time", turns: []scripted.Turn{call(`nonsense`), call(`"{}"`), call(`null`), done}, want: seen{End: agent.BadCalls, Steps: 2}},
	{name: "two objects where one is", turns: []scripted.Turn{call(`{"n":1}{"n":2}`), call(`{"n":1}`), done}, want: worked(3, `{"n":1}`), check: told(1, "not a JSON object")},
	{name: "arguments nested without end", turns: []scripted.Turn{call(`{"n":` + strings.Repeat("[", 20_000)), call(`{"n":1}`), done}, want: worked(3, `{"n":1}`)},
	{name: "what does not fit goes back as an object, which providers take", turns: []scripted.Turn{call(`[1]`), done}, want: worked(2), check: func(t *testing.T, f *scripted.Fake) {
		body := asked(t, f, 1).Body
		for _, bad := range []string{`"input":[1]`, `"args":[1]`, `"arguments":"[1]"`} {
			if strings.Contains(body, bad) {
				t.Errorf("it goes back as %s", bad)
			}
		}
	}},
	{name: "an unknown tool is given back once", turns: []scripted.Turn{of("drop"), call(`{"n":1}`), done}, want: worked(3, `{"n":1}`), check: told(1, "there is no tool of this name; there are: [ask]")},
	{name: "a tool in other letters is unknown", turns: []scripted.Turn{of("Ask"), call(`{"n":1}`), done}, want: worked(3, `{"n":1}`), check: told(1, "no tool of this name")},
	{name: "a tool without a name", turns: []scripted.Turn{of(""), call(`{"n":1}`), done}, want: worked(3, `{"n":1}`), check: told(1, "no tool of this name", `"unknown"`)},
	{name: "a name that no provider takes does not go back", turns: []scripted.Turn{of("functions.drop table; " + strings.Repeat("x", 500)), call(`{"n":1}`), done}, skip: "gemini",
		want: worked(3, `{"n":1}`), check: func(t *testing.T, f *scripted.Fake) {
			if strings.Contains(asked(t, f, 1).Body, "functions.drop") {
				t.Error("it does")
			}
		}},
	{name: "unknown tools for ever", turns: []scripted.Turn{of("drop")}, want: seen{End: agent.BadCalls, Steps: 2}},
	{name: "a failure is mended once", turns: []scripted.Turn{call(`{"fail":true}`), call(`{"n":1}`), done}, want: worked(3, `{"fail":true}`, `{"n":1}`)},
	{name: "two failures withdraw the tool", turns: []scripted.Turn{call(`{"fail":true}`)}, want: seen{End: agent.BadCalls, Steps: 2, Calls: []string{`{"fail":true}`, `{"fail":true}`}}},
	{name: "two failures in one reply are mended like one", turns: []scripted.Turn{asks(0, "", `{"fail":true}`, `{"fail":true}`), call(`{"n":1}`), done},
		want: worked(3, `{"fail":true}`, `{"fail":true}`, `{"n":1}`)},
	{name: "the same call for ever ends with the steps", turns: []scripted.Turn{call(`{"n":1}`)}, want: seen{End: agent.OutOfSteps, Steps: 8, Calls: manyArgs(8)}},
	{name: "words of a tool that look like the wire", turns: []scripted.Turn{call(`{"words":"\"}]}\n\ndata: [DONE]\n\n"}`), done},
		want: worked(2, `{"words":"\"}]}\n\ndata: [DONE]\n\n"}`), check: func(t *testing.T, f *scripted.Fake) {
			if strings.Contains(asked(t, f, 1).Body, "\n\ndata:") {
				t.Error("they are on the wire as they are")
			}
		}},
	{name: "calls of a reply that is cut do not run", turns: []scripted.Turn{{Calls: []scripted.Call{{ID: "a", Name: "ask", Args: `{"n":1}`}}, Cut: true}}, want: seen{End: agent.OutOfTokens, Steps: 1}},
	{name: "calls of a reply that is held back do not run", turns: []scripted.Turn{{Calls: []scripted.Call{{ID: "a", Name: "ask", Args: `{"n":1}`}}, Held: true}}, want: seen{End: agent.Refused, Steps: 1}},
	{name: "a slow tool is waited for", turns: []scripted.Turn{call(`{"sleep":20}`), done}, want: worked(2, `{"sleep":20}`), took: 20 * time.Second},
}

// renamed is a check that a call goes back under an id of its own. Gemini's
// calls have none on the wire.
func renamed(n int, id string) func(*testing.T, *scripted.Fake) {
	return func(t *testing.T, f *scripted.Fake) {
		t.Helper()
		if last := asked(t, f, n); !strings.Contains(last.Path, ":streamGenerate") && strings.Count(last.Body, fmt.Sprintf("%q", id)) != 2 {
			t.Errorf("call and result are not both called %s: %s", id, last.Body)
		}
	}
}
