package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/llm"
	"github.com/postern/postern/internal/secret"
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
		Steps, Tokens, Rows, Seconds int
	} `yaml:"budget"`
}

const maxModelFile = 64 << 10

// readModel reads the file of --model-config; its errors name the key that is
// wrong and never what stands in it.
func readModel(file string) (*llm.Fixed, error) {
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
	m := &llm.Fixed{Config: llm.Config{
		ID: llm.FileID, Name: "the server's file", Provider: f.Provider, Model: f.Model, BaseURL: f.BaseURL, Budget: llm.Budget(f.Budget), Default: true,
	}}
	if m.Config, err = m.Checked(); err != nil {
		return nil, wrong("%w", err)
	}
	if m.Networks, err = prefixes("model-config: allow_network", f.AllowNetwork); err != nil {
		return nil, err
	}
	if m.Key, err = modelKey(f, filepath.Dir(file)); err != nil {
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

// headerSafe is the key, if a request can carry it.
func headerSafe(from, key string) (secret.Secret, error) {
	if err := llm.CheckKey(secret.New(key)); err != nil {
		return secret.Secret{}, fmt.Errorf("%s: %s", from, fault.As(err).Fields[0].Msg)
	}
	return secret.New(key), nil
}
