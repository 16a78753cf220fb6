package semantic

import "strings"

// Restate says a query in words, made from its parts alone.
func Restate(q Query, m *Model) string { return "" }

// words says an expression.
func (m *Model) words(e Expr) string {
	switch e := e.(type) {
	case Ref:
		return e.Column
	}
	return "the expression"
}

// tableWords is what people call a table's rows.
func (m *Model) tableWords(t *Table) string {
	if t.Label != "" {
		return t.Label
	}
	return spoken(t.Name)
}

// spoken makes words of a name.
func spoken(name string) string { return Words(name) }

// wordsOf says a way of joins.
func (m *Model) wordsOf(hops []hop) string {
	names := make([]string, 0, len(hops))
	for _, h := range hops {
		from, to := h.columns()
		names = append(names, h.from()+"."+strings.Join(from, "+")+" and "+h.to()+"."+strings.Join(to, "+"))
	}
	return strings.Join(names, ", ")
}
