package pg

import (
	"strings"

	"github.com/postern/postern/internal/sqlfacts"
	"github.com/postern/postern/internal/warehouse/grammar/pg/pgquery"
)

// maxName is how many bytes of a name PostgreSQL keeps.
const maxName = 63

func (w *walker) nameEnd(off int) int {
	if off < 0 || off >= len(w.sql) {
		return off
	}
	return sqlfacts.NameEnd(w.sql, off)
}

func nonEmpty(s ...string) []string {
	var out []string
	for _, x := range s {
		if x != "" {
			out = append(out, x)
		}
	}
	return out
}

func trimPrefix(s, prefix string) (string, bool) {
	return strings.CutPrefix(s, prefix)
}

func stringsOf(nodes []*pgquery.Node) []string {
	out := make([]string, 0, len(nodes))
	for _, n := range nodes {
		out = append(out, n.GetString_().GetSval())
	}
	return out
}

// partsOf reads a dotted name as PostgreSQL does: unquoted parts fold to lower
// case, long ones are cut.
func partsOf(text string) []string {
	var parts []string
	for i := 0; i < len(text); {
		var part string
		part, i = partAt(text, i)
		parts = append(parts, part)
		i = skip(text, i)
		if i < len(text) && text[i] == '.' {
			i = skip(text, i+1)
		} else if i < len(text) {
			return nil
		}
	}
	return parts
}

func partAt(text string, i int) (string, int) {
	if text[i] == '"' {
		for j := i + 1; j < len(text); j++ {
			if text[j] != '"' {
				continue
			}
			if j+1 < len(text) && text[j+1] == '"' {
				j++
				continue
			}
			return cut(strings.ReplaceAll(text[i+1:j], `""`, `"`)), j + 1
		}
		return text[i:], len(text)
	}
	j := i
	for j < len(text) && text[j] != '.' && text[j] > ' ' {
		j++
	}
	return cut(lower(text[i:j])), j
}

// lower folds ASCII only, as the parser does in UTF-8.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// cut shortens a name to what PostgreSQL keeps, at a whole character.
func cut(s string) string {
	if len(s) <= maxName {
		return s
	}
	n := 0
	for i := range s {
		if i > maxName {
			break
		}
		n = i
	}
	return s[:n]
}

func skip(s string, i int) int {
	for i < len(s) && strings.IndexByte(" \t\n\r\f\v", s[i]) >= 0 {
		i++
	}
	return i
}
