package product

import (
	"net/mail"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/postern/postern/internal/fault"
)

// Parse reads a spec, YAML or JSON. Its faults name each wrong field by its
// path in the document and its line.
func Parse(doc []byte) (Product, error) {
	p, r, err := parse(doc)
	if err == nil {
		err = r.err()
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

func parse(doc []byte) (Product, *reader, error) {
	root, isYAML, err := parseTree(doc)
	if err != nil {
		return Product{}, nil, err
	}
	r := &reader{}
	p := r.document(place{node: root})
	if p.Spec, err = toJSON(root); err != nil {
		return Product{}, nil, fault.Because(err, fault.Invalid, "the spec holds a value that JSON cannot carry")
	}
	if isYAML {
		p.SpecYAML = string(doc)
	}
	return p, r, nil
}

var (
	idPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9:._-]*$`)
	semver    = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)
)

func (r *reader) document(a place) (p Product) {
	if a.node.Kind != yaml.MappingNode {
		r.fields = append(r.fields, fault.Field{Loc: []string{"body", "product"}, Msg: "Field required: the spec is a map with the top key product", Type: "missing"})
		return p
	}
	top, _ := r.object(a, "product", "schema")
	r.optional(top, "schema")
	c, ok := r.need(top, "product", "")
	if !ok {
		return p
	}
	o, ok := r.object(c, "productId", "version", "contactEmail", "contactName", "en", "deliverySystems", "recordSets", "metadata")
	if !ok {
		return p
	}
	p.ID = r.productID(o)
	p.Version = r.version(o)
	p.ContactEmail = r.email(o)
	p.ContactName, _ = r.name(o, "contactName", "")
	r.language(o, &p)
	p.Systems = r.systems(o)
	p.RecordSets = r.recordSets(o, schemaOptional(p.Systems))
	p.Metrics = r.metrics(o)
	return p
}

func (r *reader) productID(o object) string {
	id, ok := r.name(o, "productId", ", such as finance:sales")
	if ok && !idPattern.MatchString(id) {
		r.fail(o.get("productId"), "string_pattern", "must start with a letter or digit and hold only letters, digits and : . _ -")
	}
	return id
}

func (r *reader) version(o object) string {
	c, ok := r.need(o, "version", ", such as 1.0.0")
	if !ok {
		return ""
	}
	if c.node.Kind != yaml.ScalarNode || !semver.MatchString(c.node.Value) || len(c.node.Value) > 64 {
		r.fail(c, "string_pattern", "must be a semantic version of three numbers, such as 1.0.0")
		return ""
	}
	return c.node.Value
}

func (r *reader) email(o object) string {
	s, ok := r.name(o, "contactEmail", "")
	if !ok {
		return ""
	}
	if a, err := mail.ParseAddress(s); err != nil || a.Address != s {
		r.fail(o.get("contactEmail"), "value_error", "must be an e-mail address, such as ann@example.com")
	}
	return s
}

func (r *reader) language(o object, p *Product) {
	c, ok := r.need(o, "en", ": a map with the product's name in English")
	if !ok {
		return
	}
	en, ok := r.object(c, "name", "description", "shortDescription", "logoUrl")
	if !ok {
		return
	}
	p.Name, _ = r.name(en, "name", "")
	p.Description = r.prose(en, "description")
	p.ShortDescription = r.prose(en, "shortDescription")
	r.optional(en, "logoUrl")
}

// systems come by name, so that which one queries go to does not hang on the
// order in the document.
func (r *reader) systems(o object) (out []System) {
	c, ok := r.need(o, "deliverySystems", ": a map with at least one delivery system, each with type: sql and a uri")
	if !ok {
		return nil
	}
	m, ok := r.mapping(c)
	if ok && len(m.keys) == 0 {
		r.fail(c, "too_short", "must hold at least one delivery system, with type: sql and a uri")
	}
	for _, k := range m.keys {
		r.plain(m.at[k], k)
		out = append(out, r.system(k, m.at[k]))
	}
	slices.SortFunc(out, func(a, b System) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (r *reader) system(name string, a place) System {
	s := System{Name: name}
	if absent(a.node) {
		r.fail(a, "missing", "must be a map with type: sql and a uri")
		return s
	}
	o, ok := r.object(a, "type", "uri", "datasourceId", "accessRequestInstruction")
	if !ok {
		return s
	}
	s.Type, ok = r.name(o, "type", ": sql")
	if ok && s.Type != "sql" {
		r.fail(o.get("type"), "literal_error", "must be sql, in lower case")
	}
	if s.URI, ok = r.name(o, "uri", ", such as postgresql://host:5432/database"); ok {
		var err error
		if s.Source, err = ParseSource(s.URI); err != nil {
			r.fail(o.get("uri"), "value_error", "%s", fault.As(err).Message)
		}
	}
	if c := o.get("datasourceId"); !absent(c.node) && (c.node.Kind != yaml.ScalarNode || c.node.ShortTag() != "!!int") {
		r.fail(c, "int_type", "must be a whole number")
	}
	if c := o.get("accessRequestInstruction"); !absent(c.node) {
		r.object(c, "type", "instruction", "request", "uri", "provider")
	}
	if c := o.get("x-postern-login"); !absent(c.node) {
		if s.NoLogin = c.node.Kind == yaml.ScalarNode && c.node.Value == "none"; !s.NoLogin {
			r.fail(c, "literal_error", "the only value is none: the warehouse knows no logins")
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

func (r *reader) metrics(o object) (out []Metric) {
	c := o.get("metadata")
	if absent(c.node) {
		return nil
	}
	md, ok := r.object(c, "metrics")
	if !ok {
		return nil
	}
	m, _ := r.mapping(md.get("metrics"))
	for _, k := range m.keys {
		a := m.at[k]
		r.plain(a, k)
		if absent(a.node) {
			r.fail(a, "missing", "must be a map with displayName, description and expression")
			continue
		}
		mo, ok := r.object(a, "displayName", "description", "expression", "type", "columns")
		if !ok {
			continue
		}
		metric := Metric{Key: k, Type: r.optional(mo, "type")}
		metric.DisplayName, _ = r.name(mo, "displayName", "")
		if d, ok := r.need(mo, "description", ""); ok {
			metric.Description, _ = r.text(d)
		}
		metric.Expression = r.expression(mo)
		for _, item := range r.list(mo.get("columns")) {
			if s, ok := r.nameAt(item); ok {
				metric.Columns = append(metric.Columns, s)
			}
		}
		out = append(out, metric)
	}
	return out
}

// expression reads a required SQL text, which may span lines.
func (r *reader) expression(o object) string {
	c, ok := r.need(o, "expression", "")
	if !ok {
		return ""
	}
	s, ok := r.text(c)
	if ok && strings.TrimSpace(s) == "" {
		r.fail(c, "string_too_short", "must not be empty")
	}
	return s
}
