package tool

import (
	"context"
	"math"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/stats"
)

// mostCells bounds what a statistic holds in memory: about 200 MB of texts.
const mostCells = 4_000_000

// statInput is what every statistic is computed over.
type statInput struct {
	queryInput
	SQL string `json:"sql" jsonschema:"One read-only statement whose rows the statistic is computed over, all of them. Select just the columns that are needed, one row per observation."`
}

func (in statInput) asked(e *Env) product.Query {
	q := in.query(e)
	q.SQL = in.SQL
	return q
}

type statOutput struct {
	Operation string              `json:"operation"`
	Sentence  string              `json:"sentence" jsonschema:"The finding in one sentence."`
	Figures   map[string]*float64 `json:"figures" jsonschema:"The numbers by name; null where one is undefined."`
	Columns   []string            `json:"columns,omitempty" jsonschema:"Columns of rows, the parts behind the figures."`
	Rows      [][]any             `json:"rows,omitempty"`
	Notes     []string            `json:"notes" jsonschema:"What to know before trusting the figures."`
	RowsUsed  int                 `json:"rows_used"`
	RowsLeft  int                 `json:"rows_left_out" jsonschema:"Rows with an empty cell or no number."`
}

// statistic makes a tool of an operation.
func statistic[In interface{ asked(*Env) product.Query }](name, title, description string, run func(stats.Frame, In) (stats.Report, error)) Tool {
	return Define(name, title, description+" Computed exactly over the whole result of sql, which runs with the caller's own warehouse credentials.",
		func(ctx context.Context, e *Env, in In) (Answer[statOutput], error) {
			rows, err := e.Data.Run(ctx, e.Caller, in.asked(e))
			if err != nil {
				return Answer[statOutput]{}, err
			}
			f, err := frame(ctx, rows)
			if err != nil {
				return Answer[statOutput]{}, err
			}
			r, err := run(f, in)
			return Answer[statOutput]{Content: reported(r)}, err
		})
}

func frame(ctx context.Context, rows result.Rows) (stats.Frame, error) {
	return stats.Read(ctx, rows, mostCells/max(1, rows.Schema().NumFields()))
}

func reported(r stats.Report) statOutput {
	out := statOutput{
		Operation: r.Operation, Sentence: r.Sentence, Figures: map[string]*float64{}, Notes: r.Notes, RowsUsed: r.Used, RowsLeft: r.LeftOut,
	}
	if out.Notes == nil {
		out.Notes = []string{}
	}
	for _, f := range r.Figures {
		out.Figures[f.Name] = finite(f.Value)
	}
	if r.Table == nil {
		return out
	}
	out.Columns = r.Table.Columns
	for _, row := range r.Table.Rows {
		cells := make([]any, len(row))
		for i, cell := range row {
			if v, ok := cell.(float64); ok && finite(v) == nil {
				cell = nil // JSON has no NaN
			}
			cells[i] = cell
		}
		out.Rows = append(out.Rows, cells)
	}
	return out
}

func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

type summaryInput struct {
	statInput
	Columns []string `json:"columns,omitempty" jsonschema:"Columns to describe; leave out for all."`
}

type correlationInput struct {
	statInput
	X      string `json:"x,omitempty" jsonschema:"A column of numbers; leave out x and y to compare every pair."`
	Y      string `json:"y,omitempty" jsonschema:"Another column of numbers."`
	Method string `json:"method,omitempty" jsonschema:"pearson (straight lines, the default) or spearman (ranks)."`
}

type groupsInput struct {
	statInput
	Value  string   `json:"value" jsonschema:"The column of numbers to compare."`
	Group  string   `json:"group" jsonschema:"The column that tells the two groups apart."`
	Groups []string `json:"groups,omitempty" jsonschema:"The two values of group to compare; leave out if it has just two."`
}

type chiSquareInput struct {
	statInput
	Row    string `json:"row" jsonschema:"A column of kinds."`
	Column string `json:"column" jsonschema:"Another column of kinds."`
	Weight string `json:"weight,omitempty" jsonschema:"A column that says how many observations a row stands for, when sql has counted them."`
}

