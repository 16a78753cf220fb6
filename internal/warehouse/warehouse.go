// Package warehouse is WHERE: the seam to the engines. A driver opens a
// connection as the credential's user, states a statement's facts, and streams
// its rows, read-only at the engine wherever the engine can. What every driver
// needs and none may forget (the dial guard, the error scrubber, the pool, the
// limits) is wrapped around it here.
package warehouse

import (
	"context"
	"net"
	"time"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/sqlfacts"
)

// Login is with what to sign in. The zero Login is for sources without logins.
type Login struct {
	Username   string
	Password   secret.Secret
	PrivateKey secret.Secret
	Passphrase secret.Secret
}

// Dial is how a driver reaches the network: the guarded dialer.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Driver opens connections to one engine.
type Driver interface {
	Open(ctx context.Context, s product.Source, l Login, dial Dial) (Conn, error)
}

// Conn is one session in the warehouse, used by one query at a time.
type Conn interface {
	// Analyze states the facts of a SQL text without running it.
	Analyze(ctx context.Context, sql string) (sqlfacts.Facts, error)
	// Query runs one statement that was judged. It stops on ctx and at limits.
	Query(ctx context.Context, sql string, l Limits) (result.Rows, error)
	// Schema introspects; nil tables means all that the login may see.
	Schema(ctx context.Context, tables []product.Table) (product.Schema, error)
	Ping(ctx context.Context) error
	// Reset makes the session as new, so that nothing set or created in it is
	// seen by the next user. An error means the session must be closed.
	Reset(ctx context.Context) error
	Close() error
}

// Limits bound a query. Zero means the driver's default.
type Limits struct {
	Rows    int64
	Timeout time.Duration
	// Pre is pre_exec_sql, judged already, run first in the same session and
	// transaction.
	Pre string
}
