package stats

import (
	"context"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/result"
)

// Frame is a result held by columns.
type Frame struct {
	Columns []Column
	Rows    int
	// Cut is set when the result had more rows than were read.
	Cut bool
}

// Column is one column of a frame: every cell as text, and as a number where
// all cells of the column are numbers.
type Column struct {
	Name    string
	Type    string    // as result.TypeOf spells it
	Numbers []float64 // NaN for an empty cell; nil for a column that is not of numbers
	Texts   []string
	Empty   []bool
}

// Numeric tells whether the column can be computed with.
func (c *Column) Numeric() bool { return c.Numbers != nil }

// Read reads rows to their end, or to most rows, and closes them.
func Read(ctx context.Context, rows result.Rows, most int) (f Frame, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for _, c := range result.ColumnsOf(rows.Schema()) {
		f.Columns = append(f.Columns, Column{Name: c.Name, Type: c.Type})
	}
	for {
		b, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			f.Cut = f.Cut || result.Capped(rows)
			break
		}
		if err != nil {
			return Frame{}, err
		}
		if f.read(b, most); f.Cut {
			break
		}
	}
	for i := range f.Columns {
		f.Columns[i].count()
	}
	return f, nil
}

func (f *Frame) read(b arrow.RecordBatch, most int) {
	n := int(b.NumRows())
	if f.Rows+n > most {
		n, f.Cut = most-f.Rows, true
	}
	f.Rows += n
	for i, col := range b.Columns() {
		c := &f.Columns[i]
		for row := range n {
			text := ""
			empty := col.IsNull(row)
			if !empty {
				text = textOf(col, row)
			}
			c.Texts, c.Empty = append(c.Texts, text), append(c.Empty, empty)
		}
	}
}

func textOf(col arrow.Array, row int) string {
	if s, ok := col.(*array.String); ok {
		return strings.Clone(s.Value(row)) // the batch is not ours to keep
	}
	return col.ValueStr(row)
}

// count makes numbers of a column whose cells all are: also of texts that are
// numbers, since such columns are common in files.
func (c *Column) count() {
	switch c.Type {
	case "integer", "number", "string":
	default:
		return
	}
	numbers, any := make([]float64, len(c.Texts)), false
	for i, t := range c.Texts {
		if numbers[i] = math.NaN(); c.Empty[i] {
			continue
		}
		v, err := strconv.ParseFloat(t, 64)
		if err != nil && c.Type == "string" || math.IsInf(v, 0) {
			return
		}
		if err == nil {
			numbers[i], any = v, any || !math.IsNaN(v)
		}
	}
	if any {
		c.Numbers = numbers
	}
}

// column finds the column that an argument names, in any case.
func (f *Frame) column(argument, name string) (*Column, error) {
	if name == "" {
		return nil, fault.Missing(argument)
	}
	names := make([]string, 0, len(f.Columns))
	for i := range f.Columns {
		if strings.EqualFold(f.Columns[i].Name, name) {
			return &f.Columns[i], nil
		}
		names = append(names, f.Columns[i].Name)
	}
	return nil, fault.BadField(argument, "value_error", "the result has no column %q; it has %s", name, strings.Join(names, ", "))
}

// numbers finds a column of numbers.
func (f *Frame) numbers(argument, name string) (*Column, error) {
	c, err := f.column(argument, name)
	if err == nil && !c.Numeric() {
		err = fault.BadField(argument, "value_error", "column %q is not of numbers", c.Name)
	}
	return c, err
}

// pairs gives the rows where both columns have a number.
func pairs(x, y *Column) (xs, ys []float64, leftOut int) {
	for i := range x.Numbers {
		if math.IsNaN(x.Numbers[i]) || math.IsNaN(y.Numbers[i]) {
			leftOut++
			continue
		}
		xs, ys = append(xs, x.Numbers[i]), append(ys, y.Numbers[i])
	}
	return xs, ys, leftOut
}

// groups splits a column of numbers by another's texts, in order of first
// appearance.
func groups(value, by *Column) (names []string, values map[string][]float64, leftOut int) {
	values = map[string][]float64{}
	for i, v := range value.Numbers {
		if math.IsNaN(v) || by.Empty[i] {
			leftOut++
			continue
		}
		k := by.Texts[i]
		if _, seen := values[k]; !seen {
			names = append(names, k)
		}
		values[k] = append(values[k], v)
	}
	return names, values, leftOut
}
