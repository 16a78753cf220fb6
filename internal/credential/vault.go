package credential

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
)

// AEAD seals and opens; keyring's AEAD for the purpose "credential" is one. Its
// ciphertexts name and authenticate the key they were made with.
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
	// UsableCredential gives the best of the owner's for the product and the
	// target: active before unverified, then the newest; NotFound if none.
	UsableCredential(ctx context.Context, owner, productID, target string) (c Credential, sealed []byte, err error)
	// Credentials lists an owner's, the newest first; productID "" is of all.
	Credentials(ctx context.Context, owner, productID string, limit, skip int) ([]Credential, int, error)
	// SetCredentialStatus puts c's status and reason in, if the credential
	// still is at c's revision.
	SetCredentialStatus(ctx context.Context, c Credential) error
	DeleteCredential(ctx context.Context, owner, id string) error
	// RejectCredentials rejects all of a product that are bound to another
	// target, and gives their ids.
	RejectCredentials(ctx context.Context, productID, target, reason string) ([]string, error)
}

// Vault keeps warehouse credentials: sealed under associated data that says
// whose they are and where they may be used.
type Vault struct {
	Store Store
	Seal  AEAD
	Now   func() time.Time // nil is time.Now
}

func (v *Vault) now() time.Time {
	if v.Now != nil {
		return v.Now()
	}
	return time.Now()
}

// sealed is the secret as it is sealed. It lives between JSON and AEAD only.
type sealed struct {
	Password   string `json:"password,omitempty"`
	PrivateKey string `json:"private_key,omitempty"`
	Passphrase string `json:"passphrase,omitempty"`
}

// bucket is the length secrets are padded to a multiple of, so that the row
// does not say how long a password is.
const bucket = 64

// Put stores a credential and its secret, which of type None it has not.
// Owner, product, state, username, type, status, reason and target are taken
// from c.
func (v *Vault) Put(ctx context.Context, c Credential, s Secret) (Credential, bool, error) {
	c.CreatedAt = v.now()
	c.UpdatedAt = c.CreatedAt
	return v.Store.PutCredential(ctx, c, func(c Credential) ([]byte, error) {
		if c.Type == None {
			return nil, nil
		}
		plain, err := json.Marshal(sealed{s.Password.Reveal(), s.PrivateKey.Reveal(), s.Passphrase.Reveal()})
		if err != nil {
			return nil, fmt.Errorf("seal credential: %w", err)
		}
		for len(plain)%bucket != 0 {
			plain = append(plain, ' ')
		}
		defer clear(plain)
		out, err := v.Seal.Seal(plain, boundTo(c))
		if err != nil {
			return nil, fmt.Errorf("seal credential: %w", err)
		}
		return out, nil
	})
}

// boundTo is the associated data: a row that is moved to another owner,
// product, warehouse, id or type does not open. Each part is preceded by its
// length, so that no two different rows give the same bytes.
func boundTo(c Credential) []byte {
	var b []byte
	for _, part := range []string{"postern credential 1", c.Owner, c.ProductID, c.Target, c.ID, string(c.Type)} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part))) //nolint:gosec // bounded by the doors
		b = append(b, part...)
	}
	sum := sha256.Sum256(b)
	return sum[:]
}

// open opens what was sealed for c at target, which is where the product is
// now, not what the row says.
func (v *Vault) open(c Credential, box []byte, target string) (Secret, error) {
	if c.Type == None {
		return Secret{}, nil
	}
	c.Target = target
	plain, err := v.Seal.Open(box, boundTo(c))
	if err != nil {
		return Secret{}, fmt.Errorf("credential %s does not open: it was moved or altered: %w", c.ID, err)
	}
	defer clear(plain)
	var s sealed
	if err := json.Unmarshal(plain, &s); err != nil {
		return Secret{}, fmt.Errorf("credential %s: the sealed text is not understood", c.ID)
	}
	return Secret{hide(s.Password), hide(s.PrivateKey), hide(s.Passphrase)}, nil
}

func hide(s string) secret.Secret {
	if s == "" {
		return secret.Secret{}
	}
	return secret.New(s)
}

