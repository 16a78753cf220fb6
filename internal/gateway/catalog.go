package gateway

import (
	"context"
	"slices"
	"sync"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/credential"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/warehouse"
)

type versioned struct{ id, version string }

// reach is a caller's name with the product that it asks for.
type reach struct{ subject, product string }

// memory remembers products, and what callers hold on them, while the change
// counter stands still. A spec is parsed when it is read, which costs more than
// the rest of a short query.
type memory struct {
	mu     sync.Mutex
	n      int64 // the counter it is good for
	held   map[versioned]product.Product
	grants map[reach][]product.Grant
}

// mostHeld and mostReached bound the memory; what is full starts anew.
const (
	mostHeld    = 1000
	mostReached = 10_000
)

// at brings the memory to the counter n; false is for one that is gone by.
func (m *memory) at(n int64) bool {
	if n > m.n || m.held == nil {
		m.n, m.held, m.grants = n, map[versioned]product.Product{}, map[reach][]product.Grant{}
	}
	return n == m.n
}

func recall[K comparable, V any](m *memory, n int64, from func(*memory) map[K]V, k K) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var none V
	if m.n != n {
		return none, false
	}
	v, ok := from(m)[k]
	return v, ok
}

func remember[K comparable, V any](m *memory, n int64, into func(*memory) map[K]V, most int, k K, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.at(n) {
		return
	}
	held := into(m)
	if len(held) >= most {
		clear(held)
	}
	held[k] = v
}

func products(m *memory) map[versioned]product.Product { return m.held }
func reached(m *memory) map[reach][]product.Grant      { return m.grants }

// counter is the change counter, read before what it is to be good for: what
// commits between is then asked for again.
func (g *Gateway) counter(ctx context.Context) (int64, bool) {
	if g.Changes == nil {
		return 0, false
	}
	return g.Changes(ctx)
}

// product gives a product, whoever asks. What is not there gets policy's text
// of what may not be seen, so that the two cannot be told apart.
func (g *Gateway) product(ctx context.Context, id, version string) (p product.Product, err error) {
	n, fresh := g.counter(ctx)
	v := versioned{id, version}
	if fresh {
		if p, ok := recall(&g.memory, n, products, v); ok {
			return p, nil
		}
	}
	if version == "" {
		p, err = g.Catalog.Product(ctx, id)
	} else {
		p, err = g.Catalog.ProductVersion(ctx, id, version)
	}
	if fault.Is(err, fault.NotFound) {
		return p, policy.NotFound(id)
	}
	if err == nil && fresh {
		remember(&g.memory, n, products, mostHeld, v, p)
	}
	return p, err
}

// grantsOf gives what the caller holds on a product, which may not be there.
func (g *Gateway) grantsOf(ctx context.Context, c auth.Caller, id string) ([]product.Grant, error) {
	n, fresh := g.counter(ctx)
	k := reach{c.Subject(), id}
	if fresh {
		if grants, ok := recall(&g.memory, n, reached, k); ok {
			return grants, nil
		}
	}
	grants, err := g.Catalog.GrantsOf(ctx, k.subject, id)
	if err != nil {
		return nil, err
	}
	queries, err := g.Catalog.QueryGrantsOf(ctx, k.subject, id)
	grants = append(grants, queries...)
	if err == nil && fresh {
		remember(&g.memory, n, reached, mostReached, k, grants)
	}
	return grants, err
}

// may gives the product if policy allows the action. Policy is asked first, of
// the id and what the caller holds on it: a product that the caller may not see
// is then never looked up, so that it costs what one costs that is not there.
func (g *Gateway) may(ctx context.Context, c auth.Caller, act policy.Action, id, version string) (product.Product, error) {
	if id == "" {
		return product.Product{}, policy.NotFound(id)
	}
	grants, err := g.grantsOf(ctx, c, id)
	if err != nil {
		return product.Product{}, err
	}
	verdict := g.Policy.Product(c, act, product.Product{ID: id, Public: public(grants)}, grants)
	if fault.Is(verdict, fault.NotFound) {
		return product.Product{}, verdict
	}
	p, err := g.product(ctx, id, version)
	if err != nil {
		return product.Product{}, err
	}
	return p, verdict
}

// public reports whether a product is for everyone. A grant to everyone on one
// of its queries does not make it so.
func public(grants []product.Grant) bool {
	return slices.ContainsFunc(grants, func(gr product.Grant) bool { return gr.Query == "" && gr.Subject == policy.Everyone })
}

// access is how to get into a product's warehouse.
type access struct {
	source     product.Source
	login      warehouse.Login
	credential string
	key        string // of the pool
}

// access resolves the caller's credential for the product.
func (g *Gateway) access(ctx context.Context, c auth.Caller, pr product.Product, q product.Query) (access, error) {
	sys, ok := pr.System()
	if !ok {
		return access{}, fault.New(fault.Rejected, "the data product has no delivery system of type sql").Coded(codeConnector, nameConnector)
	}
	if sys.NoLogin && q.AuthID == "" {
		return access{source: sys.Source, key: poolKey(pr.ID, "")}, nil
	}
	cred, sec, err := g.Vault.Resolve(ctx, c.Subject(), pr.ID, sys.Source.Canonical(), q.AuthID)
	if err != nil {
		return access{}, err
	}
	if cred.Type == credential.None {
		if !sys.NoLogin { // stored when the product asked for no login, which it does now
			return access{}, credential.NotProvided()
		}
		return access{source: sys.Source, credential: cred.ID, key: poolKey(pr.ID, "")}, nil
	}
	return access{source: sys.Source, login: loginOf(cred, sec), credential: cred.ID, key: poolKey(pr.ID, revision(cred))}, nil
}

const (
	codeConnector = 10011
	nameConnector = "QUERY_SERVICE_CONNECTOR_CONFIGURATION_ERROR"
)

func loginOf(c credential.Credential, s credential.Secret) warehouse.Login {
	return warehouse.Login{Username: c.Username, Password: s.Password, PrivateKey: s.PrivateKey, Passphrase: s.Passphrase}
}
