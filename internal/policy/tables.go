package policy

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/sqlfacts"
)

// maxTables bounds how much longer than its text a statement can get, for each
// name is replaced by a query.
const maxTables = 500

// tables is the third lock: every name must be a record set of the product.
func (j *judge) tables() error {
	if n := len(j.facts.Tables); n > maxTables {
		return refuse(lockTables, j.facts.Tables[maxTables].Offset, "a statement may name at most %d tables; this one names %d", maxTables, n)
	}
	for _, t := range j.facts.Tables {
		found := j.names.find(t.Catalog, t.Schema, t.Name)
		switch len(found) {
		case 0:
			return j.noTable(t)
		case 1:
		default:
			return refuse(lockTables, t.Offset, "%s can mean more than one record set (%s); write the record set's name", dotted(t.Catalog, t.Schema, t.Name), itHas(names{sets: found}.all()))
		}
		if err := j.noOwn(found[0].Table, t.Offset); err != nil {
			return err
		}
		j.refs = append(j.refs, ref{t, found[0]})
	}
	return nil
}

func (j *judge) noTable(t sqlfacts.Table) error {
	if j.isCatalog(t.Schema, t.Name) || j.isCatalog(t.Catalog, t.Name) {
		return refuse(lockTables, t.Offset, "%s is in %s's own catalog, which no data product shows; this one has: %s",
			dotted(t.Catalog, t.Schema, t.Name), j.allowed.title, itHas(j.names.all()))
	}
	return refuse(lockTables, t.Offset, "%s is not a record set of this data product; it has: %s%s",
		dotted(t.Catalog, t.Schema, t.Name), itHas(j.names.all()), didYouMean(t.Name, j.names.all()))
}

// noOwn refuses a record set that a spec points at the engine's own catalog:
// that is where logins and settings are.
func (j *judge) noOwn(t product.Table, at int) error {
	if j.isCatalog(t.Schema, t.Name) {
		return refuse(lockTables, at, "this record set is %s's own catalog (%s), which may not be queried; the data product's spec has to name another table", j.allowed.title, dotted(t.Schema, t.Name))
	}
	return nil
}

// isCatalog reports whether a physical name is in the engine's own catalog.
func (j *judge) isCatalog(schema, table string) bool {
	schema, table = strings.ToLower(schema), strings.ToLower(table)
	if slices.Contains(j.allowed.catalogs, schema) || strings.HasPrefix(schema, "pg_temp_") || strings.HasPrefix(schema, "pg_toast") {
		return true
	}
	if schema != "" && j.facts.Dialect == "postgres" {
		return false // there, names that begin with pg_ are not reserved for tables
	}
	return slices.ContainsFunc(j.allowed.system, func(p string) bool { return strings.HasPrefix(table, p) })
}

// physical judges a text that was spliced: every table it reads is one of the
// product's, by its physical name.
func (j *judge) physical() (Verdict, error) {
	if j.facts.Unresolved {
		return Verdict{}, fault.New(fault.Rejected, "%s", j.facts.Problem)
	}
	if j.facts.Dialect == "sqlite" {
		// Its tables come from tokens and only serve splices; what is read is
		// the engine's word.
		return Verdict{SQL: j.sql, RecordSets: j.recordSets()}, j.reads()
	}
	for _, t := range j.facts.Tables {
		found := filter(j.names.sets, func(s *product.RecordSet) bool {
			return t.Catalog == "" && j.names.schema(s) == t.Schema && s.Table.Name == t.Name
		})
		if len(found) == 0 {
			return Verdict{}, j.noTable(t)
		}
		if err := j.noOwn(found[0].Table, t.Offset); err != nil {
			return Verdict{}, err
		}
		j.refs = append(j.refs, ref{t, found[0]})
	}
	return Verdict{SQL: j.sql, RecordSets: j.recordSets()}, nil
}

// reads judges what the engine itself says the statement reads (SQLite): each
// table one of the product's, each column one that a record set of it shows.
func (j *judge) reads() error {
	for _, r := range j.facts.Reads {
		sets := j.names.byTable("", r.Schema, r.Table)
		if len(sets) == 0 || j.isCatalog(r.Schema, r.Table) {
			return j.noTable(sqlfacts.Table{Schema: r.Schema, Name: r.Table, Offset: -1})
		}
		shown := slices.ContainsFunc(sets, func(s *product.RecordSet) bool {
			return len(s.Columns) == 0 || j.has(s, r.Column)
		})
		if !shown && r.Column != "" {
			return refuse(lockColumns, -1, "%s has no column %s in this data product; it has: %s", setName(sets[0]), r.Column, itHas(columnNames(sets...)))
		}
	}
	return nil
}
