package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/postern/postern/internal/agent"
	"github.com/postern/postern/internal/agent/anthropic"
	"github.com/postern/postern/internal/agent/gemini"
	"github.com/postern/postern/internal/agent/openai"
	"github.com/postern/postern/internal/agent/wire"
	"github.com/postern/postern/internal/audit"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/warehouse"
)

// modelFile is the file of --model-config.
type modelFile struct {
	Provider     string   `yaml:"provider"`
	Model        string   `yaml:"model"`
	BaseURL      string   `yaml:"base_url"`
	APIKeyFile   string   `yaml:"api_key_file"`
	APIKeyEnv    string   `yaml:"api_key_env"`
	AllowNetwork []string `yaml:"allow_network"`
	Budget       struct {
		Steps   int `yaml:"steps"`
		Tokens  int `yaml:"tokens"`
		Rows    int `yaml:"rows"`
		Seconds int `yaml:"seconds"`
	} `yaml:"budget"`
}

// modelSettings is a modelFile, checked.
type modelSettings struct {
	provider, name string
	base           *url.URL
	key            secret.Secret
	networks       []netip.Prefix
	budget         agent.Budget
}

// providers are the wire formats that are spoken.
var providers = map[string]struct {
	base string
	make func(wire.Endpoint, string) agent.Model
}{
	"openai":    {openai.DefaultBase, func(e wire.Endpoint, name string) agent.Model { return &openai.Model{Endpoint: e, Name: name} }},
	"anthropic": {anthropic.DefaultBase, func(e wire.Endpoint, name string) agent.Model { return &anthropic.Model{Endpoint: e, Name: name} }},
	"gemini":    {gemini.DefaultBase, func(e wire.Endpoint, name string) agent.Model { return &gemini.Model{Endpoint: e, Name: name} }},
}

const maxModelFile = 64 << 10

// readModel reads the file of --model-config; its errors name the key that is
// wrong and never what stands in it.
func readModel(file string) (*modelSettings, error) {
	if file == "" {
		return nil, nil
	}
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("--model-config %s: %w", file, fmt.Errorf(format, args...))
	}
	b, err := readAtMost(file, maxModelFile)
	if err != nil {
		return nil, wrong("%w", err)
	}
	var f modelFile
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil {
		return nil, hint(wrong("it is not a map of provider, model, base_url, api_key_file, api_key_env, allow_network and budget"), "docs/agents.md has an example; a key itself stands in a file of its own")
	}
	p, ok := providers[f.Provider]
	if !ok {
		return nil, wrong("provider: must be openai (and what speaks like it), anthropic or gemini")
	}
	if f.Model == "" {
		return nil, wrong("model: the name of a model is required")
	}
	m := &modelSettings{provider: f.Provider, name: f.Model}
	if f.BaseURL == "" {
		f.BaseURL = p.base
	}
	if m.base, err = modelBase(f.BaseURL); err != nil {
		return nil, wrong("%w", err)
	}
	if m.networks, err = prefixes("model-config: allow_network", f.AllowNetwork); err != nil {
		return nil, err
	}
	if m.key, err = modelKey(f, filepath.Dir(file)); err != nil {
		return nil, wrong("%w", err)
	}
	m.budget, err = f.limits()
	if err != nil {
		return nil, wrong("%w", err)
	}
	return m, nil
}

func readAtMost(file string, most int64) ([]byte, error) {
	r, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("it is larger than %d KiB", most>>10)
	}
	return b, err
}

