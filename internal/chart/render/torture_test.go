package render_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

type obj = map[string]any

// tortured is a generated spec, by a name that says what it is of.
type tortured struct {
	name string
	spec []byte
}

// torture makes specs of every mark, transform, aggregate, time unit, scale,
// projection and the like that Vega-Lite's schema knows, from the schema's own
// lists, so that a new version of it brings its own tests.
func torture(t *testing.T) []tortured {
	t.Helper()
	b, err := os.ReadFile("../vega-lite-schema.json")
	if err != nil {
		t.Fatal(err)
	}
	g := &generator{t: t}
	if err := json.Unmarshal(b, &g.schema); err != nil {
		t.Fatal(err)
	}
	for _, f := range []func(){g.marks, g.channels, g.aggregates, g.timeUnits, g.scales, g.transforms, g.windows, g.geography, g.compositions, g.guides, g.strange} {
		f()
	}
	if len(g.all) < 400 {
		t.Fatalf("only %d specs: the schema's lists were not found", len(g.all))
	}
	return g.all
}

type generator struct {
	t      *testing.T
	schema struct {
		Definitions map[string]struct {
			Enum       []any
			Properties map[string]json.RawMessage
			AnyOf      []struct {
				Ref string `json:"$ref"`
			}
		}
	}
	all []tortured
}

// list is an enumeration of the schema.
func (g *generator) list(def string) []string {
	var l []string
	for _, v := range g.schema.Definitions[def].Enum {
		if s, ok := v.(string); ok {
			l = append(l, s)
		}
	}
	if len(l) == 0 {
		g.t.Fatalf("the schema has no list %s", def)
	}
	return l
}

func (g *generator) add(name string, spec obj) {
	g.t.Helper()
	if spec["data"] == nil && spec["datasets"] == nil {
		spec["data"] = obj{"values": table()}
	}
	b, err := json.Marshal(spec)
	if err != nil {
		g.t.Fatal(err)
	}
	g.all = append(g.all, tortured{name, b})
}

// table has names c and g, numbers a and b (with gaps), a day d, places
// lat and lon and a list l.
func table() []obj {
	var rows []obj
	for i := range 24 {
		r := obj{"c": string(rune('A' + i%4)), "g": fmt.Sprint("group ", i%3), "a": i, "b": (i*37)%23 + 1, "d": fmt.Sprintf("20%02d-%02d-%02dT%02d:30:15", 20+i%3, i%12+1, i+1, i),
			"lat": i*5 - 60, "lon": i*14 - 170, "l": []int{i, i + 1}, "n": obj{"x": i}}
		if i%7 == 3 {
			r["b"] = nil
		}
		rows = append(rows, r)
	}
	return rows
}

func q(f string) obj { return obj{"field": f, "type": "quantitative"} }
func n(f string) obj { return obj{"field": f, "type": "nominal"} }
func f(f string) obj { return obj{"field": f} }
func tt(f string) obj {
	return obj{"field": f, "type": "temporal"}
}

func with(o obj, kv ...any) obj {
	o = maps.Clone(o)
	for i := 0; i < len(kv); i += 2 {
		o[kv[i].(string)] = kv[i+1]
	}
	return o
}

