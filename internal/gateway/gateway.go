// Package gateway is THE PATH: the only way to a warehouse. Get the product,
// ask policy, open the credential, let the engine state the statement's facts,
// judge them, put on record that it starts, run it, stream the rows, put on
// record how it ended. Doors, tools and agents hold nothing else.
//
// DESIGN.md has the invariants.
package gateway

import (
	"context"
	"time"

	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/credential"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/product/market"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/warehouse"
)

// Policy decides who may do what with a product; *policy.Policy does.
type Policy interface {
	Product(c auth.Caller, a policy.Action, pr product.Product, grants []product.Grant) error
	// Query decides whether a verified query may be run.
	Query(c auth.Caller, pr product.Product, query string, grants []product.Grant) error
	Market(c auth.Caller, a policy.Action, id string, grants []market.Grant) error
}

// Pool is what the gateway needs of *warehouse.Pool.
type Pool interface {
	Acquire(ctx context.Context, key string, s product.Source, l warehouse.Login) (*warehouse.Lease, error)
	Test(ctx context.Context, s product.Source, l warehouse.Login) error
	Forget(prefix string)
}

// Gateway is the path. Its fields are set once, before use.
type Gateway struct {
	Catalog product.Store
	Markets market.Store
	Policy  Policy
	Vault   *credential.Vault
	Pool    Pool
	Record  audit.Recorder
	Files   product.Files
	// Changes is the store's change counter; nil means that nothing is
	// remembered between queries.
	Changes func(ctx context.Context) (n int64, ok bool)
	// Again says who a caller is now, or that it is let in no more; it is asked
	// while rows stream and something has changed. nil asks nobody.
	Again func(ctx context.Context, c auth.Caller) (auth.Caller, error)
	// Bind writes the SQL of a published query with values; nil runs none.
	Bind func(q product.Published, values map[string]string) (string, error)
	// Worse refuses a version that answers worse than the last one; nil asks
	// nobody.
	Worse   func(ctx context.Context, last, next product.Product, force bool) error
	RowCap  int64            // rows of one query, whatever it asks for; 0 is no cap
	Timeout time.Duration    // of one query; 0 is 10 minutes
	Now     func() time.Time // nil is time.Now
	// Statements puts SQL on spans, where the operator traces.
	Statements bool
	// Observe hears of each query's end; nil hears nothing.
	Observe func(Ended)

	memory memory
	tools  tools
	live   live
	quotas quotas
}

// Ended is how a query, or a reading of the schema, came out.
type Ended struct {
	Engine  product.Engine // "" when it did not get that far
	Outcome string         // as on record: ok, denied, refused, failed or canceled
	Schema  bool
	Rows    int64
	Took    time.Duration
}

// Run runs one read-only statement on a product and streams its rows, which
// the caller has to close. Whatever comes of it is on record: as refused when
// it did not get to run, else as started before it runs and as finished before
// the last row's end is told.
func (g *Gateway) Run(ctx context.Context, c auth.Caller, q product.Query) (_ result.Rows, err error) {
	a, err := g.begin(ctx, c, q)
	if err != nil {
		return nil, err
	}
	defer func() { err = a.settle(err, recover()) }()

	if err := a.enter(a.mayRun); err != nil {
		return nil, err
	}
	if err := a.acquire(); err != nil {
		return nil, err
	}
	verdict, err := a.judge()
	if err != nil {
		return nil, err
	}
	if err := a.start(verdict); err != nil {
		return nil, err
	}
	rows, err := a.lease.Query(a.ctx, verdict.SQL, a.limits())
	if err != nil {
		return nil, a.engine(err)
	}
	return a.stream(rows), nil
}
