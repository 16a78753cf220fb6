package pg

import (
	"context"
	"slices"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/sqlfacts"
	"github.com/postern/postern/internal/warehouse/grammar/pg/pgquery"
)

// Facts parses a SQL text and states what is in it. Every node of the tree is
// visited by reflection, so that no kind of node, known or new, is left out.
func Facts(ctx context.Context, sql string) (sqlfacts.Facts, error) {
	tree, err := parse(ctx, sql)
	if err != nil {
		return sqlfacts.Facts{}, err
	}
	w := &walker{sql: sql, kinds: map[string]int{}, defines: map[string]bool{}, derived: map[string]bool{}, real: map[string]bool{}, outputs: map[string][]map[string]bool{}}
	w.facts = sqlfacts.Facts{Dialect: "postgres", Statements: len(tree.Stmts), ReadOnly: true}
	for _, s := range tree.Stmts {
		w.visit(s.Stmt.ProtoReflect(), place{offset: int(s.StmtLocation)})
	}
	if w.err != nil {
		return sqlfacts.Facts{}, w.err
	}
	w.markAliases()
	byOffset := func(a, b int) int { return a - b }
	slices.SortStableFunc(w.facts.Tables, func(a, b sqlfacts.Table) int { return byOffset(a.Offset, b.Offset) })
	slices.SortStableFunc(w.facts.Columns, func(a, b sqlfacts.Column) int { return byOffset(a.Offset, b.Offset) })
	return w.facts, nil
}

// maxParts bounds the common table expressions of a statement. PostgreSQL plans
// a chain of them in time by the cube of its length, and no timeout or cancel
// stops it there: 1,500 were seen to take it minutes.
const maxParts = 250

type walker struct {
	sql   string
	facts sqlfacts.Facts
	kinds map[string]int // index in facts.Nodes
	err   error

	defines map[string]bool // column names the statement itself defines
	derived map[string]bool // names of its CTEs, subqueries and functions in FROM
	real    map[string]bool // names by which real tables are referred to
	parts   int             // common table expressions so far
	values  bool            // it has VALUES, whose columns are column1, column2, ...
	// columns that each function in FROM has, by its alias: one alias can stand
	// for several, in different queries
	outputs map[string][]map[string]bool
}

// place is where a node stands: which CTEs are in scope, the nearest known
// offset, and how many queries are around it.
type place struct {
	ctes   *scope
	offset int
	depth  int
	query  bool // the parent is a query
}

type scope struct {
	name string
	up   *scope
}

func (s *scope) has(name string) bool {
	for ; s != nil; s = s.up {
		if s.name == name {
			return true
		}
	}
	return false
}

var locations = []protoreflect.Name{"location", "stmt_location"}

// visit records a node and all below it.
func (w *walker) visit(m protoreflect.Message, p place) {
	d := m.Descriptor()
	if d.Name() == "Node" {
		if f := m.WhichOneof(d.Oneofs().Get(0)); f != nil {
			w.visit(m.Get(f).Message(), p)
		}
		return
	}
	for _, name := range locations {
		if f := d.Fields().ByName(name); f != nil && f.Kind() == protoreflect.Int32Kind {
			if at := int(m.Get(f).Int()); at > 0 || at == 0 && p.offset == 0 {
				p.offset = at
			}
		}
	}
	w.node(string(d.Name()), p.offset)
	p = w.special(m, p)
	fields := d.Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if f.Message() == nil || !m.Has(f) || f.Name() == "with_clause" {
			continue
		}
		if f.IsList() {
			for l, j := m.Get(f).List(), 0; j < l.Len(); j++ {
				w.visit(l.Get(j).Message(), p)
			}
			continue
		}
		w.visit(m.Get(f).Message(), p)
	}
}

func (w *walker) node(kind string, offset int) {
	i, ok := w.kinds[kind]
	if !ok {
		w.kinds[kind] = len(w.facts.Nodes)
		w.facts.Nodes = append(w.facts.Nodes, sqlfacts.Node{Kind: kind, Offset: offset})
	} else if offset < w.facts.Nodes[i].Offset {
		w.facts.Nodes[i].Offset = offset
	}
}

// special records what is more than a kind, and gives the place of the
// children.
func (w *walker) special(m protoreflect.Message, p place) place {
	p = w.enter(m, p)
	switch n := m.Interface().(type) {
	case *pgquery.RangeVar:
		w.table(n, p)
	case *pgquery.ColumnRef:
		w.column(n, p)
	case *pgquery.FuncCall:
		w.function(n.Funcname, p.offset)
	case *pgquery.SQLValueFunction:
		kind, _ := trimPrefix(n.Op.String(), "SVFOP_")
		w.node("SQLValueFunction:"+kind, p.offset)
	case *pgquery.TypeName:
		w.typeName(n, p)
	case *pgquery.A_Expr:
		if len(n.Name) > 1 {
			w.function(n.Name, p.offset)
		}
	case *pgquery.VariableSetStmt:
		w.facts.Set = n.Name
	default:
		w.names(n)
	}
	return p
}

