// Package credential is WITH WHAT: the warehouse credentials that callers
// store once per data product. They are sealed at rest, owned by who posted
// them, bound to the warehouse's host, and never read back.
package credential

import (
	"time"

	"github.com/postern/postern/internal/secret"
)

// Type of authentication.
type Type string

// The types of authentication.
const (
	Basic   Type = "basic"
	KeyPair Type = "key_pair"
	None    Type = "none" // the product's warehouse knows no logins
)

// Status of a credential, as its last test found it.
type Status string

// The statuses. Rejected ones are never selected.
const (
	Active     Status = "active"
	Unverified Status = "unverified"
	Rejected   Status = "rejected"
)

// Credential is a stored credential, without its secret.
type Credential struct {
	ID        string // auth_id, a UUID
	Owner     string // Caller.Subject()
	ProductID string
	State     string // the owner's own name for it; unique per owner and product
	Username  string
	Type      Type
	Status    Status
	Reason    string // why rejected or unverified, scrubbed
	Target    string // Source.Canonical() it is bound to
	Revision  int64  // grows with each post, over all credentials
	CreatedAt time.Time
	UpdatedAt time.Time // of the last post; a test does not change it
}

// Secret is the part that is sealed.
type Secret struct {
	Password   secret.Secret
	PrivateKey secret.Secret
	Passphrase secret.Secret
}

// New is a request to store a credential.
type New struct {
	ProductID string
	State     string
	Username  string
	Secret    Secret
}

// CodeNotProvided and the rest are the documented tool error codes.
const (
	CodeNotProvided = 10001
	CodeNotFound    = 10003
	CodeService     = 10010

	NameNotProvided = "QUERY_DATA_PRODUCT_AUTH_ID_NOT_PROVIDED"
	NameNotFound    = "QUERY_CREDENTIALS_NOT_FOUND_FOR_AUTH_ID"
	NameService     = "QUERY_SERVICE_ERROR"
)
