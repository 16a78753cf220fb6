package llms

import (
	"net/http"

	"github.com/postern/postern/internal/llm"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/server/web"
)

type keyView struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	Target    string  `json:"target"`
	Of        *string `json:"llm_config_id"` // that it was given with, and goes with
	CreatedBy string  `json:"created_by"`
	Created   *string `json:"created_at"`
	Updated   *string `json:"updated_at"`
}

func viewKey(c llm.Credential) keyView {
	v := keyView{ID: c.ID, Name: c.Name, Target: c.Target, CreatedBy: c.CreatedBy, Created: stamp(c.CreatedAt), Updated: stamp(c.UpdatedAt)}
	if c.Of != "" {
		v.Of = &c.Of
	}
	return v
}

func answerKey(w http.ResponseWriter, status int, c llm.Credential, err error) error {
	if err != nil {
		return err
	}
	return web.Respond(w, status, viewKey(c))
}

func keyNamed(r *http.Request) string { return r.PathValue("llm_credential_id") }

func (h Handler) keys(w http.ResponseWriter, r *http.Request) error {
	all, err := h.Models.Keys(r.Context())
	if err != nil {
		return err
	}
	return list(w, r, all, viewKey)
}

func (h Handler) createKey(w http.ResponseWriter, r *http.Request) error {
	in, err := read(w, r, []string{"name", "base_url", "api_key"}, "name", "base_url", "api_key")
	if err != nil {
		return err
	}
	c, err := h.Models.CreateKey(r.Context(), *in.text["name"], *in.text["base_url"], secret.New(*in.text["api_key"]))
	return answerKey(w, http.StatusCreated, c, err)
}

func (h Handler) key(w http.ResponseWriter, r *http.Request) error {
	c, err := h.Models.Key(r.Context(), keyNamed(r))
	return answerKey(w, http.StatusOK, c, err)
}

func (h Handler) updateKey(w http.ResponseWriter, r *http.Request) error {
	in, err := read(w, r, []string{"name", "api_key"})
	if err != nil {
		return err
	}
	var key secret.Secret
	if s := in.text["api_key"]; s != nil {
		key = secret.New(*s)
	}
	c, err := h.Models.UpdateKey(r.Context(), keyNamed(r), in.text["name"], key)
	return answerKey(w, http.StatusOK, c, err)
}

func (h Handler) deleteKey(w http.ResponseWriter, r *http.Request) error {
	if err := h.Models.DeleteKey(r.Context(), keyNamed(r)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
