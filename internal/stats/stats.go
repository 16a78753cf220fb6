// Package stats is named, tested statistics over a result: what an agent, a
// model or a client may ask of a table beyond what SQL says well. Every
// operation takes a Frame, says in its Report how many rows it used and left
// out, and gives figures that agree with reference implementations to 1e-9.
//
// Nothing here reads a warehouse: rows come in as a finished result.
package stats

import "math"

// Report is what an operation found.
type Report struct {
	Operation string
	Sentence  string   // the finding in one sentence
	Figures   []Figure // in a fixed order; a figure that is undefined is NaN
	Table     *Table   // the parts behind the figures, where there are some
	Notes     []string // what to know before trusting the figures
	Used      int      // rows that were computed with
	LeftOut   int      // rows that were not: an empty cell, not a number
}

// Figure is one number of a report.
type Figure struct {
	Name  string
	Value float64
}

// Table is a report's table. Cells are float64, int, string or nil.
type Table struct {
	Columns []string
	Rows    [][]any
}

// Figure gives the figure of that name, NaN where there is none.
func (r Report) Figure(name string) float64 {
	for _, f := range r.Figures {
		if f.Name == name {
			return f.Value
		}
	}
	return math.NaN()
}

func (r *Report) say(name string, v float64) { r.Figures = append(r.Figures, Figure{name, v}) }

func (r *Report) note(text string) { r.Notes = append(r.Notes, text) }
