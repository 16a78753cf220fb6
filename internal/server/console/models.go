package console

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/llm"
	"github.com/postern/postern/internal/secret"
)

// Models are the language models that agents may ask.
type Models interface {
	List(ctx context.Context) ([]llm.Config, error)
	Get(ctx context.Context, id string) (llm.Config, error)
	Create(ctx context.Context, ch llm.Change) (llm.Config, error)
	Update(ctx context.Context, id string, ch llm.Change) (llm.Config, error)
	Delete(ctx context.Context, id string) error
	Test(ctx context.Context, id string) (llm.Tested, error)
	Key(ctx context.Context, id string) (llm.Credential, error)
}

const modelsPath = "/admin/models/"

// modelPages are the pages of language models.
func (h *Handler) modelPages() []page {
	return []page{
		{"GET", modelsPath, auth.ScopeModels, h.models},
		{"GET", modelsPath + "new/", auth.ScopeModels, h.newModel},
		{"POST", modelsPath + "new/", auth.ScopeModels, h.createModel},
		{"GET", modelsPath + "{id}/", auth.ScopeModels, h.model},
		{"POST", modelsPath + "{id}/", auth.ScopeModels, h.updateModel},
		{"POST", modelsPath + "{id}/test/", auth.ScopeModels, h.testModel},
		{"POST", modelsPath + "{id}/default/", auth.ScopeModels, h.defaultModel},
		{"GET", modelsPath + "{id}/delete/", auth.ScopeModels, h.confirmDeleteModel},
		{"POST", modelsPath + "{id}/delete/", auth.ScopeModels, h.deleteModel},
	}
}

func (h *Handler) models(v *visit) error {
	all, err := h.Models.List(v.r.Context())
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "models", "models", "Language models", all)
}

// modelForm is the form of a model as it was typed, but for the key, which is
// never sent back.
type modelForm struct {
	Config    llm.Config // of the edit form
	Key       llm.Credential
	Tested    *llm.Tested
	Name      string
	Provider  string
	Model     string
	BaseURL   string
	Budget    map[string]string
	Providers []string
	Problems  problems

	key   string
	noKey bool
}

var budgetParts = []string{"steps", "tokens", "rows", "seconds"}

func newModelForm(c llm.Config) modelForm {
	return modelForm{
		Config: c, Name: c.Name, Provider: c.Provider, Model: c.Model, BaseURL: c.BaseURL, Providers: []string{"openai", "anthropic", "gemini"},
		Budget: map[string]string{
			"steps": strconv.Itoa(c.Budget.Steps), "tokens": strconv.Itoa(c.Budget.Tokens), "rows": strconv.Itoa(c.Budget.Rows), "seconds": strconv.Itoa(c.Budget.Seconds),
		},
	}
}

// readModelForm reads what was typed over f.
func readModelForm(r *http.Request, f modelForm) (modelForm, error) {
	in, err := form(r)
	if err != nil {
		return f, err
	}
	get := func(name string) string { return strings.TrimSpace(in.Get(name)) }
	f.Name, f.Provider, f.Model, f.BaseURL = get("name"), get("provider"), get("model"), get("base_url")
	f.key, f.noKey = get("api_key"), in.Get("no_key") == "on"
	for _, part := range budgetParts {
		f.Budget[part] = get(part)
	}
	return f, nil
}

// change is what the form says.
func (f modelForm) change() (llm.Change, error) {
	ch := llm.Change{Name: &f.Name, Provider: &f.Provider, Model: &f.Model, BaseURL: &f.BaseURL, Budget: &llm.Budget{}}
	for i, to := range []*int{&ch.Budget.Steps, &ch.Budget.Tokens, &ch.Budget.Rows, &ch.Budget.Seconds} {
		text := f.Budget[budgetParts[i]]
		if text == "" {
			continue // as it is, or the usual
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return ch, fault.BadField(budgetParts[i], "int_type", "A whole number, 1 or more.")
		}
		*to = n
	}
	switch {
	case f.noKey && f.key != "":
		return ch, fault.BadField("api_key", "value_error", "Give a key, or ask without one; not both.")
	case f.noKey:
		none := ""
		ch.CredentialID = &none
	case f.key != "":
		ch.Key = secret.New(f.key)
	}
	return ch, nil
}

