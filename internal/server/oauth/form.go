package oauth

import (
	"encoding/base64"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/postern/postern/internal/auth"
	"github.com/postern/postern/internal/fault"
	"github.com/postern/postern/internal/secret"
	"github.com/postern/postern/internal/server/web"
)

// maxForm is the limit of a form body, in bytes.
const maxForm = 64 << 10

// form is a request's parameters, each sent once, and its Authorization.
type form struct {
	url.Values
	basic  string // the base64 of HTTP Basic, "" without
	scheme string // of Authorization, lower case, "" without
}

// neverInURL are parameters that stay in logs, histories and Referer headers
// when they are in a URL.
var neverInURL = []string{"client_secret", "client_assertion", "token", "access_token", "refresh_token", "password", "code"}

// readForm reads the body. Its errors never carry input: it may be a secret.
func readForm(w http.ResponseWriter, r *http.Request) (form, error) {
	if err := checkQuery(r.URL.RawQuery); err != nil {
		return form{}, err
	}
	mt, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mt != "application/x-www-form-urlencoded" {
		msg := "Content-Type must be application/x-www-form-urlencoded"
		if strings.HasSuffix(mt, "json") {
			msg += "; this endpoint takes no JSON"
		}
		return form{}, fault.New(fault.Invalid, "%s", msg)
	}
	b, err := web.Body(w, r, maxForm)
	if err != nil {
		return form{}, err
	}
	v, err := url.ParseQuery(string(b))
	if err != nil {
		return form{}, fault.New(fault.Invalid, "the body is not a well-formed form")
	}
	for name, values := range v {
		// RFC 8707 lets resource come more than once.
		if len(values) > 1 && name != "resource" {
			return form{}, fault.New(fault.Invalid, "a parameter is sent more than once")
		}
	}
	f := form{Values: v}
	switch auths := r.Header.Values("Authorization"); len(auths) {
	case 0:
	case 1:
		scheme, rest, _ := strings.Cut(auths[0], " ")
		if f.scheme = strings.ToLower(scheme); f.scheme == "basic" {
			f.basic = strings.TrimSpace(rest)
		}
	default:
		return form{}, fault.New(fault.Invalid, "more than one Authorization header")
	}
	return f, nil
}

func checkQuery(raw string) error {
	if raw == "" {
		return nil
	}
	q, err := url.ParseQuery(raw)
	if err != nil {
		return fault.New(fault.Invalid, "the query is not well-formed; parameters belong in the body")
	}
	for _, name := range neverInURL {
		if q.Has(name) {
			return fault.New(fault.Invalid, "%s must not be in the URL; send it in the body. What was sent this way may be in logs: rotate it", name)
		}
	}
	return nil
}

// client finds who says it is asking, by exactly one of the two methods.
func (f form) client(w http.ResponseWriter) (auth.ClientID, secret.Secret, error) {
	id, text := f.Get("client_id"), f.Get("client_secret")
	if f.Get("client_assertion") != "" || f.Get("client_assertion_type") != "" {
		return "", secret.Secret{}, f.refused(w, unauthenticated("client assertions are not supported; send client_id and client_secret"))
	}
	if f.scheme != "basic" {
		if id == "" || text == "" {
			return "", secret.Secret{}, f.refused(w, unauthenticated("client authentication is missing: send client_id and client_secret in the body, or HTTP Basic"))
		}
		return auth.ClientID(id), secret.New(text), nil
	}
	if text != "" {
		return "", secret.Secret{}, fault.New(fault.Invalid, "the client authenticates by HTTP Basic and in the body: use one")
	}
	basicID, basicSecret, ok := decodeBasic(f.basic)
	if !ok {
		return "", secret.Secret{}, f.refused(w, unauthenticated("the HTTP Basic credentials are not well-formed"))
	}
	if id != "" && id != basicID {
		return "", secret.Secret{}, fault.New(fault.Invalid, "client_id in the body is not the one of HTTP Basic")
	}
	return auth.ClientID(basicID), secret.New(basicSecret), nil
}

// decodeBasic reads id and secret, each form-encoded before they were joined
// (RFC 6749 section 2.3.1).
func decodeBasic(b64 string) (id, text string, ok bool) {
	b, err := base64.StdEncoding.DecodeString(b64)
	if err != nil {
		return "", "", false
	}
	id, text, ok = strings.Cut(string(b), ":")
	if !ok {
		return "", "", false
	}
	id, err1 := url.QueryUnescape(id)
	text, err2 := url.QueryUnescape(text)
	return id, text, err1 == nil && err2 == nil && id != "" && text != ""
}

func unauthenticated(msg string) error {
	return fault.New(fault.Unauthenticated, "%s", msg).Coded(0, auth.InvalidClient)
}

// refused adds the challenge that RFC 6749 section 5.2 wants for a client that
// used the Authorization header.
func (f form) refused(w http.ResponseWriter, err error) error {
	if f.scheme != "" && fault.Is(err, fault.Unauthenticated) {
		w.Header().Set("WWW-Authenticate", `Basic realm="postern", charset="UTF-8"`)
	}
	return err
}
