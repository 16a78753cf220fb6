package chart

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/postern/postern/internal/fault"
)

// task is what a question is after.
type task string

const (
	trend        task = "trend"
	share        task = "share"
	distribution task = "distribution"
	relation     task = "relation"
	ranking      task = "ranking"
	comparison   task = "comparison"
	total        task = "total"
)

var taskWords = []struct {
	task  task
	words *regexp.Regexp
}{
	{trend, regexp.MustCompile(`(?i)\b(trend|trends|over time|over the years|by (day|week|month|quarter|year)|per (day|week|month|quarter|year)|each (day|week|month|quarter|year)|daily|weekly|monthly|quarterly|yearly|annual|annually|history|evolution|evolve|develop|growth|grew|changed?|time series)\b`)},
	{share, regexp.MustCompile(`(?i)\b(share|shares|proportion|proportions|percentage of|percent of|breakdown|break down|composition|made up|split|part of|out of the total|mix)\b`)},
	{distribution, regexp.MustCompile(`(?i)\b(distribution|distributed|histogram|spread|frequency|frequencies|quartiles?|outliers?|range of|vary|varies|variation)\b`)},
	{relation, regexp.MustCompile(`(?i)\b(relationship|relation between|correlat\w+|versus|vs\.?|against|depends?|effect of|affects?|as a function of|scatter)\b`)},
	{ranking, regexp.MustCompile(`(?i)\b(top|most|highest|largest|biggest|best|rank\w*|lowest|least|worst|bottom|fewest|smallest)\b`)},
	{comparison, regexp.MustCompile(`(?i)\b(compar\w+|difference between|differ)\b`)},
	{total, regexp.MustCompile(`(?i)\b(volume|cumulative|running total|accumulat\w+)\b`)},
}

var smallFirst = regexp.MustCompile(`(?i)\b(lowest|least|worst|bottom|fewest|smallest|ascending)\b`)

var kindWords = []struct {
	kind  Kind
	words *regexp.Regexp
}{
	{StackedBar, regexp.MustCompile(`(?i)\bstacked[- _]?(bars?|columns?)?\b`)},
	{GroupedBar, regexp.MustCompile(`(?i)\b(grouped|clustered|side[- ]by[- ]side)[- _]?(bars?|columns?)\b`)},
	{MultiLine, regexp.MustCompile(`(?i)\bmulti[- _]?lines?\b`)},
	{Histogram, regexp.MustCompile(`(?i)\bhistogram\b`)},
	{Box, regexp.MustCompile(`(?i)\bbox[- _]?(plots?|(and|&)[- ]whiskers?)?\b`)},
	{HeatMap, regexp.MustCompile(`(?i)\bheat[- _]?maps?\b`)},
	{Bubble, regexp.MustCompile(`(?i)\bbubbles?\b`)},
	{Scatter, regexp.MustCompile(`(?i)\bscatter([- _]?plots?)?\b`)},
	{Pie, regexp.MustCompile(`(?i)\b(pie|donut|doughnut)\b`)},
	{Area, regexp.MustCompile(`(?i)\barea[- _]?(chart|graph|plot)\b`)},
	{Facet, regexp.MustCompile(`(?i)\b(small multiples?|facets?|facet(t)?ed|trellis)\b`)},
	{BigNumber, regexp.MustCompile(`(?i)\b(big number|kpi|single number|big_number)\b`)},
	{Line, regexp.MustCompile(`(?i)\bline[- _]?(charts?|graphs?|plots?)\b`)},
	{Bar, regexp.MustCompile(`(?i)\b(bars?|columns?)[- _]?(charts?|graphs?|plots?)\b`)},
}

// request is what is asked of the chart, out of all hints.
type request struct {
	tasks       map[task]bool
	kind        Kind
	forced      bool // the kind is the caller's explicit choice
	x, y, color *field
	intent      Intent
	smallest    bool // the small ones are asked for
	words       string
}

func asked(h Hints) *request {
	a := &request{tasks: map[task]bool{}, intent: h.Intent, kind: h.Intent.Kind, forced: h.Intent.Kind != ""}
	words := h.Question + " " + h.Title
	for _, t := range taskWords {
		if t.words.MatchString(words) {
			a.tasks[t.task] = true
		}
	}
	a.words = " " + strings.Join(wordsOf(words), " ") + " "
	a.smallest = smallFirst.MatchString(words)
	if a.kind == "" {
		for _, k := range kindWords {
			if k.words.MatchString(h.Question) {
				a.kind = k.kind
				break
			}
		}
	}
	return a
}

var wordForm = regexp.MustCompile(`[\p{L}\p{N}]+`)

func wordsOf(s string) []string { return wordForm.FindAllString(strings.ToLower(s), -1) }

// names says whether the question has the column's name in it.
func (a *request) names(f *field) bool {
	for _, n := range []string{f.name, f.title} {
		w := strings.Join(wordsOf(strings.ReplaceAll(n, "_", " ")), " ")
		if w != "" && (strings.Contains(a.words, " "+w+" ") || strings.Contains(a.words, " "+w+"s ")) {
			return true
		}
	}
	return false
}

