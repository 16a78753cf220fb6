package policy

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/postern/postern/internal/product"
)

// names resolves what a statement calls a table. A record set answers to its
// own name, to that name behind the product's id, and behind the database and
// the id, and to its physical name, whole or, when only one is meant, bare.
type names struct {
	dialect   string
	sets      []*product.RecordSet
	ids       []string // spellings of the product's id, lower case
	databases []string // names of the database, lower case
}

func namesOf(pr product.Product, dialect string) names {
	n := names{dialect: dialect, ids: spellings(pr.ID)}
	for i := range pr.RecordSets {
		n.sets = append(n.sets, &pr.RecordSets[i])
		n.database(pr.RecordSets[i].Table.Database)
	}
	if sys, ok := pr.System(); ok {
		n.database(sys.Source.Database)
		file := filepath.Base(sys.Source.Path)
		n.database(strings.TrimSuffix(file, filepath.Ext(file)))
	}
	return n
}

func (n *names) database(name string) {
	if name = strings.ToLower(name); name != "" && name != "." && !slices.Contains(n.databases, name) {
		n.databases = append(n.databases, name)
	}
}

// spellings are the forms of an id that can stand where a schema stands:
// finance:loan also as loan and finance_loan, for clients that do not quote.
func spellings(id string) []string {
	id = strings.ToLower(id)
	flat := strings.Map(func(r rune) rune {
		if r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' {
			return r
		}
		return '_'
	}, id)
	last := id[strings.LastIndexByte(id, ':')+1:]
	return slices.Compact([]string{id, flat, last})
}

// find gives the record sets that a dotted name can mean. The product's own
// names go before physical ones. More than one is ambiguity, none is a name
// outside the product.
func (n names) find(catalog, schema, name string) []*product.RecordSet {
	if found := n.byName(catalog, schema, name); len(found) > 0 {
		return found
	}
	return n.byTable(catalog, schema, name)
}

func (n names) byName(catalog, schema, name string) []*product.RecordSet {
	if schema != "" && !slices.Contains(n.ids, strings.ToLower(schema)) || catalog != "" && !n.isDatabase(catalog) {
		return nil
	}
	match := func(of func(*product.RecordSet) string) []*product.RecordSet {
		return filter(n.sets, func(s *product.RecordSet) bool { return strings.EqualFold(of(s), name) })
	}
	if found := match(setName); len(found) > 0 {
		return found
	}
	return match(func(s *product.RecordSet) string { return s.Key })
}

// byTable finds by the physical name.
func (n names) byTable(catalog, schema, name string) []*product.RecordSet {
	return filter(n.sets, func(s *product.RecordSet) bool {
		if !strings.EqualFold(s.Table.Name, name) || catalog != "" && !n.isDatabase(catalog) {
			return false
		}
		return schema == "" || strings.EqualFold(n.schema(s), schema)
	})
}

func (n names) isDatabase(name string) bool {
	return len(n.databases) == 0 || slices.Contains(n.databases, strings.ToLower(name))
}

// schema is the schema of a record set's table. Where a spec names none, it is
// the engine's only one, if there is such: a bare name that DuckDB does not
// know, it takes for a file's.
func (n names) schema(s *product.RecordSet) string {
	if s.Table.Schema == "" && n.dialect != "postgres" {
		return "main"
	}
	return s.Table.Schema
}

func filter(sets []*product.RecordSet, keep func(*product.RecordSet) bool) []*product.RecordSet {
	var out []*product.RecordSet
	for _, s := range sets {
		if keep(s) {
			out = append(out, s)
		}
	}
	return out
}

// setName is what the product calls a record set.
func setName(s *product.RecordSet) string {
	if s.Name != "" {
		return s.Name
	}
	return s.Key
}

func (n names) all() []string {
	out := make([]string, 0, len(n.sets))
	for _, s := range n.sets {
		out = append(out, setName(s))
	}
	return out
}

func columnNames(sets ...*product.RecordSet) []string {
	var out []string
	for _, s := range sets {
		for _, c := range s.Columns {
			if !slices.Contains(out, c.Name) {
				out = append(out, c.Name)
			}
		}
	}
	return out
}
