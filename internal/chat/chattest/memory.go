// Package chattest has what tests of chats share: a store in memory, and the
// suite that every store of chats passes.
package chattest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/postern/postern/internal/chat"
	"github.com/postern/postern/internal/fault"
)

// Memory is a store that forgets with its process. The zero Memory is empty.
type Memory struct {
	// Queued is called for a run that is left for later; nil drops it.
	Queued func(runID string)

	mu       sync.Mutex
	chats    map[string]chat.Chat
	messages map[string][]chat.Stored
	runs     map[string]*memoryRun
}

type memoryRun struct {
	chat.Run
	canceled bool
}

func (m *Memory) lock() func() {
	m.mu.Lock()
	if m.chats == nil {
		m.chats, m.messages, m.runs = map[string]chat.Chat{}, map[string][]chat.Stored{}, map[string]*memoryRun{}
	}
	return m.mu.Unlock
}

func missing(what string) error { return fault.New(fault.NotFound, "%s not found", what) }

// Chat implements chat.Store.
func (m *Memory) Chat(_ context.Context, id string) (chat.Chat, error) {
	defer m.lock()()
	c, ok := m.chats[id]
	if !ok {
		return c, missing("chat")
	}
	c.Tags = slices.Clone(c.Tags)
	return c, nil
}

// Chats implements chat.Store.
func (m *Memory) Chats(_ context.Context, f chat.Filter) (all []chat.Chat, total int, err error) {
	defer m.lock()()
	has := func(c chat.Chat, tags []string) bool {
		return slices.ContainsFunc(tags, func(t string) bool { return slices.Contains(c.Tags, t) })
	}
	for _, c := range m.chats {
		if c.Owner == f.Owner && (len(f.Include) == 0 || has(c, f.Include)) && !has(c, f.Exclude) {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b chat.Chat) int { return cmp.Or(b.UpdatedAt.Compare(a.UpdatedAt), cmp.Compare(a.ID, b.ID)) })
	total = len(all)
	all = all[min(f.Offset, total):]
	return all[:min(f.Limit, len(all))], total, nil
}

// CreateChat implements chat.Store.
func (m *Memory) CreateChat(_ context.Context, c chat.Chat) error {
	defer m.lock()()
	m.chats[c.ID] = c
	return nil
}

// UpdateChat implements chat.Store.
func (m *Memory) UpdateChat(_ context.Context, c chat.Chat) error {
	defer m.lock()()
	if _, ok := m.chats[c.ID]; !ok {
		return missing("chat")
	}
	m.chats[c.ID] = c
	return nil
}

// DeleteChats implements chat.Store.
func (m *Memory) DeleteChats(_ context.Context, before time.Time) (n int, err error) {
	defer m.lock()()
	for id, c := range m.chats {
		if c.UpdatedAt.Before(before) && m.runOf(id) == nil {
			delete(m.chats, id)
			delete(m.messages, id)
			n++
		}
	}
	return n, nil
}

// Messages implements chat.Store.
func (m *Memory) Messages(_ context.Context, chatID string, after int64, limit int) ([]chat.Stored, error) {
	defer m.lock()()
	all := m.messages[chatID]
	all = all[min(int(after), len(all)):]
	return slices.Clone(all[:min(limit, len(all))]), nil
}

// CountMessages implements chat.Store.
func (m *Memory) CountMessages(_ context.Context, chatID string) (int, error) {
	defer m.lock()()
	return len(m.messages[chatID]), nil
}

func (m *Memory) runOf(chatID string) *memoryRun {
	for _, r := range m.runs {
		if r.ChatID == chatID {
			return r
		}
	}
	return nil
}

// Begin implements chat.Store.
func (m *Memory) Begin(_ context.Context, c chat.Chat, isNew bool, r chat.Run, stale time.Time, said []chat.Stored) error {
	defer m.lock()()
	if old := m.runOf(c.ID); old != nil && (old.Status == chat.Queued || !old.Seen.Before(stale)) {
		return chat.Busy()
	} else if old != nil {
		delete(m.runs, old.ID)
	}
	if isNew {
		m.chats[c.ID] = c
	}
	m.runs[r.ID] = &memoryRun{Run: r}
	m.say(c.ID, r.Seen, said)
	if r.Status == chat.Queued && m.Queued != nil {
		m.Queued(r.ID)
	}
	return nil
}

