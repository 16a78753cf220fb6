package sqlite

import (
	"strings"

	"github.com/postern/postern/internal/sqlfacts"
)

// refs are the table and column references a text spells out, found by a walk
// over its tokens. They say where names stand, for splices and messages; what
// a statement really reads is the authorizer's word alone.
type refs struct {
	tables  []sqlfacts.Table
	columns []sqlfacts.Column
	calls   map[string]int // lower-case function name: first offset
	ctes    map[string]bool
	names   map[string]bool // every name spelled, lower case, also as 'x'
	verb    token           // the keyword that says what the statement does
}

// frame is one level of brackets.
type frame struct {
	from   bool // between FROM and the clause that ends it
	expect bool // a table may stand here
	ctes   map[string]bool
}

type walk struct {
	refs
	ts     []token
	i      int
	frames []frame
}

// ends are the keywords that end a FROM clause.
var ends = set("WHERE GROUP HAVING ORDER LIMIT WINDOW UNION INTERSECT EXCEPT RETURNING VALUES SET")

// notAlias are the keywords that may follow a table's name and are no alias.
var notAlias = set("WHERE GROUP HAVING ORDER LIMIT WINDOW UNION INTERSECT EXCEPT RETURNING SET VALUES " +
	"JOIN INNER LEFT RIGHT FULL OUTER CROSS NATURAL ON USING INDEXED NOT AS DEFAULT")

// verbs say what a statement does, apart from SELECT and VALUES.
var verbs = set("SELECT VALUES INSERT REPLACE UPDATE DELETE CREATE DROP ALTER ATTACH DETACH PRAGMA VACUUM " +
	"REINDEX ANALYZE BEGIN COMMIT END ROLLBACK SAVEPOINT RELEASE EXPLAIN SET")

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

func find(ts []token) refs {
	w := &walk{ts: ts, frames: []frame{{}}}
	w.calls, w.ctes, w.names = map[string]int{}, map[string]bool{}, map[string]bool{}
	w.spelled()
	for w.i < len(ts) {
		w.token()
	}
	return w.refs
}

// spelled notes every name in the text, wherever it stands, and every name
// that may be a common table expression's. On these hangs what is taken for a
// view's doing, so it is no matter of clauses: 'x' is a name too where one must
// stand, and keywords such as END and WINDOW are names in many places.
func (w *walk) spelled() {
	for i, t := range w.ts {
		if !t.isName() && t.kind != literal {
			continue
		}
		k := strings.ToLower(t.text)
		w.names[k] = true
		if defines(w.ts, i) {
			w.ctes[k] = true
		}
	}
}

func (w *walk) top() *frame { return &w.frames[len(w.frames)-1] }

// peek is the token n after the present one.
func (w *walk) peek(n int) token {
	if w.i+n < len(w.ts) {
		return w.ts[w.i+n]
	}
	return token{at: -1}
}

func (w *walk) token() {
	t, f := w.ts[w.i], w.top()
	if len(w.frames) == 1 && w.verb.word == "" && verbs[t.word] && t.kind == name {
		w.verb = t
	}
	switch {
	case t.word == "(":
		inner := frame{from: f.expect, expect: f.expect}
		f.expect = false // before append, which may move what f points at
		w.frames = append(w.frames, inner)
	case t.word == ")":
		if len(w.frames) > 1 {
			w.frames = w.frames[:len(w.frames)-1]
		}
	case t.word == ";":
		w.frames = []frame{{}}
	case t.word == ",":
		f.expect = f.from
	case t.kind == name && w.keyword(t.word):
	case f.expect && (t.isName() || t.kind == literal):
		w.table()
		return
	case t.isName():
		w.reference()
		return
	}
	w.i++
}

// keyword handles the words that open and close FROM clauses; false when the
// word is another.
func (w *walk) keyword(word string) bool {
	f := w.top()
	switch {
	case word == "SELECT":
		f.from, f.expect = false, false
	case word == "FROM":
		// x IS [NOT] DISTINCT FROM y is an operator.
		if w.i >= 2 && w.ts[w.i-1].word == "DISTINCT" && (w.ts[w.i-2].word == "IS" || w.ts[w.i-2].word == "NOT") {
			return true
		}
		f.from, f.expect = true, true
	case word == "JOIN":
		f.expect = true
	case word == "WITH":
		w.with()
	case word == "WINDOW" && !w.windows():
		return false
	case ends[word]:
		f.from, f.expect = false, false
	case word == "ON" || word == "USING":
		f.expect = false
	default:
		return false
	}
	return true
}

