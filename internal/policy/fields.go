package policy

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/sqlfacts"
)

// PostgreSQL reads x.f as f(x) where x has no column f: ('/etc/passwd').
// pg_read_file reads a file, and so does x.pg_read_file with x from unnest.
// No parser can show that as a call, for it depends on what x is. So the
// second lock looks at names after dots as well.

// fields refuses names after a dot that PostgreSQL could take for functions
// which are not allowed.
func (j *judge) fields() error {
	for _, c := range j.facts.Columns {
		last := c.Parts[len(c.Parts)-1]
		if len(c.Parts) < 2 || last == "*" || j.shown(last) || j.allowed.functions[strings.ToLower(last)] {
			continue
		}
		if j.isField(last) || c.Call && !harmless[last] {
			return j.noField(last, c.Offset)
		}
	}
	if !j.holds("A_Indirection") {
		return nil
	}
	for name, at := range selections(j.sql) {
		if !j.allowed.functions[strings.ToLower(name)] && !j.shown(name) {
			return j.noField(name, at)
		}
	}
	return nil
}

func (j *judge) noField(name string, at int) error {
	return refuse(lockFunctions, at, "PostgreSQL may take %s after a dot for the call of a function %s(...), which is not among those allowed; name the column in the subquery or the alias it comes from", name, name)
}

// isField matches the list of names that may not stand after a dot.
func (j *judge) isField(name string) bool {
	name = strings.ToLower(name)
	for f := range j.allowed.fields {
		if begin, open := strings.CutSuffix(f, "*"); f == name || open && strings.HasPrefix(name, begin) {
			return true
		}
	}
	return false
}

// harmless are the columns that functions in FROM bring by themselves.
var harmless = map[string]bool{"key": true, "value": true, "ordinality": true, "word": true, "ndoc": true, "lexeme": true, "positions": true, "weights": true}

func (j *judge) holds(kind string) bool {
	return slices.ContainsFunc(j.facts.Nodes, func(n sqlfacts.Node) bool { return n.Kind == kind })
}

// selections finds the names selected from a value in brackets, (x).name and
// x[1].name, with their places. It reads strings and comments as code, which
// can refuse too much and never too little.
func selections(sql string) func(yield func(string, int) bool) {
	return func(yield func(string, int) bool) {
		for i := range len(sql) {
			if sql[i] != ')' && sql[i] != ']' {
				continue
			}
			for at := gap(sql, i+1); at < len(sql) && sql[at] == '.'; {
				name := gap(sql, at+1)
				end := nameAt(sql, name)
				if text := strings.Trim(sql[name:end], `"`); text != "" && text != "*" && !yield(text, name) {
					return
				}
				at = gap(sql, max(end, name))
			}
		}
	}
}

// nameAt gives the end of the one name at i: quoted, U&"...", or plain.
func nameAt(sql string, i int) int {
	if i < len(sql) && sql[i] == '"' {
		if n := strings.IndexByte(sql[i+1:], '"'); n >= 0 {
			return i + n + 2
		}
		return len(sql)
	}
	end := i
	for end < len(sql) && (sql[end] == '_' || sql[end] == '$' || sql[end] == '&' || sql[end] == '*' || sql[end] >= 0x80 ||
		sql[end] >= '0' && sql[end] <= '9' || sql[end]|0x20 >= 'a' && sql[end]|0x20 <= 'z') {
		end++
	}
	return end
}

// gap skips blanks and comments.
func gap(sql string, i int) int {
	for i < len(sql) {
		switch {
		case strings.IndexByte(" \t\n\r\f\v", sql[i]) >= 0:
			i++
		case strings.HasPrefix(sql[i:], "--"):
			n := strings.IndexAny(sql[i:], "\r\n")
			if n < 0 {
				return len(sql)
			}
			i += n
		case strings.HasPrefix(sql[i:], "/*"):
			i = commentEnd(sql, i)
		default:
			return i
		}
	}
	return i
}

// commentEnd gives the end of the comment at i. They nest.
func commentEnd(sql string, i int) int {
	depth := 0
	for i < len(sql) {
		switch {
		case strings.HasPrefix(sql[i:], "/*"):
			depth++
			i += 2
		case strings.HasPrefix(sql[i:], "*/"):
			depth--
			i += 2
		default:
			i++
		}
		if depth == 0 {
			return i
		}
	}
	return i
}
