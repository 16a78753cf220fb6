// Package chat is what was said: chats, their messages, and the runs that write
// them. A run is one call of an agent or a tool; it belongs to the chat and not
// to the connection that asked for it, so that a broken connection loses
// nothing.
//
// Chats are private to their owner, for every role. What was said is sealed at
// rest, under an address of its own (owner, chat, message), so that a row moved
// elsewhere does not open.
package chat

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
)

// Chat is one conversation.
type Chat struct {
	ID        string   // UUID
	Owner     string   // auth.Caller.Subject()
	Name      string   // in a Store sealed: mostly it is the first question
	Tags      []string // sorted, each once; in the clear, since lists are filtered by them
	CreatedAt time.Time
	UpdatedAt time.Time // when something was last said or changed
}

// Event is one message as the wire shows it. An event of an id that was there
// before is the same message, grown.
type Event struct {
	ID   string
	Body json.RawMessage
}

// Stored is a message as the store keeps it.
type Stored struct {
	ID   string
	Seq  int64 // place in its chat, from 1 without a gap
	Body []byte
}

// Status of a run.
type Status string

// The statuses.
const (
	Queued  Status = "queued"
	Running Status = "running"
)

// Run is one call in a chat, as the store keeps it.
type Run struct {
	ID      string // UUID; the task id of an asynchronous call
	ChatID  string
	Owner   string
	Status  Status
	Node    string // the process that works on it
	Seen    time.Time
	Request []byte // sealed; who asked for what
}

// Filter of a list of chats.
type Filter struct {
	Owner            string
	Include, Exclude []string // tags that a chat must have one of, or none of
	Limit, Offset    int
}

// Store keeps chats.
type Store interface {
	Chat(ctx context.Context, id string) (Chat, error)
	Chats(ctx context.Context, f Filter) ([]Chat, int, error)
	CreateChat(ctx context.Context, c Chat) error
	UpdateChat(ctx context.Context, c Chat) error
	// DeleteChats takes away what was last touched before a time, whole.
	DeleteChats(ctx context.Context, before time.Time) (int, error)

	Messages(ctx context.Context, chatID string, after int64, limit int) ([]Stored, error)
	CountMessages(ctx context.Context, chatID string) (int, error)

	// Begin starts a run, in a new chat or in one that is there, with what is
	// said at its start. Where another run of the chat was seen after stale,
	// it is a fault.Conflict and nothing changes.
	Begin(ctx context.Context, c Chat, isNew bool, r Run, stale time.Time, said []Stored) error
	// Take makes a queued run, or one that was last seen before stale, this
	// node's; not found when there is none.
	Take(ctx context.Context, runID, node string, now, stale time.Time) (Run, error)
	// Lost gives the runs that are worked, and were last seen before stale.
	Lost(ctx context.Context, stale time.Time) (runIDs []string, err error)
	Say(ctx context.Context, chatID string, now time.Time, said []Stored) error
	// End says the last messages and forgets the run.
	End(ctx context.Context, r Run, now time.Time, said []Stored) error
	Run(ctx context.Context, id string) (Run, error)
	// Current is the chat's run that has not ended and was seen after stale.
	Current(ctx context.Context, chatID string, stale time.Time) (r Run, running bool, err error)
	// Cancel asks the chat's run to end; it says whether there was one.
	Cancel(ctx context.Context, chatID string) (bool, error)
	// Canceled gives the chats whose runs on a node were asked to end.
	Canceled(ctx context.Context, node string) ([]string, error)
	// Beat says that a node's runs are alive.
	Beat(ctx context.Context, node string, now time.Time) error
}

// AEAD seals and opens; keyring's AEAD is one.
type AEAD interface {
	Seal(plaintext, aad []byte) ([]byte, error)
	Open(ciphertext, aad []byte) ([]byte, error)
}

// Limits of a chat.
const (
	LongestName = 255 // characters
	mostTags    = 50
	longestTag  = 64
	// MostListed bounds one page of chats or messages: the published limit.
	MostListed = 1000
)

// Get gives a chat of the caller's own: anybody else's is not found.
func (c *Chats) Get(ctx context.Context, who auth.Caller, id string) (Chat, error) {
	ch, err := c.Store.Chat(ctx, id)
	if err == nil && ch.Owner != who.Subject() {
		err = fault.New(fault.NotFound, "chat not found")
	}
	if err != nil {
		return Chat{}, err
	}
	return ch, c.openName(&ch)
}

