package sqlite

import "strings"

// token is a piece of SQL. For names, text is without its quotes; word is the
// upper-case spelling of what was not quoted, so that a quoted name is never
// taken for a keyword.
type token struct {
	kind       kind
	text, word string
	at, end    int
}

type kind int

const (
	symbol  kind = iota // one character, or an operator nobody asks about
	name                // an identifier or keyword
	quoted              // a quoted identifier: "x", `x`, [x]
	literal             // 'x': SQLite also takes it for a name where one must stand
	number
)

func (t token) isName() bool { return t.kind == name || t.kind == quoted }

// lex cuts SQL into tokens, without blanks and comments.
func lex(sql string) []token {
	var out []token
	for i := 0; i < len(sql); {
		if end := blank(sql, i); end > i {
			i = end
			continue
		}
		t := next(sql, i)
		out = append(out, t)
		i = t.end
	}
	return out
}

// blank gives the end of the white space or comment at i.
func blank(sql string, i int) int {
	switch {
	case strings.IndexByte(" \t\n\f\r", sql[i]) >= 0:
		return i + 1
	case strings.HasPrefix(sql[i:], "--"):
		if n := strings.IndexByte(sql[i:], '\n'); n >= 0 {
			return i + n + 1
		}
		return len(sql)
	case strings.HasPrefix(sql[i:], "/*"):
		if n := strings.Index(sql[i+2:], "*/"); n >= 0 {
			return i + 2 + n + 2
		}
		return len(sql)
	}
	return i
}

func next(sql string, i int) token {
	switch c := sql[i]; {
	case c == '"' || c == '`':
		return quote(sql, i, c, quoted)
	case c == '[':
		return quote(sql, i, ']', quoted)
	case c == '\'':
		return quote(sql, i, c, literal)
	case wordByte(c) && (c < '0' || c > '9'):
		end := span(sql, i)
		return token{kind: name, text: sql[i:end], word: strings.ToUpper(sql[i:end]), at: i, end: end}
	case c >= '0' && c <= '9' || c == '.' && i+1 < len(sql) && sql[i+1] >= '0' && sql[i+1] <= '9':
		return token{kind: number, text: sql[i:numberEnd(sql, i)], at: i, end: numberEnd(sql, i)}
	}
	return token{kind: symbol, text: sql[i : i+1], word: sql[i : i+1], at: i, end: i + 1}
}

// quote reads from the quote at i to its end; a doubled quote stands for one,
// but in [x], where SQLite knows no escape.
func quote(sql string, i int, closing byte, k kind) token {
	var b strings.Builder
	j := i + 1
	for ; j < len(sql); j++ {
		if sql[j] == closing {
			if closing == ']' || j+1 >= len(sql) || sql[j+1] != closing {
				j++
				break
			}
			j++
		}
		b.WriteByte(sql[j])
	}
	return token{kind: k, text: b.String(), at: i, end: j}
}

// strange gives the place of a character outside of texts and quoted names that
// SQLite may take for a blank and this package does not (a byte order mark, a
// vertical tab), or that no statement needs; -1 when there is none. What is
// taken for a view's doing hangs on seeing the same words as SQLite.
func strange(ts []token) int {
	for _, t := range ts {
		switch {
		case t.kind == symbol && (t.text[0] < ' ' || t.text[0] == 0x7f):
			return t.at
		case t.kind == name && strings.Contains(t.text, "\ufeff"):
			return t.at
		}
	}
	return -1
}

func wordByte(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func span(sql string, i int) int {
	for i < len(sql) && wordByte(sql[i]) {
		i++
	}
	return i
}

func numberEnd(sql string, i int) int {
	if hex := strings.ToLower(sql[i:min(i+2, len(sql))]) == "0x"; hex {
		return span(sql, i) // 0x1e+v is a sum
	}
	for i < len(sql) && (wordByte(sql[i]) || sql[i] == '.' ||
		(sql[i] == '+' || sql[i] == '-') && (sql[i-1] == 'e' || sql[i-1] == 'E')) {
		i++
	}
	return i
}

// count gives how many statements the tokens hold.
func count(ts []token) int {
	n, empty := 0, true
	for _, t := range ts {
		switch {
		case t.word == ";":
			empty = true
		case empty:
			n, empty = n+1, false
		}
	}
	return n
}
