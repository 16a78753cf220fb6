package agent

import (
	"sync"
	"time"

	"github.com/postern/postern/internal/planner"
	"github.com/postern/postern/internal/semantic"
)

// How long and how much of what was read is remembered. What a login lost in
// the warehouse itself, where no counter tells, is forgotten with age.
const (
	keptFor = 5 * time.Minute
	keptMax = 64
)

// reading is a product's meaning with the values that one caller sees.
type reading struct {
	model   *semantic.Model
	planner *planner.Planner
	read    time.Time
}

// memory keeps readings. The zero memory is ready.
type memory struct {
	mu   sync.Mutex
	kept map[key]reading
}

func (m *memory) get(k key, now time.Time) (reading, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.kept[k]
	return r, ok && now.Sub(r.read) < keptFor
}

// put keeps a reading in the place of those that no question can use any more
// and, where there is no room, of the oldest.
func (m *memory) put(k key, r reading) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		m.kept = map[key]reading{}
	}
	m.kept[k] = r
	for o, old := range m.kept {
		if o.changes < k.changes || r.read.Sub(old.read) >= keptFor {
			delete(m.kept, o)
		}
	}
	for len(m.kept) > keptMax {
		oldest := k
		for o, old := range m.kept {
			if old.read.Before(m.kept[oldest].read) {
				oldest = o
			}
		}
		if delete(m.kept, oldest); oldest == k {
			return
		}
	}
}
