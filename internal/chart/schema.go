package chart

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/postern/postern/internal/fault"
)

// schemaJSON is Vega-Lite 6's schema as scripts/vega wrote it, without prose.
//
//go:embed vega-lite-schema.json
var schemaJSON []byte

type judge struct {
	root     *jsonschema.Schema
	resolved *jsonschema.Resolved
}

// vegaLite reads the schema when it is first asked: it takes a tenth of a
// second.
var vegaLite = sync.OnceValues(func() (*judge, error) {
	var s jsonschema.Schema
	if err := json.Unmarshal(schemaJSON, &s); err != nil {
		return nil, fmt.Errorf("read Vega-Lite's schema: %w", err)
	}
	r, err := s.Resolve(nil)
	if err != nil {
		return nil, fmt.Errorf("resolve Vega-Lite's schema: %w", err)
	}
	return &judge{root: &s, resolved: r}, nil
})

// conforms judges a spec by the schema and says what is wrong with it in a
// sentence. The validator's own error lists every alternative that did not
// fit, which for Vega-Lite is pages.
func conforms(spec map[string]any) error {
	j, err := vegaLite()
	if err != nil {
		return err
	}
	if s, ok := spec["$schema"].(string); ok && strings.Contains(s, "/schema/vega/") {
		return fault.BadField("$schema", "schema", "this is a Vega spec: charts are Vega-Lite 6")
	}
	if j.resolved.Validate(spec) == nil {
		return nil
	}
	p := j.fit(j.root, spec, nil)
	if p == nil {
		return fault.New(fault.Invalid, "the spec is not Vega-Lite 6")
	}
	field := at(p.path)
	if field == "" {
		field = "spec"
	}
	return fault.BadField(field, "schema", "%s", p.sentence())
}

// problem is the reason a value does not fit a schema.
type problem struct {
	path    []string
	shape   int // how far from being meant: unknown keys, missing ones, another type
	unknown string
	missing string
	allowed []string // values, or keys where unknown is set
	other   string
}

func (p *problem) sentence() string {
	slices.Sort(p.allowed)
	p.allowed = slices.Compact(p.allowed)
	list := strings.Join(p.allowed, ", ")
	const most = 40
	if len(p.allowed) > most {
		list = strings.Join(p.allowed[:most], ", ") + ", and more"
	}
	switch {
	case p.unknown != "":
		if near := nearest(p.unknown, p.allowed); near != "" {
			return fmt.Sprintf("not known here; did you mean %q? Known are %s", near, list)
		}
		return "not known here; known are " + list
	case p.missing != "":
		return fmt.Sprintf("%q is missing", p.missing)
	case len(p.allowed) > 0:
		return "has to be " + strings.TrimPrefix("one of "+list, map[bool]string{true: "one of "}[len(p.allowed) == 1])
	}
	return p.other
}

// fit gives nil where the value fits, else the problem of the alternative
// that was most likely meant.
func (j *judge) fit(s *jsonschema.Schema, v any, path []string) *problem {
	if s.Ref != "" {
		def := j.root.Definitions[strings.TrimPrefix(s.Ref, "#/definitions/")]
		if def == nil {
			return nil
		}
		return j.fit(def, v, path)
	}
	if len(s.AnyOf) > 0 {
		if p := j.best(s.AnyOf, v, path); p != nil {
			return p
		}
	}
	if s.Const != nil {
		return oneOf([]any{*s.Const}, v, path)
	}
	if s.Enum != nil {
		return oneOf(s.Enum, v, path)
	}
	if p := ofType(s, v, path); p != nil {
		return p
	}
	switch v := v.(type) {
	case map[string]any:
		return j.object(s, v, path)
	case []any:
		return j.array(s, v, path)
	case float64:
		if s.Minimum != nil && v < *s.Minimum || s.Maximum != nil && v > *s.Maximum {
			return &problem{path: path, other: "out of range: " + bounds(s)}
		}
	}
	return nil
}

func bounds(s *jsonschema.Schema) string {
	var parts []string
	if s.Minimum != nil {
		parts = append(parts, fmt.Sprintf("at least %g", *s.Minimum))
	}
	if s.Maximum != nil {
		parts = append(parts, fmt.Sprintf("at most %g", *s.Maximum))
	}
	return strings.Join(parts, " and ")
}

// best tries alternatives. Of those that fail at the same place what they
// allow is put together.
func (j *judge) best(any []*jsonschema.Schema, v any, path []string) *problem {
	var b *problem
	for _, s := range any {
		p := j.fit(s, v, path)
		switch {
		case p == nil:
			return nil
		case b == nil, p.nearer(b):
			b = p
		case p.shape == b.shape && slices.Equal(p.path, b.path) && p.unknown == b.unknown && p.missing == b.missing:
			b.allowed = append(slices.Clone(b.allowed), p.allowed...)
		}
	}
	return b
}

