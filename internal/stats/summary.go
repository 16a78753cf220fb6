package stats

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Summary describes every column: numbers by count, mean, standard deviation
// (n-1), least, quartiles (type 7), greatest and sum, others by how many
// different values they have and the most frequent one.
func Summary(f Frame, columns []string) (Report, error) {
	chosen, err := f.chosen("columns", columns)
	if err != nil {
		return Report{}, err
	}
	r := Report{Operation: "summary", Used: f.Rows}
	t := &Table{Columns: []string{"column", "type", "count", "empty", "distinct", "mean", "std", "min", "q1", "median", "q3", "max", "sum", "most_frequent", "frequency"}}
	for _, c := range chosen {
		t.Rows = append(t.Rows, c.summary(&r, len(chosen) == 1))
	}
	r.Table = t
	r.Sentence = fmt.Sprintf("%s described over %s.", plural(len(chosen), "column"), plural(f.Rows, "row"))
	f.cut(&r)
	return r, nil
}

func (f *Frame) chosen(argument string, names []string) ([]*Column, error) {
	var out []*Column
	for _, n := range names {
		c, err := f.column(argument, n)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	if len(names) == 0 {
		for i := range f.Columns {
			out = append(out, &f.Columns[i])
		}
	}
	return out, nil
}

func (c *Column) summary(r *Report, alone bool) []any {
	count := map[string]int{}
	empty := 0
	for i, t := range c.Texts {
		if c.Empty[i] {
			empty++
			continue
		}
		count[t]++
	}
	top, times := mostFrequent(count)
	row := []any{c.Name, c.Type, len(c.Texts) - empty, empty, len(count), nil, nil, nil, nil, nil, nil, nil, nil, nil, nil}
	if times > 1 {
		row[13], row[14] = top, times
	}
	if !c.Numeric() {
		return row
	}
	xs := sortedCopy(slices.DeleteFunc(slices.Clone(c.Numbers), math.IsNaN))
	figures := []Figure{
		{"mean", mean(xs)}, {"std", math.Sqrt(variance(xs))}, {"min", xs[0]}, {"q1", quantile(xs, 0.25)},
		{"median", quantile(xs, 0.5)}, {"q3", quantile(xs, 0.75)}, {"max", xs[len(xs)-1]}, {"sum", sum(xs)},
	}
	for i, g := range figures {
		row[5+i] = g.Value
	}
	if alone {
		r.Figures = append([]Figure{{"count", float64(len(xs))}}, figures...)
		r.LeftOut, r.Used = len(c.Texts)-len(xs), len(xs)
	}
	return row
}

// mostFrequent is the value that occurs most, of equals the first by text.
func mostFrequent(count map[string]int) (value string, times int) {
	for v, n := range count {
		if n > times || n == times && v < value {
			value, times = v, n
		}
	}
	return value, times
}

// Methods of finding outliers.
const (
	IQR = "iqr"
	Z   = "z"
)

// Most rows of a report's table.
const mostShown = 50

// Outliers finds values far from the others: by IQR, beyond threshold (1.5)
// interquartile ranges from the quartiles; by Z, threshold (3) standard
// deviations (n-1) from the mean. label names a column that tells rows apart.
func Outliers(f Frame, column, label, method string, threshold float64) (Report, error) {
	c, err := f.numbers("column", column)
	if err != nil {
		return Report{}, err
	}
	tell := c
	if label != "" {
		if tell, err = f.column("label", label); err != nil {
			return Report{}, err
		}
	}
	xs := sortedCopy(slices.DeleteFunc(slices.Clone(c.Numbers), math.IsNaN))
	r := Report{Operation: "outliers", Used: len(xs), LeftOut: len(c.Numbers) - len(xs)}
	lower, upper, err := bounds(xs, method, &threshold)
	if err != nil {
		return Report{}, err
	}
	found := c.outside(lower, upper)
	r.say("lower_bound", lower)
	r.say("upper_bound", upper)
	r.say("threshold", threshold)
	r.say("outliers", float64(len(found)))
	r.Table = &Table{Columns: []string{"row", tell.Name, "value", "side"}}
	mid := quantile(xs, 0.5)
	slices.SortStableFunc(found, func(a, b int) int {
		return cmp.Compare(math.Abs(c.Numbers[b]-mid), math.Abs(c.Numbers[a]-mid))
	})
	for _, i := range found[:min(len(found), mostShown)] {
		side := "above"
		if c.Numbers[i] < lower {
			side = "below"
		}
		r.Table.Rows = append(r.Table.Rows, []any{i + 1, tell.Texts[i], c.Numbers[i], side})
	}
	if len(found) > mostShown {
		r.note(fmt.Sprintf("The table shows the %d that are furthest out of %d.", mostShown, len(found)))
	}
	r.Sentence = fmt.Sprintf("%s of %s %s outside %s to %s.", count(len(found)), plural(len(xs), "value"), be(len(found)), short(lower), short(upper))
	f.cut(&r)
	return r, nil
}

func (c *Column) outside(lower, upper float64) (found []int) {
	for i, v := range c.Numbers {
		if v < lower || v > upper {
			found = append(found, i)
		}
	}
	return found
}
