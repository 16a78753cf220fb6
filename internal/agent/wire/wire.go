// Package wire is what the providers of language models have in common: a JSON
// document is posted, and events come back (text/event-stream). Nothing of an
// answer that is not an event leaves this package but its status and the name
// of the error: providers repeat parts of keys in their error texts.
package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
)

// Bounds of an answer.
const (
	maxLine  = 1 << 20
	maxReply = 8 << 20
	maxError = 64 << 10
)

// Endpoint is where a provider is asked, and with which key.
type Endpoint struct {
	HTTP *http.Client // see Client
	Base string       // without a slash at its end
	Key  secret.Secret
}

// Client reaches the one host of base, by dial alone: no proxy of the
// environment, no redirect.
func Client(base *url.URL, dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Client {
	port := base.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[base.Scheme]
	}
	only := net.JoinHostPort(base.Hostname(), port)
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				if !strings.EqualFold(address, only) {
					return nil, fault.New(fault.Denied, "only the configured host of the language model is reached")
				}
				return dial(ctx, network, address)
			},
			ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 10 * time.Second,
			MaxResponseHeaderBytes: maxError,
		},
	}
}

// Post sends body and gives each event's data as it comes, until the stream
// ends. What ends a stream as a whole one is for the caller to know.
func (e Endpoint) Post(ctx context.Context, path string, header map[string]string, body any, each func(data []byte) error) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.Base+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := e.HTTP.Do(req)
	if err != nil {
		return unreached(ctx, err)
	}
	defer func() { _ = res.Body.Close() }() // read as far as it is of use
	if res.StatusCode != http.StatusOK {
		return refused(res)
	}
	return read(ctx, res, each)
}

// unreached keeps the text of a failed request, which names its URL, inside.
func unreached(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if f := fault.As(err); f != nil && f.Kind == fault.Denied {
		return fault.Because(err, fault.Denied, "the language model's host is not one that this server reaches")
	}
	return fault.Because(err, fault.Unavailable, "the language model cannot be reached")
}

// errorName is what an error may be called: no words of the provider.
var errorName = regexp.MustCompile(`^[A-Za-z][A-Za-z_]{2,39}$`)

// modelName is what a model may be called: what is said of a reply beside its
// words is shown to operators.
var modelName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,99}$`)

// ModelName is the name of the model that a provider says replied, or "" where
// it is no name.
func ModelName(said string) string {
	if !modelName.MatchString(said) {
		return ""
	}
	return said
}

func refused(res *http.Response) error {
	defer within(errorText, res.Body)() // an error whose text does not end is one all the same
	said := strconv.Itoa(res.StatusCode)
	b, err := io.ReadAll(io.LimitReader(res.Body, maxError))
	var doc struct {
		Error struct{ Type, Status string } `json:"error"`
	}
	if err == nil && json.Unmarshal(b, &doc) == nil {
		for _, name := range []string{doc.Error.Type, doc.Error.Status} {
			if errorName.MatchString(name) {
				said += " " + name
				break
			}
		}
	}
	switch {
	case res.StatusCode == http.StatusTooManyRequests:
		return fault.New(fault.Limited, "the language model's provider is limiting requests (%s)", said).After(after(res.Header.Get("Retry-After")))
	case res.StatusCode >= 500 || res.StatusCode == http.StatusRequestTimeout:
		return fault.New(fault.Unavailable, "the language model's provider fails (%s)", said).After(after(res.Header.Get("Retry-After")))
	}
	return fault.New(fault.Denied, "the language model's provider refuses the request (%s)", said)
}

// after reads Retry-After, in seconds or as a date; nonsense is none.
func after(s string) time.Duration {
	const most = 24 * time.Hour
	if at, err := http.ParseTime(s); err == nil {
		return min(max(time.Until(at), 0), most)
	}
	n, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange), !(n > 0): // which is so for no number too
		return 0
	case n > most.Seconds():
		return most
	}
	return time.Duration(n * float64(time.Second))
}

var errBroken = errors.New("broken")

// Broken is a reply that ended early or cannot be read.
func Broken(cause error) error {
	return fault.Because(fmt.Errorf("%w: %w", errBroken, cause), fault.Unavailable, "the language model's reply broke off")
}

// Ended is what the end of a stream comes to. A reply that was whole when it
// broke is whole.
func Ended(err error, whole bool) error {
	switch {
	case whole && errors.Is(err, errBroken):
		return nil
	case err == nil && !whole:
		return Broken(errors.New("the reply has no end"))
	}
	return err
}

// lasting are errors that are no better a moment later, by the providers' words
// for them.
var lasting = map[string]bool{
	"invalid_request_error": true, "authentication_error": true, "permission_error": true, "not_found_error": true,
	"request_too_large": true, "billing_error": true, "insufficient_quota": true,
	"INVALID_ARGUMENT": true, "UNAUTHENTICATED": true, "PERMISSION_DENIED": true, "NOT_FOUND": true, "FAILED_PRECONDITION": true,
}

// Failing is an error that came as an event. name is the provider's word for
// it.
func Failing(name string) error {
	if !errorName.MatchString(name) {
		name = "error"
	}
	if lasting[name] {
		return fault.New(fault.Denied, "the language model's provider refuses the request (%s)", name)
	}
	return fault.New(fault.Unavailable, "the language model's provider fails (%s)", name)
}
