package semantic_test

import (
	"testing"

	"github.com/postern/postern/internal/semantic"
	"github.com/postern/postern/internal/semantic/semantictest"
)

func TestNoJoinCountsARowTwice(t *testing.T) {
	lite := sqlite(t)
	traps := semantictest.Traps(240)
	ran := 0
	for i, trap := range traps {
		m := semantictest.Model(semantic.SQLite)
		s, err := semantic.Compile(trap.Query, m, semantic.SQLite)
		if err != nil {
			t.Logf("%d: refused: %v: %s", i, err, semantic.Restate(trap.Query, m))
			continue
		}
		ran++
		got, err := semantictest.Answer(t.Context(), lite, s.SQL)
		if err != nil {
			t.Fatalf("%d: %v\n%s", i, err, s.SQL)
		}
		if !semantictest.Same(trap.Want, got, false) {
			t.Errorf("%d: %s\n%s\nwant %v\ngot  %v", i, semantic.Restate(trap.Query, m), s.SQL, trap.Want, got)
		}
	}
	t.Logf("%d of %d traps answered", ran, len(traps))
	if ran < 200 {
		t.Errorf("only %d traps were answered", ran)
	}
}
