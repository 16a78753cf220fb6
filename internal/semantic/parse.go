package semantic

import (
	"strings"
	"unicode"

	"github.com/postern/postern/internal/fault"
)

// The expressions of metrics, named filters and relationships are SQL, of
// which a small part is understood: columns (table.column), literals,
// arithmetic, the five aggregates (also with FILTER, and of a CASE with one
// WHEN), comparisons, IN, BETWEEN, LIKE, IS NULL, AND, OR, NOT. What is outside
// it is kept as text and not compiled.

// Expression reads an expression as specs write them: columns, constants,
// arithmetic and aggregates.
func (m *Model) Expression(text string) (Expr, error) {
	p := newParser(m, text)
	return p.whole(p.sum)
}

func (m *Model) readMeasure(x *Measure) {
	p := newParser(m, x.Expression)
	p.home = x.Table
	e, err := p.whole(p.sum)
	if err != nil {
		return
	}
	if !m.has(e, isAggregate) {
		return // an expression of one row is no measure
	}
	x.Expr = e
	m.setsIn(e, func(set string) {
		if x.Table == "" {
			x.Table = set
		}
	})
}

func (m *Model) readFilter(x *Filter) {
	p := newParser(m, x.Expression)
	var c Cond
	_, err := p.whole(func() Expr { c = p.or(); return nil })
	if err != nil {
		return
	}
	x.Where = c
	m.setsOf(c, func(set string) {
		if x.Table == "" {
			x.Table = set
		}
	})
}

// equalities reads a.b = c.d [AND ...] as pairs of table and column.
func equalities(expression string) (pairs [][2][2]string, ok bool) {
	p := newParser(nil, expression)
	for {
		a := p.dotted()
		p.want("=")
		b := p.dotted()
		if p.err != nil || len(a) < 2 || len(b) < 2 {
			return nil, false
		}
		last := func(parts []string) [2]string { return [2]string{parts[len(parts)-2], parts[len(parts)-1]} }
		pairs = append(pairs, [2][2]string{last(a), last(b)})
		if p.next() == "" {
			return pairs, true
		}
		if !p.word("and") {
			return nil, false
		}
	}
}

type token struct {
	text   string // "" at the end
	quoted bool   // a "name"
	str    bool   // a 'string'
}

type parser struct {
	m      *Model
	home   string // whose rows COUNT(*) counts; "" where it is not said
	tokens []token
	at     int
	deep   int
	err    error
}

func newParser(m *Model, text string) *parser {
	p := &parser{m: m}
	p.lex(text)
	return p
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fault.New(fault.Invalid, format, args...)
	}
}

func (p *parser) lex(text string) {
	r := []rune(text)
	for i := 0; i < len(r); {
		switch c := r[i]; {
		case unicode.IsSpace(c):
			i++
		case c == '\'' || c == '"' || c == '`':
			s, n, ok := quotedAt(r[i:], c)
			if !ok {
				p.fail("a quote is not closed")
				return
			}
			p.tokens = append(p.tokens, token{s, c != '\'', c == '\''})
			i += n
		case isWord(c) || c == '.' && i+1 < len(r) && unicode.IsDigit(r[i+1]):
			n := i
			for n < len(r) && (isWord(r[n]) || r[n] == '.' && unicode.IsDigit(r[i])) {
				n++
			}
			p.tokens = append(p.tokens, token{text: string(r[i:n])})
			i = n
		default:
			n := 1
			if i+1 < len(r) && strings.Contains("<> <= >= != ", string(r[i:i+2])+" ") {
				n = 2
			}
			p.tokens = append(p.tokens, token{text: string(r[i : i+n])})
			i += n
		}
	}
}

func isWord(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) || c == '_' }

func quotedAt(r []rune, q rune) (s string, n int, ok bool) {
	for i := 1; i < len(r); i++ {
		if r[i] != q {
			s += string(r[i])
			continue
		}
		if i+1 < len(r) && r[i+1] == q {
			s += string(q)
			i++
			continue
		}
		return s, i + 1, true
	}
	return "", 0, false
}

func (p *parser) peek() token {
	if p.at < len(p.tokens) && p.err == nil {
		return p.tokens[p.at]
	}
	return token{}
}

func (p *parser) next() string { return p.peek().text }

// word takes a keyword or sign, if it is next.
func (p *parser) word(w string) bool {
	t := p.peek()
	if t.quoted || t.str || !strings.EqualFold(t.text, w) {
		return false
	}
	p.at++
	return true
}

func (p *parser) want(w string) {
	if !p.word(w) {
		p.fail("%s is missing", w)
	}
}

func (p *parser) whole(f func() Expr) (Expr, error) {
	if len(p.tokens) == 0 {
		p.fail("the expression is empty")
	}
	e := f()
	if p.err == nil && p.at < len(p.tokens) {
		p.fail("%q is not understood", p.next())
	}
	return e, p.err
}