func (g *generator) marks() {
	marks := append(slices.Clone(g.list("Mark")), "boxplot", "errorbar", "errorband")
	for _, m := range marks {
		if m == "image" {
			continue // refused: see TestARefusedSpecIsToldWhereAndWhy
		}
		g.add("mark "+m+" of numbers", obj{"mark": m, "encoding": obj{"x": q("a"), "y": q("b")}})
		g.add("mark "+m+" of names", obj{"mark": m, "encoding": obj{"x": n("c"), "y": q("b"), "color": n("g")}})
		g.add("mark "+m+" of time", obj{"mark": obj{"type": m, "clip": true}, "encoding": obj{"x": tt("d"), "y": with(q("b"), "aggregate", "mean"), "color": n("c"), "opacity": obj{"value": 0.6}}})
		g.add("mark "+m+" alone", obj{"mark": m})
		g.add("mark "+m+" lying", obj{"mark": m, "encoding": obj{"y": n("c"), "x": q("b"), "size": q("a"), "text": n("c"), "theta": q("a"), "shape": n("c")}})
	}
	for _, i := range g.list("Interpolate") {
		for _, m := range []string{"line", "area"} {
			g.add(m+" "+i, obj{"mark": obj{"type": m, "interpolate": i, "tension": 0.5, "point": true, "line": m == "area"}, "encoding": obj{"x": q("a"), "y": q("b")}})
		}
	}
	for _, s := range []string{"circle", "square", "cross", "diamond", "triangle", "triangle-up", "triangle-down", "triangle-right", "triangle-left", "stroke", "arrow", "wedge", "M0,-1L1,1L-1,1Z"} {
		g.add("shape "+s, obj{"mark": obj{"type": "point", "shape": s, "filled": true, "size": 100, "angle": 30}, "encoding": obj{"x": q("a"), "y": q("b")}})
	}
	for _, p := range []obj{
		{"type": "bar", "cornerRadiusEnd": 6, "binSpacing": 0, "width": obj{"band": 0.5}},
		{"type": "bar", "minBandSize": 3, "orient": "horizontal", "stroke": "black", "strokeWidth": 2, "strokeDash": []int{4, 2}},
		{"type": "arc", "innerRadius": 40, "padAngle": 0.02, "cornerRadius": 5},
		{"type": "text", "text": []string{"two", "lines"}, "align": "right", "baseline": "top", "dx": 4, "dy": -4, "angle": 45, "fontSize": 20, "fontWeight": "bold", "fontStyle": "italic", "limit": 30, "ellipsis": "…"},
		{"type": "line", "strokeCap": "round", "strokeJoin": "bevel", "strokeMiterLimit": 2, "invalid": "break-paths-show-domains"},
		{"type": "rect", "color": obj{"gradient": "linear", "stops": []obj{{"offset": 0, "color": "white"}, {"offset": 1, "color": "navy"}}}},
		{"type": "rect", "color": obj{"gradient": "radial", "x1": 0.5, "stops": []obj{{"offset": 0, "color": "white"}, {"offset": 1, "color": "navy"}}}, "clip": true, "blend": "multiply"},
		{"type": "tick", "thickness": 3, "bandSize": 10}, {"type": "boxplot", "extent": "min-max", "median": obj{"color": "red"}, "ticks": true}, {"type": "boxplot", "extent": 0.5, "outliers": false},
		{"type": "errorbar", "extent": "stdev", "ticks": true, "rule": obj{"color": "red"}}, {"type": "errorband", "extent": "iqr", "borders": true, "interpolate": "monotone"},
		{"type": "point", "xOffset": 3, "yOffset": -3, "aria": false, "description": "dots"}, {"type": "rule", "x": 10, "x2": "width", "y": obj{"expr": "height/2"}},
	} {
		b, _ := json.Marshal(p)
		g.add("mark "+string(b), obj{"mark": p, "encoding": obj{"x": n("c"), "y": q("b"), "text": n("g")}})
	}
}

