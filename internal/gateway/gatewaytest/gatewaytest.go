// Package gatewaytest is the real path, from a store on disk to a warehouse,
// for tests of what stands on it.
package gatewaytest

import (
	"net/netip"
	"testing"
	"time"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/credential"
	"github.com/postern/postern/internal/gateway"
	"github.com/postern/postern/internal/keyring"
	"github.com/postern/postern/internal/policy"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/store"
	"github.com/postern/postern/internal/warehouse"
)

// World is a gateway over a store of its own.
type World struct {
	*gateway.Gateway
	DB    *store.DB
	Admin auth.Caller
	Files string // where files of products may be
}

// New makes a world whose warehouses these drivers reach, on this machine.
func New(t testing.TB, drivers map[product.Engine]warehouse.Driver) *World {
	t.Helper()
	ctx, dir := t.Context(), t.TempDir()
	db, err := store.Open(ctx, store.Config{Dir: dir, Writer: "test"})
	must(t, err)
	master, err := keyring.LoadMaster(dir, false)
	must(t, err)
	ring, err := keyring.Open(ctx, db, master, time.Now())
	must(t, err)
	pol, err := policy.New()
	must(t, err)
	pool := warehouse.NewPool(drivers, warehouse.Guarded([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}), warehouse.Bounds{})
	t.Cleanup(func() { pool.Close(); must(t, db.Close()) })
	w := &World{DB: db, Admin: Client("admin", auth.ServerAdmin), Files: t.TempDir()}
	w.Gateway = &gateway.Gateway{
		Catalog: db, Policy: pol, Vault: &credential.Vault{Store: db, Seal: ring.AEAD("credential")}, Pool: pool, Record: db,
		Files: product.Files{Root: w.Files, DataDir: dir}, Changes: db.Changes, Markets: db,
	}
	return w
}

// Client is a machine's caller.
func Client(id string, role auth.Role) auth.Caller {
	return auth.Caller{Kind: auth.Machine, ClientID: auth.ClientID("pc_" + id), Name: id, Role: role, Scopes: []auth.Scope{auth.ScopeAll}}
}

// Register registers a product and lets viewers in. It gives the product's id.
func (w *World) Register(t testing.TB, spec string, viewers ...auth.Caller) string {
	t.Helper()
	p, _, err := w.CreateProduct(t.Context(), w.Admin, []byte(spec))
	must(t, err)
	for _, c := range viewers {
		must(t, w.Grant(t.Context(), w.Admin, product.Grant{Product: p.ID, Subject: c.Subject(), Role: product.ProductViewer}))
	}
	return p.ID
}

// Login stores a credential of the caller's, newer than all before.
func (w *World) Login(t testing.TB, c auth.Caller, id, state, user, password string) {
	t.Helper()
	_, _, err := w.StoreCredential(auth.WithCaller(t.Context(), c), c, credential.New{
		ProductID: id, State: state, Username: user, Secret: credential.Secret{Password: secret.New(password)},
	})
	must(t, err)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
