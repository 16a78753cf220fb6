package draft_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/draft"
	"github.com/postern/postern/internal/product"
)

// camp declares no keys to other tables. Guides have badges with gaps; huts are
// numbered in a row, and so are the nights that a tour takes.
const camp = `
CREATE TABLE guide (badge INTEGER PRIMARY KEY, full_name TEXT);
CREATE TABLE hut (hut_no INTEGER PRIMARY KEY, beds INTEGER);
CREATE TABLE tour (tour_code TEXT, leader INTEGER, nights INTEGER, trail TEXT, stay INTEGER);
CREATE TABLE trailhead (town TEXT, gate TEXT, trail TEXT, PRIMARY KEY (town, gate));
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20) INSERT INTO guide SELECT 4000 + i * 37, 'G' || i FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20) INSERT INTO hut SELECT i, 10 + i % 3 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12) INSERT INTO trailhead SELECT 'T' || i % 3, 'g' || i, 'trail ' || i FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) INSERT INTO tour SELECT 'c' || i, 4000 + (1 + i % 15) * 37, 1 + i % 9, 'trail ' || (1 + i % 12), 900 + i FROM n;`

func TestValuesTellJoinsThatNoNameDoes(t *testing.T) {
	s, sessions, _ := open(t, camp, "")
	m := draft.Model(s, product.SQLite)
	if err := draft.Look(t.Context(), s, m, sessions, draft.Usual, func(draft.Progress) {}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, j := range m.Joins {
		if !j.Inferred {
			t.Errorf("%s is not marked as a guess", j.Name)
		}
		got = append(got, strings.Join([]string{j.From, j.Columns[0], j.To, j.RefColumns[0]}, " "))
	}
	want := []string{"tour leader guide badge", "tour trail trailhead trail"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("joins (-want +got):\n%s", diff)
	}
}
