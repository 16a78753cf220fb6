package market

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/schemacost"
)

// Static is the one type of standard that is checked here: that a path in the
// product's spec is filled, or that a report says yes. What its words ask is
// for people.
const Static = "static"

// Warn as a standard's OnFail lets a product through that fails it.
const Warn = "warn"

// Standard is a check of a product.
type Standard struct {
	Type      string
	Check     string // what is asked, in words
	Key       string // "product.contactEmail": the path that has to be filled
	ReportKey string // or the report whose value has to say yes
	Name      string // for people
	OnFail    string
}

// Verdict is how a product came out.
type Verdict struct {
	Standard
	Passed      bool
	Explanation string
}

// Subject is a product as standards see it.
type Subject struct {
	doc     any
	reports map[string]json.RawMessage
}

// SubjectOf reads a product and what was reported of it.
func SubjectOf(p product.Product, reports []Report) (Subject, error) {
	s := Subject{reports: map[string]json.RawMessage{}}
	for _, r := range reports {
		s.reports[r.Key] = r.Value
	}
	return s, json.Unmarshal(p.Spec, &s.doc)
}

// SubjectIn is a spec that nobody stored.
func SubjectIn(doc map[string]any) Subject { return Subject{doc: doc} }

// Check holds the product against one standard. A key is a path of names with
// dots; * stands for every one of a list or a map, and a name that the product
// has in its English texts only is looked up there, as published standards
// write product.description.
func (s Subject) Check(st Standard) Verdict {
	v := Verdict{Standard: st}
	switch {
	case st.Type != Static:
		v.Explanation = "only static checks can be made here"
	case st.ReportKey != "":
		v.Passed, v.Explanation = s.reported(st.ReportKey)
	default:
		if v.Passed, v.Explanation = follow(s.doc, st.Key, ""); v.Passed {
			break
		}
		if name, ok := strings.CutPrefix(st.Key, "product."); ok {
			if ok, why := follow(s.doc, "product.en."+name, ""); ok {
				v.Passed, v.Explanation = ok, why
			}
		}
	}
	return v
}

func (s Subject) reported(key string) (bool, string) {
	raw, ok := s.reports[key]
	if !ok {
		return false, "nothing was reported under " + key
	}
	var v any
	if json.Unmarshal(raw, &v) != nil || v == false || !filled(v) {
		return false, fmt.Sprintf("the last report under %s says %.40s", key, raw)
	}
	return true, "the last report under " + key + " says yes"
}

// follow looks whether what a path leads to is there and not empty. at is the
// path so far.
func follow(v any, key, at string) (bool, string) {
	if key == "" {
		if filled(v) {
			return true, at + " is filled"
		}
		return false, at + " is empty"
	}
	name, rest, _ := strings.Cut(key, ".")
	if name == "*" {
		return followAll(v, rest, at)
	}
	m, ok := v.(map[string]any)
	here := strings.TrimPrefix(at+"."+name, ".")
	if !ok || m[name] == nil {
		return false, here + " is missing"
	}
	return follow(m[name], rest, here)
}

func followAll(v any, rest, at string) (bool, string) {
	items := map[string]any{}
	var names []string
	switch x := v.(type) {
	case map[string]any:
		items, names = x, slices.Sorted(maps.Keys(x))
	case []any:
		for i, item := range x {
			names = append(names, fmt.Sprint(i))
			items[names[i]] = item
		}
	}
	if len(names) == 0 {
		return false, at + " holds none"
	}
	for _, n := range names {
		if ok, why := follow(items[n], rest, at+"."+n); !ok {
			return false, why
		}
	}
	return true, strings.TrimSuffix(at+".*."+rest, ".") + " is filled"
}

func filled(v any) bool {
	switch x := v.(type) {
	case nil:
		return false
	case string:
		return strings.TrimSpace(x) != ""
	case map[string]any:
		return len(x) > 0
	case []any:
		return len(x) > 0
	}
	return true
}

// bound of one check is some seconds of processor: administrators publish, and
// products are large.
var bound = schemacost.Bound{Pairs: 2_000_000, Matched: 100_000_000}

// fits holds a document against the marketplace's JSON schema, unless that
// would take too long.
func (m Marketplace) fits(doc any) error {
	raw, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	if !schemacost.Of(m.Requirements).Allows(raw, bound) {
		return errors.New("the product is too much to be checked against this schema: an administrator of the marketplace can make it simpler")
	}
	schema, err := compile(m.Requirements)
	if err == nil {
		err = schema.Validate(doc)
	}
	return err
}

// Admit holds a product against what the marketplace asks of those that are
// published in it. Its fault, Rejected, names every check that failed.
func (m Marketplace) Admit(s Subject) error {
	var failed []fault.Field
	for _, st := range m.Standards {
		if v := s.Check(st); !v.Passed && st.OnFail != Warn {
			failed = append(failed, fault.Field{Loc: []string{"minimumStandard", st.Name}, Msg: st.Check + ": " + v.Explanation, Type: "standard_failed"})
		}
	}
	if len(m.Requirements) > 0 {
		err := m.fits(s.doc)
		if err != nil {
			failed = append(failed, fault.Field{Loc: []string{"dataProductRequirementsSchema"}, Msg: short(err.Error()), Type: "schema_failed"})
		}
	}
	if len(failed) == 0 {
		return nil
	}
	names := make([]string, len(failed))
	for i, f := range failed {
		names[i] = f.Loc[len(f.Loc)-1]
	}
	e := fault.New(fault.Rejected, "the product does not meet what marketplace %s asks for: %s", m.ID, strings.Join(names, "; "))
	e.Fields = failed
	return e
}

// Earned gives the badges that the product has earned.
func (m Marketplace) Earned(s Subject) (out []Standard) {
	for _, b := range m.Badges {
		if s.Check(b).Passed {
			out = append(out, b)
		}
	}
	return out
}

func short(s string) string {
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "…"
	}
	return s
}
