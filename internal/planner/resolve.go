package planner

import (
	"slices"

	"github.com/postern/postern/internal/semantic"
)

const (
	hopCost    = 0.12
	unnamed    = 0.05 // a table that the question does not name
	owned      = 0.3  // a column of the table that it is said to be of
	maxOptions = 6
	maxCombos  = 3000
	maxSlots   = 24
)

// resolve picks one reading of every slot so that the readings are near and
// their tables are close together. It gives how far the next choice is behind.
func (p *Planner) resolve(f *form) (margin float64) {
	slots := f.slots()
	if len(slots) > maxSlots {
		f.why = "it asks for too much at once"
		return 0
	}
	for _, s := range slots {
		p.prune(s)
		if len(s.opts) == 0 {
			f.why = "nothing in the data fits " + quote(s.text)
			return 0
		}
	}
	shrink(slots)
	r := &search{p: p, slots: slots, dist: map[int]map[int]int{}, now: make([]cand, len(slots)), named: namedTables(f)}
	r.walk(0, 0)
	if r.best == nil {
		return 0
	}
	for i, s := range slots {
		s.pick = r.best[i]
	}
	return r.bestScore - r.secondScore
}

func namedTables(f *form) map[int]bool {
	named := map[int]bool{}
	for _, s := range f.slots() {
		if s.want == tableOnly && len(s.opts) > 0 {
			named[s.opts[0].table] = true
		}
	}
	return named
}

// prune scores the options by what the phrase needs, and keeps the best.
func (p *Planner) prune(s *slot) {
	opts := slices.Clone(s.opts)
	for i := range opts {
		opts[i].score += p.fit(s, opts[i].ref)
		if s.owns(opts[i].table) {
			opts[i].score += owned
		}
	}
	if of := slices.IndexFunc(opts, func(o cand) bool { return o.score > owned+0.6 }); of >= 0 && s.owners != nil && !s.soft {
		opts = slices.DeleteFunc(opts, func(o cand) bool { return o.score <= owned+0.6 && !s.owns(o.table) })
	}
	slices.SortStableFunc(opts, func(a, b cand) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	if s.want == tableOnly && len(opts) > 0 && opts[0].score > 0.95 {
		opts = slices.DeleteFunc(opts, func(o cand) bool { return o.column < 0 && o.score < 0.9 })
	}
	for i, o := range opts {
		if i == maxOptions || o.score < 0.3 || o.score < opts[0].score-0.75 {
			opts = opts[:i]
			break
		}
	}
	s.opts = opts
}

// owns tells whether the question puts the slot under the table.
func (s *slot) owns(t int) bool {
	return slices.ContainsFunc(s.owners, func(o cand) bool { return o.table == t && o.score > s.owners[0].score-0.15 })
}

// fit is what a column's kind takes from its score.
func (p *Planner) fit(s *slot, r ref) float64 {
	if r.column < 0 || s.want == anything || s.want == tableOnly {
		return 0
	}
	c := p.index.column(r)
	num := c.Class == semantic.Numeric || c.NumericText
	switch s.want {
	case number:
		if !num {
			return -0.6
		}
		if c.Role == semantic.Key || c.Role == semantic.Foreign {
			return -0.3
		}
	case orderable:
		if !num && c.Class != semantic.Date {
			return -0.5
		}
		if c.Role == semantic.Key || c.Role == semantic.Foreign {
			return -0.2
		}
	case moment:
		if !p.index.isMoment(r) {
			return -0.6
		}
	}
	return 0
}

// shrink keeps the number of combinations within bounds.
func shrink(slots []*slot) {
	for {
		n, widest := 1, 0
		for i, s := range slots {
			n *= len(s.opts)
			if len(s.opts) > len(slots[widest].opts) {
				widest = i
			}
			if n > 1<<30 {
				n = 1 << 30
			}
		}
		if n <= maxCombos || len(slots[widest].opts) == 1 {
			return
		}
		slots[widest].opts = slots[widest].opts[:len(slots[widest].opts)-1]
	}
}

type search struct {
	p                      *Planner
	slots                  []*slot
	now, best              []cand
	bestScore, secondScore float64
	dist                   map[int]map[int]int
	named                  map[int]bool
}

func (r *search) walk(i int, sum float64) {
	if i < len(r.slots) {
		for _, o := range r.slots[i].opts {
			r.now[i] = o
			r.walk(i+1, sum+o.score)
		}
		return
	}
	sum -= r.cost()
	switch {
	case r.best == nil:
		r.best, r.bestScore, r.secondScore = slices.Clone(r.now), sum, sum-1
	case sum > r.bestScore+1e-9:
		if !r.same() {
			r.secondScore = r.bestScore
		}
		r.best, r.bestScore = slices.Clone(r.now), sum
	case sum > r.secondScore && !r.same():
		r.secondScore = sum
	}
}

// same tells that a choice differs from the best one only in which end of a
// join it names: a foreign key, or the key that it leads to.
func (r *search) same() bool {
	for i, c := range r.now {
		b := r.best[i]
		if c.ref == b.ref {
			continue
		}
		if c.column < 0 || b.column < 0 || !r.p.index.joined(c.ref, b.ref) {
			return false
		}
	}
	return true
}

// cost is what the joins between the picked tables take.
func (r *search) cost() float64 {
	var tables []int
	extra := 0.0
	for _, c := range r.now {
		if !slices.Contains(tables, c.table) {
			tables = append(tables, c.table)
			if !r.named[c.table] {
				extra += unnamed
			}
			if r.dist[c.table] == nil {
				r.dist[c.table] = r.p.index.from(c.table)
			}
		}
	}
	return extra + hopCost*float64(r.p.index.spread(tables, r.dist))
}

func quote(s string) string { return "“" + s + "”" }
