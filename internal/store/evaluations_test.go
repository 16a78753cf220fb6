package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/eval"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/store"
)

func TestEvaluationsAreKeptWithTheirOutcomes(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		ctx := as(auth.Operator)
		putProduct(t, db, auth.Operator, parsed(t))
		at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
		keep := func(id, spec string, status eval.RunStatus, correct func(i int) bool, n int) eval.Evaluation {
			t.Helper()
			at = at.Add(time.Minute)
			e := eval.Evaluation{ID: id, Product: "shop", Version: "1.0.0", Spec: spec, Agent: "x", Questions: "q", Status: eval.Running, By: "operator", StartedAt: at}
			if err := db.StartEvaluation(ctx, e); err != nil {
				t.Fatal(err)
			}
			var rows []eval.Outcome
			var keys []string
			for i := range n {
				rows = append(rows, eval.Outcome{Question: fmt.Sprint("q", i), Answer: eval.Answer{Status: eval.Answered, Tier: "semantic", SQL: "SELECT 1", Reason: "r"}, Correct: correct(i)})
				keys = append(keys, fmt.Sprint("k", i))
			}
			e.Status, e.Model, e.Totals, e.EndedAt = status, "m", eval.Totals{Questions: n, Correct: 1}, at.Add(time.Second)
			if err := db.EndEvaluation(ctx, e, keys, rows); err != nil {
				t.Fatal(err)
			}
			return e
		}
		first := keep("ev_1", "s1", eval.Done, func(i int) bool { return i > 0 }, 120)
		keep("ev_2", "s1", eval.Done, func(int) bool { return true }, 1) // asks the first question again
		keep("ev_3", "s1", eval.Broken, func(int) bool { return false }, 3)
		keep("ev_4", "s2", eval.Done, func(int) bool { return false }, 3)

		got, rows, err := db.Evaluation(ctx, "shop", "ev_1")
		if d := cmp.Diff(first, got); d != "" || err != nil || len(rows) != 120 || rows[7].Question != "q7" || rows[7].Answer.SQL != "SELECT 1" || !rows[7].Correct || rows[0].Correct {
			t.Errorf("%v %s", err, d)
		}
		if _, _, err := db.Evaluation(ctx, "other", "ev_1"); !fault.Is(err, fault.NotFound) {
			t.Errorf("of another product: %v", err)
		}
		list, total, err := db.Evaluations(ctx, "shop", 2, 1)
		if err != nil || total != 4 || len(list) != 2 || list[0].ID != "ev_3" || list[1].ID != "ev_2" {
			t.Errorf("%v, %d: %+v", err, total, list)
		}
		kept, err := db.Outcomes(ctx, "shop", "1.0.0", "s1")
		correct := 0
		for _, k := range kept {
			if k.Correct {
				correct++
			}
		}
		if err != nil || len(kept) != 120 || correct != 120 {
			t.Errorf("%d kept, %d correct: the newest outcome of each question that got to its end counts (%v)", len(kept), correct, err)
		}
		if kept, err := db.Outcomes(ctx, "shop", "2.0.0", "s1"); err != nil || len(kept) != 0 {
			t.Errorf("of another version: %v, %v", kept, err)
		}
		if err := db.StartEvaluation(ctx, eval.Evaluation{ID: "ev_9", Product: "none"}); !fault.Is(err, fault.NotFound) {
			t.Errorf("of no product: %v", err)
		}
		if err := db.DeleteProduct(ctx, "shop"); err != nil {
			t.Fatal(err)
		}
		if _, total, err := db.Evaluations(ctx, "shop", 10, 0); err != nil || total != 0 {
			t.Errorf("%d are left of a deleted product: %v", total, err)
		}
	})
}
