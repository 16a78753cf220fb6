// Package chart is charts as specs: which chart fits a result, what a caller
// asked for instead, and whether a Vega-Lite spec may be drawn. Drawing is
// chart/render.
//
// Everything that changes numbers happens here, in Go and before the spec:
// sums, means, bins, "other" and the order of things. The spec then holds the
// very values that are drawn, so that a chart can be held against its table,
// and whatever was left out or put together is said on the chart itself.
// Everything is a function of its input: the same table and hints give the
// same spec, byte for byte.
package chart

import (
	"github.com/postern/postern/internal/fault"
)

// Kind is what a chart looks like.
type Kind string

// The kinds.
const (
	Bar        Kind = "bar"
	GroupedBar Kind = "grouped_bar"
	StackedBar Kind = "stacked_bar"
	Line       Kind = "line"
	MultiLine  Kind = "multi_line"
	Area       Kind = "area"
	Scatter    Kind = "scatter"
	Bubble     Kind = "bubble"
	Histogram  Kind = "histogram"
	Box        Kind = "box"
	HeatMap    Kind = "heat_map"
	Pie        Kind = "pie"
	Facet      Kind = "facet"
	BigNumber  Kind = "big_number"
	// Custom is a caller's own grammar.
	Custom Kind = "custom"
)

// Kinds lists what can be asked for.
var Kinds = []Kind{Bar, GroupedBar, StackedBar, Line, MultiLine, Area, Scatter, Bubble, Histogram, Box, HeatMap, Pie, Facet, BigNumber}

// Role is what a column is for, where that is known; the words are semantic's.
type Role string

// The roles.
const (
	Key       Role = "key"
	Foreign   Role = "foreign"
	Measure   Role = "measure"
	Dimension Role = "dimension"
	Time      Role = "time"
)

// Column of a table. Only Name and Type must be set.
type Column struct {
	Name  string
	Type  string // as result.TypeOf spells it
	Title string // as people call it
	Unit  string // "USD", "%", "ratio" (0.25 is 25%), "miles"
	Role  Role
	// Sums says whether adding values of the column means something: "yes",
	// "no", or "" where it is not known.
	Sums string
}

// Table is what is drawn.
type Table struct {
	Columns []Column
	Rows    [][]any // nil, bool, numbers, json.Number, string, json.RawMessage
	// Partial says what of the result is not in Rows ("the first 5,000 of
	// 12,000 rows"); it is printed on the chart.
	Partial string
}

// Hints are what is known besides the table. All may be empty.
type Hints struct {
	Title    string // "" is made from the columns
	Question string // what was asked: the words tell a trend from a share
	Intent   Intent
	Dark     bool
}

// Intent is what a caller wants of the chart, in words instead of a grammar.
type Intent struct {
	Kind        Kind
	X, Y, Color string // columns
	Title       string
}

// Chart is a spec and what is to be said of it.
type Chart struct {
	Kind  Kind
	Title string
	// Notes are said on the chart too: what was left out, put together, or
	// drawn in another way than asked for.
	Notes []string
	Alt   string // what a reader who does not see it is told
	Spec  []byte // Vega-Lite 6, data inline
	Marks int    // bars, points, cells
}

// errNothing is what Recommend fails with when no chart fits: the table's rows
// are what there is to show.
var errNothing = fault.New(fault.Invalid, "no chart fits this table: it has no numbers, and nothing in it that could be counted")

// Recommend gives the chart that fits the table best, or a fault that says why
// there is none.
func Recommend(t Table, h Hints) (Chart, error) {
	if len(t.Rows) == 0 {
		return Chart{}, fault.New(fault.Invalid, "no chart: the result has no rows")
	}
	p := profile(t)
	a := asked(h)
	if err := a.bind(p); err != nil {
		return Chart{}, err
	}
	c, err := choose(p, a)
	if err != nil {
		return Chart{}, err
	}
	return draw(p, a, c, h)
}
