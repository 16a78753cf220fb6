// Package schemacost bounds what checking a document against somebody's JSON
// Schema may cost, before it is tried: 32 kB of schema over 64 kB of input can
// take minutes of processor, and the checker cannot be stopped.
package schemacost

import (
	"encoding/json"
	"regexp/syntax"
	"strings"
)

// What no schema may have, whatever it is asked of.
const (
	MostPattern = 1_000 // bytes of one pattern
	MostSteps   = 2_000 // instructions of a schema's patterns together
)

// Bound is the most that one check may cost.
type Bound struct {
	Pairs   int // values of the schema times values of the document
	Matched int // instructions of the schema's patterns times bytes of the document
}

// Cost is what a schema costs for each value and byte of a document.
type Cost struct {
	values int  // JSON values
	steps  int  // instructions of its patterns
	broken bool // has a pattern that is too long
}

// Of gives the cost of a schema, a JSON document.
func Of(schema []byte) (c Cost) {
	var v any
	_ = json.Unmarshal(schema, &v) // what is none is refused where it is read
	c.values = count(v)
	c.add(v)
	return c
}

func count(v any) int {
	n := 1
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			n += count(x)
		}
	case map[string]any:
		for _, x := range v {
			n += count(x)
		}
	}
	return n
}

// add adds the patterns.
func (c *Cost) add(v any) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			c.add(x)
		}
	case map[string]any:
		for name, x := range v {
			c.add(x)
			if p, is := x.(string); is && strings.EqualFold(name, "pattern") {
				c.pattern(p)
			}
			if of, is := x.(map[string]any); is && strings.EqualFold(name, "patternProperties") {
				for p := range of {
					c.pattern(p)
				}
			}
		}
	}
}

func (c *Cost) pattern(p string) {
	if len(p) > MostPattern {
		c.broken = true
		return
	}
	re, err := syntax.Parse(p, syntax.Perl)
	if err != nil {
		return // the schema is refused for it
	}
	if prog, err := syntax.Compile(re.Simplify()); err == nil {
		c.steps += len(prog.Inst)
	}
}

// TooHeavy reports whether the schema costs too much whatever it is asked of.
func (c Cost) TooHeavy() bool { return c.broken || c.steps > MostSteps }

// Allows reports whether a document, JSON, may be checked within the bound.
func (c Cost) Allows(doc []byte, most Bound) bool {
	var v any
	_ = json.Unmarshal(doc, &v) // as in Of
	return !c.TooHeavy() && c.values*count(v) <= most.Pairs && c.steps*len(doc) <= most.Matched
}
