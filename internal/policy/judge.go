package policy

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/sqlfacts"
)

// The locks a statement has to pass, in their order. They are on the wire.
const (
	lockStatement = "statement" // one read-only statement of known nodes
	lockFunctions = "functions" // only functions known to be harmless
	lockTables    = "tables"    // only the product's record sets
	lockColumns   = "columns"   // only the columns a record set shows
)

// Verdict is a statement that may run.
type Verdict struct {
	SQL        string   // with physical names in place of the product's
	RecordSets []string // what it reads, for the record
}

// Judge opens the four locks for a statement, or says which one stays shut and
// why. rewritten is for the text that an earlier Judge gave: its names must
// all be physical now, and nothing is spliced again.
//
// Every refusal is a Denied fault with a lock and a position. What the engine
// itself cannot make sense of is Rejected, with the engine's words.
func Judge(f sqlfacts.Facts, sql string, pr product.Product, rewritten bool) (Verdict, error) {
	lists, ok := dialects[f.Dialect]
	if !ok {
		return Verdict{}, fmt.Errorf("no allow-lists for dialect %q", f.Dialect)
	}
	j := judge{facts: f, sql: sql, allowed: lists(), names: namesOf(pr, f.Dialect)}
	if err := j.statement(); err != nil {
		return Verdict{}, err
	}
	if err := j.functions(); err != nil {
		return Verdict{}, err
	}
	if rewritten {
		return j.physical()
	}
	if err := j.tables(); err != nil {
		return Verdict{}, err
	}
	if err := j.columns(); err != nil {
		return Verdict{}, err
	}
	out, err := j.splice()
	if err != nil {
		return Verdict{}, err
	}
	if out == sql && !f.Unresolved {
		// Nothing will be judged again, so what the engine says it reads
		// counts now.
		if err := j.reads(); err != nil {
			return Verdict{}, err
		}
	}
	return Verdict{SQL: out, RecordSets: j.recordSets()}, nil
}

// judge is one judgement under way.
type judge struct {
	facts       sqlfacts.Facts
	sql         string
	allowed     *allowed
	names       names
	refs        []ref // the tables, resolved
	columnIndex map[*product.RecordSet]map[string]bool
	searches    int // of the text by pattern, which are bounded
}

// ref is a table reference that was found to be a record set.
type ref struct {
	sqlfacts.Table
	set *product.RecordSet
}

// alias is the name the statement knows the table by.
func (r ref) alias() string { return cmp.Or(r.Alias, r.Name) }

func refuse(lock string, at int, format string, args ...any) *fault.Error {
	e := fault.New(fault.Denied, format, args...).At(lock, at)
	if lock == lockTables || lock == lockColumns {
		return e.Coded(20002, "CONTEXT_ACCESS_DENIED")
	}
	return e.Coded(20001, "CONTEXT_VALIDATION_ERROR")
}

// statement is the first lock: one statement, read-only, and made only of
// nodes on the list. The root alone proves nothing: WITH x AS (DELETE ...) is
// a SELECT at the root.
func (j *judge) statement() error {
	switch n := j.facts.Statements; {
	case n == 0:
		return refuse(lockStatement, -1, "there is no statement; write one SELECT")
	case n > 1:
		return refuse(lockStatement, -1, "one statement at a time: this text holds %d; send them one by one", n)
	}
	nodes := slices.Clone(j.facts.Nodes)
	slices.SortStableFunc(nodes, func(a, b sqlfacts.Node) int { return cmp.Compare(place(a), place(b)) })
	for _, n := range nodes {
		if !j.allowed.nodes[n.Kind] {
			return refuse(lockStatement, n.Offset, "only SELECT is allowed: %s", unwanted(n.Kind))
		}
	}
	if !j.facts.ReadOnly {
		return refuse(lockStatement, -1, "only SELECT is allowed: %s says that this statement may change something", j.allowed.title)
	}
	if len(nodes) == 0 && !j.facts.Unresolved {
		return refuse(lockStatement, -1, "only SELECT is allowed")
	}
	return nil
}

// place orders nodes by where they stand; those whose place is not known come
// last, so that a refusal names one that the caller can find.
func place(n sqlfacts.Node) uint { return uint(n.Offset) }

// unwanted is a sentence about a kind of node: by its SQL name where people
// know it by one, else in the parser's spelling.
func unwanted(kind string) string {
	if s, ok := kindNames[kind]; ok {
		return s + " is not"
	}
	if s, ok := strings.CutPrefix(kind, "SQLValueFunction:"); ok {
		return s + " is not"
	}
	if s, ok := strings.CutSuffix(kind, "Stmt"); ok {
		return spaced(s) + " is not"
	}
	if s, ok := strings.CutSuffix(kind, "_STATEMENT"); ok {
		return s + " is not"
	}
	return kind + " is not among what a statement may hold"
}

