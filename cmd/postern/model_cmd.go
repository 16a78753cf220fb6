package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/llm"
	"github.com/postern/postern/internal/secret"
)

type modelCmd struct {
	Set    modelSetCmd    `cmd:"" help:"Make or change a language model that agents may ask; its key comes from stdin."`
	List   modelListCmd   `cmd:"" help:"List the language models; their keys are never shown."`
	Test   modelTestCmd   `cmd:"" help:"Ask a language model for the smallest of replies."`
	Delete modelDeleteCmd `cmd:"" help:"Delete a language model, and the key that was given with it."`
}

// shownModel is a language model as the commands print it.
type shownModel struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	Provider     string   `json:"provider"`
	Model        string   `json:"model"`
	BaseURL      string   `json:"base_url"`
	AllowNetwork []string `json:"allow_network"`
	HasKey       bool     `json:"has_key"`
	Default      bool     `json:"is_default"`
	Steps        int      `json:"steps"`
	Tokens       int      `json:"tokens"`
	Rows         int      `json:"rows"`
	Seconds      int      `json:"seconds"`
}

func showModel(c llm.Config) shownModel {
	s := shownModel{
		ID: c.ID, Name: c.Name, Provider: c.Provider, Model: c.Model, BaseURL: c.BaseURL, AllowNetwork: []string{}, HasKey: c.CredentialID != "", Default: c.Default,
		Steps: c.Budget.Steps, Tokens: c.Budget.Tokens, Rows: c.Budget.Rows, Seconds: c.Budget.Seconds,
	}
	for _, p := range c.Networks {
		s.AllowNetwork = append(s.AllowNetwork, p.String())
	}
	return s
}

// findModel finds a language model by its name.
func (s *state) findModel(ctx context.Context, models *languageModels, name string) (llm.Config, error) {
	c, err := models.Named(ctx, name)
	if fault.Is(err, fault.NotFound) {
		err = hint(fmt.Errorf("there is no language model %q", name), "postern model list shows them")
	}
	return c, err
}

type modelSetCmd struct {
	output
	stateFlags
	Name         string   `arg:"" help:"The model's name here." placeholder:"NAME"`
	Provider     string   `help:"The wire format: openai (and what speaks like it: vLLM, llama.cpp, Ollama, gateways), anthropic or gemini." placeholder:"P"`
	Model        string   `help:"The provider's name of the model." placeholder:"M"`
	BaseURL      string   `name:"base-url" help:"Where it is asked; the provider's own by default." placeholder:"URL"`
	AllowNetwork []string `name:"allow-network" env:"POSTERN_ALLOW_NETWORK" help:"A private or local network that this model may be in." placeholder:"CIDR"`
	Default      bool     `help:"Ask this one where none is named; the first one is it by itself."`
	NoKey        bool     `name:"no-key" help:"It wants no key: read none, and take away the one that it has."`
	Steps        int      `help:"Requests that one answer may make." placeholder:"N"`
	Tokens       int      `help:"Tokens of one answer, in and out." placeholder:"N"`
	Rows         int      `help:"Rows of results that one answer may show to the model, of products that let rows leave." placeholder:"N"`
	Seconds      int      `help:"How long one answer may take." placeholder:"N"`
}

// Run makes the model, or changes what the flags say of one that is there.
func (m modelSetCmd) Run(ctx context.Context, c *terminal) error {
	ch, err := m.change(c)
	if err != nil {
		return err
	}
	s, err := m.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	models, op := s.languageModels(nil, nil), asOperator(ctx)
	old, err := models.Named(ctx, m.Name)
	created := fault.Is(err, fault.NotFound)
	var set llm.Config
	switch {
	case created:
		set, err = models.Create(op, ch)
	case err == nil:
		set, err = models.Update(op, old.ID, ch)
	}
	if err != nil {
		return err
	}
	return c.print(m.JSON, showModel(set), func(w io.Writer) error {
		done, key := "changed", "without a key"
		if created {
			done = "made"
		}
		if set.CredentialID != "" {
			key = "with a sealed key"
		}
		_, err := fmt.Fprintf(w, "%s the language model %s: %s at %s, %s\n", done, set.Name, set.Model, set.Host(), key)
		return err
	})
}

