package draft

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postern/postern/internal/product"
)

var notID = regexp.MustCompile(`[^a-z0-9._-]+`)

// ID makes a product id out of a Source: the file's or database's name.
func ID(s product.Source) string {
	base := s.Database
	if s.Path != "" {
		base = strings.TrimSuffix(s.Path, "/")
		base = base[strings.LastIndexByte(base, '/')+1:]
		if i := strings.LastIndexByte(base, '.'); i > 0 {
			base = base[:i]
		}
	}
	base = strings.Trim(notID.ReplaceAllString(strings.ToLower(base), "_"), "_.-:")
	return cmp.Or(base, string(s.Engine))
}

// Named gives the schema with each table's record set: its own name, with its
// schema's before it where another table has the same. The tables stay in the
// warehouse's order: where a question could mean two of them, the planner takes
// the first.
func Named(s product.Schema) product.Schema {
	out := product.Schema{Tables: slices.Clone(s.Tables)}
	count := map[string]int{}
	for _, t := range out.Tables {
		count[strings.ToLower(t.Table.Name)]++
	}
	taken := map[string]bool{}
	for i := range out.Tables {
		t := out.Tables[i].Table
		n := t.Name
		if count[strings.ToLower(n)] > 1 && t.Schema != "" {
			n = t.Schema + "_" + n
		}
		base := n
		for i := 2; taken[strings.ToLower(n)]; i++ {
			n = base + "_" + strconv.Itoa(i)
		}
		taken[strings.ToLower(n)] = true
		out.Tables[i].RecordSet = n
	}
	return out
}

// find looks a key's target up; engines leave out the database or schema where
// it is the table's own, and SQLite keeps the case of the declaration.
func find(s product.Schema, ref, from product.Table) (product.SchemaTable, bool) {
	ref.Database, ref.Schema = cmp.Or(ref.Database, from.Database), cmp.Or(ref.Schema, from.Schema)
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		for _, t := range s.Tables {
			if same(t.Table.Name, ref.Name) && same(t.Table.Schema, ref.Schema) && same(t.Table.Database, ref.Database) {
				return t, true
			}
		}
	}
	return product.SchemaTable{}, false
}

// title makes order_items into Order items.
func title(s string) string {
	words := strings.TrimSpace(strings.ReplaceAll(s, "_", " "))
	if words == "" {
		return s
	}
	first, size := utf8.DecodeRuneInString(words)
	return string(unicode.ToUpper(first)) + words[size:]
}
