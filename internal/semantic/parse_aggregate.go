package semantic

import (
	"strconv"
	"strings"
)

// isBoolean reports whether an expression is a boolean column that stands for
// its own truth, with no sign after it.
func (p *parser) isBoolean(e Expr) bool {
	r, ok := e.(Ref)
	if !ok || p.err != nil {
		return false
	}
	if _, sign := comparisons[p.next()]; sign && !p.peek().str {
		return false
	}
	for _, w := range []string{"is", "in", "not", "between", "like"} {
		if t := p.peek(); !t.quoted && !t.str && strings.EqualFold(t.text, w) {
			return false
		}
	}
	t, ok := p.m.Table(r.Set)
	if !ok {
		return false
	}
	c, ok := t.Column(r.Column)
	return ok && c.Class == Boolean
}

func (p *parser) aggregate() (Expr, bool) {
	op := AggOp(strings.ToLower(p.next()))
	at := p.at
	if p.peek().quoted || op != Count && op != Sum && op != Avg && op != Min && op != Max {
		return nil, false
	}
	p.at++
	if !p.word("(") {
		p.at = at
		return nil, false
	}
	a := Aggregate{Op: op}
	switch {
	case op == Count && p.word("*"):
		a.Of = p.rows()
		p.want(")")
	case p.word("case"):
		return p.cases(op), true
	default:
		a.Distinct = p.word("distinct")
		a.Of = p.sum()
		p.want(")")
	}
	if p.word("filter") {
		p.want("(")
		p.want("where")
		a.Where = p.or()
		p.want(")")
	}
	return a, true
}

// rows are those of the measure's own record set, or of the only one.
func (p *parser) rows() Expr {
	home := p.home
	if home == "" && len(p.m.Tables) == 1 {
		home = p.m.Tables[0].Name
	}
	if home == "" {
		p.fail("COUNT(*) does not say of which record set: write COUNT(table.column)")
	}
	return Rows{home}
}

// cases reads WHEN condition THEN value [ELSE value] END) as an aggregate of
// the rows for which the condition holds. Of an ELSE only what changes nothing
// is understood, and the mean of ones and zeros, which is a share of the rows.
func (p *parser) cases(op AggOp) Expr {
	p.want("when")
	where := p.or()
	p.want("then")
	then := p.sum()
	other := p.word("else")
	if other && !isNumber(p.sum(), 0) {
		p.fail("ELSE needs 0")
	}
	p.want("end")
	p.want(")")
	if p.err != nil {
		return nil
	}
	one := isNumber(then, 1)
	switch {
	case op == Avg && one && other:
		all := p.rowsOf(where)
		return Arith{"/", Aggregate{Op: Count, Of: all, Where: where}, Aggregate{Op: Count, Of: all}}
	case (op == Sum || op == Count && !other) && one:
		return Aggregate{Op: Count, Of: p.rowsOf(where), Where: where}
	case !other || op == Sum:
		return Aggregate{Op: op, Of: then, Where: where}
	}
	p.fail("%s of a CASE with ELSE 0 is not understood", op)
	return nil
}

func isNumber(e Expr, n float64) bool {
	v, ok := e.(Value)
	if !ok || v.Class != Numeric {
		return false
	}
	f, err := strconv.ParseFloat(v.Text, 64)
	return err == nil && f == n
}

// rowsOf are the rows of the one record set that a condition is about.
func (p *parser) rowsOf(c Cond) Expr {
	set := ""
	p.m.setsOf(c, func(s string) {
		if set != "" && !fold(set, s) {
			p.fail("the condition is about %s and %s", set, s)
		}
		set = s
	})
	if set == "" {
		p.fail("the condition names no record set")
	}
	return Rows{set}
}
