package market

import (
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
	"gopkg.in/yaml.v3"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product/spec"
	"github.com/postern/postern/internal/schemacost"
)

// Parse reads a marketplace's spec, YAML or JSON. Its faults name each wrong
// field by its path in the document and its line.
func Parse(doc []byte) (Marketplace, error) {
	m, r, err := parse(doc)
	if err == nil {
		err = r.Err()
	}
	if err != nil {
		return Marketplace{}, err
	}
	return m, nil
}

// Stored reads a spec that was accepted before: what a newer rule would refuse
// is left as it is, so that an upgrade never hides a marketplace.
func Stored(doc []byte) (Marketplace, error) {
	m, _, err := parse(doc)
	return m, err
}

type reader struct{ spec.Reader }

func parse(doc []byte) (Marketplace, *reader, error) {
	root, isYAML, err := spec.Parse(doc)
	if err != nil {
		return Marketplace{}, nil, err
	}
	r := &reader{}
	m := r.document(spec.Place{Node: root})
	if m.Spec, err = spec.JSON(root); err != nil {
		return Marketplace{}, nil, fault.Because(err, fault.Invalid, "the spec holds a value that JSON cannot carry")
	}
	if isYAML {
		m.SpecYAML = string(doc)
	}
	return m, r, nil
}

func (r *reader) document(a spec.Place) (m Marketplace) {
	if a.Node.Kind != yaml.MappingNode {
		r.Fail(spec.Place{Path: []string{"marketplace"}}, "missing", "Field required: the spec is a map with the top key marketplace")
		return m
	}
	top, _ := r.Object(a, "marketplace", "schema")
	r.Optional(top, "schema")
	c, ok := r.Need(top, "marketplace", "")
	if !ok {
		return m
	}
	o, ok := r.Object(c, "marketplaceId", "contactName", "contactEmail", "en", "heroBackgroundColor", "dataProductRequirementsSchema", "badges", "minimumStandard")
	if !ok {
		return m
	}
	m.ID = r.ID(o, "marketplaceId", ", such as sales_marketplace")
	m.ContactName, _ = r.Name(o, "contactName", "")
	m.ContactEmail = r.Email(o, "contactEmail")
	r.Optional(o, "heroBackgroundColor")
	if c, ok := r.Need(o, "en", ": a map with the marketplace's name in English"); ok {
		if en, ok := r.Object(c, "name", "description", "shortDescription", "heroImage"); ok {
			m.Name, _ = r.Name(en, "name", "")
			m.Description = r.Prose(en, "description")
			m.ShortDescription = r.Prose(en, "shortDescription")
			r.Optional(en, "heroImage")
		}
	}
	m.Badges = r.standards(o.Get("badges"))
	m.Standards = r.standards(o.Get("minimumStandard"))
	r.requirements(o.Get("dataProductRequirementsSchema"), &m)
	return m
}

func (r *reader) standards(a spec.Place) (out []Standard) {
	for _, item := range r.List(a) {
		if spec.Absent(item.Node) {
			r.Fail(item, "missing", "must be a map with type, check, displayName and key or report_key")
			continue
		}
		o, ok := r.Object(item, "type", "check", "key", "report_key", "displayName", "onFail")
		if !ok {
			continue
		}
		s := Standard{Key: r.Optional(o, "key"), ReportKey: r.Optional(o, "report_key"), OnFail: r.Optional(o, "onFail")}
		if s.Type, ok = r.Name(o, "type", ": static"); ok && s.Type != Static {
			r.Fail(o.Get("type"), "literal_error", "must be static: other checks cannot be made here")
		}
		if c, ok := r.Need(o, "check", ": what is asked, in words"); ok {
			s.Check, _ = r.Text(c)
		}
		if c, ok := r.Need(o, "displayName", ": a map with en"); ok {
			if d, ok := r.Object(c, "en"); ok {
				s.Name, _ = r.Name(d, "en", "")
			}
		}
		switch {
		case s.Key == "" && s.ReportKey == "":
			r.Fail(o.Place, "missing", "key or report_key is required: the path in a product's spec that has to be filled, or the report that has to say yes")
		case s.Key != "" && s.ReportKey != "":
			r.Fail(o.Place, "value_error", "has both key and report_key: make it two standards")
		}
		out = append(out, s)
	}
	return out
}

// requirements reads the JSON schema that products' specs have to fit.
// References are refused: one that leads to itself never ends.
func (r *reader) requirements(a spec.Place, m *Marketplace) {
	if spec.Absent(a.Node) {
		return
	}
	if a.Node.Kind != yaml.MappingNode {
		r.Fail(a, "dict_type", "must be a JSON schema")
		return
	}
	if len(a.Node.Content) == 0 || !r.selfContained(a) {
		return
	}
	doc, err := spec.JSON(a.Node)
	if err == nil && schemacost.Of(doc).TooHeavy() {
		r.Fail(a, "value_error", "has patterns that are too large: one has at most 1000 bytes, and all together are at most 2000 steps")
		return
	}
	if err == nil {
		_, err = compile(doc)
	}
	if err != nil {
		r.Fail(a, "value_error", "is not a JSON schema that can be used here")
		return
	}
	m.Requirements = doc
}

func (r *reader) selfContained(a spec.Place) bool {
	ok := true
	n := a.Node
	for i := range n.Content {
		switch {
		case n.Kind == yaml.SequenceNode:
			ok = r.selfContained(spec.Place{Path: a.Path, Node: n.Content[i]}) && ok
		case i%2 == 0 && strings.HasPrefix(n.Content[i].Value, "$") && n.Content[i].Value != "$schema" && n.Content[i].Value != "$comment":
			r.Fail(a.Child(n.Content[i].Value, n.Content[i]), "value_error", "references are not supported: write the schema out")
			ok = false
		case i%2 == 1:
			ok = r.selfContained(a.Child(n.Content[i-1].Value, n.Content[i])) && ok
		}
	}
	return ok
}

func compile(doc []byte) (*jsonschema.Resolved, error) {
	var s jsonschema.Schema
	if err := s.UnmarshalJSON(doc); err != nil {
		return nil, err
	}
	return s.Resolve(nil)
}
