package postgres_test

import (
	"fmt"
	"testing"

	"github.com/postern/postern/internal/warehouse"
	"github.com/postern/postern/internal/warehouse/postgres"
)

// Formats are guessed from a statement of the same shape; a wrong guess must
// not be seen in the answer.
func TestStatementsOfOneShapeGiveTheirOwnTypes(t *testing.T) {
	_, s, l := shop(t)
	c := open(t, s, l)
	for _, pair := range [][2][2]string{
		{{"SELECT 1", "1"}, {"SELECT 2", "2"}},
		{{"SELECT 7", "7"}, {"SELECT 3000000000", "3000000000"}},
		{{"SELECT 7", "7"}, {"SELECT 12345678901234567890", "12345678901234567890"}},
		{{"SELECT c1 FROM (SELECT 1 AS c1, 'x' AS c2) AS q", "1"}, {"SELECT c2 FROM (SELECT 1 AS c1, 'x' AS c2) AS q", "x"}},
		{{"SELECT 'a', 1", "a"}, {"SELECT 'it''s', 1", "it's"}},
		{{"SELECT CASE WHEN 'a' = 'a' THEN 1 END", "1"}, {"SELECT CASE WHEN 'b' = 'a' THEN 1 END", "(null)"}},
		{{"SELECT '1'::text", "1"}, {"SELECT 'b'::text", "b"}},
		{{`SELECT "1" FROM (SELECT 5 AS "1", 1.5 AS "2") AS q`, "5"}, {`SELECT "2" FROM (SELECT 5 AS "1", 1.5 AS "2") AS q`, "1.5"}},
		{{`SELECT (ARRAY[1, 2])[1]`, "1"}, {`SELECT (ARRAY[1, 2.5])[2]`, "2.5"}},
	} {
		for i := range 3 { // described, then guessed in both directions
			for _, q := range pair {
				got, err := value(t, c, q[0], warehouse.Limits{})
				if err != nil || got != q[1] {
					t.Errorf("round %d: %s gave %q, %v; want %q", i, q[0], got, err, q[1])
				}
			}
		}
	}
}

func BenchmarkPointWithFreshLiterals(b *testing.B) {
	_, s, l := shop(b)
	c, err := postgres.Driver{}.Open(b.Context(), s, l, loopback)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	n := 0
	for b.Loop() {
		n++
		rows, err := c.Query(b.Context(), fmt.Sprintf("SELECT %d AS a, 'x%d' AS b", n, n), warehouse.Limits{Rows: 1})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := rows.Next(b.Context()); err != nil {
			b.Fatal(err)
		}
		_ = rows.Close()
		if err := c.Reset(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
