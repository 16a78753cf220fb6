package chart

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/fault"
)

// What a spec may be at most, so that reading it is no attack of its own.
const (
	mostBytes = 8 << 20
	mostDepth = 64
)

// Check says whether a spec is Vega-Lite 6 that Postern draws: JSON by the
// schema, with its data inline and nothing in it that loads from elsewhere.
// The fault is Invalid and names the path of the offending key.
func Check(spec []byte) error {
	if len(spec) > mostBytes {
		return fault.New(fault.Invalid, "the spec is %d bytes, more than the %d MiB that one may be: aggregate the data in SQL", len(spec), mostBytes>>20)
	}
	var v any
	if err := json.Unmarshal(spec, &v); err != nil {
		return fault.Because(err, fault.Invalid, "the spec is not JSON: %s", err)
	}
	root, ok := v.(map[string]any)
	if !ok {
		return fault.New(fault.Invalid, "the spec is not a JSON object")
	}
	w := walk{names: map[string]bool{}}
	w.gather(root)
	if err := w.value(root, nil); err != nil {
		return err
	}
	return conforms(withoutRows(root).(map[string]any))
}

// walk looks for what a spec may not hold, whatever the schema says.
type walk struct {
	names map[string]bool // data that the spec itself defines
}

// loads are the keys that have a chart fetch something, or a reader follow
// something, and what to do instead.
var loads = map[string]string{
	"url":    "a chart loads nothing: put the data into data.values",
	"href":   "charts have no links",
	"image":  "charts have no images",
	"loader": "a chart loads nothing",
}

// gather notes the names that data objects and datasets give.
func (w *walk) gather(v any) {
	switch v := v.(type) {
	case map[string]any:
		if sets, ok := v["datasets"].(map[string]any); ok {
			for name := range sets {
				w.names[name] = true
			}
		}
		if d, ok := v["data"].(map[string]any); ok && len(d) > 1 {
			if name, ok := d["name"].(string); ok && !onlyNames(d) {
				w.names[name] = true
			}
		}
		for k, x := range v {
			if k != "values" && k != "datasets" {
				w.gather(x)
			}
		}
	case []any:
		for _, x := range v {
			w.gather(x)
		}
	}
}

// onlyNames reports whether a data object refers to data given elsewhere.
func onlyNames(d map[string]any) bool {
	for k := range d {
		if k != "name" && k != "format" {
			return false
		}
	}
	return true
}

func (w *walk) value(v any, path []string) error {
	if len(path) > mostDepth {
		return fault.BadField(at(path[:8]), "depth", "nested more than %d deep", mostDepth)
	}
	switch v := v.(type) {
	case []any:
		for i, x := range v {
			if err := w.value(x, append(path, strconv.Itoa(i))); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if err := w.key(v, k, append(path, k)); err != nil {
				return err
			}
		}
	case string:
		if reference(v) && paints(path) {
			return fault.BadField(at(path), "loads", "a chart loads nothing: url(...) is not a colour")
		}
	}
	return nil
}

// key judges one key of an object; path ends with it.
func (w *walk) key(in map[string]any, k string, path []string) error {
	v := in[k]
	parent := ""
	if len(path) > 1 {
		parent = path[len(path)-2]
	}
	switch {
	case k == "__proto__":
		return fault.BadField(at(path), "name", "no key and no column may have this name")
	case k == "values" && parent == "data", parent == "datasets":
		return rows(v, path)
	case loads[k] != "":
		return fault.BadField(at(path), "loads", "%s", loads[k])
	case k == "time" && parent == "encoding":
		return fault.BadField(at(path), "time", "charts do not move: show time on x, or in a facet")
	case k == "embedOptions" && parent == "usermeta":
		return fault.BadField(at(path), "loads", "options of vega-embed cannot be set by a spec")
	case k == "mark" && v == "image", k == "type" && parent == "mark" && v == "image":
		return fault.BadField(at(path), "loads", "%s", loads["image"])
	case k == "data":
		d, _ := v.(map[string]any)
		if name, ok := d["name"].(string); ok && onlyNames(d) && !w.names[name] {
			return fault.BadField(at(append(path, "name")), "loads", "the spec has no data named %q: put it into datasets or data.values", name)
		}
	}
	return w.value(v, path)
}

// rows looks through data, in which any column name but one may stand.
func rows(v any, path []string) error {
	if len(path) > mostDepth {
		return fault.BadField(at(path[:8]), "depth", "nested more than %d deep", mostDepth)
	}
	switch v := v.(type) {
	case []any:
		for i, x := range v {
			switch x.(type) {
			case []any, map[string]any: // the path is built for these only
				if err := rows(x, append(path, strconv.Itoa(i))); err != nil {
					return err
				}
			}
		}
	case map[string]any:
		for k, x := range v {
			if k == "__proto__" {
				return fault.BadField(at(append(path, k)), "name", "no key and no column may have this name")
			}
			switch x.(type) {
			case []any, map[string]any:
				if err := rows(x, append(path, k)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// reference reports whether a string is one that CSS would load.
func reference(s string) bool {
	i := strings.Index(strings.ToLower(s), "url")
	return i >= 0 && strings.HasPrefix(strings.TrimLeft(s[i+3:], " \t\r\n"), "(")
}

// paints reports whether a value at the path is a colour or a cursor. Colours
// that come out of data are looked at when the chart is drawn.
func paints(path []string) bool {
	for _, k := range slices.Backward(path) {
		if _, err := strconv.Atoi(k); err != nil {
			k = strings.ToLower(k)
			return strings.HasSuffix(k, "color") || slices.Contains([]string{"fill", "stroke", "background", "cursor", "range"}, k)
		}
	}
	return false
}

// at writes a path as faults name fields.
func at(path []string) string { return strings.Join(path, ".") }

// withoutRows gives a spec whose data is empty, for the schema says nothing
// of rows and takes long to say it.
func withoutRows(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			switch d, _ := x.(map[string]any); {
			case k == "data" && d != nil:
				out[k] = emptied(d)
			case k == "datasets" && d != nil:
				out[k] = map[string]any{}
			default:
				out[k] = withoutRows(x)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = withoutRows(x)
		}
		return out
	}
	return v
}

func emptied(d map[string]any) map[string]any {
	out := maps.Clone(d)
	if _, many := d["values"].([]any); many {
		out["values"] = []any{}
	}
	return out
}
