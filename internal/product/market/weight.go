package market

import (
	"encoding/json"
	"regexp/syntax"
	"strings"
)

// What checking a product against a marketplace's schema may cost: some seconds
// of processor at the most.
const (
	mostPattern = 1_000       // bytes of one pattern
	mostSteps   = 2_000       // instructions of a schema's patterns together
	mostPairs   = 2_000_000   // values of a schema times values of a document
	mostMatched = 100_000_000 // instructions times bytes of a document
)

// weight is what a schema costs for each value and byte of a document.
type weight struct {
	values int  // JSON values
	steps  int  // instructions of its patterns
	broken bool // has a pattern that is too long
}

func weigh(schema []byte) (w weight) {
	var v any
	_ = json.Unmarshal(schema, &v) // what is none is refused where it is read
	w.values = count(v)
	w.add(v)
	return w
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
func (w *weight) add(v any) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			w.add(x)
		}
	case map[string]any:
		for name, x := range v {
			w.add(x)
			if p, is := x.(string); is && strings.EqualFold(name, "pattern") {
				w.pattern(p)
			}
			if of, is := x.(map[string]any); is && strings.EqualFold(name, "patternProperties") {
				for p := range of {
					w.pattern(p)
				}
			}
		}
	}
}

func (w *weight) pattern(p string) {
	if len(p) > mostPattern {
		w.broken = true
		return
	}
	re, err := syntax.Parse(p, syntax.Perl)
	if err != nil {
		return // the schema is refused for it
	}
	if prog, err := syntax.Compile(re.Simplify()); err == nil {
		w.steps += len(prog.Inst)
	}
}

// heavy reports whether the schema costs too much whatever it is asked of.
func (w weight) heavy() bool { return w.broken || w.steps > mostSteps }

// bears says whether a document may be checked.
func (w weight) bears(doc any) bool {
	text, err := json.Marshal(doc)
	return err == nil && !w.heavy() && w.values*count(doc) <= mostPairs && w.steps*len(text) <= mostMatched
}
