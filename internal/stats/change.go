package stats

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/postern/postern/internal/fault"
)

// Contribution splits the sum of a measure over the values of a dimension:
// each one's amount, share and running share, the greatest first.
func Contribution(f Frame, dimension, measure string) (Report, error) {
	d, err := f.column("dimension", dimension)
	if err != nil {
		return Report{}, err
	}
	m, err := f.numbers("measure", measure)
	if err != nil {
		return Report{}, err
	}
	r := Report{Operation: "contribution", Used: f.Rows}
	parts := partsOf(d, m, func(int) bool { return true }, &r)
	total := sum(amounts(parts))
	r.say("total", total)
	r.say("parts", float64(len(parts)))
	r.Table = &Table{Columns: []string{d.Name, m.Name, "share", "running_share"}}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Or(cmp.Compare(b.amount, a.amount), cmp.Compare(a.name, b.name)) })
	running, most := 0.0, 0
	for i, p := range parts {
		running += p.amount
		if most == 0 && running >= 0.8*total {
			most = i + 1
		}
		if i < mostShown {
			r.Table.Rows = append(r.Table.Rows, []any{p.name, p.amount, p.amount / total, running / total})
		}
	}
	r.say("parts_for_80_percent", float64(most))
	if len(parts) > mostShown {
		r.note(fmt.Sprintf("The table shows the greatest %d of %d.", mostShown, len(parts)))
	}
	if slices.ContainsFunc(parts, func(p part) bool { return p.amount < 0 }) {
		r.note("Some parts are negative: shares do not read as parts of a whole.")
	}
	if len(parts) > 0 {
		r.Sentence = fmt.Sprintf("%s has %s%% of %s; %s of %d make up 80%%.", parts[0].name, short(100*parts[0].amount/total), m.Name, count(most), len(parts))
	}
	f.cut(&r)
	return r, nil
}

type part struct {
	name   string
	amount float64
}

func amounts(parts []part) []float64 {
	out := make([]float64, len(parts))
	for i, p := range parts {
		out[i] = p.amount
	}
	return out
}

// partsOf sums m by d over the rows that are kept.
func partsOf(d, m *Column, keep func(row int) bool, r *Report) []part {
	values := map[string][]float64{}
	var order []string
	for i, v := range m.Numbers {
		if !keep(i) {
			continue
		}
		if math.IsNaN(v) {
			r.LeftOut++
			r.Used--
			continue
		}
		name := d.Texts[i]
		if d.Empty[i] {
			name = "(empty)"
		}
		if _, seen := values[name]; !seen {
			order = append(order, name)
		}
		values[name] = append(values[name], v)
	}
	parts := make([]part, 0, len(order))
	for _, n := range order {
		parts = append(parts, part{n, sum(values[n])})
	}
	return parts
}

// PeriodChange says which parts made a measure's sum change between two
// periods: each one's amounts, change and share of the whole change. Without
// from and to it takes the last two periods of the column, in the order of
// their texts (ISO dates and years sort so) or numbers.
func PeriodChange(f Frame, period, dimension, measure, from, to string) (Report, error) {
	t, err := f.column("period", period)
	if err != nil {
		return Report{}, err
	}
	d, err := f.column("dimension", dimension)
	if err != nil {
		return Report{}, err
	}
	m, err := f.numbers("measure", measure)
	if err != nil {
		return Report{}, err
	}
	if from, to, err = t.periods(from, to); err != nil {
		return Report{}, err
	}
	r := Report{Operation: "period_change"}
	in := func(p string) map[string]float64 {
		out := map[string]float64{}
		for _, q := range partsOf(d, m, func(i int) bool { return !t.Empty[i] && t.Texts[i] == p }, &r) {
			out[q.name] = q.amount
		}
		return out
	}
	r.decompose(in(from), in(to), d.Name, from, to)
	r.Used, r.LeftOut = 0, 0
	for i := range f.Rows {
		switch {
		case t.Empty[i] || t.Texts[i] != from && t.Texts[i] != to:
		case math.IsNaN(m.Numbers[i]):
			r.LeftOut++
		default:
			r.Used++
		}
	}
	f.cut(&r)
	return r, nil
}

func (r *Report) decompose(before, after map[string]float64, name, from, to string) {
	type change struct {
		name         string
		was, is, all float64
	}
	var changes []change
	var totals [2]float64
	names := slices.Sorted(maps.Keys(before)) // one order, so that sums are the same each time
	for n := range after {
		if _, known := before[n]; !known {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	for _, n := range names {
		was, is := before[n], after[n]
		changes = append(changes, change{n, was, is, is - was})
		totals[0] += was
		totals[1] += is
	}
	slices.SortFunc(changes, func(a, b change) int {
		return cmp.Or(cmp.Compare(math.Abs(b.all), math.Abs(a.all)), cmp.Compare(a.name, b.name))
	})
	whole := make([]float64, len(changes))
	for i, c := range changes {
		whole[i] = c.all
	}
	total := sum(whole)
	r.say("from", totals[0])
	r.say("to", totals[1])
	r.say("change", total)
	r.say("relative_change", total/math.Abs(totals[0]))
	r.Table = &Table{Columns: []string{name, from, to, "change", "share_of_change"}}
	for i, c := range changes {
		if i == mostShown {
			r.note(fmt.Sprintf("The table shows the greatest %d of %d changes.", mostShown, len(changes)))
			break
		}
		share := any(nil)
		if total != 0 {
			share = c.all / total
		}
		r.Table.Rows = append(r.Table.Rows, []any{c.name, c.was, c.is, c.all, share})
	}
	r.Sentence = fmt.Sprintf("From %s to %s the sum went from %s to %s (%s).", from, to, short(totals[0]), short(totals[1]), signed(total))
	if len(changes) > 0 {
		r.Sentence += fmt.Sprintf(" The greatest change is %s's: %s.", changes[0].name, signed(changes[0].all))
	}
}

// periods checks the two periods, or finds the last two.
func (c *Column) periods(from, to string) (string, string, error) {
	seen := map[string]int{}
	for i, v := range c.Texts {
		if !c.Empty[i] {
			seen[v] = i
		}
	}
	all := make([]string, 0, len(seen))
	for v := range seen {
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b string) int {
		if c.Numeric() {
			return cmp.Compare(c.Numbers[seen[a]], c.Numbers[seen[b]])
		}
		return cmp.Compare(a, b)
	})
	if from == "" && to == "" {
		if len(all) < 2 {
			return "", "", fault.BadField("period", "value_error", "a change needs two periods; the column has %d", len(all))
		}
		return all[len(all)-2], all[len(all)-1], nil
	}
	for _, p := range []struct{ argument, value string }{{"from", from}, {"to", to}} {
		if p.value == "" {
			return "", "", fault.Missing(p.argument)
		}
		if _, ok := seen[p.value]; !ok {
			return "", "", fault.BadField(p.argument, "value_error", "no row has the period %q; there are %s", p.value, few(all))
		}
	}
	if from == to {
		return "", "", fault.BadField("to", "value_error", "must be another period than from")
	}
	return from, to, nil
}
