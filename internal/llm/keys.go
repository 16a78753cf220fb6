package llm

import (
	"context"
	"net/netip"

	"github.com/google/uuid"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
)

// Networks are private networks that may be reached.
type Networks []netip.Prefix

// Keys lists the keys, without the keys.
func (m *Models) Keys(ctx context.Context) ([]Credential, error) { return m.Store.LLMKeys(ctx) }

// Key gives one, without the key.
func (m *Models) Key(ctx context.Context, id string) (Credential, error) {
	if uuid.Validate(id) != nil {
		return Credential{}, fault.New(fault.NotFound, "key not found")
	}
	c, _, err := m.Store.LLMKey(ctx, id)
	return c, err
}

// CreateKey keeps a key for the host of base.
func (m *Models) CreateKey(ctx context.Context, name, base string, key secret.Secret) (Credential, error) {
	var b broken
	b.text("name", name, maxName)
	base, err := Base(base)
	b.add(err)
	b.add(CheckKey(key))
	if err := b.fault("the key's settings are not complete or not right"); err != nil {
		return Credential{}, err
	}
	now := m.now()
	return m.Store.PutLLMKey(ctx, Credential{Name: name, Target: target(base), CreatedAt: now, UpdatedAt: now}, m.sealing(key))
}

// UpdateKey renames a key, or replaces it where it is given. It stays bound to
// its host: another host's is another key.
func (m *Models) UpdateKey(ctx context.Context, id string, name *string, key secret.Secret) (Credential, error) {
	c, err := m.Key(ctx, id)
	if err != nil || name == nil && key.Empty() {
		return c, err
	}
	var b broken
	if name != nil {
		c.Name = *name
		b.text("name", c.Name, maxName)
	}
	if key.Empty() {
		if err := b.fault("the key's settings are not right"); err != nil {
			return c, err
		}
		return m.Store.PutLLMKey(ctx, c, nil)
	}
	b.add(CheckKey(key))
	if err := b.fault("the key's settings are not right"); err != nil {
		return c, err
	}
	c.UpdatedAt = m.now()
	return m.Store.PutLLMKey(ctx, c, m.sealing(key))
}

// DeleteKey deletes a key that no configuration names.
func (m *Models) DeleteKey(ctx context.Context, id string) error {
	if uuid.Validate(id) != nil {
		return fault.New(fault.NotFound, "key not found")
	}
	return m.Store.DeleteLLMKey(ctx, id)
}
