package spec

import (
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/postern/postern/internal/fault"
)

// maxFields bounds how many wrong fields one answer names.
const maxFields = 50

// Reader walks a spec and collects everything that is wrong with it, so that
// the author mends it in one go.
type Reader struct{ fields []fault.Field }

// Place is a node and its path in the document.
type Place struct {
	Path []string
	Node *yaml.Node
}

// Child is the place of a value under a.
func (a Place) Child(key string, n *yaml.Node) Place {
	return Place{Path: append(slices.Clone(a.Path), key), Node: n}
}

// Fail notes what is wrong at a place, in words that end with its line. rule is
// the type of the field fault.
func (r *Reader) Fail(a Place, rule, format string, args ...any) {
	if len(r.fields) >= maxFields {
		return
	}
	msg := fmt.Sprintf(format, args...)
	if a.Node != nil && a.Node.Line > 0 {
		msg = fmt.Sprintf("%s (line %d)", msg, a.Node.Line)
	}
	r.fields = append(r.fields, fault.Field{Loc: append([]string{"body"}, a.Path...), Msg: msg, Type: rule})
}

// Err is the one fault of all that was collected.
func (r *Reader) Err() error {
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

// Object is a mapping of the spec whose keys were checked.
type Object struct {
	Place
	Keys []string // in the order written
	At   map[string]Place
}

// Absent reports a value that was left out: null counts as left out.
func Absent(n *yaml.Node) bool {
	return n == nil || n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// Mapping reads a mapping with any keys; ok is false when it is none.
func (r *Reader) Mapping(a Place) (o Object, ok bool) {
	o = Object{Place: a, At: map[string]Place{}}
	if Absent(a.Node) {
		return o, false
	}
	if a.Node.Kind != yaml.MappingNode {
		r.Fail(a, "dict_type", "must be a map of keys and values")
		return o, false
	}
	for i := 0; i+1 < len(a.Node.Content); i += 2 {
		k := a.Node.Content[i].Value
		o.Keys = append(o.Keys, k)
		o.At[k] = a.Child(k, a.Node.Content[i+1])
	}
	return o, true
}

// Object reads a mapping with known keys; others must start x-.
func (r *Reader) Object(a Place, known ...string) (Object, bool) {
	o, ok := r.Mapping(a)
	for i, k := range o.Keys {
		if slices.Contains(known, k) || strings.HasPrefix(k, "x-") {
			continue
		}
		c := o.At[k]
		c.Node = a.Node.Content[2*i] // the key's own line
		if near := nearest(k, known); near != "" {
			r.Fail(c, "extra_forbidden", "unknown key; did you mean %s? Custom keys must start x-", near)
		} else {
			r.Fail(c, "extra_forbidden", "unknown key: custom keys must start x-; known here: %s", strings.Join(known, ", "))
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

// Get gives the value of a key; absent when it was left out.
func (o Object) Get(key string) Place {
	if c, ok := o.At[key]; ok {
		return c
	}
	return o.Child(key, nil)
}

// Need gives the value of a required key, and says so when it is missing.
func (r *Reader) Need(o Object, key, hint string) (Place, bool) {
	c := o.Get(key)
	if Absent(c.Node) {
		line := c
		if line.Node == nil {
			line.Node = o.Node
		}
		r.Fail(line, "missing", "Field required%s", hint)
		return c, false
	}
	return c, true
}

// Text reads a text value.
func (r *Reader) Text(c Place) (string, bool) {
	if Absent(c.Node) {
		return "", false
	}
	if c.Node.Kind != yaml.ScalarNode {
		r.Fail(c, "string_type", "must be text")
		return "", false
	}
	switch c.Node.ShortTag() {
	case "!!str", "!!timestamp":
		return c.Node.Value, true
	}
	r.Fail(c, "string_type", "must be text: put it in quotes")
	return "", false
}

// Prose reads an optional text of any length.
func (r *Reader) Prose(o Object, key string) string {
	s, _ := r.Text(o.Get(key))
	return s
}

// Name reads a required text fit for names: not empty, short, one line.
func (r *Reader) Name(o Object, key, hint string) (string, bool) {
	c, ok := r.Need(o, key, hint)
	if !ok {
		return "", false
	}
	return r.NameAt(c)
}

// NameAt is Name of a value that is there.
func (r *Reader) NameAt(c Place) (string, bool) {
	s, ok := r.Text(c)
	if !ok {
		return "", false
	}
	return s, r.Plain(c, s)
}

// Optional reads a name that may be left out.
func (r *Reader) Optional(o Object, key string) string {
	c := o.Get(key)
	if Absent(c.Node) {
		return ""
	}
	s, _ := r.NameAt(c)
	return s
}

// Plain checks that a name is one.
func (r *Reader) Plain(c Place, s string) bool {
	switch {
	case strings.TrimSpace(s) == "":
		r.Fail(c, "string_too_short", "must not be empty")
	case len(s) > 255:
		r.Fail(c, "string_too_long", "must have at most 255 bytes")
	case HasControl(s):
		r.Fail(c, "string_pattern", "must be one line without control characters")
	default:
		return true
	}
	return false
}

// HasControl reports a control character or a line break.
func HasControl(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f || c == 0x2028 || c == 0x2029 })
}

// Flag reads a required boolean.
func (r *Reader) Flag(o Object, key string) bool {
	c, ok := r.Need(o, key, ": true or false")
	if !ok {
		return false
	}
	if c.Node.Kind != yaml.ScalarNode || c.Node.ShortTag() != "!!bool" {
		r.Fail(c, "bool_type", "must be true or false")
		return false
	}
	return strings.EqualFold(c.Node.Value, "true")
}

// List gives the items of an optional list.
func (r *Reader) List(c Place) []Place {
	if Absent(c.Node) {
		return nil
	}
	if c.Node.Kind != yaml.SequenceNode {
		r.Fail(c, "list_type", "must be a list")
		return nil
	}
	items := make([]Place, len(c.Node.Content))
	for i, n := range c.Node.Content {
		items[i] = c.Child(fmt.Sprint(i), n)
	}
	return items
}

var idPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9:._-]*$`)

// ID reads the required id of a product or a marketplace.
func (r *Reader) ID(o Object, key, hint string) string {
	id, ok := r.Name(o, key, hint)
	if ok && !idPattern.MatchString(id) {
		r.Fail(o.Get(key), "string_pattern", "must start with a letter or digit and hold only letters, digits and : . _ -")
	}
	return id
}

// Email reads a required address.
func (r *Reader) Email(o Object, key string) string {
	s, ok := r.Name(o, key, "")
	if !ok {
		return ""
	}
	if a, err := mail.ParseAddress(s); err != nil || a.Address != s {
		r.Fail(o.Get(key), "value_error", "must be an e-mail address, such as ann@example.com")
	}
	return s
}
