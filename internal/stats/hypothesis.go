package stats

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/postern/postern/internal/fault"
)

// TTest compares the means of two groups of a column: Welch's test, which does
// not take the variances as equal. by tells the groups apart; groups names the
// two where by has more.
func TTest(f Frame, value, by string, two []string) (Report, error) {
	names, a, b, r, err := twoGroups(f, value, by, two)
	if err != nil {
		return Report{}, err
	}
	if len(a) < 2 || len(b) < 2 {
		return Report{}, tooFew(2, min(len(a), len(b)))
	}
	r.Operation = "t_test"
	ma, mb := mean(a), mean(b)
	va, vb := variance(a)/float64(len(a)), variance(b)/float64(len(b))
	se := math.Sqrt(va + vb)
	df := (va + vb) * (va + vb) / (va*va/float64(len(a)-1) + vb*vb/float64(len(b)-1))
	t := (ma - mb) / se
	p := studentTwoSided(t, df)
	half := studentAt(0.95, df) * se
	for _, g := range []Figure{
		{"t", t}, {"degrees_of_freedom", df}, {"p_value", p}, {"difference", ma - mb}, {"lower_95", ma - mb - half}, {"upper_95", ma - mb + half},
		{"mean_a", ma}, {"mean_b", mb}, {"n_a", float64(len(a))}, {"n_b", float64(len(b))},
	} {
		r.say(g.Name, g.Value)
	}
	if se == 0 {
		r.note("The test is undefined: neither group varies.")
	}
	r.Sentence = fmt.Sprintf("Mean %s of %s is %s, of %s %s: %s (p %s).", value, names[0], short(ma), names[1], short(mb), verdict(p, "difference"), pText(p))
	return r, nil
}

// MannWhitney compares two groups by rank: U of the first group, with the
// two-sided p-value of the normal approximation, corrected for ties and
// continuity.
func MannWhitney(f Frame, value, by string, two []string) (Report, error) {
	names, a, b, r, err := twoGroups(f, value, by, two)
	if err != nil {
		return Report{}, err
	}
	r.Operation = "mann_whitney"
	na, nb := float64(len(a)), float64(len(b))
	rs, ties := ranks(slices.Concat(a, b))
	u := sum(rs[:len(a)]) - na*(na+1)/2
	n := na + nb
	sd := math.Sqrt(na * nb / 12 * ((n + 1) - ties/(n*(n-1))))
	z := (max(u, na*nb-u) - na*nb/2 - 0.5) / sd
	p := min(1, 2*normalUpper(z))
	if sd == 0 {
		p = math.NaN()
		r.note("The test is undefined: all values are the same.")
	}
	for _, g := range []Figure{
		{"u", u}, {"p_value", p}, {"median_a", median(a)}, {"median_b", median(b)}, {"effect_size", u / (na * nb)}, {"n_a", na}, {"n_b", nb},
	} {
		r.say(g.Name, g.Value)
	}
	if min(na, nb) < 8 {
		r.note("A group has fewer than 8 values: the normal approximation is rough.")
	}
	r.Sentence = fmt.Sprintf("Median %s of %s is %s, of %s %s: %s (p %s).", value, names[0], short(median(a)), names[1], short(median(b)), verdict(p, "difference"), pText(p))
	return r, nil
}

func normalUpper(z float64) float64 { return math.Erfc(z/math.Sqrt2) / 2 }

func median(xs []float64) float64 { return quantile(sortedCopy(xs), 0.5) }

// twoGroups finds the two groups that a test compares.
func twoGroups(f Frame, value, by string, two []string) (names []string, a, b []float64, r Report, err error) {
	v, err := f.numbers("value", value)
	if err != nil {
		return nil, nil, nil, r, err
	}
	g, err := f.column("group", by)
	if err != nil {
		return nil, nil, nil, r, err
	}
	names, values, out := groups(v, g)
	if len(two) > 0 {
		names = two
	}
	if len(names) != 2 || names[0] == names[1] {
		return nil, nil, nil, r, fault.BadField("groups", "value_error", "name two different values of %s to compare; it has %d: %s", g.Name, len(values), few(names))
	}
	for _, n := range names {
		if len(values[n]) == 0 {
			return nil, nil, nil, r, fault.BadField("groups", "value_error", "no row has %q in %s", n, g.Name)
		}
	}
	a, b = values[names[0]], values[names[1]]
	r.Used, r.LeftOut = len(a)+len(b), out
	f.cut(&r)
	return names, a, b, r, nil
}

