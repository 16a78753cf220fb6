package stats

import (
	"fmt"
	"math"

	"github.com/postern/postern/internal/fault"
)

// Methods of correlation.
const (
	Pearson  = "pearson"
	Spearman = "spearman"
)

// Most columns of a matrix of correlations.
const mostColumns = 12

// Correlation measures how two columns of numbers move together: Pearson's r,
// or Spearman's rho over ranks, with the two-sided p-value of Student's t
// (n-2) and, for Pearson, the 95% interval by Fisher's z. Without x and y it
// gives every pair of the first 12 columns of numbers.
func Correlation(f Frame, x, y, method string) (Report, error) {
	if method == "" {
		method = Pearson
	}
	if method != Pearson && method != Spearman {
		return Report{}, fault.BadField("method", "enum", "must be %s or %s", Pearson, Spearman)
	}
	if x == "" && y == "" {
		return matrix(f, method)
	}
	cx, err := f.numbers("x", x)
	if err != nil {
		return Report{}, err
	}
	cy, err := f.numbers("y", y)
	if err != nil {
		return Report{}, err
	}
	xs, ys, out := pairs(cx, cy)
	if len(xs) < 3 {
		return Report{}, tooFew(3, len(xs))
	}
	r := Report{Operation: "correlation", Used: len(xs), LeftOut: out}
	coefficient, p := correlate(xs, ys, method)
	r.say("coefficient", coefficient)
	r.say("p_value", p)
	r.say("n", float64(len(xs)))
	if method == Pearson {
		low, high := fisherInterval(coefficient, len(xs))
		r.say("lower_95", low)
		r.say("upper_95", high)
	}
	if math.IsNaN(coefficient) {
		r.note("The coefficient is undefined: a column has one value only.")
	}
	r.note("Moving together does not say that one causes the other.")
	r.Sentence = fmt.Sprintf("%s and %s: %s (%s %s, p %s, n %d).", cx.Name, cy.Name, strength(coefficient), method, short(coefficient), pText(p), len(xs))
	f.cut(&r)
	return r, nil
}

func correlate(xs, ys []float64, method string) (coefficient, p float64) {
	if method == Spearman {
		xs, _ = ranks(xs)
		ys, _ = ranks(ys)
	}
	c := products(xs, ys) / math.Sqrt(squares(xs)*squares(ys))
	c = max(-1, min(1, c))
	df := float64(len(xs) - 2)
	return c, studentTwoSided(c*math.Sqrt(df/((1-c)*(1+c))), df)
}

// fisherInterval is the 95% interval of a Pearson coefficient.
func fisherInterval(c float64, n int) (low, high float64) {
	if n < 4 {
		return -1, 1
	}
	const normal975 = 1.959963984540054
	z, d := math.Atanh(c), normal975/math.Sqrt(float64(n-3))
	return math.Tanh(z - d), math.Tanh(z + d)
}

func matrix(f Frame, method string) (Report, error) {
	var cols []*Column
	left := 0
	for i := range f.Columns {
		switch {
		case !f.Columns[i].Numeric():
		case len(cols) == mostColumns:
			left++
		default:
			cols = append(cols, &f.Columns[i])
		}
	}
	if len(cols) < 2 {
		return Report{}, fault.New(fault.Invalid, "a correlation needs two columns of numbers; the result has %d", len(cols))
	}
	r := Report{Operation: "correlation", Used: f.Rows, Table: &Table{Columns: []string{"x", "y", "coefficient", "p_value", "n"}}}
	best, bx, by := math.NaN(), "", ""
	for i, x := range cols {
		for _, y := range cols[i+1:] {
			xs, ys, _ := pairs(x, y)
			c, p := math.NaN(), math.NaN()
			if len(xs) >= 3 {
				c, p = correlate(xs, ys, method)
			}
			if !math.IsNaN(c) && !(math.Abs(c) <= math.Abs(best)) {
				best, bx, by = c, x.Name, y.Name
			}
			r.Table.Rows = append(r.Table.Rows, []any{x.Name, y.Name, c, p, len(xs)})
		}
	}
	if left > 0 {
		r.note(fmt.Sprintf("Only the first %d columns of numbers were compared; %d were left out.", mostColumns, left))
	}
	r.note("Many pairs were compared: some p-values are small by chance alone.")
	r.Sentence = fmt.Sprintf("%s compared; the strongest is %s and %s (%s %s).", plural(len(r.Table.Rows), "pair"), bx, by, method, short(best))
	if bx == "" {
		r.Sentence = "No pair of columns has a defined correlation."
	}
	f.cut(&r)
	return r, nil
}

func strength(c float64) string {
	a := math.Abs(c)
	word := "no correlation to speak of"
	switch {
	case math.IsNaN(c):
		return "correlation undefined"
	case a >= 0.7:
		word = "strong"
	case a >= 0.4:
		word = "moderate"
	case a >= 0.2:
		word = "weak"
	}
	if a < 0.2 {
		return word
	}
	if c < 0 {
		return word + " negative correlation"
	}
	return word + " positive correlation"
}