// nearer reports whether p's alternative was more likely meant than b's.
func (p *problem) nearer(b *problem) bool {
	if p.shape != b.shape {
		return p.shape < b.shape
	}
	if len(p.path) != len(b.path) {
		return len(p.path) > len(b.path)
	}
	return p.unknown == "" && b.unknown != ""
}

func oneOf(allowed []any, v any, path []string) *problem {
	p := &problem{path: path}
	same := false
	for _, a := range allowed {
		if a == v {
			return nil
		}
		same = same || kind(a) == kind(v)
		p.allowed = append(p.allowed, show(a))
	}
	if !same {
		p.shape = otherType
	}
	return p
}

// otherType outweighs any number of unknown keys.
const otherType = 1000

func ofType(s *jsonschema.Schema, v any, path []string) *problem {
	types := s.Types
	if s.Type != "" {
		types = []string{s.Type}
	}
	if len(types) == 0 || slices.Contains(types, kind(v)) || kind(v) == "number" && slices.Contains(types, "integer") {
		return nil
	}
	p := &problem{path: path, shape: otherType}
	for _, t := range types {
		p.allowed = append(p.allowed, article(t))
	}
	return p
}

func article(t string) string {
	switch t {
	case "null":
		return t
	case "array", "object", "integer":
		return "an " + t
	}
	return "a " + t
}

func (j *judge) object(s *jsonschema.Schema, v map[string]any, path []string) *problem {
	var inner *problem
	var unknown []string
	for _, k := range slices.Sorted(maps.Keys(v)) {
		sub := s.Properties[k]
		if sub == nil {
			sub = s.AdditionalProperties
		}
		switch {
		case closed(sub):
			unknown = append(unknown, k)
		case sub != nil:
			if p := j.fit(sub, v[k], child(path, k)); p != nil && (inner == nil || len(p.path) > len(inner.path)) {
				inner = p
			}
		}
	}
	if p := strangers(s, v, unknown, path); p != nil {
		return p
	}
	if inner == nil {
		return nil
	}
	p := *inner
	if p.shape >= otherType && len(p.path) == len(path)+1 {
		p.shape = 1 // a key of another type tells alternatives apart
	} else {
		p.shape = 0
	}
	return &p
}

// strangers is the problem with an object's keys: unknown ones, and missing
// ones. A key that looks like a missing one counts once.
func strangers(s *jsonschema.Schema, v map[string]any, unknown []string, path []string) *problem {
	var p *problem
	shape := len(unknown)
	for _, k := range s.Required {
		if _, has := v[k]; has || nearest(k, unknown) != "" {
			continue
		}
		shape++
		p = &problem{path: path, missing: k}
	}
	if len(unknown) > 0 {
		p = &problem{path: child(path, unknown[0]), unknown: unknown[0], allowed: slices.Collect(maps.Keys(s.Properties))}
	}
	if p != nil {
		p.shape = shape
	}
	return p
}

// closed reports whether no further keys are allowed: additionalProperties
// was false.
func closed(s *jsonschema.Schema) bool { return s != nil && s.Not != nil }

func (j *judge) array(s *jsonschema.Schema, v []any, path []string) *problem {
	if s.MinItems != nil && len(v) < *s.MinItems || s.MaxItems != nil && len(v) > *s.MaxItems {
		return &problem{path: path, other: fmt.Sprintf("has %d elements, which is not allowed here", len(v))}
	}
	for i, x := range v {
		sub := s.Items
		if i < len(s.ItemsArray) {
			sub = s.ItemsArray[i]
		}
		if sub == nil {
			continue
		}
		if p := j.fit(sub, x, child(path, fmt.Sprint(i))); p != nil {
			return p
		}
	}
	return nil
}

func child(path []string, k string) []string { return append(slices.Clone(path), k) }

func kind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}

func show(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	return string(b)
}

// nearest is the known name that a typing error would make of another.
func nearest(s string, known []string) string {
	best, name := 3, ""
	for _, k := range known {
		if d := distance(strings.ToLower(s), strings.ToLower(k)); d < best {
			best, name = d, k
		}
	}
	return name
}

// distance is how many letters differ, are missing or stand swapped.
func distance(a, b string) int {
	prev2, prev := []int(nil), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(prev[j+1]+1, row[j]+1, prev[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], prev2[j-1]+1)
			}
		}
		prev2, prev = prev, row
	}
	return prev[len(b)]
}
