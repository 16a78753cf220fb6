package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"time"

	"github.com/postern/postern/internal/fault"
)

// Budget is what one answer may use. The request that would begin past it is
// not made, so that it is exceeded by one reply at most.
type Budget struct {
	Steps  int           // requests to the model
	Tokens int           // in and out together
	Rows   int           // of results, shown to the model
	Time   time.Duration // of the whole
}

// Spent is what an answer used.
type Spent struct {
	Steps int
	Usage
}

// Loop lets a model call tools until it is done, or its budget is.
type Loop struct {
	Model  Model
	Budget Budget
	System string
	Tools  []LoopTool
	// Around is called around each request to the model, also of each try of
	// one: what it refuses is not sent. Its end hears how it came out.
	Around func(ctx context.Context, r Request) (end func(Reply, error) error, err error)
	// Check is of a loop whose last words are the answer: it says what is the
	// matter with them, which is given back once, or "". nil is a loop that is
	// for what its tools do, whatever is said.
	Check func(text string) string
	// Text hears the model's words as they come; nil keeps them inside. A
	// request whose reply was heard in part is not tried again.
	Text func(string) error
	// Wait waits between two tries; nil is by the clock.
	Wait func(context.Context, time.Duration) error
}

// LoopTool is a tool in a loop.
type LoopTool struct {
	Offer
	// Call runs the tool. An error ends the loop: what the model can mend is a
	// content that Failed.
	Call func(ctx context.Context, args json.RawMessage) (content string, failed bool, err error)
	// Needed tools are what the loop is for: when the last of them is
	// withdrawn, it ends.
	Needed bool
}

// End is why a loop ended.
type End string

// The ends. All but Done are without an answer.
const (
	Done        End = "done"
	OutOfSteps  End = "out_of_steps"
	OutOfTokens End = "out_of_tokens"
	OutOfTime   End = "out_of_time"
	BadCalls    End = "bad_calls" // calls that do not fit, again after they were given back
	NotReached  End = "not_reached"
	Refused     End = "refused" // by the model, or its provider's filter
)

// Bounds that no configuration moves.
const (
	replyTokens   = 4_096 // of one reply
	maxCalls      = 8     // of one reply
	maxFailures   = 2     // replies whose calls of a tool failed, one after the other: the second is the mended one
	maxBad        = 1     // replies with calls that do not fit, or words that do not: they are given back
	tries         = 3     // of a request
	firstBackoff  = 500 * time.Millisecond
	longestPause  = 8 * time.Second
	bytesPerToken = 3             // where the provider does not count
	mostTokens    = 1_000_000_000 // that a provider can say of one reply
	longestID     = 200
)

// run is a loop under way.
type run struct {
	*Loop
	req      Request
	spent    Spent
	seen     map[string]bool // ids of calls
	failures map[string]int
	bad      int
	fatal    error // what is not the model's fault, and ends the loop
}

// Ending is how a loop came out.
type Ending struct {
	End   End
	Text  string // the model's last words, when it is Done
	Cause error  // why the model was NotReached
	Spent Spent
}

// Run asks until the model calls no more tools. Its error is what a tool,
// Around, or the caller's own context ended with; what went wrong with the
// model is an End.
func (l *Loop) Run(ctx context.Context, first string) (Ending, error) {
	within, cancel := context.WithTimeout(ctx, l.Budget.Time)
	defer cancel()
	r := &run{Loop: l, seen: map[string]bool{}, failures: map[string]int{}}
	r.req = Request{System: l.System, Messages: []Message{{Text: first}}}
	for _, t := range l.Tools {
		r.req.Tools = append(r.req.Tools, t.Offer)
	}
	var out Ending
	for out.End == "" && r.fatal == nil && within.Err() == nil {
		out.Text, out.End, out.Cause = r.step(within)
	}
	out.Spent = r.spent
	switch {
	case ctx.Err() != nil:
		return out, ctx.Err()
	case within.Err() != nil:
		out.End = OutOfTime
		return out, nil
	}
	return out, r.fatal
}

