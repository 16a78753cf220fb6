package exact

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/semantic"
)

func (p *parser) top() bool {
	i := p.at
	said := p.s[i].is(kTop) || p.s[i].lower == "top" || p.s[i].lower == "first" || p.s[i].lower == "bottom"
	low := p.s[i].lower == "bottom"
	if said {
		i = p.next(i+1, kFill)
	}
	n, ok := p.piece(i).as(kNumber)
	count := number(n.arg)
	if !ok || count <= 0 || !p.asking || len(p.f.outs) > 0 || len(p.f.shown) > 0 {
		return false
	}
	j := i + 1
	next := p.piece(p.next(j, kFill))
	if next.is(kUnit) && !(p.which && next.is(kGrain)) || !next.is(kColumn, kTable, kSuper, kMeasure, kGrain, kFilter, kJoin) {
		return false
	}
	p.f.limit = count
	if said {
		p.f.rank = &ranking{desc: !low}
	}
	p.at = j
	return true
}

func number(s string) int {
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' || n > 1e6 {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

func (p *parser) ranked() bool {
	s := p.s[p.at]
	if s.is(kMeasure) && p.f.limit == 0 {
		return false
	}
	t, ok := s.as(kMost)
	if !ok {
		t, ok = s.as(kSuper)
	}
	if !ok {
		return false
	}
	op, idea, _ := strings.Cut(t.arg, ":")
	desc := op == "max"
	i := p.next(p.at+1, kFill)
	q, n := p.quantity(i)
	if !s.is(kMost) && len(q.rows) > 0 { // the cheapest product is no count of them
		q, n = quantity{}, 0
	}
	entity := len(p.f.shown) > 0 || p.which && !p.asking
	switch {
	case n > 0 && entity && (q.aggregated() || p.anyNumeric(q.columns) || p.anyDate(q.columns)):
		p.f.rank = &ranking{by: q, desc: desc, most: s.is(kMost)}
		p.f.conds = append(p.f.conds, q.conds...)
	case n > 0 && !entity && !s.is(kMost) && len(q.columns) > 0 && !q.aggregated() && (p.anyNumeric(q.columns) || p.anyDate(q.columns)):
		if p.f.limit > 1 {
			p.f.shown = append(p.f.shown, group{terms: q.columns})
			p.f.rank = &ranking{by: q, desc: desc}
		} else {
			q.op = map[bool]semantic.AggOp{true: semantic.Max, false: semantic.Min}[desc]
			p.f.outs = append(p.f.outs, q)
		}
		p.asking = false
	case entity && n == 0 && p.f.rank == nil:
		p.f.rank, i = &ranking{desc: desc, idea: ideaOf(s.lower, idea)}, p.at+1
	case !entity && p.asking && (p.piece(i).is(kTable, kGrain)) && !s.is(kMost):
		p.f.rank, n = &ranking{desc: desc, idea: ideaOf(s.lower, idea)}, 0
	default:
		return false
	}
	p.at = i + n
	return true
}

func ideaOf(word, idea string) string {
	if idea != "" {
		return idea
	}
	switch word {
	case "highest":
		return "high"
	case "lowest":
		return "high"
	case "biggest", "largest", "smallest":
		return "big"
	}
	return word
}

func (p *parser) anyNumeric(ts []term) bool {
	return slices.ContainsFunc(ts, func(t term) bool { return t.kind == kColumn && p.r.numeric(t) })
}

func (p *parser) anyDate(ts []term) bool {
	return slices.ContainsFunc(ts, func(t term) bool { return t.kind == kColumn && p.r.column(t).Class == semantic.Date })
}
