package console

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/server/web"
)

// maxForm is the limit of a form's body.
const maxForm = 64 << 10

// policy is what a page may load and where its forms may go: the console's own
// files and itself, nothing inline, nothing from elsewhere, in nobody's frame.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// visit is one request by a person who is signed in and whose role has the
// page's scope. Only guard makes one.
type visit struct {
	h      *Handler
	w      http.ResponseWriter
	r      *http.Request
	caller auth.Caller
}

// secure is the outermost wrapper of every console route. Errors become a page
// of the console here, so that what web answers is left for what breaks outside.
func (h *Handler) secure(next web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		hd := w.Header()
		hd.Set("Content-Security-Policy", policy)
		hd.Set("X-Content-Type-Options", "nosniff")
		// Not no-referrer: browsers then send "Origin: null" with our own forms,
		// and those that send no Sec-Fetch-Site could not be told from a foreign
		// page. Nothing leaves this origin either way.
		hd.Set("Referrer-Policy", "same-origin")
		hd.Set("Cross-Origin-Opener-Policy", "same-origin")
		hd.Set("Cross-Origin-Resource-Policy", "same-origin")
		hd.Set("Cache-Control", "no-store")
		if err := h.cross.Check(r); err != nil {
			return h.fail(w, r, fault.Because(err, fault.Denied, "This request came from another site and was not carried out."), screen{})
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := next(w, r); err != nil {
			return h.fail(w, r, err, screen{})
		}
		return nil
	}
}

type errorPage struct {
	Status  int
	Message string
}

// fail shows an error. The log gets its cause, the person its message.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error, around screen) error {
	web.NoteFault(r.Context(), err)
	status := web.Status(err)
	around.Title, around.Data = http.StatusText(status), errorPage{Status: status, Message: sentence(web.Message(err))}
	retryAfter(w, err)
	return h.render(w, r, status, "error", around)
}

func retryAfter(w http.ResponseWriter, err error) {
	if e := fault.As(err); e != nil && e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
}

// guard lets a person in: signed in, and with a role that has the page's scope.
func (h *Handler) guard(p page) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		caller, err := h.People.Session(r.Context(), h.session(r))
		if fault.Is(err, fault.Unauthenticated) {
			http.Redirect(w, r, signInPath(r), http.StatusSeeOther)
			return nil
		}
		if err != nil {
			return err
		}
		web.Note(r.Context(), "caller", caller.Subject())
		r = r.WithContext(auth.WithCaller(r.Context(), caller))
		v := &visit{h: h, w: w, r: r, caller: caller}
		if err = h.Guard.Permit(r.Context(), caller, p.needs); err != nil {
			if aerr := h.Guard.Refused(r.Context(), caller, p.method+" "+p.path, err); aerr != nil {
				return aerr
			}
			return h.fail(w, r, err, v.frame(""))
		}
		if err = p.handle(v); err != nil {
			return h.fail(w, r, err, v.frame(p.section()))
		}
		return nil
	}
}

// may reports whether the caller's role has the scope: what is not allowed is
// not offered.
func (v *visit) may(s auth.Scope) bool {
	return v.h.Guard.Permit(v.r.Context(), v.caller, s) == nil
}

// redirect ends a POST: the page it leads to says what was done, once.
func (v *visit) redirect(to, flash string, numbers ...int) error {
	v.h.setFlash(v.w, flash, numbers...)
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	return nil
}

// form reads a posted form; what is in the URL does not count.
func form(r *http.Request) (url.Values, error) {
	if ct := r.Header.Get("Content-Type"); !strings.HasPrefix(ct, "application/x-www-form-urlencoded") {
		return nil, web.WithStatus(fault.New(fault.Invalid, "A form is expected here."), http.StatusUnsupportedMediaType)
	}
	err := r.ParseForm()
	if _, tooBig := errors.AsType[*http.MaxBytesError](err); tooBig {
		return nil, web.WithStatus(fault.New(fault.Invalid, "The form is too large."), http.StatusRequestEntityTooLarge)
	}
	if err != nil {
		return nil, fault.Because(err, fault.Invalid, "The form could not be read.")
	}
	return r.PostForm, nil
}

