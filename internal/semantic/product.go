package semantic

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/product"
)

// FromProduct reads a product's model out of its spec: record sets,
// relationships and metrics, and the x-postern keys for what the published
// spec has no place for (see extras). What introspection and samples know is
// added by Enrich and Sample; Infer guesses what is then still missing.
func FromProduct(p product.Product) *Model {
	m := &Model{ProductID: p.ID, Name: p.Name, Description: cmp.Or(p.Description, p.ShortDescription)}
	if s, ok := p.System(); ok {
		m.Dialect = DialectOf(s.Source.Engine)
	}
	x := readExtras(p.Spec)
	for _, rs := range p.RecordSets {
		m.Tables = append(m.Tables, tableOf(rs, x.RecordSets[rs.Key]))
	}
	for _, rs := range p.RecordSets {
		more := x.RecordSets[rs.Key].Relationships
		for i, r := range rs.Relationships {
			var extra joinExtra
			if i < len(more) {
				extra = more[i]
			}
			m.addRelationship(p, rs, r, extra)
		}
	}
	for _, metric := range p.Metrics {
		m.addMetric(metric, x.Metrics[metric.Key])
	}
	for _, f := range x.Filters {
		m.Filters = append(m.Filters, Filter{Name: f.Name, Label: spoken(f.Name), Description: f.Description, Synonyms: f.Synonyms, Expression: f.Expression})
	}
	for _, v := range p.Verified {
		m.Verified = append(m.Verified, VerifiedOf(v))
	}
	m.settle()
	return m
}

// DialectOf is the dialect of an engine, "" where there is no compiler yet.
func DialectOf(e product.Engine) Dialect {
	switch e {
	case product.SQLite:
		return SQLite
	case product.DuckDB:
		return DuckDB
	case product.PostgreSQL:
		return Postgres
	}
	return ""
}

// extras are the x-postern keys of a spec, at the place each belongs to.
type extras struct {
	RecordSets map[string]tableExtra
	Metrics    map[string]metricExtra
	Filters    []filterExtra
}

type tableExtra struct {
	PrimaryKey    []string         `json:"x-postern-primary-key"`
	Synonyms      []string         `json:"x-postern-synonyms"`
	TimeColumn    string           `json:"x-postern-time-column"`
	Grain         string           `json:"x-postern-grain"`
	Rows          *int64           `json:"x-postern-rows"`
	Inferred      []string         `json:"x-postern-inferred"` // which of these keys were guessed
	Columns       []map[string]any `json:"schema"`
	Relationships []joinExtra      `json:"relationships"`
}

type joinExtra struct {
	Inferred bool     `json:"x-postern-inferred"`
	Label    string   `json:"x-postern-label"`
	Synonyms []string `json:"x-postern-synonyms"`
}

type metricExtra struct {
	Synonyms []string `json:"x-postern-synonyms"`
	Unit     string   `json:"x-postern-unit"`
	Additive string   `json:"x-postern-additivity"`
	Inferred bool     `json:"x-postern-inferred"`
}

type filterExtra struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Synonyms    []string `json:"synonyms"`
	Expression  string   `json:"expression"`
}

// readExtras reads each key on its own: one of a wrong shape is passed over
// and takes nothing else with it.
func readExtras(spec json.RawMessage) (x extras) {
	var doc struct {
		Product map[string]json.RawMessage `json:"product"`
	}
	if json.Unmarshal(spec, &doc) != nil {
		return x
	}
	x.RecordSets, x.Metrics = map[string]tableExtra{}, map[string]metricExtra{}
	eachKey(doc.Product["recordSets"], func(key string, raw json.RawMessage) {
		var t tableExtra
		_ = json.Unmarshal(raw, &t)
		x.RecordSets[key] = t
	})
	var metadata map[string]json.RawMessage
	_ = json.Unmarshal(doc.Product["metadata"], &metadata)
	eachKey(metadata["metrics"], func(key string, raw json.RawMessage) {
		var t metricExtra
		_ = json.Unmarshal(raw, &t)
		x.Metrics[key] = t
	})
	_ = json.Unmarshal(doc.Product["x-postern-filters"], &x.Filters)
	return x
}

func eachKey(raw json.RawMessage, f func(string, json.RawMessage)) {
	var all map[string]json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		return
	}
	for key, v := range all {
		f(key, v)
	}
}

func tableOf(rs product.RecordSet, x tableExtra) Table {
	t := Table{Name: rs.Name, Physical: rs.Table.Name, Label: strings.ToLower(rs.DisplayName), Description: rs.Description,
		Synonyms: x.Synonyms, PrimaryKey: x.PrimaryKey, Rows: -1, TimeColumn: x.TimeColumn, Grain: Grain(x.Grain),
		KeyInferred: slices.Contains(x.Inferred, "x-postern-primary-key")}
	if x.Rows != nil && *x.Rows >= 0 {
		t.Rows = *x.Rows
	}
	for i, c := range rs.Columns {
		col := Column{Name: c.Name, Label: strings.ToLower(c.DisplayName), Class: Class(c.Type), Description: c.Description, Distinct: -1, Nullable: true}
		if i < len(x.Columns) {
			col.extra(x.Columns[i])
		}
		t.Columns = append(t.Columns, col)
	}
	return t
}

