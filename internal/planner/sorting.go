package planner

import (
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// frequencies are words for how many rows there are of what is listed.
var frequencies = map[string]bool{"frequency": true, "frequencies": true, "occurrence": true, "occurrences": true, "popularity": true, "prevalence": true}

// byFrequency: ordered by frequency; in descending order of the count. What is
// counted is said elsewhere, or is the rows of what is listed.
func byFrequency(ps *parse, m []item) ([]item, bool) {
	if a := ps.after(); a != 0 && a != '.' && a != ',' {
		return nil, false
	}
	said, frequent := false, false
	for _, it := range m {
		w := strings.ToLower(it.text)
		switch it.kind {
		case byte(lexicon.Count):
			said = said || strings.Contains(w, "count") || strings.Contains(w, "number") || strings.Contains(w, "how often")
		case kUnknown:
			if !frequencies[w] {
				return nil, false
			}
			said, frequent = true, true
		}
	}
	o := &orderBy{counts: true, desc: frequent}
	if d, ok := first(m, "d"); ok {
		o.desc = d.arg == "desc"
	}
	return one(kOrders, []*orderBy{o}, m), said
}

// byCounts gives the orders by a count what they count.
func (r *reader) byCounts() {
	f := &r.f
	for _, o := range f.orders {
		if !o.counts {
			continue
		}
		if i := slices.IndexFunc(f.outs, func(o *output) bool { return o.agg == semantic.Count }); i >= 0 {
			o.out = f.outs[i]
			continue
		}
		if len(f.outs) == 0 || slices.ContainsFunc(f.outs, func(o *output) bool { return o.agg != "" }) {
			f.why = "it does not say what is counted to sort by"
			return
		}
		s := f.head
		if s == nil {
			s = &slot{text: f.outs[0].slot.text, at: f.outs[0].at, want: tableOnly}
			for _, c := range f.outs[0].slot.opts {
				s.opts = append(s.opts, cand{ref{c.table, -1}, c.score})
			}
		}
		o.out, f.distinct = &output{slot: s, rows: true, agg: semantic.Count}, false
	}
}

// startingFrom: starting from the most recent one; beginning with the oldest.
func startingFrom(ps *parse, m []item) ([]item, bool) {
	switch strings.ToLower(m[0].text) {
	case "starting", "beginning", "starting from", "beginning from", "starting at", "from":
	default:
		return nil, false
	}
	w, _ := first(m, "S")
	s := w.node.(*super)
	if a := ps.after(); a != 0 && a != '.' && a != ',' || s.slot == nil || s.freq || s.out != nil || s.agg != "" || s.rows || s.n != 1 {
		return nil, false
	}
	if ps.lo > 0 && ps.items[ps.lo-1].kind == kOrders { // in order of date, starting from the most recent
		os := ps.items[ps.lo-1].node.([]*orderBy)
		os[len(os)-1].desc = s.desc
		return []item{}, true
	}
	for i := ps.lo - 1; i >= 0 && s.slot.owners == nil; i-- {
		s.slot.owners = ps.items[i].tabs
	}
	return one(kOrders, []*orderBy{{slot: s.slot, desc: s.desc}}, m), true
}

// counting are words after which a number that a column is called by is that
// column, not a count: in order of number of seats.
var counting = map[string]bool{"order": true, "sorted": true, "ordered": true, "sort": true, "average": true, "mean": true, "maximum": true, "minimum": true, "whose": true}

// wholeName gives the columns that are called so by their whole name, where
// that holds a table's: a rank in round, a number of seats. A number of seats
// may as well count them, unless it is sorted by or averaged, or is of the
// column's table as the question says.
func (p *Planner) wholeName(it item, toks []lexicon.Token, lemma []string) []weighed {
	if len(lemma) < 3 || !slices.Contains(lemma, "of") && !slices.Contains(lemma, "in") && !slices.Contains(lemma, "for") {
		return nil
	}
	said := lemma[0] != "number" || slices.ContainsFunc(toks[max(0, it.start-4):it.start], func(t lexicon.Token) bool { return counting[t.Lower] })
	for _, c := range p.index.keys[strings.Join(lemma, "")] {
		if c.column < 0 || c.score < 1 || !slices.Equal(lexicon.SplitName(p.index.column(c.ref).Name), lemma) {
			continue
		}
		if said || slices.ContainsFunc(toks[it.end:], func(t lexicon.Token) bool { return slices.Equal(p.index.words[c.table], []string{t.Lemma}) }) {
			it.cols = append(it.cols, c)
		}
	}
	if it.kind = kColumn; len(it.cols) == 0 {
		return nil
	}
	n := float64(len(lemma))
	return []weighed{{it, n*1.1 + termBonus*(n-1)}}
}

// ordersGroups makes one of what is grouped and ordered by: one genre.
func (r *reader) ordersGroups() {
	for _, o := range r.f.orders {
		for _, g := range r.f.groups {
			if o.slot != nil && len(g.opts) > 0 && g.want != tableOnly && slices.ContainsFunc(o.slot.opts, func(c cand) bool { return c.ref == g.opts[0].ref && c.score > 0.8 }) {
				o.slot = g
			}
		}
	}
}

// ordersByTime tells an order by a date or year, which is when something was
// done: in order of the year held.
func (r *reader) ordersByTime(it item) bool {
	os := it.node.([]*orderBy)
	s := os[len(os)-1].slot
	return s != nil && len(s.opts) > 0 && s.opts[0].column >= 0 && s.opts[0].score > 0.7 && r.p.index.isMoment(s.opts[0].ref)
}

// listedFirst: best first; with the oldest listed first; most common first.
func listedFirst(ps *parse, m []item) ([]item, bool) {
	l := m[len(m)-1]
	if a := ps.after(); a != 0 && a != '.' && a != ',' && a != '&' || strings.ToLower(l.text) != "first" {
		return nil, false
	}
	if q, ok := first(m, "qm"); ok {
		return one(kOrders, []*orderBy{{counts: true, desc: strings.HasPrefix(q.arg, "max")}}, m), true
	}
	w, _ := first(m, "S")
	s := w.node.(*super)
	if s.slot == nil || s.freq || s.out != nil || s.agg != "" || s.rows || s.n != 1 {
		return nil, false
	}
	if ps.lo > 0 && ps.items[ps.lo-1].kind == kOrders && s.slot.soft { // by points, best first
		os := ps.items[ps.lo-1].node.([]*orderBy)
		os[len(os)-1].desc = s.desc
		return []item{}, true
	}
	if ps.lo == 0 {
		return nil, false
	}
	ps.ownBefore(s.slot)
	return one(kOrders, []*orderBy{{slot: s.slot, desc: s.desc}}, m), true
}

// fromTo: from the cheapest to the most expensive.
func fromTo(ps *parse, m []item) ([]item, bool) {
	sup := only(m, "S")
	a, b := sup[0].node.(*super), sup[1].node.(*super)
	if a.slot == nil || b.slot == nil || !a.slot.soft || !b.slot.soft || a.desc == b.desc || a.n != 1 || b.n != 1 || ps.lo == 0 || !strings.HasSuffix(strings.ToLower(m[len(m)-2].text), "to") {
		return nil, false
	}
	ps.ownBefore(a.slot)
	return one(kOrders, []*orderBy{{slot: a.slot, desc: a.desc}}, m), true
}

// ownBefore puts a slot under the table that is named last before it.
func (ps *parse) ownBefore(s *slot) {
	for i := ps.lo - 1; i >= 0 && s.owners == nil; i-- {
		s.owners = ps.items[i].tabs
	}
}

// measuredBy gives what a direction orders by where it says so itself: from the
// oldest to the youngest, latest first.
func (r *reader) measuredBy(it item) *orderBy {
	words := strings.Fields(strings.ToLower(it.text))
	for i, w := range words {
		desc, idea, ok := lexicon.Quality(w)
		if p, found := lexicon.Lookup(strings.Join(words[i:min(i+2, len(words))], " ")); found && p.Kind == lexicon.Super {
			desc, idea = direction(p.Arg)
			ok = true
		} else if p, found := lexicon.Lookup(w); found && p.Kind == lexicon.Super {
			desc, idea = direction(p.Arg)
			ok = true
		}
		if !ok {
			continue
		}
		if idea == "" || idea == "high" || idea == "big" {
			return nil
		}
		s := r.ideaSlot(idea, it)
		if s == nil {
			return nil
		}
		if r.last != nil {
			s.owners = r.last.opts
		}
		return &orderBy{slot: s, desc: desc}
	}
	return nil
}