// Resolve picks the credential for a query by the documented order, and opens
// it. authID names one of the owner's own for this product, and nothing else is
// then tried; without it, the owner's active ones come first, then those that
// could not be verified, the newest first. target is the warehouse as the
// product names it now. Rejected ones, and those bound to another warehouse,
// are never used.
func (v *Vault) Resolve(ctx context.Context, owner, productID, target, authID string) (Credential, Secret, error) {
	var c Credential
	var box []byte
	var err error
	if authID != "" {
		c, box, err = v.named(ctx, owner, productID, target, authID)
	} else if c, box, err = v.Store.UsableCredential(ctx, owner, productID, target); fault.Is(err, fault.NotFound) {
		err = NotProvided()
	}
	if err != nil {
		return Credential{}, Secret{}, err
	}
	s, err := v.open(c, box, target)
	return c, s, err
}

func (v *Vault) named(ctx context.Context, owner, productID, target, authID string) (Credential, []byte, error) {
	c, box, err := v.own(ctx, owner, authID)
	if fault.Is(err, fault.NotFound) || err == nil && c.ProductID != productID {
		return c, nil, notFound("No credential of this caller for this data product has the auth ID that was given.")
	}
	switch {
	case err != nil:
		return c, nil, err
	case c.Target != target || c.Reason == movedReason: // a node may know the move from the credential first
		return c, nil, notFound(movedReason)
	case c.Status == Rejected:
		return c, nil, notFound("The credential was rejected: " + strings.TrimSuffix(c.Reason, ".") + ". Store it again, or test it.")
	}
	return c, box, nil
}

const movedReason = "The data product's warehouse has changed since this credential was stored. Store it again."

// NotProvided is the documented failure of a query without any credential.
func NotProvided() *fault.Error {
	return fault.New(fault.Rejected, "%s", notProvided).Coded(CodeNotProvided, NameNotProvided)
}

const notProvided = "No auth ID was provided or configured for data product. Please configure credentials for this data product in the Alation catalog or contact your administrator."

func notFound(message string) error {
	return fault.New(fault.Rejected, "%s", message).Coded(CodeNotFound, NameNotFound)
}

// own gives a credential of the owner; another's is as absent as none.
func (v *Vault) own(ctx context.Context, owner, id string) (Credential, []byte, error) {
	if uuid.Validate(id) != nil {
		return Credential{}, nil, fault.New(fault.NotFound, "credential not found")
	}
	c, box, err := v.Store.Credential(ctx, id)
	if err == nil && c.Owner != owner {
		return Credential{}, nil, fault.New(fault.NotFound, "credential not found")
	}
	return c, box, err
}

// Get gives a credential of the owner, without its secret.
func (v *Vault) Get(ctx context.Context, owner, id string) (Credential, error) {
	c, _, err := v.own(ctx, owner, id)
	return c, err
}

// Open gives a credential of the owner with its secret, whatever its status,
// for a test. A credential bound to another warehouse than target is Rejected.
func (v *Vault) Open(ctx context.Context, owner, id, target string) (Credential, Secret, error) {
	c, box, err := v.own(ctx, owner, id)
	if err != nil {
		return c, Secret{}, err
	}
	if c.Target != target {
		return c, Secret{}, notFound(movedReason)
	}
	s, err := v.open(c, box, target)
	return c, s, err
}

// List gives an owner's credentials, the newest first, and how many there are.
func (v *Vault) List(ctx context.Context, owner, productID string, limit, skip int) ([]Credential, int, error) {
	return v.Store.Credentials(ctx, owner, productID, limit, skip)
}

// SetStatus keeps the outcome of a test. It is Conflict when the credential was
// posted again meanwhile: the outcome is of the old secret.
func (v *Vault) SetStatus(ctx context.Context, c Credential, s Status, reason string) (Credential, error) {
	c.Status, c.Reason = s, reason
	err := v.Store.SetCredentialStatus(ctx, c)
	if fault.Is(err, fault.NotFound) {
		err = fault.New(fault.Conflict, "the credential was replaced or deleted while it was tested")
	}
	return c, err
}

// Delete deletes a credential of the owner.
func (v *Vault) Delete(ctx context.Context, owner, id string) error {
	if uuid.Validate(id) != nil {
		return fault.New(fault.NotFound, "credential not found")
	}
	return v.Store.DeleteCredential(ctx, owner, id)
}

// Retarget rejects a product's credentials that are bound to another warehouse
// than target, and gives their ids.
func (v *Vault) Retarget(ctx context.Context, productID, target string) ([]string, error) {
	return v.Store.RejectCredentials(ctx, productID, target, movedReason)
}
