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
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/result"
	"github.com/postern/postern/internal/warehouse"
)

// Pool is what the gateway needs of *warehouse.Pool.
type Pool interface {
	Acquire(ctx context.Context, key string, s product.Source, l warehouse.Login) (*warehouse.Lease, error)
	Test(ctx context.Context, s product.Source, l warehouse.Login) error
	Forget(prefix string)
}

// Gateway is the path. Fields are set once, before use.
type Gateway struct {
	Catalog product.Store
	Vault   *credential.Vault
	Pool    Pool
	Record  audit.Recorder
	Files   product.Files
	// Changes is the store's change counter; nil means that nothing is
	// remembered between queries.
	Changes func(ctx context.Context) (n int64, ok bool)
	RowCap  int64            // rows of one query, whatever it asks for; 0 is no cap
	Timeout time.Duration    // of one query; 0 is 10 minutes
	Now     func() time.Time // nil is time.Now
}

var errUnwritten = fault.New(fault.Internal, "not written yet")

// Run runs one read-only statement on a product and streams its rows. The
// caller has to Close them.
func (g *Gateway) Run(ctx context.Context, c auth.Caller, q product.Query) (result.Rows, error) {
	return nil, errUnwritten
}

// Schema gives the product's record sets with columns and sample values, seen
// under the caller's own credential. ProductID, Version and AuthID of q count.
func (g *Gateway) Schema(ctx context.Context, c auth.Caller, q product.Query) (product.Schema, error) {
	return product.Schema{}, errUnwritten
}

// Products lists the products that the caller may see.
func (g *Gateway) Products(ctx context.Context, c auth.Caller) ([]product.Product, error) {
	return nil, errUnwritten
}

// Product gives one product that the caller may see; "" is its current version.
func (g *Gateway) Product(ctx context.Context, c auth.Caller, id, version string) (product.Product, error) {
	return product.Product{}, errUnwritten
}

// CreateProduct creates or updates a product from its spec.
func (g *Gateway) CreateProduct(ctx context.Context, c auth.Caller, doc []byte) (product.Product, bool, error) {
	return product.Product{}, false, errUnwritten
}

// DeleteProduct deletes a product with its versions, grants and credentials.
func (g *Gateway) DeleteProduct(ctx context.Context, c auth.Caller, id string) error {
	return errUnwritten
}

// Grants lists the product's grants.
func (g *Gateway) Grants(ctx context.Context, c auth.Caller, id string) ([]product.Grant, error) {
	return nil, errUnwritten
}

// Grant shares the product.
func (g *Gateway) Grant(ctx context.Context, c auth.Caller, gr product.Grant) error {
	return errUnwritten
}

// Revoke takes a grant away.
func (g *Gateway) Revoke(ctx context.Context, c auth.Caller, gr product.Grant) error {
	return errUnwritten
}

// StoreCredential tries and stores a credential.
func (g *Gateway) StoreCredential(ctx context.Context, c auth.Caller, n credential.New) (credential.Credential, bool, error) {
	return credential.Credential{}, false, errUnwritten
}

// Credentials lists the caller's own; productID "" is of all products.
func (g *Gateway) Credentials(ctx context.Context, c auth.Caller, productID string, limit, skip int) ([]credential.Credential, int, error) {
	return nil, 0, errUnwritten
}

// Credential gives one of the caller's own.
func (g *Gateway) Credential(ctx context.Context, c auth.Caller, id string) (credential.Credential, error) {
	return credential.Credential{}, errUnwritten
}

// DeleteCredential deletes one of the caller's own.
func (g *Gateway) DeleteCredential(ctx context.Context, c auth.Caller, id string) error {
	return errUnwritten
}

// TestCredential tries the login again and keeps the outcome.
func (g *Gateway) TestCredential(ctx context.Context, c auth.Caller, id string) (credential.Credential, error) {
	return credential.Credential{}, errUnwritten
}

// Drain refuses new queries and waits for those under way; when ctx ends it
// cancels them and waits for their records.
func (g *Gateway) Drain(ctx context.Context) error { return nil }
