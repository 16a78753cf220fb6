package planner

import (
	"regexp"
	"slices"
	"strings"

	"github.com/postern/postern/internal/planner/lexicon"
	"github.com/postern/postern/internal/semantic"
)

// What a follow-up begins with, and what it says besides a part of a question.
var (
	begins = regexp.MustCompile(`(?i)^(?:(?:and|but|now|then|ok|okay|please|only|just|the same|again|what about|how about|show (?:it|them|that|this)|also)[ ,]+)+`)
	turns  = regexp.MustCompile(`(?i)^(?:(?:in )?the other way (?:round|around)|(?:in )?(?:the )?(?:reverse|reversed|opposite)(?: order)?|reverse (?:it|them|that|the order))$`)
	firsts = regexp.MustCompile(`(?i)^(?:the )?(?:top|first) (\S+)$`)
)

// Follow reads a question as what it changes of the last query that was
// answered: "and by month?", "only for 2024", "the other way round", "the top
// 5". A question that says all itself is for Plan.
func (p *Planner) Follow(prev semantic.Query, question string) Answer {
	said := strings.Trim(strings.TrimSpace(question), ".?! ")
	said = strings.Trim(begins.ReplaceAllString(said+" ", ""), " ")
	q := prev
	switch m := firsts.FindStringSubmatch(said); {
	case said == "":
		return Answer{Reason: "it is empty"}
	case turns.MatchString(said):
		if len(prev.Order) == 0 {
			return Answer{Reason: "the last answer has no order to turn round"}
		}
		q.Order = slices.Clone(prev.Order)
		for i := range q.Order {
			q.Order[i].Desc = !q.Order[i].Desc
		}
		return p.followed(q, 1)
	case m != nil:
		toks, _ := lexicon.Tokens(m[1])
		if len(toks) != 1 || !toks[0].IsNum || atoi(toks[0].Num) < 1 || len(prev.Order) == 0 {
			return Answer{Reason: "the last answer has no order to show the first rows of"}
		}
		q.Limit = atoi(toks[0].Num)
		return p.followed(q, 1)
	}
	return p.changed(prev, said)
}

func (p *Planner) followed(q semantic.Query, confidence float64) Answer {
	return Answer{OK: true, Read: true, sure: true, Query: q, Confidence: confidence, Restatement: semantic.Restate(q, p.index.model)}
}

// changed reads groups and conditions as those of a count of the same rows,
// and puts them in the place of the last query's groups, and beside its
// conditions.
func (p *Planner) changed(prev semantic.Query, said string) Answer {
	t, ok := p.about(prev)
	if !ok || len(prev.Sets) > 0 || prev.Source != nil {
		return Answer{Reason: "the last answer is not one that a few words can change"}
	}
	a := p.Plan("Number of " + strings.Join(p.index.words[t], " ") + " " + said)
	if !a.Read || a.Verified != nil {
		a.Choices, a.Nearest = nil, nil
		return a
	}
	q, reason := p.onto(prev, a.Query)
	if reason != "" {
		return Answer{Reason: reason}
	}
	f := p.followed(q, a.Confidence)
	f.Assumptions, f.Evidence = a.Assumptions, a.Evidence
	if !a.OK {
		f.sure = false
		for _, c := range a.Checks {
			if c.Query, reason = p.onto(prev, c.Query); reason == "" {
				f.Checks = append(f.Checks, c)
			}
		}
		p.withhold(&f, nil)
	}
	return f
}

// onto changes the last query by a count of the same rows; or says why not.
func (p *Planner) onto(prev, count semantic.Query) (q semantic.Query, reason string) {
	if !p.counts(count) || count.Having != nil || len(count.Sets) > 0 || count.Limit > 0 {
		return q, "it is not clear what that changes of the last answer"
	}
	q = prev
	q.Where = both(prev.Where, count.Where)
	if keys := plainOutputs(count); len(keys) > 0 {
		if len(plainOutputs(prev)) == len(prev.Select) {
			return q, "the last answer has no number to show by that"
		}
		q.Select = keys
		for _, o := range prev.Select {
			if p.aggregates(o.Expr) {
				q.Select = append(q.Select, o)
			}
		}
		q.Group, q.Order, q.Limit, q.Ties, q.Within = count.Group, count.Order, 0, false, nil
	}
	q.Joins = append(slices.Clone(prev.Joins), count.Joins...)
	return q, ""
}

// about is the table whose rows a query is about.
func (p *Planner) about(q semantic.Query) (int, bool) {
	name := q.From
	for _, o := range q.Select {
		if name != "" {
			break
		}
		switch e := o.Expr.(type) {
		case semantic.Ref:
			name = e.Set
		case semantic.MeasureOf:
			if m, ok := p.index.model.Measure(e.Name); ok {
				name = m.Table
			}
		case semantic.Aggregate:
			switch of := e.Of.(type) {
			case semantic.Ref:
				name = of.Set
			case semantic.Rows:
				name = of.Set
			}
		}
	}
	t, ok := p.index.names[strings.ToLower(name)]
	return t, ok
}

func (p *Planner) aggregates(e semantic.Expr) bool {
	switch e.(type) {
	case semantic.Ref, semantic.Period, semantic.Part:
		return false
	}
	return true
}

// counts tells a query that shows one count, and what it is counted by.
func (p *Planner) counts(q semantic.Query) bool {
	n := 0
	for _, o := range q.Select {
		if p.aggregates(o.Expr) {
			n++
		}
	}
	return n == 1
}

func plainOutputs(q semantic.Query) (out []semantic.Output) {
	for _, o := range q.Select {
		switch o.Expr.(type) {
		case semantic.Ref, semantic.Period, semantic.Part:
			out = append(out, o)
		}
	}
	return out
}

func both(a, b semantic.Cond) semantic.Cond {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return semantic.And{a, b}
}
