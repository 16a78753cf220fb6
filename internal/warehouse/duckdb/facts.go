//go:build cgo && duckdb_arrow

package duckdb

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/sqlfacts"
)

// serialized is what json_serialize_sql says of a text.
type serialized struct {
	Error     bool   `json:"error"`
	Type      string `json:"error_type"`
	Message   string `json:"error_message"`
	Position  string `json:"position"`
	Statement []any  `json:"statements"`
}

// factsOf reads the engine's syntax tree of sql. What is no SELECT comes
// without a tree: it is named by its first word, which is a kind no list
// allows, but for a SET whose value is a literal.
func factsOf(sql string, tree string) (sqlfacts.Facts, error) {
	f := sqlfacts.Facts{Dialect: "duckdb", ReadOnly: true}
	var s serialized
	d := json.NewDecoder(strings.NewReader(tree))
	d.UseNumber() // an offset may be 2^64-1
	if err := d.Decode(&s); err != nil {
		return f, fmt.Errorf("read duckdb's syntax tree: %w", err)
	}
	if s.Error {
		return unserialized(sql, s)
	}
	f.Statements = len(s.Statement)
	w := walker{sql: sql, f: &f, defined: map[string]bool{}, seen: map[string]bool{}}
	for _, st := range s.Statement {
		w.walk(st, scope{})
	}
	for i, c := range f.Columns {
		f.Columns[i].Alias = len(c.Parts) == 1 && w.defined[strings.ToLower(c.Parts[0])]
	}
	return f, nil
}

// unserialized handles a syntax error, and statements that are no SELECT.
func unserialized(sql string, s serialized) (sqlfacts.Facts, error) {
	f := sqlfacts.Facts{Dialect: "duckdb", ReadOnly: true}
	if s.Type != "not implemented" {
		at, err := strconv.Atoi(s.Position)
		if err != nil {
			at = -1
		}
		return f, fault.New(fault.Rejected, "%s", withoutAdvice(s.Message)).At("", at)
	}
	all := statements(lex(sql))
	f.Statements = max(len(all), 1)
	f.ReadOnly = false
	for _, st := range all {
		kind := st[0].word
		if kind == "" || kind == "(" {
			kind = "UNKNOWN"
		}
		f.Nodes = append(f.Nodes, sqlfacts.Node{Kind: kind + "_STATEMENT", Offset: st[0].at})
	}
	if len(f.Nodes) == 0 {
		f.Nodes = []sqlfacts.Node{{Kind: "UNKNOWN_STATEMENT"}}
	}
	if len(all) == 1 {
		f.Set = variable(all[0])
	}
	return f, nil
}

// withoutAdvice drops what the engine says to SET, which no caller may.
func withoutAdvice(message string) string {
	before, _, _ := strings.Cut(message, ` Use "SET `)
	return before
}

// variable gives the name in SET VARIABLE name = literal, "" for any other
// statement: an expression could read what it likes.
func variable(ts []token) string {
	if len(ts) < 5 || ts[0].word != "SET" || ts[1].word != "VARIABLE" || ts[3].word != "=" && ts[3].word != "TO" {
		return ""
	}
	value := ts[4:]
	if value[0].word == "-" {
		value = value[1:]
	}
	if len(value) != 1 || !value[0].literal && !slices.Contains([]string{"TRUE", "FALSE", "NULL"}, value[0].word) {
		return ""
	}
	return strings.ReplaceAll(strings.Trim(ts[2].text, `"`), `""`, `"`)
}

// scope is what common table expressions are known at a place, lower case. It
// is never changed, only copied: a WITH is known below it and nowhere else.
type scope struct {
	ctes  map[string]bool
	depth int
}

func (s scope) with(name string) scope {
	m := map[string]bool{strings.ToLower(name): true}
	for k := range s.ctes {
		m[k] = true
	}
	return scope{m, s.depth}
}

type walker struct {
	sql     string
	f       *sqlfacts.Facts
	defined map[string]bool // names the statement itself gives to columns
	seen    map[string]bool // kinds noted
	from    bool            // the next call stands in FROM
}

func (w *walker) walk(v any, s scope) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			w.walk(e, s)
		}
	case map[string]any:
		w.object(v, s)
	}
}

func (w *walker) object(m map[string]any, s scope) {
	w.note(m)
	s = w.with(m, s)
	switch kind(m) {
	case "BASE_TABLE":
		w.table(m, s)
	case "COLUMN_REF":
		w.column(m)
	case "STAR":
		w.star(m)
	case "FUNCTION", "WINDOW":
		w.function(m)
	case "TABLE_FUNCTION":
		w.from = true // said of the next call, which is the one below this node
	case "LAMBDA":
		w.parameters(m["lhs"])
	case "SELECT_NODE":
		s.depth++
	case "RECURSIVE_CTE_NODE":
		// Only the recursive part sees the name.
		w.rest(m, s, "right")
		w.walk(m["right"], s.with(str(m["cte_name"])))
		return
	}
	w.define(m["alias"])
	w.define(m["column_name_alias"])
	w.define(m["aliases"])
	w.rest(m, s)
}

// rest walks the fields of an object but those named. The map of common table
// expressions was walked in its order already.
func (w *walker) rest(m map[string]any, s scope, but ...string) {
	keys := make([]string, 0, len(m))
	for k := range m {
		if k != "cte_map" && !slices.Contains(but, k) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		w.walk(m[k], s)
	}
}

