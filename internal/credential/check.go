package credential

import (
	"strings"
	"unicode/utf8"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
)

// The longest values, in bytes.
const (
	maxText     = 255
	maxPassword = 4 << 10
	maxKey      = 64 << 10
)

// Type is what sort of authentication the request is for; None when it has no
// secret.
func (n New) Type() Type {
	switch {
	case !n.Secret.Password.Empty():
		return Basic
	case !n.Secret.PrivateKey.Empty():
		return KeyPair
	}
	return None
}

// Check applies the rules of the fields; its fault names every broken one. That
// there is a secret at all is not checked, since it takes the product to know
// whether one is needed: NoSecret is the fault of that.
func (n New) Check() error {
	var broken []fault.Field
	add := func(err *fault.Error) {
		if err != nil {
			broken = append(broken, err.Fields...)
		}
	}
	add(checkText("state", n.State))
	add(checkText("username", n.Username))
	add(checkText("dp_id", n.ProductID))
	add(checkSecret("password", n.Secret.Password, maxPassword))
	add(checkSecret("private_key", n.Secret.PrivateKey, maxKey))
	add(checkSecret("passphrase", n.Secret.Passphrase, maxPassword))
	if !n.Secret.Password.Empty() && !n.Secret.PrivateKey.Empty() {
		add(fault.BadField("password", "value_error", "Give exactly one of password and private_key"))
	}
	if !n.Secret.Passphrase.Empty() && n.Secret.PrivateKey.Empty() {
		add(fault.BadField("passphrase", "value_error", "A passphrase belongs to a private_key"))
	}
	if len(broken) == 0 {
		return nil
	}
	e := fault.New(fault.Invalid, "the credential is not complete or not consistent")
	e.Fields = broken
	return e
}

// NoSecret is the fault of a credential without password and private key.
func NoSecret() error {
	return fault.BadField("password", "missing", "Field required: give exactly one of password and private_key")
}

func checkText(field, v string) *fault.Error {
	switch {
	case strings.TrimSpace(v) == "":
		return fault.Missing(field)
	case len(v) > maxText:
		return fault.BadField(field, "string_too_long", "String should have at most %d bytes", maxText)
	case !utf8.ValidString(v) || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return fault.BadField(field, "value_error", "String must not hold control characters")
	}
	return nil
}

func checkSecret(field string, v secret.Secret, most int) *fault.Error {
	switch s := v.Reveal(); {
	case len(s) > most:
		return fault.BadField(field, "string_too_long", "String should have at most %d bytes", most)
	case strings.ContainsRune(s, 0):
		return fault.BadField(field, "value_error", "String must not hold a NUL")
	}
	return nil
}
