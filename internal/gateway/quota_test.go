package gateway_test

import (
	"testing"
	"time"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
)

func TestAClientsLimitsAreItsOwn(t *testing.T) {
	w := newWorld(t)
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	w.Now = func() time.Time { return now }
	q := product.Query{ProductID: "open", SQL: "SELECT id FROM orders"}
	slow := w.machine
	slow.Limits = auth.QueryLimits{PerMinute: 2}
	for i, want := range []bool{true, true, false} {
		_, err := w.read(slow, q)
		if f := fault.As(err); want != (err == nil) || !want && (f == nil || f.Kind != fault.Limited || f.RetryAfter != 30*time.Second) {
			t.Errorf("query %d: %v", i, err)
		}
	}
	if r := w.record.of(audit.QueryRefused); len(r) != 1 || r[0].Outcome != "refused" {
		t.Errorf("on record: %+v", r)
	}
	if _, err := w.read(w.machine, q); err != nil {
		t.Errorf("the same client without limits: %v", err)
	}
	now = now.Add(30 * time.Second)
	if _, err := w.read(slow, q); err != nil {
		t.Errorf("after its time: %v", err)
	}
	if _, err := w.Schema(t.Context(), slow, product.Query{ProductID: "open"}); !fault.Is(err, fault.Limited) {
		t.Errorf("the schema: %v", err)
	}
}

func TestAClientHasSoManyQueriesUnderWay(t *testing.T) {
	w := newWorld(t)
	q := product.Query{ProductID: "open", SQL: "SELECT id FROM orders"}
	narrow := w.machine
	narrow.Limits = auth.QueryLimits{InFlight: 1}
	rows, err := w.Run(t.Context(), narrow, q)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.read(narrow, q); !fault.Is(err, fault.Limited) {
		t.Errorf("a second: %v", err)
	}
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
	for range 3 { // failed ones end too
		if _, err := w.read(narrow, product.Query{ProductID: "open", SQL: "DELETE FROM orders"}); fault.Is(err, fault.Limited) || err == nil {
			t.Errorf("%v", err)
		}
	}
	if _, err := w.read(narrow, q); err != nil {
		t.Errorf("after it ended: %v", err)
	}
}