var kindNames = map[string]string{
	"IntoClause":        "SELECT INTO",
	"LockingClause":     "FOR UPDATE or FOR SHARE",
	"RangeTableSample":  "TABLESAMPLE",
	"RangeTableFunc":    "XMLTABLE",
	"ParamRef":          "a parameter ($1)",
	"PARAMETER":         "a parameter (? or $1)",
	"VariableSetStmt":   "SET",
	"VariableShowStmt":  "SHOW",
	"TransactionStmt":   "transaction control",
	"CreateTableAsStmt": "CREATE TABLE AS",
	"DoStmt":            "DO",
	"SHOW_REF":          "DESCRIBE, SHOW or SUMMARIZE",
	"PIVOT":             "PIVOT or UNPIVOT",
	"AT_CLAUSE":         "time travel (AT)",
	"UNKNOWN_STATEMENT": "this",
}

// spaced turns CreateTableSpace into CREATE TABLE SPACE.
func spaced(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String())
}

// functions is the second lock.
func (j *judge) functions() error {
	for _, fn := range j.facts.Functions {
		schema := strings.ToLower(fn.Schema)
		own := schema == "" || schema == "pg_catalog" && j.facts.Dialect == "postgres"
		if name := strings.ToLower(fn.Name); !own || !j.allowed.functions[name] {
			return j.noFunction(dotted(fn.Schema, fn.Name), name, fn.Offset)
		} else if fn.From && j.allowed.from != nil && !j.allowed.from[name] {
			return refuse(lockFunctions, fn.Offset, "the function %s is not among those allowed in FROM on %s; it has: %s", name, j.allowed.title, itHas(slices.Sorted(maps.Keys(j.allowed.from))))
		}
	}
	if j.facts.Dialect == "duckdb" {
		return j.valueNames()
	}
	if j.facts.Dialect == "postgres" {
		return j.fields()
	}
	return nil
}

func (j *judge) noFunction(written, name string, at int) error {
	return refuse(lockFunctions, at, "the function %s is not among those allowed on %s%s", written, j.allowed.title, didYouMean(name, keys(j.allowed.functions)))
}

// valueNames: DuckDB reads a bare name that is no column as a function without
// brackets, where it is one of these.
func (j *judge) valueNames() error {
	for _, c := range j.facts.Columns {
		name := strings.ToLower(c.Parts[0])
		if len(c.Parts) != 1 || !duckdbValues[name] || j.allowed.functions[name] || j.shown(name) {
			continue
		}
		return refuse(lockFunctions, c.Offset, "%s may mean the function %s(), which is not allowed; if it is a column, write its table before it: t.%s", name, name, name)
	}
	return nil
}

var duckdbValues = map[string]bool{
	"current_catalog": true, "current_date": true, "current_role": true, "current_schema": true,
	"current_time": true, "current_timestamp": true, "current_user": true, "localtime": true,
	"localtimestamp": true, "session_user": true, "user": true,
}

// shown reports whether some record set of the product shows a column of the
// name.
func (j *judge) shown(column string) bool {
	return slices.ContainsFunc(j.names.sets, func(s *product.RecordSet) bool { return j.has(s, column) })
}

// has reports whether a record set shows a column.
func (j *judge) has(s *product.RecordSet, column string) bool {
	index, ok := j.columnIndex[s]
	if !ok {
		index = make(map[string]bool, len(s.Columns))
		for _, c := range s.Columns {
			index[strings.ToLower(c.Name)] = true
		}
		if j.columnIndex == nil {
			j.columnIndex = map[*product.RecordSet]map[string]bool{}
		}
		j.columnIndex[s] = index
	}
	return index[strings.ToLower(column)]
}

// search looks for a pattern in the text, for what only messages or rare forms
// hang on. A text that asks for too many searches gets the answer otherwise.
func (j *judge) search(pattern string, otherwise bool) bool {
	if j.searches++; j.searches > 50 {
		return otherwise
	}
	re, err := regexp.Compile(pattern)
	return err == nil && re.MatchString(j.sql)
}

func (j *judge) recordSets() []string {
	var out []string
	for _, r := range j.refs {
		if n := setName(r.set); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

func dotted(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ".")
}

func keys(m map[string]bool) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}
