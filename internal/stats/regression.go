package stats

import (
	"fmt"
	"math"
	"strings"

	"github.com/postern/postern/internal/fault"
)

// Most columns that explain another.
const mostPredictors = 10

// LinearRegression fits y = b0 + b1·x1 + … by ordinary least squares, with
// each coefficient's standard error and two-sided p-value, R² and the F test
// of the whole.
func LinearRegression(f Frame, y string, xs []string) (Report, error) {
	target, predictors, err := f.model(y, xs)
	if err != nil {
		return Report{}, err
	}
	design, ys, out := rowsOf(target, predictors)
	n, k := len(ys), len(predictors)+1
	if n <= k {
		return Report{}, tooFew(k+1, n)
	}
	r := Report{Operation: "linear_regression", Used: n, LeftOut: out}
	fit, ok := leastSquares(design, ys)
	if !ok {
		return Report{}, fault.BadField("predictors", "value_error", "the columns do not vary independently: one is constant, or made of the others")
	}
	df := float64(n - k)
	total := squares(ys)
	r2 := 1 - fit.residual/total
	f1 := (total - fit.residual) / float64(k-1) / (fit.residual / df)
	r.say("r_squared", r2)
	r.say("adjusted_r_squared", 1-(1-r2)*float64(n-1)/df)
	r.say("f", f1)
	r.say("p_value", fisherAbove(f1, float64(k-1), df))
	r.say("residual_std_error", math.Sqrt(fit.residual/df))
	r.say("n", float64(n))
	if total == 0 {
		r.note("The fit is undefined: " + target.Name + " has one value only.")
	}
	r.Table = &Table{Columns: []string{"term", "coefficient", "std_error", "t", "p_value"}}
	terms := make([]string, 0, k)
	for i, b := range fit.coefficients {
		name := "intercept"
		if i > 0 {
			name = predictors[i-1].Name
			terms = append(terms, short(b)+" × "+name)
		}
		se := math.Sqrt(fit.residual / df * fit.inverse[i])
		r.Table.Rows = append(r.Table.Rows, []any{name, b, se, b / se, studentTwoSided(b/se, df)})
	}
	r.note("A fitted line describes these rows; it does not say that one column causes the other.")
	r.Sentence = fmt.Sprintf("%s ≈ %s + %s; explains %s%% of the variance (n %d).", target.Name, short(fit.coefficients[0]), strings.Join(terms, " + "), short(100*r2), n)
	f.cut(&r)
	return r, nil
}

func (f *Frame) model(y string, xs []string) (*Column, []*Column, error) {
	target, err := f.numbers("y", y)
	if err != nil {
		return nil, nil, err
	}
	if len(xs) == 0 {
		return nil, nil, fault.Missing("predictors")
	}
	if len(xs) > mostPredictors {
		return nil, nil, fault.BadField("predictors", "too_long", "at most %d columns", mostPredictors)
	}
	var predictors []*Column
	for _, x := range xs {
		c, err := f.numbers("predictors", x)
		if err != nil {
			return nil, nil, err
		}
		predictors = append(predictors, c)
	}
	return target, predictors, nil
}

// rowsOf is the design matrix with a column of ones, of rows that have every
// number.
func rowsOf(y *Column, xs []*Column) (design [][]float64, ys []float64, leftOut int) {
next:
	for i, v := range y.Numbers {
		row := []float64{1}
		for _, x := range xs {
			row = append(row, x.Numbers[i])
		}
		for _, cell := range append(row, v) {
			if math.IsNaN(cell) {
				leftOut++
				continue next
			}
		}
		design, ys = append(design, row), append(ys, v)
	}
	return design, ys, leftOut
}

// fitted is a solved least squares problem. inverse is the diagonal of
// (XᵀX)⁻¹.
type fitted struct {
	coefficients, inverse []float64
	residual              float64 // sum of squares
}

// leastSquares solves by modified Gram-Schmidt, columns orthogonalised twice:
// normal equations would lose half of the digits. False: the columns depend on
// each other.
func leastSquares(design [][]float64, ys []float64) (fitted, bool) {
	k := len(design[0])
	q := make([][]float64, k)
	r := make([][]float64, k)
	for j := range k {
		q[j], r[j] = make([]float64, len(ys)), make([]float64, k)
		for i := range design {
			q[j][i] = design[i][j]
		}
		size := math.Sqrt(dot(q[j], q[j]))
		for range 2 {
			for i := range j {
				c := dot(q[i], q[j])
				r[i][j] += c
				axpy(-c, q[i], q[j])
			}
		}
		if r[j][j] = math.Sqrt(dot(q[j], q[j])); r[j][j] <= 1e-12*size {
			return fitted{}, false
		}
		for i := range q[j] {
			q[j][i] /= r[j][j]
		}
	}
	rest := append([]float64(nil), ys...)
	qy := make([]float64, k)
	for range 2 {
		for j := range k {
			c := dot(q[j], rest)
			qy[j] += c
			axpy(-c, q[j], rest)
		}
	}
	f := fitted{coefficients: back(r, qy), inverse: make([]float64, k), residual: dot(rest, rest)}
	for j := range k {
		unit := make([]float64, k)
		unit[j] = 1
		for i, v := range back(r, unit) {
			f.inverse[i] += v * v
		}
	}
	return f, true
}

// back solves r·x = b for an upper triangle r.
func back(r [][]float64, b []float64) []float64 {
	x := make([]float64, len(b))
	for i := len(b) - 1; i >= 0; i-- {
		v := b[i]
		for j := i + 1; j < len(b); j++ {
			v -= r[i][j] * x[j]
		}
		x[i] = v / r[i][i]
	}
	return x
}

func dot(a, b []float64) float64 {
	ps := make([]float64, len(a))
	for i := range a {
		ps[i] = a[i] * b[i]
	}
	return sum(ps)
}

func axpy(c float64, x, y []float64) {
	for i := range y {
		y[i] += c * x[i]
	}
}
