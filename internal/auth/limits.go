package auth

import (
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Limits slow down who sends wrong secrets. Only failures count, in memory, on
// this node. A right secret passes unless this very client failed too often
// from this very network, and there too if it has passed from it before: so a
// flood of guesses locks nobody out. Secrets have 256 bits, so the limits are
// there for the record and the processor, not for the secret.
type Limits struct {
	Now func() time.Time

	mu    sync.Mutex
	fails generations[*bucket]
	usual generations[struct{}]
}

// rate is a token bucket: burst failures at once, then one each every.
type rate struct {
	burst float64
	every time.Duration
}

// The limits on failures.
var (
	perPair    = rate{10, 6 * time.Second}         // one client from one /24 or /64
	perClient  = rate{100, time.Second}            // one client from anywhere
	perNetwork = rate{200, 500 * time.Millisecond} // any client from one /24 or /64
	perNode    = rate{2000, 10 * time.Millisecond} // all together
)

// noteEvery is how often a limit that goes on refusing is put on record.
const noteEvery = time.Minute

// remembered bounds each of the two generations of a table.
const remembered = 8192

type bucket struct {
	left  float64
	at    time.Time
	noted time.Time
	more  int64 // refusals since then
}

// refusal is what the limits say of a request.
type refusal struct {
	wait   time.Duration // zero: not limited
	record bool          // whether to put it on record
	more   int64         // like it, not on record
}

// before is asked before the secret is looked at.
func (l *Limits) before(id ClientID, address string) refusal {
	if l == nil {
		return refusal{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	pair := pairOf(id, address)
	b := l.bucket(pair, perPair)
	if _, ok := l.usual.get(pair); ok || b.left >= 1 {
		return refusal{}
	}
	return l.refuse(b, perPair)
}

// failed counts a wrong secret.
func (l *Limits) failed(id ClientID, address string) refusal {
	if l == nil {
		return refusal{record: true}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	out := refusal{record: true}
	for _, c := range []struct {
		key string
		rate
	}{
		{pairOf(id, address), perPair}, {"c " + fold(id), perClient}, {"n " + network(address), perNetwork}, {"*", perNode},
	} {
		b := l.bucket(c.key, c.rate)
		if b.left >= 1 {
			b.left--
		} else if r := l.refuse(b, c.rate); r.wait > out.wait {
			out = r
		}
	}
	return out
}

// passed remembers where a client usually comes from.
func (l *Limits) passed(id ClientID, address string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.usual.put(pairOf(id, address), struct{}{})
}

func (l *Limits) bucket(key string, r rate) *bucket {
	now := l.Now()
	b, ok := l.fails.get(key)
	if !ok {
		b = &bucket{left: r.burst, at: now}
		l.fails.put(key, b)
		return b
	}
	if d := now.Sub(b.at); d > 0 {
		b.left = min(r.burst, b.left+float64(d)/float64(r.every))
		b.at = now
	}
	return b
}

func (l *Limits) refuse(b *bucket, r rate) refusal {
	out := refusal{wait: time.Duration((1 - b.left) * float64(r.every))}
	now := l.Now()
	if now.Sub(b.noted) < noteEvery {
		b.more++
		return out
	}
	out.record, out.more = true, b.more
	b.noted, b.more = now, 0
	return out
}

func pairOf(id ClientID, address string) string { return "p " + network(address) + " " + fold(id) }

// fold makes spellings of one id share a count.
func fold(id ClientID) string {
	s := strings.ToLower(strings.Join(strings.Fields(string(id)), ""))
	return s[:min(len(s), maxName)]
}

// network is the address's /24, or /64 of IPv6, where one host has them all.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return "?"
	}
	bits := 24
	if a = a.Unmap(); a.Is6() {
		bits = 64
	}
	p, err := a.WithZone("").Prefix(bits)
	if err != nil {
		return "?"
	}
	return p.String()
}

// generations is a map that forgets what was not asked for lately: when the
// young half is full, it becomes the old one, and the old one goes.
type generations[V any] struct{ young, old map[string]V }

func (g *generations[V]) get(key string) (V, bool) {
	if v, ok := g.young[key]; ok {
		return v, true
	}
	v, ok := g.old[key]
	if ok {
		g.put(key, v)
	}
	return v, ok
}

func (g *generations[V]) put(key string, v V) {
	if g.young == nil || len(g.young) >= remembered {
		g.old, g.young = g.young, make(map[string]V)
	}
	g.young[key] = v
}