// change is what the flags and stdin say.
func (m modelSetCmd) change(c *terminal) (llm.Change, error) {
	ch := llm.Change{Name: &m.Name, Budget: &llm.Budget{Steps: m.Steps, Tokens: m.Tokens, Rows: m.Rows, Seconds: m.Seconds}}
	for _, x := range []struct {
		given string
		to    **string
	}{{m.Provider, &ch.Provider}, {m.Model, &ch.Model}, {m.BaseURL, &ch.BaseURL}} {
		if x.given != "" {
			*x.to = &x.given
		}
	}
	if m.Default {
		ch.Default = &m.Default
	}
	if len(m.AllowNetwork) > 0 {
		p, err := prefixes("allow-network", m.AllowNetwork)
		if err != nil {
			return ch, err
		}
		networks := llm.Networks(p)
		ch.Networks = &networks
	}
	if m.NoKey {
		none := ""
		ch.CredentialID = &none
		return ch, nil
	}
	key, err := readKey(c)
	ch.Key = key
	return ch, err
}

// readKey reads a key from stdin, without echo on a terminal. Nothing keeps
// the key that the model has.
func readKey(c *terminal) (secret.Secret, error) {
	var b []byte
	var err error
	if term.IsTerminal(int(c.in.Fd())) {
		_, _ = fmt.Fprint(c.err, "The model's key (nothing: keep the one it has, or none): ")
		b, err = term.ReadPassword(int(c.in.Fd()))
		c.progress("")
	} else {
		b, err = io.ReadAll(io.LimitReader(bufio.NewReader(c.in), maxModelFile))
	}
	if s := strings.TrimSpace(string(b)); err == nil && s != "" {
		return secret.New(s), nil
	}
	if err != nil {
		err = errors.New("the key could not be read from stdin")
	}
	return secret.Secret{}, err
}

type modelListCmd struct {
	output
	stateFlags
}

// Run lists the models.
func (m modelListCmd) Run(ctx context.Context, c *terminal) error {
	s, err := m.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	all, err := s.languageModels(nil, nil).List(ctx)
	if err != nil {
		return err
	}
	out := make([]shownModel, 0, len(all))
	for _, one := range all {
		out = append(out, showModel(one))
	}
	return c.print(m.JSON, out, func(w io.Writer) error {
		tw := tabwriter.NewWriter(w, 2, 4, 2, ' ', 0)
		_, _ = fmt.Fprintln(tw, "NAME\tPROVIDER\tMODEL\tBASE URL\tKEY\tDEFAULT")
		for _, o := range out {
			_, _ = fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", o.Name, o.Provider, o.Model, o.BaseURL, yes(o.HasKey, "sealed"), yes(o.Default, "yes"))
		}
		return tw.Flush()
	})
}

func yes(is bool, word string) string {
	if is {
		return word
	}
	return "-"
}

// oneModel is a command on one model.
type oneModel struct {
	output
	stateFlags
	Name string `arg:"" help:"The model's name." placeholder:"NAME"`
}

// with opens the state and finds the model.
func (o oneModel) with(ctx context.Context, do func(*languageModels, llm.Config) error) error {
	s, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	models := s.languageModels(nil, nil)
	m, err := s.findModel(ctx, models, o.Name)
	if err != nil {
		return err
	}
	return do(models, m)
}

type modelTestCmd struct {
	oneModel
	AllowNetwork []string `name:"allow-network" env:"POSTERN_ALLOW_NETWORK" help:"Networks that the server is started with." placeholder:"CIDR"`
}

// Run asks the model; one that does not answer is a failure of the command.
func (m modelTestCmd) Run(ctx context.Context, c *terminal) error {
	return m.with(ctx, func(models *languageModels, one llm.Config) (err error) {
		if models.networks, err = prefixes("allow-network", m.AllowNetwork); err != nil {
			return err
		}
		t, err := models.Test(asOperator(ctx), one.ID)
		if err != nil {
			return err
		}
		err = c.print(m.JSON, map[string]any{
			"name": one.Name, "ok": t.OK, "calls_tools": t.CallsTools, "message": t.Message, "ms": t.Took.Milliseconds(), "tokens_in": t.TokensIn, "tokens_out": t.TokensOut,
		}, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%s: %s (%d ms)\n", one.Name, t.Message, t.Took.Milliseconds())
			return err
		})
		if err == nil && !t.OK {
			err = errors.New("the language model does not answer as agents need it")
		}
		return err
	})
}

type modelDeleteCmd struct{ oneModel }

// Run deletes the model.
func (m modelDeleteCmd) Run(ctx context.Context, c *terminal) error {
	return m.with(ctx, func(models *languageModels, one llm.Config) error {
		if err := models.Delete(asOperator(ctx), one.ID); err != nil {
			return err
		}
		return c.print(m.JSON, map[string]any{"id": one.ID, "name": one.Name, "deleted": true}, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "the language model %s is deleted, and its key with it\n", one.Name)
			return err
		})
	})
}