func (g *generator) channels() {
	values := map[string]any{
		"x2": f("b"), "y2": f("b"), "xError": f("b"), "xError2": f("b"), "yError": f("b"), "yError2": f("b"), "latitude": q("lat"), "longitude": q("lon"), "latitude2": f("lat"), "longitude2": f("lon"),
		"xOffset": n("g"), "yOffset": n("g"), "tooltip": []obj{n("c"), q("a")}, "order": obj{"field": "a", "sort": "descending"}, "detail": n("g"), "key": n("c"), "row": n("c"), "column": n("c"), "facet": n("c"),
		"text": obj{"field": "b", "format": ".1f"}, "description": n("c"), "shape": n("c"), "theta": q("a"), "theta2": f("b"), "radius": q("a"), "radius2": f("b"), "strokeDash": n("c"),
	}
	for _, c := range slices.Sorted(maps.Keys(g.schema.Definitions["FacetedEncoding"].Properties)) {
		if c == "href" || c == "url" || c == "time" {
			continue
		}
		v := values[c]
		if v == nil {
			v = q("b")
		}
		for _, m := range []string{"point", "bar", "arc", "text", "line"} {
			e := obj{"x": n("c"), "y": q("a")}
			switch {
			case strings.HasPrefix(c, "l"): // a place on the earth has no other
				e = obj{"latitude": q("lat"), "longitude": q("lon")}
			case strings.HasSuffix(c, "Error2"):
				e[strings.TrimSuffix(c, "2")] = v
			}
			e[c] = v
			g.add("channel "+c+" of "+m, obj{"mark": m, "encoding": e})
		}
		if slices.Contains([]string{"angle", "opacity", "fillOpacity", "strokeOpacity", "strokeWidth", "size"}, c) {
			g.add("channel "+c+" by condition", obj{"mark": "point", "encoding": obj{"x": q("a"), c: obj{"condition": obj{"test": "datum.a > 3", "value": 1}, "value": 2}}})
			g.add("channel "+c+" of a datum", obj{"mark": "point", "encoding": obj{"x": q("a"), c: obj{"datum": 5}}})
		}
		if slices.Contains([]string{"color", "fill", "stroke", "shape", "text", "description"}, c) {
			g.add("channel "+c+" by condition", obj{"mark": "point", "encoding": obj{"x": q("a"), c: obj{"condition": []obj{{"test": obj{"field": "a", "lt": 3}, "value": "red"}, {"test": "datum.a < 6", "value": "blue"}}, "field": "c", "type": "nominal"}}})
		}
	}
	for _, s := range []any{"ascending", "descending", nil, "x", "-y", "color", []string{"D", "B"}, obj{"field": "a", "op": "sum", "order": "descending"}, obj{"encoding": "y", "order": "ascending"}} {
		b, _ := json.Marshal(s)
		g.add("sort "+string(b), obj{"mark": "bar", "encoding": obj{"x": with(n("c"), "sort", s), "y": with(q("a"), "aggregate", "sum"), "color": n("g")}})
	}
	for _, s := range []any{"zero", "normalize", "center", nil, true, false} {
		for _, m := range []string{"bar", "area"} {
			g.add(fmt.Sprint("stack ", s, " of ", m), obj{"mark": m, "encoding": obj{"x": q("a"), "y": with(q("b"), "stack", s), "color": n("g")}})
		}
	}
	for _, b := range []any{true, obj{"maxbins": 5}, obj{"step": 3}, obj{"extent": []int{0, 10}}, obj{"nice": false, "base": 2}, "binned", obj{"binned": true, "step": 2}} {
		j, _ := json.Marshal(b)
		g.add("bin "+string(j), obj{"mark": "bar", "encoding": obj{"x": with(q("a"), "bin", b), "y": obj{"aggregate": "count"}}})
		g.add("heat map by bin "+string(j), obj{"mark": "rect", "encoding": obj{"x": with(q("a"), "bin", b), "y": with(q("b"), "bin", b), "color": obj{"aggregate": "count"}}})
	}
}

func (g *generator) aggregates() {
	for _, op := range g.list("AggregateOp") {
		agg := any(op)
		switch op {
		case "argmax", "argmin":
			agg = obj{op: "a"}
		case "exponential", "exponentialb":
			continue // of the transform only
		}
		g.add("aggregate "+op, obj{"mark": "bar", "encoding": obj{"x": n("c"), "y": with(q("b"), "aggregate", agg)}})
	}
	for _, op := range g.list("AggregateOp") {
		if strings.HasPrefix(op, "exponential") {
			continue // takes a parameter that Vega-Lite's schema does not know
		}
		g.add("transform aggregate "+op, obj{"transform": []obj{{"aggregate": []obj{{"op": op, "field": "b", "as": "v"}}, "groupby": []string{"c"}}}, "mark": "point", "encoding": obj{"x": n("c"), "y": q("v")}})
		g.add("transform joinaggregate "+op, obj{"transform": []obj{{"joinaggregate": []obj{{"op": op, "field": "b", "as": "v"}}, "groupby": []string{"c"}}}, "mark": "point", "encoding": obj{"x": n("c"), "y": q("v")}})
	}
}

func (g *generator) timeUnits() {
	for _, def := range []string{"LocalSingleTimeUnit", "UtcSingleTimeUnit", "LocalMultiTimeUnit", "UtcMultiTimeUnit", "BinnedTimeUnit"} {
		for i, u := range g.list(def) {
			typ := []string{"temporal", "ordinal"}[i%2]
			g.add("time unit "+u, obj{"mark": "bar", "encoding": obj{"x": obj{"field": "d", "timeUnit": u, "type": typ}, "y": obj{"aggregate": "count"}}})
		}
	}
	g.add("time unit with step", obj{"mark": "bar", "encoding": obj{"x": obj{"field": "d", "timeUnit": obj{"unit": "month", "step": 3, "utc": true}}, "y": obj{"aggregate": "count"}}})
	g.add("time unit, most bins", obj{"mark": "bar", "encoding": obj{"x": obj{"field": "d", "timeUnit": obj{"maxbins": 10}}, "y": obj{"aggregate": "count"}}})
	for _, f := range []string{"%d %b %Y", "%Y-%m-%dT%H:%M:%S.%L%Z", "%A %e %B, week %V, day %j, %p %I"} {
		g.add("time format "+f, obj{"mark": "text", "encoding": obj{"y": obj{"field": "d", "type": "ordinal", "timeUnit": "yearmonthdate"}, "text": obj{"field": "d", "type": "temporal", "format": f}}})
	}
}

