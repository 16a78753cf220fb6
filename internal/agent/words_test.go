package agent_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/agent/scripted"
)

// A loop whose last words are the answer gives them back once, and goes on
// when all its tools have failed: there is still something to say.
func TestTheLastWordsOfALoopAreChecked(t *testing.T) {
	short := func(text string) string {
		if len(text) > 3 {
			return "shorter"
		}
		return ""
	}
	failing := agent.LoopTool{Offer: agent.Offer{Name: "ask", Schema: json.RawMessage(`{"type":"object"}`)}, Call: func(context.Context, json.RawMessage) (string, bool, error) {
		return `{"error":"no"}`, true, nil
	}}
	for name, c := range map[string]struct {
		turns []scripted.Turn
		want  agent.End
		text  string
		asked int
	}{
		"right at once":        {[]scripted.Turn{{Text: "yes"}}, agent.Done, "yes", 1},
		"mended":               {[]scripted.Turn{{Text: "far too long"}, {Text: "yes"}}, agent.Done, "yes", 2},
		"never":                {[]scripted.Turn{{Text: "far too long"}}, agent.BadCalls, "", 2},
		"after a failing tool": {[]scripted.Turn{call(`{}`), call(`{}`), call(`{}`), {Text: "no"}}, agent.Done, "no", 4},
	} {
		f := scripted.New(c.turns...)
		l := agent.Loop{Model: formats["anthropic"](endpoint(t, f)), Budget: roomy, Tools: []agent.LoopTool{failing}, Check: short}
		end, err := l.Run(t.Context(), "go")
		must(t, err)
		if end.End != c.want || end.Text != c.text || len(f.Requests()) != c.asked {
			t.Errorf("%s: %+v after %d requests", name, end, len(f.Requests()))
		}
		if c.asked == 2 && !strings.Contains(f.Requests()[1].Body, "shorter") {
			t.Errorf("%s: it is not told what is the matter: %s", name, f.Requests()[1].Body)
		}
	}
}
