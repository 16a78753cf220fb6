package planner

import (
	"strings"

	"github.com/postern/postern/internal/planner/exact"
	"github.com/postern/postern/internal/semantic"
)

// exactValues gives the columns that hold a text as it is written, but for
// case.
func exactValues(v Values) func(string) []exact.Hit {
	return func(text string) (out []exact.Hit) {
		for _, h := range v.Find(text) {
			if h.Exact && strings.EqualFold(h.Value, text) {
				out = append(out, exact.Hit{Table: h.Table, Column: h.Column, Value: h.Value})
			}
		}
		return out
	}
}

// plainly answers a question that is said in the model's own words, where
// somebody wrote those with care. ok is false when it has to be read as any
// other question.
func (p *Planner) plainly(question string) (a Answer, ok bool) {
	if p.exact == nil {
		return a, false
	}
	r := p.exact.Read(question)
	switch {
	case len(r.Readings) == 1:
		one := r.Readings[0]
		a = Answer{OK: true, Read: true, sure: true, Query: one.Query, Assumptions: one.Assumptions, Confidence: 1, Trace: "exact"}
		if one.Verified != nil {
			a.Verified, a.Bound, a.Restatement = one.Verified, one.Bound, one.Verified.Question
			return a, true
		}
		a.Restatement = semantic.Restate(one.Query, p.index.model)
		return a, true
	case len(r.Readings) > 1:
		a = Answer{Reason: "it could be read in more than one way", Trace: "exact"}
		for _, one := range r.Readings {
			c := choice(Answer{Restatement: semantic.Restate(one.Query, p.index.model), Query: one.Query})
			a.Choices = append(a.Choices, c)
		}
		return a, true
	case r.Own:
		a = Answer{Reason: r.Reason, Unplaced: r.Unplaced, Trace: "exact"}
		if a.Reason == "" {
			a.Reason = "these words have no place in the data: " + strings.Join(r.Unplaced, ", ")
		}
		return a, true
	}
	return Answer{}, false
}
