package credential

import (
	"context"
	"time"

	"github.com/postern/postern/internal/fault"
)

// AEAD seals and opens; keyring's AEAD for the purpose "credential" is one.
type AEAD interface {
	Seal(plaintext, aad []byte) ([]byte, error)
	Open(ciphertext, aad []byte) ([]byte, error)
}

// Store keeps credentials, sealed; store.DB implements it.
type Store interface {
	// PutCredential creates the credential, or replaces the one of the same
	// owner, product and state under its old id. seal is called once, inside
	// the transaction, with the credential as it will stand.
	PutCredential(ctx context.Context, c Credential, seal func(Credential) ([]byte, error)) (stored Credential, created bool, err error)
	Credential(ctx context.Context, id string) (c Credential, sealed []byte, err error)
	// Usable gives the owner's active and unverified ones for the product:
	// active before unverified, then the newest first.
	Usable(ctx context.Context, owner, productID string) ([]Credential, error)
	Credentials(ctx context.Context, owner, productID string, limit, skip int) ([]Credential, int, error)
	// SetCredentialStatus puts the outcome of a test in, if the credential is
	// still at the revision that was tested.
	SetCredentialStatus(ctx context.Context, c Credential, s Status, reason string) error
	DeleteCredential(ctx context.Context, owner, id string) error
	// RejectCredentials marks all of a product that are bound to another target.
	RejectCredentials(ctx context.Context, productID, target, reason string) error
	// DropCredentials deletes all of a product, and gives their ids.
	DropCredentials(ctx context.Context, productID string) ([]string, error)
}

// Vault keeps warehouse credentials.
type Vault struct {
	Store Store
	Seal  AEAD
	Now   func() time.Time // nil is time.Now
}

// Resolve picks the credential for a query and opens it.
func (v *Vault) Resolve(ctx context.Context, owner, productID, target, authID string) (Credential, Secret, error) {
	return Credential{}, Secret{}, fault.New(fault.Internal, "not written yet")
}
