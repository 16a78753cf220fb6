package product

import "context"

// Store keeps products, their versions and their grants.
type Store interface {
	// Product gives the current version: the newest ready one, or the newest
	// where none is ready.
	Product(ctx context.Context, id string) (Product, error)
	ProductVersion(ctx context.Context, id, version string) (Product, error)
	// Versions gives all versions of one product, newest first.
	Versions(ctx context.Context, id string) ([]Product, error)
	// Products gives the current version of every product, by id.
	Products(ctx context.Context) ([]Product, error)
	// PutProduct creates or replaces one version, and makes the product public
	// or private as p says (public is the same as a grant to everyone). The same content again
	// changes nothing, and leaves no record. An empty Status keeps the stored
	// one, and is draft for a new version. Who creates a product through the
	// API gets a product_admin grant in the same transaction.
	// With fresh the product must not be there yet: Conflict when somebody
	// else made it meanwhile, whom the caller's permission was not asked about.
	PutProduct(ctx context.Context, p Product, fresh bool) (created bool, err error)
	SetStatus(ctx context.Context, id, version string, s Status) error
	// DeleteProduct removes all versions and grants at once.
	DeleteProduct(ctx context.Context, id string) error
	// DeleteVersion removes one version; with the last one goes the product.
	DeleteVersion(ctx context.Context, id, version string) error

	Grants(ctx context.Context, productID string) ([]Grant, error)
	// GrantsOf gives the grants that reach a caller: its own, those of its groups
	// (with Member set) and those to everyone; productID "" is on any product.
	// It costs the same for a product that is not there.
	GrantsOf(ctx context.Context, subject, productID string) ([]Grant, error)
	// PutGrant gives a subject one role on a product, in place of another it
	// had there. A client may be named by the number of its system user; the
	// grant is kept under the client.
	PutGrant(ctx context.Context, g Grant) error
	// ChangeGrant is PutGrant for a subject that has a role; NotFound otherwise.
	ChangeGrant(ctx context.Context, g Grant) error
	// DeleteGrant takes the subject's grant away; with a Role, only that one.
	DeleteGrant(ctx context.Context, g Grant) error

	// QueryGrants gives the grants on a product's verified queries, QueryGrantsOf
	// those that reach a caller as GrantsOf does; PutQueryGrant and
	// DeleteQueryGrant give and take one.
	QueryGrants(ctx context.Context, productID string) ([]Grant, error)
	QueryGrantsOf(ctx context.Context, subject, productID string) ([]Grant, error)
	PutQueryGrant(ctx context.Context, g Grant) error
	DeleteQueryGrant(ctx context.Context, g Grant) error
}
