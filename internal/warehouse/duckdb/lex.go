//go:build cgo && duckdb_arrow

package duckdb

import "strings"

// token is a piece of SQL in DuckDB's spelling. word is upper case for plain
// words, and the character for symbols; "" for literals and quoted names.
type token struct {
	word    string
	text    string // as written
	at, end int
	literal bool // a string or a number
}

// lex cuts SQL into tokens, without blanks and comments. It serves only what
// the engine's serializer does not do: naming a statement that is not a
// SELECT, and finding where a SELECT ends.
func lex(sql string) []token {
	var out []token
	for i := 0; i < len(sql); {
		if end := blank(sql, i); end > i {
			i = end
			continue
		}
		t := next(sql, i)
		t.text = sql[t.at:t.end]
		out = append(out, t)
		i = t.end
	}
	return out
}

// blank gives the end of the white space or comment at i. Block comments nest.
func blank(sql string, i int) int {
	switch {
	case strings.IndexByte(" \t\n\f\r\v", sql[i]) >= 0:
		return i + 1
	case strings.HasPrefix(sql[i:], "--"):
		if n := strings.IndexAny(sql[i:], "\n\r"); n >= 0 {
			return i + n + 1
		}
		return len(sql)
	case strings.HasPrefix(sql[i:], "/*"):
		depth := 1
		for j := i + 2; j < len(sql); j++ {
			switch {
			case strings.HasPrefix(sql[j:], "*/"):
				depth--
				j++
				if depth == 0 {
					return j + 1
				}
			case strings.HasPrefix(sql[j:], "/*"):
				depth++
				j++
			}
		}
		return len(sql)
	}
	return i
}

func next(sql string, i int) token {
	switch c := sql[i]; {
	case c == '\'':
		return token{at: i, end: quoted(sql, i, false), literal: true}
	case c == '"':
		return token{at: i, end: quoted(sql, i, false)}
	case (c == 'e' || c == 'E') && i+1 < len(sql) && sql[i+1] == '\'':
		return token{at: i, end: quoted(sql, i+1, true), literal: true}
	case c == '$':
		if end := dollar(sql, i); end > 0 {
			return token{at: i, end: end, literal: true}
		}
	case c >= '0' && c <= '9':
		end := i
		for end < len(sql) && (wordByte(sql[end]) || sql[end] == '.') {
			end++
		}
		return token{at: i, end: end, literal: true}
	case wordByte(c):
		end := i
		for end < len(sql) && wordByte(sql[end]) {
			end++
		}
		return token{word: strings.ToUpper(sql[i:end]), at: i, end: end}
	}
	return token{word: sql[i : i+1], at: i, end: i + 1}
}

// quoted gives the end of what is quoted at i, by doubling or, in E”, also by
// backslashes.
func quoted(sql string, i int, backslash bool) int {
	q := sql[i]
	for j := i + 1; j < len(sql); j++ {
		switch {
		case backslash && sql[j] == '\\':
			j++
		case sql[j] == q && j+1 < len(sql) && sql[j+1] == q:
			j++
		case sql[j] == q:
			return j + 1
		}
	}
	return len(sql)
}

// dollar gives the end of a $tag$...$tag$ literal at i, 0 when there is none.
func dollar(sql string, i int) int {
	j := i + 1
	for j < len(sql) && sql[j] != '$' && wordByte(sql[j]) {
		j++
	}
	if j >= len(sql) || sql[j] != '$' || j > i+1 && sql[i+1] >= '0' && sql[i+1] <= '9' {
		return 0
	}
	tag := sql[i : j+1]
	if n := strings.Index(sql[j+1:], tag); n >= 0 {
		return j + 1 + n + len(tag)
	}
	return len(sql)
}

func wordByte(c byte) bool {
	return c == '_' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// statements splits tokens at semicolons, without empty ones.
func statements(ts []token) [][]token {
	var out [][]token
	var one []token
	for _, t := range append(ts, token{word: ";"}) {
		if t.word != ";" {
			one = append(one, t)
			continue
		}
		if len(one) > 0 {
			out = append(out, one)
		}
		one = nil
	}
	return out
}

// trimmed is a single statement without what follows it: semicolons and
// comments.
func trimmed(sql string) string {
	all := statements(lex(sql))
	if len(all) == 0 {
		return sql
	}
	last := all[len(all)-1]
	return sql[:last[len(last)-1].end]
}
