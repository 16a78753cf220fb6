package product

import (
	"strings"
	"unicode"
)

// Places finds the parameters of a SQL text: :name outside quotes and
// comments. A second colon makes a cast of it.
func Places(sql string) (out [][2]int) {
	for i := 0; i < len(sql); {
		if end := quotedEnd(sql, i); end > i {
			i = end
			continue
		}
		if sql[i] != ':' {
			i++
			continue
		}
		n := i + 1
		for n < len(sql) && (wordPart(rune(sql[n])) || sql[n] == ':') {
			n++
		}
		if n > i+1 && !strings.Contains(sql[i+1:n], ":") && !(sql[i+1] >= '0' && sql[i+1] <= '9') && sql[i+1] < 0x80 {
			out = append(out, [2]int{i, n})
		}
		i = n
	}
	return out
}

// quotedEnd gives the end of a string, name, comment or dollar-quoted text
// that begins at i, and i where none does. An open one goes to the end.
func quotedEnd(sql string, i int) int {
	until := func(from int, end string) int {
		if from > len(sql) {
			return len(sql)
		}
		if n := strings.Index(sql[from:], end); n >= 0 {
			return from + n + len(end)
		}
		return len(sql)
	}
	rest := sql[i:]
	switch {
	case rest[0] == '\'' && i > 0 && (sql[i-1] == 'E' || sql[i-1] == 'e'):
		return escapedEnd(sql, i+1)
	case rest[0] == '\'' || rest[0] == '"' || rest[0] == '`':
		return until(i+1, rest[:1])
	case strings.HasPrefix(rest, "--"):
		return until(i, "\n")
	case strings.HasPrefix(rest, "/*"):
		return until(i+2, "*/")
	case rest[0] == '$':
		if n := strings.IndexByte(rest[1:], '$'); n >= 0 && strings.IndexFunc(rest[1:n+1], func(c rune) bool { return !wordPart(c) }) < 0 {
			return until(i+n+2, rest[:n+2])
		}
	}
	return i
}

// escapedEnd ends E'...', in which a backslash hides a quote.
func escapedEnd(sql string, i int) int {
	for ; i < len(sql); i++ {
		switch sql[i] {
		case '\\':
			i++
		case '\'':
			return i + 1
		}
	}
	return len(sql)
}

func wordPart(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) || c == '_' }
