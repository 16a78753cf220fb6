package semantic

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/fault"
)

// Parameter of a verified query, written :name in its SQL.
type Parameter struct {
	Name        string
	Class       Class
	Description string
	Default     string // used where no value is given; "" is none
}

// Bind writes a verified query with values in the place of its parameters, as
// literals: a value never becomes anything else, whatever it holds. Every
// parameter needs a value, and every value a parameter.
func (v VerifiedQuery) Bind(values map[string]string, d Dialect) (string, error) {
	for name := range values {
		if !slices.ContainsFunc(v.Parameters, func(p Parameter) bool { return p.Name == name }) {
			return "", fault.New(fault.Invalid, "the query %s has no parameter %q", v.Name, name)
		}
	}
	var out strings.Builder
	at := 0
	for _, place := range places(v.SQL) {
		name := v.SQL[place[0]+1 : place[1]]
		i := slices.IndexFunc(v.Parameters, func(p Parameter) bool { return p.Name == name })
		if i < 0 {
			return "", fault.New(fault.Invalid, "the query %s uses :%s, which is none of its parameters", v.Name, name)
		}
		literal, err := v.Parameters[i].literal(values, d)
		if err != nil {
			return "", err
		}
		out.WriteString(v.SQL[at:place[0]])
		out.WriteString(literal)
		at = place[1]
	}
	out.WriteString(v.SQL[at:])
	return out.String(), nil
}

func (p Parameter) literal(values map[string]string, d Dialect) (string, error) {
	value, given := values[p.Name]
	if !given {
		if p.Default == "" {
			return "", fault.New(fault.Invalid, "the parameter %q needs a value", p.Name)
		}
		value = p.Default
	}
	literal, err := d.literal(Value{p.Class, value})
	if err != nil {
		return "", fault.Because(err, fault.Invalid, "the parameter %q: %s", p.Name, fault.As(err).Message)
	}
	return literal, nil
}

// places finds the parameters of a SQL text: :name outside quotes and
// comments. A second colon makes a cast of it.
func places(sql string) (out [][2]int) {
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
		for n < len(sql) && (isWord(rune(sql[n])) || sql[n] == ':') {
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
		if n := strings.IndexByte(rest[1:], '$'); n >= 0 && strings.IndexFunc(rest[1:n+1], func(c rune) bool { return !isWord(c) }) < 0 {
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
