package console

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
)

const clientsPath = "/admin/auth/clients/"

type clientsPage struct {
	Clients []auth.Client
	Keys    []auth.KeyInfo
	MayKeys bool
}

func (h *Handler) clients(v *visit) error {
	list, err := h.Clients.List(v.r.Context())
	if err != nil {
		return err
	}
	page := clientsPage{Clients: list, MayKeys: v.may(auth.ScopeKeys)}
	if page.MayKeys {
		if page.Keys, err = h.Keys.List(v.r.Context()); err != nil {
			return err
		}
	}
	return v.show(http.StatusOK, "clients", "auth", "Authentication", page)
}

// clientForm is the Add and the edit form, as it was typed.
type clientForm struct {
	Client   auth.Client // of the edit form
	Name     string
	Duration string
	Role     string
	Single   bool
	Disabled bool
	Roles    []auth.Role
	Problems problems
}

func readClientForm(r *http.Request) (clientForm, error) {
	f, err := form(r)
	if err != nil {
		return clientForm{}, err
	}
	return clientForm{
		Name: strings.TrimSpace(f.Get("name")), Duration: strings.TrimSpace(f.Get("duration")), Role: f.Get("role"),
		Single: f.Get("single") == "on", Disabled: f.Get("disabled") == "on", Roles: auth.Roles,
	}, nil
}

var errDuration = fault.BadField("duration", "int_range", "Whole seconds from %d to %d.", int(auth.MinDuration.Seconds()), int(auth.MaxDuration.Seconds()))

func (f clientForm) duration() (time.Duration, error) {
	n, err := strconv.ParseInt(f.Duration, 10, 32)
	if err != nil {
		return 0, errDuration
	}
	d := time.Duration(n) * time.Second
	if d < auth.MinDuration || d > auth.MaxDuration {
		return 0, errDuration
	}
	return d, nil
}

func (h *Handler) newClient(v *visit) error {
	f := clientForm{Duration: strconv.Itoa(int(auth.DefaultDuration.Seconds())), Roles: auth.Roles}
	return v.show(http.StatusOK, "client_new", "auth", "Add an OAuth client", f)
}

func (h *Handler) createClient(v *visit) error {
	f, err := readClientForm(v.r)
	if err != nil {
		return err
	}
	var c auth.Client
	var s secret.Secret
	d, err := f.duration()
	if err == nil {
		c, s, err = h.Clients.Create(v.r.Context(), auth.NewClient{Name: f.Name, Role: auth.Role(f.Role), Duration: d, SingleActive: f.Single})
	}
	if err == nil {
		return v.showSecret(c, s, true)
	}
	if f.Problems, err = formProblems(err, "name"); err != nil {
		return err
	}
	return v.show(http.StatusUnprocessableEntity, "client_new", "auth", "Add an OAuth client", f)
}

// formProblems is problemsOf for a form where a conflict can only be about one
// field.
func formProblems(err error, conflict string) (problems, error) {
	p, ok := problemsOf(err)
	if !ok {
		return nil, err
	}
	if m := p[""]; m != "" && fault.Is(err, fault.Conflict) {
		delete(p, "")
		p[conflict] = m
	}
	return p, nil
}

type secretPage struct {
	Client  auth.Client
	Secret  string
	Created bool
	URL     string
}

// showSecret answers the POST itself: there is no address that would show the
// secret again.
func (v *visit) showSecret(c auth.Client, s secret.Secret, created bool) error {
	title := "New secret"
	if created {
		title = "Client created"
	}
	return v.show(http.StatusOK, "client_secret", "auth", title, secretPage{Client: c, Secret: s.Reveal(), Created: created, URL: strings.TrimSuffix(v.h.PublicURL, "/")})
}

// clientOf gives the client the path names.
func (v *visit) clientOf() (auth.Client, error) {
	return v.h.Clients.Get(v.r.Context(), auth.ClientID(v.r.PathValue("id")))
}

func (h *Handler) client(v *visit) error {
	c, err := v.clientOf()
	if err != nil {
		return err
	}
	f := clientForm{Client: c, Duration: strconv.Itoa(int(c.Duration.Seconds())), Role: string(c.Role), Single: c.SingleActive, Disabled: c.Disabled, Roles: auth.Roles}
	return v.show(http.StatusOK, "client", "auth", c.Name, f)
}