// https reports whether people reach the console by https.
func (h *Handler) https() bool { return strings.HasPrefix(h.PublicURL, "https://") }

// cookie makes a cookie of the console. By https it is bound to this host
// alone, which the __Host- prefix makes browsers enforce.
func (h *Handler) cookie(name, value string, seconds int) *http.Cookie {
	c := &http.Cookie{Name: "postern_" + name, Value: value, Path: "/admin", MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if h.https() {
		c.Name, c.Path, c.Secure = "__Host-"+c.Name, "/", true
	}
	return c
}

// read gives the value of a cookie of the console, "" where there is none.
func (h *Handler) read(r *http.Request, name string) string {
	c, err := r.Cookie(h.cookie(name, "", 0).Name)
	if err != nil {
		return ""
	}
	return c.Value
}

func (h *Handler) session(r *http.Request) secret.Secret { return secret.New(h.read(r, "session")) }

// flashes are what a page can say about the POST that led to it. The cookie
// holds a key and whole numbers only, so that it can make a page say nothing
// else.
var flashes = map[string]string{
	"client.saved":    "Changes saved.",
	"client.revoked":  "All tokens of this client are revoked.",
	"client.deleted":  "The client is deleted. Its tokens no longer work.",
	"key.rotated":     "A new signing key is published and will take over shortly. Tokens signed with the old one work until they expire.",
	"key.burned":      "The key is burned: %d tokens of %d clients, as far as the record goes back, no longer work.",
	"grant.added":     "Access granted.",
	"grant.removed":   "Access removed.",
	"model.added":     "The language model is kept, and its key sealed. Test it here.",
	"model.saved":     "Changes saved. They hold from the next question on.",
	"model.default":   "Agents ask this model now.",
	"model.deleted":   "The language model and its key are deleted.",
	"password.saved":  "Your password is changed. Your other sessions have ended.",
	"reset.completed": "Your new password is set.",
	"signed.out":      "You are signed out.",
	"setup.completed": "Welcome to Postern. You are its first admin.",
}

func (h *Handler) setFlash(w http.ResponseWriter, key string, numbers ...int) {
	for _, n := range numbers {
		key += "." + strconv.Itoa(n)
	}
	http.SetCookie(w, h.cookie("flash", key, 60))
}

// takeFlash gives what the last POST left to say, and forgets it.
func (h *Handler) takeFlash(w http.ResponseWriter, r *http.Request) string {
	value := h.read(r, "flash")
	if value == "" {
		return ""
	}
	http.SetCookie(w, h.cookie("flash", "", -1))
	parts := strings.Split(value, ".")
	if len(parts) < 2 {
		return ""
	}
	message := flashes[parts[0]+"."+parts[1]]
	var numbers []any
	for _, p := range parts[2:] {
		n, err := strconv.Atoi(p)
		if err != nil {
			return ""
		}
		numbers = append(numbers, n)
	}
	if strings.Count(message, "%d") != len(numbers) {
		return ""
	}
	return fmt.Sprintf(message, numbers...)
}

// signInPath is where a visitor without a session goes, and comes back from.
func signInPath(r *http.Request) string {
	next := "/admin/"
	if r.Method == http.MethodGet {
		next = r.URL.RequestURI()
	}
	return "/admin/sign-in/?next=" + url.QueryEscape(localNext(next))
}

// localNext gives a place inside the console, whatever was asked for: another
// host, scheme or door leads to the overview.
func localNext(next string) string {
	u, err := url.Parse(next)
	switch {
	case err != nil, u.IsAbs(), u.Host != "", u.User != nil, u.Opaque != "":
	case strings.ContainsAny(next, "\\\r\n\t"), len(next) > 2048, strings.Contains(u.Path, "//"), strings.Contains(u.Path, "/../"):
	case !strings.HasPrefix(u.Path, "/admin/"), strings.HasPrefix(u.Path, "/admin/sign-"), strings.HasPrefix(u.Path, "/admin/setup"), strings.HasPrefix(u.Path, "/admin/reset"):
	default:
		return (&url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}).String()
	}
	return "/admin/"
}
