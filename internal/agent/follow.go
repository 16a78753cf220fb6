package agent

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/postern/postern/internal/chart"
	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
	"github.com/postern/postern/internal/tool"
)

// mostEarlier is how many answers of a chat are read again for a follow-up.
const mostEarlier = 5

// found reads a question by itself, or else as what it changes of the last
// answer of the chat.
func (r reading) found(ctx context.Context, e *tool.Env, in queryInput) planner.Answer {
	r.planner = r.planner.At(e.Models.Clock())
	r = r.probed(ctx, e, in)
	alone := r.settled(ctx, e, in, r.planner.Plan(in.Message))
	if alone.OK || len(e.Earlier) == 0 || chosen(alone, in.ChoiceID) {
		return alone
	}
	last, ok := r.last(ctx, e, in)
	if !ok {
		return alone
	}
	next := r.settled(ctx, e, in, r.planner.Follow(last, in.Message))
	if next.OK || chosen(next, in.ChoiceID) || len(next.Choices) > 0 && len(alone.Choices) == 0 {
		next.Assumptions = append(next.Assumptions, "it goes on from the last answer of this chat")
		return next
	}
	return alone
}

func chosen(a planner.Answer, id string) bool {
	return id != "" && slices.ContainsFunc(a.Choices, func(c planner.Choice) bool { return c.ID == id })
}

// settled decides on a reading by its rows, where they can.
func (r reading) settled(ctx context.Context, e *tool.Env, in queryInput, a planner.Answer) planner.Answer {
	if a.WorthChecking() {
		return r.settle(ctx, e, in, a)
	}
	return a
}

// last is the query of the last answer about the same product: what was asked
// is read again, each question after those that it may go on from. The chat
// holds no queries, and the model may have changed since.
func (r reading) last(ctx context.Context, e *tool.Env, in queryInput) (q semantic.Query, ok bool) {
	for _, raw := range e.Earlier[max(0, len(e.Earlier)-mostEarlier):] {
		var was queryInput
		if json.Unmarshal(raw, &was) != nil || was.DataProductID != in.DataProductID || strings.TrimSpace(was.Message) == "" {
			continue
		}
		was.DataProductVersion, was.AuthID = in.DataProductVersion, in.AuthID
		was.Message = chart.Plain(was.Message)
		r := r.probed(ctx, e, was)
		a := r.settled(ctx, e, was, r.planner.Plan(was.Message))
		if !a.OK && ok && !chosen(a, was.ChoiceID) {
			a = r.settled(ctx, e, was, r.planner.Follow(q, was.Message))
		}
		if i := slices.IndexFunc(a.Choices, func(c planner.Choice) bool { return c.ID == was.ChoiceID }); i >= 0 {
			a = planner.Answer{OK: true, Query: a.Choices[i].Query}
		}
		if a.OK && a.Verified == nil {
			q, ok = a.Query, true
		}
	}
	return q, ok
}
