package chart

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/postern/postern/internal/fault"
)

// mostFilled is how many rows are put into a caller's own spec.
const mostFilled = 20_000

// Draw gives the chart that a caller asked for: grammar is a Vega-Lite spec
// with encodings of its own, an intent, or nil for the chart that fits best.
// The data is put in here, under DataName, whatever the spec has in its place.
func Draw(t Table, grammar any, h Hints) (Chart, error) {
	g, err := object(grammar)
	if err != nil {
		return Chart{}, err
	}
	if len(g) == 0 {
		return Recommend(t, h)
	}
	in, isIntent, err := ParseIntent(g)
	if err != nil {
		return Chart{}, err
	}
	if isIntent {
		h.Intent = in
		if h.Title != "" {
			h.Intent.Title = ""
		}
		return Recommend(t, h)
	}
	return fill(t, g, h)
}

// fill puts a table into a caller's spec.
func fill(t Table, g map[string]any, h Hints) (Chart, error) {
	if len(t.Rows) == 0 {
		return Chart{}, fault.New(fault.Invalid, "no chart: the result has no rows")
	}
	if _, vega := g["marks"]; vega {
		return Chart{}, fault.BadField("chart_grammar", "not_vega_lite", "this is a Vega spec; give a Vega-Lite one (mark, encoding), or an intent (kind, x, y, color, title)")
	}
	p := profile(t)
	f := &filling{p: p}
	spec, _ := deepCopy(g).(map[string]any)
	if err := f.data(spec); err != nil {
		return Chart{}, err
	}
	f.walk(spec, "chart_grammar", false)
	if err := f.check(); err != nil {
		return Chart{}, err
	}
	return f.finish(spec, t, h)
}

// filling is a spec being looked through.
type filling struct {
	p       *table
	made    map[string]bool // fields that transforms make
	open    bool            // a transform makes fields whose names are not known (pivot)
	used    []usedField
	replace bool // the spec brought data of its own
}

type usedField struct{ path, name string }

// data takes the spec's own data away. What loads from elsewhere is refused
// and not replaced: its author must know that it was not read.
func (f *filling) data(spec map[string]any) error {
	d, has := spec["data"]
	if !has {
		return nil
	}
	m, _ := d.(map[string]any)
	if _, remote := m["url"]; remote {
		return fault.BadField("chart_grammar.data.url", "no_url", "data is not loaded from elsewhere: leave data out, the table is put in")
	}
	_, named := m["name"]
	f.replace = m != nil && !named && len(m) > 0
	if v, isList := m["values"].([]any); isList && len(v) == 0 {
		f.replace = false
	}
	delete(spec, "data")
	return nil
}

// walk gathers the fields that a spec reads and makes. Inside a view with
// values of its own nothing is gathered: its fields are its own.
func (f *filling) walk(v any, path string, own bool) {
	switch v := v.(type) {
	case []any:
		for i, e := range v {
			f.walk(e, path+"["+plainNumber(float64(i))+"]", own)
		}
	case map[string]any:
		if d, has := v["data"].(map[string]any); has {
			if _, inline := d["values"]; inline {
				own = true
			} else {
				delete(v, "data") // the table, under whatever name
				own = false
			}
		}
		f.transforms(v)
		for _, k := range sortedKeys(v) {
			f.key(k, v[k], path+"."+k, own)
		}
	}
}

func (f *filling) key(k string, v any, path string, own bool) {
	switch k {
	case "values", "config", "usermeta", "datasets":
		return // data and looks
	case "field", "groupby", "pivot", "density", "regression", "loess", "quantile", "impute", "fold", "flatten":
		if !own {
			f.use(v, path)
		}
	case "repeat":
		if !own {
			f.repeat(v, path)
		}
	}
	f.walk(v, path, own)
	if s, isText := v.(string); isText && !own && (k == "calculate" || k == "filter" || k == "test" || k == "expr") {
		for _, m := range datumField.FindAllStringSubmatch(s, -1) {
			f.used = append(f.used, usedField{path, m[1] + m[2]})
		}
	}
}

var datumField = regexp.MustCompile(`datum\.([A-Za-z_]\w*)|datum\[\s*['"]([^'"\]]+)['"]\s*\]`)

// use notes columns: a name, or a list of them.
func (f *filling) use(v any, path string) {
	switch v := v.(type) {
	case string:
		f.used = append(f.used, usedField{path, v})
	case []any:
		for _, e := range v {
			if s, ok := e.(string); ok {
				f.used = append(f.used, usedField{path, s})
			}
		}
	}
}

// repeat is a list of columns, or one for each direction; a text is a
// reference to it.
func (f *filling) repeat(v any, path string) {
	if _, isText := v.(string); isText {
		return
	}
	if m, ok := v.(map[string]any); ok {
		for _, k := range sortedKeys(m) {
			f.use(m[k], path+"."+k)
		}
		return
	}
	f.use(v, path)
}

