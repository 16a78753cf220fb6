package form

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/semantic"
)

// column is a column of a set of the query.
type column struct {
	ref   semantic.Ref
	of    *semantic.Column
	table *semantic.Table
}

// set finds a set: a table, or a join by its name, which then is one more set.
func (a *asked) set(n node, name string) string {
	if s, _, ok := a.findSet(name); ok {
		return s
	}
	a.bad(n, "value_error", "there is no table or join "+quoted(name)+nearest(name, a.setNames()))
	return ""
}

func (a *asked) findSet(name string) (set string, t *semantic.Table, ok bool) {
	for _, j := range a.q.Joins {
		if strings.EqualFold(j.As, name) {
			t, ok = a.m.Table(j.Table)
			return j.As, t, ok
		}
	}
	if t, ok := a.m.Table(name); ok {
		return t.Name, t, true
	}
	j, ok := a.m.Join(name)
	if !ok {
		return "", nil, false
	}
	of := j.From
	if strings.EqualFold(j.From, j.To) && a.q.From == "" {
		a.q.From = j.From // which of the two sides is shown is not to be told from the tables
	}
	if strings.EqualFold(of, a.q.From) {
		of = ""
	}
	a.q.Joins = append(a.q.Joins, semantic.JoinAs{As: j.Name, Table: j.To, Via: j.Name, Of: of})
	t, ok = a.m.Table(j.To)
	return j.Name, t, ok
}

func (a *asked) setNames() (names []string) {
	for i := range a.m.Tables {
		names = append(names, a.m.Tables[i].Name)
	}
	for _, j := range a.m.Joins {
		if !slices.Contains(names, j.Name) {
			names = append(names, j.Name)
		}
	}
	return names
}

// column finds "table.column", "join.column", or a column whose name only one
// table has.
func (a *asked) column(n node) (column, bool) {
	name := a.text(n)
	if name == "" {
		if n.v == nil {
			a.bad(n, "missing", "Field required")
		} else if _, ok := n.v.(string); ok {
			a.bad(n, "value_error", "Input should be a column, as table.column")
		}
		return column{}, false
	}
	if c, ok := a.lookup(name); ok {
		return c, true
	}
	if in := a.tablesWith(name); len(in) > 1 {
		a.bad(n, "value_error", "several tables have a column "+quoted(name)+": write "+strings.Join(in, " or "))
		return column{}, false
	}
	a.bad(n, "value_error", "there is no column "+quoted(name)+nearest(name, a.columnNames(name)))
	return column{}, false
}

func (a *asked) lookup(name string) (column, bool) {
	name = strings.NewReplacer(`"`, "", "`", "").Replace(name)
	if dot := strings.LastIndexByte(name, '.'); dot > 0 {
		set, t, ok := a.findSet(name[:dot])
		if !ok {
			return column{}, false
		}
		c, ok := t.Column(name[dot+1:])
		if !ok {
			c, ok = a.columnCalled(t, name[dot+1:])
		}
		if !ok {
			return column{}, false
		}
		return column{semantic.Ref{Set: set, Column: c.Name}, c, t}, true
	}
	if a.table != nil {
		if c, ok := a.table.Column(name); ok {
			return column{semantic.Ref{Set: a.table.Name, Column: c.Name}, c, a.table}, true
		}
	}
	if in := a.tablesWith(name); len(in) == 1 {
		return a.lookup(in[0])
	}
	return column{}, false
}

// columnCalled finds the one column of a table that people call so.
func (a *asked) columnCalled(t *semantic.Table, name string) (*semantic.Column, bool) {
	var found *semantic.Column
	for i := range t.Columns {
		if c := &t.Columns[i]; calls(name, c.Label, c.Synonyms) {
			if found != nil {
				return nil, false
			}
			found = c
		}
	}
	if found != nil {
		a.note(quoted(name) + " is the column " + t.Name + "." + found.Name)
	}
	return found, found != nil
}

func (a *asked) tablesWith(name string) (in []string) {
	for i := range a.m.Tables {
		if c, ok := a.m.Tables[i].Column(name); ok {
			in = append(in, a.m.Tables[i].Name+"."+c.Name)
		}
	}
	return in
}

// columnNames are what may have been meant by a column: those of the table
// that it names, where there is one.
func (a *asked) columnNames(name string) (names []string) {
	table := ""
	if dot := strings.LastIndexByte(name, '.'); dot > 0 {
		if _, t, ok := a.findSet(name[:dot]); ok {
			table = t.Name
		}
	}
	for i := range a.m.Tables {
		t := &a.m.Tables[i]
		if table == "" || t.Name == table {
			for _, c := range t.Columns {
				names = append(names, t.Name+"."+c.Name)
			}
		}
	}
	return names
}
