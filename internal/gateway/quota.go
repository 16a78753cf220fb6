package gateway

import (
	"math"
	"sync"
	"time"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
)

// quotas count what each limited client runs, on this node.
type quotas struct {
	mu   sync.Mutex
	used map[string]*quota
}

// quota is a bucket that fills with a minute's queries in a minute, and how
// many are under way.
type quota struct {
	left   float64
	at     time.Time
	flying int
}

// mostQuotas is when quotas of clients at rest are let go.
const mostQuotas = 10_000

// enter counts a query in, or refuses it: 429, with when to come again.
func (q *quotas) enter(c auth.Caller, now time.Time) error {
	l := c.Limits
	if l == (auth.QueryLimits{}) {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	u := q.of(c.Subject(), l, now)
	if l.InFlight > 0 && u.flying >= l.InFlight {
		return fault.New(fault.Limited, "this client may have %d queries under way at a time: wait for one to end", l.InFlight).After(time.Second)
	}
	if l.PerMinute > 0 {
		perSecond := float64(l.PerMinute) / 60
		if u.left < 1 {
			wait := time.Duration(math.Ceil((1-u.left)/perSecond)) * time.Second
			return fault.New(fault.Limited, "this client may run %d queries a minute", l.PerMinute).After(wait)
		}
		u.left--
	}
	u.flying++
	return nil
}

// of gives the quota of a client, filled up to now.
func (q *quotas) of(subject string, l auth.QueryLimits, now time.Time) *quota {
	u := q.used[subject]
	if u == nil {
		if q.used == nil {
			q.used = map[string]*quota{}
		}
		q.rest(now)
		u = &quota{left: float64(l.PerMinute), at: now}
		q.used[subject] = u
	}
	since := max(now.Sub(u.at).Minutes(), 0)
	u.left, u.at = min(u.left+since*float64(l.PerMinute), float64(l.PerMinute)), now
	return u
}

// rest lets go of clients that have run nothing for a minute.
func (q *quotas) rest(now time.Time) {
	if len(q.used) < mostQuotas {
		return
	}
	for k, u := range q.used {
		if u.flying == 0 && now.Sub(u.at) > time.Minute {
			delete(q.used, k)
		}
	}
}

// leave counts a query out.
func (q *quotas) leave(c auth.Caller) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if u := q.used[c.Subject()]; u != nil && u.flying > 0 {
		u.flying--
	}
}