func (h *Handler) newModel(v *visit) error {
	c, err := llm.Config{Provider: "openai", Name: "-", Model: "-"}.Checked() // the usual budget
	if err != nil {
		return err
	}
	f := newModelForm(c)
	f.Name, f.Model, f.BaseURL, f.Provider = "", "", "", ""
	return v.show(http.StatusOK, "model_new", "models", "Add a language model", f)
}

func (h *Handler) createModel(v *visit) error {
	f, err := readModelForm(v.r, newModelForm(llm.Config{}))
	if err != nil {
		return err
	}
	var c llm.Config
	ch, err := f.change()
	if err == nil {
		c, err = h.Models.Create(v.r.Context(), ch)
	}
	if err == nil {
		return v.redirect(modelsPath+c.ID+"/", "model.added")
	}
	if f.Problems, err = modelProblems(err); err != nil {
		return err
	}
	return v.show(http.StatusUnprocessableEntity, "model_new", "models", "Add a language model", f)
}

// modelProblems says at the key's field what is wrong with the key.
func modelProblems(err error) (problems, error) {
	p, err := formProblems(err, "")
	if m := p["llm_credential_id"]; m != "" {
		delete(p, "llm_credential_id")
		p["api_key"] = m
	}
	return p, err
}

// modelOf gives the model that the path names.
func (v *visit) modelOf() (modelForm, error) {
	ctx := v.r.Context()
	c, err := v.h.Models.Get(ctx, v.r.PathValue("id"))
	if err != nil {
		return modelForm{}, err
	}
	f := newModelForm(c)
	if c.CredentialID != "" {
		f.Key, err = v.h.Models.Key(ctx, c.CredentialID)
	}
	return f, err
}

func (v *visit) showModel(status int, f modelForm) error {
	return v.show(status, "model", "models", f.Config.Name, f)
}

func (h *Handler) model(v *visit) error {
	f, err := v.modelOf()
	if err != nil {
		return err
	}
	return v.showModel(http.StatusOK, f)
}

func (h *Handler) updateModel(v *visit) error {
	f, err := v.modelOf()
	if err != nil {
		return err
	}
	if f, err = readModelForm(v.r, f); err != nil {
		return err
	}
	ch, err := f.change()
	if err == nil {
		_, err = h.Models.Update(v.r.Context(), f.Config.ID, ch)
	}
	if err == nil {
		return v.redirect(modelsPath+f.Config.ID+"/", "model.saved")
	}
	if f.Problems, err = modelProblems(err); err != nil {
		return err
	}
	return v.showModel(http.StatusUnprocessableEntity, f)
}

// testModel shows what came of a test on the model's own page.
func (h *Handler) testModel(v *visit) error {
	f, err := v.modelOf()
	if err != nil {
		return err
	}
	t, err := h.Models.Test(v.r.Context(), f.Config.ID)
	if f.Problems, err = noProblem(err); err != nil {
		return err
	}
	if f.Problems == nil {
		f.Tested = &t
	}
	return v.showModel(http.StatusOK, f)
}

// noProblem makes of a key that does not open something to read on the page.
func noProblem(err error) (problems, error) {
	if err == nil || !slices.Contains([]fault.Kind{fault.Unavailable, fault.Conflict, fault.Denied}, fault.KindOf(err)) {
		return nil, err
	}
	return problems{"": sentence(fault.As(err).Message)}, nil
}

func (h *Handler) defaultModel(v *visit) error {
	yes, id := true, v.r.PathValue("id")
	if _, err := h.Models.Update(v.r.Context(), id, llm.Change{Default: &yes}); err != nil {
		return err
	}
	return v.redirect(modelsPath+id+"/", "model.default")
}

func (h *Handler) confirmDeleteModel(v *visit) error {
	f, err := v.modelOf()
	if err != nil {
		return err
	}
	p := confirmPage{
		Section: "models",
		Title:   "Delete “" + f.Config.Name + "”?",
		Text:    []string{"Agents stop asking it at once, on every node: an answer under way makes no further request. The key that was given with it is deleted too."},
		Action:  modelsPath + f.Config.ID + "/delete/", Button: "Delete model", Danger: true, Back: modelsPath + f.Config.ID + "/",
	}
	if f.Config.Default {
		p.Text = append(p.Text, "It is the default: until you make another one it, questions are answered without a language model.")
	}
	return v.confirm(p)
}

func (h *Handler) deleteModel(v *visit) error {
	if err := h.Models.Delete(v.r.Context(), v.r.PathValue("id")); err != nil {
		return err
	}
	return v.redirect(modelsPath, "model.deleted")
}