func (g *generator) scales() {
	for _, s := range g.list("ScaleType") {
		scale := obj{"type": s}
		if s == "threshold" {
			scale["domain"], scale["range"] = []int{5, 10}, []string{"red", "green", "blue"}
		}
		if s == "bin-ordinal" {
			scale["domain"] = []int{0, 5, 10, 30}
		}
		g.add("scale "+s+" of a place", obj{"mark": "point", "encoding": obj{"x": with(q("a"), "scale", scale), "y": q("b")}})
		g.add("scale "+s+" of a colour", obj{"mark": "rect", "encoding": obj{"x": n("a"), "color": with(q("b"), "scale", scale)}})
		g.add("scale "+s+" of a size", obj{"mark": "point", "encoding": obj{"x": n("a"), "size": with(q("b"), "scale", scale), "opacity": with(q("b"), "scale", scale)}})
	}
	for _, def := range []string{"Categorical", "SequentialSingleHue", "Diverging", "Cyclical"} {
		for i, s := range g.list(def) {
			if i%4 == 0 {
				g.add("scheme "+s, obj{"mark": "rect", "encoding": obj{"x": n("c"), "y": n("g"), "color": obj{"field": "a", "type": []string{"ordinal", "quantitative"}[i/4%2], "scale": obj{"scheme": obj{"name": s, "extent": []float64{0.1, 0.9}}, "reverse": true}}}})
			}
		}
	}
	for _, p := range []obj{
		{"domain": []int{-5, 50}, "nice": true, "clamp": true}, {"zero": false, "padding": 10}, {"reverse": true, "round": true}, {"domainMin": 3, "domainMax": 17}, {"domain": obj{"unionWith": []int{100}}},
		{"type": "log", "base": 2}, {"type": "pow", "exponent": 3}, {"type": "symlog", "constant": 10}, {"range": []int{0, 50}}, {"rangeMin": 10, "rangeMax": 100}, {"nice": 20}, {"domainMid": 7, "scheme": "redblue"},
		{"interpolate": "cubehelix", "range": []string{"red", "blue"}}, {"interpolate": obj{"type": "rgb", "gamma": 2.2}, "range": []string{"red", "blue"}},
	} {
		b, _ := json.Marshal(p)
		g.add("scale "+string(b), obj{"mark": "point", "encoding": obj{"x": with(q("a"), "scale", p), "color": with(q("b"), "scale", with(p, "type", "linear"))}})
	}
}