func (h *Handler) updateClient(v *visit) error {
	c, err := v.clientOf()
	if err != nil {
		return err
	}
	f, err := readClientForm(v.r)
	if err != nil {
		return err
	}
	role := auth.Role(f.Role)
	d, err := f.duration()
	if err == nil {
		_, err = h.Clients.Update(v.r.Context(), c.ID, auth.ClientChange{Role: &role, Duration: &d, SingleActive: &f.Single, Disabled: &f.Disabled})
	}
	if err == nil {
		return v.redirect(clientsPath+string(c.ID)+"/", "client.saved")
	}
	f.Client = c
	if f.Problems, err = formProblems(err, ""); err != nil {
		return err
	}
	return v.show(http.StatusUnprocessableEntity, "client", "auth", c.Name, f)
}

// confirmPage asks before what cannot be taken back.
type confirmPage struct {
	Title  string
	Text   []string
	Action string // where the form goes
	Button string
	Danger bool
	Back   string
	Seen   string // the state that was confirmed

	Section string // of the navigation; "" is auth
}

func (v *visit) confirm(p confirmPage) error {
	return v.show(http.StatusOK, "confirm", cmp.Or(p.Section, "auth"), p.Title, p)
}

// seen names the secret a page was about, so that a page sent again by a
// reload does not replace the secret that was just copied.
func seen(c auth.Client) string { return strconv.FormatInt(c.RotatedAt.UnixMicro(), 36) }

func (h *Handler) confirmRotate(v *visit) error {
	c, err := v.clientOf()
	if err != nil {
		return err
	}
	return v.confirm(confirmPage{
		Title: "Rotate the secret of “" + c.Name + "”?",
		Text: []string{
			"The client gets a new secret, shown once. The present secret stops working at once: whatever still uses it cannot get new tokens.",
			"Tokens that are out live on until they expire. To end those too, revoke them.",
		},
		Action: clientsPath + string(c.ID) + "/rotate/", Button: "Rotate secret", Back: clientsPath + string(c.ID) + "/", Seen: seen(c),
	})
}

var errStale = errors.New("stale confirmation")

func (h *Handler) rotateClient(v *visit) error {
	c, err := v.clientOf()
	if err != nil {
		return err
	}
	f, err := form(v.r)
	if err != nil {
		return err
	}
	if f.Get("seen") != seen(c) {
		return fault.Because(errStale, fault.Conflict, "The secret has been rotated since that page was opened, so it was left as it is. Open the client to rotate it again.")
	}
	c, s, err := h.Clients.Rotate(v.r.Context(), c.ID)
	if err != nil {
		return err
	}
	return v.showSecret(c, s, false)
}

func (h *Handler) confirmRevoke(v *visit) error {
	c, err := v.clientOf()
	if err != nil {
		return err
	}
	return v.confirm(confirmPage{
		Title:  "Revoke the tokens of “" + c.Name + "”?",
		Text:   []string{"Every token of this client stops working within a second, on every node. The client keeps its secret and may get new tokens."},
		Action: clientsPath + string(c.ID) + "/revoke/", Button: "Revoke tokens", Danger: true, Back: clientsPath + string(c.ID) + "/",
	})
}

func (h *Handler) revokeClient(v *visit) error {
	id := auth.ClientID(v.r.PathValue("id"))
	if err := h.Clients.Revoke(v.r.Context(), id); err != nil {
		return err
	}
	return v.redirect(clientsPath+string(id)+"/", "client.revoked")
}

func (h *Handler) confirmDelete(v *visit) error {
	c, err := v.clientOf()
	if err != nil {
		return err
	}
	return v.confirm(confirmPage{
		Title: "Delete “" + c.Name + "”?",
		Text: []string{
			"The client can no longer sign in, its tokens stop working within a second, and its stored warehouse credentials can no longer be used.",
			"This cannot be undone. What it did stays on record.",
		},
		Action: clientsPath + string(c.ID) + "/delete/", Button: "Delete client", Danger: true, Back: clientsPath + string(c.ID) + "/",
	})
}

func (h *Handler) deleteClient(v *visit) error {
	if err := h.Clients.Delete(v.r.Context(), auth.ClientID(v.r.PathValue("id"))); err != nil {
		return err
	}
	return v.redirect("/admin/auth/", "client.deleted")
}