func (p *parser) or() Cond {
	if p.deep++; p.deep > 50 {
		p.fail("too many brackets")
	}
	defer func() { p.deep-- }()
	cs := []Cond{p.and()}
	for p.err == nil && p.word("or") {
		cs = append(cs, p.and())
	}
	if len(cs) == 1 {
		return cs[0]
	}
	return Or(cs)
}

func (p *parser) and() Cond {
	cs := []Cond{p.unary()}
	for p.err == nil && p.word("and") {
		cs = append(cs, p.unary())
	}
	if len(cs) == 1 {
		return cs[0]
	}
	return And(cs)
}

func (p *parser) unary() Cond {
	if p.word("not") {
		return Not{Cond: p.unary()}
	}
	if at := p.at; p.word("(") { // a condition in brackets, or a value
		c := p.or()
		if p.err == nil && p.word(")") {
			if _, signs := comparisons[p.next()]; !signs {
				return c
			}
		}
		p.at, p.err = at, nil
	}
	return p.comparison()
}

var comparisons = map[string]CompareOp{"=": Eq, "<>": Ne, "!=": Ne, "<": Lt, "<=": Le, ">": Gt, ">=": Ge}

func (p *parser) comparison() Cond {
	left := p.sum()
	if p.isBoolean(left) {
		return Compare{Left: left, Op: Eq, Right: Value{Boolean, "true"}}
	}
	if op, ok := comparisons[p.next()]; ok && !p.peek().str {
		p.at++
		return Compare{Left: left, Op: op, Right: p.sum()}
	}
	if p.word("is") {
		not := p.word("not")
		p.want("null")
		return turned(Null{Of: left}, not)
	}
	not := p.word("not")
	switch {
	case p.word("between"):
		low := p.sum()
		p.want("and")
		return turned(Between{left, low, p.sum()}, not)
	case p.word("in"):
		return turned(p.in(left), not)
	case p.word("like"):
		t := p.peek()
		p.at++
		if !t.str {
			p.fail("LIKE needs a text")
		}
		return turned(Match{left, Pattern, t.text}, not)
	}
	p.fail("a comparison is missing")
	return nil
}

func turned(c Cond, not bool) Cond {
	if not {
		return Not{Cond: c}
	}
	return c
}

func (p *parser) in(left Expr) Cond {
	c := In{Of: left}
	p.want("(")
	for p.err == nil {
		v, ok := p.primary().(Value)
		if !ok {
			p.fail("IN needs values")
		}
		c.Values = append(c.Values, v)
		if !p.word(",") {
			break
		}
	}
	p.want(")")
	return c
}

func (p *parser) sum() Expr {
	e := p.product()
	for p.err == nil && (p.next() == "+" || p.next() == "-") && !p.peek().str {
		op := p.next()
		p.at++
		e = Arith{op, e, p.product()}
	}
	return e
}

func (p *parser) product() Expr {
	e := p.primary()
	for p.err == nil && (p.next() == "*" || p.next() == "/") && !p.peek().str {
		op := p.next()
		p.at++
		e = Arith{op, e, p.primary()}
	}
	return e
}

func (p *parser) primary() Expr {
	if p.deep++; p.deep > 50 {
		p.fail("too many brackets")
	}
	defer func() { p.deep-- }()
	t := p.peek()
	switch {
	case t.str:
		p.at++
		return Value{Text, t.text}
	case p.word("("):
		e := p.sum()
		p.want(")")
		return e
	case p.word("-"):
		v, ok := p.primary().(Value)
		if !ok || v.Class != Numeric {
			p.fail("a minus needs a number")
		}
		return Value{Numeric, "-" + v.Text}
	case !t.quoted && number.MatchString(t.text):
		p.at++
		return Value{Numeric, t.text}
	case !t.quoted && (strings.EqualFold(t.text, "true") || strings.EqualFold(t.text, "false")):
		p.at++
		return Value{Boolean, strings.ToLower(t.text)}
	}
	if a, ok := p.aggregate(); ok {
		return a
	}
	return p.column()
}

// dotted reads a.b.c.
func (p *parser) dotted() (parts []string) {
	for p.err == nil {
		t := p.peek()
		if t.text == "" || t.str || !t.quoted && !isWord([]rune(t.text)[0]) {
			p.fail("a name is missing")
			return nil
		}
		parts = append(parts, t.text)
		p.at++
		if !p.word(".") {
			return parts
		}
	}
	return nil
}

// column finds a column; without its table's name it has to be in one only.
func (p *parser) column() Expr {
	parts := p.dotted()
	if p.err != nil {
		return nil
	}
	name := parts[len(parts)-1]
	var found []Ref
	for i := range p.m.Tables {
		t := &p.m.Tables[i]
		if len(parts) > 1 && !fold(t.Name, parts[len(parts)-2]) && !fold(t.Physical, parts[len(parts)-2]) {
			continue
		}
		if c, ok := t.Column(name); ok {
			found = append(found, Ref{t.Name, c.Name})
		}
	}
	if len(found) != 1 {
		p.fail("%s names no column, or several", strings.Join(parts, "."))
		return nil
	}
	return found[0]
}
