// Package keyring holds the keys that everything sealed rests on: keysets for
// data, peppers and the record, wrapped under a master key and kept in the
// store, so that a second node reads the same ones. Only the master key is
// outside, in a file. Keysets are unwrapped once, at start.
//
// What is sealed with a ring is bound to its purpose: bytes sealed for one
// cannot be opened as another, whatever the associated data says.
package keyring

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/mac"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/postern/postern/internal/fault"
)

// Keyset is one row of the store: a wrapped keyset, or the fingerprint of the
// master key that wraps the others.
type Keyset struct {
	Name      string
	Wrapped   []byte
	CreatedAt time.Time
}

// Store keeps the wrapped keysets.
type Store interface {
	// Keysets lists all, in any order.
	Keysets(ctx context.Context) ([]Keyset, error)
	// CreateKeysets writes all of them at once, unless the store has any: then
	// it writes nothing and reports false. Of two nodes that start together one
	// writes, and both read that one's.
	CreateKeysets(ctx context.Context, sets []Keyset) (created bool, err error)
}

// AEAD seals and opens. The associated data has to be the same at both ends.
type AEAD interface {
	Seal(plaintext, aad []byte) ([]byte, error)
	Open(ciphertext, aad []byte) ([]byte, error)
}

// MAC makes and checks authentication codes under a pepper.
type MAC interface {
	Sum(data []byte) ([]byte, error)
	Verify(sum, data []byte) bool // in constant time
}

// The names of the keysets.
const (
	masterSet = "master" // the master key's fingerprint
	dataSet   = "data"
	pepperSet = "pepper"
	auditSet  = "audit"
)

// Ring is the unwrapped keysets, in memory.
type Ring struct {
	data   tink.AEAD
	pepper tink.MAC
	audit  auditKeys
}

// Open unwraps the store's keysets, making them at the first start. A master
// key other than the one the store was made with is refused.
func Open(ctx context.Context, s Store, m *Master, now time.Time) (*Ring, error) {
	sets, err := s.Keysets(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the keysets: %w", err)
	}
	if len(sets) == 0 {
		if sets, err = newKeysets(m, now); err != nil {
			return nil, fmt.Errorf("make the keysets: %w", err)
		}
		if _, err := s.CreateKeysets(ctx, sets); err != nil {
			return nil, fmt.Errorf("write the keysets: %w", err)
		}
		// What the store has now may be another node's.
		if sets, err = s.Keysets(ctx); err != nil {
			return nil, fmt.Errorf("read the keysets: %w", err)
		}
	}
	return m.unwrap(sets)
}

func newKeysets(m *Master, now time.Time) ([]Keyset, error) {
	out := []Keyset{{Name: masterSet, Wrapped: m.fingerprint, CreatedAt: now}}
	for _, k := range []struct {
		name     string
		template *tinkpb.KeyTemplate
	}{
		// 192-bit nonces: random ones never repeat, so no key needs changing
		// for the number of its uses.
		{dataSet, aead.XAES256GCM192BitNonceKeyTemplate()},
		{pepperSet, mac.HMACSHA256Tag256KeyTemplate()},
	} {
		h, err := keyset.NewHandle(k.template)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		if err := h.WriteWithAssociatedData(keyset.NewBinaryWriter(&b), m.wrap, wrapAAD(k.name)); err != nil {
			return nil, err
		}
		out = append(out, Keyset{Name: k.name, Wrapped: b.Bytes(), CreatedAt: now})
	}
	wrapped, err := newAuditKeys(m)
	if err != nil {
		return nil, err
	}
	return append(out, Keyset{Name: auditSet, Wrapped: wrapped, CreatedAt: now}), nil
}

// wrapAAD keeps a keyset from being put in another's place.
func wrapAAD(name string) []byte { return []byte("postern keyset " + name) }

func (m *Master) unwrap(sets []Keyset) (*Ring, error) {
	by := map[string][]byte{}
	for _, s := range sets {
		by[s.Name] = s.Wrapped
	}
	if subtle.ConstantTimeCompare(by[masterSet], m.fingerprint) != 1 {
		return nil, fault.New(fault.Unavailable, "the master key file %s is not the one this store was made with: copy %s from the node (or the backup) that the store belongs to", m.path, MasterFile)
	}
	r := &Ring{}
	h, err := m.open(by, dataSet)
	if err != nil {
		return nil, err
	}
	if r.data, err = aead.New(h); err != nil {
		return nil, damaged(err, dataSet)
	}
	if h, err = m.open(by, pepperSet); err != nil {
		return nil, err
	}
	if r.pepper, err = mac.New(h); err != nil {
		return nil, damaged(err, pepperSet)
	}
	if r.audit, err = openAuditKeys(m, by[auditSet]); err != nil {
		return nil, damaged(err, auditSet)
	}
	return r, nil
}

func (m *Master) open(by map[string][]byte, name string) (*keyset.Handle, error) {
	h, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(by[name])), m.wrap, wrapAAD(name))
	if err != nil {
		return nil, damaged(err, name)
	}
	return h, nil
}

func damaged(cause error, name string) error {
	return fault.Because(cause, fault.Unavailable, "the keyset %q in the store is missing or damaged: restore the store from a backup", name)
}

// errOpen says nothing of why: wrong key, wrong associated data and changed
// bytes look alike.
var errOpen = errors.New("the sealed data cannot be opened: it was changed, moved or sealed for something else")

// AEAD seals for one purpose.
func (r *Ring) AEAD(purpose string) AEAD { return sealer{r.data, purpose} }

type sealer struct {
	key     tink.AEAD
	purpose string
}

func (s sealer) Seal(plaintext, aad []byte) ([]byte, error) {
	return s.key.Encrypt(plaintext, bind(s.purpose, aad))
}

func (s sealer) Open(ciphertext, aad []byte) ([]byte, error) {
	b, err := s.key.Decrypt(ciphertext, bind(s.purpose, aad))
	if err != nil {
		return nil, errOpen
	}
	return b, nil
}

// bind joins purpose and data so that no other pair gives the same bytes.
func bind(purpose string, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(purpose)+len(data)), uint32(len(purpose)))
	return append(append(b, purpose...), data...)
}

// MAC is the pepper for one purpose.
func (r *Ring) MAC(purpose string) MAC { return pepper{r.pepper, purpose} }

type pepper struct {
	key     tink.MAC
	purpose string
}

func (p pepper) Sum(data []byte) ([]byte, error) { return p.key.ComputeMAC(bind(p.purpose, data)) }

func (p pepper) Verify(sum, data []byte) bool {
	return p.key.VerifyMAC(sum, bind(p.purpose, data)) == nil
}
