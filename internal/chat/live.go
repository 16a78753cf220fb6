package chat

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
)

// How runs are watched over. A run whose node was not heard of for lost is
// taken as ended: the node stopped, or is cut off.
const (
	beatEvery = 100 * time.Millisecond // how soon a cancel from another node bites
	seenEvery = 3 * time.Second        // how often a node says that it lives
	lost      = 15 * time.Second
	pollEvery = 200 * time.Millisecond // how often another node's run is looked at
	runFor    = 15 * time.Minute
	keepFor   = 30 * 24 * time.Hour
)

// ErrCanceled is why a run's context ended when its chat was canceled.
var ErrCanceled = errors.New("the run was canceled")

// Chats keeps chats and works runs. Its fields are set once, before use.
type Chats struct {
	Store Store
	Seal  AEAD
	Node  string           // names this process among those that share the store
	Now   func() time.Time // nil is time.Now
	Keep  time.Duration    // after the last message; 0 is 30 days

	mu    sync.Mutex
	live  map[string]*Live // by chat
	work  sync.WaitGroup
	quit  chan struct{} // closed when the watch is to end
	ended bool
}

// now is in whole microseconds, as the store keeps times.
func (c *Chats) now() time.Time {
	if c.Now == nil {
		return time.Now().Truncate(time.Microsecond)
	}
	return c.Now().Truncate(time.Microsecond)
}

func (c *Chats) keep() time.Duration {
	if c.Keep == 0 {
		return keepFor
	}
	return c.Keep
}

// Request is what a run was asked: enough to work it elsewhere, later.
type Request struct {
	Ref       string // "agent/sql_query_agent", "tool/sql_execution_tool"
	Input     json.RawMessage
	Caller    auth.Caller
	RequestID string // of the request that asked, for the record
	Trace     string // the span of that request, in the form of traceparent; "" where nothing is traced
}

// Start is a call.
type Start struct {
	ChatID string // "" is a new chat
	Name   string // of a new chat
	Request
	// Opening makes the messages that open the run, when its chat is known.
	Opening func(chatID, runID string) []Event
	// Later leaves the run to Resume: the store queues it in the transaction
	// that makes it.
	Later bool
}

// Live is a run of this process.
type Live struct {
	ID, ChatID string
	Request    Request

	chats  *Chats
	chat   Chat
	cancel context.CancelCauseFunc

	mu    sync.Mutex
	said  []Event
	ended bool
	news  chan struct{} // closed and replaced when something was said
}

// Begin starts a run. Its context is detached from ctx but for its values: the
// run outlives the connection, up to 15 minutes. The caller works it and must
// End it. A chat where another run has not ended is a fault.Conflict.
func (c *Chats) Begin(ctx context.Context, s Start) (context.Context, *Live, error) {
	ch, isNew, err := c.chatOf(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	sealed, err := c.sealRequest(ch, s.Request)
	if err != nil {
		return nil, nil, err
	}
	now := c.now()
	r := Run{ID: uuid.NewString(), ChatID: ch.ID, Owner: ch.Owner, Status: Running, Node: c.Node, Seen: now, Request: sealed}
	if s.Later {
		r.Status, r.Node = Queued, ""
	}
	opening := s.Opening(ch.ID, r.ID)
	stored, err := c.sealAll(ch, opening)
	if err != nil {
		return nil, nil, err
	}
	kept, err := c.sealName(ch)
	if err != nil {
		return nil, nil, err
	}
	l := &Live{ID: r.ID, ChatID: ch.ID, Request: s.Request, chats: c, chat: ch, said: opening, news: make(chan struct{})}
	if s.Later {
		return nil, l, c.Store.Begin(ctx, kept, isNew, r, now.Add(-lost), stored)
	}
	run, err := c.enter(ctx, l)
	if err != nil {
		return nil, nil, err
	}
	if err := c.Store.Begin(ctx, kept, isNew, r, now.Add(-lost), stored); err != nil {
		c.leave(l)
		return nil, nil, err
	}
	return run, l, nil
}

// Resume takes a queued run to work it here.
func (c *Chats) Resume(ctx context.Context, runID string) (context.Context, *Live, error) {
	now := c.now()
	r, err := c.Store.Take(ctx, runID, c.Node, now, now.Add(-lost))
	if err != nil {
		return nil, nil, err
	}
	ch, err := c.Store.Chat(ctx, r.ChatID)
	if err != nil {
		return nil, nil, err
	}
	l := &Live{ID: r.ID, ChatID: ch.ID, chats: c, chat: ch, news: make(chan struct{})}
	if l.Request, err = c.openRequest(ch, r.Request); err != nil {
		return nil, nil, err
	}
	run, err := c.enter(ctx, l)
	return run, l, err
}

func (c *Chats) chatOf(ctx context.Context, s Start) (Chat, bool, error) {
	if s.ChatID != "" {
		ch, err := c.Get(ctx, s.Caller, s.ChatID)
		return ch, false, err
	}
	return c.fresh(s.Caller, s.Name), true, checkName(s.Name)
}

// enter makes the run known in this process, so that it can be canceled, and
// drained.
func (c *Chats) enter(ctx context.Context, l *Live) (context.Context, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return nil, fault.New(fault.Unavailable, "the server is stopping").After(5 * time.Second)
	}
	if c.live[l.ChatID] != nil {
		return nil, Busy()
	}
	run, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	run, stop := context.WithTimeout(run, runFor)
	l.cancel = func(cause error) { cancel(cause); stop() }
	if c.live == nil {
		c.live = map[string]*Live{}
	}
	c.live[l.ChatID] = l
	c.work.Add(1)
	if c.quit == nil {
		c.quit = make(chan struct{})
		go c.watch(c.quit)
	}
	return run, nil
}

