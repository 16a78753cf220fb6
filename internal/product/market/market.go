// Package market is where data products are shown: marketplaces, what stands in
// them, who has a role on one, and the standards that a product has to meet to
// be published. A marketplace shows, and never shares: whoever may not see a
// product does not see it in a marketplace either.
package market

import (
	"context"
	"encoding/json"
	"time"

	"github.com/postern/postern/internal/product"
	"github.com/postern/postern/internal/product/spec"
)

// Default is the marketplace that always exists and holds every product that
// the caller may see. Nothing is published into it.
const Default = "default"

// Marketplace is a named selection of products, read from its spec.
type Marketplace struct {
	ID               string
	Name             string
	Description      string
	ShortDescription string
	ContactName      string
	ContactEmail     string

	Standards    []Standard      // what a product has to meet to be published
	Badges       []Standard      // what one is praised for
	Requirements json.RawMessage // a JSON schema of the product's spec; nil is none

	Spec     json.RawMessage // the whole document as JSON, x- keys kept
	SpecYAML string          // as it was posted, when it was YAML

	CreatedBy string // Caller.Subject()
	CreatedAt time.Time
	UpdatedAt time.Time
}

// YAML is the spec as YAML: as it was posted, or rendered from JSON.
func (m Marketplace) YAML() string {
	if m.SpecYAML != "" || len(m.Spec) == 0 {
		return m.SpecYAML
	}
	return spec.FromJSON(m.Spec)
}

// TheDefault is the marketplace default as it is shown.
func TheDefault() Marketplace {
	return Marketplace{
		ID: Default, Name: "All data products", ShortDescription: "Every data product that you may see.",
		Spec: json.RawMessage(`{"marketplace":{"marketplaceId":"default","contactName":"Postern","contactEmail":"postern@postern.invalid","en":{"name":"All data products","shortDescription":"Every data product that you may see."}}}`),
	}
}

// Listing is a product's place in a marketplace.
type Listing struct {
	Marketplace string
	Name        string // of the marketplace
	Product     string
	Version     string
	Status      product.Status // of the version: one that is a draft again is not shown
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Shown is a product as a marketplace shows it.
type Shown struct {
	Product product.Product
	Badges  []Standard // that it has earned there
}

// Op is what is done to a listing.
type Op string

// The operations, as bulk publishing names them.
const (
	Publish   Op = "publish"
	Update    Op = "update" // to another version
	Unpublish Op = "unpublish"
)

// Change is one operation on one product.
type Change struct {
	Op      Op
	Product string
	Version string // "" is the current one; not used by Unpublish
	Force   bool   // even when it answers worse than the version that stands there
}

// Role is a role on one marketplace.
type Role string

// The documented roles on a marketplace.
const (
	Viewer     Role = "marketplace_viewer"     // sees it
	Maintainer Role = "marketplace_maintainer" // and publishes
	Admin      Role = "marketplace_admin"      // and changes, shares and deletes it
)

// Roles lists them, the least first.
var Roles = []Role{Viewer, Maintainer, Admin}

// Grant gives a subject a role on a marketplace.
type Grant struct {
	Marketplace string
	Subject     string // as a product's
	Member      string // of the group: whom the grant reaches, where that was asked
	Role        Role
	CreatedAt   time.Time
	CreatedBy   string
}

// Store keeps marketplaces, what stands in them and their grants. The
// marketplace default is not in it.
type Store interface {
	Marketplace(ctx context.Context, id string) (Marketplace, error)
	// Marketplaces gives all by id.
	Marketplaces(ctx context.Context) ([]Marketplace, error)
	// PutMarketplace creates the marketplace (fresh; Conflict when it is there,
	// and marketplace_admin to who creates it through the API) or replaces its
	// spec (NotFound when it is not there).
	PutMarketplace(ctx context.Context, m Marketplace, fresh bool) error
	// DeleteMarketplace takes its listings and grants with it.
	DeleteMarketplace(ctx context.Context, id string) error

	// Listings gives what stands in a marketplace, by product.
	Listings(ctx context.Context, marketplace string) ([]Listing, error)
	// ListingsOf gives where products stand, by product and marketplace.
	ListingsOf(ctx context.Context, products []string) ([]Listing, error)
	// Publish makes all changes or none. Versions must be named. A change that
	// does not fit what stands there is NotFound or Conflict, with the field
	// "publish.0.product_id" and so on of each that does not.
	Publish(ctx context.Context, marketplace string, changes []Change) error

	MarketGrants(ctx context.Context, marketplace string) ([]Grant, error)
	// MarketGrantsOf gives the grants that reach a caller; marketplace "" is on
	// any. It costs the same for a marketplace that is not there.
	MarketGrantsOf(ctx context.Context, subject, marketplace string) ([]Grant, error)
	// PutMarketGrant gives a subject one role, in place of another it had there;
	// with known it is NotFound where the subject has none.
	PutMarketGrant(ctx context.Context, g Grant, known bool) error
	// DeleteMarketGrant takes a subject's grant away; with a Role, only that one.
	DeleteMarketGrant(ctx context.Context, g Grant) error

	// Reports gives what was reported of a product, by key.
	Reports(ctx context.Context, product string) ([]Report, error)
	// PutReports keeps results, each in the place of an earlier one of its key,
	// and all or none.
	PutReports(ctx context.Context, reports []Report) error
}

// Report is what somebody's check found out about a product.
type Report struct {
	Product   string
	Key       string
	Value     json.RawMessage // any JSON value
	Extra     json.RawMessage // an object with the other fields that were sent
	By        string
	UpdatedAt time.Time
}
