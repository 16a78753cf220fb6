// Package schemas_test drafts well-known schemas under open licences, and
// counts how many of their joins are found: by their declared keys, and
// without them.
package schemas_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/postern/postern/internal/draft"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/semantic"
)

// read reads a schema; the text files say how they are written.
func read(t *testing.T, file string) (s product.Schema) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string][]string{}
	for line := range strings.Lines(string(b)) {
		name, columns, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		st := product.SchemaTable{Table: product.Table{Schema: "public", Name: name}, Rows: -1}
		for c := range strings.SplitSeq(columns, ",") {
			f := strings.Fields(c)
			col, key := strings.CutPrefix(f[0], "*")
			st.Columns = append(st.Columns, product.SchemaColumn{Name: col, Type: f[1], Nullable: !key})
			if key {
				st.PrimaryKey = append(st.PrimaryKey, col)
			}
			if len(f) > 2 {
				st.ForeignKeys = append(st.ForeignKeys, product.ForeignKey{Columns: []string{col}, RefTable: product.Table{Schema: "public", Name: f[2][1:]}})
			}
		}
		keys[name] = st.PrimaryKey
		s.Tables = append(s.Tables, st)
	}
	for _, st := range s.Tables {
		for i := range st.ForeignKeys {
			st.ForeignKeys[i].RefColumns = keys[st.ForeignKeys[i].RefTable.Name]
		}
	}
	if len(s.Tables) < 5 {
		t.Fatalf("%s has %d tables", file, len(s.Tables))
	}
	return s
}

func files(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("*.txt")
	if err != nil || len(found) < 3 {
		t.Fatalf("%v %v", found, err)
	}
	return found
}

// joins lists a model's joins, with how many meet how many.
func joins(m *semantic.Model) []string {
	all := map[string]bool{}
	for _, j := range m.Joins {
		all[j.From+"."+strings.Join(j.Columns, "+")+" "+string(j.Cardinality)+" "+j.To+"."+strings.Join(j.RefColumns, "+")] = true
	}
	return slices.Sorted(maps.Keys(all))
}

func declared(s product.Schema) (out []string) {
	for _, st := range s.Tables {
		for _, k := range st.ForeignKeys {
			out = append(out, st.Table.Name+"."+k.Columns[0]+" many_to_one "+k.RefTable.Name+"."+k.RefColumns[0])
		}
	}
	slices.Sort(out)
	return out
}

// byDraft is the model of the product that a draft makes.
func byDraft(t *testing.T, s product.Schema) *semantic.Model {
	t.Helper()
	s = draft.Named(s)
	m := draft.Model(s, product.PostgreSQL)
	m.Infer()
	doc, err := draft.Spec(s, m, draft.Options{URI: "postgresql://h/db", ID: "x"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := product.Parse(doc)
	if err != nil {
		t.Fatal(err)
	}
	return semantic.FromProduct(p)
}

func TestDeclaredKeysBecomeJoins(t *testing.T) {
	for _, file := range files(t) {
		s := read(t, file)
		m := semantic.FromSchema(s, semantic.Postgres)
		m.Infer()
		if d := cmp.Diff(declared(s), joins(m)); d != "" {
			t.Errorf("%s: %s", file, d)
		}
		if d := cmp.Diff(declared(s), joins(byDraft(t, s))); d != "" {
			t.Errorf("%s, by its draft: %s", file, d)
		}
	}
}

func TestJoinsAreInferredWhereNoKeyIsDeclared(t *testing.T) {
	total, right := 0, 0
	for _, file := range files(t) {
		s := read(t, file)
		want := declared(s)
		for i := range s.Tables {
			s.Tables[i].ForeignKeys = nil
			if len(s.Tables[i].PrimaryKey) == 1 {
				s.Tables[i].PrimaryKey = nil // a pair of columns is not guessed
			}
		}
		m := semantic.FromSchema(s, semantic.Postgres)
		m.Infer()
		if d := cmp.Diff(joins(m), joins(byDraft(t, s))); d != "" {
			t.Errorf("%s, by its draft: %s", file, d)
		}
		found := 0
		for _, j := range joins(m) {
			if slices.Contains(want, j) {
				found++
			} else {
				t.Errorf("%s: %s is not declared", file, j)
			}
		}
		t.Logf("%s: %d of %d joins found without keys", file, found, len(want))
		total, right = total+len(want), right+found
	}
	t.Logf("%d of %d joins found without keys", right, total)
	if right*10 < total*9 {
		t.Errorf("only %d of %d joins are found", right, total)
	}
}
