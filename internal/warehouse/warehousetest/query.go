package warehousetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/warehouse"
)

func readsRows(t *testing.T, s Subject) {
	got := mustRead(t, s.open(t), "SELECT id, name, note FROM customers ORDER BY id")
	want := fmt.Sprint([][]string{{"1", "Ada", null}, {"2", "Bob", "x"}, {"3", "Çelik", ""}})
	if fmt.Sprint(got.rows) != want || strings.Join(got.columns, ",") != "id,name,note" {
		t.Errorf("got %v %v, want %v", got.columns, got.rows, want)
	}
}

// refusesWrites sends the writes past every judge: the engine itself must
// refuse them, and nothing may have changed.
func refusesWrites(t *testing.T, s Subject) {
	count := "SELECT count(*) FROM customers"
	before := mustRead(t, s.open(t), count).rows[0][0]
	writes := append([]string{
		"INSERT INTO customers VALUES (4, 'Eve', NULL)",
		"UPDATE customers SET name = 'Eve'",
		"DELETE FROM customers",
		"CREATE TABLE eve (id INTEGER)",
		"DROP TABLE lines",
	}, s.Writes...)
	for _, sql := range writes {
		_, err := read(t.Context(), s.open(t), sql, warehouse.Limits{})
		if err == nil {
			t.Errorf("%s: the engine let it through", sql)
		} else if k := fault.KindOf(err); k != fault.Denied && k != fault.Rejected && k != fault.Invalid {
			t.Errorf("%s: refused as %v: %v", sql, k, err)
		}
	}
	c := s.open(t)
	if after := mustRead(t, c, count).rows[0][0]; after != before {
		t.Errorf("%s customers became %s", before, after)
	}
	mustRead(t, c, "SELECT count(*) FROM lines")
	if _, err := read(t.Context(), c, "SELECT * FROM eve", warehouse.Limits{}); err == nil {
		t.Error("table eve was created")
	}
}

func stopsOnContext(t *testing.T, s Subject) {
	c := s.open(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	defer time.AfterFunc(50*time.Millisecond, cancel).Stop()
	// If the query does not stop, neither does the test.
	_, err := read(ctx, c, s.Slow, warehouse.Limits{})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("want context.Canceled in the chain, got %v", err)
	}
	if fault.As(err) == nil {
		t.Errorf("the error is no fault: %v", err)
	}
}

func stopsOnTimeout(t *testing.T, s Subject) {
	_, err := read(t.Context(), s.open(t), s.Slow, warehouse.Limits{Timeout: 100 * time.Millisecond})
	if !fault.Is(err, fault.Timeout) {
		t.Fatalf("want Timeout, got %v: %v", fault.KindOf(err), err)
	}
}

func stopsOnRows(t *testing.T, s Subject) {
	c := s.open(t)
	for limit, want := range map[int64]int{1: 1, 7: 7, 1000: 1000, 20001: 20001, 100000: 100000, 200000: 100000} {
		got, err := read(t.Context(), c, s.Series, warehouse.Limits{Rows: limit})
		if err != nil || len(got.rows) != want {
			t.Errorf("limit %d: %d rows, %v", limit, len(got.rows), err)
		}
		reset(t, c)
	}
}

func streams(t *testing.T, s Subject) {
	got := mustRead(t, s.open(t), s.Series)
	seen := map[string]bool{}
	for _, row := range got.rows {
		seen[row[0]] = true
	}
	if len(got.rows) != 100000 || len(seen) != 100000 || !seen["1"] || !seen["100000"] {
		t.Errorf("%d rows, %d different", len(got.rows), len(seen))
	}
	if len(got.batches) < 2 {
		t.Errorf("one batch holds all")
	}
	for _, n := range got.batches {
		if n == 0 || n > 1<<16 {
			t.Errorf("a batch has %d rows", n)
		}
	}
}

func keepsTypes(t *testing.T, s Subject) {
	if len(s.Types) == 0 {
		t.Fatal("the subject has no types")
	}
	c := s.open(t)
	for _, x := range s.Types {
		got, err := read(t.Context(), c, x.SQL, warehouse.Limits{})
		if err != nil {
			t.Errorf("%s: %v", x.SQL, err)
			continue
		}
		want := x.Want
		if x.Null {
			want = null
		}
		if len(got.rows) != 1 || len(got.types) != 1 || got.types[0] != x.Arrow || got.rows[0][0] != want {
			t.Errorf("%s: got %v %v, want %s %q", x.SQL, got.types, got.rows, x.Arrow, want)
		}
	}
}

func describesEmpty(t *testing.T, s Subject) {
	rows, err := s.open(t).Query(t.Context(), "SELECT id, name FROM customers WHERE 1 = 0", warehouse.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if n := rows.Schema().NumFields(); n != 2 {
		t.Errorf("%d columns", n)
	}
	for range 2 {
		if b, err := rows.Next(t.Context()); !errors.Is(err, io.EOF) {
			t.Errorf("want io.EOF, got %v, %v", b, err)
		}
	}
}

func runsPre(t *testing.T, s Subject) {
	if s.Session == "" {
		t.Skip("the engine's sessions have nothing to set")
	}
	got, err := read(t.Context(), s.open(t), s.Seen, warehouse.Limits{Pre: s.Session})
	if err != nil || len(got.rows) != 1 || got.rows[0][0] != "leak" {
		t.Errorf("%s did not see %s: %v, %v", s.Seen, s.Session, got.rows, err)
	}
}

func forgets(t *testing.T, s Subject) {
	if s.Session == "" {
		t.Skip("the engine's sessions have nothing to set")
	}
	c := s.open(t)
	if _, err := read(t.Context(), c, s.Seen, warehouse.Limits{Pre: s.Session}); err != nil {
		t.Fatal(err)
	}
	reset(t, c)
	got, err := read(t.Context(), c, s.Seen, warehouse.Limits{})
	if err == nil && len(got.rows) > 0 && strings.Contains(got.rows[0][0], "leak") {
		t.Errorf("after Reset: %v", got.rows)
	}
}

func closesEarly(t *testing.T, s Subject) {
	c := s.open(t)
	rows, err := c.Query(t.Context(), s.Series, warehouse.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := rows.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if _, err := rows.Next(t.Context()); err == nil {
		t.Error("a closed result goes on")
	}
	if c.Reset(t.Context()) != nil {
		return // the pool closes it, which is right too
	}
	if got := mustRead(t, c, "SELECT count(*) FROM customers"); got.rows[0][0] != "3" {
		t.Errorf("got %v", got.rows)
	}
}

func closesTwice(t *testing.T, s Subject) {
	c := s.open(t)
	for range 2 {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if _, err := read(t.Context(), c, "SELECT 1", warehouse.Limits{}); err == nil {
		t.Error("a closed session answers")
	}
}

func rejectsSQL(t *testing.T, s Subject) {
	c := s.open(t)
	_, err := read(t.Context(), c, "SELECT nothing_like_it FROM customers", warehouse.Limits{})
	if f := fault.As(err); f == nil || f.Kind != fault.Rejected || !strings.Contains(f.Message, "nothing_like_it") {
		t.Errorf("want Rejected with the name in it, got %v", err)
	}
}
