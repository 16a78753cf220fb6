package stats

import (
	"fmt"
	"math"
	"strconv"

	"github.com/postern/postern/internal/fault"
)

// bounds gives the limits outside which a value is an outlier; a threshold of
// 0 becomes the method's usual one.
func bounds(sorted []float64, method string, threshold *float64) (lower, upper float64, err error) {
	if *threshold < 0 {
		return 0, 0, fault.BadField("threshold", "greater_than", "must be greater than 0")
	}
	switch method {
	case IQR, "":
		if *threshold == 0 {
			*threshold = 1.5
		}
		q1, q3 := quantile(sorted, 0.25), quantile(sorted, 0.75)
		return q1 - *threshold*(q3-q1), q3 + *threshold*(q3-q1), nil
	case Z:
		if *threshold == 0 {
			*threshold = 3
		}
		if len(sorted) < 2 {
			return 0, 0, tooFew(2, len(sorted))
		}
		m, s := mean(sorted), math.Sqrt(variance(sorted))
		return m - *threshold*s, m + *threshold*s, nil
	}
	return 0, 0, fault.BadField("method", "enum", "must be %s or %s", IQR, Z)
}

func tooFew(need, have int) error {
	return fault.New(fault.Invalid, "at least %d rows with numbers are needed; there are %d", need, have)
}

// cut notes that not all rows were read.
func (f *Frame) cut(r *Report) {
	if f.Cut {
		r.note(fmt.Sprintf("Computed over the first %d rows of a longer result.", f.Rows))
	}
}

// verdict says what a p-value means at the usual level.
func verdict(p float64, what string) string {
	switch {
	case math.IsNaN(p):
		return "no " + what + " can be computed"
	case p < 0.05:
		return "a significant " + what + " at the 5% level"
	}
	return "no significant " + what + " at the 5% level"
}

func pText(p float64) string {
	if p < 0.0001 {
		return "< 0.0001"
	}
	return short(p)
}

// short writes a number for a sentence, in four significant digits.
func short(v float64) string {
	if math.IsNaN(v) {
		return "undefined"
	}
	if a := math.Abs(v); a >= 10_000 && a < 1e15 {
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

func signed(v float64) string {
	if v > 0 {
		return "+" + short(v)
	}
	return short(v)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func count(n int) string {
	if n == 0 {
		return "None"
	}
	return strconv.Itoa(n)
}

func be(n int) string {
	if n == 1 {
		return "lies"
	}
	return "lie"
}