func (c *Column) extra(x map[string]any) {
	str := func(key string) string { s, _ := x[key].(string); return s }
	c.EngineType, c.Unit = str("x-postern-type"), str("x-postern-unit")
	c.Role, c.Additive = Role(str("x-postern-role")), Additivity(str("x-postern-additivity"))
	c.Synonyms = texts(x["x-postern-synonyms"])
	if c.Values = texts(x["x-postern-values"]); len(c.Values) > 0 {
		c.Complete, c.Distinct = true, int64(len(c.Values))
	} else {
		c.Values = texts(x["x-postern-samples"])
	}
	if n, ok := x["x-postern-distinct"].(float64); ok && n >= 0 {
		c.Distinct = int64(n)
	}
	c.NumericText, _ = x["x-postern-numeric-text"].(bool)
}

func texts(list any) (out []string) {
	all, _ := list.([]any)
	for _, v := range all {
		switch v := v.(type) {
		case string:
			out = append(out, v)
		case float64:
			out = append(out, strconv.FormatFloat(v, 'f', -1, 64))
		case bool:
			out = append(out, strconv.FormatBool(v))
		}
	}
	return out
}

// addRelationship reads a.x = b.y [AND ...]. An expression of another form is
// no join that a compiler could walk both ways, and is left out.
func (m *Model) addRelationship(p product.Product, rs product.RecordSet, r product.Relationship, x joinExtra) {
	right := ""
	for _, x := range p.RecordSets {
		if fold(x.Key, r.RightTable) || fold(x.Name, r.RightTable) || right == "" && fold(x.Table.Name, r.RightTable) {
			right = x.Name
		}
	}
	j := Join{Name: r.Name, From: rs.Name, To: right, Cardinality: cardinality(r.Cardinality), FromOptional: r.LeftNullable, Label: x.Label, Synonyms: x.Synonyms, Inferred: x.Inferred}
	terms, ok := equalities(r.Expression)
	if !ok || right == "" {
		return
	}
	calls := func(name string) []string {
		for _, x := range p.RecordSets {
			if x.Name == name {
				return []string{x.Name, x.Key, x.Table.Name}
			}
		}
		return nil
	}
	left := func(names []string, table string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return fold(n, table) })
	}
	for _, t := range terms {
		a, b := t[0], t[1]
		if rs.Name != right && !left(calls(rs.Name), a[0]) {
			a, b = b, a
		}
		if !left(calls(rs.Name), a[0]) || !left(calls(right), b[0]) {
			return
		}
		j.Columns, j.RefColumns = append(j.Columns, a[1]), append(j.RefColumns, b[1])
	}
	m.addJoin(j)
}

func cardinality(s string) Cardinality {
	switch strings.ToLower(strings.NewReplacer("-", "_", " ", "_", ":", "_to_").Replace(s)) {
	case "one_to_one", "1_to_1":
		return OneToOne
	case "one_to_many", "1_to_n", "1_to_many":
		return OneToMany
	case "many_to_one", "n_to_1", "many_to_1":
		return ManyToOne
	}
	return ManyToMany
}

// addJoin adds a join that is not there yet, under a name of its own.
func (m *Model) addJoin(j Join) bool {
	taken := map[string]bool{}
	for _, x := range m.Joins {
		if fold(x.From, j.From) && fold(x.To, j.To) && foldAll(x.Columns, j.Columns) && foldAll(x.RefColumns, j.RefColumns) ||
			fold(x.From, j.To) && fold(x.To, j.From) && foldAll(x.Columns, j.RefColumns) && foldAll(x.RefColumns, j.Columns) {
			return false
		}
		taken[strings.ToLower(x.Name)] = true
	}
	base := cmp.Or(j.Name, j.From+"_"+strings.Join(j.Columns, "_"))
	j.Name = base
	for i := 2; taken[strings.ToLower(j.Name)]; i++ {
		j.Name = base + "_" + strconv.Itoa(i)
	}
	m.Joins = append(m.Joins, j)
	return true
}

func foldAll(a, b []string) bool {
	return slices.EqualFunc(a, b, fold)
}

func (m *Model) addMetric(x product.Metric, extra metricExtra) {
	home := ""
	for i, c := range x.Columns { // where all are of one record set, it is the one that is counted
		set, _, _ := strings.Cut(c, ".")
		t, ok := m.Table(set)
		if !ok || i > 0 && !fold(t.Name, home) {
			home = ""
			break
		}
		home = t.Name
	}
	m.Measures = append(m.Measures, Measure{Table: home, Name: x.Key, Label: strings.ToLower(x.DisplayName), Description: x.Description, Expression: x.Expression,
		Synonyms: extra.Synonyms, Unit: extra.Unit, Additive: Additivity(extra.Additive), Inferred: extra.Inferred})
}