func (g *generator) transforms() {
	xy := obj{"x": q("a"), "y": q("b"), "color": n("c")}
	for name, tr := range map[string]obj{
		"bin": {"bin": obj{"maxbins": 4}, "field": "a", "as": []string{"b0", "b1"}}, "calculate": {"calculate": "datum.a * 2 + length(datum.c) + (isValid(datum.b) ? log(datum.b) : 0)", "as": "k"},
		"density": {"density": "a", "groupby": []string{"c"}, "bandwidth": 2, "extent": []int{0, 30}, "as": []string{"a", "b"}}, "extent": {"extent": "a", "param": "ext"},
		"filter by expression": {"filter": "datum.a > 5 && datum.c != 'A' || indexof(datum.g, 'group 1') >= 0"}, "filter equal": {"filter": obj{"field": "c", "equal": "A"}}, "filter range": {"filter": obj{"field": "a", "range": []int{3, 9}}},
		"filter one of": {"filter": obj{"field": "c", "oneOf": []string{"A", "B"}}}, "filter valid": {"filter": obj{"field": "b", "valid": true}}, "filter time": {"filter": obj{"field": "d", "timeUnit": "year", "equal": 2021}},
		"filter logic": {"filter": obj{"and": []any{obj{"field": "a", "gte": 2}, obj{"not": obj{"field": "a", "lt": 4}}, obj{"or": []any{"datum.b > 3", obj{"field": "c", "equal": "C"}}}}}},
		"filter date":  {"filter": obj{"field": "d", "range": []any{obj{"year": 2020, "month": "feb"}, obj{"year": 2021, "month": 6, "date": 3}}}}, "flatten": {"flatten": []string{"l"}, "as": []string{"a"}},
		"fold": {"fold": []string{"a", "b"}, "as": []string{"c", "b"}}, "loess": {"loess": "b", "on": "a", "groupby": []string{"c"}, "bandwidth": 0.9}, "pivot": {"pivot": "c", "value": "a", "groupby": []string{"g"}, "op": "sum", "limit": 3},
		"quantile": {"quantile": "b", "step": 0.1, "as": []string{"a", "b"}}, "sample": {"sample": 10}, "stack": {"stack": "a", "groupby": []string{"c"}, "sort": []obj{{"field": "b", "order": "descending"}}, "offset": "normalize", "as": []string{"a", "b"}},
		"time unit": {"timeUnit": "yearmonth", "field": "d", "as": "a"}, "lookup": {"lookup": "c", "from": obj{"data": obj{"values": []obj{{"k": "A", "v": 10}, {"k": "B", "v": 20}}}, "key": "k", "fields": []string{"v"}}, "default": 0},
	} {
		g.add("transform "+name, obj{"transform": []obj{tr}, "mark": "point", "encoding": xy})
	}
	for _, m := range []string{"linear", "log", "exp", "pow", "quad", "poly"} {
		g.add("regression "+m, obj{"transform": []obj{{"filter": "datum.a > 0"}, {"regression": "b", "on": "a", "method": m, "order": 4, "groupby": []string{"c"}}}, "mark": "line", "encoding": xy})
		g.add("regression's parameters "+m, obj{"transform": []obj{{"filter": "datum.a > 0"}, {"regression": "b", "on": "a", "method": m, "params": true}}, "mark": "text", "encoding": obj{"text": obj{"field": "rSquared"}}})
	}
	for _, m := range g.list("ImputeMethod") {
		g.add("impute "+m, obj{"transform": []obj{{"impute": "b", "key": "a", "keyvals": obj{"start": 0, "stop": 30, "step": 3}, "method": m, "value": 7, "frame": []any{-2, nil}, "groupby": []string{"c"}}}, "mark": "line", "encoding": xy})
		g.add("impute in a channel "+m, obj{"mark": "line", "encoding": obj{"x": q("a"), "y": with(q("b"), "impute", obj{"method": m, "value": 0, "keyvals": []int{50, 60}}), "color": n("c")}})
	}
}

func (g *generator) windows() {
	for _, op := range slices.Concat(g.list("WindowOnlyOp"), []string{"sum", "mean", "count", "max", "median"}) {
		for i, frame := range []any{[]any{nil, 0}, []any{-2, 2}, []any{nil, nil}} {
			g.add(fmt.Sprint("window ", op, " ", i), obj{"transform": []obj{{"window": []obj{{"op": op, "field": "b", "param": 2, "as": "w"}}, "sort": []obj{{"field": "a"}}, "frame": frame, "ignorePeers": i == 1, "groupby": []string{"c"}}}, "mark": "line", "encoding": obj{"x": q("a"), "y": q("w"), "color": n("c")}})
		}
	}
}

func (g *generator) geography() {
	shape := obj{"values": []obj{{"type": "Feature", "properties": obj{"v": 1}, "geometry": obj{"type": "Polygon", "coordinates": [][][]int{{{-10, 0}, {0, 20}, {30, 10}, {-10, 0}}}}},
		{"type": "Feature", "properties": obj{"v": 2}, "geometry": obj{"type": "MultiPoint", "coordinates": [][]int{{40, 40}, {50, 50}}}}}}
	for _, p := range g.list("ProjectionType") {
		g.add("projection "+p, obj{"projection": obj{"type": p}, "layer": []obj{{"data": obj{"graticule": obj{"step": []int{30, 30}}}, "mark": obj{"type": "geoshape", "filled": false}}, {"data": shape, "mark": "geoshape", "encoding": obj{"color": q("properties.v")}},
			{"data": obj{"values": table()}, "mark": "circle", "encoding": obj{"latitude": q("lat"), "longitude": q("lon")}}}})
	}
	g.add("a sphere", obj{"data": obj{"sphere": true}, "mark": "geoshape", "projection": obj{"type": "orthographic", "rotate": []int{30, 0, 0}, "clipAngle": 80, "precision": 0.2}})
}

