package llm

import (
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
)

// Providers are the wire formats that are spoken, and where their makers
// serve them.
var Providers = map[string]string{
	"openai":    "https://api.openai.com/v1",
	"anthropic": "https://api.anthropic.com",
	"gemini":    "https://generativelanguage.googleapis.com",
}

// The longest values, in bytes.
const (
	maxName = 96
	maxText = 255
	maxURL  = 2 << 10
	maxKey  = 8 << 10
)

// most is what a budget may say, and usual what it says where it says nothing.
var (
	most  = Budget{Steps: 50, Tokens: 2_000_000, Rows: 10_000, Seconds: 600}
	usual = Budget{Steps: 8, Tokens: 100_000, Rows: 200, Seconds: 60}
)

// Checked applies the rules of the fields, and gives the configuration as it is
// kept: with the provider's own address and the usual budget where none was
// given. Its fault names every broken field.
func (c Config) Checked() (Config, error) {
	var b broken
	c.Name = strings.TrimSpace(c.Name)
	b.text("name", c.Name, maxName)
	b.text("model", c.Model, maxText)
	own, known := Providers[c.Provider]
	if !known {
		b.add(fault.BadField("provider", "value_error", "must be openai (and what speaks like it), anthropic or gemini"))
	}
	if c.BaseURL == "" {
		c.BaseURL = own
	}
	if known || c.BaseURL != "" {
		base, err := Base(c.BaseURL)
		b.add(err)
		c.BaseURL = base
	}
	c.Budget = c.Budget.checked(&b)
	return c, b.fault("the language model's settings are not complete or not right")
}

// over is the budget where it says something, and old where it does not.
func (g Budget) over(old Budget) Budget {
	for _, x := range []struct{ given, to *int }{{&g.Steps, &old.Steps}, {&g.Tokens, &old.Tokens}, {&g.Rows, &old.Rows}, {&g.Seconds, &old.Seconds}} {
		if *x.given != 0 {
			*x.to = *x.given
		}
	}
	return old
}

func (g Budget) checked(b *broken) Budget {
	for _, x := range []struct {
		name        string
		given       *int
		most, usual int
	}{
		{"steps", &g.Steps, most.Steps, usual.Steps},
		{"tokens", &g.Tokens, most.Tokens, usual.Tokens},
		{"rows", &g.Rows, most.Rows, usual.Rows},
		{"seconds", &g.Seconds, most.Seconds, usual.Seconds},
	} {
		if *x.given < 0 || *x.given > x.most {
			b.add(fault.BadField("budget."+x.name, "int_range", "must be between 1 and %d", x.most))
		}
		if *x.given == 0 {
			*x.given = x.usual
		}
	}
	return g
}

// broken gathers what is wrong, by field.
type broken []fault.Field

func (b *broken) add(err error) {
	if f := fault.As(err); f != nil {
		*b = append(*b, f.Fields...)
	}
}

func (b *broken) text(field, v string, longest int) {
	switch {
	case strings.TrimSpace(v) == "":
		b.add(fault.Missing(field))
	case len(v) > longest:
		b.add(fault.BadField(field, "string_too_long", "must have at most %d bytes", longest))
	case !utf8.ValidString(v) || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f }):
		b.add(fault.BadField(field, "value_error", "must not hold control characters"))
	}
}

func (b broken) fault(message string) error {
	if len(b) == 0 {
		return nil
	}
	each := make([]string, len(b))
	for i, f := range b {
		each[i] = strings.Join(f.Loc[1:], ".") + ": " + f.Msg
	}
	e := fault.New(fault.Invalid, "%s: %s", message, strings.Join(each, "; "))
	e.Fields = b
	return e
}

// Base checks where a model is asked: the key and the questions go there. It
// gives the URL as it is kept, without a slash at its end. Nothing of what was
// given is in its error: people paste keys into the wrong field.
func Base(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || len(s) > maxURL || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", fault.BadField("base_url", "url_error", "must be an https URL without user, query and fragment")
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return "", fault.BadField("base_url", "url_error", "must be https: in the clear a model is asked on this machine only")
	}
	u.Host = strings.ToLower(u.Host)
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = ""
	return u.String(), nil
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// CheckKey refuses what net/http would refuse with the key in its error.
func CheckKey(key secret.Secret) error {
	k := key.Reveal()
	if k == "" || len(k) > maxKey || strings.ContainsFunc(k, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fault.BadField("api_key", "value_error", "it is not a key: one line of letters, digits and signs")
	}
	return nil
}
