package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/postern/postern/internal/rank"
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
		if d := rank.Distance(strings.ToLower(written), strings.ToLower(c), least); d < least {
			best, least = c, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}