func (c *Chats) leave(l *Live) {
	l.mu.Lock()
	was := l.ended
	l.ended = true
	close(l.news)
	l.news = make(chan struct{})
	l.mu.Unlock()
	if was {
		return
	}
	l.cancel(context.Canceled)
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.live, l.ChatID)
	if len(c.live) == 0 && c.quit != nil {
		close(c.quit)
		c.quit = nil
	}
	c.work.Done()
}

// Busy is the fault of a chat where something runs.
func Busy() error { return fault.New(fault.Conflict, "the chat is busy with another message") }

// stop cancels the run of a chat, if it is worked here.
func (c *Chats) stop(chatID string) {
	c.mu.Lock()
	l := c.live[chatID]
	c.mu.Unlock()
	if l != nil {
		l.cancel(ErrCanceled)
	}
}

// watch says that this node's runs are alive, and hears which were canceled
// elsewhere, for as long as there are runs.
func (c *Chats) watch(quit chan struct{}) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	for seen := time.Now(); ; {
		select {
		case <-quit:
			return
		case now := <-tick.C:
			if now.Sub(seen) >= seenEvery {
				seen = now
				_ = c.Store.Beat(ctx, c.Node, c.now()) // the runs' own writes say what is wrong with the store
			}
		}
		canceled, err := c.Store.Canceled(ctx, c.Node)
		if err != nil {
			continue
		}
		for _, id := range canceled {
			c.stop(id)
		}
	}
}

// Drain refuses new runs and waits for those under way; when ctx ends it
// cancels them and waits for their last words.
func (c *Chats) Drain(ctx context.Context) {
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	done := make(chan struct{})
	go func() { c.work.Wait(); close(done) }()
	select {
	case <-done:
		return
	case <-ctx.Done():
	}
	c.mu.Lock()
	for _, l := range c.live {
		l.cancel(errors.New("the server is stopping"))
	}
	c.mu.Unlock()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
	}
}

// Cancel ends the run's context.
func (l *Live) Cancel(cause error) { l.cancel(cause) }

// Say puts messages into the chat: durably, and then to who watches.
func (l *Live) Say(ctx context.Context, events ...Event) error {
	stored, err := l.chats.sealAll(l.chat, events)
	if err != nil {
		return err
	}
	if err := l.chats.Store.Say(context.WithoutCancel(ctx), l.ChatID, l.chats.now(), stored); err != nil {
		return err
	}
	l.tell(events)
	return nil
}

func (l *Live) tell(events []Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said = append(l.said, events...)
	close(l.news)
	l.news = make(chan struct{})
}

// End says the last messages and ends the run. It must be called exactly once,
// whatever happened; the run's context may have ended.
func (l *Live) End(ctx context.Context, events ...Event) error {
	defer l.chats.leave(l)
	stored, err := l.chats.sealAll(l.chat, events)
	if err != nil {
		return err
	}
	r := Run{ID: l.ID, ChatID: l.ChatID}
	if err := l.chats.Store.End(context.WithoutCancel(ctx), r, l.chats.now(), stored); err != nil {
		return err
	}
	l.tell(events)
	return nil
}

