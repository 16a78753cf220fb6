package product

import (
	"crypto/sha256"
	"encoding/base32"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/postern/postern/internal/product/spec"
)

// VerifiedQuery is a question whose SQL a person has accepted, of
// x-postern-verified-queries.
type VerifiedQuery struct {
	Name        string
	Question    string
	Questions   []string // other ways to ask it
	Description string
	SQL         string // with :name for each parameter
	Parameters  []QueryParameter
	// Published makes it a tool of its own, once its version is the current
	// one and ready.
	Published bool
}

// QueryParameter is one value of a verified query.
type QueryParameter struct {
	Name        string
	Type        string // text, numeric, date or boolean
	Description string
	Values      []string // all that it may be; nil is any of its type
	Default     string   // used where no value is given; "" is none
	Optional    bool     // without a value and a default it is NULL
}

// Published is a verified query that is a tool, with the version of the
// product that it belongs to.
type Published struct {
	Product Product
	Query   VerifiedQuery
}

// VerifiedQuery finds a verified query by name.
func (p Product) VerifiedQuery(name string) (VerifiedQuery, bool) {
	i := slices.IndexFunc(p.Verified, func(q VerifiedQuery) bool { return q.Name == name })
	if i < 0 {
		return VerifiedQuery{}, false
	}
	return p.Verified[i], true
}

// Tools gives the verified queries that are tools now: the published ones of a
// version that is ready.
func (p Product) Tools() (out []Published) {
	if p.Status != Ready {
		return nil
	}
	for _, q := range p.Verified {
		if q.Published {
			out = append(out, Published{p, q})
		}
	}
	return out
}

// The parts of a tool's name: MCP clients take 64 characters at most.
const (
	productChars = 22
	queryChars   = 30
)

// ToolName is what the query is called as a tool. It hangs on the product's id
// and the query's name alone, so that it is the same in every version; the end
// keeps two that read alike apart, and nobody can take another's name.
func (v Published) ToolName() string {
	sum := sha256.Sum256([]byte(v.Product.ID + "\x00" + v.Query.Name))
	tail := strings.ToLower(base32.StdEncoding.EncodeToString(sum[:5]))
	return slug(v.Product.ID, productChars) + "__" + slug(v.Query.Name, queryChars) + "_" + tail
}

// slug keeps letters and digits, and has _ between them.
func slug(s string, most int) string {
	var b strings.Builder
	for _, c := range strings.ToLower(s) {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			b.WriteRune(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "_"):
			b.WriteByte('_')
		}
	}
	out := b.String()
	return strings.Trim(out[:min(len(out), most)], "_")
}

var parameterName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)

// verified reads x-postern-verified-queries.
func (r *reader) verified(o spec.Object) (out []VerifiedQuery) {
	seen := map[string]bool{}
	for _, item := range r.List(o.Get("x-postern-verified-queries")) {
		q, ok := r.verifiedQuery(item)
		if !ok {
			continue
		}
		if seen[q.Name] {
			r.Fail(item, "value_error", "the name %s is taken by a verified query before it", spec.Quote(q.Name))
		}
		seen[q.Name] = true
		out = append(out, q)
	}
	return out
}

func (r *reader) verifiedQuery(a spec.Place) (q VerifiedQuery, ok bool) {
	o, ok := r.Object(a, "name", "question", "questions", "description", "sql", "parameters", "publish")
	if !ok {
		r.Fail(a, "missing", "must be a map with name and sql")
		return q, false
	}
	q.Name, _ = r.Name(o, "name", ", such as top_customers")
	q.Question, q.Description = r.Prose(o, "question"), r.Prose(o, "description")
	for _, item := range r.List(o.Get("questions")) {
		if s, ok := r.Text(item); ok {
			q.Questions = append(q.Questions, s)
		}
	}
	if c, ok := r.Need(o, "sql", ""); ok {
		q.SQL = r.filled(c)
	}
	if c := o.Get("publish"); !spec.Absent(c.Node) {
		q.Published = r.Flag(o, "publish")
	}
	for _, item := range r.List(o.Get("parameters")) {
		if p, ok := r.parameter(item); ok {
			if slices.ContainsFunc(q.Parameters, func(x QueryParameter) bool { return x.Name == p.Name }) {
				r.Fail(item, "value_error", "the parameter %s is there twice", spec.Quote(p.Name))
			}
			q.Parameters = append(q.Parameters, p)
		}
	}
	r.placesHave(o, q)
	return q, true
}

// Question is one that the product should answer, with the SQL of its accepted
// answers, of x-postern-questions.
type Question struct {
	Text string
	SQL  []string
}

