package rest

import (
	"context"
	"net/http"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/credential"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/server/web"
)

// CredentialGate is what the credentials' routes need of the gateway. All of
// it is about the caller's own credentials; another's are NotFound.
type CredentialGate interface {
	StoreCredential(ctx context.Context, c auth.Caller, n credential.New) (credential.Credential, bool, error)
	Credentials(ctx context.Context, c auth.Caller, productID string, limit, skip int) ([]credential.Credential, int, error)
	Credential(ctx context.Context, c auth.Caller, id string) (credential.Credential, error)
	DeleteCredential(ctx context.Context, c auth.Caller, id string) error
	TestCredential(ctx context.Context, c auth.Caller, id string) (credential.Credential, error)
}

// Credentials serves the warehouse credentials that callers store. No answer
// of it holds a secret.
type Credentials struct{ Gate CredentialGate }

const credentialsPath = "/api/v2/auth/credentials/"

// Routes lists what it serves.
func (h Credentials) Routes() []web.Route {
	route := func(method, path string, handle web.Handler) web.Route {
		return web.Route{Method: method, Path: credentialsPath + path, Scope: auth.ScopeCredentials, Errors: web.DetailErrors, Handle: handle}
	}
	return []web.Route{
		route("POST", "", h.create),
		route("GET", "", h.list),
		route("GET", "{auth_id}/", h.get),
		route("DELETE", "{auth_id}/", h.delete),
		route("POST", "{auth_id}/test/", h.test),
	}
}

type credentialInput struct {
	State      string           `json:"state"`
	Username   string           `json:"username"`
	ProductID  string           `json:"dp_id"`
	Password   credentialSecret `json:"password"`
	PrivateKey credentialSecret `json:"private_key"`
	Passphrase credentialSecret `json:"passphrase"`
}

// credentialSecret remembers that it was not text, so that the answer can name
// the field: an error from here would not know its name.
type credentialSecret struct {
	secret.Secret
	wrong bool
}

func (s *credentialSecret) UnmarshalJSON(b []byte) error {
	s.wrong = s.Secret.UnmarshalJSON(b) != nil
	return nil
}

func (in credentialInput) request() (credential.New, error) {
	for _, s := range []struct {
		field string
		wrong bool
	}{{"password", in.Password.wrong}, {"private_key", in.PrivateKey.wrong}, {"passphrase", in.Passphrase.wrong}} {
		if s.wrong {
			return credential.New{}, fault.BadField(s.field, "string_type", "Input should be a valid string")
		}
	}
	return credential.New{
		ProductID: in.ProductID, State: in.State, Username: in.Username,
		Secret: credential.Secret{Password: in.Password.Secret, PrivateKey: in.PrivateKey.Secret, Passphrase: in.Passphrase.Secret},
	}, nil
}

type credentialView struct {
	AuthID    string `json:"auth_id"`
	State     string `json:"state"`
	ProductID string `json:"dp_id"`
	Username  string `json:"username"`
	AuthType  string `json:"auth_type"`
	Status    string `json:"status"`
	Reason    string `json:"reason,omitempty"`
	CreatedAt string `json:"created_at"`
	UpdatedAt string `json:"updated_at"`
}

func viewOfCredential(c credential.Credential) credentialView {
	const layout = "2006-01-02T15:04:05.000000Z"
	return credentialView{
		AuthID: c.ID, State: c.State, ProductID: c.ProductID, Username: c.Username,
		AuthType: string(c.Type), Status: string(c.Status), Reason: c.Reason,
		CreatedAt: c.CreatedAt.UTC().Format(layout), UpdatedAt: c.UpdatedAt.UTC().Format(layout),
	}
}

func (h Credentials) create(w http.ResponseWriter, r *http.Request) error {
	var in credentialInput
	if err := web.Decode(w, r, &in); err != nil {
		return err
	}
	n, err := in.request()
	if err != nil {
		return err
	}
	c, created, err := h.Gate.StoreCredential(r.Context(), auth.CallerFrom(r.Context()), n)
	if err != nil {
		return err
	}
	web.Note(r.Context(), "product", c.ProductID)
	status := http.StatusOK
	if created {
		status = http.StatusCreated
		w.Header().Set("Location", credentialsPath+c.ID+"/")
	}
	return web.Respond(w, status, viewOfCredential(c))
}

func (h Credentials) list(w http.ResponseWriter, r *http.Request) error {
	limit, skip, err := web.Page(r, 100, 1000)
	if err != nil {
		return err
	}
	found, total, err := h.Gate.Credentials(r.Context(), auth.CallerFrom(r.Context()), r.URL.Query().Get("dp_id"), limit, skip)
	if err != nil {
		return err
	}
	views := make([]credentialView, len(found))
	for i, c := range found {
		views[i] = viewOfCredential(c)
	}
	return web.Respond(w, http.StatusOK, map[string]any{"results": views, "total": total})
}

func (h Credentials) get(w http.ResponseWriter, r *http.Request) error {
	return respondCredential(w, r, h.Gate.Credential)
}

func (h Credentials) test(w http.ResponseWriter, r *http.Request) error {
	return respondCredential(w, r, h.Gate.TestCredential)
}

func respondCredential(w http.ResponseWriter, r *http.Request, call func(context.Context, auth.Caller, string) (credential.Credential, error)) error {
	c, err := call(r.Context(), auth.CallerFrom(r.Context()), r.PathValue("auth_id"))
	if err != nil {
		return err
	}
	return web.Respond(w, http.StatusOK, viewOfCredential(c))
}

func (h Credentials) delete(w http.ResponseWriter, r *http.Request) error {
	if err := h.Gate.DeleteCredential(r.Context(), auth.CallerFrom(r.Context()), r.PathValue("auth_id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
