package product

import (
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product/spec"
)

// Parse reads a spec, YAML or JSON. Its faults name each wrong field by its
// path in the document and its line.
func Parse(doc []byte) (Product, error) {
	p, r, err := parse(doc)
	if err == nil {
		err = r.Err()
	}
	if err != nil {
		return Product{}, err
	}
	return p, nil
}

// Stored reads a spec that was accepted before: what a newer rule would refuse
// is left as it is, so that an upgrade never hides a product.
func Stored(doc []byte) (Product, error) {
	p, _, err := parse(doc)
	return p, err
}

// reader reads the parts of a product's spec.
type reader struct{ spec.Reader }

func parse(doc []byte) (Product, *reader, error) {
	root, isYAML, err := spec.Parse(doc)
	if err != nil {
		return Product{}, nil, err
	}
	r := &reader{}
	p := r.document(spec.Place{Node: root})
	if p.Spec, err = spec.JSON(root); err != nil {
		return Product{}, nil, fault.Because(err, fault.Invalid, "the spec holds a value that JSON cannot carry")
	}
	if isYAML {
		p.SpecYAML = string(doc)
	}
	return p, r, nil
}

var semver = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)

func (r *reader) document(a spec.Place) (p Product) {
	if a.Node.Kind != yaml.MappingNode {
		r.Fail(spec.Place{Path: []string{"product"}}, "missing", "Field required: the spec is a map with the top key product")
		return p
	}
	top, _ := r.Object(a, "product", "schema")
	r.Optional(top, "schema")
	c, ok := r.Need(top, "product", "")
	if !ok {
		return p
	}
	o, ok := r.Object(c, "productId", "version", "contactEmail", "contactName", "en", "deliverySystems", "recordSets", "metadata")
	if !ok {
		return p
	}
	p.ID = r.ID(o, "productId", ", such as finance:sales")
	p.Version = r.version(o)
	p.ContactEmail = r.Email(o, "contactEmail")
	p.ContactName, _ = r.Name(o, "contactName", "")
	r.language(o, &p)
	p.Systems = r.systems(o)
	p.RecordSets = r.recordSets(o, schemaOptional(p.Systems))
	p.Metrics = r.metrics(o)
	p.Verified = r.verified(o)
	p.Questions = r.questions(o)
	p.ModelUse = r.modelUse(o)
	return p
}

// modelUse of a product whose spec says something unknown is none.
func (r *reader) modelUse(o spec.Object) ModelUse {
	c := o.Get("x-postern-model")
	if spec.Absent(c.Node) {
		return ModelSchema
	}
	if c.Node.Kind == yaml.ScalarNode {
		switch u := ModelUse(c.Node.Value); u {
		case ModelNone, ModelSchema, ModelRows:
			return u
		}
	}
	r.Fail(c, "literal_error", "must be none, schema or rows: what may leave to a language model")
	return ModelNone
}

func (r *reader) version(o spec.Object) string {
	c, ok := r.Need(o, "version", ", such as 1.0.0")
	if !ok {
		return ""
	}
	if c.Node.Kind != yaml.ScalarNode || !semver.MatchString(c.Node.Value) || len(c.Node.Value) > 64 {
		r.Fail(c, "string_pattern", "must be a semantic version of three numbers, such as 1.0.0")
		return ""
	}
	return c.Node.Value
}

func (r *reader) language(o spec.Object, p *Product) {
	c, ok := r.Need(o, "en", ": a map with the product's name in English")
	if !ok {
		return
	}
	en, ok := r.Object(c, "name", "description", "shortDescription", "logoUrl")
	if !ok {
		return
	}
	p.Name, _ = r.Name(en, "name", "")
	p.Description = r.Prose(en, "description")
	p.ShortDescription = r.Prose(en, "shortDescription")
	r.Optional(en, "logoUrl")
}

