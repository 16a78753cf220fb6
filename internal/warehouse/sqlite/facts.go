package sqlite

import (
	"context"
	"errors"
	"slices"
	"strings"

	lib "modernc.org/sqlite/lib"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/sqlfacts"
)

// actions are the authorizer's codes in SQLite's own spelling, without the
// prefix. They are the Kinds of Facts.Nodes.
var actions = map[int32]string{
	lib.SQLITE_CREATE_INDEX: "CREATE_INDEX", lib.SQLITE_CREATE_TABLE: "CREATE_TABLE",
	lib.SQLITE_CREATE_TEMP_INDEX: "CREATE_TEMP_INDEX", lib.SQLITE_CREATE_TEMP_TABLE: "CREATE_TEMP_TABLE",
	lib.SQLITE_CREATE_TEMP_TRIGGER: "CREATE_TEMP_TRIGGER", lib.SQLITE_CREATE_TEMP_VIEW: "CREATE_TEMP_VIEW",
	lib.SQLITE_CREATE_TRIGGER: "CREATE_TRIGGER", lib.SQLITE_CREATE_VIEW: "CREATE_VIEW",
	lib.SQLITE_DELETE: "DELETE", lib.SQLITE_DROP_INDEX: "DROP_INDEX", lib.SQLITE_DROP_TABLE: "DROP_TABLE",
	lib.SQLITE_DROP_TEMP_INDEX: "DROP_TEMP_INDEX", lib.SQLITE_DROP_TEMP_TABLE: "DROP_TEMP_TABLE",
	lib.SQLITE_DROP_TEMP_TRIGGER: "DROP_TEMP_TRIGGER", lib.SQLITE_DROP_TEMP_VIEW: "DROP_TEMP_VIEW",
	lib.SQLITE_DROP_TRIGGER: "DROP_TRIGGER", lib.SQLITE_DROP_VIEW: "DROP_VIEW",
	lib.SQLITE_INSERT: "INSERT", lib.SQLITE_PRAGMA: "PRAGMA", lib.SQLITE_READ: "READ",
	lib.SQLITE_SELECT: "SELECT", lib.SQLITE_TRANSACTION: "TRANSACTION", lib.SQLITE_UPDATE: "UPDATE",
	lib.SQLITE_ATTACH: "ATTACH", lib.SQLITE_DETACH: "DETACH", lib.SQLITE_ALTER_TABLE: "ALTER_TABLE",
	lib.SQLITE_REINDEX: "REINDEX", lib.SQLITE_ANALYZE: "ANALYZE", lib.SQLITE_CREATE_VTABLE: "CREATE_VTABLE",
	lib.SQLITE_DROP_VTABLE: "DROP_VTABLE", lib.SQLITE_FUNCTION: "FUNCTION",
	lib.SQLITE_SAVEPOINT: "SAVEPOINT", lib.SQLITE_RECURSIVE: "RECURSIVE",
}

// selecting allows what a SELECT does, and nothing else. It is the session's
// own lock, in force whenever a caller's text is prepared or stepped: some
// PRAGMAs act while they are prepared.
func selecting(code int32, arg1, _, _, _ string) int32 {
	switch code {
	case lib.SQLITE_SELECT, lib.SQLITE_READ, lib.SQLITE_RECURSIVE:
		return lib.SQLITE_OK
	case lib.SQLITE_FUNCTION:
		if strings.EqualFold(arg1, "load_extension") {
			return lib.SQLITE_DENY
		}
		return lib.SQLITE_OK
	}
	return lib.SQLITE_DENY
}

// event is one call of the authorizer.
type event struct {
	code                    int32
	arg1, arg2, schema, via string
}

