package stats_test

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/stats"
)

type arguments struct {
	Columns []string
	X, Y    any
	Method  string
	Value   string
	Group   string
	Groups  []string
	Row     string
	Column  string
}

type reference struct {
	Name, Operation string
	Columns         map[string][]string
	Arguments       arguments
	Figures         map[string]float64
}

func TestFiguresAgreeWithReferenceValues(t *testing.T) {
	raw, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []reference
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 10 {
		t.Fatalf("only %d reference cases", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			r, err := run(c)
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range c.Figures {
				if got := figure(r, name); !near(got, want) {
					t.Errorf("%s = %.17g, the reference says %.17g", name, got, want)
				}
			}
		})
	}
}

func run(c reference) (stats.Report, error) {
	f, a := frame(c.Columns), c.Arguments
	switch c.Operation {
	case "summary":
		return stats.Summary(f, a.Columns)
	case "correlation":
		return stats.Correlation(f, a.X.(string), a.Y.(string), a.Method)
	case "t_test":
		return stats.TTest(f, a.Value, a.Group, a.Groups)
	case "mann_whitney":
		return stats.MannWhitney(f, a.Value, a.Group, a.Groups)
	case "chi_square":
		return stats.ChiSquare(f, a.Row, a.Column, "")
	case "linear_regression":
		var xs []string
		for _, x := range a.X.([]any) {
			xs = append(xs, x.(string))
		}
		return stats.LinearRegression(f, a.Y.(string), xs)
	}
	return stats.Report{}, fault.New(fault.Invalid, "no operation %s", c.Operation)
}

// figure is a report's figure, or a coefficient or standard error of its table.
func figure(r stats.Report, name string) float64 {
	if v := r.Figure(name); !math.IsNaN(v) || r.Operation != "linear_regression" {
		return v
	}
	term, column := name, 1
	if rest, ok := strings.CutPrefix(name, "std_error "); ok {
		term, column = rest, 2
	}
	for _, row := range r.Table.Rows {
		if row[0] == term {
			return row[column].(float64)
		}
	}
	return math.NaN()
}

func near(got, want float64) bool {
	return math.Abs(got-want) <= 1e-9*max(math.Abs(want), 1e-290)
}

// frame makes a frame of texts, an empty text an empty cell.
func frame(columns map[string][]string) stats.Frame {
	names := make([]string, 0, len(columns))
	for n := range columns {
		names = append(names, n)
	}
	slices.Sort(names)
	f, err := stats.Read(context.Background(), rowsOf(names, columns), 1_000_000)
	if err != nil {
		panic(err)
	}
	return f
}

// rows is one batch of text columns.
type rows struct {
	batch arrow.RecordBatch
	told  bool
}

func (r *rows) Schema() *arrow.Schema { return r.batch.Schema() }
func (r *rows) Close() error          { return nil }
func (r *rows) Next(context.Context) (arrow.RecordBatch, error) {
	if r.told {
		return nil, io.EOF
	}
	r.told = true
	return r.batch, nil
}

func rowsOf(names []string, columns map[string][]string) *rows {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	var fields []arrow.Field
	var cols []arrow.Array
	n := 0
	for _, name := range names {
		n = len(columns[name])
		for _, v := range columns[name] {
			if v == "" {
				b.AppendNull()
			} else {
				b.Append(v)
			}
		}
		fields, cols = append(fields, arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true}), append(cols, b.NewArray())
	}
	return &rows{batch: array.NewRecordBatch(arrow.NewSchema(fields, nil), cols, int64(n))}
}

func TestRowsWithoutANumberAreLeftOutAndCounted(t *testing.T) {
	f := frame(map[string][]string{"x": {"1", "2", "", "4", "5"}, "y": {"2", "", "6", "8", "10"}})
	r, err := stats.Correlation(f, "x", "y", "")
	if err != nil {
		t.Fatal(err)
	}
	if r.Used != 3 || r.LeftOut != 2 || !near(r.Figure("coefficient"), 1) {
		t.Errorf("used %d, left out %d, coefficient %v", r.Used, r.LeftOut, r.Figure("coefficient"))
	}
}

func TestAFrameThatWasCutSaysSo(t *testing.T) {
	f, err := stats.Read(context.Background(), rowsOf([]string{"x"}, map[string][]string{"x": {"1", "2", "3"}}), 2)
	if err != nil {
		t.Fatal(err)
	}
	r, err := stats.Summary(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"Computed over the first 2 rows of a longer result."}; !cmp.Equal(r.Notes, want) {
		t.Errorf("notes: %q", r.Notes)
	}
}

