package agent_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/agent/scripted"
)

// steps are all the places where a loop waits for another.
var steps = []struct {
	name    string
	turns   []scripted.Turn
	dial    bool // nobody answers
	record  bool // the record does not come back
	cancels time.Duration
	asked   int // requests that reach the server
}{
	{name: "while it is put on record", record: true, cancels: time.Second},
	{name: "while connecting", dial: true, cancels: time.Second},
	{name: "before the first byte", turns: []scripted.Turn{{Wait: day}}, cancels: time.Second, asked: 1},
	{name: "before the first event", turns: []scripted.Turn{{Text: "x", Wait: day, At: 1}}, cancels: time.Second, asked: 1},
	{name: "among the words", turns: []scripted.Turn{{Text: "abcdef", Fragment: 1, Wait: day, At: 4}}, cancels: time.Second, asked: 1},
	{name: "among the arguments", turns: []scripted.Turn{{Calls: []scripted.Call{{ID: "a", Name: "ask", Args: `{"n":12345}`}}, Fragment: 1, Wait: day, At: 3}}, cancels: time.Second, asked: 1},
	{name: "after the last word", turns: []scripted.Turn{{Text: "a", Wait: day, At: 2}}, cancels: time.Second, asked: 1},
	{name: "in the text of an error", turns: []scripted.Turn{{Status: 429, Wait: day, At: 1}}, cancels: time.Second, asked: 1},
	{name: "in a pause", turns: []scripted.Turn{{Status: 429, RetryAfter: "8"}}, cancels: 5 * time.Second, asked: 1},
	{name: "in the second try", turns: []scripted.Turn{{Status: 429, RetryAfter: "2"}, {Wait: day}}, cancels: 5 * time.Second, asked: 2},
	{name: "in a tool", turns: []scripted.Turn{call(`{"sleep":50}`)}, cancels: time.Second, asked: 1},
	{name: "in the second call of a reply", turns: []scripted.Turn{asks(0, "", `{"n":1}`, `{"sleep":50}`)}, cancels: time.Second, asked: 1},
	{name: "in the reply after a tool", turns: []scripted.Turn{call(`{"n":1}`), {Wait: day}}, cancels: time.Second, asked: 2},
}

// TestACancelledLoopEndsAtThatMomentWhereverItIs runs in bubbles: 200 ms are
// allowed, and nothing is taken.
func TestACancelledLoopEndsAtThatMomentWhereverItIs(t *testing.T) {
	for format, model := range formats {
		for _, s := range steps {
			t.Run(format+"/"+s.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := scripted.New(s.turns...)
					at, p := pipeTo(t, f)
					p.deaf = s.dial
					tr := &trial{scenario: scenario{budget: roomy}, t: t}
					loop := tr.loop(model(at))
					loop.Wait = nil // its own
					if s.record {
						loop.Around = func(ctx context.Context, _ agent.Request) (func(agent.Reply, error) error, error) {
							<-ctx.Done()
							return nil, ctx.Err()
						}
					}
					ctx, cancel := context.WithCancel(t.Context())
					time.AfterFunc(s.cancels, cancel)
					start := time.Now()
					_, err := loop.Run(ctx, "how many?")
					if took := time.Since(start); !errors.Is(err, context.Canceled) || took != s.cancels {
						t.Errorf("cancelled after %v, it ended after %v with %v", s.cancels, took, err)
					}
					if n := len(f.Requests()); n != s.asked {
						t.Errorf("%d requests", n)
					}
				})
			})
		}
	}
}

// TestACallerWhoGoesAwayEndsTheLoop has a caller who takes no more words.
func TestACallerWhoGoesAwayEndsTheLoop(t *testing.T) {
	gone := errors.New("the caller is gone")
	for format, model := range formats {
		synctest.Test(t, func(t *testing.T) {
			f := scripted.New(scripted.Turn{Text: "abcdef", Fragment: 1}, done)
			at, _ := pipeTo(t, f)
			heard := 0
			loop := agent.Loop{Model: model(at), Budget: roomy, Text: func(string) error {
				if heard++; heard == 3 {
					return gone
				}
				return nil
			}}
			if _, err := loop.Run(t.Context(), "how many?"); !errors.Is(err, gone) || len(f.Requests()) != 1 {
				t.Errorf("%s: %v after %d requests", format, err, len(f.Requests()))
			}
		})
	}
}

// TestArgumentsCutInTwoAnywhereComeWhole cuts between every two bytes, and
// every two units of UTF-16.
func TestArgumentsCutInTwoAnywhereComeWhole(t *testing.T) {
	for _, by := range []string{"bytes", "units"} {
		for n := 1; n < len(hard); n++ {
			turn := asks(n, by, hard)
			for format, model := range formats {
				synctest.Test(t, func(t *testing.T) {
					at, _ := pipeTo(t, scripted.New(turn))
					reply, err := model(at).Reply(t.Context(), agent.Request{Messages: []agent.Message{{Text: "q"}}}, nil)
					if err != nil || len(reply.Calls) != 1 || reply.Calls[0].Args != hard || !json.Valid([]byte(reply.Calls[0].Args)) {
						t.Errorf("%s, pieces of %d %s: %v, %+v", format, n, by, err, reply.Calls)
					}
				})
			}
		}
	}
}