// Analyze states the facts of sql: names and offsets from its tokens, the rest
// from what the authorizer is asked while SQLite compiles it. A text whose
// names SQLite does not know is Unresolved; one that is no SQL is Rejected.
func (c *Conn) Analyze(ctx context.Context, sql string) (sqlfacts.Facts, error) {
	if c.closed() {
		return sqlfacts.Facts{}, errClosed
	}
	if err := ctx.Err(); err != nil {
		return sqlfacts.Facts{}, err
	}
	if i := strings.IndexByte(sql, 0); i >= 0 {
		return sqlfacts.Facts{}, fault.New(fault.Rejected, "the SQL holds a NUL character").At("statement", i)
	}
	ts := lex(sql)
	if i := strange(ts); i >= 0 {
		return sqlfacts.Facts{}, fault.New(fault.Rejected, "the SQL holds a control character or a byte order mark outside of a text").At("statement", i)
	}
	r := find(ts)
	f := sqlfacts.Facts{
		Dialect: "sqlite", Statements: count(ts), Tables: r.tables, Columns: r.columns, ReadOnly: true,
	}
	if f.Statements == 0 {
		return f, nil
	}
	var events []event
	c.d.action = func(code int32, arg1, arg2, schema, via string) int32 {
		events = append(events, event{code, arg1, arg2, schema, via})
		return selecting(code, arg1, arg2, schema, via)
	}
	defer func() { c.d.action = denyAll }()
	s, err := c.d.prepare(sql)
	if err == nil {
		defer s.close()
		if s.params() > 0 {
			return sqlfacts.Facts{}, fault.New(fault.Rejected, "SQL parameters are not supported: write the values in the text").At("statement", -1)
		}
		s.facts(&f, r, sql)
	}
	if err := c.compiled(&f, r, events, err); err != nil {
		return sqlfacts.Facts{}, err
	}
	return f, nil
}

// facts adds what the compiled statement itself says.
func (s *statement) facts(f *sqlfacts.Facts, r refs, sql string) {
	f.ReadOnly = s.readOnly()
	if s.explain() {
		f.Nodes = append(f.Nodes, sqlfacts.Node{Kind: "EXPLAIN", Offset: r.verb.at})
	}
	if s.tail < len(sql) && count(lex(sql[s.tail:])) > 0 && f.Statements < 2 {
		f.Statements = 2 // never fewer than the engine sees
	}
}

// compiled fills in what the compilation showed. failed is its error: names
// that SQLite does not know and refusals by the authorizer are facts too.
func (c *Conn) compiled(f *sqlfacts.Facts, r refs, events []event, failed error) error {
	switch {
	case failed == nil:
	case isCode(failed, lib.SQLITE_AUTH):
		f.ReadOnly = false
	case unknownName(failed) || r.long() && syntaxError(failed, "."):
		f.Unresolved, f.Problem = true, failed.Error()
	case writes(r.verb):
		f.ReadOnly = false
	default:
		return rejected(failed)
	}
	if writes(r.verb) {
		f.ReadOnly = false
		f.Nodes = append(f.Nodes, sqlfacts.Node{Kind: r.verb.word, Offset: r.verb.at})
	}
	views, tables, err := c.names()
	if err != nil {
		return err
	}
	n := noter{f: f, refs: r, views: views, tables: tables, seen: map[any]bool{}}
	for _, e := range events {
		n.note(e)
	}
	return nil
}

func writes(verb token) bool {
	return verb.word != "" && verb.word != "SELECT" && verb.word != "VALUES" && verb.word != "EXPLAIN"
}

// long reports whether the text has a name of more parts than SQLite's grammar
// takes, as database.product.table has; splices make it one that it takes.
func (r refs) long() bool {
	return slices.ContainsFunc(r.tables, func(t sqlfacts.Table) bool { return t.Catalog != "" }) ||
		slices.ContainsFunc(r.columns, func(c sqlfacts.Column) bool { return len(c.Parts) > 3 })
}

func syntaxError(err error, near string) bool {
	var e *engineError
	return errors.As(err, &e) && e.message == `near "`+near+`": syntax error`
}

