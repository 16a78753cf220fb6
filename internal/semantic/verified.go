package semantic

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
)

// Parameter of a verified query, written :name in its SQL.
type Parameter struct {
	Name        string
	Class       Class
	Description string
	Values      []string // all that it may be; nil is any of its class
	Default     string   // used where no value is given; "" is none
	Optional    bool     // NULL where there is neither a value nor a default
}

// VerifiedOf is a product's verified query as the model has it.
func VerifiedOf(q product.VerifiedQuery) VerifiedQuery {
	v := VerifiedQuery{Name: q.Name, Question: q.Question, Questions: q.Questions, SQL: q.SQL}
	for _, p := range q.Parameters {
		v.Parameters = append(v.Parameters, Parameter{
			Name: p.Name, Class: Class(p.Type), Description: p.Description, Values: p.Values, Default: p.Default, Optional: p.Optional,
		})
	}
	return v
}

// BindPublished writes a published query with values, in the dialect of its
// product's warehouse: what the gateway runs for the query's tool.
func BindPublished(p product.Published, values map[string]string) (string, error) {
	s, ok := p.Product.System()
	d := DialectOf(s.Source.Engine)
	if !ok || d == "" {
		return "", fault.New(fault.Rejected, "Postern writes no values into SQL of this product's warehouse yet")
	}
	return VerifiedOf(p.Query).Bind(values, d)
}

// Bind writes a verified query with values in the place of its parameters, as
// literals: a value never becomes anything else, whatever it holds. Every
// parameter needs a value, and every value a parameter.
func (v VerifiedQuery) Bind(values map[string]string, d Dialect) (string, error) {
	for name := range values {
		if !slices.ContainsFunc(v.Parameters, func(p Parameter) bool { return p.Name == name }) {
			return "", fault.New(fault.Invalid, "the query %s has no parameter %q", v.Name, name)
		}
	}
	var out strings.Builder
	at := 0
	for _, place := range product.Places(v.SQL) {
		name := v.SQL[place[0]+1 : place[1]]
		i := slices.IndexFunc(v.Parameters, func(p Parameter) bool { return p.Name == name })
		if i < 0 {
			return "", fault.New(fault.Invalid, "the query %s uses :%s, which is none of its parameters", v.Name, name)
		}
		literal, err := v.Parameters[i].literal(values, d)
		if err != nil {
			return "", err
		}
		out.WriteString(v.SQL[at:place[0]])
		out.WriteString(literal)
		at = place[1]
	}
	out.WriteString(v.SQL[at:])
	return out.String(), nil
}

func (p Parameter) literal(values map[string]string, d Dialect) (string, error) {
	value, given := values[p.Name]
	switch {
	case !given && p.Default != "":
		value = p.Default
	case !given && p.Optional:
		return "NULL", nil
	case !given:
		return "", fault.New(fault.Invalid, "the parameter %q needs a value", p.Name)
	case len(p.Values) > 0 && !slices.Contains(p.Values, value):
		return "", fault.New(fault.Invalid, "the parameter %q must be one of: %s", p.Name, strings.Join(p.Values, ", "))
	}
	literal, err := d.literal(Value{p.Class, value})
	if err != nil {
		return "", fault.Because(err, fault.Invalid, "the parameter %q: %s", p.Name, fault.As(err).Message)
	}
	return literal, nil
}
