package audit_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/internal/audit"
)

// chain is a stored chain that a test can tamper with.
type chain struct {
	heads  []audit.Head
	rows   []audit.Row
	points []audit.Checkpoint
	key    ed25519.PrivateKey
}

func (c *chain) AuditHeads(context.Context) ([]audit.Head, error) { return c.heads, nil }
func (c *chain) AuditRows(_ context.Context, _ string, after int64, limit int) ([]audit.Row, error) {
	var out []audit.Row
	for _, r := range c.rows {
		if r.Seq > after && len(out) < limit {
			out = append(out, r)
		}
	}
	return out, nil
}
func (c *chain) AuditCheckpoints(context.Context, string) ([]audit.Checkpoint, error) {
	return c.points, nil
}
func (c *chain) Verify(_ string, data, sig []byte) bool {
	return ed25519.Verify(c.key.Public().(ed25519.PublicKey), data, sig)
}

func row(t *testing.T, seq int64, prev []byte, e audit.Event) audit.Row {
	t.Helper()
	rec, err := audit.Seal("w", seq, prev, e)
	if err != nil {
		t.Fatal(err)
	}
	return audit.Row{Record: rec, ID: e.ID, Kind: string(e.Kind), Actor: e.Actor, Product: e.Product, RequestID: e.RequestID, Of: e.Of, Time: e.Time}
}

func newChain(t *testing.T, n int) *chain {
	t.Helper()
	c := &chain{key: ed25519.NewKeyFromSeed(make([]byte, 32))}
	prev := audit.Genesis
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for i := range n {
		e := audit.Event{Kind: audit.QueryStarted, Actor: "client:a", Product: "p", SQL: fmt.Sprint("SELECT ", i)}.Stamp(context.Background(), now.Add(time.Duration(i)*time.Second))
		r := row(t, int64(i+1), prev, e)
		c.rows, prev = append(c.rows, r), r.Hash
		if (i+1)%5 == 0 {
			p := audit.Checkpoint{Writer: "w", Seq: r.Seq, Hash: r.Hash, Time: now}
			p.Sig = ed25519.Sign(c.key, p.Signed())
			c.points = append(c.points, p)
		}
	}
	c.heads = []audit.Head{{Writer: "w", Seq: int64(n), Hash: prev}}
	return c
}

// rehash makes the chain consistent again from i on, as a forger would.
func (c *chain) rehash(i int) {
	for ; i < len(c.rows); i++ {
		prev := audit.Genesis
		if i > 0 {
			prev = c.rows[i-1].Hash
		}
		c.rows[i].Seq, c.rows[i].Prev = int64(i+1), prev
		c.rows[i].Hash = c.rows[i].Sum()
	}
	last := c.rows[len(c.rows)-1]
	c.heads[0].Seq, c.heads[0].Hash = last.Seq, last.Hash
}

func TestVerifyNamesTheTamperedRecord(t *testing.T) {
	cases := []struct {
		name   string
		tamper func(*chain)
		want   string // seq and a word of what
	}{
		{"untouched", func(*chain) {}, ""},
		{"altered body", func(c *chain) {
			c.rows[3].Body = bytes.Replace(c.rows[3].Body, []byte("SELECT 3"), []byte("SELECT 9"), 1)
		}, "4 was altered"},
		{"altered column", func(c *chain) { c.rows[3].Actor = "client:b" }, "4 was altered: its actor"},
		{"altered and rehashed", func(c *chain) {
			c.rows[3].Body = bytes.Replace(c.rows[3].Body, []byte("SELECT 3"), []byte("SELECT 9"), 1)
			c.rehash(3)
		}, "5 the chain differs"},
		{"removed", func(c *chain) { c.rows = append(c.rows[:6], c.rows[7:]...) }, "7 records 7 to 7 are missing"},
		{"removed and rehashed", func(c *chain) { c.rows = append(c.rows[:6], c.rows[7:]...); c.rehash(6) }, "10 the chain differs"},
		{"reordered", func(c *chain) { c.rows[1], c.rows[2] = c.rows[2], c.rows[1] }, "2 records"},
		{"end removed", func(c *chain) { c.rows = c.rows[:11] }, "12 the chain ends at record 11"},
		{"end removed, head too", func(c *chain) { c.rows = c.rows[:8]; c.rehash(8) }, "10 the chain differs"},
		{"forged checkpoint", func(c *chain) { c.points[0].Hash = make([]byte, 32) }, "5 the checkpoint's signature"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			c := newChain(t, 12)
			tc.tamper(c)
			r, err := audit.Verify(context.Background(), c, c, nil)
			if err != nil {
				t.Fatal(err)
			}
			if tc.want == "" {
				if len(r.Problems) > 0 || r.Records != 12 || r.Checkpoints != 2 {
					t.Fatalf("want a clean report of 12 records, got %+v", r)
				}
				return
			}
			for _, p := range r.Problems {
				if strings.HasPrefix(fmt.Sprint(p.Seq, " ", p.What), tc.want) {
					return
				}
			}
			t.Fatalf("want a problem %q, got %+v", tc.want, r.Problems)
		})
	}
}
