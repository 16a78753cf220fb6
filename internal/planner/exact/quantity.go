package exact

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/semantic"
)

func (p *parser) quantity(i int) (q quantity, n int) {
	from := i
	s := p.piece(i)
	if m := s.all(kMeasure); len(m) > 0 && !p.piece(i).is(kValue) {
		return quantity{measures: m}, p.totalled(i+1) - from
	}
	if s.is(kCount) {
		return p.count(i)
	}
	if a, ok := s.as(kAgg); ok && a.arg != "much" {
		j := p.next(i+1, kFill, kPrep)
		if m := p.piece(j).all(kMeasure); len(m) > 0 && len(p.piece(j).all(kColumn)) == 0 {
			if a.arg == "sum" {
				return quantity{measures: m}, j + 1 - from
			}
			return q, 0
		}
		if c := p.piece(j); c.is(kColumn) {
			return quantity{op: semantic.AggOp(a.arg), columns: c.all(kColumn)}, j + 1 - from
		}
		if c := p.piece(j); c.is(kCount) && a.arg == "sum" {
			return p.count(j)
		}
		return q, 0
	}
	if c := s.all(kColumn); len(c) > 0 && !s.is(kTable) {
		q = quantity{columns: c}
		if j := p.totalled(i + 1); j > i+1 {
			q.op = semantic.Sum
			return q, j - from
		}
		return q, 1
	}
	if s.is(kTable) {
		return quantity{rows: s.all(kTable), columns: s.all(kColumn)}, 1
	}
	return q, 0
}

func (p *parser) totalled(i int) int {
	if a, ok := p.piece(i).as(kAgg); ok && a.arg == "sum" && strings.HasPrefix(p.piece(i).lower, "in ") {
		return i + 1
	}
	return i
}

func (p *parser) count(i int) (q quantity, n int) {
	from := i
	for i++; i < len(p.s); i++ {
		s := p.s[i]
		n := i + 1 - from
		switch {
		case s.is(kDistinct):
			q.distinct = true
			continue
		case s.is(kMeasure) && !q.distinct && len(p.counts(s)) > 0:
			if t := s.all(kTable); len(t) > 0 {
				return quantity{rows: t, conds: q.conds}, n
			}
			return quantity{measures: p.counts(s), conds: q.conds}, n
		case s.is(kFilter) && !s.is(kTable):
			t, _ := s.as(kFilter)
			q.conds = append(q.conds, condition{filter: t.n + 1, via: -1})
			continue
		case s.is(kTable) && !(q.distinct && s.is(kColumn) && !p.r.named(s)):
			return quantity{rows: s.all(kTable), conds: q.conds}, n
		case s.is(kColumn) && !s.is(kGrain) && !p.anyNumeric(s.all(kColumn)): // a number of points may be a count or a sum
			return quantity{columns: s.all(kColumn), op: semantic.Count, distinct: true, conds: q.conds}, n
		case s.is(kValue):
			q.conds = append(q.conds, condition{values: s.all(kValue), via: -1})
			continue
		case s.is(kFill, kPrep):
			continue
		}
		break
	}
	return quantity{}, 0
}

func (r *Reader) named(s piece) bool {
	return slices.ContainsFunc(s.all(kTable), func(t term) bool {
		return strings.Join(words(r.table(t).Name), " ") == strings.Join(words(s.lower), " ")
	})
}

func (p *parser) counts(s piece) (out []term) {
	for _, t := range s.all(kMeasure) {
		if a, ok := p.r.m.Measures[t.n].Expr.(semantic.Aggregate); ok && a.Op == semantic.Count {
			out = append(out, t)
		}
	}
	return out
}

func (p *parser) quantified() bool {
	s := p.s[p.at]
	if a, ok := s.as(kAgg); ok && strings.HasPrefix(s.lower, "in ") && len(p.f.outs) > 0 && a.arg == "sum" {
		p.at++
		return true
	}
	if a, ok := s.as(kAgg); ok && a.arg == "much" {
		return p.much()
	}
	if !s.is(kMeasure, kCount, kAgg) && !(p.f.share != "" && len(p.f.outs) == 0 && s.is(kTable)) || p.not {
		return false
	}
	if s.is(kMeasure) && s.is(kTable, kColumn, kFilter) && !p.asking {
		return false
	}
	if s.is(kMeasure) && s.is(kTable) && p.f.share == "" && (p.which || p.listing || p.f.rank != nil || p.f.limit > 0) && !p.later(kBy, kEach, kOver, kChange) {
		return false // which planes, and not how many
	}
	if before := p.piece(p.at - 1); s.is(kCount) && before.is(kColumn, kTable) && !before.is(kAnd) {
		return false // the phone number of
	}
	q, n := p.quantity(p.at)
	if n == 0 || !q.aggregated() {
		return false
	}
	if !p.asking && len(p.f.outs) > 0 && !p.piece(p.at-1).is(kAnd) {
		return false
	}
	if p.which && len(p.f.outs) == 0 && len(p.f.shown) > 0 && !p.piece(p.at-1).is(kAnd) {
		return false
	}
	if len(p.f.shown) > 0 && len(p.f.outs) == 0 && s.is(kMeasure) && s.is(kTable) {
		return false
	}
	p.f.outs, p.f.conds = append(p.f.outs, q), append(p.f.conds, q.conds...)
	p.at += n
	for { // the average temperature and humidity
		j := p.at
		if !p.piece(j).is(kAnd) || q.op == "" || q.op == semantic.Count {
			break
		}
		j = p.next(j+1, kFill)
		c := p.piece(j).all(kColumn)
		if len(c) == 0 || !p.anyNumeric(c) || p.piece(j+1).is(kCompare) {
			break
		}
		p.f.outs = append(p.f.outs, quantity{op: q.op, columns: c})
		p.at = j + 1
	}
	p.asking = false
	return true
}

func (p *parser) later(ks ...kind) bool {
	return slices.ContainsFunc(p.s[p.at:], func(s piece) bool { return s.is(ks...) })
}

func (p *parser) much() bool {
	j := p.next(p.at+1, kFill, kPrep)
	s := p.piece(j)
	if m := s.all(kMeasure); len(m) > 0 {
		p.f.outs = append(p.f.outs, quantity{measures: m})
	} else if c := s.all(kColumn); len(c) > 0 && p.anyNumeric(c) {
		p.f.outs = append(p.f.outs, quantity{op: semantic.Sum, columns: c})
	} else {
		return false
	}
	p.at, p.asking = j+1, false
	return true
}