// with walks the common table expressions of a query in their order, each in
// the scope of those before it, and gives the scope of the query. One that
// bears the name of a table and reads that name reads the table.
func (w *walker) with(m map[string]any, s scope) scope {
	holder, _ := m["cte_map"].(map[string]any)
	list, _ := holder["map"].([]any)
	for _, e := range list {
		cte, _ := e.(map[string]any)
		w.walk(cte["value"], s)
		s = s.with(str(cte["key"]))
	}
	return s
}

// kind is a node's class where it has one (expressions), else its type.
func kind(m map[string]any) string {
	if c := str(m["class"]); c != "" {
		return c
	}
	return str(m["type"])
}

// note adds a node's kind once, with the first place it has in the text.
func (w *walker) note(m map[string]any) {
	k := kind(m)
	switch k {
	case "", "ORDER_DEFAULT", "ASCENDING", "DESCENDING": // the direction of an ORDER BY
		return
	}
	if m["at_clause"] != nil {
		w.add("AT_CLAUSE", place(m))
	}
	if m["sample"] != nil {
		w.add("SAMPLE", place(m))
	}
	w.add(k, place(m))
}

func (w *walker) add(k string, at int) {
	if !w.seen[k] {
		w.seen[k] = true
		w.f.Nodes = append(w.f.Nodes, sqlfacts.Node{Kind: k, Offset: at})
	}
}

// place is where a node stands in the text, -1 when the engine does not say.
func place(m map[string]any) int {
	n, ok := m["query_location"].(json.Number)
	if !ok {
		return -1
	}
	at, err := strconv.Atoi(n.String())
	if err != nil {
		return -1 // 2^64-1
	}
	return at
}

func (w *walker) table(m map[string]any, s scope) {
	t := sqlfacts.Table{
		Catalog: str(m["catalog_name"]), Schema: str(m["schema_name"]), Name: str(m["table_name"]),
		Alias: str(m["alias"]), Offset: place(m), Depth: s.depth,
	}
	if t.Catalog == "" && t.Schema == "" && s.ctes[strings.ToLower(t.Name)] {
		return
	}
	t.End = t.Offset
	if t.Offset >= 0 && t.Offset < len(w.sql) {
		t.End = nameEnd(w.sql, t.Offset)
	}
	if t.End <= t.Offset {
		t.Offset, t.End = -1, -1
	}
	w.f.Tables = append(w.f.Tables, t)
}

// nameEnd is sqlfacts.NameEnd for names that may stand in single quotes, as
// DuckDB takes them for tables.
func nameEnd(sql string, at int) int {
	if sql[at] == '\'' {
		return quoted(sql, at, false)
	}
	return sqlfacts.NameEnd(sql, at)
}

func (w *walker) column(m map[string]any) {
	var parts []string
	list, _ := m["column_names"].([]any)
	for _, p := range list {
		parts = append(parts, str(p))
	}
	w.addColumn(parts, place(m))
}

// star notes *, t.* and COLUMNS(...), which all stand for columns not named.
func (w *walker) star(m map[string]any) {
	parts := []string{"*"}
	if r := str(m["relation_name"]); r != "" {
		parts = []string{r, "*"}
	}
	for _, list := range []string{"exclude_list", "rename_list", "replace_list", "qualified_exclude_list"} {
		if l, ok := m[list].([]any); ok && len(l) > 0 {
			w.add("STAR_"+strings.ToUpper(strings.TrimSuffix(list, "_list")), place(m))
		}
	}
	w.addColumn(parts, place(m))
}

func (w *walker) addColumn(parts []string, at int) {
	c := sqlfacts.Column{Parts: parts, Offset: at, End: at}
	if at >= 0 && at < len(w.sql) {
		c.End = sqlfacts.NameEnd(w.sql, at)
		if parts[len(parts)-1] == "*" && c.End < len(w.sql) && w.sql[c.End] == '*' {
			c.End++
		}
	}
	if c.End <= c.Offset { // the star of FROM t, or of TABLE t, is not in the text
		c.Offset, c.End = -1, -1
	}
	w.f.Columns = append(w.f.Columns, c)
}

// function notes a call. An operator's name is one only where it was written
// as an operator.
func (w *walker) function(m map[string]any) {
	from := w.from
	w.from = false
	name := str(m["function_name"])
	if operator, _ := m["is_operator"].(bool); operator && strings.IndexFunc(name, isLetter) < 0 {
		return
	}
	f := sqlfacts.Function{Schema: str(m["schema"]), Name: strings.ToLower(name), Offset: place(m), From: from}
	if c := str(m["catalog"]); c != "" {
		f.Schema = c + "." + f.Schema
	}
	if strings.EqualFold(f.Schema, "main") { // what the parser itself puts before list_value and its kin
		f.Schema = ""
	}
	w.f.Functions = append(w.f.Functions, f)
}

func isLetter(r rune) bool {
	return r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r >= 0x80
}

// parameters defines the names on the left of a lambda's arrow.
func (w *walker) parameters(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			w.parameters(e)
		}
	case map[string]any:
		if names, ok := v["column_names"].([]any); ok {
			w.define(names)
		}
		w.parameters(v["children"])
	}
}

// define notes a name, or a list of names, as the statement's own.
func (w *walker) define(v any) {
	switch v := v.(type) {
	case string:
		if v != "" {
			w.defined[strings.ToLower(v)] = true
		}
	case []any:
		for _, e := range v {
			w.define(e)
		}
	}
}

func str(v any) string {
	s, _ := v.(string)
	return s
}
