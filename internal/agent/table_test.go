package agent_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/agent"
)

func TestWordsFetchNothing(t *testing.T) {
	for in, want := range map[string]string{
		"a < b and c <3":                    "a < b and c <3",
		`see ![x](https://e.example/?q=1)`:  `see [x](https://e.example/?q=1)`,
		`!![x](u) and !!![y](u)`:            `[x](u) and [y](u)`,
		`<img src=x> <SVG/onload=y> <!-- `:  `&lt;img src=x> &lt;SVG/onload=y> &lt;!-- `,
		"![a][b]\n\n[b]: https://e.example": "[a][b]\n\n[b]: https://e.example",
	} {
		if got := agent.Tame(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// SQL can put one cell's value into another's picture: shown, its address would
// take the value to whoever wrote the SQL.
func TestCellsAndNamesOfColumnsFetchNothing(t *testing.T) {
	table := agent.Table{
		Columns:  []agent.Column{{Name: "![h](https://e.example/h)"}, {Name: "<img src=y>"}},
		Rows:     [][]any{{"![x](https://e.example/JFK)", "<img src=x>"}, {"a < b", []any{"<i>", "!["}}},
		RowCount: 2,
	}
	want := strings.Join([]string{
		"| [h](https://e.example/h) | &lt;img src=y> |", "| --- | --- |",
		"| [x](https://e.example/JFK) | &lt;img src=x> |", `| a < b | ["\u003ci\u003e","["] |`,
	}, "\n")
	if d := cmp.Diff(want, table.Markdown()); d != "" {
		t.Error(d)
	}
}

func TestAStatementStaysInItsCodeBlock(t *testing.T) {
	if got, want := agent.Indented("SELECT 1 --\r![x](u)\r\n, 2\n"), "SELECT 1 --\n    ![x](u)\n    , 2"; got != want {
		t.Errorf("%q", got)
	}
}