// ChiSquare tests whether two columns of kinds depend on each other: Pearson's
// statistic without continuity correction, with Cramér's V. With weight, a row
// counts as often as that column says.
func ChiSquare(f Frame, row, column, weight string) (Report, error) {
	cells, err := cross(f, row, column, weight)
	if err != nil {
		return Report{}, err
	}
	nr, nc := len(cells.rows), len(cells.columns)
	if nr < 2 || nc < 2 {
		return Report{}, fault.New(fault.Invalid, "each column needs at least two different values; they have %d and %d", nr, nc)
	}
	r := Report{Operation: "chi_square", Used: cells.used, LeftOut: cells.leftOut}
	x, least := cells.statistic()
	df := float64((nr - 1) * (nc - 1))
	p := chiSquareAbove(x, df)
	r.say("chi_square", x)
	r.say("degrees_of_freedom", df)
	r.say("p_value", p)
	r.say("cramers_v", math.Sqrt(x/(cells.total*float64(min(nr, nc)-1))))
	r.say("n", cells.total)
	r.say("least_expected", least)
	if least < 5 {
		r.note("A cell is expected to hold fewer than 5: the p-value is rough.")
	}
	r.Table = cells.table(row)
	r.Sentence = fmt.Sprintf("%s and %s: %s (chi-square %s, %s degrees of freedom, p %s).", row, column, verdict(p, "dependence"), short(x), short(df), pText(p))
	f.cut(&r)
	return r, nil
}

// crossTable counts pairs of values.
type crossTable struct {
	rows, columns []string
	counts        map[[2]string]float64
	total         float64
	used, leftOut int
}

// Most values a column of a cross table may have.
const mostKinds = 100

func cross(f Frame, row, column, weight string) (*crossTable, error) {
	a, err := f.column("row", row)
	if err != nil {
		return nil, err
	}
	b, err := f.column("column", column)
	if err != nil {
		return nil, err
	}
	var w *Column
	if weight != "" {
		if w, err = f.numbers("weight", weight); err != nil {
			return nil, err
		}
	}
	t := &crossTable{counts: map[[2]string]float64{}}
	for i := range f.Rows {
		n := 1.0
		if w != nil {
			n = w.Numbers[i]
		}
		if a.Empty[i] || b.Empty[i] || math.IsNaN(n) {
			t.leftOut++
			continue
		}
		if n < 0 {
			return nil, fault.BadField("weight", "value_error", "row %d counts %s times", i+1, short(n))
		}
		t.used++
		t.total += n
		t.counts[[2]string{a.Texts[i], b.Texts[i]}] += n
	}
	t.rows, t.columns = t.kinds(0), t.kinds(1)
	if len(t.rows) > mostKinds || len(t.columns) > mostKinds {
		return nil, fault.New(fault.Invalid, "a column with more than %d different values is not one of kinds", mostKinds)
	}
	return t, nil
}

func (t *crossTable) kinds(side int) []string {
	seen := map[string]bool{}
	var out []string
	for k, n := range t.counts {
		if n > 0 && !seen[k[side]] {
			seen[k[side]] = true
			out = append(out, k[side])
		}
	}
	slices.Sort(out)
	return out
}

// statistic is Pearson's sum over all cells, and the least expected count.
func (t *crossTable) statistic() (x, least float64) {
	byRow, byColumn := map[string]float64{}, map[string]float64{}
	for k, n := range t.counts {
		byRow[k[0]] += n
		byColumn[k[1]] += n
	}
	least = math.Inf(1)
	var parts []float64
	for _, r := range t.rows {
		for _, c := range t.columns {
			expected := byRow[r] * byColumn[c] / t.total
			least = min(least, expected)
			d := t.counts[[2]string{r, c}] - expected
			parts = append(parts, d*d/expected)
		}
	}
	return sum(parts), least
}

func (t *crossTable) table(name string) *Table {
	out := &Table{Columns: append([]string{name}, t.columns...)}
	for _, r := range t.rows {
		row := []any{r}
		for _, c := range t.columns {
			row = append(row, t.counts[[2]string{r, c}])
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

func few(names []string) string {
	if len(names) > 10 {
		return strings.Join(names[:10], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