// List gives the caller's own chats, the one last touched first, and how many
// there are.
func (c *Chats) List(ctx context.Context, who auth.Caller, f Filter) ([]Chat, int, error) {
	f.Owner = who.Subject()
	all, total, err := c.Store.Chats(ctx, f)
	for i := range all {
		if err == nil {
			err = c.openName(&all[i])
		}
	}
	return all, total, err
}

// Create makes an empty chat.
func (c *Chats) Create(ctx context.Context, who auth.Caller, name string, tags []string) (Chat, error) {
	ch := c.fresh(who, name)
	var err error
	if ch.Tags, err = checkTags(tags); err != nil {
		return Chat{}, err
	}
	if err := checkName(name); err != nil {
		return Chat{}, err
	}
	kept, err := c.sealName(ch)
	if err != nil {
		return Chat{}, err
	}
	return ch, c.Store.CreateChat(ctx, kept)
}

func (c *Chats) fresh(who auth.Caller, name string) Chat {
	now := c.now()
	return Chat{ID: uuid.NewString(), Owner: who.Subject(), Name: name, Tags: []string{}, CreatedAt: now, UpdatedAt: now}
}

// Change renames a chat or changes its tags: edit gets it and changes it.
func (c *Chats) Change(ctx context.Context, who auth.Caller, id string, edit func(*Chat)) (Chat, error) {
	ch, err := c.Get(ctx, who, id)
	if err != nil {
		return Chat{}, err
	}
	edit(&ch)
	if err := checkName(ch.Name); err != nil {
		return Chat{}, err
	}
	if ch.Tags, err = checkTags(ch.Tags); err != nil {
		return Chat{}, err
	}
	ch.UpdatedAt = c.now()
	kept, err := c.sealName(ch)
	if err != nil {
		return Chat{}, err
	}
	return ch, c.Store.UpdateChat(ctx, kept)
}

// Messages gives what was said, from an offset, and how much there is.
func (c *Chats) Messages(ctx context.Context, who auth.Caller, id string, limit, offset int) ([]Event, int, error) {
	ch, err := c.Get(ctx, who, id)
	if err != nil {
		return nil, 0, err
	}
	stored, err := c.Store.Messages(ctx, id, int64(offset), limit)
	if err != nil {
		return nil, 0, err
	}
	events, err := c.open(ch, stored)
	if err != nil {
		return nil, 0, err
	}
	n, err := c.Store.CountMessages(ctx, id)
	return events, n, err
}

// Recent gives the last n messages of a chat.
func (c *Chats) Recent(ctx context.Context, who auth.Caller, id string, n int) ([]Event, error) {
	ch, err := c.Get(ctx, who, id)
	if err != nil {
		return nil, err
	}
	all, err := c.Store.CountMessages(ctx, id)
	if err != nil {
		return nil, err
	}
	stored, err := c.Store.Messages(ctx, id, int64(max(0, all-n)), n)
	if err != nil {
		return nil, err
	}
	return c.open(ch, stored)
}

// Cancel ends what runs in a chat, on whatever node; it says whether something
// did.
func (c *Chats) Cancel(ctx context.Context, who auth.Caller, id string) (bool, error) {
	if _, err := c.Get(ctx, who, id); err != nil {
		return false, err
	}
	running, err := c.Store.Cancel(ctx, id)
	if err == nil {
		c.stop(id) // at once where it runs here; other nodes see it with their next beat
	}
	return running, err
}

// Task gives the status of a call of the caller's own; one that has ended is
// gone: its outcome is in the chat.
func (c *Chats) Task(ctx context.Context, who auth.Caller, id string) (Run, error) {
	r, err := c.Store.Run(ctx, id)
	if err == nil && r.Owner != who.Subject() {
		err = fault.New(fault.NotFound, "task not found")
	}
	return r, err
}

// Lost gives the runs whose node was not heard of for a while: it stopped, or
// is cut off. Resume takes one, to end it.
func (c *Chats) Lost(ctx context.Context) ([]string, error) {
	return c.Store.Lost(ctx, c.now().Add(-lost))
}

// Sweep deletes chats that were not touched for as long as chats are kept.
func (c *Chats) Sweep(ctx context.Context) (int, error) {
	return c.Store.DeleteChats(ctx, c.now().Add(-c.keep()))
}