func (g *generator) compositions() {
	bar := obj{"mark": "bar", "encoding": obj{"x": n("c"), "y": with(q("a"), "aggregate", "sum")}}
	dots := obj{"mark": "point", "encoding": obj{"x": q("a"), "y": q("b")}}
	g.add("layers", obj{"layer": []obj{bar, {"mark": "rule", "encoding": obj{"y": obj{"datum": 30}}}, {"mark": obj{"type": "text", "dy": -6}, "encoding": obj{"x": n("c"), "y": with(q("a"), "aggregate", "sum"), "text": with(q("a"), "aggregate", "sum")}}}})
	g.add("two axes", obj{"layer": []obj{bar, {"mark": "line", "encoding": obj{"x": n("c"), "y": with(q("b"), "aggregate", "mean")}}}, "resolve": obj{"scale": obj{"y": "independent"}, "axis": obj{"y": "independent"}}})
	for _, op := range []string{"hconcat", "vconcat", "concat"} {
		g.add(op, obj{op: []obj{bar, dots, {op: []obj{dots, bar}}}, "spacing": 30, "bounds": "flush", "center": true})
	}
	g.add("concat in columns", obj{"concat": []obj{bar, dots, bar, dots, bar}, "columns": 2, "align": "none"})
	g.add("facet", obj{"facet": obj{"field": "c", "header": obj{"labelAngle": 30}}, "columns": 2, "spec": dots})
	g.add("facet by row and column", obj{"facet": obj{"row": n("c"), "column": n("g")}, "spec": dots, "resolve": obj{"scale": obj{"x": "independent", "y": "independent"}}})
	g.add("facet of layers", obj{"facet": n("c"), "spec": obj{"layer": []obj{dots, bar}}})
	g.add("facet by sum", obj{"mark": "bar", "encoding": obj{"x": n("g"), "y": with(q("a"), "aggregate", "sum"), "facet": obj{"field": "c", "sort": obj{"field": "a", "op": "sum", "order": "descending"}, "columns": 2}}})
	g.add("repeat", obj{"repeat": []string{"a", "b"}, "columns": 1, "spec": obj{"mark": "point", "encoding": obj{"x": obj{"field": obj{"repeat": "repeat"}, "type": "quantitative"}, "y": q("a")}}})
	g.add("repeat by row and column", obj{"repeat": obj{"row": []string{"a", "b"}, "column": []string{"b", "a"}}, "spec": obj{"mark": "point", "encoding": obj{"x": obj{"field": obj{"repeat": "column"}, "type": "quantitative"}, "y": obj{"field": obj{"repeat": "row"}, "type": "quantitative"}}}})
	g.add("repeat as layers", obj{"repeat": obj{"layer": []string{"a", "b"}}, "spec": obj{"mark": "line", "encoding": obj{"x": q("a"), "y": obj{"field": obj{"repeat": "layer"}, "type": "quantitative"}, "color": obj{"datum": obj{"repeat": "layer"}}}}})
	g.add("views in views", obj{"vconcat": []obj{{"hconcat": []obj{{"facet": n("c"), "spec": dots}, bar}}, {"repeat": []string{"a", "b"}, "spec": obj{"layer": []obj{dots, {"mark": "line", "encoding": obj{"x": q("a"), "y": obj{"field": obj{"repeat": "repeat"}, "type": "quantitative"}}}}}}}})
	for _, p := range []any{obj{"name": "p", "select": "interval"}, obj{"name": "p", "select": "point"}, obj{"name": "p", "select": obj{"type": "interval", "encodings": []string{"x"}}, "value": obj{"x": []int{3, 9}}}, obj{"name": "p", "select": "interval", "bind": "scales"},
		obj{"name": "p", "select": obj{"type": "point", "fields": []string{"c"}}, "bind": "legend", "value": "A"}, obj{"name": "p", "select": obj{"type": "point", "fields": []string{"a"}, "on": "pointerover", "nearest": true}}} {
		b, _ := json.Marshal(p)
		g.add("selection "+string(b), obj{"params": []any{p}, "mark": "point", "encoding": obj{"x": q("a"), "y": q("b"), "color": obj{"condition": with(n("c"), "param", "p"), "value": "grey"}}})
	}
	g.add("parameters", obj{"params": []obj{{"name": "w", "value": 4, "bind": obj{"input": "range", "min": 1, "max": 9}}, {"name": "v", "expr": "w * 2"}}, "mark": obj{"type": "bar", "width": obj{"expr": "w"}, "opacity": obj{"expr": "v / 10"}}, "encoding": obj{"x": q("a"), "y": q("b")}})
	g.add("overview and detail", obj{"vconcat": []obj{with(dots, "encoding", obj{"x": with(q("a"), "scale", obj{"domain": obj{"param": "brush"}}), "y": q("b")}), with(dots, "params", []obj{{"name": "brush", "select": obj{"type": "interval", "encodings": []string{"x"}}}}, "height", 40)}})
	g.add("filter by a selection", obj{"hconcat": []obj{with(dots, "params", []obj{{"name": "p", "select": "interval"}}), with(bar, "transform", []obj{{"filter": obj{"param": "p"}}})}})
}