// bind finds the columns that the intent names.
func (a *request) bind(p *table) error {
	for _, of := range []struct {
		channel, name string
		to            **field
	}{{"x", a.intent.X, &a.x}, {"y", a.intent.Y, &a.y}, {"color", a.intent.Color, &a.color}} {
		if of.name == "" {
			continue
		}
		f := p.find(of.name)
		if f == nil {
			return unknownField("chart_grammar."+of.channel, of.name, p.names())
		}
		*of.to = f
	}
	return nil
}

func (t *table) find(name string) *field {
	for _, f := range t.fields {
		if f.name == name || f.key == name {
			return f
		}
	}
	for _, f := range t.fields {
		if strings.EqualFold(f.name, name) || strings.EqualFold(f.title, name) {
			return f
		}
	}
	return nil
}

func (t *table) names() []string {
	out := make([]string, len(t.fields))
	for i, f := range t.fields {
		out[i] = f.name
	}
	return out
}

// unknownField names the columns that were probably meant.
func unknownField(where, name string, known []string) error {
	near := slices.Clone(known)
	dist := map[string]int{}
	for _, k := range known {
		dist[k] = edits(strings.ToLower(name), strings.ToLower(k))
	}
	slices.SortStableFunc(near, func(a, b string) int { return dist[a] - dist[b] })
	said := "the table has: "
	if len(near) > 5 {
		near, said = near[:5], "the nearest are: "
	}
	return fault.BadField(where, "unknown_field", "%s is not a column of the table; %s%s", quoted(name), said, strings.Join(near, ", "))
}

// edits is the Levenshtein distance, with a start in common counting little.
func edits(a, b string) int {
	if a == b {
		return 0
	}
	x, y := []rune(a), []rune(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		diag := row[0]
		row[0] = i + 1
		for j := range y {
			cost := diag
			if x[i] != y[j] {
				cost++
			}
			diag, row[j+1] = row[j+1], min(cost, row[j+1]+1, row[j]+1)
		}
	}
	d := 2 * row[len(y)]
	if a != "" && (strings.Contains(b, a) || strings.Contains(a, b)) {
		d = 1 + d/4
	}
	return d
}

// ParseKind reads a kind as callers spell it.
func ParseKind(s string) (Kind, bool) {
	k := strings.NewReplacer("-", "_", " ", "_").Replace(strings.ToLower(strings.TrimSpace(s)))
	k = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(k, "_chart"), "_plot"), "_graph")
	alias := map[string]Kind{
		"column": Bar, "bars": Bar, "columns": Bar, "horizontal_bar": Bar, "grouped": GroupedBar, "clustered_bar": GroupedBar, "stacked": StackedBar, "stacked_column": StackedBar,
		"lines": Line, "multiline": MultiLine, "scatterplot": Scatter, "point": Scatter, "points": Scatter, "boxplot": Box, "box_and_whisker": Box,
		"heatmap": HeatMap, "donut": Pie, "arc": Pie, "number": BigNumber, "kpi": BigNumber, "hist": Histogram, "small_multiples": Facet, "rect": HeatMap,
	}
	if a, ok := alias[k]; ok {
		return a, true
	}
	return Kind(k), slices.Contains(Kinds, Kind(k))
}

// ParseIntent reads an intent: {"kind": "bar", "x": "carrier", "y": "flights",
// "color": "origin", "title": "…"}, all optional. ok is false when it is not
// one, which is when it holds what only a grammar does.
func ParseIntent(grammar map[string]any) (in Intent, ok bool, err error) {
	for _, k := range []string{"mark", "encoding", "layer", "hconcat", "vconcat", "concat", "spec", "repeat", "marks", "signals"} {
		if _, has := grammar[k]; has {
			return in, false, nil
		}
	}
	text := func(names ...string) (s string) {
		for _, n := range names {
			switch v := grammar[n].(type) {
			case string:
				return v
			case map[string]any:
				if f, isText := v["field"].(string); isText {
					return f
				}
				if f, isText := v["text"].(string); isText {
					return f
				}
			case []any:
				if len(v) > 0 {
					s = fmt.Sprint(v[0])
					return s
				}
			}
		}
		return ""
	}
	in.X, in.Y, in.Color = text("x", "x_axis"), text("y", "y_axis"), text("color", "colour", "series", "group")
	in.Title = text("title")
	if k := text("kind", "type", "chart_type", "chart"); k != "" {
		var known bool
		if in.Kind, known = ParseKind(k); !known {
			return in, true, fault.BadField("chart_grammar.kind", "unknown_kind", "%s is not a kind of chart; there are: %s", quoted(k), kindList())
		}
	}
	return in, true, nil
}

func kindList() string {
	out := make([]string, len(Kinds))
	for i, k := range Kinds {
		out[i] = string(k)
	}
	return strings.Join(out, ", ")
}

// object reads a JSON object that may have come as a text, as models send it.
func object(v any) (map[string]any, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case map[string]any:
		return v, nil
	case string:
		if strings.TrimSpace(v) == "" {
			return nil, nil
		}
		var m map[string]any
		if err := json.Unmarshal([]byte(v), &m); err != nil || m == nil {
			return nil, fault.BadField("chart_grammar", "dict_type", "it must be a JSON object: a Vega-Lite spec, or an intent (kind, x, y, color, title)")
		}
		return m, nil
	}
	return nil, fault.BadField("chart_grammar", "dict_type", "it must be a JSON object: a Vega-Lite spec, or an intent (kind, x, y, color, title)")
}
