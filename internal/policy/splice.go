package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/postern/postern/internal/product"
)

// splice is a piece of the text and what is put in its place.
type splice struct {
	at, end int
	text    string
}

// splice writes the statement that will run. In the place of a record set's
// name stands a query of the columns it shows, or its table's physical name
// where it shows all; dotted table names before columns become the table's
// alias. Nothing else of the caller's text is touched.
func (j *judge) splice() (string, error) {
	var cuts []splice
	for _, r := range j.refs {
		if err := j.placed(r.Offset, r.End, r.Name, lockTables); err != nil {
			return "", err
		}
		if err := j.plainFrom(r); err != nil {
			return "", err
		}
		text := j.source(r.set)
		if r.Alias == "" {
			text += " AS " + quote(r.Name)
		}
		cuts = append(cuts, splice{r.Offset, r.End, text})
	}
	for _, c := range j.facts.Columns {
		if len(c.Parts) < 3 || len(j.aliased(c.Parts[0])) > 0 {
			continue
		}
		r, ok := j.qualified(c)
		if !ok {
			continue
		}
		last := c.Parts[len(c.Parts)-1]
		if err := j.placed(c.Offset, c.End, last, lockColumns); err != nil {
			return "", err
		}
		if last != "*" {
			last = quote(last)
		}
		cuts = append(cuts, splice{c.Offset, c.End, quote(r.alias()) + "." + last})
	}
	return apply(j.sql, cuts)
}

// source is what stands in a record set's place.
func (j *judge) source(s *product.RecordSet) string {
	table := quote(s.Table.Name)
	if schema := j.names.schema(s); schema != "" {
		table = quote(schema) + "." + table
	}
	if len(s.Columns) == 0 {
		return table
	}
	before := ""
	if j.facts.Dialect == "sqlite" {
		// SQLite takes "x" for a string where there is no column x, but not
		// "t"."x".
		before = quote(s.Table.Name) + "."
	}
	columns := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		columns[i] = before + quote(c.Name)
	}
	return "(SELECT " + strings.Join(columns, ", ") + " FROM " + table + ")"
}

// placed makes sure that the parser's place is where the name stands, before
// anything is cut there.
func (j *judge) placed(at, end int, last, lock string) error {
	if at < 0 || end <= at || end > len(j.sql) || !endsWith(j.sql[at:end], last) {
		return refuse(lock, at, "the name %s cannot be placed in the text; write it in one piece, without comments inside, and quote it with double quotes if at all", last)
	}
	return nil
}

// plainFrom refuses the words before a name that do not go before a query. A
// comment between hides them, and then it is the engine that refuses.
func (j *judge) plainFrom(r ref) error {
	before := strings.ToUpper(strings.TrimRight(j.sql[:r.Offset], " \t\r\n("))
	for _, word := range []string{"TABLE", "ONLY"} {
		if rest, ok := strings.CutSuffix(before, word); ok && !wordEnds(rest) {
			return refuse(lockStatement, r.Offset, "%s before a name is not allowed; write SELECT * FROM %s", word, r.Name)
		}
	}
	if strings.HasPrefix(strings.TrimLeft(j.sql[r.End:], " \t\r\n"), "*") {
		return refuse(lockStatement, r.Offset, "* behind a name is not allowed; write SELECT * FROM %s", r.Name)
	}
	return nil
}

// wordEnds reports whether a word goes on to the end of the text.
func wordEnds(s string) bool {
	if s == "" {
		return false
	}
	c := s[len(s)-1]
	return c == '_' || c == '"' || c == '$' || c >= 0x80 || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// endsWith reports whether a dotted name as written ends in the name.
func endsWith(written, name string) bool {
	n := len(written)
	if q := written[n-1]; n > 1 && (q == '"' || q == '`' || q == ']' || q == '\'') {
		open := q
		if q == ']' {
			open = '['
		}
		doubled := strings.ReplaceAll(name, string(q), string(q)+string(q))
		return strings.HasSuffix(strings.ToLower(written), strings.ToLower(string(open)+doubled+string(q)))
	}
	rest, ok := strings.CutSuffix(strings.ToLower(written), strings.ToLower(name))
	return ok && (rest == "" || strings.HasSuffix(strings.TrimRight(rest, " \t\r\n"), "."))
}

// apply makes the cuts, in one pass.
func apply(sql string, cuts []splice) (string, error) {
	slices.SortFunc(cuts, func(a, b splice) int { return cmp.Compare(a.at, b.at) })
	var b strings.Builder
	done := 0
	for _, c := range cuts {
		if c.at < done {
			return "", fmt.Errorf("splices overlap at byte %d", c.at)
		}
		b.WriteString(sql[done:c.at])
		b.WriteString(c.text)
		done = c.end
	}
	b.WriteString(sql[done:])
	return b.String(), nil
}

// quote makes an identifier that every dialect here takes literally.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