func (g *generator) guides() {
	for _, a := range []obj{
		{"orient": "top", "labelAngle": -45, "grid": true, "gridDash": []int{2, 2}}, {"format": "$,.2f"}, {"format": ".0%"}, {"format": "~s", "tickCount": 3}, {"labelExpr": "'no. ' + datum.label + (datum.index % 2 ? '!' : '')"},
		{"values": []int{1, 5, 20}, "tickMinStep": 4, "ticks": false, "domain": false}, {"title": []string{"two", "lines"}, "titleAngle": 0, "titleAlign": "left", "titleY": -5}, {"labelOverlap": "greedy", "labelFlush": true, "labelBound": true},
		{"labelColor": obj{"condition": obj{"test": "datum.value > 5", "value": "red"}, "value": "blue"}}, {"bandPosition": 0.5, "offset": 20, "position": 4, "zindex": 1, "translate": 0}, {"minExtent": 60, "maxExtent": 100, "labelLimit": 20, "labelAlign": "left", "labelBaseline": "top"},
	} {
		b, _ := json.Marshal(a)
		g.add("axis "+string(b), obj{"mark": "point", "encoding": obj{"x": with(q("a"), "axis", a), "y": q("b")}})
	}
	for _, l := range []obj{
		{"orient": "bottom", "direction": "horizontal", "columns": 2}, {"orient": "none", "legendX": 10, "legendY": 10}, {"type": "gradient", "gradientLength": 100, "tickCount": 3}, {"type": "symbol", "symbolType": "diamond", "symbolSize": 200}, {"title": nil, "labelLimit": 20},
		{"values": []int{3, 7}, "format": ".1f"}, {"orient": "top-left", "fillColor": "#eee", "padding": 8, "cornerRadius": 4, "strokeColor": "black"}, {"labelExpr": "datum.label + '%'", "titleOrient": "left", "rowPadding": 10, "symbolLimit": 2},
	} {
		b, _ := json.Marshal(l)
		g.add("legend "+string(b)+" of numbers", obj{"mark": "point", "encoding": obj{"x": q("a"), "y": q("b"), "color": with(q("b"), "legend", l)}})
		g.add("legend "+string(b)+" of names", obj{"mark": "point", "encoding": obj{"x": q("a"), "y": q("b"), "color": with(n("c"), "legend", l), "shape": with(n("g"), "legend", l), "size": with(q("a"), "legend", l)}})
	}
	g.add("titles", obj{"title": obj{"text": []string{"a title", "of two lines"}, "subtitle": "and more", "anchor": "end", "orient": "bottom", "frame": "group", "angle": 5}, "mark": "point", "encoding": obj{"x": q("a")}})
	g.add("a config", obj{"config": obj{"background": "#eee", "style": obj{"bold": obj{"fontWeight": "bold"}}, "bar": obj{"color": "teal"}, "axisX": obj{"labelAngle": 90}, "numberFormat": ".2f", "countTitle": "How many", "fieldTitle": "verbal", "locale": obj{"number": obj{"decimal": ",", "thousands": ".", "grouping": []int{3}, "currency": []string{"", " €"}}}}, "mark": "bar", "encoding": obj{"x": n("c"), "y": obj{"aggregate": "count"}}})
	for _, s := range []obj{{"width": 100, "height": 50}, {"width": obj{"step": 40}}, {"width": "container", "height": "container"}, {"autosize": "pad"}, {"autosize": obj{"type": "fit", "contains": "padding"}, "width": 300, "height": 200}, {"autosize": "none", "padding": obj{"left": 50, "top": 5}}, {"padding": 0, "background": "transparent", "view": obj{"fill": "#def", "stroke": "red", "cornerRadius": 8}}, {"width": 1, "height": 1}} {
		b, _ := json.Marshal(s)
		s["mark"], s["encoding"] = "bar", obj{"x": n("c"), "y": q("a")}
		g.add("size "+string(b), s)
	}
}

