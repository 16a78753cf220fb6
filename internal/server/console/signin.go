package console

import (
	"net/http"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/server/web"
)

type signInPage struct {
	Next     string
	Username string
	Problem  string
	NoAdmin  bool
}

func (h *Handler) signInForm(w http.ResponseWriter, r *http.Request) error {
	next := localNext(r.URL.Query().Get("next"))
	switch _, err := h.People.Session(r.Context(), h.session(r)); {
	case err == nil:
		http.Redirect(w, r, next, http.StatusSeeOther)
		return nil
	case !fault.Is(err, fault.Unauthenticated):
		return err
	}
	has, err := h.People.HasAdmin(r.Context())
	if err != nil {
		return err
	}
	return h.render(w, r, http.StatusOK, "signin", screen{Title: "Sign in", Flash: h.takeFlash(w, r), Data: signInPage{Next: next, NoAdmin: !has}})
}

func (h *Handler) signIn(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	username, next := f.Get("username"), localNext(f.Get("next"))
	s, err := h.People.SignIn(r.Context(), username, secret.New(f.Get("password")), auth.CallerFrom(r.Context()).Address)
	switch {
	case err == nil:
		return h.enter(w, r, s, next, "")
	case fault.Is(err, fault.Unauthenticated), fault.Is(err, fault.Limited):
	default:
		return err
	}
	retryAfter(w, err)
	web.Note(r.Context(), "fault", fault.KindOf(err).String())
	return h.render(w, r, web.Status(err), "signin", screen{Title: "Sign in", Data: signInPage{Next: next, Username: username, Problem: web.Message(err)}})
}

// enter ends the session the browser had, if any, and gives it the new one: a
// session planted by somebody else must not survive signing in.
func (h *Handler) enter(w http.ResponseWriter, r *http.Request, s auth.Session, next, flash string) error {
	if old := h.session(r); !old.Empty() {
		if err := h.People.SignOut(r.Context(), old); err != nil {
			return err
		}
	}
	http.SetCookie(w, h.cookie("session", s.Token.Reveal(), 0))
	if flash != "" {
		h.setFlash(w, flash)
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}

func (h *Handler) signOut(v *visit) error {
	if err := h.People.SignOut(v.r.Context(), h.session(v.r)); err != nil {
		return err
	}
	http.SetCookie(v.w, h.cookie("session", "", -1))
	return v.redirect("/admin/sign-in/", "signed.out")
}

type setupPage struct {
	Username string
	Problems problems
}

func (h *Handler) setupForm(w http.ResponseWriter, r *http.Request) error {
	if err := h.People.SetupOpen(r.Context(), secret.New(r.PathValue("token"))); err != nil {
		return err
	}
	return h.render(w, r, http.StatusOK, "setup", screen{Title: "Set up Postern", Data: setupPage{Username: "admin"}})
}

func (h *Handler) setup(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	username, password := f.Get("username"), secret.New(f.Get("password"))
	token := secret.New(r.PathValue("token"))
	if f.Get("again") != password.Reveal() {
		err = fault.BadField("again", "mismatch", "the two passwords are not the same")
	} else {
		_, err = h.People.CompleteSetup(r.Context(), token, username, password)
	}
	if p, ok := problemsOf(err); err != nil && ok && !fault.Is(err, fault.Conflict) {
		return h.render(w, r, http.StatusUnprocessableEntity, "setup", screen{Title: "Set up Postern", Data: setupPage{Username: username, Problems: p}})
	}
	if err != nil {
		return err
	}
	s, err := h.People.SignIn(r.Context(), username, password, auth.CallerFrom(r.Context()).Address)
	if err != nil {
		// The admin is made all the same: guesses at the name before it existed
		// may have to be waited out.
		h.setFlash(w, "setup.completed")
		http.Redirect(w, r, "/admin/sign-in/", http.StatusSeeOther)
		return nil
	}
	return h.enter(w, r, s, "/admin/", "setup.completed")
}

type accountPage struct {
	Problems problems
	Session  string
}

func (h *Handler) account(v *visit) error {
	return v.show(http.StatusOK, "account", "account", "Your account", accountPage{})
}

func (h *Handler) changePassword(v *visit) error {
	f, err := form(v.r)
	if err != nil {
		return err
	}
	next := secret.New(f.Get("password"))
	if f.Get("again") != next.Reveal() {
		err = fault.BadField("again", "mismatch", "the two passwords are not the same")
	} else {
		err = h.People.ChangePassword(v.r.Context(), h.session(v.r), secret.New(f.Get("old_password")), next)
	}
	if err == nil {
		return v.redirect("/admin/account/", "password.saved")
	}
	if p, ok := problemsOf(err); ok {
		return v.show(http.StatusUnprocessableEntity, "account", "account", "Your account", accountPage{Problems: p})
	}
	return err
}