type regressionInput struct {
	statInput
	Y string   `json:"y" jsonschema:"The column of numbers to explain."`
	X []string `json:"predictors" jsonschema:"The columns of numbers that explain it, 10 at most."`
}

type outliersInput struct {
	statInput
	Column    string  `json:"column" jsonschema:"The column of numbers to look through."`
	Label     string  `json:"label,omitempty" jsonschema:"A column that tells rows apart, such as a name."`
	Method    string  `json:"method,omitempty" jsonschema:"iqr (distance from the quartiles, the default) or z (standard deviations from the mean)."`
	Threshold float64 `json:"threshold,omitempty" jsonschema:"How far is far: 1.5 for iqr and 3 for z when left out."`
}

type contributionInput struct {
	statInput
	Dimension string `json:"dimension" jsonschema:"The column whose values share the total."`
	Measure   string `json:"measure" jsonschema:"The column of numbers that is summed."`
}

type periodChangeInput struct {
	statInput
	Period    string `json:"period" jsonschema:"The column that tells periods apart, such as a year or a month written 2026-01."`
	Dimension string `json:"dimension" jsonschema:"The column whose values the change is split over."`
	Measure   string `json:"measure" jsonschema:"The column of numbers that is summed."`
	From      string `json:"from,omitempty" jsonschema:"The earlier period; leave out from and to for the last two."`
	To        string `json:"to,omitempty" jsonschema:"The later period."`
}

// statistics are the operations of package stats as tools.
var statistics = []Tool{
	statistic("summary_statistics_tool", "Describe a result", "Describes each column of a result: count, empty and distinct values, mean, standard deviation, quartiles, sum, most frequent value.",
		func(f stats.Frame, in summaryInput) (stats.Report, error) { return stats.Summary(f, in.Columns) }),
	statistic("correlation_tool", "Correlate columns", "Measures whether two columns of numbers move together, by Pearson or Spearman, with p-value and interval.",
		func(f stats.Frame, in correlationInput) (stats.Report, error) {
			return stats.Correlation(f, in.X, in.Y, in.Method)
		}),
	statistic("t_test_tool", "Compare two means", "Tests whether the means of two groups differ (Welch's t-test).",
		func(f stats.Frame, in groupsInput) (stats.Report, error) {
			return stats.TTest(f, in.Value, in.Group, in.Groups)
		}),
	statistic("mann_whitney_tool", "Compare two groups by rank", "Tests whether two groups differ without taking their values as normally distributed (Mann-Whitney U).",
		func(f stats.Frame, in groupsInput) (stats.Report, error) {
			return stats.MannWhitney(f, in.Value, in.Group, in.Groups)
		}),
	statistic("chi_square_tool", "Test dependence of kinds", "Tests whether two columns of kinds depend on each other (Pearson's chi-square, Cramér's V).",
		func(f stats.Frame, in chiSquareInput) (stats.Report, error) {
			return stats.ChiSquare(f, in.Row, in.Column, in.Weight)
		}),
	statistic("linear_regression_tool", "Fit a line", "Explains a column of numbers by others with ordinary least squares: coefficients, standard errors, p-values, R².",
		func(f stats.Frame, in regressionInput) (stats.Report, error) {
			return stats.LinearRegression(f, in.Y, in.X)
		}),
	statistic("outliers_tool", "Find outliers", "Finds the rows whose value is far from the others, by interquartile range or standard deviations.",
		func(f stats.Frame, in outliersInput) (stats.Report, error) {
			return stats.Outliers(f, in.Column, in.Label, in.Method, in.Threshold)
		}),
	statistic("contribution_tool", "Split a total", "Splits the sum of a measure over the values of a dimension: amounts, shares, running shares, how many make up 80%.",
		func(f stats.Frame, in contributionInput) (stats.Report, error) {
			return stats.Contribution(f, in.Dimension, in.Measure)
		}),
	statistic("period_change_tool", "Explain a change", "Says which parts made a total change between two periods: each one's amounts, change and share of the change.",
		func(f stats.Frame, in periodChangeInput) (stats.Report, error) {
			return stats.PeriodChange(f, in.Period, in.Dimension, in.Measure, in.From, in.To)
		}),
}
