// Package form reads a semantic query as a program or a language model writes
// it: JSON in measures, dimensions and filters, with the names of a product's
// model. It is forgiving in how a thing is written and strict in what it
// means: a key or a name that it does not know is refused, with its path and
// the nearest names, since what is passed over silently is a wrong number.
package form

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/rank"
	"github.com/postern/postern/internal/semantic"
)

// Schema is the JSON schema of the form's keys, for those who fill it.
//
//go:embed schema.json
var Schema json.RawMessage

// Keys are the form's keys, in the order in which they are filled.
var Keys = strings.Fields("measures dimensions filters time having order limit offset ties per table rows keep_without joins combine verified_query parameters")

// Read is a form that fits its model.
type Read struct {
	Query semantic.Query
	// Verified is set instead of Query where the form names a verified query,
	// with the values of its parameters.
	Verified *semantic.VerifiedQuery
	Values   map[string]string
	// Said is Query as it is to be put in words: a comparison over a range is
	// written as a query around another, and means no more than the one.
	Said semantic.Query
	// Notes are what was taken for granted in reading it.
	Notes []string
}

// Fill reads a form, a JSON object that may have the keys Keys. What does not
// fit is Invalid, all of it at once, with the path of each.
func Fill(raw json.RawMessage, m *semantic.Model) (Read, error) {
	v, err := decode(raw)
	if err != nil {
		return Read{}, fault.New(fault.Invalid, "the form must be a JSON object")
	}
	r := &reader{m: m}
	out := r.top(node{v: v})
	if len(r.wrong) > 0 {
		said := make([]string, len(r.wrong))
		for i, f := range r.wrong {
			said[i] = strings.TrimPrefix(strings.Join(f.Loc[1:], ".")+": "+f.Msg, ": ")
		}
		e := fault.New(fault.Invalid, "%s", strings.Join(said, "; "))
		e.Fields = r.wrong
		return Read{}, e
	}
	return out, nil
}

func decode(raw json.RawMessage) (v any, err error) {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

// mostWrong bounds how many faults of one form are told.
const mostWrong = 8

// deepest is how far filters and queries may be nested.
const deepest = 6

// inList is how many measures, dimensions, conditions on measures and the like
// one list may have, and inForm how many of them, and how many filters, a whole
// form: the time to compile a query grows with their square and more.
const (
	inList = 200
	inForm = 1000
)

// reader reads one form.
type reader struct {
	m     *semantic.Model
	wrong []fault.Field
	notes []string
	deep  int
	// filters and parts are how many were read so far, in all of the form.
	filters, parts int
}

// node is a value of the form and where it stands.
type node struct {
	path []string
	v    any
	// spoken is of an object that was made of a text: its keys have no place
	// of their own.
	spoken bool
}

func (n node) at(key string) node {
	o, _ := n.v.(map[string]any)
	if n.spoken {
		return node{path: n.path, v: o[key], spoken: true}
	}
	return node{path: append(slices.Clone(n.path), key), v: o[key]}
}

func (n node) has(key string) bool {
	o, _ := n.v.(map[string]any)
	return o[key] != nil
}

// items are a list's values; a value that is no list is a list of one.
func (n node) items() []node {
	list, ok := n.v.([]any)
	if !ok {
		if n.v == nil {
			return nil
		}
		return []node{n}
	}
	out := make([]node, len(list))
	for i, v := range list {
		out[i] = node{path: append(slices.Clone(n.path), strconv.Itoa(i)), v: v}
	}
	return out
}

// few are a list's values, if they are not too many.
func (r *reader) few(n node) []node {
	items := n.items()
	switch r.parts += len(items); {
	case len(items) > inList:
		r.bad(n, "too_long", "List should have at most "+strconv.Itoa(inList)+" items")
	case r.parts > inForm:
		r.bad(n, "too_long", "a query has at most "+strconv.Itoa(inForm)+" measures, dimensions and conditions in all")
	default:
		return items
	}
	return nil
}

func (r *reader) bad(n node, rule, msg string) {
	if len(r.wrong) < mostWrong {
		r.wrong = append(r.wrong, fault.Field{Loc: append([]string{"body"}, n.path...), Msg: msg, Type: rule})
	}
}

func (r *reader) note(s string) {
	if !slices.Contains(r.notes, s) {
		r.notes = append(r.notes, s)
	}
}

// object tells whether the value is an object that has none but these keys.
func (r *reader) object(n node, keys string) bool {
	o, ok := n.v.(map[string]any)
	if !ok {
		r.bad(n, "dict_type", "Input should be an object with the keys "+strings.ReplaceAll(keys, " ", ", "))
		return false
	}
	known, fits := strings.Fields(keys), true
	for _, k := range sorted(o) {
		if !slices.Contains(known, k) {
			r.bad(n.at(k), "extra_forbidden", "there is no key of this name"+nearest(k, known))
			fits = false
		}
	}
	return fits
}

func sorted(o map[string]any) []string {
	keys := make([]string, 0, len(o))
	for k := range o {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// text is a string, "" where there is none.
func (r *reader) text(n node) string {
	switch v := n.v.(type) {
	case nil:
		return ""
	case string:
		return strings.TrimSpace(v)
	}
	r.bad(n, "string_type", "Input should be a valid string")
	return ""
}

func (r *reader) flag(n node) bool {
	b, ok := n.v.(bool)
	if !ok && n.v != nil {
		r.bad(n, "bool_type", "Input should be a valid boolean")
	}
	return b
}

// number is a whole number, not below least; other where there is none.
func (r *reader) number(n node, least, other int) int {
	if n.v == nil {
		return other
	}
	j, ok := n.v.(json.Number)
	i, err := strconv.Atoi(j.String())
	if !ok || err != nil {
		r.bad(n, "int_type", "Input should be a valid integer")
		return other
	}
	if i < least {
		r.bad(n, "greater_than_equal", "Input should be greater than or equal to "+strconv.Itoa(least))
	}
	return i
}

// oneOf is one of a few words, in any case; "" where there is none.
func (r *reader) oneOf(n node, words string) string {
	s := strings.ToLower(r.text(n))
	if s != "" && !slices.Contains(strings.Fields(words), s) {
		r.bad(n, "enum", "Input should be one of "+strings.ReplaceAll(words, " ", ", "))
		return ""
	}
	return s
}

// nearest says which of the names may have been meant; of few names, all.
func nearest(name string, names []string) string {
	if near := rank.DidYouMean(name, names); near != "" || len(names) == 0 || len(names) > 20 {
		return near
	}
	return "; there are " + strings.Join(names, ", ")
}

func quoted(s string) string {
	if r := []rune(s); len(r) > 80 {
		s = string(r[:80]) + "…"
	}
	return strconv.Quote(s)
}
