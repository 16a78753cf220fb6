package render

import (
	"container/list"
	"sync"
)

// keptBytes is what finished charts may take in memory.
const keptBytes = 32 << 20

// kept holds finished charts, the most recently used ones, up to a number of
// bytes. What it gives must not be changed.
type kept struct {
	mu    sync.Mutex
	most  int
	bytes int
	order *list.List // of *entry, the most recent first
	byKey map[string]*list.Element
}

type entry struct {
	key  string
	body []byte
}

func newKept(most int) *kept {
	return &kept{most: most, order: list.New(), byKey: map[string]*list.Element{}}
}

func (k *kept) get(key string) ([]byte, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.byKey[key]
	if e == nil {
		return nil, false
	}
	k.order.MoveToFront(e)
	return e.Value.(*entry).body, true
}

// put keeps a chart, unless it alone would push out most of the others.
func (k *kept) put(key string, body []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.byKey[key] != nil || len(body) > k.most/4 {
		return
	}
	k.byKey[key] = k.order.PushFront(&entry{key, body})
	k.bytes += len(body)
	for k.bytes > k.most {
		last := k.order.Back()
		k.order.Remove(last)
		e := last.Value.(*entry)
		delete(k.byKey, e.key)
		k.bytes -= len(e.body)
	}
}