// left says whether another request may be made, and of how many tokens the
// reply to it may be.
func (r *run) left() (tokens int, end End) {
	left := r.Budget.Tokens - r.spent.In - r.spent.Out
	switch {
	case r.spent.Steps >= r.Budget.Steps:
		return 0, OutOfSteps
	case left <= 0:
		return 0, OutOfTokens
	}
	return min(replyTokens, left), ""
}

// step is one reply and the calls in it. An empty End goes on, unless
// something is fatal.
func (r *run) step(ctx context.Context) (string, End, error) {
	if _, end := r.left(); end != "" {
		return "", end, nil
	}
	reply, err := r.ask(ctx)
	switch {
	case err != nil:
		return "", NotReached, err
	case reply.Refused:
		return "", Refused, nil
	case reply.Cut: // of calls too: a part of one may look whole
		return "", OutOfTokens, nil
	case len(reply.Calls) == 0:
		return r.words(reply)
	}
	return "", r.work(ctx, reply), nil
}

// work runs the calls of a reply.
func (r *run) work(ctx context.Context, reply Reply) End {
	calls := r.named(reply.Calls[:min(len(reply.Calls), maxCalls)])
	results, bad, failed := Message{}, false, map[string]bool{}
	for i := range calls {
		c := &calls[i]
		res, err := r.call(ctx, c)
		if err != nil {
			r.fatal = err
			return ""
		}
		bad = bad || res.bad
		if res.ran {
			failed[c.Name] = res.Failed
		}
		results.Results = append(results.Results, res.ToolResult)
	}
	if bad {
		r.bad++
	}
	for name, last := range failed { // several calls of one reply are no mending
		if last {
			r.failures[name]++
		} else {
			r.failures[name] = 0
		}
	}
	if r.bad > maxBad || r.Check == nil && !slices.ContainsFunc(r.Tools, r.usable) {
		return BadCalls
	}
	r.req.Messages = append(r.req.Messages, Message{FromModel: true, Text: reply.Text, Calls: calls}, results)
	return ""
}

// words are a reply without calls: the end, or what is given back.
func (r *run) words(reply Reply) (string, End, error) {
	if r.Check == nil {
		return reply.Text, Done, nil
	}
	why := r.Check(reply.Text)
	if why == "" {
		return reply.Text, Done, nil
	}
	if r.bad++; r.bad > maxBad {
		return "", BadCalls, nil
	}
	said := reply.Text
	if said == "" {
		said = "(nothing)" // providers take no turn without words
	}
	r.req.Messages = append(r.req.Messages, Message{FromModel: true, Text: said}, Message{Text: why})
	return "", "", nil
}

func (r *run) usable(t LoopTool) bool { return t.Needed && r.failures[t.Name] < maxFailures }

// named gives each call an id of its own, since a provider may give none and a
// model the same again, and a name that goes back to any provider.
func (r *run) named(calls []ToolCall) []ToolCall {
	out := slices.Clone(calls)
	for i := range out {
		c := &out[i]
		if len(c.ID) > longestID {
			c.ID = ""
		}
		for n := 0; c.ID == "" || r.seen[c.ID]; n++ {
			c.ID = fmt.Sprintf("call_%d_%d_%d", r.spent.Steps, i, n)
		}
		r.seen[c.ID] = true
		if c.Args == "" {
			c.Args = "{}"
		}
		if !nameOfTool.MatchString(c.Name) {
			c.Name = "unknown"
		}
	}
	return out
}

// nameOfTool is what providers take as the name of a tool.
var nameOfTool = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// outcome is what came of a call.
type outcome struct {
	ToolResult
	bad bool // it does not fit
	ran bool
}

