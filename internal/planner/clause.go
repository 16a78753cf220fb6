package planner

import (
	"cmp"
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// whenAndWhere shows the place that a question asks for, and what a later part
// of it asks for: "Where is the library?", "who leads it, and when was it
// founded?".
func (r *reader) whenAndWhere() {
	for k, t := range r.toks {
		if t.Lower != "when" && t.Lower != "where" || t.Quoted || k+2 >= len(r.toks) || !auxiliary[r.toks[k+1].Lower] && (k == 0 || !itself[r.toks[k+1].Lower]) {
			continue
		}
		if k > 0 && r.toks[k-1].Lower != "and" && !r.toks[k-1].Mark || k == 0 && (t.Lower == "when" || len(r.f.outs) > 0) {
			continue
		}
		if k > 0 && len(r.f.outs) == 0 && r.f.head == nil {
			continue
		}
		r.alsoAsks(k, t.Lower)
	}
}

// alsoAsks adds the date or place that the word at token k asks for, unless
// one is shown from there on.
func (r *reader) alsoAsks(k int, what string) {
	if what == "when" && slices.ContainsFunc(r.f.supers, func(s *super) bool { return s.at >= k }) || slices.ContainsFunc(r.f.outs, func(o *output) bool {
		return o.at >= k || o.agg == "" && len(o.slot.opts) > 0 && o.slot.opts[0].column >= 0 && what == "when" && r.p.index.isTime(o.slot.opts[0].ref)
	}) {
		return
	}
	s := &slot{text: what, at: k, soft: true}
	if what == "when" {
		s.opts = r.p.index.times(r.f.words)
	} else {
		s.opts = r.p.index.places()
	}
	if len(s.opts) == 0 {
		r.f.why = "it asks " + what + ", and there is no such column"
		return
	}
	if k > 0 && len(r.f.outs) == 0 {
		r.nameToo(item{text: r.f.head.text, start: r.f.head.at, tabs: r.f.head.opts})
	}
	if r.f.head != nil {
		s.owners = r.f.head.opts
	}
	r.f.outs = append(r.f.outs, &output{slot: s, at: k})
}

var auxiliary = map[string]bool{"is": true, "are": true, "was": true, "were": true, "do": true, "does": true, "did": true, "can": true, "will": true}

// itself are words that begin what a date or a place is of.
var itself = map[string]bool{"they": true, "he": true, "she": true, "it": true, "their": true, "its": true, "his": true, "her": true}

// times are the columns that say when something was, those first whose names
// hold words of the question: when they were hired.
func (x *index) times(words map[string]bool) (cs []cand) {
	for t := range x.model.Tables {
		for _, r := range x.columns(t) {
			name := x.column(r).Name
			if !x.isTime(r) && !strings.HasSuffix(strings.ToLower(name), "date") || x.isJoin(r) {
				continue
			}
			c := cand{r, 0.6}
			for _, w := range lexicon.SplitName(name) {
				if stem := strings.TrimSuffix(w, "date"); stem != "" && w != "time" && words[role(stem)] {
					c.score += 0.3
				}
			}
			cs = append(cs, c)
		}
	}
	slices.SortStableFunc(cs, func(a, b cand) int { return cmp.Compare(b.score, a.score) })
	return cs
}

// places are the columns that say where something is, by how well they do.
func (x *index) places() (cs []cand) {
	for t := range x.model.Tables {
		for _, r := range x.columns(t) {
			w := lexicon.SplitName(x.column(r).Name)
			if len(w) == 0 || x.column(r).Class != semantic.Text || x.isJoin(r) {
				continue
			}
			if s, ok := placeWords[w[len(w)-1]]; ok {
				cs = append(cs, cand{r, s})
			}
		}
	}
	slices.SortStableFunc(cs, func(a, b cand) int { return cmp.Compare(b.score, a.score) })
	return cs
}

var placeWords = map[string]float64{"location": 0.75, "address": 0.72, "place": 0.7, "city": 0.66, "headquarter": 0.66, "venue": 0.66, "town": 0.66, "hometown": 0.64,
	"birthplace": 0.64, "country": 0.6, "origin": 0.6, "state": 0.56, "building": 0.56, "region": 0.56, "county": 0.56, "nation": 0.56, "district": 0.54, "area": 0.5}