// systems come by name, so that which one queries go to does not hang on the
// order in the document.
func (r *reader) systems(o spec.Object) (out []System) {
	c, ok := r.Need(o, "deliverySystems", ": a map with at least one delivery system, each with type: sql and a uri")
	if !ok {
		return nil
	}
	m, ok := r.Mapping(c)
	if ok && len(m.Keys) == 0 {
		r.Fail(c, "too_short", "must hold at least one delivery system, with type: sql and a uri")
	}
	for _, k := range m.Keys {
		r.Plain(m.At[k], k)
		out = append(out, r.system(k, m.At[k]))
	}
	slices.SortFunc(out, func(a, b System) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (r *reader) system(name string, a spec.Place) System {
	s := System{Name: name}
	if spec.Absent(a.Node) {
		r.Fail(a, "missing", "must be a map with type: sql and a uri")
		return s
	}
	o, ok := r.Object(a, "type", "uri", "datasourceId", "accessRequestInstruction")
	if !ok {
		return s
	}
	s.Type, ok = r.Name(o, "type", ": sql")
	if ok && s.Type != "sql" {
		r.Fail(o.Get("type"), "literal_error", "must be sql, in lower case")
	}
	if s.URI, ok = r.Name(o, "uri", ", such as postgresql://host:5432/database"); ok {
		var err error
		if s.Source, err = ParseSource(s.URI); err != nil {
			r.Fail(o.Get("uri"), "value_error", "%s", fault.As(err).Message)
		}
	}
	if c := o.Get("datasourceId"); !spec.Absent(c.Node) && (c.Node.Kind != yaml.ScalarNode || c.Node.ShortTag() != "!!int") {
		r.Fail(c, "int_type", "must be a whole number")
	}
	if c := o.Get("accessRequestInstruction"); !spec.Absent(c.Node) {
		r.Object(c, "type", "instruction", "request", "uri", "provider")
	}
	if c := o.Get("x-postern-login"); !spec.Absent(c.Node) {
		if s.NoLogin = c.Node.Kind == yaml.ScalarNode && c.Node.Value == "none"; !s.NoLogin {
			r.Fail(c, "literal_error", "the only value is none: the warehouse knows no logins")
		}
	}
	return s
}

// schemaOptional holds for the embedded file engines, whose tables are in
// "main" unless said otherwise.
func schemaOptional(systems []System) bool {
	s, ok := Product{Systems: systems}.System()
	return ok && (s.Source.Engine == SQLite || s.Source.Engine == DuckDB)
}

func (r *reader) metrics(o spec.Object) (out []Metric) {
	c := o.Get("metadata")
	if spec.Absent(c.Node) {
		return nil
	}
	md, ok := r.Object(c, "metrics")
	if !ok {
		return nil
	}
	m, _ := r.Mapping(md.Get("metrics"))
	for _, k := range m.Keys {
		a := m.At[k]
		r.Plain(a, k)
		if spec.Absent(a.Node) {
			r.Fail(a, "missing", "must be a map with displayName, description and expression")
			continue
		}
		mo, ok := r.Object(a, "displayName", "description", "expression", "type", "columns")
		if !ok {
			continue
		}
		metric := Metric{Key: k, Type: r.Optional(mo, "type")}
		metric.DisplayName, _ = r.Name(mo, "displayName", "")
		if d, ok := r.Need(mo, "description", ""); ok {
			metric.Description, _ = r.Text(d)
		}
		metric.Expression = r.expression(mo)
		for _, item := range r.List(mo.Get("columns")) {
			if s, ok := r.NameAt(item); ok {
				metric.Columns = append(metric.Columns, s)
			}
		}
		out = append(out, metric)
	}
	return out
}

// expression reads a required SQL text, which may span lines.
func (r *reader) expression(o spec.Object) string {
	c, ok := r.Need(o, "expression", "")
	if !ok {
		return ""
	}
	s, ok := r.Text(c)
	if ok && strings.TrimSpace(s) == "" {
		r.Fail(c, "string_too_short", "must not be empty")
	}
	return s
}
