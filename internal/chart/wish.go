package chart

import (
	"regexp"
	"strings"
)

var (
	wishedKind   = regexp.MustCompile(`\b(?:mark_(\w+)|(?:px|plt|ax\d?|sns|plot|alt)\.(\w+))\s*\(|kind\s*=\s*['"](\w+)['"]`)
	wishedColumn = regexp.MustCompile(`\b(x|y|color|hue|names|values|theta)\s*=\s*(?:alt\.\w+\(\s*)?['"]([^'"]+)['"]`)
	typeSuffix   = regexp.MustCompile(`:[A-Z]$`)
	aggregated   = regexp.MustCompile(`^\w+\((.*)\)$`)
)

var wishedKinds = map[string]Kind{
	"bar": Bar, "barplot": Bar, "barh": Bar, "line": Line, "lineplot": Line, "area": Area, "point": Scatter, "circle": Scatter, "scatter": Scatter, "scatterplot": Scatter,
	"arc": Pie, "pie": Pie, "rect": HeatMap, "heatmap": HeatMap, "boxplot": Box, "box": Box, "hist": Histogram, "histogram": Histogram, "histplot": Histogram,
}

// Wish reads what kind of chart a Python snippet draws and of which columns,
// without running any of it: the usual calls of Altair, Plotly, Matplotlib and
// seaborn. What it does not know, and what is not in the table, is left out.
func Wish(snippet string, t Table) (in Intent) {
	for _, m := range wishedKind.FindAllStringSubmatch(snippet, 20) {
		for _, w := range m[1:] {
			if k, ok := wishedKinds[strings.ToLower(w)]; ok && in.Kind == "" {
				in.Kind = k
			}
		}
	}
	p := profile(Table{Columns: t.Columns})
	for _, m := range wishedColumn.FindAllStringSubmatch(snippet, 20) {
		name := typeSuffix.ReplaceAllString(m[2], "")
		if inner := aggregated.FindStringSubmatch(name); inner != nil {
			name = inner[1]
		}
		f := p.find(name)
		if f == nil {
			continue
		}
		switch m[1] {
		case "x", "names":
			in.X = f.name
		case "y", "values", "theta":
			in.Y = f.name
		case "color", "hue":
			in.Color = f.name
		}
	}
	if in.Color == in.X { // colours that say the axis once more
		in.Color = ""
	}
	return in
}
