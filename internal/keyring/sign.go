package keyring

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
)

// auditKeys are Ed25519 keys that sign heads of the record. They are plain
// Ed25519, not a tink keyset, so that an auditor can check a signature with
// the public key and nothing of ours.
type auditKeys struct {
	primary string
	private map[string]ed25519.PrivateKey
}

type auditWire struct {
	Primary string            `json:"primary"`
	Seeds   map[string][]byte `json:"seeds"`
}

func newAuditKeys(m *Master) ([]byte, error) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	kid := auditKID(public)
	b, err := json.Marshal(auditWire{Primary: kid, Seeds: map[string][]byte{kid: private.Seed()}})
	if err != nil {
		return nil, err
	}
	return m.wrap.Encrypt(b, wrapAAD(auditSet))
}

func openAuditKeys(m *Master, wrapped []byte) (auditKeys, error) {
	b, err := m.wrap.Decrypt(wrapped, wrapAAD(auditSet))
	if err != nil {
		return auditKeys{}, errOpen
	}
	var w auditWire
	if err := json.Unmarshal(b, &w); err != nil {
		return auditKeys{}, errors.New("not a set of signing keys")
	}
	k := auditKeys{primary: w.Primary, private: map[string]ed25519.PrivateKey{}}
	for kid, seed := range w.Seeds {
		if len(seed) != ed25519.SeedSize {
			return auditKeys{}, errors.New("a signing key has the wrong size")
		}
		k.private[kid] = ed25519.NewKeyFromSeed(seed)
	}
	if k.private[k.primary] == nil {
		return auditKeys{}, errors.New("no signing key")
	}
	return k, nil
}

// auditKID names a key by its own bytes.
func auditKID(public ed25519.PublicKey) string {
	sum := sha256.Sum256(public)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// auditContext keeps a signature of a head of the record from being taken for
// a signature of anything else made with the same key.
const auditContext = "postern audit v1\x00"

// Sign signs a head of the record, and names the key.
func (r *Ring) Sign(data []byte) (kid string, sig []byte) {
	return r.audit.primary, ed25519.Sign(r.audit.private[r.audit.primary], append([]byte(auditContext), data...))
}

// Verify checks what Sign made; an unknown key is false.
func (r *Ring) Verify(kid string, data, sig []byte) bool {
	private, ok := r.audit.private[kid]
	if !ok {
		return false
	}
	return VerifyWith(private.Public().(ed25519.PublicKey), data, sig)
}

// VerifyWith checks what Sign made with a public key alone.
func VerifyWith(public ed25519.PublicKey, data, sig []byte) bool {
	return len(public) == ed25519.PublicKeySize && ed25519.Verify(public, append([]byte(auditContext), data...), sig)
}

// VerifyKeys are the public keys by id, for whoever checks an exported record.
func (r *Ring) VerifyKeys() map[string]ed25519.PublicKey {
	out := map[string]ed25519.PublicKey{}
	for kid, private := range r.audit.private {
		out[kid] = private.Public().(ed25519.PublicKey)
	}
	return out
}