// enter gives the place inside a query: its WITH is walked first, since it is
// in scope for everything below.
func (w *walker) enter(m protoreflect.Message, p place) place {
	_, isQuery := m.Interface().(*pgquery.SelectStmt)
	if isQuery && !p.query {
		p.depth++
	}
	p.query = isQuery
	f := m.Descriptor().Fields().ByName("with_clause")
	if f == nil || !m.Has(f) {
		return p
	}
	with := m.Get(f).Message().Interface().(*pgquery.WithClause) //nolint:forcetypeassert // the schema says so
	w.node("WithClause", max(int(with.Location), 0))
	if w.parts += len(with.Ctes); w.parts > maxParts && w.err == nil {
		w.err = fault.New(fault.Rejected, "the statement has more than %d common table expressions", maxParts).At("", max(int(with.Location), 0))
	}
	if with.Recursive {
		for _, c := range with.Ctes {
			p.ctes = &scope{c.GetCommonTableExpr().GetCtename(), p.ctes}
		}
	}
	for _, c := range with.Ctes {
		in := p
		in.query = false
		w.visit(c.ProtoReflect(), in)
		if !with.Recursive {
			p.ctes = &scope{c.GetCommonTableExpr().GetCtename(), p.ctes}
		}
	}
	return p
}

func (w *walker) table(n *pgquery.RangeVar, p place) {
	if alias := n.Alias.GetAliasname(); alias != "" {
		w.defines[alias] = true
	}
	if n.Catalogname == "" && n.Schemaname == "" && p.ctes.has(n.Relname) {
		w.derive(n.Relname)
		if alias := n.Alias.GetAliasname(); alias != "" {
			w.derive(alias)
		}
		return
	}
	off := int(n.Location)
	t := sqlfacts.Table{
		Catalog: n.Catalogname, Schema: n.Schemaname, Name: n.Relname, Alias: n.Alias.GetAliasname(),
		Offset: off, End: w.nameEnd(off), Depth: p.depth,
	}
	w.mustBe(t.Offset, t.End, nonEmpty(t.Catalog, t.Schema, t.Name))
	w.facts.Tables = append(w.facts.Tables, t)
	if t.Alias != "" {
		w.real[t.Alias] = true
	} else {
		w.real[t.Name] = true
	}
}

func (w *walker) column(n *pgquery.ColumnRef, p place) {
	var parts []string
	for _, f := range n.Fields {
		if s := f.GetString_(); s != nil {
			parts = append(parts, s.Sval)
		} else {
			parts = append(parts, "*")
		}
	}
	off := int(n.Location)
	end := w.nameEnd(off)
	if off < 0 && len(parts) == 1 && parts[0] == "*" { // TABLE t has one that nobody wrote
		w.facts.Columns = append(w.facts.Columns, sqlfacts.Column{Parts: parts, Offset: p.offset, End: p.offset})
		return
	}
	if len(parts) > 0 && parts[len(parts)-1] == "*" {
		w.node("A_Star", p.offset)
		if end < len(w.sql) && w.sql[end] == '*' {
			end++
		}
	}
	w.mustBe(off, end, parts)
	w.facts.Columns = append(w.facts.Columns, sqlfacts.Column{Parts: parts, Offset: off, End: end})
}

func (w *walker) function(name []*pgquery.Node, offset int) {
	parts := stringsOf(name)
	f := sqlfacts.Function{Offset: offset}
	if len(parts) > 0 {
		f.Name = parts[len(parts)-1]
	}
	if len(parts) > 1 {
		f.Schema = parts[len(parts)-2]
	}
	w.facts.Functions = append(w.facts.Functions, f)
}

// typeName counts as calls those types whose input function does more than
// read a value: the reg types look into the catalog, and a type of another
// schema is anyone's code.
func (w *walker) typeName(n *pgquery.TypeName, p place) {
	parts := stringsOf(n.Names)
	if len(parts) == 0 {
		return
	}
	name := parts[len(parts)-1]
	reg, isReg := trimPrefix(name, "reg")
	if isReg && reg != "" || len(parts) > 1 && parts[len(parts)-2] != "pg_catalog" {
		w.function(n.Names, p.offset)
	}
}

// mustBe checks that the text of a name is the name, so that a splice cannot
// replace something else. Comments inside a name and U&"..." names fail it.
func (w *walker) mustBe(off, end int, parts []string) {
	if w.err != nil {
		return
	}
	if off < 0 || end > len(w.sql) || !slices.Equal(partsOf(w.sql[off:end]), parts) {
		w.err = fault.New(fault.Rejected, "a name is written in a way that cannot be followed: write it plainly, as schema.table or \"schema\".\"table\"").At("statement", off)
	}
}
