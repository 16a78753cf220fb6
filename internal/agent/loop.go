package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
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
)

// Bounds that no configuration moves.
const (
	replyTokens   = 4_096 // of one reply
	maxCalls      = 8     // of one reply
	maxFailures   = 2     // of a tool, one after the other: the second is the mended one
	maxBadCalls   = 1     // that are given back
	tries         = 3     // of a request
	firstBackoff  = 500 * time.Millisecond
	longestPause  = 8 * time.Second
	bytesPerToken = 3 // where the provider does not count
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
	for out.End == "" && r.fatal == nil {
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

// step is one reply and the calls in it. An empty End goes on, unless
// something is fatal.
func (r *run) step(ctx context.Context) (string, End, error) {
	left := r.Budget.Tokens - r.spent.In - r.spent.Out
	switch {
	case r.spent.Steps >= r.Budget.Steps:
		return "", OutOfSteps, nil
	case left <= 0:
		return "", OutOfTokens, nil
	}
	r.req.MaxTokens = min(replyTokens, left)
	reply, err := r.ask(ctx)
	if err != nil {
		return "", NotReached, err
	}
	if len(reply.Calls) == 0 {
		return r.words(reply)
	}
	results := Message{}
	calls := r.named(reply.Calls[:min(len(reply.Calls), maxCalls)])
	for _, c := range calls {
		content, failed, err := r.call(ctx, c)
		if err != nil {
			r.fatal = err
			return "", "", nil
		}
		results.Results = append(results.Results, ToolResult{CallID: c.ID, Name: c.Name, Content: content, Failed: failed})
	}
	if r.bad > maxBadCalls || r.Check == nil && !slices.ContainsFunc(r.Tools, r.usable) {
		return "", BadCalls, nil
	}
	r.req.Messages = append(r.req.Messages, Message{FromModel: true, Text: reply.Text, Calls: calls}, results)
	return "", "", nil
}

// words are a reply without calls: the end, or what is given back.
func (r *run) words(reply Reply) (string, End, error) {
	if reply.Cut {
		return "", OutOfTokens, nil
	}
	if r.Check == nil {
		return reply.Text, Done, nil
	}
	why := r.Check(reply.Text)
	if why == "" {
		return reply.Text, Done, nil
	}
	if r.bad++; r.bad > maxBadCalls {
		return "", BadCalls, nil
	}
	r.req.Messages = append(r.req.Messages, Message{FromModel: true, Text: reply.Text}, Message{Text: why})
	return "", "", nil
}

func (r *run) usable(t LoopTool) bool { return t.Needed && r.failures[t.Name] < maxFailures }

// named gives each call an id of its own: a provider may give none, and a
// model the same again.
func (r *run) named(calls []ToolCall) []ToolCall {
	out := slices.Clone(calls)
	for i := range out {
		for n := 0; out[i].ID == "" || r.seen[out[i].ID]; n++ {
			out[i].ID = fmt.Sprintf("call_%d_%d_%d", r.spent.Steps, i, n)
		}
		r.seen[out[i].ID] = true
		if args := json.RawMessage(out[i].Args); len(args) == 0 {
			out[i].Args = "{}"
		}
	}
	return out
}

// call checks a call and runs its tool. A call that does not fit is given back
// with what is the matter.
func (r *run) call(ctx context.Context, c ToolCall) (string, bool, error) {
	if err := ctx.Err(); err != nil {
		return "", false, err
	}
	i := slices.IndexFunc(r.Tools, func(t LoopTool) bool { return t.Name == c.Name })
	if i < 0 {
		names := make([]string, len(r.Tools))
		for j, t := range r.Tools {
			names[j] = t.Name
		}
		r.bad++
		return problem("there is no tool of this name; there are: %v", names), true, nil
	}
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(c.Args), &object) != nil || object == nil {
		r.bad++
		return problem("the arguments are not a JSON object"), true, nil
	}
	if r.failures[c.Name] >= maxFailures {
		return problem("this tool failed twice and cannot be used for this question any more"), true, nil
	}
	content, failed, err := r.Tools[i].Call(ctx, json.RawMessage(c.Args))
	if failed {
		r.failures[c.Name]++
	} else {
		r.failures[c.Name] = 0
	}
	return content, failed, err
}

func problem(format string, args ...any) string {
	b, _ := json.Marshal(map[string]string{"error": fmt.Sprintf(format, args...)}) // strings always encode
	return string(b)
}

// ask makes the request, again where that can help and nobody has heard
// anything of its reply.
func (r *run) ask(ctx context.Context) (Reply, error) {
	for try := 1; ; try++ {
		r.spent.Steps++
		reply, heard, err := r.once(ctx)
		if err == nil {
			return reply, nil
		}
		again := fault.Is(err, fault.Limited) || fault.Is(err, fault.Unavailable)
		if r.fatal != nil || !again || heard || try == tries || r.spent.Steps >= r.Budget.Steps || ctx.Err() != nil {
			return Reply{}, err
		}
		if err := r.pause(ctx, try, fault.As(err).RetryAfter); err != nil {
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
	if r.Text != nil {
		each = func(s string) error {
			heard = true
			return r.Text(s)
		}
	}
	reply, err = r.Model.Reply(ctx, r.req, each)
	r.spent.Usage = r.spent.add(r.counted(reply))
	if r.fatal = end(reply, err); r.fatal != nil {
		return Reply{}, heard, r.fatal
	}
	return reply, heard, err
}

// counted is the provider's count, or a guess where it gives none.
func (r *run) counted(reply Reply) Usage {
	if reply.Usage != (Usage{}) {
		return reply.Usage
	}
	u := Usage{In: r.req.Size() / bytesPerToken, Out: len(reply.Text) / bytesPerToken}
	for _, c := range reply.Calls {
		u.Out += len(c.Args) / bytesPerToken
	}
	return u
}

// pause waits for as long as the provider says, within bounds: a provider does
// not decide how long a caller waits.
func (r *run) pause(ctx context.Context, try int, asked time.Duration) error {
	d := firstBackoff << (try - 1)
	d += rand.N(d / 2)
	d = min(max(d, asked), longestPause)
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