// strange is data as it comes: gaps, texts in number columns, names that look
// like paths, letters of other scripts.
func (g *generator) strange() {
	for name, rows := range map[string][]any{
		"no rows": {}, "one row": {obj{"x": 1, "y": 2}}, "nulls only": {obj{"x": nil, "y": nil}, obj{"x": nil, "y": nil}}, "empty objects": {obj{}, obj{}}, "numbers for rows": {1, 2, 3}, "texts for rows": {"a", "b"},
		"texts as numbers": {obj{"x": "1", "y": "2.5"}, obj{"x": "x", "y": ""}}, "huge and tiny": {obj{"x": 1e300, "y": 1e-300}, obj{"x": -1e300, "y": 5e-324}}, "equal values": {obj{"x": 5, "y": 5}, obj{"x": 5, "y": 5}}, "negative values": {obj{"x": -1, "y": -10}, obj{"x": -2, "y": -20}},
		"booleans": {obj{"x": true, "y": false}, obj{"x": false, "y": true}}, "lists and objects": {obj{"x": []int{1}, "y": obj{"z": 1}}}, "dates": {obj{"x": "1890-01-01", "y": "2200-12-31T23:59:59Z"}, obj{"x": "2024-02-29T12:00:00+05:30", "y": "Jan 5 2021 10:00"}},
		"other scripts": {obj{"x": "日本語のとても長い名前", "y": 1}, obj{"x": "עברית", "y": 2}, obj{"x": "العربية", "y": 3}, obj{"x": "Zoë 👩‍👩‍👧 ñ", "y": 4}, obj{"x": "<b>&amp;\"'", "y": 5}, obj{"x": "", "y": 6}, obj{"x": "two\nlines", "y": 7}},
		"long names":    {obj{"x": strings.Repeat("a long name ", 30), "y": 1}, obj{"x": strings.Repeat("x", 500), "y": 2}},
	} {
		for _, typ := range []string{"quantitative", "nominal", "ordinal", "temporal"} {
			g.add("strange: "+name+" as "+typ, obj{"data": obj{"values": rows}, "mark": "bar", "encoding": obj{"x": obj{"field": "x", "type": typ}, "y": obj{"field": "y", "type": []string{"quantitative", typ}[len(name)%2]}}})
		}
	}
	for _, f := range []string{"n.x", "n['x']", `a\.b`, "a[0]", "with space", "quo'te", `quo"te`, "ünï", "a-b", "$x", "0", "toString", "constructor"} {
		g.add("field "+f, obj{"data": obj{"values": []obj{{"n": obj{"x": 1}, "a.b": 2, "a": []int{3}, "with space": 4, "quo'te": 5, `quo"te`: 6, "ünï": 7, "a-b": 8, "$x": 9, "0": 10, "toString": 11, "constructor": 12}}}, "mark": "bar", "encoding": obj{"x": n("a"), "y": q(f), "color": n(f)}})
	}
	for name, d := range map[string]obj{
		"CSV": {"values": "x,y\n1,2\n2,3", "format": obj{"type": "csv"}}, "TSV": {"values": "x\ty\n1\t2", "format": obj{"type": "tsv"}}, "DSV": {"values": "x|y\n1|2", "format": obj{"type": "dsv", "delimiter": "|"}}, "JSON in a text": {"values": `{"p":[{"x":1,"y":2}]}`, "format": obj{"type": "json", "property": "p"}},
		"parsed dates": {"values": []obj{{"x": "05/03/2021", "y": 3}}, "format": obj{"parse": obj{"x": "date:'%d/%m/%Y'"}}}, "a sequence": {"sequence": obj{"start": 0, "stop": 10, "as": "x"}}, "one object": {"values": obj{"x": 1, "y": 2}},
	} {
		g.add("data as "+name, obj{"data": d, "mark": "point", "encoding": obj{"x": q("x"), "y": q("y")}})
	}
	g.add("a data set by name", obj{"datasets": obj{"s": []obj{{"x": 1}}}, "data": obj{"name": "s"}, "mark": "point", "encoding": obj{"x": q("x")}})
}
