package console

import (
	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
)

const keysPath = "/admin/auth/keys/"

func (h *Handler) confirmRotateKey(v *visit) error {
	return v.confirm(confirmPage{
		Title: "Rotate the signing key?",
		Text: []string{
			"A new key is published at once and signs new tokens once every verifier can have fetched it. Tokens signed with the present key work until they expire.",
			"If a key may have leaked, burn it instead.",
		},
		Action: keysPath + "rotate/", Button: "Rotate key", Back: "/admin/auth/#keys",
	})
}

func (h *Handler) rotateKey(v *visit) error {
	if _, err := h.Keys.Rotate(v.r.Context()); err != nil {
		return err
	}
	return v.redirect("/admin/auth/#keys", "key.rotated")
}

// keyOf gives the key the path names, if it can still be burned.
func (v *visit) keyOf() (auth.KeyInfo, error) {
	keys, err := v.h.Keys.List(v.r.Context())
	if err != nil {
		return auth.KeyInfo{}, err
	}
	for _, k := range keys {
		if k.ID == v.r.PathValue("kid") {
			return k, nil
		}
	}
	return auth.KeyInfo{}, fault.New(fault.NotFound, "There is no such key.")
}

func (h *Handler) confirmBurnKey(v *visit) error {
	k, err := v.keyOf()
	if err != nil {
		return err
	}
	text := []string{"Every token signed with key " + k.ID + " stops working within a second, on every node. Clients have to get new tokens. This cannot be undone."}
	if k.State == auth.KeySigning {
		text = append(text, "It is the key that signs now: a new one takes its place at once. Whoever verifies tokens offline has to fetch the key set again.")
	}
	return v.confirm(confirmPage{Title: "Burn this signing key?", Text: text, Action: keysPath + k.ID + "/burn/", Button: "Burn key", Danger: true, Back: "/admin/auth/#keys"})
}

func (h *Handler) burnKey(v *visit) error {
	k, err := v.keyOf()
	if err != nil {
		return err
	}
	b, err := h.Keys.Burn(v.r.Context(), k.ID)
	if err != nil {
		return err
	}
	return v.redirect("/admin/auth/#keys", "key.burned", b.Tokens, b.Clients)
}