// modelBase checks where the model is: the key and the questions go there.
func modelBase(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("base_url: must be an https URL without user, query and fragment")
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return nil, errors.New("base_url: must be https: in the clear a model is asked on this machine only")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

// modelKey takes the key out of its own file, or the environment.
func modelKey(f modelFile, dir string) (secret.Secret, error) {
	switch {
	case f.APIKeyFile != "" && f.APIKeyEnv != "":
		return secret.Secret{}, errors.New("api_key_file, api_key_env: one of them, not both")
	case f.APIKeyEnv != "":
		key := os.Getenv(f.APIKeyEnv)
		if key == "" {
			return secret.Secret{}, errors.New("api_key_env: the environment has no such variable")
		}
		return headerSafe("api_key_env", key)
	case f.APIKeyFile == "":
		return secret.Secret{}, nil // servers of one's own need none
	}
	file := f.APIKeyFile
	if !filepath.IsAbs(file) {
		file = filepath.Join(dir, file)
	}
	info, err := os.Stat(file)
	if err != nil {
		return secret.Secret{}, fmt.Errorf("api_key_file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return secret.Secret{}, fmt.Errorf("api_key_file: %s can be read by others: chmod 600 it", file)
	}
	b, err := readAtMost(file, maxModelFile)
	if err != nil {
		return secret.Secret{}, fmt.Errorf("api_key_file: %w", err)
	}
	return headerSafe("api_key_file", strings.TrimSpace(string(b)))
}

// headerSafe refuses what net/http would refuse with the key in its error.
func headerSafe(from, key string) (secret.Secret, error) {
	if key == "" || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return secret.Secret{}, errors.New(from + ": it is not a key: one line of letters, digits and signs")
	}
	return secret.New(key), nil
}

// limits is what one answer may use.
func (f modelFile) limits() (agent.Budget, error) {
	b := agent.Budget{Steps: 8, Tokens: 100_000, Rows: 200, Time: time.Minute}
	for _, x := range []struct {
		name  string
		given int
		most  int
		set   func(int)
	}{
		{"steps", f.Budget.Steps, 50, func(n int) { b.Steps = n }},
		{"tokens", f.Budget.Tokens, 2_000_000, func(n int) { b.Tokens = n }},
		{"rows", f.Budget.Rows, 10_000, func(n int) { b.Rows = n }},
		{"seconds", f.Budget.Seconds, 600, func(n int) { b.Time = time.Duration(n) * time.Second }},
	} {
		if x.given < 0 || x.given > x.most {
			return b, fmt.Errorf("budget.%s: must be between 1 and %d", x.name, x.most)
		}
		if x.given > 0 {
			x.set(x.given)
		}
	}
	return b, nil
}

// reach says at start what the dial guard would say at the first question.
func (m *modelSettings) reach(ctx context.Context) error {
	within, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	for _, p := range warehouse.Private(within, m.base.Hostname()) {
		holds := func(allowed netip.Prefix) bool { return allowed.Contains(p.Addr()) }
		if !slices.ContainsFunc(m.networks, holds) {
			return hint(fmt.Errorf("--model-config: base_url: %s is in a private or local network", m.base.Hostname()), "say in that file that it may be reached: allow_network: ["+p.String()+"]")
		}
	}
	return nil
}

// languageModel makes the model that agents ask; nil where none is configured.
func (m *modelSettings) languageModel(record audit.Recorder) *agent.Configured {
	if m == nil {
		return nil
	}
	dial := warehouse.Guarded(m.networks)
	e := wire.Endpoint{
		Base: m.base.String(), Key: m.key,
		HTTP: wire.Client(m.base, func(ctx context.Context, network, address string) (net.Conn, error) {
			return dial(ctx, network, address)
		}),
	}
	return &agent.Configured{
		Model: providers[m.provider].make(e, m.name), Provider: m.provider, Name: m.name, Budget: m.budget,
		Record: modelRecord{record, m.base.Host}.called,
	}
}

// mostColumns of a request are named on record; column_count has them all.
const mostColumns = 500

// modelRecord puts requests to the model on record, before and after.
type modelRecord struct {
	audit.Recorder
	host string
}

// called implements agent.Configured's Record.
func (r modelRecord) called(ctx context.Context, c agent.ModelCall) (func(agent.Usage, error) error, error) {
	start := time.Now()
	columns := c.Columns[:min(len(c.Columns), mostColumns)]
	e := audit.Event{
		ID: audit.NewID(start), Kind: audit.ModelCalled, Product: c.Product, Object: "model:" + c.Provider + "/" + c.Model,
		Detail: map[string]any{"provider": c.Provider, "model": c.Model, "host": r.host, "may_leave": string(c.Use), "columns": columns, "column_count": len(c.Columns), "rows": c.Rows, "bytes": c.Bytes},
	}
	if err := r.Append(ctx, e); err != nil {
		return nil, err
	}
	return func(u agent.Usage, err error) error {
		ms := float64(time.Since(start).Microseconds()) / 1000
		end := audit.Event{
			Kind: audit.ModelAnswered, Product: c.Product, Object: e.Object, Of: e.ID, Outcome: "ok", Millis: &ms,
			Detail: map[string]any{"tokens_in": u.In, "tokens_out": u.Out},
		}
		switch {
		case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
			end.Outcome = "canceled"
		case err != nil:
			end.Outcome, end.Reason = "failed", shownOnly(err).Error()
		}
		return r.Append(context.WithoutCancel(ctx), end)
	}, nil
}