func TestOutliersAreNamedWithTheirRows(t *testing.T) {
	f := frame(map[string][]string{"city": {"Oslo", "Bergen", "Alta", "Bodø", "Moss"}, "rain": {"10", "11", "12", "13", "90"}})
	for _, method := range []string{stats.IQR, stats.Z} {
		threshold := 0.0
		if method == stats.Z {
			threshold = 1.5
		}
		r, err := stats.Outliers(f, "rain", "city", method, threshold)
		if err != nil {
			t.Fatal(err)
		}
		want := [][]any{{5, "Moss", 90.0, "above"}}
		if diff := cmp.Diff(want, r.Table.Rows); diff != "" {
			t.Errorf("%s: %s", method, diff)
		}
	}
}

func TestContributionRunsToTheWhole(t *testing.T) {
	f := frame(map[string][]string{"region": {"n", "s", "n", "", "w"}, "sales": {"50", "20", "10", "15", "5"}})
	r, err := stats.Contribution(f, "region", "sales")
	if err != nil {
		t.Fatal(err)
	}
	want := [][]any{{"n", 60.0, 0.6, 0.6}, {"s", 20.0, 0.2, 0.8}, {"(empty)", 15.0, 0.15, 0.95}, {"w", 5.0, 0.05, 1.0}}
	if diff := cmp.Diff(want, r.Table.Rows); diff != "" {
		t.Error(diff)
	}
	if r.Figure("parts_for_80_percent") != 2 {
		t.Errorf("parts for 80 percent: %v", r.Figure("parts_for_80_percent"))
	}
}

func TestPeriodChangeIsSplitOverItsParts(t *testing.T) {
	f := frame(map[string][]string{
		"year": {"2023", "2024", "2024", "2025", "2025", "2025"}, "region": {"n", "n", "s", "n", "s", "w"}, "sales": {"9", "50", "20", "40", "35", "5"},
	})
	r, err := stats.PeriodChange(f, "year", "region", "sales", "", "")
	if err != nil {
		t.Fatal(err)
	}
	want := &stats.Table{Columns: []string{"region", "2024", "2025", "change", "share_of_change"}, Rows: [][]any{
		{"s", 20.0, 35.0, 15.0, 1.5}, {"n", 50.0, 40.0, -10.0, -1.0}, {"w", 0.0, 5.0, 5.0, 0.5},
	}}
	if diff := cmp.Diff(want, r.Table); diff != "" {
		t.Error(diff)
	}
	if r.Figure("change") != 10 || r.Used != 5 {
		t.Errorf("change %v of %d rows", r.Figure("change"), r.Used)
	}
}

func TestArgumentsThatDoNotFitAreRefusedByName(t *testing.T) {
	f := frame(map[string][]string{"x": {"1", "2", "3", "4"}, "flat": {"7", "7", "7", "7"}, "city": {"a", "b", "c", "c"}})
	for want, err := range map[string]error{
		"x":         second(stats.Correlation(f, "nothing", "x", "")),
		"y":         second(stats.Correlation(f, "x", "city", "")),
		"method":    second(stats.Correlation(f, "x", "flat", "kendall")),
		"groups":    second(stats.TTest(f, "x", "city", nil)),
		"threshold": second(stats.Outliers(f, "x", "", stats.Z, -1)),
		"from":      second(stats.PeriodChange(f, "city", "city", "x", "z", "a")),
		"measure":   second(stats.Contribution(f, "city", "city")),
	} {
		e := fault.As(err)
		if e == nil || len(e.Fields) != 1 || e.Fields[0].Loc[1] != want {
			t.Errorf("%s: refused with %v", want, err)
		}
	}
	if _, err := stats.LinearRegression(f, "x", []string{"flat"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a constant predictor: %v", err)
	}
}

func second(_ stats.Report, err error) error { return err }

func TestUndefinedFiguresAreNeverNumbers(t *testing.T) {
	f := frame(map[string][]string{"x": {"1", "2", "3", "4"}, "flat": {"7", "7", "7", "7"}, "g": {"a", "a", "b", "b"}})
	c, err := stats.Correlation(f, "x", "flat", "")
	if err != nil || !math.IsNaN(c.Figure("coefficient")) || !math.IsNaN(c.Figure("p_value")) {
		t.Errorf("correlation with a constant: %v %v", c.Figures, err)
	}
	tt, err := stats.TTest(f, "flat", "g", nil)
	if err != nil || !math.IsNaN(tt.Figure("p_value")) {
		t.Errorf("test of a constant: %v %v", tt.Figures, err)
	}
	m, err := stats.MannWhitney(f, "flat", "g", nil)
	if err != nil || !math.IsNaN(m.Figure("p_value")) {
		t.Errorf("rank test of a constant: %v %v", m.Figures, err)
	}
}
