package agent_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/internal/agent"
)

func TestAFewWordsGoOnFromTheLastAnswerOfTheChat(t *testing.T) {
	w := newWorld(t)
	alone, _ := ask(t, w.models, w.Gateway, w.viewer, "and by soil?")
	if out := output(t, alone); out.Status != agent.Abstained {
		t.Fatalf("without an earlier question: %+v", out)
	}
	ret, _ := ask(t, w.models, w.Gateway, w.viewer, "and by soil?", "How many plots are there?")
	out := output(t, ret)
	if out.Status != agent.Answered || !strings.Contains(out.SQL, "GROUP BY") || len(out.Table.Rows) != 2 {
		t.Fatalf("after a count: %+v", out)
	}
	if !slices.Contains(out.Assumptions, "it goes on from the last answer of this chat") {
		t.Errorf("assumptions: %v", out.Assumptions)
	}
	ret, _ = ask(t, w.models, w.Gateway, w.viewer, "only for clay", "How many plots are there?", "and by name?")
	if out := output(t, ret); out.Status != agent.Answered || len(out.Table.Rows) != 2 {
		t.Fatalf("after a follow-up: %+v", out)
	}
	ret, _ = ask(t, w.models, w.Gateway, w.viewer, "How many beds are there?", "How many plots are there?")
	if out := output(t, ret); out.Status != agent.Answered || !strings.Contains(out.SQL, `"beds"`) || len(out.Assumptions) != 0 {
		t.Fatalf("a question of its own: %+v", out)
	}
}
