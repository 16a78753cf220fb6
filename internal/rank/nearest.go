package rank

import (
	"slices"
	"strings"
)

// Nearest gives up to most of the names that may have been meant by one that
// is not among them: those spelled alike or, where there are none, those that
// share words with it.
func Nearest(written string, names []string, most int) []string {
	type near struct {
		name string
		far  int
	}
	var alike []near
	x := New()
	for _, n := range slices.Sorted(slices.Values(names)) {
		limit := max(len(written)/4+1, 2)
		if d := Distance(strings.ToLower(written), strings.ToLower(n), limit); d < limit {
			alike = append(alike, near{n, d})
		}
		x.Add(n, Field{Name: "name", Text: n})
	}
	slices.SortStableFunc(alike, func(a, b near) int { return a.far - b.far })
	var out []string
	add := func(n string) {
		if len(out) < most && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	for _, n := range alike {
		if n.far <= alike[0].far+1 { // what is much further was not meant
			add(n.name)
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, h := range x.Search(written, most) {
		add(h.ID)
	}
	return out
}

// DidYouMean says which of the names may have been meant, to go after a
// message; "" when none is near.
func DidYouMean(written string, names []string) string {
	near := Nearest(written, names, 3)
	if len(near) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(near, " or ") + "?"
}

// Distance is the number of single-byte edits between a and b, or limit when
// it is not below that.
func Distance(a, b string, limit int) int {
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
