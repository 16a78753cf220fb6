package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/semantic"
)

// Rows are what a query gave, for Settle: each cell as a text, NULL as nil.
// Known is false when it did not run, or gave more than was read.
type Rows struct {
	Cells [][]*string
	Known bool
}

// MostRows is how many rows of a query Settle is shown.
const MostRows = 1000

// WorthChecking tells that the rows could make a reading sure enough to be
// answered, or show that it is not.
func (a Answer) WorthChecking() bool {
	return a.Read && !a.sure && a.Verified == nil && a.Confidence >= hopeless
}

// hopeless is the confidence below which no rows make a reading sure.
const hopeless = 0.15

// Settle decides on a reading by what it and its rivals give: rows, and for
// each of Checks its rows. The same rows settle it the same way.
func (p *Planner) Settle(a Answer, rows Rows, checked []Rows) Answer {
	if !a.Read || a.sure || a.Verified != nil {
		return a
	}
	e := evidence{}
	for k, v := range a.Evidence {
		e[k] = v
	}
	e.rows(rows)
	ordered, dropped := len(a.Query.Order) > 0, map[int]bool{}
	for i, c := range a.Checks {
		var what string
		switch {
		case i >= len(checked) || !checked[i].Known || !rows.Known:
			what, dropped[i] = "unknown ", true // not to be offered: it may not run
		case sameRows(rows.Cells, checked[i].Cells, ordered):
			what, dropped[i] = "same ", true
		default:
			what = "other "
		}
		if c.Rival == nil {
			e[what+c.Kind] = 1
			e.add("others", bit(what == "other "))
		}
	}
	a.vote(e, rows, checked)
	a.Evidence, a.Confidence = e, seen().confidence(e)
	if a.OK = a.Confidence >= seenLicence; a.OK {
		a.Reason, a.Choices, a.Nearest = "", nil, nil
	} else {
		p.withhold(&a, dropped)
	}
	return a
}

func (e evidence) rows(r Rows) {
	switch {
	case !r.Known:
		e["rows unknown"] = 1
		return
	case len(r.Cells) == 0:
		e["no rows"] = 1
	case len(r.Cells) == 1:
		e["one row"] = 1
		null := slices.ContainsFunc(r.Cells[0], func(c *string) bool { return c == nil })
		e.on("one row with a null", null)
		zero := !null && slices.ContainsFunc(r.Cells[0], func(c *string) bool { return *c == "0" })
		e.on("one row with a zero", zero)
	}
	e.looks(r.Cells)
	e["rows"] = float64(len(r.Cells))
	e.on("rows where one is asked for", len(r.Cells) > 1 && e["asks for one"] > 0)
	seen := map[string]bool{}
	for _, row := range r.Cells {
		seen[rowText(row)] = true
	}
	e.on("rows repeat", len(seen) < len(r.Cells))
}

// sameRows compares two results, in their order where that is asked for.
func sameRows(a, b [][]*string, ordered bool) bool {
	if len(a) != len(b) {
		return false
	}
	x, y := make([]string, len(a)), make([]string, len(b))
	for i := range a {
		x[i], y[i] = rowText(a[i]), rowText(b[i])
	}
	if !ordered {
		slices.Sort(x)
		slices.Sort(y)
	}
	return slices.Equal(x, y)
}

func rowText(row []*string) string {
	var b strings.Builder
	for _, c := range row {
		if c == nil {
			b.WriteString("\x01")
		} else {
			b.WriteString(*c)
		}
		b.WriteByte(0)
	}
	return b.String()
}

// withhold makes an answer an abstention, with its readings as choices: but
// for the dropped checks, which gave the same rows or none.
func (p *Planner) withhold(a *Answer, dropped map[int]bool) {
	a.OK, a.Reason, a.Choices = false, "", []Choice{choice(*a)}
	for i, c := range a.Checks {
		if dropped[i] {
			continue
		}
		if a.Reason == "" {
			a.Reason = c.why
		}
		text := semantic.Restate(c.Query, p.index.model)
		if !c.Stored && len(a.Choices) < maxChoices && !slices.ContainsFunc(a.Choices, func(o Choice) bool { return o.Text == text }) {
			a.Choices = append(a.Choices, choice(Answer{Restatement: text, Query: c.Query}))
		}
	}
	switch {
	case a.Reason != "":
	case len(a.Choices) > 1:
		a.Reason = "it could be read in more than one way"
	default:
		a.Reason = "there is one way to read it, and it is not sure that this is what is meant"
	}
}