// unknownName tells the errors about names that a splice may still mend.
func unknownName(err error) bool {
	var e *engineError
	if !errors.As(err, &e) || e.primary() != lib.SQLITE_ERROR {
		return false
	}
	for _, p := range []string{
		"no such table:", "no such column:", "ambiguous column name:", "unknown database", "cannot join using column",
	} {
		if strings.HasPrefix(e.message, p) {
			return true
		}
	}
	return false
}

// noter turns authorizer events into facts, each once.
type noter struct {
	f      *sqlfacts.Facts
	refs   refs
	views  map[string]string // lower case: as created
	tables map[string]bool   // lower case
	seen   map[any]bool
}

func (n *noter) first(k any) bool {
	was := n.seen[k]
	n.seen[k] = true
	return !was
}

func (n *noter) note(e event) {
	kind, ok := actions[e.code]
	if !ok {
		kind = "UNKNOWN"
	}
	if n.first(sqlfacts.Node{Kind: kind}) {
		n.f.Nodes = append(n.f.Nodes, sqlfacts.Node{Kind: kind, Offset: n.place(e)})
	}
	if e.via != "" && n.through(e.via) {
		return
	}
	switch e.code {
	case lib.SQLITE_FUNCTION:
		n.function(e.arg2)
	case lib.SQLITE_READ:
		n.read(e)
	}
}

// place is where the text shows the event, -1 when it cannot be told.
func (n *noter) place(e event) int {
	if e.code == lib.SQLITE_FUNCTION {
		if at, ok := n.refs.calls[strings.ToLower(e.arg2)]; ok {
			return at
		}
		return -1
	}
	if e.code == lib.SQLITE_SELECT && n.refs.verb.word == "SELECT" {
		return n.refs.verb.at
	}
	return -1
}

// through handles what SQLite does on behalf of via, which is a view or a
// common table expression; true when the event is thereby accounted for.
//
// A name that the text does not spell can only come from inside a view: what
// a view does is its author's doing, and the view itself is what the caller
// reads. A view the text spells is reported as read. But a common table
// expression of the text may bear a view's name, and what that does is the
// caller's own doing.
func (n *noter) through(via string) bool {
	k := strings.ToLower(via)
	if !n.refs.names[k] {
		return true
	}
	view, ok := n.views[k]
	if !ok || n.refs.ctes[k] {
		return false
	}
	r := sqlfacts.Read{Schema: "main", Table: view}
	if n.first(r) {
		n.f.Reads = append(n.f.Reads, r)
	}
	return true
}

func (n *noter) function(name string) {
	fn := sqlfacts.Function{Name: strings.ToLower(name), Offset: -1}
	if at, ok := n.refs.calls[fn.Name]; ok {
		fn.Offset = at
	}
	if n.first(fn) {
		n.f.Functions = append(n.f.Functions, fn)
	}
}

// defined reports whether a name can only be a common table expression's: the
// text defines one, and the file has nothing of the name.
func (n *noter) defined(name string) bool {
	k := strings.ToLower(name)
	_, view := n.views[k]
	return n.refs.ctes[k] && !view && !n.tables[k] && !strings.HasPrefix(k, "sqlite_") && !strings.HasPrefix(k, "pragma_")
}

func (n *noter) read(e event) {
	// Table-valued functions show as reads of a table of their name.
	if k := strings.ToLower(e.arg1); k == "json_each" || k == "json_tree" {
		if _, called := n.refs.calls[k]; called {
			n.function(k)
			return
		}
	}
	// A table of which no column is used comes as written, and without the view
	// it stands in. What the text does not spell stands in one.
	if e.arg2 == "" && !n.refs.names[strings.ToLower(e.arg1)] && !strings.HasPrefix(strings.ToLower(e.arg1), "sqlite_") {
		return
	}
	if e.arg2 == "" && e.schema == "" && n.defined(e.arg1) {
		return
	}
	r := sqlfacts.Read{Schema: e.schema, Table: e.arg1, Column: e.arg2}
	if r.Schema == "" {
		r.Schema = "main"
	}
	if n.first(r) {
		n.f.Reads = append(n.f.Reads, r)
	}
}
