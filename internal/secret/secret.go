// Package secret holds strings that must not be printed: client secrets,
// warehouse passwords, keys. A Secret shows as [redacted] through every fmt
// verb, slog, JSON and text encoding, also from an unexported field of another
// struct: fmt then walks the fields by reflection and calls no method, so the
// text sits behind a pointer, where it sees an address only.
package secret

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a string that cannot be printed. The zero value is no secret.
//
// The pointer is to a string: fmt prints a pointer to a struct, slice or map by
// its contents, one to a string always as an address.
type Secret struct{ p *string }

// New hides s.
func New(s string) Secret { return Secret{&s} }

// Reveal gives the text. Call it at the last moment before use, and never
// store what it returns.
func (s Secret) Reveal() string {
	if s.p == nil {
		return ""
	}
	return *s.p
}

// Empty reports whether there is nothing to hide.
func (s Secret) Empty() bool { return s.Reveal() == "" }

// Equal compares in constant time.
func (s Secret) Equal(o Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(o.Reveal())) == 1
}

func (Secret) String() string                  { return redacted }
func (Secret) GoString() string                { return redacted }
func (Secret) Format(f fmt.State, _ rune)      { _, _ = f.Write([]byte(redacted)) }
func (Secret) LogValue() slog.Value            { return slog.StringValue(redacted) }
func (Secret) MarshalText() ([]byte, error)    { return []byte(redacted), nil }
func (Secret) MarshalJSON() ([]byte, error)    { return []byte(`"` + redacted + `"`), nil }
func (s *Secret) UnmarshalText(b []byte) error { *s = New(string(b)); return nil }

// UnmarshalJSON reads a secret at the edge. Its errors never carry the input.
func (s *Secret) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*s = Secret{}
		return nil
	}
	var t string
	if err := json.Unmarshal(b, &t); err != nil {
		return fmt.Errorf("must be a string")
	}
	*s = New(t)
	return nil
}
