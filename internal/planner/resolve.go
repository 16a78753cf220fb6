package planner

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

const (
	hopCost    = 0.12
	unnamed    = 0.05 // a table that the question does not name
	aside      = 0.12 // a table that only shares what it belongs to with the others
	twice      = 0.4  // one column for two that are asked for
	owned      = 0.3  // a column of the table that it is said to be of
	strewn     = 0.04 // a column to show of another table than the one before it
	maxOptions = 6
	maxCombos  = 3000
	wideModel  = 100 // tables, from which fewer are tried: each word may be many columns
	wideCombos = 400
	maxSlots   = 24
)

// standing is how a choice of readings came out against the others.
type standing struct {
	margin float64 // how far the next choice that differs is behind; 1 when there is none
	third  float64 // and the one after that
	raw    int     // slots whose nearest reading by itself was not taken
}

// resolve picks one reading of every slot so that the readings are near and
// their tables are close together: the nth such choice, 0 the best. ok is
// false when there are not so many, or none.
func (p *Planner) resolve(f *form, nth int) (s standing, ok bool) {
	slots := f.slots()
	if len(slots) > maxSlots {
		f.why = "it asks for too much at once"
		return s, false
	}
	for _, s := range slots {
		p.prune(s)
		if len(s.opts) == 0 {
			f.why = "nothing in the data fits " + quote(s.text)
			return standing{}, false
		}
	}
	most := maxCombos
	if len(p.index.model.Tables) > wideModel {
		most = wideCombos
	}
	shrink(slots, most)
	r := &search{p: p, slots: slots, dist: map[int]map[int]int{}, line: map[int]map[int]bool{}, now: make([]cand, len(slots)), named: namedTables(f)}
	r.shown, r.most, r.ways = make([]bool, len(slots)), make([]float64, len(slots)+1), map[string]float64{}
	for i := len(slots) - 1; i >= 0; i-- {
		r.most[i] = r.most[i+1] + slices.MaxFunc(slots[i].opts, func(a, b cand) int { return cmp.Compare(a.score, b.score) }).score
	}
	for i, s := range slots {
		r.shown[i] = slices.ContainsFunc(f.outs, func(o *output) bool { return o.slot == s && o.agg == "" && !o.full })
	}
	r.walk(0, 0)
	if nth >= len(r.best) {
		return s, false
	}
	for i, slot := range slots {
		slot.pick = r.best[nth].picks[i]
		if slot.pick.ref != slot.opts[0].ref {
			s.raw++
		}
	}
	s.margin, s.third = 1, 1
	if nth+1 < len(r.best) {
		s.margin = min(1, r.best[nth].score-r.best[nth+1].score)
	}
	if nth+2 < len(r.best) {
		s.third = min(1, r.best[nth].score-r.best[nth+2].score)
	}
	return s, true
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
			opts[i].score = max(opts[i].score, p.onlySuch(s, opts[i].ref))
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

// onlySuch scores the one column of a table whose name holds the word that is
// asked for: the date of an order is when it was placed, where it has no other.
func (p *Planner) onlySuch(s *slot, r ref) float64 {
	word := lexicon.Lemma(strings.ToLower(s.text))
	if r.column < 0 || s.want == tableOnly || strings.Contains(word, " ") {
		return 0
	}
	if such := slices.DeleteFunc(slices.Clone(p.index.columns(r.table)), func(c ref) bool {
		return !slices.Contains(lexicon.SplitName(p.index.column(c).Name), word)
	}); len(such) != 1 || such[0] != r {
		return 0
	}
	return 0.72
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
func shrink(slots []*slot, most int) {
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
		if n <= most || len(slots[widest].opts) == 1 {
			return
		}
		slots[widest].opts = slots[widest].opts[:len(slots[widest].opts)-1]
	}
}

// kept is how many choices that differ are kept.
const kept = 3

type search struct {
	p     *Planner
	slots []*slot
	now   []cand
	best  []choiceOf // best first
	dist  map[int]map[int]int
	line  map[int]map[int]bool
	named map[int]bool
	shown []bool             // slots that are columns to show
	most  []float64          // what the slots from each on add at most
	ways  map[string]float64 // what the joins between tables cost
}

// choiceOf is a reading of every slot.
type choiceOf struct {
	picks []cand
	score float64
}

func (r *search) walk(i int, sum float64) {
	if i < len(r.slots) {
		for _, o := range r.slots[i].opts {
			r.now[i] = o
			if len(r.best) == kept && sum+o.score+r.most[i+1]-r.least(i+1) <= r.best[kept-1].score+1e-9 {
				continue // nothing that follows makes up for it
			}
			r.walk(i+1, sum+o.score)
		}
		return
	}
	sum -= r.cost()
	if len(r.best) == kept && sum <= r.best[kept-1].score+1e-9 {
		return
	}
	for j, b := range r.best { // one that says the same is kept once, the nearest
		if r.same(b.picks) {
			if sum <= b.score+1e-9 {
				return
			}
			r.best = slices.Delete(r.best, j, j+1)
			break
		}
	}
	at := slices.IndexFunc(r.best, func(b choiceOf) bool { return sum > b.score+1e-9 })
	if at < 0 {
		at = len(r.best)
	}
	r.best = slices.Insert(r.best, at, choiceOf{slices.Clone(r.now), sum})
	r.best = r.best[:min(kept, len(r.best))]
}

// same tells that a choice differs from another only in which end of a join
// it names: a foreign key, or the key that it leads to.
func (r *search) same(as []cand) bool {
	for i, c := range r.now {
		b := as[i]
		if c.ref == b.ref {
			continue
		}
		if c.column < 0 || b.column < 0 || !r.p.index.joined(c.ref, b.ref) {
			return false
		}
	}
	return true
}

// least is what the joins between the first n picks cost at least: each table
// more takes one.
func (r *search) least(n int) float64 {
	cost := -hopCost
	for i, c := range r.now[:n] {
		if slices.ContainsFunc(r.now[:i], func(o cand) bool { return o.table == c.table }) {
			continue
		}
		cost += hopCost
		if !r.named[c.table] {
			cost += unnamed
		}
	}
	return cost
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
				r.dist[c.table], r.line[c.table] = r.p.index.from(c.table), r.p.index.inLine(c.table)
			}
		}
	}
	for i, a := range r.now { // two columns asked for are two
		for j := range i {
			if b := r.now[j]; r.shown[i] && r.shown[j] && a.ref == b.ref {
				extra += twice
			}
		}
	}
	extra += strewn * float64(r.strewn())
	key := string(appendInts(nil, tables))
	spread, ok := r.ways[key]
	if !ok {
		spread = hopCost*float64(r.p.index.spread(tables, r.dist)) + aside*float64(r.p.index.aside(tables, r.line))
		r.ways[key] = spread
	}
	return extra + spread
}

// strewn is how many columns to show are of another table than the one shown
// before them, where that has one that is called so too: in "first name, last
// name and id" the id is of the same row.
func (r *search) strewn() (n int) {
	before := -1
	for i, c := range r.now {
		if !r.shown[i] || c.column < 0 {
			continue
		}
		if before >= 0 && c.table != before && r.slots[i].owners == nil && slices.ContainsFunc(r.slots[i].opts, func(o cand) bool { return o.table == before }) {
			n++
		}
		before = c.table
	}
	return n
}

func appendInts(b []byte, ns []int) []byte {
	for _, n := range ns {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	return b
}

func quote(s string) string { return "“" + s + "”" }