// transforms notes what the transforms of a view make.
func (f *filling) transforms(v map[string]any) {
	list, _ := v["transform"].([]any)
	if f.made == nil {
		f.made = map[string]bool{}
	}
	for _, e := range list {
		m, _ := e.(map[string]any)
		if _, pivots := m["pivot"]; pivots {
			f.open = true
		}
		f.names(m["as"])
		for _, k := range []string{"aggregate", "joinaggregate", "window"} {
			ops, _ := m[k].([]any)
			for _, o := range ops {
				if om, ok := o.(map[string]any); ok {
					f.names(om["as"])
				}
			}
		}
		for k, made := range map[string][]string{"fold": {"key", "value"}, "density": {"value", "density"}, "quantile": {"prob", "value"}} {
			if _, has := m[k]; has {
				f.names([]any{made[0], made[1]})
			}
		}
	}
}

func (f *filling) names(as any) {
	switch as := as.(type) {
	case string:
		f.made[as] = true
	case []any:
		for _, e := range as {
			if s, ok := e.(string); ok {
				f.made[s] = true
			}
		}
	}
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// check refuses a field that is neither the table's nor made by the spec.
func (f *filling) check() error {
	if f.open {
		return nil
	}
	for _, u := range f.used {
		if u.name == "" || u.name == "*" || f.knows(u.name) {
			continue
		}
		return unknownField(u.path, u.name, f.p.names())
	}
	return nil
}

func (f *filling) knows(name string) bool {
	plain := strings.NewReplacer(`\.`, ".", `\[`, "[", `\]`, "]").Replace(name)
	head, _, _ := strings.Cut(plain, ".")
	base, _, _ := strings.Cut(head, "[")
	for _, n := range []string{plain, head, base} {
		if f.made[n] || slices.Contains(f.p.names(), n) {
			return true
		}
	}
	return strings.HasPrefix(name, "__") // Vega-Lite's own
}

// finish puts rows, title and looks into the spec.
func (f *filling) finish(spec map[string]any, t Table, h Hints) (Chart, error) {
	var notes []string
	if f.replace {
		notes = append(notes, "The data that the grammar brought is replaced by the table.")
	}
	rows := f.rows(t)
	if len(rows) < len(t.Rows) {
		notes = append(notes, "The first "+grouped(plainNumber(float64(len(rows))))+" of "+grouped(plainNumber(float64(len(t.Rows))))+" rows are drawn.")
	}
	if t.Partial != "" {
		notes = append(notes, sentence(t.Partial))
	}
	spec["$schema"], spec["data"] = schemaURL, obj{"name": DataName, "values": rows}
	title := firstOf(h.Title, titleText(spec["title"]))
	if title != "" || len(notes) > 0 {
		spec["title"] = mergedTitle(spec["title"], title, notes)
	}
	own, _ := spec["config"].(map[string]any)
	spec["config"] = mergedDeep(config(), own)
	if _, has := spec["description"]; !has {
		spec["description"] = "Chart: " + ended(firstOf(title, "of the table"))
	}
	spec["usermeta"] = obj{"postern": obj{"kind": Custom, "notes": listed(notes)}}
	b, err := encode(spec)
	if err == nil && h.Dark {
		b, err = Dark(b)
	}
	return Chart{Kind: Custom, Title: title, Notes: notes, Alt: "Chart: " + ended(firstOf(title, "of the table")), Spec: b, Marks: len(rows)}, err
}

// rows are the table as objects: numbers as numbers, moments as ISO 8601 in
// UTC where they have no zone, all else as text.
func (f *filling) rows(t Table) []obj {
	n := min(len(t.Rows), mostFilled)
	out := make([]obj, n)
	for i := range n {
		o := make(obj, len(f.p.fields))
		for _, fd := range f.p.fields {
			name := fd.name
			if _, taken := o[name]; taken {
				name = fd.key // the second column of one name
			}
			c := fd.cells[i]
			switch {
			case c.null:
				o[name] = nil
			case t.Columns[fd.col].Type == "integer" || t.Columns[fd.col].Type == "number":
				v, _ := number(t.Rows[i][fd.col])
				o[name] = v
			case t.Columns[fd.col].Type == "boolean":
				o[name] = t.Rows[i][fd.col]
			case fd.class == moment && t.Columns[fd.col].Type != "string":
				o[name] = c.text
			default:
				o[name], _ = nameOf(t.Rows[i][fd.col])
			}
		}
		out[i] = o
	}
	return out
}

func titleText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		var lines []string
		for _, e := range v {
			if s, ok := e.(string); ok {
				lines = append(lines, s)
			}
		}
		return strings.Join(lines, " ")
	case map[string]any:
		return titleText(v["text"])
	}
	return ""
}

// mergedTitle keeps what the caller said of the title's looks.
func mergedTitle(was any, title string, notes []string) obj {
	t := titleObject(title, notes, plotWidth)
	if title == "" {
		t["text"] = ""
	}
	if m, ok := was.(map[string]any); ok {
		for k, v := range m {
			if _, ours := t[k]; !ours || k == "subtitle" && len(notes) == 0 {
				t[k] = v
			}
		}
	}
	return t
}

func mergedDeep(base obj, over map[string]any) obj {
	for k, v := range over {
		b, isObj := base[k].(obj)
		o, both := v.(map[string]any)
		if isObj && both {
			base[k] = mergedDeep(b, o)
			continue
		}
		base[k] = v
	}
	return base
}

func deepCopy(v any) any {
	b, err := json.Marshal(v)
	if err != nil {
		return v
	}
	var out any
	d := json.NewDecoder(bytes.NewReader(b))
	if d.Decode(&out) != nil {
		return v
	}
	return out
}
