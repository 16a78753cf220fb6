package llm

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
)

// AEAD seals and opens; keyring's AEAD for the purpose "language model key" is
// one.
type AEAD interface {
	Seal(plaintext, aad []byte) ([]byte, error)
	Open(ciphertext, aad []byte) ([]byte, error)
}

// Seal seals the key for a credential as it will stand.
type Seal func(Credential) ([]byte, error)

// Store keeps configurations and sealed keys; store.DB implements it.
type Store interface {
	// LLMs lists all, by name.
	LLMs(ctx context.Context) ([]Config, error)
	// LLM gives one; "" is the default. NotFound if there is none.
	LLM(ctx context.Context, id string) (Config, error)
	// PutLLM creates c where its ID is "", or else replaces what stands at
	// c.Revision; what is at another by now is a Conflict. With seal, c gets a
	// key of its own in place of the one that it had; without, its credential
	// has to be there and bound to c's target. The first is the default, and a
	// new default ends the old one.
	PutLLM(ctx context.Context, c Config, seal Seal) (Config, error)
	// DeleteLLM deletes it with the key that was given with it.
	DeleteLLM(ctx context.Context, id string) error

	LLMKeys(ctx context.Context) ([]Credential, error)
	LLMKey(ctx context.Context, id string) (c Credential, sealed []byte, err error)
	// PutLLMKey creates where the ID is "", or else replaces the name and, with
	// seal, the key. The target of a key never changes.
	PutLLMKey(ctx context.Context, c Credential, seal Seal) (Credential, error)
	// DeleteLLMKey is a Conflict while a configuration names it.
	DeleteLLMKey(ctx context.Context, id string) error
}

// Models are the language models that agents may ask.
type Models struct {
	Store Store
	Seal  AEAD
	Now   func() time.Time // nil is time.Now
	// File is the model that the server was started with; nil is none. It is
	// the default where it is, and is changed in its file alone.
	File *Fixed
	// Reach says before a configuration is kept what the dial guard would say
	// at the first question.
	Reach func(ctx context.Context, c Config) error
}

func (m *Models) now() time.Time {
	if m.Now != nil {
		return m.Now()
	}
	return time.Now()
}

// List gives all, that of the file first.
func (m *Models) List(ctx context.Context) ([]Config, error) {
	all, err := m.Store.LLMs(ctx)
	if m.File != nil {
		all = slices.Insert(all, 0, m.File.Config)
	}
	return all, err
}

// Get gives one; "" is the one that is asked where none is named.
func (m *Models) Get(ctx context.Context, id string) (Config, error) {
	if m.File != nil && (id == "" || id == FileID) {
		return m.File.Config, nil
	}
	if id != "" && uuid.Validate(id) != nil {
		return Config{}, notFound()
	}
	return m.Store.LLM(ctx, id)
}

func notFound() error { return fault.New(fault.NotFound, "language model not found") }

// Named gives the one of a name that is kept in the store.
func (m *Models) Named(ctx context.Context, name string) (Config, error) {
	all, err := m.Store.LLMs(ctx)
	if err != nil {
		return Config{}, err
	}
	if i := slices.IndexFunc(all, func(c Config) bool { return c.Name == name }); i >= 0 {
		return all[i], nil
	}
	return Config{}, notFound()
}

// Change is what is to be different; nil, and a part of the budget that is 0,
// leaves it as it is. Key is given
// with the configuration and belongs to it.
type Change struct {
	Name, Provider, Model, BaseURL *string
	Budget                         *Budget
	Default                        *bool
	CredentialID                   *string // of a key that stands by itself; of none, ""
	Key                            secret.Secret
	// Networks is the operator's alone to say: no door has a field of it.
	Networks *Networks
}

// Create keeps a new configuration.
func (m *Models) Create(ctx context.Context, ch Change) (Config, error) {
	return m.put(ctx, Config{CreatedAt: m.now()}, ch)
}

// Update changes a configuration.
func (m *Models) Update(ctx context.Context, id string, ch Change) (Config, error) {
	c, err := m.own(ctx, id)
	if err != nil || ch == (Change{}) {
		return c, err
	}
	return m.put(ctx, c, ch)
}