// call checks a call and runs its tool. A call that does not fit is given back
// with what is the matter, without its arguments: providers take objects only.
func (r *run) call(ctx context.Context, c *ToolCall) (outcome, error) {
	out := outcome{ToolResult: ToolResult{CallID: c.ID, Name: c.Name, Failed: true}}
	if err := ctx.Err(); err != nil {
		return out, err
	}
	i := slices.IndexFunc(r.Tools, func(t LoopTool) bool { return t.Name == c.Name })
	var object map[string]json.RawMessage
	fits := json.Unmarshal([]byte(c.Args), &object) == nil && object != nil
	args := json.RawMessage(c.Args)
	if !fits {
		c.Args = "{}"
	}
	switch {
	case i < 0:
		names := make([]string, len(r.Tools))
		for j, t := range r.Tools {
			names[j] = t.Name
		}
		out.bad, out.Content = true, problem("there is no tool of this name; there are: %v", names)
		return out, nil
	case !fits:
		out.bad, out.Content = true, problem("the arguments are not a JSON object")
		return out, nil
	case r.failures[c.Name] >= maxFailures:
		out.Content = problem("this tool failed twice and cannot be used for this question any more")
		return out, nil
	}
	var err error
	out.ran = true
	out.Content, out.Failed, err = r.Tools[i].Call(ctx, args)
	return out, err
}

func problem(format string, args ...any) string {
	b, _ := json.Marshal(map[string]string{"error": fmt.Sprintf(format, args...)}) // strings always encode
	return string(b)
}

// ask makes the request, again where that can help, nobody has heard anything
// of its reply, and the budget has room for it.
func (r *run) ask(ctx context.Context) (Reply, error) {
	for try := 1; ; try++ {
		r.req.MaxTokens, _ = r.left()
		r.spent.Steps++
		reply, heard, err := r.once(ctx)
		if err == nil {
			return reply, nil
		}
		again := fault.Is(err, fault.Limited) || fault.Is(err, fault.Unavailable)
		if _, end := r.left(); r.fatal != nil || !again || heard || try == tries || end != "" || ctx.Err() != nil {
			return Reply{}, err
		}
		d := backoff(try, fault.As(err).RetryAfter)
		if at, ok := ctx.Deadline(); ok && time.Until(at) <= d {
			return Reply{}, err // what is left of the time is no use
		}
		if err := r.pause(ctx, d); err != nil {
			return Reply{}, err
		}
	}
}

func (r *run) once(ctx context.Context) (reply Reply, heard bool, err error) {
	end := func(Reply, error) error { return nil }
	if r.Around != nil {
		if end, r.fatal = r.Around(ctx, r.req); r.fatal != nil {
			return Reply{}, false, r.fatal
		}
	}
	var each func(string) error
	var deaf error // the one who hears does not take it
	if r.Text != nil {
		each = func(s string) error {
			heard = true
			deaf = r.Text(s)
			return deaf
		}
	}
	reply, err = r.Model.Reply(ctx, r.req, each)
	r.spent.Usage = r.spent.add(r.counted(reply))
	if r.fatal = end(reply, err); r.fatal == nil {
		r.fatal = deaf
	}
	if r.fatal != nil {
		return Reply{}, heard, r.fatal
	}
	return reply, heard, err
}

// counted is the provider's count, or a guess where it gives none.
func (r *run) counted(reply Reply) Usage {
	u := Usage{In: min(reply.Usage.In, mostTokens), Out: min(reply.Usage.Out, mostTokens)}
	if u.In <= 0 {
		u.In = r.req.Size() / bytesPerToken
	}
	if u.Out <= 0 {
		u.Out = len(reply.Text) / bytesPerToken
		for _, c := range reply.Calls {
			u.Out += len(c.Args) / bytesPerToken
		}
	}
	return u
}

// backoff is how long to wait: as the provider says, within bounds, since a
// provider does not decide how long a caller waits.
func backoff(try int, asked time.Duration) time.Duration {
	d := firstBackoff << (try - 1)
	d += rand.N(d / 2)
	return min(max(d, asked), longestPause)
}

func (r *run) pause(ctx context.Context, d time.Duration) error {
	if r.Wait != nil {
		return r.Wait(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
