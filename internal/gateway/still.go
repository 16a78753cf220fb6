package gateway

import (
	"github.com/postern/postern/internal/fault"
)

// still asks, when something has changed since the query was let through,
// whether it would be now: a result may stream for minutes, and what is taken
// from a caller has to bite within a second.
func (a *attempt) still() error {
	if a.g.Again == nil || a.g.Changes == nil {
		return nil
	}
	n, ok := a.g.Changes(a.ctx)
	if ok && n == a.seen {
		return nil
	}
	c, err := a.g.Again(a.ctx, a.caller)
	if err != nil {
		return err
	}
	pr, err := a.g.mayRun(a.ctx, c, a.q)
	if err != nil {
		return err
	}
	q := a.q
	if a.in.credential != "" {
		q.AuthID = a.in.credential // a newer one is no reason
	}
	in, err := a.g.access(a.ctx, c, pr, q)
	if err != nil {
		return err
	}
	if in.key != a.in.key || in.source.Canonical() != a.in.source.Canonical() {
		return fault.New(fault.Denied, "the warehouse of this data product, or the credential for it, was changed while the query ran")
	}
	if ok {
		a.seen = n
	}
	return nil
}
