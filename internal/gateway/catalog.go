package gateway

import (
	"context"
	"sync"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/credential"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/warehouse"
)

// shared is a product with who it is shared with.
type shared struct {
	product product.Product
	grants  []product.Grant
}

type versioned struct{ id, version string }

// memory remembers products while the change counter stands still. A spec is
// parsed when it is read, which costs more than the rest of a short query.
type memory struct {
	mu   sync.Mutex
	n    int64 // the counter it is good for
	held map[versioned]shared
}

// mostHeld bounds the memory; one that is full starts anew.
const mostHeld = 1000

func (m *memory) get(n int64, v versioned) (shared, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.n != n {
		return shared{}, false
	}
	s, ok := m.held[v]
	return s, ok
}

func (m *memory) put(n int64, v versioned, s shared) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n < m.n {
		return
	}
	if n > m.n || m.held == nil || len(m.held) >= mostHeld {
		m.n, m.held = n, map[versioned]shared{}
	}
	m.held[v] = s
}

// product gives a product and its grants. What is not there gets policy's text
// of what may not be seen, so that the two cannot be told apart.
func (g *Gateway) product(ctx context.Context, id, version string) (shared, error) {
	n, fresh := int64(0), false
	if g.Changes != nil {
		n, fresh = g.Changes(ctx) // read before the product: what commits between is then asked for again
	}
	v := versioned{id, version}
	if fresh {
		if s, ok := g.memory.get(n, v); ok {
			return s, nil
		}
	}
	s, err := g.load(ctx, v)
	if err == nil && fresh {
		g.memory.put(n, v, s)
	}
	return s, err
}

func (g *Gateway) load(ctx context.Context, v versioned) (s shared, err error) {
	if v.version == "" {
		s.product, err = g.Catalog.Product(ctx, v.id)
	} else {
		s.product, err = g.Catalog.ProductVersion(ctx, v.id, v.version)
	}
	if err == nil {
		s.grants, err = g.Catalog.Grants(ctx, v.id)
	}
	if fault.Is(err, fault.NotFound) {
		err = policy.NotFound(v.id)
	}
	return s, err
}

// may gives the product if policy allows the action.
func (g *Gateway) may(ctx context.Context, c auth.Caller, act policy.Action, id, version string) (product.Product, error) {
	s, err := g.product(ctx, id, version)
	if err != nil {
		return product.Product{}, err
	}
	return s.product, g.Policy.Product(c, act, s.product, s.grants)
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
