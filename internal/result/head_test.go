package result_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/postern/postern/internal/result"
)

// wide gives n rows of so many text columns, each cell of size characters.
func wide(t testing.TB, n, cols, size int) *batches {
	t.Helper()
	var fields []arrow.Field
	for j := range cols {
		fields = append(fields, arrow.Field{Name: fmt.Sprintf("c%d", j), Type: arrow.BinaryTypes.String})
	}
	var docs []string
	for start := 0; start < n; start += 100 {
		var rows []string
		for range min(100, n-start) {
			var cells []string
			for j := range cols {
				cells = append(cells, fmt.Sprintf(`"c%d":%q`, j, strings.Repeat("x", size)))
			}
			rows = append(rows, "{"+strings.Join(cells, ",")+"}")
		}
		docs = append(docs, "["+strings.Join(rows, ",")+"]")
	}
	return rowsOf(t, fields, docs...)
}

func TestATableForAModelSaysWhatItLeavesOut(t *testing.T) {
	for _, c := range []struct {
		name                   string
		rows, columns, size    int
		maxRows                int
		wantRows, wantColumns  int
		wantReason, wantAbsent string
	}{
		{"all of it fits", 20, 3, 10, 1000, 20, 3, "", "first"},
		{"too many rows", 5000, 2, 10, 10000, 355, 2, "the first 355 of 5000 rows are shown", "columns"},
		{"a limit of rows", 500, 1, 1, 50, 50, 1, "the first 50 of 500 rows are shown", "cut"},
		{"long cells are cut before rows go below ten", 100, 1, 5000, 1000, 32, 1, "the first 32 of 100 rows are shown; values longer than 300 characters are cut off", "columns"},
		{"columns go from the right", 100, 200, 30, 1000, 10, 27, "the first 10 of 100 rows are shown; the first 27 of 200 columns are shown", ""},
		{"one huge cell", 1, 1, 50000, 1000, 1, 1, "values longer than 300 characters are cut off", "rows are shown"},
		{"few rows of many columns", 2, 300, 30, 1000, 2, 103, "the first 103 of 300 columns are shown", "rows are shown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab, err := result.Head(context.Background(), wide(t, c.rows, c.columns, c.size), c.maxRows, 10000)
			if err != nil {
				t.Fatal(err)
			}
			if len(tab.Rows) != c.wantRows || len(tab.Columns) != c.wantColumns {
				t.Errorf("%d rows of %d columns, want %d of %d", len(tab.Rows), len(tab.Columns), c.wantRows, c.wantColumns)
			}
			if tab.RowCount != int64(c.rows) || tab.Truncated != (c.wantReason != "") || tab.Truncated != (tab.Next != "") {
				t.Errorf("%+v", tab.RowCount)
			}
			if !strings.HasPrefix(tab.Reason, c.wantReason) || c.wantAbsent != "" && strings.Contains(tab.Reason, c.wantAbsent) {
				t.Errorf("reason %q", tab.Reason)
			}
			if b, _ := json.Marshal(tab.Rows); len(b) > 10500 {
				t.Errorf("%d characters", len(b))
			}
		})
	}
}

func TestATableSaysThatTheRowLimitWasReached(t *testing.T) {
	rows := wide(t, 20, 1, 1)
	rows.capped = true
	tab, err := result.Head(context.Background(), rows, 100, 10000)
	if err != nil || !tab.Truncated || !strings.Contains(tab.Reason, "the row limit of 20 was reached") {
		t.Errorf("%+v, %v", tab, err)
	}
}

func TestWhatIsReadForAModelIsKeptWhole(t *testing.T) {
	var full bytes.Buffer
	tab, err := result.Head(context.Background(), result.Tee(wide(t, 2500, 4, 20), &full), 10, 1000)
	if err != nil || len(tab.Rows) != 10 {
		t.Fatal(len(tab.Rows), err)
	}
	if lines := strings.Count(full.String(), "\r\n"); lines != 2501 {
		t.Errorf("%d lines", lines)
	}
}
