package agent_test

import (
	"time"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/agent/scripted"
)

// budget is roomy but for what is not zero.
func budget(steps, tokens int, d time.Duration) agent.Budget {
	b := roomy
	if steps > 0 {
		b.Steps = steps
	}
	if tokens > 0 {
		b.Tokens = tokens
	}
	if d > 0 {
		b.Time = d
	}
	return b
}

func outOf(end agent.End, steps int, calls ...string) seen {
	return seen{End: end, Steps: steps, Calls: calls}
}

// budgetScenarios are about what an answer may use. call is 15 tokens, done 11.
var budgetScenarios = []scenario{
	{name: "steps run out", turns: []scripted.Turn{call(`{"n":1}`)}, budget: budget(3, 0, 0), want: outOf(agent.OutOfSteps, 3, manyArgs(3)...)},
	{name: "the last step answers", turns: []scripted.Turn{call(`{"n":1}`), call(`{"n":1}`), done}, budget: budget(3, 0, 0), want: worked(3, manyArgs(2)...)},
	{name: "one step that answers", turns: []scripted.Turn{done}, budget: budget(1, 0, 0), want: ends("DONE")},
	{name: "tries count as steps", turns: []scripted.Turn{{Status: 503}}, budget: budget(2, 0, 0), want: seen{End: agent.NotReached, Steps: 2, Waits: []time.Duration{0}}},
	{name: "the last step fails", turns: []scripted.Turn{call(`{"n":1}`), {Status: 503}, done}, budget: budget(2, 0, 0), want: outOf(agent.NotReached, 2, `{"n":1}`)},
	{name: "tokens run out, by one reply at most", turns: []scripted.Turn{call(`{"n":1}`)}, budget: budget(9, 16, 0), want: outOf(agent.OutOfTokens, 2, manyArgs(2)...)},
	{name: "tokens that are used up to the last", turns: []scripted.Turn{call(`{"n":1}`), done}, budget: budget(9, 15, 0), want: outOf(agent.OutOfTokens, 1, `{"n":1}`)},
	{name: "one token that is left", turns: []scripted.Turn{call(`{"n":1}`), done}, budget: budget(9, 16, 0), want: worked(2, `{"n":1}`), check: told(1, `okens":1`)},
	{name: "an answer that takes more than there is", turns: []scripted.Turn{done}, budget: budget(9, 5, 0), want: ends("DONE"), check: told(0, `okens":5`)},
	{name: "a reply is never longer than is asked for", turns: []scripted.Turn{done}, want: ends("DONE"), check: told(0, `okens":4096`)},
	{name: "tokens that nobody counts are guessed", turns: []scripted.Turn{{Calls: []scripted.Call{{ID: "a", Name: "ask", Args: `{"n":1}`}}}}, budget: budget(9, 15, 0), want: outOf(agent.OutOfTokens, 1, `{"n":1}`)},
	{name: "counts below zero give no tokens back", turns: []scripted.Turn{{Calls: many(1), Count: "-1000000"}}, budget: budget(9, 40, 0), want: outOf(agent.OutOfTokens, 2, manyArgs(2)...)},
	{name: "counts beyond numbers end it", turns: []scripted.Turn{{Calls: many(1), Count: "1e30"}}, want: outOf(agent.OutOfTokens, 1, `{"n":1}`)},
	{name: "counts that would wrap around end it", turns: []scripted.Turn{{Calls: many(1), Count: "9223372036854775807"}}, want: outOf(agent.OutOfTokens, 1, `{"n":1}`)},
	{name: "no try is made beyond the tokens", turns: []scripted.Turn{{Text: "abc", Fragment: 1, Break: 3, In: 100}, done}, budget: budget(9, 12, 0), want: notReached},
	{name: "a slow first byte", turns: []scripted.Turn{{Text: "DONE", Wait: 59 * seconds}}, want: ends("DONE"), took: 59 * seconds},
	{name: "a first byte that does not come", turns: []scripted.Turn{{Wait: day}}, want: outOf(agent.OutOfTime, 1), took: time.Minute},
	{name: "a first event that does not come", turns: []scripted.Turn{{Text: "DONE", Wait: day, At: 1}}, want: outOf(agent.OutOfTime, 1), took: time.Minute},
	{name: "a stream that stalls", turns: []scripted.Turn{{Text: "DONE", Fragment: 1, Wait: day, At: 3}}, want: outOf(agent.OutOfTime, 1), took: time.Minute},
	{name: "a stream that stalls and goes on", turns: []scripted.Turn{{Text: "DONE", Fragment: 1, Wait: 30 * seconds, At: 3}}, want: ends("DONE"), took: 30 * seconds},
	{name: "arguments that stall", turns: []scripted.Turn{{Calls: many(1), Fragment: 1, Wait: day, At: 3}}, budget: budget(0, 0, 10*seconds), want: outOf(agent.OutOfTime, 1), took: 10 * seconds},
	{name: "a tool that takes the time", turns: []scripted.Turn{call(`{"sleep":11}`), done}, budget: budget(0, 0, 10*seconds), want: outOf(agent.OutOfTime, 1, `{"sleep":11}`), took: 10 * seconds},
	{name: "slow replies share the time", turns: []scripted.Turn{{Calls: many(1), Wait: 25 * seconds}}, want: outOf(agent.OutOfTime, 3, manyArgs(2)...), took: time.Minute},
	{name: "pauses count as time", turns: []scripted.Turn{{Status: 429, RetryAfter: "8"}, {Wait: day}}, budget: budget(0, 0, 10*seconds),
		want: seen{End: agent.OutOfTime, Steps: 2, Waits: []time.Duration{8 * seconds}}, took: 10 * seconds},
	{name: "no pause is made that the time has no room for", turns: limited("8"), budget: budget(0, 0, 5*seconds), want: notReached, cause: "limiting requests"},
}
