package sqlite_test

import (
	"testing"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/warehouse"
	"github.com/postern/postern/internal/warehouse/sqlite"
)

// FuzzAnalyze holds that no text breaks Analyze, and that every place it names
// is in the text.
func FuzzAnalyze(f *testing.F) {
	for _, sql := range writes {
		f.Add(sql)
	}
	for _, sql := range []string{
		"", ";", "(", ")", "SELECT", "SELECT * FROM", "FROM (", "WITH", "WITH x AS (", "WITH x(", "SELECT 1 FROM a.b.c d, e",
		`SELECT "a""b".[c d].` + "`e`" + ` FROM x`, "SELECT 'a''b", "/*", "--", "SELECT 1e+", "SELECT .5.5", "a.", "FROM a.", "SELECT * FROM sales AS",
	} {
		f.Add(sql)
	}
	path := file(f, shop)
	c, err := sqlite.Driver{}.Open(f.Context(), source(path), warehouse.Login{}, nil)
	if err != nil {
		f.Fatal(err)
	}
	defer c.Close()
	f.Fuzz(func(t *testing.T, sql string) {
		facts, err := c.Analyze(t.Context(), sql)
		if err != nil && fault.As(err) == nil {
			t.Fatalf("no fault: %v", err)
		}
		for _, tb := range facts.Tables {
			if tb.Offset < 0 || tb.End <= tb.Offset || tb.End > len(sql) {
				t.Errorf("table %q stands at %d to %d of %d", tb.Name, tb.Offset, tb.End, len(sql))
			}
		}
		for _, col := range facts.Columns {
			if col.Offset < 0 || col.End <= col.Offset || col.End > len(sql) {
				t.Errorf("column %q stands at %d to %d of %d", col.Parts, col.Offset, col.End, len(sql))
			}
		}
	})
}
