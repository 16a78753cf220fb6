// Package llm is WHICH language model agents may ask: where it is, what one
// answer may use of it, and its key, which is sealed at rest, bound to the host
// that it was given for, and never read back.
package llm

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/postern/postern/internal/secret"
)

// Config is a language model that agents may ask.
type Config struct {
	ID       string // a UUID, or FileID
	Name     string // unique
	Provider string // one of Providers
	Model    string // the provider's name for it
	BaseURL  string // as Base gives it
	// Networks are private networks that the model may be in, as an operator
	// has said for this model alone.
	Networks []netip.Prefix
	Budget   Budget
	Default  bool // it is asked where none is named
	// CredentialID is of the key that it is asked with; "" is a server that
	// wants none.
	CredentialID string
	Revision     int64 // grows with each change, over all configurations and keys
	CreatedBy    string
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// FileID is the id of the model that a server was started with.
const FileID = "file"

// Fixed reports whether the model is the one that the server was started with,
// which only its file changes.
func (c Config) Fixed() bool { return c.ID == FileID }

// Target is the one place that the model is asked at: scheme://host:port.
func (c Config) Target() string { return target(c.BaseURL) }

func target(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// Host is the host of the model, without its port.
func (c Config) Host() string {
	u, err := url.Parse(c.BaseURL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// Budget is what one answer may use of a model. The request that would begin
// past it is not made.
type Budget struct {
	Steps   int // requests to the model
	Tokens  int // in and out together
	Rows    int // of results, shown to the model
	Seconds int // of the whole
}

// Credential is a key, without the key: where it may be used.
type Credential struct {
	ID        string // a UUID
	Name      string // unique, but for those that belong to a Config
	Target    string // Config.Target() it is bound to
	Of        string // the id of the Config that it was given with; "" is a key of its own
	Revision  int64
	CreatedBy string
	CreatedAt time.Time
	UpdatedAt time.Time // when the key was given last
}

// Fixed is the model of the file that a server was started with.
type Fixed struct {
	Config
	Key secret.Secret
}

// Tested is what came of a test.
type Tested struct {
	OK         bool   // it answered
	CallsTools bool   // and called the tool that it was offered, as agents need
	Message    string // a sentence
	Took       time.Duration
	TokensIn   int // as the provider counts, zero where it does not say
	TokensOut  int
}
