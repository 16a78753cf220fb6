package policy

import (
	"fmt"
	"slices"
	"strings"
)

// someNames caps how many names a message lists.
const someNames = 12

// itHas lists names for a refusal, sorted, not more than a message can hold.
func itHas(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	names = slices.Sorted(slices.Values(names))
	if more := len(names) - someNames; more > 0 {
		return strings.Join(names[:someNames], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}

// oneOf writes a few names as alternatives, and many as what they are.
func oneOf(names []string) string {
	if len(names) > 3 {
		return fmt.Sprintf("any of the %d record sets it may be of", len(names))
	}
	return orList(names)
}

// didYouMean names the candidate nearest to what was written, if one is near.
func didYouMean(written string, candidates []string) string {
	best, least := "", len(written)/3+2
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		if d := distance(strings.ToLower(written), strings.ToLower(c), least); d < least {
			best, least = c, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// distance is the number of single-byte edits between a and b, or limit when
// it is not below that.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit || len(a) > 64 {
		return limit
	}
	row := make([]int, len(b)+1)
	for k := range row {
		row[k] = k
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for k := range len(b) {
			cost := diagonal
			if a[i] != b[k] {
				cost = 1 + min(diagonal, row[k], row[k+1])
			}
			diagonal, row[k+1] = row[k+1], cost
		}
	}
	return min(row[len(b)], limit)
}
