package eval

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Table is an answer: rows of cells, each nil, bool, a number, a json.Number
// or a string.
type Table struct {
	Columns []string
	Rows    [][]any
}

// tolerance is how far numbers may be apart, relative to the larger one.
const tolerance = 1e-6

// Same compares two answers: the same columns in their places, whatever they
// are called, and the same rows as often, in the same order where that was
// asked for. Rows that the order leaves level may stand either way, as far as
// the table shows what it was ordered by.
func Same(got, want Table, ordered bool) bool {
	if len(got.Rows) != len(want.Rows) || len(got.Columns) != len(want.Columns) {
		return false
	}
	if slices.EqualFunc(got.Rows, want.Rows, sameRow) {
		return true
	}
	if !sameRows(got.Rows, want.Rows) {
		return false
	}
	return !ordered || sameOrder(got.Rows, want.Rows)
}

// sameOrder looks for a column that the wanted rows are ordered by, and that
// has the same values in the same places in both.
func sameOrder(got, want [][]any) bool {
	for c := range want[0] {
		up, down, equal := true, true, true
		for i := range want {
			equal = equal && sameCell(got[i][c], want[i][c])
			if i > 0 {
				d := compare(want[i-1][c], want[i][c])
				up, down = up && d <= 0, down && d >= 0
			}
		}
		if equal && up != down {
			return true
		}
	}
	return false
}

// sameRows compares as multisets. Sorting brings like rows together; only
// where numbers that are nearly the same have been sorted apart is each row
// looked for among all.
func sameRows(a, b [][]any) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.SortStableFunc(a, compareRows)
	slices.SortStableFunc(b, compareRows)
	if slices.EqualFunc(a, b, sameRow) {
		return true
	}
	if len(a) > 2000 {
		return false
	}
	for _, row := range a {
		i := slices.IndexFunc(b, func(o []any) bool { return sameRow(row, o) })
		if i < 0 {
			return false
		}
		b = slices.Delete(b, i, i+1)
	}
	return true
}

func sameRow(a, b []any) bool { return slices.EqualFunc(a, b, sameCell) }

func sameCell(a, b any) bool {
	x, okX := asNumber(a)
	y, okY := asNumber(b)
	switch {
	case okX && okY:
		return x == y || math.Abs(x-y) <= tolerance*max(math.Abs(x), math.Abs(y))
	case a == nil || b == nil:
		return a == nil && b == nil
	}
	return asText(a) == asText(b)
}

// asNumber reads numbers, true and false, and texts that are numbers: an
// engine without types gives the same value as either.
func asNumber(v any) (float64, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	case float64:
		return v, true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case string:
		if v == "" || strings.ContainsAny(v, "xXpP_nN") || strings.TrimSpace(v) != v {
			return 0, false // ParseFloat takes more than a number as people write it
		}
		f, err := strconv.ParseFloat(v, 64)
		return f, err == nil
	}
	return 0, false
}

func asText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return fmt.Sprint(v)
}

// compare orders cells: nothing, numbers, texts.
func compare(a, b any) int {
	x, okX := asNumber(a)
	y, okY := asNumber(b)
	rank := func(v any, number bool) int {
		switch {
		case v == nil:
			return 0
		case number:
			return 1
		}
		return 2
	}
	if r := cmp.Compare(rank(a, okX), rank(b, okY)); r != 0 {
		return r
	}
	if okX {
		return cmp.Compare(x, y)
	}
	return strings.Compare(asText(a), asText(b))
}

func compareRows(a, b []any) int { return slices.CompareFunc(a, b, compare) }

// Ordered reports whether a statement orders its result: it has ORDER BY
// outside all brackets, quotes and comments.
func Ordered(sql string) bool {
	depth := 0
	last := ""
	for i := 0; i < len(sql); {
		switch c := sql[i]; {
		case c == '\'' || c == '"' || c == '`':
			i = after(sql, i+1, string(c))
			last = ""
			continue
		case strings.HasPrefix(sql[i:], "--"):
			i = after(sql, i, "\n")
			continue
		case strings.HasPrefix(sql[i:], "/*"):
			i = after(sql, i+2, "*/")
			continue
		case c == '(':
			depth++
		case c == ')':
			depth--
		case letter(c):
			n := i
			for n < len(sql) && letter(sql[n]) {
				n++
			}
			word := strings.ToUpper(sql[i:n])
			if depth == 0 && last == "ORDER" && word == "BY" {
				return true
			}
			last, i = word, n
			continue
		}
		i++
	}
	return false
}

func letter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= '0' && c <= '9' || c >= 0x80
}

// after gives the place behind the next end.
func after(s string, from int, end string) int {
	if i := strings.Index(s[min(from, len(s)):], end); i >= 0 {
		return from + i + len(end)
	}
	return len(s)
}