// Watch gives every event of the run from its first, until the run ended, ctx
// did, or f fails. idle is called when nothing was said for a while.
func (l *Live) Watch(ctx context.Context, every time.Duration, f func(...Event) error, idle func(time.Time) error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for at := 0; ; {
		l.mu.Lock()
		fresh, ended, news := l.said[at:len(l.said):len(l.said)], l.ended, l.news
		l.mu.Unlock()
		if len(fresh) > 0 {
			at += len(fresh)
			if err := f(fresh...); err != nil {
				return err
			}
			continue
		}
		if ended {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-news:
		case now := <-tick.C:
			if err := idle(now); err != nil {
				return err
			}
		}
	}
}

// Follow gives what is said in a chat from its running run's beginning on,
// wherever it runs, until the run ends.
func (c *Chats) Follow(ctx context.Context, who auth.Caller, chatID string, every time.Duration, f func(...Event) error, idle func(time.Time) error) error {
	ch, err := c.Get(ctx, who, chatID)
	if err != nil {
		return err
	}
	c.mu.Lock()
	l := c.live[chatID]
	c.mu.Unlock()
	if l != nil {
		return l.Watch(ctx, every, f, idle)
	}
	return c.followElsewhere(ctx, ch, every, f, idle)
}

func (c *Chats) followElsewhere(ctx context.Context, ch Chat, every time.Duration, f func(...Event) error, idle func(time.Time) error) error {
	n, err := c.Store.CountMessages(ctx, ch.ID)
	if err != nil {
		return err
	}
	after, quiet := int64(max(0, n-1)), time.Duration(0) // from the message that the run answers
	for {
		_, running, err := c.Store.Current(ctx, ch.ID, c.now().Add(-lost))
		if err != nil {
			return err
		}
		stored, err := c.Store.Messages(ctx, ch.ID, after, MostListed)
		if err != nil {
			return err
		}
		events, err := c.open(ch, stored)
		if err != nil {
			return err
		}
		if len(events) > 0 {
			after, quiet = stored[len(stored)-1].Seq, 0
			if err := f(events...); err != nil {
				return err
			}
		}
		if !running {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollEvery):
		}
		if quiet += pollEvery; quiet >= every {
			quiet = 0
			if err := idle(c.now()); err != nil {
				return err
			}
		}
	}
}

// sealing

func aad(ch Chat, id string) []byte {
	return []byte(fmt.Sprintf("chat %d %s %s %s", len(ch.Owner), ch.Owner, ch.ID, id))
}

// sealName gives the chat as it is kept.
func (c *Chats) sealName(ch Chat) (Chat, error) {
	b, err := c.Seal.Seal([]byte(ch.Name), aad(ch, "name"))
	if err != nil {
		return Chat{}, fmt.Errorf("seal the name of a chat: %w", err)
	}
	ch.Name = base64.StdEncoding.EncodeToString(b)
	return ch, nil
}

func (c *Chats) openName(ch *Chat) error {
	b, err := base64.StdEncoding.DecodeString(ch.Name)
	if err == nil {
		b, err = c.Seal.Open(b, aad(*ch, "name"))
	}
	if err != nil {
		return fmt.Errorf("open the name of chat %s: %w", ch.ID, err)
	}
	ch.Name = string(b)
	return nil
}

func (c *Chats) sealAll(ch Chat, events []Event) ([]Stored, error) {
	out := make([]Stored, 0, len(events))
	for _, e := range events {
		b, err := c.Seal.Seal(e.Body, aad(ch, e.ID))
		if err != nil {
			return nil, fmt.Errorf("seal message: %w", err)
		}
		out = append(out, Stored{ID: e.ID, Body: b})
	}
	return out, nil
}

func (c *Chats) open(ch Chat, stored []Stored) ([]Event, error) {
	out := make([]Event, 0, len(stored))
	for _, s := range stored {
		b, err := c.Seal.Open(s.Body, aad(ch, s.ID))
		if err != nil {
			return nil, fmt.Errorf("open message %s: %w", s.ID, err)
		}
		out = append(out, Event{s.ID, b})
	}
	return out, nil
}

func (c *Chats) sealRequest(ch Chat, r Request) ([]byte, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	return c.Seal.Seal(b, aad(ch, "request"))
}

func (c *Chats) openRequest(ch Chat, sealed []byte) (r Request, err error) {
	b, err := c.Seal.Open(sealed, aad(ch, "request"))
	if err != nil {
		return r, fmt.Errorf("open request: %w", err)
	}
	return r, json.Unmarshal(b, &r)
}