// windows reports whether WINDOW at the present token opens a clause, by
// SQLite's own rule; else it is a name like any other.
func (w *walk) windows() bool {
	n := w.peek(1)
	return (n.isName() || n.kind == literal) && w.peek(2).word == "AS"
}

// with collects the names a WITH clause defines, all at once: SQLite lets its
// parts refer to each other in any order.
func (w *walk) with() {
	f := w.top()
	if f.ctes == nil {
		f.ctes = map[string]bool{}
	}
	depth := 0
	for j := w.i + 1; j < len(w.ts) && depth >= 0; j++ {
		t := w.ts[j]
		switch {
		case t.word == "(":
			depth++
		case t.word == ")":
			depth--
		case depth == 0 && t.kind == name && verbs[t.word]:
			return
		case depth == 0 && (t.isName() || t.kind == literal) && defines(w.ts, j):
			f.ctes[strings.ToLower(t.text)] = true
		}
	}
}

// defines tells whether the name at j is one that a WITH clause defines: it is
// followed by its columns in brackets, or by AS [NOT MATERIALIZED] (.
func defines(ts []token, j int) bool {
	at := func(n int) string {
		if n < len(ts) {
			return ts[n].word
		}
		return ""
	}
	if at(j+1) == "(" {
		return true
	}
	if at(j+1) != "AS" {
		return false
	}
	n := j + 2
	for at(n) == "NOT" || at(n) == "MATERIALIZED" {
		n++
	}
	return at(n) == "("
}

func (w *walk) defined(name string) bool {
	for _, f := range w.frames {
		if f.ctes[strings.ToLower(name)] {
			return true
		}
	}
	return false
}

// dotted reads the dotted name at the present token and moves behind it.
func (w *walk) dotted() (parts []string, at, end int) {
	at = w.ts[w.i].at
	for {
		t := w.ts[w.i]
		parts, end = append(parts, t.text), t.end
		w.i++
		n := w.peek(1)
		if w.peek(0).text != "." || w.peek(0).kind != symbol || !n.isName() && n.kind != literal && n.text != "*" {
			return parts, at, end
		}
		w.i++
	}
}

func (w *walk) table() {
	parts, at, end := w.dotted()
	w.top().expect = false
	if w.peek(0).word == "(" { // a table-valued function
		w.call(parts[len(parts)-1], at)
		return
	}
	t := sqlfacts.Table{Name: parts[len(parts)-1], Offset: at, End: end, Depth: len(w.frames) - 1}
	if len(parts) > 1 {
		t.Schema = parts[len(parts)-2]
	}
	if len(parts) > 2 {
		t.Catalog = strings.Join(parts[:len(parts)-2], ".")
	}
	t.Alias = w.alias()
	if len(parts) == 1 && w.defined(t.Name) {
		return
	}
	w.tables = append(w.tables, t)
}

// alias reads the alias at the present token, if there is one.
func (w *walk) alias() string {
	t := w.peek(0)
	if t.kind == name && t.word == "AS" {
		w.i++
		t = w.peek(0)
	} else if t.kind == name && notAlias[t.word] && (t.word != "WINDOW" || w.windows()) {
		return ""
	}
	if t.at < 0 || !t.isName() && t.kind != literal {
		return ""
	}
	w.i++
	return t.text
}

// reference reads a function call or a column reference. Only qualified
// columns are noted: a bare word may be a keyword, and needs no splice.
func (w *walk) reference() {
	parts, at, end := w.dotted()
	switch {
	case w.peek(0).word == "(" && len(parts) == 1:
		w.call(parts[0], at)
	case len(parts) > 1:
		w.columns = append(w.columns, sqlfacts.Column{Parts: parts, Offset: at, End: end})
	}
}

func (w *walk) call(name string, at int) {
	k := strings.ToLower(name)
	if _, ok := w.calls[k]; !ok {
		w.calls[k] = at
	}
}