// questions reads x-postern-questions: sql is a text or a list of texts.
func (r *reader) questions(o spec.Object) (out []Question) {
	for _, item := range r.List(o.Get("x-postern-questions")) {
		qo, ok := r.Object(item, "question", "sql")
		if !ok {
			r.Fail(item, "missing", "must be a map with question and sql")
			continue
		}
		var q Question
		if c, ok := r.Need(qo, "question", ""); ok {
			q.Text = r.filled(c)
		}
		c, ok := r.Need(qo, "sql", ": one statement, or a list of accepted ones")
		switch {
		case ok && c.Node.Kind == yaml.SequenceNode:
			for _, s := range r.List(c) {
				q.SQL = append(q.SQL, r.filled(s))
			}
			if len(q.SQL) == 0 {
				r.Fail(c, "too_short", "must hold at least one statement")
			}
		case ok:
			q.SQL = []string{r.filled(c)}
		}
		out = append(out, q)
	}
	return out
}

// filled reads a text that is not empty, of any length.
func (r *reader) filled(c spec.Place) string {
	s, ok := r.Text(c)
	if ok && strings.TrimSpace(s) == "" {
		r.Fail(c, "string_too_short", "must not be empty")
	}
	return s
}

// placesHave checks that each :name of the SQL is a parameter, and each
// parameter somewhere in the SQL.
func (r *reader) placesHave(o spec.Object, q VerifiedQuery) {
	used := map[string]bool{}
	for _, at := range Places(q.SQL) {
		name := q.SQL[at[0]+1 : at[1]]
		if !used[name] && !slices.ContainsFunc(q.Parameters, func(p QueryParameter) bool { return p.Name == name }) {
			r.Fail(o.Get("sql"), "value_error", "uses :%s, which is none of its parameters", name)
		}
		used[name] = true
	}
	for _, p := range q.Parameters {
		if !used[p.Name] && q.SQL != "" {
			r.Fail(o.Get("parameters"), "value_error", "the parameter %s is not in the SQL: write :%s where its value goes", spec.Quote(p.Name), p.Name)
		}
	}
}

func (r *reader) parameter(a spec.Place) (p QueryParameter, ok bool) {
	o, ok := r.Object(a, "name", "type", "description", "default", "required", "values")
	if !ok {
		r.Fail(a, "missing", "must be a map with name and type")
		return p, false
	}
	p.Name, ok = r.Name(o, "name", "")
	if ok && !parameterName.MatchString(p.Name) {
		r.Fail(o.Get("name"), "string_pattern", "must be letters, digits and _, and begin with no digit")
	}
	p.Type, p.Description = r.parameterType(o), r.Prose(o, "description")
	for _, item := range r.List(o.Get("values")) {
		if s, ok := r.value(item, p.Type); ok {
			p.Values = append(p.Values, s)
		}
	}
	d := o.Get("default")
	if !spec.Absent(d.Node) {
		p.Default, _ = r.value(d, p.Type)
		if len(p.Values) > 0 && p.Default != "" && !slices.Contains(p.Values, p.Default) {
			r.Fail(d, "value_error", "must be one of the values")
		}
	}
	if c := o.Get("required"); !spec.Absent(c.Node) {
		need := r.Flag(o, "required")
		if need && p.Default != "" {
			r.Fail(c, "value_error", "a parameter with a default is not required: take one of them out")
		}
		p.Optional = !need
	}
	return p, true
}

// parameterType takes number and enum too, as people write them.
func (r *reader) parameterType(o spec.Object) string {
	c := o.Get("type")
	if spec.Absent(c.Node) {
		return "text"
	}
	s, _ := r.Text(c)
	switch s {
	case "text", "numeric", "date", "boolean":
		return s
	case "number":
		return "numeric"
	case "enum":
		if len(r.List(o.Get("values"))) == 0 {
			r.Fail(c, "value_error", "an enum needs values: a list of all that it may be")
		}
		return "text"
	}
	r.Fail(c, "literal_error", "must be text, number, date, boolean or enum")
	return "text"
}

// value reads a scalar of a parameter's type as text.
func (r *reader) value(c spec.Place, kind string) (string, bool) {
	if c.Node.Kind != yaml.ScalarNode {
		r.Fail(c, "value_error", "must be one value")
		return "", false
	}
	s := c.Node.Value
	good := s != ""
	switch kind {
	case "numeric":
		_, err := strconv.ParseFloat(s, 64)
		good = err == nil && !strings.ContainsAny(s, "xXpP_nN")
	case "boolean":
		s = strings.ToLower(s)
		good = s == "true" || s == "false"
	case "date":
		good = isDate(s)
	}
	if !good {
		r.Fail(c, "value_error", "is no value of the type %s", kind)
	}
	return s, good
}

// isDate takes a day, a day with a time, and a time.
func isDate(s string) bool {
	for _, layout := range []string{time.DateOnly, time.DateTime, "2006-01-02 15:04", time.TimeOnly, "15:04"} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}
