package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/semantic"
)

// Key is the same for results that are the same: of the same rows, in their
// order where the query asks for one. It is "" where they are not known.
func (r Rows) Key(q semantic.Query) string {
	if !r.Known {
		return ""
	}
	lines := make([]string, len(r.Cells))
	for i, row := range r.Cells {
		lines[i] = rowText(row)
	}
	if len(q.Order) == 0 {
		slices.Sort(lines)
	}
	return "rows\x02" + strings.Join(lines, "\x02")
}

// Vote is the evidence of what all readings of a question give, for the one at
// an index: odds are the logarithm of each one's before its rows are seen, and
// keys say which give the same. Each votes for its rows with its likelihood.
// One whose rows are not known is by itself.
func Vote(odds []float64, keys []string, at int) map[string]float64 {
	e := evidence{}
	results := map[string]bool{}
	own := sigmoid(odds[at])
	var same, all, best, others float64
	for i, key := range keys {
		p := sigmoid(odds[i])
		all += p
		if i != at && (key == "" || key != keys[at]) {
			others, best = others+p, max(best, p)
			if key == "" {
				e["vote unknown"]++
			} else {
				results[key] = true
			}
			continue
		}
		same += p
		e["vote readings"]++
		e.most("vote nearest", p)
	}
	e["vote odds"] = odds[at]
	e["vote share"] = same / all
	e["vote same"] = same
	e["vote others"], e["vote best other"] = others, best
	e["vote results"] = float64(len(results)) + e["vote unknown"]
	e["vote lead"] = own / (own + best)
	return e
}

// vote adds the votes of a reading's rivals to its evidence.
func (a *Answer) vote(e evidence, rows Rows, checked []Rows) {
	odds, keys := []float64{unseen().odds(a.Evidence)}, []string{rows.Key(a.Query)}
	for i, c := range a.Checks {
		if c.Rival == nil {
			continue
		}
		key := ""
		if i < len(checked) {
			key = checked[i].Key(c.Query)
		}
		odds, keys = append(odds, unseen().odds(c.Rival.Evidence)), append(keys, key)
	}
	for k, v := range Vote(odds, keys, 0) {
		e[k] = v
	}
}
