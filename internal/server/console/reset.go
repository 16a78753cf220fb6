package console

import (
	"net/http"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
)

func (h *Handler) resetForm(w http.ResponseWriter, r *http.Request) error {
	u, err := h.People.ResetUser(r.Context(), secret.New(r.PathValue("token")))
	if err != nil {
		return err
	}
	return h.render(w, r, http.StatusOK, "reset", screen{Title: "New password", Data: setupPage{Username: u.Username}})
}

func (h *Handler) reset(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	token, password := secret.New(r.PathValue("token")), secret.New(f.Get("password"))
	u, err := h.People.ResetUser(r.Context(), token)
	if err != nil {
		return err
	}
	if f.Get("again") != password.Reveal() {
		err = fault.BadField("again", "mismatch", "the two passwords are not the same")
	} else {
		u, err = h.People.CompleteReset(r.Context(), token, password)
	}
	if p, ok := problemsOf(err); err != nil && ok {
		return h.render(w, r, http.StatusUnprocessableEntity, "reset", screen{Title: "New password", Data: setupPage{Username: u.Username, Problems: p}})
	}
	if err != nil {
		return err
	}
	s, err := h.People.SignIn(r.Context(), u.Username, password, auth.CallerFrom(r.Context()).Address)
	if err != nil {
		// The password is set all the same: guesses at the old one may have to
		// be waited out, or the person is suspended.
		h.setFlash(w, "reset.completed")
		http.Redirect(w, r, "/admin/sign-in/", http.StatusSeeOther)
		return nil
	}
	return h.enter(w, r, s, "/admin/", "reset.completed")
}
