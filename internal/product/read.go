package product

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/postern/postern/internal/fault"
)

// maxFields bounds how many wrong fields one answer names.
const maxFields = 50

// reader walks a spec and collects everything that is wrong with it, so that
// the author mends it in one go.
type reader struct{ fields []fault.Field }

// place is a node and its path in the document.
type place struct {
	path []string
	node *yaml.Node
}

func (a place) child(key string, n *yaml.Node) place {
	return place{path: append(slices.Clone(a.path), key), node: n}
}

func (r *reader) fail(a place, rule, format string, args ...any) {
	if len(r.fields) >= maxFields {
		return
	}
	msg := fmt.Sprintf(format, args...)
	if a.node != nil && a.node.Line > 0 {
		msg = fmt.Sprintf("%s (line %d)", msg, a.node.Line)
	}
	r.fields = append(r.fields, fault.Field{Loc: append([]string{"body"}, a.path...), Msg: msg, Type: rule})
}

// err is the one fault of all that was collected.
func (r *reader) err() error {
	if len(r.fields) == 0 {
		return nil
	}
	f := r.fields[0]
	e := fault.New(fault.Invalid, "%s: %s", strings.Join(f.Loc[1:], "."), f.Msg)
	if n := len(r.fields); n > 1 {
		e.Message += fmt.Sprintf("; and %d more", n-1)
	}
	e.Fields = r.fields
	return e
}

// object is a mapping of the spec whose keys were checked.
type object struct {
	place
	keys []string // in the order written
	at   map[string]place
}

// absent reports a value that was left out: null counts as left out.
func absent(n *yaml.Node) bool {
	return n == nil || n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// mapping reads a mapping with any keys; ok is false when it is none.
func (r *reader) mapping(a place) (o object, ok bool) {
	o = object{place: a, at: map[string]place{}}
	if absent(a.node) {
		return o, false
	}
	if a.node.Kind != yaml.MappingNode {
		r.fail(a, "dict_type", "must be a map of keys and values")
		return o, false
	}
	for i := 0; i+1 < len(a.node.Content); i += 2 {
		k := a.node.Content[i].Value
		o.keys = append(o.keys, k)
		o.at[k] = a.child(k, a.node.Content[i+1])
	}
	return o, true
}

// object reads a mapping with known keys; others must start x-.
func (r *reader) object(a place, known ...string) (object, bool) {
	o, ok := r.mapping(a)
	for i, k := range o.keys {
		if slices.Contains(known, k) || strings.HasPrefix(k, "x-") {
			continue
		}
		c := o.at[k]
		c.node = a.node.Content[2*i] // the key's own line
		if near := nearest(k, known); near != "" {
			r.fail(c, "extra_forbidden", "unknown key; did you mean %s? Custom keys must start x-", near)
		} else {
			r.fail(c, "extra_forbidden", "unknown key: custom keys must start x-; known here: %s", strings.Join(known, ", "))
		}
	}
	return o, ok
}

// nearest finds a known key that differs in case and separators only.
func nearest(k string, known []string) string {
	fold := func(s string) string {
		return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(s))
	}
	for _, n := range known {
		if fold(n) == fold(k) || fold(n) == fold(k)+"s" || fold(n)+"s" == fold(k) {
			return n
		}
	}
	return ""
}

// get gives the value of a key; absent when it was left out.
func (o object) get(key string) place {
	if c, ok := o.at[key]; ok {
		return c
	}
	return o.child(key, nil)
}

// need gives the value of a required key, and says so when it is missing.
func (r *reader) need(o object, key, hint string) (place, bool) {
	c := o.get(key)
	if absent(c.node) {
		line := c
		if line.node == nil {
			line.node = o.node
		}
		r.fail(line, "missing", "Field required%s", hint)
		return c, false
	}
	return c, true
}

// text reads a text value.
func (r *reader) text(c place) (string, bool) {
	if absent(c.node) {
		return "", false
	}
	if c.node.Kind != yaml.ScalarNode {
		r.fail(c, "string_type", "must be text")
		return "", false
	}
	switch c.node.ShortTag() {
	case "!!str", "!!timestamp":
		return c.node.Value, true
	}
	r.fail(c, "string_type", "must be text: put it in quotes")
	return "", false
}

// prose reads an optional text of any length.
func (r *reader) prose(o object, key string) string {
	s, _ := r.text(o.get(key))
	return s
}

// name reads a required text fit for names: not empty, short, one line.
func (r *reader) name(o object, key, hint string) (string, bool) {
	c, ok := r.need(o, key, hint)
	if !ok {
		return "", false
	}
	return r.nameAt(c)
}

func (r *reader) nameAt(c place) (string, bool) {
	s, ok := r.text(c)
	if !ok {
		return "", false
	}
	return s, r.plain(c, s)
}

// optional reads a name that may be left out.
func (r *reader) optional(o object, key string) string {
	c := o.get(key)
	if absent(c.node) {
		return ""
	}
	s, _ := r.nameAt(c)
	return s
}

// plain checks that a name is one.
func (r *reader) plain(c place, s string) bool {
	switch {
	case strings.TrimSpace(s) == "":
		r.fail(c, "string_too_short", "must not be empty")
	case len(s) > 255:
		r.fail(c, "string_too_long", "must have at most 255 bytes")
	case hasControl(s):
		r.fail(c, "string_pattern", "must be one line without control characters")
	default:
		return true
	}
	return false
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f || c == 0x2028 || c == 0x2029 })
}

// flag reads a required boolean.
func (r *reader) flag(o object, key string) bool {
	c, ok := r.need(o, key, ": true or false")
	if !ok {
		return false
	}
	if c.node.Kind != yaml.ScalarNode || c.node.ShortTag() != "!!bool" {
		r.fail(c, "bool_type", "must be true or false")
		return false
	}
	return strings.EqualFold(c.node.Value, "true")
}

// list gives the items of an optional list.
func (r *reader) list(c place) []place {
	if absent(c.node) {
		return nil
	}
	if c.node.Kind != yaml.SequenceNode {
		r.fail(c, "list_type", "must be a list")
		return nil
	}
	items := make([]place, len(c.node.Content))
	for i, n := range c.node.Content {
		items[i] = c.child(fmt.Sprint(i), n)
	}
	return items
}
