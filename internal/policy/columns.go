package policy

import (
	"regexp"
	"slices"
	"strings"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/sqlfacts"
)

// columns is the fourth lock, for the columns a statement spells out. What it
// does not spell out (stars, whole rows) cannot show more, because splice puts
// the record set's columns in the table's place; and what this lock lets pass
// for want of knowing, the engine then cannot find there. So it refuses only
// what it is sure of, to say so better than the engine would.
func (j *judge) columns() error {
	for _, c := range j.facts.Columns {
		if c.Alias || c.Parts[len(c.Parts)-1] == "*" {
			continue
		}
		if sets := j.unfit(c); len(sets) > 0 {
			last := c.Parts[len(c.Parts)-1]
			return refuse(lockColumns, c.Offset, "%s is not a column of %s in this data product; it has: %s%s",
				strings.Join(c.Parts, "."), oneOf(names{sets: sets}.all()), itHas(columnNames(sets...)), didYouMean(last, columnNames(sets...)))
		}
	}
	return nil
}

// unfit gives the record sets a column would have to be of and is not; none
// when it may be right.
func (j *judge) unfit(c sqlfacts.Column) []*product.RecordSet {
	if len(c.Parts) == 1 {
		return j.unfitBare(c.Parts[0])
	}
	qualifier, column := c.Parts[0], c.Parts[1]
	sets := j.aliased(qualifier)
	if len(sets) == 0 && len(c.Parts) > 2 {
		column = c.Parts[len(c.Parts)-1]
		if r, ok := j.qualified(c); ok {
			sets = []*product.RecordSet{r.set}
		}
	}
	for _, s := range sets {
		if len(s.Columns) == 0 || j.has(s, column) {
			return nil
		}
	}
	if len(sets) == 0 || j.definesSource(qualifier) {
		return nil
	}
	return sets
}

// unfitBare judges a column without a table: only when every table is known
// column by column and nothing else can bring columns in.
func (j *judge) unfitBare(name string) []*product.RecordSet {
	if len(j.refs) == 0 || j.otherSources() || j.facts.Dialect == "duckdb" && duckdbValues[strings.ToLower(name)] || numbered.MatchString(name) {
		return nil
	}
	var sets []*product.RecordSet
	for _, r := range j.refs {
		if len(r.set.Columns) == 0 || j.has(r.set, name) || strings.EqualFold(r.alias(), name) {
			return nil
		}
		if !slices.Contains(sets, r.set) {
			sets = append(sets, r.set)
		}
	}
	return sets
}

// numbered are the columns that VALUES brings.
var numbered = regexp.MustCompile(`(?i)^col(umn)?\d+$`)

// otherSources reports whether something that is no table brings columns which
// the text does not name: a function in FROM.
func (j *judge) otherSources() bool {
	return slices.ContainsFunc(j.facts.Nodes, func(n sqlfacts.Node) bool {
		return n.Kind == "RangeFunction" || n.Kind == "TABLE_FUNCTION" || n.Kind == "JsonTable"
	})
}

// aliased gives the record sets known by an alias. The same alias can stand in
// several parts of a statement.
func (j *judge) aliased(alias string) []*product.RecordSet {
	var sets []*product.RecordSet
	for _, r := range j.refs {
		if strings.EqualFold(r.alias(), alias) && !slices.Contains(sets, r.set) {
			sets = append(sets, r.set)
		}
	}
	return sets
}

// qualified finds the table that a column with a dotted table name means.
func (j *judge) qualified(c sqlfacts.Column) (ref, bool) {
	n := len(c.Parts) - 1
	if n < 2 || n > 3 {
		return ref{}, false
	}
	catalog := ""
	if n == 3 {
		catalog = c.Parts[0]
	}
	found := j.names.find(catalog, c.Parts[n-2], c.Parts[n-1])
	for _, r := range j.refs {
		if slices.Contains(found, r.set) && strings.EqualFold(r.Name, c.Parts[n-1]) {
			return r, true
		}
	}
	return ref{}, false
}

// definesSource reports whether the text may also give the name to a subquery
// or to a part of WITH: "(...) name", "(...) AS name", "name AS (". Only
// messages hang on it.
func (j *judge) definesSource(name string) bool {
	q := `"?` + regexp.QuoteMeta(name) + `"?`
	return j.search(`(?is)\)\s*(as\s+)?`+q+`\b|\b`+q+`\s*(\([^()]*\)\s*)?as\s+((not\s+)?materialized\s*)?\(`, true)
}