// Take implements chat.Store.
func (m *Memory) Take(_ context.Context, runID, node string, now, stale time.Time) (chat.Run, error) {
	defer m.lock()()
	r := m.runs[runID]
	if r == nil || r.Status != chat.Queued && !r.Seen.Before(stale) {
		return chat.Run{}, missing("run")
	}
	r.Status, r.Node, r.Seen = chat.Running, node, now
	return r.Run, nil
}

func (m *Memory) say(chatID string, now time.Time, said []chat.Stored) {
	for _, s := range said {
		if i := slices.IndexFunc(m.messages[chatID], func(o chat.Stored) bool { return o.ID == s.ID }); i >= 0 {
			m.messages[chatID][i].Body = s.Body
			continue
		}
		s.Seq = int64(len(m.messages[chatID]) + 1)
		m.messages[chatID] = append(m.messages[chatID], s)
	}
	c := m.chats[chatID]
	c.UpdatedAt = now
	m.chats[chatID] = c
}

// Say implements chat.Store.
func (m *Memory) Say(_ context.Context, chatID string, now time.Time, said []chat.Stored) error {
	defer m.lock()()
	if _, ok := m.chats[chatID]; !ok {
		return missing("chat")
	}
	m.say(chatID, now, said)
	return nil
}

// End implements chat.Store.
func (m *Memory) End(_ context.Context, r chat.Run, now time.Time, said []chat.Stored) error {
	defer m.lock()()
	delete(m.runs, r.ID)
	if _, ok := m.chats[r.ChatID]; !ok {
		return missing("chat")
	}
	m.say(r.ChatID, now, said)
	return nil
}

// Lost implements chat.Store.
func (m *Memory) Lost(_ context.Context, stale time.Time) (ids []string, err error) {
	defer m.lock()()
	for id, r := range m.runs {
		if r.Status == chat.Running && r.Seen.Before(stale) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// Run implements chat.Store.
func (m *Memory) Run(_ context.Context, id string) (chat.Run, error) {
	defer m.lock()()
	r := m.runs[id]
	if r == nil {
		return chat.Run{}, missing("task")
	}
	return r.Run, nil
}

// Current implements chat.Store.
func (m *Memory) Current(_ context.Context, chatID string, stale time.Time) (chat.Run, bool, error) {
	defer m.lock()()
	r := m.runOf(chatID)
	if r == nil || r.Status != chat.Queued && r.Seen.Before(stale) {
		return chat.Run{}, false, nil
	}
	return r.Run, true, nil
}

// Cancel implements chat.Store.
func (m *Memory) Cancel(_ context.Context, chatID string) (bool, error) {
	defer m.lock()()
	r := m.runOf(chatID)
	if r != nil {
		r.canceled = true
	}
	return r != nil, nil
}

// Canceled implements chat.Store.
func (m *Memory) Canceled(_ context.Context, node string) (chats []string, err error) {
	defer m.lock()()
	for _, r := range m.runs {
		if r.Node == node && r.canceled {
			chats = append(chats, r.ChatID)
		}
	}
	return chats, nil
}

// Beat implements chat.Store.
func (m *Memory) Beat(_ context.Context, node string, now time.Time) error {
	defer m.lock()()
	for _, r := range m.runs {
		if r.Node == node && r.Status == chat.Running {
			r.Seen = now
		}
	}
	return nil
}

// Plain seals nothing: it is for tests, and only sees to it that what was
// sealed for one place is not opened at another.
type Plain struct{}

// Seal implements chat.AEAD.
func (Plain) Seal(plaintext, aad []byte) ([]byte, error) {
	return slices.Concat(aad, []byte{0}, plaintext), nil
}

// Open implements chat.AEAD.
func (Plain) Open(ciphertext, aad []byte) ([]byte, error) {
	plain, ok := bytes.CutPrefix(ciphertext, slices.Concat(aad, []byte{0}))
	if !ok {
		return nil, errors.New("sealed for another place")
	}
	return plain, nil
}