// own gives one that is kept in the store.
func (m *Models) own(ctx context.Context, id string) (Config, error) {
	switch {
	case m.File != nil && id == FileID:
		return Config{}, fault.New(fault.Conflict, "this language model is the server's own, from the file of --model-config: change it there")
	case uuid.Validate(id) != nil:
		return Config{}, notFound()
	}
	return m.Store.LLM(ctx, id)
}

func (m *Models) put(ctx context.Context, old Config, ch Change) (Config, error) {
	c, err := ch.of(old).Checked()
	if !ch.Key.Empty() {
		b := broken{}
		b.add(err)
		b.add(CheckKey(ch.Key))
		err = b.fault("the language model's settings are not complete or not right")
	}
	if err != nil {
		return c, err
	}
	if ch.Networks == nil && c.Target() != old.Target() {
		c.Networks = nil // they were allowed for another host
	}
	if m.Reach != nil {
		if err := m.Reach(ctx, c); err != nil {
			return c, err
		}
	}
	c.UpdatedAt = m.now()
	if ch.Key.Empty() {
		return m.Store.PutLLM(ctx, c, nil)
	}
	return m.Store.PutLLM(ctx, c, m.sealing(ch.Key))
}

// of is the configuration with the change in it.
func (ch Change) of(c Config) Config {
	set := func(to, from *string) {
		if from != nil {
			*to = *from
		}
	}
	was := c.Provider
	set(&c.Name, ch.Name)
	set(&c.Provider, ch.Provider)
	set(&c.Model, ch.Model)
	if was != c.Provider && c.BaseURL == Providers[was] {
		c.BaseURL = "" // the address that the other provider has by itself
	}
	set(&c.BaseURL, ch.BaseURL)
	set(&c.CredentialID, ch.CredentialID)
	if ch.Budget != nil {
		c.Budget = ch.Budget.over(c.Budget)
	}
	if ch.Default != nil {
		c.Default = *ch.Default
	}
	if ch.Networks != nil {
		c.Networks = *ch.Networks
	}
	return c
}

// Delete deletes a configuration, and the key that was given with it.
func (m *Models) Delete(ctx context.Context, id string) error {
	if _, err := m.own(ctx, id); err != nil {
		return err
	}
	return m.Store.DeleteLLM(ctx, id)
}

// Open gives one with its key, to be asked; "" is the default.
func (m *Models) Open(ctx context.Context, id string) (Config, secret.Secret, error) {
	c, err := m.Get(ctx, id)
	switch {
	case err != nil:
		return c, secret.Secret{}, err
	case c.Fixed():
		return c, m.File.Key, nil
	case c.CredentialID == "":
		return c, secret.Secret{}, nil
	}
	cr, box, err := m.Store.LLMKey(ctx, c.CredentialID)
	if err != nil {
		return c, secret.Secret{}, err
	}
	// The place is the configuration's, not the row's: editing the row's target
	// buys nothing.
	cr.Target = c.Target()
	plain, err := m.Seal.Open(box, boundTo(cr))
	if err != nil {
		return c, secret.Secret{}, fault.Because(err, fault.Unavailable, "the key of the language model %q does not open: it was moved, altered, or given for another host; give it again", c.Name)
	}
	defer clear(plain)
	return c, secret.New(string(plain)), nil
}

func (m *Models) sealing(key secret.Secret) Seal {
	return func(c Credential) ([]byte, error) {
		plain := []byte(key.Reveal())
		defer clear(plain)
		out, err := m.Seal.Seal(plain, boundTo(c))
		if err != nil {
			return nil, fmt.Errorf("seal the key of a language model: %w", err)
		}
		return out, nil
	}
}

// boundTo is the associated data: a row that is moved to another id or host
// does not open. Each part is preceded by its length.
func boundTo(c Credential) []byte {
	var b []byte
	for _, part := range []string{"postern language model key 1", c.ID, c.Target} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part))) //nolint:gosec // bounded by the checks
		b = append(b, part...)
	}
	sum := sha256.Sum256(b)
	return sum[:]
}
